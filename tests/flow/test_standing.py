"""What stands at stations is what people decided, whatever happened to their machines, their rows, or our clock."""

import random
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.core.errors import HostKeyMismatch, StationBusy, StationUnreachable
from pipeline.core.facts import Happened
from pipeline.core.status import status_of
from pipeline.delivery.folder import FolderRemote
from pipeline.newsroom import approvals, audits, bulletins, digest, missed, plan, push, recalls
from pipeline.newsroom.lease import leased
from pipeline.newsroom.push import Whom
from pipeline.newsroom.visit import Visit
from tests.flow.test_changes import Killed, playlist, sounds, station, timetable
from tests.province import FIVE, NOW, Clock, Serving, lay_out, newsroom, remaster, signed

DAY = timedelta(days=1)


@pytest.fixture
def clock():
    return Clock()


def made_again(desk, bulletin, seed, profile="loa-xa"):
    """A new master that nobody has signed, as `bantin redo` leaves it."""
    made = desk.store.put_bytes(random.Random(seed).randbytes(40_000))
    desk.ledger.record(
        desk.fact(
            Happened.MASTERED, bulletin=bulletin, digest=made, profile=profile, size=40_000, seconds=60.0, lufs=-16.0,
            dbtp=-1.6, lra=4.0, suffix=".mp3",
        )
    )  # fmt: skip
    return made


@contextmanager
def lines(desk, opened):
    """Folder stations behind a line of the test's own: `opened(station)` may raise or wait."""
    folder = desk.transports["folder"]

    class Line:
        name = "folder"
        check = folder.check

        @contextmanager
        def open(self, station, deadline):
            opened(station.code)
            with folder.open(station, deadline) as remote:
                yield remote

    desk.transports["folder"] = Line()
    yield
    desk.transports["folder"] = folder


# --- what was taken back ---------------------------------------------------------------------------------------------


