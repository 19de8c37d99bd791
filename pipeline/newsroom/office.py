"""The office: the desk of a process that works for days, set up anew whenever the workspace's files changed."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Self

from pipeline import config
from pipeline.config import Config
from pipeline.core.errors import ConfigError, PipelineError, Says, as_problem
from pipeline.newsroom import registry
from pipeline.newsroom.desk import Desk

OpenDesk = Callable[[Config], AbstractContextManager[Desk]]
"""Sets up a desk by a workspace's settings; wiring does."""
SETTLE = 10.0
"""Seconds for which changed files must look the same before they are read: half a registry may be a valid one, too."""
AGAIN = 30.0
"""Seconds after which they are read again where they could not be used: the ledger was away, or a file held open."""


@dataclass(slots=True)
class _Seat:
    """A desk that is open, and how many are at work at it."""

    desk: Desk
    stack: ExitStack
    guests: int = 0


class Office:
    """Gives the desk as config.toml and the registry stand now; whoever began at an older one ends there.

    Files count once they have stood still for `settle` seconds, as seen whenever somebody asks for the desk; those that
    a command of ours wrote, at once. Files that cannot be used change nothing: work goes on by those before, and
    `wrong` says why. Safe for threads.
    """

    def __init__(
        self,
        settings: Config,
        open_desk: OpenDesk,
        *,
        settle: float = SETTLE,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.wrong: PipelineError | None = None
        """Why the files as they are now cannot be used; one object for as long as it is the same reason."""
        self._first = settings
        self._settle = settle
        self._seconds = seconds
        self._open_desk = open_desk
        self._seat: _Seat | None = None
        self._all: list[_Seat] = []
        self._seen = settings.stamp
        self._read_from = math.inf
        self._lock = threading.RLock()
        self._stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            seats, self._all, self._seat = self._all, [], None
        for seat in seats:
            seat.stack.close()

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """The desk to do one piece of work at.

        Raises:
            LedgerUnusable: none can be set up.
        """
        with self._lock:
            seat = self._look()
            seat.guests += 1
        try:
            yield seat.desk
        finally:
            with self._lock:
                seat.guests -= 1
                self._leave(seat)

    def stop(self) -> bool:
        """Let no visit begin any more, at any desk, and cut those under way; whether anybody is still at work."""
        with self._lock:
            self._stopped = True
            seats = list(self._all)
        for seat in seats:
            seat.desk.stop.set()
            seat.desk.cut()
        return any(seat.guests for seat in seats)

    def _look(self) -> _Seat:
        if self._seat is None:
            self._seat = self._open(self._first)
        seen, now = config.stamp(self._first.workspace), self._seconds()
        if seen != self._seen:
            self._seen, self._read_from = seen, now + (0 if _is_ours(self._seat, seen) else self._settle)
        if seen == self._seat.desk.config.stamp:
            self.wrong = None
        elif now >= self._read_from and not self._stopped:
            self._change(seen)
        return self._seat

    def _change(self, seen: str) -> None:
        """Set up a desk by the files as they are now, if they can be used."""
        before = self._seat
        try:
            settings = config.load(self._first.workspace)
            if settings.stamp != seen:
                return  # they move again
            if before and settings.state != before.desk.config.state:
                raise ConfigError(file=config.CONFIG_NAME, faults=_MOVED)
            self._seat = self._open(settings)
        except (PipelineError, OSError) as fault:
            problem = as_problem(fault, str(self._first.workspace))
            if self.wrong is None or self.wrong.message != problem.message:
                self.wrong = problem
            self._read_from = self._seconds() + AGAIN
            return
        self.wrong = None
        if before:
            self._leave(before)

    def _open(self, settings: Config) -> _Seat:
        stack = ExitStack()
        seat = _Seat(stack.enter_context(self._open_desk(settings)), stack)
        self._all.append(seat)
        return seat

    def _leave(self, seat: _Seat) -> None:
        """Close a desk at which nobody is at work and nobody will be."""
        if seat is not self._seat and not seat.guests and seat in self._all:
            self._all.remove(seat)
            seat.stack.close()


def _is_ours(seat: _Seat, seen: str) -> bool:
    try:
        return registry.is_written(seat.desk, seen)
    except PipelineError:  # the ledger is away: they can wait
        return False


_MOVED = Says(
    "  paths.state đã đổi: dừng rồi chạy lại bantin serve",
    "  paths.state has changed: stop bantin serve and start it again",
)
