"""The rush: an urgent bulletin goes to all its stations at once, as soon as the second person has signed it."""

import time
from dataclasses import replace

from pipeline.core.day import Wanted
from pipeline.core.errors import NotApproved, StationBusy
from pipeline.core.facts import Happened
from pipeline.core.model import CARRIED, Bulletin, Priority, Seconds, Station
from pipeline.newsroom import bulletins, push
from pipeline.newsroom.bulletins import Row
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.push import Attempt, Pushed

PATIENCE = Seconds(600)
"""How long one waits for stations that another run is visiting."""
_LOOK = Seconds(3)


def rush(desk: Desk, bulletin: Bulletin, patience: Seconds = PATIENCE) -> Pushed:
    """Send an urgent bulletin to every station of its plan that lacks it and that it is still to air at; nothing else.

    A station that another run is visiting is called when that is over. What fails is tried again as after any push.

    Raises:
        NotApproved: it is not urgent, or two people have not signed it.
    """
    (row,) = bulletins.rows(desk, {bulletin.id}, stations=())
    if not is_ready(row):
        raise NotApproved(bulletin=bulletin.id)
    wanted = _wanted(desk, row)
    attempts: dict[str, Attempt] = {}
    end = time.monotonic() + patience
    while wanted:
        for attempt in push.visit_all(desk, wanted):
            attempts[attempt.station] = attempt
        busy = {a.station for a in attempts.values() if isinstance(a.problem, StationBusy)}
        if not busy or time.monotonic() > end or desk.stop.wait(_LOOK):
            break
        lacking = {one.station.code for one in _wanted(desk, row)}
        for code in busy - lacking:  # the other run has brought it
            attempts[code] = replace(attempts[code], problem=None)
        wanted = [one for one in wanted if one.station.code in busy & lacking]
    if attempts and not desk.stop.is_set():  # cut short, or nothing to send yet: whoever looks next begins anew
        desk.ledger.record(desk.fact(Happened.RUSHED, bulletin=bulletin, stations=len(attempts)))
    return Pushed(attempts=tuple(attempts[code] for code in sorted(attempts)), missed=0)


def rush_new(desk: Desk) -> list[Pushed]:
    """Rush what is urgent, signed by two people, still to air, and was not rushed since: wherever it was signed."""
    now = desk.now()
    urgent = {b.id for b in desk.ledger.bulletins() if b.priority is Priority.URGENT and max(b.air) > now}
    rows = bulletins.rows(desk, urgent, stations=())
    return [rush(desk, row.bulletin) for row in rows if is_ready(row) and not _is_rushed(desk, row)]


def is_ready(row: Row) -> bool:
    """Whether a bulletin is urgent, and as many people have signed it as that needs."""
    return row.bulletin.priority is Priority.URGENT and row.status.may_go_out and row.status.needed > 1


def _is_rushed(desk: Desk, row: Row) -> bool:
    signed, rushed = (desk.ledger.facts(row.bulletin.id, kind) for kind in (Happened.APPROVED, Happened.RUSHED))
    return bool(rushed) and (not signed or rushed[-1].number > signed[-1].number)


def carried(desk: Desk, bulletin: Bulletin) -> list[Station]:
    """The stations that lack it and that nobody can call: a stick has to be carried there."""
    stations = desk.config.stations
    return [stations[code] for code in push.lacking(desk, bulletin) if stations[code].transport == CARRIED]


def _wanted(desk: Desk, row: Row) -> list[Wanted]:
    """The stations that lack it and that can be called."""
    stations = desk.config.stations
    codes = push.lacking(desk, row.bulletin)
    return [
        Wanted(station=stations[code], bulletins=(row.bulletin,))
        for code in codes
        if stations[code].transport != CARRIED
    ]
