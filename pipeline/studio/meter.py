"""Loudness, range and true peak (ITU-R BS.1770-4, EBU R 128, Tech 3341, Tech 3342), and what ffmpeg's meter says."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import BadRecording, Says
from pipeline.core.model import Dbtp, Loudness, Lufs
from pipeline.studio.fir import Fir, Levels, Samples

__all__ = ["Levels", "Samples"]

_TAPS = 2048
"""Length of the weighting filter's response for each 48 kHz of sample rate; what follows is below −75 dB."""
_OFFSET = -0.691
_ABSOLUTE_GATE = -70.0
_RELATIVE_GATE = -10.0
_RANGE_GATE = -20.0
_RANGE = (10, 95)
"""Percentiles between which short-term levels make the loudness range (EBU Tech 3342)."""
_SHORT_TERM = 30
"""Hops of 100 ms in a short-term level (EBU Tech 3341: 3 s)."""
_MOMENTARY = 4
_SILENT = Lufs(-120.0)


class Weighting:
    """The K-weighting filter over a stream of blocks, a row a channel; remembers what came before."""

    def __init__(self, sample_rate: int, channels: int = 1) -> None:
        self._fir = Fir(_response(sample_rate), channels)

    def feed(self, block: Samples) -> Samples:
        """The filtered block, as long as the one that came in."""
        return self._fir.feed(block)


class Gating:
    """Gathers mean squares of 100 ms and reads loudness off them; of several channels their sum, each by its weight.

    `weights` are those of BS.1770-4: 1 for one channel by default, of more those of `layout.weights`.
    """

    def __init__(self, sample_rate: int, weights: Sequence[float] = (1.0,)) -> None:
        self._weights = np.asarray(weights)
        self._weighting = Weighting(sample_rate, len(self._weights))
        self.hop = sample_rate // 10
        """Frames in a tenth of a second, or as near as whole frames come to it."""
        self._rest = np.zeros((len(self._weights), 0), np.float32)
        self._energy: list[Levels] = []

    def feed(self, block: Samples) -> None:
        """One more block, a row a channel."""
        filtered = np.atleast_2d(self._weighting.feed(block))
        joined = np.concatenate([self._rest, filtered], axis=1) if self._rest.shape[1] else filtered
        whole = joined.shape[1] // self.hop * self.hop
        if whole:
            self._energy.append(self._weights @ hop_energy(joined[:, :whole], self.hop))
        self._rest = joined[:, whole:]

    @property
    def energy(self) -> Levels:
        """The weighted sum of the channels' mean squares of each hop so far."""
        return np.concatenate([*self._energy, np.zeros(0)])

    def loudness(self) -> Lufs:
        """Integrated loudness of all that came in; of less than 400 ms, its plain mean."""
        energy = self.energy
        if len(energy) < _MOMENTARY:
            rest = self._weights @ np.square(self._rest, dtype=np.float64).sum(axis=1)
            count = len(energy) * self.hop + self._rest.shape[1]
            return _level((energy.sum() * self.hop + rest) / count) if count else _SILENT
        return integrated(energy)


def hop_energy(samples: Samples, hop: int) -> Levels:
    """Mean square of each hop of a whole number of hops; of several channels, a row a channel."""
    rows = samples.reshape(*samples.shape[:-1], -1, hop)
    # Summed in single precision over a hop only: an error below a hundred thousandth of a decibel, at half the cost.
    energy = np.einsum("...ij,...ij->...i", rows, rows).astype(np.float64)
    mean: Levels = energy / hop
    return mean


def integrated(energy: Levels) -> Lufs:
    """Gated loudness from K-weighted mean squares of 100 ms each (blocks of 400 ms, overlapping by three quarters)."""
    if len(energy) < _MOMENTARY:
        return _level(float(energy.mean())) if len(energy) else _SILENT
    blocks = _sliding(energy, _MOMENTARY)
    loud = blocks[blocks > _power(_ABSOLUTE_GATE)]
    if not len(loud):
        return _SILENT
    gate = loud.mean() * 10 ** (_RELATIVE_GATE / 10)
    return _level(float(loud[loud > gate].mean()))


