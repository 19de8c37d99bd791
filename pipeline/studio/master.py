"""Mix → master: gain solved through the limiter, encoded, and believed only when ffmpeg has measured the file."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import lameenc
import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import MasterRejected, figure
from pipeline.core.model import Loudness, Profile
from pipeline.studio.limiter import curve
from pipeline.studio.meter import REACH, Levels, Samples, integrated, measure, true_peaks
from pipeline.studio.mix import Mix

TOLERANCE = 0.3
"""LU that a master may be off its target."""
_NEAR = 0.15
"""LU worth another encoding."""
_TRIES = 4
_HOPS_AT_ONCE = 5000
_MOST_MORE = 20.0
"""dB of gain beyond what loudness alone asks for. What needs more is no speech but a few knocks in silence."""
_BETWEEN_SAMPLES = 4.0
"""dB by which a wave may rise above its samples: 3 for a tone at a quarter of the rate, and one to spare."""
_QUALITY = 5
"""LAME's own scale: 0 best and slowest, 9 worst. 5 costs a fifth less than 3 and measures the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mastered:
    """What became of a mix, for its ledger entry and its picture."""

    loudness: Loudness
    """Measured on the encoded file."""
    peaks: Samples
    """The highest magnitude of each 100 ms of the master."""
    energy: Levels
    """The K-weighted mean square of each 100 ms of the master."""
    reduction: float
    """The most that the limiter turned down, in dB."""


@dataclass(frozen=True, slots=True)
class _Aim:
    """What the encoder is to be given: loudness in LUFS and ceiling in dBTP before encoding."""

    loudness: float
    ceiling: float
    most: float
    """The gain in dB that is never passed, whatever measuring asks for."""


def encoder_loss(kbps: int) -> float:
    """The dB by which LAME turns a mono or stereo programme down at a constant bit rate; a test measures it anew."""
    return 0.446 if kbps < 176 else 0.265 if kbps < 208 else 0.175 if kbps < 240 else 0.0


def overshoot(kbps: int) -> float:
    """The dB of headroom that encoding eats at a bit rate: the lower the rate, the more the wave changes."""
    return 0.6 if kbps >= 112 else 0.8 if kbps >= 64 else 1.2


def master(mixed: Mix, profile: Profile, out: Path, program: Path) -> Mastered:
    """Bring a mix to the profile's loudness under its ceiling and write it as MP3: constant bit rate, one channel.

    Encodes again, corrected by what ffmpeg measured, where the file is over its ceiling or off its target. Equal input
    gives equal bytes. `out` is written whole or not at all.

    Raises:
        MasterRejected: several tries did not meet target and ceiling.
    """
    loss = encoder_loss(profile.kbps)
    bare = _loudness(mixed.energy, 0.0, np.zeros(len(mixed.energy), np.float32))
    aim = _Aim(
        loudness=profile.target + loss,
        ceiling=profile.ceiling + loss - overshoot(profile.kbps),
        most=profile.target - bare + _MOST_MORE,
    )
    part = out.with_name(f".{out.name}.part")
    peaks = _refined(mixed, aim)
    for _ in range(_TRIES):
        gain, reduction = _solve(mixed, peaks, aim)
        _encode(mixed, gain + reduction, profile, part)
        found = measure(part, program)
        off, over = profile.target - found.integrated, found.true_peak - profile.ceiling
        if abs(off) <= _NEAR and over <= 0:
            break
        lower = max(0.0, over) + (0.1 if over > 0 else 0.0)
        aim = replace(aim, loudness=aim.loudness + off, ceiling=aim.ceiling - lower)
    if abs(off) > TOLERANCE or over > 0:
        part.unlink()
        raise MasterRejected(lufs=figure(found.integrated), dbtp=figure(found.true_peak))
    part.replace(out)
    return _mastered(mixed, gain + reduction, found, float(-reduction.min(initial=0.0)))


def _solve(mixed: Mix, peaks: Samples, aim: _Aim) -> tuple[float, Samples]:
    """The gain in dB and the limiter's curve that reach the aim together: more gain makes it turn down more."""
    reduction = np.zeros(len(peaks), np.float32)
    gain = aim.loudness - _loudness(mixed.energy, 0.0, reduction)
    for _ in range(12):
        reduction = curve(peaks, 10 ** ((aim.ceiling - gain) / 20))
        short = aim.loudness - _loudness(mixed.energy, gain, reduction)
        if abs(short) < 0.01:
            break
        gain = min(gain + short * 1.2, aim.most)
    return gain, reduction


