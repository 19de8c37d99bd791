"""A newsroom with many stations and bulletins of any size, without a voice: for tests of what comes after approval."""

import csv
import random
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from pipeline import clock as serve
from pipeline import config, wiring
from pipeline.core.facts import Happened
from pipeline.core.model import Bulletin, BulletinId, Digest, Head, Kind, Language, Script
from pipeline.newsroom import plan
from pipeline.newsroom.office import Office

TOP = Path(__file__).parents[1]
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""22:00 in Cà Mau."""
FIVE = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
"""05:00 on the 24th there."""


class Clock:
    """A clock that the test moves."""

    def __init__(self, at=NOW):
        self.at = at

    def __call__(self):
        return self.at


class Serving(serve.Clock):
    """The program's clock in an office with one desk, the test's own."""

    def __init__(self, desk):
        super().__init__(Office(desk.config, lambda _settings: nullcontext(desk)))


def lay_out(folder, stations, **changes):
    """A workspace with these stations (dictionaries of columns) and settings."""
    text = (TOP / "config.toml").read_text("utf-8")
    for key, value in {"online": "false", "embedded_may_air": "true", **changes}.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"{key} = ")]
        text = text.replace(line, f"{key} = {value}")
    (folder / "scripts").mkdir(exist_ok=True)
    (folder / "config.toml").write_text(text, "utf-8")
    columns = list(dict.fromkeys(column for station in stations for column in station))
    with (folder / "stations.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        rows = csv.DictWriter(stream, columns)
        rows.writeheader()
        rows.writerows(stations)


@contextmanager
def newsroom(folder, clock):
    """The desk of a workspace, with the test's own clock."""
    with wiring.open_desk(config.load(folder), now=clock) as desk:
        yield desk


def row(code, server, folder, **changes):
    """A station's row behind an SSH server or a line to one."""
    fields = {"code": code, "name": f"Xã {code}", "host": server.host, "port": server.port, "user": server.user,
              "key": server.key, "host_key": server.host_key, "folder": str(folder)}  # fmt: skip
    return {**fields, **changes}


def signed(desk, number, size=40_000, air=(FIVE,), planned=True, **changes):
    """A bulletin that is mastered, approved and planned; its sound is `size` bytes that follow from its number."""
    digest = Digest(f"{number:064x}")
    name = BulletinId(f"20261124-tin-{number}-{number:06x}")
    fields = {"id": name, "script": digest, "title": f"Tin số {number}", "languages": (Language.VI,), "kind": Kind.CT,
              "programme": "ban-tin", "air": tuple(air)}  # fmt: skip
    bulletin = Bulletin(**{**fields, **changes})
    script = Script(digest=digest, name=f"{number}.txt", head=Head(), body=())
    desk.ledger.receive(script, bulletin, desk.fact(Happened.RECEIVED, bulletin=bulletin, digest=digest))
    remaster(desk, bulletin, size, seed=number, planned=planned)
    return bulletin


def remaster(desk, bulletin, size, seed, planned=True):
    """Give a bulletin a new master, signed and planned."""
    made = desk.store.put_bytes(random.Random(seed).randbytes(size))
    facts = [
        desk.fact(
            Happened.MASTERED, bulletin=bulletin, digest=made, profile="loa-xa", size=size, seconds=60.0, lufs=-16.0,
            dbtp=-1.6, lra=4.0, suffix=".mp3",
        ),
        desk.fact(Happened.APPROVED, bulletin=bulletin, digest=made, who="Người duyệt"),
    ]  # fmt: skip
    desk.ledger.record(*facts)
    if planned:
        plan.plan(desk, bulletin)
    return made
