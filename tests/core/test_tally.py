from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pipeline.core.coverage import Coverage
from pipeline.core.model import (
    Bulletin,
    BulletinId,
    Digest,
    Kind,
    Language,
)
from pipeline.core.tally import Evidence, tally

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
AIR = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
BYTES = Digest("a" * 64)
NOW = datetime(2026, 11, 25, 0, 0, tzinfo=UTC)


def evidence(
    *, held=5, stations=5, at=AIR - timedelta(hours=7), digest=BYTES, approved=True, withdrawn=False, **changes
):
    fields = {
        "id": BulletinId("b"), "script": Digest("0" * 64), "title": "Tin", "languages": (Language.VI,), "kind": Kind.CT,
        "programme": "ban-tin", "air": (AIR,),
    }  # fmt: skip
    bulletin = Bulletin(**{**fields, **changes})
    return Evidence(
        bulletin=bulletin,
        masters=frozenset({BYTES}) if approved else frozenset(),
        approved_by="Người duyệt" if approved else "",
        coverage=Coverage(
            stations=stations,
            first=bulletin.air[0] if stations else None,
            in_time={digest: held} if at < bulletin.air[0] else {},
        ),
        withdrawn=withdrawn,
    )


def count(*all_evidence, year=2026, now=NOW):
    return tally(all_evidence, year=year, target=50, count_share=0.8, now=now, zone=ZONE)


def test_an_approved_bulletin_that_four_of_five_stations_hold_in_time_counts():
    assert count(evidence(held=4)).counted == 1


@pytest.mark.parametrize(
    ("case", "why"),
    [
        (evidence(held=3), "share"),
        (evidence(at=AIR), "share"),
        (evidence(digest=Digest("b" * 64)), "share"),
        (evidence(approved=False), "unapproved"),
        (evidence(withdrawn=True), "withdrawn"),
        (evidence(counts=False), "test"),
    ],
)
def test_a_bulletin_does_not_count_and_the_row_says_why(case, why):
    result = count(case)
    assert (result.counted, result.rows[0].why) == (0, why)


def test_what_no_station_was_to_air_before_its_hours_passed_did_not_air():
    told = [count(evidence(stations=0), now=now).rows[0].why for now in (AIR - timedelta(seconds=1), AIR)]
    assert told == ["unplanned", "unaired"]


def test_a_bulletin_belongs_to_the_year_of_its_first_air_time_in_the_newsrooms_zone():
    new_year = datetime(2026, 12, 31, 22, 0, tzinfo=UTC)  # 05:00 on 1 January there
    case = evidence(air=(new_year,), at=new_year - timedelta(hours=1))
    assert count(case).rows == ()
    assert count(case, year=2027).counted == 1


def test_two_languages_in_one_bulletin_count_once():
    result = count(evidence(languages=(Language.VI, Language.KM)))
    assert (result.counted, result.by_language, result.by_kind) == (1, {"vi+km": 1}, {"CT": 1})


def test_the_pace_is_the_share_of_the_year_that_has_passed():
    july = count(now=datetime(2026, 7, 3, tzinfo=UTC))
    assert july.expected == pytest.approx(25.1, abs=0.1)
    assert july.due == 26  # nobody is on pace with 25 where 25.1 are asked for
    assert count(now=datetime(2027, 1, 1, tzinfo=UTC)).expected == 50
    assert count(now=datetime(2025, 1, 1, tzinfo=UTC)).expected == 0


@pytest.mark.parametrize(("minutes", "why"), [(-1, "ahead"), (0, "share"), (1, "share")])
def test_a_bulletin_whose_air_time_is_to_come_lacks_nothing_yet(minutes, why):
    at = AIR + timedelta(minutes=minutes)
    assert [row.why for row in count(evidence(held=3), evidence(), now=at).rows] == [why, "counted"]
    assert count(evidence(held=3), evidence(), now=at).counted == 1
