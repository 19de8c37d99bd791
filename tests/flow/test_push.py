"""The nightly push as an operator sees it, to real OpenSSH and to stations that refuse."""

import re
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipeline.cli.shared import progress_bars
from pipeline.delivery.folder import Folder
from pipeline.newsroom import push as pushing
from tests.province import Clock, lay_out, newsroom, signed

TEXT = "Tiêu đề: Tin hôm nay\n\nBà con chú ý theo dõi.\n"
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJhbmJhbmJhbmJhbmJhbmJhbmJhbmJhbmJhbmJhbmJhbmJh"


@pytest.fixture
def bulletin(workspace):
    """A bulletin that is approved, with whatever stations the test adds before it asks for this."""

    def make(text=TEXT, name="tin.txt"):
        (row,) = workspace.json("add", workspace.drop(name, text))
        workspace.bantin("approve", row["id"], "--by", "Người duyệt")
        return row["id"]

    return make


def over_ssh(server, folder, **changes):
    columns = {"transport": "sftp", "host": server.host, "port": server.port, "user": server.user, "key": server.key,
               "host_key": server.host_key, "folder": folder}  # fmt: skip
    return {**columns, **changes}


def test_openssh_gets_the_file_and_proves_it_by_its_own_hash(workspace, openssh, bulletin, tmp_path):
    folder = tmp_path / "loa"
    folder.mkdir()
    workspace.station("CM-01", **over_ssh(openssh, folder))
    name = bulletin()
    assert workspace.json("push")["sent"] == 1
    assert workspace.json("push") == {"sent": 0, "missed": 0, "threatened": [], "stations": []}
    (sound,) = folder.glob("*.mp3")
    assert (
        subprocess.run(["/usr/bin/env", "sha256sum", "-c", f"{sound.name}.sha256"], cwd=folder, check=False).returncode
        == 0
    )
    confirmed = [f for f in workspace.json("show", name)["facts"] if f["happened"] == "confirmed"]
    assert [f["detail"]["verified"] for f in confirmed] == ["hash"]


def test_whoever_waits_sees_how_far_each_station_is(tmp_path, monkeypatch, capsys):
    (tmp_path / "loa").mkdir()
    lay_out(tmp_path, [{"code": code, "name": "Xã", "transport": "folder", "folder": str(tmp_path / folder)}
                       for code, folder in (("A", "loa"), ("B", "khong-co"))])  # fmt: skip
    seen = []
    with newsroom(tmp_path, Clock()) as desk:
        signed(desk, 1, 100_000)
        pushing.push(replace(desk, progress=lambda *told: seen.append(told)))
    assert ("A", 32768, 100_000) in seen
    assert [told for told in seen if told[0] == "A"][-1][1:] == (1, 1)
    assert ("B", 1, 1) in seen
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress_bars("vi") as tell:
        for told in [*seen, ("C", 500_000, 2_000_000)]:
            tell(*told)
    frames = re.split(r"\x1b\[\d*[AK]", capsys.readouterr().err)
    last = [frame for frame in frames if "gửi tới trạm" in frame][-1]
    assert "C  0.5/2.0 MB" in last
    assert "A  " not in last


def test_visits_begun_by_older_settings_are_among_those_at_once(tmp_path, monkeypatch):
    for code in "ABCDEF":
        (tmp_path / code).mkdir()
    rows = [{"code": c, "name": "Xã", "transport": "folder", "folder": str(tmp_path / c)} for c in "ABCDEF"]
    lay_out(tmp_path, rows, stations_at_once="2")
    open_folder, lock, inside, most = Folder.open, threading.Lock(), [], []

    @contextmanager
    def counted(self, station, deadline):
        with lock:
            inside.append(station.code)
            most.append(len(inside))
        time.sleep(0.1)
        with open_folder(self, station, deadline) as remote:
            yield remote
        with lock:
            inside.remove(station.code)

    monkeypatch.setattr(Folder, "open", counted)
    with newsroom(tmp_path, Clock()) as before, newsroom(tmp_path, Clock()) as now:
        signed(before, 1)
        wanted = pushing.wanted(before)
        half = threading.Thread(target=pushing.visit_all, args=(before, wanted[:3]))
        half.start()
        pushing.visit_all(now, wanted[3:])
        half.join()
        assert len(now.ledger.holdings()) == 6
    assert max(most) == 2


