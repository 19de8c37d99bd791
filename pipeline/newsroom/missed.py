"""Missed airings: those that passed without the bulletin, each told once, and those about to pass so."""

from datetime import UTC, datetime, timedelta

from pipeline.core.day import Threat
from pipeline.core.errors import NoStation, NotApprovable, NotApproved, PipelineError
from pipeline.core.facts import Happened
from pipeline.core.model import BulletinId, StationCode
from pipeline.core.status import Stage
from pipeline.newsroom import approvals, bulletins
from pipeline.newsroom.bulletins import Row
from pipeline.newsroom.desk import Desk

_Airing = tuple[BulletinId, StationCode | None, datetime]
"""A bulletin at an instant: at a station, or anywhere."""
_TAKEN_BACK = frozenset({Stage.WITHDRAWN, Stage.RETURNED})
"""Someone decided that these do not air."""
_MARK = "missed"
_BACK = timedelta(days=2)
"""How much further back than the last look each look goes: a clock may have been set."""


def tell(desk: Desk) -> int:
    """Record every airing that passed without the bulletin; how many are told now, for the first time.

    One at a station that did not hold it in time is told with the station. An air time for which nothing was planned
    anywhere, because nobody signed or it was held, is told once without one. However long nobody looked, nothing is
    left out.
    """
    now, since = desk.now(), _looked_back_to(desk)
    told = {
        (f.bulletin, f.station, f.detail.get("at")) for f in desk.ledger.facts(happened=Happened.MISSED, since=since)
    }
    passed = [*_unaired(desk, since), *_unproven(desk, since)]
    news = [a for a in passed if (a[0], a[1], a[2].isoformat()) not in told]
    names = {name for name, _, _ in news}
    about = {row.bulletin.id: row for row in bulletins.rows(desk, names, stations=())}
    received = {name: facts[0].at for name, facts in desk.ledger.facts_by_bulletin(names, ()).items()}
    first_planned, unplanned = desk.ledger.first_planned(names), desk.ledger.unplanned(names)
    missed = [
        desk.fact(Happened.MISSED, bulletin=about[name].bulletin, station=station, at=at.isoformat())
        for name, station, at in news
        if about[name].status.stage not in _TAKEN_BACK
        # One that was planned before, and for nowhere at that hour: no station airs then, and the plan said so.
        and ((name, station) not in unplanned if station else not (name in first_planned and first_planned[name] < at))
        # Of what should have aired before its script came in, nothing was missed.
        and received[name] < at
    ]
    desk.ledger.record(*missed)
    desk.ledger.set_mark(_MARK, now.isoformat())
    return len(missed)


def _looked_back_to(desk: Desk) -> datetime:
    mark = desk.ledger.mark(_MARK)
    return min(datetime.fromisoformat(mark), desk.now()) - _BACK if mark else datetime(1970, 1, 1, tzinfo=UTC)


def _unaired(desk: Desk, since: datetime) -> list[_Airing]:
    """Air times that passed with nothing planned for them at any station."""
    now, planned = desk.now(), desk.ledger.air_times(after=since)
    return [
        (b.id, None, at)
        for b in desk.ledger.bulletins()
        for at in b.air
        if since < at <= now and (b.id, at) not in planned
    ]


def _unproven(desk: Desk, since: datetime) -> list[_Airing]:
    """Planned airings that passed without a receipt from before."""
    return [(t.bulletin, t.station, t.at) for t in desk.ledger.unproven(since, desk.now())]


def tell_late(desk: Desk) -> int:
    """Record every station that should hold a bulletin by now and does not, while there is still time to act.

    It should be there `margin_minutes` before it airs. How many are told now, for the first time.
    """
    now = desk.now()
    margin = timedelta(minutes=desk.config.settings.delivery.margin_minutes)
    due = desk.ledger.due(now, now + margin)
    names = {d.bulletin for d in due}
    about = {row.bulletin.id: row for row in bulletins.rows(desk, names, stations=())}
    facts = desk.ledger.facts(happened=Happened.LATE, since=now - _BACK)
    told = {(f.bulletin, f.station, f.detail.get("at")) for f in facts}
    unplanned = desk.ledger.unplanned(names)
    late = [
        desk.fact(Happened.LATE, bulletin=about[d.bulletin].bulletin, station=d.station, at=d.at.isoformat())
        for d in due
        if d.station in desk.config.stations
        and (signed := about[d.bulletin].status.signed(desk.config.stations[d.station].profile))
        and d.holding != signed
        and (d.bulletin, d.station) not in unplanned
        and (d.bulletin, d.station, d.at.isoformat()) not in told
    ]
    desk.ledger.record(*late)
    return len(late)


def threatened(desk: Desk, within: timedelta) -> list[Threat]:
    """Bulletins that air within a time from now and cannot yet: not signed, held, or planned at no station."""
    now = desk.now()
    soon = [b.id for b in desk.ledger.bulletins() if any(now < at <= now + within for at in b.air)]
    planned = {name for name, _ in desk.ledger.air_times(after=now)}
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
