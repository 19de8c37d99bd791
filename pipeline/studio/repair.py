"""Recordings made fit to air: rumble and hum out, noise lower, speakers nearer to each other, gaps shorter."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from pipeline.core.model import Seconds, Treatment
from pipeline.core.ports import Progress, silent
from pipeline.studio.decode import Clip
from pipeline.studio.fir import Fir, Levels, Samples, minimum_phase
from pipeline.studio.meter import Gating
from pipeline.studio.mix import ramps

_HOPS = 10
"""Hops of a meter in a second, near enough for widths. Where a hop lies is counted in frames."""
_ORDER = 4
"""Poles of the high-pass: 24 dB an octave."""
_MAINS = (50.0, 60.0)
_HARMONICS = 8
_HUM_STANDS_OUT = 12.0
"""dB by which a mains tone lies above what is beside it, in the quietest fifth of a recording."""
_NOTCH = 1.5
"""Hz on either side of a mains tone that are taken out."""
_WINDOWS = 60
"""Stretches in which hum is looked for, over the whole recording."""
_NOISE = 15
"""Percentile of a frequency's power over time that is noise: nobody speaks without pauses."""
_NOISE_FLOOR = 0.32
"""What is left of noise: 10 dB less. More would make words sound under water."""
_FRAMES = 1500
"""Frames from which noise is learned."""
_GATE_BELOW, _GATE_DOWN = -32.0, -12.0
"""LU beside the recording's loudness below which nobody speaks, and what the gate turns that down by, in dB."""
_GATE_HOLD = 2
"""Hops around a sound that the gate leaves open, so that no word loses its beginning or its end."""
_SPEAKER = 30
"""Hops over which one speaker's level is heard: 3 s, as a short-term level is."""
_QUIET = -20.0
"""LU beside the recording's loudness below which there is no speaker to bring nearer."""
_JOINT = 0.02
"""Seconds over which sound fades where a gap was cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """A recording made fit."""

    path: Path
    """Float samples of one channel or two, at the recording's rate."""
    hum: float = 0.0
    """Hz of the mains tone that was taken out; 0 where there was none."""
    shortened: tuple[tuple[Seconds, Seconds], ...] = ()
    """Silences that were made shorter: from when in the file, and how long they were."""


def repair(clip: Clip, treatment: Treatment, out: Path, progress: Progress = silent) -> Repaired:
    """Write the stretch of a recording that airs to `out`, treated; in constant memory.

    The high-pass is minimum phase and takes any offset (DC) along. Hum is taken out only where it stands out. Gains of
    gate and speakers follow the sound with straight lines over tenths of a second.
    """
    channels = 2 if clip.is_stereo else 1
    hum = _hum(clip) if treatment.hum else 0.0
    gains, hop = _gains(clip, treatment)
    keeps = _keeps(clip, treatment.longest_gap)
    fir = _cleaner(clip.sample_rate, treatment.highpass, hum, channels)
    denoiser = _Denoiser(clip, channels) if treatment.denoise else None
    with soundfile.SoundFile(out, "w", clip.sample_rate, channels, "FLOAT", format="RF64") as sound:
        at = 0
        for block in _cleaned(clip, fir, denoiser, channels):
            treated = block * _over(gains, at, block.shape[1], hop)
            for part in _kept(treated, at, keeps, round(_JOINT * clip.sample_rate)):
                sound.write(np.ascontiguousarray(part.T))
            at += block.shape[1]
            progress("repair", at, clip.end - clip.start)
    shortened = tuple(gap for gap in clip.gaps if gap[1] > treatment.longest_gap > 0)
    return Repaired(path=out, hum=hum, shortened=shortened)


def _cleaned(clip: Clip, fir: Fir | None, denoiser: "_Denoiser | None", channels: int) -> Iterator[Samples]:
    for raw in clip.blocks():
        block = clip.folded(raw, channels)
        if fir:
            block = fir.feed(block)
        yield denoiser.feed(block) if denoiser else block
    if denoiser:
        yield denoiser.flush()


# --- tones that do not belong ----------------------------------------------------------------------------------------


def _cleaner(rate: int, highpass: float, hum: float, channels: int) -> Fir | None:
    """One filter for rumble and hum; None where there is nothing to take out."""
    if not highpass and not hum:
        return None
    taps = 1 << round(np.log2(rate * (0.35 if hum else 0.05)))
    hertz = np.fft.rfftfreq(4 * taps, 1 / rate)
    magnitude = np.ones(len(hertz))
    if highpass:
        with np.errstate(divide="ignore"):
            magnitude /= np.sqrt(1 + (highpass / hertz) ** (2 * _ORDER))
    for number in range(1, _HARMONICS + 1) if hum else ():
        magnitude[np.abs(hertz - number * hum) <= _NOTCH] = 0.01
    return Fir(minimum_phase(magnitude)[: 2 * taps], channels)


