"""Runs the demonstration as a newcomer does, then listens to what arrived at the stations."""

import hashlib
import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from mutagen.id3 import ID3
from mutagen.mp3 import MP3, BitrateMode

from pipeline.core.tally import Tally
from pipeline.demo import run
from pipeline.studio.tools import ffmpeg

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def bantin(*words, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *map(str, words)],
        cwd=cwd,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "bản tin thử"
    done = bantin("demo", "--dir", folder, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def workspace(shown):
    return Path(shown["workspace"])


def station_folders(workspace):
    return sorted((workspace / "tram").iterdir())


def remote_files(shown, workspace):
    for bulletin in shown["bulletins"]:
        for receipt in bulletin["receipts"]:
            yield bulletin, workspace / "tram" / receipt["station"] / receipt["remote"]


def test_four_bulletins_reach_two_stations_and_count_toward_the_fifty(shown):
    assert sorted((b["language"], b["kind"]) for b in shown["bulletins"]) == [
        ("km", "CT"), ("vi", "CT"), ("vi", "PS"), ("vi+km", "CT"),
    ]  # fmt: skip
    assert [len(b["receipts"]) for b in shown["bulletins"]] == [2, 2, 2, 2]
    assert shown["tally"]["counted"] == 4
    assert shown["tally"]["target"] == 50


def test_pushing_again_sends_nothing(shown):
    assert shown["second_push_sent"] == 0


def test_every_receipt_is_proven_by_more_than_the_files_size(shown):
    verified = {r["verified"] for b in shown["bulletins"] for r in b["receipts"]}
    assert verified <= {"hash", "readback"}


def test_the_bytes_at_the_station_are_the_bytes_that_were_signed(shown, workspace):
    for bulletin, file in remote_files(shown, workspace):
        assert hashlib.sha256(file.read_bytes()).hexdigest() == bulletin["sha256"]
        assert hashlib.sha256(Path(bulletin["master"]).read_bytes()).hexdigest() == bulletin["sha256"]


def test_what_arrived_is_as_loud_as_it_should_be_by_ffmpegs_own_meter(shown, workspace):
    for bulletin, file in remote_files(shown, workspace):
        told = subprocess.run(
            [ffmpeg(), "-hide_banner", "-nostats", "-i", file, "-af", "ebur128=peak=true", "-f", "null", "-"],
            capture_output=True, text=True, errors="replace", check=True,
        ).stderr  # fmt: skip
        summary = told[told.rindex("Summary:") :]
        integrated = float(re.search(r"I:\s+(-?[\d.]+) LUFS", summary)[1])
        peak = float(re.search(r"Peak:\s+(-?[\d.]+) dBFS", summary)[1])
        assert integrated == pytest.approx(-16.0, abs=0.3)
        assert peak <= -1.5
        assert integrated == pytest.approx(bulletin["lufs"], abs=0.1)
        assert peak == pytest.approx(bulletin["dbtp"], abs=0.1)


def test_what_arrived_plays_on_an_old_decoder(shown, workspace):
    for bulletin, file in remote_files(shown, workspace):
        info = MP3(file).info
        assert (info.channels, info.sample_rate, info.bitrate) == (1, 44100, 64000)
        assert info.bitrate_mode is not BitrateMode.VBR
        assert b"Xing" not in file.read_bytes()[:8192]
        assert info.length == pytest.approx(bulletin["seconds"], abs=0.15)
        assert bulletin["seconds"] > 15
        assert re.fullmatch(r"[ -~]{1,64}", file.name)


def test_the_tags_say_title_and_language_in_their_own_letters(shown, workspace):
    for bulletin, file in remote_files(shown, workspace):
        tags = ID3(file, translate=False)
        assert tags.version[:2] == (2, 3)
        assert tags["TIT2"].text[0] == bulletin["title"]
        assert tags["TLAN"].text[0][:3] in {"vie", "khm"}


def test_the_timetable_tells_the_commune_in_vietnamese_what_airs_when(shown, workspace):
    for folder in station_folders(workspace):
        data = (folder / "LICH-PHAT.txt").read_bytes()
        assert data.startswith(b"\xef\xbb\xbf")
        text = data.decode("utf-8-sig")
        assert "05:00" in text
        assert "17:00" in text
        assert "tiếng Khmer" in text
        for bulletin, file in remote_files(shown, workspace):
            assert bulletin["title"] in text
            assert file.name in text


def test_the_playlist_names_only_files_that_are_there(workspace):
    for folder in station_folders(workspace):
        (playlist,) = folder.glob("*.m3u8")
        named = [line for line in playlist.read_text("utf-8").splitlines() if line and not line.startswith("#")]
        assert len(named) >= 4
        assert all((folder / name).is_file() for name in named)


def test_no_part_of_an_upload_is_left_at_a_station(workspace):
    for folder in station_folders(workspace):
        assert [f.name for f in folder.rglob("*") if f.name.endswith(".part")] == []


def test_people_find_sound_text_and_picture_by_the_day_of_air(shown):
    for bulletin in shown["bulletins"]:
        master = Path(bulletin["master"])
        day = datetime.strptime(bulletin["id"][:8], "%Y%m%d").replace(tzinfo=ZONE)
        assert master.parts[-4:-1] == (f"{day:%Y}", f"{day:%m}", f"{day:%d}")
        assert master.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
        assert master.with_suffix(".txt").read_text("utf-8-sig").strip()


def test_the_text_is_written_as_it_was_spoken(shown):
    (vietnamese,) = [b for b in shown["bulletins"] if b["language"] == "vi" and b["kind"] == "CT"]
    text = Path(vietnamese["master"]).with_suffix(".txt").read_text("utf-8-sig").lower()
    for words in ("ủy ban nhân dân", "mười lăm triệu đồng", "ba mươi ba phẩy ba phần trăm", "tháng mười hai"):
        assert words in text
    assert not re.search(r"\d", text)
    (khmer,) = [b for b in shown["bulletins"] if b["language"] == "km"]
    text = Path(khmer["master"]).with_suffix(".txt").read_text("utf-8-sig")
    assert not re.search(r"[\d០-៩]", text)
    assert "ចិតសិបប្រាំភាគរយ" in re.sub(r"[ \u200b]", "", text)


def test_the_drop_folder_is_empty_again_and_nothing_was_refused(workspace):
    drop = workspace / "scripts"
    assert [f.name for f in drop.iterdir() if f.is_file()] == []
    accepted = [f.name for f in (drop / "da-nhan").rglob("*") if f.is_file()]
    assert len(accepted) == 5
    assert not (drop / "loi").exists() or not list((drop / "loi").iterdir())


def test_the_workspace_answers_afterwards(workspace):
    status = json.loads(bantin("-w", workspace, "status", "--json").stdout)
    assert {b["stage"] for b in status["bulletins"]} == {"arrived"}
    year = status["bulletins"][0]["id"][:4]
    report = json.loads(bantin("-w", workspace, "report", "--year", year, "--json").stdout)
    assert report["counted"] == 4
    assert {(r["in_time"], r["stations"]) for r in report["bulletins"]} == {(2, 2)}
    assert {r["approved_by"] for r in report["bulletins"]} == {"Người duyệt thử"}


def test_a_push_with_the_stations_gone_has_nothing_to_do_and_needs_none_of_them(workspace):
    done = bantin("-w", workspace, "push", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"sent": 0, "missed": 0, "threatened": [], "stations": []}


def test_the_same_folder_is_not_used_twice(workspace):
    done = bantin("demo", "--dir", workspace)
    assert done.returncode == 2
    assert "C-106" in done.stderr


def test_a_new_workspace_says_what_comes_next(tmp_path):
    told = bantin("--lang", "vi", "init", tmp_path / "tin moi").stdout
    assert f"cd '{tmp_path / 'tin moi'}'" in told
    for step in ("bantin stations check", 'bantin people add quan-tri --name "TÊN" --role quan-tri', "bantin serve"):
        assert step in told


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_demonstration_ends_with_the_way_to_the_page_and_says_that_its_stations_are_gone(capsys, tmp_path, lang):
    counted = Tally(year=2026, target=50, rows=(), expected=0)
    shown = run.Shown(
        bulletin=SimpleNamespace(title="Tin", language="vi"), receipts=[], file=tmp_path / "a.mp3",
        master=SimpleNamespace(seconds=61, loudness=SimpleNamespace(integrated=-16.0, true_peak=-1.5)),
    )  # fmt: skip
    run.tell(run.Result(workspace=tmp_path, shown=[shown], second_push_sent=0, tally=counted), lang)
    told = capsys.readouterr().out
    assert f"-w {tmp_path} people add quan-tri --role quan-tri --name" in told
    assert f"-w {tmp_path} serve" in told
    assert "http://127.0.0.1:8080" in told
    assert "D-101" in told
