"""Hôm nay and Phân phối, as whoever delivers sees them: what went wrong, what to press, where every station is."""

import html
import re
import threading
from contextlib import nullcontext
from datetime import timedelta

import pytest

from pipeline.core.facts import Happened
from pipeline.core.people import Role
from pipeline.core.ports import Lane
from pipeline.newsroom import missed, push
from pipeline.newsroom.office import Office
from pipeline.web import errands
from pipeline.web.app import make_app
from tests import province
from tests.flow.test_changes import station
from tests.web.test_pages import LOGINS, browser, known, made_again

DAY = timedelta(days=1)


@pytest.fixture
def clock():
    return province.Clock()


@pytest.fixture
def desk(tmp_path, clock):
    word = tmp_path / "mat-khau"
    word.touch(0o600)
    word.write_text("x\n")
    unpinned = {"transport": "sftp", "host": "127.0.0.1", "port": 9, "user": "x", "password_file": str(word)}
    province.lay_out(tmp_path, [station(tmp_path, "A"), station(tmp_path, "B"), station(tmp_path, "C", **unpinned)])
    with province.newsroom(tmp_path, clock) as opened:
        for role, login in LOGINS.items():
            known(opened, login, f"Người {login}", role)
        yield opened


@pytest.fixture
def app(desk):
    return make_app(Office(desk.config, lambda _settings: nullcontext(desk)))


def ended(app, code):
    """Wait until what was asked for about a station is done."""
    done = threading.Event()
    app.state.work.ask(Lane.LINE, errands.about_station(code), "x", lambda _desk: done.set(), task="then")
    assert done.wait(60)
    app.state.work._jobs.pop((errands.about_station(code), "then"))


# --- a station -------------------------------------------------------------------------------------------------------


def test_a_station_that_is_being_called_shows_by_itself_what_came_of_it_and_to_whom(app, desk, clock):
    one, other = browser(app, Role.OPERATOR), browser(app, Role.READER)
    held = threading.Event()
    app.state.work.ask(Lane.LINE, errands.about_station("A"), "Người hanh", lambda _desk: held.wait(60) and None)
    try:
        text = one.get("/phan-phoi/A").text
        (address,) = re.findall(r'hx-get="([^"]+)" hx-trigger="load delay:2s"', text)
        assert 'href="/phan-phoi/A">Xem lại' in text
        part = one.get(address)
        assert ("Đang gọi trạm" in part.text, "hx-refresh" in part.headers) == (True, False)
    finally:
        held.set()
    assert one.submit("/phan-phoi/A/thu", on="/phan-phoi/A").status_code == 303
    ended(app, "A")
    assert one.get(address).headers["hx-refresh"] == "true"
    assert re.search(r"Trạm trả lời tốt, còn trống [\d.]+ MB. \(Người hanh, 22:00\)", other.get("/phan-phoi/A").text)
    clock.at += timedelta(minutes=11)
    assert "Trạm trả lời tốt" not in other.get("/phan-phoi/A").text


def test_a_station_that_is_not_tried_again_by_itself_says_what_to_do_without_a_command(app, desk):
    province.signed(desk, 1)
    push.push(desk, "C")
    one = browser(app, Role.OPERATOR)
    for path in ("/phan-phoi/C", "/"):
        text = html.unescape(one.get(path).text)
        assert "D-108" in text
        assert "→ nhờ người quản trị máy chủ đối chiếu khoá với trạm rồi ghim" in text
        assert "bantin " not in text
    assert one.submit("/phan-phoi/C/gui", on="/phan-phoi/C").status_code == 303
    ended(app, "C")
    text = html.unescape(one.get("/phan-phoi/C").text)
    assert "N-104" in text
    assert "bantin " not in text


# --- every station ---------------------------------------------------------------------------------------------------


def rows(text):
    return re.findall(r'<th scope="row"><a href="[^"]*">(\w+)</a>', text)


