"""Mix → master: gain solved through the limiter, encoded, and believed only when the encoded file has been measured."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import MasterRejected, figure
from pipeline.core.model import Loudness, Profile
from pipeline.core.ports import Progress, silent
from pipeline.studio import codec
from pipeline.studio.fir import Samples
from pipeline.studio.horn import shaped
from pipeline.studio.limiter import curve
from pipeline.studio.meter import REACH, Metered, integrated, may_exceed, true_peaks
from pipeline.studio.mix import HOP, RATE, Mix, ramps, resampler

TOLERANCE = 0.3
"""LU that a master may be off its target."""
_NEAR = 0.15
"""LU worth another encoding."""
_SPARE = 0.05
"""dB that our meter must read below the ceiling, so that another meter's interpolation does not read above it."""
_TRIES = 4
_HOPS_AT_ONCE = 5000
_ROUNDS = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mastered:
    """What became of a mix, for its ledger entry, its picture and its papers."""

    heard: Metered
    """What was measured on the encoded file."""
    reduction: float
    """The most that the limiter turned down, in dB."""
    encodings: int
    """How often it had to be encoded."""

    @property
    def loudness(self) -> Loudness:
        """Of the encoded file."""
        return self.heard.loudness


@dataclass(frozen=True, slots=True)
class _Aim:
    """What the encoder is to be given: loudness in LUFS and ceiling in dBTP before encoding."""

    loudness: float
    ceiling: float


def master(mixed: Mix, profile: Profile, out: Path, program: Path, progress: Progress = silent) -> Mastered:
    """Bring a mix to the profile's loudness under its ceiling and write it in the profile's format.

    A profile for horns is band-limited and compressed first, since both change what a meter reads. The limiter never
    turns down more than the profile allows. Encodes again, corrected by what was measured on the encoded file, where
    that is over its ceiling or off its target. Equal input gives equal bytes. `out` is written whole or not at all.

    Raises:
        MasterRejected: several tries did not meet target and ceiling.
    """
    mixed = shaped(mixed, profile, out.with_name(f".{out.name}.f32"))
    loss = codec.loss(profile)
    aim = _Aim(profile.target + loss, profile.ceiling + loss - codec.overshoot(profile))
    part = out.with_name(f".{out.name}.part")
    peaks = _refined(mixed, aim)
    try:
        encodings = 0
        while encodings < _TRIES:
            encodings += 1
            gain, reduction = _solve(mixed, peaks, aim, profile.most_reduction)
            _encode(mixed, gain + reduction, profile, part, program, progress)
            found = codec.measured(part, profile, program)
            off = profile.target - found.loudness.integrated
            over = found.loudness.true_peak - (profile.ceiling - _SPARE)
            if abs(off) <= _NEAR and over <= 0:
                break
            aim = replace(aim, loudness=aim.loudness + off, ceiling=aim.ceiling - (over + 0.1 if over > 0 else 0.0))
        if abs(off) > TOLERANCE or over > _SPARE:
            raise MasterRejected(lufs=figure(found.loudness.integrated), dbtp=figure(found.loudness.true_peak))
        codec.finish(part, profile, found)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
        out.with_name(f".{out.name}.f32").unlink(missing_ok=True)
    return Mastered(heard=found, reduction=float(-reduction.min(initial=0.0)), encodings=encodings)


def _solve(mixed: Mix, peaks: Samples, aim: _Aim, most: float, near: float = 0.01) -> tuple[float, Samples]:
    """The gain in dB and the limiter's curve that reach the aim together: more gain makes it turn down more.

    By the secant rule, to `near` LU. The gain stays where the limiter would have to turn down by more than `most` dB.
    """
    highest = 20 * float(np.log10(max(float(peaks.max(initial=0.0)), 1e-9)))
    last = aim.ceiling - highest + most
    gain, slope = min(last, aim.loudness - _loudness(mixed.energy, 0.0, None)), 1.0
    before: tuple[float, float] | None = None
    for _ in range(_ROUNDS):
        reduction = curve(peaks, 10 ** ((aim.ceiling - gain) / 20))
        reached = _loudness(mixed.energy, gain, reduction)
        short = aim.loudness - reached
        if abs(short) < near or (gain >= last and short > 0):
            break
        if before is not None and abs(gain - before[0]) > 1e-6:
            slope = float(np.clip((reached - before[1]) / (gain - before[0]), 0.1, 1.0))
        before = (gain, reached)
        gain = min(last, gain + short / slope)
    return gain, reduction


