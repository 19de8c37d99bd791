"""One line of writing to one line of speech."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.core.model import Language, Note
from pipeline.core.text import runs
from pipeline.reading.announcer import Announcer
from pipeline.reading.clean import WORD_MARK, clean
from pipeline.reading.grammar import Piece
from pipeline.reading.km import OWN_LATIN
from pipeline.reading.lexicon import KHMER, LATIN
from pipeline.reading.vi import Vietnamese

_NOT_SAID = "phần ký hiệu văn bản này không đọc (mục document_codes trong config.toml)"
_LATIN = re.compile(f"[{LATIN}]")
_FIGURES = re.compile(rf"\d+(?=[{LATIN}])")
_CAPITALS = re.compile(rf"[{LATIN}]{{2,}}")
_ASIDE = re.compile(r"[()\[\]{}]|(?<= )-(?= )|…|\.{2,}")
_END = re.compile(r"[.?!។៕៚]")
_STOPS = re.compile(r"[,;:.?!។៕៚](?:[ \u200b]*[,;:.?!។៕៚])+")
_SIGNS = frozenset({"So", "Sk", "Sm", "Sc", "Co", "Cn"})
_SAID_SIGNS = frozenset(",.;:?!។៕៚ " + WORD_MARK)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A line as it will be spoken, and what its editor should know."""

    text: str
    notes: tuple[Note, ...] = ()
    left_out: tuple[str, ...] = ()
    """What was not said on purpose, each with a note."""


def spoken(line: str, language: Language, announcer: Announcer) -> Spoken:
    """A line as it will be spoken, on one line; empty where nothing in it can be said. Any text is accepted.

    Words of the other language's script are read by that language's rules, in place.
    """
    said = [voiced(part, spoken_in, announcer) for spoken_in, part in by_language(clean(line), language, announcer)]
    return Spoken(
        _punctuated(" ".join(s.text for s in said)),
        tuple(n for s in said for n in s.notes),
        tuple(out for s in said for out in s.left_out),
    )


def explain(line: str, language: Language, announcer: Announcer) -> list[Piece]:
    """The pieces of a line, each with the rule or table row that says it; their sources join to the clean line."""
    parts = by_language(clean(line), language, announcer)
    return [piece for spoken_in, part in parts for piece in announcer.tongue(spoken_in).pieces(part)]


def by_language(line: str, language: Language, announcer: Announcer) -> Iterator[tuple[Language, str]]:
    """A clean line cut where another language's words stand; the parts join to the line.

    In Khmer, units and names that Khmer has its own word for (`5 kg`, `COVID-19`) stay Khmer.
    """
    if language is Language.VI:
        yield from _cut(line, line, language)
        return
    if not _LATIN.search(line):
        yield language, line
        return
    for run_language, run in _cut(line, _masked(line, announcer), language):
        # A unit cut off from what made it one is no longer Khmer.
        whole = run_language is Language.VI or not _LATIN.search(run) or not _LATIN.search(_masked(run, announcer))
        yield from [(run_language, run)] if whole else _cut(run, run, language)


def _cut(line: str, masked: str, language: Language) -> Iterator[tuple[Language, str]]:
    """The line in runs of one language as its mask tells them; figures that begin a Latin word (`3G`) belong to it."""
    at = 0
    for run_language, run in runs(_FIGURES.sub(lambda m: "a" * len(m[0]), masked), language):
        yield run_language, line[at : at + len(run)]
        at += len(run)


def _masked(line: str, announcer: Announcer) -> str:
    """The line with every token of Latin letters that Khmer says itself as Khmer letters, at the same length."""
    pieces = announcer.khmer.pieces(line)
    return "".join(re.sub(rf"[{LATIN}\d]", "ក", p.source) if p.rule in OWN_LATIN else p.source for p in pieces)


def voiced(part: str, language: Language, announcer: Announcer) -> Spoken:
    """A clean text of one language as it will be spoken."""
    tongue = announcer.tongue(language)
    pieces = tongue.pieces(part)
    pad = tongue.glue
    text = "".join(f"{pad}{p.said}{pad}" if p.rule else _CAPITALS.sub(_lowered, p.said) for p in pieces)
    unknown = _unknown(pieces, tongue) if isinstance(tongue, Vietnamese) else ()
    left_out = tuple(p.left_out for p in pieces if p.left_out)
    notes = (*unknown, *_unsayable(pieces), *_doubtful(pieces), *(Note(out, _NOT_SAID) for out in left_out))
    return Spoken(_punctuated(text), notes, left_out)


def _unknown(pieces: list[Piece], tongue: Vietnamese) -> Iterator[Note]:
    for short in dict.fromkeys(u for p in pieces for u in tongue.unknown(p)):
        yield Note(short, f"chữ viết tắt chưa có trong bảng, đọc từng chữ: “{tongue.spell(short)}”")


def _lowered(word: re.Match[str]) -> str:
    """A word of a headline in small letters: some voices spell capitals."""
    return word[0].lower() if word[0].isupper() else word[0]


def _doubtful(pieces: list[Piece]) -> Iterator[Note]:
    for piece in pieces:
        if piece.doubts:
            others = ", ".join(f"“{other}”" for other in piece.doubts)
            yield Note(piece.source, f"đọc là “{piece.said}”, cũng có thể là {others}: viết ra bằng chữ nếu chưa đúng")


def _unsayable(pieces: list[Piece]) -> Iterator[Note]:
    copied = "".join(p.said for p in pieces if not p.rule)
    for sign in sorted({c for c in copied if unicodedata.category(c) in _SIGNS}):
        yield Note(sign, "ký hiệu này không đọc được nên bỏ qua")
    for run in dict.fromkeys(re.findall(rf"[^\W\d_{LATIN}{KHMER}]{{2,}}", copied)):
        yield Note(run, "chữ này không phải chữ Việt hay Khmer, giọng đọc có thể không đọc được")


def _punctuated(text: str) -> str:
    """Only letters, and the signs a voice makes pauses of: one sign at a place, none at the start."""
    text = _ASIDE.sub(", ", text)
    text = "".join(c if _is_said(c) else " " for c in text)
    text = re.sub(rf" *{WORD_MARK}*(?: +{WORD_MARK}*)+", " ", text)
    text = re.sub(rf"[ {WORD_MARK}]+([,;:.?!])", r"\1", text)
    text = _STOPS.sub(_strongest, text)
    text = re.sub(rf"{WORD_MARK}+", WORD_MARK, text).strip(" " + WORD_MARK).lstrip(",;:.?!។៕៚ " + WORD_MARK)
    return text if any(unicodedata.category(c)[0] == "L" for c in text) else ""


def _is_said(c: str) -> bool:
    return c in _SAID_SIGNS or unicodedata.category(c)[0] in "LM"


def _strongest(stops: re.Match[str]) -> str:
    end = _END.search(stops[0])
    return end[0] if end else stops[0][0]
