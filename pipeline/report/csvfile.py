"""CSV for Excel: UTF-8 with a mark at its start, and no cell that a spreadsheet would run."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

from pipeline.report.sheets import Cell, Sheet

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rows(columns: Sequence[str], found: Iterable[Sequence[Cell]]) -> bytes:
    """A table. Days are ISO 8601, numbers have a decimal point."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in found:
        writer.writerow([_cell(cell) for cell in row])
    return ("\ufeff" + out.getvalue()).encode()


def sheet(table: Sheet) -> bytes:
    """A table of a report."""
    return rows(table.columns, table.rows)


def _cell(cell: Cell) -> str | int | float:
    if cell is None:
        return ""
    if isinstance(cell, date):
        return cell.isoformat()
    return harmless(cell) if isinstance(cell, str) else cell


def harmless(text: str) -> str:
    """Text that a spreadsheet takes for text, whatever it begins with."""
    return f"'{text}" if text.startswith(_FORMULA) else text
