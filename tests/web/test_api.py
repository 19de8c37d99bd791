"""The API, as a program asks it."""

import base64
import hashlib
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from pipeline.core.facts import Happened
from pipeline.core.model import Priority
from pipeline.core.people import RIGHTS, Right, Role
from pipeline.core.ports import Lane
from pipeline.newsroom import announcers, people, preview, push, reports
from pipeline.newsroom.digest import digest
from pipeline.newsroom.office import Office
from pipeline.newsroom.tally import tally
from pipeline.report.tally import as_json
from pipeline.web.app import make_app
from tests import province
from tests.flow.test_bad_input import zip_of_something_else
from tests.flow.test_changes import station
from tests.web.test_pages import GOOD, LOGINS, PASSWORD, browser, known, made_again, operations

API = "/api/v1"


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


@pytest.fixture
def app(desk):
    return make_app(Office(desk.config, lambda _settings: nullcontext(desk)))


def given(desk, login, *scopes, label="máy thử", days=3):
    person = people.find(desk, login)
    held = frozenset().union(*(RIGHTS[role] for role in person.roles))
    return people.give_token(desk, person, label, scopes or held, days)


def program(app, desk, role=None, *scopes, login="", label="máy thử"):
    """A program with a token of somebody of that role, good for all that they may."""
    key = given(desk, login or LOGINS[role], *scopes, label=label)
    return TestClient(app, base_url="http://ban-tin.test", headers={"authorization": f"Bearer {key}"})


