"""The office: the desk of a process that works for days, set up anew whenever the workspace's files changed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Self

from pipeline import config
from pipeline.config import Config
from pipeline.core.errors import ConfigError, PipelineError, Says, as_problem
from pipeline.newsroom.desk import Desk

OpenDesk = Callable[[Config], AbstractContextManager[Desk]]
"""Sets up a desk by a workspace's settings; wiring does."""


@dataclass(slots=True)
class _Seat:
    """A desk that is open, and how many are at work at it."""

    desk: Desk
    stack: ExitStack
    guests: int = 0


class Office:
    """Gives the desk as config.toml and the registry stand now; whoever began at an older one ends there.

    Files with a fault change nothing: work goes on by those before, and `wrong` says why. Safe for threads.
    """

    def __init__(self, settings: Config, open_desk: OpenDesk) -> None:
        self.wrong: PipelineError | None = None
        """Why the files as they are now cannot be used; only at a second look, for a file may be half written."""
        self._first = settings
        self._open_desk = open_desk
        self._seat: _Seat | None = None
        self._all: list[_Seat] = []
        self._faulty = ""
        self._fault: PipelineError | None = None
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
        seen = config.stamp(self._first.workspace)
        if seen == self._seat.desk.config.stamp:
            self._faulty, self._fault, self.wrong = "", None, None
        elif seen == self._faulty:
            self.wrong = self._fault
        elif not self._stopped:
            self._change(seen)
        return self._seat

    def _change(self, seen: str) -> None:
        """Set up a desk by the files as they are now, if they can be used."""
        before = self._seat
        try:
            settings = config.load(self._first.workspace)
            if before and settings.state != before.desk.config.state:
                raise ConfigError(file=config.CONFIG_NAME, faults=_MOVED)
            self._seat = self._open(settings)
        except (PipelineError, OSError) as fault:
            self._faulty, self._fault = seen, as_problem(fault, str(self._first.workspace))
            return
        self._faulty, self._fault, self.wrong = "", None, None
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


_MOVED = Says(
    "  paths.state đã đổi: dừng rồi chạy lại bantin serve",
    "  paths.state has changed: stop bantin serve and start it again",
)
