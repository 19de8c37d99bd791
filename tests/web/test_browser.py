"""The desk in a real browser: from an editor's upload to a green station and a year that counts one."""

import os
import re
import shutil
import threading
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipeline import config
from pipeline.core.errors import Says
from pipeline.core.facts import Happened
from pipeline.core.people import Role
from pipeline.core.ports import Lane
from pipeline.newsroom import bulletins, plan, push
from pipeline.newsroom.office import Office
from pipeline.web import errands
from pipeline.web.server import Server
from pipeline.wiring import open_desk
from tests import province, year
from tests.sshd import OpenSSH
from tests.web.test_pages import PASSWORD, known

PICTURES = os.environ.get("BANTIN_PICTURES", "")
"""A folder that the pictures of the documents are written to."""
CHROMIUM = shutil.which("chromium")
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
DAY = timedelta(days=1)
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
pytestmark = pytest.mark.skipif(not CHROMIUM and not os.environ.get("CI"), reason="chromium is missing")


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def openssh(tmp_path_factory):
    with OpenSSH(tmp_path_factory.mktemp("ssh")) as server:
        yield server


class House:
    """A workspace with one real station, its page on a port, and people."""

    def __init__(self, folder, openssh, stack, chromium):
        self.folder, self.chromium, self.stack = folder, chromium, stack
        self.loa = folder / "loa"
        self.loa.mkdir()
        province.lay_out(folder, [province.row("CM-0101", openssh, self.loa, name="Đất Mũi")], by_author="false")
        self.office = stack.enter_context(Office(config.load(folder), partial(open_desk)))
        with self.office.desk() as desk:
            for login, name, *roles in (
                ("bien", "Biên tập viên", Role.EDITOR),
                ("duyet", "Người duyệt", Role.APPROVER),
                ("hanh", "Người vận hành", Role.OPERATOR),
                ("tri", "Người quản trị", Role.ADMIN),
            ):
                known(desk, login, name, *roles)
        server = stack.enter_context(Server(self.office, "127.0.0.1", 0))
        self.url, self.work = f"http://127.0.0.1:{server.port}", server._app.state.work
        self.said = []

    def page(self, login, size=None, scripts=True):
        context = self.chromium.new_context(viewport=size or DESK, java_script_enabled=scripts, locale="vi-VN")
        self.stack.callback(context.close)
        page = context.new_page()
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda fault: self.said.append(str(fault)))
        page.goto(f"{self.url}/dang-nhap")
        page.fill("#ten", login)
        page.fill("#mat-khau", PASSWORD)
        page.click("main button")
        page.wait_for_url(f"{self.url}/")
        return page

    def see(self, page, name):
        """A picture for the documents, where they are asked for."""
        if PICTURES:
            page.evaluate("Promise.all([...document.images].map(one => one.decode().catch(() => 0)))")
            page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
            page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=False)


@pytest.fixture
def house(tmp_path, openssh, chromium):
    with ExitStack() as stack:
        yield House(tmp_path, openssh, stack, chromium)


def script():
    day = datetime.now(ZONE) + timedelta(days=1)
    return f"""Tiêu đề: Tiêm vắc xin cho đàn heo
Tác giả: Biên tập viên
Phát: {day:%d/%m/%Y} 05:00

Trạm thú y xã Đất Mũi tiêm vắc xin cho đàn heo vào sáng mai.
Bà con gọi cán bộ thú y theo số 0290 3831 234.
"""


def done(page):
    """Wait until a bulletin has been made: the page asks by itself."""
    page.wait_for_selector("audio", timeout=90_000)
    page.wait_for_selector("[hx-get]", state="detached", timeout=90_000)


