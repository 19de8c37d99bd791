"""Fifty people at the pages of one `bantin serve` while its clock has to push the night on time.

`python -m benchmarks.crowd [VISITORS]`. The same night is pushed to thirty OpenSSH stations with nobody at the pages
and with visitors, twice in turn: when it began, how long it took, and what the visitors waited. Everything is on
loopback and on one machine, visitors and stations included; it ends by itself after some ten minutes.
"""

import asyncio
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.facts import Happened

if TYPE_CHECKING:
    import httpx2

    from pipeline.core.model import BulletinId
    from pipeline.newsroom.desk import Desk

VISITORS, STATIONS, TONIGHT, WAITING, SIZE = 50, 30, 3, 12, 4_000_000
THINKING = (0.5, 3.5)
"""Seconds between two clicks of one person."""
PASSWORD = "bông điên điển vàng"  # noqa: S105 - of a workspace that lasts as long as this
_PATIENCE = 240
"""Seconds after which a night that does not end is given up."""
_BANTIN = (sys.executable, "-c", "from pipeline.cli import main; raise SystemExit(main())")
_LEAD = 40
"""Seconds before the push at which people begin to look, at least."""


# --- the night -------------------------------------------------------------------------------------------------------


def lay_out(top: Path, stations: list[dict[str, object]], push_at: datetime) -> Path:
    """A workspace whose clock pushes at an instant, with people who have chosen their passwords."""
    from dataclasses import replace

    from pipeline import config, passwords, wiring
    from pipeline.core.people import Person, Role
    from tests import province

    folder = top / "w"
    folder.mkdir()
    local = push_at.astimezone(config.load(province.TOP).zone)
    province.lay_out(folder, stations, push_at=f'"{local:%H:%M}"', port="0")
    hashed = passwords.hashed(PASSWORD)
    with wiring.open_desk(config.load(folder)) as desk:
        for n in range(VISITORS):
            login = f"nguoi{n}"
            told = replace(desk.fact(Happened.ACCOUNT), detail={"what": "admitted", "login": login})
            person = Person(login=login, name=f"Người thứ {n}", roles=frozenset(Role))
            desk.ledger.accounts.admit(person, hashed, told)
            desk.ledger.accounts.set_password(login, hashed, told, temporary=False)
    return folder


def write(desk: "Desk", push_at: datetime) -> list["BulletinId"]:
    """What tonight's push brings, signed and planned; and what waits for a signature."""
    from tests import province

    local = (push_at + timedelta(days=1)).astimezone(desk.config.zone)
    air = tuple(local.replace(hour=hour, minute=0).astimezone(UTC) for hour in (5, 17))
    tonight = [province.signed(desk, n + 1, SIZE, air) for n in range(TONIGHT)]
    for n in range(WAITING):
        _wait(desk, 100 + n, tuple(at + timedelta(days=3) for at in air))
    return [one.id for one in tonight]


def _wait(desk: "Desk", number: int, air: tuple[datetime, ...]) -> None:
    """A bulletin that waits for a signature."""
    from pipeline.core.model import Bulletin, BulletinId, Digest, Head, Kind, Language, Script

    digest = Digest(f"{number:064x}")
    one = Bulletin(id=BulletinId(f"2026-cho-{number}"), script=digest, title=f"Tin chờ {number}", air=air,
                   languages=(Language.VI,), kind=Kind.PS, programme="ban-tin")  # fmt: skip
    script = Script(digest=digest, name=f"{number}.txt", head=Head(), body=())
    desk.ledger.receive(script, one, desk.fact(Happened.RECEIVED, bulletin=one, digest=digest))
    made = desk.store.put_bytes(os.urandom(SIZE))
    desk.ledger.record(
        desk.fact(Happened.MASTERED, bulletin=one, digest=made, profile="loa-xa", size=SIZE, seconds=60.0, lufs=-16.0,
                  dbtp=-1.6, lra=4.0, suffix=".mp3")
    )  # fmt: skip


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, int]]:
    """`bantin serve`, the address of its pages and its process."""
    log = folder / "serve.log"
    with log.open("w") as stream:
        running = subprocess.Popen([*_BANTIN, "--workspace", folder, "serve"], stderr=stream)
        try:
            while not (found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text())):
                if running.poll() is not None:
                    raise SystemExit(log.read_text())
                time.sleep(0.1)
            yield found[0], running.pid
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(60)
    if "Traceback" in log.read_text():
        raise SystemExit(log.read_text())


