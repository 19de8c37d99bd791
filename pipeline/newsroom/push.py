"""The push: what airs soon goes to every station that lacks it, once, and what arrived is proven."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from platform import node

from pipeline.core.errors import (
    AllStationsFailed,
    PipelineError,
    Says,
    SomeStationsFailed,
    StationBusy,
    StoreDamaged,
    UnknownName,
    WorkspaceInUse,
    as_problem,
)
from pipeline.core.facts import Happened, Json
from pipeline.core.model import Bulletin, BulletinId, Receipt, Seconds, Station, StationCode
from pipeline.core.ports import Job, Remote
from pipeline.core.schedule import due
from pipeline.core.status import Stage
from pipeline.delivery import manifest
from pipeline.delivery.push import Extra, Parcel, deliver, papers
from pipeline.ledger.lock import alone
from pipeline.ledger.store import hash_file
from pipeline.newsroom import bulletins, missed
from pipeline.newsroom.bulletins import Row
from pipeline.newsroom.desk import Desk, Handler
from pipeline.newsroom.missed import Threat

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one station lacks."""

    station: Station
    bulletins: tuple[Bulletin, ...]
    stopped: tuple[Bulletin, ...] = ()
    """Withdrawn or returned bulletins that it still holds and might air: they are taken away."""


def wanted(desk: Desk, only: str = "", *, ahead: timedelta | None = None, patient: bool = False) -> list[Wanted]:
    """What airs within `ahead` (else the settings' hours), may go out, and is not proven to be at its station.

    By station. `patient` leaves out stations whose last failure does not mend by waiting.

    Raises:
        UnknownName: `only` names no station.
    """
    if only and only not in desk.config.stations:
        raise UnknownName(
            what=Says("trạm", "station"), name=only, nearest=", ".join(sorted(desk.config.stations)) or "-"
        )
    soon = due(desk.ledger.transmissions(after=desk.now()), desk.now(), _within(desk, ahead))
    rows = {row.bulletin.id: row for row in bulletins.rows(desk, {t.bulletin for t in soon})}
    lacking: dict[StationCode, dict[BulletinId, Bulletin]] = {}
    for t in soon:
        row, station = rows[t.bulletin], desk.config.stations.get(t.station)
        if station is None or (only and t.station != only) or (patient and t.station in row.status.stuck):
            continue
        signed = row.status.signed(station.profile)
        if signed and row.status.holding.get(t.station) != signed:
            lacking.setdefault(t.station, {})[t.bulletin] = row.bulletin
    stopped = _stopped(desk, only, patient=patient)
    return [
        Wanted(
            station=desk.config.stations[code],
            bulletins=tuple(lacking.get(code, {}).values()),
            stopped=tuple(stopped.get(code, ())),
        )
        for code in dict.fromkeys([*lacking, *stopped])
    ]


def _within(desk: Desk, ahead: timedelta | None) -> timedelta:
    return timedelta(hours=desk.config.settings.delivery.ahead_hours) if ahead is None else ahead


def _stopped(desk: Desk, only: str, *, patient: bool) -> dict[StationCode, list[Bulletin]]:
    """Stations that hold a bulletin which must not air any more, while its air time is still to come."""
    to_come = {name for name, at in desk.ledger.air_times() if at > desk.now()}
    taken_back = {
        row.bulletin.id
        for row in bulletins.rows(desk, to_come, stations=())
        if row.status.stage in {Stage.WITHDRAWN, Stage.RETURNED}
    }
    found: dict[StationCode, list[Bulletin]] = {}
    for row in bulletins.rows(desk, taken_back):
        for code in sorted(row.status.holding.keys() - (row.status.stuck if patient else set())):
            if code in desk.config.stations and only in {"", code}:
                found.setdefault(code, []).append(row.bulletin)
    return found


