"""Tables of any format → lines to listen to: row by row with the headings named, or left out and listed. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from pipeline.core.text import language_of, slug
from pipeline.intake import head, paper
from pipeline.intake.manuscript import BLANK, Line, tidy

MOST_ROWS, MOST_COLUMNS = 15, 6
"""A larger table cannot be listened to."""
_LONGEST_HEADING = 60
_NUMBERING = {"stt", "tt", "so-tt", "so-thu-tu"}


def cell(written: Iterable[str]) -> str:
    """The lines of a cell on one line, a comma where one does not end with a sign of its own."""
    said = ""
    for text in filter(None, map(tidy, written)):
        said += f"{' ' if said[-1:] in ',;:.' else ', '}{text}" if said else text
    return said


def lines(rows: Sequence[Sequence[str]]) -> list[Line]:
    """A table as lines. One that only arranges the page is read cell by cell; one of head keys is head lines.

    A table with headings is read row by row, each cell after its heading; one of more than 15 rows or 6 columns is one
    line that is left out.
    """
    table = [[tidy(cell) for cell in row] for row in rows]
    table = [row for row in table if any(row)]
    pairs = [f"{row[0].rstrip(': ')}: {row[1]}" for row in table if len(row) == 2]
    if len(pairs) == len(table) and head.opens(pairs):
        return [*map(Line, pairs), BLANK]
    return [BLANK, *_told(table), BLANK]


def _told(table: Sequence[Sequence[str]]) -> list[Line]:
    if not _has_headings(table):
        return [line for row in table for line in _cells(row)]
    heads, *body = table
    if len(body) > MOST_ROWS or len(heads) > MOST_COLUMNS:
        text = " / ".join("; ".join(filter(None, row)) for row in table)
        return [Line(text, alone=True, left_out=f"bảng {len(body)} dòng, {len(heads)} cột; cần đọc thì viết thành lời")]
    return [Line(_named(heads, row), alone=True) for row in body]


def _has_headings(table: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns of what follows."""
    if len(table) < 3 or len(table[0]) < 2 or paper.is_top("; ".join(table[0])):
        return False
    heads = table[0]
    named = all(heads) and len(set(heads)) == len(heads) and max(map(len, heads)) <= _LONGEST_HEADING
    plain = not any(head[-1] in ".!?;។" or head.replace(".", "").isdecimal() for head in heads if head)
    one = len({language_of(cell) for row in table for cell in row} - {None}) == 1
    even = all(len(row) == len(heads) for row in table[1:])
    return named and plain and one and even


def _named(heads: Sequence[str], row: Sequence[str]) -> str:
    """`1. Xã: Đất Mũi; Số hộ: 120`."""
    number, told = "", []
    for title, cell in zip(heads, row, strict=True):
        if slug(title) in _NUMBERING and cell.rstrip(".").isdecimal():
            number = f"{cell.rstrip('.')}. "
        elif cell:
            told.append(f"{title.rstrip(' :')}: {cell.rstrip(' ;')}")
    return number + "; ".join(told)


def _cells(row: Sequence[str]) -> Iterator[Line]:
    """A row as one line, cut where the language changes: two columns may be one text in two languages."""
    together: list[str] = []
    for cell in filter(None, row):
        languages = {language_of(together[-1]), language_of(cell)} if together else {None}
        if None not in languages and len(languages) > 1:
            yield Line("; ".join(together), alone=True)
            together = []
        together.append(cell)
    if together:
        yield Line("; ".join(together), alone=True)
