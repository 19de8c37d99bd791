"""Slots → transmissions: when a bulletin airs at which station. Instants are UTC; a local time names its zone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pipeline.core.model import Bulletin, Priority, Slot, Station, StationCode, Transmission


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why a station will not air a bulletin at an instant (or at all, where `at` is None)."""

    station: StationCode
    at: datetime | None
    why: str
    """`language`, `window`, `past`, or `profile` where there is no master of the station's kind."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will air, and what will not and why."""

    transmissions: tuple[Transmission, ...]
    conflicts: tuple[Conflict, ...] = ()


def air_times(wished: Sequence[datetime], slots: Sequence[Slot], now: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The UTC instants of a bulletin: the naive local times it asks for, else the programme's slots of the next day."""
    if wished:
        return tuple(sorted(at.replace(tzinfo=zone).astimezone(UTC) for at in wished))
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return tuple(sorted(datetime.combine(tomorrow, slot.at, zone).astimezone(UTC) for slot in slots))


def plan(bulletin: Bulletin, stations: Iterable[Station], now: datetime, zone: ZoneInfo) -> Plan:
    """Cross a bulletin's air times with its stations.

    A station that has none of its languages gets nothing. Outside a station's windows nothing airs unless the bulletin
    is urgent. A station without windows airs at any time. What has passed is not planned.
    """
    transmissions: list[Transmission] = []
    conflicts: list[Conflict] = []
    for station in stations:
        if not station.understands(bulletin):
            conflicts.append(Conflict(station.code, None, "language"))
            continue
        for at in bulletin.air:
            if why := _obstacle(bulletin, station, at, now, zone):
                conflicts.append(Conflict(station.code, at, why))
            else:
                transmissions.append(Transmission(at=at, station=station.code, bulletin=bulletin.id))
    return Plan(tuple(sorted(transmissions)), tuple(conflicts))


def _obstacle(bulletin: Bulletin, station: Station, at: datetime, now: datetime, zone: ZoneInfo) -> str:
    if at <= now:
        return "past"
    local = at.astimezone(zone).time()
    inside = not station.windows or any(window.holds(local) for window in station.windows)
    return "" if inside or bulletin.priority is Priority.URGENT else "window"


def due(planned: Iterable[Transmission], now: datetime, ahead: timedelta) -> list[Transmission]:
    """What to push now: everything that airs after now and within `ahead`, soonest first."""
    return sorted(t for t in planned if now < t.at <= now + ahead)
