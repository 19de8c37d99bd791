"""Hôm nay and Phân phối, as whoever delivers sees them: what went wrong, what to press, where every station is."""

import csv
import html
import re
import shutil
import threading
import time
import unicodedata
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.core.errors import Says
from pipeline.core.facts import Happened
from pipeline.core.people import Role
from pipeline.core.ports import Lane
from pipeline.newsroom import approvals, missed, plan, push, scripts
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
        (address,) = re.findall(r'hx-get="([^"]+)" hx-trigger="every 2s"', text)
        assert 'href="/phan-phoi/A">Xem lại' in text
        part = one.get(address)
        assert ("Đang gọi trạm" in part.text, "hx-refresh" in part.headers) == (True, False)
    finally:
        held.set()
    assert one.submit("/phan-phoi/A/thu", on="/phan-phoi/A").status_code == 303
    ended(app, "A")
    assert one.get(address).headers["hx-refresh"] == "true"
    assert re.search(r"Trạm trả lời tốt, còn trống [\d.]+ MB. \(Người hanh, 22:00\)", other.get("/phan-phoi/A").text)
    assert one.submit("/phan-phoi/A/gui", on="/phan-phoi/A").status_code == 303
    ended(app, "A")
    text = other.get("/phan-phoi/A").text
    assert "Trạm trả lời tốt" in text
    assert "Đã gửi 0 tệp. (Người hanh, 22:00)" in text
    clock.at += timedelta(minutes=11)
    assert "Trạm trả lời tốt" not in other.get("/phan-phoi/A").text


def test_what_came_of_a_long_push_is_shown_when_it_ends(app, clock):
    see, held = browser(app, Role.OPERATOR), threading.Event()

    def slow(_desk):
        held.wait(60)
        return Says("Đã gửi 7 tệp.", "7 files were sent.")

    app.state.work.ask(Lane.LINE, errands.about_station("A"), "Người hanh", slow, task="push")
    clock.at += timedelta(minutes=25)
    assert "Đang gọi trạm" in see.get("/phan-phoi/A").text
    held.set()
    ended(app, "A")
    assert see.get("/phan-phoi/A/tien-do").headers["hx-refresh"] == "true"
    assert "Đã gửi 7 tệp. (Người hanh, 22:00)" in see.get("/phan-phoi/A").text


def test_a_station_whose_folder_is_gone_says_to_have_it_made(app, desk, tmp_path):
    province.signed(desk, 1)
    shutil.rmtree(tmp_path / "tram" / "A")
    (tmp_path / "tram" / "A").write_text("")
    push.push(desk, "A")
    see = browser(app, Role.OPERATOR)
    for path in ("/", "/phan-phoi/A"):
        text = html.unescape(see.get(path).text)
        assert "D-105" in text
        assert "→ nhờ trạm tạo thư mục và cho phép ghi" in text


def test_a_station_without_a_line_is_not_to_be_pushed_to_whatever_failed_before(tmp_path, clock):
    for transport, count in (("sftp", 0), ("usb", 1)):
        row = {"transport": transport, "host": "127.0.0.1", "port": 9, "user": "x", "key": "no"}
        province.lay_out(tmp_path, [station(tmp_path, "A", **row)])
        with province.newsroom(tmp_path, clock) as desk:
            if not count:
                province.signed(desk, 1)
                push.push(desk)
                continue
            known(desk, LOGINS[Role.OPERATOR], "Người hanh", Role.OPERATOR)
            app = make_app(Office(desk.config, lambda _settings, desk=desk: nullcontext(desk)))
            text = browser(app, Role.OPERATOR).get("/phan-phoi/A").text
            assert "chép ra thẻ nhớ, rồi mang tới trạm" in text
            assert "Gửi ngay" not in text


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
    assert "Trạm tìm thấy không thiếu gì." in see.get("/phan-phoi?ngay=2026-11-24&thieu=1&tim=xa+a").text
    assert "Không có trạm nào." in see.get("/phan-phoi?tim=khong-co").text
    assert "Không có trạm nào." in see.get("/phan-phoi?ngay=2026-11-24&thieu=1&tim=khong-co").text
    assert "Không có trạm nào có lỗi." in see.get("/phan-phoi/tuan?loi=1").text


