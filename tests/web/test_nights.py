"""Phân phối từng đêm: each commune's nights at a glance, and a map where coordinates are known."""

import re
from contextlib import nullcontext
from datetime import timedelta

import pytest

from pipeline.core.facts import Happened
from pipeline.core.people import Role
from pipeline.newsroom import push
from pipeline.newsroom.nights import State, nights, worrying
from pipeline.newsroom.office import Office
from pipeline.web.app import make_app
from tests import province
from tests.flow.test_changes import station
from tests.web.test_pages import LOGINS, browser, known

DAY = timedelta(days=1)
TODAY = (province.FIVE + timedelta(hours=7)).date()


def newsroom(folder, *stations):
    province.lay_out(folder, stations, quiet="[]")
    return province.newsroom(folder, province.Clock())


@pytest.fixture
def desk(tmp_path):
    with newsroom(tmp_path, station(tmp_path, "A"), station(tmp_path, "B")) as opened:
        known(opened, LOGINS[Role.READER], "Người xem", Role.READER)
        yield opened


def states(desk, code="A", days=(TODAY,)):
    return {day: night.state for day, night in nights(desk, ["A", "B"], days)[code].items()}


def test_a_night_waits_then_is_none_or_partly_then_whole_and_says_what_it_missed(desk):
    assert states(desk) == {}
    first = province.signed(desk, 1)
    assert states(desk) == {TODAY: State.WAITING}
    evening, at = desk.now.at, province.FIVE + timedelta(minutes=1)
    desk.now.at = at
    assert states(desk) == {TODAY: State.NONE}
    desk.now.at = evening
    push.push(desk)
    assert states(desk) == {TODAY: State.WHOLE}
    province.signed(desk, 2)
    assert states(desk) == {TODAY: State.WAITING}
    desk.now.at = at
    assert states(desk) == {TODAY: State.PARTLY}
    desk.now.at = evening
    push.push(desk)
    desk.now.at = province.FIVE + timedelta(hours=1)
    assert worrying(desk, [TODAY]) == set()
    desk.ledger.record(desk.fact(Happened.MISSED, bulletin=first, station="A", at=province.FIVE.isoformat()))
    assert states(desk) == {TODAY: State.LATE}
    assert states(desk, "B") == {TODAY: State.WHOLE}
    assert worrying(desk, [TODAY]) == {"A"}
    assert worrying(desk, [TODAY + 2 * DAY]) == set()


def test_what_was_withdrawn_is_nobodys_lack(desk):
    made = province.signed(desk, 1)
    desk.ledger.record(desk.fact(Happened.WITHDRAWN, bulletin=made, who="Người duyệt"))
    assert states(desk) == {}


def test_each_bulletin_stands_in_its_own_night(desk):
    province.signed(desk, 1)
    province.signed(desk, 2, air=(province.FIVE + 2 * DAY, province.FIVE + 3 * DAY))
    days = [TODAY + n * DAY for n in range(5)]
    assert [*states(desk, days=days)] == [TODAY, TODAY + 2 * DAY, TODAY + 3 * DAY]


def test_the_page_shows_icon_colour_and_words_and_finds_stations(desk):
    province.signed(desk, 1)
    app = make_app(Office(desk.config, lambda _settings: nullcontext(desk)))
    one = browser(app, Role.READER)
    text = one.get("/phan-phoi/tuan").text
    cells = re.findall(
        r'<td class="cell"><a class="tag (\w+)"[^>]*><span aria-hidden="true">(.)</span><span class="skip">([^<]+)',
        text,
    )
    assert cells == [("wait", "○", "chưa đủ, chưa tới giờ")] * 2
    assert "<svg" not in text  # nobody wrote down where they are
    push.push(desk)
    text = one.get("/phan-phoi/tuan").text
    for code in "AB":
        assert f'<a class="tag good" href="/phan-phoi/{code}?dem={TODAY}" title="1/1">' in text
    assert one.get("/phan-phoi/tuan?tim=xa+b").text.count('scope="row"') == 1
    assert "Không có trạm nào có lỗi." in one.get("/phan-phoi/tuan?loi=1").text
    assert "Không có trạm nào." in one.get("/phan-phoi/tuan?tim=khong-co").text
    for query in ("den=x", "den=0001-01-01", "den=9999-12-31", "trang=99", "trang=-1", "tim=%3Cb%3E"):
        assert one.get(f"/phan-phoi/tuan?{query}").status_code == 200


def test_a_map_of_very_many_stations_has_a_mark_for_those_close_together(tmp_path):
    rows = [{**station(tmp_path, f"S{n}"), "coordinates": f"{8.5 + n % 30 * 0.02} {104.7 + n // 30 * 0.01}"}
            for n in range(900)]  # fmt: skip
    with newsroom(tmp_path, *rows) as desk:
        known(desk, LOGINS[Role.READER], "Người xem", Role.READER)
        desk.ledger.record(desk.fact(Happened.FAILED, station="S17", code="D-101", reason="không gọi được"))
        text = browser(make_app(Office(desk.config, lambda _settings: nullcontext(desk))), Role.READER)
        marks = re.findall(r"<g><title>([^<]+)</title><(\w+)", text.get("/phan-phoi/tuan").text)
    assert len(marks) < 600
    assert sum(int(found[1]) if (found := re.match(r"(\d+) trạm", words)) else 1 for words, _ in marks) == 900
    assert [(shape, "S17" in words) for words, shape in marks if shape == "rect"] == [("rect", True)]


def test_a_cell_opens_the_station_as_it_was_on_that_night(desk):
    province.signed(desk, 1)
    province.signed(desk, 2, air=(province.FIVE + DAY,))
    push.push(desk)
    desk.now.at += 3 * DAY
    push.push(desk)
    one = browser(make_app(Office(desk.config, lambda _settings: nullcontext(desk))), Role.READER)
    text = one.get(f"/phan-phoi/A?dem={TODAY}").text
    panel = re.search(r'<section class="panel" aria-labelledby="dem">.*?</section>', text, re.DOTALL)[0]
    assert ["Tin số 1" in panel, "Tin số 2" in panel, "✓" in panel] == [True, False, True]
    assert "không phải phát gì" in one.get(f"/phan-phoi/A?dem={TODAY + 4 * DAY}").text
    for odd in ("x", "0001-01-01", "9999-12-31"):
        assert one.get(f"/phan-phoi/A?dem={odd}").status_code == 200


def test_a_map_is_drawn_of_those_whose_place_is_known_north_up_and_east_right(tmp_path):
    places = {"N": "9.18 105.15", "S": "8,60 104,73", "W": "8.6;104.0", "X": ""}
    rows = [
        {**station(tmp_path, code), "coordinates": at.replace("8,60 104,73", "8.60, 104.73")}
        for code, at in places.items()
    ]
    with newsroom(tmp_path, *rows) as desk:
        known(desk, LOGINS[Role.READER], "Người xem", Role.READER)
        app = make_app(Office(desk.config, lambda _settings: nullcontext(desk)))
        text = browser(app, Role.READER).get("/phan-phoi/tuan").text
    found = re.findall(r'<title>(\w) [^<]*</title><circle class="on" cx="([\d.]+)" cy="([\d.]+)"', text)
    at = {code: (float(x), float(y)) for code, x, y in found}
    assert set(at) == {"N", "S", "W"}
    assert at["N"][1] < at["S"][1]
    assert at["W"][0] < at["S"][0] < at["N"][0]
    assert all(0 <= value <= 600 for point in at.values() for value in point)
