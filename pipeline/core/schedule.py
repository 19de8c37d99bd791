"""Slots → transmissions: when a bulletin airs at which station. Instants are UTC; a local time names its zone."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pipeline.core.model import (
    Bulletin,
    BulletinId,
    Priority,
    Seconds,
    Slot,
    Station,
    StationCode,
    Transmission,
    Window,
)

ORDER = {Priority.URGENT: 0, Priority.PREFERRED: 1, Priority.NORMAL: 2}
"""Which goes first where two want the same."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why a station will not air a bulletin at an instant (or at all, where `at` is None)."""

    station: StationCode
    at: datetime | None
    why: str
    """`language`; `window`; `long`: longer than what is left of the window; `past`; `profile`: no master of its kind;
    `embargo`: it may not leave us in time to be there before it airs.
    """


@dataclass(frozen=True, slots=True)
class Plan:
    """What will air, and what will not and why."""

    transmissions: tuple[Transmission, ...]
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, slots=True)
class Clash:
    """What several bulletins make of a station's hour, told in advance. All of them are sent; people decide."""

    station: StationCode
    at: datetime
    bulletins: tuple[BulletinId, ...]
    why: str
    """`overlap`: one begins while another still airs. `overrun`: one after the other, they outlast the window."""


def air_times(
    wished: Sequence[datetime],
    slots: Sequence[Slot],
    now: datetime,
    zone: ZoneInfo,
    *,
    repeat: int = 0,
    holidays: Collection[date] = (),
    expires: datetime | None = None,
) -> tuple[datetime, ...]:
    """The UTC instants of a bulletin: the naive local times it asks for, else the programme's slots of the next day.

    It airs again at the same times on each of `repeat` days after its last. What nobody asked for by its date (slots,
    repeats) leaves out holidays; nothing airs after `expires` (UTC). May be empty.
    """
    if wished:
        days: dict[date, list[time]] = {}
        for at in sorted(wished):
            days.setdefault(at.date(), []).append(at.time())
    else:
        days = {_working(now.astimezone(zone).date() + _DAY, holidays): [slot.at for slot in slots]}
    last = max(days)
    for _ in range(repeat):
        day = _working(max(days) + _DAY, holidays)
        days[day] = days[last]
    every = (datetime.combine(day, at, zone).astimezone(UTC) for day, times in days.items() for at in times)
    return tuple(sorted({at for at in every if expires is None or at <= expires}))


def _working(day: date, holidays: Collection[date]) -> date:
    while day in holidays:
        day += _DAY
    return day


def room(station: Station, local: datetime) -> timedelta | None:
    """For how long a station may air from a local time on; None where it may not begin then.

    Windows that meet are one. A quiet hour ends it whatever the windows say.
    """
    if not station.may_air(local.time()):
        return None
    ends = [_DAY, *(_until(local, window.start) for window in station.quiet)]
    if station.windows:
        ends.append(_stretch(station.windows, local))
    return min(ends)


def _stretch(windows: Sequence[Window], local: datetime) -> timedelta:
    reached = timedelta()
    for _ in windows:
        at = (local + reached).time()
        reached += max((_until(local + reached, w.end) for w in windows if w.holds(at)), default=timedelta())
    return reached


def _until(local: datetime, at: time) -> timedelta:
    """From a local time to the next time the clock shows `at`."""
    then = datetime.combine(local.date(), at, local.tzinfo)
    return then - local if then > local else then + _DAY - local


def plan(
    bulletin: Bulletin,
    stations: Iterable[Station],
    now: datetime,
    zone: ZoneInfo,
    *,
    seconds: Mapping[str, Seconds] | None = None,
    margin: timedelta = timedelta(),
) -> Plan:
    """Cross a bulletin's air times with its stations.

    A station that has none of its languages gets nothing. Outside a station's windows, and in its quiet hours, nothing
    airs unless the bulletin is urgent. A station without windows airs at any other time. What has passed is not
    planned, nor what would air on a day on which the station's unit is not one.

    Args:
        bulletin: whose air times they are.
        stations: its recipients.
        now: the instant of planning.
        zone: of the stations' windows.
        seconds: how long it is, by profile; one that is longer than what is left of a window is not planned.
        margin: before air, by which it should stand at its stations.
    """
    transmissions: list[Transmission] = []
    conflicts: list[Conflict] = []
    for station in stations:
        if not station.understands(bulletin):
            conflicts.append(Conflict(station.code, None, "language"))
            continue
        for at in bulletin.air:
            if not station.commune.stands(at.astimezone(zone).date()):
                continue  # another unit stands there on that day, with a row of its own
            length = timedelta(seconds=(seconds or {}).get(station.profile, 0))
            if why := _obstacle(bulletin, station, at.astimezone(zone), now, length):
                conflicts.append(Conflict(station.code, at, why))
            else:
                if bulletin.embargo and at - margin < bulletin.embargo:
                    conflicts.append(Conflict(station.code, at, "embargo"))
                transmissions.append(Transmission(at=at, station=station.code, bulletin=bulletin.id))
    return Plan(tuple(sorted(transmissions)), tuple(conflicts))


def _obstacle(bulletin: Bulletin, station: Station, local: datetime, now: datetime, length: timedelta) -> str:
    if local <= now:
        return "past"
    if bulletin.priority is Priority.URGENT:
        return ""
    left = room(station, local)
    if left is None:
        return "window"
    return "long" if length > left else ""


def clashes(
    planned: Iterable[Transmission],
    stations: Mapping[StationCode, Station],
    lengths: Mapping[tuple[BulletinId, str], Seconds],
    urgent: Collection[BulletinId],
    zone: ZoneInfo,
) -> list[Clash]:
    """Where several bulletins get in each other's way at a station; `lengths` are by bulletin and profile.

    Bulletins of the same instant air one after the other and do not clash, unless together they outlast the window.
    """
    by_station: dict[StationCode, list[Transmission]] = {}
    for transmission in planned:
        by_station.setdefault(transmission.station, []).append(transmission)
    return [
        clash
        for code, airings in by_station.items()
        if code in stations
        for clash in _clashes(sorted(airings), stations[code], lengths, urgent, zone)
    ]


def _clashes(
    airings: Sequence[Transmission],
    station: Station,
    lengths: Mapping[tuple[BulletinId, str], Seconds],
    urgent: Collection[BulletinId],
    zone: ZoneInfo,
) -> Iterator[Clash]:
    busy, before = datetime.min.replace(tzinfo=UTC), ()  # type: datetime, tuple[BulletinId, ...]
    for at in sorted({airing.at for airing in airings}):
        together = tuple(airing.bulletin for airing in airings if airing.at == at)
        length = timedelta(seconds=sum(lengths.get((name, station.profile), 0) for name in together))
        if at < busy:
            yield Clash(station.code, at, (*before, *together), "overlap")
        left = room(station, at.astimezone(zone))
        if len(together) > 1 and left is not None and length > left and not set(together) & set(urgent):
            yield Clash(station.code, at, together, "overrun")
        if at + length > busy:  # what lasts longest is what the next one gets in the way of
            busy, before = at + length, together
