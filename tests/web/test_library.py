"""The library: what anybody may hear, on every address there is, and nothing else."""

import random
import re
import unicodedata
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from datetime import UTC, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from html import unescape
from io import BytesIO
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import feedparser
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree, html
from PIL import Image

from pipeline import config, reading
from pipeline.core.errors import ConfigError
from pipeline.core.facts import Happened
from pipeline.core.model import (
    Bulletin,
    BulletinId,
    Digest,
    Head,
    Kind,
    Language,
    Paragraph,
    Priority,
    RecordingMark,
    Script,
    Seconds,
    Sentence,
    Take,
    digest_of,
)
from pipeline.ledger import documents
from pipeline.newsroom import approvals, bulletins, plan, push, recalls, scripts
from pipeline.newsroom.announcers import announcer
from pipeline.newsroom.office import Office
from pipeline.web import library as pages
from pipeline.web.app import make_app
from pipeline.web.server import Server
from tests import province
from tests.flow.test_changes import station
from tests.web.test_browser import CHROMIUM, DESK, PHONE, PICTURES, chromium  # noqa: F401 - a fixture

FIVE, DAY, HOUR = province.FIVE, timedelta(days=1), timedelta(hours=1)
LATER = FIVE + DAY
"""When the public looks: a day after 05:00 on the 24th."""
ADDRESS = "https://nghe.test"
PNG = b"\x89PNG\r\n\x1a\n no picture at all"
ROUTES = [route.path for route in pages.router.routes]
OTHER = """
[programmes.noi-bo]
title = "Chương trình nội bộ"
[programmes.suc-khoe]
title = "Sức khoẻ & đời sống <mới>"
"""


def lay_out(folder, **changes):
    on = {"public": "true", "address": f'"{ADDRESS}"', "programmes": '["ban-tin", "suc-khoe"]', "items": "500"}
    province.lay_out(folder, [station(folder, "A")], **{**on, **changes})
    with (folder / "config.toml").open("a", encoding="utf-8") as file:
        file.write(OTHER)


@pytest.fixture
def clock():
    return province.Clock()


@pytest.fixture
def desk(tmp_path, clock):
    lay_out(tmp_path)
    with province.newsroom(tmp_path, clock) as opened:
        yield opened


def visitor(desk):
    app = make_app(Office(desk.config, lambda _settings: nullcontext(desk)))
    return TestClient(app, base_url="http://ban-tin.test")


@pytest.fixture
def public(desk):
    return visitor(desk)


# --- bulletins of every kind, without a voice ------------------------------------------------------------------------


def _as_written(one):
    """A sentence with a bulletin's mark is heard as it is written, so that answers can be searched for it."""
    return replace(one, text=one.written) if isinstance(one, Sentence) and "mật" in one.written else one


class Making:
    """One bulletin, fact by fact; each master's sound follows from its seed."""

    def __init__(self, desk, number, body=(), **changes):
        self.desk = desk
        digest = digest_of(f"script {number}".encode())
        fields = {
            "id": BulletinId(f"20261124-tin-{number}-{digest[:6]}"), "script": digest, "title": f"Tin mật{number}x",
            "languages": (Language.VI,), "kind": Kind.CT, "programme": "ban-tin", "air": (FIVE,),
        }  # fmt: skip
        self.bulletin = Bulletin(**{**fields, **changes})
        body = body or (Paragraph(f"Lời mật{number}x của bản tin.", Language.VI),)
        self.digest, self.suffix, self.bytes = Digest("0" * 64), ".mp3", b""
        self.script = Script(digest=digest, name=f"{number}.txt", head=Head(), body=tuple(body))
        signatures = self.bulletin.signatures
        fact = desk.fact(Happened.RECEIVED, bulletin=self.bulletin, digest=digest, signatures=signatures)
        desk.ledger.receive(self.script, self.bulletin, fact)

    def tell(self, happened, digest=None, **detail):
        self.desk.ledger.record(self.desk.fact(happened, bulletin=self.bulletin, digest=digest, **detail))
        return self

    def read(self, extra=""):
        desk = self.desk
        body = (*self.script.body, *([Paragraph(extra, Language.VI)] if extra else []))
        read = reading.read(replace(self.script, body=body), announcer(desk, desk.programme(self.bulletin)))
        kept = tuple(map(_as_written, read.utterances))
        return self.tell(
            Happened.READ, desk.store.put_bytes(documents.readings().dump_json(replace(read, utterances=kept)))
        )

    def voice(self):
        read = bulletins.reading_of(self.desk, self.bulletin)
        lines = [
            Sentence(text=text, written=text, language=Language.VI) for text in ("Kính chào bà con.", "Chào bà con.")
        ]
        said = [lines[0], *read.sentences, lines[1]]
        take = Take(recipe=Digest("0" * 64), audio=Digest("1" * 64), seconds=Seconds(1), engine="e", voice="v")
        voiced = documents.spoken().dump_json(tuple((sentence, take) for sentence in said))
        return self.tell(Happened.VOICED, self.desk.store.put_bytes(voiced))

    def master(self, seed=0, suffix=".mp3", profile="loa-xa", size=3000):
        self.bytes = random.Random(f"{self.bulletin.id} {seed}").randbytes(size)
        self.digest = self.desk.store.put_bytes(self.bytes)
        self.suffix = suffix
        picture = self.desk.store.put_bytes(PNG + self.bulletin.id.encode() + str(seed).encode())
        return self.tell(
            Happened.MASTERED, self.digest, profile=profile, size=size, seconds=61.4, lufs=-16.0, dbtp=-1.6, lra=4.0,
            suffix=suffix, picture=picture,
        )  # fmt: skip

    def sign(self, who="Người duyệt"):
        self.desk.ledger.record(
            replace(self.desk.fact(Happened.APPROVED, bulletin=self.bulletin, digest=self.digest), who=who)
        )
        return self

    def made(self):
        return self.read().voice().master()

    def at(self, instant):
        self.desk.now.at = instant
        return self

    @property
    def sound(self):
        return f"{self.digest[:12]}{self.suffix}"


def published(desk, number, body=(), **changes):
    """A bulletin that was signed before it aired."""
    desk.now.at = min(changes.get("air", (FIVE,))) - 6 * HOUR
    made = Making(desk, number, body, **changes).made().sign()
    desk.now.at = max(LATER, min(changes.get("air", (FIVE,))) + HOUR)
    return made


def vi(*texts):
    return tuple(Paragraph(text, Language.VI) for text in texts)