def problem(answer, status, code):
    """Whether a refusal is as every refusal is."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["code"], told["status"], told["type"]) == (code, status, "about:blank")
    assert all(told[key][lang] for key in ("message", "next_step") for lang in ("vi", "en"))
    assert "content-security-policy" in answer.headers
    return told


def ended(ask, path):
    """What became of a job."""
    for _ in range(3000):
        job = ask.get(path).json()
        if job["state"] in {"done", "failed"}:
            return job
        time.sleep(0.01)
    raise AssertionError(job)


FILL = {
    "station": "A",
    "digest": "0" * 64,
    "number": "1",
    "profile": "loa-xa",
    "day": "2026-11-24",
    "year": "2026",
    "login": "xem",
}
BODIES = {
    "approveBulletin": {"heard": ["0" * 64]}, "returnBulletin": {"comment": "x"},
    "urgeBulletin": {"comment": "x"},
    "teachWord": {"written": "UBND", "spoken": "ủy ban"}, "changePerson": {"active": False},
    "enterOutput": {"line": "clips", "quantity": 2, "day": "2026-11-20", "what": "Clip", "evidence": "Biên bản 1"},
    "strikeOutput": {"why": "nhầm"}, "admitPerson": {"login": "moi", "name": "Người mới", "roles": ["xem"]},
}  # fmt: skip


# --- who may ---------------------------------------------------------------------------------------------------------


def test_the_description_names_every_operation_with_its_scope_and_its_refusals(app):
    made = app.openapi_schema or TestClient(app).get(f"{API}/openapi.json").json()
    assert made["openapi"] == "3.1.0"
    found = list(operations(app))
    assert len(found) > 30
    described = {
        (method.upper(), path): one for path, methods in made["paths"].items() for method, one in methods.items()
    }
    assert {(method, path) for method, path, _ in found} == set(described)
    for method, path, right in found:
        one = described[method, path]
        assert one["security"] == [{"token": [right.value]}]
        assert {"401", "403", "422", "500", "503"} <= set(one["responses"])
        assert one["description"]
        assert one["tags"]
        assert ("202" in one["responses"]) == ("Location" in one["responses"].get("202", {}).get("headers", {}))
    assert len({one["operationId"] for one in described.values()}) == len(described)
    for one in described.values():
        for status, answer in one["responses"].items():
            kinds = set(answer.get("content", {}))
            assert kinds == {"application/problem+json"} or status in {"200", "201", "202", "206"}, (one, status)


def test_a_token_with_too_little_scope_is_refused_every_operation(app, desk):
    people.change(desk, "tri", "lệnh", roles=set(Role))
    bulletin = province.signed(desk, 1)
    before = len(desk.ledger.facts())
    made = TestClient(app).get(f"{API}/openapi.json").json()
    for number, scopes in enumerate([{Right.SEE}, {Right.WRITE}, set(Right) - {Right.WRITE}, set(Right) - {Right.SEE}]):
        ask = program(app, desk, None, *scopes, login="tri", label=f"máy {number}")
        before += 1
        for method, path, right in operations(app):
            body = BODIES.get(made["paths"][path][method.lower()]["operationId"])
            where = path.format(bulletin=bulletin.id, **FILL)
            if right not in scopes:
                answer = ask.request(method, where, json=body)
                assert right.value in problem(answer, 403, "P-122")["message"]["en"]
                assert f'scope="{right.value}"' in answer.headers["www-authenticate"]
    assert len(desk.ledger.facts()) == before


def test_without_a_good_token_nothing_is_answered_but_the_description(app, desk):
    bulletin = province.signed(desk, 1)
    cookie = browser(app, login="tri")
    for shown in ("", "Bearer x", "Basic eDp4", "Bearer", f"Bearer {'x' * 9000}"):
        headers = {"authorization": shown} if shown else {}
        for method, path, _ in operations(app):
            answer = cookie.request(method, path.format(bulletin=bulletin.id, **FILL), headers=headers, json={"x": 1})
            problem(answer, 401, "P-121")
            assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert TestClient(app).get(f"{API}/openapi.json").status_code == 200


def test_a_token_ends_with_its_time_its_person_and_their_roles(app, desk, clock):
    ask = program(app, desk, Role.OPERATOR)
    assert ask.get(f"{API}/me").json() == {
        "login": "hanh", "name": "Người hanh", "label": "máy thử", "scopes": ["run", "see"],
        "until": "2026-11-26T15:00:00Z",
    }  # fmt: skip
    people.change(desk, "hanh", "lệnh", roles={Role.READER})
    assert "“gửi, thử trạm”" in problem(ask.post(f"{API}/stations/A/test"), 403, "P-122")["message"]["vi"]
    assert ask.get(f"{API}/me").json()["scopes"] == ["see"]
    clock.at += timedelta(days=4)
    problem(ask.get(f"{API}/me"), 401, "P-121")
    clock.at -= timedelta(days=4)
    people.change(desk, "hanh", "lệnh", active=False)
    problem(ask.get(f"{API}/me"), 401, "P-121")
    people.change(desk, "hanh", "lệnh", active=True)
    problem(ask.get(f"{API}/me"), 401, "P-121")  # closing it took the token
    other = program(app, desk, Role.READER)
    people.take_token(desk, people.find(desk, "xem"), "máy thử")
    problem(other.get(f"{API}/me"), 401, "P-121")


def test_tokens_are_given_and_taken_back_on_ones_own_page(app, desk):
    page = browser(app, Role.EDITOR)
    shown = page.submit("/toi/ma", on="/toi", ten="Máy đọc", viec=["see"], ngay="5")
    key = shown.text.split("<code>")[1].split("</code>")[0]
    assert key not in page.get("/toi").text
    assert "Máy đọc" in page.get("/toi").text
    assert "23/11/2026 22:00" not in page.get("/toi").text
    ask = TestClient(app, headers={"authorization": f"bearer {key}"})
    assert ask.get(f"{API}/me").json()["scopes"] == ["see"]
    assert "23/11/2026 22:00" in page.get("/toi").text  # when it was used last
    assert page.get("/toi/api").text.count("<code>GET ") > 15
    assert page.submit("/toi/ma/thu-hoi", on="/toi", ten="Máy đọc").status_code == 303
    problem(ask.get(f"{API}/me"), 401, "P-121")


# --- what makes no sense ---------------------------------------------------------------------------------------------


def test_what_makes_no_sense_is_a_problem_and_never_a_page(app, desk):
    bulletin = province.signed(desk, 1)
    people.change(desk, "tri", "lệnh", roles=set(Role))
    ask = program(app, desk, login="tri")
    here = f"{API}/bulletins/{bulletin.id}"
    for path in ("/api", "/api/v1", f"{API}/khong-co", f"{API}/bulletins/khong-co/la", f"{API}/bulletins/a%00b"):
        problem(ask.get(path), 404, "P-119")
    problem(ask.get(f"{API}/bulletins/khong-co"), 404, "L-103")
    problem(ask.get(f"{API}/stations/khong-co"), 404, "C-104")
    problem(ask.get(f"{here}/sound/khong-co"), 404, "P-119")
    problem(ask.get(f"{here}/picture"), 404, "P-119")
    problem(ask.get(f"{here}/sentences/999"), 404, "P-119")
    problem(ask.get(f"{here}/work"), 404, "P-119")
    problem(ask.patch(f"{API}/people/khong-co", json={"active": True}), 404, "P-106")
    for path in (
        "/bulletins?limit=0", "/bulletins?limit=x", "/bulletins?stage=x", "/bulletins?year=99999", "/days/1",
        "/days/20261124", "/days/2026-11-31", "/plan?first=x", "/facts?before=-1", "/facts?happened=x", "/years/x",
        "/facts?who=%00", "/plan?first=2026-01-01&last=2026-12-31",
        "/plan?first=2026-02-01&last=2026-01-01",
    ):  # fmt: skip
        answer = ask.get(API + path)
        problem(answer, 422, answer.json()["code"])
    told = problem(ask.post(f"{here}/approval", json={"heard": [], "x": 1}), 422, "P-118")
    assert {fault["where"] for fault in told["errors"]} == {"body.heard", "body.x"}
    problem(ask.post(f"{here}/approval", content=b"{", headers={"content-type": "application/json"}), 422, "P-118")
    answer = ask.delete(f"{here}")
    problem(answer, 405, "P-118")
    assert "GET" in answer.headers["allow"]
    problem(ask.post(f"{API}/checks", content=b"x", headers={"content-type": "multipart/form-data"}), 400, "P-118")
    problem(ask.post(f"{here}/offer", content=iter([b"x"])), 411, "P-124")
    problem(ask.post(f"{here}/return", content=b"x" * 100_001), 413, "P-125")
    for origin in ("http://xau.test", "http://[", "null"):
        problem(ask.post(f"{here}/offer", headers={"origin": origin}), 403, "P-123")
    assert ask.post(f"{here}/offer", headers={"origin": "http://ban-tin.test"}).status_code == 200
    problem(ask.post(f"{API}/words", json={**BODIES["teachWord"], "bulletin": "a\0b"}), 422, "P-118")
    most = desk.config.settings.intake.max_megabytes * 1_000_000 + 1
    problem(ask.post(f"{API}/bulletins", content=b"", headers={"content-length": str(most)}), 413, "P-125")


def test_a_request_without_a_body_need_not_say_its_length(app, desk):
    ask = program(app, desk, Role.OPERATOR)
    bare = ask.build_request("POST", f"{API}/stations/A/test")
    del bare.headers["content-length"]
    assert ask.send(bare).status_code == 202


def test_a_bug_is_a_problem_too(app, desk, monkeypatch):
    monkeypatch.setattr(type(desk.ledger), "coverage", lambda *_: 1 / 0)
    told = problem(program(app, desk, Role.READER).get(f"{API}/years/2026"), 500, "N-100")
    assert "Traceback" not in json.dumps(told)


def test_a_sound_that_the_store_has_lost_is_our_fault_and_not_the_programs(app, desk):
    bulletin = province.signed(desk, 1)
    for fact in desk.ledger.facts(bulletin.id, Happened.MASTERED):
        desk.store.path(fact.digest).unlink()
    problem(program(app, desk, Role.READER).get(f"{API}/bulletins/{bulletin.id}/sound/loa-xa"), 500, "L-102")


def test_a_file_that_cannot_be_written_may_be_asked_for_again(app, desk):
    desk.config.dictionary.unlink(missing_ok=True)
    desk.config.dictionary.mkdir()  # as where somebody moved it away
    answer = program(app, desk, Role.EDITOR).post(f"{API}/words", json=BODIES["teachWord"])
    problem(answer, 503, "L-106")
    assert answer.headers["retry-after"] == "30"


def test_a_ledger_that_is_away_is_said_to_come_back(app, desk, monkeypatch):
    from pipeline.core.errors import LedgerAway

    def away(*_):
        raise LedgerAway(where="x", reason="x")

    ask = program(app, desk, Role.READER)
    monkeypatch.setattr(type(desk.ledger), "coverage", away)
    answer = ask.get(f"{API}/years/2026")
    problem(answer, 503, "L-107")
    assert answer.headers["retry-after"] == "30"


# --- handing in ------------------------------------------------------------------------------------------------------


def hand_in(ask, *files, to="bulletins", **fields):
    return ask.post(f"{API}/{to}", files=[("files", one) for one in files], data=fields)


def test_a_script_that_a_program_hands_in_is_made_and_read_and_heard(app, desk):
    ask = program(app, desk, Role.EDITOR)
    answer = hand_in(ask, ("tin.txt", GOOD.encode(), "text/plain"))
    assert answer.status_code == 201
    (taken,) = answer.json()["taken"]
    where = answer.headers["location"]
    assert (where, taken["again"], taken["problem"]) == (f"{API}/bulletins/{taken['bulletin']}", False, None)
    assert ended(ask, f"{where}/work")["state"] == "done"
    one = ask.get(where).json()
    (master,) = one["masters"]
    assert (one["stage"], one["title"], one["has_picture"], master["current"]) == ("waiting", "Tin mới", True, True)
    assert master["integrated_lufs"] == pytest.approx(-16, abs=1)
    assert master["true_peak_dbtp"] < -1
    assert one["air"] == ["2026-11-24T22:00:00Z"]
    sound = ask.get(f"{where}/sound/loa-xa")
    assert sound.headers["content-type"] == master["media_type"] == "audio/mpeg"
    assert (len(sound.content), hashlib.sha256(sound.content).hexdigest()) == (master["size_bytes"], master["sha256"])
    proof = base64.b64encode(hashlib.sha256(sound.content).digest()).decode()
    assert sound.headers["repr-digest"] == f"sha-256=:{proof}:"
    assert ask.get(f"{where}/sounds/{master['sha256']}").content == sound.content
    problem(ask.get(f"{where}/sounds/{'0' * 64}"), 404, "P-119")
    part = ask.get(f"{where}/sound/loa-xa", headers={"range": "bytes=2-5"})
    assert (part.status_code, part.content) == (206, sound.content[2:6])
    for path in ("sound/loa-xa", "picture", "sentences/2"):
        none = ask.get(f"{where}/{path}", headers={"range": "bytes=99999999-"})
        problem(none, 416, "P-118")
        assert none.headers["content-range"].startswith("bytes */")
        for odd in ("x", "bytes=5-2", "lines=0-1"):  # what nobody understands is not there
            assert ask.get(f"{where}/{path}", headers={"range": odd}).status_code == 200
    assert ask.get(f"{where}/picture").content.startswith(b"\x89PNG")
    said = ask.get(f"{where}/text").json()["passages"]
    assert [(one["number"], one["written"], one["language"]) for one in said if one["written"] == "Bà con chú ý."] == [
        (2, "Bà con chú ý.", "vi")
    ]
    assert all(one["voice"] for one in said)
    assert ask.get(f"{where}/sentences/2").content[:4] == b"RIFF"
    assert ask.get(f"{where}/sentences/2?words=Xin%20ch%C3%A0o").content[:4] == b"RIFF"
    assert ask.get(f"{where}/sentences/2", params={"words": "Xin " * 60}).content[:4] == b"RIFF"
    for fact in desk.ledger.facts(taken["bulletin"]):
        assert (fact.who, fact.detail["via"]) == ("Người bien", "máy thử"), fact
    again = hand_in(ask, ("khac.txt", GOOD.encode(), "text/plain"))
    assert (again.status_code, again.json()["taken"][0]["again"]) == (200, True)
    facts = ask.get(f"{where}/facts").json()["items"]
    assert [one["happened"] for one in facts] == ["received", "read", "voiced", "mastered", "heard"]


def test_a_text_is_handed_in_under_a_name_or_only_looked_at(app, desk):
    ask = program(app, desk, Role.EDITOR)
    looked = hand_in(ask, text="Tiêu đề: Thử\n\nHọp lúc 8h30.", name="thu", to="checks").json()
    assert "tám giờ ba mươi" in looked["text"].lower()
    assert desk.ledger.bulletins() == []
    bad = hand_in(ask, ("rong.txt", b"", "text/plain"), to="checks").json()
    assert [one["code"] for one in bad["problems"]] == ["I-101"]
    answer = hand_in(ask, text=GOOD.replace("Tiêu đề: Tin mới\n", ""), name="Tin ngày 24/10/2026")
    assert answer.status_code == 201
    assert desk.ledger.bulletins()[0].title == "Tin ngày 24 10 2026"
    problem(hand_in(ask, text=" "), 422, "P-113")
    for to in ("bulletins", "checks"):  # of the two, neither would be left out without a word
        told = problem(hand_in(ask, ("a.txt", GOOD.encode(), "text/plain"), text=GOOD, to=to), 422, "P-118")
        assert "files, or else text" in told["message"]["en"]


def test_a_text_that_is_none_in_its_own_encoding_is_refused(app, desk):
    ask = program(app, desk, Role.EDITOR)
    body = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nA \\ud800 b.\r\n--x--\r\n'
    odd = {"content-type": "multipart/form-data; boundary=x; charset=unicode_escape"}
    for to in ("bulletins", "checks"):
        problem(ask.post(f"{API}/{to}", content=body, headers=odd), 422, "I-103")


NAMES = ["../../ra-ngoai.txt", "..\\..\\ra.txt", "/etc/cron.d/x.txt", "C:\\x.txt", "a\x00b.txt", "..", ".txt"]


@pytest.mark.parametrize("name", NAMES)
def test_a_path_in_the_name_of_an_upload_leads_nowhere(app, desk, tmp_path, name):
    def others():
        tops = [p for p in tmp_path.iterdir() if p.name != "bulletins"]  # where bulletins are being made meanwhile
        return {tmp_path.parent, *tops, *(p for top in tops for p in top.rglob("*")), *tmp_path.parent.glob("*.txt")}

    before = others()
    answer = hand_in(program(app, desk, Role.EDITOR), (name, GOOD.encode(), "text/plain"))
    assert others() == before
    if answer.status_code == 201:
        assert "/" not in answer.json()["taken"][0]["file"]
        assert [b.title for b in desk.ledger.bulletins()] == ["Tin mới"]
    else:
        problem(answer, 422, answer.json()["code"])


BAD = [
    ("rong.txt", b"", "I-101"),
    ("trang.txt", b"  \n\n ", "I-101"),
    ("nen.docx", zip_of_something_else(), "I-103"),
    ("hong.docx", b"PK\x03\x04 this is no archive", "I-103"),
    ("la.txt", "Tiêu đề: Tin\nTiêu đê phụ: X\n\nNội dung.\n".encode(), "I-105"),
    ("chu.mp3", "đây chỉ là chữ".encode(), None),
    ("rong.wav", b"", None),
    ("bang.xlsx", b"x", "I-104"),
    ("gia.mp3", b"<html><script>alert(1)</script></html>", None),
    ("anh.png", b"\x89PNG\r\n\x1a\n", "I-104"),
    ("la.exe", b"MZ", "I-104"),
    ("qua-gio.txt", b"Phat: 25/11/2020 05:00\n\nA.\n", None),
]


@pytest.mark.parametrize(("name", "data", "code"), BAD)
def test_bad_files_are_refused_with_a_code(app, desk, name, data, code):
    answer = hand_in(program(app, desk, Role.EDITOR), (name, data, "application/octet-stream"))
    told = problem(answer, 422, code or answer.json()["code"])
    assert told["code"][0] in "ISR"
    assert desk.ledger.bulletins() == []
    refused = desk.ledger.facts(happened=Happened.REFUSED)[-1]
    assert (refused.who, refused.detail["via"], refused.detail["name"]) == ("Người bien", "máy thử", name)


def test_of_several_files_the_good_ones_are_taken(app, desk):
    ask = program(app, desk, Role.EDITOR)
    answer = hand_in(ask, ("a.txt", GOOD.encode(), "text/plain"), ("b.docx", b"PK\x03\x04", "application/zip"))
    assert answer.status_code == 201
    assert [(one["file"], one["problem"] and one["problem"]["code"]) for one in answer.json()["taken"]] == [
        ("a.txt", None), ("b.docx", "I-103"),
    ]  # fmt: skip


# --- finding, mending, signing ---------------------------------------------------------------------------------------


def test_bulletins_are_found_page_by_page(app, desk):
    for number in range(1, 8):
        province.signed(desk, number, air=(province.FIVE + timedelta(days=number),))
    made_again(desk, desk.ledger.bulletins()[0])
    ask = program(app, desk, Role.READER)
    seen, after = [], ""
    while after is not None:
        answer = ask.get(f"{API}/bulletins", params={"limit": 3, "after": after}).json()
        assert answer["total"] == 7
        seen += [one["id"] for one in answer["items"]]
        after = answer["next"]
    assert seen == sorted((b.id for b in desk.ledger.bulletins()), reverse=True)
    for params, count in (
        ({"stage": "waiting"}, 1), ({"text": "số 3"}, 1), ({"text": "TIN SO 3"}, 1), ({"year": 2025}, 0),
        ({"language": "km"}, 0), ({"year": 2026, "language": "vi"}, 7),
    ):  # fmt: skip
        assert ask.get(f"{API}/bulletins", params=params).json()["total"] == count, params
    problem(ask.get(f"{API}/bulletins?after=khong-co"), 422, "P-118")


def test_a_list_goes_on_where_it_stood_though_what_stood_there_has_left_it(app, desk):
    """A program signs or returns what it reads, so what a part of the list ended with is no more among what is asked
    for; or somebody takes a station out of the registry meanwhile.
    """
    found = [province.signed(desk, number) for number in range(1, 6)]  # all at the same hour
    for bulletin in found:
        made_again(desk, bulletin)
    ask, sign, seen, after = program(app, desk, Role.READER), program(app, desk, Role.APPROVER), [], ""
    while after is not None:
        answer = ask.get(f"{API}/bulletins", params={"stage": "waiting", "limit": 2, "after": after}).json()
        for one in answer["items"]:
            assert sign.post(f"{API}/bulletins/{one['id']}/return", json={"comment": "x"}).status_code == 200
            seen.append(one["id"])
        after = answer["next"]
    assert seen == [bulletin.id for bulletin in reversed(found)]
    gone = ask.get(f"{API}/stations", params={"after": "A-da-bo"}).json()
    assert [one["code"] for one in gone["items"]] == ["B"]


def heard(ask, bulletin):
    """Every current master, fetched and named."""
    masters = [m for m in ask.get(f"{API}/bulletins/{bulletin.id}").json()["masters"] if m["current"]]
    for master in masters:
        ask.get(f"{API}/bulletins/{bulletin.id}/sound/{master['profile']}")
    return {"heard": [master["sha256"] for master in masters]}


def test_only_what_was_heard_is_signed_and_it_is_planned(app, desk):
    bulletin = province.signed(desk, 1, planned=False)
    old = desk.ledger.facts(bulletin.id, Happened.MASTERED)[0].digest
    other = made_again(desk, bulletin)
    here, ask = f"{API}/bulletins/{bulletin.id}", program(app, desk, Role.APPROVER)
    told = problem(ask.post(f"{here}/approval", json={"heard": [other]}), 409, "P-111")
    assert "by its own token" in told["next_step"]["en"]
    page = browser(app, Role.APPROVER)
    page.get(f"/ban-tin/{bulletin.id}/am-thanh/{other}")
    problem(ask.post(f"{here}/approval", json={"heard": [other]}), 409, "P-111")  # the person heard it, not the program
    body = heard(ask, bulletin)
    problem(ask.post(f"{here}/approval", json={"heard": [old]}), 409, "N-101")
    assert not desk.ledger.transmissions(bulletin.id)
    answer = ask.post(f"{here}/approval", json=body)
    assert (answer.status_code, answer.json()["stage"], answer.json()["stations"]) == (200, "planned", 2)
    signed = desk.ledger.facts(bulletin.id, Happened.APPROVED)[-1]
    assert (signed.who, signed.digest, signed.detail["via"]) == ("Người duyet", other, "máy thử")
    assert len(desk.ledger.transmissions(bulletin.id)) == 2


def test_what_a_program_heard_does_not_let_its_person_sign_at_the_page(app, desk):
    bulletin = province.signed(desk, 1)
    other = made_again(desk, bulletin)
    heard(program(app, desk, Role.APPROVER), bulletin)
    page, path = browser(app, Role.APPROVER), f"/ban-tin/{bulletin.id}"
    assert "P-111" in page.submit(f"{path}/duyet", on=path, nghe=[other]).text


def test_nobody_signs_their_own_work_by_a_program_either(app, desk):
    people.change(desk, "duyet", "lệnh", roles={Role.APPROVER, Role.EDITOR})
    bulletin = province.signed(desk, 1, author="Người Duyệt")
    made_again(desk, bulletin)
    ask = program(app, desk, Role.APPROVER)
    told = problem(ask.post(f"{API}/bulletins/{bulletin.id}/approval", json=heard(ask, bulletin)), 409, "N-101")
    assert "wrote it" in told["message"]["en"]


def test_what_is_urgent_needs_two_people_and_not_two_programs(app, desk):
    known(desk, "hai", "Người hai", Role.APPROVER)
    bulletin = province.signed(desk, 1, planned=False, priority=Priority.URGENT)
    desk.ledger.record(desk.fact(Happened.RECEIVED, bulletin=bulletin, digest=bulletin.script, signatures=2))
    made_again(desk, bulletin)
    here = f"{API}/bulletins/{bulletin.id}/approval"
    one, twin = (program(app, desk, Role.APPROVER, label=label) for label in ("một", "hai"))
    first = one.post(here, json=heard(one, bulletin)).json()
    assert (first["stage"], first["signed_by"], first["signatures_needed"]) == ("waiting", ["Người duyet"], 2)
    problem(twin.post(here, json=heard(twin, bulletin)), 409, "N-101")
    other = program(app, desk, login="hai")
    assert other.post(here, json=heard(other, bulletin)).json()["stage"] == "planned"


def test_what_becomes_urgent_is_sent_when_two_people_have_signed(app, desk):
    known(desk, "hai", "Người hai", Role.APPROVER)
    bulletin = province.signed(desk, 1, planned=False)
    here = f"{API}/bulletins/{bulletin.id}"
    one, run = program(app, desk, Role.APPROVER), program(app, desk, Role.OPERATOR)
    made_again(desk, bulletin)
    told = one.post(f"{here}/urgency", json={"comment": "bão số 5"}).json()
    assert (told["priority"], told["signatures_needed"]) == ("khẩn cấp", 2)
    problem(run.post(f"{here}/push"), 409, "N-102")
    problem(run.get(f"{here}/push"), 404, "P-119")
    one.post(f"{here}/approval", json=heard(one, bulletin))
    other = program(app, desk, login="hai")
    assert other.post(f"{here}/approval", json=heard(other, bulletin)).json()["stage"] in {
        "planned",
        "partly",
        "arrived",
    }
    assert ended(one, f"{here}/push")["told"]["en"] == "Sent at once: 2 of 2 stations."
    assert one.get(here).json()["stations_holding"] == 2
    confirmed = desk.ledger.facts(happened=Happened.CONFIRMED)
    assert {(f.who, f.detail["via"]) for f in confirmed} == {("Người hai", "máy thử")}
    again = run.post(f"{here}/push")
    assert (again.status_code, again.headers["location"]) == (202, f"{here}/push")
    assert ended(run, again.headers["location"])["asked_by"] == "Người hanh"


def test_who_mends_a_word_of_a_bulletin_by_a_program_does_not_sign_it(app, desk):
    people.change(desk, "duyet", "lệnh", roles={Role.APPROVER, Role.EDITOR})
    bulletin = province.signed(desk, 1)
    made_again(desk, bulletin)
    ask = program(app, desk, Role.APPROVER)
    said = preview.sentences(desk, bulletin)[0].written.split()[0]
    word = {"written": said, "spoken": "cộng tác viên", "bulletin": bulletin.id}
    problem(ask.post(f"{API}/words", json={**word, "written": "không có chữ này"}), 409, "P-132")
    assert ask.post(f"{API}/words", json=word).status_code == 201
    problem(ask.post(f"{API}/words", json={**word, "bulletin": "khong-co"}), 404, "L-103")
    problem(ask.post(f"{API}/bulletins/{bulletin.id}/approval", json=heard(ask, bulletin)), 409, "N-101")


def test_returning_withdrawing_offering_and_making_again(app, desk):
    bulletin = province.signed(desk, 1)
    here = f"{API}/bulletins/{bulletin.id}"
    sign, write = program(app, desk, Role.APPROVER), program(app, desk, Role.EDITOR)
    problem(sign.post(f"{here}/return", json={"comment": "  "}), 422, "P-118")
    told = sign.post(f"{here}/return", json={"comment": "sai tên xã"}).json()
    assert (told["stage"], told["reason"]) == ("returned", "sai tên xã")
    for what in ("return", "urgency"):  # nobody can read that
        problem(sign.post(f"{here}/{what}", json={"comment": "\x01 \u200b"}), 422, "P-112")
    problem(write.post(f"{here}/offer"), 409, "N-101")
    answer = write.post(f"{here}/remake")
    assert (answer.status_code, answer.headers["location"]) == (202, f"{here}/work")
    assert ended(write, f"{here}/work")["asked_by"] == "Người bien"
    made_again(desk, bulletin)
    assert write.post(f"{here}/offer").status_code == 200
    assert sign.post(f"{here}/withdrawal").json()["stage"] == "withdrawn"
    write.post(f"{here}/remake")
    assert ended(write, f"{here}/work")["problem"]["code"] == "N-106"
    problem(sign.post(f"{here}/return", json={"comment": "muộn"}), 409, "N-106")
    page, path = browser(app, Role.APPROVER), f"/ban-tin/{bulletin.id}"
    assert page.submit(f"{path}/tra", on=path, **{"ly-do": "muộn"}).status_code == 409
    assert desk.ledger.facts(bulletin.id, Happened.RETURNED)[-1].detail["reason"] == "sai tên xã"
    for happened in (Happened.RETURNED, Happened.OFFERED, Happened.WITHDRAWN):
        assert desk.ledger.facts(bulletin.id, happened)[-1].detail["via"] == "máy thử"


def test_a_word_is_taught(app, desk):
    ask = program(app, desk, Role.EDITOR)
    word = {"written": "CTV", "spoken": "cộng tác viên"}
    assert ask.post(f"{API}/words", json=word).status_code == 201
    assert "CTV\tcộng tác viên" in desk.config.dictionary.read_text("utf-8-sig")
    (taught,) = desk.ledger.facts(happened=Happened.TAUGHT)
    assert taught.who == "Người bien"
    assert taught.detail == {"key": "CTV", "spoken": "cộng tác viên", "via": "máy thử"}
    problem(ask.post(f"{API}/words", json={"written": "CTV", "spoken": "   "}), 422, "R-104")
    assert ask.post(f"{API}/words", json={"written": "CTV", "spoken": "cộng " * 60}).status_code == 201  # as the page


def test_what_somebody_else_taught_gives_way_only_to_who_has_seen_it(app, desk):
    announcers.teach(desk, "CTV", "cộng tác viên", "Người khác")
    before = desk.config.dictionary.read_bytes()
    ask, word = program(app, desk, Role.EDITOR), {"written": "CTV", "spoken": "cán bộ thôn"}
    for seen in ({}, {"replaces": "cộng tác"}):
        assert "Người khác" in problem(ask.post(f"{API}/words", json=word | seen), 409, "P-133")["message"]["vi"]
    assert desk.config.dictionary.read_bytes() == before
    assert ask.post(f"{API}/words", json={**word, "spoken": "cộng  tác viên"}).status_code == 201  # the same again
    announcers.teach(desk, "CTV", "công tác", "Người khác", replaces="cộng tác viên")
    assert ask.post(f"{API}/words", json=word | {"replaces": "công tác"}).status_code == 201
    assert ask.post(f"{API}/words", json={**word, "spoken": "cán bộ ấp"}).status_code == 201  # one's own
    assert [(row.key, row.spoken) for row in announcers.dictionary(desk).rows] == [("CTV", "cán bộ ấp")]


# --- stations, days, years -------------------------------------------------------------------------------------------


def test_a_station_shows_what_it_holds_and_is_tried_and_pushed_to(app, desk, tmp_path):
    bulletin = province.signed(desk, 1)
    ask = program(app, desk, Role.OPERATOR)
    answer = ask.post(f"{API}/stations/A/test")
    assert (answer.status_code, answer.headers["location"]) == (202, f"{API}/stations/A/work")
    assert "MB" in ended(ask, f"{API}/stations/A/work")["told"]["en"]
    ask.post(f"{API}/stations/A/push")
    assert ended(ask, f"{API}/stations/A/work")["told"]["en"] == "1 files were sent."
    one = ask.get(f"{API}/stations/A").json()
    assert [held["bulletin"] for held in one["holds"]] == [bulletin.id]
    assert [(one["at"], one["bulletin"]) for one in one["to_come"]] == [("2026-11-23T22:00:00Z", bulletin.id)]
    assert one["last_trial"]["free_bytes"] > 0
    assert str(tmp_path) not in json.dumps(one)
    (receipt,) = ask.get(f"{API}/stations/A/receipts").json()["items"]
    assert (receipt["bulletin"], receipt["size_bytes"], receipt["verified"]) == (bulletin.id, 40_000, "readback")
    for happened in (Happened.TRIED, Happened.CONFIRMED):
        fact = desk.ledger.facts(happened=happened)[-1]
        assert (fact.who, fact.detail["via"]) == ("Người hanh", "máy thử")
    assert ask.get(f"{API}/bulletins/{bulletin.id}").json()["stations_holding"] == 1


def test_who_asks_for_a_push_while_a_trial_waits_is_not_given_the_trial(app, desk):
    bulletin = province.signed(desk, 1)
    ask, go_on = program(app, desk, Role.OPERATOR), threading.Event()
    for number in range(4):  # every line is busy
        app.state.work.ask(Lane.LINE, f"việc {number}", "Người hanh", lambda _desk: go_on.wait(60) and None)
    for task in ("test", "push", "test", "push"):
        assert ask.post(f"{API}/stations/A/{task}").json()["state"] == "waiting"
    go_on.set()
    assert ended(ask, f"{API}/stations/A/work")["told"]["en"] == "1 files were sent."
    assert len(desk.ledger.facts(happened=Happened.TRIED)) == 1
    assert [fact.bulletin for fact in desk.ledger.facts(happened=Happened.CONFIRMED)] == [bulletin.id]


def test_stations_are_found_by_how_they_do(app, desk):
    desk.ledger.record(desk.fact(Happened.FAILED, station="B", code="D-106", reason="đầy", retry=False, tries=2))
    ask = program(app, desk, Role.READER)
    every = ask.get(f"{API}/stations", params={"limit": 1}).json()
    assert ([one["code"] for one in every["items"]], every["next"], every["total"]) == (["A"], "A", 2)
    rest = ask.get(f"{API}/stations", params={"after": "A"}).json()
    assert ([one["code"] for one in rest["items"]], rest["next"]) == (["B"], None)
    (ill,) = ask.get(f"{API}/stations", params={"health": "stuck"}).json()["items"]
    assert (ill["code"], ill["trouble"]["code"]) == ("B", "D-106")
    assert (ill["trouble"]["tries"], ill["trouble"]["next_try"]) == (2, None)
    for text in ("xã b", "xa b", "B xã"):  # as the page finds them
        assert [one["code"] for one in ask.get(f"{API}/stations", params={"text": text}).json()["items"]] == ["B"]
    assert ask.get(f"{API}/registry").json()["stations"] == 2
    assert [one["station"] for one in ask.get(f"{API}/today").json()["stuck"]] == ["B"]


def as_utc(value):
    """The same figures, however an instant is written."""
    if isinstance(value, dict):
        return {key: as_utc(one) for key, one in value.items()}
    if isinstance(value, list):
        return [as_utc(one) for one in value]
    if isinstance(value, str) and len(value) > 10 and value[10] == "T":
        return datetime.fromisoformat(value)
    return value


def test_days_and_years_are_told_as_the_command_line_tells_them(app, desk):
    for number in (1, 2, 3):
        province.signed(desk, number)
    made_again(desk, desk.ledger.bulletins()[0])
    push.push(desk)
    ask = program(app, desk, Role.READER)
    day = province.FIVE.astimezone(desk.config.zone).date()
    assert as_utc(ask.get(f"{API}/days/{day}").json()) == as_utc(digest(desk, day).as_json())
    assert ask.get(f"{API}/years/2026").json() == as_json(tally(desk, 2026))
    assert ask.get(f"{API}/years/2026").json()["counted"] == 2
    told = ask.get(f"{API}/today").json()
    assert [(one["id"], one["stage"]) for one in told["to_sign"]] == [(desk.ledger.bulletins()[0].id, "waiting")]
    assert [(one["day"], one["stations"], one["complete"]) for one in told["days"]] == [
        ("2026-11-23", 0, 0), ("2026-11-24", 2, 0),
    ]  # fmt: skip


def test_a_report_is_what_the_command_line_writes(app, desk):
    province.signed(desk, 1)
    push.push(desk)
    ask = program(app, desk, Role.READER)
    year = f"{API}/years/2026/report"
    made = reports.write(desk, reports.report(desk, reports.whole_year(2026)), "json", "vi")
    assert ask.get(year).json() == json.loads(made)
    half = ask.get(year, params={"last": "2026-06-30"}).json()
    assert (half["period"], half["counted_in_period"]) == ({"first": "2026-01-01", "last": "2026-06-30"}, 0)
    for form in ("xlsx", "docx", "csv"):
        answer = ask.get(year, params={"form": form})
        assert answer.headers["content-type"] == reports.FORMS[form]
        assert answer.content.startswith(b"PK" if form != "csv" else b"\xef\xbb\xbf")
    problem(ask.get(year, params={"first": "2025-01-01", "last": "2025-02-01"}), 422, "P-115")
    problem(ask.get(year, params={"first": "2026-03-01", "last": "2026-02-01"}), 422, "P-115")


def test_what_people_reached_is_entered_and_struck_out(app, desk):
    ask, body = program(app, desk, Role.APPROVER), BODIES["enterOutput"]
    (row,) = ask.post(f"{API}/outputs", json=body).json()["items"]
    assert (row["quantity"], row["day"], row["who"], row["struck"]) == (2, "2026-11-20", "Người duyet", "")
    assert ask.get(f"{API}/outputs", params={"year": 2025}).json() == {"items": []}
    problem(ask.post(f"{API}/outputs", json={**body, "line": "bulletins"}), 422, "P-114")
    problem(ask.post(f"{API}/outputs", json={**body, "day": "2026-12-31"}), 422, "P-114")
    struck = ask.post(f"{API}/outputs/{row['number']}/strike", json={"why": "nhầm"}).json()["items"]
    assert [one["struck"] for one in struck] == ["nhầm"]
    problem(ask.post(f"{API}/outputs/{row['number']}/strike", json={"why": "nhầm"}), 404, "P-119")
    for happened in (Happened.ENTERED, Happened.STRUCK):
        assert desk.ledger.facts(happened=happened)[-1].detail["via"] == "máy thử"


def test_the_plan_shows_what_airs_in_some_days(app, desk):
    for number in (1, 2):
        province.signed(desk, number, air=(province.FIVE + timedelta(days=number),))
    ask = program(app, desk, Role.READER)
    told = ask.get(f"{API}/plan", params={"first": "2026-11-25", "last": "2026-11-25"}).json()
    assert [(one["at"], one["bulletin"]["title"]) for one in told["airings"]] == [("2026-11-24T22:00:00Z", "Tin số 1")]
    assert len(ask.get(f"{API}/plan").json()["airings"]) == 2


def test_the_log_is_read_page_by_page_and_filtered(app, desk):
    bulletin = province.signed(desk, 1)
    push.push(desk)
    ask = program(app, desk, Role.READER)
    seen, before = [], 0
    while before is not None:
        answer = ask.get(f"{API}/facts", params={"limit": 4, "before": before}).json()
        seen += [one["number"] for one in answer["items"]]
        before = answer["next"]
    assert seen == [fact.number for fact in desk.ledger.facts()][::-1]
    only = {"happened": "confirmed", "station": "A", "bulletin": bulletin.id}
    (one,) = ask.get(f"{API}/facts", params=only).json()["items"]
    assert (one["happened"], one["station"]) == ("confirmed", "A")
    assert ask.get(f"{API}/facts", params={"who": "không ai"}).json() == {"items": [], "next": None}


def test_people_are_admitted_and_changed_by_a_program_that_may(app, desk):
    ask = program(app, desk, Role.ADMIN)
    new = {"login": "moi", "name": "Người  mới", "roles": ["bien-tap"]}
    made = ask.post(f"{API}/people", json=new).json()
    assert made["person"] == {"login": "moi", "name": "Người mới", "roles": ["bien-tap"], "active": True}
    assert people.sign_in(desk, "moi", made["first_password"], "x")
    problem(ask.post(f"{API}/people", json=new), 409, "P-105")
    problem(ask.post(f"{API}/people", json={**new, "roles": ["vua"]}), 422, "P-118")
    changed = ask.patch(f"{API}/people/moi", json={"roles": ["duyet"], "name": "Người khác"}).json()
    assert (changed["roles"], changed["name"]) == (["duyet"], "Người khác")
    again = ask.post(f"{API}/people/moi/password").json()["first_password"]
    assert people.sign_in(desk, "moi", again, "x")
    assert not ask.patch(f"{API}/people/moi", json={"active": False}).json()["active"]
    problem(ask.patch(f"{API}/people/tri", json={"active": False}), 409, "P-107")
    problem(ask.post(f"{API}/people/tri/password"), 409, "P-131")  # one's own is changed on the page, by the old one
    page = browser(app, Role.ADMIN)
    assert "P-131" in page.submit("/cai-dat/nguoi/tri", on="/cai-dat", viec="mat-khau").text
    assert people.sign_in(desk, "tri", PASSWORD, "x")
    assert {one["login"] for one in ask.get(f"{API}/people").json()["items"]} == {*LOGINS.values(), "moi"}
    told = [f for f in desk.ledger.facts(happened=Happened.ACCOUNT) if f.detail["login"] == "moi"]
    assert {(f.who, f.detail.get("via")) for f in told} == {("Người tri", "máy thử")}
    assert again not in json.dumps([dict(f.detail) for f in told])


def test_two_administrators_who_close_each_others_account_do_not_leave_nobody(app, desk, monkeypatch):
    known(desk, "hai", "Người hai", Role.ADMIN)
    counted, both = people.admins, threading.Barrier(2)

    def admins(desk):
        found = counted(desk)
        with suppress(threading.BrokenBarrierError):  # the other has to wait, and so does not come
            both.wait(1)
        return found

    monkeypatch.setattr(people, "admins", admins)
    asks = {other: program(app, desk, login=login) for login, other in (("tri", "hai"), ("hai", "tri"))}
    with ThreadPoolExecutor(2) as pool:
        closing = [
            pool.submit(ask.patch, f"{API}/people/{login}", json={"active": False}) for login, ask in asks.items()
        ]
    assert sorted(one.result().status_code for one in closing) == [200, 409]
    assert len(counted(desk)) == 1


def test_the_api_stays_below_the_path_of_a_proxy(desk):
    web = desk.config.settings.web.model_copy(update={"prefix": "/bantin"})
    below = replace(desk, config=replace(desk.config, settings=desk.config.settings.model_copy(update={"web": web})))
    app = make_app(Office(below.config, lambda _settings: nullcontext(below)))
    ask = program(app, desk, Role.EDITOR)
    assert ask.get(f"/bantin{API}/openapi.json").json()["servers"] == [{"url": "/bantin"}]
    behind = TestClient(app, base_url="http://x/bantin", headers=ask.headers)
    answer = hand_in(behind, ("a.txt", GOOD.encode(), "text/plain"))
    assert answer.headers["location"].startswith(f"/bantin{API}/bulletins/2026")
    taken_off = program(app, desk, Role.OPERATOR).post(f"{API}/stations/A/test")  # the proxy took /bantin off
    assert taken_off.headers["location"] == f"/bantin{API}/stations/A/work"
    problem(ask.get(f"/bantin{API}/khong-co"), 404, "P-119")
    most = desk.config.settings.intake.max_megabytes * 1_000_000 + 1
    large = ask.post(f"/bantin{API}/bulletins", content=b"", headers={"content-length": str(most)})
    problem(large, 413, "P-125")


def test_a_password_is_no_token(app):
    ask = TestClient(app, headers={"authorization": f"Bearer {base64.b64encode(PASSWORD.encode()).decode()}"})
    problem(ask.get(f"{API}/me"), 401, "P-121")