def loudness_range(energy: Levels) -> float:
    """Loudness range in LU from the same mean squares (EBU Tech 3342): 0 where nothing passes the gates."""
    levels = _sliding(energy, _SHORT_TERM) if len(energy) >= _SHORT_TERM else np.zeros(0)
    loud = levels[levels > _power(_ABSOLUTE_GATE)]
    if not len(loud):
        return 0.0
    kept = loud[loud > loud.mean() * 10 ** (_RANGE_GATE / 10)]
    low, high = np.percentile(10 * np.log10(kept), _RANGE)
    return float(high - low)


def highest(energy: Levels) -> tuple[Lufs, Lufs]:
    """The highest momentary (400 ms) and the highest short-term (3 s) level; what is shorter counts as it is."""
    if not len(energy):
        return _SILENT, _SILENT
    spans = (min(len(energy), width) for width in (_MOMENTARY, _SHORT_TERM))
    momentary, short_term = (_level(float(_sliding(energy, span).max())) for span in spans)
    return momentary, short_term


def short_term(energy: Levels) -> Levels:
    """The short-term level in LUFS around each 100 ms, for a curve; shorter at the ends."""
    if not len(energy):
        return energy
    width = min(_SHORT_TERM, len(energy))
    sums = np.convolve(energy, np.ones(width), "same")
    counts = np.convolve(np.ones(len(energy)), np.ones(width), "same")
    levels: Levels = _OFFSET + 10 * np.log10(np.maximum(sums / counts, 1e-12))
    return levels


def _sliding(energy: Levels, width: int) -> Levels:
    return np.convolve(energy, np.full(width, 1 / width), "valid")


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET) / 10))


def _level(energy: float) -> Lufs:
    return Lufs(_OFFSET + 10 * float(np.log10(max(energy, 1e-12))))