def km(*texts):
    return tuple(Paragraph(text, Language.KM) for text in texts)


# --- the gate --------------------------------------------------------------------------------------------------------

AFTER_AIR = FIVE + 2 * HOUR
URGENT = {"priority": Priority.URGENT}
HISTORIES = {
    # name: (what happens, what it is, whether the public may hear it once it has aired)
    "received": (lambda m: m, {}, False),
    "read": (lambda m: m.read(), {}, False),
    "voiced": (lambda m: m.read().voice(), {}, False),
    "held": (lambda m: m.read().voice().tell(Happened.HELD, reason="x"), {}, False),
    "waiting": (lambda m: m.made(), {}, False),
    "offered": (lambda m: m.made().tell(Happened.OFFERED), {}, False),
    "approved": (lambda m: m.made().sign(), {}, True),
    "sent": (lambda m: m.made().sign().tell(Happened.DELIVERED).tell(Happened.CONFIRMED), {}, True),
    "missed": (lambda m: m.made().sign().at(AFTER_AIR).tell(Happened.MISSED), {}, True),
    "half signed": (lambda m: m.made().sign(), URGENT, False),
    "signed twice by one": (lambda m: m.made().sign().sign(), URGENT, False),
    "signed by two": (lambda m: m.made().sign().sign("Người khác"), URGENT, True),
    "urgent since, and signed by one": (lambda m: m.made().sign().tell(Happened.URGED), {}, False),
    "urgent since, and signed by two": (lambda m: m.made().sign().tell(Happened.URGED).sign("B"), {}, True),
    "returned": (lambda m: m.made().sign().tell(Happened.RETURNED, reason="x"), {}, False),
    "returned after air": (lambda m: m.made().sign().at(AFTER_AIR).tell(Happened.RETURNED, reason="x"), {}, False),
    "withdrawn": (lambda m: m.made().sign().tell(Happened.WITHDRAWN), {}, False),
    "withdrawn after air": (lambda m: m.made().sign().at(AFTER_AIR).tell(Happened.WITHDRAWN), {}, False),
    "made again": (lambda m: m.made().sign().at(AFTER_AIR).master(1), {}, False),
    "made again and half signed": (
        lambda m: m.made().sign().sign("Người khác").at(AFTER_AIR).master(1).sign(), URGENT, False,
    ),
    "made again and signed": (lambda m: m.made().sign().at(AFTER_AIR).master(1).sign(), {}, True),
    "made again to the same bytes": (lambda m: m.made().sign().at(AFTER_AIR).master(), {}, True),
    "being read again": (lambda m: m.made().sign().at(AFTER_AIR).read("Chữ mật0x chưa ai duyệt."), {}, True),
    "held again": (lambda m: m.made().sign().at(AFTER_AIR).tell(Happened.HELD, reason="x"), {}, False),
    "returned, mended, signed": (
        lambda m: m.made().sign().at(AFTER_AIR).tell(Happened.RETURNED, reason="x").read().voice().master(1).sign(),
        {}, True,
    ),
    "returned, the same again": (
        lambda m: m.made().sign().at(AFTER_AIR).tell(Happened.RETURNED, reason="x").master(), {}, False,
    ),
    "signed too late to air": (lambda m: m.made().at(AFTER_AIR).sign(), {}, False),
    "returned when it was to air": (
        lambda m: m.made().sign().tell(Happened.RETURNED, reason="x").at(AFTER_AIR).master(1).sign(), {}, False,
    ),
    "no player plays it": (lambda m: m.read().voice().master(suffix=".wav").sign(), {}, False),
    "of no public programme": (lambda m: m.made().sign(), {"programme": "noi-bo"}, False),
    "of a programme that is no more": (lambda m: m.made().sign(), {"programme": "bo-roi"}, False),
}  # fmt: skip
EMBARGO = {
    "none": (None, True), "passed": (FIVE - HOUR, True), "to come": (LATER + HOUR, False),
    "passed, but not when it was to air": (FIVE + HOUR, False),
}  # fmt: skip
EXPIRES = {"never": (None, True), "to come": (LATER + HOUR, True), "passed": (LATER - HOUR, False)}
AIR = {"passed": ((FIVE,), True), "to come": ((LATER + HOUR,), False), "both": ((FIVE, LATER + HOUR), True)}
COUNTS = {True: True, False: False}


@pytest.fixture(scope="module")
def province_of_all(tmp_path_factory):
    """A newsroom with a bulletin of every history × embargo × expiry × air time × test; whether each is public."""
    folder = tmp_path_factory.mktemp("tinh")
    lay_out(folder)
    clock = province.Clock()
    cases = product(HISTORIES, EMBARGO, EXPIRES, AIR, COUNTS)
    with province.newsroom(folder, clock) as desk:
        found = []
        for number, (history, embargo, expires, air, counts) in enumerate(cases, start=1):
            # All of it is not needed twice: what no history makes public is tried with what else might hide it once.
            happened, changes, may = HISTORIES[history]
            if not may and (embargo, expires, air, counts) != ("none", "never", "passed", True):
                continue
            clock.at = province.NOW
            fields = {"embargo": EMBARGO[embargo][0], "expires": EXPIRES[expires][0], "air": AIR[air][0]}
            made = happened(Making(desk, number, counts=counts, **fields, **changes))
            told = all((may, EMBARGO[embargo][1], EXPIRES[expires][1], AIR[air][1], counts))
            found.append((made, told, number, (history, embargo, expires, air, counts)))
        clock.at = LATER
        yield desk, found


def tokens(answer):
    """Which bulletins an answer tells of, by what stands in their titles and texts."""
    kind = answer.headers.get("content-type", "")
    if "text" not in kind and "xml" not in kind:
        return set()
    return {int(n) for n in re.findall(r"mật(\d+)x", unescape(answer.text))}


def shows(client, path):
    """Every bulletin that an address tells of, over all its pages."""
    told, page = set(), 1
    while True:
        answer = client.get(f"{path}{'&' if '?' in path else '?'}trang={page}")
        assert answer.status_code == 200, path
        told |= tokens(answer)
        if f"trang={page + 1}" not in answer.text:
            return told
        page += 1


