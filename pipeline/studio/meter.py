"""Loudness and true peak (ITU-R BS.1770-4, EBU R 128): our own meter for solving, ffmpeg's for judging."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import BadRecording, Says
from pipeline.core.model import Dbtp, Loudness, Lufs

Samples = NDArray[np.float32]
Levels = NDArray[np.float64]

_TAPS = 4096
"""Length of the weighting filter's response; what follows is below −100 dB from 32 kHz to 48 kHz."""
_BLOCK = 12288
_OFFSET = -0.691
_ABSOLUTE_GATE = -70.0
_RELATIVE_GATE = -10.0
_SILENT = Lufs(-120.0)


class Weighting:
    """The K-weighting filter over a stream of blocks of one channel; remembers what came before."""

    def __init__(self, sample_rate: int) -> None:
        self._spectrum = _spectrum(sample_rate)
        self._tail = np.zeros(_TAPS - 1, np.float32)

    def feed(self, block: Samples) -> Samples:
        """The filtered block, as long as the one that came in."""
        parts = [self._filter(block[at : at + _BLOCK]) for at in range(0, len(block), _BLOCK)]
        return np.concatenate(parts) if parts else block

    def _filter(self, block: Samples) -> Samples:
        joined = np.concatenate([self._tail, block])
        self._tail = joined[-(_TAPS - 1) :]
        size = _TAPS + _BLOCK
        filtered = np.fft.irfft(np.fft.rfft(joined, size) * self._spectrum, size)
        return filtered[_TAPS - 1 : len(joined)].astype(np.float32)


class Gating:
    """Gathers mean squares of a fixed hop and reads the gated loudness off them."""

    def __init__(self, sample_rate: int) -> None:
        self._weighting = Weighting(sample_rate)
        self._hop = sample_rate // 10
        self._rest = np.zeros(0, np.float32)
        self._energy: list[Levels] = []

    def feed(self, block: Samples) -> None:
        """One more block of the channel."""
        joined = np.concatenate([self._rest, self._weighting.feed(block)])
        whole = len(joined) // self._hop * self._hop
        self._energy.append(hop_energy(joined[:whole], self._hop))
        self._rest = joined[whole:]

    def loudness(self) -> Lufs:
        """Integrated loudness of all that came in; of less than 400 ms, its plain mean."""
        energy = np.concatenate([*self._energy, np.zeros(0)])
        if len(energy) < 4:
            parts = [energy.sum() * self._hop, float(np.square(self._rest, dtype=np.float64).sum())]
            count = len(energy) * self._hop + len(self._rest)
            return _level(sum(parts) / count) if count else _SILENT
        return integrated(energy)


def hop_energy(samples: Samples, hop: int) -> Levels:
    """Mean square of each hop of a whole number of hops."""
    rows = samples.reshape(-1, hop)
    energy: Levels = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
    return energy / hop


def integrated(energy: Levels) -> Lufs:
    """Gated loudness from K-weighted mean squares of 100 ms each (blocks of 400 ms, overlapping by three quarters)."""
    if len(energy) < 4:
        return _level(float(energy.mean())) if len(energy) else _SILENT
    blocks = np.convolve(energy, np.full(4, 0.25), "valid")
    loud = blocks[blocks > 10 ** ((_ABSOLUTE_GATE - _OFFSET) / 10)]
    if not len(loud):
        return _SILENT
    gate = loud.mean() * 10 ** (_RELATIVE_GATE / 10)
    return _level(float(loud[loud > gate].mean()))


def _level(energy: float) -> Lufs:
    return Lufs(_OFFSET + 10 * float(np.log10(max(energy, 1e-12))))


@cache
def _spectrum(sample_rate: int) -> NDArray[np.complex64]:
    """Single precision: its error is 140 dB below the loudest of a block, at half the cost."""
    response = np.zeros(_TAPS)
    response[0] = 1.0
    for numerator, denominator in _sections(sample_rate):
        response = _biquad(response, numerator, denominator)
    return np.fft.rfft(response, _TAPS + _BLOCK).astype(np.complex64)


def _sections(sample_rate: int) -> tuple[tuple[list[float], list[float]], ...]:
    """The two filters of BS.1770-4 for any rate: bilinear transforms of its 48 kHz tables' analogue prototypes."""
    k, q = float(np.tan(np.pi * 1681.974450955533 / sample_rate)), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / q + k * k
    shelf = (
        [(high + band * k / q + k * k) / a0, 2 * (k * k - high) / a0, (high - band * k / q + k * k) / a0],
        [2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0],
    )
    k, q = float(np.tan(np.pi * 38.13547087602444 / sample_rate)), 0.5003270373238773
    a0 = 1 + k / q + k * k
    return shelf, ([1.0, -2.0, 1.0], [2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0])


def _biquad(signal: Levels, numerator: list[float], denominator: list[float]) -> Levels:
    out = np.zeros_like(signal)
    x1 = x2 = y1 = y2 = 0.0
    for n, x in enumerate(signal.tolist()):
        y = numerator[0] * x + numerator[1] * x1 + numerator[2] * x2 - denominator[0] * y1 - denominator[1] * y2
        out[n] = y
        x1, x2, y1, y2 = x, x1, y, y1
    return out


# --- true peak -------------------------------------------------------------------------------------------------------

REACH = 12
"""Samples on either side that a true peak looks at."""


@cache
def _phases() -> tuple[Samples, ...]:
    """A windowed sinc for 4 × oversampling, a quarter of its taps for each phase (BS.1770-4, annex 2)."""
    taps = 2 * REACH * 4
    at = np.arange(taps) - (taps - 1) / 2
    kernel = np.sinc(at / 4) * np.kaiser(taps, 6.0)
    kernel *= 4 / kernel.sum()
    return tuple(kernel[phase::4].astype(np.float32) for phase in range(4))


def true_peaks(samples: Samples) -> Samples:
    """For each sample, the highest magnitude of the wave around it, by 4 × oversampling."""
    peaks = np.abs(samples)
    for phase in _phases():
        np.maximum(peaks, np.abs(np.convolve(samples, phase, "same")), out=peaks)
    return peaks


# --- ffmpeg's word ---------------------------------------------------------------------------------------------------

_SUMMARY = re.compile(
    r"I:\s+(?P<i>-?[\d.]+|-inf) LUFS.*?LRA:\s+(?P<lra>-?[\d.]+) LU\s.*?Peak:\s+(?P<peak>-?[\d.]+|-inf) dBFS", re.DOTALL
)


def measure(file: Path, program: Path) -> Loudness:
    """What ffmpeg's ebur128 meter reads from a finished file, to a tenth of a unit.

    Raises:
        BadRecording: ffmpeg cannot read the file.
    """
    graph: Any = ffmpeg.input(str(file)).filter("ebur128", peak="true", framelog="verbose").output("-", format="null")
    try:
        _, told = graph.global_args("-hide_banner", "-nostats").run(cmd=str(program), capture_stderr=True)
    except ffmpeg.Error as problem:
        reason = problem.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise BadRecording(name=file.name, reason=Says(*(" ".join(reason),) * 2)) from problem
    text = told.decode(errors="replace")
    found = _SUMMARY.search(text, max(0, text.rfind("Summary:")))
    if found is None:
        raise BadRecording(name=file.name, reason=Says("không đo được độ lớn", "its loudness cannot be measured"))
    return Loudness(
        integrated=Lufs(max(_SILENT, float(found["i"]))),
        true_peak=Dbtp(max(-120.0, float(found["peak"]))),
        range=float(found["lra"]),
    )
