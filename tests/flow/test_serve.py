"""`bantin serve` watches the folder, one at a time, follows its files and the time of day, and stops when told to."""

import errno
import glob
import signal
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import apscheduler.executors.base as pools
import apscheduler.schedulers.base as scheduling
import pytest

from pipeline import clock as serve
from pipeline import config, wiring
from pipeline.core.errors import LedgerAway, StationUnreachable
from pipeline.core.facts import Happened
from pipeline.newsroom import plan, push, registry
from pipeline.newsroom.office import AGAIN, SETTLE, Office
from tests import province
from tests.sshd import make_key

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


def test_the_screen_tells_the_time_of_the_newsroom_and_not_of_the_machine(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        province.lay_out(tmp_path, [{"code": "A", "name": "Xã A", "transport": "usb"}])
        with province.newsroom(tmp_path, province.Clock()) as desk:
            province.Serving(desk)
            serve._log.info("serving")
        (line,) = capsys.readouterr().out.splitlines()
        told = datetime.strptime(line[:24], "%Y-%m-%d %H:%M:%S%z")
        assert told.utcoffset() == timedelta(hours=7)
        assert abs(datetime.now(UTC) - told) < timedelta(minutes=1)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_rows_that_were_lost_are_told_on_the_screen(tmp_path, capsys):
    rows = [{"code": code, "name": f"Xã {code}", "transport": "usb"} for code in ("A", "B")]
    province.lay_out(tmp_path, rows)
    with province.newsroom(tmp_path, province.Clock()) as desk:
        province.signed(desk, 1)
    province.lay_out(tmp_path, rows[:1])
    with province.newsroom(tmp_path, province.Clock()) as desk:
        stop = threading.Event()
        stop.set()
        province.Serving(desk).run(stop)
    assert "1 trạm trước có, nay không còn: B" in capsys.readouterr().out


def test_to_stop_while_jobs_are_handed_out_trips_nothing(tmp_path, monkeypatch):
    """A round of the scheduler that is still at work when it is shut down ends like any other."""
    handed, stop, submit = [], threading.Event(), pools.BaseExecutor.submit_job

    def slowly(executor, job, times):
        submit(executor, job, times)
        stop.set()
        until(lambda: executor._scheduler.state == scheduling.STATE_STOPPED)
        handed.append(job.id)

    monkeypatch.setattr(pools.BaseExecutor, "submit_job", slowly)
    broken = []
    monkeypatch.setattr(threading, "excepthook", broken.append)
    province.lay_out(tmp_path, [{"code": "A", "name": "Xã A", "transport": "usb"}])
    with province.newsroom(tmp_path, province.Clock()) as desk:
        province.Serving(desk).run(stop)
    assert (handed, broken) == (["push"], [])


def test_a_second_clock_in_the_same_workspace_is_refused(workspace, serving):
    until((workspace.state / "serve.lock").exists)
    time.sleep(0.5)
    assert "C-105" in workspace.bantin("serve", code=8).stderr


def long_script(workspace, name="dai.txt"):
    lines = "\n\n".join(f"Đoạn số {n} của bản tin dài này." for n in range(400))
    return workspace.drop(name, f"Tiêu đề: Tin dài\n\n{lines}\n")


def once_it_voices(workspace):
    """Wait until the first take is kept."""
    takes = f"{glob.escape(str(workspace.state))}/store/tmp/*/*.wav"
    for _ in range(600):
        if glob.glob(takes):  # noqa: PTH207 - which takes it that a folder is gone before it was looked into
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


# --- with a clock of its own -----------------------------------------------------------------------------------------


class Province:
    """A workspace of folders, its office, and what people were told."""

    def __init__(self, folder, *codes, **settings):
        self.folder, self.clock, self.told = folder, province.Clock(province.NOW + timedelta(minutes=5)), []
        self.stack, self.opened = ExitStack(), 0
        self.lay_out(*codes, **settings)

    def row(self, code):
        folder = self.folder / "tram" / code
        folder.mkdir(parents=True, exist_ok=True)
        return {"code": code, "name": f"Xã {code}", "transport": "folder", "folder": str(folder)}

    def lay_out(self, *codes, **settings):
        province.lay_out(self.folder, [self.row(code) for code in codes], **settings)

    @contextmanager
    def open(self, settings):
        with wiring.open_desk(settings, now=self.clock) as desk:
            self.opened += 1
            yield replace(desk, tell=lambda title, _text: self.told.append(title))
            self.opened -= 1

    def office(self, **options):
        return self.stack.enter_context(Office(config.load(self.folder), self.open, **{"settle": 0, **options}))

    def serving(self):
        return serve.Clock(self.office())


@pytest.fixture
def provinces(tmp_path):
    made = []

    def make(*codes, **settings):
        made.append(Province(tmp_path, *codes, **settings))
        return made[-1]

    yield make
    for one in made:
        one.stack.close()


def test_a_station_that_joins_while_the_clock_works_is_served_by_the_next_job(provinces):
    p = provinces("A")
    serving = p.serving()
    with province.newsroom(p.folder, p.clock) as desk:
        province.signed(desk, 1)
    p.lay_out("A", "B")
    serving.push_soon()
    with province.newsroom(p.folder, p.clock) as desk:
        assert {h.station for h in desk.ledger.holdings()} == {"A", "B"}
        assert desk.ledger.facts(happened=Happened.UNPLANNED) == []
    assert p.opened == 1  # the desk before is closed


def test_who_still_works_by_older_files_never_takes_out_what_newer_ones_planned(provinces):
    p = provinces("A")
    with province.newsroom(p.folder, p.clock) as old:
        province.signed(old, 1)
        p.lay_out("A", "B")
        with province.newsroom(p.folder, p.clock) as new:
            plan.plan_new(new)
            assert plan.plan_new(old) == []
            assert new.ledger.facts(happened=Happened.UNPLANNED) == []
            assert {a.station for a in push.push(new).attempts} == {"A", "B"}


def test_a_registry_with_a_fault_is_told_once_and_work_goes_on_by_the_one_before(provinces):
    p = provinces("A", digest_at='"23:59:59"')
    with province.newsroom(p.folder, p.clock) as desk:
        province.signed(desk, 1)
    serving = p.serving()
    good = (p.folder / "stations.csv").read_bytes()
    (p.folder / "stations.csv").write_bytes(good + b"B,\xff\n")
    for _ in range(3):
        serving.watch()
    serving.push_soon()
    assert (p.folder / "tram" / "A" / "LICH-PHAT.txt").exists()
    (title,) = p.told
    assert title.startswith("C-101")
    p.lay_out("A", "B", digest_at='"23:59:59"')
    serving.watch()
    assert len(p.told) == 1
    (p.folder / "stations.csv").write_bytes(good + b"B,\xff\n")
    for _ in range(3):
        serving.watch()
    assert len(p.told) == 2  # mended meanwhile: this is another fault


def test_a_job_that_began_before_the_files_changed_ends_at_its_own_desk(provinces):
    p = provinces("A")
    office = p.office()
    with office.desk() as before:
        p.lay_out("A", "B")
        with office.desk() as after:
            assert set(after.config.stations) == {"A", "B"}
            assert p.opened == 2
        before.ledger.bulletins()
    assert p.opened == 1


def stations_of(office):
    with office.desk() as desk:
        return set(desk.config.stations)


def test_a_registry_that_is_still_being_copied_is_not_taken_for_a_smaller_one(provinces):
    p, now = provinces("A", "B", "C", "D"), [0.0]
    whole = (p.folder / "stations.csv").read_bytes()
    office = p.office(settle=SETTLE, seconds=lambda: now[0])
    for lines in range(2, 5):
        (p.folder / "stations.csv").write_bytes(b"".join(whole.splitlines(keepends=True)[:lines]))
        assert stations_of(office) == {"A", "B", "C", "D"}
        now[0] += SETTLE - 1
    p.lay_out("A", "B", "C", "D", "E")
    assert stations_of(office) == {"A", "B", "C", "D"}
    now[0] += SETTLE - 1
    assert stations_of(office) == {"A", "B", "C", "D"}
    now[0] += 1
    assert stations_of(office) == {"A", "B", "C", "D", "E"}
    assert office.wrong is None


@pytest.mark.parametrize("fault", [LedgerAway(where="sổ cái", reason="x"), OSError(errno.ENOSPC, "đầy")])
def test_new_settings_that_could_not_be_used_for_a_while_hold_without_being_touched_again(provinces, fault):
    p, now, away = provinces("A"), [0.0], [False]
    opening = p.open

    @contextmanager
    def failing(settings):
        if away[0]:
            raise fault
        with opening(settings) as desk:
            yield desk

    p.open = failing
    office = p.office(seconds=lambda: now[0])
    assert stations_of(office) == {"A"}
    p.lay_out("A", "B")
    away[0] = True
    assert stations_of(office) == {"A"}
    told = office.wrong
    now[0] += AGAIN
    assert stations_of(office) == {"A"}
    assert office.wrong is told  # once is enough
    away[0] = False
    assert stations_of(office) == {"A"}  # not at every look
    now[0] += AGAIN
    assert stations_of(office) == {"A", "B"}
    assert office.wrong is None
    assert p.opened == 1


def test_another_hour_for_the_push_holds_without_a_restart(provinces):
    p = provinces("A")
    serving = p.serving()
    p.lay_out("A", push_at='"20:15"')
    serving._scheduler.start(paused=True)
    serving.watch()
    trigger = serving._scheduler.get_job("push").trigger
    serving._scheduler.shutdown()
    assert trigger.get_next_fire_time(None, province.NOW).astimezone(UTC).strftime("%H:%M") == "13:15"


def test_a_clock_that_is_put_back_by_hours_stops_nothing(provinces, monkeypatch):
    ahead = [timedelta(hours=7)]

    class Wall(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + ahead[0]

    monkeypatch.setattr(scheduling, "datetime", Wall)  # the scheduler's own look at the wall
    monkeypatch.setattr(serve, "_LOOK", 0.1)
    p = provinces("A", scan_seconds="0.2")
    p.clock = lambda: Wall.now(UTC)
    serving, stop = p.serving(), threading.Event()
    scans = []
    serving.scan = lambda: scans.append(time.monotonic())
    serving._schedule()
    working = threading.Thread(target=serving.run, args=(stop,))
    working.start()
    try:
        until(lambda: len(scans) > 2)
        ahead[0] = timedelta(0)
        time.sleep(0.5)
        seen = len(scans)
        until(lambda: len(scans) > seen + 2, 10)
    finally:
        stop.set()
        working.join(30)


def test_a_try_that_was_set_by_a_clock_gone_wrong_is_made_at_once(provinces):
    p = provinces("A")
    with province.newsroom(p.folder, p.clock) as desk:
        bulletin = province.signed(desk, 1)
        far = p.clock.at + timedelta(hours=7)
        failed(desk, bulletin, "A", next_at=far)
        assert push.is_time_to_retry(desk)
        assert [w.station.code for w in push.wanted(desk, whom=push.Whom.TO_RETRY)] == ["A"]


def failed(desk, bulletin, station, *, code="D-101", next_at=None):
    desk.ledger.record(
        desk.fact(
            Happened.FAILED, bulletin=bulletin, station=station, code=code, reason="x", retry=next_at is not None,
            tries=1, next=next_at.isoformat() if next_at else None,
        )
    )  # fmt: skip


def test_the_trouble_of_a_station_that_left_the_registry_keeps_nobody_busy(provinces):
    p = provinces("A")
    with province.newsroom(p.folder, p.clock) as desk:
        failed(desk, province.signed(desk, 1), "B", next_at=p.clock.at)
        assert not push.is_time_to_retry(desk)


def test_a_station_that_was_mended_and_tried_out_is_called_before_night(provinces):
    p = provinces("A")
    with province.newsroom(p.folder, p.clock) as desk:
        failed(desk, province.signed(desk, 1), "A", code="D-105")
        assert push.wanted(desk, whom=push.Whom.WELL) == []
        registry.try_out(desk, desk.config.stations["A"])
        assert [w.station.code for w in push.wanted(desk, whom=push.Whom.WELL)] == ["A"]


def test_a_station_whose_key_was_pinned_anew_is_called_before_night(provinces, openssh):
    p = provinces("A")
    make_key(p.folder / "before")
    before = (p.folder / "before.pub").read_text().strip()
    province.lay_out(p.folder, [province.row("A", openssh, p.folder / "tram" / "A", host_key=before)])
    serving = serve.Clock(p.office(settle=SETTLE))
    with province.newsroom(p.folder, p.clock) as desk:
        failed(desk, province.signed(desk, 1), "A", code="D-102")
        station = desk.config.stations["A"]
        shown = registry.identity(desk, station)
        registry.pin(desk, station, shown, shown.fingerprint, "Người trực")
    serving.push_soon()
    with province.newsroom(p.folder, p.clock) as desk:
        assert [h.station for h in desk.ledger.holdings()] == ["A"]


def test_a_stop_cuts_the_lines_at_once_leaves_the_rest_and_blames_no_station(provinces):
    p = provinces("A", "B", "C", stations_at_once="1")
    calls, cut = [], threading.Event()

    class Stalled:
        """A transport whose first station does not answer until it is cut."""

        name = "folder"

        def check(self, _station):
            """All are fine."""

        @contextmanager
        def open(self, station, _deadline):
            calls.append(station.code)
            assert cut.wait(20)
            raise StationUnreachable(station=station.code, reason="cut")
            yield

    opening = p.open

    @contextmanager
    def stalled(settings):
        with opening(settings) as desk:
            yield replace(desk, transports={"folder": Stalled()}, cut=cut.set)

    p.open = stalled
    serving, stop = p.serving(), threading.Event()
    with province.newsroom(p.folder, p.clock) as desk:
        province.signed(desk, 1)
        working = threading.Thread(target=serving.run, args=(stop,))
        working.start()
        until(lambda: calls)
        stop.set()
        working.join(30)
        assert not working.is_alive()
        assert calls == ["A"]
        assert desk.ledger.troubles() == {}
        assert desk.ledger.facts(happened=Happened.FAILED) == []
