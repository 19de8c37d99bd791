"""Several processes over one PostgreSQL: work is shared, and whoever dies loses nothing and holds no station up."""

import contextlib
import hashlib
import subprocess
import sys
import threading
import time
import uuid

import psycopg
import pytest

from pipeline.core.errors import NothingShared
from pipeline.core.facts import Happened
from pipeline.core.status import Stage
from pipeline.ledger import database
from pipeline.newsroom import audits, bulletins, health, push, scripts
from tests.line import Line
from tests.province import FIVE, Clock, lay_out, newsroom, row, signed

SLOW = 4000
"""kbit/s: half a megabyte takes a second."""
AT_WORK = (
    "import logging, sys, threading; from datetime import datetime; from pathlib import Path\n"
    "from pipeline import config, wiring\n"
    "from pipeline.newsroom import push\n"
    "logging.basicConfig(level=logging.INFO)\n"
    "now = datetime.fromisoformat(sys.argv[2])\n"
    "with wiring.open_desk(config.load(Path(sys.argv[1])), now=lambda: now) as desk: "
    "push.push(desk) if sys.argv[3] == 'push' else desk.queue(desk).work(threading.Event())\n"
)


class Machines:
    """A newsroom in a PostgreSQL, its stations, and processes that stand for machines."""

    def __init__(self, folder, server, url, stations, **columns):
        self.folder, self.url, self.clock, self._started = folder, url, Clock(), []
        self.folders = {f"T{n}": folder / "tram" / f"T{n}" for n in range(stations)}
        for each in self.folders.values():
            each.mkdir(parents=True)
        rows = [row(code, server, where, **columns) for code, where in self.folders.items()]
        lay_out(
            folder, rows, queue='"procrastinate"', database=f'"{url}"', heartbeat_seconds="0.5", stations_at_once="1"
        )

    def start(self, what):
        """Start a `worker` or a `push` that this machine does not wait for."""
        arguments = [sys.executable, "-c", AT_WORK, self.folder, self.clock().isoformat(), what]
        with (self.folder / f"{what}{len(self._started)}.log").open("w") as log:
            self._started.append(subprocess.Popen(arguments, stdout=log, stderr=log))
        return self._started[-1]

    def desk(self):
        """Here, at the same newsroom."""
        return newsroom(self.folder, self.clock)

    def parts(self):
        """Stations to which something is on its way just now, with how much has come."""
        found = {c: [p.stat().st_size for p in f.glob(".*.mp3.*.part")] for c, f in self.folders.items()}
        return {code: sizes[0] for code, sizes in found.items() if sizes}

    def wait(self, until, seconds=30):
        end = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < end, [p.read_text() for p in self.folder.glob("*.log")]
            time.sleep(0.02)

    def must_all_hold(self, desk, made):
        """Every station holds the file, whole, with one receipt."""
        (status,) = [r.status for r in bulletins.rows(desk) if r.bulletin.id == made.id]
        assert status.stage is Stage.ARRIVED
        for folder in self.folders.values():
            (file,) = folder.glob("*.mp3")
            assert hashlib.sha256(file.read_bytes()).hexdigest() == status.signed("loa-xa")
            assert not list(folder.glob(".*.part"))
        assert sorted(r.station for r in desk.ledger.receipts()) == sorted(self.folders)

    def end(self):
        for process in self._started:
            process.kill()
            process.wait()


@pytest.fixture
def machines(tmp_path, openssh, postgres):
    """Makes a newsroom of so many stations."""
    with contextlib.ExitStack() as stack:

        def make(stations, **columns):
            made = Machines(tmp_path, openssh, postgres.database(), stations, **columns)
            stack.callback(made.end)
            return made

        yield make


