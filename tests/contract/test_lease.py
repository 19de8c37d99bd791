"""Who may visit a station, over two machines with one ledger: each has a state folder, and so locks, of its own."""

import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from pipeline.core.errors import PipelineError, StationBusy
from pipeline.ledger.lock import holder
from pipeline.newsroom import lease, push
from pipeline.newsroom.lease import leased
from pipeline.newsroom.push import Whom
from tests.province import lay_out, newsroom, row, signed

A = "A"
SLOW = 400
"""kbit/s: a file of 200 kB takes four seconds."""


def now():
    """The instant: a lease that is renewed holds longer."""
    return datetime.now(UTC)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Leases of a second."""
    for name, seconds in {"LASTS": 1.0, "RENEW": 0.2, "DOUBT": 0.6, "AGAIN": 0.05, "LOOK": 0.05}.items():
        monkeypatch.setattr(lease, name, seconds)


@pytest.fixture
def loa(tmp_path):
    """The station's folder."""
    folder = tmp_path / "loa"
    folder.mkdir()
    return folder


@pytest.fixture
def machines(tmp_path, openssh, postgres, loa):
    """Two desks, as of machines that were copied from one disk: they have one name."""
    url = postgres.database()
    with ExitStack() as stack:
        desks = []
        for name in ("một", "hai"):
            (tmp_path / name).mkdir()
            lay_out(tmp_path / name, [row(A, openssh, loa, bandwidth=SLOW)], database=f'"{url}"', quiet="[]")
            desks.append(stack.enter_context(newsroom(tmp_path / name, now)))
        yield desks


def the(desk):
    return desk.config.stations[A]


def soon(desk, size):
    """A bulletin that airs in ten hours."""
    return signed(desk, 1, size, air=(now() + timedelta(hours=10),))


def until(done):
    end = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def taken_over(desk):
    """Whether the station was taken from whoever has it, as if nobody had renewed for long."""
    seen = desk.ledger.leased(A, now())
    try:
        return desk.ledger.lease(A, "máy hai", now(), now() + timedelta(minutes=11), over=seen)
    except StationBusy:
        return False  # renewed just then


class Visiting:
    """A push by one desk, in a thread."""

    def __init__(self, desk):
        self.problem = None
        self._thread = threading.Thread(target=self._push, args=(desk, push._job(desk, *push.wanted(desk))))
        self._thread.start()

    def _push(self, desk, job):
        try:
            push.handlers(desk)[job.verb](job.arguments)
        except PipelineError as problem:
            self.problem = problem

    def end(self):
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self.problem


def test_a_machine_that_lives_keeps_its_station_however_long_the_visit_also_from_one_with_its_name(machines):
    one, two = machines
    with leased(one, the(one)) as token:
        time.sleep(1.5)
        with pytest.raises(StationBusy), leased(two, the(two)):
            pass
        assert one.ledger.visited(now()) == {A}
        one.ledger.set_listed(the(one), [], token)
    with leased(two, the(two)):
        assert two.ledger.leased(A, now()).token == token + 1


@pytest.mark.parametrize("wrong", [timedelta(0), timedelta(days=30), timedelta(days=-30)])
def test_a_machine_that_died_keeps_its_station_a_lease_long_whatever_its_clock_said(machines, wrong):
    one, two = machines
    then = now() + wrong
    dead = one.ledger.lease(A, "máy hai", then, then + timedelta(seconds=1))
    began = time.monotonic()
    with leased(two, the(two)) as token:
        assert time.monotonic() - began < 5
        assert token == dead + 1
        with pytest.raises(StationBusy):
            one.ledger.set_listed(the(one), [], dead)


def test_a_push_between_nights_calls_a_station_that_a_dead_machine_had_a_month_ahead(machines, loa):
    one, two = machines
    soon(two, size=20_000)
    ahead = now() + timedelta(days=30)
    one.ledger.lease(A, "máy hai", ahead, ahead + timedelta(seconds=1))
    assert push.push(two, whom=Whom.WELL).sent == 1
    assert len([*loa.glob("*.mp3")]) == len(two.ledger.receipts()) == 1
    assert two.ledger.visited(now()) == two.ledger.visited(ahead) == set()


def test_a_lease_that_was_given_back_by_a_clock_that_is_ahead_is_free(machines):
    one, two = machines
    ahead = now() + timedelta(days=30)
    one.ledger.release(A, one.ledger.lease(A, "máy hai", ahead, ahead + timedelta(minutes=11)), ahead)
    began = time.monotonic()
    with leased(two, the(two)):
        assert time.monotonic() - began < 0.5


def test_a_visit_that_lost_its_lease_is_cut_and_writes_no_papers(machines, loa):
    one, two = machines
    soon(one, size=200_000)
    visiting = Visiting(one)
    until(lambda: list(loa.glob(".*.part")))
    until(lambda: taken_over(two))
    assert visiting.end()
    assert [f.name for f in loa.iterdir() if not f.name.endswith(".part")] == []
    assert one.ledger.receipts() == []


def test_a_visit_whose_lease_cannot_be_renewed_is_cut_and_taken_up_once_the_database_is_back(machines, loa, postgres):
    one, _ = machines
    soon(one, size=200_000)
    visiting = Visiting(one)
    until(lambda: list(loa.glob(".*.part")))
    with postgres.stopped():
        assert visiting.end()
        assert [f.name for f in loa.iterdir() if not f.name.endswith(".part")] == []
    assert push.push(one).sent == 1
    assert len([*loa.glob("*.mp3")]) == len(one.ledger.receipts()) == 1
    assert (loa / "LICH-PHAT.txt").exists()


@pytest.mark.parametrize("machine", ["of many", "alone"])
def test_a_lease_is_written_again_only_where_the_visit_lasts(machines, tmp_path, machine):
    with ExitStack() as stack:
        if machine == "alone":
            (tmp_path / "riêng").mkdir()
            lay_out(tmp_path / "riêng", [{"code": A, "name": "Xã", "transport": "folder", "folder": str(tmp_path)}])
            desk = stack.enter_context(newsroom(tmp_path / "riêng", now))
        else:
            desk = machines[0]
        written = []

        @sa.event.listens_for(desk.ledger._engine, "before_cursor_execute")
        def note(_connection, _cursor, statement, *_):
            written.extend([statement.split()[0]] if "leases" in statement and "SELECT" not in statement else [])

        with leased(desk, the(desk)):
            pass
        assert written == ["INSERT", "UPDATE"]
        with leased(desk, the(desk)):
            until(lambda: len(written) > 5)  # for longer than it holds without
            assert desk.ledger.visited(now()) == {A}
        assert desk.ledger.visited(now()) == set()


def test_a_state_folder_has_one_name_however_many_ask_for_it_at_once(tmp_path):
    found = []
    asking = [threading.Thread(target=lambda: found.append(holder(tmp_path / "state"))) for _ in range(8)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert found == [holder(tmp_path / "state")] * 8
    assert len(found[0]) == 32
    assert holder(tmp_path / "another") != found[0]
