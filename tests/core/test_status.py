from datetime import UTC, datetime

from pipeline.core.facts import Fact, Happened
from pipeline.core.model import BulletinId, Digest, StationCode
from pipeline.core.status import Stage, status_of

ONE, TWO = Digest("1" * 64), Digest("2" * 64)


def fact(happened, digest=None, station=None, who="Người duyệt", **detail):
    return Fact(
        happened=happened, who=who, at=datetime(2026, 11, 23, tzinfo=UTC), bulletin=BulletinId("b"), digest=digest,
        station=StationCode(station) if station else None, detail=detail,
    )  # fmt: skip


MASTERED = [
    fact(Happened.RECEIVED),
    fact(Happened.READ),
    fact(Happened.VOICED),
    fact(Happened.MASTERED, ONE, profile="loa-xa"),
]
APPROVED = [*MASTERED, fact(Happened.APPROVED, ONE)]
PLANNED = [*APPROVED, fact(Happened.PLANNED, station="A"), fact(Happened.PLANNED, station="B")]


def test_each_fact_takes_a_bulletin_one_step_further():
    stages = [status_of(MASTERED[: n + 1]).stage for n in range(4)]
    assert stages == [Stage.RECEIVED, Stage.READ, Stage.VOICED, Stage.WAITING]
    assert status_of(APPROVED).stage is Stage.APPROVED
    assert status_of(PLANNED).stage is Stage.PLANNED


def test_a_re_render_with_other_bytes_voids_the_approval_and_the_same_bytes_keep_it():
    assert not status_of([*APPROVED, fact(Happened.MASTERED, TWO, profile="loa-xa")]).may_go_out
    assert status_of([*APPROVED, fact(Happened.MASTERED, ONE, profile="loa-xa")]).may_go_out


def test_every_profile_needs_its_own_signature():
    status = status_of([*APPROVED, fact(Happened.MASTERED, TWO, profile="hq")])
    assert (status.signed("hq"), status.stage) == (None, Stage.WAITING)
    assert status.signed("loa-xa") == ONE  # and the stations that were signed for keep what they have


def test_returned_held_and_withdrawn_bulletins_do_not_go_out():
    for happened, stage in (
        (Happened.RETURNED, Stage.RETURNED),
        (Happened.HELD, Stage.HELD),
        (Happened.WITHDRAWN, Stage.WITHDRAWN),
    ):
        status = status_of([*PLANNED, fact(happened, reason="sai tên xã")])
        assert (status.stage, status.may_go_out, status.reason) == (stage, False, "sai tên xã")


def test_nothing_brings_a_withdrawn_bulletin_back():
    assert status_of([*APPROVED, fact(Happened.WITHDRAWN), *APPROVED]).stage is Stage.WITHDRAWN


def test_a_returned_bulletin_needs_a_new_signature_even_for_the_same_bytes():
    again = [*APPROVED, fact(Happened.RETURNED, reason="nghe lại"), MASTERED[-1]]
    assert status_of(again).stage is Stage.WAITING


def test_stations_turn_green_one_by_one_and_only_for_the_current_master():
    partly = [*PLANNED, fact(Happened.CONFIRMED, ONE, "A"), fact(Happened.FAILED, station="B", code="D-101")]
    status = status_of(partly)
    assert (status.stage, status.failed) == (Stage.PARTLY, {"B": "D-101"})
    status = status_of([*partly, fact(Happened.CONFIRMED, TWO, "B")])
    assert status.confirmed == {"A"}
    status = status_of([*partly, fact(Happened.CONFIRMED, ONE, "B")])
    assert (status.stage, status.failed) == (Stage.ARRIVED, {})


def test_a_recalled_file_is_no_longer_there():
    arrived = [*PLANNED, fact(Happened.CONFIRMED, ONE, "A"), fact(Happened.CONFIRMED, ONE, "B")]
    assert status_of([*arrived, fact(Happened.RECALLED, station="A")]).stage is Stage.PARTLY
