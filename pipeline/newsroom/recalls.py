"""Recalls: a bulletin taken off every station that holds it, now; and where it could not be reached yet."""

from collections.abc import Collection
from dataclasses import dataclass

from pipeline.core.day import Wanted
from pipeline.core.facts import Happened
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
    """Stations that hold or list it still: not reached yet, and tried again; or served by a stick."""
    perhaps: tuple[StationCode, ...]
    """Stations that may have some of it: they are being visited now, or the last visit broke off."""
    gone: tuple[StationCode, ...]
    """Stations that held or listed it and do not any more."""


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
    before = _where(desk, bulletin) | _half(desk, bulletin)
    attempts = push.visit_all(desk, _errands(desk, bulletin, instead, before))
    left, half = _where(desk, bulletin), _half(desk, bulletin)
    return Recalled(
        attempts=attempts,
        left=tuple(sorted(left)),
        perhaps=tuple(sorted(half - left)),
        gone=tuple(sorted(before - left - half)),
    )


def _where(desk: Desk, bulletin: Bulletin) -> set[StationCode]:
    """Stations that hold it or list it, or to which a stick took it."""
    held = {h.station for h in desk.ledger.holdings([bulletin.id])}
    return held | desk.ledger.listing([bulletin.id], after=desk.now()) | _carried(desk, bulletin)


def _half(desk: Desk, bulletin: Bulletin) -> set[StationCode]:
    """Stations that a visit may be bringing it to just now, or where one broke off."""
    return desk.ledger.unfinished() & desk.ledger.planned(bulletin.id)


def _carried(desk: Desk, bulletin: Bulletin) -> set[StationCode]:
    """Stations to which a stick took it, where no visit took it away after."""
    facts = desk.ledger.facts_by_bulletin([bulletin.id]).get(bulletin.id, [])
    last = {f.station: f.happened for f in facts if f.station and f.happened in {Happened.EXPORTED, Happened.RECALLED}}
    return {code for code, happened in last.items() if happened is Happened.EXPORTED}


def _errands(desk: Desk, bulletin: Bulletin, instead: Bulletin | None, where: Collection[StationCode]) -> list[Wanted]:
    """A visit to each station where it may be; and, where another takes its place, to each that should have it."""
    errands = []
    for one in push.wanted(desk):
        bring = tuple(b for b in one.bulletins if instead and b.id == instead.id)
        stop = tuple(b for b in one.stopped if b.id == bulletin.id)
        if bring or stop or one.station.code in where:
            errands.append(Wanted(station=one.station, bulletins=bring, stopped=stop))
    return errands
