"""The clock: scans the drop folder, pushes every night. What to do stands in the ledger: a restart loses nothing."""

import signal
import threading
from contextlib import AbstractContextManager
from datetime import timedelta

import structlog
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from pipeline.core.day import Day
from pipeline.core.errors import PipelineError, StationBusy, Unexpected
from pipeline.core.model import BulletinId
from pipeline.intake.settling import Sightings
from pipeline.ledger.lock import alone
from pipeline.newsroom import bulletins, digest, plan, push, scripts
from pipeline.newsroom.desk import LINE_WAIT, Desk
from pipeline.newsroom.push import Pushed, Whom
from pipeline.report import digest as message

SOON = timedelta(minutes=10)
"""How often it is looked whether something airs before the next nightly push and is not at its stations yet."""
AGAIN = timedelta(seconds=5)
"""How often it is looked whether it is time to try a station again."""

structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S%z", utc=False),
        structlog.dev.ConsoleRenderer(colors=False),
    ]
)
_log = structlog.get_logger("bantin.clock")


class Clock:
    """One newsroom's clock. One at a time works for a workspace; a second is refused."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._seen = Sightings()
        self._threatened: set[BulletinId] = set()
        self._pushing = threading.Lock()
        # A night that was slept through is caught up once, however late: the plan decides what is still worth sending.
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler = BackgroundScheduler(timezone=desk.config.zone, job_defaults=defaults)
        self._scheduler.add_listener(_tell, EVENT_JOB_ERROR)
        settings = desk.config.settings.clock
        self._nightly = CronTrigger(
            hour=settings.push_at.hour, minute=settings.push_at.minute, timezone=desk.config.zone
        )
        self._scheduler.add_job(self.scan, IntervalTrigger(seconds=settings.scan_seconds), id="scan")
        self._scheduler.add_job(self.push, self._nightly, id="push")
        self._scheduler.add_job(self.push_soon, IntervalTrigger(seconds=SOON.total_seconds()), id="soon")
        at = desk.config.settings.alerts.digest_at
        morning = CronTrigger(hour=at.hour, minute=at.minute, timezone=desk.config.zone)
        self._scheduler.add_job(self.digest, morning, id="digest")
        self._scheduler.add_job(self.retry, IntervalTrigger(seconds=AGAIN.total_seconds()), id="retry")

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop. First catches up on what came due while nobody worked."""
        desk = self._desk
        with alone(desk.config.state, "serve"):
            self._scheduler.start()
            self._scheduler.add_job(self.push, id="catch-up")
            _log.info(
                "serving", scripts=str(desk.config.scripts), push_at=f"{desk.config.settings.clock.push_at:%H:%M}"
            )
            try:
                stop.wait()
            finally:
                desk.cut()  # an upload under way is taken up again next time
                self._scheduler.shutdown(wait=True)

    def scan(self) -> None:
        """Take in what editors dropped, and make bulletins of it."""
        with self._line():
            for taken in scripts.sweep(self._desk, scripts.settled(self._desk, self._seen)):
                if taken.problem:
                    _log.warning("refused", file=taken.path.name, code=taken.problem.code, why=taken.problem.message.vi)
                elif taken.bulletin:
                    _log.info("received", file=taken.path.name, bulletin=taken.bulletin.id, again=taken.again)
                    for twin in bulletins.twins(self._desk, taken.bulletin):
                        _log.warning("same title and time", bulletin=taken.bulletin.id, other=twin)
            self._render(held_too=False)

    def push(self) -> None:
        """The night's work: try again what was held, plan what is approved, send what is wanted."""
        try:
            with self._line():
                self._render(held_too=True)
        except PipelineError as problem:
            _log.error("not rendered", code=problem.code, why=problem.message.vi)
        finally:  # whatever hinders the new bulletins, those that are signed go out
            with self._pushing:
                plan.plan_new(self._desk)
                self._report(push.push(self._desk))

    def push_soon(self) -> None:
        """Between nights: send what airs before the next one, signed late or not delivered yet.

        A station whose last visit failed has its own time for the next; where waiting does not help (its key, its disk)
        it is left for a person.
        """
        if not self._pushing.acquire(blocking=False):
            return  # a push over all stations is under way and brings these, too
        try:
            now = self._desk.now()
            night = self._nightly.get_next_fire_time(None, now.astimezone(self._desk.config.zone))
            plan.plan_new(self._desk)
            self._report(push.push(self._desk, ahead=night - now + SOON, whom=Whom.WELL))
        finally:
            self._pushing.release()

    def retry(self) -> None:
        """Try those stations again whose time it is, for all that the night is to bring them."""
        if push.is_time_to_retry(self._desk):
            self._report(push.push(self._desk, whom=Whom.TO_RETRY))

    def digest(self) -> None:
        """Tell the people in charge how the day stands: one message, also when all is well."""
        self._tell_people(digest.digest(self._desk))

    def _tell_people(self, day: Day) -> None:
        lang, zone = self._desk.config.settings.newsroom.language, self._desk.config.zone
        try:
            self._desk.tell(message.title(day, lang), message.text(day, lang, zone))
        except PipelineError as problem:
            _log.error("not told", code=problem.code, why=problem.message.vi, next=problem.next_step.vi)

    def _render(self, *, held_too: bool) -> None:
        for bulletin, problem in bulletins.render_new(self._desk, held_too=held_too):
            if problem:
                why, fix = problem.message.vi, problem.next_step.vi
                _log.error("held", bulletin=bulletin.id, code=problem.code, why=why, next=fix, exc_info=_bug(problem))
            else:
                _log.info("mastered", bulletin=bulletin.id)
                fallbacks, tell = bulletins.fallbacks(self._desk, bulletin)
                for fallback in fallbacks:
                    _log.warning("another voice", bulletin=bulletin.id, why=fallback, tell=tell)

    def _report(self, pushed: Pushed) -> None:
        if pushed.attempts:
            _log.info("pushed", stations=len(pushed.attempts), sent=pushed.sent)
        if pushed.late or pushed.missed:
            self._tell_people(digest.digest(self._desk))  # at once, while somebody can still pick up a telephone
        if pushed.late:
            _log.error("late", airings=pushed.late)
        if pushed.missed:
            _log.error("missed", airings=pushed.missed)
        for threat in pushed.threatened:
            if threat.bulletin.id not in self._threatened:  # every ten minutes would drown the rest
                why, fix = threat.problem.message.vi, threat.problem.next_step.vi
                _log.warning("airs soon", bulletin=threat.bulletin.id, code=threat.problem.code, why=why, next=fix)
        self._threatened = {threat.bulletin.id for threat in pushed.threatened}
        self._report_visits(pushed)

    @staticmethod
    def _report_visits(pushed: Pushed) -> None:
        for attempt in pushed.attempts:
            for line in attempt.odd:
                _log.warning("unclear", station=attempt.station, line=line)
        for attempt in pushed.failed:
            problem = attempt.problem
            if problem and not isinstance(problem, StationBusy):  # the run that has it tells its own story
                why = problem.message.vi
                _log.error("failed", station=attempt.station, code=problem.code, why=why, exc_info=_bug(problem))

    def _line(self) -> AbstractContextManager[None]:
        """Taking in and rendering are done by one process at a time; another waits its turn."""
        return alone(self._desk.config.state, "line", LINE_WAIT)


def _bug(problem: PipelineError) -> BaseException | None:
    """What a bug's trace is kept by; none of what we know."""
    return problem.__cause__ if isinstance(problem, Unexpected) else None


def until_told() -> threading.Event:
    """An event that Ctrl-C or a stop by the system sets."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _tell(event: JobExecutionEvent) -> None:
    """The one place where everything ends up: the clock goes on, the trace is kept."""
    _log.error("job failed", job=event.job_id, error=repr(event.exception), trace=event.traceback)
