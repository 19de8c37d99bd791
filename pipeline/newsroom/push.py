"""The push: what airs soon goes to every station that lacks it, once, and what arrived is proven."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache, partial
from random import random as _chance

from pipeline.core.day import Threat, Wanted
from pipeline.core.errors import (
    AllStationsFailed,
    ArrivedDamaged,
    DeliveryError,
    PipelineError,
    SomeStationsFailed,
    StationBusy,
    StationFull,
    Stopped,
    as_problem,
)
from pipeline.core.facts import Happened, Json
from pipeline.core.model import (
    CARRIED,
    Bulletin,
    BulletinId,
    Digest,
    Due,
    Receipt,
    Seconds,
    Station,
    StationCode,
    Trouble,
)
from pipeline.core.ports import Job
from pipeline.core.retry import MOST, wait
from pipeline.core.schedule import ORDER
from pipeline.delivery.push import deliver
from pipeline.newsroom import bulletins, missed, registry, returns
from pipeline.newsroom.desk import Desk, Handler
from pipeline.newsroom.lease import leased
from pipeline.newsroom.remains import by_station, refused
from pipeline.newsroom.visit import Visit

VERB = "deliver"
_MARK = "pushed"
IN_TURN = timedelta(hours=1)
"""How long after its air time a bulletin may begin: those of one hour air in turn, and people may be late."""


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
    odd: tuple[str, ...] = ()
    """What the station's people wrote and nobody can understand, told now for the first time."""
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
    """Which stations a push calls. Only ALL calls those that another run is visiting, to say so."""

    ALL = "all"
    """Whoever lacks something, and whoever holds what has had its time."""
    WELL = "well"
    """Only those whose last visit did not fail."""
    TO_RETRY = "to retry"
    """Only those whose last visit failed, and whose next try is due."""


