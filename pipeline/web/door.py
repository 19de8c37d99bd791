"""Doors: threads of their own for what may wait long, so that who waits there takes none from the pages."""

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from anyio.to_thread import run_sync

_T = TypeVar("_T")


class Door:
    """Lets so many through at once; the others wait without a thread."""

    def __init__(self, name: str, at_once: int) -> None:
        self._limiter: RunVar[CapacityLimiter] = RunVar(name)
        self._at_once = at_once

    async def through(self, do: Callable[[], _T]) -> _T:
        """What `do` says, when it is its turn."""
        try:
            limiter = self._limiter.get()
        except LookupError:
            limiter = CapacityLimiter(self._at_once)
            self._limiter.set(limiter)
        return await run_sync(do, limiter=limiter)


WAITING = 40
"""Threads for those who wait for a lock that one at a time holds: they do nothing meanwhile."""
