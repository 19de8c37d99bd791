"""The library: what anybody may hear, and that nothing else ever gets out."""

import xml.etree.ElementTree as ET
from contextlib import nullcontext
from datetime import timedelta
from email.utils import parsedate_to_datetime

import feedparser
import pytest
from fastapi.testclient import TestClient

from pipeline.core.facts import Happened
from pipeline.core.model import Digest, Head, Language, Priority, Reading, Script, Sentence
from pipeline.ledger import documents
from pipeline.newsroom import library
from pipeline.newsroom.office import Office
from pipeline.web.app import make_app
from pipeline.web.library import router
from tests import province
from tests.flow.test_changes import station

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ADDRESS = "https://loa.example.vn"
KHMER = "ការ\u200bពារ\u200bទឹក\u200bជំនន់ នៅ កាម៉ៅ។"


@pytest.fixture
def clock():
    made = province.Clock()
    made.at += 3 * DAY
    return made


def newsroom(folder, clock, public="true", **changes):
    province.lay_out(folder, [station(folder, "A")], public=public, address=f'"{ADDRESS}"', **changes)
    return province.newsroom(folder, clock)


@pytest.fixture
def desk(tmp_path, clock):
    with newsroom(tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def site(desk):
    return TestClient(
        make_app(Office(desk.config, lambda _settings: nullcontext(desk))), base_url="http://ban-tin.test"
    )


def bulletin(desk, number, text="Giá lúa tăng.", language=Language.VI, sign=1, **changes):
    """A bulletin with its reading and its sound, signed by so many."""
    digest = Digest(f"{number:064x}")
    fields = {"title": f"Tin số {number}", "languages": (language,), "air": (desk.now() - DAY,), **changes}
    fields |= {"id": f"20261124-tin-{number:03}", "script": digest, "kind": province.Kind.CT}
    made = province.Bulletin(**{"programme": "ban-tin", **fields})
    script = Script(digest=digest, name=f"{number}.txt", head=Head(), body=())
    fact = desk.fact(Happened.RECEIVED, bulletin=made, digest=digest, signatures=made.signatures)
    desk.ledger.receive(script, made, fact)
    reread(desk, made, text, language)
    remaster(desk, made, number, sign)
    return made


def reread(desk, made, text, language=Language.VI):
    said = Reading(utterances=(Sentence(text=text, written=text, language=language),))
    read = desk.store.put_bytes(documents.readings().dump_json(said))
    desk.ledger.record(desk.fact(Happened.READ, bulletin=made, digest=read, sentences=1, notes=[]))


def remaster(desk, made, seed, sign=1, suffix=".mp3"):
    sound = desk.store.put_bytes(b"\xff\xfb\x90\x00" + bytes([seed % 256]) * 5000)
    fact = desk.fact(
        Happened.MASTERED, bulletin=made, digest=sound, profile="loa-xa", size=5004, seconds=61.5, lufs=-16.0,
        dbtp=-1.6, lra=4.0, suffix=suffix,
    )  # fmt: skip
    signed = [desk.fact(Happened.APPROVED, bulletin=made, digest=sound, who=f"Người duyệt {n}") for n in range(sign)]
    desk.ledger.record(fact, *signed)
    return sound


SECRET = "chuyện bí mật"


def happens(desk, made, what):
    desk.ledger.record(desk.fact(what, bulletin=made, who="Người duyệt", reason="x", code="X-1", next="y"))


def never(desk):
    """Bulletins that nobody may hear, each for another reason."""
    now = desk.now()
    hidden = {"text": SECRET, "title": SECRET}
    bulletin(desk, 1, sign=0, **hidden)
    bulletin(desk, 2, priority=Priority.URGENT, **hidden)  # one signature of two
    happens(desk, bulletin(desk, 3, **hidden), Happened.WITHDRAWN)
    happens(desk, bulletin(desk, 4, **hidden), Happened.RETURNED)
    happens(desk, bulletin(desk, 5, **hidden), Happened.HELD)
    bulletin(desk, 6, air=(now + HOUR,), **hidden)  # it has not aired
    bulletin(desk, 7, embargo=now + HOUR, **hidden)
    bulletin(desk, 8, expires=now - HOUR, **hidden)
    bulletin(desk, 9, counts=False, **hidden)  # a test
    remaster(desk, bulletin(desk, 10, **hidden), 110, sign=0)  # made again, and nobody has signed that
    remaster(desk, bulletin(desk, 11, sign=0, **hidden), 111, suffix=".wav")  # nothing that a browser plays
    bulletin(desk, 12, programme="noi-bo", **hidden)  # of no programme that is public
    bulletin(desk, 13, sign=0, air=(now + DAY,), expires=now + 2 * DAY, **hidden)
    return [b.id for b in desk.ledger.bulletins()]


def addresses(name, query=""):
    """Every public address, about a bulletin where it is about one."""
    for route in router.routes:
        yield route.path.format(name=name, code="ban-tin", tongue="vi") + query
        yield route.path.format(name=name, code="noi-bo", tongue="km") + query


def test_what_nobody_may_hear_is_behind_no_address(tmp_path, clock):
    with newsroom(tmp_path, clock, programmes='["ban-tin"]') as desk:
        names = never(desk)
        open_ = bulletin(desk, 50, text="Giá lúa tăng.")
        app = make_app(Office(desk.config, lambda _settings: nullcontext(desk)))
        site = TestClient(app, base_url="http://ban-tin.test")
        assert [one.bulletin.id for one in library.items(desk)] == [open_.id]
        assert len(names) == 13
        for name in names:
            for query in ("", "?tim=bi+mat", "?tim=chuyen", "?trang=1&thang=2026-11"):
                for path in addresses(name, query):
                    answer = site.get(path)
                    assert SECRET not in answer.text.casefold(), path
                    assert name in path or name not in answer.text, path
                    assert answer.status_code == 404 or f"/{name}" not in path, path
        assert "0 bản tin" in site.get("/nghe?tim=bi+mat").text
        assert site.get("/nghe/podcast/noi-bo/vi.rss").status_code == 404


def test_what_is_taken_back_is_gone_at_once_and_comes_back_when_it_is_signed_anew(desk, site):
    made = bulletin(desk, 1)
    paths = [f"/nghe/bai/{made.id}", f"/nghe/bai/{made.id}/tieng.mp3"]
    assert [site.get(path).status_code for path in paths] == [200, 200]
    reread(desk, made, "Bản sửa chưa ai duyệt.")
    assert "chưa ai duyệt" not in site.get(paths[0]).text  # the text is that of the signed sound
    remaster(desk, made, 2, sign=0)
    assert [site.get(path).status_code for path in paths] == [404, 404]
    remaster(desk, made, 2)
    assert "chưa ai duyệt" in site.get(paths[0]).text
    happens(desk, made, Happened.WITHDRAWN)
    assert [site.get(path).status_code for path in paths] == [404, 404]
    assert made.title not in site.get("/nghe").text
    assert made.title not in site.get("/nghe/podcast/ban-tin/vi.rss").text


def test_it_becomes_public_when_it_has_aired_and_its_embargo_is_over(desk, site, clock):
    made = bulletin(desk, 1, air=(clock.at + HOUR,), embargo=clock.at + 2 * HOUR, expires=clock.at + 4 * HOUR)
    seen = []
    for _ in range(6):
        seen.append(site.get(f"/nghe/bai/{made.id}").status_code)
        clock.at += HOUR
    assert seen == [404, 404, 200, 200, 404, 404]


def test_where_it_is_off_there_is_nothing_at_all(tmp_path, clock):
    with newsroom(tmp_path, clock, public="false") as desk:
        made = bulletin(desk, 1)
        app = make_app(Office(desk.config, lambda _settings: nullcontext(desk)))
        site = TestClient(app, base_url="http://ban-tin.test")
        for path in addresses(made.id):
            answer = site.get(path)
            assert (answer.status_code, made.title in answer.text) == (404, False), path


def test_anybody_hears_reads_and_looks_without_a_cookie(desk, site):
    made = bulletin(desk, 1, text="Bà con chú ý: <b>độ mặn</b> tăng.", title="Hạn & mặn <script>")
    shelf = site.get("/nghe")
    assert "Hạn &amp; mặn &lt;script&gt;" in shelf.text
    page = site.get(f"/nghe/bai/{made.id}")
    assert "&lt;b&gt;độ mặn&lt;/b&gt;" in page.text
    sound = site.get(f"/nghe/bai/{made.id}/tieng.mp3")
    (item,) = library.items(desk)
    assert sound.content == desk.store.get(item.master.digest).read_bytes()
    assert sound.headers["content-type"] == "audio/mpeg"
    part = site.get(f"/nghe/bai/{made.id}/tieng.mp3", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"\xff\xfb\x90\x00")
    assert site.head(f"/nghe/bai/{made.id}/tieng.mp3").headers["content-length"] == "5004"
    for answer in (shelf, page, sound):
        assert "set-cookie" not in answer.headers
        assert "max-age=300" in answer.headers["cache-control"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert site.get(f"/nghe/bai/{made.id}/hinh.png").status_code == 404  # it has none
    site.get("/tieng/en")
    assert "Search, with or without accents" in site.get("/nghe").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tim=gia lua", ["Tin số 1"]), ("tim=Giá+LÚA", ["Tin số 1"]), ("tim=lua tom", []),
        ("tim=tin so 2", ["Tin số 2"]),
        ("tim=ទឹកជំនន់", ["Tin số 3"]), ("tim=ទឹក\u200bជំនន់", ["Tin số 3"]), ("tieng=km", ["Tin số 3"]),
        ("tieng=xx", ["Tin số 3", "Tin số 2", "Tin số 1"]), ("thang=2026-11", ["Tin số 3", "Tin số 2", "Tin số 1"]),
        ("thang=2025-01", []), ("chuong_trinh=khong-co", []), ("trang=-1", ["Tin số 3", "Tin số 2", "Tin số 1"]),
        ("tim=%00<script>", []), ("trang=9", []),
    ],
)  # fmt: skip
def test_search_finds_words_with_or_without_accents_and_in_khmer(desk, site, query, found):
    bulletin(desk, 1, text="Giá lúa tăng.")
    bulletin(desk, 2, text="Giá tôm giảm.")
    bulletin(desk, 3, text=KHMER, language=Language.KM)
    text = site.get(f"/nghe?{query}").text
    assert [one for n in (3, 2, 1) if f">{(one := f'Tin số {n}')}</a>" in text] == found
    if "ទឹក" in query:
        assert '<p lang="km">' in text
        assert "<mark>ទឹក\u200bជំនន់</mark>" in text


