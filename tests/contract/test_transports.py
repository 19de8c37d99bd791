"""One contract, every transport: real OpenSSH, an independent SFTP server, a folder; then every fault of the drill."""

import dataclasses
import hashlib
import os
import random
import socket
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipeline.core.errors import (
    ArrivedDamaged,
    ConfigError,
    FolderRefused,
    HostKeyMismatch,
    HostKeyUnknown,
    LoginRefused,
    StationFull,
    StationUnreachable,
)
from pipeline.core.model import Commune, Digest, Language, Seconds, Station, StationCode, Verification
from pipeline.delivery.folder import Folder
from pipeline.delivery.manifest import Entry
from pipeline.delivery.names import part
from pipeline.delivery.pace import paced
from pipeline.delivery.practice import PracticeStation, client_key
from pipeline.delivery.push import Extra, Parcel, deliver, papers
from pipeline.delivery.sftp import Sftp
from pipeline.delivery.trial import trial
from tests.line import Line
from tests.sshd import OpenSSH, free_port, make_key, program

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
COMMUNE = Commune(code="32101", name="Đất Mũi")
DEADLINE = Seconds(30)
TRANSPORTS = {"sftp": Sftp(), "folder": Folder()}
MB = 1 << 20


# --- the places that are delivered to --------------------------------------------------------------------------------


def station_at(server, folder, **changes):
    fields = {
        "code": "CM-0101", "commune": COMMUNE, "host": server.host, "port": server.port, "user": server.user,
        "key": server.key, "host_key": server.host_key, "folder": str(folder),
    }  # fmt: skip
    return Station(**{**fields, **changes})


@contextmanager
def practice(folder, tmp_path):
    public = client_key(tmp_path / "keys" / "bantin")
    with PracticeStation(folder, authorised=public) as server:
        server.key = str(tmp_path / "keys" / "bantin")
        yield server


@pytest.fixture
def folder(tmp_path):
    """What the station shows of its disk, as the test sees it."""
    path = tmp_path / "tram"
    path.mkdir()
    return path


@pytest.fixture(params=["openssh", "practice", "folder"])
def station(request, folder, tmp_path):
    """A station of each kind over the same folder."""
    if request.param == "openssh":
        yield station_at(request.getfixturevalue("openssh"), folder)
    elif request.param == "practice":
        with practice(folder, tmp_path) as server:
            yield station_at(server, ".")
    else:
        yield Station(code="CM-0101", commune=COMMUNE, host="", folder=str(folder), transport="folder")


@pytest.fixture
def ssh(openssh, folder):
    """A station on OpenSSH."""
    return station_at(openssh, folder)


def opened(station, deadline=DEADLINE):
    return TRANSPORTS[station.transport].open(station, deadline)


def push(station, *parcels, extras=(), deadline=DEADLINE):
    with opened(station, deadline) as remote:
        return deliver(remote, station, parcels, extras, lambda: NOW)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def parcel(tmp_path):
    """Makes parcels of any size; the bytes follow from the seed."""

    def make(size=600_000, seed=1, **changes):
        data = random.Random(seed).randbytes(size)
        path = tmp_path / f"{seed}-{size}.mp3"
        path.write_bytes(data)
        digest = Digest(hashlib.sha256(data).hexdigest())
        name = f"20261125-0500_tin_vi_{digest[:12]}.mp3"
        fields = {"bulletin": f"20261125-tin-{seed:06}", "path": path, "name": name, "digest": digest,
                  "size": size, "sidecar": b"{}\n"}  # fmt: skip
        return Parcel(**{**fields, **changes})

    return make


# --- the contract ----------------------------------------------------------------------------------------------------


