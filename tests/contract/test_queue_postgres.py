"""What the queue of many machines promises besides: whatever was left behind or comes late, nobody waits for ever."""

import asyncio
import contextlib
import threading
import time
import uuid

import psycopg
import pytest
from procrastinate.manager import JobManager

from pipeline.core.model import Digest
from pipeline.core.ports import Job, Lane
from pipeline.jobs.postgres import Crew, PostgresQueue
from pipeline.jobs.room import Room


@pytest.fixture
def url(postgres):
    """A database of the test's own."""
    return postgres.database()


def queue(url, settings, handlers):
    """A queue of machines with settings of that number."""
    crew = Crew(Room(), {Lane.LINE: 4, Lane.SOUND: 1})
    return PostgresQueue(url, Digest(str(settings) * 64), handlers, crew, heartbeat=0.5)


def jobs(*keys):
    return [Job(verb="do", key=key, arguments={"n": n}) for n, key in enumerate(keys)]


def done(asked, *keys):
    """Have jobs done; by key, how they ended. Fails where that does not end soon."""
    found = {}
    asking = threading.Thread(
        target=lambda: found.update({o.job.key: o.problem or o.result for o in asked.perform(jobs(*keys))}), daemon=True
    )
    asking.start()
    asking.join(20)
    assert not asking.is_alive(), f"still waits; done: {found}"
    return found


@pytest.mark.parametrize("status", ["todo", "doing"])
def test_jobs_of_a_caller_that_died_hold_nobody_up_who_has_other_settings_by_now(url, status):
    before = queue(url, 1, {})
    before._make()
    before._hand_in(uuid.uuid4(), jobs("S"))  # its power goes here
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE procrastinate_jobs SET status = %s", (status,))
    now = queue(url, 2, {"do": lambda _arguments: {"sent": 1}})
    assert done(now, "S", "T") == {"S": {"sent": 1}, "T": {"sent": 1}}


def test_an_outcome_that_is_written_after_a_later_one_is_told_all_the_same(url):
    late = queue(url, 3, {"do": lambda a: time.sleep(0.4 * a["n"]) or {"n": a["n"]}})
    late._make()
    with psycopg.connect(url) as connection:  # the first outcome draws its number at once, and is there later
        connection.execute(
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN IF new.place = 0 THEN PERFORM pg_sleep(2); END IF; RETURN new; END $$"
        )
        connection.execute("CREATE TRIGGER slow BEFORE INSERT ON bantin_outcomes FOR EACH ROW EXECUTE FUNCTION slow()")
    assert done(late, "S", "T") == {"S": {"n": 0}, "T": {"n": 1}}
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM bantin_outcomes").fetchone() == (0,)


def test_whoever_ends_just_when_the_hands_have_lost_the_database_ends_in_peace(url, postgres):
    started, go_on = threading.Event(), threading.Event()

    def work(_arguments):
        started.set()
        assert go_on.wait(60)
        return {}

    asked = queue(url, 4, {"do": work})
    outcomes = asked.perform(jobs("S"))
    getting = threading.Thread(target=lambda: next(outcomes, None))
    getting.start()
    assert started.wait(20)
    hands = asked._crew._hands
    postgres.restart()
    go_on.set()
    getting.join(60)
    end = time.monotonic() + 60
    while not asks_in_vain(hands):  # between two tries to come back there is no loop that could be woken
        assert time.monotonic() < end
        time.sleep(0.01)
    outcomes.close()
    assert not hands._thread.is_alive()
    with psycopg.connect(url) as connection:
        left = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"
        assert connection.execute(left).fetchone() == (0,)


def test_hands_end_also_while_they_look_for_what_dead_workers_left(url, monkeypatch):
    async def deaf(*_, **__):  # to a cancellation, as now and then any wait for the database is in Python 3.11
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0.5)
        return []

    monkeypatch.setattr(JobManager, "get_stalled_jobs", deaf)
    assert done(queue(url, 5, {"do": lambda _arguments: {"sent": 1}}), "S") == {"S": {"sent": 1}}


def asks_in_vain(hands):
    try:
        hands._wake()
    except RuntimeError:
        return True
    return False
