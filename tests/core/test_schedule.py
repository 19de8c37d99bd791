from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from pipeline.core.model import (
    Bulletin,
    BulletinId,
    Commune,
    Digest,
    Kind,
    Language,
    Priority,
    Slot,
    Station,
    StationCode,
    Transmission,
    Window,
)
from pipeline.core.schedule import air_times, clashes, plan, room

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # 22:00 in Cà Mau
FIVE = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)  # 05:00 on the 25th there


def bulletin(**changes):
    fields = {
        "id": BulletinId("20261125-tin"), "script": Digest("0" * 64), "title": "Tin", "languages": (Language.VI,),
        "kind": Kind.CT, "programme": "ban-tin", "air": (FIVE,),
    }  # fmt: skip
    return Bulletin(**{**fields, **changes})


def station(code="A", **changes):
    return Station(code=StationCode(code), commune=Commune(code="1", name="Đất Mũi"), host="127.0.0.1", **changes)


def test_without_a_wish_a_bulletin_airs_in_its_programmes_slots_of_the_next_local_day():
    # It is still the 24th in London, already the 25th in Cà Mau.
    late = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
    times = air_times((), (Slot(at=time(17)), Slot(at=time(5))), late, ZONE)
    assert [at.astimezone(ZONE).isoformat() for at in times] == [
        "2026-11-26T05:00:00+07:00",
        "2026-11-26T17:00:00+07:00",
    ]


def test_a_wished_local_time_is_taken_in_the_newsrooms_zone():
    assert air_times((datetime(2026, 11, 25, 5, 0),), (), NOW, ZONE) == (FIVE,)  # noqa: DTZ001 - naive on purpose


def test_every_station_gets_every_air_time():
    laid = plan(bulletin(air=(FIVE, FIVE + timedelta(hours=12))), [station("A"), station("B")], NOW, ZONE)
    assert len(laid.transmissions) == 4
    assert not laid.conflicts


def test_a_station_without_the_language_gets_nothing_and_it_is_told():
    laid = plan(bulletin(languages=(Language.KM,)), [station(languages=(Language.VI,))], NOW, ZONE)
    assert not laid.transmissions
    assert laid.conflicts[0].why == "language"


def test_nothing_airs_outside_a_stations_windows_unless_urgent():
    narrow = station(windows=(Window(time(16), time(18)),))
    assert plan(bulletin(), [narrow], NOW, ZONE).conflicts[0].why == "window"
    assert len(plan(bulletin(priority=Priority.URGENT), [narrow], NOW, ZONE).transmissions) == 1


def test_a_window_may_cross_midnight():
    night = Window(time(22), time(1))
    assert night.holds(time(23))
    assert night.holds(time(0, 59))
    assert not night.holds(time(1))
    assert not night.holds(time(12))


def test_what_has_passed_is_not_planned():
    laid = plan(bulletin(air=(NOW - timedelta(minutes=1),)), [station()], NOW, ZONE)
    assert not laid.transmissions
    assert laid.conflicts[0].why == "past"


def test_quiet_hours_win_over_windows_but_not_over_what_is_urgent():
    resting = station(windows=(Window(time(4), time(18)),), quiet=(Window(time(4, 30), time(5, 30)),))
    assert plan(bulletin(), [resting], NOW, ZONE).conflicts[0].why == "window"
    assert len(plan(bulletin(priority=Priority.URGENT), [resting], NOW, ZONE).transmissions) == 1


def test_a_unit_airs_on_its_last_day_and_its_successor_from_the_next():
    old = Station(code=StationCode("CU"), commune=Commune(code="1", name="Viên An", until=date(2026, 11, 25)), host="h")
    new = Station(
        code=StationCode("MOI"), commune=Commune(code="2", name="Đất Mũi", since=date(2026, 11, 26)), host="h"
    )
    laid = plan(bulletin(air=(FIVE, FIVE + timedelta(days=1))), [old, new], NOW, ZONE)
    assert [(t.station, t.at) for t in laid.transmissions] == [("CU", FIVE), ("MOI", FIVE + timedelta(days=1))]
    assert not laid.conflicts


def local(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("at", "minutes"),
    [
        ("2026-11-25 04:29", None),
        ("2026-11-25 04:30", 90),
        ("2026-11-25 05:59", 1),
        ("2026-11-25 06:00", None),
        ("2026-11-25 12:00", 30),  # then it is quiet
        ("2026-11-25 12:30", None),
        ("2026-11-25 23:00", 120),  # the two windows meet at midnight
        ("2026-11-26 00:30", 30),
    ],
)
def test_how_long_a_station_may_air_from_a_time_on(at, minutes):
    of = [("04:30", "06:00"), ("11:30", "13:30"), ("22:00", "00:00"), ("00:00", "01:00")]
    windows = tuple(Window(time.fromisoformat(a), time.fromisoformat(b)) for a, b in of)
    found = room(station(windows=windows, quiet=(Window(time(12, 30), time(14)),)), local(at))
    assert found == (None if minutes is None else timedelta(minutes=minutes))