def _loudness(energy: Samples, gain: float, reduction: Samples) -> float:
    """What a mix will measure after gain and limiter; 100 hops are near enough the 100 ms of a meter."""
    whole = len(energy) // 100 * 100
    if not whole:
        return float(integrated(_by_hundred(energy, gain, reduction, len(energy))))
    means = [
        _by_hundred(energy[at:end], gain, reduction[at:end], 100)
        for at, end in pairwise([*range(0, whole, _HOPS_AT_ONCE), whole])
    ]
    return float(integrated(np.concatenate(means)))


def _by_hundred(energy: Samples, gain: float, reduction: Samples, width: int) -> Levels:
    heard = energy * 10 ** ((gain + reduction) / 10)
    means: Levels = heard.reshape(-1, width).mean(axis=1, dtype=np.float64)
    return means


def _refined(mixed: Mix, aim: _Aim) -> Samples:
    """Peaks by 4 × oversampling wherever the wave could come near the ceiling; sample peaks elsewhere."""
    peaks = mixed.peaks.copy()
    gain, _ = _solve(mixed, peaks, aim)
    near = peaks > 10 ** ((aim.ceiling - gain - _BETWEEN_SAMPLES) / 20)
    for first, last in _stretches(near):
        lead = REACH * 2
        start = first * mixed.hop - lead
        samples = mixed.samples(start, (last + 1) * mixed.hop + lead)
        found = true_peaks(samples)
        at = lead if start >= 0 else lead + start
        length = (last + 1 - first) * mixed.hop
        peaks[first : last + 1] = found[at : at + length].reshape(-1, mixed.hop).max(axis=1)
    return peaks


def _stretches(near: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First and last number of each run of hops, gaps of a few closed, none too long to hold in memory."""
    for at in range(0, len(near), _HOPS_AT_ONCE):
        hops = at + np.flatnonzero(near[at : at + _HOPS_AT_ONCE])
        if len(hops):
            for run in np.split(hops, np.flatnonzero(np.diff(hops) > 8) + 1):
                yield int(run[0]), int(run[-1])


def _encode(mixed: Mix, gain: Samples, profile: Profile, out: Path) -> None:
    """Apply a gain curve (dB a hop, straight lines between) and encode."""
    encoder = lameenc.Encoder()
    encoder.set_bit_rate(profile.kbps)
    encoder.set_in_sample_rate(profile.sample_rate)
    encoder.set_out_sample_rate(profile.sample_rate)  # else LAME takes 32 kHz at low bit rates
    encoder.set_channels(1)
    encoder.set_quality(_QUALITY)
    encoder.silence()
    with out.open("wb") as stream:
        for at in range(0, len(gain), _HOPS_AT_ONCE):
            end = min(at + _HOPS_AT_ONCE, len(gain))
            samples = mixed.samples(at * mixed.hop, end * mixed.hop).reshape(-1, mixed.hop)
            samples *= _ramps(_edges(gain, at, end), mixed.hop)
            whole = np.rint(np.clip(samples, -1.0, 1.0) * 32767).astype("<i2")
            stream.write(encoder.encode(whole.tobytes()))
        stream.write(encoder.flush())


def _edges(gain: Samples, start: int, end: int) -> Samples:
    """The linear gain where each hop from `start` to `end` meets the one before, and the last one the next."""
    around = np.power(np.float32(10), gain[np.clip(np.arange(start - 1, end + 1), 0, len(gain) - 1)] / 20)
    edges = (around[1:] + around[:-1]) / np.float32(2)
    return edges.astype(np.float32, copy=False)


def _ramps(edges: Samples, hop: int) -> Samples:
    """A straight line through each hop from its first edge to its last, a row a hop."""
    along = ((np.arange(hop) + 0.5) / hop).astype(np.float32)
    return edges[:-1, None] + (edges[1:] - edges[:-1])[:, None] * along


def _mastered(mixed: Mix, gain: Samples, found: Loudness, reduction: float) -> Mastered:
    linear = 10 ** (gain / 20)
    peaks = mixed.peaks * linear
    pad = -len(peaks) % 100
    by_hundred = np.pad(peaks, (0, pad)).reshape(-1, 100).max(axis=1)
    energy = np.pad(mixed.energy * linear**2, (0, pad)).reshape(-1, 100).mean(axis=1, dtype=np.float64)
    return Mastered(loudness=found, peaks=by_hundred, energy=energy, reduction=reduction)
