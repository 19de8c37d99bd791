"""What every text format is brought to before anyone looks for a head or a body: lines, in order."""

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a manuscript, NFC; an empty text separates paragraphs."""

    text: str
    heading: bool = False
    """The author made it a heading."""
    alone: bool = False
    """A paragraph of its own, never the continuation of the line before it."""
    left_out: str = ""
    """Why it is not spoken, in Vietnamese; empty where it is."""


BLANK = Line("")


@dataclass(frozen=True, slots=True)
class Manuscript:
    """The lines of a file, and what its editor should know of how they were come by (in Vietnamese)."""

    lines: tuple[Line, ...]
    notices: tuple[str, ...] = ()


def nfc(text: str) -> str:
    """The composed form, in which the same word always has the same bytes. Macs and cp1258 hand in the other one."""
    return unicodedata.normalize("NFC", text)


def tidy(text: str) -> str:
    """One line: composed, no byte-order mark, single spaces. Zero-width spaces stay: Khmer needs them."""
    return " ".join(nfc(text.replace("\ufeff", "")).split())
