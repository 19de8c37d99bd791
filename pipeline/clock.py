"""The clock: scans the drop folder, pushes every night. What to do stands in the ledger: a restart loses nothing."""

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta, tzinfo

import structlog
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from pipeline.core.errors import PipelineError, StationBusy, Stopped, Unexpected
from pipeline.core.model import BulletinId, StationCode
from pipeline.intake.settling import Sightings
from pipeline.ledger.lock import alone
from pipeline.newsroom import bulletins, measures, missed, plan, push, registry, rush, scripts, telling
from pipeline.newsroom.desk import LINE_WAIT, Desk, GivenUp
from pipeline.newsroom.office import Office
from pipeline.newsroom.push import Pushed, Whom
from pipeline.report.words import CONFLICT

SOON = timedelta(minutes=10)
"""How often it is looked whether something airs before the next nightly push and is not at its stations yet."""
AGAIN = timedelta(seconds=5)
"""How often it is looked whether it is time to try a station again."""
WATCH = timedelta(minutes=1)
"""How often it is looked whether something is late or was missed, and tried again to tell people."""
_SIDE_BY_SIDE = 8
"""Runs of one kind at once: a station that trickles holds up its own run for as long as its deadline, and no other."""
_LOOK = 5.0
"""Seconds between two looks at the time of day itself."""
_JUMP = 30.0
"""Seconds by which the time of day may run away from a clock that nobody sets before it counts as put right."""
_CUT = 0.2
"""Seconds between two cuts of what is under way when we stop: a visit may have been about to dial."""
_NAMED = 8
"""Stations that are named where a bulletin does not air at many, for the same reason."""

_log = structlog.get_logger("bantin.clock")
# The library logs each fault with a traceback, also those that we tell in our own words.
logging.getLogger("apscheduler").addHandler(logging.NullHandler())
logging.getLogger("apscheduler").propagate = False


def log_in(zone: tzinfo) -> None:
    """Write the log in a zone's time; of a fault the trace alone, for what a variable holds may be a secret."""

    def stamp(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {**event, "timestamp": f"{datetime.now(zone):%Y-%m-%d %H:%M:%S%z}"}

    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, stamp, plain])