def test_a_name_with_a_letter_that_no_database_takes_is_refused_at_the_door(desk, site):
    for path in ("/nghe/bai/%00", "/nghe?tim=%00", "/ban-tin/a%00b", "/api/v1/bulletins?text=%00"):
        assert site.get(path, follow_redirects=False).status_code in {400, 409, 422}, path


def test_a_shelf_of_many_asks_the_ledger_no_more_often_than_one_of_few(desk, site, monkeypatch):
    asked = []
    monkeypatch.setattr(type(desk.ledger), "facts", lambda *asks, **more: asked.append((asks, more)) or [])
    for number in range(3):
        bulletin(desk, number + 1)
    for path in ("/nghe", "/nghe?tim=gia", "/nghe/podcast/ban-tin/vi.rss"):
        assert site.get(path).status_code == 200
    assert asked == []


# --- podcasts --------------------------------------------------------------------------------------------------------

ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
ATOM = "{http://www.w3.org/2005/Atom}"
WORST = "Giá lúa ]]> & <tôm> \u0001\u001f\x7f\U0001f99e “tăng”"


def channel_of(data):
    root = ET.fromstring(data)  # noqa: S314 - our own
    assert (root.tag, root.attrib["version"]) == ("rss", "2.0")
    return root.find("channel")


def test_a_podcast_has_what_rss_and_apple_ask_for_and_its_sounds_are_the_signed_ones(desk, site):
    for number in (1, 2):
        bulletin(desk, number, title=WORST if number == 2 else "Tin số 1", text=WORST)
    bulletin(desk, 3, text=KHMER, language=Language.KM)
    answer = site.get("/nghe/podcast/ban-tin/vi.rss")
    assert answer.headers["content-type"] == "application/rss+xml; charset=utf-8"
    parsed = feedparser.parse(answer.content)
    assert not parsed.bozo
    channel = channel_of(answer.content)
    for tag in ("title", "link", "description", "language", "lastBuildDate", "image/url", f"{ITUNES}author"):
        assert channel.findtext(tag), tag
    assert channel.findtext("language") == "vi"
    assert channel.findtext(f"{ITUNES}explicit") in {"no", "false"}
    assert channel.find(f"{ITUNES}category").attrib["text"] == "Government"
    own = next(one for one in channel.findall(f"{ATOM}link") if one.attrib["rel"] == "self")
    assert own.attrib["href"] == f"{ADDRESS}/nghe/podcast/ban-tin/vi.rss"
    episodes = channel.findall("item")
    assert [one.findtext("guid") for one in episodes] == ["bantin:20261124-tin-002", "bantin:20261124-tin-001"]
    for one in episodes:
        assert one.findtext("title")
        assert parsedate_to_datetime(one.findtext("pubDate")).tzinfo
        assert one.find("guid").attrib["isPermaLink"] == "false"
        enclosure = one.find("enclosure").attrib
        assert enclosure["type"] == "audio/mpeg"
        assert enclosure["url"].startswith(ADDRESS)
        sound = site.get(enclosure["url"].removeprefix(ADDRESS))
        assert len(sound.content) == int(enclosure["length"])
        assert site.get(one.findtext("link").removeprefix(ADDRESS)).status_code == 200
        assert one.findtext(f"{ITUNES}duration")
    image = channel.find(f"{ITUNES}image").attrib["href"].removeprefix(ADDRESS)
    data = site.get(image).content
    assert data.startswith(b"\x89PNG")
    assert (int.from_bytes(data[16:20]), int.from_bytes(data[20:24])) == (1400, 1400)
    khmer = channel_of(site.get("/nghe/podcast/ban-tin/km.rss").content)
    assert [one.findtext("title") for one in khmer.findall("item")] == ["Tin số 3"]
    assert khmer.findtext("language") == "km"
    assert f'href="{own.attrib["href"].removeprefix(ADDRESS)}"' in site.get("/nghe").text  # browsers find it


