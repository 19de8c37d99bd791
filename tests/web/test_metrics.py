"""The metrics, as Prometheus reads them."""

import re
from contextlib import nullcontext
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from pipeline.core.facts import Happened
from pipeline.core.people import Right, Role
from pipeline.newsroom import approvals, push
from pipeline.newsroom.office import Office
from pipeline.web.app import make_app
from tests import province
from tests.flow.test_changes import station
from tests.province import Serving
from tests.web.test_api import given
from tests.web.test_pages import browser, known


@pytest.fixture
def clock():
    return province.Clock()


@pytest.fixture
def desk(tmp_path, clock):
    rows = [station(tmp_path, "A", name="Xã Một"), station(tmp_path, "B", name="Xã Hai")]
    province.lay_out(tmp_path, rows, metrics_from='["10.0.0.0/24"]')
    with province.newsroom(tmp_path, clock) as opened:
        known(opened, "xem", "Người xem", Role.READER)
        known(opened, "tri", "Người trị", Role.ADMIN)
        yield opened


@pytest.fixture
def app(desk):
    return make_app(Office(desk.config, lambda _settings: nullcontext(desk)))


def read(app, host="10.0.0.7", **headers):
    return TestClient(app, client=(host, 5000), headers=headers).get("/metrics")


def figures(app):
    """Every sample of ours by its name and labels."""
    families = text_string_to_metric_families(read(app).text)
    return {(s.name, *s.labels.values()): s.value for f in families for s in f.samples if s.name.startswith("bantin_")}


def test_who_is_not_named_and_has_no_token_reads_nothing(app, desk):
    assert read(app).status_code == 200
    refused = read(app, "127.0.0.1")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Bearer realm="bantin"')
    assert "bantin_" not in refused.text
    assert read(app, "10.0.1.7").status_code == 401
    assert read(app, "khong-la-gi").status_code == 401
    assert read(app, "10.0.1.7", authorization="Bearer x").status_code == 401
    assert browser(app, login="xem").get("/metrics").status_code == 401  # a cookie is no token
    see, admit = given(desk, "xem", Right.SEE), given(desk, "tri", Right.PEOPLE)
    assert read(app, "10.0.1.7", authorization=f"Bearer {see}").status_code == 200
    assert read(app, "10.0.1.7", authorization=f"Bearer {admit}").status_code == 403


def test_nobody_reads_without_a_token_by_default(tmp_path, clock):
    province.lay_out(tmp_path, [station(tmp_path, "A")])
    with province.newsroom(tmp_path, clock) as desk:
        app = make_app(Office(desk.config, lambda _settings: nullcontext(desk)))
        assert {read(app, host).status_code for host in ("127.0.0.1", "::1", "10.0.0.7")} == {401}


def test_the_newsroom_is_told_in_figures(app, desk, clock):
    province.signed(desk, 1)
    province.signed(desk, 2, planned=False)
    before = figures(app)
    assert before["bantin_bulletins", "planned"] == 1
    assert before["bantin_bulletins", "approved"] == 1
    assert before["bantin_lacking_air_seconds",] == 7 * 3600
    assert before["bantin_unready_bulletins",] == 1
    assert before["bantin_day_stations", "tomorrow"] == 2
    assert before["bantin_day_complete_stations", "tomorrow"] == 0
    assert not any(name[0].startswith("bantin_last_push") for name in before)
    push.push(desk)
    after = figures(app)
    assert after["bantin_bulletins", "arrived"] == 1
    assert after["bantin_day_complete_stations", "tomorrow"] == 2
    assert ("bantin_lacking_air_seconds",) not in after
    assert after["bantin_last_push_timestamp_seconds",] == clock.at.timestamp()
    assert (after["bantin_plan_reached", "bulletins"], after["bantin_plan_target", "bulletins"]) == (1, 50)
    assert (after["bantin_plan_reached", "clips"], after["bantin_plan_target", "clips"]) == (0, 24)
    assert (after["bantin_recalled_stations",], after["bantin_visited_stations",]) == (0, 0)
    assert after["bantin_facts_total",] == len(desk.ledger.facts())
    approvals.withdraw(desk, desk.ledger.bulletins()[0], "Người duyệt")
    assert figures(app)["bantin_recalled_stations",] == 2


def test_a_push_to_one_station_is_no_push_over_all(app, desk):
    province.signed(desk, 1)
    push.push(desk, "A")
    assert ("bantin_last_push_timestamp_seconds",) not in figures(app)
    assert figures(app)["bantin_lacking_air_seconds",] == 7 * 3600  # B lacks it still


def test_stations_are_told_by_commune(app, desk, clock):
    desk.ledger.record(
        desk.fact(Happened.FAILED, station="A", code="D-101", reason="mất điện", retry=True, tries=1),
        desk.fact(Happened.FAILED, station="B", code="D-106", reason="đầy", retry=False, tries=1),
        desk.fact(Happened.TRIED, station="A", free=5_000_000, kbits=100),
        desk.fact(Happened.FAILED, station="A", code="D-101", reason="mất điện", retry=True, tries=1),
    )
    clock.at += timedelta(minutes=2)
    told = figures(app)
    assert (told["bantin_station_up", "Xã Một", "A"], told["bantin_station_up", "Xã Hai", "B"]) == (0, 0)
    assert told["bantin_station_failing_seconds", "Xã Hai", "B"] == 120
    assert [name for name in told if name[0] == "bantin_station_stuck"] == [("bantin_station_stuck", "Xã Hai", "B")]
    assert told["bantin_station_free_bytes", "Xã Một", "A"] == 5_000_000
    assert ("bantin_station_free_bytes", "Xã Hai", "B") not in told


def test_the_clock_is_alive_as_long_as_it_looks(app, desk, clock):
    push.push(desk)
    assert figures(app)["bantin_clock_up",] == 0  # a push by hand is no clock
    Serving(desk).watch()
    assert figures(app)["bantin_clock_up",] == 1
    clock.at += timedelta(minutes=6)
    assert figures(app)["bantin_clock_up",] == 0


def test_no_label_names_a_bulletin_a_file_or_a_secret(app, desk, tmp_path):
    bulletin = province.signed(desk, 1, title="Tin tuyệt mật")
    push.push(desk)
    text = read(app).text
    for secret in (bulletin.id, "Tin tuyệt mật", ".mp3", str(tmp_path), "Người xem"):
        assert secret not in text
    labels = {name for f in text_string_to_metric_families(text) for s in f.samples for name in s.labels}
    assert labels == {"station", "commune", "stage", "day", "line", "state", "version"}


UNITS = ("_target", "_reached", "_pace", "_seconds", "_bytes", "_total", "_info", "_bulletins", "_stations",
         "_jobs", "_up", "_stuck", "_wrong", "_fds")  # fmt: skip


def test_every_name_says_its_unit_and_every_metric_what_it_is(app, desk):
    province.signed(desk, 1)
    families = [*text_string_to_metric_families(read(app).text)]
    assert len(families) > 20
    assert len({f.name for f in families}) == len(families)
    for family in families:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", family.name)
        assert family.documentation.endswith(".")
        assert all(s.name.endswith(UNITS) for s in family.samples), family.name
        assert (family.type == "counter") == any(s.name.endswith("_total") for s in family.samples), family.name


def test_it_is_told_where_the_ledger_is_away(app, desk, monkeypatch):
    from pipeline.core.errors import LedgerAway

    def away(*_):
        raise LedgerAway(where="x", reason="x")

    monkeypatch.setattr(type(desk.ledger), "coverage", away)
    answer = read(app)
    assert (answer.status_code, answer.text[:5]) == (503, "L-107")
