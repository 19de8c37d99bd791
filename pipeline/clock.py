"""The clock: scans the drop folder, pushes every night. What to do stands in the ledger: a restart loses nothing."""

import fcntl
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import structlog
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from pipeline.core.errors import PipelineError, WorkspaceInUse
from pipeline.intake.settling import Sightings
from pipeline.newsroom import bulletins, plan, push, scripts
from pipeline.newsroom.desk import Desk

AGAIN = timedelta(minutes=10)
"""How long after a push that left stations without their file the next one starts."""

_log = structlog.get_logger("bantin.clock")


class Clock:
    """One newsroom's clock. One at a time works for a workspace; a second is refused."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._seen = Sightings()
        self._line = threading.Lock()
        # A night that was slept through is caught up once, however late: the plan decides what is still worth sending.
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler = BackgroundScheduler(timezone=desk.config.zone, job_defaults=defaults)
        self._scheduler.add_listener(_tell, EVENT_JOB_ERROR)
        settings = desk.config.settings.clock
        self._scheduler.add_job(self.scan, IntervalTrigger(seconds=settings.scan_seconds), id="scan")
        nightly = CronTrigger(hour=settings.push_at.hour, minute=settings.push_at.minute, timezone=desk.config.zone)
        self._scheduler.add_job(self.push, nightly, id="push")

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop. First catches up on what came due while nobody worked."""
        with alone(self._desk.config.state, "serve"):
            self._scheduler.start()
            self._scheduler.add_job(self.push, id="catch-up")
            _log.info("serving", scripts=str(self._desk.config.scripts), push_at=self._push_at())
            try:
                stop.wait()
            finally:
                self._scheduler.shutdown(wait=True)

    def scan(self) -> None:
        """Take in what editors dropped, and make bulletins of it."""
        with self._line:
            for taken in scripts.sweep(self._desk, scripts.settled(self._desk, self._seen)):
                if taken.problem:
                    _log.warning("refused", file=taken.path.name, code=taken.problem.code, why=taken.problem.message.vi)
                elif taken.bulletin:
                    _log.info("received", file=taken.path.name, bulletin=taken.bulletin.id, again=taken.again)
            for bulletin, problem in bulletins.render_new(self._desk):
                _log_render(bulletin.id, problem)

    def push(self) -> None:
        """Plan what is approved and send what is wanted; comes back soon for stations that could not be reached."""
        with self._line:
            for bulletin, problem in bulletins.render_new(self._desk, held_too=True):
                _log_render(bulletin.id, problem)
            plan.plan_all(self._desk)
        pushed = push.push(self._desk)
        _log.info("pushed", stations=len(pushed.attempts), sent=pushed.sent, missed=pushed.missed)
        for attempt in pushed.failed:
            if attempt.problem:
                _log.error("failed", station=attempt.station, code=attempt.problem.code, why=attempt.problem.message.vi)
        if any(a.problem and a.problem.retry for a in pushed.failed):
            when = self._desk.now() + AGAIN
            self._scheduler.add_job(self.push, "date", run_date=when, id="again", replace_existing=True)

    def _push_at(self) -> str:
        return f"{self._desk.config.settings.clock.push_at:%H:%M} {self._desk.config.zone}"


@contextmanager
def alone(state: Path, job: str) -> Iterator[None]:
    """Hold the workspace's lock for a kind of job; the system lets go of it when the process ends, however it ends.

    Raises:
        WorkspaceInUse: another process holds it.
    """
    state.mkdir(parents=True, exist_ok=True)
    with (state / f"{job}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise WorkspaceInUse(job=job, folder=state) from problem
        yield


def until_told() -> threading.Event:
    """An event that Ctrl-C or a stop by the system sets."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _log_render(bulletin: str, problem: PipelineError | None) -> None:
    if problem:
        _log.error("held", bulletin=bulletin, code=problem.code, why=problem.message.vi, next=problem.next_step.vi)
    else:
        _log.info("mastered", bulletin=bulletin)


def _tell(event: JobExecutionEvent) -> None:
    """The one place where everything ends up: the clock goes on, the trace is kept."""
    _log.error("job failed", job=event.job_id, error=repr(event.exception), trace=event.traceback)
