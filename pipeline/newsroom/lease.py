"""The lease of a station: one run at a time visits it, over all machines."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from platform import node

from pipeline.core.errors import StationBusy, WorkspaceInUse
from pipeline.core.model import Seconds, Station
from pipeline.ledger.lock import alone
from pipeline.newsroom.desk import Desk

_MACHINE_ID = Path("/etc/machine-id")
_MARGIN = Seconds(60)
"""How much longer than a visit a lease holds: what was proven is still to be written down."""


@contextmanager
def leased(desk: Desk, station: Station, *, visit: bool = True) -> Iterator[int]:
    """Have a station for oneself: on this machine by a lock, which a power cut opens, among machines by a lease.

    A `visit`, which brings the station what it should hold, is remembered as unfinished until it came to its end.

    Raises:
        StationBusy: another run has it.
    """
    seconds = desk.config.settings.delivery.deadline_seconds + _MARGIN
    with ExitStack() as stack:
        try:
            stack.enter_context(alone(desk.config.state / "stations", station.code))
        except WorkspaceInUse as taken:
            raise StationBusy(station=station.code) from taken
        now, finished = desk.now(), False
        token = desk.ledger.lease(station.code, _machine(), now, now + timedelta(seconds=seconds), opens=visit)
        try:
            yield token
            finished = visit
        finally:
            desk.ledger.release(station.code, token, desk.now(), finished=finished)


def _machine() -> str:
    """This machine's name; two that were copied from one disk may share the first half."""
    try:
        own = _MACHINE_ID.read_text("ascii").strip()
    except OSError:
        own = ""
    return f"{node()} {own}".strip()
