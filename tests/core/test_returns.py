"""What a station's people write back, as they write it."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.delivery.returns import Held, Played, form, held, played, sender

NAME = "20261125-0500_tin_vi_0123456789ab.mp3"
OTHER = "20261125-1700_tin_km_ba9876543210.mp3"
SUM = "a" * 64


def at(*parts):
    return datetime(*parts)  # noqa: DTZ001 - local by definition


def test_a_form_filled_in_by_hand_says_which_files_were_copied_and_when():
    blank = form("CM-0107", [NAME, OTHER]).decode()
    for line in ("Ngày giờ: 25/11/2026 04:40", "# Ngày giờ:25/11/2026 4h40", "25/11/2026 04:40"):
        text = blank.replace(f"[ ] {NAME}", f"[x] {NAME}").replace("Ngày giờ:", line)
        assert held(text) == ([Held(NAME, None, at(2026, 11, 25, 4, 40))], [])
    assert held(blank) == ([], [])  # nobody ticked anything
    assert held(blank.replace("Ngày giờ:", "Ngày giờ: sáng nay"))[1] == ["sáng nay"]


def test_a_form_says_whose_it_is_and_what_is_known_already():
    text = form("CM-0107", [NAME, OTHER], [OTHER]).decode()
    assert [line for line in text.splitlines() if line.startswith("[")] == [f"[ ] {NAME}", f"[x] {OTHER}"]
    assert sender(text) == "CM-0107"
    assert sender("# mã trạm :  CM-0107 (Đất Mũi)\n") == "CM-0107"
    assert sender(f"[x] {NAME}") == ""


def test_what_sha256sum_prints_is_a_digest_of_the_stations_own():
    text = f"{SUM}  {NAME}\r\n{SUM.upper()} *{OTHER}\r\n"
    assert [(h.name, h.digest) for h in held(text)[0]] == [(NAME, SUM), (OTHER, SUM)]


@pytest.mark.parametrize("tick", ["[x]", "[X]", "[ x ]", "[v]", "[✓]"])
def test_a_tick_is_a_tick_however_it_is_made(tick):
    assert held(f"{tick} {NAME}")[0] == [Held(NAME, None, None)]


@pytest.mark.parametrize(
    ("line", "when"),
    [
        (f"25/11/2026 05:00;{NAME}", at(2026, 11, 25, 5)),
        (f"25/11/2026 5h30; {NAME} ;mất điện giữa chừng", at(2026, 11, 25, 5, 30)),
        (f"2026-11-25 05:00:12,{NAME}", at(2026, 11, 25, 5)),
        (f"25/11/2026 05:00\t{NAME}", at(2026, 11, 25, 5)),
    ],
)
def test_an_airing_is_read_as_players_and_people_write_it(line, when):
    (found,), odd = played(line)
    assert (found.name, found.at, odd) == (NAME, when, [])


def test_a_word_behind_an_airing_is_kept():
    assert played(f"25/11/2026 05:00; {NAME}; loa ấp 3 hỏng")[0] == [Played(NAME, at(2026, 11, 25, 5), "loa ấp 3 hỏng")]


@pytest.mark.parametrize(
    "line", ["hôm nay phát tốt", "99/99/2026 05:00; a.mp3", f"25/11/2026; {NAME}", "25/11/2026 05:00; ../../etc/passwd"]
)
def test_a_line_that_nobody_understands_is_told_and_lost_nowhere(line):
    assert played(line) == ([], [line])
    assert held(line)[0] == []


@given(st.text())
def test_no_writing_breaks_the_reading_of_it(text):
    for read in (held, played):
        found, odd = read(text)
        assert len(found) + len(odd) <= len(text.splitlines())