def test_every_route_shows_what_is_public_and_nothing_else(province_of_all):
    desk, found = province_of_all
    client = visitor(desk)
    expected = {number for _, public, number, _ in found if public}
    assert len(found) > 400
    assert 50 < len(expected) < len(found) / 2
    listed = 0
    for path in ROUTES:
        if "{name}" in path:
            for made, public, number, case in found:
                answer = client.get(path.format(name=made.bulletin.id, sound=made.sound))
                assert answer.status_code == (200 if public else 404), (path, case)
                assert tokens(answer) <= ({number} if public else set()), (path, case)
                if public and path.endswith("{sound}"):
                    assert answer.content == made.bytes, case
        else:  # a route added later, with a part that nobody thought of here, must be thought of here
            assert shows(client, path.format(code="ban-tin", tongue="vi")) == (
                set() if path.endswith(".jpg") else expected
            ), path
            listed += 1
    assert listed >= 3
    assert shows(client, "/nghe?tim=bản+tin") == expected
    for _, public, number, case in found:
        answer = client.get("/nghe", params={"tim": f"mat{number}x"})
        assert (f"Tìm thấy {int(public)} bản tin" in answer.text) is True, case
        assert tokens(answer) - {number} == set()


def test_the_number_of_public_bulletins_is_all_that_a_list_counts(province_of_all):
    desk, found = province_of_all
    expected = sum(public for _, public, _, _ in found)
    assert f"{expected} bản tin, mới nhất trước." in visitor(desk).get("/nghe").text


EVENTS = st.sampled_from(
    ["read", "voice", "master 0", "master 1", "sign A", "sign B", "return", "withdraw", "hold", "hour", "hours"]
)


class Reference:
    """Whether a bulletin may be heard, told by its own small rules."""

    def __init__(self, air, needed):
        self.air, self.needed = air, needed
        self.digest, self.signers, self.stopped, self.gone, self.aired = None, {}, False, False, False

    def may(self):
        return not self.stopped and not self.gone and len(self.signers.get(self.digest, ())) >= self.needed

    def passes(self, before, after):
        self.aired = self.aired or (self.may() and any(before < at <= after for at in self.air))

    def happens(self, word, which):
        if word in {"return", "withdraw"}:
            self.signers = {}
        self.gone = self.gone or word == "withdraw"
        if word in {"return", "hold"}:
            self.stopped = True
        elif word in {"read", "voice", "master"}:
            self.stopped = False
        if word == "master":
            self.digest = which
        elif word == "sign" and self.digest is not None and not self.gone:
            self.signers.setdefault(self.digest, set()).add(which)


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_answer_ever_holds_the_title_of_what_may_not_be_heard(desk, data):
    start = desk.now.at = desk.now.at + DAY
    urgent = data.draw(st.booleans())
    air = tuple(start + HOUR * n for n in sorted(data.draw(st.sets(st.integers(1, 9), min_size=1, max_size=3))))
    name = f"{start:%y%m%d%H%M%S}"
    made = Making(desk, name, air=air, priority=Priority.URGENT if urgent else Priority.NORMAL)
    rules = Reference(air, made.bulletin.signatures)
    does = {
        "read": lambda _: made.read(),
        "voice": lambda _: made.read().voice(),
        "master": lambda seed: made.master(int(seed)),
        "sign": made.sign,
        "return": lambda _: made.tell(Happened.RETURNED, reason="x"),
        "withdraw": lambda _: made.tell(Happened.WITHDRAWN),
        "hold": lambda _: made.tell(Happened.HELD, reason="x"),
    }
    client = visitor(desk)
    for event in data.draw(st.lists(EVENTS, min_size=4, max_size=14)):
        word, _, which = event.partition(" ")
        before = desk.now.at
        desk.now.at += {"hour": HOUR, "hours": 3 * HOUR}.get(word, timedelta(seconds=1))
        rules.passes(before, desk.now.at)
        if word in does:
            does[word](which)
            rules.happens(word, which)
    expected = rules.aired and rules.may()
    for path in ("/nghe/podcast/ban-tin/vi.rss", f"/nghe?tim=mat{name}x"):
        assert (f"mật{name}x" in client.get(path).text) is expected, path
    for path in (f"/nghe/bai/{made.bulletin.id}", f"/nghe/bai/{made.bulletin.id}/loi.txt"):
        answer = client.get(path)
        assert (answer.status_code, f"mật{name}x" in answer.text) == (200 if expected else 404, expected), path


def test_what_is_public_goes_the_moment_somebody_takes_it_back_and_comes_the_moment_it_airs(desk, public, clock):
    made = published(desk, 1)
    clock.at = FIVE - timedelta(seconds=1)
    address = f"/nghe/bai/{made.bulletin.id}"
    assert public.get(address).status_code == 404
    clock.at = FIVE
    sound = public.get(f"{address}/{made.sound}")
    assert (sound.status_code, sound.content) == (200, made.bytes)
    recalls.recall(desk, made.bulletin, "Người duyệt")
    for path in ("", "/loi.txt", "/hinh.png", f"/{made.sound}"):
        for headers in ({}, {"if-none-match": sound.headers["etag"]}, {"range": "bytes=0-9"}):
            answer = public.get(address + path, headers=headers)
            assert answer.status_code == 404
            assert "mật1x" not in answer.text
    assert public.get("/nghe/podcast/ban-tin/vi.rss").text.count("<item>") == 0


def test_another_program_that_takes_it_back_is_seen_at_once(desk, public, tmp_path, clock):
    made = published(desk, 1)
    assert public.get(f"/nghe/bai/{made.bulletin.id}").status_code == 200
    with province.newsroom(tmp_path, clock) as other:
        approvals.withdraw(other, made.bulletin, "Người duyệt")
    assert public.get(f"/nghe/bai/{made.bulletin.id}").status_code == 404


def test_made_again_and_signed_it_has_other_sound_at_another_address_and_is_the_same_item(desk, public):
    made = published(desk, 1)
    before = feedparser.parse(public.get("/nghe/podcast/ban-tin/vi.rss").content).entries[0]
    old = made.sound
    made.master(7).sign()
    after = feedparser.parse(public.get("/nghe/podcast/ban-tin/vi.rss").content).entries[0]
    assert before.id == after.id == f"bantin:{made.bulletin.id}"
    assert before.published == after.published
    assert before.enclosures[0].href != after.enclosures[0].href
    assert public.get(f"/nghe/bai/{made.bulletin.id}/{old}").status_code == 404
    assert public.get(f"/nghe/bai/{made.bulletin.id}/{made.sound}").content == made.bytes


