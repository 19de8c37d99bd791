"""How a day stands, for the people in charge: on the terminal, as data, as one message."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pipeline.clock import Clock as Serving
from pipeline.core.errors import AlertNotSent
from pipeline.core.facts import Happened
from pipeline.newsroom import audits, missed, plan, push
from pipeline.newsroom.digest import digest
from pipeline.newsroom.office import Office
from pipeline.report import digest as message
from tests import province
from tests.contract.test_alerts import addresses, hook  # noqa: F401 - fixtures

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def day(days, form="%d/%m/%Y"):
    return f"{datetime.now(ZONE) + timedelta(days=days):{form}}"


def add(workspace, name, *lines, approve=True):
    text = "\n".join([f"Tiêu đề: Tin {name}", *lines, "", f"Bà con chú ý, đây là bản tin {name}.", ""])
    (row,) = workspace.json("add", workspace.drop(f"{name}.txt", text))
    if approve:
        workspace.bantin("approve", row["id"], "--by", "Người duyệt")
    return row["id"]


@pytest.fixture
def mixed(workspace):
    """Tomorrow: one station has it, one is away, one has no line."""
    workspace.set(ahead_hours=96)
    workspace.station("A", name="Đất Mũi")
    away = workspace.station("B", name="Năm Căn")
    away.rmdir()
    workspace.station("C", name="Viên An", transport="usb")
    name = add(workspace, "một", f"Phát: {day(1)} 05:00, 17:00")
    workspace.bantin("push", code=6)
    return name


def test_the_digest_says_who_has_it_who_lacks_it_why_and_what_to_do(workspace, mixed):
    found = workspace.json("digest", "--date", day(1, "%Y-%m-%d"))
    assert (found["well"], found["stations"], found["complete"]) == (False, 3, 1)
    assert [(b["id"], b["stations"], b["holding"]) for b in found["bulletins"]] == [(mixed, 3, 1)]
    lacking = {lack["station"]: lack for lack in found["lacking"]}
    assert (lacking["B"]["code"], lacking["B"]["tries"], lacking["B"]["next"]) == ("D-105", 1, None)
    assert lacking["B"]["bulletins"] == [mixed]
    assert "export-usb" in lacking["C"]["step"]
    told = workspace.bantin("digest", "--date", day(1, "%Y-%m-%d")).stdout
    for part in ("1/3 trạm đủ", "✗ 05:00 Tin một", "B Năm Căn", "D-105", "đã thử 1 lần", "không tự thử lại"):
        assert part in told, part
    english = workspace.bantin("--lang", "en", "digest", "--date", day(1, "%Y-%m-%d")).stdout
    assert "1 of 3 stations complete" in english


def test_a_day_with_nothing_in_it_says_so_and_what_is_unsigned_is_never_silent(workspace):
    workspace.station("A")
    assert "không có bản tin nào" in workspace.bantin("digest").stdout
    name = add(workspace, "chưa ký", f"Phát: {day(1)} 05:00", approve=False)
    found = workspace.json("digest")
    assert [(t["id"], t["code"]) for t in found["threats"]] == [(name, "N-102")]
    assert not found["well"]
    assert "N-102" in workspace.bantin("digest").stdout


def test_the_digest_is_sent_as_one_message(workspace, mixed, addresses, hook):  # noqa: F811 - fixtures
    lines = (workspace.folder / "config.toml").read_text("utf-8")
    (workspace.folder / "config.toml").write_text(lines.replace('file = ""', f'file = "{addresses("x")}"'), "utf-8")
    workspace.bantin("digest", "--date", day(1, "%Y-%m-%d"), "--send")
    ((title, text),) = hook.told
    assert "1/3 trạm đủ" in title
    assert "B Năm Căn" in text


def test_nobody_to_tell_is_said_by_the_doctor_and_where_something_is_to_be_sent(workspace):
    findings = {f["name"]: f for f in workspace.json("doctor")}
    assert findings["alerts"]["code"] == "N-110"
    assert "N-110" in workspace.bantin("digest", "--send", code=3).stderr


def test_addresses_that_cannot_be_used_are_found_by_the_doctor(workspace):
    lines = (workspace.folder / "config.toml").read_text("utf-8")
    (workspace.folder / "config.toml").write_text(lines.replace('file = ""', 'file = "khong-co"'), "utf-8")
    findings = {f["name"]: f for f in workspace.json("doctor", code=3)}
    assert findings["alerts"]["ok"] is False


def test_the_status_shows_today_as_a_grid(workspace):
    workspace.station("A", name="Đất Mũi")
    later = datetime.now(ZONE) + timedelta(minutes=3)
    if later.date() != datetime.now(ZONE).date():
        pytest.skip("too near midnight for a bulletin of today")
    add(workspace, "nay", f"Phát: {later:%d/%m/%Y %H:%M}")
    told = workspace.bantin("status").stdout
    assert "A Đất Mũi" in told
    assert "✗" in told
    workspace.bantin("push")
    assert workspace.json("status")["today"]["complete"] == 1
    assert "✓" in workspace.bantin("status").stdout


# --- with a clock of its own -----------------------------------------------------------------------------------------


class Watched:
    """Stations that are folders, a newsroom with the test's own clock, and what people were told."""

    def __init__(self, folder, *codes, **settings):
        self.folder, self.clock, self.told, self.is_down = folder, province.Clock(), [], False
        self.lay_out([self.station(code) for code in codes], **settings)

    def station(self, code, **columns):
        folder = self.folder / "tram" / code
        folder.mkdir(parents=True, exist_ok=True)
        return {"code": code, "name": f"Xã {code}", "transport": "folder", "folder": str(folder), **columns}

    def lay_out(self, rows, **settings):
        province.lay_out(self.folder, rows, **settings)

    def away(self, code):
        """The station's folder is gone until the returned function brings it back."""
        folder = self.folder / "tram" / code
        hidden = folder.rename(folder.with_name(f"{code} đi vắng"))
        return lambda: hidden.rename(folder)

    def desk(self):
        return province.newsroom(self.folder, self.clock)

    def tell(self, title, text):
        if self.is_down:
            raise AlertNotSent(where="mailto://…")
        self.told.append((title, text))

    def serving(self, desk):
        told = replace(desk, tell=self.tell)
        return Serving(Office(desk.config, lambda _settings: nullcontext(told)))

    def text(self, desk, of=None):
        return message.text(digest(desk, of), "vi", desk.config.zone)