def _hum(clip: Clip) -> float:
    """The mains frequency whose tones stand out where nobody speaks; 0 for none."""
    size = 1 << round(np.log2(clip.sample_rate * 0.7))
    spectra = [np.abs(np.fft.rfft(window * np.hanning(size))) ** 2 for window in _windows(clip, size)]
    if not spectra:
        return 0.0
    quiet = np.percentile(spectra, 20, axis=0)
    hertz = np.fft.rfftfreq(size, 1 / clip.sample_rate)

    def stands_out(tone: float) -> bool:
        at = np.abs(hertz - tone)
        beside = quiet[(at > 4) & (at < 15)]
        return bool(quiet[at < _NOTCH].max() > 10 ** (_HUM_STANDS_OUT / 10) * max(float(np.median(beside)), 1e-12))

    for mains in _MAINS:
        if sum(stands_out(number * mains) for number in range(1, 5)) >= 2:
            return mains
    return 0.0


def _windows(clip: Clip, size: int) -> Iterator[Samples]:
    """Stretches spread evenly over a recording, as one channel."""
    total = clip.end - clip.start
    with soundfile.SoundFile(clip.path) as sound:
        for start in np.linspace(0, max(0, total - size), _WINDOWS).astype(int) if total >= size else ():
            sound.seek(clip.start + int(start))
            frames = sound.read(size, dtype="float32", always_2d=True)
            if len(frames) == size:
                yield clip.folded(np.ascontiguousarray(frames.T), 1)[0]


# --- noise -----------------------------------------------------------------------------------------------------------