def test_what_was_said_before_is_not_heard_as_a_format_that_no_station_wants_any_more(desk, public):
    made = published(desk, 1)
    old = made.sound
    made.read("Chữ mật1x đã sửa.").voice().master(1, profile="loa-nen")
    assert public.get(f"/nghe/bai/{made.bulletin.id}").status_code == 404  # the mended one waits for its signature
    made.sign()
    assert public.get(f"/nghe/bai/{made.bulletin.id}/{old}").status_code == 404
    assert public.get(f"/nghe/bai/{made.bulletin.id}/{made.sound}").content == made.bytes
    assert "đã sửa" in public.get(f"/nghe/bai/{made.bulletin.id}").text


def test_a_kind_of_station_that_joins_takes_nothing_from_the_public(desk, public):
    made = published(desk, 1)
    before = made.sound
    made.read().voice().master().master(3, profile="loa-nen")
    assert public.get(f"/nghe/bai/{made.bulletin.id}/{before}").status_code == 200


# --- off, and what every answer says ---------------------------------------------------------------------------------


def every(made):
    fill = {"name": made.bulletin.id, "sound": made.sound, "code": "ban-tin", "tongue": "vi"}
    return [path.format(**fill) for path in ROUTES]


def test_without_the_setting_there_is_no_library(tmp_path, clock):
    lay_out(tmp_path, public="false")
    with province.newsroom(tmp_path, clock) as desk:
        made = published(desk, 1)
        client = visitor(desk)
        for path in every(made):
            assert client.get(path).status_code == client.head(path).status_code == 404, path
            assert "Nghe lại" not in client.get(path).text


def test_every_answer_is_asked_for_anew_sets_no_cookie_and_has_the_headers_of_the_desk(desk, public):
    made = published(desk, 1)
    for path in [*every(made), "/nghe/bai/khong-co"]:
        answer = public.get(path, headers={"cookie": "bantin-tieng=en; bantin=x"})
        assert "set-cookie" not in answer.headers
        assert answer.headers["cache-control"] == "no-cache"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        head = public.head(path)
        assert (head.status_code, head.content) == (answer.status_code, b"")
        if "etag" in answer.headers:
            same = public.get(path, headers={"if-none-match": answer.headers["etag"]})
            assert (same.status_code, same.content) == (304, b"")
        if answer.headers["content-type"].startswith("text/html"):
            assert len(answer.content) < 200_000
            assert "<script" not in answer.text
            assert '<html lang="vi">' in answer.text  # the newsroom's language, whatever a cookie of the desk says
    assert "Find" in public.get("/nghe?hien=en").text
    assert 'href="/nghe?hien=en"' in public.get("/nghe?hien=en").text


def test_a_part_of_the_sound_can_be_asked_for(desk, public):
    made = published(desk, 1)
    path = f"/nghe/bai/{made.bulletin.id}/{made.sound}"
    part = public.get(path, headers={"range": "bytes=1000-1999"})
    assert (part.status_code, part.content) == (206, made.bytes[1000:2000])
    assert part.headers["content-range"] == "bytes 1000-1999/3000"
    assert part.headers["etag"] == f'"{made.digest}"'
    other = public.get(path, headers={"range": "bytes=1000-1999", "if-range": '"another"'})
    assert (other.status_code, other.content) == (200, made.bytes)
    whole = public.get(path)
    assert (whole.headers["content-type"], whole.headers["content-length"]) == ("audio/mpeg", "3000")
    assert whole.headers["accept-ranges"] == "bytes"


def test_sound_leaves_in_large_pieces_so_that_many_listeners_do_not_hold_up_the_push(desk, public):
    made = Making(desk, 1).at(FIVE - HOUR).read().voice().master(size=2_000_000).sign().at(LATER)
    pieces = anyio.run(sent, public.app, f"/nghe/bai/{made.bulletin.id}/{made.sound}")
    assert b"".join(pieces) == made.bytes
    assert len(pieces) < 6


async def sent(app, path):
    """The pieces in which an answer leaves."""
    pieces = []

    async def send(message):
        pieces.append(message.get("body", b""))

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [], "scheme": "http",
             "server": ("ban-tin.test", 80), "asgi": {"spec_version": "2.4"}}  # fmt: skip
    await app(scope, None, send)
    return [piece for piece in pieces if piece]


def test_sound_that_the_store_damaged_is_not_played_and_nothing_of_ours_is_told(desk, public):
    made = published(desk, 1)
    file = desk.store.path(made.digest)
    file.chmod(0o600)
    file.write_bytes(b"other bytes")
    answer = public.get(f"/nghe/bai/{made.bulletin.id}/{made.sound}")
    assert answer.status_code == 503
    assert "Mời bà con quay lại" in answer.text
    assert made.digest not in answer.text
    assert "L-1" not in answer.text


def test_a_text_that_the_store_lost_is_there_again_once_it_was_put_back(desk, public):
    made = published(desk, 1)
    read = desk.store.path(desk.ledger.facts(made.bulletin.id, Happened.READ)[-1].digest)
    kept = read.read_bytes()
    read.unlink()
    address = f"/nghe/bai/{made.bulletin.id}"
    assert "Lời mật1x" not in public.get(address).text
    assert titles(public, tim="lời mật1x") == []
    read.write_bytes(kept)
    assert "Lời mật1x" in public.get(address).text
    assert titles(public, tim="lời mật1x") == ["Tin mật1x"]


def test_what_fails_by_a_fault_of_ours_tells_the_public_nothing_of_it(desk, public):
    made = Making(desk, 1).at(FIVE - HOUR)
    made.tell(Happened.READ, desk.store.put_bytes(b"no reading")).master().sign().at(LATER)
    for path in ("/nghe", f"/nghe/bai/{made.bulletin.id}", "/nghe/podcast/ban-tin/vi.rss"):
        answer = public.get(path)
        assert (answer.status_code, "Mời bà con quay lại" in answer.text) == (503, True)
        assert "N-100" not in answer.text


def test_an_address_that_the_library_does_not_have_leads_back_to_it_and_not_to_the_desk(public):
    for path in ("/nghe/x", "/nghe/bai", "/nghe/podcast/ban-tin/vi.xml", "/nghe/bai/a/b/c"):
        answer = public.get(path)
        home, desks = ('href="/nghe"' in answer.text, 'href="/"' in answer.text)
        assert (answer.status_code, home, desks) == (404, True, False), path
        assert "<script" not in answer.text
    assert 'href="/nghe"' not in public.get("/nghe-x").text


def test_what_sounds_best_at_home_is_what_the_public_gets(desk, public):
    made = published(desk, 1)
    best = made.digest
    made.master(3, profile="loa-nen").sign()
    made.master(4, profile="phong-thu", suffix=".wav").sign()
    assert f"{best[:12]}.mp3" in public.get(f"/nghe/bai/{made.bulletin.id}").text
    other = Making(desk, 2).at(FIVE - HOUR).read().voice().master(suffix=".m4a").sign().at(LATER)
    sound = public.get(f"/nghe/bai/{other.bulletin.id}/{other.sound}")
    assert (sound.headers["content-type"], sound.content) == ("audio/x-m4a", other.bytes)


