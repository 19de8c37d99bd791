"""The calendar: slot by slot what is to air, and what is in its way; on a real ledger."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from pipeline.core.facts import Happened
from pipeline.core.model import Language, Priority
from pipeline.newsroom import plan, week
from tests.flow.test_changes import station
from tests.province import FIVE, Clock, lay_out, newsroom, signed

MONDAY = date(2026, 11, 23)
TUESDAY = MONDAY + timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def desk(tmp_path):
    early = {"windows": "04:30-06:30", "quiet": "không"}
    rows = [station(tmp_path, "A", **early), station(tmp_path, "B", **early), station(tmp_path, "K", languages="km")]
    lay_out(tmp_path, rows, holidays='["2026-11-26"]')
    with newsroom(tmp_path, Clock()) as opened:
        yield opened


def spots(found):
    return {place: [spot.line.bulletin.title for spot in here] for place, here in found.spots.items()}


def snags(spot):
    return sorted((snag.why, snag.stations, tuple(b.title for b in snag.others)) for snag in spot.snags)


def test_a_week_shows_each_airing_at_its_local_day_and_hour_with_its_turn(desk):
    signed(desk, 1, air=(FIVE, FIVE + timedelta(hours=12), FIVE + timedelta(days=7)))
    found = week.week(desk, MONDAY)
    assert spots(found) == {(TUESDAY, time(5)): ["Tin số 1"], (TUESDAY, time(17)): ["Tin số 1"]}
    assert [(s.turn, s.turns) for here in found.spots.values() for s in here] == [(1, 3), (2, 3)]
    (next_week,) = week.week(desk, MONDAY + timedelta(days=7)).spots.values()
    assert (next_week[0].turn, next_week[0].turns) == (3, 3)


def test_slots_to_come_that_nothing_has_are_offered_but_not_what_passed_nor_a_holiday(desk):
    signed(desk, 1, air=(FIVE,))
    free = week.week(desk, MONDAY).free
    assert (MONDAY, time(17)) not in free  # it is 22:00
    assert (TUESDAY, time(5)) not in free
    assert [p.code for p in free[TUESDAY, time(17)]] == ["ban-tin"]
    assert not [place for place in free if place[0] == date(2026, 11, 26)]


def test_what_a_station_does_not_air_is_told_at_the_airing_with_where(desk):
    signed(desk, 1, air=(FIVE + timedelta(hours=5),))
    ((spot,),) = week.week(desk, MONDAY).spots.values()
    assert snags(spot) == [("language", ("K",), ()), ("window", ("A", "B"), ())]
    signed(desk, 2, air=(FIVE + timedelta(days=1, hours=5),), priority=Priority.URGENT)
    assert snags(week.week(desk, MONDAY).spots[TUESDAY + timedelta(days=1), time(10)][0]) == [("language", ("K",), ())]


def test_bulletins_that_air_into_each_other_are_told_at_both_also_before_anybody_signed(desk):
    first = signed(desk, 1, air=(FIVE,), only=("A", "B"))
    other = signed(desk, 2, air=(FIVE + MINUTE / 2,), only=("A",), planned=False)
    found = week.week(desk, MONDAY)
    assert snags(found.spots[TUESDAY, time(5)][0]) == [("overlap", ("A",), ("Tin số 2",))]
    assert snags(found.spots[TUESDAY, time(5, 0, 30)][0]) == [("overlap", ("A",), ("Tin số 1",))]
    plan.plan(desk, other)
    assert {(c.station, c.why, c.bulletins) for c in plan.clashes(desk)} == {("A", "overlap", (first.id, other.id))}
    desk.ledger.record(desk.fact(Happened.RETURNED, bulletin=first, reason="sai"))
    assert [snags(s) for here in week.week(desk, MONDAY).spots.values() for s in here] == [[], []]


def test_a_withdrawn_bulletin_leaves_the_calendar(desk):
    bulletin = signed(desk, 1)
    desk.ledger.record(desk.fact(Happened.WITHDRAWN, bulletin=bulletin))
    assert week.week(desk, MONDAY).spots == {}


def test_a_station_has_a_week_of_its_own(desk):
    signed(desk, 1, only=("A",))
    signed(desk, 2, only=("B",), air=(FIVE + timedelta(hours=1),))
    signed(desk, 3, languages=(Language.KM,), air=(FIVE + timedelta(minutes=90),))
    found = week.week(desk, MONDAY, station=desk.config.stations["B"])
    assert list(spots(found).values()) == [["Tin số 2"], ["Tin số 3"]]
    assert [snags(s) for here in found.spots.values() for s in here] == [[], [("window", ("B",), ())]]


def test_a_programme_has_a_week_of_its_own_and_is_still_told_of_others_in_its_way(desk):
    signed(desk, 1, air=(FIVE,), only=("A",))
    signed(desk, 2, air=(FIVE + MINUTE / 2,), only=("A",), programme="khac")
    found = week.week(desk, MONDAY, programme="ban-tin")
    ((spot,),) = found.spots.values()
    assert snags(spot) == [("overlap", ("A",), ("Tin số 2",))]


def test_as_many_stations_as_are_alike_are_looked_at_once_and_all_are_counted(tmp_path):
    rows = [station(tmp_path, f"S{n}", windows="16:30-18:00" if n % 2 else "") for n in range(40)]
    lay_out(tmp_path, rows)
    with newsroom(tmp_path, Clock(datetime(2026, 11, 23, 15, tzinfo=UTC))) as desk:
        signed(desk, 1, planned=False)
        ((spot,),) = week.week(desk, MONDAY).spots.values()
    assert spot.stations == 20
    assert [(why, len(codes)) for why, codes, _ in snags(spot)] == [("window", 20)]
