"""A number for each hop of a programme, on disk: an hour takes no more memory than a minute."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.studio.fir import Samples

STRETCH = 60_000
"""Hops worked on at once."""


class Track:
    """Single-precision numbers in a scratch file: sliced like an array, appended to, never all in memory."""

    def __init__(self, path: Path) -> None:
        """Begin an empty one; the file is the caller's to take away."""
        self.path = path
        path.write_bytes(b"")

    def __len__(self) -> int:
        return self.path.stat().st_size // 4

    def __getitem__(self, part: slice) -> Samples:
        start, end, _ = part.indices(len(self))
        return np.fromfile(self.path, np.float32, max(0, end - start), offset=4 * start)

    def append(self, values: Samples) -> None:
        """Put numbers behind those that are there."""
        with self.path.open("ab") as stream:
            values.astype(np.float32, copy=False).tofile(stream)

    def stretches(self, hops: int = STRETCH) -> Iterator[Samples]:
        """All of it in order, so many at a time."""
        for at in range(0, len(self), hops):
            yield self[at : at + hops]

    def highest(self) -> float:
        """The highest number; 0 where there is none above."""
        return max((float(part.max()) for part in self.stretches()), default=0.0)
