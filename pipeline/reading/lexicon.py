"""Tables of what is not said as it is written. They are UTF-8 TSV, so that an editor may read and extend them.

The columns are `key, spoken, context, case, note`. `context` is empty (anywhere), or one of the words below, or words
parted by `|` of which one must stand right before the key. `case` is empty (exactly as written) or `any`. Lines that
start with `#` are remarks.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources

from pipeline.core.errors import ConfigError

IN_DOCUMENT = "số hiệu"
"""Context: only inside a document number."""
AFTER_NUMBER = "sau số"
"""Context: only right after a number."""

LATIN = r"A-Za-z\u00c0-\u024f\u0300-\u036f\u1e00-\u1eff"
KHMER = r"\u1780-\u17d3\u17dd"
_COLUMNS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One key and how it is said."""

    key: str
    spoken: str
    context: str = ""
    any_case: bool = False

    def fits(self, left: str) -> bool:
        """Whether the key may be said so after this text."""
        if self.context in {"", AFTER_NUMBER}:
            return True
        if self.context == IN_DOCUMENT:
            return False
        last = left.rstrip().casefold()
        return any(last.endswith(word.casefold()) for word in self.context.split("|"))


@dataclass(frozen=True)
class Lexicon:
    """Rows found by their longest key. Of rows with the same key, the first whose context fits is said."""

    rows: tuple[Row, ...]

    @cached_property
    def _by_key(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.key.casefold(), []).append(row)
        return found

    @cached_property
    def keys(self) -> frozenset[str]:
        """Every key as written, and in lower case where case does not matter."""
        return frozenset([r.key for r in self.rows] + [r.key.casefold() for r in self.rows if r.any_case])

    def all(self, key: str) -> Iterator[Row]:
        """The rows of a key, in table order."""
        return (r for r in self._by_key.get(key.casefold(), ()) if r.any_case or r.key == key)

    def say(self, key: str, left: str = "") -> str | None:
        """How a key is said after some text; None where no row fits."""
        return next((r.spoken for r in self.all(key) if r.fits(left)), None)

    def say_in_document(self, key: str) -> str | None:
        """How a part of a document number is said: its row for document numbers, else its general one."""
        rows = sorted(self.all(key), key=lambda r: r.context != IN_DOCUMENT)
        return next((r.spoken for r in rows if r.context in {IN_DOCUMENT, ""}), None)

    def pattern(self) -> str:
        """Any key that stands alone. `& - / .` glue a word to its neighbour, so they are no edge."""
        rows = [r for r in self.rows if r.context not in {IN_DOCUMENT, AFTER_NUMBER}]
        before = rf"(?<![{LATIN}\d&])(?<![{LATIN}\d][-/.])"
        return before + _any_of(rows, rf"(?![{LATIN}\d&]|[-/.][{LATIN}\d])", f"(?![{KHMER}])")

    def pattern_after_number(self) -> str:
        """Any key, where the text before is known to be a number; another unit may follow a slash."""
        return _any_of(self.rows, rf"(?![{LATIN}\d])", f"(?![{KHMER}])")


def _any_of(rows: Iterable[Row], latin_edge: str, khmer_edge: str) -> str:
    keys = sorted({(r.key, r.any_case) for r in rows}, key=lambda k: (-len(k[0]), k[0]))
    return "(?:" + "|".join(_one(key, fold, latin_edge, khmer_edge) for key, fold in keys) + ")"


def _one(key: str, fold: bool, latin_edge: str, khmer_edge: str) -> str:
    literal = f"(?i:{re.escape(key)})" if fold else re.escape(key)
    if re.match(rf"[{LATIN}\d]", key[-1]):
        return literal + latin_edge
    return literal + khmer_edge if re.match(f"[{KHMER}]", key[-1]) else literal


def parse(text: str, name: str) -> tuple[Row, ...]:
    """The rows of a table. Raises ConfigError that lists every bad row by its line number."""
    rows, faults = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) > _COLUMNS or len(cells) < 2 or not cells[0] or not cells[1]:
            faults.append(f"{number}: {line}")
            continue
        cells += [""] * (_COLUMNS - len(cells))
        rows.append(Row(cells[0], cells[1], cells[2], cells[3] == "any"))
    if faults:
        raise ConfigError(file=name, faults="\n".join(faults))
    return tuple(rows)


@cache
def shipped(name: str) -> Lexicon:
    """A table that comes with the program, by its file name without `.tsv`."""
    file = resources.files("pipeline.reading") / "tables" / f"{name}.tsv"
    return Lexicon(parse(file.read_text(encoding="utf-8"), f"{name}.tsv"))
