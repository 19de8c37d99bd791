"""Days for programs: the plan, how a day stands, and what happened."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from pipeline.core.errors import NothingThere
from pipeline.core.facts import Happened
from pipeline.core.people import Right
from pipeline.newsroom import plan
from pipeline.newsroom.digest import digest
from pipeline.web.api.caller import Call, Caller
from pipeline.web.api.values import Day

router = APIRouter(tags=["days"])
See = Annotated[Caller, Depends(Call(Right.SEE))]
_FIRST, _LAST = date(2000, 1, 1), date(9998, 12, 31)


class PlannedAiring(BaseModel):
    """A bulletin at an instant, and the stations that are to air it then."""

    at: datetime
    bulletin: str
    stations: list[str]


class ClashRow(BaseModel):
    """Bulletins that get in each other's way at a station."""

    station: str
    at: datetime
    bulletins: list[str]
    why: str = Field(description="`overlap` or `overrun`.")


class PlanOfDay(BaseModel):
    """What is still to air."""

    airings: list[PlannedAiring]
    clashes: list[ClashRow]


class FactRow(BaseModel):
    """One thing that happened."""

    number: int
    happened: Happened
    who: str
    at: datetime
    bulletin: str | None
    station: str | None
    digest: str | None
    detail: dict[str, Any]


class Facts(BaseModel):
    """A page of the log."""

    items: list[FactRow]
    next: int | None = Field(description="What `before` is to be for the next page; null at the end.")


@router.get("/plan", operation_id="getPlan")
def planned(
    c: See, day: Annotated[Day | None, Query(description="A local day; else everything that is to come.")] = None
) -> PlanOfDay:
    """What is to air from now on, soonest first, and what clashes."""
    airings = [
        PlannedAiring(at=a.at, bulletin=a.bulletin.id, stations=list(a.stations)) for a in plan.airings(c.desk, day)
    ]
    clashes = [
        ClashRow(station=one.station, at=one.at, bulletins=list(one.bulletins), why=one.why)
        for one in plan.clashes(c.desk)
        if day is None or one.at.astimezone(c.desk.config.zone).date() == day
    ]
    return PlanOfDay(airings=airings, clashes=clashes)


@router.get("/days/{day}", operation_id="getDay")
def of_day(c: See, day: Annotated[Day, Path(description="A local day.")]) -> dict[str, Any]:
    """How a day stands: who has its bulletins, who lacks them and why, what to do. As `bantin digest --json`."""
    if not _FIRST <= day <= _LAST:
        raise NothingThere
    return dict(digest(c.desk, day).as_json())


@router.get("/facts", operation_id="listFacts")
def facts(
    c: See,
    happened: Happened | None = None,
    who: Annotated[str, Query(max_length=80)] = "",
    bulletin: Annotated[str, Query(pattern=r"^[a-z0-9-]{0,80}$")] = "",
    station: Annotated[str, Query(pattern=r"^[A-Za-z0-9._-]{0,32}$")] = "",
    before: Annotated[int, Query(ge=0, le=2**53 - 1, description="A fact's number; 0: from the last one on.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Facts:
    """The log, the newest first."""
    name = "".join(letter for letter in who if letter.isprintable())
    found = c.desk.ledger.latest(
        limit + 1, before=before, happened=happened, who=name, bulletin=bulletin, station=station
    )
    rows = [
        FactRow(
            number=f.number, happened=f.happened, who=f.who, at=f.at, bulletin=f.bulletin, station=f.station,
            digest=f.digest, detail=dict(f.detail),
        )
        for f in found[:limit]
    ]  # fmt: skip
    return Facts(items=rows, next=rows[-1].number if len(found) > limit else None)
