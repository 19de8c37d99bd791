"""What every queue promises: each job an outcome, no two of a key at once, and a clean end."""

import os
import signal
import threading
import time
from contextlib import closing

import pytest

from pipeline.core.errors import StationUnreachable
from pipeline.core.ports import Job
from pipeline.jobs.local import LocalQueue


def jobs(*keys, verb="do"):
    return [Job(verb=verb, key=key, arguments={"n": n}) for n, key in enumerate(keys)]


def test_every_job_gets_its_own_outcome():
    queue = LocalQueue({"do": lambda arguments: {"twice": arguments["n"] * 2}}, threads=3)
    outcomes = {o.job.key: o.result["twice"] for o in queue.perform(jobs("a", "b", "c", "d"))}
    assert outcomes == {"a": 0, "b": 2, "c": 4, "d": 6}


def test_no_job_is_no_outcome():
    assert list(LocalQueue({}, threads=3).perform([])) == []


def test_jobs_run_at_once_as_many_as_there_are_threads():
    together = threading.Barrier(3)  # passes only if three are in it at the same time

    def meet(_arguments):
        together.wait(5)
        return {}

    assert len(list(LocalQueue({"do": meet}, threads=3).perform(jobs("a", "b", "c")))) == 3


def test_two_jobs_of_one_station_never_run_at_once_and_keep_their_order():
    inside, order, clashes = set(), [], []

    def work(arguments):
        if "station" in inside:
            clashes.append(arguments["n"])
        inside.add("station")
        time.sleep(0.02)
        inside.discard("station")
        order.append(arguments["n"])
        return {}

    queue = LocalQueue({"do": work}, threads=4)
    other = threading.Thread(target=lambda: list(queue.perform(jobs("station"))))
    other.start()
    list(queue.perform(jobs("station", "station", "station")))
    other.join()
    assert not clashes
    assert [n for n in order if n] == [1, 2]


def test_a_station_in_trouble_is_an_outcome_and_the_others_go_on():
    def work(arguments):
        if arguments["n"] == 0:
            raise StationUnreachable(station="CM-0101", reason="no power")
        return {"sent": 1}

    outcomes = {o.job.key: o for o in LocalQueue({"do": work}, threads=1).perform(jobs("a", "b"))}
    assert outcomes["a"].problem.code == "D-101"
    assert outcomes["b"].problem is None
    assert outcomes["b"].result == {"sent": 1}


def test_a_bug_at_one_station_is_raised_as_it_is_when_all_others_are_done():
    def work(arguments):
        if arguments["n"] == 0:
            raise ZeroDivisionError
        return {}

    outcomes = LocalQueue({"do": work}, threads=1).perform(jobs("bug", "late", "later"))
    assert [next(outcomes).job.key for _ in range(2)] == ["late", "later"]
    with pytest.raises(ZeroDivisionError):
        next(outcomes)


def test_an_unknown_verb_is_a_bug():
    with pytest.raises(KeyError):
        list(LocalQueue({}, threads=1).perform(jobs("a")))


def test_whoever_stops_asking_cuts_the_work_short():
    cut, started = threading.Event(), []

    def work(arguments):
        started.append(arguments["n"])
        if arguments["n"]:
            assert cut.wait(5)
        return {}

    queue = LocalQueue({"do": work}, threads=2, cut=cut.set)
    with closing(queue.perform(jobs("a", "b", "c", "d"))) as outcomes:
        next(outcomes)
    assert cut.is_set()
    assert len(started) < 4


@pytest.fixture
def listens_to_control_c():
    """As in a terminal; a run in the background is started deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("listens_to_control_c")
def test_control_c_cuts_the_work_short_and_is_passed_on():
    cut = threading.Event()

    def work(_arguments):
        os.kill(os.getpid(), signal.SIGINT)
        assert cut.wait(5)
        return {}

    started = time.monotonic()
    with (
        pytest.raises(KeyboardInterrupt),
        closing(LocalQueue({"do": work}, 1, cut=cut.set).perform(jobs("a", "b"))) as o,
    ):
        next(o)
    assert time.monotonic() - started < 4
