"""The push: what airs soon goes to every station that lacks it, once, and what arrived is proven."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from random import random as _chance

from pipeline.core.day import Threat, Wanted
from pipeline.core.errors import (
    AllStationsFailed,
    PipelineError,
    SomeStationsFailed,
    StationBusy,
    Stopped,
    as_problem,
)
from pipeline.core.facts import Happened, Json
from pipeline.core.model import (
    Bulletin,
    BulletinId,
    Receipt,
    Seconds,
    Station,
    StationCode,
    Trouble,
)
from pipeline.core.ports import Job
from pipeline.core.retry import MOST, wait
from pipeline.core.schedule import ORDER
from pipeline.core.status import Stage
from pipeline.delivery.push import deliver
from pipeline.newsroom import bulletins, missed, registry, returns
from pipeline.newsroom.desk import Desk, Handler
from pipeline.newsroom.lease import leased
from pipeline.newsroom.sticks import CARRIED
from pipeline.newsroom.visit import Visit

VERB = "deliver"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What one run did for one station."""

    station: StationCode
    files: int
    """Bulletins it was to get."""
    sent: int
    """Bulletins whose bytes had to be sent."""
    size: int
    """Bytes sent, small files included."""
    problem: PipelineError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What one run of the push did."""

    attempts: tuple[Attempt, ...]
    missed: int
    """Airings that passed without the bulletin, told now for the first time."""
    late: int = 0
    """Airings so near that the bulletin should be there and is not, told now for the first time."""
    threatened: tuple[Threat, ...] = ()
    """Bulletins that air soon and cannot yet: someone has to sign or mend them."""

    @property
    def sent(self) -> int:
        """Files sent to stations."""
        return sum(a.sent for a in self.attempts)

    @property
    def failed(self) -> tuple[Attempt, ...]:
        """Stations that did not get all their files."""
        return tuple(a for a in self.attempts if a.problem)

    def must_have_succeeded(self) -> None:
        """Raise for the caller's exit code where a station failed.

        Raises:
            StationBusy: all that failed are being served by another run.
            AllStationsFailed, SomeStationsFailed: any other failure.
        """
        problems = [a.problem for a in self.attempts if a.problem]
        if not problems:
            return
        if all(isinstance(problem, StationBusy) for problem in problems):
            raise problems[0]
        kind = AllStationsFailed if len(problems) == len(self.attempts) else SomeStationsFailed
        raise kind(failed=len(problems), total=len(self.attempts))


class Whom(Enum):
    """Which stations a push calls."""

    ALL = "all"
    """Whoever lacks something, and whoever holds what has had its time."""
    WELL = "well"
    """Only those whose last visit did not fail."""
    TO_RETRY = "to retry"
    """Only those whose last visit failed, and whose next try is due."""


def wanted(desk: Desk, only: str = "", *, ahead: timedelta | None = None, whom: Whom = Whom.ALL) -> list[Wanted]:
    """What airs within `ahead` (else the settings' hours), may go out, and is not proven to be at its station.

    By station, the most urgent bulletin first, then what airs soonest. What is embargoed waits. A station whose last
    visit was cut short is among them also where it lacks no file: its papers may be old.

    Raises:
        UnknownName: `only` names no station.
    """
    if only:
        registry.find(desk, only)
    troubles = desk.ledger.troubles() if whom is not Whom.ALL else {}
    lacking = _lacking(desk, _within(desk, ahead))
    stopped, expired = _to_go(desk, clean=whom is Whom.ALL)
    return [
        Wanted(
            station=desk.config.stations[code],
            bulletins=tuple(sorted(lacking.get(code, {}).values(), key=lambda b: ORDER[b.priority])),
            stopped=tuple(stopped.get(code, ())),
            expired=tuple(expired.get(code, ())),
        )
        for code in dict.fromkeys([*lacking, *stopped, *expired, *sorted(desk.ledger.unfinished())])
        if _has_line(desk, code) and only in {"", code} and _is_called(whom, troubles.get(code), desk.now())
    ]


def _within(desk: Desk, ahead: timedelta | None) -> timedelta:
    return timedelta(hours=desk.config.settings.delivery.ahead_hours) if ahead is None else ahead


def _has_line(desk: Desk, code: StationCode) -> bool:
    return code in desk.config.stations and desk.config.stations[code].transport != CARRIED


def _is_called(whom: Whom, trouble: Trouble | None, now: datetime) -> bool:
    match whom:
        case Whom.ALL:
            return True
        case Whom.WELL:
            return trouble is None
        case Whom.TO_RETRY:
            return trouble is not None and _is_due(trouble, now)


def _is_due(trouble: Trouble, now: datetime) -> bool:
    """Whether it is time to try a station again; where waiting does not help, a person has to act first.

    A try that lies further ahead than any wait was set by a clock that went wrong.
    """
    return trouble.retry and trouble.next is not None and not now < trouble.next <= now + MOST


def is_time_to_retry(desk: Desk) -> bool:
    """Whether there is a station to be tried again by now."""
    now, troubles = desk.now(), desk.ledger.troubles()
    return any(_is_due(trouble, now) for code, trouble in troubles.items() if _has_line(desk, code))


def _lacking(desk: Desk, within: timedelta) -> dict[StationCode, dict[BulletinId, Bulletin]]:
    """By station, the bulletins that air soon and that it does not hold as signed."""
    now, stations = desk.now(), desk.config.stations
    soon = desk.ledger.due(now, now + within)
    names = {d.bulletin for d in soon}
    going = {
        (row.bulletin.id, profile): (row.bulletin, digest)
        for row in bulletins.rows(desk, names, stations=())
        for profile in row.status.masters
        if (digest := row.status.signed(profile)) and not (row.bulletin.embargo and now < row.bulletin.embargo)
    }
    unplanned = desk.ledger.unplanned(names)
    lacking: dict[StationCode, dict[BulletinId, Bulletin]] = {}
    for d in soon:
        station = stations.get(d.station)
        found = going.get((d.bulletin, station.profile)) if station else None
        if found and d.holding != found[1] and (d.bulletin, d.station) not in unplanned:
            lacking.setdefault(d.station, {})[d.bulletin] = found[0]
    return lacking


_ByStation = dict[StationCode, list[Bulletin]]


def _to_go(desk: Desk, *, clean: bool) -> tuple[_ByStation, _ByStation]:
    """By station, what must not air any more, and (`clean`) what has had its time."""
    now = desk.now()
    held = {row.bulletin.id: row for row in bulletins.rows(desk, desk.ledger.held(), stations=())}
    stopped = {name for name, row in held.items() if row.status.stage in {Stage.WITHDRAWN, Stage.RETURNED}}
    over = {name for name, row in held.items() if clean and name not in stopped and _last(row.bulletin) < now}
    going: tuple[_ByStation, _ByStation] = ({}, {})
    for holding in desk.ledger.holdings(stopped | over) if stopped or over else ():
        bulletin, station = held[holding.bulletin].bulletin, desk.config.stations.get(holding.station)
        if holding.bulletin in stopped:
            going[0].setdefault(holding.station, []).append(bulletin)
        elif station and _is_over(bulletin, station, now):
            going[1].setdefault(holding.station, []).append(bulletin)
    return going


def _last(bulletin: Bulletin) -> datetime:
    """When a bulletin airs for the last time."""
    return max(bulletin.air)


def _is_over(bulletin: Bulletin, station: Station, now: datetime) -> bool:
    """Whether a station need not keep a bulletin any more; one that expired leaves at once."""
    expired = bulletin.expires is not None and bulletin.expires < now
    return expired or _last(bulletin) + timedelta(days=station.keep_days) < now


def push(desk: Desk, only: str = "", *, ahead: timedelta | None = None, whom: Whom = Whom.ALL) -> Pushed:
    """Send what is wanted. A second run right after it finds nothing wanted and sends nothing.

    One station's trouble is a `failed` fact and does not touch the others.
    """
    within = _within(desk, ahead)
    told = missed.tell(desk)
    return Pushed(
        attempts=visit_all(desk, wanted(desk, only, ahead=ahead, whom=whom)),
        missed=told,
        late=missed.tell_late(desk),
        threatened=tuple(missed.threatened(desk, within)),
    )


def visit_all(desk: Desk, errands: Sequence[Wanted]) -> tuple[Attempt, ...]:
    """Visit stations, as many at once as the settings allow; how each visit ended, by station."""
    jobs = [_job(errand) for errand in errands]
    attempts: list[Attempt] = []
    with closing(desk.queue(handlers(desk)).perform(jobs)) as outcomes:
        for done, outcome in enumerate(outcomes, start=1):
            desk.progress("push", done, len(jobs))
            attempts.append(_attempt(outcome.job, outcome.result, outcome.problem))
    return tuple(sorted(attempts, key=lambda a: a.station))


def _job(wanted: Wanted) -> Job:
    return Job(
        verb=VERB,
        key=wanted.station.code,
        arguments={
            "station": wanted.station.code,
            "bulletins": [b.id for b in wanted.bulletins],
            "stopped": [b.id for b in wanted.stopped],
            "expired": [b.id for b in wanted.expired],
        },
    )


def handlers(desk: Desk) -> Mapping[str, Handler]:
    """The verbs that any worker of this newsroom can do."""
    return {VERB: lambda arguments: _deliver(desk, arguments)}


def _attempt(job: Job, result: Mapping[str, Json], problem: PipelineError | None) -> Attempt:
    return Attempt(
        station=StationCode(job.key),
        files=len(_names(job.arguments, "bulletins")),
        sent=int(str(result.get("sent", 0))),
        size=int(str(result.get("size", 0))),
        problem=problem,
    )


# --- one station -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand:
    """What a visit to a station is for."""

    bring: Sequence[BulletinId]
    stop: Sequence[BulletinId]
    clean: Sequence[BulletinId]

    @property
    def all(self) -> list[BulletinId]:
        """Every bulletin it is about."""
        return [*self.bring, *self.stop, *self.clean]


def _deliver(desk: Desk, arguments: Mapping[str, Json]) -> Mapping[str, Json]:
    """Do one station under its lease. A receipt is kept as soon as its file stands there, proven.

    Killed before that, the next run finds the file in place, proves it again and sends nothing twice. Killed after it
    and before the papers, the visit is unfinished, and the next push brings them.
    """
    station = desk.config.stations[StationCode(str(arguments["station"]))]
    if desk.stopping.is_set():
        raise Stopped(station=station.code)
    errand = _Errand(
        bring=_names(arguments, "bulletins"), stop=_names(arguments, "stopped"), clean=_names(arguments, "expired")
    )
    with leased(desk, station) as token:
        return _visit(desk, station, errand, token)


def _visit(desk: Desk, station: Station, errand: _Errand, token: int) -> Mapping[str, Json]:
    """Bring what is asked for; whatever stops it is a fact of this station."""
    try:
        return _bring(desk, station, errand, token)
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is this station's alone, and its fact says so
        problem = Stopped(station=station.code) if desk.stopping.is_set() else as_problem(fault, station.code)
        _record_failure(desk, station, errand.all, problem)
        raise problem from problem.__cause__


def _names(arguments: Mapping[str, Json], kind: str) -> list[BulletinId]:
    listed = arguments.get(kind)
    return [BulletinId(str(name)) for name in listed] if isinstance(listed, list) else []


def _bring(desk: Desk, station: Station, errand: _Errand, token: int) -> Mapping[str, Json]:
    """Bring what is asked for and the new papers; then take away what no paper names any more.

    That is every file of a bulletin that was stopped or has had its time, and the older versions of one just brought.
    """
    to_come = desk.ledger.transmissions(station=station.code, after=desk.now())
    names = {*errand.all, *(t.bulletin for t in to_come)}
    visit = Visit(desk, station, names)
    # What is not signed any more by now stays behind and does not keep the others back.
    parcels = [visit.parcel(name) for name in errand.bring if visit.signed(name)]
    extras = visit.extras(to_come, {parcel.name for parcel in parcels})
    deadline = Seconds(desk.config.settings.delivery.deadline_seconds)

    def keep(receipt: Receipt) -> None:
        desk.ledger.confirm([receipt], visit.told(receipt), station.code, token)

    with desk.transports[station.transport].open(station, deadline) as remote:
        done = deliver(remote, station, parcels, extras, desk.now, keep=keep)
        visit.remove(remote, {parcel.bulletin: parcel.name for parcel in parcels})
        for happened, gone in ((Happened.RECALLED, errand.stop), (Happened.CLEANED, errand.clean)):
            visit.remove(remote, dict.fromkeys(gone, ""))
            desk.ledger.record(*(visit.fact(happened, name) for name in gone))
        returns.collect(desk, station, remote, token)
    return {"sent": sum(r.sent > 0 for r in done.receipts), "size": done.sent}


def _record_failure(desk: Desk, station: Station, asked: Sequence[BulletinId], problem: PipelineError) -> None:
    """Keep that a visit failed, and when to try again: the next attempt is a row of the ledger, not a sleep."""
    if isinstance(problem, StationBusy | Stopped):
        return  # the run that took the station over tells its own story; what we cut ourselves is nobody's fault
    about = {b.id: b for b in desk.ledger.bulletins(asked)}
    before = desk.ledger.troubles().get(station.code)
    tries = (before.tries if before else 0) + 1
    again = desk.now() + wait(tries, _chance()) if problem.retry else None  # noqa: S311 - it only spreads load
    desk.ledger.record(
        *(
            desk.fact(
                Happened.FAILED,
                bulletin=about[b],
                station=station.code,
                code=problem.code,
                reason=problem.message.vi,
                retry=problem.retry,
                tries=tries,
                next=again.isoformat() if again else None,
            )
            for b in asked
        )
    )
