"""Missed airings: those that passed without the bulletin, each told once, and those about to pass so."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.core.errors import NoStation, NotApprovable, NotApproved, PipelineError
from pipeline.core.facts import Fact, Happened
from pipeline.core.model import Bulletin, BulletinId, StationCode
from pipeline.core.status import Stage, status_of
from pipeline.newsroom import approvals, bulletins
from pipeline.newsroom.bulletins import Row
from pipeline.newsroom.desk import Desk

_Airing = tuple[BulletinId, StationCode | None, datetime]
"""A bulletin at an instant: at a station, or anywhere."""
_TAKEN_BACK = frozenset({Stage.WITHDRAWN, Stage.RETURNED})
"""Someone decided that these do not air."""


def tell(desk: Desk) -> int:
    """Record every airing that passed without the bulletin; how many are told now, for the first time.

    One at a station that did not hold it in time is told with the station. An air time for which nothing was planned
    anywhere, because nobody signed or it was held, is told once without one.
    """
    told = {(f.bulletin, f.station, f.detail.get("at")) for f in desk.ledger.facts(happened=Happened.MISSED)}
    news = [a for a in (*_unaired(desk), *_unproven(desk)) if (a[0], a[1], a[2].isoformat()) not in told]
    names = {name for name, _, _ in news}
    facts = desk.ledger.facts_by_bulletin(names)
    status = {name: status_of(happened) for name, happened in facts.items()}
    known = {b.id: b for b in desk.ledger.bulletins(names)}
    missed = [
        desk.fact(Happened.MISSED, bulletin=known[name], station=station, at=at.isoformat())
        for name, station, at in news
        if status[name].stage not in _TAKEN_BACK
        and (station in status[name].planned if station else not _was_planned(facts[name], at))
        # Of what should have aired before its script came in, nothing was missed.
        and facts[name][0].at < at
    ]
    desk.ledger.record(*missed)
    return len(missed)


def _was_planned(facts: Iterable[Fact], at: datetime) -> bool:
    """Whether a bulletin was planned before an air time: then no station airs at that hour, and the plan said so."""
    return any(fact.happened is Happened.PLANNED and fact.at < at for fact in facts)


def _unaired(desk: Desk) -> list[_Airing]:
    """Air times that passed with nothing planned for them at any station."""
    now, planned = desk.now(), desk.ledger.air_times()
    return [
        (b.id, None, at) for b in desk.ledger.bulletins() for at in b.air if at <= now and (b.id, at) not in planned
    ]


def _unproven(desk: Desk) -> list[_Airing]:
    """Planned airings that passed without a receipt from before."""
    return [(t.bulletin, t.station, t.at) for t in desk.ledger.unproven(desk.now())]


@dataclass(frozen=True, slots=True, kw_only=True)
class Threat:
    """A bulletin that airs soon and cannot yet, and what to do."""

    bulletin: Bulletin
    at: datetime
    """The next instant (UTC) at which it is meant to air."""
    problem: PipelineError


def threatened(desk: Desk, within: timedelta) -> list[Threat]:
    """Bulletins that air within a time from now and cannot yet: not signed, held, or planned at no station."""
    now = desk.now()
    soon = [b.id for b in desk.ledger.bulletins() if any(now < at <= now + within for at in b.air)]
    planned = {name for name, at in desk.ledger.air_times() if at > now}
    return [
        Threat(bulletin=row.bulletin, at=min(at for at in row.bulletin.air if at > now), problem=_obstacle(desk, row))
        for row in bulletins.rows(desk, soon, stations=())
        if not (row.status.may_go_out and row.bulletin.id in planned) and row.status.stage not in _TAKEN_BACK
    ]


def _obstacle(desk: Desk, row: Row) -> PipelineError:
    name = row.bulletin.id
    if row.status.may_go_out:
        return NoStation(bulletin=name)
    try:
        approvals.check(desk, row.bulletin, row.status)
    except NotApprovable as problem:
        return problem
    return NotApproved(bulletin=name)
