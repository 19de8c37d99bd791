"""Work done side by side."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TypeVar

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
_WAITING = 2
"""Jobs begun for each that can run: one slow job does not keep the others idle."""


def in_order(work: Callable[[_Job], _Result], jobs: Iterable[_Job], at_once: int) -> Iterator[_Result]:
    """The results in the order of the jobs, a few of which are under way ahead of the one that is waited for.

    Jobs are drawn one by one, in the caller's thread, so that any number of them takes the same memory. The first that
    fails ends the work, and so does leaving half way, such as by Ctrl-C: no further job is drawn, and those under way
    are not waited for. `work` may therefore be running while its caller has gone on; what it leaves is nobody's.
    """
    if at_once == 1:
        yield from map(work, jobs)
        return
    begun: deque[Future[_Result]] = deque()
    for job in jobs:
        begun.append(_begin(work, job))
        if len(begun) >= _WAITING * at_once:
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()


def _begin(work: Callable[[_Job], _Result], job: _Job) -> "Future[_Result]":
    future: Future[_Result] = Future()

    def run() -> None:
        try:
            future.set_result(work(job))
        except BaseException as problem:  # noqa: BLE001 - handed on to whoever waits for it
            future.set_exception(problem)

    threading.Thread(target=run, daemon=True).start()
    return future
