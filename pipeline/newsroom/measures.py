"""Measures: how the newsroom stands, in figures that a machine watches. Cheap, however many the stations."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.core.day import Figures
from pipeline.core.facts import Happened
from pipeline.core.model import Station, Trouble
from pipeline.core.outputs import Reached, reached
from pipeline.core.status import Stage
from pipeline.core.tally import Tally
from pipeline.newsroom import bulletins, digest, missed, outputs, push, reports
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.remains import remains
from pipeline.newsroom.tally import tally

_MARK = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A station, and how it does."""

    station: Station
    trouble: Trouble | None
    """How its last visit failed; None where it did not."""
    free: int | None
    """Bytes that were free when it was tried out last; None where nobody did, or it does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The newsroom at one moment."""

    now: datetime
    stages: Mapping[Stage, int]
    """Bulletins, ever."""
    plan: tuple[Reached, ...]
    """Each line of the plan of this local year."""
    pace: float
    """Bulletins that the pace asks for by now."""
    days: Mapping[str, Figures]
    """`today` and `tomorrow`."""
    lacking: datetime | None
    """The soonest airing in the hours ahead that a station lacks; None where none lacks anything."""
    unready: int
    """Reasons why bulletins that air in the hours ahead cannot."""
    places: tuple[Place, ...]
    """By code."""
    remains: int
    """Stations that hold what was taken back, until they are reached."""
    visited: int
    """Stations that are being visited."""
    pushed: datetime | None
    """When the last push over all stations came to its end."""
    ticked: datetime | None
    """When the clock looked last for what is late."""
    facts: int


def tick(desk: Desk) -> None:
    """Remember that the clock is at work; it does so every minute."""
    desk.ledger.set_mark(_MARK, desk.now().isoformat())


def measures(desk: Desk) -> Measures:
    """How the newsroom stands now."""
    now, ahead = desk.now(), timedelta(hours=desk.config.settings.delivery.ahead_hours)
    today = now.astimezone(desk.config.zone).date()
    counted = tally(desk)
    stages = Counter(line.stage for line in bulletins.lines_of(desk))
    troubles, tried = desk.ledger.troubles(), desk.ledger.last_at_each(Happened.TRIED)
    told = {code: fact.detail.get("free") for code, fact in tried.items()}
    free = {code: value for code, value in told.items() if isinstance(value, int)}
    return Measures(
        now=now,
        stages={stage: stages[stage] for stage in Stage},
        plan=tuple(_reached(desk, counted)),
        pace=counted.expected,
        days={
            "today": digest.figures(desk, today),
            "tomorrow": digest.figures(desk, today + timedelta(days=1)),
        },
        lacking=digest.first_lacking(desk, ahead),
        unready=len(missed.threatened(desk, ahead)),
        places=tuple(
            Place(station=station, trouble=troubles.get(code), free=free.get(code))
            for code, station in sorted(desk.config.stations.items())
        ),
        remains=len(remains(desk).keys() & desk.config.stations.keys()),
        visited=len(desk.ledger.visited(now)),
        pushed=push.last(desk),
        ticked=datetime.fromisoformat(mark) if (mark := desk.ledger.mark(_MARK)) else None,
        facts=desk.ledger.count(),
    )


def _reached(desk: Desk, counted: Tally) -> list[Reached]:
    whole = reports.whole_year(counted.year)
    days = [row.air_date for row in counted.rows if row.counted]
    entered = outputs.outputs(desk, counted.year)
    return [*reached(reports.targets(desk), entered, days, whole.first, whole.last)]