class Clock:
    """One newsroom's clock. One at a time works for a workspace; a second is refused.

    Every job asks the office for its desk, so what an operator changes in the files holds from the next job on.
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        self._seen = Sightings()
        self._threatened: set[BulletinId] = set()
        self._wrong: PipelineError | None = None
        self._unsent: set[str] = set()
        self._decided = 0
        # A night that was slept through is caught up once, however late: the plan decides what is still worth sending.
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        with office.desk() as desk:
            self._config, self._now = desk.config, desk.now
        log_in(self._config.zone)
        self._scheduler = BackgroundScheduler(timezone=self._config.zone, job_defaults=defaults)
        self._scheduler.add_listener(_tell, EVENT_JOB_ERROR)
        self._schedule()

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop. First catches up on what came due while nobody worked."""
        with alone(self._config.state, "serve"):
            self._scheduler.start()
            self._catch_up()
            _log.info(
                "serving", scripts=str(self._config.scripts), push_at=f"{self._config.settings.clock.push_at:%H:%M}"
            )
            self._look_whom_to_tell()
            with self._desk() as desk:
                _tell_gone(desk)
            try:
                self._until(stop)
            finally:
                self._scheduler.pause()
                while self._office.stop():  # an upload under way is taken up again next time
                    time.sleep(_CUT)
                self._scheduler.shutdown(wait=True)

    def _look_whom_to_tell(self) -> None:
        with self._desk() as desk:
            try:
                desk.check_alerts()
            except PipelineError as problem:
                _log.warning("alerts", code=problem.code, why=problem.message.vi, next=problem.next_step.vi)

    def _until(self, stop: threading.Event) -> None:
        """Wait; where the time of day jumps, by a clock put right or a sleep, what is to come is reckoned anew."""
        ahead = self._ahead()
        while not stop.wait(_LOOK):
            if abs(self._ahead() - ahead) > _JUMP:
                ahead = self._ahead()
                _log.warning("the time of day jumped")
                self._schedule()
                self._catch_up()

    def _catch_up(self) -> None:
        """The night's work now, too. Not a job of its own: the library's thread trips over one that ends as we stop."""
        self._scheduler.modify_job("push", next_run_time=datetime.now(self._config.zone))

    def _ahead(self) -> float:
        """How far the time of day is ahead of a clock that nobody sets, in seconds."""
        return self._now().timestamp() - time.monotonic()

    def _schedule(self) -> None:
        """When each job comes next, reckoned from now."""
        settings, zone = self._config.settings, self._config.zone
        at = settings.clock.push_at
        self._nightly = CronTrigger(hour=at.hour, minute=at.minute, timezone=zone)
        times = {
            "scan": (self.scan, IntervalTrigger(seconds=settings.clock.scan_seconds)),
            "push": (self.push, self._nightly),
            "soon": (self.push_soon, IntervalTrigger(seconds=SOON.total_seconds())),
            "decided": (self.push_decided, IntervalTrigger(seconds=AGAIN.total_seconds())),
            "retry": (self.retry, IntervalTrigger(seconds=AGAIN.total_seconds())),
            "watch": (self.watch, IntervalTrigger(seconds=WATCH.total_seconds())),
            "reckon": (self.reckon, IntervalTrigger(seconds=WATCH.total_seconds())),
        }
        # A night whose hour has come does not wait for one that is still caught up with.
        many = {"push": 2, "soon": _SIDE_BY_SIDE, "decided": _SIDE_BY_SIDE, "retry": _SIDE_BY_SIDE}
        for name, (job, trigger) in times.items():
            self._scheduler.add_job(job, trigger, id=name, max_instances=many.get(name, 1), replace_existing=True)

    @contextmanager
    def _desk(self) -> Iterator[Desk]:
        """The desk for one job, by the files as they are now."""
        with self._office.desk() as desk:
            if desk.config is not self._config:
                before, self._config = self._config, desk.config
                log_in(self._config.zone)
                _log.info("settings read anew", stations=len(desk.config.stations))
                _tell_gone(desk)
                if (before.settings.clock, before.zone) != (desk.config.settings.clock, desk.config.zone):
                    self._schedule()
            yield desk

    def scan(self) -> None:
        """Take in what editors dropped, and make bulletins of it."""
        with self._desk() as desk, _line(desk):
            for taken in scripts.sweep(desk, scripts.settled(desk, self._seen)):
                if taken.problem:
                    _log.warning("refused", file=taken.path.name, code=taken.problem.code, why=taken.problem.message.vi)
                elif taken.bulletin:
                    _log.info("received", file=taken.path.name, bulletin=taken.bulletin.id, again=taken.again)
                    for twin in bulletins.twins(desk, taken.bulletin):
                        _log.warning("same title and time", bulletin=taken.bulletin.id, other=twin)
            _render(desk, held_too=False)

    def push(self) -> None:
        """The night's work: try again what was held, plan what is approved, send what is wanted."""
        try:
            with self._desk() as desk, _line(desk):
                _render(desk, held_too=True)
        except PipelineError as problem:
            _log.error("not rendered", code=problem.code, why=problem.message.vi)
        finally:  # whatever hinders the new bulletins, those that are signed go out
            with self._desk() as desk:
                _plan(desk)
                self._report(push.push(desk))

    def push_soon(self) -> None:
        """Between nights: send what airs before the next one, signed late or not delivered yet.

        A station whose last visit failed has its own time for the next; where waiting does not help (its key, its disk)
        it is left for a person. Stalled stations of a push over all do not hold this one up: each has its lease.
        """
        with self._desk() as desk:
            now = desk.now()
            night = self._nightly.get_next_fire_time(None, now.astimezone(desk.config.zone))
            _plan(desk)
            self._report(push.push(desk, ahead=night - now + SOON, whom=Whom.WELL))

    def push_decided(self) -> None:
        """As soon as somebody has signed, returned or withdrawn: what the next look between nights would be late for.

        What is urgent goes out whenever it airs. What airs later waits for that look, so that a station is not called
        anew for every signature.
        """
        with self._desk() as desk:
            last = desk.ledger.last_decision()
            if last != self._decided:
                self._decided = last
                _plan(desk)
                for pushed in rush.rush_new(desk):
                    self._report_visits(pushed)
                self._report(push.push(desk, ahead=SOON + plan.margin(desk), whom=Whom.WELL))

    def retry(self) -> None:
        """Try those stations again whose time it is, for all that the night is to bring them."""
        with self._desk() as desk:
            if push.is_time_to_retry(desk):
                self._report(push.push(desk, whom=Whom.TO_RETRY))

    def watch(self) -> None:
        """Look for what is late or was missed, whoever is visiting whom, and tell the people in charge.

        What was found at one look is told at the next, with what became of it: of a bulletin that was signed at the
        last minute, and is on its way, nobody hears. In the morning the digest: one message, also when all is well.
        """
        with self._desk() as desk:
            measures.tick(desk)
            telling.write_alarm(desk)
            telling.write_digest(desk)
            self._write_fault(desk)
            missed.tell(desk)
            missed.tell_late(desk)
            self._send(desk)

    def reckon(self) -> None:
        """Reckon ahead how far bulletins got, so that no page has to: for half of the time at most."""
        end = time.monotonic() + WATCH.total_seconds() / 2
        with self._desk() as desk:
            desk.ledger.reckon(until=lambda: desk.stop.is_set() or time.monotonic() > end)

    def _write_fault(self, desk: Desk) -> None:
        """Say once that the files as they are now cannot be used."""
        before, self._wrong = self._wrong, self._office.wrong
        if self._wrong and self._wrong is not before:
            _log.error("settings not read", code=self._wrong.code, why=self._wrong.message.vi)
            telling.write_fault(desk, self._wrong)

    def _send(self, desk: Desk) -> None:
        unsent = telling.send(desk)
        for one in unsent:
            why, fix = one.problem.message.vi, one.problem.next_step.vi
            if one.given_up or one.message.at not in self._unsent:  # every minute would drown the rest
                _log.error("not told", code=one.problem.code, why=why, next=fix, given_up=one.given_up)
        self._unsent = {one.message.at for one in unsent}

    def _report(self, pushed: Pushed) -> None:
        if pushed.attempts:
            _log.info("pushed", stations=len(pushed.attempts), sent=pushed.sent)
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
            if problem and not isinstance(problem, StationBusy | Stopped):  # the run that has it tells its own story
                why = problem.message.vi
                _log.error("failed", station=attempt.station, code=problem.code, why=why, exc_info=_bug(problem))