def test_what_is_delivered_stands_there_whole_proven_and_with_its_papers(station, folder, parcel):
    sent = [parcel(), parcel(700_000, seed=2)]
    entries = [
        Entry(
            at=datetime(2026, 11, 25, 5, tzinfo=ZONE),
            title="Tin",
            languages=(Language.VI,),
            seconds=Seconds(9),
            file=p.name,
        )
        for p in sent
    ]
    done = push(
        station,
        *sent,
        extras=papers(station, entries, [e.file for e in entries], NOW.astimezone(ZONE), "Asia/Ho_Chi_Minh"),
    )
    papers_of = {name for p in sent for name in (p.name, f"{p.name}.json", f"{p.name}.sha256")}
    assert set(names(folder)) == papers_of | {"BANTIN.m3u8", "LICH-PHAT.txt"}
    for p, receipt in zip(sent, done.receipts, strict=True):
        assert (folder / p.name).read_bytes() == p.path.read_bytes()
        assert (receipt.remote, receipt.digest, receipt.size, receipt.sent) == (p.name, p.digest, p.size, p.size)
        assert (receipt.station, receipt.bulletin, receipt.at) == ("CM-0101", p.bulletin, NOW)
        assert receipt.verified in {Verification.HASH, Verification.READBACK}
    assert done.sent == sum((folder / name).stat().st_size for name in names(folder))
    assert "ĐẤT MŨI" in (folder / "LICH-PHAT.txt").read_text("utf-8-sig")


def test_the_checksum_beside_a_file_is_one_that_the_station_can_check(station, folder, parcel):
    one = parcel()
    push(station, one)
    subprocess.run(
        ["/usr/bin/env", "sha256sum", "-c", f"{one.name}.sha256"], cwd=folder, check=True, capture_output=True
    )


def test_whoever_watches_is_told_how_far_the_files_have_come(station, folder, parcel):
    there, half, new = parcel(), parcel(2 * MB, seed=2), parcel(seed=3)
    push(station, there)
    (folder / part(half.name, half.digest)).write_bytes(half.path.read_bytes()[:MB])
    seen, total = [], there.size + half.size + new.size
    with opened(station) as remote:
        deliver(remote, station, [there, half, new], [], lambda: NOW, count=lambda *told: seen.append(told))
    done = [first for first, _ in seen]
    assert {of for _, of in seen} == {total}
    assert (done[0], done[-1]) == (there.size, total)
    assert done == sorted(done)
    assert there.size + MB < done[1] < there.size + half.size


def test_a_second_delivery_sends_nothing_though_time_has_passed(station, folder, parcel):
    entries = [Entry(at=NOW.astimezone(ZONE), title="Tin", languages=(Language.KM,), seconds=Seconds(9), file="a.mp3")]

    def go(hour):
        made = datetime(2026, 11, 24, hour, tzinfo=ZONE)
        return push(
            station, parcel(), extras=papers(station, entries, [e.file for e in entries], made, "Asia/Ho_Chi_Minh")
        )

    assert go(21).sent > 600_000
    before = (folder / "LICH-PHAT.txt").stat()
    again = go(22)
    assert again.sent == 0
    assert again.receipts[0].sent == 0
    assert again.receipts[0].verified in {Verification.HASH, Verification.READBACK}
    assert (folder / "LICH-PHAT.txt").stat().st_ino == before.st_ino


def test_other_content_under_the_same_name_is_replaced(station, folder, parcel):
    one = parcel()
    (folder / one.name).write_bytes(b"x" * one.size)
    done = push(station, one)
    assert done.receipts[0].sent == one.size
    assert (folder / one.name).read_bytes() == one.path.read_bytes()


def test_a_new_timetable_replaces_the_old_one_and_leaves_no_part(station, folder):
    push(station, extras=[Extra(name="LICH-PHAT.txt", data=b"cu")])
    push(station, extras=[Extra(name="LICH-PHAT.txt", data=b"moi")])
    assert (folder / "LICH-PHAT.txt").read_bytes() == b"moi"
    assert names(folder) == ["LICH-PHAT.txt"]