def test_what_makes_no_sense_in_an_address_is_a_page(desk, public):
    published(desk, 1)
    long = "x" * 5000
    for path in (
        "/nghe?trang=x", "/nghe?trang=-1", "/nghe?trang=99999999999999999999", "/nghe?trang=²", f"/nghe?tim={long}",
        "/nghe?tim=%ff", "/nghe?thang=x&chu_de=x&tieng=x&chuong_trinh=x", "/nghe?hien=x", "/nghe?tim=%3C%22%27",
    ):  # fmt: skip
        assert public.get(path).status_code == 200, path
    for path in (
        "/nghe/podcast/x/vi.rss", "/nghe/podcast/ban-tin/en.rss", "/nghe/podcast/noi-bo/vi.rss",
        "/nghe/podcast/noi-bo/vi.jpg", "/nghe/podcast//vi.rss", "/nghe/bai/%2e%2e", f"/nghe/bai/{long}", "/nghe/a/b/c",
        "/nghe/bai/%00", "/nghe/bai/a/b.mp3",
    ):  # fmt: skip
        assert public.get(path).status_code == 404, path
    assert public.post("/nghe", data={"x": "y"}).status_code == 405


# --- what a page says ------------------------------------------------------------------------------------------------


def test_a_page_has_all_that_is_heard_in_its_order_each_word_in_its_language(desk, public):
    body = (
        Paragraph("Câu thứ nhất. Câu thứ hai.", Language.VI),
        RecordingMark("phong-van.wav", "Tôi tên là Hai <b>.", Language.VI),
        Paragraph("បងប្អូននៅឃុំ Đất Mũi ទាំងអស់គ្នា", Language.KM),
    )
    made = published(desk, 1, body, languages=(Language.VI, Language.KM))
    text = public.get(f"/nghe/bai/{made.bulletin.id}").text
    said = re.findall(r"<p>((?:<span lang=.*?</span> ?)+)</p>", text)
    assert [re.sub("<[^>]*>", "", line) for line in said] == [
        "Kính chào bà con. Câu thứ nhất. Câu thứ hai.", "Tôi tên là Hai &lt;b&gt;.", "បងប្អូននៅឃុំ Đất Mũi ទាំងអស់គ្នា",
        "Chào bà con.",
    ]  # fmt: skip
    assert re.findall('lang="(..)"', said[2]) == ["km", "vi", "km"]
    plain = public.get(f"/nghe/bai/{made.bulletin.id}/loi.txt").text.split("\n\n")
    assert plain[0] == "Tin mật1x"
    assert plain[1] == "Kính chào bà con. Câu thứ nhất. Câu thứ hai."
    assert 'alt="Sóng âm' in text
    assert public.get(f"/nghe/bai/{made.bulletin.id}/hinh.png").content.startswith(PNG)


def test_what_a_real_render_makes_is_all_there(desk, public):
    file = desk.config.scripts / "tin.txt"
    file.write_text("Tiêu đề: Tiêm vắc xin\nPhát: 24/11/2026 05:00\n\nTrạm thú y tiêm 207 con heo.\n", "utf-8")
    (taken,) = scripts.sweep(desk, [file])
    desk.now.at = FIVE - 2 * HOUR
    bulletins.render(desk, taken.bulletin)
    approvals.approve(desk, taken.bulletin, "Người duyệt")
    plan.plan(desk, taken.bulletin)
    push.push(desk)
    desk.now.at = LATER
    page = public.get(f"/nghe/bai/{taken.bulletin.id}").text
    heard = bulletins.masters(desk, taken.bulletin)["loa-xa"]
    assert f"{heard.digest[:12]}.mp3" in page
    for said in ("Mời bà con nghe bản tin ngày", "hai trăm lẻ bảy con heo", "Bản tin đến đây là hết."):
        assert said in page
    picture = public.get(f"/nghe/bai/{taken.bulletin.id}/hinh.png")
    with Image.open(BytesIO(picture.content)) as drawn:
        assert drawn.size == (1400, 420)
    assert "Tiêm" in public.get("/nghe?tim=207+con+heo").text  # as it was written, too


def test_every_word_of_a_page_is_marked_as_the_language_it_is_in(desk, public):
    """Or a screen reader would say Vietnamese as if it were English."""
    published(desk, 1, km("ព័ត៌មាន"), title="ព័ត៌មាន", languages=(Language.KM,), theme="nước sạch")
    made = published(desk, 2, programme="suc-khoe", theme="dịch bệnh")
    for path in ("/nghe", "/nghe?tim=loi", f"/nghe/bai/{made.bulletin.id}", "/nghe/bai/khong-co"):
        page = html.fromstring(public.get(path, params={"hien": "en"}).content)
        for word in page.xpath("//body//text()"):
            (lang, *_) = reversed(word.getparent().xpath("ancestor-or-self::*/@lang"))
            letters = {c for c in unicodedata.normalize("NFC", word).casefold() if not c.isascii()}
            wanted = "km" if any("\u1780" <= c <= "\u17ff" for c in letters) else "vi" if letters & VIETNAMESE else lang
            assert lang == wanted, (path, word)
        assert all(page.get_element_by_id(one.get("aria-labelledby")) is not None for one in page.iter("audio"))


VIETNAMESE = set("ăâđêôơưáàảãạấầẩẫậắằẳẵặéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ")
"""Letters that no English word has."""


# --- search ----------------------------------------------------------------------------------------------------------


def titles(client, **asked):
    text = client.get("/nghe", params=asked).text
    return [re.sub("<[^>]*>", "", title) for title in re.findall(r"<h2><a [^>]*>(.*?)</a></h2>", text)]


@pytest.fixture
def shelf(desk):
    published(desk, 1, vi("Nước mặn xâm nhập sâu 45 km."), title="Độ mặn ở Đất Mũi", theme="nông nghiệp")
    published(desk, 2, vi("Tiêm chủng mở rộng."), title="Sức khoẻ", theme="y tế", air=(FIVE - 30 * DAY,))
    khmer = "បង្ការ\u200bជំងឺ\u200bគ្រុនឈាមនៅខេត្តកាម៉ៅ"
    published(desk, 3, km(khmer), title="ព័ត៌មាន", languages=(Language.KM,), programme="suc-khoe", air=(FIVE - DAY,))