def test_a_podcast_is_sent_again_only_when_it_changed_and_keeps_its_episodes_names(desk, site):
    made = bulletin(desk, 1)
    first = site.get("/nghe/podcast/ban-tin/vi.rss")
    tag = {"If-None-Match": first.headers["etag"]}
    assert site.get("/nghe/podcast/ban-tin/vi.rss", headers=tag).status_code == 304
    remaster(desk, made, 9)
    again = site.get("/nghe/podcast/ban-tin/vi.rss")
    assert channel_of(again.content).find("item/guid").text == channel_of(first.content).find("item/guid").text
    bulletin(desk, 2)
    assert site.get("/nghe/podcast/ban-tin/vi.rss", headers=tag).status_code == 200


def test_a_podcast_that_nobody_described_still_is_one(tmp_path, clock):
    with newsroom(tmp_path, clock, description='""') as desk:
        bulletin(desk, 1)
        app = make_app(Office(desk.config, lambda _settings: nullcontext(desk)))
        answer = TestClient(app, base_url="http://ban-tin.test").get("/nghe/podcast/ban-tin/vi.rss")
        assert channel_of(answer.content).findtext("description")


def test_a_podcast_of_nothing_is_one_and_of_no_programme_is_none(desk, site):
    assert not feedparser.parse(site.get("/nghe/podcast/ban-tin/km.rss").content).bozo
    for path in ("khong-co/vi.rss", "ban-tin/xx.rss", "khong-co/vi.png", "ban-tin/xx.png"):
        assert site.get(f"/nghe/podcast/{path}").status_code == 404
