"""Work done side by side."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, wait
from typing import TypeVar

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
_WAITING = 2
"""Jobs begun for each that can run: one slow job does not keep the others idle."""
_WIND_UP = 10
"""Seconds that work which was told to stop is waited for."""


def in_order(
    work: Callable[[_Job], _Result], jobs: Iterable[_Job], at_once: int, stop: threading.Event | None = None
) -> Generator[_Result, None, None]:
    """The results in the order of the jobs, a few of which are under way ahead of the one that is waited for.

    Jobs are drawn one by one, in the caller's thread, so that any number of them takes the same memory. The first that
    fails ends the work: no further job is drawn, what is ready behind it is still given, those under way are not waited
    for, and its exception is raised. Leaving half way, such as by Ctrl-C, ends it at once. `work` may therefore be
    running while its caller has gone on; what it leaves is nobody's.

    Work that leaves more than that is given `stop`: leaving half way sets it, and waits some seconds for the work under
    way, which is to end when it sees it and record nothing any more. Close the results (contextlib.closing).
    """
    if at_once == 1:
        yield from map(work, jobs)
        return
    begun: deque[Future[_Result]] = deque()
    try:
        for job in jobs:
            begun.append(_begin(work, job))
            if len(begun) >= _WAITING * at_once:
                yield _first(begun)
        while begun:
            yield _first(begun)
    except Exception:
        yield from (future.result() for future in begun if future.done() and not future.exception())
        raise
    except BaseException:
        if stop:
            stop.set()
            wait(begun, _WIND_UP)
        raise


def _first(begun: "deque[Future[_Result]]") -> _Result:
    """The first result, once it is there; until then its job is among those under way."""
    result = begun[0].result()
    begun.popleft()
    return result


def _begin(work: Callable[[_Job], _Result], job: _Job) -> "Future[_Result]":
    future: Future[_Result] = Future()

    def run() -> None:
        try:
            future.set_result(work(job))
        except BaseException as problem:  # noqa: BLE001 - handed on to whoever waits for it
            future.set_exception(problem)

    threading.Thread(target=run, daemon=True).start()
    return future
