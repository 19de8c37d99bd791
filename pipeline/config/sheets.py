"""Tables of stations as people keep them: CSV of either region, or the first sheet of an Excel file."""

import csv
import difflib
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import zip_longest
from pathlib import Path

from pipeline.core.errors import Says
from pipeline.core.text import slug

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "code": ("ma", "ma-tram"),
    "commune": ("ma-xa", "ma-don-vi"),
    "name": ("ten", "ten-xa", "xa", "xa-phuong", "don-vi"),
    "kind": ("loai",),
    "technology": ("cong-nghe",),
    "transport": ("cach-gui",),
    "host": ("may", "dia-chi", "dia-chi-ip", "ip"),
    "port": ("cong",),
    "user": ("nguoi-dung", "tai-khoan"),
    "key": ("khoa", "tep-khoa"),
    "password_file": ("tep-mat-khau",),
    "host_key": ("khoa-may",),
    "folder": ("thu-muc",),
    "make_folder": ("tao-thu-muc",),
    "profile": ("ho-so",),
    "windows": ("khung-gio", "khung-gio-phat", "gio-phat"),
    "quiet": ("gio-yen-lang", "gio-nghi"),
    "languages": ("tieng", "ngon-ngu"),
    "bandwidth": ("bang-thong",),
    "verification": ("kiem-chung",),
    "keep_days": ("luu-giu", "so-ngay-giu"),
    "coordinates": ("toa-do", "vi-tri"),
    "since": ("tu-ngay",),
    "until": ("den-ngay",),
    "predecessors": ("tien-than", "xa-cu"),
    "groups": ("nhom",),
}
"""Every column, in the order a new table has them, with what people call it in Vietnamese, accents aside."""
_NAMES = {alias: name for name, aliases in COLUMNS.items() for alias in aliases}
_MOST_ROWS = 200_000
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""How what Excel calls “Unicode text” begins; its cells are apart by tabs."""

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table's rows by the names of our columns, each with its line in the file, and what is wrong with it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, Row], ...]
    faults: tuple[Says, ...] = ()
    delimiter: str = ","


def read(file: Path) -> Sheet:
    """The table in a .csv or .xlsx file. A file that cannot be read is a fault; it raises nothing."""
    if not file.is_file():
        return _unusable("không thấy tệp", "it is missing")
    try:
        data = file.read_bytes()
    except OSError as fault:
        return _unusable(f"không mở được: {fault.strerror}", f"it cannot be opened: {fault.strerror}")
    if file.suffix.lower() == ".xlsx":
        return _excel(data)
    try:
        text = data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError:
        return _unusable("tệp không phải UTF-8: lưu lại bằng “CSV UTF-8”", "it is not UTF-8: save it as “CSV UTF-8”")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return _sheet(((reader.line_num, line) for line in reader), delimiter)
    except csv.Error as fault:
        line = reader.line_num
        return _unusable(f"dòng {line} không đọc được: {fault}", f"line {line} cannot be read: {fault}")


def write(file: Path, columns: Sequence[str], rows: Sequence[Row], delimiter: str = ",") -> None:
    """Write a table whole or not at all, so that Excel opens it: CSV in UTF-8 with its mark, Unicode text, or .xlsx."""
    part = file.with_name(f".{file.name}.part")
    part.write_bytes(_to_excel(columns, rows) if file.suffix.lower() == ".xlsx" else _to_csv(columns, rows, delimiter))
    with part.open("rb") as stream:
        os.fsync(stream.fileno())
    part.replace(file)


def at_line(number: int, fault: Says) -> Says:
    """A fault of a row."""
    return Says(f"  dòng {number}: {fault.vi}", f"  line {number}: {fault.en}")


def _unusable(vi: str, en: str) -> Sheet:
    return Sheet((), (), (Says(f"  {vi}", f"  {en}"),))


def _sheet(lines: Iterator[tuple[int, Sequence[str]]], delimiter: str = ",") -> Sheet:
    faults: list[Says] = []
    _, head = next(lines, (0, []))
    if not any(title.strip() for title in head):
        return _unusable("tệp trống, không có cả dòng tên cột", "it is empty, without even the names of columns")
    titles = [title.strip() for title in head]
    columns = [_column(title, faults) for title in titles]
    twice = sorted({column for column in columns if column and columns.count(column) > 1})
    faults += (Says(f"  cột {column} có hai lần", f"  column {column} stands there twice") for column in twice)
    rows = []
    for number, cells in lines:
        if any(cell.strip() for cell in cells):
            named = zip_longest(columns, cells, fillvalue="")
            rows.append((number, {column: cell.strip() for column, cell in named if column}))
            faults += _astray(number, titles, cells)
    return Sheet(tuple(filter(None, columns)), tuple(rows), tuple(faults), delimiter)


def _astray(number: int, titles: Sequence[str], cells: Sequence[str]) -> Iterator[Says]:
    """What stands under no column's name: nobody would read it, and writing the table again would lose it."""
    astray = [cell for title, cell in zip_longest(titles, cells, fillvalue="") if cell.strip() and not title]
    if astray:
        cell = astray[0].strip()
        yield at_line(number, Says(f"ô “{cell}” không nằm dưới tên cột nào", f"“{cell}” stands under no column's name"))


def _column(title: str, faults: list[Says]) -> str:
    """Our name of a column; empty for one without a title."""
    name = title.casefold()
    found = name if name in COLUMNS else _NAMES.get(slug(title), "")
    if title and not found:
        near = difflib.get_close_matches(name, COLUMNS, n=1, cutoff=0)[0]
        vi, en = f"  cột “{title}”: không có; gần nhất {near}", f"  unknown column “{title}”; nearest: {near}"
        faults.append(Says(vi, en))
    return found


def _excel(data: bytes) -> Sheet:
    from openpyxl import load_workbook  # noqa: PLC0415 - heavy, and most registries are CSV

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        cells = [[_text(cell) for cell in row] for row in book.worksheets[0].iter_rows(values_only=True)]
    except Exception:  # noqa: BLE001 - openpyxl raises whatever the damage happens to break
        return _unusable(
            "không phải tệp Excel .xlsx, hoặc đã hỏng: lưu lại, hay lưu thành stations.csv",
            "not an .xlsx file, or damaged: save it again, or as stations.csv",
        )
    if len(cells) > _MOST_ROWS:
        return _unusable(f"quá {_MOST_ROWS} dòng", f"it has more than {_MOST_ROWS} rows")
    return _sheet(iter(list(enumerate(cells, start=1))))


def _text(cell: object) -> str:
    """A cell as a person reads it: a code that Excel took for a number has no `.0`."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time):
        return f"{cell:%H:%M}"
    return str(cell)


def _to_csv(columns: Sequence[str], rows: Sequence[Row], delimiter: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return text.getvalue().encode("utf-16" if delimiter == "\t" else "utf-8-sig")


def _to_excel(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    from openpyxl import Workbook  # noqa: PLC0415 - as above

    book = Workbook(write_only=True)
    sheet = book.create_sheet("stations")
    for line in [list(columns), *([row.get(column, "") for column in columns] for row in rows)]:
        sheet.append(line)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()