def test_from_an_upload_to_a_station_that_has_it_and_a_year_that_counts_it(house):  # noqa: PLR0915 - one story
    file = house.folder / "tin.txt"
    file.write_text(script(), "utf-8")
    editor = house.page("bien")
    editor.click("nav >> text=Thêm")
    editor.set_input_files("#tep", file)
    editor.click("text=Nhận bài và làm bản tin")
    editor.wait_for_selector("h1 >> text=Tiêm vắc xin")
    done(editor)
    name = editor.url.rsplit("/", 1)[1].split("?")[0]
    # hears a sentence, and mends a word: only that sentence is voiced again
    editor.click("summary >> text=Nghe câu 2")
    sound = editor.request.get(f"{house.url}/ban-tin/{name}/cau/2.wav")
    assert (sound.status, sound.body()[:4]) == (200, b"RIFF")
    with house.office.desk() as desk:
        (bulletin,) = desk.ledger.bulletins()
        before = {t.recipe for _, t in bulletins.spoken_by(desk, bulletin)}
    row = editor.locator("li", has_text="Trạm thú y xã")
    for field, at in (("doc", row.locator(".said")), ("chu", row.locator("[data-field=chu]"))):
        at.dblclick(position={"x": 12, "y": 12})  # what is chosen goes into the field of its column
        assert row.locator(f"[name={field}]").input_value().lower() == "trạm"
    row.locator("[name=chu]").fill("vắc xin")
    row.locator("[name=doc]").fill("vắc-xin phòng bệnh")
    row.locator("button", has_text="Ghi vào từ điển").click()
    done(editor)
    editor.wait_for_selector(".said >> text=phòng bệnh")
    with house.office.desk() as desk:
        after = {t.recipe for _, t in bulletins.spoken_by(desk, bulletin)}
    assert 0 < len(after - before) < len(after)
    assert "vắc xin\tvắc-xin phòng bệnh" in (house.folder / "tu-dien.tsv").read_text("utf-8")
    editor.click("text=Gửi duyệt")
    house.see(editor, "ban-tin")
    assert editor.locator("text=Duyệt đúng bản vừa nghe").count() == 0  # she may not sign
    # somebody else signs, in a session of their own
    approver = house.page("duyet")
    house.see(approver, "hom-nay")
    approver.click("text=Tiêm vắc xin cho đàn heo")
    approver.click("text=Duyệt đúng bản vừa nghe")
    assert "P-111" in approver.inner_text("main")  # nothing was played yet
    assert [line for line in house.said if "409" not in line] == []
    house.said.clear()
    approver.goto(f"{house.url}/ban-tin/{name}")
    with approver.expect_response(re.compile("am-thanh")):
        approver.evaluate("document.querySelector('audio').play().catch(() => 0)")
    approver.click("text=Duyệt đúng bản vừa nghe")
    approver.wait_for_selector("text=Đã duyệt.")
    # the push, by the operator's hand
    operator = house.page("hanh")
    tomorrow = f"{datetime.now(ZONE) + timedelta(days=1):%Y-%m-%d}"
    operator.goto(f"{house.url}/phan-phoi?ngay={tomorrow}")
    assert operator.locator(".cell .wait", has_text="chưa có").count() == 1
    operator.click("text=CM-0101")
    operator.click("text=Gửi ngay")
    for _ in range(60):
        operator.goto(f"{house.url}/phan-phoi/CM-0101")
        if "Đã gửi 1 tệp" in operator.inner_text("main"):
            break
        operator.wait_for_timeout(500)
    house.see(operator, "tram")
    operator.goto(f"{house.url}/phan-phoi?ngay={tomorrow}")
    assert operator.locator(".good", has_text="có").count() == 1
    house.see(operator, "phan-phoi")
    operator.goto(f"{house.url}/phan-phoi/tuan")
    assert operator.locator("td .good").count() == 1
    house.see(operator, "tung-dem")
    assert [f.suffix for f in house.loa.glob("*.mp3")] == [".mp3"]
    paper = operator.context.new_page()
    paper.goto((house.loa / "LICH-PHAT.txt").as_uri())
    assert "Tiêm vắc xin" in paper.inner_text("body")
    house.see(paper, "lich-phat")
    operator.goto(f"{house.url}/nam?nam={tomorrow[:4]}")
    assert "1/50" in operator.inner_text("h1")
    for path in ("lich", "nhat-ky"):
        operator.goto(f"{house.url}/{path}")
        house.see(operator, path)
    editor.goto(f"{house.url}/them")
    house.see(editor, "them")
    assert house.said == []


