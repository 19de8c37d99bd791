"""`bantin serve` watches the folder, one at a time, and stops when told to."""

import signal
import time

import pytest

TEXT = "Tiêu đề: Tin hôm nay\n\nBà con chú ý theo dõi.\n"


@pytest.fixture
def serving(workspace):
    running = workspace.start("serve")
    yield running
    if running.poll() is None:
        running.kill()
    running.communicate(timeout=30)


def until(what, seconds=40):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.3)
    raise AssertionError("it never happened")


def test_a_dropped_script_becomes_a_bulletin_by_itself(workspace, serving):
    workspace.drop("tin.txt", TEXT)
    until(lambda: [b for b in workspace.json("list") if b["stage"] == "waiting"])
    assert not (workspace.scripts / "tin.txt").exists()
    assert list((workspace.folder / "bulletins").rglob("*.mp3"))
    serving.send_signal(signal.SIGTERM)
    assert serving.wait(timeout=20) == 0


def test_what_was_approved_before_a_power_cut_is_pushed_when_the_clock_starts(workspace):
    folder = workspace.station("A")
    workspace.bantin("add", workspace.drop("tin.txt", TEXT))
    (bulletin,) = workspace.json("list")
    workspace.bantin("approve", bulletin["id"], "--by", "Người duyệt")
    assert list(folder.iterdir()) == []
    running = workspace.start("serve")
    try:
        until((folder / "LICH-PHAT.txt").exists)
        until(lambda: workspace.json("list")[0]["stage"] == "arrived")
    finally:
        running.send_signal(signal.SIGINT)
        told, _ = running.communicate(timeout=30)
    assert running.returncode == 0, told


def test_a_second_clock_in_the_same_workspace_is_refused(workspace, serving):
    until((workspace.state / "serve.lock").exists)
    time.sleep(0.5)
    assert "C-105" in workspace.bantin("serve", code=8).stderr
