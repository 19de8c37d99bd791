"""The push beside OpenSSH's sftp and rclone: one file over a long line, and a hundred stations at once.

`python -m benchmarks.delivery [one|many]`; `make bench` does both. All sides talk to one real OpenSSH server on this
machine, through a delay line where the line is long; nobody's bytes leave it. Runs are interleaved, and medians count.
"""

import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.delay import delayed
from pipeline.core.model import BulletinId, Commune, Digest, Seconds, Station, StationCode, digest_of

if TYPE_CHECKING:
    from tests.sshd import OpenSSH

SIZE = 10_000_000
STATIONS, AT_ONCE = 100, 32
LINES = ((100, 0), (250, 0), (100, 20_000), (250, 20_000))
"""Round trip in ms, and kbit/s each way; 0 is no limit."""
RUNS = int(os.environ.get("RUNS", "5"))
CIPHER = "aes128-gcm@openssh.com"
_DEADLINE = Seconds(600)


# --- one file to one station over a long line ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Far:
    """A station at the end of a line, and what to bring there."""

    server: "OpenSSH"
    port: int
    known: Path
    """A known_hosts file with its key, for the peers."""
    file: Path
    folder: Path

    @property
    def ssh(self) -> list[str]:
        """The options of ssh and sftp that pin the key and use ours alone, as we do."""
        return _options(self.server, self.known)

    def station(self) -> Station:
        """As stations.csv has it."""
        return Station(
            code=StationCode("XA"), commune=Commune(code="1", name="Xã"), host=self.server.host, port=self.port,
            user=self.server.user, key=self.server.key, host_key=self.server.host_key, folder=str(self.folder),
        )  # fmt: skip


def _options(server: "OpenSSH", known: Path) -> list[str]:
    """-F /dev/null: whoever runs this may have settings of their own."""
    options = ["BatchMode=yes", "StrictHostKeyChecking=yes", f"UserKnownHostsFile={known}", "IdentitiesOnly=yes",
               f"IdentityFile={server.key}", f"User={server.user}"]  # fmt: skip
    return ["-F", "/dev/null", *(word for option in options for word in ("-o", option))]


def sftp(far: Far) -> None:
    """`put` and no more: nothing is flushed, proven or renamed."""
    command = ["sftp", "-q", "-b", "-", *far.ssh, "-P", str(far.port), far.server.host]
    _run(command, f"put {far.file} {far.folder}/a.mp3\n")


def sftp_and_sum(far: Far) -> None:
    """What somebody would script for our promise: `put` under another name, the station's own digest, then rename."""
    command = ["sftp", "-q", "-b", "-", *far.ssh, "-P", str(far.port), far.server.host]
    _run(command, f"put {far.file} {far.folder}/.a.part\n")
    _run(["ssh", *far.ssh, "-p", str(far.port), far.server.host, f"sha256sum {far.folder}/.a.part"])
    _run(command, f"rename {far.folder}/.a.part {far.folder}/a.mp3\n")


def rclone(far: Far) -> None:
    """`copyto` as it comes: it asks the station for a digest afterwards, and sets the file's time."""
    where = (f":sftp,host={far.server.host},port={far.port},user={far.server.user},key_file={far.server.key},"
             f"known_hosts_file={far.known}:{far.folder}/a.mp3")  # fmt: skip
    _run(["rclone", "--config", "/dev/null", "copyto", str(far.file), where])


def write(far: Far) -> None:
    """Our connection, our bytes under a temporary name, flushed to disk, then the final name: no proof, no papers."""
    from pipeline.delivery.push import BLOCK
    from pipeline.delivery.sftp import Sftp

    with Sftp().open(far.station(), _DEADLINE) as remote, far.file.open("rb") as stream:
        remote.write("a.part", iter(lambda: stream.read(BLOCK), b""))
        remote.rename("a.part", "a.mp3")


def push(far: Far) -> None:
    """The whole protocol: is it there, is there room, bytes, flush, the station's digest, name, sidecar, checksum."""
    from pipeline.delivery.push import Parcel, deliver
    from pipeline.delivery.sftp import Sftp

    data = far.file.read_bytes()
    parcel = Parcel(bulletin=BulletinId("x"), path=far.file, name="a.mp3", digest=Digest(digest_of(data)),
                    size=len(data), sidecar=b"{}\n" * 200)  # fmt: skip
    with Sftp().open(far.station(), _DEADLINE) as remote:
        deliver(remote, far.station(), [parcel], [], lambda: datetime.now(UTC))


