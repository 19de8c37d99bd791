"""The limiter as a curve: how far each millisecond is turned down so that no peak passes the ceiling."""

import numpy as np

from pipeline.studio.meter import Levels, Samples

_LOOK = 6
"""Hops of look-ahead and hold on either side of a peak."""
_SMOOTH = 5
"""Hops on either side over which the curve is averaged: less than the hold, so a peak is always fully covered."""
_RELEASE_MS = 80.0
_STRETCH = 60_000
"""Hops worked on at once, so that an hour takes no more memory than a minute."""
_MEMORY = 1500
"""Hops before a stretch that are looked at again: by then any release has died away."""


def curve(peaks: Samples, ceiling: float) -> Samples:
    """Gain reduction in dB (0 or below) of each one-millisecond hop with the given peaks, linear scale.

    Look-ahead of 6 ms, exponential release of 80 ms, edges smoothed over 11 ms; never above what a hop or its
    neighbours need.
    """
    out = np.zeros(len(peaks), np.float32)
    for at in range(0, len(peaks), _STRETCH):
        start, end = max(0, at - _MEMORY), at + _STRETCH
        around = _reduction(peaks[start : end + _LOOK + _SMOOTH], ceiling)
        out[at:end] = around[at - start : end - start]
    return out


def _reduction(peaks: Samples, ceiling: float) -> Levels:
    needed = np.maximum(0.0, 20 * np.log10(np.maximum(peaks.astype(np.float64), 1e-9) / ceiling))
    if not needed.any():
        return np.zeros(len(peaks))
    return -_averaged(_released(_held(needed)))


def _held(needed: Levels) -> Levels:
    padded = np.pad(needed, _LOOK)
    held: Levels = np.lib.stride_tricks.sliding_window_view(padded, 2 * _LOOK + 1).max(axis=1)
    return held


def _released(needed: Levels) -> Levels:
    """Each reduction dies away exponentially: the largest of all earlier ones, each decayed by its age.

    In logarithms the decay is a straight line, so the recursion is one running maximum. In stretches, because the line
    would otherwise outgrow what a float resolves.
    """
    out = np.empty_like(needed)
    slope, carried = 1.0 / _RELEASE_MS, 0.0
    for at in range(0, len(needed), 4000):
        part = needed[at : at + 4000]
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