def test_vietnamese_is_found_with_and_without_accents(shelf, public):
    for asked in (
        "độ mặn",
        "do man",
        "DO MAN",
        "dat mui xam nhap",
        unicodedata.normalize("NFD", "Đất Mũi"),
        "bốn mươi",
    ):
        assert titles(public, tim=asked) == ["Độ mặn ở Đất Mũi"], asked
    assert titles(public, tim="mặn tiêm") == []
    assert titles(public, tim="45") == ["Độ mặn ở Đất Mũi"]  # as written, though “bốn mươi lăm” is heard
    page = public.get("/nghe?tim=xam+nhap").text
    assert "<mark>xâm</mark>" in page
    assert "<mark>nhập</mark>" in page


def test_khmer_is_found_with_and_without_the_marks_between_its_words(shelf, public):
    for asked in ("ជំងឺគ្រុនឈាម", "ជំងឺ\u200bគ្រុន\u200bឈាម", "កាមៅ៉", "គ្រុន ខេត្ត", "ព័ត៌មាន"):
        assert titles(public, tim=asked) == ["ព័ត៌មាន"], asked
    page = public.get("/nghe", params={"tim": "គ្រុនឈាម"}).text
    assert re.search('<p lang="km">[^<]*<mark>គ្រុនឈាម</mark>', page)
    assert '<h2><a href="/nghe/bai/20261124-tin-3-' in page
    assert re.search('<a href="[^"]*" lang="km">ព័ត៌មាន</a></h2>', page)


def test_lists_can_be_narrowed_and_are_the_newest_first(shelf, public):
    assert titles(public) == ["Độ mặn ở Đất Mũi", "ព័ត៌មាន", "Sức khoẻ"]
    assert titles(public, chu_de="y tế") == ["Sức khoẻ"]
    assert titles(public, tieng="km") == titles(public, chuong_trinh="suc-khoe") == ["ព័ត៌មាន"]
    assert titles(public, thang="2026-10") == ["Sức khoẻ"]
    assert titles(public, thang="2026-11", tieng="vi") == ["Độ mặn ở Đất Mũi"]
    page = public.get("/nghe?chu_de=y+tế").text
    assert '<option value="y tế" lang="vi" selected>' in page
    assert "Sức khoẻ &amp; đời sống &lt;mới&gt;" in page


def test_pages_hold_twenty_and_what_was_asked_stays(desk, public):
    for number in range(1, 46):
        published(desk, number, air=(FIVE - HOUR * number,))
    assert len(titles(public)) == 20
    assert len(titles(public, trang=3, tim="bản tin")) == 5
    assert titles(public, trang=999) == titles(public, trang=3)  # an address of a page that is no more
    assert titles(public, trang=0) == titles(public, trang="x") == titles(public)
    assert 'aria-label="Trang"' not in public.get("/nghe?tim=mat7x").text  # one page: nowhere to go
    page = public.get("/nghe?trang=2&tim=bản+tin&hien=en").text
    assert re.search('href="/nghe[?]tim=[^"&]*&amp;trang=3&amp;hien=en"', page)


def test_what_people_look_for_is_text_and_no_part_of_a_page(desk, public):
    published(desk, 1, vi("Giá <b>lúa</b> & gạo"), title='<img src=x onerror="alert(1)"> lúa')
    for tim in ("", "lua", "img src", '"><script>alert(1)</script>', "b"):
        page = public.get("/nghe", params={"tim": tim}).text
        assert "<img src=x" not in page
        assert "<script" not in page
        assert "<b>" not in page


# --- podcasts --------------------------------------------------------------------------------------------------------

ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
CATEGORIES = set(config.settings.Library.model_fields["category"].annotation.__args__)
ONCE = ["title", "link", "description", "language", f"{ATOM}link", f"{ITUNES}author", f"{ITUNES}image",
        f"{ITUNES}category", f"{ITUNES}explicit"]  # fmt: skip


def local(client, url):
    """What stands at a public address."""
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc) == ("https", "nghe.test")
    return client.get(parts.path)


def check_feed(client, answer):
    """RSS 2.0 as its specification has it, and what Apple requires of a podcast; every sound is fetched."""
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/rss+xml; charset=utf-8"
    parsed = feedparser.parse(answer.content)
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.version == "rss20"
    root = etree.fromstring(answer.content)
    assert (root.tag, root.get("version"), len(root)) == ("rss", "2.0", 1)
    (channel,) = root
    for tag in ONCE:
        assert len(channel.findall(tag)) == 1, tag
    for tag in ("title", "description", "link", f"{ITUNES}author"):
        assert channel.findtext(tag).strip()
    assert channel.findtext("language") in {"vi", "km"}
    assert channel.findtext(f"{ITUNES}explicit") in {"true", "false"}
    assert channel.find(f"{ITUNES}category").get("text") in CATEGORIES
    own = channel.find(f"{ATOM}link")
    assert (own.get("rel"), own.get("type")) == ("self", "application/rss+xml")
    assert local(client, own.get("href")).content == answer.content
    check_cover(local(client, channel.find(f"{ITUNES}image").get("href")))
    if (built := channel.findtext("lastBuildDate")) is not None:
        assert parsedate_to_datetime(built).tzinfo
    guids = [item.findtext("guid") for item in channel.iter("item")]
    assert len(set(guids)) == len(guids)
    times = [parsedate_to_datetime(item.findtext("pubDate")) for item in channel.iter("item")]
    assert times == sorted(times, reverse=True)
    for item in channel.iter("item"):
        check_item(client, item)
    return channel, parsed


def check_cover(answer):
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    with Image.open(BytesIO(answer.content)) as picture:
        assert picture.format == "JPEG"
        assert picture.mode == "RGB"
        assert 1400 <= picture.width == picture.height <= 3000
    assert len(answer.content) < 500_000


def check_item(client, item):
    for tag in ("title", "link", "description", "guid", "pubDate", "enclosure", f"{ITUNES}duration"):
        assert len(item.findall(tag)) == 1, tag
    assert item.findtext("title").strip()
    assert item.find("guid").get("isPermaLink") == "false"
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", item.findtext("pubDate"))
    assert re.fullmatch(r"[1-9]\d*", item.findtext(f"{ITUNES}duration"))
    assert local(client, item.findtext("link")).status_code == 200
    enclosure = item.find("enclosure")
    sound = local(client, enclosure.get("url"))
    assert sound.status_code == 200
    assert int(enclosure.get("length")) == len(sound.content) == int(sound.headers["content-length"])
    assert enclosure.get("type") == sound.headers["content-type"]
    assert urlsplit(enclosure.get("url")).path.endswith((".mp3", ".m4a"))
    for url in re.findall(r"""(?:href|src)=["']([^"']*)""", item.findtext(f"{CONTENT}encoded") or ""):
        assert url.startswith("https://")


