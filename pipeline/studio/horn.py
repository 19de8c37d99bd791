"""For horns on poles: only the band that they carry, and less between loud and soft, before anything is metered."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.core.model import Profile
from pipeline.studio.fir import Fir, Levels, Samples, minimum_phase
from pipeline.studio.meter import Weighting, hop_energy
from pipeline.studio.mix import HOP, RATE, Mix, ramps

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
    gain = _compression(mixed, profile.ratio)
    weighting = Weighting(RATE, mixed.channels)
    peaks: list[Samples] = []
    energy: list[Samples] = []
    with out.open("wb") as stream:
        for at, block in _blocks(mixed):
            heard = fir.feed(block) if fir else block
            heard = heard * ramps(gain[at : at + block.shape[1] // HOP + 1], HOP).reshape(-1)
            rows = heard.reshape(mixed.channels, -1, HOP)
            peaks.append(np.abs(rows).max(axis=(0, 2)))
            energy.append(hop_energy(weighting.feed(heard), HOP).sum(axis=0).astype(np.float32))
            np.ascontiguousarray(heard.T).tofile(stream)
    return Mix(
        path=out, channels=mixed.channels, frames=mixed.frames,
        peaks=np.concatenate([*peaks, np.zeros(0, np.float32)]),
        energy=np.concatenate([*energy, np.zeros(0, np.float32)]),
    )  # fmt: skip


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


def _compression(mixed: Mix, ratio: float) -> Samples:
    """The linear gain at the edge of each hop."""
    if ratio <= 1 or not len(mixed.energy):
        return np.ones(len(mixed.energy) + 1, np.float32)
    level = 10 * np.log10(np.maximum(_followed(mixed.energy.astype(np.float64)), 1e-12))
    loud = mixed.energy[mixed.energy > mixed.energy.mean() / 10]
    threshold = 10 * np.log10(max(float(loud.mean()) if len(loud) else 0.0, 1e-12)) - _BELOW
    gain = 10 ** (np.minimum(0.0, threshold - level) * (1 - 1 / ratio) / 20)
    return np.append(gain, gain[-1]).astype(np.float32)


def _followed(energy: Levels) -> Levels:
    """A level that rises over the attack, a little ahead of the sound, and falls over the release."""
    quick = _mean(energy, _ATTACK)
    slow = _mean(energy, _RELEASE)
    return np.maximum(quick, slow)


def _mean(energy: Levels, width: int) -> Levels:
    sums = np.cumsum(np.pad(energy, (width + 1, width)))
    mean: Levels = (sums[2 * width + 1 :] - sums[: -2 * width - 1]) / (2 * width + 1)
    return mean
