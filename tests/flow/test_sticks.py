"""Sticks that cannot be written, and the answers that come back from communes without a line, by whatever way."""

import os
import subprocess
from datetime import timedelta

import pytest

from pipeline.core.errors import StickFull, StickRefused, UnknownName, UnknownSender
from pipeline.delivery.returns import HELD, PLAYED
from pipeline.newsroom import returns, sticks
from tests.province import FIVE, NOW, Clock, lay_out, newsroom, signed


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def desk(tmp_path, clock):
    stations = [{"code": code, "name": f"Xã {code}", "transport": "usb"} for code in ("XA", "XB")]
    lay_out(tmp_path, stations)
    with newsroom(tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def stick(tmp_path):
    folder = tmp_path / "the nho"
    folder.mkdir()
    return folder


@pytest.fixture
def mounted(stick):
    """Makes the stick a disk of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")

    def mount(options):
        command = ["/usr/bin/env", "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(stick)]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("this machine does not let us mount a small disk")

    yield mount
    subprocess.run(["/usr/bin/env", "umount", "--lazy", str(stick)], check=True)


def ticked(folder, name=HELD):
    """A form as it comes back, under any name."""
    text = (folder / HELD).read_text("utf-8-sig").replace("[ ]", "[x]")
    (folder / HELD).unlink()
    (folder / name).write_text(text, "utf-8-sig")
    return folder / name


def holding(desk):
    return sorted({h.station for h in desk.ledger.holdings()})


# --- answers ---------------------------------------------------------------------------------------------------------


def test_a_form_sent_back_by_mail_says_itself_whose_it_is(desk, stick, tmp_path):
    signed(desk, 1)
    sticks.export(desk, stick)
    form = ticked(stick / "XB_xa-xb").rename(tmp_path / "phiếu (2).txt")
    (back,) = returns.import_all(desk, form)
    assert (back.station, back.held, back.odd) == ("XB", 1, ())
    assert holding(desk) == ["XB"]


def test_the_stations_own_folder_is_taken_like_the_stick_with_it(desk, stick, tmp_path, monkeypatch):
    signed(desk, 1)
    sticks.export(desk, stick)
    ticked(stick / "XA_xa-xa")
    monkeypatch.chdir(stick / "XA_xa-xa")
    assert [r.station for r in returns.import_all(desk, type(stick)())] == ["XA"]
    ticked(stick / "XB_xa-xb")
    renamed = (stick / "XB_xa-xb").rename(tmp_path / "từ xã")
    assert [(r.station, r.held) for r in returns.import_all(desk, renamed)] == [("XB", 1)]
    assert holding(desk) == ["XA", "XB"]


def test_a_new_form_shows_what_the_station_confirmed(desk, stick, clock):
    signed(desk, 1)
    sticks.export(desk, stick, ["XA"])
    ticked(stick / "XA_xa-xa")
    returns.import_all(desk, stick)
    signed(desk, 2)
    clock.at = NOW + timedelta(minutes=5)
    sticks.export(desk, stick, ["XA"])
    boxes = [line for line in (stick / "XA_xa-xa" / HELD).read_text("utf-8-sig").splitlines() if line.startswith("[")]
    assert sorted((line[:3], line.split("_")[1]) for line in boxes) == [("[ ]", "tin-so-2"), ("[x]", "tin-so-1")]


def test_a_list_of_airings_sent_alone_is_known_by_its_folder(desk, stick, clock):
    signed(desk, 1)
    sticks.export(desk, stick)
    folder = stick / "XA_xa-xa"
    (sound,) = folder.glob("*.mp3")
    (folder / PLAYED).write_text(f"24/11/2026 05:00; {sound.name}\n", "utf-8")
    clock.at = FIVE + timedelta(hours=2)
    assert [(r.station, r.played) for r in returns.import_all(desk, folder / PLAYED)] == [("XA", 1)]


def test_an_airing_is_believed_from_the_hour_on_at_which_the_stick_was_written(desk, stick, clock):
    signed(desk, 1)
    clock.at = NOW + timedelta(hours=3)  # 01:00
    sticks.export(desk, stick, ["XA"])
    (folder,) = stick.iterdir()
    (sound,) = folder.glob("*.mp3")
    ticked(folder)  # without saying when they copied it
    (folder / PLAYED).write_text(f"24/11/2026 00:30; {sound.name}\n24/11/2026 05:00; {sound.name}\n", "utf-8")
    clock.at = FIVE + timedelta(days=2)
    (back,) = returns.import_all(desk, stick)
    assert (back.held, back.played) == (1, 1)
    assert back.odd == (f"24/11/2026 00:30; {sound.name} (lúc ấy trạm chưa có tệp này)",)
    with (folder / PLAYED).open("a", encoding="utf-8") as more:
        more.write(f"24/11/2026 17:00; {sound.name}\n")  # before their tick came back to us
    assert returns.import_all(desk, stick)[0].played == 1


def test_an_answer_of_nobody_is_told_with_what_to_add(desk, stick):
    signed(desk, 1)
    (stick / HELD).write_text("[x] a.mp3\n", "utf-8")
    (stick / PLAYED).write_text("24/11/2026 05:00; a.mp3\n", "utf-8")
    for where in (stick / HELD, stick / PLAYED, stick):
        with pytest.raises(UnknownSender, match="CM-0101"):
            returns.import_all(desk, where)
    (stick / HELD).write_text("Mã trạm: XC\n[x] a.mp3\n", "utf-8")
    with pytest.raises(UnknownName, match="XC"):
        returns.import_all(desk, stick / HELD)


# --- sticks ----------------------------------------------------------------------------------------------------------


def test_a_full_stick_is_told_as_the_stick(desk, stick, mounted):
    mounted("size=64k")
    signed(desk, 1, size=60_000)
    with pytest.raises(StickFull, match="the nho") as caught:
        sticks.export(desk, stick)
    assert "push" not in caught.value.next_step.vi
    assert not list(stick.rglob("*.mp3"))


def test_a_stick_that_is_locked_is_told_as_the_stick(desk, stick, mounted):
    mounted("ro")
    signed(desk, 1)
    with pytest.raises(StickRefused, match="the nho"):
        sticks.export(desk, stick)
