"""`bantin render` and `bantin inspect`: sound without a ledger, as a new user meets them."""

import hashlib
import json
import re
import subprocess
import sys

import numpy as np
import pytest
import soundfile


@pytest.fixture
def bantin(standby):
    def run(*words, cwd, code=0):
        done = standby.run(*words, cwd=cwd)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def here(tmp_path):
    """No workspace: the settings are those a new one begins with; the online voices cannot be reached."""
    (tmp_path / "tin.txt").write_text("Tiêu đề: Tin mặn\n\nĐộ mặn 4‰.\n\n***\n\nប្រជាពលរដ្ឋ ៥ នាក់។\n", "utf-8")
    return tmp_path


def test_a_script_becomes_a_sound_file_and_nothing_else_is_left(bantin, here):
    told = json.loads(bantin("render", "tin.txt", "-o", "ra.mp3", "--json", cwd=here).stdout)
    data = (here / "ra.mp3").read_bytes()
    assert told["sha256"] == hashlib.sha256(data).hexdigest()
    assert told["lufs"] == pytest.approx(-16, abs=0.3)
    assert told["dbtp"] <= -1.5
    assert told["language"] == "vi+km"
    assert {file.name for file in here.iterdir()} == {"tin.txt", "ra.mp3"}
    again = json.loads(bantin("render", "tin.txt", "-o", "nua.mp3", "--json", cwd=here).stdout)
    assert again["sha256"] == told["sha256"]


def test_a_profile_is_named_and_its_suffix_with_it(bantin, here):
    assert "loa-nen" in bantin("render", "tin.txt", "-o", "a.mp3", "--profile", "loa", cwd=here, code=3).stderr
    assert ".wav" in bantin("render", "tin.txt", "-o", "a.mp3", "--profile", "phong-thu", cwd=here, code=3).stderr
    assert "I-109" in bantin("render", "khong.txt", "-o", "a.mp3", cwd=here, code=4).stderr
    assert not (here / "a.mp3").exists()
    bantin("render", "tin.txt", "-o", "a.wav", "--profile", "phong-thu", cwd=here)
    told = json.loads(bantin("inspect", "a.wav", "--json", cwd=here).stdout)
    assert told["integrated_lufs"] == pytest.approx(-23, abs=0.3)
    assert (told["kind"], told["channels"], told["sample_rate"]) == ("WAV PCM_24", 2, 48000)


def test_a_recording_in_a_drop_folder_is_rendered_and_stays(bantin, here):
    noise = (
        np.random.default_rng(1).uniform(-0.3, 0.3, (24_000 * 4, 2)) * np.repeat(np.linspace(0.1, 1, 32), 3000)[:, None]
    )
    bantin("init", "w", cwd=here)
    soundfile.write(here / "w" / "scripts" / "phỏng vấn.wav", noise, 24_000)
    bantin("-w", "w", "render", "w/scripts/phỏng vấn.wav", "-o", "pv.mp3", cwd=here)
    assert (here / "w" / "scripts" / "phỏng vấn.wav").exists()
    assert not (here / "w" / "bulletins" / ".state" / "ledger.db").exists()


def test_an_inspection_tells_level_and_faults_and_draws(bantin, here):
    sound = np.random.default_rng(1).uniform(-0.3, 0.3, 24_000 * 10)
    sound[24_000 * 3 : 24_000 * 3 + 500] = 1.0
    soundfile.write(here / "a.wav", np.stack([sound, np.zeros_like(sound)], axis=1), 24_000)
    told = bantin("inspect", "a.wav", "--picture", "a.png", cwd=here).stdout
    assert "2 kênh" in told
    assert "phút 0:03" in told
    assert "một bên kênh không có tiếng" in told
    assert (here / "a.png").read_bytes().startswith(b"\x89PNG")
    (here / "b.mp3").write_bytes(b"<html>" * 100)
    assert "S-101" in bantin("inspect", "b.mp3", cwd=here, code=4).stderr