WAYS: dict[str, Callable[[Far], None]] = {
    "sftp put": sftp,
    "our write": write,
    "rclone copyto": rclone,
    "sftp, ssh sha256sum": sftp_and_sum,
    "our push": push,
}
PAIRS = (("our write", ("sftp put", "rclone copyto")), ("our push", ("sftp put", "rclone copyto")),
         ("our push", ("sftp, ssh sha256sum", "rclone copyto")))  # fmt: skip


def _run(command: Sequence[str], text: str = "") -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)}\n{done.stderr}")


def one(top: Path, runs: int) -> None:
    """Print the wall time of every way over every line, and ours against the best peer."""
    print(f"{SIZE / 1e6:.0f} MB to one station, wall s, median of {runs} (least to most)")
    with _server(top) as server:
        file = top / "a.mp3"
        file.write_bytes(os.urandom(SIZE))
        for trip, kbits in LINES:
            with delayed(server.port, trip, kbits) as port:
                known = _known(top, server, port)
                took: dict[str, list[float]] = {name: [] for name in WAYS}
                for number in range(runs):
                    for name in _turned(list(WAYS), number):
                        took[name].append(_timed(WAYS[name], Far(server, port, known, file, top / "station")))
            _tell(f"{trip} ms, {f'{kbits // 1000} Mbit/s' if kbits else 'no limit'}", took)


def _turned(names: list[str], number: int) -> list[str]:
    """Each run begins with another, so that none always follows the same."""
    return names[number % len(names) :] + names[: number % len(names)]


def _timed(way: Callable[[Far], None], far: Far) -> float:
    shutil.rmtree(far.folder, ignore_errors=True)
    far.folder.mkdir()
    begin = time.perf_counter()
    way(far)
    took = time.perf_counter() - begin
    assert (far.folder / "a.mp3").stat().st_size == SIZE
    return took


def _tell(line: str, took: dict[str, list[float]]) -> None:
    middle = {name: statistics.median(times) for name, times in took.items()}
    for name, times in took.items():
        print(f"  {line:<20}{name:<22}{middle[name]:>7.2f}  ({min(times):.2f} to {max(times):.2f})")
    for ours, peers in PAIRS:
        best = min(peers, key=middle.__getitem__)
        title = f"{ours} / the best of {', '.join(peers)}"
        print(f"  {line:<20}{title:<58}{middle[ours] / middle[best]:>6.2f} ×")


# --- a hundred stations ----------------------------------------------------------------------------------------------


def many(top: Path, runs: int) -> None:
    """Print wall, CPU of our side of the line, and peak memory, for us and for so many `sftp` at once."""
    print(f"\n{STATIONS} stations × {SIZE / 1e6:.0f} MB on loopback, {AT_ONCE} at once, median of {runs}")
    print(f"  {'':<32}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}")
    with _server(top) as server:
        file = top / "a.mp3"
        file.write_bytes(os.urandom(SIZE))
        known = _known(top, server, server.port)
        plain = [f"sftp, {AT_ONCE} at once", *_sftp(server, known, file)]
        gcm = [f"sftp with our cipher, {AT_ONCE} at once", *_sftp(server, known, file, "-c", CIPHER)]
        found: dict[str, list[dict[str, float]]] = {plain[0]: [], gcm[0]: [], "our push": []}
        for _ in range(runs):
            for name, *command in (plain, gcm):
                found[name].append(_measured(top, command))
            found["our push"].append(_measured(top, [], server))
    middle = {
        name: {key: statistics.median(got[key] for got in all_) for key in all_[0]} for name, all_ in found.items()
    }
    for name, got in middle.items():
        memory = f"{got['mb']:>9.0f}" if "mb" in got else ""
        print(f"  {name:<32}{got['wall']:>8.2f}{got['cpu']:>8.2f}{memory}")
    for name in (plain[0], gcm[0]):
        wall, cpu = (middle["our push"][key] / middle[name][key] for key in ("wall", "cpu"))
        print(f"  our push / {name}: wall {wall:.2f} ×, CPU {cpu:.2f} ×")