def night(stations: list[dict[str, object]], visitors: int) -> dict[str, float]:
    """One night: when its push began after its minute (s), how long it took (s), and what visitors met."""
    from pipeline import config, wiring

    with tempfile.TemporaryDirectory() as name:
        push_at = (datetime.now(UTC) + timedelta(seconds=_LEAD + 60)).replace(second=0, microsecond=0)
        folder = lay_out(Path(name), stations, push_at)
        with serving(folder) as (address, pid), wiring.open_desk(config.load(folder)) as desk:
            time.sleep(3)  # what it does at its start comes first: it finds nothing to push
            tonight = write(desk, push_at)
            crowd = _crowd(address, visitors)
            cpu = _cpu(pid)
            wanted, begun = len(tonight) * len(stations), 0.0
            while (now := datetime.now(UTC)) < push_at + timedelta(seconds=_PATIENCE):
                mark = desk.ledger.mark("missed")  # when a push, or the watch, looked last: a push does so first of all
                if not begun and mark and (at := datetime.fromisoformat(mark)) >= push_at:
                    begun = (at - push_at).total_seconds()
                if now > push_at and len(desk.ledger.holdings(tonight)) == wanted:
                    break
                time.sleep(0.2)
            got = [f.at for f in desk.ledger.facts(happened=Happened.CONFIRMED) if f.bulletin in tonight]
            cpu = _cpu(pid) - cpu
            met = _ended(crowd)
    if len(got) != wanted:
        raise SystemExit(f"{len(got)} of {wanted} files arrived")
    return {"begun": begun, "first": (min(got) - push_at).total_seconds(), "wall": (max(got) - push_at).total_seconds(),
            "cpu": cpu, **met}  # fmt: skip


