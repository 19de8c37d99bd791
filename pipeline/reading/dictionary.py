"""The editor's own dictionary: `tu-dien.tsv`, or the same table as the first sheet of an Excel file."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

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
