"""The limiter as a curve: how far each millisecond is turned down so that no peak passes the ceiling."""

from collections.abc import Iterator

import numpy as np

from pipeline.studio.fir import Levels, Samples
from pipeline.studio.track import STRETCH, Track

_LOOK = 6
"""Hops of look-ahead and hold on either side of a peak."""
_SMOOTH = 5
"""Hops on either side over which the curve is averaged: less than the hold, so a peak is always fully covered."""
_RELEASE_MS = 60.0
"""After one peak: short, or a single click would take the next syllable down with it."""
_SLOW_MS = 250.0
"""After a loud passage: long, or the level would pump between syllables."""
_PASSAGE = 600
"""Hops over which need is averaged to tell a passage from a peak."""
_MEMORY = 4000
"""Hops before a stretch that are looked at again: by then any release has died away."""


def curve(peaks: Samples, ceiling: float) -> Samples:
    """Gain reduction in dB (0 or below) of each one-millisecond hop with the given peaks, linear scale.

    Look-ahead of 6 ms; release of 60 ms after a single peak and of 250 ms after a passage that needed it all along,
    exponential in dB; edges smoothed over 11 ms; never above what a hop or its neighbours need.
    """
    if peaks.max(initial=0.0) <= ceiling:
        return np.zeros(len(peaks), np.float32)
    needed = np.zeros(len(peaks))
    over = np.flatnonzero(peaks > ceiling)
    needed[over] = 20 * np.log10(peaks[over].astype(np.float64) / ceiling)
    held = _held(needed)
    passages = np.minimum(held.max(), _before(held, _PASSAGE))
    reduction = _averaged(np.maximum(_released(held, _RELEASE_MS), _released(passages, _SLOW_MS)))
    return -reduction.astype(np.float32)


def curves(peaks: Track, ceiling: float) -> Iterator[Samples]:
    """The same of a whole programme, STRETCH hops at a time."""
    for at in range(0, len(peaks), STRETCH):
        start, end = max(0, at - _MEMORY), min(at + STRETCH, len(peaks))
        yield curve(peaks[start : end + _LOOK + _SMOOTH], ceiling)[at - start : end - start]


def _held(needed: Levels) -> Levels:
    """The most that is needed within the look-ahead on either side, by maxima of doubling width."""
    padded = np.pad(needed, _LOOK)
    width, wide = 1, padded
    while 2 * width <= 2 * _LOOK + 1:
        wide = np.maximum(wide[:-width], wide[width:])
        width *= 2
    rest = 2 * _LOOK + 1 - width
    return np.maximum(wide[: len(needed)], wide[rest : rest + len(needed)])


def _before(held: Levels, width: int) -> Levels:
    """The mean over the hops up to each one: it grows while a passage lasts, and a single peak leaves little."""
    sums = np.cumsum(np.pad(held, (width, 0)))
    return (sums[width:] - sums[:-width]) / width


def _released(needed: Levels, milliseconds: float) -> Levels:
    """Each reduction dies away exponentially: the largest of all earlier ones, each decayed by its age.

    In logarithms the decay is a straight line, so the recursion is one running maximum. In stretches, because the line
    would otherwise outgrow what a float resolves.
    """
    out = np.empty_like(needed)
    slope, carried = 1.0 / milliseconds, 0.0
    for at in range(0, len(needed), 4000):
        part = needed[at : at + 4000]
        if carried < 1e-4 and not part.any():
            out[at : at + 4000] = 0.0
            carried = 0.0
            continue
        line = np.arange(1, len(part) + 1) * slope
        logs = np.log(np.maximum(part, 1e-12)) + line
        best = np.maximum.accumulate(np.maximum(logs, np.log(max(carried, 1e-12))))
        out[at : at + 4000] = np.exp(best - line)
        carried = float(out[min(at + 4000, len(needed)) - 1])
    out[out < 1e-4] = 0.0
    return out


def _averaged(reduction: Levels) -> Levels:
    width = 2 * _SMOOTH + 1
    sums = np.cumsum(np.pad(reduction, (_SMOOTH + 1, _SMOOTH), mode="edge"))
    return (sums[width:] - sums[:-width]) / width