def _cpu(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _crowd(address: str, visitors: int) -> subprocess.Popen[str] | None:
    if not visitors:
        return None
    command = [sys.executable, "-m", "benchmarks.crowd", "--visit", address, str(visitors)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _ended(crowd: subprocess.Popen[str] | None) -> dict[str, float]:
    if crowd is None:
        return {}
    told, _ = crowd.communicate("", timeout=120)
    met: dict[str, float] = json.loads(told)
    return met


# --- the visitors ----------------------------------------------------------------------------------------------------


async def visit(address: str, visitors: int) -> None:
    """Look around until standard input is closed; print what it was like."""
    import httpx2

    over, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.run_in_executor(None, lambda: (sys.stdin.read(), loop.call_soon_threadsafe(over.set)))
    took: dict[str, list[float]] = defaultdict(list)
    wrong: list[str] = []
    limits = httpx2.Limits(max_connections=2)
    async with asyncio.TaskGroup() as group:
        for n in range(visitors):
            client = httpx2.AsyncClient(base_url=address, timeout=60, limits=limits, follow_redirects=True)
            group.create_task(_one(client, n, over, took, wrong))
    for line in wrong[:5]:
        sys.stderr.write(line + "\n")
    every = sorted(took["page"] + took["form"])
    sound = sorted(took["sound"])
    print(json.dumps({
        "pages": len(every), "median": statistics.median(every), "p95": every[int(len(every) * 0.95)],
        "worst": every[-1], "sounds": len(sound), "sound": statistics.median(sound), "errors": len(wrong),
        "door": max(took["sign in"]),
        "forms": len(took["form"]),
    }))  # fmt: skip


async def _one(
    client: "httpx2.AsyncClient", number: int, over: asyncio.Event, took: dict[str, list[float]], wrong: list[str]
) -> None:
    chance = random.Random(number)  # noqa: S311 - it only spreads load

    async def ask(kind: str, method: str, path: str, **how: object) -> str:
        begin = time.perf_counter()
        answer = await client.request(method, path, **how)  # type: ignore[arg-type]
        took[kind].append((time.perf_counter() - begin) * 1000)
        if answer.status_code not in {200, 206}:
            wrong.append(f"{method} {path}: {answer.status_code} {_title(answer.text)}")
        return "" if kind == "sound" else answer.text

    async with client:
        form = _token(await ask("page", "GET", "/dang-nhap"))
        data = {"_token": form, "ten": f"nguoi{number}", "mat-khau": PASSWORD}
        await ask("sign in", "POST", "/dang-nhap", data=data)
        while not over.is_set():
            await asyncio.sleep(chance.uniform(*THINKING))
            match chance.choices(("page", "listen", "enter"), (70, 23, 7))[0]:
                case "page":
                    pages = ("/", "/ban-tin", "/lich", "/phan-phoi", "/phan-phoi/tuan", "/nam", "/nhat-ky", "/cai-dat")
                    await ask("page", "GET", chance.choice(pages))
                case "listen":
                    listed = await ask("page", "GET", "/ban-tin")
                    shown = await ask("page", "GET", chance.choice(re.findall(r'href="(/ban-tin/2[^"]+)"', listed)))
                    for sound in re.findall(r'src="(/ban-tin/[^"]+/am-thanh/[^"]+)"', shown)[:1]:
                        start = chance.randrange(SIZE // 2)
                        for span in ("bytes=0-", f"bytes={start}-", f"bytes={start}-{start + 65_535}"):
                            await ask("sound", "GET", sound, headers={"Range": span})
                case _:
                    form = _token(await ask("page", "GET", "/nam"))
                    data = {"_token": form, "dong": "clips", "so_luong": "1", "ngay": f"{datetime.now(UTC):%Y-%m-%d}",
                            "noi_dung": f"Video clip {number}", "bang_chung": "Biên bản"}  # fmt: skip
                    await ask("form", "POST", "/nam/ket-qua", data=data)


def _token(text: str) -> str:
    found = re.search(r'name="_token" value="([^"]+)"', text)
    return found[1] if found else ""


def _title(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())[:300]


# --- all of it -------------------------------------------------------------------------------------------------------


TITLES = {
    "begun s": ("begun", 1), "first s": ("first", 1), "wall s": ("wall", 1), "CPU s": ("cpu", 1), "pages": ("pages", 0),
    "median": ("median", 0), "95 %": ("p95", 0), "worst": ("worst", 0), "sounds": ("sounds", 0),
    "ms each": ("sound", 0), "forms": ("forms", 0), "sign in": ("door", 0), "errors": ("errors", 0),
}  # fmt: skip


def main(visitors: int) -> None:
    """Print the nights."""
    from tests.sshd import OpenSSH

    print(f"{TONIGHT} bulletins of {SIZE / 1e6:.0f} MB to {STATIONS} OpenSSH stations, {visitors} visitors")
    print(" " * 10 + "".join(f"{title:>9}" for title in TITLES))
    walls: dict[bool, list[float]] = {True: [], False: []}
    for count in (0, visitors, 0, visitors):
        with tempfile.TemporaryDirectory() as name, OpenSSH(Path(name), "MaxStartups 100") as server:
            stations: list[dict[str, object]] = [
                {"code": f"S{n:02}", "name": f"Xã {n}", "host": server.host, "port": server.port, "user": server.user,
                 "key": server.key, "host_key": server.host_key, "folder": f"{name}/s{n}"}
                for n in range(STATIONS)
            ]  # fmt: skip
            for n in range(STATIONS):
                Path(f"{name}/s{n}").mkdir()
            got = night(stations, count)
        walls[bool(count)].append(got["wall"])
        cells = "".join(f"{got[key]:>9.{digits}f}" if key in got else " " * 9 for key, digits in TITLES.values())
        print(f"{'crowd' if count else 'quiet':<10}{cells}   load {os.getloadavg()[0]:.1f}", flush=True)
    print(f"push with visitors / without: {statistics.mean(walls[True]) / statistics.mean(walls[False]):.2f}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--visit", where, many]:
            asyncio.run(visit(where, int(many)))
        case words:
            main(int(words[0]) if words else VISITORS)
