"""Tables of what is not said as it is written. They are UTF-8 TSV, so that an editor may read and extend them.

The columns are `key, spoken, context, case, note`. `context` is empty (anywhere), or one of the words below, or
neighbours parted by `|` of which one must stand beside the key: `trường` or `trường _` right before it, `_ tỉnh` right
after it. `case` is empty (exactly as written) or `any`. Lines that start with `#` are remarks.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib import resources
from typing import TypeAlias

from pipeline.core.errors import ConfigError
from pipeline.reading.clean import WORD_MARK, clean
from pipeline.reading.grammar import Piece

IN_DOCUMENT = "số hiệu"
"""Context: only inside a document number."""
AFTER_NUMBER = "sau số"
"""Context: only right after a number."""

LATIN = r"A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0300-\u036f\u1e00-\u1eff"
KHMER = r"\u1780-\u17d3\u17dd"
LONGEST_KEY = 100
"""Characters of a key."""
_COLUMNS = 5
_SURE = 4
"""Letters of an abbreviation that means the same with no joint in it."""
_TELLING = 3
"""Letters by which most text is known to hold no key. More would make a pattern that takes seconds to compile."""
_HERE = "_"
_NEAR = 48
"""Characters beside a key that a context may speak of."""
_STANDS = rf"(?<![{LATIN}\d&\u17d2])(?<![{LATIN}\d][-/.])"
_LETTER = re.compile(rf"[{LATIN}\d]")
_KHMER_WORD = re.compile(f"[{KHMER}]+")
_KHMER_LETTER = re.compile(f"[{KHMER}]")
_LATIN_EDGE = rf"(?![{LATIN}\d&]|[-/.][{LATIN}\d])"
_LATIN_UNIT_EDGE = rf"(?<=[{LATIN}\d])(?![{LATIN}\d]|/[ckvM](?![{LATIN}]))"
_KHMER_UNIT_EDGE = rf"(?<=[{KHMER}.])(?!\.?[{KHMER}])"
_UNIT_EDGE = rf"(?:{_LATIN_UNIT_EDGE}|{_KHMER_UNIT_EDGE}|(?<![{LATIN}\d{KHMER}.]))"
"""What may not follow a unit: more letters, or those of what begins alike (`5 đ/c` are comrades, `ម.ស.` an era)."""
_KHMER_EDGE = f"(?![{KHMER}])"
_CLUSTER_EDGE = r"(?![\u17b4-\u17d3\u17dd])"


@dataclass(frozen=True, slots=True)
class Row:
    """One key and how it is said."""

    key: str
    spoken: str
    context: str = ""
    any_case: bool = False
    note: str = ""
    where: str = field(default="", compare=False)
    """The table and line it stands in, for an editor: `vi.tsv:12`."""

    @property
    def is_general(self) -> bool:
        """Whether it may be said in running text, in some context or in any."""
        return self.context not in {IN_DOCUMENT, AFTER_NUMBER}

    def fits(self, left: str, right: str = "") -> bool:
        """Whether the key may be said so between two texts."""
        if self.context in {"", AFTER_NUMBER}:
            return True
        return self.context != IN_DOCUMENT and any(beside(left, right) for beside in _neighbours(self.context))


@cache
def _neighbours(context: str) -> tuple[Callable[[str, str], bool], ...]:
    return tuple(_neighbour(part) for part in context.split("|"))


def _neighbour(words: str) -> Callable[[str, str], bool]:
    """A test of the texts beside a key: words alone must stand before it, `_` says where it is itself."""
    before, here, after = words.partition(_HERE) if _HERE in words else (words, _HERE, "")
    del here
    before, after = before.strip(), after.strip()
    first_edge = rf"(?<![{LATIN}])" if _LETTER.match(before) else ""
    last_edge = rf"(?![{LATIN}])" if _LETTER.match(after[-1:]) else ""
    left_words = re.compile(rf"{first_edge}{re.escape(before)} ?$", re.IGNORECASE)
    right_words = re.compile(rf" ?{re.escape(after)}{last_edge}", re.IGNORECASE)
    return lambda left, right: bool((not before or left_words.search(left)) and (not after or right_words.match(right)))


class Lexicon:
    """Rows found by their longest key. Of rows with the same key, the first whose context fits is said."""

    name = "lexicon"

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = tuple(rows)
        self._by_key: dict[str, list[Row]] = {}
        sizes: dict[str, set[int]] = {}
        for row in self.rows:
            self._by_key.setdefault(row.key.casefold(), []).append(row)
            sizes.setdefault(row.key[0].casefold(), set()).add(len(row.key))
        self._sizes = {first: sorted(found, reverse=True) for first, found in sizes.items()}
        self.keys = frozenset([r.key for r in self.rows] + [r.key.casefold() for r in self.rows if r.any_case])
        """Every key as written, and in lower case where case does not matter."""

    def all(self, key: str) -> Iterator[Row]:
        """The rows of a key, in table order."""
        return (r for r in self._by_key.get(key.casefold(), ()) if r.any_case or r.key == key)

    def find(self, key: str, left: str = "", right: str = "") -> Row | None:
        """The row that says a key between two texts; None where no row fits."""
        return next((r for r in self.all(key) if r.fits(left, right)), None)

    def say(self, key: str, left: str = "", right: str = "") -> str | None:
        """How a key is said between two texts; None where no row fits."""
        row = self.find(key, left, right)
        return row.spoken if row else None

    def say_in_document(self, key: str) -> str | None:
        """How a part of a document number is said: its row for document numbers, else its general one."""
        rows = sorted(self.all(key), key=lambda r: r.context != IN_DOCUMENT)
        return next((r.spoken for r in rows if r.context in {IN_DOCUMENT, ""}), None)

    def others(self, said: Row) -> tuple[Row, ...]:
        """What else a key may mean where nothing beside it told; none for a row that its neighbours chose."""
        if said.context:
            return ()
        return tuple(r for r in self.all(said.key) if r.is_general and r.context and r.spoken != said.spoken)

    # --- as a token class ---------------------------------------------------------------------------------------------

    @cached_property
    def start(self) -> str:
        """Where a key may stand alone, by its first letters; `at` tells whether one does."""
        return _STANDS + _any_of(replace(row, key=row.key[:_TELLING]) for row in self.rows if row.is_general)

    def at(self, text: str, at: int) -> Piece | None:
        """The longest key that stands alone at a place and has a row that fits there."""
        if not _STANDS_HERE.match(text, at):
            return None
        left = _unmarked(text[max(0, at - _NEAR) : at])
        for size in self._sizes.get(text[at].casefold(), ()):
            key, end = text[at : at + size], at + size
            if key.casefold() in self._by_key and _compiled(_edge(key)).match(text, end):
                row = self.find(key, left, _unmarked(text[end : end + _NEAR]))
                if row:
                    return Piece(key, row.spoken, self.name, row.where, tuple(r.spoken for r in self.others(row)))
        return None

    @cached_property
    def after_number(self) -> str:
        """Any key, where the text before is known to be a number; another unit may follow a slash."""
        return f"(?:{_any_of(self.rows)}{_UNIT_EDGE})"


_STANDS_HERE = re.compile(_STANDS)


def _edge(key: str) -> str:
    """What may not follow a key in running text. Khmer is written without spaces, so a Khmer word ends anywhere."""
    if _LETTER.match(key[-1]):
        return _LATIN_EDGE
    if _KHMER_WORD.fullmatch(key):
        return _CLUSTER_EDGE
    return _KHMER_EDGE if _KHMER_LETTER.match(key[-1]) else ""


def _unmarked(text: str) -> str:
    return text.replace(WORD_MARK, "")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _any_of(rows: Iterable[Row]) -> str:
    """A pattern of the keys, the longest first; it branches as the keys do, so that it stays quick with thousands."""
    exact: _Tree = {}
    folded: _Tree = {}
    for row in rows:
        _grow(folded if row.any_case else exact, row.key.casefold() if row.any_case else row.key)
    kinds = ([_branches(exact)] if exact else []) + ([f"(?i:{_branches(folded)})"] if folded else [])
    return f"(?:{'|'.join(kinds)})" if kinds else "(?!)"


_Tree: TypeAlias = "dict[str, _Tree]"
"""Keys by their letters; an empty letter ends one."""


def _grow(tree: _Tree, key: str) -> None:
    for letter in key:
        tree = tree.setdefault(letter, {})
    tree[""] = {}


def _branches(tree: _Tree) -> str:
    longer = [re.escape(letter) + _branches(rest) for letter, rest in sorted(tree.items()) if letter]
    every = [*longer, *([""] if "" in tree else [])]
    return every[0] if len(every) == 1 else f"(?:{'|'.join(every)})"


# --- tables as text --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that cannot be used: its line, what it says, and why (in Vietnamese)."""

    line: int
    written: str
    reason: str

    def __str__(self) -> str:
        return f"{self.line}: {self.reason}: {self.written}"