def test_how_a_file_is_read_is_shown_and_it_stays_chosen(house):
    file = house.folder / "tin.txt"
    file.write_text(script(), "utf-8")
    editor = house.page("bien")
    editor.goto(f"{house.url}/them")
    editor.click("text=Xem cách đọc trước")
    editor.wait_for_selector("#xem-truoc >> text=P-113")
    assert [line for line in house.said if "409" not in line] == []
    house.said.clear()
    editor.set_input_files("#tep", file)
    editor.click("text=Xem cách đọc trước")
    editor.wait_for_selector("#xem-truoc .said >> text=không hai chín không")
    assert editor.url == f"{house.url}/them"
    editor.click("text=Nhận bài và làm bản tin")
    editor.wait_for_selector("h1 >> text=Tiêm vắc xin")
    done(editor)
    assert house.said == []


def test_the_same_without_a_script_in_the_browser(house):
    editor = house.page("bien", scripts=False)
    editor.goto(f"{house.url}/them")
    editor.fill("#bai", script())
    editor.click("text=Xem cách đọc trước")
    assert "không hai chín không" in editor.inner_text("main").lower()
    editor.click("text=Nhận bài và làm bản tin")
    for _ in range(120):
        if editor.locator("audio").count() and not editor.locator("[hx-get]").count():
            break
        editor.wait_for_timeout(500)
        editor.reload()
    editor.click("text=Gửi duyệt")
    assert "Đã gửi duyệt." in editor.inner_text("main")


FITS = "document.documentElement.scrollWidth <= window.innerWidth"


def heard_and_signed(page):
    with page.expect_response(re.compile("am-thanh")):
        page.evaluate("document.querySelector('audio').play().catch(() => 0)")
    assert page.locator("#chua-nghe").is_hidden()
    page.click("text=Duyệt đúng bản vừa nghe")


def test_from_the_calendar_to_an_urgent_bulletin_that_two_people_sign_and_that_is_there_at_once(house):
    today = datetime.now(ZONE).replace(hour=5, minute=0, second=0, microsecond=0)
    air = today + (10 - today.weekday()) * DAY  # the Thursday of next week
    with house.office.desk() as desk:
        known(desk, "hai", "Người duyệt thứ hai", Role.APPROVER)
        bulletin = province.signed(desk, 1, air=(air,), title="Bão số 12 đổi hướng", planned=False)
        province.remaster(desk, bulletin, 50_000, seed=5, planned=False)
        made = desk.store.put_bytes(b"storm" * 9000)
        fields = {"profile": "loa-xa", "size": 45_000, "seconds": 61.0, "lufs": -16.0, "dbtp": -1.6, "lra": 4.0}
        desk.ledger.record(desk.fact(Happened.MASTERED, bulletin=bulletin, digest=made, suffix=".mp3", **fields))
        others = ((timedelta(minutes=1), "Lịch cắt điện"), (-2 * DAY, "Phòng sốt xuất huyết"), (DAY, "Tiêm chủng"))
        for number, (later, title) in enumerate(others, start=2):
            province.signed(desk, number, air=(air + later,), title=title)
    first = house.page("duyet")
    first.goto(f"{house.url}/lich?tuan={air:%Y-%m-%d}")
    assert "phát đè lên nhau" in first.inner_text(".week")
    house.see(first, "lich")
    first.click(".week >> text=Bão số 12")
    first.click("summary >> text=Chuyển thành khẩn cấp")
    first.fill("#khan-ly-do", "tàu thuyền phải vào bờ ngay")
    first.click("button >> text=Chuyển thành khẩn cấp")
    first.wait_for_selector("text=cần hai người ký")
    heard_and_signed(first)
    first.wait_for_selector("text=còn cần một người nữa")
    assert list(house.loa.glob("*.mp3")) == []
    assert first.locator("text=Gửi ngay cho trạm còn thiếu").count() == 0
    second = house.page("hai")
    second.goto(f"{house.url}/lich?tuan={air:%Y-%m-%d}")
    second.click("section[aria-labelledby=khan] >> text=Bão số 12")
    heard_and_signed(second)
    second.wait_for_selector("#tram .good >> text=CM-0101", timeout=60_000)  # the page asks by itself
    second.wait_for_selector("text=Gửi khẩn xong: 1/1 trạm.")
    house.see(second, "khan-cap")
    assert [f.suffix for f in house.loa.glob("*.mp3")] == [".mp3"]
    assert "[KHẨN CẤP]" in (house.loa / "LICH-PHAT.txt").read_text("utf-8-sig")
    assert house.said == []