def test_a_page_of_stations_that_is_no_more_shows_the_last_there_is(tmp_path, clock):
    codes = [f"S{n:03}" for n in range(125)]
    province.lay_out(tmp_path, [station(tmp_path, code) for code in codes])
    with province.newsroom(tmp_path, clock) as desk:
        known(desk, LOGINS[Role.READER], "Người xem", Role.READER)
        see = browser(make_app(Office(desk.config, lambda _settings: nullcontext(desk))), Role.READER)
        province.signed(desk, 1)
        lacking = "/phan-phoi?ngay=2026-11-24&thieu=1&trang=2"
        assert rows(see.get(lacking).text) == codes[120:]
        for code in codes[:6]:
            push.push(desk, code)
        assert rows(see.get(lacking).text) == codes[6:]
        assert rows(see.get("/phan-phoi?trang=99").text) == codes[120:]
        assert "trang=1" in see.get("/phan-phoi/tuan?trang=3").text


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
    evening = province.FIVE + DAY * 1.5
    approvals.withdraw(desk, province.signed(desk, 2, air=(evening,)), "Người duyệt")
    province.signed(desk, 3, air=(evening + DAY,))
    assert shown() == "26/11/2026"  # what was taken back does not come
    assert "/phan-phoi?ngay=2026-11-26" in text


def cell(text):
    return re.findall(r'<td class="cell"><span class="tag (\w+)"><span aria-hidden="true">.</span> ([^<]+)', text)


def test_what_is_not_there_is_red_only_once_it_was_to_air(app, desk, clock):
    bulletin, see = province.signed(desk, 1, only=("A",)), browser(app, Role.READER)
    day, week = "/phan-phoi?ngay=2026-11-24", "/phan-phoi/tuan?den=2026-11-24"
    assert cell(see.get(day).text) == [("wait", "chưa có")]
    push.push(desk)
    assert cell(see.get(day).text) == [("good", "có")]
    province.remaster(desk, bulletin, 50_000, seed=99, planned=False)
    assert cell(see.get(day).text) == [("wait", "bản trước")]  # which it airs
    assert "◐</span> bản trước" in see.get("/phan-phoi/A?dem=2026-11-24").text
    assert rows(see.get(f"{day}&thieu=1").text) == ["A"]
    assert 'title="0/1"><span aria-hidden="true">○</span>' in see.get(week).text
    other = province.signed(desk, 2, only=("B",))
    assert "○</span> chưa có" in see.get("/phan-phoi/B?dem=2026-11-24").text
    clock.at = province.FIVE + timedelta(minutes=5)
    missed.tell(desk)
    see = browser(app, Role.READER)
    assert ("bad", "thiếu") in cell(see.get(day).text)
    text = see.get(week).text
    assert re.search(r'href="/phan-phoi/B[^"]*" title="0/1"><span aria-hidden="true">✗</span>', text)
    assert re.search(r'href="/phan-phoi/A[^"]*" title="1/1"><span aria-hidden="true">▲</span>', text)  # it aired that
    assert "✗</span> thiếu" in see.get("/phan-phoi/B?dem=2026-11-24").text
    assert other.id in see.get(day).text


def test_who_signs_after_the_hour_is_told_that_nobody_airs_it(app, desk, clock):
    bulletin = province.signed(desk, 1, planned=False)
    see, page = browser(app, Role.APPROVER), f"/ban-tin/{bulletin.id}"
    assert "Giờ phát đã qua" not in see.get(page).text
    clock.at = province.FIVE + timedelta(minutes=1)
    plan.plan(desk, bulletin)
    see = browser(app, Role.APPROVER)
    assert "Giờ phát đã qua: không trạm nào phát bài này" in see.get(page).text
    week = see.get("/lich?tuan=2026-11-23").text
    assert re.search(r'<div class="spot bad">.{0,1500}?✗ không trạm nào phát', week, re.DOTALL)
    assert "quá giờ phát mới duyệt, không trạm nào phát" in see.get("/nam").text