def test_a_long_recording_takes_the_memory_of_a_short_one(here):
    code = (
        "import resource, subprocess, sys; words = [sys.executable, '-m', 'pipeline.cli', 'render', *sys.argv[1:]]\n"
        "subprocess.run(words, check=True, capture_output=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)\n"
    )
    minute = np.random.default_rng(1).uniform(-0.3, 0.3, 8000 * 60) * np.repeat(np.tile([1.0, 0.3, 0.01], 160), 1000)
    used = []
    for minutes in (1, 10):
        soundfile.write(here / f"{minutes}.wav", np.tile(minute, minutes), 8000)
        words = [sys.executable, "-c", code, f"{minutes}.wav", "-o", f"{minutes}.mp3"]
        used.append(int(subprocess.run(words, cwd=here, check=True, capture_output=True, text=True).stdout))
    assert used[1] - used[0] < 10
    assert used[1] < 200


def spoken(seconds, rate=8000, seed=1):
    rhythm = np.repeat(np.tile([1.0, 0.3, 0.05], -(-round(seconds * 8) // 3)), rate // 8)[: round(seconds * rate)]
    return np.random.default_rng(seed).uniform(-0.3, 0.3, len(rhythm)) * rhythm


@pytest.mark.parametrize("hidden_by", ["offset", "rumble"])
def test_silences_that_something_unheard_had_filled_are_found_told_and_shortened(bantin, here, hidden_by):
    quiet = np.zeros(8000 * 4)
    sound = np.concatenate(
        [quiet, spoken(6), np.zeros(8000 * 10), spoken(6, seed=2), np.zeros(8000 * 8), spoken(3), quiet]
    )
    at = np.arange(len(sound)) / 8000
    sound += 0.01 if hidden_by == "offset" else 0.02 * np.sin(2 * np.pi * 12 * at)
    soundfile.write(here / "a.wav", sound, 8000)
    told = json.loads(bantin("render", "a.wav", "-o", "a.mp3", "--json", cwd=here).stdout)
    notes = "\n".join(told["notes"])
    for place in (r"(9|10),\d giây ở phút 0:10", r"[78],\d giây ở phút 0:26"):
        assert re.search(f"đã rút ngắn khoảng lặng {place}", notes), notes
        assert re.search(f"im lặng {place}; kiểm tra", notes), notes
    assert "giây im lặng ở đầu và cuối" in notes
    assert told["seconds"] < 15 + 4 + 12


def test_a_silence_that_was_told_is_not_told_again(bantin, here):
    soundfile.write(here / "a.wav", np.concatenate([spoken(6), np.zeros(8000 * 10), spoken(6, seed=2)]), 8000)
    told = json.loads(bantin("render", "a.wav", "-o", "a.mp3", "--json", cwd=here).stdout)
    assert sum("im lặng" in note for note in told["notes"]) == 1
    assert sum("rút ngắn" in note for note in told["notes"]) == 1


def test_a_station_s_own_music_is_listened_to_before_the_bulletin_is_made(bantin, here):
    bantin("init", "w", cwd=here)
    music = here / "w" / "scripts" / "am-thanh"
    music.mkdir(exist_ok=True)
    soundfile.write(music / "dai.wav", spoken(3), 8000)
    (here / "w" / "tin.txt").write_text("Tiêu đề: Tin\nNhạc hiệu: dai.wav\n\nĐộ mặn giảm.\n", "utf-8")
    assert json.loads(bantin("-w", "w", "check", "w/tin.txt", "--json", cwd=here).stdout)["problems"] == []
    (music / "dai.wav").write_bytes((music / "dai.wav").read_bytes()[:20_000])
    told = json.loads(bantin("-w", "w", "check", "w/tin.txt", "--json", cwd=here, code=4).stdout)
    assert [problem["code"] for problem in told["problems"]] == ["S-101"]


def test_a_result_is_never_written_over_what_it_is_made_from(bantin, here):
    soundfile.write(here / "goc.mp3", spoken(4, 16_000), 16_000, format="MP3")
    data = (here / "goc.mp3").read_bytes()
    (here / "cung.mp3").hardlink_to(here / "goc.mp3")
    (here / "tro.mp3").symlink_to(here / "goc.mp3")
    for name in ("goc.mp3", "cung.mp3", "tro.mp3", "./goc.mp3"):
        assert "S-103" in bantin("render", "goc.mp3", "-o", name, cwd=here, code=2).stderr
    assert (here / "goc.mp3").read_bytes() == data
    (here / "tin.mp3").write_bytes(data)
    (here / "tin.txt").write_text("Tiêu đề: Tin\n\n[ghi âm: tin.mp3]\n", "utf-8")
    assert "S-103" in bantin("render", "tin.txt", "-o", "tin.mp3", cwd=here, code=2).stderr
