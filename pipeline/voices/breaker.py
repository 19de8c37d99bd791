"""A circuit breaker: what failed time and again is left alone for a while."""

import threading
import time

from pipeline.core.errors import PipelineError
from pipeline.core.model import Seconds

FAULTS_IN_A_ROW = 3
REST = Seconds(600)


class Breaker:
    """Counts faults in a row; after three it refuses for ten minutes, with the last fault's own words. Thread-safe."""

    def __init__(self, rest: Seconds = REST) -> None:
        self._rest = rest
        self._lock = threading.Lock()
        self._faults = 0
        self._until = float("-inf")
        self._last: PipelineError | None = None

    def check(self) -> None:
        """Raise the last fault again while it rests."""
        with self._lock:
            resting = self._last if time.monotonic() < self._until else None
        if resting:
            raise resting.with_traceback(None)

    def worked(self) -> None:
        """Begin to count anew."""
        with self._lock:
            self._faults = 0

    def failed(self, problem: PipelineError) -> None:
        """Count a fault."""
        with self._lock:
            self._faults += 1
            self._last = problem
            if self._faults >= FAULTS_IN_A_ROW:
                self._until = time.monotonic() + self._rest
                self._faults = 0