def test_a_podcast_is_what_players_and_directories_ask_for(desk, public):
    made = {n: published(desk, n, air=(FIVE - n * DAY, FIVE)) for n in range(1, 6)}
    channel, parsed = check_feed(public, public.get("/nghe/podcast/ban-tin/vi.rss"))
    assert len(parsed.entries) == 5
    first = parsed.entries[0]
    assert (first.title, first.published) == ("Tin mật1x", "Mon, 23 Nov 2026 05:00:00 +0700")
    assert "Lời mật1x của bản tin." in first.content[0].value
    assert first.itunes_duration == "61"
    assert first.enclosures[0].href == f"{ADDRESS}/nghe/bai/{made[1].bulletin.id}/{made[1].sound}"
    assert local(public, first.enclosures[0].href).content == made[1].bytes
    assert parsed.feed.title == "Bản tin dân tộc thiểu số"
    assert channel.find(f"{ITUNES}owner") is None


def test_each_programme_and_language_has_its_own_podcast(desk, public):
    published(desk, 1)
    published(desk, 2, km("ព័ត៌មាន"), languages=(Language.KM,), title="ព័ត៌មាន")
    published(desk, 3, languages=(Language.VI, Language.KM))
    published(desk, 4, programme="suc-khoe")
    for name, language, titles in (
        ("ban-tin/vi", "vi", ["Tin mật1x", "Tin mật3x"]), ("ban-tin/km", "km", ["Tin mật3x", "ព័ត៌មាន"]),
        ("suc-khoe/vi", "vi", ["Tin mật4x"]), ("suc-khoe/km", "km", []),
    ):  # fmt: skip
        channel, parsed = check_feed(public, public.get(f"/nghe/podcast/{name}.rss"))
        assert channel.findtext("language") == language
        assert sorted(entry.title for entry in parsed.entries) == titles
    assert parsed.feed.title == "Sức khoẻ & đời sống <mới> · ភាសាខ្មែរ"
    page = public.get("/nghe").text
    links = re.findall('<link rel="alternate" type="application/rss[+]xml" title="([^"]*)" href="([^"]*)">', page)
    assert [href for _, href in links] == [
        "/nghe/podcast/ban-tin/vi.rss", "/nghe/podcast/ban-tin/km.rss", "/nghe/podcast/suc-khoe/vi.rss",
    ]  # fmt: skip
    assert all(public.get(href).status_code == 200 for _, href in links)


HOSTILE = [
    "]]>", "<b>&amp;</b>", "a\x00b\x01c\x1f", "\ufffe\uffff", "loa 📢 🇻🇳", "<!--", "\"'", "&#0;", "\x00", "<?xml ?>",
    "\u202e", "]]>]]&gt;<item/>", "ខ្មែរ\u200b", "a\r\nb\x85c",
]  # fmt: skip


def test_a_title_of_any_kind_leaves_the_podcast_well_formed(desk, public):
    for number, title in enumerate(HOSTILE, start=1):
        text = f"Lời {title} hết." if title.isprintable() else "Lời hết."
        made = published(desk, number, vi(text), title=title, air=(FIVE - number * HOUR,))
        assert public.get(f"/nghe/bai/{made.bulletin.id}").status_code == 200
    channel, parsed = check_feed(public, public.get("/nghe/podcast/ban-tin/vi.rss"))
    shown = [item.findtext("title") for item in channel.iter("item")]
    assert len(shown) == len(HOSTILE)
    assert shown[0] == "]]>"
    assert shown[1] == "<b>&amp;</b>"
    assert shown[2] == "abc"
    assert shown[4] == "loa 📢 🇻🇳"
    assert shown[8] == "Bản tin dân tộc thiểu số"  # nothing of its own title can be written
    assert len(parsed.entries) == len(HOSTILE)


def test_a_player_that_has_the_podcast_is_told_so_until_something_changes(desk, public, clock):
    first = published(desk, 1)
    published(desk, 2)
    path = "/nghe/podcast/ban-tin/vi.rss"
    before = public.get(path)
    clock.at += DAY
    for shown in (before.headers["etag"], f'"x", {before.headers["etag"]}'):
        answer = public.get(path, headers={"if-none-match": shown})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == before.headers["etag"]
    first.tell(Happened.WITHDRAWN)
    answer = public.get(path, headers={"if-none-match": before.headers["etag"]})
    assert answer.status_code == 200
    assert "mật1x" not in answer.text
    assert "mật2x" in answer.text


@pytest.mark.parametrize("later", [timedelta(seconds=0.4), -HOUR])
def test_a_player_that_asks_by_time_alone_keeps_nothing_that_was_taken_back(desk, public, clock, later):
    """Within the second in which it asked, or by a machine whose clock is late."""
    made = published(desk, 1)
    path = "/nghe/podcast/ban-tin/vi.rss"
    made.tell(Happened.HEARD)
    assert "mật1x" in public.get(path).text
    asked = format_datetime(clock.at.astimezone(UTC), usegmt=True)
    clock.at += later
    made.tell(Happened.WITHDRAWN)
    clock.at = LATER + DAY
    answer = public.get(path, headers={"if-modified-since": asked})
    assert (answer.status_code, "mật1x" in answer.text) == (200, False)


def test_what_airs_or_expires_changes_the_podcast(desk, public, clock):
    made = Making(desk, 1, expires=LATER).made().sign()
    path = "/nghe/podcast/ban-tin/vi.rss"
    empty = public.get(path)
    assert "lastBuildDate" not in empty.text
    clock.at = FIVE
    listed = public.get(path, headers={"if-none-match": empty.headers["etag"]})
    assert listed.status_code == 200
    assert made.bulletin.title in listed.text
    assert "<lastBuildDate>Mon, 23 Nov 2026 22:00:00 +0000</lastBuildDate>" in listed.text
    clock.at = LATER
    gone = public.get(path, headers={"if-none-match": listed.headers["etag"]})
    assert gone.status_code == 200
    assert made.bulletin.title not in gone.text


