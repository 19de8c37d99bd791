"""Stations for programs: what each holds and what ails it; trying it, pushing to it."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field

from pipeline.core.errors import NothingThere
from pipeline.core.model import Language, StationCode, Technology, Unit
from pipeline.core.model import Station as Row
from pipeline.core.people import Right
from pipeline.core.ports import Lane
from pipeline.newsroom.desk import Desk
from pipeline.web.api.bulletins import Work, state_of
from pipeline.web.api.caller import Call, Caller
from pipeline.web.stations import about, sending, trial

router = APIRouter(tags=["stations"])
Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,32}$", description="A station's code.")]
See = Annotated[Caller, Depends(Call(Right.SEE))]
Run = Annotated[Caller, Depends(Call(Right.RUN))]


class Fault(BaseModel):
    """How its last visit failed."""

    code: str
    reason: str = Field(description="In Vietnamese, as it was told.")
    tries: int
    since: datetime
    next: datetime | None = Field(description="When it is tried again; null where a person has to act first.")


class Station(BaseModel):
    """A station as the registry has it. Hosts, users and keys are not told."""

    code: str
    name: str
    commune: str
    unit: Unit
    technology: Technology
    transport: str
    profile: str
    languages: list[Language]
    windows: list[str]
    quiet: list[str]
    fault: Fault | None
    being_visited: bool


class Stations(BaseModel):
    """A page of a list."""

    items: list[Station]
    next: str | None = Field(description="What `after` is to be for the next page; null at the end.")


class Held(BaseModel):
    """A bulletin that a station holds."""

    bulletin: str
    digest: str
    since: datetime


class Airing(BaseModel):
    """A planned airing."""

    bulletin: str
    at: datetime


class StationWhole(Station):
    """A station with what it holds and what it is to air."""

    holds: list[Held]
    to_come: list[Airing]


class ReceiptRow(BaseModel):
    """Proof that a station held these bytes. It never says that they were played."""

    bulletin: str
    digest: str
    bytes: int
    verified: str = Field(description="`reported`, `size`, `hash` or `readback`, weakest first.")
    at: datetime
    sent_bytes: int


def _station(desk: Desk, row: Row, faults: dict[StationCode, Fault], visited: set[StationCode]) -> dict[str, object]:
    return {
        "code": row.code, "name": row.name, "commune": row.commune.code, "unit": row.unit, "technology": row.technology,
        "transport": row.transport, "profile": row.profile, "languages": list(row.languages),
        "windows": [str(w) for w in row.windows], "quiet": [str(w) for w in row.quiet], "fault": faults.get(row.code),
        "being_visited": desk.config.first_at_place(row) in visited,
    }  # fmt: skip


def _faults(desk: Desk) -> dict[StationCode, Fault]:
    return {
        code: Fault(code=t.code, reason=t.reason, tries=t.tries, since=t.since, next=t.next)
        for code, t in desk.ledger.troubles().items()
    }


def _find(desk: Desk, code: str) -> Row:
    found = desk.config.stations.get(StationCode(code))
    if found is None:
        raise NothingThere
    return found


@router.get("/stations", operation_id="listStations")
def listed(
    c: See,
    failing: Annotated[bool, Query(description="Only those whose last visit failed.")] = False,
    text: Annotated[str, Query(max_length=200, description="In the code or the name.")] = "",
    after: Annotated[str, Query(pattern=r"^[A-Za-z0-9._-]{0,32}$")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Stations:
    """Stations by code."""
    faults, visited, wanted = _faults(c.desk), c.desk.ledger.visited(c.desk.now()), text.strip().casefold()
    found = [
        row
        for code, row in sorted(c.desk.config.stations.items())
        if code > after
        and (not failing or code in faults)
        and (wanted in code.casefold() or wanted in row.name.casefold())
    ]
    items = [Station.model_validate(_station(c.desk, row, faults, visited)) for row in found[:limit]]
    return Stations(items=items, next=items[-1].code if len(found) > limit else None)


@router.get("/stations/{code}", operation_id="getStation")
def one(c: See, code: Code) -> StationWhole:
    """A station."""
    row = _find(c.desk, code)
    base = _station(c.desk, row, _faults(c.desk), c.desk.ledger.visited(c.desk.now()))
    holds = [Held(bulletin=h.bulletin, digest=h.digest, since=h.at) for h in c.desk.ledger.holdings(station=row.code)]
    to_come = [
        Airing(bulletin=t.bulletin, at=t.at) for t in c.desk.ledger.transmissions(station=row.code, after=c.desk.now())
    ]
    return StationWhole.model_validate(base | {"holds": holds, "to_come": to_come})


@router.get("/stations/{code}/receipts", operation_id="listReceipts")
def receipts(c: See, code: Code, limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> list[ReceiptRow]:
    """Its last receipts, the newest first."""
    found = c.desk.ledger.receipts(_find(c.desk, code).code)
    return [
        ReceiptRow(
            bulletin=r.bulletin, digest=r.digest, bytes=r.size, verified=r.verified.value, at=r.at, sent_bytes=r.sent
        )
        for r in found[::-1][:limit]
    ]  # fmt: skip


@router.post("/stations/{code}/test", operation_id="testStation", status_code=HTTPStatus.ACCEPTED)
def test(request: Request, c: Run, code: Code) -> Work:
    """Call it, write and remove a small file there."""
    _find(c.desk, code)
    return state_of(request.app.state.work.ask(Lane.LINE, about(code), c.person.name, trial(code)))


@router.post("/stations/{code}/push", operation_id="pushStation", status_code=HTTPStatus.ACCEPTED)
def push(request: Request, c: Run, code: Code) -> Work:
    """Send it what it lacks, now."""
    _find(c.desk, code)
    return state_of(request.app.state.work.ask(Lane.LINE, about(code), c.person.name, sending(code)))


@router.get("/stations/{code}/work", operation_id="getStationWork")
def work(request: Request, c: See, code: Code) -> Work:
    """Whether it is being tried or pushed to because somebody asked, and what came of it."""
    _find(c.desk, code)
    return state_of(request.app.state.work.job(about(code)))
