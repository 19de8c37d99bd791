"""The registry at work: doubts about it, rows taken in from elsewhere, a station tried out, its host key pinned."""

import difflib
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from pipeline.config import Config, quiet_hours, registry, sheets, stamp
from pipeline.config.sheets import Sheet
from pipeline.core.errors import (
    ConfigError,
    HostKeyMismatch,
    NoLine,
    PipelineError,
    Says,
    StationFull,
    UnknownName,
    figure,
    lines,
)
from pipeline.core.facts import Fact, Happened
from pipeline.core.model import CARRIED, Identity, Seconds, Station, StationCode
from pipeline.core.search import fold
from pipeline.delivery.push import HEADROOM
from pipeline.delivery.trial import Trial, trial
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.lease import leased

_ROOM = Seconds(600)
"""A station should have room for so much sound."""
_LATELY = timedelta(days=30)
"""For so long a station that left the registry without a word is missed."""
_LONG_NIGHT = 12
"""Hours; a longer window that crosses midnight has its ends the wrong way round."""
_FEW = 4
"""Codes that are offered where none of that name is known."""
_NAMED = 8
"""Stations that are named where many are gone."""
_TRIAL = Seconds(300)
"""How long a station may take over its trial; the slowest line that is any use carries the file in a minute."""
_WRITTEN = "registry written"
"""The mark of the files, as `config.stamp` sees them, when a command of ours wrote the registry last."""


def find(desk: Desk, code: str) -> Station:
    """The station of a code.

    Raises:
        UnknownName: there is none.
    """
    stations = desk.config.stations
    if code not in stations:
        raise UnknownName(what=Says("trạm", "station"), name=code, nearest=", ".join(_nearest(code, stations)) or "-")
    return stations[StationCode(code)]


def sought(desk: Desk, text: str) -> list[Station]:
    """Stations by code: those with every word of a text in code and name or in a group, with accents or without."""
    wanted = fold(text).split()
    return [one for _, one in sorted(desk.config.stations.items()) if not wanted or _is_meant(one, wanted)]


def _is_meant(station: Station, wanted: Sequence[str]) -> bool:
    named = map(fold, (f"{station.code} {station.name}", *station.groups))
    return any(all(word in name for word in wanted) for name in named)


def with_line(desk: Desk, code: str) -> Station:
    """The station of a code, to be visited.

    Raises:
        UnknownName: there is none.
        NoLine: sticks are carried there.
    """
    station = find(desk, code)
    if station.transport == CARRIED:
        raise NoLine(station=station.code)
    return station


def _nearest(code: str, stations: Iterable[str]) -> list[str]:
    """A few codes, the nearest first, capitals aside."""
    wanted = code.casefold()

    def likeness(known: str) -> float:
        return difflib.SequenceMatcher(None, wanted, known.casefold()).ratio()

    return sorted(stations, key=lambda known: (-likeness(known), known))[:_FEW]


# --- what stands in it -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something about a station that works, or may, but is hardly what was meant."""

    station: StationCode
    what: Says


def faults(desk: Desk) -> list[Says]:
    """Why the registry cannot serve every station, a line each: rows that are gone, or can never work.

    Those that its file tells by itself are among them, where the desk was set up in spite of them.
    """
    told: list[tuple[int, Says]] = []
    if codes := gone(desk):
        words = words_of_gone(codes)
        told.append((0, Says(f"  {words.vi}", f"  {words.en}")))
    for station in (s for s in _in_force(desk) if s.code not in desk.config.rows.faulty):
        try:
            desk.transports[station.transport].check(station)
        except ConfigError as problem:
            line, why = desk.config.rows.lines[station.code], problem.fields["faults"]
            if isinstance(why, Says):
                told.append((line, sheets.at_line(line, Says(why.vi.strip(), why.en.strip()))))
        except PipelineError:
            pass  # a key that nobody compared yet: a doubt
    return [*desk.config.rows.faults, *(fault for _, fault in sorted(told, key=lambda one: one[0]))]


def gone(desk: Desk) -> list[StationCode]:
    """Stations that something was planned for lately or is, and that the registry does not have any more."""
    return sorted(desk.ledger.stations_planned(desk.now() - _LATELY) - desk.config.stations.keys())


def words_of_gone(codes: Sequence[StationCode]) -> Says:
    """That stations were there before, and what to do if that was meant."""
    named = ", ".join(codes[:_NAMED]) + (", …" if len(codes) > _NAMED else "")
    return Says(
        f"{len(codes)} trạm trước có, nay không còn: {named}; trạm thôi phát thì giữ dòng của nó và ghi until",
        f"{len(codes)} stations were there before and are gone: {named}; for one that ends, keep its row and set until",
    )


def _in_force(desk: Desk) -> list[Station]:
    """Stations that are in force or will be, in the order of the registry."""
    today = desk.now().astimezone(desk.config.zone).date()
    return [s for s in desk.config.stations.values() if not (s.commune.until and s.commune.until < today)]


