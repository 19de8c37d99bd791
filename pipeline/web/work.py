"""Work that takes longer than a page may wait: making bulletins one by one, calling a few stations at once."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
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
    """A bulletin or a station."""
    who: str
    since: datetime
    task: str = ""
    """What is done about it, where there are several things to do."""
    via: str = ""
    """The label of the token by which a program asked for it."""
    begun: bool = False
    ended: datetime | None = None
    """When it did."""
    told: Says | None = None
    problem: PipelineError | None = None


@dataclass(slots=True)
class Work:
    """What is under way for the pages. It is lost when the program ends; the ledger is not, so asking again is safe."""

    office: Office
    _lanes: dict[Lane, ThreadPoolExecutor] = field(default_factory=dict)
    _jobs: dict[tuple[str, str], Job] = field(default_factory=dict)
    """By what they are about and their task; those asked for last come last."""
    _lines: dict[str, deque[tuple[Job, Callable[[Desk], Says | None]]]] = field(default_factory=dict)
    """What is still to be done about each thing, in the order it was asked for."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(
        self, lane: Lane, about: str, who: str, do: Callable[[Desk], Says | None], *, task: str = "", via: str = ""
    ) -> Job:
        """Have a task done about something in somebody's name; where it waits to be begun, that is what is asked for.

        What is under way may have read already what has changed since, so it is done once more. Tasks about the same
        thing are done one after the other: a station takes no two visits at once.
        """
        with self._lock:
            key = about, task
            job = self._jobs.get(key)
            if job and not job.begun:
                return job
            with self.office.desk() as desk:
                job = Job(about, who, desk.now(), task, via)
            self._jobs.pop(key, None)
            self._jobs[key] = job
            for old in [key for key, one in self._jobs.items() if one.ended][:-_REMEMBERED]:
                del self._jobs[old]
            pool = self._lanes.setdefault(lane, ThreadPoolExecutor(_ROOM[lane], thread_name_prefix=f"web-{lane}"))
            line = self._lines.setdefault(about, deque())
            line.append((job, do))
            if len(line) == 1:
                pool.submit(self._go_on, pool, about)
        return job

    def job(self, about: str) -> Job | None:
        """What was asked for last about something."""
        return next(reversed(self.jobs(about)), None)

    def jobs(self, about: str) -> list[Job]:
        """The last of each task about something, in the order in which they were asked for."""
        with self._lock:
            return [job for job in self._jobs.values() if job.about == about]

    def counts(self) -> tuple[int, int]:
        """How many jobs wait, and how many are under way."""
        with self._lock:
            open_ = [job for job in self._jobs.values() if not job.ended]
        begun = sum(job.begun for job in open_)
        return len(open_) - begun, begun

    def _go_on(self, pool: ThreadPoolExecutor, about: str) -> None:
        """Do what comes next about something; what follows gets in line again behind the others."""
        line = self._lines[about]
        self._do(*line[0])
        with self._lock:
            line.popleft()
            if not line:
                del self._lines[about]
                return
            with suppress(RuntimeError):  # nothing more is begun
                pool.submit(self._go_on, pool, about)

    def _do(self, job: Job, do: Callable[[Desk], Says | None]) -> None:
        job.begun = True
        ended = job.since  # where there is no desk, it has no time
        try:
            with self.office.desk() as desk:
                try:
                    job.told = do(replace(desk, who=job.who, via=job.via))
                finally:
                    ended = desk.now()
        except GivenUp:
            job.problem = None
        except Exception as fault:  # noqa: BLE001 - whoever asked is told, and the thread goes on
            job.problem = as_problem(fault, job.about)
            if not isinstance(fault, PipelineError):
                _log.error("work failed", about=job.about, exc_info=fault)
        finally:
            job.ended = ended

    def close(self) -> None:
        """Begin nothing more."""
        for pool in self._lanes.values():
            pool.shutdown(wait=False, cancel_futures=True)
