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


def long_script(workspace, name="dai.txt"):
    lines = "\n\n".join(f"Đoạn số {n} của bản tin dài này." for n in range(400))
    return workspace.drop(name, f"Tiêu đề: Tin dài\n\n{lines}\n")


def once_it_voices(workspace):
    """Wait until the first take is kept."""
    scratch = workspace.state / "store" / "tmp"
    for _ in range(600):
        if list(scratch.glob("*/*.wav")):
            return
        time.sleep(0.02)
    pytest.fail("nothing was voiced")


def test_a_command_that_the_system_stops_leaves_no_work_in_progress_behind(workspace):
    running = workspace.start("add", str(long_script(workspace)))
    once_it_voices(workspace)
    running.send_signal(signal.SIGTERM)
    told, _ = running.communicate(timeout=30)
    assert running.returncode == 130, told
    assert list((workspace.state / "store" / "tmp").iterdir()) == []


def test_ctrl_c_during_run_due_sends_nothing_any_more(workspace):
    station = workspace.station("A")
    (made,) = workspace.json("add", workspace.drop("tin.txt", "Tiêu đề: Tin\n\nBà con chú ý.\n"))
    workspace.bantin("approve", made["id"], "--by", "Người duyệt")
    long_script(workspace)
    running = workspace.start("run-due")
    once_it_voices(workspace)
    running.send_signal(signal.SIGINT)
    told, _ = running.communicate(timeout=30)
    assert running.returncode == 130, told
    assert list(station.iterdir()) == []
    workspace.bantin("push")
    assert list(station.glob("*.mp3"))  # there was something to send