def doubts(desk: Desk) -> list[Doubt]:
    """All doubts about the stations that are in force or will be, in the order of the registry."""
    in_force = _in_force(desk)
    names = {name for s in in_force for name in (s.name, s.commune.code)}
    by_bare = _by_bare(desk.config.stations)
    return [Doubt(s.code, what) for s in in_force for what in (*_doubts(desk, s, names), *_twins(s.code, by_bare))]


def _by_bare(codes: Iterable[str]) -> dict[str, list[str]]:
    """Codes by what is left of them without the zeros they begin with: Excel drops those of a number."""
    found: dict[str, list[str]] = {}
    for code in codes:
        found.setdefault(code.lstrip("0"), []).append(code)
    return found


def _twins(code: str, by_bare: Mapping[str, Sequence[str]]) -> Iterator[Says]:
    for other in by_bare.get(code.lstrip("0"), ()):
        if other != code:
            yield Says(
                f"mã {code} chỉ khác mã {other} ở số 0 đầu: có phải một trạm, Excel làm mất số 0?",
                f"code {code} differs from {other} only in leading zeros: is it one station, and Excel dropped them?",
            )


def _doubts(desk: Desk, station: Station, names: set[str]) -> Iterator[Says]:
    try:
        desk.transports[station.transport].check(station)
    except ConfigError:
        pass  # a fault
    except PipelineError as problem:
        yield Says(f"{problem.message.vi}; {problem.next_step.vi}", f"{problem.message.en}; {problem.next_step.en}")
    slots = [slot.at for programme in desk.config.programmes.values() for slot in programme.slots]
    if not station.windows:
        yield Says("chưa ghi khung giờ (windows): giờ nào cũng phát được", "has no windows: it airs at any time")
    for window in station.windows:
        if window.end < window.start and window.hours > _LONG_NIGHT:
            turned = f"{window.end:%H:%M}-{window.start:%H:%M}"
            hours = figure(window.hours, 0)
            yield Says(
                f"khung giờ {window} qua đêm, dài {hours.vi} giờ: có phải {turned}?",
                f"the window {window} goes through the night, for {hours.en} hours: is it {turned}?",
            )
    if not any(station.may_air(at) for at in slots):
        yield Says(
            "không giờ phát nào của các chương trình nằm trong khung giờ của trạm",
            "no slot of any programme lies inside its windows",
        )
    for old in station.commune.predecessors:
        if old in names - {station.name, station.commune.code}:
            yield Says(f"tiền thân {old} vẫn là một trạm còn hiệu lực", f"its predecessor {old} is still a station")


def census(stations: Mapping[StationCode, Station], today: date) -> list[tuple[Says, int]]:
    """How many stations there are, by what tells them apart; those not in force today by themselves."""
    now = [s for s in stations.values() if s.commune.stands(today)]
    counts: list[tuple[Says, int]] = [(Says("trạm đang hoạt động", "stations in force"), len(now))]
    counts += [(Says(f"công nghệ {t}", f"technology {t}"), n) for t, n in _counted(s.technology for s in now)]
    counts += [(Says(f"loại {u}", f"kind {u}"), n) for u, n in _counted(s.unit for s in now)]
    counts += [(Says(f"hồ sơ {p}", f"profile {p}"), n) for p, n in _counted(s.profile for s in now)]
    counts += [(Says(f"nhóm {g}", f"group {g}"), n) for g, n in _counted(g for s in now for g in s.groups)]
    away = len(stations) - len(now)
    return counts + ([(Says("trạm chưa hoặc không còn hiệu lực", "stations not in force"), away)] if away else [])


def _counted(values: Iterator[str]) -> list[tuple[str, int]]:
    return sorted(Counter(str(value) for value in values).items())


# --- rows from elsewhere ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """A registry as it would be after other rows came in."""

    file: Path
    columns: tuple[str, ...]
    rows: Sequence[Mapping[str, str]]
    delimiter: str
    added: tuple[str, ...]
    changed: Mapping[str, tuple[str, ...]]
    """By station, the columns that differ."""
    same: int
    """Rows that came in and changed nothing."""