def wanted(desk: Desk, only: str = "", *, ahead: timedelta | None = None, whom: Whom = Whom.ALL) -> list[Wanted]:
    """What airs within `ahead` (else the settings' hours), may go out, and is not proven to be at its station.

    By station, the most urgent bulletin first, then what airs soonest. What is embargoed waits. A station is among them
    also where it lacks no file: if its last visit was cut short, or its papers list what must not air there any more
    or, when all are called, what has aired.

    Raises:
        UnknownName: `only` names no station.
    """
    if only:
        registry.find(desk, only)
    troubles = desk.ledger.troubles() if whom is not Whom.ALL else {}
    within = _within(desk, ahead)
    soon = desk.ledger.due(desk.now(), desk.now() + within, desk.now())
    going = _going(desk, {d.bulletin for d in soon})
    lacking = _lacking(desk, soon, going)
    nightly, unfinished = whom is Whom.ALL, desk.ledger.unfinished()
    stopped, expired = _to_go(desk, nightly=nightly)
    for code, half in _half_brought(desk, unfinished).items():
        stopped[code] = list({b.id: b for b in (*stopped.get(code, ()), *half)}.values())
    busy = desk.ledger.visited(desk.now()) if whom is not Whom.ALL else set()
    papers = sorted(unfinished | _outdated(desk, nightly=nightly) | _unlisted(desk, going, within) | _moved(desk))
    return [
        Wanted(
            station=desk.config.stations[code],
            bulletins=tuple(sorted(lacking.get(code, {}).values(), key=lambda b: ORDER[b.priority])),
            stopped=tuple(stopped.get(code, ())),
            expired=tuple(expired.get(code, ())),
        )
        for code in dict.fromkeys([*lacking, *stopped, *expired, *papers])
        if _has_line(desk, code)
        and only in {"", code}
        and code not in busy
        and _is_called(whom, troubles.get(code), desk.now())
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
    due = {code for code, trouble in troubles.items() if _is_due(trouble, now) and _has_line(desk, code)}
    return bool(due) and bool(due - desk.ledger.visited(now))


_Going = Mapping[tuple[BulletinId, str], tuple[Bulletin, Digest]]
"""By bulletin and profile, what may go out: the bulletin and the master that was signed."""


def _going(desk: Desk, names: Collection[BulletinId]) -> _Going:
    now = desk.now()
    return {
        (row.bulletin.id, profile): (row.bulletin, digest)
        for row in bulletins.rows(desk, names, stations=())
        for profile in row.status.masters
        if (digest := row.status.signed(profile)) and not (row.bulletin.embargo and now < row.bulletin.embargo)
    }


def _lacking(desk: Desk, soon: Sequence[Due], going: _Going) -> dict[StationCode, dict[BulletinId, Bulletin]]:
    """By station, the bulletins that air soon and that it does not hold as signed.

    One whose bytes our own store has lost goes nowhere, and holds up no other; `missed.threatened` tells of it.
    """
    whole = cache(partial(missed.is_whole, desk))
    lacking: dict[StationCode, dict[BulletinId, Bulletin]] = {}
    for d in soon:
        station = desk.config.stations.get(d.station)
        found = going.get((d.bulletin, station.profile)) if station else None
        if found and d.holding != found[1] and whole(found[1]):
            lacking.setdefault(d.station, {})[d.bulletin] = found[0]
    return lacking


def lacking(desk: Desk, bulletin: Bulletin) -> list[StationCode]:
    """The stations that a bulletin is still to air at and that do not hold it as signed; none where it is embargoed."""
    now = desk.now()
    due = [d for d in desk.ledger.due(now, max(bulletin.air), now) if d.bulletin == bulletin.id]
    return sorted(_lacking(desk, due, _going(desk, {bulletin.id})))


def _unlisted(desk: Desk, going: _Going, within: timedelta) -> set[StationCode]:
    """Stations that hold what airs soon, at an hour that their timetable does not know yet."""
    now, stations = desk.now(), desk.config.stations
    return {
        h.station
        for h in desk.ledger.unlisted(now, now + within)
        if h.station in stations
        and (found := going.get((h.bulletin, stations[h.station].profile)))
        and found[1] == h.digest
    }


def _moved(desk: Desk) -> set[StationCode]:
    """Stations behind which there is another machine, or another folder, than the one that was visited last."""
    stations = desk.config.stations
    known = desk.ledger.machines()
    return {code for code, machine in known.items() if code in stations and stations[code].machine != machine}


_ByStation = dict[StationCode, list[Bulletin]]


def _to_go(desk: Desk, *, nightly: bool) -> tuple[_ByStation, _ByStation]:
    """By station, what must not air there any more; and what expired, or (`nightly`) has had its time."""
    now = desk.now()
    held = {row.bulletin.id: row for row in bulletins.rows(desk, desk.ledger.held(), stations=())}
    gone = {(h.station, h.bulletin) for h in (*refused(desk, held.values()), *desk.ledger.strays())}
    stopped = by_station((code, held[name].bulletin) for code, name in gone)
    over = {name: row.bulletin for name, row in held.items() if _end(desk, row.bulletin) < now}
    expired: _ByStation = {}
    for h in desk.ledger.holdings(over) if over else ():
        station = desk.config.stations.get(h.station)
        days = station.keep_days if station and nightly else None
        if (h.station, h.bulletin) not in gone and _is_over(over[h.bulletin], days, now):
            expired.setdefault(h.station, []).append(over[h.bulletin])
    return stopped, expired


def _end(desk: Desk, bulletin: Bulletin) -> datetime:
    """When a bulletin has been heard to its end everywhere, for the last time."""
    last = max(bulletin.air)
    if last >= desk.now():
        return last
    longest = max((master.seconds for master in bulletins.masters(desk, bulletin).values()), default=0)
    return last + timedelta(seconds=longest) + IN_TURN


def _is_over(bulletin: Bulletin, keep_days: int | None, now: datetime) -> bool:
    """Whether a station need not keep what has aired: one that expired leaves at once, others where it is asked."""
    expired = bulletin.expires is not None and bulletin.expires < now
    return expired or (keep_days is not None and max(bulletin.air) + timedelta(days=keep_days) < now)


def _half_brought(desk: Desk, unfinished: Collection[StationCode]) -> _ByStation:
    """What was taken back and is planned where the last visit broke off, or goes on: it may lie there unknown to us."""
    names = {name for name, _ in desk.ledger.air_times(after=desk.now())} if unfinished else set()
    found: _ByStation = {}
    for row in bulletins.rows(desk, names, stations=()):
        if row.status.is_taken_back or row.status.refused:
            for code in sorted(desk.ledger.planned(row.bulletin.id) & {*unfinished}):
                found.setdefault(code, []).append(row.bulletin)
    return found


def _outdated(desk: Desk, *, nightly: bool) -> set[StationCode]:
    """Stations whose papers list what must not air there any more; or (`nightly`) what has aired."""
    now = desk.now()
    rows = bulletins.rows(desk, desk.ledger.listed(after=now), stations=())
    taken_back = [row.bulletin.id for row in rows if row.status.is_taken_back]
    found = desk.ledger.listing(taken_back, after=now) | desk.ledger.listing_unplanned(after=now)
    return found | desk.ledger.listing_passed(now) if nightly else found


def push(desk: Desk, only: str = "", *, ahead: timedelta | None = None, whom: Whom = Whom.ALL) -> Pushed:
    """Send what is wanted. A second run right after it finds nothing wanted and sends nothing.

    One station's trouble is a `failed` fact and does not touch the others.
    """
    within = _within(desk, ahead)
    told = missed.tell(desk)
    done = Pushed(
        attempts=visit_all(desk, wanted(desk, only, ahead=ahead, whom=whom)),
        missed=told,
        late=missed.tell_late(desk),
        threatened=tuple(missed.threatened(desk, within)),
    )
    if whom is Whom.ALL and not only:
        desk.ledger.set_mark(_MARK, desk.now().isoformat())
    return done


def last(desk: Desk) -> datetime | None:
    """When the last push over all stations came to its end, UTC; None where there was none."""
    mark = desk.ledger.mark(_MARK)
    return datetime.fromisoformat(mark) if mark else None


def visit_all(desk: Desk, errands: Sequence[Wanted]) -> tuple[Attempt, ...]:
    """Visit stations, as many at once as the settings allow; how each visit ended, by station."""
    jobs = [_job(desk, errand) for errand in errands]
    attempts: list[Attempt] = []
    with closing(desk.queue(desk).perform(jobs)) as outcomes:
        for done, outcome in enumerate(outcomes, start=1):
            desk.progress("push", done, len(jobs))
            desk.progress(str(outcome.job.arguments["station"]), 1, 1)
            attempts.append(_attempt(outcome.job, outcome.result, outcome.problem))
    return tuple(sorted(attempts, key=lambda a: a.station))


def _job(desk: Desk, wanted: Wanted) -> Job:
    return Job(
        verb=VERB,
        key=desk.config.first_at_place(wanted.station),  # two rows of one folder in turn
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
        station=StationCode(str(job.arguments["station"])),
        files=len(_names(job.arguments, "bulletins")),
        sent=int(str(result.get("sent", 0))),
        size=int(str(result.get("size", 0))),
        odd=tuple(_texts(result, "odd")),
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
    if desk.stop.is_set():
        raise Stopped(station=station.code)
    errand = _Errand(
        bring=_names(arguments, "bulletins"), stop=_names(arguments, "stopped"), clean=_names(arguments, "expired")
    )
    with leased(desk, station) as token:
        return _visit(desk, station, errand, token)


def _visit(desk: Desk, station: Station, errand: _Errand, token: int) -> Mapping[str, Json]:
    """Bring what is asked for; whatever stops it is a fact of this station."""
    brought: dict[BulletinId, str] = {}
    try:
        return _bring(desk, station, errand, token, brought)
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is this station's alone, and its fact says so
        problem = Stopped(station=station.code) if desk.stop.is_set() else as_problem(fault, station.code)
        _record_failure(desk, station, [name for name in errand.all if name not in brought], problem)
        raise problem from problem.__cause__


def _names(arguments: Mapping[str, Json], kind: str) -> list[BulletinId]:
    return [BulletinId(name) for name in _texts(arguments, kind)]


def _texts(arguments: Mapping[str, Json], kind: str) -> list[str]:
    listed = arguments.get(kind)
    return [str(text) for text in listed] if isinstance(listed, list) else []


def _bring(
    desk: Desk, station: Station, errand: _Errand, token: int, brought: dict[BulletinId, str]
) -> Mapping[str, Json]:
    """Take away what was stopped; bring what is asked for and the new papers; take away what no paper names any more.

    That is every file of a bulletin that has had its time, and the older versions of one just brought. People may
    decide otherwise while a file is on its way: what is not signed any more by then is not begun, and what was taken
    back is not listed and leaves again on this visit. A file that has no room there, or does not arrive whole, keeps
    neither the others nor the papers from it; its fault is raised at the end. `brought` is given the name of each file
    that stands there.
    """
    visit = Visit(desk, station, errand.all)
    sent = size = 0
    faults: list[DeliveryError] = []

    def keep(receipt: Receipt) -> None:
        desk.ledger.confirm([receipt], visit.told(receipt), station.code, token)
        brought[receipt.bulletin] = receipt.remote

    deadline = Seconds(desk.config.settings.delivery.deadline_seconds)
    count = partial(desk.progress, station.code)
    with desk.transports[station.transport].open(station, deadline) as remote:
        visit.must_be_there(remote)
        if gone := [*filter(visit.must_go, errand.stop)]:  # first: the line may not last for what is to be brought
            size += visit.bring_papers(remote, token)
            visit.take_away(remote, Happened.RECALLED, gone)
        missing = visit.lost(remote)
        desk.ledger.record(*(visit.fact(Happened.LOST, p.bulletin, p.digest, remote=p.name) for p in missing))
        again = [p.bulletin for p in missing if (d := visit.signed(p.bulletin)) and missed.is_whole(desk, d)]
        for name in dict.fromkeys([*errand.bring, *again]):
            visit.look_again()
            if visit.lacks(name):
                try:
                    done = deliver(remote, station, [visit.parcel(name)], [], desk.now, keep=keep, count=count)
                except (ArrivedDamaged, StationFull) as fault:
                    faults.append(fault)
                else:
                    sent, size = sent + any(r.sent for r in done.receipts), size + done.sent
        visit.look_again()
        size += visit.bring_papers(remote, token, brought.values(), {p.name for p in missing})
        visit.remove_older(remote)
        visit.take_away(remote, Happened.RECALLED, [*filter(visit.must_go, brought)])
        visit.take_away(remote, Happened.CLEANED, errand.clean)
        told = returns.collect(desk, station, remote, token)
    if faults:
        raise faults[0]
    return {"sent": sent, "size": size, "odd": [*told.odd]}


def _record_failure(desk: Desk, station: Station, asked: Sequence[BulletinId], problem: PipelineError) -> None:
    """Keep that a visit failed, and when to try again: the next attempt is a row of the ledger, not a sleep."""
    if isinstance(problem, StationBusy | Stopped):
        return  # the run that took the station over tells its own story; what we cut ourselves is nobody's fault
    about: Sequence[Bulletin | None] = desk.ledger.bulletins(asked) or [None]  # none: it was to get papers only
    before = desk.ledger.troubles().get(station.code)
    tries = (before.tries if before else 0) + 1
    again = desk.now() + wait(tries, _chance()) if problem.retry else None  # noqa: S311 - it only spreads load
    desk.ledger.record(
        *(
            desk.fact(
                Happened.FAILED,
                bulletin=bulletin,
                station=station.code,
                code=problem.code,
                reason=problem.message.vi,
                retry=problem.retry,
                tries=tries,
                next=again.isoformat() if again else None,
            )
            for bulletin in about
        )
    )
