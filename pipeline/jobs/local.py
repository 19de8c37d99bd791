"""The queue of one machine: threads of this process."""

import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue

from pipeline.core.errors import PipelineError
from pipeline.core.facts import Json
from pipeline.core.ports import Job, Outcome

Handler = Callable[[Mapping[str, Json]], Mapping[str, Json]]


_WAKE = 0.5
"""Seconds after which the thread that waits for outcomes looks up: only the main thread handles signals."""


def _nothing() -> None:
    """What there is to cut short where nothing can be."""


class LocalQueue:
    """Does jobs in up to `threads` threads; jobs with the same key one after the other, in the order given.

    `cut` is called once when a run is broken off (Ctrl-C, or the caller stops asking for outcomes): it should make the
    handlers that are at work end soon, since a thread cannot be stopped from outside. Queues that share a `gate` have
    no more jobs at work than it lets in, all of them together.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        threads: int,
        *,
        cut: Callable[[], None] = _nothing,
        gate: threading.Semaphore | None = None,
    ) -> None:
        self._handlers = handlers
        self._threads = threads
        self._cut = cut
        self._gate = gate or threading.Semaphore(threads)
        self._turns: dict[str, threading.Lock] = {}

    def perform(self, jobs: Sequence[Job]) -> Generator[Outcome, None, None]:
        """Run jobs and give each outcome as it comes.

        Our own errors are outcomes. A bug ends the jobs of its key; it is raised as it is when all others are done.
        Close the iterator (contextlib.closing) if you may stop half way.
        """
        run = _Run(self._handlers, self._turns, self._gate)
        pool = ThreadPoolExecutor(min(self._threads, max(1, len(jobs))), thread_name_prefix="job")
        try:
            chains = [pool.submit(run.chain, chain) for chain in _by_key(jobs)]
            yield from run.outcomes(chains)
        except BaseException:
            run.stopping.set()
            self._cut()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


class _Run:
    """One call of perform."""

    def __init__(
        self, handlers: Mapping[str, Handler], turns: dict[str, threading.Lock], gate: threading.Semaphore
    ) -> None:
        self.stopping = threading.Event()
        self._handlers = handlers
        self._turns = turns
        self._gate = gate
        self._done: SimpleQueue[Outcome | None] = SimpleQueue()

    def chain(self, jobs: Sequence[Job]) -> None:
        """Do the jobs of one key, in order."""
        try:
            for job in jobs:
                with self._turns.setdefault(job.key, threading.Lock()), self._gate:
                    if self.stopping.is_set():
                        return
                    self._done.put(self._do(job))
        finally:
            self._done.put(None)

    def outcomes(self, chains: Sequence["Future[None]"]) -> Iterator[Outcome]:
        """Outcomes until every chain has ended; then the first bug, if there was one."""
        running = len(chains)
        while running:
            try:
                outcome = self._done.get(timeout=_WAKE)
            except Empty:
                continue  # a Ctrl-C that reached another thread is seen here
            if outcome is None:
                running -= 1
            else:
                yield outcome
        for chain in chains:
            chain.result()

    def _do(self, job: Job) -> Outcome:
        handler = self._handlers[job.verb]
        try:
            return Outcome(job=job, result=handler(job.arguments))
        except PipelineError as problem:
            return Outcome(job=job, problem=problem)


def _by_key(jobs: Sequence[Job]) -> list[list[Job]]:
    chains: dict[str, list[Job]] = {}
    for job in jobs:
        chains.setdefault(job.key, []).append(job)
    return list(chains.values())
