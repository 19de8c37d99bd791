"""The fault drill: every row of docs/delivery.md against real OpenSSH, with its end state on both sides."""

import contextlib
import hashlib
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.core.facts import Happened
from pipeline.core.status import Stage, status_of
from pipeline.delivery import manifest
from pipeline.delivery.names import part
from pipeline.delivery.practice import PracticeStation
from pipeline.newsroom import audits, bulletins, push
from tests.line import Line
from tests.province import Clock, Serving, lay_out, newsroom, remaster, row, signed
from tests.sshd import OpenSSH, free_port, make_key

DOCS = Path(__file__).parents[2] / "docs" / "delivery.md"
MB = 1 << 20
LARGE = 12 * MB
"""Enough that a part of it stands there when the line breaks."""


class Lab:
    """One station at the end of a line, one bulletin for it, and the newsroom."""

    def __init__(self, tmp_path):
        self.top = tmp_path
        self.folder = tmp_path / "loa"
        self.folder.mkdir()
        self.clock = Clock()
        self.columns = {}
        self.settings = {}

    def station(self, server, line=None, **changes):
        """Where the station is."""
        self.columns = row("A", server, self.folder, **changes)
        if line:
            self.columns |= {"host": line.host, "port": line.port}

    @contextlib.contextmanager
    def desk(self, **changes):
        """The newsroom, with the station as it now stands in the registry."""
        self.columns |= changes
        lay_out(self.top, [self.columns], **self.settings)
        with newsroom(self.top, self.clock) as desk:
            yield desk

    def names(self):
        return sorted(p.name for p in self.folder.iterdir()) if self.folder.is_dir() else []

    def name(self, desk, bulletin):
        (master,) = bulletins.masters(desk, bulletin).values()
        return manifest.remote_name(bulletin, master.digest, desk.config.zone)

    def data(self, desk, bulletin):
        (master,) = bulletins.masters(desk, bulletin).values()
        return desk.store.get(master.digest).read_bytes()

    def must_hold(self, desk, bulletin):
        """The end state: the signed bytes with their papers, no part of ours, one receipt, nothing left to do."""
        name = self.name(desk, bulletin)
        assert (self.folder / name).read_bytes() == self.data(desk, bulletin)
        assert {name, f"{name}.json", f"{name}.sha256", "BANTIN.m3u8", "LICH-PHAT.txt"} <= set(self.names())
        assert not [n for n in self.names() if n.endswith(".part")]
        assert name in (self.folder / "BANTIN.m3u8").read_text("utf-8")
        assert status_of(desk.ledger.facts(bulletin.id)).stage is Stage.ARRIVED
        current = hashlib.sha256(self.data(desk, bulletin)).hexdigest()
        assert [r.digest for r in desk.ledger.receipts()].count(current) == 1
        assert desk.ledger.troubles() == {}
        assert push.wanted(desk) == []

    def fails(self, desk, code, *, again):
        """A push that ends as it should: told, nothing under a final name, and tried again or left for a person."""
        (attempt,) = push.push(desk).attempts
        assert attempt.problem.code == code
        assert not [n for n in self.names() if n.endswith((".mp3", ".m3u8", ".txt"))]
        trouble = desk.ledger.troubles()["A"]
        assert (trouble.code, trouble.retry, trouble.next is not None) == (code, again, again)
        assert status_of(desk.ledger.facts(attempt_bulletin(desk))).failed == {"A": code}
        return attempt

    def retried(self, desk):
        """What the clock does by itself when it is time; the bytes it sent."""
        self.clock.at = desk.ledger.troubles()["A"].next
        Serving(desk).retry()
        return sent(desk)


def attempt_bulletin(desk):
    return desk.ledger.facts(happened=Happened.FAILED)[-1].bulletin


def sent(desk):
    return [f.detail["sent"] for f in desk.ledger.facts(happened=Happened.DELIVERED)]


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path)


def broken_line(lab, openssh, **faults):
    """A fault of the line while a large file is written; it mends by itself and is taken up."""
    with Line(openssh.port, **faults) as line:
        lab.station(openssh, line)
        with lab.desk() as desk:
            bulletin = signed(desk, 1, LARGE)
            begin = time.monotonic()
            lab.fails(desk, "D-101", again=True)
            assert time.monotonic() - begin < 20
            assert lab.names() == [part(lab.name(desk, bulletin), bulletins.masters(desk, bulletin)["loa-xa"].digest)]
            line.heal()
            (size,) = lab.retried(desk)
            assert size < LARGE
            lab.must_hold(desk, bulletin)