class _Denoiser:
    """A gentle spectral gate: what a frequency always holds is noise, turned down where nothing else is there."""

    def __init__(self, clip: Clip, channels: int) -> None:
        self._size = 1 << round(np.log2(clip.sample_rate * 0.04))
        self._half = self._size // 2
        self._window = np.sqrt(np.hanning(self._size + 1)[:-1]).astype(np.float32)
        self._noise = self._learned(clip)
        self._rest = np.zeros((channels, self._half), np.float32)
        self._tail = np.zeros((channels, self._half), np.float32)
        self._gain = np.ones((4, len(self._noise)), np.float32)
        self._skip = self._half

    def feed(self, block: Samples) -> Samples:
        """What of it is finished; half a frame stays behind."""
        joined = np.concatenate([self._rest, block], axis=1)
        count = max(0, joined.shape[1] // self._half - 1)
        self._rest = joined[:, count * self._half :]
        if not count:
            return joined[:, :0]
        frames = np.lib.stride_tricks.sliding_window_view(joined, self._size, axis=1)[:, :: self._half][:, :count]
        spectra = np.fft.rfft(frames * self._window)
        spectra *= self._gains((np.abs(spectra) ** 2).mean(axis=0))
        back = np.fft.irfft(spectra, self._size).astype(np.float32) * self._window
        out = np.zeros((len(joined), (count + 1) * self._half), np.float32)
        out[:, : self._half] = self._tail
        out[:, : count * self._half] += back[:, :, : self._half].reshape(len(joined), -1)
        out[:, self._half :] += back[:, :, self._half :].reshape(len(joined), -1)
        self._tail = out[:, count * self._half :].copy()
        done = out[:, self._skip : count * self._half]
        self._skip = 0
        return done

    def flush(self) -> Samples:
        """What is left, as long as what came in."""
        left = self._rest.shape[1]
        return self.feed(np.zeros((len(self._rest), self._size), np.float32))[:, :left]

    def _gains(self, power: Samples) -> Samples:
        """Between a third and all of each frequency of each frame: quick to open, slow to close, no lone tones."""
        gain = np.sqrt(np.clip(1 - 1.7 * self._noise / np.maximum(power, 1e-20), _NOISE_FLOOR**2, 1))
        gain = np.maximum(gain, (np.roll(gain, 1, axis=1) + np.roll(gain, -1, axis=1)) / 2).astype(np.float32)
        known = np.concatenate([self._gain, gain])
        for age in range(1, 5):
            gain = np.maximum(gain, known[4 - age : len(known) - age] * np.float32(0.75**age))
        self._gain = known[-4:]
        return gain

    def _learned(self, clip: Clip) -> Samples:
        total = clip.end - clip.start
        found: list[Levels] = []
        with soundfile.SoundFile(clip.path) as sound:
            for start in np.linspace(0, max(0, total - self._size), _FRAMES).astype(int):
                sound.seek(clip.start + int(start))
                frames = sound.read(self._size, dtype="float32", always_2d=True)
                if len(frames) == self._size:
                    one = clip.folded(np.ascontiguousarray(frames.T), 1)[0]
                    found.append(np.abs(np.fft.rfft(one * self._window)) ** 2)
        noise = np.percentile(found, _NOISE, axis=0) if found else np.zeros(self._half + 1)
        # Of noise, power is spread exponentially: from a percentile to its mean.
        mean: Samples = (noise / -np.log(1 - _NOISE / 100)).astype(np.float32)
        return mean


# --- levels ----------------------------------------------------------------------------------------------------------


def _gains(clip: Clip, treatment: Treatment) -> tuple[Samples, int]:
    """The linear gain that the gate and the speakers' levels ask for at the edge of each hop, and frames of a hop."""
    gating = Gating(clip.sample_rate)
    if not treatment.even and not treatment.gate:
        return np.ones(1, np.float32), gating.hop
    for raw in clip.blocks():
        gating.feed(clip.folded(raw, 1))
    energy = gating.energy if len(gating.energy) else np.zeros(1)
    level = -0.691 + 10 * np.log10(np.maximum(energy, 1e-12))
    decibels = np.zeros(len(level))
    if treatment.even:
        decibels += _evened(level, clip.loudness[0], treatment.even)
    if treatment.gate:
        decibels += _gated(level, clip.loudness[0])
    around = np.pad(decibels, 1, mode="edge")
    gains: Samples = (10 ** ((around[1:] + around[:-1]) / 40)).astype(np.float32)
    return gains, gating.hop


def _evened(level: Levels, loudness: float, most: float) -> Levels:
    """Whoever speaks more softly than the whole is brought up, more loudly down, by half of it and never by more."""
    speaks = level > loudness + _QUIET
    if not speaks.any():
        return np.zeros(len(level))
    power = np.where(speaks, 10 ** (level / 10), 0.0)
    heard, share = _mean(power, _SPEAKER), _mean(speaks.astype(np.float64), _SPEAKER)
    around = 10 * np.log10(np.maximum(heard, 1e-12) / np.maximum(share, 1e-6))
    wanted = np.where(share > 0.1, np.clip((loudness - around) * 0.7, -most, most), np.nan)
    known = np.flatnonzero(~np.isnan(wanted))
    return _mean(np.interp(np.arange(len(level)), known, wanted[known]), _HOPS)


def _gated(level: Levels, loudness: float) -> Levels:
    quiet = level < loudness + _GATE_BELOW
    opened = _mean((~quiet).astype(np.float64), _GATE_HOLD) > 0
    return np.where(opened, 0.0, _GATE_DOWN)


def _mean(values: Levels, width: int) -> Levels:
    """The mean over `width` hops on either side."""
    padded = np.pad(values, (width + 1, width), mode="edge")
    sums = np.cumsum(padded)
    mean: Levels = (sums[2 * width + 1 :] - sums[: -2 * width - 1]) / (2 * width + 1)
    return np.where(np.abs(mean) < 1e-12, 0.0, mean)


def _over(gains: Samples, at: int, frames: int, hop: int) -> Samples:
    """The gain of each frame from `at` on."""
    first, last = at // hop, -(-(at + frames) // hop)
    edges = gains[np.minimum(np.arange(first, last + 1), len(gains) - 1)]
    return ramps(edges, hop).reshape(-1)[at - first * hop :][:frames]


# --- gaps ------------------------------------------------------------------------------------------------------------


def _keeps(clip: Clip, longest: float) -> list[tuple[int, int]]:
    """The stretches that stay, in frames from the clip's start: of a gap, half of the longest at either end."""
    keeps: list[tuple[int, int]] = []
    at, total = 0, clip.end - clip.start
    for start, seconds in clip.gaps if longest > 0 else ():
        if seconds > longest:
            first = round((start + longest / 2) * clip.sample_rate) - clip.start
            keeps.append((at, first))
            at = round((start + seconds - longest / 2) * clip.sample_rate) - clip.start
    return [*keeps, (at, total)]


def _kept(block: Samples, at: int, keeps: list[tuple[int, int]], joint: int) -> Iterator[Samples]:
    """The parts of a block, which begins at frame `at`, that stay; faded where something was cut."""
    for number, (first, last) in enumerate(keeps):
        start, end = max(at, first), min(at + block.shape[1], last)
        if start >= end:
            continue
        frame = np.arange(start, end)
        gain = np.ones(end - start, np.float32)
        if number:
            gain = np.minimum(gain, (frame - first) / joint)
        if number + 1 < len(keeps):
            gain = np.minimum(gain, (last - frame) / joint)
        yield block[:, start - at : end - at] * gain.astype(np.float32)
