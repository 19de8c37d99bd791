"""Days: what waits for whom, how a day stands, what airs when."""

from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import Field

from pipeline.core import day
from pipeline.core.errors import BadPeriod
from pipeline.newsroom import bulletins, listing, plan
from pipeline.newsroom.digest import digest, figures
from pipeline.web.api import log
from pipeline.web.api.bulletins import ListedBulletin, line
from pipeline.web.api.caller import See, part
from pipeline.web.api.fields import Day, Told
from pipeline.web.api.problems import Trouble, Words, trouble, words

router = part("days")
_MOST = timedelta(days=92)
_At = Annotated[datetime, Field(description="UTC, ISO 8601.")]


class Served(Told):
    """A bulletin of a day, and how many of its stations hold it."""

    id: str
    title: str
    at: Annotated[datetime, Field(description="When it airs first on that day: UTC, ISO 8601.")]
    stations: int
    holding: int


class Lacking(Told):
    """A station that does not hold what it should, why, and what to do."""

    station: str
    name: str
    at: Annotated[datetime, Field(description="When it is to air the first of them: UTC, ISO 8601.")]
    bulletins: list[str]
    code: Annotated[str | None, Field(description="What is in the way; null where nobody has tried yet.")]
    why: Annotated[str | None, Field(description="In Vietnamese.")]
    tries: int
    since: datetime | None
    next: datetime | None
    step: Annotated[str, Field(description="What to do, in Vietnamese.")]


class Remains(Told):
    """A station that holds what was taken back."""

    station: str
    name: str
    bulletins: list[str]
    step: str


class Threat(Told):
    """A bulletin that airs soon and cannot yet."""

    id: str
    at: _At
    code: str
    why: str
    step: str


class Gap(Told):
    """An air time that passed without its bulletin."""

    id: str
    at: _At
    stations: Annotated[list[str], Field(description="Where; empty where it was planned at none.")]


class Digest(Told):
    """How a day stands, as `bantin digest --json` says it."""

    day: date
    well: Annotated[bool, Field(description="Whether nobody has to do anything.")]
    stations: Annotated[int, Field(description="That are to air something.")]
    complete: Annotated[int, Field(description="That hold all they should.")]
    missed: Annotated[int, Field(description="Airings that passed without the bulletin.")]
    gaps: list[Gap]
    aired: Annotated[int, Field(description="Airings that stations say they played.")]
    bulletins: list[Served]
    lacking: list[Lacking]
    remains: list[Remains]
    threats: list[Threat]


class Figures(Told):
    """A day in figures."""

    day: date
    stations: int
    complete: int
    bulletins: list[Served]


class Concern(Told):
    """A station about which somebody has to act."""

    station: str
    name: str
    code: str | None
    reason: Annotated[str | None, Field(description="In Vietnamese.")]
    bulletins: Annotated[list[str], Field(description="Those that it holds and that must not air.")]
    step: Words


class ToAir(Told):
    """A bulletin that airs soon and cannot yet."""

    bulletin: str
    at: _At
    problem: Trouble


class Today(Told):
    """What waits for somebody now."""

    now: _At
    to_sign: list[ListedBulletin]
    to_mend: Annotated[list[ListedBulletin], Field(description="Held, or returned to their editor.")]
    days: Annotated[list[Figures], Field(description="This local day and the next.")]
    threats: list[ToAir]
    remains: list[Concern]
    stuck: list[Concern]
    refused: Annotated[list[log.Fact], Field(description="Files that were refused of late.")]


class Airing(Told):
    """A bulletin at an air time."""

    at: _At
    bulletin: ListedBulletin


class Clash(Told):
    """Bulletins that get in each other's way at a station."""

    station: str
    at: _At
    bulletins: list[str]
    why: str


class Plan(Told):
    """What airs in some days, signed or not, and what clashes."""

    first: date
    last: date
    airings: list[Airing]
    clashes: list[Clash]


@router.get("/today")
def get_today(by: See) -> Today:
    """What waits to be signed or mended, how today and tomorrow stand, which stations need somebody."""
    desk = by.desk
    now = listing.today(desk, partial(figures, desk))
    waiting = [row.bulletin for row in (*now.to_sign, *now.to_mend)]
    lines = {one.bulletin.id: line(one) for one in bulletins.lines_of(desk, [b.id for b in waiting])}
    return Today(
        now=now.now,
        to_sign=[lines[row.bulletin.id] for row in now.to_sign],
        to_mend=[lines[row.bulletin.id] for row in now.to_mend],
        days=[_figures(one) for one in now.days],
        threats=[ToAir(bulletin=t.bulletin.id, at=t.at, problem=trouble(t.problem)) for t in now.threats],
        remains=[_concern(one) for one in now.remains],
        stuck=[_concern(one) for one in now.stuck],
        refused=log.told(now.refused),
    )


def _figures(of: day.Figures) -> Figures:
    return Figures(
        day=of.day, stations=of.stations, complete=of.complete,
        bulletins=[
            Served(id=s.bulletin.id, title=s.bulletin.title, at=s.at, stations=s.stations, holding=s.holding)
            for s in of.served
        ],
    )  # fmt: skip


def _concern(one: day.Concern) -> Concern:
    return Concern(
        station=one.station.code, name=one.station.name, code=one.trouble.code if one.trouble else None,
        reason=one.trouble.reason if one.trouble else None, bulletins=[b.id for b in one.bulletins],
        step=words(one.step),
    )  # fmt: skip


@router.get("/days/{day}")
def get_day(by: See, of: Annotated[Day, Path(alias="day", description="A local day.")]) -> Digest:
    """How a local day stands: who has its bulletins, who lacks them and why, what to do."""
    told: Any = digest(by.desk, of).as_json()
    return Digest.model_validate(told)


@router.get("/plan")
def get_plan(
    by: See,
    first: Annotated[Day | None, Query(description="The first local day; else today.")] = None,
    last: Annotated[Day | None, Query(description="At most 92 days on; else six days after the first.")] = None,
) -> Plan:
    """What airs in a span of local days, signed or not."""
    desk, zone = by.desk, by.desk.config.zone
    first = first or desk.now().astimezone(zone).date()
    last = last or first + timedelta(days=6)
    if not timedelta(0) <= last - first <= _MOST:
        raise BadPeriod(first=f"{first:%d/%m/%Y}", last=f"{last:%d/%m/%Y}")
    clashes = [c for c in plan.clashes(desk) if first <= c.at.astimezone(zone).date() <= last]
    return Plan(
        first=first, last=last,
        airings=[Airing(at=at, bulletin=line(one)) for at, one in listing.airings(desk, first, last)],
        clashes=[Clash(station=c.station, at=c.at, bulletins=list(c.bulletins), why=c.why) for c in clashes],
    )  # fmt: skip