@pytest.fixture
def watched(tmp_path):
    return lambda *codes, **settings: Watched(tmp_path, *codes, **settings)


def test_after_days_without_power_people_hear_which_stations_missed_what_and_when(watched):
    w = watched("A", "B")
    with w.desk() as desk:
        for n in range(2):
            province.signed(desk, n + 1, air=(province.FIVE + timedelta(days=n),))
        serving = w.serving(desk)
        w.clock.at += timedelta(days=2, hours=2)  # the 26th, 00:00
        serving.watch()
        serving.watch()
    ((title, text),) = w.told
    assert title == "Bản tin ngày 24/11/2026 – 25/11/2026: 4 lượt lỡ giờ"
    for line in ("✗ 24/11 05:00 Tin số 1", "✗ 25/11 05:00 Tin số 2", "2 trạm: A Xã A, B Xã B"):
        assert line in text, text


def test_what_is_late_just_before_midnight_is_told_with_its_own_day(watched):
    w = watched("A", quiet="[]", digest_at='"23:59:59"')
    bring_back = w.away("A")
    with w.desk() as desk:
        province.signed(desk, 1, air=(province.NOW + timedelta(hours=2, minutes=5),))  # 00:05
        serving = w.serving(desk)
        w.clock.at += timedelta(hours=1, minutes=52)
        serving.push()
        serving.watch()
        serving.watch()
        ((title, text),) = w.told
        assert title == "Bản tin ngày 24/11/2026: 1 trạm sắp phát mà chưa có"
        assert "A Xã A, 24/11 00:05: Tin số 1" in text
        assert "D-105" in text
        assert "→" in text
        bring_back()


def test_what_is_signed_at_the_last_minute_and_on_its_way_alarms_nobody(watched):
    w = watched("A", digest_at='"23:59:59"')
    with w.desk() as desk:
        serving = w.serving(desk)
        w.clock.at = province.FIVE - timedelta(minutes=8)
        province.signed(desk, 1)
        serving.watch()  # it is late; the next look tells what became of it
        serving.push_soon()
        serving.watch()
    assert w.told == []


@contextmanager
def stalled(desk, code):
    """A station's line that says nothing until the block ends; an event tells when it was called."""
    folder, called, over = desk.transports["folder"], threading.Event(), threading.Event()

    class Stalled:
        name = "folder"
        check = folder.check

        @contextmanager
        def open(self, station, deadline):
            if station.code == code:
                called.set()
                over.wait()
            with folder.open(station, deadline) as remote:
                yield remote

    desk.transports["folder"] = Stalled()
    try:
        yield called
    finally:
        over.set()
        desk.transports["folder"] = folder


def test_a_stalled_station_holds_up_neither_the_alarm_nor_what_is_signed_meanwhile(watched):
    w = watched("A", "B", digest_at='"23:59:59"')
    with w.desk() as desk:
        province.signed(desk, 1)
        serving = w.serving(desk)
        w.clock.at = province.FIVE - timedelta(minutes=12)
        with ThreadPoolExecutor() as night, stalled(desk, "A") as called:
            pushed = night.submit(serving.push)
            assert called.wait(60)
            while not desk.ledger.receipts("B") or desk.ledger.visited(desk.now()) != {"A"}:
                assert not pushed.done()  # B has all of the night, and its line is closed again
            urgent = province.signed(desk, 2)
            serving.push_soon()
            assert {r.station for r in desk.ledger.receipts(names=[urgent.id])} == {"B"}
            serving.watch()
            serving.watch()
            assert [title for title, _ in w.told] == ["Bản tin ngày 24/11/2026: 1 trạm sắp phát mà chưa có"]
        pushed.result()