def test_a_page_that_asks_for_itself_goes_on_after_an_answer_that_failed(house):
    held, asked = threading.Event(), []
    operator = house.page("hanh")

    def answer(route):
        asked.append(route)
        if len(asked) == 1:
            return route.fulfill(status=503, body="")
        held.set()
        return route.continue_()

    operator.route("**/tien-do", answer)
    job = {"lane": Lane.LINE, "about": errands.about_station("CM-0101"), "who": "Người vận hành"}
    house.work.ask(**job, do=lambda _desk: held.wait(60) and Says("Xong rồi.", "Done."))
    operator.goto(f"{house.url}/phan-phoi/CM-0101")
    operator.wait_for_selector("text=Đang gọi trạm")
    operator.wait_for_selector("text=Xong rồi.", timeout=20_000)
    assert len(asked) >= 2
    assert [text for text in house.said if "503" not in text] == []


def test_a_phone_shows_the_calendar_as_a_list_of_days_and_the_keyboard_reaches_each_slot(house):
    with house.office.desk() as desk:
        province.signed(desk, 1, air=(datetime.now(ZONE) + timedelta(days=1),))
    phone = house.page("bien", PHONE, scripts=False)
    phone.goto(f"{house.url}/lich?tuan={datetime.now(ZONE) + timedelta(days=1):%Y-%m-%d}")
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    tops = phone.locator(".week .day h2").evaluate_all("all => all.map(one => one.getBoundingClientRect().top)")
    assert tops == sorted(set(tops))  # a day below the other
    assert phone.locator(".week .slot.empty:visible").count() == 0
    phone.locator(".week .spot a").first.focus()
    phone.keyboard.press("Enter")
    phone.wait_for_selector("h1 >> text=Tin số 1")
    phone.go_back()
    phone.goto(f"{house.url}/lich?tuan={datetime.now(ZONE) + timedelta(days=8):%Y-%m-%d}")
    phone.locator(".week a.add").first.focus()
    phone.keyboard.press("Enter")
    phone.wait_for_selector("#bai")
    assert "Phát: " in phone.input_value("#bai")


def test_a_session_that_ends_over_a_long_text_loses_nothing(house):
    editor = house.page("bien", scripts=False)
    editor.goto(f"{house.url}/them")
    editor.fill("#ten", "bài dài")
    editor.fill("#bai", script())
    editor.context.clear_cookies()
    editor.click("text=Nhận bài và làm bản tin")
    assert "Chữ bạn đã gõ còn nguyên" in editor.inner_text("main")
    editor.fill("#ten", "bien")
    editor.fill("#mat-khau", PASSWORD)
    editor.click("main button")
    assert editor.input_value("#giu-bai") == script()
    with house.office.desk() as desk:
        assert desk.ledger.bulletins() == []  # nothing is sent by itself
    house.see(editor, "gui-lai")
    editor.click("button >> text=Gửi lại")
    editor.wait_for_selector("h1 >> text=Tiêm vắc xin")


def test_whoever_types_stays_signed_in_and_is_told_when_it_is_over_all_the_same(house):
    editor = house.page("bien")
    editor.goto(f"{house.url}/them")
    with editor.expect_response("**/con-day") as answer:
        editor.locator("#bai").press_sequentially("Kính thưa")
    assert answer.value.status == 204
    editor.goto(f"{house.url}/them")
    editor.context.clear_cookies()
    editor.locator("#bai").press_sequentially("Kính thưa")
    editor.wait_for_selector("#het-phien >> text=chữ đã gõ còn nguyên")
    assert [line for line in house.said if "401" not in line] == []


