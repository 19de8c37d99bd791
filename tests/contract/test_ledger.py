import os
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import IntegrityError

from pipeline.core.errors import DiskFull, LedgerAway, LedgerOnShare, LedgerUnusable, StationBusy, StoreDamaged
from pipeline.core.facts import Fact, Happened
from pipeline.core.model import (
    Bulletin,
    BulletinId,
    Digest,
    Head,
    Kind,
    Language,
    Paragraph,
    PauseMark,
    Receipt,
    RecordingMark,
    Script,
    Seconds,
    StationCode,
    Take,
    Transmission,
    Verification,
    VoiceMark,
    digest_of,
)
from pipeline.ledger import database, tables
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.place import must_be_of_this_machine
from pipeline.ledger.store import Store

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
A = StationCode("A")


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path):
    """Where a ledger may live; every promise holds in both."""
    return (
        tmp_path / "state" / "ledger.db"
        if request.param == "sqlite"
        else request.getfixturevalue("postgres").database()
    )


@pytest.fixture
def ledger(place):
    opened = Ledger.open(place)
    yield opened
    opened.close()


def script(digest="1" * 64):
    body = (Paragraph("Bà con chú ý", Language.VI), RecordingMark("a.wav"), PauseMark(Seconds(2.0)), VoiceMark("nam"))
    head = Head(title="Tin", air=(datetime(2026, 11, 25, 5),), kind=Kind.PS)  # noqa: DTZ001 - local by definition
    return Script(digest=Digest(digest), name="tin.txt", head=head, body=body, attachments={"a.wav": Digest("2" * 64)})


def bulletin(name="b1", digest="1" * 64):
    return Bulletin(
        id=BulletinId(name), script=Digest(digest), title="Tin", languages=(Language.VI, Language.KM), kind=Kind.CT,
        programme="ban-tin", air=(NOW,),
    )  # fmt: skip


def fact(happened=Happened.RECEIVED, name="b1", **more):
    return Fact(happened=happened, who="Người duyệt", at=NOW, bulletin=BulletinId(name), **more)


def test_what_was_received_is_found_again_to_the_letter(ledger):
    assert ledger.receive(script(), bulletin(), fact(detail={"name": "tin.txt"}))
    assert ledger.script(Digest("1" * 64)) == script()
    assert ledger.bulletins() == [bulletin()]
    assert ledger.bulletin_of(Digest("1" * 64)) == bulletin()
    assert ledger.facts(BulletinId("b1"))[0].detail == {"name": "tin.txt"}
    assert ledger.facts()[0].at == NOW


def test_every_fact_about_a_bulletin_is_told_by_its_figures_and_those_of_stations_are_not(ledger):
    ledger.receive(script(), bulletin(), fact())
    ledger.receive(script("2" * 64), bulletin("b2", "2" * 64), fact(name="b2"))
    before = ledger.told()
    assert set(before) == {"b1", "b2"}
    ledger.record(fact(Happened.MISSED, station=A), fact(Happened.WITHDRAWN, "b2"))
    after = ledger.told()
    assert after["b1"] == before["b1"]
    assert after["b2"] == (before["b2"][0] + 1, ledger.facts()[-1].number)
    assert ledger.told([BulletinId("b1"), BulletinId("b3")]) == {"b1": before["b1"]}


def test_the_same_bytes_are_received_once(ledger):
    assert ledger.receive(script(), bulletin(), fact())
    assert not ledger.receive(script(), bulletin("b2"), fact(name="b2"))
    assert [f.bulletin for f in ledger.facts()] == ["b1"]