def _sftp(server: "OpenSSH", known: Path, file: Path, *more: str) -> list[str]:
    """The command that fills every folder of `stations` below where it runs."""
    words = shlex.join(["sftp", "-q", "-b", "-", *more, *_options(server, known), "-P", str(server.port), server.host])
    each = f'echo "put {file} $PWD/$1/a.mp3" | {words} >/dev/null'
    return ["xargs", "-P", str(AT_ONCE), "-I{}", "sh", "-c", each, "sh", "{}"]


def _measured(top: Path, command: list[str], server: "OpenSSH | None" = None) -> dict[str, float]:
    """Run a command, or our push, in fresh folders; it and all it started are counted, the server is not."""
    folders = top / "stations"
    shutil.rmtree(folders, ignore_errors=True)
    names = [f"T{n:03}" for n in range(STATIONS)]
    for name in names:
        (folders / name).mkdir(parents=True)
    if server:
        from tests.province import NOW

        with tempfile.TemporaryDirectory(dir=top) as place:
            _signed(Path(place), server, folders, names)
            got = _child([sys.executable, "-m", "benchmarks.delivery", "--push", place, NOW.isoformat()], "")
            got["mb"] = int((Path(place) / "peak").read_text()) / 1024
    else:
        got = _child(command, "\n".join(names), folders)
    assert all([item.stat().st_size for item in (folders / name).glob("*.mp3")] == [SIZE] for name in names)
    return got


def _signed(place: Path, server: "OpenSSH", folders: Path, names: list[str]) -> None:
    """A workspace with those stations, and a bulletin of that size that is approved and planned."""
    from tests.province import Clock, lay_out, newsroom, row, signed

    lay_out(place, [row(name, server, folders / name) for name in names], stations_at_once=str(AT_ONCE))
    with newsroom(place, Clock()) as desk:
        signed(desk, 1, SIZE)


def _push(place: Path, at: str) -> None:
    """Push, and tell the peak of our memory, which the kernel would else mix up with that of whoever started us."""
    from pipeline import config, wiring
    from pipeline.newsroom.push import push as push_all

    now = datetime.fromisoformat(at)
    with wiring.open_desk(config.load(place), now=lambda: now) as desk:
        done = push_all(desk)
    if done.failed:
        raise SystemExit(str(done.failed[0].problem))
    assert done.sent == STATIONS
    (peak,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    (place / "peak").write_text(peak.split()[1])


def _child(command: list[str], text: str, where: Path | None = None) -> dict[str, float]:
    """Wall and CPU of a command with its descendants."""
    begin = time.perf_counter()
    with tempfile.TemporaryFile() as given:
        given.write(text.encode())
        given.seek(0)
        work = subprocess.Popen(command, stdin=given, cwd=where)
        _, status, used = os.wait4(work.pid, 0)
        work.returncode = os.waitstatus_to_exitcode(status)
    if work.returncode:
        raise SystemExit(f"{command[0]} failed: {work.returncode}")
    return {"wall": time.perf_counter() - begin, "cpu": used.ru_utime + used.ru_stime}


# --- the server ------------------------------------------------------------------------------------------------------


@contextmanager
def _server(top: Path) -> Iterator["OpenSSH"]:
    """One that takes so many callers at once. The shell of whoever runs this may start slowly; a station's does not."""
    from tests.sshd import OpenSSH

    place, home = Path(tempfile.mkdtemp(dir=top)), top / "home"
    home.mkdir(exist_ok=True)
    with OpenSSH(place, "MaxStartups 500", f"SetEnv HOME={home}") as server:
        yield server


def _known(top: Path, server: "OpenSSH", port: int) -> Path:
    """A known_hosts file for the peers."""
    file = top / "known_hosts"
    file.write_text(f"[{server.host}]:{port} {server.host_key}\n", "ascii")
    return file


def main(words: list[str]) -> None:
    """Print what was asked for."""
    with tempfile.TemporaryDirectory() as name:
        if "many" not in words:
            one(Path(name), RUNS)
        if "one" not in words:
            many(Path(name), RUNS)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--push", workspace, at]:
            _push(Path(workspace), at)
        case found:
            main(found)
