"""A province, and the country: N stations planned, due, pushed to stand-in transports, found served, told, reported.

`python -m benchmarks.scale [N ...]`; each step in a process of its own, with its wall time, CPU and peak memory. The
stand-in takes every byte and computes its digest as a station would; there is no line and no disk behind it.
"""

import csv
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pipeline.core.model import Digest, Identity, Item, Seconds, Station
from pipeline.newsroom.desk import Desk

SIZES = (100, 1000, 11000)
PROVINCES = 34
BULLETINS = 3


class StandIn:
    """A transport whose stations are dictionaries that last for one visit."""

    name = "folder"

    def check(self, station: Station) -> None:
        """Nothing can be wrong with it."""

    def identity(self, station: Station) -> Identity | None:
        """It shows no key."""

    @contextmanager
    def open(self, station: Station, deadline: Seconds) -> Iterator["Memory"]:  # noqa: ARG002 - the port's signature
        """A folder with nothing in it."""
        yield Memory()


class Memory:
    """Keeps small files whole, and of large ones the digest."""

    abilities = frozenset({"sha256sum"})

    def __init__(self) -> None:
        self._files: dict[str, tuple[int, Digest, bytes]] = {}

    def size(self, name: str) -> int | None:
        """Bytes of a file."""
        return self._files[name][0] if name in self._files else None

    def sizes(self, names: Sequence[str]) -> Mapping[str, int | None]:
        """Bytes of each."""
        return {name: self.size(name) for name in names}

    def free(self) -> int | None:
        """It has room for everything."""

    def write(self, name: str, chunks: Iterator[bytes], at: int = 0) -> int:  # noqa: ARG002 - the port's signature
        """Take the bytes."""
        seen, size, small = hashlib.sha256(), 0, b""
        for chunk in chunks:
            seen.update(chunk)
            size += len(chunk)
            small = small + chunk if size < 100_000 else b""
        self._files[name] = (size, Digest(seen.hexdigest()), small)
        return size

    def put(self, files: Mapping[str, bytes]) -> None:
        """Take them."""
        for name, data in files.items():
            self.write(name, iter([data]))

    def digests(self, names: Sequence[str]) -> Mapping[str, Digest]:
        """As the station computes them."""
        return {name: self._files[name][1] for name in names if name in self._files}

    def read(self, name: str, at: int = 0) -> Iterator[bytes]:
        """What was small enough to keep."""
        yield self._files[name][2][at:]

    def rename(self, old: str, new: str) -> None:
        """Another name."""
        self._files[new] = self._files.pop(old)

    def rename_all(self, names: Mapping[str, str]) -> None:
        """Other names."""
        for old, new in names.items():
            self.rename(old, new)

    def remove(self, name: str) -> None:
        """Forget it."""
        self._files.pop(name, None)

    def names(self) -> Iterator[Item]:
        """What there is."""
        for name, (size, _, _) in self._files.items():
            yield Item(name, size, 0)


# --- steps, each in a process of its own -----------------------------------------------------------------------------


