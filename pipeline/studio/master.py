"""Mix → master: gain solved through the limiter, encoded, and believed only when the encoded file has been measured."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pipeline.core.errors import MasterRejected, figure
from pipeline.core.model import Loudness, Profile
from pipeline.core.ports import Progress, silent
from pipeline.studio import codec
from pipeline.studio.fir import Levels, Samples
from pipeline.studio.horn import shaped
from pipeline.studio.limiter import curves
from pipeline.studio.meter import REACH, Metered, integrated, may_exceed, true_peaks
from pipeline.studio.mix import HOP, RATE, Mix, ramps, resampler
from pipeline.studio.track import Track

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
    with TemporaryDirectory(prefix=f".{out.name[:40]}.", dir=out.parent) as folder:
        scratch = Path(folder)
        mixed = shaped(mixed, profile, scratch / "horn.f32")
        loss = codec.loss(profile)
        aim = _Aim(profile.target + loss, profile.ceiling + loss - codec.overshoot(profile))
        peaks = _refined(mixed, aim, Track(scratch / "peaks"))
        encodings = 0
        while encodings < _TRIES:
            encodings += 1
            gain, reduction = _solve(mixed, peaks, aim, profile.most_reduction, Track(scratch / "reduction"))
            _encode(mixed, gain, reduction, profile, scratch / "part", program, progress)
            found = codec.measured(scratch / "part", profile, program)
            off = profile.target - found.loudness.integrated
            over = found.loudness.true_peak - (profile.ceiling - _SPARE)
            if abs(off) <= _NEAR and over <= 0:
                break
            aim = replace(aim, loudness=aim.loudness + off, ceiling=aim.ceiling - (over + 0.1 if over > 0 else 0.0))
        if abs(off) > TOLERANCE or over > _SPARE:
            raise MasterRejected(lufs=figure(found.loudness.integrated), dbtp=figure(found.loudness.true_peak))
        codec.finish(scratch / "part", profile, found)
        most = max((float(-part.min()) for part in reduction.stretches()), default=0.0)
        (scratch / "part").replace(out)
    return Mastered(heard=found, reduction=most, encodings=encodings)


def _solve(mixed: Mix, peaks: Track, aim: _Aim, most: float, reduction: Track) -> tuple[float, Track]:
    """The gain in dB and the limiter's curve that reach the aim together; the curve is written to `reduction`.

    The gain stays where the limiter would have to turn down by more than `most` dB.
    """
    gain = _gain(mixed, peaks, aim, most, near=0.01)
    for stretch in curves(peaks, _over_ceiling(aim, gain)):
        reduction.append(stretch)
    return gain, reduction


def _gain(mixed: Mix, peaks: Track, aim: _Aim, most: float, near: float) -> float:
    """The gain that reaches the aim through the limiter, to `near` LU: more of it makes that turn down more.

    By the secant rule.
    """
    highest = 20 * float(np.log10(max(peaks.highest(), 1e-9)))
    last = aim.ceiling - highest + most
    gain, slope = min(last, aim.loudness - _loudness(mixed.energy, 0.0)), 1.0
    before: tuple[float, float] | None = None
    for _ in range(_ROUNDS):
        reached = _loudness(mixed.energy, gain, curves(peaks, _over_ceiling(aim, gain)))
        short = aim.loudness - reached
        if abs(short) < near or (gain >= last and short > 0):
            break
        if before is not None and abs(gain - before[0]) > 1e-6:
            slope = float(np.clip((reached - before[1]) / (gain - before[0]), 0.1, 1.0))
        before = (gain, reached)
        gain = min(last, gain + short / slope)
    return gain


def _over_ceiling(aim: _Aim, gain: float) -> float:
    """The magnitude in a mix that a gain brings to the ceiling."""
    return float(10 ** ((aim.ceiling - gain) / 20))


def _loudness(energy: Track, gain: float, reductions: Iterable[Samples] = ()) -> float:
    """What a mix will measure after gain and limiter; 100 hops are near enough the 100 ms of a meter."""
    width = 100 if len(energy) >= 100 else max(1, len(energy))
    means: list[Levels] = []
    for heard, reduction in zip_longest(energy.stretches(), reductions):
        if reduction is not None and reduction.any():
            heard = heard * np.exp(reduction * np.float32(np.log(10) / 10))  # noqa: PLW2901 - the same, limited
        whole = len(heard) // width * width
        means.append(heard[:whole].reshape(-1, width).mean(axis=1, dtype=np.float64))
    return float(integrated(np.concatenate([*means, np.zeros(0)]) * 10 ** (gain / 10)))


def _refined(mixed: Mix, aim: _Aim, out: Track) -> Track:
    """Peaks by 4 × oversampling wherever the wave could come near the ceiling; sample peaks elsewhere. Into `out`."""
    ceiling = aim.ceiling - _gain(mixed, mixed.peaks, aim, np.inf, near=0.3)
    for number, peaks in enumerate(mixed.peaks.stretches(_HOPS_AT_ONCE)):
        hops = may_exceed(peaks, ceiling)
        if len(hops):
            start = number * _HOPS_AT_ONCE * HOP - REACH
            samples = mixed.samples(start, start + _HOPS_AT_ONCE * HOP + 2 * REACH)
            missing = max(0, -start)
            short = (_HOPS_AT_ONCE * HOP + 2 * REACH) - missing - samples.shape[1]
            for row in np.pad(samples, ((0, 0), (missing, short))):
                around = np.lib.stride_tricks.sliding_window_view(row, HOP + 2 * REACH)[::HOP][hops]
                peaks[hops] = np.maximum(peaks[hops], true_peaks(around, HOP))
        out.append(peaks)
    return out


def _encode(  # noqa: PLR0917 - a sound and how it is to be written
    mixed: Mix, gain: float, reduction: Track, profile: Profile, out: Path, program: Path, progress: Progress
) -> None:
    """Encode a mix under a gain and a limiter's curve."""
    with codec.writer(profile, out, program) as stream:
        for number, block in enumerate(_sounding(mixed, gain, reduction, profile), start=1):
            stream.write(block)
            progress("master", min(number * _HOPS_AT_ONCE, len(reduction)), len(reduction))


def _sounding(mixed: Mix, gain: float, reduction: Track, profile: Profile) -> Iterator[Samples]:
    """The mix under a gain and a curve (dB a hop, straight lines between), at the profile's rate."""
    stream = resampler(RATE, mixed.channels, profile.sample_rate)
    hops = len(reduction)
    for at in range(0, hops, _HOPS_AT_ONCE):
        end = min(at + _HOPS_AT_ONCE, hops)
        samples = mixed.samples(at * HOP, end * HOP)
        around = reduction[max(0, at - 1) : end + 1]
        around = np.pad(around, (int(at == 0), int(end == hops)), mode="edge") + np.float32(gain)
        samples = samples * ramps(_edges(around), HOP).reshape(-1)
        if stream:
            chunk = stream.resample_chunk(np.ascontiguousarray(samples.T), last=end == hops)
            samples = chunk.reshape(-1, mixed.channels).T
        yield samples


def _edges(decibels: Samples) -> Samples:
    """The linear gain where each hop but the first meets the one before."""
    around = np.power(np.float32(10), decibels / 20)
    edges = (around[1:] + around[:-1]) / np.float32(2)
    return edges.astype(np.float32, copy=False)
