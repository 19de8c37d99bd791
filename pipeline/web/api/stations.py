"""Stations: what each holds, what ails it, what it proved; trying one out, pushing to it."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import Field

from pipeline.core import model
from pipeline.core.facts import Happened
from pipeline.core.model import Language, Technology, Unit, Verification
from pipeline.newsroom import registry
from pipeline.newsroom.desk import Desk
from pipeline.web import errands
from pipeline.web.api import jobs
from pipeline.web.api.caller import Run, See, part
from pipeline.web.api.fields import Limit, Station_, Told, Wanted
from pipeline.web.api.jobs import Job
from pipeline.web.api.problems import Words, told, words

router = part("stations")
_TO_COME = 50


class Health(StrEnum):
    """How the last visit to a station went."""

    WELL = "well"
    FAILING = "failing"
    """It is tried again by itself."""
    STUCK = "stuck"
    """Waiting does not help: a person has to act."""


class Ailment(Told):
    """Why the last visit failed."""

    code: Annotated[str, Field(description="Such as D-101.")]
    reason: Annotated[str, Field(description="In Vietnamese, as it was told.")]
    tries: Annotated[int, Field(description="Visits that failed one after the other.")]
    since: Annotated[datetime, Field(description="UTC, ISO 8601.")]
    next_try: Annotated[datetime | None, Field(description="UTC, ISO 8601; null where a person has to act first.")]


class ListedStation(Told):
    """A station in a list."""

    code: str
    name: Annotated[str, Field(description="Of its commune or post.")]
    commune: Annotated[str, Field(description="The commune's code.")]
    unit: Unit
    technology: Technology
    transport: Annotated[str, Field(description="`sftp`, `folder`; `usb` where sticks are carried.")]
    profile: Annotated[str, Field(description="The kind of sound it wants.")]
    languages: list[Language]
    groups: list[str]
    health: Health
    trouble: Ailment | None
    being_visited: bool


class Stations(Told):
    """A part of the list."""

    items: list[ListedStation]
    next: Annotated[str | None, Field(description="To be given as `after` for what follows; null at the end.")]
    total: int


class Held(Told):
    """A file that a station holds, as its last receipt says."""

    bulletin: str
    sha256: str
    name: Annotated[str, Field(description="Of the file there.")]
    at: Annotated[datetime, Field(description="Since when: UTC, ISO 8601.")]


class ToCome(Told):
    """A planned airing."""

    at: Annotated[datetime, Field(description="UTC, ISO 8601.")]
    bulletin: str


class Trial(Told):
    """What came of trying a station out last."""

    at: Annotated[datetime, Field(description="UTC, ISO 8601.")]
    free_bytes: Annotated[int | None, Field(description="Null where the station does not tell.")]
    speed_kbits: Annotated[int | None, Field(description="kbit/s.")]


class Station(ListedStation):
    """A station, whole. Neither its address nor its keys are told."""

    windows: Annotated[list[str], Field(description="Local times between which it may air; empty: any.")]
    quiet: Annotated[list[str], Field(description="Local times between which it does not.")]
    keep_days: int
    holds: list[Held]
    to_come: Annotated[list[ToCome], Field(description=f"The next {_TO_COME} airings.")]
    last_trial: Trial | None
    job: Job | None


class Receipt(Told):
    """Proof that a station held some bytes under a name. It never says that they were played."""

    bulletin: str
    sha256: str
    name: str
    size_bytes: int
    sent_bytes: Annotated[int, Field(description="0 where it held the file already.")]
    verified: Annotated[Verification, Field(description="How strongly: `reported` proves nothing.")]
    at: Annotated[datetime, Field(description="UTC, ISO 8601.")]


class Receipts(Told):
    """The last receipts of a station, the newest first."""

    items: list[Receipt]


class Doubt(Told):
    """Something about a station that works, or may, but is hardly what was meant."""

    station: str
    what: Words


class Registry(Told):
    """The list of stations as a whole."""

    stations: int
    doubts: list[Doubt]
    doubts_total: int
    gone: Annotated[list[str], Field(description="Codes that were there lately and are not any more.")]


def _health(trouble: model.Trouble | None) -> Health:
    return Health.WELL if trouble is None else Health.FAILING if trouble.retry else Health.STUCK


def _lines(desk: Desk, found: Iterable[model.Station]) -> list[dict[str, object]]:
    troubles, visited = desk.ledger.troubles(), desk.ledger.visited(desk.now())
    return [_line(s, troubles.get(s.code), visited=desk.config.first_at_place(s) in visited) for s in found]


def _line(s: model.Station, trouble: model.Trouble | None, *, visited: bool) -> dict[str, object]:
    ailment = trouble and Ailment(
        code=trouble.code, reason=trouble.reason, tries=trouble.tries, since=trouble.since, next_try=trouble.next
    )
    return {
        "code": s.code, "name": s.name, "commune": s.commune.code, "unit": s.unit, "technology": s.technology,
        "transport": s.transport, "profile": s.profile, "languages": s.languages, "groups": s.groups,
        "health": _health(trouble), "trouble": ailment, "being_visited": visited,
    }  # fmt: skip


@router.get("/stations")
def list_stations(
    by: See,
    health: Health | None = None,
    text: Annotated[Wanted, Query(description="Words in code and name, with accents or without; or a group.")] = "",
    after: Annotated[
        str, Query(max_length=32, pattern=r"^[0-9A-Za-z._-]*$", description="The `next` of the part before.")
    ] = "",
    limit: Limit = 200,
) -> Stations:
    """Stations by code, with what ails them."""
    desk = by.desk
    troubles = desk.ledger.troubles()
    found = [s for s in registry.sought(desk, text) if health is None or _health(troubles.get(s.code)) is health]
    left = [s for s in found if s.code > after]
    return Stations(
        items=[ListedStation(**one) for one in _lines(desk, left[:limit])],
        next=left[limit - 1].code if len(left) > limit else None,
        total=len(found),
    )


@router.get("/registry")
def get_registry(by: See, limit: Limit = 200) -> Registry:
    """How many stations there are, the first doubts about them, and which are gone."""
    doubts = registry.doubts(by.desk)
    return Registry(
        stations=len(by.desk.config.stations),
        doubts=[Doubt(station=one.station, what=words(one.what)) for one in doubts[:limit]],
        doubts_total=len(doubts),
        gone=registry.gone(by.desk),
    )


@router.get("/stations/{station}", responses=told(404))
def get_station(request: Request, by: See, code: Station_) -> Station:
    """A station: what it holds, what it is to air, what ails it, and how much room it has."""
    desk = by.desk
    found = registry.find(desk, code)
    to_come = desk.ledger.transmissions(station=found.code, after=desk.now(), most=_TO_COME)
    tried = desk.ledger.latest(1, happened=Happened.TRIED, station=found.code)
    job = jobs.work_of(request).job(errands.about_station(found.code))
    (line,) = _lines(desk, [found])
    return Station(
        **line,
        windows=[str(one) for one in found.windows],
        quiet=[str(one) for one in found.quiet],
        keep_days=found.keep_days,
        holds=[
            Held(bulletin=h.bulletin, sha256=h.digest, name=h.remote, at=h.at)
            for h in desk.ledger.holdings(station=found.code)
        ],
        to_come=[ToCome(at=one.at, bulletin=one.bulletin) for one in to_come],
        last_trial=Trial(
            at=tried[0].at, free_bytes=tried[0].detail.get("free"), speed_kbits=tried[0].detail.get("kbits")
        )
        if tried
        else None,
        job=jobs.job(job) if job else None,
    )


@router.get("/stations/{station}/receipts", responses=told(404))
def list_receipts(by: See, code: Station_, limit: Limit = 100) -> Receipts:
    """What it proved to hold, the newest first."""
    found = by.desk.ledger.last_receipts(registry.find(by.desk, code).code, limit)
    return Receipts(
        items=[
            Receipt(
                bulletin=r.bulletin, sha256=r.digest, name=r.remote, size_bytes=r.size, sent_bytes=r.sent,
                verified=r.verified, at=r.at,
            )
            for r in found
        ]
    )  # fmt: skip


@router.get("/stations/{station}/work", responses=told(404))
def get_station_work(request: Request, by: See, code: Station_) -> Job:
    """How what was asked for last about a station goes."""
    return jobs.last(request, errands.about_station(registry.find(by.desk, code).code))


@router.post("/stations/{station}/test", status_code=HTTPStatus.ACCEPTED, responses={**jobs.ACCEPTED, **told(404)})
def test_station(request: Request, response: Response, by: Run, code: Station_) -> Job:
    """Call it, write and remove a small file there; where that goes well, its trouble is over."""
    return jobs.begun(request, response, errands.try_out(jobs.work_of(request), by.desk, code))


@router.post("/stations/{station}/push", status_code=HTTPStatus.ACCEPTED, responses={**jobs.ACCEPTED, **told(404, 409)})
def push_to_station(request: Request, response: Response, by: Run, code: Station_) -> Job:
    """Send it what it lacks, now."""
    return jobs.begun(request, response, errands.push_to(jobs.work_of(request), by.desk, code))