@pytest.mark.parametrize("wanted", [Verification.SIZE, Verification.HASH, Verification.READBACK])
def test_a_receipt_says_how_it_was_really_proven(station, parcel, wanted):
    done = push(dataclasses.replace(station, verification=wanted), parcel())
    only_openssh_runs_sha256sum = station.transport == "sftp" and station.user != PracticeStation.user
    cannot = wanted is Verification.HASH and not only_openssh_runs_sha256sum
    assert done.receipts[0].verified is (Verification.READBACK if cannot else wanted)


def test_a_damaged_upload_never_takes_the_final_name_and_leaves_nothing(station, folder, parcel):
    with pytest.raises(ArrivedDamaged, match="damaged") as caught:
        push(station, parcel(digest=Digest("0" * 64)))
    assert caught.value.retry
    assert names(folder) == []


def test_a_file_cut_short_on_the_way_is_found_by_its_size_alone(station, folder, parcel):
    short = dataclasses.replace(parcel(), size=600_001)
    with pytest.raises(ArrivedDamaged, match="600001"):
        push(dataclasses.replace(station, verification=Verification.SIZE), short)
    assert names(folder) == []


@pytest.mark.parametrize("there", [1, 40_000, 7 * MB + 5, 9 * MB])
def test_a_part_of_ours_is_taken_up_at_its_end(station, folder, parcel, there):
    one = parcel(9 * MB)
    (folder / part(one.name, one.digest)).write_bytes(one.path.read_bytes()[:there])
    assert push(station, one).receipts[0].sent == one.size - there
    assert (folder / one.name).read_bytes() == one.path.read_bytes()
    assert part(one.name, one.digest) not in names(folder)


def test_a_part_whose_end_a_power_cut_spoiled_is_taken_up_before_it(station, folder, parcel):
    one = parcel(9 * MB)
    (folder / part(one.name, one.digest)).write_bytes(one.path.read_bytes()[: 7 * MB] + bytes(100_000))
    assert one.size - 7 * MB <= push(station, one).receipts[0].sent < one.size - 3 * MB
    assert (folder / one.name).read_bytes() == one.path.read_bytes()


def test_a_part_that_is_not_ours_near_its_end_is_sent_anew(station, folder, parcel):
    one = parcel(9 * MB)
    (folder / part(one.name, one.digest)).write_bytes(one.path.read_bytes()[:MB] + bytes(6 * MB))
    assert push(station, one).receipts[0].sent == one.size
    assert (folder / one.name).read_bytes() == one.path.read_bytes()


@pytest.mark.parametrize("policy", [Verification.HASH, Verification.SIZE])
def test_a_part_with_a_bad_stretch_inside_never_takes_the_final_name(station, folder, parcel, policy):
    one = parcel(9 * MB)
    data = one.path.read_bytes()
    (folder / part(one.name, one.digest)).write_bytes(data[:MB] + bytes(MB) + data[2 * MB : 7 * MB])
    done = push(dataclasses.replace(station, verification=policy), one)
    assert done.receipts[0].sent == 2 * MB + 9 * MB  # the rest, and all of it once the whole was found bad
    assert (folder / one.name).read_bytes() == one.path.read_bytes()


def test_a_part_longer_than_the_file_is_none_of_ours_and_is_sent_anew(station, folder, parcel):
    one = parcel(6 * MB)
    (folder / part(one.name, one.digest)).write_bytes(bytes(7 * MB))
    assert push(station, one).receipts[0].sent == one.size
    assert (folder / one.name).read_bytes() == one.path.read_bytes()


def test_writing_from_the_middle_keeps_the_beginning_and_cuts_what_stood_beyond(station, folder):
    with opened(station) as remote:
        assert remote.write("a.bin", iter([b"0123", b"456789"])) == 10
        assert remote.write("a.bin", iter([b"xy"]), at=3) == 2
        assert b"".join(remote.read("a.bin")) == b"012xy"
    assert (folder / "a.bin").read_bytes() == b"012xy"