def test_a_push_is_shared_among_machines_and_done_without_any(machines):
    newsroom = machines(4, bandwidth=SLOW)
    with newsroom.desk() as desk:
        made = signed(desk, 1, size=300_000)
        worker = newsroom.start("worker")
        pushed = push.push(desk)
        assert (pushed.sent, pushed.failed) == (4, ())
        newsroom.must_all_hold(desk, made)
        assert push.push(desk).attempts == ()
        worker.kill()
        worker.wait()
        other = signed(desk, 2, size=3_000)
        assert push.push(desk).sent == 4
        assert {r.status.stage for r in bulletins.rows(desk) if r.bulletin.id == other.id} == {Stage.ARRIVED}
        assert all(a.is_clean for a in audits.verify(desk))
    log = (newsroom.folder / "worker0.log").read_text()
    assert "Traceback" not in log


def test_a_worker_killed_in_the_middle_of_an_upload_loses_nothing_and_blocks_no_station(machines):
    newsroom = machines(2, bandwidth=SLOW)
    with newsroom.desk() as desk:
        made = signed(desk, 1, size=1_500_000)
    worker, caller = newsroom.start("worker"), newsroom.start("push")
    newsroom.wait(lambda: len(newsroom.parts()) == 2)  # each machine has room for one
    worker.kill()
    assert caller.wait(60) == 0
    with newsroom.desk() as desk:
        newsroom.must_all_hold(desk, made)
        assert desk.ledger.facts(happened=Happened.FAILED) == []


def test_who_asked_for_a_push_may_die_and_the_workers_bring_it_to_its_end(machines):
    newsroom = machines(3, bandwidth=SLOW)
    with newsroom.desk() as desk:
        made = signed(desk, 1, size=700_000)
        caller = newsroom.start("push")
        newsroom.wait(newsroom.parts)
        caller.kill()
        newsroom.start("worker")
        newsroom.wait(lambda: len(desk.ledger.holdings()) == 3)
        newsroom.wait(lambda: not desk.ledger.unfinished())
        newsroom.must_all_hold(desk, made)


def test_the_doctor_looks_at_the_ledger_and_the_queue_that_are_shared(machines):
    with machines(1).desk() as desk:
        found = {f.name.split(" ")[0]: f for f in health.check(desk)}
    assert found["ledger"].name == f"ledger {desk.config.settings.ledger.database}"
    assert (found["ledger"].problem, found["jobs"].problem, found["jobs"].name) == (None, None, "jobs procrastinate")


def test_a_database_that_is_away_for_a_moment_costs_time_and_nothing_else(machines, postgres):
    newsroom = machines(2, bandwidth=SLOW)
    with newsroom.desk() as desk:
        made = signed(desk, 1, size=1_000_000)
    caller = newsroom.start("push")
    newsroom.wait(newsroom.parts)
    postgres.restart()
    assert caller.wait(60) == 0
    with newsroom.desk() as desk:
        push.push(desk)
        newsroom.must_all_hold(desk, made)


def test_machines_with_other_settings_share_no_work(machines):
    newsroom = machines(2)
    with newsroom.desk() as desk:
        made = signed(desk, 1)
        worker = newsroom.start("worker")
        newsroom.wait(lambda: "working for" in (newsroom.folder / "worker0.log").read_text())  # by the settings of now
        file = newsroom.folder / "config.toml"
        file.write_text(file.read_text("utf-8").replace("margin_minutes = 15", "margin_minutes = 16"), "utf-8")
    with newsroom.desk() as desk:
        assert push.push(desk).sent == 2
        newsroom.must_all_hold(desk, made)
    assert "deliver" not in (newsroom.folder / "worker0.log").read_text()
    assert worker.poll() is None


def test_a_worker_where_nothing_is_shared_is_told_so(tmp_path):
    lay_out(tmp_path, [{"code": "A", "name": "Xã A", "transport": "usb"}])
    with newsroom(tmp_path, Clock(FIVE)) as desk, pytest.raises(NothingShared):
        desk.queue(desk).work(None)


