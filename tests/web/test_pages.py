"""Every page, as a browser asks for it."""

import csv
import html
import os
import re
import shutil
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from pipeline import passwords
from pipeline.core.errors import PipelineError
from pipeline.core.facts import Happened
from pipeline.core.model import Language, Paragraph
from pipeline.core.people import RIGHTS, Person, Right, Role
from pipeline.core.ports import Lane
from pipeline.newsroom import announcers, approvals, people, push, scripts
from pipeline.newsroom.office import Office
from pipeline.report import words
from pipeline.web import library, uploads
from pipeline.web.api.caller import Call
from pipeline.web.app import make_app
from pipeline.web.server import Server
from pipeline.web.visitor import Visit
from pipeline.web.work import Work
from tests import province
from tests.flow.test_changes import station

PASSWORD, FIRST = "bông điên điển vàng", "cá lóc nướng trui"
LOGINS = {Role.EDITOR: "bien", Role.APPROVER: "duyet", Role.OPERATOR: "hanh", Role.READER: "xem", Role.ADMIN: "tri"}


@pytest.fixture
def clock():
    return province.Clock()


@pytest.fixture
def desk(tmp_path, clock):
    province.lay_out(tmp_path, [station(tmp_path, "A"), station(tmp_path, "B")])
    with province.newsroom(tmp_path, clock) as opened:
        for role, login in LOGINS.items():
            known(opened, login, f"Người {login}", role)
        yield opened


@cache
def hashed():
    """Made once: it is meant to take its time."""
    return passwords.hashed(PASSWORD)


def known(desk, login, name, *roles):
    """Somebody who has chosen their password."""
    accounts = desk.ledger.accounts
    fact = replace(desk.fact(Happened.ACCOUNT), detail={"what": "admitted", "login": login})
    accounts.admit(Person(login=login, name=name, roles=frozenset(roles)), hashed(), fact)
    accounts.set_password(login, hashed(), fact, temporary=False)


@pytest.fixture
def app(desk):
    return make_app(Office(desk.config, lambda _settings: nullcontext(desk)))


def token(text):
    return re.search(r'name="_token" value="([^"]+)"', text)[1]


class Browser(TestClient):
    """Signed in, and sends the token of the page it is on."""

    def submit(self, path, on=None, **fields):
        form = token(self.get(on or path).text)
        return self.post(path, data={"_token": form, **fields}, follow_redirects=False)


def browser(app, role=None, login="", password=PASSWORD):
    one = Browser(app, base_url="http://ban-tin.test")
    login = login or (LOGINS[role] if role else "")
    if login:
        done = one.submit("/dang-nhap", ten=login, **{"mat-khau": password})
        assert done.status_code == 303, done.text
    return one


def made_again(desk, bulletin):
    """A master that nobody has signed yet."""
    made = desk.store.put_bytes(b"another master")
    desk.ledger.record(
        desk.fact(
            Happened.MASTERED, bulletin=bulletin, digest=made, profile="loa-xa", size=14, seconds=1.0, lufs=-16.0,
            dbtp=-2.0, lra=1.0, suffix=".mp3",
        )
    )  # fmt: skip
    return made


PAGES = ["/", "/ban-tin", "/lich", "/phan-phoi", "/phan-phoi/tuan", "/phan-phoi/A", "/nam", "/nam/xa", "/nhat-ky",
         "/nhat-ky.csv", "/cai-dat", "/toi", "/toi/api"]  # fmt: skip


def test_every_page_shows_in_both_languages(app, desk):
    bulletin = province.signed(desk, 1)
    push.push(desk)
    see = browser(app, Role.READER)
    for path in [*PAGES, f"/ban-tin/{bulletin.id}"]:
        answer = see.get(path)
        assert answer.status_code == 200, (path, answer.text[-2000:])
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert len(answer.content) < 200_000
    assert "Tin số 1" in see.get("/").text
    assert "Hôm nay" in see.get("/").text
    see.get("/tieng/en")
    assert "Today" in see.get("/").text


