"""The room of a process: how much it does at once, whoever asked and by whatever settings."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pipeline.core.ports import Lane


class Room:
    """Places for jobs at work. All queues of a process count the same places; each says how many there may be."""

    def __init__(self) -> None:
        self._taken: Counter[Lane] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def place(self, lane: Lane, most: Mapping[Lane, int]) -> Iterator[None]:
        """Wait until less than the `most` are at work in a lane, and be one of them."""
        with self._changed:
            self._changed.wait_for(lambda: self._taken[lane] < most[lane])
            self._taken[lane] += 1
        try:
            yield
        finally:
            with self._changed:
                self._taken[lane] -= 1
                self._changed.notify_all()
