"""For horns on poles: only the band that they carry, and less between loud and soft, before anything is metered."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.core.model import Profile
from pipeline.studio.fir import Fir, Levels, Samples, minimum_phase
from pipeline.studio.meter import Weighting, hop_energy
from pipeline.studio.mix import HOP, RATE, Mix, ramps
from pipeline.studio.track import Track

_TAPS = 2048
_ORDER = 4
"""Poles on each side: 24 dB an octave, gentle enough that no word rings."""
_HOPS_AT_ONCE = 5000
_BELOW = 8.0
"""dB below its own loudness from where a programme is compressed: words, not the breath between them."""
_ATTACK, _RELEASE = 15, 250
"""Hops over which the compressor follows a louder and a softer level."""


def shaped(mixed: Mix, profile: Profile, out: Path) -> Mix:
    """The mix as a profile's loudspeakers carry it, written to `out`; the mix itself where it asks for nothing.

    Band-limited (Butterworth, minimum phase), then compressed: levels more than 8 dB below the programme's own
    loudness stay, what is above is brought nearer by the profile's ratio.
    """
    if not profile.band and profile.ratio <= 1:
        return mixed
    fir = Fir(minimum_phase(_band(*profile.band)), mixed.channels) if profile.band else None
    threshold = _threshold(mixed.energy)
    weighting = Weighting(RATE, mixed.channels)
    peaks, energy = Track(out.with_suffix(".peaks")), Track(out.with_suffix(".energy"))
    with out.open("wb") as stream:
        for at, block in _blocks(mixed):
            heard = fir.feed(block) if fir else block
            gain = _compression(mixed.energy, at, at + block.shape[1] // HOP, threshold, profile.ratio)
            heard = heard * ramps(gain, HOP).reshape(-1)
            rows = heard.reshape(mixed.channels, -1, HOP)
            peaks.append(np.abs(rows).max(axis=(0, 2)))
            energy.append(hop_energy(weighting.feed(heard), HOP).sum(axis=0).astype(np.float32))
            np.ascontiguousarray(heard.T).tofile(stream)
    return Mix(path=out, channels=mixed.channels, frames=mixed.frames, peaks=peaks, energy=energy)


def _blocks(mixed: Mix) -> Iterator[tuple[int, Samples]]:
    for at in range(0, len(mixed.peaks), _HOPS_AT_ONCE):
        yield at, mixed.samples(at * HOP, (at + _HOPS_AT_ONCE) * HOP)


def _band(low: float, high: float) -> Levels:
    """The magnitude of a band-pass at each bin of twice the taps."""
    hertz = np.fft.rfftfreq(2 * _TAPS, 1 / RATE)
    with np.errstate(divide="ignore"):
        below = 1 / np.sqrt(1 + (low / hertz) ** (2 * _ORDER))
    magnitude: Levels = below / np.sqrt(1 + (hertz / high) ** (2 * _ORDER))
    return magnitude


def _threshold(energy: Track) -> float:
    """From how many dB on a programme is compressed: a little below its own loudness."""
    mean = _mean_of(energy, 0.0)
    return 10 * float(np.log10(max(_mean_of(energy, mean / 10), 1e-12))) - _BELOW


def _mean_of(energy: Track, above: float) -> float:
    """The mean of the hops above a level; 0 where there is none."""
    total, count = 0.0, 0
    for part in energy.stretches():
        loud = part[part > above] if above else part
        total, count = total + float(loud.sum(dtype=np.float64)), count + len(loud)
    return total / max(1, count)


def _compression(energy: Track, start: int, end: int, threshold: float, ratio: float) -> Samples:
    """The linear gain at the edge of each hop from `start` to `end`, and at the end of the last."""
    first = max(0, start - _RELEASE - 1)
    around = energy[first : end + 1 + _RELEASE].astype(np.float64)
    level = 10 * np.log10(np.maximum(_followed(around), 1e-12))[start - first : end + 1 - first]
    gain = 10 ** (np.minimum(0.0, threshold - level) * (1 - 1 / max(1.0, ratio)) / 20)
    return np.pad(gain, (0, end + 1 - start - len(gain)), mode="edge").astype(np.float32)


def _followed(energy: Levels) -> Levels:
    """A level that rises over the attack, a little ahead of the sound, and falls over the release."""
    quick = _mean(energy, _ATTACK)
    slow = _mean(energy, _RELEASE)
    return np.maximum(quick, slow)


def _mean(energy: Levels, width: int) -> Levels:
    sums = np.cumsum(np.pad(energy, (width + 1, width)))
    mean: Levels = (sums[2 * width + 1 :] - sums[: -2 * width - 1]) / (2 * width + 1)
    return mean