def parse(text: str, name: str) -> tuple[tuple[Row, ...], tuple[Fault, ...]]:
    """The rows of a table, and every row that cannot be used; the good ones work all the same."""
    lines = ((number, line.split("\t")) for number, line in enumerate(text.split("\n"), start=1) if line.strip())
    said = ((n, cells) for n, cells in lines if not cells[0].startswith("#") and cells[0].casefold() != "key")
    return rows_of(said, name)


def rows_of(lines: Iterable[tuple[int, Sequence[str]]], name: str) -> tuple[tuple[Row, ...], tuple[Fault, ...]]:
    """Rows from numbered cells of a table called `name`."""
    rows: list[Row] = []
    faults: list[Fault] = []
    for number, written in lines:
        cells = [clean(cell) for cell in written]
        while cells and not cells[-1]:
            cells.pop()
        if reason := _fault(cells):
            faults.append(Fault(number, " | ".join(cells), reason))
            continue
        key, spoken, context, case, note = [*cells, *[""] * (_COLUMNS - len(cells))]
        rows.append(Row(key, spoken, context, case.casefold() == "any", note, f"{name}:{number}"))
    return tuple(rows), tuple(faults)


def _fault(cells: Sequence[str]) -> str:
    """Why a row cannot be used, in Vietnamese; empty where it can."""
    if len(cells) > _COLUMNS:
        return f"có {len(cells)} cột, nhiều nhất {_COLUMNS} (key, spoken, context, case, note)"
    if len(cells) < 2 or not cells[0] or not cells[1]:
        return "thiếu cột key hoặc spoken; các cột cách nhau bằng phím Tab"
    if len(cells[0]) > LONGEST_KEY:
        return f"key dài quá {LONGEST_KEY} chữ"
    if any(c.isdecimal() for c in cells[1]) or not any(c.isalpha() for c in cells[1]):
        return "cột spoken phải viết ra bằng chữ, như khi đọc"
    if len(cells) > 3 and cells[3].casefold() not in {"", "any"}:
        return "cột case chỉ được để trống hoặc ghi any"
    return ""