def merge(config: Config, file: Path) -> Merge:
    """What taking in the rows of a .csv or .xlsx file would make of the registry; nothing is written.

    By code: a new one is added, a known one changed where the other row says something else; what the other leaves
    empty stays, so a pinned key is not lost, and a station that the other does not name stays as it is.

    Raises:
        ConfigError: the other file, or what would come of it, has faults; all of them.
    """
    own_file = registry.find_registry(config.workspace)
    own, news = sheets.read(own_file), sheets.read(file)
    before = {row.get("code", ""): row for _, row in own.rows}
    if wrong := [*news.faults, *_wrong_codes(news, before)]:
        raise ConfigError(file=file.name, faults=lines(wrong))
    rows = registry.merged(own, (row for _, row in news.rows))
    columns = tuple(c for c in sheets.COLUMNS if c in {*own.columns, *news.columns})
    whole = Sheet(columns, tuple(enumerate(rows, start=2)))
    made = registry.stations_of(whole, config.workspace, config.profiles, quiet_hours(config.settings))
    if made.faults:
        raise ConfigError(file=file.name, faults=lines(made.faults))
    changed = {
        row["code"]: tuple(c for c in columns if row.get(c, "") != before[row["code"]].get(c, ""))
        for row in rows
        if row["code"] in before
    }
    codes = dict.fromkeys(row["code"] for _, row in news.rows)
    return Merge(
        file=own_file,
        columns=columns,
        rows=rows,
        delimiter=own.delimiter,
        added=tuple(code for code in codes if code not in before),
        changed={code: columns for code, columns in changed.items() if columns},
        same=sum(code in before and not changed[code] for code in codes),
    )


def _wrong_codes(news: Sheet, known: Collection[str]) -> Iterator[Says]:
    """Why rows that come in cannot be told by their codes, a line each."""
    by_bare = _by_bare(known)
    seen: dict[str, int] = {}
    for line, row in news.rows:
        code = row.get("code", "")
        if not code:
            yield sheets.at_line(line, Says("thiếu mã trạm", "there is no code"))
        elif code in seen:
            told = Says(f"mã {code} đã có ở dòng {seen[code]}", f"code {code} stands in line {seen[code]} already")
            yield sheets.at_line(line, told)
        elif code not in known:
            yield from (sheets.at_line(line, what) for what in _twins(code, by_bare))
        seen.setdefault(code, line)


def is_written(desk: Desk, seen: str) -> bool:
    """Whether a command of ours left the files as they look now (`config.stamp`): whole, and no more is to come."""
    return desk.ledger.mark(_WRITTEN) == seen


def keep(desk: Desk, merged: Merge) -> None:
    """Write a merged registry; the one before it stays in the store, named by a fact."""
    _rewrite(desk, merged.file, merged.columns, merged.rows, merged.delimiter)


def _rewrite(
    desk: Desk, file: Path, columns: Sequence[str], rows: Sequence[Mapping[str, str]], delimiter: str, *facts: Fact
) -> None:
    before = desk.store.put(file)
    sheets.write(file, columns, rows, delimiter)
    desk.ledger.set_mark(_WRITTEN, stamp(desk.config.workspace))
    desk.ledger.record(desk.fact(Happened.REGISTERED, digest=before, rows=len(rows)), *facts)


# --- a station -------------------------------------------------------------------------------------------------------


def try_out(desk: Desk, station: Station) -> Trial:
    """Connect to a station, verify its key, and do there what a push does, with a small file.

    Where that goes well, the trouble of its last visit counts as mended, and the clock calls it again.

    Raises:
        StationBusy: a push is visiting it.
        StationFull: all went well, and there is no room for a bulletin of ten minutes.
        PipelineError: whatever a push would meet, too.
    """
    with leased(desk, station, visit=False), desk.transports[station.transport].open(station, _TRIAL) as remote:
        tried = trial(remote, station)
    room = math.ceil(desk.config.profiles[station.profile].kbps * 1000 / 8 * _ROOM * HEADROOM)
    if tried.free is not None and tried.free < room:
        raise StationFull(station=station.code, needed=room, free=tried.free)
    desk.ledger.record(desk.fact(Happened.TRIED, station=station.code, free=tried.free, kbits=round(tried.kbits)))
    return tried


def identity(desk: Desk, station: Station) -> Identity | None:
    """The host key that a station's machine shows now; None where its transport knows none."""
    return desk.transports[station.transport].identity(station)


def same_fingerprint(shown: Identity, told: str) -> bool:
    """Whether what somebody read out at the station is the fingerprint that was shown; its kind may be left out."""
    return told.strip() in {shown.fingerprint, shown.fingerprint.split(" ")[-1]}


def pin(desk: Desk, station: Station, shown: Identity, told: str, by: str) -> Path:
    """Write a host key into the registry, after its fingerprint was compared with what the people there read; the file.

    The trouble of its last visit counts as mended, and the clock calls it again.

    Raises:
        HostKeyMismatch: it is another one.
    """
    if not same_fingerprint(shown, told):
        raise HostKeyMismatch(station=station.code, seen=shown.fingerprint)
    file = registry.find_registry(desk.config.workspace)
    own = sheets.read(file)
    rows = [{**row, "host_key": shown.host_key} if row.get("code") == station.code else row for _, row in own.rows]
    columns = own.columns if "host_key" in own.columns else (*own.columns, "host_key")
    trusted = desk.fact(
        Happened.TRUSTED, station=station.code, who=by, fingerprint=shown.fingerprint, before=station.host_key
    )
    _rewrite(desk, file, columns, rows, own.delimiter, trusted)  # told last: from then on the clock calls it again
    return file
