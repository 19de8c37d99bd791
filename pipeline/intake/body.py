"""The body of a script: lines in, passages out. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pipeline.core.errors import Says, ScriptRefused, WrongHeadValue
from pipeline.core.model import (
    Language,
    LeftOut,
    Paragraph,
    Passage,
    PauseMark,
    RecordingMark,
    Seconds,
    StingMark,
    VoiceMark,
)
from pipeline.core.text import language_of, slug
from pipeline.intake import paper, values
from pipeline.intake.manuscript import BLANK, Line, tidy

MOST_PAUSE = 60.0
"""Seconds. A longer silence sounds like a dead transmitter."""
_MARK = re.compile(r"\[([^\[\]\n]{1,200})\]")
_PAUSE = re.compile(r"(?P<word>[^\W\d]+)\s*:?\s*(?:(?P<number>\d+(?:[.,]\d+)?)\s*(?P<unit>[^\W\d]*))?")
_UNITS = {"": 1, "giay": 1, "s": 1, "seconds": 1, "second": 1, "phut": 60}
_RECORDINGS, _VOICES, _PAUSES = {"ghi-am", "recording"}, {"giong", "voice"}, {"nghi", "pause"}
_STINGS = {"nhac-cat", "sting"}
_STARS = re.compile(r"(?:[*⁂✻✽]\s*){3,}|⁂")
"""A line by which typists part one item from the next."""
_END = re.compile(r"[.!?:;…។៕៖][\"”’»)\]]*$")
_WRAPPED = 50
"""Characters. A line shorter than this was ended on purpose."""
_OPEN = re.compile(
    r"của|và|về|ở|tại|với|cho|từ|đến|là|các|những|theo|bằng|do|để|trong|"
    r"trên|dưới|số|ngày|tháng|năm|xã|ấp|khóm|tỉnh|huyện|phường|thị|ông|bà|"
    r"hoặc|hay|như|giữa|cùng|bởi|vì|nên|mà|thì|được|bị|không|đã|sẽ|đang|ủy"
    r"|hội|ban|sở|bộ"
)
"""Words after which no sentence ends: a line that breaks there goes on, even with a capital."""
_TITLE = 100
"""Characters a first line may have to serve as a title."""


def passages(lines: Sequence[Line], languages: Sequence[Language], name: str) -> tuple[Passage, ...]:
    """Paragraphs and marks in order, every word kept. A mark in the middle of a paragraph cuts it in two.

    A paragraph's language is that of its letters. One without letters takes the language before it, else the one after
    it, else the first of `languages`, the head's.

    Raises:
        ScriptRefused: a paragraph in a script that is neither Khmer nor Latin.
        WrongHeadValue: a mark whose value cannot be understood.
    """
    pieces = [piece for line in paragraphs(lines) for piece in _pieces(line, name)]
    texts = [piece.text for piece in pieces if isinstance(piece, Line)]
    known = (language for language in map(language_of, texts) if language)
    current = next(known, None) or next(iter(languages), Language.VI)
    found: list[Passage] = []
    for piece in pieces:
        if isinstance(piece, Line):
            current = _language(piece.text, name) or current
            found.append(Paragraph(piece.text, current, piece.heading))
        else:
            found.append(piece)
    return tuple(found)


def recordings(lines: Iterable[Line]) -> list[str]:
    """The names that `[ghi âm: …]` marks give, in order."""
    marks = (_MARK.findall(line.text) for line in paragraphs(lines))
    names = (_argument(mark) for found in marks for mark in found if _word(mark) in _RECORDINGS)
    return list(dict.fromkeys(filter(None, names)))


def title(lines: Sequence[Line]) -> str:
    """The first heading or short line; empty where the text begins with a full paragraph."""
    spoken = [(line, tidy(_MARK.sub("", line.text))) for line in lines if not line.left_out]
    (first, text), (_, about) = [*((line, text) for line, text in spoken if text), (None, ""), (None, "")][:2]
    if first is None:
        return ""
    short = len(text) <= _TITLE and not _END.search(text) and text[-1] != ","
    if paper.is_kind(text) and 0 < len(about) <= 2 * _TITLE:
        return f"{text.capitalize()} {about[0].lower()}{about[1:]}" if not about.isupper() else f"{text} {about}"
    return text if first.heading or short else ""


def paragraphs(lines: Iterable[Line]) -> Iterator[Line]:
    """Lines joined to paragraphs where they were wrapped by hand; what is left out stands together by its reason."""
    joined = BLANK
    for line in lines:
        current = tidy(line.text)
        if current and not line.alone and _joins(joined, line, current):
            joined = replace(joined, text=f"{joined.text} {current}")
            continue
        if current and joined.left_out and line.left_out == joined.left_out:
            joined = replace(joined, text=f"{joined.text} / {current}")
            continue
        if not current and joined.left_out:
            continue
        if joined.text:
            yield joined
        joined = replace(line, text=current)
    if joined.text:
        yield joined


def _joins(before: Line, line: Line, current: str) -> bool:
    plain = not (before.heading or before.left_out or line.left_out)
    return plain and bool(before.text) and _continues(before.text, current)


def _continues(before: str, line: str) -> bool:
    """Whether a line goes on with the sentence of the one before it."""
    if _END.search(before) or language_of(before) is not (language_of(line) or language_of(before)):
        return False
    wrapped = len(before) >= _WRAPPED and (
        not line[0].isupper() or _OPEN.fullmatch(before.rsplit(" ", 1)[-1].casefold())
    )
    return line[0].islower() or before[-1] == "," or bool(wrapped)


# --- marks -----------------------------------------------------------------------------------------------------------


def _pieces(line: Line, name: str) -> Iterator[Line | Passage]:
    """A paragraph cut at its marks; pieces of mere punctuation are dropped, unknown marks stay text."""
    if line.left_out:
        yield LeftOut(line.text, line.left_out)
        return
    if _STARS.fullmatch(line.text):
        yield StingMark("")
        return
    text, start = line.text, 0
    for match in _MARK.finditer(text):
        mark = _mark(match[1], name)
        if mark is None:
            continue
        yield from _said(text[start : match.start()], line)
        yield mark
        start = match.end()
    yield from _said(text[start:], line)


def _said(text: str, line: Line) -> Iterator[Line]:
    text = text.strip()
    if any(unicodedata.category(c)[0] not in "PZC" for c in text):
        yield replace(line, text=text)


def _mark(inside: str, name: str) -> Passage | None:
    word, argument = _word(inside), _argument(inside)
    if word in _RECORDINGS:
        return RecordingMark(argument or _wrong(name, inside, "[ghi âm: phong-van.wav]"))
    if word in _VOICES:
        return VoiceMark(values.voice(argument) or _wrong(name, inside, "[giọng: nam]"))
    if slug(inside.partition(":")[0]) in _STINGS:
        return StingMark(values.music(_argument(inside)) if _argument(inside) else "")
    return _pause(inside, name)


def _word(inside: str) -> str:
    key, colon, _ = inside.partition(":")
    return slug(key) if colon else ""


def _argument(inside: str) -> str:
    return tidy(inside.partition(":")[2])


def _pause(inside: str, name: str) -> PauseMark | None:
    match = _PAUSE.fullmatch(inside.strip())
    if not match or slug(match["word"]) not in _PAUSES:
        return None
    seconds = float((match["number"] or "1").replace(",", ".")) * _UNITS.get(slug(match["unit"] or ""), 0)
    if not 0 < seconds <= MOST_PAUSE:
        _wrong(name, inside, f"[nghỉ 2 giây], nhiều nhất {MOST_PAUSE:.0f} giây")
    return PauseMark(Seconds(seconds))


def _wrong(name: str, inside: str, example: str) -> str:
    raise WrongHeadValue(name=name, key=f"[{inside}]", value=inside, example=example)


def _language(text: str, name: str) -> Language | None:
    language = language_of(text)
    if language is None and any(c.isalpha() for c in text):
        reason = Says(
            f"có đoạn không phải chữ Việt hay chữ Khmer: “{text[:40]}”",
            f"a paragraph is neither in Latin nor in Khmer letters: “{text[:40]}”",
        )
        raise ScriptRefused(name=name, reason=reason)
    return language
