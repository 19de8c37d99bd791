"""The digest: who has a day's bulletins, who lacks them and why, what was tried, what to do; one message, not many."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from pipeline.core.day import Day, Lack, Served
from pipeline.core.errors import Says, next_step_of
from pipeline.core.facts import Happened
from pipeline.core.model import CARRIED, Bulletin, BulletinId, Digest, Station, StationCode, Trouble
from pipeline.newsroom import bulletins, missed
from pipeline.newsroom.bulletins import Row
from pipeline.newsroom.desk import Desk

_ONE_DAY = timedelta(days=1)
_FIRST = timedelta(microseconds=1)


def digest(desk: Desk, day: date | None = None) -> Day:
    """How a local day stands now, by default today."""
    zone, now = desk.config.zone, desk.now()
    day = day or now.astimezone(zone).date()
    begin = datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)
    due = desk.ledger.due(begin - _FIRST, begin + _ONE_DAY - _FIRST)
    names = {d.bulletin for d in due}
    about = {row.bulletin.id: row for row in bulletins.rows(desk, names, stations=())}
    unplanned = desk.ledger.unplanned(names)
    held: dict[BulletinId, list[bool]] = {}
    lacking: dict[StationCode, list[tuple[datetime, Bulletin]]] = {}
    grid: dict[StationCode, dict[BulletinId, bool]] = {}
    for d in due:
        station = desk.config.stations.get(d.station)
        signed = _signed(about[d.bulletin], station)
        if station is None or signed is None or (d.bulletin, d.station) in unplanned:
            continue
        held.setdefault(d.bulletin, []).append(d.holding == signed)
        grid.setdefault(d.station, {})[d.bulletin] = d.holding == signed
        if d.holding != signed:
            lacking.setdefault(d.station, []).append((d.at, about[d.bulletin].bulletin))
    first = {d.bulletin: d.at for d in reversed(due)}
    return Day(
        day=day,
        now=now,
        served=tuple(
            Served(bulletin=about[name].bulletin, at=first[name], stations=len(had), holding=sum(had))
            for name, had in sorted(held.items(), key=lambda one: (first[one[0]], one[0]))
        ),
        lacking=_lacks(desk, lacking),
        grid=grid,
        missed=_count(desk, Happened.MISSED, "at", begin),
        aired=_count(desk, Happened.AIRED, "aired", begin),
        threats=tuple(missed.threatened(desk, timedelta(hours=desk.config.settings.delivery.ahead_hours))),
    )


def _signed(row: Row, station: Station | None) -> Digest | None:
    return row.status.signed(station.profile) if station else None


def _lacks(desk: Desk, lacking: Mapping[StationCode, Sequence[tuple[datetime, Bulletin]]]) -> tuple[Lack, ...]:
    troubles = desk.ledger.troubles()
    found = [
        Lack(
            station=desk.config.stations[code],
            bulletins=tuple(bulletin for _, bulletin in wanted),
            at=wanted[0][0],
            trouble=troubles.get(code),
            step=_step(desk.config.stations[code], troubles.get(code)),
        )
        for code, wanted in lacking.items()
    ]
    return tuple(sorted(found, key=lambda lack: (lack.at, lack.station.code)))


def _step(station: Station, trouble: Trouble | None) -> Says:
    if station.transport == CARRIED:
        return Says("chép ra thẻ nhớ: bantin export-usb THƯ-MỤC", "write a stick: bantin export-usb DIR")
    if trouble:
        return next_step_of(trouble.code, station.code)
    return Says(f"gửi ngay: bantin push --only {station.code}", f"push now: bantin push --only {station.code}")


def _count(desk: Desk, happened: Happened, key: str, begin: datetime) -> int:
    """Facts about instants of the day that begins at `begin`."""
    end = begin + _ONE_DAY
    instants = (f.detail.get(key) for f in desk.ledger.facts(happened=happened, since=begin))
    return sum(begin <= datetime.fromisoformat(str(at)) < end for at in instants if at)
