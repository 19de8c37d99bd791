"""Work that takes longer than a page may wait: making bulletins one by one, calling a few stations at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from pipeline.core.errors import PipelineError, Says, as_problem
from pipeline.core.ports import Lane
from pipeline.newsroom.desk import Desk, GivenUp
from pipeline.newsroom.office import Office

_log = structlog.get_logger("bantin.web")
_ROOM = {Lane.SOUND: 1, Lane.LINE: 4}
"""Threads of each lane; the desk has its own room for what they do."""
_REMEMBERED = 200
"""Jobs that have ended and are still told of: those asked for last."""


@dataclass(slots=True)
class Job:
    """Something that somebody asked for, and how it stands."""

    about: str
    who: str
    since: datetime
    via: str = ""
    """The label of the token by which a program asked for it."""
    begun: bool = False
    ended: bool = False
    told: Says | None = None
    problem: PipelineError | None = None


@dataclass(slots=True)
class Work:
    """What is under way for the pages. It is lost when the program ends; the ledger is not, so asking again is safe."""

    office: Office
    _lanes: dict[Lane, ThreadPoolExecutor] = field(default_factory=dict)
    _jobs: dict[str, Job] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, lane: Lane, about: str, who: str, do: Callable[[Desk], Says | None], *, via: str = "") -> Job:
        """Have something done in somebody's name; where the same waits to be begun, that is what is asked for.

        What is under way may have read already what has changed since, so it is done once more.
        """
        with self._lock:
            job = self._jobs.get(about)
            if job and not job.begun:
                return job
            with self.office.desk() as desk:
                job = Job(about, who, desk.now(), via)
            self._jobs.pop(about, None)
            self._jobs[about] = job
            for old in [name for name, one in self._jobs.items() if one.ended][:-_REMEMBERED]:
                del self._jobs[old]
            pool = self._lanes.setdefault(lane, ThreadPoolExecutor(_ROOM[lane], thread_name_prefix=f"web-{lane}"))
        pool.submit(self._do, job, do)
        return job

    def job(self, about: str) -> Job | None:
        """What was asked for last about something."""
        return self._jobs.get(about)

    def counts(self) -> tuple[int, int]:
        """How many jobs wait, and how many are under way."""
        with self._lock:
            open_ = [job for job in self._jobs.values() if not job.ended]
        begun = sum(job.begun for job in open_)
        return len(open_) - begun, begun

    def _do(self, job: Job, do: Callable[[Desk], Says | None]) -> None:
        job.begun = True
        try:
            with self.office.desk() as desk:
                job.told = do(replace(desk, who=job.who, via=job.via))
        except GivenUp:
            job.problem = None
        except Exception as fault:  # noqa: BLE001 - whoever asked is told, and the thread goes on
            job.problem = as_problem(fault, job.about)
            if not isinstance(fault, PipelineError):
                _log.error("work failed", about=job.about, exc_info=fault)
        finally:
            job.ended = True

    def close(self) -> None:
        """Begin nothing more."""
        for pool in self._lanes.values():
            pool.shutdown(wait=False, cancel_futures=True)