def lay_out(folder: Path, count: int) -> None:
    """A workspace with so many stations over the provinces, and bulletins that are approved."""
    from pipeline import config, wiring
    from pipeline.newsroom import approvals, bulletins, scripts

    wiring.make_workspace(folder)
    file = folder / "config.toml"
    text = file.read_text("utf-8").replace("online = true", "online = false")
    file.write_text(text.replace("embedded_may_air = false", "embedded_may_air = true"), "utf-8")
    with (folder / "stations.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["code", "commune", "name", "transport", "folder", "windows", "groups"])
        for n in range(count):
            code = f"T{n % PROVINCES + 1:02}-{n:05}"
            rows.writerow([code, 10000 + n, f"Xã {n}", "folder", f"/x/{code}", "04:30-06:30 16:30-18:30",
                           f"Tỉnh {n % PROVINCES + 1}"])  # fmt: skip
    with wiring.open_desk(config.load(folder)) as desk:
        for n in range(BULLETINS):
            script = folder / "scripts" / f"tin-{n}.txt"
            script.write_text(f"Tiêu đề: Tin số {n}\n\nBà con chú ý, đây là bản tin số {n}.\n", "utf-8")
            (taken,) = scripts.sweep(desk, [script])
            if taken.bulletin is None:
                raise SystemExit(str(taken.problem))
            bulletins.render(desk, taken.bulletin)
            approvals.approve(desk, taken.bulletin, "Đo")


def plan(desk: Desk) -> int:
    """Slots × stations × bulletins."""
    from pipeline.newsroom import plan as planning

    return sum(p.added for p in planning.plan_all(desk))


def due(desk: Desk) -> int:
    """What the clock asks before each push: who lacks what airs soon."""
    from pipeline.newsroom import push as pushing

    return len(pushing.wanted(desk))


def push(desk: Desk) -> int:
    """What `bantin push` does: plan what is new, send what is wanted."""
    from pipeline.newsroom import plan as planning
    from pipeline.newsroom import push as pushing

    planning.plan_new(desk)
    done = pushing.push(desk)
    if done.failed:
        raise SystemExit(str(done.failed[0].problem))
    return done.sent


def status(desk: Desk) -> int:
    """What `bantin status` computes."""
    from pipeline.newsroom import bulletins
    from pipeline.newsroom.tally import tally

    return len(bulletins.rows(desk)) + tally(desk).counted


def digest(desk: Desk) -> int:
    """The morning's message of tomorrow, when all of it airs: who has it, who lacks it, why."""
    from datetime import timedelta

    from pipeline.newsroom.digest import digest as day_of
    from pipeline.report import digest as message

    zone = desk.config.zone
    day = day_of(desk, (desk.now().astimezone(zone) + timedelta(days=1)).date())
    return len(message.text(day, "vi", zone))


def report(desk: Desk) -> int:
    """The year's report: what counts, by the evidence of plan, receipts and facts."""
    from pipeline.newsroom.tally import tally
    from pipeline.report.tally import as_json

    return len(as_json(tally(desk, desk.now().astimezone(desk.config.zone).year)))


STEPS: dict[str, Callable[[Desk], int]] = {
    "plan": plan, "due": due, "push": push, "again": push, "status": status, "digest": digest, "report": report,
}  # fmt: skip


def _step(name: str, folder: Path) -> None:
    from pipeline import config, wiring

    begin = time.perf_counter()
    with wiring.open_desk(config.load(folder)) as desk:
        result = STEPS[name](replace(desk, transports={"folder": StandIn()}))
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"result": result, "wall": time.perf_counter() - begin, "cpu": used.ru_utime + used.ru_stime,
                      "mb": used.ru_maxrss / 1024}))  # fmt: skip


def main(sizes: list[int]) -> None:
    """Print the table."""
    print(f"{'stations':>8} {'step':<8}{'result':>9}{'wall s':>9}{'CPU s':>8}{'ms a station':>14}{'peak MB':>9}")
    for count in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "w"
            # In a process of its own, too: what it needs in memory would count as the others'.
            subprocess.run([sys.executable, "-m", "benchmarks.scale", "--lay-out", folder, str(count)], check=True)
            for step in STEPS:
                command = [sys.executable, "-m", "benchmarks.scale", "--step", step, str(folder)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                got = json.loads(done.stdout.splitlines()[-1])
                print(f"{count:>8} {step:<8}{got['result']:>9}{got['wall']:>9.2f}{got['cpu']:>8.2f}"
                      f"{got['cpu'] / count * 1000:>14.2f}{got['mb']:>9.0f}")  # fmt: skip


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--step", step, workspace]:
            _step(step, Path(workspace))
        case ["--lay-out", workspace, stations]:
            lay_out(Path(workspace), int(stations))
        case words:
            main([int(word) for word in words] or list(SIZES))