def sshd_killed_mid_write(lab, openssh):
    (lab.top / "ssh").mkdir()
    with OpenSSH(lab.top / "ssh") as server, Line(server.port, break_after=9 * MB, on_break=server.stop) as line:
        lab.station(server, line)
        with lab.desk() as desk:
            bulletin = signed(desk, 1, LARGE)
            lab.fails(desk, "D-101", again=True)
            lab.clock.at = desk.ledger.troubles()["A"].next
            lab.fails(desk, "D-101", again=True)  # it is still down
            server.start()
            line.heal()
            (size,) = lab.retried(desk)
            assert size < LARGE
            lab.must_hold(desk, bulletin)


def line_breaks_mid_write(lab, openssh):
    broken_line(lab, openssh, break_after=9 * MB)


def line_stalls_mid_write(lab, openssh):
    lab.settings["deadline_seconds"] = "3"
    broken_line(lab, openssh, freeze_after=9 * MB)


def mends_by_itself(lab, openssh, port, mend):
    lab.station(openssh, port=port)
    with lab.desk() as desk:
        bulletin = signed(desk, 1)
        lab.fails(desk, "D-101", again=True)
        assert lab.names() == []
    mend()
    with lab.desk(port=openssh.port) as desk:
        lab.retried(desk)
        lab.must_hold(desk, bulletin)


def server_silent_after_connect(lab, openssh):
    lab.settings["deadline_seconds"] = "2"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mends_by_itself(lab, openssh, silent.getsockname()[1], lambda: None)


def port_closed(lab, openssh):
    mends_by_itself(lab, openssh, free_port(), lambda: None)