def test_settings_stand_in_the_podcast_and_below_the_path_of_a_proxy(tmp_path, clock):
    below = {"prefix": '"/bantin"', "address": f'"{ADDRESS}/bantin"'}
    about = {"mail": '"nghe@vi-du.vn"', "author": '"Đài <Cà Mau>"', "category": '"News"'}
    lay_out(tmp_path, **below, **about, explicit="true", items="2")
    with province.newsroom(tmp_path, clock) as desk:
        for number in range(1, 5):
            published(desk, number, air=(FIVE - number * DAY,))
        client = visitor(desk)
        channel, parsed = check_feed(client, client.get("/bantin/nghe/podcast/ban-tin/vi.rss"))
        assert [entry.title for entry in parsed.entries] == ["Tin mật1x", "Tin mật2x"]
        owner = channel.find(f"{ITUNES}owner")
        assert [owner.findtext(f"{ITUNES}{tag}") for tag in ("name", "email")] == ["Đài <Cà Mau>", "nghe@vi-du.vn"]
        assert channel.findtext(f"{ITUNES}explicit") == "true"
        for path in ("/bantin/nghe?tim=tin", parsed.entries[0].link.removeprefix(ADDRESS)):
            links = re.findall(r'(?:href|src|action)="([^"]*)"', client.get(path).text)
            assert [a for a in links if not a.startswith(("/bantin/", "#", "?", f"{ADDRESS}/bantin/"))] == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"address": '""'}, "address"),
        ({"address": '"http://nghe.test"'}, "https://"),
        ({"address": '"https://nghe.test/bantin/"'}, "slash"),
        ({"address": '"https://a:b@nghe.test"'}, "login"),
        ({"mail": '"khong phai"'}, "library.mail"),
        ({"category": '"Tin tức"'}, "library.category"),
        ({"programmes": '["bantin"]'}, "nearest: ban-tin"),
        ({"items": "0"}, "library.items"),
    ],
)
def test_settings_that_make_no_podcast_are_refused_before_anybody_hears_one(tmp_path, changes, told):
    lay_out(tmp_path, **changes)
    with pytest.raises(ConfigError, match=re.escape(told)):
        config.load(tmp_path)


# --- in a real browser -----------------------------------------------------------------------------------------------

SCRIPTS = {
    "man.txt": "Tiêu đề: Độ mặn trên các sông tuần này\nPhát: 24/11/2026 05:00\nChủ đề: nông nghiệp\n\n"
    "Nước mặn 4 phần nghìn đã vào sâu 45 km trên sông Ông Đốc. Bà con trữ nước ngọt trước ngày 30/11.\n\n"
    "Trạm thuỷ lợi xã Khánh Bình đóng cống từ 17h hôm nay. Cần hỏi thêm, bà con gọi số 0290 3831 234.\n",
    "heo.txt": "Tiêu đề: Tiêm vắc xin cho đàn heo\nPhát: 23/11/2026 17:00\nChủ đề: chăn nuôi\n\n"
    "Trạm thú y xã Đất Mũi tiêm vắc xin cho 207 con heo vào sáng mai.\n",
    "km.txt": "Tiêu đề: ការពារជំងឺគ្រុនឈាម\nPhát: 24/11/2026 05:30\nChủ đề: sức khoẻ\n\n"
    "បងប្អូនគួរសម្អាតទីលំនៅឱ្យស្អាត ដើម្បីការពារជំងឺគ្រុនឈាម។ ដេកក្នុងមុងទាំងថ្ងៃទាំងយប់។\n",
}


@pytest.mark.skipif(not CHROMIUM, reason="chromium is missing")
def test_anybody_with_a_phone_finds_hears_and_reads_a_bulletin(desk, chromium, clock):  # noqa: F811, PLR0915 - a story
    from axe_playwright_python.sync_playwright import Axe

    clock.at = FIVE - DAY
    for name, text in SCRIPTS.items():
        file = desk.config.scripts / name
        file.write_text(text, "utf-8")
        (taken,) = scripts.sweep(desk, [file])
        bulletins.render(desk, taken.bulletin)
        approvals.approve(desk, taken.bulletin, "Người duyệt")
    clock.at = LATER
    with ExitStack() as stack:
        server = stack.enter_context(Server(Office(desk.config, lambda _: nullcontext(desk)), "127.0.0.1", 0))
        home = f"http://127.0.0.1:{server.port}/nghe"
        for size in (PHONE, DESK):
            said = []
            context = chromium.new_context(viewport=size, locale="vi-VN")
            stack.callback(context.close)
            page = context.new_page()
            page.on("console", lambda message, said=said: said.append(message.text))
            page.on("pageerror", lambda fault, said=said: said.append(str(fault)))
            page.goto(home)
            assert page.locator("ol.shelf > li").count() == 3
            picture(page, "thu-vien", size)
            check_page(page, Axe())
            page.fill("#tim", "nuoc man")
            page.keyboard.press("Enter")
            page.wait_for_url("**tim=nuoc*")
            assert page.locator("mark").all_inner_texts()[:3] == ["mặn", "Nước", "mặn"]
            check_page(page, Axe())
            page.click("ol.shelf a")
            assert "bốn phần nghìn" in page.inner_text("main")
            with page.expect_response(re.compile(r"[.]mp3$")) as answer:
                page.evaluate("document.querySelector('audio').play().catch(() => 0)")
            assert answer.value.status in {200, 206}
            page.locator("img").scroll_into_view_if_needed()
            page.wait_for_function("document.querySelector('img').naturalWidth == 1400")
            picture(page, "thu-vien-bai", size)
            check_page(page, Axe())
            page.goto(home)
            page.click("text=ការពារជំងឺគ្រុនឈាម")
            assert page.locator("p span[lang=km]").count() > 1
            check_page(page, Axe())
            page.click("text=English")
            assert page.inner_text("h2 >> nth=0") == "The text, as spoken"
            page.goto(f"{home}/bai/khong-co")
            check_page(page, Axe())
            assert context.cookies() == []
            assert [line for line in said if "404" not in line] == []
        plain = chromium.new_context(viewport=PHONE, java_script_enabled=False)
        stack.callback(plain.close)
        page = plain.new_page()
        page.goto(home)
        page.select_option("#chu_de", "chan-nuoi")
        page.click("main button")
        assert page.locator("ol.shelf > li").count() == 1


def check_page(page, axe):
    """Nothing of it is out of reach for people who cannot see, hold a mouse, or have but a small screen."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "scrolls sideways"
    violations = axe.run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:120]) for v in violations] == []


def picture(page, name, size):
    """A picture for the documents, where they are asked for."""
    if PICTURES and size is DESK:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=name == "thu-vien")
