"""The push: what airs soon goes to every station that lacks it, once, and what arrived is proven."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from pipeline.core.errors import AllStationsFailed, PipelineError, SomeStationsFailed, UnknownName
from pipeline.core.facts import Fact, Happened, Json
from pipeline.core.model import (
    Bulletin,
    BulletinId,
    Digest,
    Master,
    Receipt,
    Seconds,
    Station,
    StationCode,
    Transmission,
)
from pipeline.core.ports import Job
from pipeline.core.schedule import due, overdue
from pipeline.core.status import status_of
from pipeline.newsroom import bulletins
from pipeline.newsroom.desk import Desk, Handler

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
    """Airings that passed without the file at the station, told now for the first time."""

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
            AllStationsFailed, SomeStationsFailed, or the one problem itself where there was one station.
        """
        failed = self.failed
        if not failed:
            return
        if len(self.attempts) == 1 and failed[0].problem:
            raise failed[0].problem
        kind = AllStationsFailed if len(failed) == len(self.attempts) else SomeStationsFailed
        raise kind(failed=len(failed), total=len(self.attempts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one station lacks."""

    station: Station
    bulletins: tuple[Bulletin, ...]


def wanted(desk: Desk, only: str = "") -> list[Wanted]:
    """What is planned within the hours ahead, may go out, and is not proven to be at its station, by station.

    Raises:
        UnknownName: `only` names no station.
    """
    if only and only not in desk.config.stations:
        raise UnknownName(what="trạm / station", name=only, nearest=", ".join(sorted(desk.config.stations)) or "-")
    ahead = timedelta(hours=desk.config.settings.delivery.ahead_hours)
    known = {row.bulletin.id: row for row in bulletins.rows(desk)}
    lacking: dict[StationCode, dict[BulletinId, Bulletin]] = {}
    for t in due(desk.ledger.transmissions(), desk.now(), ahead):
        row, station = known[t.bulletin], desk.config.stations.get(t.station)
        if station is None or (only and t.station != only) or not row.status.may_go_out:
            continue
        if row.status.holding.get(t.station) != row.status.masters.get(station.profile, ""):
            lacking.setdefault(t.station, {})[t.bulletin] = row.bulletin
    return [Wanted(station=desk.config.stations[c], bulletins=tuple(b.values())) for c, b in lacking.items()]


def push(desk: Desk, only: str = "") -> Pushed:
    """Send what is wanted. A second run right after it finds nothing wanted and sends nothing.

    One station's trouble is a `failed` fact and does not touch the others.
    """
    missed = _tell_missed(desk)
    jobs = [
        Job(
            verb=VERB,
            key=w.station.code,
            arguments={"station": w.station.code, "bulletins": [b.id for b in w.bulletins]},
        )
        for w in wanted(desk, only)
    ]
    attempts: list[Attempt] = []
    for done, outcome in enumerate(desk.queue(handlers(desk)).perform(jobs), start=1):
        desk.progress("push", done, len(jobs))
        attempts.append(_attempt(outcome.job, outcome.result, outcome.problem))
    return Pushed(attempts=tuple(sorted(attempts, key=lambda a: a.station)), missed=missed)


def handlers(desk: Desk) -> Mapping[str, Handler]:
    """The verbs that any worker of this newsroom can do."""
    return {VERB: lambda arguments: _deliver(desk, arguments)}


def _attempt(job: Job, result: Mapping[str, Json], problem: PipelineError | None) -> Attempt:
    asked = job.arguments["bulletins"]
    return Attempt(
        station=StationCode(job.key),
        files=len(asked) if isinstance(asked, list) else 0,
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
    asked = set(arguments["bulletins"]) if isinstance(arguments["bulletins"], list) else set()
    seconds = desk.config.settings.delivery.deadline_seconds
    now = desk.now()
    token = desk.ledger.lease(station.code, f"{desk.who} {uuid4().hex[:8]}", now, now + timedelta(seconds=seconds + 60))
    try:
        return _deliver_leased(desk, station, asked, token)
    except PipelineError as problem:
        _record_failure(desk, station, asked, problem)
        raise
    finally:
        desk.ledger.release(station.code, token, desk.now())
