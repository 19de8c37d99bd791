"""What the queue of many machines promises besides: whatever was left behind or comes late, nobody waits for ever."""

import threading
import time
import uuid

import psycopg
import pytest

from pipeline.core.model import Digest
from pipeline.core.ports import Job, Lane
from pipeline.jobs.postgres import PostgresQueue

ROOM = {Lane.LINE: 4, Lane.SOUND: 1}


@pytest.fixture
def url(postgres):
    """A database of the test's own."""
    return postgres.database()


def jobs(*keys):
    return [Job(verb="do", key=key, arguments={"n": n}) for n, key in enumerate(keys)]


def done(queue, *keys):
    """Have jobs done; by key, how they ended. Fails where that does not end soon."""
    found = {}
    asking = threading.Thread(
        target=lambda: found.update({o.job.key: o.problem or o.result for o in queue.perform(jobs(*keys))}), daemon=True
    )
    asking.start()
    asking.join(20)
    assert not asking.is_alive(), f"still waits; done: {found}"
    return found


@pytest.mark.parametrize("status", ["todo", "doing"])
def test_jobs_of_a_caller_that_died_hold_nobody_up_who_has_other_settings_by_now(url, status):
    before = PostgresQueue(url, Digest("1" * 64), {}, ROOM)
    before._make()
    before._hand_in(uuid.uuid4(), jobs("S"))  # its power goes here
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE procrastinate_jobs SET status = %s", (status,))
    now = PostgresQueue(url, Digest("2" * 64), {"do": lambda _arguments: {"sent": 1}}, ROOM)
    assert done(now, "S", "T") == {"S": {"sent": 1}, "T": {"sent": 1}}


def test_an_outcome_that_is_written_after_a_later_one_is_told_all_the_same(url):
    queue = PostgresQueue(url, Digest("3" * 64), {"do": lambda a: time.sleep(0.4 * a["n"]) or {"n": a["n"]}}, ROOM)
    queue._make()
    with psycopg.connect(url) as connection:  # the first outcome draws its number at once, and is there later
        connection.execute(
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN IF new.place = 0 THEN PERFORM pg_sleep(2); END IF; RETURN new; END $$"
        )
        connection.execute("CREATE TRIGGER slow BEFORE INSERT ON bantin_outcomes FOR EACH ROW EXECUTE FUNCTION slow()")
    assert done(queue, "S", "T") == {"S": {"n": 0}, "T": {"n": 1}}
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM bantin_outcomes").fetchone() == (0,)
