"""What is urgent: two people's signatures over the same bytes, then at once to every station; never by one alone."""

import threading
from datetime import timedelta

import pytest

from pipeline.core.errors import NotApprovable, NotApproved
from pipeline.core.facts import Happened
from pipeline.core.model import Priority
from pipeline.core.status import Stage, status_of
from pipeline.newsroom import approvals, bulletins, plan, push, rush
from pipeline.newsroom.lease import leased
from tests.flow.test_changes import sounds, station
from tests.province import FIVE, Clock, Serving, lay_out, newsroom, remaster, signed

AN, BINH = "Nguyễn Văn An", "Trần Thị Bình"
LATER = FIVE + timedelta(days=3, hours=4)
"""09:00, beyond what a night pushes and outside the windows."""


@pytest.fixture
def desk(tmp_path):
    lay_out(tmp_path, [station(tmp_path, code, windows="04:30-06:30") for code in "AB"])
    with newsroom(tmp_path, Clock()) as opened:
        yield opened


def kinds(desk, bulletin, *happened):
    return [(f.happened.value, f.who) for f in desk.ledger.facts(bulletin.id) if f.happened in happened]


def urgent(desk, number=1, **changes):
    """A bulletin that Người duyệt has signed and An then made urgent."""
    bulletin = signed(desk, number, air=(LATER,), planned=False, **changes)
    return approvals.urge(desk, bulletin, AN, "bão đổi hướng")


def test_who_signed_before_it_was_urgent_has_signed_and_one_more_must(desk):
    bulletin = signed(desk, 1)
    approvals.urge(desk, bulletin, AN, "bão đổi hướng")
    (row,) = bulletins.rows(desk, {bulletin.id})
    assert (row.bulletin.priority, row.status.half_signed, row.status.may_go_out) == (Priority.URGENT, True, False)
    with pytest.raises(NotApprovable, match="has signed it"):
        approvals.approve(desk, row.bulletin, "người duyệt")
    assert push.push(desk).attempts == ()
    assert approvals.approve(desk, row.bulletin, BINH).may_go_out
    assert kinds(desk, bulletin, Happened.URGED) == [("urged", AN)]


def test_one_person_alone_never_sends_anything_at_once(desk, tmp_path):
    bulletin = signed(desk, 1, air=(LATER,), planned=False)
    made = remaster(desk, bulletin, 50_000, seed=9, planned=False)  # signed by Người duyệt, as every one of them
    hot = approvals.urge(desk, bulletin, "Người duyệt", "bão đổi hướng")
    for again in ("Người duyệt", "NGƯỜI  DUYỆT", "nguoi duyet"):
        with pytest.raises(NotApprovable):
            approvals.approve(desk, hot, again, [made])
    for name in ("Người duyệt", "nguoi duyet"):  # by force
        desk.ledger.record(desk.fact(Happened.APPROVED, bulletin=hot, digest=made, who=name))
    with pytest.raises(NotApproved):
        rush.rush(desk, hot)
    assert rush.rush_new(desk) == []
    assert sounds(tmp_path, "A") == sounds(tmp_path, "B") == []
    assert kinds(desk, hot, Happened.RUSHED, Happened.CONFIRMED) == []


def test_two_signatures_over_different_bytes_are_not_two(desk):
    hot = urgent(desk)
    approvals.approve(desk, hot, BINH)
    other = remaster(desk, hot, 70_000, seed=11, planned=False)
    (row,) = bulletins.rows(desk, {hot.id})
    assert (row.status.signatures[other], row.status.may_go_out) == (["Người duyệt"], False)
    with pytest.raises(NotApproved):
        rush.rush(desk, hot)


def test_it_goes_to_every_station_at_once_whatever_its_hour_and_nothing_else_does(desk, tmp_path):
    signed(desk, 7)
    hot = urgent(desk)
    approvals.approve(desk, hot, BINH)
    plan.plan(desk, hot)
    done = rush.rush(desk, hot)
    assert [(a.station, a.sent, a.problem) for a in done.attempts] == [("A", 1, None), ("B", 1, None)]
    assert [len(sounds(tmp_path, code)) for code in "AB"] == [1, 1]
    assert {h.bulletin for h in desk.ledger.holdings()} == {hot.id}
    assert rush.rush(desk, hot).attempts == ()


def test_a_station_that_somebody_is_visiting_gets_it_when_that_is_over(desk, tmp_path, monkeypatch):
    monkeypatch.setattr(rush, "_LOOK", 0.05)
    hot = urgent(desk)
    approvals.approve(desk, hot, BINH)
    plan.plan(desk, hot)
    found = []
    with leased(desk, desk.config.stations["A"], visit=False):
        thread = threading.Thread(target=lambda: found.append(rush.rush(desk, hot)))
        thread.start()
        while not sounds(tmp_path, "B"):
            assert thread.is_alive()
        assert sounds(tmp_path, "A") == []
    thread.join(60)
    assert [(a.station, a.problem) for a in found[0].attempts] == [("A", None), ("B", None)]
    assert len(sounds(tmp_path, "A")) == 1


def test_the_clock_sends_off_what_was_signed_elsewhere_once(desk, tmp_path):
    hot = urgent(desk)
    approvals.approve(desk, hot, BINH)
    clock = Serving(desk)
    clock.push_decided()
    assert [len(sounds(tmp_path, code)) for code in "AB"] == [1, 1]
    assert len(kinds(desk, hot, Happened.RUSHED)) == 1
    approvals.withdraw(desk, signed(desk, 8), AN)
    clock.push_decided()
    assert len(kinds(desk, hot, Happened.RUSHED)) == 1


def test_what_is_urgent_is_planned_anew_beyond_the_windows(desk):
    early = signed(desk, 1, air=(FIVE, LATER))
    assert {t.at for t in desk.ledger.transmissions(early.id)} == {FIVE}
    hot = approvals.urge(desk, early, AN, "bão đổi hướng")
    approvals.approve(desk, hot, BINH)
    plan.plan_new(desk)
    assert {t.at for t in desk.ledger.transmissions(early.id)} == {FIVE, LATER}


def test_nothing_is_made_urgent_twice_nor_after_its_time_nor_when_withdrawn(desk):
    hot = urgent(desk)
    with pytest.raises(NotApprovable, match="urgent already"):
        approvals.urge(desk, hot, AN, "x")
    gone = signed(desk, 2)
    approvals.withdraw(desk, gone, AN)
    with pytest.raises(NotApprovable, match="withdrawn"):
        approvals.urge(desk, gone, AN, "x")
    passed = signed(desk, 3, air=(FIVE - timedelta(days=2),), planned=False)
    with pytest.raises(NotApprovable, match="has passed"):
        approvals.urge(desk, passed, AN, "x")
    assert status_of(desk.ledger.facts(passed.id)).stage is Stage.APPROVED