def push(desk: Desk, only: str = "", *, ahead: timedelta | None = None, patient: bool = False) -> Pushed:
    """Send what is wanted. A second run right after it finds nothing wanted and sends nothing.

    One station's trouble is a `failed` fact and does not touch the others.
    """
    within = _within(desk, ahead)
    told = missed.tell(desk)
    jobs = [_job(w) for w in wanted(desk, only, ahead=ahead, patient=patient)]
    attempts: list[Attempt] = []
    with closing(desk.queue(handlers(desk)).perform(jobs)) as outcomes:
        for done, outcome in enumerate(outcomes, start=1):
            desk.progress("push", done, len(jobs))
            attempts.append(_attempt(outcome.job, outcome.result, outcome.problem))
    return Pushed(
        attempts=tuple(sorted(attempts, key=lambda a: a.station)),
        missed=told,
        threatened=tuple(missed.threatened(desk, within)),
    )


def _job(wanted: Wanted) -> Job:
    return Job(
        verb=VERB,
        key=wanted.station.code,
        arguments={
            "station": wanted.station.code,
            "bulletins": [b.id for b in wanted.bulletins],
            "stopped": [b.id for b in wanted.stopped],
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


def _deliver(desk: Desk, arguments: Mapping[str, Json]) -> Mapping[str, Json]:
    """Do one station under its lease. Receipts are kept only when its timetable stands there too.

    Killed before that, the next run finds the files in place, proves them again and sends nothing twice.
    """
    station = desk.config.stations[StationCode(str(arguments["station"]))]
    asked, stopped = _names(arguments, "bulletins"), _names(arguments, "stopped")
    with _leased(desk, station) as token:
        return _visit(desk, station, asked, stopped, token)


@contextmanager
def _leased(desk: Desk, station: Station) -> Iterator[int]:
    """Have a station for oneself: on this machine by a lock, which a power cut opens, among machines by a lease.

    Raises:
        StationBusy: another run has it.
    """
    seconds = desk.config.settings.delivery.deadline_seconds
    with ExitStack() as stack:
        try:
            stack.enter_context(alone(desk.config.state / "stations", station.code))
        except WorkspaceInUse as taken:
            raise StationBusy(station=station.code) from taken
        now = desk.now()
        token = desk.ledger.lease(station.code, node(), now, now + timedelta(seconds=seconds + 60))
        try:
            yield token
        finally:
            desk.ledger.release(station.code, token, desk.now())


def _visit(
    desk: Desk, station: Station, asked: Sequence[BulletinId], stopped: Sequence[BulletinId], token: int
) -> Mapping[str, Json]:
    """Bring what is asked for; whatever stops it is a fact of this station."""
    try:
        return _bring(desk, station, asked, stopped, token)
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is this station's alone, and its fact says so
        problem = as_problem(fault, station.code)
        _record_failure(desk, station, [*asked, *stopped], problem)
        raise problem from problem.__cause__


def _names(arguments: Mapping[str, Json], kind: str) -> list[BulletinId]:
    listed = arguments.get(kind)
    return [BulletinId(str(name)) for name in listed] if isinstance(listed, list) else []


def _bring(
    desk: Desk, station: Station, asked: Sequence[BulletinId], stopped: Sequence[BulletinId], token: int
) -> Mapping[str, Json]:
    """Bring what is asked for and the new papers; then take away what no paper names any more.

    That is every file of a bulletin that was stopped, and the older versions of one that was just brought.
    """
    to_come = desk.ledger.transmissions(station=station.code, after=desk.now())
    names = {*asked, *stopped, *(t.bulletin for t in to_come)}
    rows = {row.bulletin.id: row for row in bulletins.rows(desk, names, [station.code])}
    # What is not signed any more by now stays behind and does not keep the others back.
    parcels = [_parcel(desk, rows[b], station) for b in asked if rows[b].status.signed(station.profile)]
    extras = _extras(desk, station, [(t.at, rows[t.bulletin]) for t in to_come], parcels)
    deadline = Seconds(desk.config.settings.delivery.deadline_seconds)
    with desk.transports[station.transport].open(station, deadline) as remote:
        done = deliver(remote, station, parcels, extras, desk.now())
        for parcel in parcels:
            _remove(desk, remote, station, parcel.bulletin, but=parcel.name)
        for name in stopped:
            _remove(desk, remote, station, name)
            desk.ledger.record(desk.fact(Happened.RECALLED, bulletin=rows[name].bulletin, station=station.code))
    for receipt in done.receipts:
        # The end of the visit, not its beginning: a file that came after its air time came too late.
        _confirm(desk, rows[receipt.bulletin].bulletin, replace(receipt, at=desk.now()), token)
    return {"sent": sum(r.sent > 0 for r in done.receipts), "size": done.sent}


def _parcel(desk: Desk, row: Row, station: Station) -> Parcel:
    """The signed master of the station's profile; what is signed is looked at again at the last moment."""
    master = bulletins.masters(desk, row.bulletin)[station.profile]
    if hash_file(desk.store.get(master.digest)) != master.digest:
        raise StoreDamaged(digest=master.digest)
    name = manifest.remote_name(row.bulletin, master.digest, desk.config.zone, master.suffix)
    return Parcel(
        bulletin=row.bulletin.id,
        path=desk.store.get(master.digest),
        name=name,
        digest=master.digest,
        size=master.size,
        sidecar=manifest.sidecar(row.bulletin, master, name, desk.config.zone),
    )


def _extras(
    desk: Desk, station: Station, to_come: Sequence[tuple[datetime, Row]], parcels: Sequence[Parcel]
) -> Sequence[Extra]:
    """The station's playlist of what stands there after this visit, and its timetable of all that is to come."""
    cleared = [(at, row) for at, row in to_come if row.status.signed(station.profile)]
    entries = [_entry(desk, row, station, at) for at, row in cleared]
    held = {
        entry.file
        for entry, (_, row) in zip(entries, cleared, strict=True)
        if row.status.holding.get(station.code) == row.status.masters[station.profile]
    }
    made = desk.now().astimezone(desk.config.zone)
    return papers(station, entries, held | {p.name for p in parcels}, made, str(desk.config.zone))


def _entry(desk: Desk, row: Row, station: Station, at: datetime) -> manifest.Entry:
    master = bulletins.masters(desk, row.bulletin)[station.profile]
    return manifest.Entry(
        at=at.astimezone(desk.config.zone),
        title=row.bulletin.title,
        languages=row.bulletin.languages,
        seconds=master.seconds,
        file=manifest.remote_name(row.bulletin, master.digest, desk.config.zone, master.suffix),
        priority=row.bulletin.priority,
    )


def _confirm(desk: Desk, bulletin: Bulletin, receipt: Receipt, token: int) -> None:
    facts = [
        desk.fact(
            Happened.CONFIRMED,
            bulletin=bulletin,
            station=receipt.station,
            digest=receipt.digest,
            remote=receipt.remote,
            verified=receipt.verified.value,
        )
    ]
    if receipt.sent:
        sent = desk.fact(
            Happened.DELIVERED, bulletin=bulletin, station=receipt.station, digest=receipt.digest, sent=receipt.sent
        )
        facts.insert(0, sent)
    desk.ledger.confirm(receipt, facts, token)


def _remove(desk: Desk, remote: Remote, station: Station, bulletin: BulletinId, but: str = "") -> None:
    """Remove the files that receipts say we once brought, and no others."""
    for receipt in desk.ledger.receipts(bulletin):
        if receipt.station == station.code and receipt.remote != but:
            for file in (receipt.remote, manifest.sidecar_name(receipt.remote), manifest.checksum_name(receipt.remote)):
                remote.remove(file)


def _record_failure(desk: Desk, station: Station, asked: Sequence[BulletinId], problem: PipelineError) -> None:
    if isinstance(problem, StationBusy):
        return  # the run that took the station over tells its own story
    about = {b.id: b for b in desk.ledger.bulletins(asked)}
    desk.ledger.record(
        *(
            desk.fact(
                Happened.FAILED,
                bulletin=about[b],
                station=station.code,
                code=problem.code,
                reason=problem.message.vi,
                retry=problem.retry,
            )
            for b in asked
        )
    )
