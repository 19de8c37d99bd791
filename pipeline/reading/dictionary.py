"""The editor's own dictionary: `tu-dien.tsv`, or the same table as the first sheet of an Excel file."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.errors import BadRows
from pipeline.reading.lexicon import Fault, Row, parse, rows_of

MOST_BYTES = 5_000_000
"""Bytes of a dictionary; a hundred thousand rows are less."""
_MOST_UNPACKED = 50_000_000
_MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The rows that can be used, and what is wrong with the others."""

    name: str = ""
    rows: tuple[Row, ...] = ()
    faults: tuple[Fault, ...] = ()


def load(file: Path) -> Dictionary:
    """The dictionary in a file; an empty one where there is none.

    A file that cannot be read at all is one fault, so that a slip in it never stops a bulletin.
    """
    name = file.name
    try:
        if not file.is_file():
            return Dictionary(name)
        if file.stat().st_size > MOST_BYTES:
            return _unusable(name, f"tệp lớn quá {MOST_BYTES // 1_000_000} MB")
        data = file.read_bytes()
    except OSError:
        return _unusable(name, "không mở được tệp")
    rows, faults = _sheet(data, name) if file.suffix.lower() == ".xlsx" else _table(data, name)
    return Dictionary(name, rows, faults)


def with_row(data: bytes, name: str, cells: Sequence[str]) -> bytes:
    """A dictionary's bytes with one more row; a row of the same key without context gives way to it.

    Everything else stays as its editors wrote it: remarks, order, encoding.

    Raises:
        BadRows: the row, or the file as it is, cannot be used.
    """
    _, faults = rows_of([(0, cells)], name)
    if faults:
        raise BadRows(file=name, faults=faults[0].reason)
    return _sheet_with(data, name, cells) if name.lower().endswith(".xlsx") else _table_with(data, name, cells)


def _table_with(data: bytes, name: str, cells: Sequence[str]) -> bytes:
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as fault:
        raise BadRows(file=name, faults="không phải UTF-8") from fault
    end = "\r\n" if "\r\n" in text else "\n"
    kept = [line for line in text.splitlines() if not _gives_way(line.lstrip("\ufeff").split("\t"), cells[0])]
    marked = text.startswith("\ufeff") and not (kept and kept[0].startswith("\ufeff"))
    lines = end.join([*kept, "\t".join(cells)]) + end
    return (("\ufeff" if marked else "") + lines).encode(encoding)


def _gives_way(cells: Sequence[str], key: str) -> bool:
    return len(cells) > 1 and cells[0].strip() == key and not (len(cells) > 2 and cells[2].strip())


def _sheet_with(data: bytes, name: str, cells: Sequence[str]) -> bytes:
    from openpyxl import load_workbook  # noqa: PLC0415 - only where an editor keeps the dictionary in Excel

    try:
        book = load_workbook(io.BytesIO(data))
    except Exception as fault:  # openpyxl raises whatever the damage happens to break
        raise BadRows(file=name, faults="không đọc được tệp Excel này") from fault
    sheet = book.worksheets[0]
    for number in range(sheet.max_row, 0, -1):
        written = [str(cell.value or "") for cell in sheet[number]]
        if _gives_way(written, cells[0]):
            sheet.delete_rows(number)
    sheet.append(list(cells))
    for cell in sheet[sheet.max_row]:
        cell.data_type = "s"  # also what begins as a formula does
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _unusable(name: str, reason: str) -> Dictionary:
    return Dictionary(name, faults=(Fault(0, name, reason),))


def _table(data: bytes, name: str) -> tuple[tuple[Row, ...], tuple[Fault, ...]]:
    """Excel saves its “Unicode text” as UTF-16."""
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return parse(data.decode(encoding), name)
    except UnicodeDecodeError:
        return (), (Fault(0, name, "không phải UTF-8: lưu lại bằng “CSV UTF-8” hoặc “Unicode text”"),)


def _sheet(data: bytes, name: str) -> tuple[tuple[Row, ...], tuple[Fault, ...]]:
    try:
        return rows_of(_cells(data), name)
    except Exception:  # noqa: BLE001 - openpyxl raises whatever the damage happens to break
        return (), (Fault(0, name, "không đọc được tệp Excel này: lưu lại thành .xlsx"),)


def _cells(data: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    """Rows of the first sheet with their numbers; a heading and empty rows are passed over."""
    from openpyxl import load_workbook  # noqa: PLC0415 - only where an editor keeps the dictionary in Excel

    with zipfile.ZipFile(io.BytesIO(data)) as package:
        if sum(part.file_size for part in package.infolist()) > _MOST_UNPACKED:
            raise ValueError("it unpacks to far too much")
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    sheet = book.worksheets[0]
    for number, values in enumerate(sheet.iter_rows(max_row=_MOST_ROWS, values_only=True), start=1):
        cells = ["" if value is None else str(value) for value in values]
        if any(cells) and not cells[0].startswith("#") and cells[0].casefold() != "key":
            yield number, cells
