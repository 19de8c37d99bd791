"""Rundown → timeline: what airs in which order, and when each part starts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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


SPOKEN = frozenset({SegmentKind.OPENING, SegmentKind.SPEECH, SegmentKind.RECORDING, SegmentKind.CLOSING})
"""The kinds under which a bed may lie, ducked."""


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

    @property
    def end(self) -> Seconds:
        """The second at which its sound is over, its pause not counted."""
        return Seconds(self.start + self.segment.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Segments in time order, never overlapping; `bed` is the stretch under which music lies, if any."""

    placed: tuple[Placed, ...]
    seconds: Seconds
    bed: tuple[Seconds, Seconds] | None = None


def lay(rundown: Iterable[Segment], *, bed: bool = False) -> Timeline:
    """Place segments one after another, each followed by its pause.

    With `bed`, music lies from the first spoken segment's start to the last one's end.
    """
    at = 0.0
    placed: list[Placed] = []
    for segment in rundown:
        placed.append(Placed(segment, Seconds(at)))
        at += segment.seconds + segment.pause
    return Timeline(placed=tuple(placed), seconds=Seconds(at), bed=_bed(placed) if bed else None)


def _bed(placed: Sequence[Placed]) -> tuple[Seconds, Seconds] | None:
    spoken = [p for p in placed if p.segment.kind in SPOKEN]
    return (spoken[0].start, spoken[-1].end) if spoken else None