def test_a_station_that_shows_another_host_key_gets_nothing(workspace, openssh, bulletin, tmp_path):
    folder = tmp_path / "loa"
    folder.mkdir()
    workspace.station("CM-01", **over_ssh(openssh, folder, host_key=OTHER_KEY))
    good = workspace.station("CM-02")
    bulletin()
    told = workspace.bantin("push", code=6).stderr
    assert "D-102" in told
    assert "SHA256:" in told
    assert "stations.csv" in told
    assert list(folder.iterdir()) == []
    assert list(good.glob("*.mp3"))


def test_a_full_station_is_told_before_anything_is_sent(workspace, bulletin):
    folder = workspace.station("DAY")
    good = workspace.station("TOT")
    mount = ["/usr/bin/env", "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let us mount a small disk")
    try:
        bulletin()
        told = workspace.bantin("push", code=6).stderr
        assert "D-104" in told
        assert sorted(p.name for p in folder.iterdir()) == ["BANTIN.m3u8", "LICH-PHAT.txt"]
        assert list(good.glob("*.mp3"))
        subprocess.run(["/usr/bin/env", "mount", "-o", "remount,size=64m", str(folder)], check=True)
        assert workspace.json("push")["sent"] == 1  # there is room now
    finally:
        subprocess.run(["/usr/bin/env", "umount", "--lazy", str(folder)], check=True)


def test_a_receipt_lost_in_a_power_cut_is_found_again_and_nothing_is_sent_twice(workspace, bulletin):
    folder = workspace.station("A")
    name = bulletin()
    shutil.copytree(workspace.state, workspace.folder / "before")
    workspace.bantin("push")
    times = {f.name: f.stat().st_mtime_ns for f in folder.iterdir()}
    shutil.rmtree(workspace.state)
    (workspace.folder / "before").rename(workspace.state)  # the file is there, its receipt is not
    done = workspace.json("push")
    assert done["sent"] == 0
    assert done["stations"][0]["bytes"] == 0
    assert {f.name: f.stat().st_mtime_ns for f in folder.iterdir()} == times
    assert workspace.json("list")[0]["stage"] == "arrived"
    confirmed = [f for f in workspace.json("show", name)["facts"] if f["happened"] == "confirmed"]
    assert len(confirmed) == 1


def test_a_second_bulletin_goes_into_the_same_timetable(workspace, bulletin):
    folder = workspace.station("A")
    bulletin()
    workspace.bantin("push")
    bulletin("Tiêu đề: Tin thứ hai\n\nBà con nghe tiếp.\n", "hai.txt")
    workspace.bantin("push")
    timetable = (folder / "LICH-PHAT.txt").read_text("utf-8-sig")
    assert "Tin hôm nay" in timetable
    assert "Tin thứ hai" in timetable
    playlist = (folder / "BANTIN.m3u8").read_text("utf-8")
    assert playlist.count(".mp3") == 2


def test_a_dry_run_says_what_would_go_and_sends_nothing(workspace, bulletin):
    folder = workspace.station("A")
    name = bulletin()
    (lacking,) = workspace.json("push", "--dry-run")
    assert (lacking["station"], lacking["bulletins"]) == ("A", [name])
    assert datetime.fromisoformat(lacking["airs"][0]) > datetime.now(UTC)
    assert "05:00" in workspace.bantin("push", "--dry-run").stdout
    assert list(folder.iterdir()) == []


def test_a_dry_run_writes_nothing_and_says_by_which_plan_it_is(workspace, bulletin):
    workspace.station("A")
    name = bulletin()
    before = workspace.json("show", name)["facts"]
    workspace.station("B")
    assert [w["station"] for w in workspace.json("push", "--dry-run")] == ["A"]
    assert "bantin plan" in workspace.bantin("push", "--dry-run").stderr
    assert workspace.json("show", name)["facts"] == before
    workspace.bantin("plan")
    assert [w["station"] for w in workspace.json("push", "--dry-run")] == ["A", "B"]


@pytest.mark.parametrize("command", [
    ["push", "--only", "XA"], ["push", "--dry-run", "--only", "XA"], ["verify", "XA"], ["stations", "test", "XA"],
])  # fmt: skip
def test_who_asks_for_a_visit_to_a_station_without_a_line_is_told_so(workspace, bulletin, command):
    workspace.station("XA", transport="usb")
    bulletin()
    told = workspace.bantin(*command, code=6)
    assert told.stdout == ""
    assert told.stderr == "D-109 trạm XA không có đường truyền\n  → chép ra thẻ nhớ: bantin export-usb THƯ-MỤC\n"