def test_what_is_longer_than_what_is_left_of_a_window_is_not_planned():
    narrow = station(windows=(Window(time(4, 30), time(5, 10)),))
    assert plan(bulletin(), [narrow], NOW, ZONE, seconds={"loa-xa": 600}).transmissions
    laid = plan(bulletin(), [narrow], NOW, ZONE, seconds={"loa-xa": 601})
    assert (laid.transmissions, laid.conflicts[0].why) == ((), "long")


def test_a_bulletin_that_may_leave_too_late_is_planned_and_told():
    late = bulletin(embargo=FIVE - timedelta(minutes=10))
    laid = plan(late, [station()], NOW, ZONE, margin=timedelta(minutes=15))
    assert len(laid.transmissions) == 1
    assert laid.conflicts[0].why == "embargo"
    assert not plan(late, [station()], NOW, ZONE, margin=timedelta(minutes=10)).conflicts


SLOTS = (Slot(at=time(5)), Slot(at=time(17)))


def days(*wished, slots=SLOTS, **limits):
    found = air_times([datetime.fromisoformat(at) for at in wished], slots, NOW, ZONE, **limits)
    return [f"{at.astimezone(ZONE):%d %H:%M}" for at in found]


def test_repeats_follow_day_by_day_and_skip_holidays():
    assert days(repeat=2) == ["25 05:00", "25 17:00", "26 05:00", "26 17:00", "27 05:00", "27 17:00"]
    assert days(repeat=1, holidays=[date(2026, 11, 26)])[2:] == ["27 05:00", "27 17:00"]
    assert days("2026-11-28 06:00", repeat=1) == ["28 06:00", "29 06:00"]


def test_a_holiday_moves_what_nobody_asked_for_by_its_date_and_nothing_else():
    assert days(holidays=[date(2026, 11, 25), date(2026, 11, 26)]) == ["27 05:00", "27 17:00"]
    assert days("2026-11-25 05:00", holidays=[date(2026, 11, 25)]) == ["25 05:00"]


def test_nothing_airs_after_it_expires():
    expires = datetime(2026, 11, 26, 5, 0, tzinfo=ZONE).astimezone(UTC)
    assert days(repeat=3, expires=expires) == ["25 05:00", "25 17:00", "26 05:00"]
    assert days(expires=NOW) == []


def clash(*airings, lengths, windows=(), urgent=()):
    planned = [Transmission(at=local(at).astimezone(UTC), station="A", bulletin=name) for at, name in airings]
    of = {(name, "loa-xa"): seconds for name, seconds in lengths.items()}
    stations = {"A": station(windows=windows)}
    return [(c.why, c.bulletins) for c in clashes(planned, stations, of, urgent, ZONE)]


def test_one_bulletin_that_begins_while_another_airs_is_told():
    first, second = ("2026-11-25 05:00", "a"), ("2026-11-25 05:10", "b")
    assert clash(first, second, lengths={"a": 600, "b": 60}) == []
    assert clash(second, first, lengths={"a": 601, "b": 60}) == [("overlap", ("a", "b"))]


def test_the_one_that_still_airs_is_told_whatever_short_one_began_meanwhile():
    long, short, third = ("2026-11-25 05:00", "a"), ("2026-11-25 05:10", "b"), ("2026-11-25 05:20", "c")
    told = [("overlap", ("a", "b")), ("overlap", ("a", "c"))]
    assert clash(long, short, third, lengths={"a": 1800, "b": 60, "c": 60}) == told


def test_bulletins_of_one_hour_air_in_turn_and_may_outlast_the_window_together():
    together = [("2026-11-25 05:00", "a"), ("2026-11-25 05:00", "b")]
    window = (Window(time(4, 30), time(5, 10)),)
    assert clash(*together, lengths={"a": 300, "b": 300}, windows=window) == []
    assert clash(*together, lengths={"a": 300, "b": 301}, windows=window) == [("overrun", ("a", "b"))]
    assert clash(*together, lengths={"a": 300, "b": 301}, windows=window, urgent={"a"}) == []
    late = ("2026-11-25 05:05", "c")
    assert clash(*together, late, lengths={"a": 300, "b": 1, "c": 1}, windows=window) == [("overlap", ("a", "b", "c"))]
