from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

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
    Window,
)
from pipeline.core.schedule import air_times, due, plan

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


def test_due_is_what_airs_within_the_hours_ahead():
    planned = plan(bulletin(air=(FIVE, FIVE + timedelta(days=3))), [station()], NOW, ZONE).transmissions
    assert [t.at for t in due(planned, NOW, timedelta(hours=36))] == [FIVE]
    assert not due(planned, FIVE, timedelta(hours=1))