def holding_the_door(server):
    """Somebody who connects, says nothing, and keeps the only place there is."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        caller = socket.create_connection((server.host, server.port))
        if caller.recv(64).startswith(b"SSH-2.0"):
            return caller
        caller.close()  # whoever looked whether the server is up has not left yet
        time.sleep(0.05)
    raise AssertionError("nobody gets in")


def too_many_callers(lab, _openssh):
    (lab.top / "ssh").mkdir()
    with OpenSSH(lab.top / "ssh", "MaxStartups 1") as server:
        lab.station(server)
        with holding_the_door(server), lab.desk() as desk:
            bulletin = signed(desk, 1)
            lab.fails(desk, "D-101", again=True)
        holding_the_door(server).close()
        time.sleep(0.5)
        with lab.desk() as desk:
            lab.retried(desk)
            lab.must_hold(desk, bulletin)


def mended_by_a_person(lab, openssh, code, wrong, right):
    """A fault that waiting does not mend: one try, then nothing by itself; a push brings it once it is mended."""
    with lab.desk(**wrong) as desk:
        bulletin = signed(desk, 1)
        lab.fails(desk, code, again=False)
        assert lab.names() == []
        logins = openssh.log.read_text().count("Connection from") if openssh.log.exists() else 0
        serving = Serving(desk)
        serving.retry()
        serving.push_soon()
        assert len(desk.ledger.facts(happened=Happened.FAILED)) == 1
        assert (openssh.log.read_text().count("Connection from") if openssh.log.exists() else 0) == logins
    with lab.desk(**right) as desk:
        push.push(desk)
        lab.must_hold(desk, bulletin)


def another_host_key(lab, openssh):
    make_key(lab.top / "other")
    lab.station(openssh)
    accepted = openssh.log.read_text().count("Accepted")
    wrong = {"host_key": " ".join((lab.top / "other.pub").read_text().split()[:2])}
    mended_by_a_person(lab, openssh, "D-102", wrong, {"host_key": openssh.host_key})
    assert openssh.log.read_text().count("Accepted") == accepted + 1


def no_host_key_pinned(lab, openssh):
    lab.station(openssh)
    mended_by_a_person(lab, openssh, "D-108", {"host_key": ""}, {"host_key": openssh.host_key})


def key_not_accepted(lab, openssh):
    make_key(lab.top / "stranger")
    lab.station(openssh)
    mended_by_a_person(lab, openssh, "D-103", {"key": str(lab.top / "stranger")}, {"key": openssh.key})


def key_not_accepted_and_the_server_hangs_up(lab, _openssh):
    (lab.top / "ssh").mkdir()
    make_key(lab.top / "stranger")
    with OpenSSH(lab.top / "ssh", "MaxAuthTries 1") as server:
        lab.station(server)
        mended_by_a_person(lab, server, "D-103", {"key": str(lab.top / "stranger")}, {"key": server.key})


def password_not_accepted(lab, openssh):
    with PracticeStation(lab.folder, password="đúng") as server:
        secret = lab.top / "mat-khau"
        secret.touch(mode=0o600)
        secret.write_text("sai", "utf-8")
        server.key = ""
        lab.station(server, password_file=str(secret))
        lab.columns["folder"] = "."
        with lab.desk() as desk:
            bulletin = signed(desk, 1)
            lab.fails(desk, "D-103", again=False)
            secret.write_text("đúng", "utf-8")
            push.push(desk)
            lab.must_hold(desk, bulletin)


@contextlib.contextmanager
def small_disk(folder, megabytes):
    mount = ["/usr/bin/env", "mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let us mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["/usr/bin/env", "umount", "--lazy", str(folder)], check=True)


def disk_too_full_seen_before(lab, openssh):
    lab.station(openssh)
    with small_disk(lab.folder, 6), lab.desk() as desk:
        bulletin = signed(desk, 1, 4 * MB)
        (lab.folder / "nhac.mp3").write_bytes(bytes(4 * MB))
        (attempt,) = push.push(desk).attempts
        assert (attempt.problem.code, lab.names()) == ("D-104", ["BANTIN.m3u8", "LICH-PHAT.txt", "nhac.mp3"])
        assert ".mp3" not in (lab.folder / "BANTIN.m3u8").read_text("utf-8")
        assert not desk.ledger.troubles()["A"].retry
        (lab.folder / "nhac.mp3").unlink()
        push.push(desk)
        lab.must_hold(desk, bulletin)


def disk_fills_up_on_the_way(lab, openssh):
    lab.station(openssh)
    filler = lab.folder / "nhac.mp3"
    with small_disk(lab.folder, 16), lab.desk() as desk:
        bulletin, real = signed(desk, 1, 10 * MB), desk.transports["sftp"].open

        @contextlib.contextmanager
        def filling(station, deadline):
            """Somebody else writes a large file just after the free space was looked at."""
            with real(station, deadline) as remote:
                free = remote.free

                def seen():
                    room = free()
                    if not filler.exists():
                        filler.write_bytes(bytes(12 * MB))
                    return room

                remote.free = seen
                yield remote

        desk.transports["sftp"].open = filling
        (attempt,) = push.push(desk).attempts
        assert (attempt.problem.code, lab.names()) == ("D-104", ["BANTIN.m3u8", "LICH-PHAT.txt", "nhac.mp3"])
        assert ".mp3" not in (lab.folder / "BANTIN.m3u8").read_text("utf-8")
        assert not desk.ledger.troubles()["A"].retry
        filler.write_bytes(b"")
        push.push(desk)
        lab.must_hold(desk, bulletin)


def folder_read_only(lab, openssh):
    (lab.top / "ssh").mkdir()
    with OpenSSH(lab.top / "ssh", sftp="internal-sftp -R") as server:
        lab.station(server)
        with lab.desk() as desk:
            bulletin = signed(desk, 1)
            lab.fails(desk, "D-105", again=False)
    lab.station(openssh)
    with lab.desk() as desk:
        push.push(desk)
        lab.must_hold(desk, bulletin)


def folder_missing(lab, openssh):
    lab.folder.rmdir()
    lab.station(openssh)
    with lab.desk() as desk:
        bulletin = signed(desk, 1)
        lab.fails(desk, "D-105", again=False)
        lab.folder.mkdir()
        push.push(desk)
        lab.must_hold(desk, bulletin)


def delivers(lab, size=40_000):
    """A push that just works; the bytes it had to send."""
    with lab.desk() as desk:
        bulletin = signed(desk, 1, size)
        push.push(desk).must_have_succeeded()
        lab.must_hold(desk, bulletin)
        return sent(desk)


def folder_missing_policy_makes_it(lab, openssh):
    lab.folder.rmdir()
    lab.station(openssh, make_folder="có")
    assert delivers(lab) == [40_000]


def standing(lab, openssh, name_and_data, size=40_000):
    """A push where something stands in the folder already."""
    lab.station(openssh)
    with lab.desk() as desk:
        bulletin = signed(desk, 1, size)
        name, data = name_and_data(lab.name(desk, bulletin), lab.data(desk, bulletin))
        (lab.folder / name).write_bytes(data)
        push.push(desk).must_have_succeeded()
        lab.must_hold(desk, bulletin)
        return sent(desk)


def same_name_same_content(lab, openssh):
    assert standing(lab, openssh, lambda name, data: (name, data)) == []


def same_name_other_content(lab, openssh):
    assert standing(lab, openssh, lambda name, data: (name, bytes(len(data)))) == [40_000]


def server_without_posix_rename(lab, _openssh):
    (lab.top / "ssh").mkdir()
    with OpenSSH(lab.top / "ssh", sftp="internal-sftp -P posix-rename") as server:
        lab.station(server)
        assert delivers(lab) == [40_000]
        with lab.desk() as desk:
            second = signed(desk, 2)
            push.push(desk).must_have_succeeded()
            assert lab.name(desk, second) in (lab.folder / "BANTIN.m3u8").read_text("utf-8")


def server_that_runs_no_command(lab, _openssh):
    (lab.top / "ssh").mkdir()
    with OpenSSH(lab.top / "ssh", "ForceCommand internal-sftp") as server:
        lab.station(server)
        assert delivers(lab) == [40_000]
        with lab.desk() as desk:
            assert [r.verified.value for r in desk.ledger.receipts()] == ["readback"]


def our_part(name, data):
    return part(name, hashlib.sha256(data).hexdigest()), data[: 7 * MB + 5]


def a_part_of_ours(lab, openssh):
    assert standing(lab, openssh, our_part, LARGE) == [LARGE - 7 * MB - 5]


def a_part_of_ours_that_went_bad(lab, openssh):
    def bad(name, data):
        return our_part(name, data)[0], bytes(MB) + data[MB : 7 * MB]

    assert standing(lab, openssh, bad, LARGE) == [LARGE - 7 * MB + LARGE]


def a_part_of_an_older_version(lab, openssh):
    lab.station(openssh)
    with lab.desk() as desk:
        bulletin = signed(desk, 1, LARGE)
        old = part(lab.name(desk, bulletin), bulletins.masters(desk, bulletin)["loa-xa"].digest)
        (lab.folder / old).write_bytes(b"half of it")
        remaster(desk, bulletin, LARGE, seed=99)
        push.push(desk).must_have_succeeded()
        lab.must_hold(desk, bulletin)
        assert old not in lab.names()


def killed(lab, where):
    """A push in a process of its own that is killed, as by a power cut, when a method of the remote is called."""
    code = (
        "import os, sys; from datetime import datetime; from pathlib import Path; from pipeline import config, wiring\n"
        "from pipeline.delivery import sftp; from pipeline.newsroom import push\n"
        f"{where}\n"
        "now = datetime.fromisoformat(sys.argv[2])\n"
        "with wiring.open_desk(config.load(Path(sys.argv[1])), now=lambda: now) as desk: push.push(desk)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(lab.top), lab.clock().isoformat()], check=False)
    assert done.returncode == 9


def killed_between_rename_and_ledger(lab, openssh):
    lab.station(openssh)
    with lab.desk() as desk:
        bulletin = signed(desk, 1)
    killed(lab, "from pipeline.ledger.ledger import Ledger\nLedger.confirm = lambda *a: os._exit(9)")
    with lab.desk() as desk:
        assert desk.ledger.receipts() == []
        before = (lab.folder / lab.name(desk, bulletin)).stat().st_ino
        push.push(desk).must_have_succeeded()
        assert sent(desk) == []
        assert (lab.folder / lab.name(desk, bulletin)).stat().st_ino == before
        lab.must_hold(desk, bulletin)


def killed_mid_upload(lab, openssh):
    lab.station(openssh)
    with lab.desk() as desk:
        bulletin = signed(desk, 1, LARGE)
    killed(
        lab,
        "real = sftp.ahead.write\n"
        "def dying(s, handle, chunks, at, most):\n"
        "    def some():\n"
        "        for n, chunk in enumerate(chunks):\n"
        "            if n == 30: os._exit(9)\n"
        "            yield chunk\n"
        "    return real(s, handle, some(), at, most)\n"
        "sftp.ahead.write = dying",
    )
    assert [n for n in lab.names() if n.endswith(".part")] == lab.names()
    with lab.desk() as desk:
        push.push(desk).must_have_succeeded()
        lab.must_hold(desk, bulletin)


def killed_while_the_papers_are_written(lab, openssh):
    lab.station(openssh)
    with lab.desk() as desk:
        bulletin = signed(desk, 1)
    for _ in range(3):  # each time the timetable is another: it says when it was made
        killed(
            lab,
            "real = sftp.SftpRemote.rename_all\n"
            "dying = lambda s, names: os._exit(9) if 'LICH-PHAT.txt' in names.values() else real(s, names)\n"
            "sftp.SftpRemote.rename_all = dying",
        )
        lab.clock.at += timedelta(minutes=5)
        assert len([n for n in lab.names() if n.endswith(".part")]) == 2  # of playlist and timetable, the same names
    with lab.desk() as desk:
        push.push(desk).must_have_succeeded()
        assert sent(desk) == [40_000]
        lab.must_hold(desk, bulletin)


def two_pushers_at_once(lab, openssh):
    with Line(openssh.port, delay=0.05) as line:
        lab.station(openssh, line)
        with lab.desk() as desk:
            bulletin = signed(desk, 1, 4 * MB)
        command = [sys.executable, "-m", "pipeline.cli", "-w", str(lab.top), "stations", "test", "A"]
        with lab.desk() as desk:
            from pipeline.newsroom.lease import leased  # as another run has it

            with leased(desk, desk.config.stations["A"]):
                (attempt,) = push.push(desk).attempts
                assert attempt.problem.code == "D-107"
                assert attempt.problem.retry
                second = subprocess.run(command, capture_output=True, text=True, check=False)
                assert second.returncode == 8, second.stderr
                assert lab.names() == []
                assert desk.ledger.facts(happened=Happened.FAILED) == []
            push.push(desk).must_have_succeeded()
            lab.must_hold(desk, bulletin)


def a_name_that_is_not_utf8(lab, openssh):
    odd = lab.folder / os.fsdecode(b"nh\xe1c.mp3")
    odd.write_bytes(b"theirs")
    lab.station(openssh)
    assert delivers(lab) == [40_000]
    with lab.desk() as desk:
        (found,) = audits.verify(desk)
        assert found.is_clean
    assert odd.read_bytes() == b"theirs"


def a_file_vanishes_after_its_receipt(lab, openssh):
    lab.station(openssh)
    assert delivers(lab) == [40_000]
    with lab.desk() as desk:
        (sound,) = lab.folder.glob("*.mp3")
        sound.unlink()
        (found,) = audits.verify(desk)
        assert found.found["missing"] == [sound.name]
        push.push(desk).must_have_succeeded()
        assert sent(desk) == [40_000, 40_000]
        assert sound.exists()


def drill():
    """The rows of the table in the documents: the fault, its code, and whether it is tried again."""
    text = DOCS.read_text("utf-8")
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:2] == "| "]
    return [(row[0], row[1], row[2]) for row in found if len(row) > 2 and row[0] != "fault"]


def function_of(name):
    """`sshd killed mid-write` is played by `sshd_killed_mid_write`."""
    plain = re.sub(r"\(.*?\)", "", name).replace("UTF-8", "utf8").lower()
    return globals()[re.sub(r"[^a-z0-9]+", "_", plain).strip("_")]


@pytest.mark.parametrize("name", [name for name, _, _ in drill()])
def test_every_fault_ends_as_the_table_says(name, lab, openssh):
    function_of(name)(lab, openssh)


def test_the_table_says_what_the_faults_are_told_as():
    source = Path(__file__).read_text("utf-8")
    for name, code, again in drill():
        body = source.split(f"def {function_of(name).__name__}(")[1].split("\ndef ")[0]
        helpers = {"broken_line": "D-101", "mends_by_itself": "D-101"}
        told = set(re.findall(r"D-\d{3}", body)) | {c for h, c in helpers.items() if h in body}
        assert told == ({code} if code != "-" else set()), name
        assert again.split(",")[0] in {"yes", "no", "-"}
    assert len(drill()) > 25


def test_many_random_bytes_are_none_of_ours(lab):
    """The audit's idea of what is ours never takes a name that people give."""
    from pipeline.delivery.audit import _OURS

    rng = random.Random(7)
    for _ in range(2000):
        name = "".join(rng.choice("ab0.-_ đmp3") for _ in range(rng.randint(1, 30)))
        assert not _OURS.fullmatch(name)
    assert shutil.which("sh")
