"""Nights: which station had what, night after night, for a grid that people read at a glance."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from pipeline.core.facts import Happened
from pipeline.core.model import Bulletin, StationCode
from pipeline.newsroom import bulletins, missed
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.missed import Copy

_ONE_DAY = timedelta(days=1)
_FIRST = timedelta(microseconds=1)


class State(StrEnum):
    """How a station stands with what it is to air on a day, best first."""

    WHOLE = "whole"
    """It holds all of it, or held it."""
    LATE = "late"
    """It has all of it by now, and missed an airing."""
    PARTLY = "partly"
    NONE = "none"
    WAITING = "waiting"
    """It lacks only what is still to air."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """One station's local day on air."""

    planned: int
    """Bulletins."""
    holding: int
    missed: int
    """Airings that passed without their bulletin."""
    overdue: bool
    """Whether anything that it lacks was to air by now."""

    @property
    def state(self) -> State:
        """In one word."""
        if self.holding < self.planned and not self.overdue and not self.missed:
            return State.WAITING
        if self.holding < self.planned:
            return State.PARTLY if self.holding else State.NONE
        return State.LATE if self.missed else State.WHOLE


def nights(
    desk: Desk, codes: Collection[StationCode], days: Sequence[date]
) -> Mapping[StationCode, Mapping[date, Night]]:
    """Each station's days on which it is to air something; what was taken back is not among it."""
    zone, now = desk.config.zone, desk.now()
    begin = datetime.combine(days[0], datetime.min.time(), zone).astimezone(UTC)
    end = datetime.combine(days[-1] + _ONE_DAY, datetime.min.time(), zone).astimezone(UTC)
    lost: dict[tuple[StationCode, date], int] = defaultdict(int)
    for fact in desk.ledger.facts(happened=Happened.MISSED, since=begin):
        at = datetime.fromisoformat(str(fact.detail["at"]))
        if fact.station and begin <= at < end:
            lost[fact.station, at.astimezone(zone).date()] += 1
    found: dict[StationCode, dict[date, Night]] = {code: {} for code in codes}
    for day in days:
        start = datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)
        due = desk.ledger.due(start - _FIRST, start + _ONE_DAY - _FIRST, now, codes)
        about = {row.bulletin.id: row for row in bulletins.rows(desk, {d.bulletin for d in due}, stations=())}
        lacks: dict[StationCode, list[datetime | None]] = defaultdict(list)
        for d in due:
            if not missed.is_off(about[d.bulletin]):
                copy = missed.copy_at(desk, about[d.bulletin], d)
                is_there = copy is Copy.CURRENT or (copy is Copy.OLDER and d.at <= now)  # then it was what aired
                lacks[d.station].append(None if is_there else d.at)
        for code, times in lacks.items():
            found[code][day] = Night(
                planned=len(times),
                holding=times.count(None),
                missed=lost[code, day],
                overdue=any(at <= now for at in times if at),
            )
    return found


def one_night(desk: Desk, code: StationCode, day: date) -> list[tuple[datetime, Bulletin, Copy]]:
    """What one station is to air on a local day, when first, and the copy it has, or had, of it."""
    start = datetime.combine(day, datetime.min.time(), desk.config.zone).astimezone(UTC)
    due = desk.ledger.due(start - _FIRST, start + _ONE_DAY - _FIRST, desk.now(), [code])
    about = {row.bulletin.id: row for row in bulletins.rows(desk, {d.bulletin for d in due}, stations=())}
    shown = [(d, about[d.bulletin]) for d in due if not missed.is_off(about[d.bulletin])]
    return [(d.at, row.bulletin, missed.copy_at(desk, row, d)) for d, row in shown]


def worrying(desk: Desk, days: Sequence[date]) -> set[StationCode]:
    """Stations that a push could not serve last, or that missed an airing on one of some days."""
    begin = datetime.combine(days[0], datetime.min.time(), desk.config.zone).astimezone(UTC)
    facts = desk.ledger.facts(happened=Happened.MISSED, since=begin)
    return {*desk.ledger.troubles(), *(fact.station for fact in facts if fact.station)} & desk.config.stations.keys()
