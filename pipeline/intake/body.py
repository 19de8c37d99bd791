"""The body of a script: lines in, passages out. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from pipeline.core.errors import Says, ScriptRefused, WrongHeadValue
from pipeline.core.model import Language, Paragraph, Passage, PauseMark, RecordingMark, Seconds, VoiceMark
from pipeline.core.text import language_of, slug
from pipeline.intake import values
from pipeline.intake.manuscript import Line, tidy

MOST_PAUSE = 60.0
"""Seconds. A longer silence sounds like a dead transmitter."""
_MARK = re.compile(r"\[([^\[\]\n]{1,200})\]")
_PAUSE = re.compile(r"(?P<word>[^\W\d]+)\s*:?\s*(?:(?P<number>\d+(?:[.,]\d+)?)\s*(?P<unit>[^\W\d]*))?")
_UNITS = {"": 1, "giay": 1, "s": 1, "seconds": 1, "second": 1, "phut": 60}
_RECORDINGS, _VOICES, _PAUSES = {"ghi-am", "recording"}, {"giong", "voice"}, {"nghi", "pause"}
_END = re.compile(r"[.!?:;…។៕៖][\"”’»)\]]*$")
_WRAPPED = 50
"""Characters. A line shorter than this was ended on purpose."""
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
    pieces = [piece for text in paragraphs(lines) for piece in _pieces(text, name)]
    texts = [piece for piece in pieces if isinstance(piece, str)]
    known = (language for language in map(language_of, texts) if language)
    current = next(known, None) or next(iter(languages), Language.VI)
    found: list[Passage] = []
    for piece in pieces:
        if isinstance(piece, str):
            current = _language(piece, name) or current
            found.append(Paragraph(piece, current))
        else:
            found.append(piece)
    return tuple(found)


def recordings(lines: Iterable[Line]) -> list[str]:
    """The names that `[ghi âm: …]` marks give, in order."""
    marks = (_MARK.findall(text) for text in paragraphs(lines))
    names = (_argument(mark) for found in marks for mark in found if _word(mark) in _RECORDINGS)
    return list(dict.fromkeys(filter(None, names)))


def title(lines: Sequence[Line]) -> str:
    """The first heading or short line; empty where the text begins with a full paragraph."""
    first = next((line for line in lines if tidy(_MARK.sub("", line.text))), None)
    if first is None:
        return ""
    text = tidy(_MARK.sub("", first.text))
    short = len(text) <= _TITLE and not _END.search(text) and text[-1] != ","
    return text if first.heading or short else ""


def paragraphs(lines: Iterable[Line]) -> Iterator[str]:
    """Lines joined to paragraphs where they were wrapped by hand, each on one line."""
    text, joins = "", False
    for line in lines:
        current = tidy(line.text)
        if joins and current and not line.alone and _continues(text, current):
            text = f"{text} {current}"
            continue
        if text:
            yield text
        text, joins = current, bool(current) and not line.heading
    if text:
        yield text


def _continues(before: str, line: str) -> bool:
    """Whether a line goes on with the sentence of the one before it."""
    if _END.search(before) or language_of(before) is not (language_of(line) or language_of(before)):
        return False
    wrapped = len(before) >= _WRAPPED and not line[0].isupper()
    return line[0].islower() or before[-1] == "," or wrapped


# --- marks -----------------------------------------------------------------------------------------------------------


def _pieces(text: str, name: str) -> Iterator[str | Passage]:
    """A paragraph cut at its marks; pieces of mere punctuation are dropped, unknown marks stay text."""
    start = 0
    for match in _MARK.finditer(text):
        mark = _mark(match[1], name)
        if mark is None:
            continue
        yield from _said(text[start : match.start()])
        yield mark
        start = match.end()
    yield from _said(text[start:])


def _said(text: str) -> Iterator[str]:
    text = text.strip()
    if any(unicodedata.category(c)[0] not in "PZC" for c in text):
        yield text


def _mark(inside: str, name: str) -> Passage | None:
    word, argument = _word(inside), _argument(inside)
    if word in _RECORDINGS:
        return RecordingMark(argument or _wrong(name, inside, "[ghi âm: phong-van.wav]"))
    if word in _VOICES:
        return VoiceMark(values.voice(argument) or _wrong(name, inside, "[giọng: nam]"))
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
