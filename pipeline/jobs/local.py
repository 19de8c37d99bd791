"""The queue of one machine: threads of this process."""

import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from queue import Empty, SimpleQueue

from pipeline.core.errors import NothingShared, PipelineError
from pipeline.core.facts import Json
from pipeline.core.ports import Job, Lane, Outcome
from pipeline.jobs.room import Room

Handler = Callable[[Mapping[str, Json]], Mapping[str, Json]]
_Place = AbstractContextManager[None]

_WAKE = 0.5
"""Seconds after which the thread that waits for outcomes looks up: only the main thread handles signals."""


def nothing(_lane: Lane) -> None:
    """What there is to cut short where nothing can be."""


class LocalQueue:
    """Does jobs in threads, at `most` so many of a lane in this process; jobs with the same key in the order given.

    `cut` is called for each lane of a run that is broken off (Ctrl-C, or the caller stops asking for outcomes): it
    should make the handlers that are at work end soon, since a thread cannot be stopped from outside.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        room: Room,
        most: Mapping[Lane, int],
        *,
        cut: Callable[[Lane], None] = nothing,
    ) -> None:
        self._handlers = handlers
        self._room = room
        self._most = most
        self._cut = cut
        self._turns: dict[str, threading.Lock] = {}

    def perform(self, jobs: Sequence[Job]) -> Generator[Outcome, None, None]:
        """Run jobs and give each outcome as it comes.

        Our own errors are outcomes. A bug ends the jobs of its key; it is raised as it is when all others are done.
        Close the iterator (contextlib.closing) if you may stop half way.
        """
        run = _Run(self._handlers, self._turns, lambda lane: self._room.place(lane, self._most))
        chains = _by_key(jobs)
        with ExitStack() as stack:
            pools = {
                lane: stack.enter_context(_Pool(max(1, min(self._most[lane], len(chains)))))
                for lane in dict.fromkeys(job.lane for job in jobs)
            }
            try:
                yield from run.outcomes([pools[chain[0].lane].submit(run.chain, chain) for chain in chains])
            except (GeneratorExit, KeyboardInterrupt):
                run.stopping.set()
                for lane in pools:
                    self._cut(lane)
                raise

    def work(self, stop: threading.Event) -> None:  # noqa: ARG002 - the port's signature
        """Raise: no other machine hands anything in."""
        raise NothingShared


class _Pool(ThreadPoolExecutor):
    """Threads whose jobs are dropped at the end where they have not begun."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads, thread_name_prefix="job")

    def __exit__(self, *_: object) -> None:
        self.shutdown(cancel_futures=True)


class _Run:
    """One call of perform."""

    def __init__(
        self, handlers: Mapping[str, Handler], turns: dict[str, threading.Lock], place: Callable[[Lane], _Place]
    ) -> None:
        self.stopping = threading.Event()
        self._handlers = handlers
        self._turns = turns
        self._place = place
        self._done: SimpleQueue[Outcome | None] = SimpleQueue()

    def chain(self, jobs: Sequence[Job]) -> None:
        """Do the jobs of one key, in order."""
        try:
            for job in jobs:
                with self._turns.setdefault(job.key, threading.Lock()), self._place(job.lane):
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