PAGES = [
    "/",
    "/ban-tin",
    "/them",
    "/lich",
    "/phan-phoi",
    "/phan-phoi/tuan",
    "/phan-phoi/CM-0101",
    "/nam",
    "/nhat-ky",
    "/cai-dat",
    "/toi",
    "/toi/api",
]
SHOWN = {"/ban-tin": "danh-sach", "/cai-dat": "cai-dat", "/toi": "tai-khoan", "/toi/api": "api"}
"""Pages whose picture is taken where each is looked at, and its name."""


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_no_page_has_a_serious_fault_for_people_who_cannot_see_or_hold_a_mouse(house, size):
    from axe_playwright_python.sync_playwright import Axe

    with house.office.desk() as desk:
        bulletin = province.signed(desk, 1, air=(datetime.now(ZONE) + timedelta(days=1),))
        plan.plan(desk, bulletin)
        push.push(desk)
        from pipeline.newsroom import people

        people.change(desk, "tri", "lệnh", roles=set(Role))
    page = house.page("tri", size)
    stranger = house.chromium.new_context(viewport=size, locale="vi-VN")
    house.stack.callback(stranger.close)
    door, found = stranger.new_page(), {}
    for page, path in [
        (door, "/dang-nhap"), *((page, path) for path in [*PAGES, f"/ban-tin/{bulletin.id}", "/khong-co"])
    ]:  # fmt: skip
        page.goto(house.url + path)
        assert page.evaluate(FITS), (path, "scrolls sideways")
        if size == DESK and (name := {"/dang-nhap": "dang-nhap", **SHOWN}.get(path)):
            house.see(page, name)
        # A page's own policy lets no script of another in; the checker comes as the browser's own.
        violations = Axe().run(page).response["violations"]
        serious = [(v["id"], v["nodes"][0]["html"][:120]) for v in violations if v["impact"] in {"serious", "critical"}]
        if serious:
            found[path] = serious
    assert found == {}


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_full_year_is_for_everybody(tmp_path, chromium, size):
    from axe_playwright_python.sync_playwright import Axe

    year.lay_out(tmp_path)
    with province.newsroom(tmp_path, province.Clock(year.NOW)) as desk:
        year.fill(desk)
        known(desk, "duyet", "Người duyệt", Role.APPROVER)
    with ExitStack() as stack:
        office = stack.enter_context(Office(config.load(tmp_path), partial(open_desk)))
        server = stack.enter_context(Server(office, "127.0.0.1", 0))
        context = chromium.new_context(viewport=size, locale="vi-VN")
        stack.callback(context.close)
        page = context.new_page()
        said = []
        page.on("console", lambda message: said.append(message.text))
        url, serious = f"http://127.0.0.1:{server.port}", {}

        def look(name):
            assert page.evaluate(FITS), (
                name,
                "scrolls sideways",
            )
            found = [v["id"] for v in Axe().run(page).response["violations"] if v["impact"] in {"serious", "critical"}]
            serious.update({name: found} if found else {})
            if PICTURES and size == DESK:
                page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=name == "nam")

        page.goto(f"{url}/dang-nhap")
        page.fill("#ten", "duyet")
        page.fill("#mat-khau", PASSWORD)
        page.click("main button")
        page.goto(f"{url}/nam?nam=2026")
        page.click("summary >> text=Ghi thêm tài liệu")
        page.select_option("#dong", "clips")
        page.fill("#so-luong", "3")
        page.fill("#ngay", "2026-11-20")
        page.fill("#noi-dung", "Clip phòng chống tảo hôn")
        page.fill("#bang-chung", "Biên bản số 12/BB-VHTT")
        page.click("button >> text=/^Ghi$/")
        page.wait_for_selector("td >> text=Clip phòng chống tảo hôn")
        look("nam")
        with page.expect_download() as loaded:
            page.click("button >> text=Tải về")
        assert loaded.value.suggested_filename == "bao-cao-2026.docx"
        assert Path(loaded.value.path()).read_bytes()[:2] == b"PK"
        page.goto(f"{url}/nam/xa?nam=2026")
        look("xa")
        assert serious == {}
        assert said == []


def test_a_page_can_be_used_by_keyboard_alone(house):
    page = house.page("bien")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id || location.hash") in {"main", "#main"}
    names = []
    for _ in range(14):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.textContent.trim()"))
    assert any(names)


def test_khmer_is_shown_in_a_font_that_shapes_it(house):
    page = house.page("bien")
    loaded = page.evaluate(
        "() => document.fonts.load('16px Khmer', '\\u1780\\u17d2\\u1798\\u17c2\\u179a').then(found => found.length)"
    )
    assert loaded == 1
    answer = page.request.get(f"{house.url}/tinh/khmer.ttf")
    assert len(answer.body()) < 120_000
