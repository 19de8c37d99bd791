"""CSV for programs, and whoever imports it: UTF-8 with a mark at its start, and no cell that a spreadsheet would run.

A line `sep=,` would help an Excel of a country that expects semicolons, but it hides the mark from that Excel, and is a
row to every program: people take the workbook.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from pipeline.report.sheets import Cell, Sheet

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def parts(columns: Sequence[str], found: Iterable[Iterable[Sequence[Cell]]]) -> Iterator[bytes]:
    """A table, part by part, as its rows are found. Days are ISO 8601, numbers have a decimal point."""
    yield b"\xef\xbb\xbf" + _lines([columns])
    yield from map(_lines, found)


def _lines(rows: Iterable[Sequence[Cell]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)  # a spreadsheet of another country cuts at other signs
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return out.getvalue().encode()


def sheet(table: Sheet) -> bytes:
    """A table of a report."""
    return b"".join(parts(table.columns, [table.rows]))


def _cell(cell: Cell) -> str | int | float:
    if cell is None:
        return ""
    if isinstance(cell, date):
        return cell.isoformat()
    return harmless(cell) if isinstance(cell, str) else cell


def harmless(text: str) -> str:
    """Text that a spreadsheet takes for text, whatever it begins with."""
    return f"'{text}" if text.startswith(_FORMULA) else text
