"""Sound files as they come: what they hold, whether they may air, and their samples as one channel."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from pipeline.core.errors import figure
from pipeline.core.model import Lufs, Seconds
from pipeline.studio.container import bad, check_whole, decoded
from pipeline.studio.meter import Gating, Levels, Samples

_BLOCK_SECONDS = 5
_LONGEST = 4 * 3600
_SHORTEST = 0.1
_SILENCE = Lufs(-70.0)
_TRIM_DB = -40.0
"""What lies this far below a recording's loud stretches, at its ends, is silence."""
_LOUD = 95
"""The percentile of hops that is a loud stretch; its one highest peak may be a knock on the microphone."""
_FLOOR = 10 ** (-75 / 20)
TIGHT = Seconds(0.03)
"""Left standing before the first and after the last sound of a take, whose pauses the rundown makes."""
LOOSE = Seconds(0.1)
"""The same for a recording: a person's first and last sounds are soft, and nobody's word is cut."""
_MOST = 8.0
"""Magnitude above which a floating-point sample is no sound (+18 dBFS)."""
_MOST_DC = 0.02
"""Share of full scale by which a recording may lie to one side."""
_RAIL = 10 ** (-0.1 / 20)
"""Full scale, near enough."""
_MOST_CLIPPED = 0.25
"""So much is no longer speech; from there down it is for an editor to judge."""
_GAP = Seconds(4)
_DEAD = 1e-6
"""A channel with less than this share of the loudest one's energy carries nothing."""
_OPPOSED = -0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A stretch of a sound file that airs: silence at its ends cut off, its channels weighed into one."""

    path: Path
    sample_rate: int
    start: int
    """First frame."""
    end: int
    """The frame after the last."""
    weights: tuple[float, ...]
    """How much of each channel goes into the one."""
    loudness: Lufs
    cut: Seconds = Seconds(0)
    """Silence that was cut off its ends."""
    clipped: float = 0.0
    """The share of samples that stand at the rail, one after another: a flat top is a crackle."""
    gaps: tuple[tuple[Seconds, Seconds], ...] = ()
    """Where it falls silent inside for four seconds or more: from when in the file, and for how long."""

    @property
    def seconds(self) -> Seconds:
        """How long it airs."""
        return Seconds((self.end - self.start) / self.sample_rate)

    def blocks(self) -> Iterator[Samples]:
        """Its samples, one channel, a few seconds at a time."""
        with soundfile.SoundFile(self.path) as sound:
            sound.seek(self.start)
            left = self.end - self.start
            while left > 0:
                frames = sound.read(min(left, _BLOCK_SECONDS * self.sample_rate), dtype="float32", always_2d=True)
                if not len(frames):
                    return
                left -= len(frames)
                yield frames @ np.asarray(self.weights, np.float32)


def probe(path: Path, program: Path, scratch: Path, *, margin: Seconds = TIGHT) -> Clip:
    """Look through a sound file once; `scratch` takes a decoded copy where only `program` (ffmpeg) can read it.

    A side that is dead is left out; where two sides cancel each other (opposite polarity), only the left one airs.
    Of the silence at its ends, `margin` stays.

    Raises:
        BadRecording: it is no sound, cut short, broken, silent, off centre, or too short or long to air. A bare MP3,
            AAC or AMR stream cannot say how long it is: cut short, it is taken as it is.
    """
    check_whole(path)
    try:
        return _survey(path, path, margin)
    except (soundfile.LibsndfileError, TypeError):  # TypeError: a name ending in .raw
        return _survey(decoded(path, program, scratch), path, margin)


# --- one look through ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Channels:
    """What a first look gathers of every channel."""

    frames: int = 0
    flat: int = 0
    peak: float = 0.0
    total: Levels | None = None
    cross: Levels | None = None

    def feed(self, block: Samples) -> None:
        self.frames += len(block)
        self.peak = max(self.peak, float(np.abs(block).max(initial=0.0)))
        at_rail = np.abs(block).max(axis=1, initial=0.0) >= _RAIL
        self.flat += int(np.count_nonzero(at_rail[1:] & at_rail[:-1]))
        total = block.sum(axis=0, dtype=np.float64)
        self.total = total if self.total is None else self.total + total
        cross = (block.T @ block).astype(np.float64)
        self.cross = cross if self.cross is None else self.cross + cross

    def weights(self) -> tuple[float, ...]:
        """Live channels in equal parts; only the first of two that cancel."""
        cross = np.zeros((1, 1)) if self.cross is None else self.cross
        energy = np.diag(cross)
        live = energy > _DEAD * max(float(energy.max()), 1e-30)
        if len(energy) == 2 and live.all():
            correlation = float(cross[0, 1] / np.sqrt(energy[0] * energy[1]))
            if correlation < _OPPOSED:
                live = np.array([True, False])
        return tuple(float(on) / max(1, int(live.sum())) for on in live)

    def offset(self) -> float:
        """How far the one channel lies to one side, as a share of full scale."""
        mean = np.zeros(1) if self.total is None else self.total / max(1, self.frames)
        return float(np.dot(mean, self.weights()))


def _survey(sound: Path, named: Path, margin: Seconds) -> Clip:
    with soundfile.SoundFile(sound) as stream:
        rate, declared = int(stream.samplerate), int(stream.frames)
        if declared > _LONGEST * rate:
            raise bad(named, "dài quá bốn giờ", "it is longer than four hours")
        seen = _Channels()
        for block in _frames(stream, rate):
            if not np.isfinite(block).all():
                raise bad(named, "có mẫu âm thanh hỏng (NaN)", "it holds broken samples (NaN)")
            if np.abs(block).max() > _MOST:
                raise bad(named, "có mẫu vượt xa toàn thang", "it holds samples far beyond full scale")
            seen.feed(block)
    if abs(offset := seen.offset()) > _MOST_DC:
        raise bad(
            named,
            f"lệch một chiều {figure(offset * 100).vi}%: thiết bị ghi hỏng hoặc cắm sai",
            f"it lies {offset:.1%} to one side (DC): a broken or wrongly plugged recorder",
        )
    _check_length(named, seen.frames, declared, rate)
    clipped = seen.flat / seen.frames
    if clipped > _MOST_CLIPPED:
        raise bad(
            named,
            f"vỡ tiếng nặng: {figure(clipped * 100).vi}% số mẫu chạm trần; ghi lại với mức nhỏ hơn",
            f"it is badly clipped: {clipped:.1%} of its samples stand at full scale; record it again at a lower level",
        )
    whole = Clip(
        path=sound, sample_rate=rate, start=0, end=seen.frames, weights=seen.weights(), loudness=_SILENCE,
        clipped=clipped,
    )  # fmt: skip
    return _trimmed(whole, named, margin)


def _frames(stream: Any, rate: int) -> Iterator[Samples]:  # noqa: ANN401 - soundfile has no types
    while len(block := stream.read(_BLOCK_SECONDS * rate, dtype="float32", always_2d=True)):
        yield block


def _check_length(named: Path, frames: int, declared: int, rate: int) -> None:
    if frames < _SHORTEST * rate:
        raise bad(named, "gần như không có âm thanh", "it has next to no sound")
    if frames < declared - max(0.1 * rate, 0.005 * declared):
        raise bad(
            named,
            f"bị cụt: khai {figure(declared / rate).vi} giây, chỉ có {figure(frames / rate).vi} giây",
            f"it is cut short: {declared / rate:.1f} s declared, {frames / rate:.1f} s there",
        )


def _trimmed(whole: Clip, named: Path, margin: Seconds) -> Clip:
    """The clip without the silence at its ends, with its loudness."""
    hop = whole.sample_rate // 100
    gating = Gating(whole.sample_rate)
    peaks: list[Samples] = []
    rest = np.zeros(0, np.float32)
    for block in whole.blocks():
        gating.feed(block)
        joined = np.concatenate([rest, block])
        full = len(joined) // hop * hop
        peaks.append(np.abs(joined[:full]).reshape(-1, hop).max(axis=1))
        rest = joined[full:]
    if len(rest):
        peaks.append(np.abs(rest).max(keepdims=True))
    sounding = _sounding(np.concatenate(peaks))
    loudness = gating.loudness()
    if not len(sounding) or loudness <= _SILENCE:
        raise bad(named, "chỉ có im lặng", "it is silent")
    left = int(margin * whole.sample_rate)
    start = max(0, int(sounding[0]) * hop - left)
    end = min(whole.end, (int(sounding[-1]) + 1) * hop + left)
    cut = Seconds((start + whole.end - end) / whole.sample_rate)
    return replace(whole, start=start, end=end, loudness=loudness, cut=cut, gaps=_gaps(sounding))


def _gaps(sounding: NDArray[np.intp]) -> tuple[tuple[Seconds, Seconds], ...]:
    """Hops between sounding ones, where there are many; a hop is a hundredth of a second."""
    silent = np.diff(sounding)
    places = np.flatnonzero(silent > _GAP * 100)
    return tuple((Seconds(float(sounding[i]) / 100), Seconds(float(silent[i]) / 100)) for i in places)


def _sounding(levels: Samples) -> NDArray[np.intp]:
    """The hops, by their highest magnitudes, that are no silence."""
    heard = levels[levels > _FLOOR]
    if not len(heard):
        return np.zeros(0, np.intp)
    return np.flatnonzero(levels > max(_FLOOR, float(np.percentile(heard, _LOUD)) * 10 ** (_TRIM_DB / 20)))