def _tell_gone(desk: Desk) -> None:
    if gone := registry.gone(desk):
        _log.warning("stations gone", why=registry.words_of_gone(gone).vi)


def _plan(desk: Desk) -> None:
    """Plan what is new, and say what will not air where."""
    for planned in plan.plan_new(desk):
        where: dict[tuple[datetime | None, str], list[StationCode]] = {}
        for conflict in planned.conflicts:
            where.setdefault((conflict.at, conflict.why), []).append(conflict.station)
        for (at, why), codes in where.items():
            when = f"{at.astimezone(desk.config.zone):%d/%m %H:%M}" if at else "-"
            named = ", ".join(codes[:_NAMED])
            told = {"at": when, "why": CONFLICT[why].vi, "stations": len(codes), "such_as": named}
            _log.warning("does not air", bulletin=planned.bulletin, **told)


def _render(desk: Desk, *, held_too: bool) -> None:
    for bulletin, problem in bulletins.render_new(desk, held_too=held_too):
        if problem:
            why, fix = problem.message.vi, problem.next_step.vi
            _log.error("held", bulletin=bulletin.id, code=problem.code, why=why, next=fix, exc_info=_bug(problem))
        else:
            _log.info("mastered", bulletin=bulletin.id)
            fallbacks, tell = bulletins.fallbacks(desk, bulletin)
            for fallback in fallbacks:
                _log.warning("another voice", bulletin=bulletin.id, why=fallback, tell=tell)


def _line(desk: Desk) -> AbstractContextManager[None]:
    """Taking in and rendering are done by one process at a time; another waits its turn."""
    return alone(desk.config.state, "line", LINE_WAIT)


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
    """The one place where everything ends up: the clock goes on; of what we do not know the trace is kept."""
    fault = event.exception
    if isinstance(fault, GivenUp):
        return  # we were told to stop
    if isinstance(fault, PipelineError):
        _log.error("job failed", job=event.job_id, code=fault.code, why=fault.message.vi, next=fault.next_step.vi)
        return
    _log.error("job failed", job=event.job_id, error=repr(event.exception), trace=event.traceback)
