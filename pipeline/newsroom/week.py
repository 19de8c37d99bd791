"""The week as people plan it: slot by slot what is to air, signed or not; what is in its way, and where."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from pipeline.core.coverage import Line
from pipeline.core.model import Bulletin, BulletinId, Priority, Programme, Station, StationCode
from pipeline.core.model import Transmission as Airing
from pipeline.core.schedule import clashes
from pipeline.core.schedule import plan as lay_out
from pipeline.core.status import TAKEN_BACK, Stage
from pipeline.newsroom import bulletins
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.plan import margin
from pipeline.newsroom.recipients import recipients

_DAYS = 7
_OFF = TAKEN_BACK | {Stage.HELD}
"""What does not air as it stands, and so is in nobody's way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snag:
    """Something in the way of a bulletin at an instant."""

    why: str
    """As `core.schedule` calls it: a conflict of its own, or a clash with `others`."""
    stations: tuple[StationCode, ...]
    """Where."""
    others: tuple[Bulletin, ...] = ()
    """The bulletins that it gets in the way of; none for what is its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A bulletin at one of its air times."""

    line: Line
    at: datetime
    """UTC."""
    turn: int
    """Which of its air times this is, counted from 1."""
    turns: int
    stations: int
    """Those that are to air it: of its plan or, before there is one, as it would be planned."""
    holding: int
    """Those of them that hold it as it is now, verified."""
    snags: tuple[Snag, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """Seven days, by local time."""

    days: tuple[date, ...]
    times: tuple[time, ...]
    """Local times at which something airs on any of them, or a programme has a slot."""
    spots: Mapping[tuple[date, time], Sequence[Spot]]
    free: Mapping[tuple[date, time], Sequence[Programme]]
    """Slots to come that no bulletin of their programme has; holidays have none."""


def week(desk: Desk, monday: date, programme: str = "", station: Station | None = None) -> Week:
    """What is to air in the seven days from a local day on: of one programme, at one station, or all.

    Bulletins that were withdrawn are left out; what is returned or held is shown, and in nobody's way.
    """
    zone = desk.config.zone
    days = tuple(monday + timedelta(days=n) for n in range(_DAYS))
    begin, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (monday, monday + timedelta(_DAYS)))
    meant = [b for b in desk.ledger.bulletins() if any(begin <= at < end for at in b.air)]
    lines = {line.bulletin.id: line for line in bulletins.lines_of(desk, [b.id for b in meant])}
    lines = {name: line for name, line in lines.items() if line.status.stage is not Stage.WITHDRAWN}
    outlook = _Outlook(desk, [*lines.values()], station)
    shown = [line for name, line in lines.items() if programme in {"", line.bulletin.programme} and name in outlook.to]
    spots: dict[tuple[date, time], list[Spot]] = {}
    for line in shown:
        for turn, at in enumerate(sorted(line.bulletin.air), start=1):
            if begin <= at < end:
                local = at.astimezone(zone)
                spots.setdefault((local.date(), local.time()), []).append(_spot(outlook, line, at, turn))
    wanted = [p for code, p in desk.config.programmes.items() if programme in {"", code}]
    free = {place: found for place, found in _free(desk, days, wanted, spots) if found}
    times = {at for _, at in spots} | {slot.at for p in wanted for slot in p.slots}
    return Week(days=days, times=tuple(sorted(times)), spots=spots, free=free)


def _spot(outlook: "_Outlook", line: Line, at: datetime, turn: int) -> Spot:
    name = line.bulletin.id
    stations, holding = outlook.reach(line)
    return Spot(
        line=line, at=at, turn=turn, turns=len(line.bulletin.air), stations=stations, holding=holding,
        snags=tuple(outlook.snags.get((name, at), ())),
    )  # fmt: skip


def _free(
    desk: Desk,
    days: Iterable[date],
    programmes: Sequence[Programme],
    spots: Mapping[tuple[date, time], Sequence[Spot]],
) -> Iterator[tuple[tuple[date, time], list[Programme]]]:
    now = desk.now().astimezone(desk.config.zone)
    holidays = set(desk.config.settings.plan.holidays)
    for day in days:
        for at in {slot.at for p in programmes for slot in p.slots} if day not in holidays else ():
            if datetime.combine(day, at, desk.config.zone) > now:
                taken = {spot.line.bulletin.programme for spot in spots.get((day, at), ())}
                here = [p for p in programmes if at in {slot.at for slot in p.slots} and p.code not in taken]
                yield (day, at), here


# --- what is in the way ----------------------------------------------------------------------------------------------

_Kind = tuple[object, ...]


def snags_of(desk: Desk, line: Line) -> list[tuple[datetime, Snag]]:
    """Where a bulletin would not air if it were signed now, and why, by air time (UTC). Of clashes the week tells."""
    found = _Outlook(desk, [line], None).snags
    return sorted(
        ((at, snag) for (_, at), snags in found.items() for snag in snags), key=lambda one: (one[0], one[1].why)
    )


