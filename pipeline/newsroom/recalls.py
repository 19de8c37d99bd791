"""Recalls: a bulletin taken off every station that holds it, now; and where it could not be reached yet."""

from dataclasses import dataclass

from pipeline.core.day import Wanted
from pipeline.core.model import Bulletin, StationCode
from pipeline.core.status import Stage
from pipeline.newsroom import approvals, bulletins, plan, push
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.push import Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What a recall did."""

    attempts: tuple[Attempt, ...]
    left: tuple[StationCode, ...]
    """Stations that may still hold it: not reached yet, and tried again; or without a line."""
    gone: tuple[StationCode, ...]
    """Stations that held it and do not any more."""


def recall(desk: Desk, bulletin: Bulletin, by: str, instead: Bulletin | None = None) -> Recalled:
    """Withdraw a bulletin and take it off every station that holds it; `instead` goes there on the same visit.

    Raises:
        NotApproved: what is to take its place is not signed.
    """
    if instead:
        plan.plan(desk, instead)
    (row,) = bulletins.rows(desk, {bulletin.id}, stations=())
    if row.status.stage is not Stage.WITHDRAWN:
        approvals.withdraw(desk, bulletin, by)
    held = {h.station for h in desk.ledger.holdings([bulletin.id])}
    attempts = push.visit_all(desk, _errands(desk, bulletin, instead))
    left = {h.station for h in desk.ledger.holdings([bulletin.id])}
    return Recalled(attempts=attempts, left=tuple(sorted(left)), gone=tuple(sorted(held - left)))


def _errands(desk: Desk, bulletin: Bulletin, instead: Bulletin | None) -> list[Wanted]:
    """A visit to each station that holds it; and, where another takes its place, to each that should have that one."""
    errands = []
    for one in push.wanted(desk):
        bring = tuple(b for b in one.bulletins if instead and b.id == instead.id)
        stop = tuple(b for b in one.stopped if b.id == bulletin.id)
        if bring or stop:
            errands.append(Wanted(station=one.station, bulletins=bring, stopped=stop))
    return errands
