"""What the pages cost: a year's ledger, and each page's time at the server, median of many, with its weight.

`python -m benchmarks.pages [BULLETINS STATIONS ...]`; by default a province's year (50 × 101) and more.
"""

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
from pipeline.core.model import Digest
from pipeline.ledger import tables
from pipeline.newsroom.desk import Desk

SIZES = ((50, 101), (200, 1000))
RUNS = 15
NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
"""10:00 in Cà Mau."""
_BLOCK = 5000
PASSWORD = "bông điên điển vàng"  # noqa: S105 - of a ledger that lasts as long as this


def fill(desk: Desk, count: int, codes: list[str]) -> None:
    """A ledger in which so many bulletins, the last of them of today, are at every station."""
    from tests.province import signed

    engine = desk.ledger._engine  # noqa: SLF001 - rows by the million, which no use case writes at once
    for number in range(count):
        air = NOW + timedelta(hours=7) - timedelta(days=(count - 1 - number) % 330, minutes=number // 330)
        bulletin = signed(desk, number + 1, size=100, air=(air,), planned=False)
        (master,) = desk.ledger.facts(bulletin.id, Happened.MASTERED)
        _arrive(engine, bulletin.id, master.digest or Digest(""), air, codes)


def _arrive(engine: sa.Engine, name: str, digest: Digest, air: datetime, codes: list[str]) -> None:
    at = air - timedelta(hours=7)
    common = [{"station": code, "bulletin": name} for code in codes]
    facts = [
        {**one, "happened": happened, "who": "bantin", "at": at, "digest": found, "detail": detail}
        for happened, found, detail in (
            ("planned", None, {}),
            ("delivered", digest, {"sent": 100}),
            ("confirmed", digest, {"remote": f"{digest[:12]}.mp3", "verified": "hash"}),
        )
        for one in common
    ]
    receipt = {"digest": digest, "remote": f"{digest[:12]}.mp3", "size": 100, "verified": "hash", "at": at, "sent": 100}
    with engine.begin() as connection:
        for table, rows in (
            (tables.transmissions, [{**one, "at": air} for one in common]),
            (tables.facts, facts),
            (tables.receipts, [{**one, **receipt} for one in common]),
            (tables.holdings, [{**one, "digest": digest, "remote": receipt["remote"], "at": at} for one in common]),
        ):
            for start in range(0, len(rows), _BLOCK):
                connection.execute(table.insert(), rows[start : start + _BLOCK])


@contextmanager
def house(folder: Path, count: int, stations: int) -> Iterator[tuple[Desk, list[str]]]:
    """The desk of a newsroom with that ledger."""
    from tests.province import Clock, lay_out, newsroom

    codes = [f"T{n:05}" for n in range(stations)]
    lay_out(folder, [{"code": c, "name": f"Xã {c}", "transport": "folder", "folder": f"/tram/{c}"} for c in codes])
    with newsroom(folder, Clock(NOW)) as desk:
        fill(desk, count, codes)
        yield desk, codes


def measure(folder: Path, count: int, stations: int) -> None:
    """Print each page's median time and its weight."""
    from fastapi.testclient import TestClient

    from pipeline.core.people import Person, Role
    from pipeline.newsroom import people
    from pipeline.newsroom.office import Office
    from pipeline.web.app import make_app

    begin = time.perf_counter()
    with house(folder, count, stations) as (desk, codes):
        person = Person(login="do", name="Người đo", roles=frozenset(Role))
        people.admit(desk, person, "cá lóc nướng trui", "bench")
        people.choose(desk, person, "cá lóc nướng trui", PASSWORD)
        token = people.sign_in(desk, "do", PASSWORD, "bench")
        client = TestClient(make_app(Office(desk.config, lambda _: nullcontext(desk))), cookies={"bantin": token})
        last = max(desk.ledger.bulletins(), key=lambda b: b.air).id
        print(f"{count} bulletins × {stations} stations, made in {time.perf_counter() - begin:.0f} s")
        pages = ["/", "/ban-tin", f"/ban-tin/{last}", "/lich", "/phan-phoi", f"/phan-phoi/{codes[0]}", "/nam",
                 "/nhat-ky", "/cai-dat", "/them"]  # fmt: skip
        for path in pages:
            took, answer = [], None
            for _ in range(RUNS):
                begin = time.perf_counter()
                answer = client.get(path)
                took.append((time.perf_counter() - begin) * 1000)
                assert answer.status_code == 200, (path, answer.text[-500:])
            weight = len(answer.content) / 1000 if answer else 0
            print(f"  {path[:32]:<34}{statistics.median(took):>8.0f} ms (first {took[0]:.0f}){weight:>8.0f} kB")


def main(words: list[str]) -> None:
    """Measure what was asked for."""
    numbers = [int(word) for word in words]
    sizes = list(zip(numbers[::2], numbers[1::2], strict=True)) or SIZES
    for count, stations in sizes:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), count, stations)


if __name__ == "__main__":
    main(sys.argv[1:])