@pytest.mark.parametrize("name", ["a b.mp3", "../out.mp3", "a/b.mp3", "/etc/x", "..", "é.mp3", "x;reboot"])
def test_a_name_that_could_lead_elsewhere_never_reaches_the_station(station, folder, parcel, name):
    with opened(station) as remote:
        for call in (remote.size, lambda n: remote.digests([n]), remote.remove, lambda n: list(remote.read(n))):
            with pytest.raises(ValueError, match="plain"):
                call(name)
        with pytest.raises(ValueError, match="plain"):
            remote.write(name, iter([b"x"]))
        with pytest.raises(ValueError, match="plain"):
            remote.rename("a.mp3", name)
    assert names(folder) == []
    assert not (folder.parent / "out.mp3").exists()


@pytest.mark.parametrize("station", ["openssh", "practice"], indirect=True)
@pytest.mark.parametrize(("lay", "like_ours"), [(os.symlink, 0), (os.symlink, 400_000), (os.link, 0)])
def test_a_link_under_a_name_of_ours_leads_us_nowhere(station, folder, parcel, lay, like_ours):
    one = parcel()
    victim = folder.parent / "victim"
    victim.write_bytes(before := one.path.read_bytes()[:like_ours] + b"theirs")
    papers = [f"{one.name}.json", "LICH-PHAT.txt"]
    for name in (part(one.name, one.digest), one.name, *papers, ".BANTIN-1.part", ".BANTIN-2.part"):
        lay(victim, folder / name)
    push(station, one, extras=[Extra(name="LICH-PHAT.txt", data=b"moi")])
    assert (folder / one.name).read_bytes() == one.path.read_bytes()
    assert (folder / "LICH-PHAT.txt").read_bytes() == b"moi"
    assert victim.read_bytes() == before
    assert names(folder) == sorted([one.name, f"{one.name}.sha256", *papers])
    assert not [path.name for path in folder.iterdir() if path.is_symlink() or path.stat().st_nlink > 1]


def test_removing_what_is_not_there_is_no_fault(station):
    with opened(station) as remote:
        remote.remove("a.mp3")
        assert remote.size("a.mp3") is None


def test_too_little_room_is_seen_before_anything_is_sent(station, folder, parcel, monkeypatch):
    one = parcel()
    with opened(station) as remote:
        monkeypatch.setattr(remote, "free", lambda: 700_000)  # more than the file, less than its headroom
        with pytest.raises(StationFull, match="720000") as caught:
            deliver(remote, station, [one], [], lambda: NOW)
    assert not caught.value.retry
    assert names(folder) == []