def test_a_message_that_nobody_could_get_is_sent_when_the_mail_is_back_also_after_a_restart(watched):
    w = watched("A", digest_at='"23:59:59"')
    w.is_down = True
    with w.desk() as desk:
        province.signed(desk, 1)
        serving = w.serving(desk)
        w.clock.at = province.FIVE - timedelta(minutes=12)
        serving.watch()
        serving.watch()
    w.is_down = False
    with w.desk() as desk:
        serving = w.serving(desk)
        serving.watch()
        serving.watch()
    assert [title for title, _ in w.told] == ["Bản tin ngày 24/11/2026: 1 trạm sắp phát mà chưa có"]


def test_a_message_is_given_up_after_a_day(watched):
    w = watched("A")
    w.is_down = True
    with w.desk() as desk:
        serving = w.serving(desk)
        serving.watch()  # 22:00: today's digest
        w.clock.at += timedelta(days=1)
        serving.watch()
        w.is_down = False
        serving.watch()
    assert [title for title, _ in w.told] == ["Bản tin ngày 24/11/2026: 0/0 trạm đủ"]


def test_what_another_command_found_late_or_missed_is_told_too(watched):
    w = watched("A", digest_at='"23:59:59"')
    with w.desk() as desk:
        province.signed(desk, 1)
        w.away("A")
        w.clock.at = province.FIVE + timedelta(minutes=1)
        assert push.push(desk).missed == 1
        w.serving(desk).watch()
    assert len(w.told) == 1


def test_after_a_restart_later_in_the_day_the_digest_still_comes_and_only_once(watched):
    w = watched("A")
    with w.desk() as desk:
        w.clock.at = province.FIVE + timedelta(hours=3)  # 08:00
        for _ in range(2):
            w.serving(desk).watch()
        assert [title for title, _ in w.told] == ["Bản tin ngày 24/11/2026: 0/0 trạm đủ"]
        w.clock.at += timedelta(hours=22)  # 06:00 of the 25th
        w.serving(desk).watch()
        assert len(w.told) == 1
        w.clock.at += timedelta(minutes=30)
        w.serving(desk).watch()
        assert len(w.told) == 2


def test_a_file_that_was_lost_before_air_was_missed_whatever_receipt_there_once_was(watched):
    w = watched("A")
    with w.desk() as desk:
        bulletin = province.signed(desk, 1)
        push.push(desk)
        for file in (w.folder / "tram" / "A").glob("*.mp3"):
            file.unlink()
        audits.verify(desk)
        w.away("A")
        push.push(desk)
        w.clock.at = province.FIVE + timedelta(minutes=5)
        assert push.push(desk).missed == 1
        (fact,) = desk.ledger.facts(bulletin.id, Happened.MISSED)
        assert fact.station == "A"


def test_a_new_master_that_never_came_was_missed_and_what_was_mastered_after_air_was_not(watched):
    w = watched("A", "B")
    with w.desk() as desk:
        bulletin, other = province.signed(desk, 1), province.signed(desk, 2)
        push.push(desk)
        w.clock.at += timedelta(hours=1)
        province.remaster(desk, bulletin, 50_000, seed=9)
        w.away("A")
        push.push(desk)
        w.clock.at = province.FIVE + timedelta(minutes=5)
        province.remaster(desk, other, 50_000, seed=10)
        assert push.push(desk).missed == 1
        assert [(g.bulletin.id, [s.station for s in g.stations]) for g in digest(desk).gaps] == [(bulletin.id, ["A"])]
        assert "1 trạm: A Xã A (D-105)" in w.text(desk)


def test_stations_of_a_new_kind_without_a_master_are_told_before_air_and_after(watched):
    w = watched("A", "B", digest_at='"23:59:59"')
    with w.desk() as desk:
        bulletin = province.signed(desk, 1)
    w.lay_out([w.station("A", profile="loa-nen"), w.station("B")], digest_at='"23:59:59"')
    with w.desk() as desk:
        push.push(desk)
        day_ = province.FIVE.astimezone(ZONE).date()
        found = digest(desk, day_)
        assert (found.stations, found.complete) == (2, 1)
        assert [(lack.station.code, lack.fault) for lack in found.lacking] == [("A", "N-108")]
        assert "N-108" in w.text(desk, day_)
        assert found.as_json()["lacking"][0]["code"] == "N-108"
        w.clock.at = province.FIVE - timedelta(minutes=10)
        assert missed.tell_late(desk) == 1
        w.serving(desk).watch()
        assert "loa-nen" in w.told[0][1]
        w.clock.at = province.FIVE + timedelta(minutes=10)
        assert missed.tell(desk) == 1
        assert [f.station for f in desk.ledger.facts(bulletin.id, Happened.MISSED)] == ["A"]


def test_the_clock_says_where_a_bulletin_does_not_air_and_why(watched, capsys):
    w = watched("A")
    with w.desk() as desk:
        province.signed(desk, 1)
    w.lay_out([w.station("A"), w.station("B", windows="09:00-10:00")])
    with w.desk() as desk:
        w.serving(desk).push_soon()
        assert "ngoài khung giờ" in capsys.readouterr().out
        assert plan.plan_new(desk) == []
