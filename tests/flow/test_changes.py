"""What changes after a bulletin was planned or sent: rows of stations, recalls, time; on the test's own clock."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.core.errors import StickRefused
from pipeline.core.facts import Happened
from pipeline.core.status import status_of
from pipeline.delivery import manifest
from pipeline.delivery.folder import FolderRemote
from pipeline.delivery.returns import HELD, MOST, PLAYED
from pipeline.newsroom import approvals, audits, bulletins, digest, plan, push, recalls, returns, sticks
from pipeline.newsroom.push import Whom
from tests.province import FIVE, NOW, Clock, lay_out, newsroom, remaster, signed

DAY = timedelta(days=1)


class Killed(BaseException):
    """As if the power had gone: nobody catches it."""


THREE = datetime(2026, 11, 23, 20, 15, tzinfo=UTC)
"""03:15 on the 24th in Cà Mau."""


@pytest.fixture
def clock():
    return Clock()


def station(top, code, **columns):
    folder = top / "tram" / code
    folder.mkdir(parents=True, exist_ok=True)
    return {"code": code, "name": f"Xã {code}", "transport": "folder", "folder": str(folder), **columns}


def timetable(top, code="A"):
    return (top / "tram" / code / "LICH-PHAT.txt").read_text("utf-8-sig")


def playlist(top, code="A"):
    return (top / "tram" / code / "BANTIN.m3u8").read_text("utf-8")


def sounds(top, code="A"):
    return sorted(p.name for p in (top / "tram" / code).glob("*.mp3"))


def airs(desk):
    return [(a.at, a.stations) for a in plan.airings(desk)]


# --- what was planned and would not be planned now -------------------------------------------------------------------


def test_an_hour_at_which_a_station_does_not_air_any_more_leaves_its_plan_and_its_timetable(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")], quiet="[]")
    with newsroom(tmp_path, clock) as desk:
        bulletin = signed(desk, 1, air=(THREE, FIVE))
        push.push(desk)
        assert "03:15" in timetable(tmp_path)
    lay_out(tmp_path, [station(tmp_path, "A", windows="04:30-06:30")], quiet='["22:00-04:00"]')
    with newsroom(tmp_path, clock) as desk:
        plan.plan_new(desk)
        assert airs(desk) == [(FIVE, ("A",))]
        (told,) = [f for f in desk.ledger.facts(bulletin.id) if f.happened is Happened.UNPLANNED]
        assert told.detail == {"at": [THREE.isoformat()], "stays": True}
        assert status_of(desk.ledger.facts(bulletin.id)).planned == {"A"}
        assert [a.station for a in push.push(desk, whom=Whom.WELL).attempts] == ["A"]  # it does not wait for the night
        assert "03:15" not in timetable(tmp_path)
        assert "05:00" in timetable(tmp_path)
        assert push.push(desk).attempts == ()
        clock.at = THREE + timedelta(minutes=5)
        assert push.push(desk).missed == 0  # nobody was to air it then
    lay_out(tmp_path, [station(tmp_path, "A")], quiet="[]")
    clock.at = NOW
    with newsroom(tmp_path, clock) as desk:
        assert [p.added for p in plan.plan_new(desk)] == [1]
        assert airs(desk) == [(THREE, ("A",)), (FIVE, ("A",))]


def test_a_day_after_a_units_last_one_is_its_successors_alone(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1, air=(FIVE, FIVE + DAY))
        push.push(desk)
    rows = [station(tmp_path, "A", until="2026-11-24"), station(tmp_path, "B", since="2026-11-25", predecessors="A")]
    lay_out(tmp_path, rows)
    with newsroom(tmp_path, clock) as desk:
        plan.plan_new(desk)
        assert airs(desk) == [(FIVE, ("A",)), (FIVE + DAY, ("B",))]
        push.push(desk, ahead=2 * DAY)
        assert "25/11" not in timetable(tmp_path).replace(manifest.STAMP, "")
        assert len(sounds(tmp_path, "A")) == len(sounds(tmp_path, "B")) == 1


def test_a_station_that_is_none_of_the_recipients_any_more_lets_go_of_the_file(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A", groups="ven biển"), station(tmp_path, "B")])
    with newsroom(tmp_path, clock) as desk:
        bulletin = signed(desk, 1, only=("ven biển",))
        push.push(desk)
        assert sounds(tmp_path, "A")
    lay_out(tmp_path, [station(tmp_path, "A", groups=""), station(tmp_path, "B", groups="ven biển")])
    with newsroom(tmp_path, clock) as desk:
        plan.plan_new(desk)
        push.push(desk)
        assert (sounds(tmp_path, "A"), len(sounds(tmp_path, "B"))) == ([], 1)
        assert ".mp3" not in playlist(tmp_path, "A")
        assert [h.station for h in desk.ledger.holdings([bulletin.id])] == ["B"]
        assert push.wanted(desk) == []


def test_what_only_waits_for_a_master_of_its_kind_stays_in_the_plan(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        bulletin = signed(desk, 1)
    lay_out(tmp_path, [station(tmp_path, "A", profile="loa-nen")])
    with newsroom(tmp_path, clock) as desk:
        (done,) = plan.plan_new(desk)
        assert [c.why for c in done.conflicts] == ["profile"]
        assert desk.ledger.planned(bulletin.id) == {"A"}


# --- what was taken back ---------------------------------------------------------------------------------------------


def slow(monkeypatch):
    """The first write of a sound at a station waits there until the test lets it go on."""
    there, go_on = threading.Event(), threading.Event()
    write = FolderRemote.write

    def waiting(self, name, chunks, offset=0):
        if name.endswith(".part") and ".mp3." in name and not there.is_set():
            there.set()
            assert go_on.wait(30)
        return write(self, name, chunks, offset)

    monkeypatch.setattr(FolderRemote, "write", waiting)
    return there, go_on


def test_a_recall_during_a_visit_is_not_done_before_the_file_is_gone(tmp_path, clock, monkeypatch):
    lay_out(tmp_path, [station(tmp_path, "A")])
    there, go_on = slow(monkeypatch)
    with newsroom(tmp_path, clock) as desk:
        bulletin, other = signed(desk, 1), signed(desk, 2)
        visit = threading.Thread(target=push.push, args=(desk,))
        visit.start()
        assert there.wait(30)
        done = recalls.recall(desk, bulletin, "Người duyệt")
        go_on.set()
        visit.join()
        assert (done.gone, done.left, done.perhaps) == ((), (), ("A",))
        assert [h.bulletin for h in desk.ledger.holdings()] == [other.id]
        assert len(sounds(tmp_path)) == 1
        assert "Tin số 1" not in timetable(tmp_path) + playlist(tmp_path)
        assert "Tin số 2" in timetable(tmp_path)
        assert recalls.recall(desk, bulletin, "Người duyệt").perhaps == ()


def test_a_recall_of_what_a_killed_visit_left_without_a_receipt_takes_it_away(tmp_path, clock, monkeypatch):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        bulletin = signed(desk, 1)

        def killed(*_):
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(type(desk.ledger), "confirm", killed)
            with pytest.raises(Killed):
                push.push(desk)
        assert (len(sounds(tmp_path)), desk.ledger.holdings()) == (1, [])
        done = recalls.recall(desk, bulletin, "Người duyệt")
        assert (done.gone, done.left) == (("A",), ())
        assert not [p for p in (tmp_path / "tram" / "A").iterdir() if ".mp3" in p.name]


def test_an_older_version_goes_also_where_the_visit_that_replaced_it_was_cut_short(tmp_path, clock, monkeypatch):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        bulletin = signed(desk, 1)
        push.push(desk)
        remaster(desk, bulletin, 50_000, seed=9)

        def killed(*_):
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(FolderRemote, "remove", killed)
            with pytest.raises(Killed):
                push.push(desk)
        assert len(sounds(tmp_path)) == 2
        push.push(desk)
        assert len(sounds(tmp_path)) == 1
        assert audits.verify(desk)[0].is_clean


def test_a_bulletin_recalled_before_it_was_sent_leaves_the_timetable_that_lists_it(tmp_path, clock):
    rows = [station(tmp_path, "A"), station(tmp_path, "B")]
    lay_out(tmp_path, rows)
    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1)
        far = signed(desk, 2, title="Tin xa", air=(FIVE + 4 * DAY,))
        later = signed(desk, 3, title="Tin trả lại", air=(FIVE + 4 * DAY,))
        push.push(desk)
        assert "Tin xa" in timetable(tmp_path)
        away = (tmp_path / "tram" / "B").rename(tmp_path / "tram" / "doi")
        done = recalls.recall(desk, far, "Người duyệt")
        assert (done.gone, done.left) == (("A",), ("B",))
        assert "Tin xa" not in timetable(tmp_path)
        away.rename(tmp_path / "tram" / "B")
        push.push(desk)
        assert "Tin xa" not in timetable(tmp_path, "B")
        approvals.send_back(desk, later, "Người duyệt", "sai")
        assert len(push.push(desk, whom=Whom.WELL).attempts) == 2
        assert "Tin trả lại" not in timetable(tmp_path) + timetable(tmp_path, "B")
        assert push.push(desk).attempts == ()


def test_an_embargoed_title_stands_in_no_timetable(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1)
        signed(desk, 2, title="Chưa được công bố", air=(FIVE + DAY,), embargo=NOW + timedelta(hours=20))
        push.push(desk)
        assert "Chưa được công bố" not in timetable(tmp_path)
        clock.at = NOW + timedelta(hours=21)
        push.push(desk)
        assert "Chưa được công bố" in timetable(tmp_path)


# --- what has had its time -------------------------------------------------------------------------------------------


def test_a_file_that_is_not_kept_stays_until_it_has_been_heard(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A", keep_days="0")])
    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1)
        push.push(desk)
        clock.at = FIVE + timedelta(seconds=20)
        push.push(desk)
        assert sounds(tmp_path)
        clock.at = FIVE + timedelta(hours=2)
        push.push(desk)
        assert sounds(tmp_path) == []
        assert (digest.digest(desk).served[0].holding, digest.digest(desk).lacking) == (1, ())  # it was there in time


def test_what_expired_does_not_wait_for_the_night_to_leave(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1, expires=FIVE + timedelta(hours=5))
        signed(desk, 2)
        push.push(desk)
        clock.at = FIVE + timedelta(hours=5, minutes=10)
        push.push(desk, whom=Whom.WELL)
        assert [name for name in sounds(tmp_path) if "tin-so-1" in name] == []
        assert len(sounds(tmp_path)) == 1


def test_a_playlist_does_not_repeat_yesterday(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1)
        push.push(desk)
        clock.at = FIVE + timedelta(minutes=10)
        assert push.push(desk, whom=Whom.WELL).attempts == ()  # nobody is called while it airs
        clock.at = NOW + DAY
        push.push(desk)
        assert ".mp3" not in playlist(tmp_path)
        assert len(sounds(tmp_path)) == 1
        assert push.push(desk).attempts == ()


def test_a_visit_for_papers_that_fails_is_tried_again_like_any_other(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1)
        push.push(desk)
        (tmp_path / "tram" / "A").rename(tmp_path / "tram" / "doi")
        clock.at = NOW + DAY
        push.push(desk)
        assert desk.ledger.troubles()["A"].code == "D-105"


# --- what stations write back, and sticks ----------------------------------------------------------------------------


def usb(code="XA"):
    return {"code": code, "name": f"Xã {code}", "transport": "usb"}


def tick(form):
    form.write_text(form.read_text("utf-8-sig").replace("[ ]", "[x]"), "utf-8-sig")


def test_a_stick_that_is_written_again_gives_its_answers_first_and_keeps_nothing_that_was_recalled(tmp_path, clock):
    lay_out(tmp_path, [usb()])
    stick = tmp_path / "the"
    stick.mkdir()
    with newsroom(tmp_path, clock) as desk:
        gone, stays = signed(desk, 1), signed(desk, 2)
        sticks.export(desk, stick)
        (folder,) = stick.iterdir()
        (folder / "nhac rieng.mp3").write_bytes(b"theirs")
        tick(folder / HELD)
        done = recalls.recall(desk, gone, "Người duyệt")
        assert (done.gone, done.left) == ((), ("XA",))  # a stick took it there
        (made,) = sticks.export(desk, stick)
        assert made.answers.held == 2
        assert {h.bulletin for h in desk.ledger.holdings()} == {gone.id, stays.id}
        assert [p.name for p in folder.glob("*tin-so-1*")] == []
        assert len([*folder.glob("*tin-so-2*.mp3")]) == 1
        assert (folder / "nhac rieng.mp3").read_bytes() == b"theirs"
        assert (folder / HELD).read_text("utf-8-sig").count("\n[x]") == 1  # what it said it has is known
        clock.at = NOW + DAY
        sticks.export(desk, stick)
        assert sorted(p.name for p in folder.glob("*.mp3")) == ["nhac rieng.mp3"]  # what has aired does not pile up
        assert returns.import_all(desk, stick)[0].held == 0


def test_a_word_from_a_station_that_has_a_line_does_not_stop_its_delivery(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1)
        later = signed(desk, 2, air=(FIVE + 2 * DAY,))
        (master,) = bulletins.masters(desk, later).values()
        name = manifest.remote_name(later, master.digest, desk.config.zone)
        (tmp_path / "tram" / "A" / HELD).write_text(f"[x] {name}\n", "utf-8")
        (attempt,) = push.push(desk).attempts
        assert attempt.odd == (name,)  # nobody saw it there
        assert later.id not in {h.bulletin for h in desk.ledger.holdings()}
        clock.at += 2 * DAY
        assert push.push(desk).sent == 1
        assert name in sounds(tmp_path)


def test_what_a_station_writes_that_nobody_understands_is_told_once_and_stops_nothing(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A"), station(tmp_path, "B")])
    here, there = (tmp_path / "tram" / code / PLAYED for code in "AB")
    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1)
        here.write_text("5h sáng nay; tin.mp3\n", "utf-8")
        there.write_bytes(b";" * (MOST + 1))
        odd = {a.station: a.odd for a in push.push(desk).attempts}
        assert odd["A"] == ("5h sáng nay; tin.mp3",)
        assert odd["B"][0].startswith("DA-PHAT.csv: 1048577 byte")
        assert [one.odd for one in audits.verify(desk)] == [(), ()]
        told = desk.ledger.facts(happened=Happened.UNCLEAR)
        assert sorted(f.station for f in told) == ["A", "B"]
        there.unlink()
        there.mkdir()
        (one,) = audits.verify(desk, "B")
        assert one.problem is None
        assert one.odd[0].startswith("DA-PHAT.csv: ")
        assert desk.ledger.troubles() == {}


def test_a_file_that_was_not_there_yet_was_not_played_whatever_a_station_writes(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1)
        clock.at += timedelta(hours=2)  # made at 22:00, there at midnight
        push.push(desk)
        (name,) = sounds(tmp_path)
        lines = {"23/11/2026 05:00": "lúc ấy tệp này chưa làm xong", "23/11/2026 23:30": "lúc ấy trạm chưa có tệp này"}
        believed = ["23/11/2026 23:50", "24/11/2026 05:00"]  # a clock that is ten minutes slow, and the plan's own hour
        written = "".join(f"{at}; {name}\n" for at in [*lines, *believed])
        (tmp_path / "tram" / "A" / PLAYED).write_text(written, "utf-8")
        clock.at += timedelta(hours=6)
        (one,) = audits.verify(desk)
        assert one.odd == tuple(f"{at}; {name} ({why})" for at, why in lines.items())
        assert len(desk.ledger.facts(happened=Happened.UNCLEAR)) == 1
        aired = [f.detail["aired"] for f in desk.ledger.facts(happened=Happened.AIRED)]
        assert aired == ["2026-11-23T16:50:00+00:00", "2026-11-23T22:00:00+00:00"]


def test_a_link_that_a_station_left_leads_to_no_file_of_ours(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A"), usb()])
    secret, stick = tmp_path / ".pgpass", tmp_path / "the"
    secret.write_text("10.0.0.5:5432:bantin:bantin:MAT-KHAU\n", "utf-8")
    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1)
        (tmp_path / "tram" / "A" / PLAYED).symlink_to(secret)
        (attempt,) = push.push(desk).attempts
        assert attempt.problem is None
        assert len(attempt.odd) == 1
        assert "DA-PHAT.csv là liên kết" in attempt.odd[0]
        stick.mkdir()
        sticks.export(desk, stick, ["XA"])
        (folder,) = stick.iterdir()
        (folder / PLAYED).symlink_to(secret)
        (one,) = returns.import_all(desk, stick)
        assert one.odd == ("DA-PHAT.csv là liên kết (symlink): xoá liên kết ấy",)
        assert "MAT-KHAU" not in str(desk.ledger.facts(happened=Happened.UNCLEAR))


def test_a_stick_with_a_link_where_a_stations_folder_belongs_is_neither_written_nor_read(tmp_path, clock):
    lay_out(tmp_path, [usb()])
    stick, home = tmp_path / "the", tmp_path / "nha"
    stick.mkdir()
    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1)
        sticks.export(desk, stick)
        (folder,) = stick.iterdir()
        (folder / PLAYED).write_text("không phải của trạm\n", "utf-8")
        folder.rename(home)
        folder.symlink_to(home)
        before = {p.name: p.stat().st_mtime_ns for p in home.iterdir()}
        signed(desk, 2)
        with pytest.raises(StickRefused, match=f"{folder.name} is a symbolic link: remove it"):
            sticks.export(desk, stick)
        assert {p.name: p.stat().st_mtime_ns for p in home.iterdir()} == before
        assert returns.import_all(desk, stick)[0].odd == (f"{folder.name} là liên kết (symlink): xoá liên kết ấy",)


def test_a_push_that_waited_for_another_brings_and_proves_nothing_again(tmp_path, clock):
    lay_out(tmp_path, [station(tmp_path, "A")])
    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1)
        before = push.wanted(desk)  # looked before the other had its receipt
        assert push.push(desk).sent == 1
        (again,) = push.visit_all(desk, before)
        assert (again.sent, again.problem) == (0, None)
        assert len(desk.ledger.receipts()) == 1