def with_joints(rows: Sequence[Row]) -> tuple[Row, ...]:
    """The rows, and after them the same abbreviations joined otherwise: `KH&CN` is also `KH-CN`, `KH & CN`, `KHCN`."""
    known = {row.key for row in rows}
    other: dict[str, Row] = {}
    for row in rows:
        parts = re.split("[&-]", row.key)
        if row.is_general and len(parts) > 1 and "".join(parts).isupper():
            keys = (joint.join(parts) for joint in ("&", "-", " & ", "" if len("".join(parts)) >= _SURE else "&"))
            other |= {key: replace(row, key=key) for key in keys if key not in known and key not in other}
    return (*rows, *other.values())


@cache
def shipped(name: str) -> Lexicon:
    """A table that comes with the program, by its file name without `.tsv`."""
    return Lexicon(shipped_rows(name))


@cache
def shipped_rows(name: str) -> tuple[Row, ...]:
    """The rows of a table that comes with the program. Raises ConfigError where one is bad."""
    file = resources.files("pipeline.reading") / "tables" / f"{name}.tsv"
    rows, faults = parse(file.read_text(encoding="utf-8"), f"{name}.tsv")
    if faults:
        raise ConfigError(file=f"{name}.tsv", faults="\n".join(map(str, faults)))
    return rows