def test_what_was_returned_leaves_its_stations_also_where_it_was_made_again_since(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        bulletin = signed(desk, 1)
        push.push(desk)
        approvals.send_back(desk, bulletin, "Người duyệt", "sai sự thật")
        new = made_again(desk, bulletin, 99)
        push.push(desk)
        assert sounds(tmp_path) == []
        assert "Tin số 1" not in timetable(tmp_path) + playlist(tmp_path)
        desk.ledger.record(desk.fact(Happened.APPROVED, bulletin=bulletin, digest=new, who="Người duyệt"))
        push.push(desk)
        (name,) = sounds(tmp_path)
        assert new[:12] in name
        assert name in playlist(tmp_path)
        assert push.push(desk).attempts == ()


def test_what_was_returned_and_signed_again_as_it_was_stays(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        bulletin = signed(desk, 1)
        push.push(desk)
        before = sounds(tmp_path)
        approvals.send_back(desk, bulletin, "Người duyệt", "nghe nhầm")
        remaster(desk, bulletin, 40_000, seed=1)  # the same bytes again
        push.push(desk)
        assert sounds(tmp_path) == before


def test_a_recall_goes_before_what_is_to_be_brought(tmp_path, clock, monkeypatch):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        gone = signed(desk, 1)
        push.push(desk)
        approvals.withdraw(desk, gone, "Người duyệt")
        signed(desk, 2, size=900_000)
        write = FolderRemote.write

        def poor(remote, name, chunks, at=0):
            if ".mp3." in name:
                raise StationUnreachable(station="A", reason="the line broke")
            return write(remote, name, chunks, at)

        monkeypatch.setattr(FolderRemote, "write", poor)
        assert push.push(desk).failed
    assert sounds(tmp_path) == []
    assert "Tin số 1" not in timetable(tmp_path) + playlist(tmp_path)


def test_a_station_that_still_holds_what_was_recalled_is_told_until_it_was_reached(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A"), station(tmp_path, "B")])

    def away(code):
        if code == "B":
            raise StationUnreachable(station="B", reason="no line")

    with newsroom(tmp_path, clock) as desk:
        bulletin = signed(desk, 1)
        push.push(desk)
        with lines(desk, away):
            assert recalls.recall(desk, bulletin, "Người duyệt").left == ("B",)
            day = digest.digest(desk)
        assert not day.is_well
        assert [(one.station.code, [b.id for b in one.bulletins]) for one in day.remains] == [("B", [bulletin.id])]
        push.push(desk)
        assert digest.digest(desk).remains == ()
        assert sounds(tmp_path, "B") == []


def test_a_plan_does_not_show_what_was_recalled(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        bulletin = signed(desk, 1)
        assert len(plan.airings(desk)) == 1
        recalls.recall(desk, bulletin, "Người duyệt")
        assert plan.airings(desk) == []


def test_only_what_was_signed_is_sent_also_where_it_is_made_again_at_that_moment(tmp_path, clock, monkeypatch):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        bulletin = signed(desk, 1)
        real, done = bulletins.every_master, []

        def racing(at, about):
            if not done:
                done.append(made_again(desk, bulletin, 77))  # between a look at the signatures and one at the masters
            return real(at, about)

        with monkeypatch.context() as patch:
            patch.setattr("pipeline.newsroom.visit.bulletins.every_master", racing)
            visit = Visit(desk, desk.config.stations["A"], [bulletin.id])
        assert visit.parcel(bulletin.id).digest == visit.signed(bulletin.id) != done[0]


# --- machines, folders and rows --------------------------------------------------------------------------------------


def test_another_machine_behind_a_row_is_filled_anew(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1)
        push.push(desk)
    new = tmp_path / "tram" / "may-moi"
    new.mkdir()
    lay_out(tmp_path, [{**station(tmp_path, "A"), "folder": str(new)}])
    with newsroom(tmp_path, clock) as desk:
        assert push.push(desk, whom=Whom.WELL).sent == 1
        assert sounds(tmp_path, "may-moi") == sounds(tmp_path)
        assert [f.station for f in desk.ledger.facts(happened=Happened.LOST)] == ["A"]
        assert push.push(desk).attempts == ()


def test_what_somebody_took_away_is_brought_on_the_next_visit(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1)
        push.push(desk)
        (name,) = sounds(tmp_path)
        (tmp_path / "tram" / "A" / name).unlink()
        signed(desk, 2)
        assert push.push(desk).sent == 2
    assert len(sounds(tmp_path)) == 2


def test_an_empty_mount_point_is_not_taken_for_the_share(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    share = tmp_path / "tram" / "A"
    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1)
        push.push(desk)
        away = share.rename(tmp_path / "away")
        share.mkdir()
        signed(desk, 2)
        (attempt,) = push.push(desk).failed
        assert attempt.problem.code == "D-114"
        assert list(share.iterdir()) == []
        share.rmdir()
        away.rename(share)
        assert push.push(desk).sent == 1
    assert len(sounds(tmp_path)) == 2


def test_an_hour_that_joins_the_plan_reaches_the_timetable(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A", windows="16:30-18:00")])
    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1, air=(FIVE, FIVE + timedelta(hours=12)))
        push.push(desk)
        assert "05:00" not in timetable(tmp_path)
    lay_out(tmp_path, [station(tmp_path, "A", windows="04:30-06:00 16:30-18:00")])
    with newsroom(tmp_path, clock) as desk:
        plan.plan_new(desk)
        push.push(desk)
        assert "05:00" in timetable(tmp_path)
        assert "17:00" in timetable(tmp_path)
        assert push.push(desk).attempts == ()


def test_a_row_that_ends_and_the_one_after_it_share_one_timetable(tmp_path, clock):
    shared = tmp_path / "tram" / "chung"
    shared.mkdir(parents=True)

    def row(code, **columns):
        return {"code": code, "name": f"Xã {code}", "transport": "folder", "folder": str(shared), **columns}

    rows = [row("B", until="2026-11-24"), row("A", since="2026-11-25", predecessors="B")]
    lay_out(tmp_path, rows)
    with newsroom(tmp_path, clock) as desk:
        bulletin = signed(desk, 1, air=(FIVE, FIVE + DAY))
        push.push(desk, ahead=3 * DAY)
        for text in (timetable(tmp_path, "chung"),):
            assert "24/11/2026" in text
            assert "25/11/2026" in text
        clock.at = FIVE + timedelta(hours=17)  # the 24th, 22:00: B's last airing has passed, A's is to come
        push.push(desk)
        assert "25/11/2026" in timetable(tmp_path, "chung")
        assert len(sounds(tmp_path, "chung")) == 1
        assert ".mp3" in playlist(tmp_path, "chung")
        assert push.push(desk).attempts == ()
        recalls.recall(desk, bulletin, "Người duyệt")
        assert sounds(tmp_path, "chung") == []
        assert "Tin số 1" not in timetable(tmp_path, "chung")


def test_a_kind_of_station_for_which_nobody_signed_is_told_before_it_airs(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        bulletin = signed(desk, 1)
    lay_out(tmp_path, [station(tmp_path, "A"), station(tmp_path, "B", profile="loa-nen")])
    with newsroom(tmp_path, clock) as desk:
        plan.plan_new(desk)
        assert [t.problem.code for t in push.push(desk).threatened] == ["N-108"]
        made_again(desk, bulletin, 5, profile="loa-nen")
        assert [t.problem.code for t in digest.digest(desk).threats] == ["N-102"]
        assert not digest.digest(desk).is_well


def test_two_rows_of_one_folder_are_never_visited_at_once(tmp_path, clock):
    shared = tmp_path / "tram" / "chung"
    shared.mkdir(parents=True)
    rows = [{"code": code, "name": f"Xã {code}", "transport": "folder", "folder": str(shared)} for code in "BA"]
    lay_out(tmp_path, [{**rows[0], "until": "2026-11-24"}, {**rows[1], "since": "2026-11-25"}])
    with newsroom(tmp_path, clock) as desk:
        one, other = desk.config.stations["B"], desk.config.stations["A"]
        with leased(desk, one), pytest.raises(StationBusy), leased(desk, other):
            pass


def test_an_audit_does_not_end_a_visit_that_broke_off(tmp_path, clock, monkeypatch):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        bulletin = signed(desk, 1)

        def killed(*_):
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(type(desk.ledger), "confirm", killed)
            with pytest.raises(Killed):
                push.push(desk)  # between the name and the receipt
        approvals.withdraw(desk, bulletin, "Người duyệt")
        audits.verify(desk, "A")
        assert len(sounds(tmp_path)) == 1
        push.push(desk)
        assert sounds(tmp_path) == []
        assert push.wanted(desk) == []


# --- what one trouble must not do to others --------------------------------------------------------------------------


def test_a_damaged_master_keeps_no_other_from_the_air(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A"), station(tmp_path, "B")])
    with newsroom(tmp_path, clock) as desk:
        damaged, good = signed(desk, 1), signed(desk, 2)
        (row,) = bulletins.rows(desk, {damaged.id})
        file = desk.store.path(row.status.masters["loa-xa"])
        file.write_bytes(bytes(file.stat().st_size))
        pushed = push.push(desk)
        assert pushed.failed == ()
        assert [t.problem.code for t in pushed.threatened] == ["L-102"]
        assert {r.bulletin for r in desk.ledger.receipts()} == {good.id}
        assert len(sounds(tmp_path)) == len(sounds(tmp_path, "B")) == 1


def test_a_file_that_has_no_room_keeps_neither_the_others_nor_the_papers_from_a_station(tmp_path, clock, monkeypatch):
    lay_out(tmp_path, [station(tmp_path, "A")])
    monkeypatch.setattr(FolderRemote, "free", lambda _: 500_000)
    with newsroom(tmp_path, clock) as desk:
        large, small = signed(desk, 1, size=900_000), signed(desk, 2)
        (attempt,) = push.push(desk).failed
        assert (attempt.problem.code, attempt.sent) == ("D-104", 0)
        assert len(sounds(tmp_path)) == 1
        assert sounds(tmp_path)[0] in playlist(tmp_path)
        assert "Tin số 1" in timetable(tmp_path)
        (failed,) = desk.ledger.facts(happened=Happened.FAILED)
        assert failed.bulletin == large.id
        status = {row.bulletin.id: row.status for row in bulletins.rows(desk)}
        assert (status[small.id].failed, status[large.id].failed) == ({}, {"A": "D-104"})


def test_a_station_that_trickles_holds_up_no_other_that_is_to_be_tried_again(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, code) for code in "AB"])
    called, over, calls = threading.Event(), threading.Event(), []

    def down(code):
        raise StationUnreachable(station=code, reason="no line")

    def poor(code):
        calls.append(code)
        if code == "A":
            called.set()
            over.wait(60)
        elif calls.count("B") == 1:
            down(code)

    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1)
        serving = Serving(desk)
        with lines(desk, down):
            push.push(desk)
        clock.at += timedelta(minutes=11)
        with lines(desk, poor):
            night = threading.Thread(target=serving.retry)
            night.start()
            try:
                assert called.wait(30)
                while not any(t.tries == 2 for t in desk.ledger.troubles().values()):
                    assert night.is_alive()
                clock.at += timedelta(minutes=1)
                while not push.is_time_to_retry(desk):  # until that visit has let go of the station
                    assert night.is_alive()
                serving.retry()
                assert [r.station for r in desk.ledger.receipts()] == ["B"]
                assert calls.count("A") == 1
                assert not push.is_time_to_retry(desk)  # A is being visited
            finally:
                over.set()
                night.join()
        assert {r.station for r in desk.ledger.receipts()} == {"A", "B"}
    jobs = {job.id: job.max_instances for job in serving._scheduler.get_jobs()}
    assert min(jobs[name] for name in ("soon", "decided", "retry")) > 1


# --- clocks and people -----------------------------------------------------------------------------------------------


def test_what_a_clock_that_ran_ahead_cleaned_away_is_brought_again(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1)
        push.push(desk)
        clock.at = NOW + 30 * DAY
        push.push(desk)
        assert sounds(tmp_path) == []
        clock.at = NOW + timedelta(hours=2)
        assert not digest.digest(desk).is_well
        assert push.push(desk).sent == 1
        assert digest.digest(desk).is_well
    assert len(sounds(tmp_path)) == 1


def test_what_a_clock_that_ran_ahead_called_missed_does_not_silence_what_is(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1)
        clock.at = NOW + 30 * DAY
        assert missed.tell(desk) == 1
        clock.at = NOW + timedelta(hours=3)
        assert digest.digest(desk).gaps == ()
        clock.at = FIVE + timedelta(minutes=1)
        assert missed.tell(desk) == 1
        assert missed.tell(desk) == 0


def test_what_is_signed_shortly_before_it_airs_goes_out_at_once(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        serving = Serving(desk)
        serving.push_decided()
        clock.at = FIVE - timedelta(minutes=4)
        signed(desk, 1)
        tomorrow = signed(desk, 2, air=(FIVE + timedelta(hours=12),))
        serving.push_decided()
        assert [r.bulletin != tomorrow.id for r in desk.ledger.receipts()] == [True]  # that one waits for the next look
        serving.push_decided()
        assert len(desk.ledger.receipts()) == 1


def test_a_station_that_needs_a_person_is_told_within_minutes_and_once(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")], digest_at='"23:59:59"')
    told = []

    def other_machine(code):
        raise HostKeyMismatch(station=code, seen="ssh-ed25519 SHA256:zzz")

    with newsroom(tmp_path, clock) as opened:
        desk = replace(opened, tell=lambda title, text: told.append((title, text)))
        signed(desk, 1)
        serving = Serving(desk)
        with lines(desk, other_machine):
            serving.push()
            serving.watch()
            clock.at += timedelta(hours=1)
            serving.push()
            serving.watch()
        ((title, text),) = told
        assert "1 trạm cần người xem" in title
        assert "A Xã A" in text
        assert "D-102" in text
        assert "→" in text
        serving.push()
        serving.watch()
        with lines(desk, other_machine):
            signed(desk, 2)
            serving.push()
        serving.watch()
        assert len(told) == 2  # it was mended in between, and ails again


def test_what_airs_first_is_due_first_whatever_its_name(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        later, sooner = signed(desk, 1, air=(FIVE + timedelta(hours=3),)), signed(desk, 2)
        (want,) = push.wanted(desk)
        assert [b.id for b in want.bulletins] == [sooner.id, later.id]
        (lack,) = digest.digest(desk, FIVE.date() + DAY).lacking
        assert lack.at == FIVE


def test_where_all_hours_of_a_station_moved_it_is_visited_once_and_keeps_its_file(tmp_path, clock):
    for windows, first in (("05:00-06:00", True), ("05:00-06:00", False)):
        top = tmp_path / str(first)
        top.mkdir()
        lay_out(top, [station(top, "A", windows=windows)])
        with newsroom(top, clock) as desk:
            signed(desk, 1, air=(FIVE, FIVE + timedelta(hours=12)))
            if first:
                push.push(desk)
        lay_out(top, [station(top, "A", windows="17:00-18:00")])
        with newsroom(top, clock) as desk:
            plan.plan_new(desk)
            push.push(desk)
            assert "17:00" in timetable(top)
            assert "05:00" not in timetable(top)
            assert len(sounds(top)) == 1
            assert push.push(desk).attempts == ()
            assert desk.ledger.facts(happened=Happened.RECALLED) == []


def test_an_empty_mount_point_is_seen_before_anything_is_stopped_brought_or_looked_through(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    share = tmp_path / "tram" / "A"
    with newsroom(tmp_path, clock) as desk:
        gone, _ = signed(desk, 1), signed(desk, 2)
        push.push(desk)
        away = share.rename(tmp_path / "away")
        share.mkdir()
        approvals.withdraw(desk, gone, "Người duyệt")
        assert [a.problem.code for a in push.push(desk).failed] == ["D-114"]
        assert [one.problem.code for one in audits.verify(desk)] == ["D-114"]
        clock.at = FIVE + timedelta(hours=2)  # all that it holds has aired
        signed(desk, 3, air=(FIVE + timedelta(hours=12),))
        assert [a.problem.code for a in push.push(desk).failed] == ["D-114"]
        assert list(share.iterdir()) == []
        assert desk.ledger.facts(happened=Happened.RECALLED) == desk.ledger.facts(happened=Happened.LOST) == []
        share.rmdir()
        away.rename(share)
        assert push.push(desk).failed == ()
        assert not [name for name in sounds(tmp_path) if "tin-so-1" in name]
        away = share.rename(tmp_path / "away")
        share.mkdir()
        (found,) = audits.verify(desk, "A")  # who names it says that the empty folder is the right one
        assert found.problem is None
        assert push.push(desk).sent == 1


def shared_rows(top):
    shared = top / "tram" / "chung"
    shared.mkdir(parents=True, exist_ok=True)
    rows = [{"code": code, "name": f"Xã {code}", "transport": "folder", "folder": str(shared)} for code in "BA"]
    lay_out(top, [{**rows[0], "until": "2026-11-24"}, {**rows[1], "since": "2026-11-25"}])


def test_what_two_rows_of_a_folder_hold_goes_when_it_was_returned_or_its_time_is_over(tmp_path, clock, monkeypatch):
    shared_rows(tmp_path)
    with newsroom(tmp_path, clock) as desk:
        bulletin = signed(desk, 1, air=(FIVE, FIVE + DAY))
        push.push(desk, ahead=3 * DAY)
        assert [one.problem for one in audits.verify(desk)] == [None, None]
        approvals.send_back(desk, bulletin, "Người duyệt", "sai")
        remaster(desk, bulletin, 60_000, seed=5)
        with monkeypatch.context() as patch:
            patch.setattr(FolderRemote, "free", lambda _: 0)
            push.push(desk, ahead=3 * DAY)
        assert sounds(tmp_path, "chung") == []  # the rejected one is gone, though the new one has no room
        push.push(desk, ahead=3 * DAY)
        assert len(sounds(tmp_path, "chung")) == 1
        clock.at += 20 * DAY
        push.push(desk)
        assert sounds(tmp_path, "chung") == []


def test_one_of_two_signatures_does_not_bring_back_what_was_returned(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        bulletin = signed(desk, 1)
        push.push(desk)
        facts = desk.ledger.facts(bulletin.id)
        made = next(f.digest for f in facts if f.happened is Happened.MASTERED)
        urgent = [
            replace(f, detail={**f.detail, "signatures": 2}) if f.happened is Happened.RECEIVED else f for f in facts
        ]
        returned = desk.fact(Happened.RETURNED, bulletin=bulletin)
        again = next(f for f in facts if f.happened is Happened.MASTERED)
        one, two = (desk.fact(Happened.APPROVED, bulletin=bulletin, digest=made, who=who) for who in ("Một", "Hai"))
        assert status_of([*urgent, returned, again, one]).is_taken_back
        assert not status_of([*urgent, returned, again, one, two]).is_taken_back


def test_a_station_that_ails_of_one_file_is_told_once_also_where_another_arrives(tmp_path, clock, monkeypatch):
    lay_out(tmp_path, [station(tmp_path, "A")], digest_at='"23:59:59"')
    told = []
    monkeypatch.setattr(FolderRemote, "free", lambda _: 500_000)
    with newsroom(tmp_path, clock) as opened:
        desk = replace(opened, tell=lambda *words: told.append(words[0]))
        serving = Serving(desk)
        signed(desk, 1, size=900_000)
        serving.push()
        serving.watch()
        assert len(told) == 1
        real = desk.ledger.confirm

        def watched(*words):
            real(*words)
            serving.watch()  # in the middle of the visit, its trouble is over for a moment

        with monkeypatch.context() as patch:
            patch.setattr(desk.ledger, "confirm", watched)
            signed(desk, 2)
            serving.push()
        serving.watch()
        serving.watch()
        assert len(told) == 1
