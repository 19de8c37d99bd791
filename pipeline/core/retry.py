"""When to try a station again: soon at first, then ever more seldom, and never all at the same moment."""

from datetime import timedelta

FIRST = timedelta(seconds=5)
MOST = timedelta(minutes=10)
_DOUBLINGS = 12
"""After so many the wait is the longest by far; more would overflow."""


def wait(tries: int, chance: float) -> timedelta:
    """How long to wait after so many failures in a row: up to 5 s, doubling to 10 minutes, with full jitter.

    `chance` is drawn from [0, 1) for every wait, so that a hundred stations that fell off one line at once do not come
    back at once. It is never less than a second.
    """
    longest = min(MOST, FIRST * float(2 ** min(max(tries, 1) - 1, _DOUBLINGS)))
    return max(timedelta(seconds=1), longest * chance)
