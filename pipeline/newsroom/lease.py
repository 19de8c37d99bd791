"""The lease of a station: one run at a time visits it, over all machines."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from platform import node

from pipeline.core.errors import DiskFull, LedgerAway, StationBusy, WorkspaceInUse
from pipeline.core.model import Lease, Seconds, Station
from pipeline.ledger.lock import alone, holder
from pipeline.newsroom.desk import Desk

LASTS = Seconds(90)
"""How long a lease holds that is not renewed: its holder calls the station no longer, and another may take over."""
RENEW = Seconds(30)
"""How often it is renewed."""
DOUBT = Seconds(50)
"""How long it is relied on where it cannot be renewed: within what is left, a database that is away shows itself."""
AGAIN = Seconds(5)
"""Before one asks a database again that was away."""
LOOK = Seconds(1)
"""How often it is looked whether somebody who has a station is alive, and whether one that was lost is being called."""
_APART = timedelta(minutes=10)
"""How far the clocks of two machines may be apart: a lease that ran out so long ago need not be watched."""
_HERE = "here"
"""Who has a lease in a ledger of one machine."""
_MACHINE_ID = Path("/etc/machine-id")


@contextmanager
def leased(desk: Desk, station: Station, *, visit: bool = True) -> Iterator[int]:
    """Have a station for oneself: on this machine by a lock, which a power cut opens, among machines by a lease.

    A `visit`, which brings the station what it should hold, is remembered as unfinished until it came to its end. Where
    the lease is lost, or may be, the line to the station is cut.

    Raises:
        StationBusy: another run has it. Whether another machine is alive that has it takes half a minute to see.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(alone(desk.config.state / "stations", desk.config.first_at_place(station)))
        except WorkspaceInUse as taken:
            raise StationBusy(station=station.code) from taken
        token, finished = _take(desk, station, opens=visit), False
        try:
            with _renewed(desk, station, token):
                yield token
            finished = visit
        finally:
            desk.ledger.release(station.code, token, desk.now(), finished=finished)


def _take(desk: Desk, station: Station, *, opens: bool) -> int:
    """A lease of our own. One of a machine that died, which nobody renews, is waited for, whatever clock wrote it."""
    us = _holder(desk)
    seen: Lease | None = None
    since = 0.0
    while True:
        dead = seen if seen and time.monotonic() - since > LASTS else None
        try:
            return desk.ledger.lease(station.code, us, desk.now() - _APART, _until(desk), opens=opens, over=dead)
        except StationBusy:
            found = desk.ledger.leased(station.code, desk.now() - _APART)
            if seen is None:
                seen, since = found, time.monotonic()
            if (found and found != seen) or desk.stop.wait(LOOK):
                raise


def _until(desk: Desk) -> datetime:
    return desk.now() + timedelta(seconds=LASTS)


def _holder(desk: Desk) -> str:
    """Whom our locks keep apart: the runs of one state folder on one machine, for some shares know no locks."""
    if not desk.ledger.is_shared:
        return _HERE
    try:
        machine = _MACHINE_ID.read_text("ascii").strip()
    except OSError:
        machine = ""
    return f"{holder(desk.config.state)} {node()} {machine}".strip()


@contextmanager
def _renewed(desk: Desk, station: Station, token: int) -> Iterator[None]:
    """Renew a lease for as long as the visit lasts."""
    ended = threading.Event()
    thread = threading.Thread(target=_renew, args=(desk, station, token, ended), name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _renew(desk: Desk, station: Station, token: int, ended: threading.Event) -> None:
    """Renew until the visit ended. A lease that is lost, or was not renewed for too long, ends the visit's line.

    In a ledger of one machine nobody can take it: it only tells other runs who is being visited.
    """
    sure, pause = time.monotonic(), RENEW
    try:
        while not ended.wait(pause) and (time.monotonic() - sure < DOUBT or not desk.ledger.is_shared):
            asked, pause = time.monotonic(), RENEW
            try:
                desk.ledger.renew(station.code, token, _until(desk))
                sure = asked
            except (LedgerAway, DiskFull):
                pause = AGAIN
            except StationBusy:
                break
    finally:
        while desk.ledger.is_shared and not ended.wait(LOOK):  # it may be about to dial
            desk.cut(station.code)