@cache
def _response(sample_rate: int) -> Levels:
    response = np.zeros(_TAPS * -(-sample_rate // 48_000))
    response[0] = 1.0
    for numerator, denominator in _sections(sample_rate):
        response = _biquad(response, numerator, denominator)
    return response


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
_BETWEEN = 4.0
"""dB by which a wave may rise above its samples: 3 for a tone at a quarter of the rate, and one to spare."""
_ROWS = 512
"""Hops looked at together."""


@cache
def _phases() -> tuple[Levels, ...]:
    """A windowed sinc for 4 × oversampling, a quarter of its taps for each phase (BS.1770-4, annex 2)."""
    taps = 2 * REACH * 4
    at = np.arange(taps) - (taps - 1) / 2
    kernel = np.sinc(at / 4) * np.kaiser(taps, 6.0)
    kernel *= 4 / kernel.sum()
    return tuple(kernel[phase::4] for phase in range(4))


@cache
def _between(hop: int) -> Samples:
    """The wave between the samples of one hop as one matrix: a hop with its surroundings in, all phases out."""
    matrix = np.zeros((hop + 2 * REACH, 4 * hop))
    for number, phase in enumerate(_phases()):
        for out in range(hop):
            matrix[out : out + 2 * REACH, number * hop + out] = phase[::-1]
    return matrix.astype(np.float32)


def true_peaks(around: Samples, hop: int) -> Samples:
    """The highest magnitude of the wave in each hop, by 4 × oversampling: a row a hop, REACH samples on either side."""
    found = [_highest(around[at : at + _ROWS], hop) for at in range(0, len(around), _ROWS)]
    return np.concatenate([*found, np.zeros(0, np.float32)])


def _highest(around: Samples, hop: int) -> Samples:
    between = around @ _between(hop)
    peaks = np.maximum(between.max(axis=1), -between.min(axis=1))
    highest_of: Samples = np.maximum(peaks, np.abs(around[:, REACH : REACH + hop]).max(axis=1))
    return highest_of


def may_exceed(peaks: Samples, ceiling: float) -> NDArray[np.intp]:
    """The hops whose wave could pass a ceiling (dB) between samples that peak as given, linear."""
    return np.flatnonzero(peaks > 10 ** ((ceiling - _BETWEEN) / 20))


# --- a whole sound ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """What our meter read from a sound, block by block."""

    loudness: Loudness
    momentary: Lufs
    """The highest level of 400 ms."""
    short_term: Lufs
    """The highest level of 3 s."""
    energy: Levels
    """K-weighted mean square of each tick, channels summed."""
    peaks: Samples
    """The highest sample magnitude of each tick, of all channels; the last may be cut short."""
    tick: float
    """Seconds of each: a tenth, or as near as whole samples come to it."""
    seconds: float


def read(blocks: Iterable[Samples], sample_rate: int, weights: Sequence[float] = (1.0,)) -> Metered:
    """Meter a sound that comes in blocks, a row a channel, of any length. Loudness range and true peak too.

    The true peak is looked for between the samples only where the samples come near the highest one so far.
    """
    gating = Gating(sample_rate, weights)
    peak = _Peak(sample_rate // 1000, gating.hop, len(weights))
    frames = 0
    for block in blocks:
        gating.feed(block)
        peak.feed(block)
        frames += block.shape[1]
    energy = gating.energy
    momentary, top = highest(energy)
    level = Loudness(
        integrated=gating.loudness(), true_peak=Dbtp(_decibels(peak.highest())), range=loudness_range(energy)
    )
    return Metered(
        loudness=level, momentary=momentary, short_term=top, energy=energy, peaks=peak.ticks(),
        tick=gating.hop / sample_rate, seconds=frames / sample_rate,
    )  # fmt: skip


def _decibels(magnitude: float) -> float:
    return max(-120.0, 20 * float(np.log10(max(magnitude, 1e-9))))


class _Peak:
    """The true peak of a stream; looks closely only at hops that could hold it. Keeps the highest sample of ticks."""

    def __init__(self, hop: int, tick: int, channels: int) -> None:
        self._hop, self._tick = hop, tick
        """Frames of each."""
        self._joined = np.zeros((channels, REACH), np.float32)
        """What is not looked at yet, after what was, REACH samples of it."""
        self._highest = 0.0
        self._hops = 0
        """Looked at so far."""
        self._ticks: list[float] = []

    def feed(self, block: Samples) -> None:
        joined = np.concatenate([self._joined, block], axis=1)
        whole = max(0, joined.shape[1] - 2 * REACH) // self._hop * self._hop
        if whole:
            self._look(joined[:, : whole + 2 * REACH])
        self._joined = joined[:, whole:]

    def highest(self) -> float:
        """The true peak of all that came in."""
        left = self._joined.shape[1] - REACH
        if left > 0:
            self._look(np.pad(self._joined, ((0, 0), (0, -left % self._hop + REACH))))
            self._joined = self._joined[:, :0]
        return self._highest

    def ticks(self) -> Samples:
        """The highest sample of each tick, to a hop."""
        return np.asarray(self._ticks, np.float32)

    def _look(self, around: Samples) -> None:
        hop, of_all = self._hop, None
        for row in around:
            inner = row[REACH : len(row) - REACH].reshape(-1, hop)
            peaks = np.maximum(inner.max(axis=1), -inner.min(axis=1))
            of_all = peaks if of_all is None else np.maximum(of_all, peaks)
            self._highest = max(self._highest, float(peaks.max()))
            near = may_exceed(peaks, 20 * float(np.log10(max(self._highest, 1e-9))))
            if len(near):
                rows = np.lib.stride_tricks.sliding_window_view(row, hop + 2 * REACH)[::hop][near]
                self._highest = max(self._highest, float(true_peaks(rows, hop).max()))
        if of_all is not None:
            self._keep(of_all)

    def _keep(self, peaks: Samples) -> None:
        """Of hops, the highest of those that begin in each tick."""
        ticks = (self._hops + np.arange(len(peaks))) * self._hop // self._tick
        self._hops += len(peaks)
        tops = np.maximum.reduceat(peaks, np.flatnonzero(np.diff(ticks, prepend=-1))).tolist()
        if len(self._ticks) > ticks[0]:
            tops[0] = max(tops[0], self._ticks.pop())
        self._ticks += tops


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
