"""Keeping to a part of a line: bytes handed out no faster than a station's bandwidth allows."""

import time
from collections.abc import Callable, Iterator

from pipeline.core.model import Seconds

_BEAT = Seconds(0.1)
"""How much is handed out at once, in time: little enough that others on the line notice no gap."""


def paced(
    chunks: Iterator[bytes],
    kbits: int,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[bytes]:
    """The same bytes, at most `kbits` kbit/s over any stretch of time; 0 sets no limit.

    What was not asked for in time is not made up for: a line that stalled does not get a burst afterwards.
    """
    if not kbits:
        yield from chunks
        return
    rate = kbits * 1000 / 8
    most = max(1024, int(rate * _BEAT))
    due = clock()
    for chunk in chunks:
        for begin in range(0, len(chunk), most):
            piece = chunk[begin : begin + most]
            now = clock()
            if due > now:
                sleep(due - now)
            due = max(due, now) + len(piece) / rate
            yield piece
