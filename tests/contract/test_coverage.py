"""How far a bulletin got: the figures that are kept are those that all facts, receipts and airings give."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from pipeline.core.coverage import Coverage
from pipeline.core.facts import Fact, Happened
from pipeline.core.model import (
    Bulletin,
    BulletinId,
    Digest,
    Head,
    Kind,
    Language,
    Receipt,
    Script,
    StationCode,
    Transmission,
    Verification,
)
from pipeline.ledger import coverage, database
from pipeline.ledger.ledger import Ledger

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NAMES = [BulletinId("b1"), BulletinId("b2")]
STATIONS = [StationCode(code) for code in "ABCD"]
DIGESTS = [Digest(digit * 64) for digit in "56"]


@pytest.fixture(params=["sqlite", "postgres"])
def ledger(request, tmp_path):
    place = tmp_path / "ledger.db" if request.param == "sqlite" else request.getfixturevalue("postgres").database()
    opened = Ledger.open(place)
    yield opened
    opened.close()


def reckoned(ledger, name):
    """The same, from every record there is."""
    airings = ledger.transmissions(name)
    first = {t.station: t.at for t in reversed(airings)}
    proven = [r for r in ledger.receipts(names=[name]) if r.verified is not Verification.REPORTED]
    last = {}
    for fact in ledger.facts(name):
        if fact.happened in {Happened.CONFIRMED, Happened.RECALLED, Happened.LOST}:
            last[fact.station] = fact.digest if fact.happened is Happened.CONFIRMED else None
    in_time = {(r.digest, r.station) for r in proven if r.station in first and r.at < first[r.station]}
    covered = {(r.digest, t) for r in proven for t in airings if t.station == r.station and r.at < t.at}
    return Coverage(
        stations=len(first),
        first=min(first.values(), default=None),
        airings=len(airings),
        arrived=dict(Counter(digest for code, digest in last.items() if digest and code in first)),
        in_time=dict(Counter(digest for digest, _ in in_time)),
        covered=dict(Counter(digest for digest, _ in covered)),
        aired=len(ledger.facts(name, Happened.AIRED)),
    )


def happen(ledger, chance):
    """One thing that may happen."""
    name, code, digest = chance.choice(NAMES), chance.choice(STATIONS), chance.choice(DIGESTS)
    at = NOW + chance.randrange(12) * HOUR
    fact = Fact(happened=Happened.CONFIRMED, who="bantin", at=at, bulletin=name, station=code, digest=digest)
    what = chance.randrange(5)
    if what == 0:
        ledger.plan([Transmission(at=at, station=code, bulletin=name)], [replace(fact, happened=Happened.PLANNED)])
    elif what == 1 and (stand := ledger.transmissions(name)):
        gone = chance.choice(stand)
        ledger.plan([], [replace(fact, happened=Happened.UNPLANNED, station=gone.station)], gone=[gone])
    elif what == 2:
        happened = chance.choice([Happened.RECALLED, Happened.LOST, Happened.CLEANED, Happened.AIRED, Happened.FAILED])
        ledger.record(replace(fact, happened=happened))
    else:
        verified = chance.choice([*Verification])
        receipt = Receipt(
            station=code, bulletin=name, digest=digest, remote="x.mp3", size=1, verified=verified, at=at, sent=1
        )
        token = ledger.lease(code, "one", NOW, NOW + HOUR)
        ledger.confirm([receipt], [replace(fact, detail={"remote": "x.mp3"})], code, token)


@pytest.mark.parametrize("seed", range(6))
def test_what_is_kept_is_what_all_records_give_whatever_happens_in_between(ledger, seed):
    chance = random.Random(seed)
    for _ in range(60):
        happen(ledger, chance)
        if chance.randrange(3) == 0:
            assert ledger.coverage(NAMES) == {name: reckoned(ledger, name) for name in NAMES}
    assert ledger.coverage(NAMES) == {name: reckoned(ledger, name) for name in NAMES}


def test_a_bulletin_that_nobody_planned_got_nowhere(ledger):
    assert ledger.coverage(NAMES) == {name: Coverage() for name in NAMES}


def test_no_station_is_counted_twice():
    both = Coverage(stations=2, airings=3, in_time=dict.fromkeys(DIGESTS, 2), covered=dict.fromkeys(DIGESTS, 3))
    assert both.in_time_of(DIGESTS) == 2
    assert both.covered_of(DIGESTS) == 3
    assert both.in_time_of([]) == both.arrived_of(DIGESTS) == 0


def plan_everywhere(ledger, *names):
    """Those bulletins planned at every station."""
    fact = Fact(happened=Happened.PLANNED, who="bantin", at=NOW)
    for name in names:
        airings = [Transmission(at=NOW, station=code, bulletin=name) for code in STATIONS]
        ledger.plan(airings, [replace(fact, bulletin=name, station=code) for code in STATIONS])


def test_who_has_little_patience_hears_what_was_known_last_and_that_it_was(ledger):
    plan_everywhere(ledger, *NAMES)
    first, last = NAMES
    found = ledger.coverage(NAMES, patience=1)
    assert found[last] == reckoned(ledger, last)
    assert found[first] == Coverage(is_current=False)
    assert ledger.coverage(NAMES, patience=1) == {name: reckoned(ledger, name) for name in NAMES}
    before = reckoned(ledger, first)
    ledger.plan([Transmission(at=NOW + HOUR, station=STATIONS[0], bulletin=first)], [])
    assert ledger.coverage([first], patience=0) == {first: replace(before, is_current=False)}
    assert ledger.coverage([first]) == {first: reckoned(ledger, first)} != {first: before}


def receive(ledger, *names):
    """Those bulletins, each by a script of its own."""
    for number, name in enumerate(names):
        digest = Digest(f"{number:064x}")
        bulletin = Bulletin(
            id=name, script=digest, title="Tin", languages=(Language.VI,), kind=Kind.CT, programme="x", air=(NOW,)
        )
        fact = Fact(happened=Happened.RECEIVED, who="bantin", at=NOW, bulletin=name, digest=digest)
        assert ledger.receive(Script(digest=digest, name="x.txt", head=Head(), body=()), bulletin, fact)


def test_what_is_reckoned_ahead_nobody_waits_for(ledger):
    receive(ledger, *NAMES)
    plan_everywhere(ledger, *NAMES)
    assert ledger.reckon(until=lambda: True) == len(NAMES)
    assert not any(one.is_current for one in ledger.coverage(NAMES, patience=0).values())
    assert ledger.reckon(until=lambda: False) == 0
    assert ledger.coverage(NAMES, patience=0) == {name: reckoned(ledger, name) for name in NAMES}


def test_what_changes_while_it_is_reckoned_is_not_taken_for_how_it_stands(ledger):
    plan_everywhere(ledger, *NAMES)
    name = NAMES[0]
    with ledger._engine.begin() as connection:
        coverage.begin(connection, [name])
    with database.snapshot(ledger._engine) as connection:
        made, seen = coverage.reckon(connection, name)
        ledger.plan([Transmission(at=NOW + HOUR, station=STATIONS[0], bulletin=name)], [])
        assert coverage.reckon(connection, name) == (made, seen)  # all of it as it was when it began
    with ledger._engine.begin() as connection:
        coverage.keep(connection, name, made, seen)
    assert ledger.coverage([name], patience=0) == {name: replace(made, is_current=False)}
    assert ledger.coverage([name]) == {name: reckoned(ledger, name)}
    with ledger._engine.begin() as connection:
        coverage.keep(connection, name, made, seen)  # by whoever was slower
    assert ledger.coverage([name]) == {name: reckoned(ledger, name)}


def test_no_question_of_a_page_or_the_clock_reads_all_there_ever_was(tmp_path):
    ledger, asked = Ledger.open(tmp_path / "ledger.db"), []
    plan_everywhere(ledger, *NAMES)
    sa.event.listen(ledger._engine, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
    ledger.due(NOW - HOUR, NOW + HOUR, NOW)
    ledger.due_counts(NOW - HOUR, NOW + HOUR, NOW, dict.fromkeys(NAMES, DIGESTS))
    ledger.stations_due(NOW - HOUR, NOW + HOUR, NAMES)
    ledger.passed(NOW - HOUR, NOW)
    ledger.air_times(after=NOW)
    ledger.strays()
    ledger.first_planned(NAMES)
    ledger.coverage(NAMES)
    plans = []
    with database.reading(ledger._engine) as connection:
        for statement, values in [one for one in asked if one[0].lstrip().startswith(("SELECT", "WITH"))]:
            steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            plans += [f"{step[3]}\n{statement}" for step in steps]
    assert len(plans) > 20
    for table in ("facts", "transmissions", "receipts", "holdings"):
        assert not [plan for plan in plans if plan.startswith(f"SCAN {table}")]
    assert not [plan for plan in plans if "facts_by_kind" in plan.partition("\n")[0]]
    ledger.close()
