"""How a day stands, for the people in charge: on the terminal, as data, as one message."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.contract.test_alerts import addresses, hook  # noqa: F401 - fixtures

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def day(days, form="%d/%m/%Y"):
    return f"{datetime.now(ZONE) + timedelta(days=days):{form}}"


def add(workspace, name, *lines, approve=True):
    text = "\n".join([f"Tiêu đề: Tin {name}", *lines, "", f"Bà con chú ý, đây là bản tin {name}.", ""])
    (row,) = workspace.json("add", workspace.drop(f"{name}.txt", text))
    if approve:
        workspace.bantin("approve", row["id"], "--by", "Người duyệt")
    return row["id"]


@pytest.fixture
def mixed(workspace):
    """Tomorrow: one station has it, one is away, one has no line."""
    workspace.set(ahead_hours=96)
    workspace.station("A", name="Đất Mũi")
    away = workspace.station("B", name="Năm Căn")
    away.rmdir()
    workspace.station("C", name="Viên An", transport="usb")
    name = add(workspace, "một", f"Phát: {day(1)} 05:00, 17:00")
    workspace.bantin("push", code=6)
    return name


def test_the_digest_says_who_has_it_who_lacks_it_why_and_what_to_do(workspace, mixed):
    found = workspace.json("digest", "--date", day(1, "%Y-%m-%d"))
    assert (found["well"], found["stations"], found["complete"]) == (False, 3, 1)
    assert [(b["id"], b["stations"], b["holding"]) for b in found["bulletins"]] == [(mixed, 3, 1)]
    lacking = {lack["station"]: lack for lack in found["lacking"]}
    assert (lacking["B"]["code"], lacking["B"]["tries"], lacking["B"]["next"]) == ("D-105", 1, None)
    assert lacking["B"]["bulletins"] == [mixed]
    assert "export-usb" in lacking["C"]["step"]
    told = workspace.bantin("digest", "--date", day(1, "%Y-%m-%d")).stdout
    for part in ("1/3 trạm đủ", "✗ 05:00 Tin một", "B Năm Căn", "D-105", "đã thử 1 lần", "không tự thử lại"):
        assert part in told, part
    english = workspace.bantin("--lang", "en", "digest", "--date", day(1, "%Y-%m-%d")).stdout
    assert "1 of 3 stations complete" in english


def test_a_day_with_nothing_in_it_says_so_and_what_is_unsigned_is_never_silent(workspace):
    workspace.station("A")
    assert "không có bản tin nào" in workspace.bantin("digest").stdout
    name = add(workspace, "chưa ký", f"Phát: {day(1)} 05:00", approve=False)
    found = workspace.json("digest")
    assert [(t["id"], t["code"]) for t in found["threats"]] == [(name, "N-102")]
    assert not found["well"]
    assert "N-102" in workspace.bantin("digest").stdout


def test_the_digest_is_sent_as_one_message(workspace, mixed, addresses, hook):  # noqa: F811 - fixtures
    lines = (workspace.folder / "config.toml").read_text("utf-8")
    (workspace.folder / "config.toml").write_text(lines.replace('file = ""', f'file = "{addresses("x")}"'), "utf-8")
    workspace.bantin("digest", "--date", day(1, "%Y-%m-%d"), "--send")
    ((title, text),) = hook.told
    assert "1/3 trạm đủ" in title
    assert "B Năm Căn" in text


def test_addresses_that_cannot_be_used_are_found_by_the_doctor(workspace):
    lines = (workspace.folder / "config.toml").read_text("utf-8")
    (workspace.folder / "config.toml").write_text(lines.replace('file = ""', 'file = "khong-co"'), "utf-8")
    findings = {f["name"]: f for f in workspace.json("doctor", code=3)}
    assert findings["alerts"]["ok"] is False


def test_the_status_shows_today_as_a_grid(workspace):
    workspace.station("A", name="Đất Mũi")
    later = datetime.now(ZONE) + timedelta(minutes=3)
    if later.date() != datetime.now(ZONE).date():
        pytest.skip("too near midnight for a bulletin of today")
    add(workspace, "nay", f"Phát: {later:%d/%m/%Y %H:%M}")
    told = workspace.bantin("status").stdout
    assert "A Đất Mũi" in told
    assert "✗" in told
    workspace.bantin("push")
    assert workspace.json("status")["today"]["complete"] == 1
    assert "✓" in workspace.bantin("status").stdout
