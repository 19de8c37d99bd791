"""Plain text and Markdown: bytes in any of the encodings in use → lines."""

import codecs
import re
import unicodedata
from collections.abc import Iterable
from itertools import groupby

from pipeline.core.errors import Says, UnreadableScript
from pipeline.intake import legacy, table
from pipeline.intake.manuscript import BLANK, Line, nfc, tidy

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SIGN_INSIDE = re.compile(r"[^\W\d_][\xa1-\xbf\xd7\xf7]\w")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
_VIETNAMESE = frozenset(nfc(vowel + tone) for vowel in "aăâeêioôơuưy" for tone in _TONES) | {"đ"}
"""Beyond ASCII, the only letters of Vietnamese text. TCVN3 or VNI read as cp1258 has others: `x· héi`, `xaơ hoäi`."""


def decode(data: bytes, name: str) -> str:
    """Text from UTF-8 (with or without byte-order mark), UTF-16 or Windows-1258, composed (NFC).

    Bytes that only make sense in TCVN3 or VNI come back as the characters of their bytes, for `legacy` to convert.

    Raises:
        UnreadableScript: it is in none of these, or no text at all. A guess would be read out as nonsense.
    """
    for encoding in _encodings(data):
        try:
            text = nfc(data.decode(encoding))
        except UnicodeDecodeError:
            continue
        if not _CONTROL.search(text) and (encoding != "cp1258" or _is_vietnamese(text)):
            return text
    if legacy.guess(old := legacy.of_bytes(data)) and not _CONTROL.search(old):
        return old
    raise UnreadableScript(
        name=name,
        format=Says("văn bản Unicode", "Unicode text"),
        reason=Says(
            "không nhận ra bảng mã; có thể là phông cũ (TCVN3, VNI) hoặc không phải tệp văn bản",
            "unknown encoding; perhaps an old font encoding (TCVN3, VNI), or not a text file",
        ),
    )


def _encodings(data: bytes) -> list[str]:
    """The encodings worth trying, best first."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return [encoding]
    if 0 in data:
        return ["utf-16-le"] if data[1::2].count(0) >= data[::2].count(0) else ["utf-16-be"]
    return ["utf-8", *_guessed(data)]


def _guessed(data: bytes) -> list[str]:
    """Windows-1258 where charset-normalizer finds that the text makes sense in it."""
    try:
        data.decode()
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes  # noqa: PLC0415 - only the rare old file needs it

        return ["cp1258"] if from_bytes(data, cp_isolation=["cp1258"]).best() else []
    return []


def _is_vietnamese(text: str) -> bool:
    """Whether all letters and accents are Vietnamese ones and no sign stands inside a word."""
    letters = {c.lower() for c in text if not c.isascii() and (c.isalpha() or unicodedata.combining(c))}
    return letters <= _VIETNAMESE and not _SIGN_INSIDE.search(text)


# --- plain text ------------------------------------------------------------------------------------------------------

_ITEM = re.compile(r"[-–—+*•]\s|\d+[.)]\s|[a-zđ]\)\s")


def plain(text: str) -> list[Line]:
    """The lines of a text file. Items of a list stand alone; anything else may be a paragraph wrapped by hand."""
    return [Line(line, alone=bool(_ITEM.match(line.strip()))) for line in map(_kept, text.splitlines())]


def _kept(line: str) -> str:
    """A line without marks that no one sees; runs of spaces stay, for they part two keys of a head."""
    return line.replace("\ufeff", "").rstrip()


# --- Markdown --------------------------------------------------------------------------------------------------------

_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_BULLET = re.compile(r"\s*(?:[-*+•]\s+(?:\[[ xX]\]\s+)?|>\s?)+")
_NUMBERED = re.compile(r"\s*\d+[.)]\s")
_RULE = re.compile(r"\s*(?:[-*_=]\s*){3,}$|\s*(?:```|~~~).*$|\s*\|?(?:\s*:?-{2,}:?\s*\|)+(?:\s*:?-{2,}:?\s*)?$")
_ROW = re.compile(r"\s*\|(.*)\|\s*$")
_INLINE = (
    (re.compile(r"!?\[([^\[\]]{0,500})\]\((?:[^()\s]{1,2000})(?:\s+\"[^\"]*\")?\)"), r"\1"),
    (re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*])\*(?=\S)([^*]+?)(?<=\S)\*(?![\w*])"), r"\1"),
    (re.compile(r"(?<![\w_])_(?=\S)([^_]+?)(?<=\S)_(?![\w_])"), r"\1"),
    (re.compile(r"~~(?=\S)(.+?)(?<=\S)~~"), r"\1"),
    (re.compile(r"`([^`]+)`"), r"\1"),
)


def markdown(text: str) -> list[Line]:
    """The lines of a Markdown file without its signs; every word stays."""
    front, rest = _front_matter(text.splitlines())
    found = list(front)
    for is_row, together in groupby(map(_kept, rest), key=lambda line: _ROW.match(line) is not None):
        lines = list(together)
        found += _rows(lines) if is_row else map(_markdown_line, lines)
    return found


def _rows(lines: Iterable[str]) -> list[Line]:
    """A table, without the rule below its headings."""
    written = (line.strip().strip("|").split("|") for line in lines if not _RULE.match(line))
    return table.lines([[_inline(tidy(cell)) for cell in cells] for cells in written])


def _front_matter(lines: list[str]) -> tuple[list[Line], list[str]]:
    """Head lines between two rules on top, and the lines after them."""
    if lines and _kept(lines[0]) == "---" and "---" in map(_kept, lines[1:]):
        end = [_kept(line) for line in lines].index("---", 1)
        head = [Line(_kept(line)) for line in lines[1:end] if not line.startswith("#")]
        return [*head, BLANK], lines[end + 1 :]
    return [], lines


def _markdown_line(line: str) -> Line:
    if heading := _HEADING.match(line):
        return Line(_inline(heading[1]), heading=True, alone=True)
    if _RULE.match(line):
        return BLANK
    bullet = _BULLET.match(line)
    return Line(_inline(line[bullet.end() :] if bullet else line), alone=bool(bullet or _NUMBERED.match(line)))


def _inline(text: str) -> str:
    for sign, kept in _INLINE:
        text = sign.sub(kept, text)
    return text
