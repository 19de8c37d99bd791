"""Rundown → timeline: what airs in which order, when each part starts, and how music meets words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pipeline.core.model import Seconds


class SegmentKind(StrEnum):
    """What a segment of a rundown is."""

    IDENT = "ident"
    OPENING = "opening"
    SPEECH = "speech"
    RECORDING = "recording"
    STING = "sting"
    PAUSE = "pause"
    CLOSING = "closing"
    OUTRO = "outro"


SPOKEN = frozenset({SegmentKind.OPENING, SegmentKind.SPEECH, SegmentKind.RECORDING, SegmentKind.CLOSING})
"""The kinds under which a bed may lie, ducked."""
MUSIC = frozenset({SegmentKind.IDENT, SegmentKind.STING, SegmentKind.OUTRO})
"""The kinds that may fade into what follows, or out of what came before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One part of a rundown. `source` says which sound airs (a key of the caller's choosing, empty for a pause)."""

    kind: SegmentKind
    seconds: Seconds
    source: str = ""
    text: str = ""
    pause: Seconds = Seconds(0.0)
    """Silence after it."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A segment and the second at which it starts."""

    segment: Segment
    start: Seconds
    fade_in: Seconds = Seconds(0.0)
    """Over which it rises while what came before still sounds."""
    fade_out: Seconds = Seconds(0.0)
    """Over which it falls while what follows has begun."""

    @property
    def end(self) -> Seconds:
        """The second at which its sound is over, its pause not counted."""
        return Seconds(self.start + self.segment.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Segments by their start; only music overlaps its neighbours. `bed` is where music lies beneath, if anywhere."""

    placed: tuple[Placed, ...]
    seconds: Seconds
    bed: tuple[Seconds, Seconds] | None = None


def lay(rundown: Iterable[Segment], *, bed: bool = False, crossfade: Seconds = Seconds(0.0)) -> Timeline:  # noqa: B008
    """Place segments one after another, each followed by its pause.

    With `crossfade`, music fades out under the beginning of what follows it, in place of its pause, and in under the
    end of what it follows where that has no pause; never longer than half of the music. With `bed`, music lies from
    the first spoken segment's start to the last one's end.
    """
    at = 0.0
    placed: list[Placed] = []
    for segment in rundown:
        overlap = _overlap(placed[-1].segment, segment, crossfade) if placed else 0.0
        if overlap:
            before = placed[-1]
            at = before.end - overlap
            placed[-1] = replace(before, fade_out=Seconds(overlap if before.segment.kind in MUSIC else 0.0))
        fade_in = overlap if segment.kind in MUSIC else 0.0
        placed.append(Placed(segment, Seconds(at), fade_in=Seconds(fade_in)))
        at += segment.seconds + segment.pause
    return Timeline(placed=tuple(placed), seconds=Seconds(at), bed=_bed(placed) if bed else None)


def _overlap(before: Segment, after: Segment, crossfade: float) -> float:
    """For how long two neighbours sound together: only where one is music, and no pause was meant between them."""
    music = [s for s in (before, after) if s.kind in MUSIC]
    if not music or not before.source or not after.source or (before.kind not in MUSIC and before.pause):
        return 0.0
    return min(crossfade, *(s.seconds / 2 for s in (before, after)))


def _bed(placed: Sequence[Placed]) -> tuple[Seconds, Seconds] | None:
    spoken = [p for p in placed if p.segment.kind in SPOKEN]
    return (spoken[0].start, spoken[-1].end) if spoken else None