@pytest.fixture
def tiny(folder):
    """The station's folder on a disk of 2 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    mount = ["/usr/bin/env", "mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let us mount a small disk")
    yield folder
    subprocess.run(["/usr/bin/env", "umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_told_by_its_real_free_space(tiny, station, parcel):
    with pytest.raises(StationFull) as caught:
        push(station, parcel(3 * MB))
    assert 0 < int(caught.value.fields["free"]) <= 2 * MB
    assert names(tiny) == []


def test_a_disk_that_fills_up_on_the_way_keeps_no_part_of_ours(tiny, station, parcel, monkeypatch):
    with opened(station) as remote:
        real, asked = remote.free, []
        monkeypatch.setattr(remote, "free", lambda: real() if asked or asked.append(1) else 100 * MB)
        with pytest.raises(StationFull):
            deliver(remote, station, [parcel(3 * MB)], [], lambda: NOW)
    assert names(tiny) == []


def test_a_missing_folder_is_refused_with_its_name(station, parcel, folder):
    gone = dataclasses.replace(station, folder=f"{station.folder}/khong-co")
    with pytest.raises(FolderRefused, match="khong-co") as caught:
        push(gone, parcel())
    assert not caught.value.retry
    assert names(folder) == []


# --- faults of the line and of the other side ------------------------------------------------------------------------


def through(proxy, station):
    return dataclasses.replace(station, host=proxy.host, port=proxy.port)


def test_a_link_that_stalls_while_writing_is_cut_at_its_deadline_and_can_be_resumed(ssh, folder, parcel):
    one, started = parcel(12 * MB), time.monotonic()
    with (
        Line(ssh.port, freeze_after=9 * MB) as proxy,
        pytest.raises(StationUnreachable, match="time was up") as caught,
    ):
        push(through(proxy, ssh), one, deadline=Seconds(2))
    assert time.monotonic() - started < 4
    assert caught.value.retry
    assert names(folder) == [part(one.name, one.digest)]
    assert push(ssh, one).receipts[0].sent < one.size
    assert (folder / one.name).read_bytes() == one.path.read_bytes()


def test_a_link_that_breaks_while_writing_is_told_at_once_and_resumed_whole(ssh, folder, parcel):
    one, started = parcel(12 * MB), time.monotonic()
    with Line(ssh.port, break_after=9 * MB) as proxy, pytest.raises(StationUnreachable) as caught:
        push(through(proxy, ssh), one)
    assert time.monotonic() - started < 10
    assert caught.value.retry
    assert push(ssh, one).receipts[0].sent < one.size
    assert (folder / one.name).read_bytes() == one.path.read_bytes()


def test_a_line_that_carries_little_each_time_brings_a_large_file_in_the_end(ssh, folder, parcel):
    one, calls = parcel(7 * MB), 0
    with Line(ssh.port, break_after=300_000) as proxy:
        while one.name not in names(folder):
            calls += 1
            assert calls < 40
            with suppress(StationUnreachable):
                push(through(proxy, ssh), one)
        assert proxy.passed < 1.5 * one.size
    assert (folder / one.name).read_bytes() == one.path.read_bytes()
    assert names(folder) == [one.name, f"{one.name}.json", f"{one.name}.sha256"]


@pytest.mark.parametrize("whose", [(), ("CM-0101",)])
def test_every_open_line_or_those_to_one_station_can_be_cut_from_another_thread(ssh, parcel, whose):
    transport, told = Sftp(), []

    def work():
        try:
            with transport.open(through(proxy, ssh), DEADLINE) as remote:
                deliver(remote, ssh, [parcel(12 * MB)], [], lambda: NOW)
        except StationUnreachable as problem:
            told.append(problem)

    with Line(ssh.port, freeze_after=2 * MB) as proxy:
        thread = threading.Thread(target=work)
        thread.start()
        time.sleep(1)
        transport.cut(StationCode("another"))
        thread.join(0.2)
        assert thread.is_alive()
        transport.cut(*whose)
        thread.join(5)
        assert not thread.is_alive()
    assert len(told) == 1


def test_a_server_that_never_says_a_word_is_given_up(ssh):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        quiet = dataclasses.replace(ssh, port=silent.getsockname()[1])
        started = time.monotonic()
        with pytest.raises(StationUnreachable), opened(quiet, Seconds(1)):
            pass
        assert time.monotonic() - started < 4


def test_a_closed_port_and_an_unknown_name_are_told_as_unreachable(ssh):
    for changes in ({"port": free_port()}, {"host": "tram.invalid"}):
        with pytest.raises(StationUnreachable, match="CM-0101") as caught, opened(dataclasses.replace(ssh, **changes)):
            pass
        assert caught.value.retry


def test_another_machine_under_the_stations_address_is_sent_nothing(openssh, ssh, folder, parcel, tmp_path):
    make_key(tmp_path / "other")
    wrong = dataclasses.replace(ssh, host_key=(tmp_path / "other.pub").read_text().strip())
    logged = openssh.log.read_text().count("Accepted")
    with pytest.raises(HostKeyMismatch, match="SHA256:") as caught:
        push(wrong, parcel())
    seen = subprocess.run(
        ["/usr/bin/env", "ssh-keygen", "-lf", "-"], input=ssh.host_key, capture_output=True, text=True, check=True
    )
    assert seen.stdout.split()[1] in str(caught.value)
    assert not caught.value.retry
    assert openssh.log.read_text().count("Accepted") == logged
    assert names(folder) == []


def test_a_station_without_a_pinned_key_is_not_even_called(ssh, folder, parcel):
    with pytest.raises(HostKeyUnknown, match="stations trust"):
        push(dataclasses.replace(ssh, host_key="", port=1), parcel())
    assert names(folder) == []


@pytest.mark.parametrize("pinned", ["ssh-ed25519", "ssh-ed25519 AAAA", "none AAAAC3Nz", "SHA256:abc"])
def test_a_station_without_a_usable_pinned_key_is_never_trusted(ssh, folder, parcel, pinned):
    with pytest.raises(ConfigError, match="host_key"):
        push(dataclasses.replace(ssh, host_key=pinned), parcel())
    assert names(folder) == []


def test_a_key_that_the_station_does_not_know_stops_it_after_one_try(ssh, parcel, tmp_path):
    make_key(tmp_path / "stranger")
    with pytest.raises(LoginRefused, match=ssh.user) as caught:
        push(dataclasses.replace(ssh, key=str(tmp_path / "stranger")), parcel())
    assert not caught.value.retry


@pytest.fixture
def impatient(tmp_path, folder):
    """A station whose server hangs up over the first wrong key, and the key it does not know."""
    (tmp_path / "server").mkdir()
    make_key(tmp_path / "stranger")
    with OpenSSH(tmp_path / "server", "MaxAuthTries 1") as server:
        yield station_at(server, folder, key=str(tmp_path / "stranger"))


def test_a_server_that_hangs_up_over_a_wrong_key_has_refused_us(impatient):
    with pytest.raises(LoginRefused, match=impatient.user) as caught, opened(impatient):
        pass
    assert not caught.value.retry


def test_a_line_that_breaks_while_we_log_in_says_nothing_of_our_key(impatient):
    with Line(impatient.port) as line:
        with pytest.raises(LoginRefused), opened(through(line, impatient)):
            pass
        line.break_after = line.passed - 100  # in the middle of our key, the last we say
        with pytest.raises(StationUnreachable) as caught, opened(through(line, impatient)):
            pass
    assert caught.value.retry


def test_a_private_key_that_is_missing_or_no_key_is_a_fault_of_the_settings(ssh, tmp_path):
    (tmp_path / "text").write_text("not a key")
    for path in (tmp_path / "none", tmp_path / "text"):
        with pytest.raises(ConfigError, match="CM-0101, column key"):
            Sftp().check(dataclasses.replace(ssh, key=str(path)))


def test_a_folder_station_needs_a_full_path():
    with pytest.raises(ConfigError, match="full path"):
        Folder().check(Station(code="CM-0101", commune=COMMUNE, host="", transport="folder"))


@pytest.mark.parametrize("name", [".BANTIN-1.part", ".BANTIN-2.part"])
def test_a_link_in_a_folder_is_not_written_through(folder, parcel, tmp_path, name):
    usb = Station(code="CM-0101", commune=COMMUNE, host="", folder=str(folder), transport="folder")
    (tmp_path / "authorized_keys").write_text("ssh-ed25519 AAAA")
    (folder / name).symlink_to(tmp_path / "authorized_keys")
    with pytest.raises(FolderRefused, match=f"{name} is a symbolic link: remove it") as caught:
        push(usb, parcel())
    assert not caught.value.retry
    assert (tmp_path / "authorized_keys").read_text() == "ssh-ed25519 AAAA"
    (folder / name).unlink()
    push(usb, parcel())
    assert (folder / parcel().name).read_bytes() == parcel().path.read_bytes()


def test_a_link_in_a_folder_is_not_taken_for_the_file_it_leads_to(folder, parcel):
    usb = Station(code="CM-0101", commune=COMMUNE, host="", folder=str(folder), transport="folder")
    one = parcel()
    (folder / one.name).symlink_to(one.path)
    assert push(usb, one).receipts[0].sent == one.size
    assert not (folder / one.name).is_symlink()
    assert (folder / one.name).read_bytes() == one.path.read_bytes()


def test_a_folder_is_given_no_more_time_than_it_has(folder, parcel):
    usb = Station(code="CM-0101", commune=COMMUNE, host="", folder=str(folder), transport="folder")
    with pytest.raises(StationUnreachable, match="time was up"):
        push(usb, parcel(), deadline=Seconds(-1))


def test_a_server_that_forbids_commands_is_read_back(tmp_path, folder, parcel):
    (tmp_path / "server").mkdir()
    with OpenSSH(tmp_path / "server", "ForceCommand internal-sftp") as server:
        done = push(station_at(server, folder), parcel(), parcel(seed=2))
    assert [receipt.verified for receipt in done.receipts] == [Verification.READBACK] * 2
    assert (folder / parcel().name).read_bytes() == parcel().path.read_bytes()


def test_a_server_without_atomic_rename_still_gets_and_replaces_files(tmp_path, folder, parcel):
    (tmp_path / "server").mkdir()
    with OpenSSH(tmp_path / "server", sftp="internal-sftp -P posix-rename,fsync,statvfs,limits") as server:
        station = station_at(server, folder)
        push(station, parcel(), extras=[Extra(name="LICH-PHAT.txt", data=b"cu")])
        push(station, extras=[Extra(name="LICH-PHAT.txt", data=b"moi")])
    assert (folder / parcel().name).read_bytes() == parcel().path.read_bytes()
    assert (folder / "LICH-PHAT.txt").read_bytes() == b"moi"
    assert not [name for name in names(folder) if name.endswith(".part")]


def test_a_read_only_folder_is_refused_and_not_tried_again(tmp_path, folder, parcel):
    (tmp_path / "server").mkdir()
    with OpenSSH(tmp_path / "server", sftp="internal-sftp -R") as server, pytest.raises(FolderRefused) as caught:
        push(station_at(server, folder), parcel())
    assert not caught.value.retry
    assert names(folder) == []


def test_nothing_leads_out_of_the_practice_stations_folder(tmp_path, folder):
    (tmp_path / "secret").write_text("x")
    with practice(folder, tmp_path) as server, opened(station_at(server, "../")) as remote:
        assert remote.size("secret") is None


def test_the_practice_station_takes_no_other_key(tmp_path, folder):
    client_key(tmp_path / "other")
    with practice(folder, tmp_path) as server, pytest.raises(LoginRefused):
        push(station_at(server, ".", key=str(tmp_path / "other")))


def test_a_client_key_is_private_and_made_once(tmp_path):
    first = client_key(tmp_path / "keys" / "bantin")
    assert client_key(tmp_path / "keys" / "bantin") == first
    assert first.startswith("ssh-ed25519 ")
    assert Path(tmp_path / "keys" / "bantin").stat().st_mode & 0o777 == 0o600


# --- what a registry asks of a station -------------------------------------------------------------------------------


def test_the_key_that_a_machine_shows_is_told_without_logging_in(ssh, openssh):
    shown = Sftp().identity(dataclasses.replace(ssh, host_key="", key="/nowhere"))
    assert shown.host_key == openssh.host_key
    ask = [program("ssh-keygen"), "-lf", "-"]
    line = subprocess.run(ask, input=openssh.host_key.encode(), capture_output=True, check=True)
    assert shown.fingerprint.split()[1] in line.stdout.decode().split()


def test_a_key_file_that_others_may_read_is_refused(ssh, parcel, tmp_path):
    (tmp_path / "open").write_bytes(Path(ssh.key).read_bytes())
    (tmp_path / "open").chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        push(dataclasses.replace(ssh, key=str(tmp_path / "open")), parcel())


def test_a_locked_key_opens_with_the_passphrase_of_the_environment(openssh, folder, parcel, tmp_path, monkeypatch):
    locked = tmp_path / "locked"
    locked.write_bytes(Path(openssh.key).read_bytes())
    locked.chmod(0o600)
    subprocess.run([program("ssh-keygen"), "-q", "-p", "-N", "đất mũi", "-f", str(locked)], check=True)
    station = station_at(openssh, folder, key=str(locked))
    with pytest.raises(ConfigError, match="cannot open"):
        push(station, parcel())
    monkeypatch.setenv("BANTIN_KEY_PASSPHRASE", "đất mũi")
    assert push(station, parcel()).receipts


def test_a_station_that_takes_only_a_password_gets_it_from_a_file_of_ours_alone(folder, parcel, tmp_path):
    with PracticeStation(folder, password="sóng nước 1") as server:
        secret = tmp_path / "mat-khau"
        secret.write_text("sóng nước 1\n", "utf-8")
        secret.chmod(0o600)
        server.key = ""
        station = station_at(server, ".", password_file=str(secret))
        assert push(station, parcel()).receipts
        secret.write_text("khác", "utf-8")
        with pytest.raises(LoginRefused) as caught:
            push(station, parcel(seed=2))
        assert "khác" not in str(caught.value)
        secret.chmod(0o640)
        with pytest.raises(ConfigError, match="chmod 600"):
            push(station, parcel(seed=2))


def test_a_missing_folder_is_made_where_the_registry_says_so(station, folder, parcel):
    below = "moi" if station.transport == "folder" else "moi/nua"
    deep = dataclasses.replace(station, folder=f"{station.folder}/{below}", make_folder=True)
    push(deep, parcel())
    assert parcel().name in names(folder / below)


def test_everything_in_a_folder_is_listed_whatever_its_name(station, folder):
    (folder / "a.mp3").write_bytes(b"123")
    (folder / os.fsdecode(b"b\xff.mp3")).write_bytes(b"4")
    (folder / "thu muc").mkdir()
    with opened(station) as remote:
        found = {item.name: item.size for item in remote.names()}
    assert found == {"a.mp3": 3, os.fsdecode(b"b\xff.mp3"): 1}


def test_a_trial_says_what_a_station_can_do_and_leaves_nothing_there(station, folder):
    with opened(station) as remote:
        found = trial(remote, station)
    assert found.own_digest is (station.transport == "sftp" and station.user != PracticeStation.user)
    assert {"fsync", "posix-rename", "statvfs"} <= found.abilities
    assert found.free > 1 << 20
    assert found.kbits > 100
    assert names(folder) == []


def test_a_push_keeps_to_its_part_of_the_line(station, folder, parcel):
    started = time.monotonic()
    push(dataclasses.replace(station, bandwidth=8000), parcel(1_000_000))
    took = time.monotonic() - started
    assert took > 0.9  # a million bytes at a million bytes a second
    assert (folder / parcel(1_000_000).name).read_bytes() == parcel(1_000_000).path.read_bytes()


def test_bytes_are_handed_out_evenly_and_a_stall_is_not_made_up_for():
    now, slept = [0.0], []

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    given = paced(iter([bytes(1000)] * 10), 80, lambda: now[0], sleep)  # 10,000 bytes a second
    next(given)
    now[0] += 5  # nobody asked for a while
    assert sum(len(piece) for piece in given) == 9000
    assert now[0] == pytest.approx(5 + 0.8)
    assert max(slept) == pytest.approx(0.1)


def test_a_station_computes_many_digests_in_one_call(station, folder):
    files = {f"a{n}.mp3": random.Random(n).randbytes(100) for n in range(120)}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    with opened(station) as remote:
        found = remote.digests([*files, "khong-co.mp3"])
    can = station.transport == "sftp" and station.user != PracticeStation.user
    assert found == ({name: hashlib.sha256(data).hexdigest() for name, data in files.items()} if can else {})
