"""What every queue promises: each job an outcome, no two of a key at once, and a clean end."""

import os
import signal
import threading
import time
from contextlib import closing

import pytest

from pipeline.core.errors import Says, StationUnreachable, Unexpected
from pipeline.core.model import Digest
from pipeline.core.ports import Job, Lane
from pipeline.jobs.local import LocalQueue, nothing
from pipeline.jobs.postgres import Crew, PostgresQueue
from pipeline.jobs.room import Room


@pytest.fixture(params=["local", "postgres"])
def queue(request):
    """Makes a queue of each kind, all in the room of one process; every promise holds for both."""
    room = Room()
    url = request.getfixturevalue("postgres").database() if request.param == "postgres" else ""

    def make(handlers, threads, cut=nothing):
        most = {Lane.LINE: threads, Lane.SOUND: 1}
        if url:
            return PostgresQueue(url, Digest("5" * 64), handlers, Crew(room, most), cut=cut)
        return LocalQueue(handlers, room, most, cut=cut)

    return make


def jobs(*keys, verb="do", lane=Lane.LINE):
    return [Job(verb=verb, key=key, arguments={"n": n}, lane=lane) for n, key in enumerate(keys)]


def test_every_job_gets_its_own_outcome(queue):
    twice = queue({"do": lambda arguments: {"twice": arguments["n"] * 2}}, threads=3)
    outcomes = {o.job.key: o.result["twice"] for o in twice.perform(jobs("a", "b", "c", "d"))}
    assert outcomes == {"a": 0, "b": 2, "c": 4, "d": 6}


def test_no_job_is_no_outcome(queue):
    assert list(queue({}, threads=3).perform([])) == []


def test_jobs_run_at_once_as_many_as_there_are_threads(queue):
    together = threading.Barrier(3)  # passes only if three are in it at the same time

    def meet(_arguments):
        together.wait(5)
        return {}

    assert len(list(queue({"do": meet}, threads=3).perform(jobs("a", "b", "c")))) == 3


def test_what_waits_for_the_processor_does_not_stand_in_the_way_of_the_lines(queue):
    sent, made = threading.Event(), threading.Event()

    def make(_arguments):
        assert sent.wait(5)
        made.set()
        return {}

    def send(_arguments):
        sent.set()
        return {}

    both = [*jobs("a", "b", verb="make", lane=Lane.SOUND), *jobs("c", verb="send")]
    assert len(list(queue({"make": make, "send": send}, threads=1).perform(both))) == 3
    assert made.is_set()


def test_however_many_ask_at_once_no_more_is_at_work_in_a_process_than_there_is_room(queue):
    at_work, seen, lock = set(), [], threading.Lock()

    def work(arguments):
        me = object()
        with lock:
            at_work.add(me)
            seen.append(len(at_work))
        time.sleep(0.05)
        with lock:
            at_work.discard(me)
        return {"n": arguments["n"]}

    asked = {name: queue({"do": work}, threads=2) for name in "abc"}  # as by settings that were read anew meanwhile
    got = []
    asking = [
        threading.Thread(target=lambda n=n, q=q: got.extend(q.perform(jobs(*[f"{n}{i}" for i in range(4)]))))
        for n, q in asked.items()
    ]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert sorted(o.job.key for o in got) == sorted(f"{n}{i}" for n in "abc" for i in range(4))
    assert max(seen) == 2


def test_two_jobs_of_one_station_never_run_at_once_and_keep_their_order(queue):
    inside, order, clashes = set(), [], []

    def work(arguments):
        if "station" in inside:
            clashes.append(arguments["n"])
        inside.add("station")
        time.sleep(0.02)
        inside.discard("station")
        order.append(arguments["n"])
        return {}

    made = queue({"do": work}, threads=4)
    other = threading.Thread(target=lambda: list(made.perform(jobs("station"))))
    other.start()
    list(made.perform(jobs("station", "station", "station")))
    other.join()
    assert not clashes
    assert [n for n in order if n] == [1, 2]


def test_a_station_in_trouble_is_an_outcome_and_the_others_go_on(queue):
    def work(arguments):
        if arguments["n"] == 0:
            raise StationUnreachable(station="CM-0101", reason=Says("mất điện", "no power"))
        return {"sent": 1}

    outcomes = {o.job.key: o for o in queue({"do": work}, threads=1).perform(jobs("a", "b"))}
    assert isinstance(outcomes["a"].problem, StationUnreachable)
    assert outcomes["a"].problem.retry
    assert "CM-0101: mất điện" in outcomes["a"].problem.message.vi
    assert "CM-0101: no power" in outcomes["a"].problem.message.en
    assert outcomes["b"].problem is None
    assert outcomes["b"].result == {"sent": 1}


def test_a_bug_at_one_station_is_raised_as_it_is_when_all_others_are_done(queue):
    def work(arguments):
        if arguments["n"] == 0:
            raise ZeroDivisionError("division")
        return {}

    outcomes = queue({"do": work}, threads=1).perform(jobs("bug", "late", "later"))
    assert [next(outcomes).job.key for _ in range(2)] == ["late", "later"]
    with pytest.raises((ZeroDivisionError, Unexpected), match="division"):
        next(outcomes)


def test_an_unknown_verb_is_a_bug(queue):
    with pytest.raises((KeyError, Unexpected), match="do"):
        list(queue({}, threads=1).perform(jobs("a")))


def test_whoever_stops_asking_cuts_the_work_short(queue):
    cut, started = threading.Event(), []

    def work(arguments):
        started.append(arguments["n"])
        if arguments["n"]:
            assert cut.wait(5)
        return {}

    with closing(queue({"do": work}, 2, lambda _lane: cut.set()).perform(jobs("a", "b", "c", "d"))) as outcomes:
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
def test_control_c_cuts_the_work_short_and_is_passed_on(queue):
    cut = threading.Event()

    def work(_arguments):
        os.kill(os.getpid(), signal.SIGINT)
        assert cut.wait(5)
        return {}

    started = time.monotonic()
    with (
        pytest.raises(KeyboardInterrupt),
        closing(queue({"do": work}, 1, lambda _lane: cut.set()).perform(jobs("a", "b"))) as o,
    ):
        next(o)
    assert time.monotonic() - started < 4
