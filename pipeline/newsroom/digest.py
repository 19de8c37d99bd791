"""The digest: who has a day's bulletins, who lacks them and why, what was tried, what to do; one message, not many."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from pipeline.core.day import Absence, Alarm, Concern, Day, Figures, Gap, Lack, Served
from pipeline.core.errors import NoLine, Says, next_step_of, page_step_of
from pipeline.core.facts import Fact, Happened
from pipeline.core.model import CARRIED, BulletinId, Digest, Station, StationCode, Trouble
from pipeline.newsroom import bulletins, missed
from pipeline.newsroom.bulletins import Row
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.missed import Copy
from pipeline.newsroom.remains import remains

_ONE_DAY = timedelta(days=1)
_FIRST = timedelta(microseconds=1)
_PASSED = Says("đã qua giờ phát", "its air time has passed")
_Lacked = tuple[datetime, Row]
"""A bulletin that a station lacks, and when it is to air there."""


def digest(desk: Desk, day: date | None = None) -> Day:
    """How a local day stands now, by default today."""
    now = desk.now()
    day = day or now.astimezone(desk.config.zone).date()
    span = _span(desk, day)
    begin = span[0] + _FIRST
    due = desk.ledger.due(*span, now)
    names = {d.bulletin for d in due}
    about = {row.bulletin.id: row for row in bulletins.rows(desk, names, stations=())}
    unplanned = desk.ledger.unplanned(names)
    held: dict[BulletinId, list[bool]] = {}
    lacking: dict[StationCode, list[_Lacked]] = {}
    grid: dict[StationCode, dict[BulletinId, bool]] = {}
    for d in due:
        row = about[d.bulletin]
        if d.station not in desk.config.stations or (d.bulletin, d.station) in unplanned or missed.is_off(row):
            continue
        lacks = missed.is_lacking(desk, row, d)
        held.setdefault(d.bulletin, []).append(not lacks)
        grid.setdefault(d.station, {})[d.bulletin] = not lacks
        if lacks:
            lacking.setdefault(d.station, []).append((d.at, row))
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
        gaps=gaps(desk, _of_day(desk, Happened.MISSED, "at", begin)),
        aired=len(_of_day(desk, Happened.AIRED, "aired", begin)),
        remains=remaining(desk),
        threats=tuple(missed.threatened(desk, timedelta(hours=desk.config.settings.delivery.ahead_hours))),
    )


def remaining(desk: Desk) -> tuple[Concern, ...]:
    """Stations that hold what was taken back, until they are reached."""
    troubles, stations = desk.ledger.troubles(), desk.config.stations
    step = Says(
        "gọi trạm, bảo đừng phát và xoá tệp; Bản Tin tự gỡ khi nối được",
        "call them: not to air it, and to remove the file; it is taken away as soon as they are reached",
    )
    return tuple(
        Concern(station=stations[code], trouble=troubles.get(code), step=step, page_step=step, bulletins=tuple(held))
        for code, held in remains(desk).items()
        if code in stations
    )


def troubled(desk: Desk) -> tuple[Concern, ...]:
    """Stations whose last visit failed, by code."""
    stations = desk.config.stations
    return tuple(
        Concern(
            station=stations[code],
            trouble=trouble,
            step=_step(stations[code], trouble),
            page_step=step_on_page(stations[code], trouble),
        )
        for code, trouble in sorted(desk.ledger.troubles().items())
        if code in stations
    )


def step_on_page(station: Station, trouble: Trouble) -> Says:
    """What to do about a station's trouble, for whoever reads it on a page; one without a line now is not called."""
    return page_step_of(NoLine.code if station.transport == CARRIED else trouble.code, station.code)


def stuck(desk: Desk) -> tuple[Concern, ...]:
    """Those that a push cannot serve and that waiting does not help: their key, their disk, their folder."""
    return tuple(one for one in troubled(desk) if one.trouble and not one.trouble.retry)


def figures(desk: Desk, day: date) -> Figures:
    """A local day in figures: what `digest` says of it, without a look at each station."""
    span = _span(desk, day)
    rows = _going_on(desk, span)
    good = {name: _signed(row) for name, row in rows.items()}
    served, stations, complete = desk.ledger.due_counts(*span, desk.now(), good)
    told = (Served(bulletin=rows[name].bulletin, at=at, stations=n, holding=held) for name, at, n, held in served)
    return Figures(day=day, served=tuple(told), stations=stations, complete=complete)


def first_lacking(desk: Desk, within: timedelta) -> datetime | None:
    """The soonest airing (UTC) within a time from now whose station does not hold the bulletin as signed."""
    now = desk.now()
    rows = _going_on(desk, (now, now + within))
    return desk.ledger.first_lacking(now, now + within, now, {name: _signed(row) for name, row in rows.items()})


def _signed(row: Row) -> list[Digest]:
    """The masters as which a bulletin may be at a station."""
    return [digest for profile in row.status.masters if (digest := row.status.signed(profile))]


def stations_of(desk: Desk, day: date) -> list[StationCode]:
    """Stations of the registry that are to air something on a local day, by code."""
    span = _span(desk, day)
    codes = desk.ledger.stations_due(*span, _going_on(desk, span))
    return sorted(codes & desk.config.stations.keys())


def lacking(desk: Desk, day: date) -> list[StationCode]:
    """Those of them that lack something, by code."""
    return [code for code, held in sorted(grid(desk, day).items()) if {*held.values()} != {Copy.CURRENT}]