def test_bulletins_are_made_by_all_machines_and_again_where_one_dies(machines):
    newsroom = machines(1)
    lines = "\n\n".join(f"Bà con chú ý, đây là đoạn số {n}." for n in range(15))
    for n in range(4):
        (newsroom.folder / "scripts" / f"tin-{n}.txt").write_text(f"Tiêu đề: Tin số {n}\n\n{lines}\n", "utf-8")
    with newsroom.desk() as desk:
        taken = scripts.sweep(desk, sorted((newsroom.folder / "scripts").glob("*.txt")))
        assert [t.problem for t in taken] == [None] * 4
        worker = newsroom.start("worker")
        log = newsroom.folder / "worker0.log"
        newsroom.wait(lambda: "working for" in log.read_text())
        killer = threading.Thread(target=lambda: (newsroom.wait(lambda: "render" in log.read_text()), worker.kill()))
        killer.start()
        made = bulletins.render_new(desk)
        killer.join()
        assert [problem for _, problem in made] == [None] * 4
        assert len(desk.ledger.facts(happened=Happened.MASTERED)) >= 4
        assert {r.status.stage for r in bulletins.rows(desk)} == {Stage.WAITING}
    assert "render" in log.read_text()


def test_a_worker_that_is_told_to_stop_cuts_also_the_visit_that_was_about_to_dial(machines, openssh):
    with Line(openssh.port, freeze_after=0) as line:  # whoever dials hears nothing
        newsroom = machines(1, port=line.port)
        log = newsroom.folder / "cli.log"
        with newsroom.desk() as desk, psycopg.connect(newsroom.url, autocommit=True) as connection:
            signed(desk, 1)
            queue = desk.queue(desk)
            queue._make()
            queue._hand_in(uuid.uuid4(), [push._job(desk, *push.wanted(desk))])
            connection.execute("SELECT pg_advisory_lock(%s)", (database._WRITERS,))  # the visit waits for its lease
            with log.open("w") as out:
                command = [sys.executable, "-m", "pipeline.cli", "-w", newsroom.folder, "worker"]
                worker = subprocess.Popen(command, stdout=out, stderr=out)
            newsroom._started.append(worker)
            waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            newsroom.wait(lambda: connection.execute(waits).fetchone() == (1,))
            worker.terminate()
            time.sleep(0.5)  # a first cut, which finds no line
            connection.execute("SELECT pg_advisory_unlock(%s)", (database._WRITERS,))
            assert worker.wait(10) == 0, log.read_text()
            assert desk.ledger.facts(happened=Happened.FAILED) == []
            assert desk.ledger.receipts() == []
            assert desk.ledger.unfinished() == {"T0"}
        assert "Traceback" not in log.read_text()


def test_a_worker_follows_changed_settings_and_ends_when_it_is_told(machines):
    newsroom = machines(2)
    log = newsroom.folder / "cli.log"
    with log.open("w") as out:
        command = [sys.executable, "-m", "pipeline.cli", "-w", newsroom.folder, "worker"]
        worker = subprocess.Popen(command, stdout=out, stderr=out)
    newsroom._started.append(worker)
    newsroom.wait(lambda: log.read_text().count("working for") == 1)
    file = newsroom.folder / "config.toml"
    file.write_text(file.read_text("utf-8").replace("margin_minutes = 15", "margin_minutes = 16"), "utf-8")
    newsroom.wait(lambda: log.read_text().count("working for") == 2)
    worker.terminate()
    assert worker.wait(20) == 0, log.read_text()
    assert "Traceback" not in log.read_text()


def test_a_worker_waits_for_a_database_that_comes_up_after_it(machines, postgres):
    newsroom = machines(1)
    log = newsroom.folder / "cli.log"
    with postgres.stopped(), log.open("w") as out:
        command = [sys.executable, "-m", "pipeline.cli", "-w", newsroom.folder, "worker"]
        worker = subprocess.Popen(command, stdout=out, stderr=out)
        newsroom._started.append(worker)
        newsroom.wait(lambda: "L-107" in log.read_text())
    newsroom.wait(lambda: "working for" in log.read_text())
    assert "+0700" in log.read_text()
    worker.terminate()
    assert worker.wait(20) == 0, log.read_text()
    assert log.read_text().count("L-107") == 1
    assert "Traceback" not in log.read_text()
