"""How far a bulletin got: the figures that are kept are those that all facts, receipts and airings give."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.core.coverage import Coverage
from pipeline.core.facts import Fact, Happened
from pipeline.core.model import BulletinId, Digest, Receipt, StationCode, Transmission, Verification
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