def grid(
    desk: Desk, day: date, codes: Collection[StationCode] | None = None
) -> dict[StationCode, dict[BulletinId, Copy]]:
    """By station and bulletin, the copy it has of what it is to air on a local day: at some of them, or at all."""
    span = _span(desk, day)
    rows = _going_on(desk, span)
    found: dict[StationCode, dict[BulletinId, Copy]] = {}
    for d in desk.ledger.due(*span, desk.now(), codes):
        if d.station in desk.config.stations and (row := rows.get(d.bulletin)):
            found.setdefault(d.station, {})[d.bulletin] = missed.copy_at(desk, row, d)
    return found


def _span(desk: Desk, day: date) -> tuple[datetime, datetime]:
    """A local day, as the ledger asks for what is after an instant and not after another."""
    begin = datetime.combine(day, datetime.min.time(), desk.config.zone).astimezone(UTC)
    return begin - _FIRST, begin + _ONE_DAY - _FIRST


def _going_on(desk: Desk, span: tuple[datetime, datetime]) -> dict[BulletinId, Row]:
    """Bulletins that are to air in a span of time, and that nobody took back."""
    names = {b.id for b in desk.ledger.bulletins() if any(span[0] < at <= span[1] for at in b.air)}
    return {row.bulletin.id: row for row in bulletins.rows(desk, names, stations=()) if not missed.is_off(row)}


def alarm(desk: Desk, facts: Sequence[Fact], stuck: Sequence[Concern] = ()) -> Alarm:
    """What `late` and `missed` facts say to people; of what was late, only what is still not at its station."""
    late = [f for f in facts if f.happened is Happened.LATE]
    at = {(f.bulletin, f.station): datetime.fromisoformat(str(f.detail["at"])) for f in late}
    names = {f.bulletin for f in late if f.bulletin}
    about = {row.bulletin.id: row for row in bulletins.rows(desk, names, stations=())}
    unplanned = desk.ledger.unplanned(names)
    lacking: dict[StationCode, list[_Lacked]] = {}
    for due in desk.ledger.due(desk.now(), max(at.values()), desk.now()) if at else ():
        pair = (due.bulletin, due.station)
        if pair in at and pair not in unplanned and missed.is_lacking(desk, about[due.bulletin], due):
            lacking.setdefault(due.station, []).append((due.at, about[due.bulletin]))
    missed_at = gaps(desk, [f for f in facts if f.happened is Happened.MISSED])
    others = tuple(one for one in stuck if one.station.code not in lacking)  # of those it says what ails them, too
    return Alarm(now=desk.now(), lacking=_lacks(desk, lacking), gaps=missed_at, stuck=others)


def _lacks(desk: Desk, lacking: Mapping[StationCode, Sequence[_Lacked]]) -> tuple[Lack, ...]:
    troubles = desk.ledger.troubles()
    found = [_lack(desk, desk.config.stations[code], wanted, troubles.get(code)) for code, wanted in lacking.items()]
    return tuple(sorted(found, key=lambda lack: (lack.at, lack.station.code)))


def _lack(desk: Desk, station: Station, wanted: Sequence[_Lacked], trouble: Trouble | None) -> Lack:
    unsigned = [row for _, row in wanted if row.status.signed(station.profile) is None]
    obstacle = missed.obstacle(desk, unsigned[0], station.profile) if unsigned else None
    return Lack(
        station=station,
        bulletins=tuple(row.bulletin for _, row in wanted),
        at=wanted[0][0],
        trouble=trouble,
        step=obstacle.next_step if obstacle else _step(station, trouble) if wanted[-1][0] > desk.now() else _PASSED,
        obstacle=obstacle,
    )


def _step(station: Station, trouble: Trouble | None) -> Says:
    if station.transport == CARRIED:
        return Says("chép ra thẻ nhớ: bantin export-usb THƯ-MỤC", "write a stick: bantin export-usb DIR")
    if trouble:
        return next_step_of(trouble.code, station.code)
    return Says(f"gửi ngay: bantin push --only {station.code}", f"push now: bantin push --only {station.code}")


def gaps(desk: Desk, facts: Iterable[Fact]) -> tuple[Gap, ...]:
    """`missed` facts by bulletin and instant, soonest first."""
    where: dict[tuple[datetime, BulletinId], dict[StationCode, Absence]] = {}
    troubles = desk.ledger.troubles()
    for fact in facts:
        if fact.bulletin:
            at = datetime.fromisoformat(str(fact.detail["at"]))
            absent = where.setdefault((at, fact.bulletin), {})
            absent |= {fact.station: _absence(desk, fact.station, troubles)} if fact.station else {}
    about = {row.bulletin.id: row for row in bulletins.rows(desk, {name for _, name in where}, stations=())}
    return tuple(
        Gap(
            bulletin=about[name].bulletin,
            at=at,
            stations=tuple(absent.values()),
            obstacle=None if absent else missed.obstacle(desk, about[name]),
        )
        for (at, name), absent in sorted(where.items())
    )


def _absence(desk: Desk, code: StationCode, troubles: Mapping[StationCode, Trouble]) -> Absence:
    station, trouble = desk.config.stations.get(code), troubles.get(code)
    if station and station.transport == CARRIED:
        return Absence(station=code, name=station.name, fault=NoLine.code)
    return Absence(station=code, name=station.name if station else "", fault=trouble.code if trouble else "")


def _of_day(desk: Desk, happened: Happened, key: str, begin: datetime) -> list[Fact]:
    """Facts about instants of the day that begins at `begin`."""
    end = begin + _ONE_DAY
    now = desk.now()  # what a clock that went wrong tells of later is not known yet
    told = [(f, f.detail.get(key)) for f in desk.ledger.facts(happened=happened, since=begin) if f.at <= now]
    return [f for f, at in told if at and begin <= datetime.fromisoformat(str(at)) < end]