def test_what_is_urgent_says_where_a_stick_has_to_be_carried(tmp_path, clock):
    province.lay_out(tmp_path, [station(tmp_path, "A"), station(tmp_path, "U", transport="usb", name="Đất Mũi")])
    with province.newsroom(tmp_path, clock) as desk:
        known(desk, LOGINS[Role.OPERATOR], "Người hanh", Role.OPERATOR)
        app = make_app(Office(desk.config, lambda _settings: nullcontext(desk)))
        see = browser(app, Role.OPERATOR)
        bulletin = approvals.urge(desk, province.signed(desk, 1), "Người duyệt", "Bão đổi hướng")
        approvals.approve(desk, bulletin, "Người thứ hai")
        plan.plan(desk, bulletin)
        page = f"/ban-tin/{bulletin.id}"
        assert "Gửi ngay cho trạm còn thiếu" in see.get(f"{page}/tram").text
        errands.send_at_once(app.state.work, desk, bulletin)
        while not app.state.work.job(errands.about_rush(bulletin.id)).ended:
            time.sleep(0.01)
        text = see.get(page).text
        assert "Gửi khẩn xong: 1/1 trạm. Còn 1 trạm nhận bằng thẻ nhớ, phải chép và mang tới: U Đất Mũi." in text
        assert "▭</span> U nhận bằng thẻ nhớ" in text
        assert "Gửi ngay cho trạm còn thiếu" not in text
        assert "nhận bằng thẻ nhớ: nhờ người quản trị máy chủ chép" in see.get("/phan-phoi/U").text
        assert "thẻ nhớ</span>" in see.get("/phan-phoi?ngay=2026-11-24").text
        clock.at = province.FIVE + timedelta(minutes=5)
        missed.tell(desk)
        assert "U</a> (D-109)" in browser(app, Role.OPERATOR).get("/").text


# --- Nhật ký ---------------------------------------------------------------------------------------------------------


def test_the_log_finds_people_stations_and_bulletins_as_people_call_them(app, desk):
    bulletin = province.signed(desk, 1, title="Phòng hạn mặn")
    province.signed(desk, 2, title="Giá lúa")
    for who, code in (("Người hanh", "B"), ("Người duyet", "A")):
        desk.ledger.record(replace(desk, who=who).fact(Happened.TRIED, bulletin=bulletin, station=code))
    see = browser(app, Role.READER)

    def found(query):
        lines = see.get(f"/nhat-ky.csv?loai=tried&{query}").text.removeprefix("\ufeff").splitlines()
        return [row["who"] for row in csv.DictReader(lines)]

    assert found("") == ["Người duyet", "Người hanh"]
    for query in ("ai=hanh", "ai=nguoi+hanh", "tram=xa+b", "tram=B", f"bai={bulletin.id}&tram=b"):
        assert found(query) == ["Người hanh"]
    assert found("bai=han+man") == ["Người duyet", "Người hanh"]
    assert found("bai=gia+lua") == found("ai=khong") == []
    assert "Không có việc nào như vậy" in see.get("/nhat-ky?ai=khong").text
    assert "2026-11-23T22:00:00+07:00" in see.get("/nhat-ky.csv?loai=tried").text


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


def test_what_aired_and_is_to_air_again_elsewhere_or_anew_was_not_missed(app, desk, clock):
    bulletin = province.signed(desk, 1, only=("A", "B"), air=(province.FIVE, province.FIVE + DAY / 2))
    push.push(desk)
    clock.at = province.FIVE + timedelta(hours=1)
    province.remaster(desk, bulletin, 50_000, seed=99)
    text = browser(app, Role.READER).get("/").text
    assert '<span class="tag wait">0/2</span>' in text
    assert "lỡ giờ" not in text