def test_a_visit_to_all_passes_by_a_station_without_a_line(workspace, bulletin):
    workspace.station("A")
    workspace.station("XA", transport="usb")
    bulletin()
    assert [s["station"] for s in workspace.json("push")["stations"]] == ["A"]
    assert [s["station"] for s in workspace.json("verify")] == ["A"]


def test_a_withdrawn_bulletin_is_taken_off_the_stations_and_off_their_papers(workspace, bulletin):
    folder = workspace.station("A")
    first, second = bulletin(), bulletin("Tiêu đề: Tin thứ hai\n\nBà con nghe tiếp.\n", "hai.txt")
    workspace.bantin("push")
    told = workspace.bantin("withdraw", first, "--by", "Người duyệt").stderr
    assert "A" in told.split()[-12:] or "A." in told
    assert workspace.json("push")["stations"][0]["code"] is None
    assert len(list(folder.glob("*.mp3"))) == 1
    assert len(list(folder.glob("*.sha256"))) == 1
    assert "Tin hôm nay" not in (folder / "LICH-PHAT.txt").read_text("utf-8-sig")
    assert (folder / "BANTIN.m3u8").read_text("utf-8").count(".mp3") == 1
    assert workspace.json("push")["stations"] == []
    rows = {r["id"]: r for r in workspace.json("status")["bulletins"]}
    assert rows[first]["stage"] == "withdrawn"
    assert rows[second]["stage"] == "arrived"
    assert "gỡ khỏi trạm" in workspace.bantin("show", first).stdout


def test_a_station_that_joins_later_gets_what_is_still_to_air(workspace, bulletin):
    name = bulletin()
    assert workspace.json("push")["sent"] == 0
    folder = workspace.station("A")
    assert workspace.json("push")["sent"] == 1
    assert list(folder.glob("*.mp3"))
    assert workspace.json("status")["bulletins"][0]["confirmed"] == ["A"]
    assert workspace.json("show", name)["facts"][-1]["happened"] == "confirmed"


def test_a_station_of_another_kind_that_joins_later_waits_for_its_own_signed_master(workspace, bulletin):
    name = bulletin()
    config = workspace.folder / "config.toml"
    config.write_text(
        config.read_text("utf-8").replace("[programmes.ban-tin]", "[profiles.fm]\nkbps = 128\n\n[programmes.ban-tin]")
    )
    mono = workspace.station("A")
    folder = workspace.station("FM", profile="fm")
    workspace.bantin("run-due")
    assert list(folder.iterdir()) == []
    assert list(mono.glob("*.mp3"))  # what was signed for it goes out all the same
    assert workspace.json("list")[0]["stage"] == "waiting"
    workspace.bantin("approve", name, "--by", "Người duyệt")
    assert workspace.json("push")["sent"] == 1
    assert list(folder.glob("*.mp3"))


def test_a_withdrawn_bulletin_is_not_sent(workspace, bulletin):
    folder = workspace.station("A")
    workspace.bantin("withdraw", bulletin(), "--by", "Người duyệt")
    assert workspace.json("push")["sent"] == 0
    assert list(folder.iterdir()) == []


def test_a_station_outside_its_windows_is_left_out_and_it_is_told(workspace):
    workspace.set(ahead_hours=96)  # tomorrow's 17:00 is 41 hours away for who tests just after midnight
    workspace.station("A", windows="16:30-18:30")
    workspace.station("B", languages="km")
    (row,) = workspace.json("add", workspace.drop("tin.txt", TEXT))
    told = workspace.bantin("approve", row["id"], "--by", "Người duyệt").stderr
    assert "05:00" in told
    assert "không phát tiếng này" in told
    (lacking,) = workspace.json("push", "--dry-run")
    assert (lacking["station"], lacking["bulletins"]) == ("A", [row["id"]])


def test_a_drop_folder_that_is_away_does_not_keep_tonights_bulletins_back(workspace, bulletin):
    folder = workspace.station("A")
    bulletin()
    workspace.scripts.rename(workspace.folder / "mat")
    assert "C-107" in workspace.bantin("run-due", code=3).stderr
    assert list(folder.glob("*.mp3"))


def test_a_registry_that_is_away_is_an_error_and_not_no_station(workspace, bulletin):
    workspace.station("A")
    bulletin()
    (workspace.folder / "stations.csv").rename(workspace.folder / "stations.xlsx")
    assert "stations.csv" in workspace.bantin("push", code=3).stderr
