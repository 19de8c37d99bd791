"""stations.csv (or .xlsx) → frozen stations, every fault at once, by its row."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

from pipeline.config import sheets
from pipeline.config.sheets import Row, Sheet
from pipeline.config.windows import windows
from pipeline.core.errors import ConfigError, Says, Unreadable
from pipeline.core.model import (
    Commune,
    Language,
    Profile,
    Station,
    StationCode,
    Technology,
    Unit,
    Verification,
    Window,
)
from pipeline.core.text import slug

STATIONS_NAME = "stations.csv"
EXCEL_NAME = "stations.xlsx"
TRANSPORTS = ("sftp", "folder", "usb")
"""What the column transport may say; wiring has one of each. A stick is carried to a station without a line."""
KEEP_DAYS = 7
"""How long a bulletin stays at a station after its last air time, where its row does not say."""
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_T = TypeVar("_T")

_YES, _NO = {"co", "yes", "true", "1", "x"}, {"", "khong", "no", "false", "0"}
_TECHNOLOGIES = {"ip": Technology.IP, "fm": Technology.FM} | dict.fromkeys(
    ("wired", "co-day", "huu-tuyen", "day"), Technology.WIRED
)
_UNITS = {"": Unit.COMMUNE} | dict.fromkeys(("xa", "phuong", "xa-phuong", "commune"), Unit.COMMUNE)
_UNITS |= dict.fromkeys(("don-bien-phong", "bien-phong", "don", "border-post"), Unit.BORDER_POST)
_SPOKEN = {"vi": Language.VI, "viet": Language.VI, "km": Language.KM, "khmer": Language.KM}


def find_registry(workspace: Path) -> Path:
    """The file that a workspace keeps its stations in: stations.csv, else stations.xlsx.

    Raises:
        ConfigError: both are there, and nobody can know which one holds.
    """
    text, excel = workspace / STATIONS_NAME, workspace / EXCEL_NAME
    if text.is_file() and excel.is_file():
        vi, en = f"  có cả {EXCEL_NAME}: giữ một tệp, dời tệp kia đi", f"  {EXCEL_NAME} is there too: keep one of them"
        raise ConfigError(file=STATIONS_NAME, faults=Says(vi, en))
    return excel if excel.is_file() else text


@dataclass(frozen=True, slots=True)
class Registry:
    """What a table of stations says, and all that is wrong with it."""

    stations: Mapping[StationCode, Station]
    lines: Mapping[StationCode, int]
    """Where each stands in its file."""
    faults: tuple[Says, ...]
    """A line each."""
    faulty: frozenset[StationCode]
    """Those that may have the usual value instead of what their row meant."""


def read_stations(
    file: Path, workspace: Path, profiles: Mapping[str, Profile], quiet: tuple[Window, ...] = ()
) -> Registry:
    """The stations in a file; see `stations_of`."""
    return stations_of(sheets.read(file), workspace, profiles, quiet)


def stations_of(
    sheet: Sheet, workspace: Path, profiles: Mapping[str, Profile], quiet: tuple[Window, ...] = ()
) -> Registry:
    """The stations in a table. `quiet` holds for those that say nothing of quiet hours."""
    stations: dict[StationCode, Station] = {}
    places: dict[str, list[Station]] = {}
    codes: dict[str, StationCode] = {}
    lines: dict[StationCode, int] = {}
    faulty: set[StationCode] = set()
    faults = list(sheet.faults)
    for line, row in sheet.rows:
        reader = _Reader(row, workspace, profiles, quiet)
        station = reader.station()
        told = list(reader.faults)
        if station.code:
            told += _twice(station.code, codes.setdefault(station.code.casefold(), station.code), lines)
            lines.setdefault(station.code, line)
        if not told:
            here = places.setdefault(station.place, [])
            twin = next((other.code for other in here if _together(other.commune, station.commune)), None)
            if twin:
                told.append(Says(f"cùng máy, cùng thư mục với trạm {twin}", f"same folder as {twin}"))
            here.append(station)
        faults += (sheets.at_line(line, fault) for fault in told)
        faulty |= {station.code} if told else set()
        stations.setdefault(station.code, station)
    return Registry(stations, lines, tuple(faults), frozenset(faulty))


def _twice(code: StationCode, first: StationCode, lines: Mapping[StationCode, int]) -> list[Says]:
    """That a code is there already, also where it differs in capitals: a stick knows no capitals."""
    if first not in lines:
        return []
    line = lines[first]
    if first == code:
        return [Says(f"mã {code} đã có ở dòng {line}", f"code {code} stands in line {line} already")]
    vi = f"mã {code} chỉ khác mã {first} ở dòng {line} về chữ hoa, chữ thường"
    return [Says(vi, f"code {code} differs only in capitals from {first} in line {line}")]


def merged(own: Sheet, news: Iterable[Row]) -> list[dict[str, str]]:
    """The rows of a registry after others came in: by code, a cell that the other leaves empty stays as it was."""
    rows = {row.get("code", ""): dict(row) for _, row in own.rows}
    for row in news:
        rows.setdefault(row.get("code", ""), {}).update({k: v for k, v in row.items() if v})
    return list(rows.values())


def _together(one: Commune, other: Commune) -> bool:
    """Whether there is a day on which both are in force."""
    return not any(a.until and b.since and a.until < b.since for a, b in ((one, other), (other, one)))


class _Reader:
    """Reads one row; what is wrong with a cell is kept, and the rest is read all the same."""

    def __init__(self, row: Row, workspace: Path, profiles: Mapping[str, Profile], quiet: tuple[Window, ...]) -> None:
        self.faults: list[Says] = []
        self._usual_quiet = quiet
        self._row = row
        self._workspace = workspace
        self._profiles = profiles

    def station(self) -> Station:
        """The station, with the usual value where a cell is wrong."""
        transport = self._read("transport", _one_of(TRANSPORTS, "cách gửi", "transport"), TRANSPORTS[0])
        if transport == "sftp" and not (self._text("host") and self._text("user")):
            self.faults.append(Says("trạm sftp cần host và user", "an sftp station needs host and user"))
        first = next(iter(self._profiles))
        return Station(
            code=StationCode(self._read("code", _code, "", always=True)),
            commune=self._commune(),
            host=self._text("host"),
            port=self._read("port", _whole(1, 65535), 22),
            user=self._text("user"),
            key=self._path("key"),
            password_file=self._path("password_file"),
            host_key=self._text("host_key"),
            folder=self._text("folder") or ".",
            make_folder=self._read("make_folder", _yes_no, False),
            transport=transport,
            technology=self._read("technology", _among(_TECHNOLOGIES, "IP, FM, có dây"), Technology.IP),
            unit=self._read("kind", _among(_UNITS, "xã, phường, đồn biên phòng"), Unit.COMMUNE),
            groups=tuple(filter(None, (g.strip() for g in self._text("groups").split(";")))),
            profile=self._read("profile", _one_of(tuple(self._profiles), "hồ sơ", "profile"), first),
            windows=self._read("windows", windows, ()),
            quiet=self._read("quiet", _quiet, self._usual_quiet),
            languages=self._read("languages", _languages, tuple(Language)),
            bandwidth=self._read("bandwidth", _whole(8, 10_000_000), 0),
            verification=self._read("verification", _verification, Verification.HASH),
            keep_days=self._read("keep_days", _whole(0, 3650), KEEP_DAYS),
            coordinates=self._read("coordinates", _coordinates, None),
        )

    def _commune(self) -> Commune:
        if not self._text("name"):
            self.faults.append(Says("thiếu tên xã", "the commune has no name"))
        since, until = self._read("since", _day, None), self._read("until", _day, None)
        if since and until and until < since:
            self.faults.append(Says("until trước since", "until is before since"))
        return Commune(
            code=self._text("commune"),
            name=self._text("name"),
            since=since,
            until=until,
            predecessors=_predecessors(self._text("predecessors")),
        )

    def _text(self, column: str) -> str:
        return self._row.get(column, "")

    def _path(self, column: str) -> str:
        return str(self._workspace / self._text(column)) if self._text(column) else ""

    def _read(self, column: str, parse: Callable[[str], _T], default: _T, *, always: bool = False) -> _T:
        text = self._text(column)
        if not text and not always:
            return default
        try:
            return parse(text)
        except Unreadable as fault:
            self.faults.append(Says(f"cột {column}: {fault.says.vi}", f"column {column}: {fault.says.en}"))
            return default


# --- cells -----------------------------------------------------------------------------------------------------------


def _code(text: str) -> str:
    if not _CODE.fullmatch(text):
        vi = f"mã trạm “{text}” phải là chữ không dấu, số, dấu gạch" if text else "thiếu mã trạm"
        raise Unreadable(vi, f"“{text}” is not a plain code" if text else "there is no code")
    return text


def _one_of(known: Sequence[str], vi: str, en: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in known:
            every = ", ".join(known)
            raise Unreadable(f"không có {vi} “{text}”; có: {every}", f"unknown {en} “{text}”; there are: {every}")
        return text

    return parse


def _among(known: Mapping[str, _T], shown: str) -> Callable[[str], _T]:
    def parse(text: str) -> _T:
        if slug(text) not in known:
            raise Unreadable(f"“{text}”: viết một trong: {shown}", f"“{text}”: write one of: {shown}")
        return known[slug(text)]

    return parse


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
            vi, en = f"“{text}” phải là số từ {least} đến {most}", f"“{text}” is no number from {least} to {most}"
            raise Unreadable(vi, en)
        return int(text)

    return parse


def _coordinates(text: str) -> tuple[float, float] | None:
    """Degrees north and east, as maps show them."""
    found = re.fullmatch(r"(-?\d{1,2}(?:\.\d+)?)\s*[,; ]\s*(-?\d{1,3}(?:\.\d+)?)", text)
    if not found or abs(float(found[1])) > 90 or abs(float(found[2])) > 180:
        vi, en = f"“{text}”: viết như 8.617 104.730, vĩ độ trước", f"“{text}”: write 8.617 104.730, latitude first"
        raise Unreadable(vi, en)
    return float(found[1]), float(found[2])


def _yes_no(text: str) -> bool:
    if slug(text) not in _YES | _NO:
        raise Unreadable(f"“{text}”: viết có hoặc không", f"“{text}”: write yes or no")
    return slug(text) in _YES


def _quiet(text: str) -> tuple[Window, ...]:
    return () if slug(text) in _NO else windows(text)


def _languages(text: str) -> tuple[Language, ...]:
    names = [name for name in re.split(r"[\s;,+]+", text) if name]
    unknown = [name for name in names if slug(name) not in _SPOKEN]
    if unknown:
        raise Unreadable(f"“{unknown[0]}”: viết vi, km hoặc vi km", f"“{unknown[0]}”: write vi, km or vi km")
    return tuple(dict.fromkeys(_SPOKEN[slug(name)] for name in names))


def _verification(text: str) -> Verification:
    policies = {v.value: v for v in Verification if v is not Verification.REPORTED}  # a policy, not a hearsay
    if text not in policies:
        raise Unreadable(f"“{text}”: viết hash, readback hoặc size", f"“{text}”: write hash, readback or size")
    return policies[text]


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%d/%m/%Y").date() if "/" in text else date.fromisoformat(text)  # noqa: DTZ007 - a day has no zone
    except ValueError as problem:
        vi, en = f"“{text}” viết như 2025-07-01 hoặc 01/07/2025", f"“{text}”: write a day like 2025-07-01 or 01/07/2025"
        raise Unreadable(vi, en) from problem


def _predecessors(text: str) -> tuple[str, ...]:
    """Codes or names of the units it was made of, apart by semicolons; codes also by spaces."""
    parts = [part.strip() for part in text.split(";")]
    return tuple(p for part in parts for p in (part.split() if re.fullmatch(r"[\d ]+", part) else [part]) if p)