def _kind(station: Station) -> _Kind:
    """All that the plan looks at in a station: of those alike in it, one stands for all."""
    unit = station.commune
    return station.windows, station.quiet, station.languages, station.profile, unit.since, unit.until


class _Outlook:
    """Where some bulletins would go if all of them were signed and planned now; of alike stations one is looked at."""

    def __init__(self, desk: Desk, lines: Sequence[Line], station: Station | None) -> None:
        self._desk = desk
        self._station = station
        self._lines = {line.bulletin.id: line for line in lines}
        self.to: dict[BulletinId, list[list[Station]]] = {}
        """By bulletin, its recipients, those alike together; nothing of those that do not go to the one asked about."""
        self.snags: dict[tuple[BulletinId, datetime], list[Snag]] = {}
        self._airings: dict[BulletinId, dict[StationCode, list[Airing]]] = {}
        lots = self._lots()
        self._lengths = {
            (name, profile): master.seconds
            for name, line in self._lines.items()
            for profile, master in bulletins.masters(desk, line.bulletin).items()
        }
        for name, line in self._lines.items():
            if lots[name]:
                self.to[name] = lots[name]
                self._lay_out(line, lots[name])
        self._find_clashes()

    def reach(self, line: Line) -> tuple[int, int]:
        """How many stations are to air a bulletin, and how many hold it."""
        name = line.bulletin.id
        if self._station:
            held = self._desk.ledger.holdings([name], self._station.code)
            return 1, sum(h.digest in line.status.masters.values() for h in held)
        if line.coverage.stations:
            return line.coverage.stations, line.arrived
        airing = self._airings.get(name, {})
        return sum(len(lot) for lot in self.to[name] if lot[0].code in airing), 0

    def _lots(self) -> dict[BulletinId, list[list[Station]]]:
        """By bulletin, lots of its recipients; two stations of a lot get the same bulletins, at the same hours."""
        every = [self._station] if self._station else [*self._desk.config.stations.values()]
        chosen = {b.id: b for line in self._lines.values() if (b := line.bulletin).only or b.without}
        told = {(b.only, b.without): b for b in chosen.values()}
        sent = {to: {s.code for s in recipients(self._desk, b)} for to, b in told.items()}
        of_some = {name: sent[b.only, b.without] for name, b in chosen.items()}
        lots: dict[tuple[object, ...], list[Station]] = {}
        for one in every:
            lots.setdefault((_kind(one), *(one.code in codes for codes in of_some.values())), []).append(one)
        return {
            name: [lot for lot in lots.values() if name not in of_some or lot[0].code in of_some[name]]
            for name in self._lines
        }

    def _lay_out(self, line: Line, lots: Sequence[Sequence[Station]]) -> None:
        desk, bulletin, status = self._desk, line.bulletin, line.status
        if status.stage in _OFF:
            return
        lengths = {profile: seconds for (name, profile), seconds in self._lengths.items() if name == bulletin.id}
        ones, size = [lot[0] for lot in lots], {lot[0].code: lot for lot in lots}
        laid = lay_out(bulletin, ones, desk.now(), desk.config.zone, seconds=lengths, margin=margin(desk))
        found: dict[tuple[datetime, str], list[StationCode]] = {}
        for conflict in laid.conflicts:
            for at in [conflict.at] if conflict.at else [at for at in bulletin.air if at > desk.now()]:
                if conflict.why != "past":
                    found.setdefault((at, conflict.why), []).extend(s.code for s in size[conflict.station])
        airings: dict[StationCode, list[Airing]] = {}
        for airing in laid.transmissions:
            airings.setdefault(airing.station, []).append(airing)
            lot = size[airing.station]
            if status.may_go_out and status.signed(lot[0].profile) is None:
                found.setdefault((airing.at, "profile"), []).extend(s.code for s in lot)
        self._airings[bulletin.id] = airings
        for (at, why), codes in found.items():
            self.snags.setdefault((bulletin.id, at), []).append(Snag(why=why, stations=tuple(codes)))

    def _find_clashes(self) -> None:
        lot_of = {lot[0].code: lot for lots in self.to.values() for lot in lots}
        airings = [a for by_station in self._airings.values() for some in by_station.values() for a in some]
        urgent = {name for name, line in self._lines.items() if line.bulletin.priority is Priority.URGENT}
        where: dict[tuple[datetime, str, tuple[BulletinId, ...]], list[StationCode]] = {}
        stations = {code: lot[0] for code, lot in lot_of.items()}
        for clash in clashes(airings, stations, self._lengths, urgent, self._desk.config.zone):
            codes = where.setdefault((clash.at, clash.why, clash.bulletins), [])
            codes += [s.code for s in lot_of[clash.station]]
        for (at, why, names), codes in where.items():
            for name in names:
                own = max(a for a in self._lines[name].bulletin.air if a <= at)  # it may have begun before
                others = tuple(self._lines[other].bulletin for other in names if other != name)
                snag = Snag(why=why, stations=tuple(codes), others=others)
                self.snags.setdefault((name, own), []).append(snag)
