"""Timeline → mix: every clip in its place, levelled, resampled, the bed ducked beneath; on disk, in constant memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soxr

from pipeline.core.model import Lufs
from pipeline.core.ports import Progress, silent
from pipeline.core.rundown import SPOKEN, Placed, Timeline
from pipeline.studio.decode import Clip
from pipeline.studio.meter import Samples, Weighting, hop_energy

LEVEL = Lufs(-23.0)
"""What every clip is brought to before mixing, so that no limiter has to even them out later."""
_MUSIC = -6.0
"""LU that idents and stings lie below speech: they have no pauses, and horns make them shrill."""
_MOST_GAIN = 30.0
_EDGE = 0.005
"""Seconds over which a clip fades in and out: no click where silence was cut off."""
_BLOCK_SECONDS = 5
_BED_UNDER, _BED_BETWEEN = -20.0, -12.0
"""The bed's level in dB below speech: while someone speaks, and in longer pauses."""
_BED_RISES_AFTER = 1.2
"""Seconds of pause in which the bed is worth raising."""
_BED_RAMP = 0.35
"""Seconds that it takes to duck or rise."""
_BED_FADE = 2.0
"""Seconds of fade at the bed's ends."""
_NOTHING = -90.0
"""dB at which nothing is heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """A mixed programme: float32 samples of one channel on disk, with what a meter needs of every millisecond."""

    path: Path
    frames: int
    sample_rate: int
    peaks: Samples
    """The highest magnitude in each hop."""
    energy: Samples
    """The K-weighted mean square of each hop (ITU-R BS.1770-4)."""

    @property
    def hop(self) -> int:
        """Frames in a hop: one millisecond."""
        return self.sample_rate // 1000

    def samples(self, start: int, end: int) -> Samples:
        """The frames from `start` to `end`, cut at the programme's ends."""
        start, end = max(0, start), min(self.frames, end)
        return np.fromfile(self.path, np.float32, end - start, offset=start * 4)


def mix(  # noqa: PLR0917 - a rundown's sounds and where they go
    timeline: Timeline,
    clips: Mapping[str, Clip],
    out: Path,
    bed: Clip | None = None,
    sample_rate: int = 44100,
    progress: Progress = silent,
) -> Mix:
    """Render a timeline to `out` (raw float32); `clips` are the sounds its segments name.

    Speech and recordings stand at LEVEL, music 6 LU below; the bed lies where the timeline says, ducked.
    """
    with out.open("wb") as stream:
        spool = _Spool(stream, sample_rate, _Bed(timeline, bed, sample_rate) if bed else None)
        for done, placed in enumerate(timeline.placed):
            progress("mix", done, len(timeline.placed))
            spool.silence_until(round(placed.start * sample_rate))
            if placed.segment.source:
                for block in _levelled(clips[placed.segment.source], placed, sample_rate):
                    spool.write(block)
        spool.silence_until(round(timeline.seconds * sample_rate))
        return spool.close(out)


class _Spool:
    """Takes blocks of any length; measures and writes whole hops."""

    def __init__(self, stream: BinaryIO, sample_rate: int, bed: "_Bed | None") -> None:
        self.at = 0
        self._stream = stream
        self._rate = sample_rate
        self._hop = sample_rate // 1000
        self._bed = bed
        self._weighting = Weighting(sample_rate)
        self._rest = np.zeros(0, np.float32)
        self._peaks: list[Samples] = []
        self._energy: list[Samples] = []

    def silence_until(self, frame: int) -> None:
        while self.at < frame:
            self.write(np.zeros(min(frame - self.at, _BLOCK_SECONDS * self._rate), np.float32))

    def write(self, block: Samples) -> None:
        if self._bed:
            block = block + self._bed.under(self.at, len(block))
        self.at += len(block)
        joined = np.concatenate([self._rest, block])
        whole = len(joined) // self._hop * self._hop
        self._keep(joined[:whole])
        self._rest = joined[whole:]

    def _keep(self, samples: Samples) -> None:
        if len(samples):
            self._peaks.append(np.abs(samples).reshape(-1, self._hop).max(axis=1))
            self._energy.append(hop_energy(self._weighting.feed(samples), self._hop).astype(np.float32))
            samples.tofile(self._stream)

    def close(self, path: Path) -> Mix:
        if len(self._rest):
            self._keep(np.concatenate([self._rest, np.zeros(self._hop - len(self._rest), np.float32)]))
        self._stream.flush()
        peaks = np.concatenate([*self._peaks, np.zeros(0, np.float32)])
        energy = np.concatenate([*self._energy, np.zeros(0, np.float32)])
        return Mix(path=path, frames=len(peaks) * self._hop, sample_rate=self._rate, peaks=peaks, energy=energy)


