"""What the pages cost: a year's ledger, and each page's time at the server, median of many, with its weight.

`python -m benchmarks.pages [--keep FOLDER] [BULLETINS STATIONS ...]`; by default a province's year (50 × 101) and more.
A country's year (1000 × 11000) takes 25 GB of disk and a quarter of an hour to make. `--keep` makes the ledgers in a
folder where a later run finds them; else they are deleted.
"""

import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from pipeline.core.facts import Happened
from pipeline.core.model import Bulletin, Digest
from pipeline.ledger import tables
from pipeline.newsroom.desk import Desk

SIZES = ((50, 101), (200, 1000))
RUNS = 15
NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
"""10:00 in Cà Mau: today's bulletins came in the night, tomorrow's are planned."""
PASSWORD = "bông điên điển vàng"  # noqa: S105 - of a ledger that lasts as long as this
_A_YEAR = 330
"""Days on which something airs."""
_KEPT = 8
"""Days after which a station's copy is cleaned away."""
_ODD = 200
"""Of so many stations one gets a bulletin too late for its first airing."""
_ONE = timedelta(days=1)


# --- making the ledger -----------------------------------------------------------------------------------------------


def morning(count: int, number: int) -> datetime:
    """When a bulletin airs first: 05:00 of its day. The last ones are tomorrow's."""
    a_day = -(-count // _A_YEAR)
    return NOW.replace(hour=22) - _ONE * ((count - 1 - number) // a_day)


def fill(engine: sa.Engine, found: list[tuple[Bulletin, Digest]], stations: int) -> None:
    """Have so many stations air each bulletin twice, as a year of nights leaves it.

    Into the tables themselves, by the million, and their indices made once they are full: the ledger's own writers take
    one station's visit at a time, which at 11,000,000 of them is a day's work.
    """
    whole = [tables.facts, tables.receipts, tables.transmissions, tables.holdings, tables.listed]
    indices = [index for table in whole for index in table.indexes]
    with engine.begin() as connection:
        for index in indices:
            index.drop(connection)
        codes = sa.Table("codes", sa.MetaData(), sa.Column("code", sa.String), sa.Column("n", sa.Integer))
        codes.create(connection)
        connection.execute(codes.insert(), [{"code": f"T{n:05}", "n": n} for n in range(stations)])
        for number, (bulletin, digest) in enumerate(found):
            _arrive(connection, codes, bulletin, digest, number)
        for bulletin, _ in found:
            if (cleaned := min(bulletin.air) + _KEPT * _ONE) < NOW:
                _tell(connection, codes, bulletin, "cleaned", cleaned, remote="")
        connection.execute(
            tables.leases.insert().from_select(
                ["station", "token", "holder", "until", "finished", "machine"],
                sa.select(
                    codes.c.code, *map(sa.literal, (400, "")), sa.literal(NOW, tables.Utc), *map(sa.literal, (True, ""))
                ),
            )
        )
        codes.drop(connection)
        connection.execute(tables.marks.insert().values(name="missed", value=NOW.isoformat()))
        for index in indices:
            index.create(connection)


def _arrive(connection: sa.Connection, codes: sa.Table, bulletin: Bulletin, digest: Digest, number: int) -> None:
    for air in sorted(bulletin.air):
        _put(connection, tables.transmissions, codes, bulletin, at=air)
    first = min(bulletin.air)
    _tell(connection, codes, bulletin, "planned", first - 2 * _ONE)
    if first > NOW - _ONE:
        for air in bulletin.air:
            _put(connection, tables.listed, codes, bulletin, at=air)
    if first > NOW:
        return
    late = (codes.c.n + 7 * number) % _ODD == 0
    remote = f"{bulletin.id}-{digest[:12]}.mp3"
    for when, at in ((~late, first - timedelta(hours=7)), (late, first + timedelta(hours=1))):
        _tell(connection, codes, bulletin, "delivered", at, where=when, digest=digest, sent=100)
        _tell(connection, codes, bulletin, "confirmed", at, where=when, digest=digest, remote=remote, verified="hash")
        receipt = {"digest": digest, "remote": remote, "size": 4_000_000, "verified": "hash", "sent": 4_000_000}
        _put(connection, tables.receipts, codes, bulletin, when, at=at, **receipt)
        if first + _KEPT * _ONE >= NOW:
            _put(connection, tables.holdings, codes, bulletin, when, at=at, digest=digest, remote=remote)
    _tell(connection, codes, bulletin, "missed", first + timedelta(minutes=1), where=late, at=first.isoformat())


def _tell(
    connection: sa.Connection, codes: sa.Table, bulletin: Bulletin, happened: str, when: datetime,
    *, where: sa.ColumnElement[bool] | None = None, digest: Digest | None = None, **detail: object,
) -> None:  # fmt: skip
    told = {"happened": happened, "who": "bantin", "digest": digest, "detail": detail, "at": when}
    _put(connection, tables.facts, codes, bulletin, where, **told)


def _put(
    connection: sa.Connection, table: sa.Table, codes: sa.Table, bulletin: Bulletin,
    where: sa.ColumnElement[bool] | None = None, **values: object,
) -> None:  # fmt: skip
    """A row for every station, or for some."""
    names = {"bulletin": bulletin.id, **values}
    row = [sa.literal(value, table.c[name].type) for name, value in names.items()]
    query = sa.select(codes.c.code, *row).order_by(codes.c.n)
    query = query if where is None else query.where(where)
    connection.execute(table.insert().from_select(["station", *names], query))


def make(folder: Path, count: int, stations: int) -> None:
    """A workspace with a year's ledger and somebody who may see all of it."""
    from pipeline.core.people import Person, Role
    from pipeline.newsroom import people
    from tests.province import Clock, lay_out, newsroom, signed

    codes = [f"T{n:05}" for n in range(stations)]
    lay_out(folder, [{"code": c, "name": f"Xã {c}", "transport": "folder", "folder": f"/tram/{c}"} for c in codes])
    clock = Clock(NOW)
    with newsroom(folder, clock) as desk:
        person = Person(login="do", name="Người đo", roles=frozenset(Role))
        people.admit(desk, person, "cá lóc nướng trui", "bench")
        people.choose(desk, person, "cá lóc nướng trui", PASSWORD)
        found = []
        for number in range(count):
            air = morning(count, number)
            clock.at = min(NOW, air - 3 * _ONE)
            one = signed(desk, number + 1, size=100, air=(air, air + timedelta(hours=12)), planned=False)
            (master,) = desk.ledger.facts(one.id, Happened.MASTERED)
            found.append((one, Digest(master.digest or "")))
        state = desk.config.state
    engine = sa.create_engine(f"sqlite:///{state / 'ledger.db'}")
    with engine.connect() as connection:
        for pragma in ("journal_mode=DELETE", "synchronous=OFF"):
            connection.exec_driver_sql(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: object, _record: object) -> None:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-2000000", "threads=2"):
            connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]

    engine.dispose()
    fill(engine, found, stations)
    engine.dispose()
    with newsroom(folder, clock) as desk:
        desk.ledger.reckon(until=lambda: False)  # as the clock does, every minute


@contextmanager
def house(keep: Path | None, count: int, stations: int) -> Iterator[Path]:
    """The folder of a newsroom with that ledger, made now or found where an earlier run kept it."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = keep / f"{count}x{stations}" if keep else Path(scratch)
        if not (folder / "made").exists():
            folder.mkdir(parents=True, exist_ok=True)
            begin = time.perf_counter()
            make(folder, count, stations)
            (folder / "made").write_text(f"{time.perf_counter() - begin:.0f} s")
        yield folder


# --- measuring -------------------------------------------------------------------------------------------------------


def measure(folder: Path, title: str) -> None:
    """Print each page's median time, the first look at it, the processor's share and its weight."""
    from fastapi.testclient import TestClient

    from pipeline.newsroom import people
    from pipeline.newsroom.office import Office
    from pipeline.web.app import make_app
    from tests.province import Clock, newsroom

    size = sum(file.stat().st_size for file in folder.glob("bulletins/.state/ledger.db*")) / 1e6
    print(f"{title}: made in {(folder / 'made').read_text()}, {size:.0f} MB")
    print(f"  {'':<34}{'median':>8}{'first':>10}{'CPU':>8} ms{'weight':>8} kB")
    with newsroom(folder, Clock(NOW)) as desk:
        token = people.sign_in(desk, "do", PASSWORD, "bench")
        client = TestClient(make_app(Office(desk.config, lambda _: nullcontext(desk))), cookies={"bantin": token})
        for path in paths(desk):
            _measure(client, path)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  peak memory {used:.0f} MB, load of the machine {os.getloadavg()[0]:.1f}")


def _measure(client: object, path: str) -> None:
    took, used, answer = [], [], None
    for _ in range(RUNS):
        begin, cpu = time.perf_counter(), time.process_time()
        answer = client.get(path)  # type: ignore[attr-defined]
        took.append((time.perf_counter() - begin) * 1000)
        used.append((time.process_time() - cpu) * 1000)
        assert answer.status_code == 200, (path, answer.text[-500:])
    weight = len(answer.content) / 1000 if answer else 0
    print(f"  {path[:32]:<34}{statistics.median(took):>8.0f}{took[0]:>10.0f}{statistics.median(used):>8.0f}"
          f"{weight:>14.0f}", flush=True)  # fmt: skip


def paths(desk: Desk) -> list[str]:
    """Every page that looks at much."""
    last, code = max(desk.ledger.bulletins(), key=lambda b: b.air).id, next(iter(desk.config.stations))
    return [
        "/", "/ban-tin", "/ban-tin?tinh_trang=arrived", f"/ban-tin/{last}", "/lich", "/phan-phoi",
        "/phan-phoi?thieu=1", "/phan-phoi/tuan", "/phan-phoi?ngay=2026-11-27", f"/phan-phoi/{code}", "/nam", "/nhat-ky",
        "/nhat-ky?loai=missed", f"/nhat-ky?tram={code}", "/cai-dat", "/them",
    ]  # fmt: skip


def main(words: list[str]) -> None:
    """Measure what was asked for."""
    keep = Path(words.pop(words.index("--keep") + 1)) if "--keep" in words else None
    numbers = [int(word) for word in words if word != "--keep"]
    for count, stations in list(zip(numbers[::2], numbers[1::2], strict=True)) or SIZES:
        with house(keep, count, stations) as folder:
            measure(folder, f"{count} bulletins × {stations} stations")


if __name__ == "__main__":
    main(sys.argv[1:])