def test_who_is_not_signed_in_sees_nothing_but_the_form(app):
    one = browser(app)
    for path in PAGES:
        answer = one.get(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/dang-nhap?ve={path.replace('/', '%2F')}")
    assert one.get("/healthz").json()["status"] == "ok"
    assert one.get("/khong-co").status_code == 404


def is_page(route):
    """What programs ask for has tests of its own."""
    return not getattr(route, "path", "").startswith("/api/")


def routes(app):
    """Every page with the right it asks for."""
    parts = [getattr(route, "original_router", None) for route in app.routes]
    every = [*app.routes, *(route for part in parts if part for route in part.routes)]
    for route in every:
        dependant = getattr(route, "dependant", None)
        rights = [d.call.right for d in dependant.dependencies if isinstance(d.call, Visit)] if dependant else []
        for method in getattr(route, "methods", set()) - {"HEAD"} if is_page(route) else ():
            yield method, route.path, rights[0] if rights else None


def operations(app):
    """Every operation of the API with the scope that it asks for."""
    parts = [getattr(route, "original_router", None) for route in app.routes]
    for route in (route for part in parts if part for route in part.routes if route.path.startswith("/api/")):
        (call,) = [d.call for d in route.dependant.dependencies if isinstance(d.call, Call)]
        for method in route.methods - {"HEAD"}:
            yield method, route.path, call.right


def test_every_page_that_changes_something_asks_for_a_right(app):
    found = list(routes(app))
    assert len(found) > 30
    assert {path for method, path, right in found if method != "GET" and right is None} == {"/dang-nhap"}


def route_table(app):
    """Every page and operation with who may ask for it, as docs/routes.md has it."""
    rows = [(path, method, right) for method, path, right in (*routes(app), *operations(app))]
    heads = " | ".join(words.ROLE[role].vi for role in Role)
    lines = [f"| page | | {heads} | nobody signed in |", "|---|---|" + "---|" * (len(Role) + 1)]
    for path, method, right in sorted(rows, key=lambda row: (row[0], row[1])):
        may = [right is None or right in RIGHTS[role] for role in Role]
        lines.append(
            f"| `{path}` | {method} | " + " | ".join("✓" if one else "" for one in [*may, right is None]) + " |"
        )
    return "\n".join(lines)


def test_the_table_of_who_may_ask_for_what_is_that_of_the_program(app):
    page = Path(__file__).parents[2] / "docs" / "routes.md"
    if os.environ.get("BANTIN_PICTURES"):  # written anew with the pictures
        before = page.read_text("utf-8").split("\n| page |")[0]
        page.write_text(f"{before}\n{route_table(app)}\n", "utf-8")
    assert route_table(app) in page.read_text("utf-8")


OPEN = {"/dang-nhap", "/tieng/{code}", "/tinh/{name}", "/healthz", "/metrics"} | {r.path for r in library.router.routes}


def test_every_role_is_refused_every_page_that_it_may_not_have(app, desk):
    bulletin = province.signed(desk, 1)
    found = list(routes(app))
    assert {path for _, path, right in found if right is None} == OPEN
    fill = {"name": bulletin.id, "code": "A", "number": "1", "digest": "0" * 64, "login": "xem"}
    before = len(desk.ledger.facts())
    for role in Role:
        one = browser(app, role)
        form = token(one.get("/toi").text)
        for method, path, right in found:
            if right is None or right in RIGHTS[role]:
                continue
            answer = one.request(method, path.format(**fill), data={"_token": form} if method == "POST" else None)
            assert answer.status_code == 403, (role, method, path, answer.status_code)
            assert "P-103" in answer.text
    assert len(desk.ledger.facts()) == before


def test_no_form_is_taken_without_the_token_of_its_page(app, desk):
    bulletin = province.signed(desk, 1)
    fill = {"name": bulletin.id, "code": "A", "number": "1", "login": "xem"}
    one = browser(app, login="tri")
    people.change(desk, "tri", "lệnh", roles=set(Role))
    before = len(desk.ledger.facts())
    other = token(browser(app, Role.EDITOR).get("/toi").text)
    for method, path, right in routes(app):
        if method == "POST" and right is not None:
            for fields in ({}, {"_token": "x.y"}, {"_token": other}):
                answer = one.post(path.format(**fill), data=fields or {"x": "y"})
                assert answer.status_code == 403, (path, fields, answer.status_code)
                assert "P-109" in answer.text
    assert len(desk.ledger.facts()) == before


def test_a_form_from_another_site_is_not_even_read(app):
    one = browser(app, Role.APPROVER)
    for headers in ({"origin": "http://xau.test"}, {"sec-fetch-site": "cross-site"}):
        assert one.post("/dang-xuat", data={"x": "y"}, headers=headers).status_code == 403
    assert one.get("/", follow_redirects=False).status_code == 200


def test_a_letter_that_no_database_takes_is_refused_in_every_form(app):
    odd = browser(app).submit("/dang-nhap", ten="bi\0en", **{"mat-khau": PASSWORD})
    assert (odd.status_code, "P-118" in odd.text) == (400, True)
    odd = browser(app, Role.EDITOR).submit("/toi/ma", on="/toi", ten="m\0y", viec=["see"])
    assert (odd.status_code, "P-118" in odd.text) == (400, True)


def test_a_stolen_cookie_is_worth_nothing_after_signing_out(app):
    one = browser(app, Role.EDITOR)
    stolen = dict(one.cookies)
    one.submit("/dang-xuat", on="/toi")
    thief = browser(app)
    thief.cookies.update(stolen)
    assert thief.get("/", follow_redirects=False).status_code == 303


def test_cookies_are_kept_from_scripts_and_from_plain_lines(app):
    one = Browser(app, base_url="https://ban-tin.test")
    answer = one.submit("/dang-nhap", ten="xem", **{"mat-khau": PASSWORD})
    cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", "Secure", "SameSite=lax"):
        assert part in cookie


def test_wrong_passwords_lock_out_and_it_is_told(app, desk):
    one = browser(app)
    for _ in range(5):
        assert one.submit("/dang-nhap", ten="bien", **{"mat-khau": "sai sai sai"}).status_code == 401
    answer = one.submit("/dang-nhap", ten="bien", **{"mat-khau": PASSWORD})
    assert (answer.status_code, "15 phút" in answer.text) == (429, True)
    assert [
        f.detail["login"] for f in desk.ledger.facts(happened=Happened.ACCOUNT) if f.detail["what"] == "locked"
    ] == ["bien"]


def test_nobody_is_sent_to_another_site_after_signing_in(app):
    for away in ("//xau.test/", "https://xau.test/", "/\\xau.test"):
        answer = browser(app).submit("/dang-nhap", ten="xem", ve=away, **{"mat-khau": PASSWORD})
        assert answer.headers["location"] == "/"


def test_a_first_password_must_be_changed_before_anything_else(app, desk):
    people.admit(desk, Person(login="moi", name="Người mới", roles=frozenset({Role.EDITOR})), FIRST, "lệnh")
    one = browser(app, login="moi", password=FIRST)
    assert one.get("/", follow_redirects=False).headers["location"] == "/toi"
    assert one.post("/them", data={"_token": token(one.get("/toi").text)}).status_code == 403
    done = one.submit("/toi/mat-khau", on="/toi", cu=FIRST, moi=PASSWORD, lai=PASSWORD)
    assert done.status_code == 303
    assert one.get("/", follow_redirects=False).status_code == 200


def test_a_new_password_typed_in_two_ways_is_told_as_that(app, desk):
    one = browser(app, Role.READER)
    refused = one.submit("/toi/mat-khau", on="/toi", cu=PASSWORD, moi=FIRST, lai=FIRST + "x")
    assert (refused.status_code, "gõ lại, hai lần như nhau" in refused.text) == (409, True)
    assert "như bốn từ" not in refused.text
    assert people.sign_in(desk, LOGINS[Role.READER], PASSWORD, "x")


def test_whoever_could_not_be_admitted_is_still_in_the_form(app, desk):
    admin = browser(app, Role.ADMIN)
    refused = admin.submit(
        "/cai-dat/nguoi", on="/cai-dat", ten="Bà D", **{"ho-ten": "Lê Thị “D”", "vai": ["duyet", "xem"]}
    )
    form = html.unescape(refused.text[refused.text.rindex("<details") :])
    assert (refused.status_code, "P-108" in refused.text, form.startswith('<details class="panel" open>')) == (
        409, True, True,
    )  # fmt: skip
    assert 'name="ten" value="bà d"' in form
    assert 'name="ho-ten" value="Lê Thị “D”"' in form
    assert re.findall(r'value="([\w-]+)" checked', form) == ["duyet", "xem"]
    assert " open>" not in admin.get("/cai-dat").text
    assert desk.ledger.accounts.person("bà d") is None


def test_an_approver_signs_what_was_played_and_nothing_else(app, desk):
    bulletin = province.signed(desk, 1)
    old = province.remaster(desk, bulletin, 40_000, seed=2)
    other = made_again(desk, bulletin)
    one, path = browser(app, Role.APPROVER), f"/ban-tin/{bulletin.id}"
    answer = one.submit(f"{path}/duyet", on=path, nghe=[other])
    assert ("P-111" in answer.text, "bằng chính mã" in answer.text) == (True, False)  # that is for programs
    sound = one.get(f"{path}/am-thanh/{other}", headers={"range": "bytes=0-3"})
    assert (sound.status_code, sound.content, sound.headers["content-type"]) == (206, b"anot", "audio/mpeg")
    answer = one.submit(f"{path}/duyet", on=path, nghe=[old])
    assert (answer.status_code, "N-101" in answer.text) == (409, True)
    assert one.submit(f"{path}/duyet", on=path, nghe=[other]).status_code == 303
    signed = desk.ledger.facts(bulletin.id, Happened.APPROVED)[-1]
    assert (signed.who, signed.digest) == ("Người duyet", other)


def test_who_wrote_a_script_does_not_sign_it(app, desk):
    people.change(desk, "duyet", "lệnh", roles={Role.APPROVER, Role.EDITOR})
    bulletin = province.signed(desk, 1, author="Người Duyệt")
    other = made_again(desk, bulletin)
    one, path = browser(app, Role.APPROVER), f"/ban-tin/{bulletin.id}"
    one.get(f"{path}/am-thanh/{other}")
    answer = one.submit(f"{path}/duyet", on=path, nghe=[other])
    assert answer.status_code == 409
    assert "người viết" in answer.text


def hurried(desk, one, number=1):
    """A bulletin that nobody has signed, made urgent by whoever is signed in; its page, and what is to be heard."""
    bulletin = province.signed(desk, number, planned=False)
    made, path = made_again(desk, bulletin), f"/ban-tin/{bulletin.id}"
    assert "P-112" in one.submit(f"{path}/khan", on=path, **{"ly-do": " "}).text
    assert one.submit(f"{path}/khan", on=path, **{"ly-do": "bão đổi hướng"}).status_code == 303
    return bulletin, path, made


def sign(one, path, made):
    one.get(f"{path}/am-thanh/{made}")
    return one.submit(f"{path}/duyet", on=path, nghe=[made])


def test_what_is_urgent_goes_to_every_station_the_moment_the_second_person_has_signed(app, desk):
    known(desk, "hai", "Người thứ hai", Role.APPROVER)
    first, second = browser(app, Role.APPROVER), browser(app, login="hai")
    bulletin, path, made = hurried(desk, first)
    assert sign(first, path, made).headers["location"].endswith("xong=mot")
    assert "còn cần một người nữa" in first.get(f"{path}?xong=mot").text
    assert "chờ người duyệt thứ hai" in second.get("/lich?tuan=2026-11-25").text
    again = sign(first, path, made)
    assert (again.status_code, "đã ký rồi" in again.text) == (409, True)
    assert app.state.work.job(f"khan {bulletin.id}") is None
    assert desk.ledger.holdings() == []
    assert sign(second, path, made).status_code == 303
    while not app.state.work.job(f"khan {bulletin.id}").ended:
        time.sleep(0.01)
    assert {(h.station, h.digest) for h in desk.ledger.holdings()} == {("A", made), ("B", made)}
    shown = second.get(f"{path}/tram").text
    assert ["Gửi khẩn xong: 2/2 trạm." in shown, "Người thứ hai" in shown, shown.count("✓")] == [True, True, 2]
    kinds = (Happened.URGED, Happened.APPROVED, Happened.RUSHED, Happened.CONFIRMED)
    done = [(f.happened.value, f.who) for f in desk.ledger.facts(bulletin.id) if f.happened in kinds][1:]
    hai = "Người thứ hai"
    assert done == [("urged", "Người duyet"), ("approved", "Người duyet"), ("approved", hai), ("confirmed", hai),
                    ("confirmed", hai), ("rushed", hai)]  # fmt: skip
    log = second.get("/nhat-ky?loai=rushed").text
    assert ["gửi khẩn" in log, hai in log] == [True, True]


def test_nobody_sends_at_once_what_two_people_have_not_signed(app, desk):
    known(desk, "ca", "Phạm Cả", *Role)
    one = browser(app, login="ca")
    bulletin, path, made = hurried(desk, one)
    for _ in range(2):
        sign(one, path, made)
    answer = one.submit(f"{path}/gui-ngay", on=path)
    assert (answer.status_code, "N-102" in answer.text) == (409, True)
    assert app.state.work.job(f"khan {bulletin.id}") is None
    assert desk.ledger.facts(happened=Happened.RUSHED) == []


def test_a_bulletin_names_its_versions_and_who_did_what_to_which(app, desk):
    bulletin = province.signed(desk, 1)
    made_again(desk, bulletin)
    announcers.teach(desk, "UBND", "ủy ban", "Người bien", bulletin)
    approvals.send_back(desk, bulletin, "Người thứ hai", "sai tên xã")
    text = browser(app, Role.READER).get(f"/ban-tin/{bulletin.id}").text
    rows = re.findall(r"<tr><td><a [^>]*>(bản \d)</a>(.*?)</tr>", text, re.DOTALL)
    assert [(name, "bản này" in row, "Người duyệt" in row) for name, row in rows] == [
        ("bản 2", True, False), ("bản 1", False, False),
    ]  # fmt: skip
    assert "Người thứ hai, 23/11 22:00: " in text
    assert "UBND → ủy ban" in text
    for part in ("(đích -16,0)", "(trần -1,5)"):
        assert part in text
    log = re.findall(r"<td>(duyệt|làm xong bản phát)</td><td>[^<]*</td><td>(bản \d)</td>", text)
    assert log == [("làm xong bản phát", "bản 2"), ("duyệt", "bản 1"), ("làm xong bản phát", "bản 1")]


def test_templates_stand_in_the_order_in_which_they_are_wanted(app, desk):
    shutil.copytree(Path(__file__).parents[2] / "scripts" / "mau", desk.config.scripts / "mau")
    (desk.config.scripts / "mau" / "tin.txt").write_text("Tiêu đề: Thử\n\nHọp.\n", "utf-8")
    shown = re.findall(
        r'href="/them\?mau=([^"&]+)" title="[^"]+">([^<]+)</a>', browser(app, Role.EDITOR).get("/them").text
    )
    assert shown == [
        ("ban-tin-vi.txt", "Mẫu bản tin tiếng Việt"), ("tin.txt", "tin"), ("ban-tin-km.txt", "Mẫu bản tin tiếng Khmer"),
        ("ban-tin-song-ngu.txt", "Mẫu bản tin song ngữ"),
    ]  # fmt: skip


def test_a_template_is_shown_with_how_it_will_be_read(app, desk):
    folder = desk.config.scripts / "mau"
    folder.mkdir()
    (folder / "tin.txt").write_text("# MẪU TIN NGẮN: sửa rồi gửi\nTiêu đề: Thử\n\nHọp lúc 8h30.\n", "utf-8")
    one = browser(app, Role.EDITOR)
    assert "MẪU TIN NGẮN" in one.get("/them").text
    text = one.get("/them?mau=tin.txt").text
    assert "tám giờ ba mươi" in text.lower()
    (folder / "hong.txt").write_text("Tiêu đề: Thử\nPhát: hôm nào\n\nHọp.\n", "utf-8")
    answer = one.get("/them?mau=hong.txt")
    assert (answer.status_code, bool(re.search(r"<strong>I-\d+</strong>", answer.text))) == (200, True)
    assert one.get("/them?mau=../../config.toml").text.count("[newsroom]") == 0
    assert desk.ledger.bulletins() == []


@pytest.mark.parametrize("asked", ["xam nhap", "XÂM NHẬP", "xâm nhập mặn", "canh bao xam nhap man"])
def test_a_bulletin_is_found_with_accents_or_without(app, desk, asked):
    province.signed(desk, 1, title="Cảnh báo xâm nhập mặn")
    province.signed(desk, 2, title="Đại hội chi bộ")
    found = browser(app, Role.READER).get("/ban-tin", params={"tim": asked}).text
    assert "Cảnh báo xâm nhập mặn" in found
    assert "Đại hội chi bộ" not in found


def test_an_empty_answer_to_a_search_is_not_told_as_an_empty_newsroom(app, desk):
    one = browser(app, Role.READER)
    assert "Chưa có bản tin nào." in one.get("/ban-tin").text
    assert "Không có bản tin nào như vậy." in one.get("/ban-tin?tim=lúa").text


# --- what was typed is not lost with the session ---------------------------------------------------------------------

TYPED = 'Sửa "xã Đất Mũi" </textarea><script>alert(1)</script>\nvà cả câu thứ hai.'


def fields(text, action):
    """What a browser would send of a form: its hidden fields, inputs and texts."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', text, re.DOTALL)[0]
    found = dict(re.findall(r'<input [^>]*name="([^"]+)"[^>]*value="([^"]*)"', form, re.DOTALL))
    found |= dict(re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL))
    return {name: html.unescape(value) for name, value in found.items()}


def signed_in_by(one, text, password=PASSWORD, login="duyet"):
    sent = fields(text, "/dang-nhap") | {"ten": login, "mat-khau": password}
    return one.post("/dang-nhap", files={name: (None, value) for name, value in sent.items()}, follow_redirects=False)


def test_what_was_typed_is_there_after_signing_in_again_and_is_sent_by_a_button_alone(app, desk, clock):
    bulletin = province.signed(desk, 1)
    one, path = browser(app, Role.APPROVER), f"/ban-tin/{bulletin.id}"
    form = token(one.get(path).text)
    clock.at += timedelta(hours=3)
    before = len(desk.ledger.facts())
    refused = one.post(f"{path}/tra", data={"_token": form, "ly-do": TYPED})
    assert (refused.status_code, "<script>alert" in refused.text) == (401, False)
    wrong = signed_in_by(one, refused.text, "sai sai sai sai")
    assert wrong.status_code == 401
    again = signed_in_by(one, wrong.text)
    assert ["Gửi lại" in again.text, "Người duyet" in again.text, "<script>alert" in again.text] == [True, True, False]
    assert len(desk.ledger.facts()) == before
    sent = fields(again.text, f"{path}/tra")
    assert sent["ly-do"] == TYPED
    assert one.post(f"{path}/tra", data=sent, follow_redirects=False).status_code == 303
    (fact,) = desk.ledger.facts(bulletin.id, Happened.RETURNED)
    assert (fact.who, fact.detail["reason"]) == ("Người duyet", TYPED)


def test_a_form_from_before_somebody_signed_in_anew_can_be_sent_again_at_once(app, desk):
    bulletin = province.signed(desk, 1)
    one, path = browser(app, Role.APPROVER), f"/ban-tin/{bulletin.id}"
    old = token(one.get(path).text)
    one.submit("/dang-nhap", ten="duyet", **{"mat-khau": PASSWORD})
    again = one.post(f"{path}/tra", data={"_token": old, "ly-do": TYPED})
    assert again.status_code == 409
    assert desk.ledger.facts(bulletin.id, Happened.RETURNED) == []
    assert one.post(f"{path}/tra", data=fields(again.text, f"{path}/tra"), follow_redirects=False).status_code == 303


def test_a_script_typed_for_hours_is_taken_in_after_signing_in_and_files_are_to_be_chosen_again(app, desk, clock):
    one = browser(app, Role.EDITOR)
    form = token(one.get("/them").text)
    clock.at += timedelta(hours=13)
    files = [("tep", ("a.wav", b"RIFF", "audio/wav"))]
    data = {"_token": form, "ten": "bài dài", "bai": GOOD, "viec": "nhan"}
    refused = one.post("/them", data=data, files=files)
    assert (refused.status_code, "phải chọn lại" in refused.text) == (401, True)
    again = signed_in_by(one, refused.text, login="bien")
    assert "hãy chọn lại" in again.text
    sent = fields(again.text, "/them")
    assert (sent["ten"], sent["bai"], sent["viec"]) == ("bài dài", GOOD, "nhan")
    assert one.post("/them", data=sent, follow_redirects=False).status_code == 303
    assert [b.title for b in desk.ledger.bulletins()] == ["Tin mới"]
    large = browser(app).post("/them", data={"bai": "x" * 600_000})
    assert (large.status_code, "P-130" in large.text) == (401, True)


def test_what_was_typed_waits_for_a_new_password_where_the_old_one_was_forgotten(app, desk, clock):
    one = browser(app, Role.EDITOR)
    form = token(one.get("/them").text)
    clock.at += timedelta(hours=13)
    people.reset(desk, "bien", FIRST, "Người tri")
    refused = one.post("/them", data={"_token": form, "ten": "bài dài", "bai": GOOD, "viec": "nhan"})
    again = one.post("/dang-nhap", data=fields(refused.text, "/dang-nhap") | {"ten": "bien", "mat-khau": FIRST})
    assert "Đặt mật khẩu của riêng bạn" in again.text
    early = one.post("/them", data=fields(again.text, "/them"), follow_redirects=False)
    assert (early.status_code, fields(early.text, "/them")["bai"]) == (409, GOOD)
    one.submit("/toi/mat-khau", on="/toi", cu=FIRST, moi=PASSWORD, lai=PASSWORD)
    late = one.post("/them", data=fields(early.text, "/them"), follow_redirects=False)
    assert (late.status_code, "Đặt mật khẩu của riêng bạn" in late.text) == (409, False)
    assert one.post("/them", data=fields(late.text, "/them"), follow_redirects=False).status_code == 303
    assert [b.title for b in desk.ledger.bulletins()] == ["Tin mới"]


def test_nothing_but_what_was_typed_is_carried_and_nowhere_else(app, desk, clock):
    bulletin = province.signed(desk, 1)
    one, path = browser(app, Role.APPROVER), f"/ban-tin/{bulletin.id}"
    form = token(one.get(path).text)
    clock.at += timedelta(hours=3)
    for where, data in (("/toi/mat-khau", {"cu": "bí mật lắm"}), (f"{path}/duyet", {"nghe": "0" * 64}),
                        ("/cai-dat/nguoi", {"ho-ten": "bí mật"})):  # fmt: skip
        answer = one.post(where, data={"_token": form, **data})
        assert ['name="giu' in answer.text, "bí mật" in answer.text] == [False, False], where
    cross = one.post(f"{path}/tra", data={"ly-do": TYPED}, headers={"origin": "http://xau.test"})
    assert (cross.status_code, "giu" in cross.text) == (403, False)
    page = browser(app).get("/dang-nhap").text
    for forged in ("/toi/mat-khau", "//xau.test/them", "https://xau.test/them", f"{path}/duyet", "/them/../toi"):
        sent = fields(page, "/dang-nhap") | {"ten": "duyet", "mat-khau": PASSWORD, "giu": forged, "giu-bai": "x"}
        two = Browser(app, base_url="http://ban-tin.test")
        sent["_token"] = token(two.get("/dang-nhap").text)
        assert two.post("/dang-nhap", data=sent, follow_redirects=False).headers.get("location") == "/", forged


def test_a_letter_that_no_database_takes_is_refused_in_any_form(tmp_path, clock, postgres):
    province.lay_out(tmp_path, [station(tmp_path, "A")], database=f'"{postgres.database()}"')
    with province.newsroom(tmp_path, clock) as desk:
        known(desk, "tri", "Người tri", Role.ADMIN)
        app = make_app(Office(desk.config, lambda _settings: nullcontext(desk)))
        stranger = browser(app).submit("/dang-nhap", ten="a\x00b", **{"mat-khau": PASSWORD})
        assert (stranger.status_code, "P-118" in stranger.text, "psycopg" in stranger.text) == (400, True, False)
        one = browser(app, login="tri")
        answer = one.submit("/toi/ma", on="/toi", ten="a\x00b", viec="see", ngay="9")
        assert (answer.status_code, "P-118" in answer.text) == (400, True)
        assert desk.ledger.accounts.tokens("tri") == []


def test_typing_keeps_a_session_and_looking_does_not(app, desk, clock):
    one = browser(app, Role.EDITOR)
    for _ in range(5):
        clock.at += timedelta(minutes=100)
        assert one.get("/con-day").status_code == 204
    clock.at += timedelta(minutes=121)
    assert one.get("/con-day", headers={"hx-request": "true"}).status_code == 401


def test_returning_needs_a_reason(app, desk):
    bulletin = province.signed(desk, 1)
    one, path = browser(app, Role.APPROVER), f"/ban-tin/{bulletin.id}"
    assert "P-112" in one.submit(f"{path}/tra", on=path, **{"ly-do": " "}).text
    assert one.submit(f"{path}/tra", on=path, **{"ly-do": "sai tên xã"}).status_code == 303
    assert "sai tên xã" in one.get(path).text


def test_what_was_heard_is_in_the_log_once_and_holds_after_a_restart(app, desk):
    bulletin = province.signed(desk, 1, planned=False)
    other = made_again(desk, bulletin)
    path = f"/ban-tin/{bulletin.id}"
    one = browser(app, Role.APPROVER)
    for part in ("bytes=0-3", "bytes=4-7", "bytes=0-"):
        one.get(f"{path}/am-thanh/{other}", headers={"range": part})
    (fact,) = desk.ledger.facts(bulletin.id, Happened.HEARD)
    assert (fact.who, fact.digest) == ("Người duyet", other)
    again = browser(make_app(Office(desk.config, lambda _settings: nullcontext(desk))), Role.APPROVER)
    assert again.submit(f"{path}/duyet", on=path, nghe=[other]).status_code == 303
    assert desk.ledger.facts(bulletin.id, Happened.APPROVED)[-1].digest == other


def test_nor_does_whoever_taught_a_word_that_stands_in_it_elsewhere(app, desk):
    made = province.signed(desk, 1, planned=False)
    script = replace(desk.ledger.script(made.script), digest="f" * 64, body=(Paragraph("Giá LÚA tăng.", Language.VI),))
    bulletin = replace(made, id="20261124-lua", script=script.digest)
    desk.ledger.receive(script, bulletin, desk.fact(Happened.RECEIVED, bulletin=bulletin, digest=script.digest))
    other = made_again(desk, bulletin)
    announcers.teach(desk, "lúa", "lúa gạo", "Người duyet")
    path, one = f"/ban-tin/{bulletin.id}", browser(app, Role.APPROVER)
    one.get(f"{path}/am-thanh/{other}")
    answer = one.submit(f"{path}/duyet", on=path, nghe=[other])
    assert (answer.status_code, "sửa cách đọc" in answer.text) == (409, True)


def test_files_of_one_name_are_all_taken_in(app):
    one = browser(app, Role.EDITOR)
    form = {"_token": token(one.get("/them").text)}
    names = ("3-a.txt", "a.txt", "a.txt", "../a.txt")
    files = [("tep", (name, f"Tin số {n} về giá lúa.".encode())) for n, name in enumerate(names)]
    answer = one.post("/them", data=form, files=files, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ban-tin")


SCRIPT = "Phát: 26/11/2026 05:00\n\nTrạm y tế xã tiêm vắc xin cho trẻ. Bà con đến đúng hẹn.\n"


def typed(desk, text=SCRIPT):
    """A bulletin of a text that somebody typed, mastered and waiting."""
    with desk.store.scratch() as scratch:
        (taken,) = scripts.sweep(desk, uploads.laid_down(Path(scratch), uploads.Sent((), text, "")))
    assert taken.problem is None
    province.remaster(desk, taken.bulletin, 1000, seed=1, planned=False)
    desk.ledger.record(desk.fact(Happened.MASTERED, bulletin=taken.bulletin, digest="9" * 64, profile="loa-xa", size=1,
                                 seconds=60.0, lufs=-16.0, dbtp=-1.5, lra=3.0, suffix=".mp3"))  # fmt: skip
    return taken.bulletin


def test_a_text_without_a_name_is_called_by_its_first_words(desk):
    assert typed(desk).title == "Trạm y tế xã tiêm vắc xin cho trẻ. Bà con đến đúng hẹn"
    for text, name in (
        ("# mẫu\nTiêu đề: A\n\nHạn mặn.\n", "Hạn mặn"),
        ("Kính thưa bà con.\nHôm nay trời mưa.", "Kính thưa bà con. Hôm nay trời mưa"),
        ("Lịch: 05/12\n\n" + "dài " * 40, " ".join(["dài"] * 15)),
        ("x" * 90, "x" * 60),
        ("Chỉ một câu", "Chỉ một câu"),
    ):
        assert uploads.named(uploads.Sent((), text, "")) == name


def test_today_tells_what_was_missed_and_what_waits_is_no_fault(app, desk):
    missed_one = province.signed(desk, 1)
    at = desk.now() - timedelta(hours=1)
    for code in "AB":
        told = desk.fact(Happened.MISSED, bulletin=missed_one, station=code, at=at.isoformat())
        desk.ledger.record(told)
    soon = province.signed(desk, 2, planned=False)
    made_again(desk, soon)
    shown = browser(app, Role.APPROVER).get("/").text
    said = html.unescape(re.sub(r"<[^>]+>", "", shown[shown.index("Cần xử lý") :]))
    assert (
        f"Lỡ giờ phát {at.astimezone(desk.config.zone):%d/%m/%Y %H:%M}: {missed_one.title}: 2 trạm không có: A, B"
        in said
    )
    assert "N-102" not in shown
    assert "sắp đến giờ phát" in shown[: shown.index("Cần xử lý")]


def test_what_was_replaced_waits_for_nobody(app, desk):
    old = typed(desk, "Tiêu đề: Tin\n" + SCRIPT)
    approvals.send_back(desk, old, "Người duyet", "sai giờ")
    one = browser(app, Role.EDITOR)
    assert old.id in one.get("/").text
    new = typed(desk, "Tiêu đề: Tin\n" + SCRIPT + "Thêm một câu.\n")
    shown = one.get("/").text
    assert (old.id in shown, new.id in shown) == (False, True)
    for name in (old, new):  # whatever became of both, the one that came last still waits for somebody
        desk.ledger.record(desk.fact(Happened.HELD, bulletin=name, reason="không có giọng"))
    shown = one.get("/").text
    assert (old.id in shown, new.id in shown) == (False, True)


def test_only_a_word_that_stands_in_the_text_is_mended_there(app, desk):
    bulletin = typed(desk)
    path, one = f"/ban-tin/{bulletin.id}", browser(app, Role.EDITOR)
    refused = one.submit(f"{path}/tu", on=path, chu="trạm y tế của", doc="trạm y tế")
    assert (refused.status_code, "P-132" in refused.text) == (409, True)
    assert not desk.config.dictionary.is_file()
    assert desk.ledger.facts(bulletin.id, Happened.TAUGHT) == []
    assert one.submit(f"{path}/tu", on=path, chu="Vắc  xin", doc="vắc-xin").status_code == 303
    assert "vắc-xin" in desk.config.dictionary.read_text("utf-8").casefold()


def test_who_would_mend_what_another_mended_meanwhile_is_asked_first(app, desk):
    bulletin = typed(desk)
    path, one, two = f"/ban-tin/{bulletin.id}", browser(app, Role.EDITOR), browser(app, Role.EDITOR)
    announcers.teach(desk, "vắc xin", "vắc-xin", "Người khác", bulletin)
    before = desk.config.dictionary.read_bytes()
    asked = one.submit(f"{path}/tu", on=path, chu="vắc xin", doc="thuốc <chủng> ngừa")
    shown = html.unescape(asked.text)
    assert (asked.status_code, "P-133" in shown, "“vắc-xin” (Người khác, " in shown) == (409, True, True)
    assert desk.config.dictionary.read_bytes() == before
    fields = {k: html.unescape(v) for k, v in re.findall(r'hidden" name="(chu|doc|thay)" value="([^"]*)"', asked.text)}
    assert fields == {"chu": "vắc xin", "doc": "thuốc <chủng> ngừa", "thay": "vắc-xin"}
    assert one.submit(f"{path}/tu", on=path, **fields).status_code == 303
    assert two.submit(f"{path}/tu", on=path, chu="vắc xin", doc="thuốc ngừa").status_code == 303  # one's own
    assert [row.spoken for row in announcers.dictionary(desk).rows if row.key == "vắc xin"] == ["thuốc ngừa"]


def test_how_a_word_is_said_is_refused_in_words_for_who_typed_it(app, desk):
    bulletin = typed(desk)
    path, one = f"/ban-tin/{bulletin.id}", browser(app, Role.EDITOR)
    for said, step in (("trạm 2", "viết số 2 thành hai"), ("ស្ថានីយ 2", "viết số 2 thành ពីរ"), ("!!", "như khi đọc")):
        refused = one.submit(f"{path}/tu", on=path, chu="vắc xin", doc=said)
        assert (refused.status_code, "R-104" in refused.text, step in refused.text) == (409, True, True)
        assert ("tu-dien" in refused.text[: refused.text.index("<ol")], "spoken" in refused.text) == (False, False)
    assert not desk.config.dictionary.is_file()


@pytest.mark.parametrize(
    ("head", "told", "step"),
    [
        ("Phát: 31/02/2027 05:00", "bài “Tin ngày”, mục “Phát”: không có ngày 31/02/2027", "sửa ngày rồi gửi lại"),
        ("Phát: 2027-02-30 05:00", "bài “Tin ngày”, mục “Phát”: không có ngày 2027-02-30", "sửa ngày rồi gửi lại"),
        ("Phát: 01/02/2020 05:00", "bài “Tin ngày”: giờ phát 01/02/2020 05:00 đã qua", ", rồi gửi lại"),
        ("Trừ: A", "bài “Tin ngày”, dòng 2: không có mục “Trừ”", "“Nơi nhận: tất cả, trừ …”. Sửa rồi gửi lại"),
        ("Chuyên mục: A", "không có mục “Chuyên mục”", "chỉ có các mục: Tiêu đề, "),
        ("Noi nhna: A", "không có mục “Noi nhna”", "có phải là “Nơi nhận”? Sửa rồi gửi lại"),
    ],
)
def test_a_typed_text_that_is_refused_is_no_file_that_is_dropped(app, desk, head, told, step):
    text = f"Tiêu đề: Tin\n{head}\n\nBà con chú ý.\n"
    for what in ("xem", "nhan"):
        refused = browser(app, Role.EDITOR).submit("/them", viec=what, bai=text, ten="Tin ngày").text
        said = html.unescape("".join(re.findall(r'<div class="problem".*?</div>', refused, re.DOTALL)))
        assert (told in said, step in said) == (True, True), said
        assert not re.search(r"tệp|thả", said)
    (fact,) = desk.ledger.facts(happened=Happened.REFUSED)
    assert step in fact.detail["next"]
    assert "thả" not in html.unescape(browser(app, Role.EDITOR).get("/").text)


def test_what_was_offered_is_shown_as_such_until_it_is_made_anew(app, desk):
    bulletin = typed(desk)
    path, one = f"/ban-tin/{bulletin.id}", browser(app, Role.EDITOR)
    assert "Gửi duyệt</button>" in one.get(path).text
    one.submit(f"{path}/gui", on=path)
    shown = one.get(path).text
    assert ("đã gửi duyệt" in shown, "Gửi duyệt</button>" in shown) == (True, False)
    made_again(desk, bulletin)
    assert "Gửi duyệt</button>" in one.get(path).text


def test_what_was_returned_leads_its_editor_to_the_text_and_offers_nothing_in_vain(app, desk):
    bulletin = typed(desk)
    approvals.send_back(desk, bulletin, "Người duyet", "sai giờ")
    shown = browser(app, Role.EDITOR).get(f"/ban-tin/{bulletin.id}").text
    assert 'id="ky"' not in shown
    (again,) = re.findall(r'href="(/them\?sua=[^"]+)"', shown)
    form = browser(app, Role.EDITOR).get(again).text
    assert "tiêm vắc xin cho trẻ" in form[form.index("<textarea") :]
    assert "Chuyển thành khẩn cấp" not in browser(app, Role.APPROVER).get(f"/ban-tin/{bulletin.id}").text
    assert browser(app, Role.EDITOR).get("/them?sua=khong-co").status_code == 200


def test_who_makes_a_signed_bulletin_anew_is_asked_and_told_what_stations_hold(app, desk):
    bulletin = province.signed(desk, 1)
    push.push(desk)
    path, one = f"/ban-tin/{bulletin.id}", browser(app, Role.EDITOR)
    assert one.get(path).text.count('data-ask="Bài này đã duyệt.') >= 2
    assert "còn giữ bản đã duyệt trước" not in one.get(path).text
    made_again(desk, bulletin)
    shown = one.get(path).text
    assert ("2 trạm còn giữ bản đã duyệt trước" in shown, 'data-ask="Bài này' in shown) == (True, False)


def test_stations_that_would_not_air_it_are_told_before_it_is_signed(tmp_path, clock):
    rows = [station(tmp_path, "A"), {**station(tmp_path, "B"), "windows": "06:00-07:00"}]
    province.lay_out(tmp_path, rows)
    with province.newsroom(tmp_path, clock) as desk:
        known(desk, "bien", "Người bien", Role.EDITOR)
        bulletin = typed(desk)
        app = make_app(Office(desk.config, lambda _settings: nullcontext(desk)))
        shown = browser(app, Role.EDITOR).get(f"/ban-tin/{bulletin.id}").text
    assert re.search(r"26/11/2026 05:00, B\s*: ngoài khung giờ", shown)


def test_whoever_mended_a_word_of_it_does_not_sign_it(app, desk):
    bulletin = province.signed(desk, 1, planned=False)
    other = made_again(desk, bulletin)
    people.change(desk, "bien", "lệnh", roles={Role.EDITOR, Role.APPROVER})
    path = f"/ban-tin/{bulletin.id}"
    one = browser(app, Role.EDITOR)
    announcers.teach(desk, "UBND", "ủy ban", "Người bien", bulletin)
    one.get(f"{path}/am-thanh/{other}")
    answer = one.submit(f"{path}/duyet", on=path, nghe=[other])
    assert answer.status_code == 409
    assert "sửa cách đọc" in answer.text
    two = browser(app, Role.APPROVER)
    two.get(f"{path}/am-thanh/{other}")
    assert two.submit(f"{path}/duyet", on=path, nghe=[other]).status_code == 303


def test_work_that_has_ended_is_forgotten_in_time_and_what_was_asked_for_last_is_not(app, desk):
    work = app.state.work
    for number in range(250):
        work.ask(Lane.LINE, f"việc {number}", "Người hanh", lambda _desk: None)
    until = time.monotonic() + 60
    while any(work.counts()) and time.monotonic() < until:
        time.sleep(0.01)
    last = Work(Office(desk.config, lambda _settings: nullcontext(desk)), _jobs=work._jobs)
    last.ask(Lane.LINE, "thêm một", "Người hanh", lambda _desk: None)
    assert last.job("việc 0") is None
    assert last.job("thêm một")
    assert len(last._jobs) <= 202
    last.close()


def test_the_calendar_shows_a_station_its_own_week_and_what_is_in_the_way(app, desk):
    province.signed(desk, 1, only=("A",))
    province.signed(desk, 2, only=("A",), air=(province.FIVE + timedelta(seconds=30),))
    province.signed(desk, 3, only=("B",))
    see = browser(app, Role.READER)
    whole = see.get("/lich?tuan=2026-11-25").text
    assert [f"Tin số {n}" in whole for n in (1, 2, 3)] == [True, True, True]
    assert "phát đè lên nhau" in whole
    assert "dời một bài sang giờ khác" in whole
    own = see.get("/lich?tuan=2026-11-25&tram=B").text
    assert [f"Tin số {n}" in own for n in (1, 2, 3)] == [False, False, True]
    assert "22:00-04:00" in own  # its quiet hours
    assert "phát đè lên nhau" not in own
    assert 'class="add"' not in own  # a reader adds nothing
    assert see.get("/lich?tram=xa").text.count("/lich?tuan=2026-11-23&amp;tram=") == 2  # which of both is meant?
    assert "Không có trạm nào như vậy." in see.get("/lich?tram=khong").text


def test_a_bulletin_that_only_some_stations_hold_is_not_shown_as_if_all_did(app, desk):
    province.signed(desk, 1)
    push.push(desk, "A")
    see = browser(app, Role.READER)

    def colour(path):
        return re.search(r'class="spot (\w+)"', see.get(path).text)[1]

    assert (colour("/lich?tuan=2026-11-24"), colour("/lich?tuan=2026-11-24&tram=A")) == ("wait", "good")
    assert '<span class="tag wait">đến một số trạm</span>' in see.get("/ban-tin").text
    push.push(desk)
    assert colour("/lich?tuan=2026-11-24") == "good"


def test_an_empty_slot_of_the_calendar_opens_the_form_with_its_hour(app, desk):
    one = browser(app, Role.EDITOR)
    text = one.get("/lich?tuan=2026-11-25&tram=A").text
    (link,) = re.findall(r'class="add" href="([^"]*2026-11-25T17[^"]*)"', text)
    form = one.get(link.replace("&amp;", "&")).text
    assert "Chương trình: ban-tin\nPhát: 25/11/2026 17:00\nNơi nhận: A\n" in form
    folder = desk.config.scripts / "mau"
    folder.mkdir()
    (folder / "tin.txt").write_text("# lời dặn\nTiêu đề: Mẫu\nPhát:   # giờ\n\nBà con.\n", "utf-8")
    (link,) = re.findall(r'href="(/them\?mau=[^"]*)"', one.get(link.replace("&amp;", "&")).text)
    form = one.get(link.replace("&amp;", "&")).text
    assert "Tiêu đề: Mẫu\nChương trình: ban-tin\nPhát: 25/11/2026 17:00\nNơi nhận: A\n\nBà con." in form


def test_more_times_of_day_than_fit_are_shown_by_the_hour(app, desk):
    for number in range(30):
        province.signed(desk, number + 1, air=(province.FIVE + timedelta(minutes=number),), only=("A",))
    answer = browser(app, Role.READER).get("/lich?tuan=2026-11-25").text
    assert "by-hour" in answer
    assert [f"Tin số {n}<" in answer for n in (1, 30)] == [True, True]


def test_every_link_stays_below_the_path_of_a_proxy(tmp_path, desk):
    web = desk.config.settings.web.model_copy(update={"prefix": "/bantin"})
    below = replace(desk, config=replace(desk.config, settings=desk.config.settings.model_copy(update={"web": web})))
    app = make_app(Office(below.config, lambda _settings: nullcontext(below)))
    bulletin = province.signed(desk, 1)
    one = Browser(app, base_url="http://ban-tin.test")
    done = one.submit("/bantin/dang-nhap", ten="xem", **{"mat-khau": PASSWORD})
    assert (done.status_code, done.headers["location"]) == (303, "/bantin/")
    assert "Path=/bantin" in done.headers["set-cookie"]
    for path in [*PAGES, f"/ban-tin/{bulletin.id}"]:
        answer = one.get("/bantin" + path)
        assert answer.status_code == 200, path
        links = re.findall(r'(?:href|src|action|hx-get)="([^"]*)"', answer.text)
        assert [link for link in links if not link.startswith(("/bantin/", "#"))] == []


GOOD = "Tiêu đề: Tin mới\nPhát: 25/11/2026 05:00\n\nBà con chú ý.\n"


def upload(one, name, data, **fields):
    form = token(one.get("/them").text)
    files = [("tep", (name, data, "application/octet-stream"))]
    return one.post("/them", data={"_token": form, **fields}, files=files, follow_redirects=False)


@pytest.mark.parametrize("name", ["../../ra-ngoai.txt", "..\\..\\ra.txt", "/etc/cron.d/x.txt", "a<b>:c|.txt", ".txt"])
def test_a_name_that_a_browser_sends_leads_nowhere(app, desk, tmp_path, name):
    def others():
        tops = [p for p in tmp_path.iterdir() if p.name != "bulletins"]  # where bulletins are being made meanwhile
        return {tmp_path.parent, *tops, *(p for top in tops for p in top.rglob("*")), *tmp_path.parent.glob("*.txt")}

    before = others()
    answer = upload(browser(app, Role.EDITOR), name, GOOD.encode())
    assert answer.status_code == 303, answer.text
    assert others() == before
    assert [b.title for b in desk.ledger.bulletins()] == ["Tin mới"]
    assert desk.ledger.facts(happened=Happened.RECEIVED)[0].who == "Người bien"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("rong.txt", b""),
        ("hong.docx", b"PK\x03\x04 this is no archive"),
        ("gia.mp3", b"<html><script>alert(1)</script></html>"),
        ("anh.png", b"\x89PNG\r\n\x1a\n"),
        ("la.exe", b"MZ"),
    ],
)
def test_bad_files_are_refused_with_a_code_and_never_shown_as_a_page(app, desk, name, data):
    answer = upload(browser(app, Role.EDITOR), name, data)
    assert answer.status_code in {409, 200}
    assert re.search(r"<strong>[IS]-\d+</strong>", answer.text), answer.text
    assert "alert(1)" not in answer.text
    assert desk.ledger.bulletins() == []


def test_what_is_too_large_or_from_nobody_is_not_even_read(app, desk):
    one = browser(app, Role.EDITOR)
    most = desk.config.settings.intake.max_megabytes * 1_000_000
    headers = {"content-type": "multipart/form-data; boundary=x"}
    assert one.post("/them", content=b"", headers={**headers, "content-length": str(most + 1)}).status_code == 413
    assert one.post("/toi/mat-khau", content=b"x" * 200_000).status_code == 413
    assert browser(app).post("/them", content=b"--x--", headers=headers).status_code == 401
    assert one.post("/them", content=iter([b"x"]), headers=headers).status_code == 411


def test_a_script_can_be_seen_as_it_will_be_read_and_nothing_is_taken_in(app, desk):
    one = browser(app, Role.EDITOR)
    answer = one.submit("/them", bai="Tiêu đề: Thử\n\nHọp lúc 8h30 ngày 25/11.", ten="thu", viec="xem")
    assert "tám giờ ba mươi" in answer.text.lower()
    assert "P-113" in one.submit("/them", bai=" ").text
    assert desk.ledger.bulletins() == []


def test_a_title_is_text_and_no_part_of_a_page(app, desk):
    bulletin = province.signed(desk, 1, title='<img src=x onerror="alert(1)">', author="<b>x</b>")
    one = browser(app, Role.READER)
    for path in (
        "/",
        "/ban-tin",
        f"/ban-tin/{bulletin.id}",
        "/lich?tuan=2026-11-24",
        "/nam",
        "/phan-phoi?ngay=2026-11-24",
    ):
        assert "<img src=x" not in one.get(path).text
        assert "<b>x</b>" not in one.get(path).text
    assert "&lt;img" in one.get(f"/ban-tin/{bulletin.id}").text


def test_a_cell_of_the_log_is_no_formula(app, desk):
    desk.ledger.record(replace(desk.fact(Happened.AUDITED, station="A"), who="=HYPERLINK(1)"))
    assert "'=HYPERLINK(1)" in browser(app, Role.READER).get("/nhat-ky.csv").text


def test_the_log_is_found_by_day_and_downloaded_whole(app, desk):
    """However many facts there are: a year of a hundred stations has more than any page or part of a file."""
    told = desk.fact(Happened.AUDITED, station="A")
    evening = datetime(2026, 11, 20, 23, 59, 59, tzinfo=desk.config.zone)
    days = [
        evening,
        evening + timedelta(seconds=1),
        evening + timedelta(days=1),
        evening + timedelta(days=1, seconds=1),
    ]
    desk.ledger.record(*(replace(told, at=at.astimezone(UTC), who=f"ngày {n}") for n, at in enumerate(days)))
    desk.ledger.record(*[replace(told, who="nhiều")] * 20_500)
    one = browser(app, Role.READER)
    table = list(csv.DictReader(one.get("/nhat-ky.csv?ai=nhiều").text.removeprefix("\ufeff").splitlines()))
    assert len({row["number"] for row in table}) == len(table) == 20_500
    asked = "tu=2026-11-21&den=2026-11-21&loai=audited"
    table = list(csv.DictReader(one.get(f"/nhat-ky.csv?{asked}").text.removeprefix("\ufeff").splitlines()))
    assert [row["who"] for row in table] == ["ngày 2", "ngày 1"]
    page = one.get(f"/nhat-ky?{asked}").text
    assert [f"ngày {n}" in page for n in range(4)] == [False, True, True, False]
    assert 'value="2026-11-21"' in page
    refused = one.get("/nhat-ky?tu=hôm-qua")
    assert (refused.status_code, "C-109" in refused.text) == (400, True)
    assert one.get("/nhat-ky?tu=0001-01-01&den=9999-12-31").status_code == 200


def test_a_body_that_tells_its_length_in_two_ways_is_not_read(app):
    one = browser(app, Role.EDITOR)
    for path in ("/dang-nhap", "/them"):
        headers = {"content-length": "10", "transfer-encoding": "chunked"}
        assert one.post(path, content=b"0123456789", headers=headers).status_code == 411


def test_what_makes_no_sense_in_an_address_is_a_page_and_no_fault(app):
    one = browser(app, Role.OPERATOR)
    for path in (
        "/ban-tin?trang=x", "/nhat-ky?truoc=x", "/nhat-ky?truoc=99999999999999999999999", "/nam?nam=x",
        "/lich?tuan=0001-01-01",
        "/lich?tuan=9999-12-31", "/lich?tuan=x", "/phan-phoi?ngay=0001-01-01", "/phan-phoi?ngay=9999-12-31",
        "/ban-tin/khong-co", "/phan-phoi/khong-co", "/ban-tin?trang=-5", "/nam?nam=99999",
    ):  # fmt: skip
        answer = one.get(path)
        assert answer.status_code in {200, 404}, path
        assert answer.headers["content-type"].startswith("text/html"), path
        assert "content-security-policy" in answer.headers


def test_a_bug_is_a_page_with_all_its_headers(app, desk, monkeypatch):
    monkeypatch.setattr(type(desk.ledger), "coverage", lambda *_: 1 / 0)
    answer = browser(app, Role.READER).get("/nam")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert "content-security-policy" in answer.headers


def test_many_wrong_passwords_at_once_are_tried_one_by_one(app, desk):
    def guess(_):
        try:
            people.sign_in(desk, "bien", "sai sai sai sai", "10.0.0.7")
        except PipelineError as problem:
            return problem.code

    with ThreadPoolExecutor(12) as pool:
        assert Counter(pool.map(guess, range(12))) == {"P-101": 5, "P-102": 7}


def test_what_a_page_asks_for_is_done_in_the_name_of_who_asked(app, desk):
    one = browser(app, Role.OPERATOR)
    assert one.submit("/phan-phoi/A/thu", on="/phan-phoi/A").status_code == 303
    while not app.state.work.job("tram A").ended:
        time.sleep(0.01)
    assert [f.who for f in desk.ledger.facts(happened=Happened.TRIED)] == ["Người hanh"]


def test_what_changed_while_it_was_being_done_is_done_once_more(app, desk):
    begun, go_on, done = threading.Event(), threading.Event(), []

    def do(_desk):
        begun.set()
        go_on.wait(30)
        done.append(1)

    work = app.state.work
    work.ask(Lane.SOUND, "b", "An", do)
    assert begun.wait(30)
    asked = [work.ask(Lane.SOUND, "b", "An", do) for _ in range(3)]
    assert asked[0] is asked[1] is asked[2]
    go_on.set()
    while not asked[0].ended:
        time.sleep(0.01)
    assert len(done) == 2


def test_names_that_people_type_are_names(app, desk):
    one = browser(app, Role.EDITOR)
    body = "Phát: 25/11/2026 05:00\n\nBà con chú ý số {}.\n"
    for number, (name, title) in enumerate({"Tin ngày 24/10/2026": "Tin ngày 24 10 2026", "ខ្មែរ" * 30: "ខ្មែរ"}.items()):
        assert one.submit("/them", ten=name, bai=body.format(number)).status_code == 303
        assert title in " ".join(b.title for b in desk.ledger.bulletins())
    files = [("tep", ("a.txt", body.format(n).encode(), "text/plain")) for n in (7, 8)]
    form = token(one.get("/them").text)
    assert one.post("/them", data={"_token": form}, files=files, follow_redirects=False).status_code == 303
    assert len(desk.ledger.bulletins()) == 4


def test_a_page_under_way_does_not_keep_serve_from_stopping(desk, app):
    office, stop = app.state.office, threading.Event()
    with Server(office, "127.0.0.1", 0) as server:
        server.stop_with(stop)
        with socket.create_connection((server.host, server.port)) as line:
            line.sendall(b"POST /dang-nhap HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n\r\na")
            time.sleep(0.3)
            began = time.monotonic()
            stop.set()
            server._thread.join(15)
            assert not server._thread.is_alive()
            assert time.monotonic() - began < 10


def test_right_names_every_kind_of_work():
    assert {right for rights in RIGHTS.values() for right in rights} == set(Right)