def _levelled(clip: Clip, placed: Placed, sample_rate: int) -> Iterator[Samples]:
    wanted = LEVEL if placed.segment.kind in SPOKEN else LEVEL + _MUSIC
    gain = np.float32(10 ** (np.clip(wanted - clip.loudness, -_MOST_GAIN, _MOST_GAIN) / 20))
    for block in resampled(clip, sample_rate):
        yield block * gain


def resampled(clip: Clip, sample_rate: int) -> Iterator[Samples]:
    """A clip's blocks at another rate (soxr HQ: images below −92 dB), its ends faded over a few milliseconds."""
    stream = _resampler(clip, sample_rate)
    total, at = clip.end - clip.start, 0
    for block in clip.blocks():
        faded = _faded(block, at, total, round(_EDGE * clip.sample_rate))
        at += len(block)
        out = stream.resample_chunk(faded, last=at >= total) if stream else faded
        if len(out):
            yield out


def _resampler(clip: Clip, sample_rate: int) -> soxr.ResampleStream | None:
    """A stream to another rate; None where there is nothing to change."""
    if clip.sample_rate == sample_rate:
        return None
    return soxr.ResampleStream(clip.sample_rate, sample_rate, 1, dtype="float32", quality="HQ")


def _faded(block: Samples, at: int, total: int, edge: int) -> Samples:
    frame = np.arange(at, at + len(block), dtype=np.float32)
    ramp = np.minimum(frame + 1, total - frame) / max(1, edge)
    return block * np.minimum(1.0, ramp).astype(np.float32)


class _Bed:
    """Music that goes on under speech: louder in longer pauses, faded at its ends, begun again when it is over."""

    def __init__(self, timeline: Timeline, clip: Clip, sample_rate: int) -> None:
        self._clip = clip
        self._rate = sample_rate
        start, end = timeline.bed or (0.0, 0.0)
        self._first, self._last = round(start * sample_rate), round(end * sample_rate)
        even = LEVEL - clip.loudness
        self._ducks, self._fades = _ducking(timeline, even), _fading(timeline)
        self._flow = self._endless()
        self._rest = np.zeros(0, np.float32)

    def under(self, at: int, frames: int) -> Samples:
        """What the bed adds to the frames from `at` on; must be asked for in order."""
        out = np.zeros(frames, np.float32)
        start, end = max(at, self._first), min(at + frames, self._last)
        if start < end:
            when = np.arange(start, end) / self._rate
            gain = 10 ** ((np.interp(when, *self._ducks) + np.interp(when, *self._fades)) / 20)
            out[start - at : end - at] = self._next(end - start) * gain.astype(np.float32)
        return out

    def _next(self, frames: int) -> Samples:
        while len(self._rest) < frames:
            self._rest = np.concatenate([self._rest, next(self._flow)])
        taken, self._rest = self._rest[:frames], self._rest[frames:]
        return taken

    def _endless(self) -> Iterator[Samples]:
        """One stream without a seam: nothing is faded where the end meets the beginning."""
        stream = _resampler(self._clip, self._rate)
        while True:
            for block in self._clip.blocks():
                yield stream.resample_chunk(block) if stream else block


_Curve = tuple[list[float], list[float]]
"""Break points of a gain: seconds, never running back, and dB."""


def _ducking(timeline: Timeline, even: float) -> _Curve:
    """The bed's gain under speech and in longer pauses; `even` makes it as loud as speech."""
    under, between = even + _BED_UNDER, even + _BED_BETWEEN
    points = [(0.0, under)]
    spoken = [p for p in timeline.placed if p.segment.kind in SPOKEN]
    for before, after in pairwise(spoken):
        if after.start - before.end >= _BED_RISES_AFTER:
            points += [
                (before.end, under), (before.end + _BED_RAMP, between),
                (after.start - _BED_RAMP, between), (after.start, under),
            ]  # fmt: skip
    return [time for time, _ in points], [level for _, level in points]


def _fading(timeline: Timeline) -> _Curve:
    """The bed's gain at its own ends."""
    start, end = timeline.bed or (0.0, 0.0)
    fade = min(_BED_FADE, (end - start) / 2)
    return [start, start + fade, end - fade, end], [_NOTHING, 0.0, 0.0, _NOTHING]
