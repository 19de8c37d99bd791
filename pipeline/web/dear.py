"""What is dear: figures over everything, reckoned once for all who look within a while, where that took long."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

_T = TypeVar("_T")
_CHEAP = 0.1
"""Seconds of processor time; what took no more is reckoned anew for each who looks."""
_TIMES = 20
"""How much longer than it took it may be shown: so all visitors together take a twentieth of a processor for it."""
_MOST = 64


@dataclass(slots=True)
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    found: Any = None
    until: float = 0.0


class Dear:
    """Keeps what was dear to reckon for as long as its price allows; safe for threads.

    Who asks while another reckons the same waits for that. A newsroom of a hundred stations never sees anything kept:
    what it asks for is cheap.
    """

    def __init__(
        self, now: Callable[[], float] = time.monotonic, spent: Callable[[], float] = time.thread_time
    ) -> None:
        self._now, self._spent = now, spent
        self._all: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, about: Hashable, reckon: Callable[[], _T]) -> _T:
        """What `reckon` says, now or a while ago."""
        with self._lock:
            kept = self._all.setdefault(about, _Kept())
            self._all.move_to_end(about)
            while len(self._all) > _MOST:
                self._all.popitem(last=False)
        with kept.lock:
            if self._now() < kept.until:
                shown: _T = kept.found
                return shown
            before = self._spent()
            found = reckon()
            price = self._spent() - before
            kept.found, kept.until = (found, self._now() + _TIMES * price) if price > _CHEAP else (None, 0.0)
            return found