def _loudness(energy: Samples, gain: float, reduction: Samples | None) -> float:
    """What a mix will measure after gain and limiter; 100 hops are near enough the 100 ms of a meter."""
    heard = energy
    if reduction is not None and reduction.any():
        heard = energy * np.exp(reduction * np.float32(np.log(10) / 10))
    width = 100 if len(heard) >= 100 else max(1, len(heard))
    means = heard[: len(heard) // width * width].reshape(-1, width).mean(axis=1, dtype=np.float64)
    return float(integrated(means * 10 ** (gain / 10)))


def _refined(mixed: Mix, aim: _Aim) -> Samples:
    """Peaks by 4 × oversampling wherever the wave could come near the ceiling; sample peaks elsewhere."""
    peaks = mixed.peaks.copy()
    gain, _ = _solve(mixed, peaks, aim, np.inf, near=0.3)
    for first, hops in _by_stretch(may_exceed(peaks, aim.ceiling - gain), len(peaks)):
        start = first * HOP - REACH
        samples = mixed.samples(start, (first + _HOPS_AT_ONCE) * HOP + REACH)
        missing = max(0, -start)
        short = (_HOPS_AT_ONCE * HOP + 2 * REACH) - missing - samples.shape[1]
        for row in np.pad(samples, ((0, 0), (missing, short))):
            around = np.lib.stride_tricks.sliding_window_view(row, HOP + 2 * REACH)[::HOP][hops - first]
            peaks[hops] = np.maximum(peaks[hops], true_peaks(around, HOP))
    return peaks


def _by_stretch(hops: NDArray[np.intp], count: int) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Hops by the stretch of the programme in which they lie: its first hop, and those of it."""
    bounds = np.arange(0, count, _HOPS_AT_ONCE)
    for first, found in zip(bounds, np.split(hops, np.searchsorted(hops, bounds[1:])), strict=True):
        if len(found):
            yield int(first), found


def _encode(  # noqa: PLR0917 - a sound and how it is to be written
    mixed: Mix, gain: Samples, profile: Profile, out: Path, program: Path, progress: Progress
) -> None:
    """Encode a mix under a gain curve."""
    with codec.writer(profile, out, program) as stream:
        for number, block in enumerate(_sounding(mixed, gain, profile), start=1):
            stream.write(block)
            progress("master", min(number * _HOPS_AT_ONCE, len(gain)), len(gain))


def _sounding(mixed: Mix, gain: Samples, profile: Profile) -> Iterator[Samples]:
    """The mix under a gain curve (dB a hop, straight lines between), at the profile's rate."""
    stream = resampler(RATE, mixed.channels, profile.sample_rate)
    for at in range(0, len(gain), _HOPS_AT_ONCE):
        end = min(at + _HOPS_AT_ONCE, len(gain))
        samples = mixed.samples(at * HOP, end * HOP)
        samples = samples * ramps(_edges(gain, at, end), HOP).reshape(-1)
        if stream:
            chunk = stream.resample_chunk(np.ascontiguousarray(samples.T), last=end == len(gain))
            samples = chunk.reshape(-1, mixed.channels).T
        yield samples


def _edges(gain: Samples, start: int, end: int) -> Samples:
    """The linear gain where each hop from `start` to `end` meets the one before, and the last one the next."""
    around = np.power(np.float32(10), gain[np.clip(np.arange(start - 1, end + 1), 0, len(gain) - 1)] / 20)
    edges = (around[1:] + around[:-1]) / np.float32(2)
    return edges.astype(np.float32, copy=False)