def test_every_station_is_found_on_a_day_on_which_nothing_airs(app, desk):
    see = browser(app, Role.READER)
    text = see.get("/phan-phoi").text
    assert "Ngày này không trạm nào phải phát gì." in text
    assert rows(text) == ["A", "B", "C"]
    assert rows(see.get("/phan-phoi?tim=xa+b").text) == ["B"]
    province.signed(desk, 1, only=("B",))
    assert rows(see.get("/phan-phoi?ngay=2026-11-24").text) == ["B", "A", "C"]
    assert rows(see.get("/phan-phoi?ngay=2026-11-24&thieu=1").text) == ["B"]
    push.push(desk)
    assert "Không trạm nào thiếu gì." in see.get("/phan-phoi?ngay=2026-11-24&thieu=1").text
    assert "Không có trạm nào." in see.get("/phan-phoi?tim=khong-co").text


def test_delivery_opens_on_the_day_that_comes_next(app, desk, clock):
    def shown():
        see = browser(app, Role.READER)
        return re.search(r"<h1>Phân phối ([\d/]+)", see.get("/phan-phoi").text)[1]

    assert shown() == "23/11/2026"
    province.signed(desk, 1, air=(province.FIVE, province.FIVE + DAY))
    assert shown() == "24/11/2026"  # what tonight's push brings
    clock.at = province.FIVE - timedelta(minutes=1)
    assert shown() == "24/11/2026"
    clock.at = province.FIVE + timedelta(minutes=1)
    assert shown() == "25/11/2026"
    clock.at = province.FIVE + DAY + timedelta(minutes=1)
    assert shown() == "25/11/2026"  # nothing is to come: the day that has just been
    text = browser(app, Role.READER).get("/phan-phoi").text
    assert "/phan-phoi?ngay=2026-11-25" in text
    assert "/phan-phoi?ngay=2026-11-26" in text


# --- Hôm nay ---------------------------------------------------------------------------------------------------------


def test_an_airing_that_passed_does_not_look_as_if_it_still_waited(app, desk, clock):
    bulletin = province.signed(desk, 1, only=("B",))
    clock.at = province.FIVE - timedelta(minutes=5)
    see = browser(app, Role.READER)
    assert '<span class="tag wait">0/1</span>' in see.get("/").text
    clock.at = province.FIVE + timedelta(minutes=5)
    missed.tell(desk)
    text = see.get("/").text
    assert '<span class="tag bad">0/1 lỡ giờ</span>' in text
    assert re.search(rf'Lỡ giờ phát 24/11/2026 05:00: <a href="/ban-tin/{bulletin.id}"', text)


def test_a_missed_airing_is_told_however_many_stations_missed_it(app, desk, clock):
    bulletin = province.signed(desk, 1, planned=False)
    clock.at = province.FIVE + timedelta(minutes=5)
    at = province.FIVE.isoformat()
    desk.ledger.record(
        *(desk.fact(Happened.MISSED, bulletin=bulletin, station=f"X{n}", at=at) for n in range(1200)),
    )
    text = browser(app, Role.READER).get("/").text
    assert re.search(r"1.200 trạm không có", text)
    assert text.count('href="/phan-phoi/X') == 6


def test_a_refused_file_is_told_until_one_of_its_name_is_taken_in(app, desk):
    see = browser(app, Role.READER)

    def refused(name, reason="hỏng"):
        desk.ledger.record(desk.fact(Happened.REFUSED, name=name, code="I-103", reason=reason, next="sửa"))

    for n in range(9):
        refused(f"bai-{n}.docx")
    refused("x.docx", "lần một")
    refused("x.docx", "lần hai")
    text = see.get("/").text
    assert ("lần một" in text, "lần hai" in text) == (False, True)
    assert re.findall(r"bai-(\d).docx", text) == ["8", "7", "6", "5", "4"]
    desk.ledger.record(desk.fact(Happened.RECEIVED, bulletin=province.signed(desk, 1), name="x.docx"))
    text = see.get("/").text
    assert "x.docx" not in text
    assert "bai-8.docx" in text
    refused("x.docx", "lần ba")
    assert "lần ba" in see.get("/").text


def test_what_cannot_be_signed_says_what_to_press_and_whom_to_ask(app, desk):
    bulletin = province.signed(desk, 1)
    desk.ledger.record(desk.fact(Happened.HELD, bulletin=bulletin, reason="mất chữ", next="x"))
    text = html.unescape(browser(app, Role.EDITOR).get("/").text)
    assert "sửa bài rồi gửi lại ở trang Thêm" in text
    assert "bantin " not in text
    made_again(desk, bulletin)
    assert "bantin " not in browser(app, Role.APPROVER).get("/").text
