"""The plan as editors, approvers and operators meet it: limits, urgency, clashes told in advance."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def day(days):
    return f"{datetime.now(ZONE) + timedelta(days=days):%d/%m/%Y}"


def add(workspace, name, *lines):
    text = "\n".join([f"Tiêu đề: Tin {name}", *lines, "", f"Bà con chú ý, đây là bản tin {name}.", ""])
    (row,) = workspace.json("add", workspace.drop(f"{name}.txt", text))
    return row["id"]


def test_what_is_urgent_airs_at_any_hour_and_so_wants_two_people(workspace):
    folder = workspace.station("A", windows="16:30-18:00", quiet="22:00-04:00")
    name = add(workspace, "bão", "Ưu tiên: khẩn cấp", f"Phát: {day(1)} 02:00")
    first = workspace.bantin("approve", name, "--by", "Nguyễn A")
    assert "một người duyệt nữa" in first.stderr
    assert "chờ người duyệt thứ hai" in first.stdout
    assert workspace.json("push")["sent"] == 0
    told = workspace.bantin("approve", name, "--by", " nguyen  a  ", code=4).stderr
    assert "hai người ký, nguyen a đã ký rồi" in told
    assert workspace.json("push")["sent"] == 0
    (row,) = workspace.json("approve", name, "--by", "Trần B")
    assert row["planned"] == ["A"]
    workspace.set(ahead_hours=96)
    assert workspace.json("push")["sent"] == 1
    assert "[KHẨN CẤP]" in (folder / "LICH-PHAT.txt").read_text("utf-8-sig")
    workspace.bantin("return", name, "-m", "sai giờ")
    workspace.bantin("redo", name)
    assert "một người duyệt nữa" in workspace.bantin("approve", name, "--by", "Trần B").stderr  # both are void


def test_nothing_ordinary_airs_in_the_quiet_hours_of_the_settings(workspace):
    workspace.set(quiet=["22:00-04:00"])
    workspace.station("A")
    workspace.station("B", quiet="không")
    name = add(workspace, "đêm", f"Phát: {day(1)} 03:15")
    assert "giờ yên lặng" in workspace.bantin("approve", name, "--by", "Người duyệt").stderr
    assert workspace.json("list")[0]["planned"] == ["B"]


def test_a_bulletin_longer_than_its_window_is_told_when_it_is_signed(workspace):
    workspace.station("A", windows="05:00-05:01")
    name = add(workspace, "dài", f"Phát: {day(1)} 05:00", "", "[nghỉ 60 giây]")
    assert "dài hơn khung giờ" in workspace.bantin("approve", name, "--by", "Người duyệt").stderr
    assert workspace.json("list")[0]["planned"] == []


def test_repeats_and_expiry_make_the_air_times(workspace):
    workspace.station("A")
    name = add(workspace, "lặp", f"Phát: {day(1)} 05:00", "Phát lại: 5 ngày", f"Hết hạn: {day(3)}")
    workspace.bantin("approve", name, "--by", "Người duyệt")
    airings = workspace.json("plan")["airings"]
    assert [datetime.fromisoformat(a["at"]).astimezone(ZONE).strftime("%d/%m/%Y %H:%M") for a in airings] == [
        f"{day(n)} 05:00" for n in (1, 2, 3)
    ]
    assert all(a["stations"] == ["A"] for a in airings)


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ((f"Phát: {day(3)} 05:00", f"Hết hạn: {day(2)}"), "Hết hạn"),
        ((f"Hết hạn: {day(-1)}",), "Hết hạn"),
        ((f"Phát: {day(3)} 05:00", f"Cấm phát trước: {day(3)} 06:00"), "Cấm phát trước"),
    ],
)
def test_a_script_that_forbids_what_it_asks_for_is_refused(workspace, lines, key):
    text = "\n".join(["Tiêu đề: Tin", *lines, "", "Bà con chú ý.", ""])
    told = workspace.bantin("add", workspace.drop("a.txt", text), code=4).stderr
    assert key in told


def test_what_is_embargoed_leaves_nothing_before_its_time(workspace):
    folder = workspace.station("A")
    until = datetime.now(ZONE) + timedelta(hours=3)
    name = add(workspace, "kín", f"Phát: {day(1)} 05:00", f"Cấm phát trước: {until:%d/%m/%Y %H:%M}")
    workspace.bantin("approve", name, "--by", "Người duyệt")
    assert workspace.json("push") == {"sent": 0, "missed": 0, "threatened": [], "stations": []}
    assert list(folder.iterdir()) == []


def test_two_bulletins_that_air_over_each_other_are_told_in_advance(workspace):
    workspace.station("A")
    workspace.station("B")
    first = add(workspace, "một", f"Phát: {day(1)} 05:00", "", "[nghỉ 60 giây]", "", "[nghỉ 60 giây]")
    workspace.bantin("approve", first, "--by", "Người duyệt")
    second = add(workspace, "hai", f"Phát: {day(1)} 05:01")
    told = workspace.bantin("approve", second, "--by", "Người duyệt").stderr
    assert "A, B" in told
    assert "phát đè lên nhau" in told
    clashes = workspace.json("plan")["clashes"]
    assert {(c["station"], c["why"], tuple(c["bulletins"])) for c in clashes} == {
        (code, "overlap", (first, second)) for code in "AB"
    }


def test_a_holiday_moves_a_bulletin_without_a_date_to_the_next_day(workspace):
    workspace.set(holidays=[f"{datetime.now(ZONE) + timedelta(days=1):%Y-%m-%d}"])
    workspace.station("A")
    name = add(workspace, "nghỉ")
    assert name.startswith(f"{datetime.now(ZONE) + timedelta(days=2):%Y%m%d}")


def test_the_plan_is_shown_as_a_table_and_of_one_day(workspace):
    workspace.station("A")
    assert "Chưa có lượt phát" in workspace.bantin("plan").stdout
    name = add(workspace, "bảng", f"Phát: {day(1)} 05:00, {day(2)} 05:00")
    workspace.bantin("approve", name, "--by", "Người duyệt")
    told = workspace.bantin("plan").stdout
    assert f"{day(1)} 05:00" in told
    assert "1: A" in told
    asked = datetime.now(ZONE) + timedelta(days=2)
    only = workspace.json("plan", "--date", f"{asked:%Y-%m-%d}")["airings"]
    assert workspace.json("plan", "--date", f"{asked:%d/%m/%Y}")["airings"] == only
    for wrong in ("28-11-2026", "31/02/2026"):
        assert "C-109 không hiểu ngày" in workspace.bantin("plan", "--date", wrong, code=2).stderr
    assert [datetime.fromisoformat(a["at"]).astimezone(UTC) for a in only]
    assert len(only) == 1
