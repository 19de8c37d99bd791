"""Work side by side: in order, a bounded part ahead, and over at the first fault."""

import threading
import time

import pytest

from pipeline.newsroom.side import in_order


@pytest.mark.parametrize("at_once", [1, 3])
def test_results_come_in_the_order_of_the_jobs(at_once):
    def work(n):
        time.sleep(0.01 * (n % 3))
        return n * n

    assert list(in_order(work, range(20), at_once)) == [n * n for n in range(20)]


def test_no_more_jobs_are_drawn_than_can_be_under_way():
    drawn = []
    results = in_order(lambda n: n, (drawn.append(n) or n for n in range(1000)), 3)
    assert next(results) == 0
    assert len(drawn) <= 7


def test_work_that_waits_on_each_other_is_really_side_by_side():
    together = threading.Barrier(3, timeout=10)
    assert list(in_order(lambda n: (together.wait(), n)[1], range(3), 3)) == [0, 1, 2]


@pytest.mark.parametrize("at_once", [1, 3])
def test_the_first_fault_ends_the_work(at_once):
    drawn = []

    def work(n):
        if n == 2:
            raise ZeroDivisionError
        return n

    results = in_order(work, (drawn.append(n) or n for n in range(1000)), at_once)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        list(results)
    assert len(drawn) < 20


def test_what_is_ready_behind_a_fault_is_not_thrown_away():
    others = threading.Barrier(4, timeout=10)

    def work(n):
        if n == 1:
            others.wait()
            time.sleep(0.2)
            raise ZeroDivisionError
        if 2 <= n <= 4:
            others.wait()
        return n

    found = []
    with pytest.raises(ZeroDivisionError):
        found.extend(in_order(work, range(100), 3))
    assert found[:1] == [0]
    assert {2, 3, 4} <= set(found)
    assert found == sorted(found)


def test_work_that_is_given_up_is_told_to_stop_and_waited_for():
    begun, stop, ended = threading.Barrier(3, timeout=10), threading.Event(), []

    def work(n):
        begun.wait()
        assert stop.wait(10)
        ended.append(n)

    def jobs():
        yield from range(2)
        begun.wait()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(in_order(work, jobs(), 2, stop))
    assert sorted(ended) == [0, 1]


def test_results_that_nobody_wants_any_more_stop_the_work():
    stop, ended = threading.Event(), []

    def work(n):
        if n:
            assert stop.wait(10)
            ended.append(n)

    results = in_order(work, range(100), 2, stop)
    next(results)
    results.close()
    assert ended
    assert len(ended) < 5
