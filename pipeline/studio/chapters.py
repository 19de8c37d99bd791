"""What a listener can jump to and a reader can follow: chapters and cues of a timeline, as data and as captions."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.core.model import Language, Seconds
from pipeline.core.rundown import MUSIC, SPOKEN, Placed, SegmentKind, Timeline

NAMES = {
    Language.VI: {
        SegmentKind.IDENT: "Nhạc hiệu",
        SegmentKind.OPENING: "Mở đầu",
        SegmentKind.SPEECH: "Lời đọc",
        SegmentKind.RECORDING: "Ghi âm",
        SegmentKind.STING: "Nhạc cắt",
        SegmentKind.CLOSING: "Kết thúc",
        SegmentKind.OUTRO: "Nhạc kết",
    },
    Language.KM: {
        SegmentKind.IDENT: "ភ្លេងសម្គាល់",
        SegmentKind.OPENING: "ផ្ដើមកម្មវិធី",
        SegmentKind.SPEECH: "ការអាន",
        SegmentKind.RECORDING: "សំឡេងថត",
        SegmentKind.STING: "ភ្លេងកាត់",
        SegmentKind.CLOSING: "បញ្ចប់កម្មវិធី",
        SegmentKind.OUTRO: "ភ្លេងបញ្ចប់",
    },
}
_SHOWN = 32
"""Letters of an item's first sentence by which it is known."""
_JOINS = "\u17d2"
"""Khmer's coeng: the letter after it is part of the one before."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A stretch of a programme under one name."""

    kind: SegmentKind
    name: str
    start: Seconds
    end: Seconds


@dataclass(frozen=True, slots=True)
class Cue:
    """A sentence and when it is heard."""

    text: str
    start: Seconds
    end: Seconds


def chapters(timeline: Timeline, language: Language = Language.VI) -> list[Chapter]:
    """The parts of a programme in order, named in a language; an item by its first words, a recording by its file."""
    found: list[Chapter] = []
    for placed in timeline.placed:
        kind = placed.segment.kind
        if kind is SegmentKind.PAUSE:
            continue
        if found and found[-1].kind is kind and kind not in {*MUSIC, SegmentKind.RECORDING}:
            before = found[-1]
            found[-1] = Chapter(kind, before.name, before.start, placed.end)
        else:
            found.append(Chapter(kind, _name(placed, language), placed.start, placed.end))
    return found


def cues(timeline: Timeline) -> list[Cue]:
    """The sentences of a programme, each from its first sound to its last; recordings without words have none."""
    return [
        Cue(placed.segment.text, placed.start, placed.end)
        for placed in timeline.placed
        if placed.segment.kind in SPOKEN - {SegmentKind.RECORDING} and placed.segment.text
    ]


def vtt(sentences: Sequence[Cue]) -> str:
    """WebVTT, which browsers show."""
    blocks = (
        f"{number}\n{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{_escaped(cue.text)}\n"
        for number, cue in enumerate(sentences, start=1)
    )
    return "\n".join(["WEBVTT\n", *blocks])


def srt(sentences: Sequence[Cue]) -> str:
    """SubRip, which every other player shows."""
    return "\n".join(
        f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{cue.text}\n"
        for number, cue in enumerate(sentences, start=1)
    )


def _name(placed: Placed, language: Language) -> str:
    name = NAMES[language][placed.segment.kind]
    if placed.segment.kind is SegmentKind.RECORDING and placed.segment.text:
        return f"{name}: {shortened(placed.segment.text)}"
    return shortened(placed.segment.text) if placed.segment.kind is SegmentKind.SPEECH else name


def shortened(text: str, most: int = _SHOWN) -> str:
    """The first words of a text; where there is no space to cut at, whole Khmer syllables."""
    if len(text) <= most:
        return text
    cut = max(text[:most].rfind(" "), text[:most].rfind("\u200b"))
    if cut < most // 2:
        cut = next(_syllables(text, most))
    return text[:cut].rstrip(" ,.;:\u200b") + " …"


def _syllables(text: str, most: int) -> Iterator[int]:
    """Where a text may be cut, from `most` backwards."""
    for cut in range(most, 0, -1):
        if not unicodedata.category(text[cut]).startswith("M") and text[cut - 1] != _JOINS:
            yield cut
    yield most


def _time(seconds: float, point: str) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{thousandths:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