@pytest.mark.parametrize("table", tables.APPEND_ONLY)
@pytest.mark.parametrize("statement", ["UPDATE {} SET number = 9", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_rewrite_history(ledger, table, statement):
    ledger.record(fact())
    ledger.plan([Transmission(at=NOW, station=A, bulletin=BulletinId("b1"))], [])
    token = ledger.lease(A, "one", NOW, NOW + timedelta(hours=1))
    ledger.confirm([receipt()], [], A, token)
    with pytest.raises(IntegrityError, match="only ever added"), ledger._engine.begin() as connection:
        connection.execute(sa.text(statement.format(table)))


def test_an_instant_without_its_zone_is_refused(ledger):
    naive = Fact(happened=Happened.READ, who="x", at=datetime(2026, 1, 1))  # noqa: DTZ001 - the fault on purpose
    with pytest.raises(Exception, match="zone"):
        ledger.record(naive)


def test_a_ledger_opened_again_remembers(ledger, place):
    ledger.record(fact())
    again = Ledger.open(place)
    assert len(again.facts()) == 1
    again.close()


def test_a_file_that_is_no_ledger_is_refused_and_left_as_it_was(tmp_path):
    file = tmp_path / "ledger.db"
    file.write_bytes(b"not a database, but somebody's file" * 100)
    before = file.read_bytes()
    with pytest.raises(LedgerUnusable):
        Ledger.open(file)
    assert file.read_bytes() == before


def test_a_ledger_of_a_newer_program_is_refused_and_left_as_it_was(ledger, place):
    with ledger._engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    ledger.close()
    with pytest.raises(LedgerUnusable, match="newer version"):
        Ledger.open(place)


def test_the_migrations_end_where_the_tables_are(ledger):
    config = Config()
    config.set_main_option("script_location", "pipeline.ledger:migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == tables.HEAD
    inspector = sa.inspect(ledger._engine)
    for table in tables.metadata.sorted_tables:
        assert {c["name"] for c in inspector.get_columns(table.name)} == {c.name for c in table.columns}
        made = [i for i in inspector.get_indexes(table.name) if not i.get("duplicates_constraint")]
        assert {i["name"] for i in made} == {i.name for i in table.indexes}


def test_a_take_is_found_again_by_its_recipe(ledger):
    take = Take(recipe=Digest("3" * 64), audio=Digest("4" * 64), seconds=Seconds(1.5), engine="espeak", voice="vi-bac")
    assert ledger.take(take.recipe) is None
    ledger.keep_take(take)
    ledger.keep_take(take)
    assert ledger.take(take.recipe) == take


def test_an_airing_is_planned_once(ledger):
    airing = Transmission(at=NOW, station=A, bulletin=BulletinId("b1"))
    assert ledger.plan([airing], [fact(Happened.PLANNED, station=A)]) == 1
    assert ledger.plan([airing], []) == 0
    assert ledger.transmissions() == [airing]
    assert len(ledger.facts(happened=Happened.PLANNED)) == 1


def receipt():
    return Receipt(
        station=A, bulletin=BulletinId("b1"), digest=Digest("5" * 64), remote="x.mp3", size=9,
        verified=Verification.READBACK, at=NOW, sent=9,
    )  # fmt: skip


def test_a_station_is_leased_to_one_run_at_a_time(ledger):
    first = ledger.lease(A, "one", NOW, NOW + timedelta(hours=1))
    with pytest.raises(StationBusy):
        ledger.lease(A, "two", NOW, NOW + timedelta(hours=1))
    ledger.release(A, first, NOW)
    assert ledger.lease(A, "two", NOW, NOW + timedelta(hours=1)) == first + 1


def test_a_machine_takes_its_own_lease_over_from_a_run_that_died(ledger):
    dead = ledger.lease(A, "one", NOW, NOW + timedelta(hours=1))
    assert ledger.lease(A, "one", NOW, NOW + timedelta(hours=1)) == dead + 1
    with pytest.raises(StationBusy):
        ledger.confirm([receipt()], [], A, dead)


def test_a_lease_that_is_renewed_holds_longer_and_one_that_is_still_as_it_was_seen_can_be_taken_over(ledger):
    minutes = [NOW + timedelta(minutes=n) for n in range(10)]
    first = ledger.lease(A, "one", NOW, minutes[2])
    seen = ledger.leased(A, NOW)
    assert (seen.token, seen.until) == (first, minutes[2])
    ledger.renew(A, first, minutes[5])
    for over in (None, seen):
        with pytest.raises(StationBusy):
            ledger.lease(A, "two", minutes[3], minutes[6], over=over)
    second = ledger.lease(A, "two", minutes[3], minutes[6], over=ledger.leased(A, minutes[3]))
    assert second == first + 1
    with pytest.raises(StationBusy):
        ledger.renew(A, first, minutes[9])
    assert ledger.leased(A, minutes[5]).until == minutes[6]
    assert ledger.leased(A, minutes[6]) is None
    ledger.release(A, second, minutes[9])  # by a clock that is ahead
    assert ledger.leased(A, minutes[4]) is None
    assert ledger.lease(A, "three", minutes[4], minutes[7]) == second + 1


def confirmed(digest="5" * 64, **more):
    return fact(Happened.CONFIRMED, station=A, digest=Digest(digest), detail={"remote": "a.mp3"}, **more)


def test_however_many_look_at_once_what_was_missed_is_told_once(ledger):
    missed = [fact(Happened.MISSED, station=A, detail={"at": f"2026-11-2{n}T22:00:00+00:00"}) for n in (3, 4)]
    counts = []
    looking = [threading.Thread(target=lambda: counts.append(ledger.record_new(missed, NOW))) for _ in range(8)]
    for thread in looking:
        thread.start()
    for thread in looking:
        thread.join()
    assert sorted(counts) == [0] * 7 + [2]
    assert len(ledger.facts(happened=Happened.MISSED)) == 2


def test_a_run_that_lost_its_lease_cannot_write_a_receipt(ledger):
    old = ledger.lease(A, "one", NOW, NOW + timedelta(minutes=1))
    later = NOW + timedelta(minutes=2)
    new = ledger.lease(A, "two", later, later + timedelta(minutes=1))
    with pytest.raises(StationBusy):
        ledger.confirm([receipt()], [fact(Happened.CONFIRMED, station=A)], A, old)
    assert ledger.receipts() == []
    ledger.release(A, old, later)  # must not free the new holder's lease
    with pytest.raises(StationBusy):
        ledger.lease(A, "three", later, later + timedelta(minutes=1))
    ledger.confirm([receipt()], [confirmed()], A, new)
    assert ledger.receipts() == [receipt()]


def test_the_last_receipts_of_a_station_are_read_without_all_that_it_ever_had(ledger):
    made = [replace(receipt(), remote=f"{n}.mp3") for n in range(5)]
    lease = ledger.lease(A, "one", NOW, NOW + timedelta(hours=1))
    ledger.confirm(made, [confirmed()], A, lease)
    assert ledger.last_receipts(A, 2) == [made[4], made[3]]
    assert ledger.last_receipts(StationCode("B"), 2) == []


def test_of_the_airings_to_come_some_are_read(ledger):
    airings = [Transmission(bulletin=BulletinId("b1"), station=A, at=NOW + timedelta(hours=n)) for n in range(3)]
    ledger.plan(airings, [])
    assert ledger.transmissions(station=A, after=NOW, most=1) == [airings[1]]


def test_many_threads_write_and_no_fact_is_lost(ledger):
    threads = [threading.Thread(target=lambda: [ledger.record(fact()) for _ in range(10)]) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [f.number for f in ledger.facts()] == list(range(1, 161))


def test_who_only_reads_waits_for_no_writer(ledger):
    with ledger._engine.begin():
        assert ledger.facts() == []
        assert ledger.troubles() == {}


def test_what_was_missed_of_late_is_counted_by_air_time_and_a_few_stations_are_named(ledger):
    hours = [NOW + timedelta(hours=n) for n in range(3)]
    for n, at in enumerate(hours):
        for code in ("A", "B", "C")[: n + 1]:
            told = Fact(happened=Happened.MISSED, who="x", at=NOW, bulletin=BulletinId("b"), station=StationCode(code),
                        detail={"at": at.isoformat()})  # fmt: skip
            ledger.record(told)
    nowhere = Fact(happened=Happened.MISSED, who="x", at=NOW, bulletin=BulletinId("c"), detail={"at": NOW.isoformat()})
    ledger.record(nowhere, replace(nowhere, happened=Happened.LATE))
    found = ledger.missed_of_late(NOW, 9, 2)
    told = [(f[0].bulletin, f[0].detail["at"], [one.station for one in f], count) for f, count in found]
    assert told == [
        ("b", hours[2].isoformat(), ["A", "B"], 3), ("b", hours[1].isoformat(), ["A", "B"], 2),
        ("b", hours[0].isoformat(), ["A"], 1), ("c", NOW.isoformat(), [None], 0),
    ]  # fmt: skip
    assert len(ledger.missed_of_late(NOW, 2, 2)) == 2
    assert ledger.missed_of_late(NOW + timedelta(seconds=1), 9, 2) == []


def test_a_server_that_was_restarted_costs_a_connection_and_not_the_night(postgres):
    ledger = Ledger.open(postgres.database())
    ledger.record(fact())
    postgres.restart()
    ledger.record(fact())
    assert len(ledger.facts()) == 2
    ledger.close()


def test_a_server_that_is_away_is_told_in_our_words(postgres):
    url = postgres.database()
    ledger = Ledger.open(url)
    with postgres.stopped():
        with pytest.raises(LedgerAway, match="refused") as told:
            ledger.record(fact())
        with pytest.raises(LedgerAway, match="refused"):
            Ledger.open(url)
    assert url in told.value.message.vi
    ledger.close()


MOUNTS = """/dev/sda1 / ext4 rw 0 0
nas:/vol /mnt/phat\\040thanh nfs4 rw 0 0
/dev/sdb1 /mnt/phat\\040thanh/may-nay ext4 rw 0 0
//nas/chung /srv cifs rw 0 0
"""


@pytest.mark.parametrize("folder", ["/mnt/phat thanh/bulletins", "/srv"])
def test_a_ledger_on_a_network_share_is_refused(folder):
    with pytest.raises(LedgerOnShare):
        must_be_of_this_machine(Path(folder), MOUNTS)


@pytest.mark.parametrize("folder", ["/var/lib/bantin", "/mnt/phat thanh/may-nay/so", "/srv2"])
def test_a_ledger_on_a_disk_of_this_machine_is_fine(folder):
    must_be_of_this_machine(Path(folder), MOUNTS)


def test_the_store_names_files_by_content_and_keeps_one_of_each(tmp_path):
    store = Store(tmp_path)
    digest = store.put_bytes(b"ident")
    source = tmp_path / "ident.wav"
    source.write_bytes(b"ident")
    assert store.put(source) == digest == digest_of(b"ident")
    assert store.get(digest).read_bytes() == b"ident"
    assert source.exists()


def write_and_fail(store):
    with store.scratch() as folder:
        (folder / "take.wav").write_bytes(b"half")
        raise OSError("disk full")


def test_nothing_half_written_stays_in_the_store(tmp_path):
    with pytest.raises(OSError, match="disk full"):
        write_and_fail(Store(tmp_path))
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_file_whose_bytes_changed_is_found_damaged_also_after_it_was_found_whole(tmp_path):
    store = Store(tmp_path)
    digest = store.put_bytes(b"ident")
    assert store.whole(digest).read_bytes() == b"ident"
    store.path(digest).write_bytes(b"Ident")
    with pytest.raises(StoreDamaged):
        store.whole(digest)


def test_a_missing_file_is_an_error_and_never_an_empty_sound(tmp_path):
    with pytest.raises(StoreDamaged):
        Store(tmp_path).get(Digest("0" * 64))


def test_what_a_killed_run_left_behind_is_removed_after_a_day_and_work_in_progress_is_not(tmp_path):
    store = Store(tmp_path / "store")
    with store.scratch() as working:
        (working / "mix.f32").write_bytes(b"1")
        left = working.with_name("left")
        left.mkdir()
        (left / "mix.f32").write_bytes(b"2")
        yesterday = time.time() - 25 * 3600
        os.utime(left, (yesterday, yesterday))
        assert store.sweep() == 1
        assert not left.exists()
        assert (working / "mix.f32").exists()


# --- what the facts make of a station --------------------------------------------------------------------------------


def failed(**detail):
    return fact(Happened.FAILED, station=A, detail={"code": "D-101", "retry": True, "tries": 1, **detail})


@pytest.mark.parametrize("gone", [Happened.RECALLED, Happened.CLEANED, Happened.LOST])
def test_a_station_holds_what_was_last_confirmed_and_not_taken_away(ledger, gone):
    ledger.record(confirmed())
    ledger.record(confirmed("6" * 64), confirmed(name="b2"))
    assert [(h.bulletin, h.digest[0], h.remote) for h in ledger.holdings()] == [
        ("b1", "6", "a.mp3"),
        ("b2", "5", "a.mp3"),
    ]
    assert ledger.held() == {"b1", "b2"}
    ledger.record(fact(gone, station=A))
    assert [h.bulletin for h in ledger.holdings(station=A)] == ["b2"]
    assert ledger.holdings(["b1"]) == []


def test_a_station_is_in_trouble_until_something_is_confirmed_there(ledger):
    ledger.record(failed())
    later = NOW + timedelta(minutes=5)
    ledger.record(replace(failed(tries=2, next=later.isoformat()), at=later))
    trouble = ledger.troubles()[A]
    assert (trouble.code, trouble.retry, trouble.tries, trouble.since, trouble.next) == ("D-101", True, 2, NOW, later)
    ledger.record(confirmed())
    assert ledger.troubles() == {}


def airing(at, name="b1", station=A):
    return Transmission(at=at, station=station, bulletin=BulletinId(name))


def test_what_is_due_is_told_once_a_station_with_what_it_holds(ledger):
    hours = [NOW + timedelta(hours=n) for n in range(4)]
    ledger.plan([airing(at) for at in hours] + [airing(hours[2], "b2"), airing(hours[1], station=StationCode("B"))], [])
    ledger.record(confirmed())
    found = ledger.due(NOW, NOW + timedelta(hours=2), NOW)
    assert [(d.bulletin, d.station, d.at, d.holding and d.holding[0]) for d in found] == [
        ("b1", "A", hours[1], "5"), ("b1", "B", hours[1], None), ("b2", "A", hours[2], None),
    ]  # fmt: skip
    assert ledger.due(NOW + timedelta(hours=3), NOW + timedelta(hours=9), NOW) == []


def test_at_how_many_stations_a_bulletin_was_missed_is_told_each_once(ledger):
    def missed(name, station):
        return fact(Happened.MISSED, name, station=station)

    ledger.record(missed("b1", A), missed("b1", A), missed("b1", StationCode("B")), missed("b2", None), missed("b3", A))
    ledger.record(fact(Happened.FAILED, "b2", station=A))
    assert ledger.missed() == {"b1": 2, "b3": 1}
    assert ledger.missed(["b1", "b2"]) == {"b1": 2}


def test_a_station_may_leave_the_plan_and_come_back(ledger):
    here, there = airing(NOW + timedelta(hours=1)), airing(NOW + timedelta(hours=1), station=StationCode("B"))
    assert ledger.plan([here, there], [fact(Happened.PLANNED, station=A)]) == 2
    assert ledger.planned(BulletinId("b1")) == {"A", "B"}
    assert ledger.plan([], [fact(Happened.UNPLANNED, station=A)], gone=[here]) == 0
    assert ledger.unplanned(["b1"]) == {("b1", "A")}
    assert ledger.planned(BulletinId("b1")) == {"B"}
    assert ledger.transmissions() == [there]
    assert ledger.transmissions(ever=True) == [here, there]
    assert [d.station for d in ledger.due(NOW, NOW + timedelta(hours=2), NOW)] == ["B"]
    assert ledger.plan([here, there], []) == 1
    assert ledger.unplanned(["b1"]) == set()
    assert ledger.transmissions() == [here, there]
    assert ledger.first_planned(["b1", "b2"]) == {"b1": NOW}


def test_a_mark_is_remembered_and_moved(ledger):
    assert ledger.mark("missed") == ""
    ledger.set_mark("missed", "one")
    ledger.set_mark("missed", "two")
    assert ledger.mark("missed") == "two"


def test_a_ledger_of_the_first_version_is_brought_up_to_date_with_what_its_stations_hold(ledger, place):
    other = StationCode("B")
    for station in (A, other):
        token = ledger.lease(station, "one", NOW, NOW + timedelta(hours=1))
        for digest in ("5" * 64, "6" * 64):
            held = replace(receipt(), station=station, digest=Digest(digest), remote=f"{digest[0]}.mp3")
            ledger.confirm([held], [replace(confirmed(digest), station=station)], station, token)
    ledger.record(replace(fact(Happened.RECALLED), station=other))
    ledger.plan([airing(NOW, station=s) for s in (A, other, StationCode("C"))], [])
    ledger.record(fact(Happened.UNPLANNED, station=A), fact(Happened.UNPLANNED, station=StationCode("C")))
    ledger.record(fact(Happened.PLANNED, station=StationCode("C")))
    before = ledger.holdings()
    with ledger._engine.begin() as connection:
        for statement in (
            "ALTER TABLE leases DROP COLUMN finished", "ALTER TABLE leases DROP COLUMN machine",
            "DROP TABLE unplanned", "DROP TABLE listed",
            "DROP TABLE people", "DROP TABLE sessions", "DROP TABLE tokens", "DROP TABLE tries", "DROP TABLE coverage",
            "DROP INDEX facts_by_station",
            "DROP TABLE holdings", "DROP TABLE troubles", "DROP TABLE marks", "DROP INDEX facts_by_bulletin",
            "DROP INDEX transmissions_by_time", "CREATE INDEX transmissions_by_time ON transmissions (at)",
            "DROP INDEX transmissions_by_station", "CREATE INDEX facts_by_bulletin ON facts (bulletin, number)",
            "UPDATE alembic_version SET version_num = '0001'",
        ):  # fmt: skip
            connection.execute(sa.text(statement))
    ledger.close()
    again = Ledger.open(place)
    found = [(h.station, h.bulletin, h.digest[0]) for h in again.holdings()]
    assert found == [("A", "b1", "6")] == [(h.station, h.bulletin, h.digest[0]) for h in before]
    assert again.holdings()[0].remote == "6.mp3"
    assert again.planned(BulletinId("b1")) == {"B", "C"}
    assert again.listing_passed(NOW) == {"A"}  # what its papers list is not known: it is visited once
    again.close()


def test_a_visit_that_did_not_come_to_its_end_is_remembered(ledger):
    hour = NOW + timedelta(hours=1)
    assert ledger.unfinished() == set()
    token = ledger.lease(A, "one", NOW, hour)
    assert ledger.unfinished() == {A}  # killed now, it would stay so
    ledger.release(A, token, NOW)
    assert ledger.unfinished() == {A}
    ledger.record(failed())
    trial = ledger.lease(A, "one", NOW, hour, opens=False)
    ledger.release(A, trial, NOW)
    assert ledger.unfinished() == {A}  # a trial brings nothing
    ledger.release(A, trial - 1, NOW, finished=True)
    assert ledger.unfinished() == {A}  # nor does somebody who lost the station
    ledger.release(A, ledger.lease(A, "one", NOW, hour), NOW, finished=True)
    assert ledger.unfinished() == set()
    assert ledger.troubles() == {}
    ledger.release(A, ledger.lease(A, "one", NOW, hour, opens=False), NOW)
    assert ledger.unfinished() == set()


def test_a_ledger_without_room_for_a_fact_says_that_the_disk_is_full_and_keeps_none_of_it(tmp_path):
    ledger = Ledger.open(tmp_path / "state" / "ledger.db")

    @sa.event.listens_for(ledger._engine, "checkout")
    def no_more_pages(connection, *_):
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    long = [fact(Happened.HELD, detail={"reason": "vì sao " * 4000}) for _ in range(3)]
    with pytest.raises(DiskFull) as caught:
        ledger.record(*long)
    assert caught.value.fields["where"] == tmp_path / "state" / "ledger.db"
    assert ledger.facts() == []
    ledger.close()


def test_what_airs_first_and_is_not_there_is_found_without_a_look_at_each_station(ledger):
    later = NOW + timedelta(hours=2)
    airings = [
        Transmission(at=NOW + timedelta(hours=1), station=A, bulletin=BulletinId("b1")),
        Transmission(at=later, station=StationCode("B"), bulletin=BulletinId("b1")),
    ]
    ledger.plan(airings, [])
    good, span = Digest("5" * 64), (NOW, NOW + timedelta(hours=3), NOW)
    assert ledger.first_lacking(*span, {BulletinId("b1"): [good]}) == NOW + timedelta(hours=1)
    ledger.record(fact(Happened.CONFIRMED, station=A, digest=good, detail={"remote": "x.mp3"}))
    assert ledger.first_lacking(*span, {BulletinId("b1"): [good]}) == later
    assert ledger.first_lacking(*span, {BulletinId("b1"): []}) == NOW + timedelta(hours=1)  # nobody has signed it
    assert ledger.first_lacking(*span, {}) is None


def test_the_last_fact_of_a_kind_at_each_station_is_found(ledger):
    for free in (1, 2):
        ledger.record(fact(Happened.TRIED, name=None, station=A, detail={"free": free}))
    ledger.record(fact(Happened.AUDITED, name=None, station=A))
    assert {code: found.detail["free"] for code, found in ledger.last_at_each(Happened.TRIED).items()} == {A: 2}
    assert ledger.count() == 3


def test_a_fault_of_the_database_shows_no_digest_of_a_password(place):
    engine = database.sqlite(place) if isinstance(place, Path) else database.postgres(place)
    with pytest.raises(sa.exc.DBAPIError) as caught, engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO no_such_table VALUES (:hash)"), {"hash": "$argon2id$MAT-KHAU"})
    engine.dispose()
    assert "no_such_table" in str(caught.value)
    assert "MAT-KHAU" not in str(caught.value)