def test_what_is_not_shown_of_what_went_wrong_is_told_to_be(app, desk, clock):
    for n in range(1, 10):
        province.signed(desk, n, air=(province.FIVE + timedelta(minutes=10 * n),))
    for n in range(9):
        desk.ledger.record(desk.fact(Happened.REFUSED, name=f"{n}.docx", code="I-103", reason="x", next="sửa"))
    clock.at = province.FIVE + timedelta(hours=3)
    missed.tell(desk)
    see = browser(app, Role.READER)
    text = see.get("/").text
    assert text.count("Lỡ giờ phát") == 8
    assert "và 3 tệp bị từ chối nữa" in text
    for kind in ("missed", "refused"):
        assert f'href="/nhat-ky?loai={kind}"' in text
        assert see.get(f"/nhat-ky?loai={kind}").status_code == 200


def test_a_station_is_named_once_and_one_that_is_no_more_has_no_page(app, desk, clock):
    bulletin = province.signed(desk, 1, planned=False)
    clock.at = province.FIVE + timedelta(minutes=5)
    for code in ("A", "A", "X<1"):
        desk.ledger.record(desk.fact(Happened.MISSED, bulletin=bulletin, station=code, at=province.FIVE.isoformat()))
    text = browser(app, Role.READER).get("/").text
    assert '2 trạm không có: <a href="/phan-phoi/A">A</a>, X&lt;1</p>' in text


def test_a_missed_airing_is_told_however_many_stations_missed_it(app, desk, clock):
    bulletin = province.signed(desk, 1, planned=False)
    clock.at = province.FIVE + timedelta(minutes=5)
    at = province.FIVE.isoformat()
    desk.ledger.record(
        *(desk.fact(Happened.MISSED, bulletin=bulletin, station=f"X{n}", at=at) for n in range(1200)),
    )
    text = browser(app, Role.READER).get("/").text
    assert re.search(r"1.200 trạm không có", text)
    assert re.findall(r"X\d+", text) == [f"X{n}" for n in range(6)]


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
    assert "và 4 tệp bị từ chối nữa" in text
    desk.ledger.record(desk.fact(Happened.RECEIVED, bulletin=province.signed(desk, 1), name="x.docx"))
    text = see.get("/").text
    assert "x.docx" not in text
    assert "bai-8.docx" in text
    refused("x.docx", "lần ba")
    assert "lần ba" in see.get("/").text


def test_a_refused_file_is_known_by_its_name_however_written_and_by_who_sent_it(app, desk):
    see = browser(app, Role.READER)
    wrong = "Tiêu đề: x\nKhông có: gì\nThể loại: XX\n\nNội dung.\n"
    good = "Tiêu đề: Lũ\nPhát: 25/11/2026 05:00\n\nNước lên nhanh.\n"
    file = desk.config.scripts / unicodedata.normalize("NFD", "bài lũ.txt")
    file.write_text(wrong, "utf-8")
    assert scripts.take_in(desk, file).problem
    assert "bài lũ.txt" in unicodedata.normalize("NFC", see.get("/").text)
    file.write_text(good, "utf-8")
    assert scripts.take_in(replace(desk, who="Người bien"), file).bulletin
    assert "bài lũ.txt" not in unicodedata.normalize("NFC", see.get("/").text)
    for who, gone in (("Người bien", False), ("Người xem", True)):
        two, one = replace(desk, who="Người xem"), replace(desk, who=who)
        desk.ledger.record(two.fact(Happened.REFUSED, name="b.txt", code="I-103", reason="x", next="y"))
        desk.ledger.record(one.fact(Happened.RECEIVED, bulletin=desk.ledger.bulletins()[0], name="b.txt"))
        assert ("b.txt" not in see.get("/").text) is gone
    desk.ledger.record(replace(desk, who="Người hai").fact(Happened.REFUSED, name="c.txt", code="I-103", reason="x"))
    assert "c.txt" not in see.get("/").text  # whoever sent it was told on the page


def test_what_cannot_be_signed_says_what_to_press_and_whom_to_ask(app, desk):
    bulletin = province.signed(desk, 1)
    desk.ledger.record(desk.fact(Happened.HELD, bulletin=bulletin, reason="mất chữ", next="x"))
    text = html.unescape(browser(app, Role.EDITOR).get("/").text)
    assert "sửa bài rồi gửi lại ở trang Thêm" in text
    assert "bantin " not in text
    made_again(desk, bulletin)
    assert "bantin " not in browser(app, Role.APPROVER).get("/").text
