"""A bad month in a minute: 200 faults over 50 stations and 20 bulletins; then everything is as the ledger says."""

import contextlib
import hashlib
import json
import random
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from pipeline.core.facts import Happened
from pipeline.core.status import Stage
from pipeline.delivery import manifest
from pipeline.delivery.audit import _OURS
from pipeline.delivery.names import part
from pipeline.newsroom import audits, bulletins, plan, push, recalls
from tests.line import Line
from tests.province import Clock, lay_out, newsroom, remaster, row, signed
from tests.sshd import OpenSSH

STATIONS, BULLETINS, FAULTS, AT_ONCE = 50, 20, 200, 14
# A freeze lasts until the visit's deadline, so there are fewer of them.
KINDS = (*("break", "refuse", "gone", "delete", "damage", "stale", "foreign") * 3, "freeze")
MB = 1 << 20
PUSH = (
    "import sys; from datetime import datetime; from pathlib import Path; from pipeline import config, wiring\n"
    "from pipeline.newsroom import push\n"
    "now = datetime.fromisoformat(sys.argv[2])\n"
    "with wiring.open_desk(config.load(Path(sys.argv[1])), now=lambda: now) as desk: push.push(desk)\n"
)


class Month:
    """Stations behind lines that fail, and what the test knows of them."""

    def __init__(self, top, servers, lines, seed):
        self.top, self.servers, self.lines = top, servers, lines
        self.rng = random.Random(seed)
        self.clock = Clock()
        self.folders = {code: top / "tram" / code for code in lines}
        self.arrived = {}  # (station, name) to the inode of a whole file that nobody touched since
        self.foreign = {}
        self.planted = set()  # (station, name) of parts that the test put there: only an audit that clears removes them
        self.told = dict.fromkeys((*dict.fromkeys(KINDS), "killed", "restart"), 0)

    def fault(self, desk, kind, code):
        """Do something bad to one station; True where there was something to do it to."""
        line, folder = self.lines[code], self.folders[code]
        sounds = [file for file in sorted(folder.glob("*.mp3")) if file not in self.foreign]
        match kind:
            case "break":
                line.break_after = self.rng.randrange(500, 90_000)
            case "freeze":
                line.freeze_after = self.rng.randrange(500, 90_000)
            case "refuse":
                line.refuse = True
            case "gone" if folder.is_dir():
                folder.rename(folder.with_suffix(".gone"))
            case "delete" | "damage" if sounds:
                victim = self.rng.choice(sounds)
                self.arrived.pop((code, victim.name), None)
                if kind == "delete":
                    victim.unlink()
                else:
                    victim.write_bytes(victim.read_bytes()[:-1] + b"?")
            case "stale" if folder.is_dir():
                name, digest = self.rng.choice(list(self.masters(desk)))
                (folder / part(name, digest)).write_bytes(self.rng.randbytes(200))
                self.planted.add((code, part(name, digest)))
            case "foreign" if folder.is_dir():
                file = folder / f"nhac {self.rng.randrange(99)}.mp3"
                file.write_bytes(b"theirs")
                self.foreign[file] = b"theirs"
            case _:
                return False
        self.told[kind] += 1
        return True

    def masters(self, desk):
        """Every file name that any bulletin ever had, and its digest."""
        for bulletin in desk.ledger.bulletins():
            for master in bulletins.every_master(desk, bulletin):
                yield manifest.remote_name(bulletin, master.digest, desk.config.zone), master.digest

    def mend(self):
        for line in self.lines.values():
            line.heal()
        for folder in self.folders.values():
            if folder.with_suffix(".gone").is_dir():
                folder.with_suffix(".gone").rename(folder)

    def killed_push(self):
        """A push in a process of its own that is killed at some moment."""
        process = subprocess.Popen([sys.executable, "-c", PUSH, str(self.top), self.clock().isoformat()])
        time.sleep(self.rng.uniform(0.5, 2.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.told["killed"] += 1

    def look(self, desk):
        """What arrived whole stays as it is: nobody sends it again."""
        digests = dict(self.masters(desk))
        for code, folder in self.folders.items():
            for file in folder.glob("*.mp3") if folder.is_dir() else ():
                known = self.arrived.get((code, file.name))
                if known is not None:
                    assert file.stat().st_ino == known, f"{file} was sent twice"
                elif hashlib.sha256(file.read_bytes()).hexdigest() == digests.get(file.name):
                    self.arrived[code, file.name] = file.stat().st_ino


@pytest.fixture
def month(tmp_path):
    """Fifty stations over three kinds of server, each behind a line of its own."""
    with contextlib.ExitStack() as stack:
        servers = []
        for number, options in enumerate(([], ["ForceCommand internal-sftp"], [])):
            (tmp_path / f"ssh{number}").mkdir()
            sftp = "internal-sftp -P posix-rename" if number == 2 else "internal-sftp"
            made = OpenSSH(tmp_path / f"ssh{number}", "MaxStartups 100", *options, sftp=sftp)
            servers.append(stack.enter_context(made))
        lines, rows = {}, []
        for number in range(STATIONS):
            code, server = f"T{number:02}", servers[number % 3]
            lines[code] = stack.enter_context(Line(server.port))
            (tmp_path / "tram" / code).mkdir(parents=True)
            rows.append(row(code, server, tmp_path / "tram" / code, port=lines[code].port))
        lay_out(tmp_path, rows, deadline_seconds="8", stations_at_once="8")
        yield Month(tmp_path, servers, lines, seed=207)


def a_round(month, desk, made):
    """A night in which new bulletins are signed, stations fail, and pushes are killed."""
    for _ in range(min(2, BULLETINS - len(made))):
        few = {"only": tuple(sorted(month.lines)[:4])} if len(made) in {5, 11} else {}
        size = 6 * MB if few else month.rng.randrange(3_000, 90_000)
        made.append(signed(desk, len(made) + 1, size, **few))
    if len(made) in {8, 14}:
        remaster(desk, made[3], 50_000, seed=1000 + len(made))
    wanted = min(AT_ONCE, FAULTS - sum(month.told.values()))
    while wanted > 0:
        wanted -= month.fault(desk, month.rng.choice(KINDS), month.rng.choice(sorted(month.lines)))
    if month.rng.random() < 0.3:
        month.killed_push()
    down = month.servers[1] if len(made) == 12 else None
    if down:
        down.stop()
        month.told["restart"] += 1
    push.push(desk)
    if down:
        down.start()
    month.mend()
    month.look(desk)
    if month.rng.random() < 0.3:
        audits.verify(desk)
    if len(made) == 16:
        recalls.recall(desk, made[6], "Người duyệt")
    month.look(desk)
    month.clock.at += timedelta(minutes=3)


def test_after_two_hundred_faults_every_station_holds_exactly_what_the_ledger_says(month, capsys):
    made = []
    while sum(month.told.values()) < FAULTS or len(made) < BULLETINS:
        with newsroom(month.top, month.clock) as desk:
            a_round(month, desk, made)
    with newsroom(month.top, month.clock) as desk:
        quiet = 0
        while quiet < 5 and (not quiet or push.wanted(desk) or not all(map(is_whole, audits.verify(desk)))):
            quiet += 1
            push.push(desk)
            month.look(desk)
        assert push.wanted(desk) == []
        for one in audits.verify(desk, clean=True):  # what faults and kills left is gone already
            assert one.found["extra"] == []
            assert {(one.station, name) for name in one.found["parts"]} <= month.planted
        assert all(one.is_clean for one in audits.verify(desk))
        assert desk.ledger.troubles() == {}
        must_be_as_the_ledger_says(desk, month, made)
        rounds = (month.clock.at - Clock().at) / timedelta(minutes=3)
        receipts = len(desk.ledger.receipts())
    with capsys.disabled():
        sys.stdout.write(f"\n{json.dumps({**month.told, 'rounds': rounds, 'quiet': quiet, 'receipts': receipts})}\n")


def is_whole(audited):
    return audited.problem is None and not audited.found["missing"] and not audited.found["damaged"]


def must_be_as_the_ledger_says(desk, month, made):
    rows = {r.bulletin.id: r for r in bulletins.rows(desk)}
    assert rows[made[6].id].status.stage is Stage.WITHDRAWN
    for row_ in rows.values():
        if row_.bulletin.id != made[6].id:
            assert row_.status.stage is Stage.ARRIVED, row_.bulletin.id
    for code, folder in month.folders.items():
        held = desk.ledger.holdings(station=code)
        recipients = [b for b in made if b.id != made[6].id and (not b.only or code in b.only)]
        assert {h.bulletin for h in held} == {b.id for b in recipients}
        for holding in held:
            file = folder / holding.remote
            assert hashlib.sha256(file.read_bytes()).hexdigest() == holding.digest
            assert holding.digest == rows[holding.bulletin].status.signed("loa-xa")
            assert json.loads(file.with_name(f"{file.name}.json").read_text("utf-8"))["sha256"] == holding.digest
            assert file.with_name(f"{file.name}.sha256").read_text() == f"{holding.digest}  {file.name}\n"
        ours = {p.name for p in folder.iterdir() if _OURS.fullmatch(p.name)}
        assert ours == {n + suffix for h in held for n in [h.remote] for suffix in ("", ".json", ".sha256")}
        playlist = (folder / "BANTIN.m3u8").read_text("utf-8").splitlines()
        assert {line for line in playlist if not line.startswith("#")} == {h.remote for h in held}
    for file, data in month.foreign.items():
        assert file.read_bytes() == data
    assert plan.airings(desk)
    once = {(r.station, r.digest) for r in desk.ledger.receipts()}
    lost = len(desk.ledger.facts(happened=Happened.LOST)) + len(desk.ledger.facts(happened=Happened.RECALLED))
    assert len(desk.ledger.receipts()) <= len(once) + lost
