"""Missed airings: those that passed without the bulletin, each told once, and those about to pass so."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from pipeline.core.day import Threat
from pipeline.core.errors import NoMaster, NoStation, NotApprovable, NotApproved, PipelineError, StoreDamaged
from pipeline.core.facts import Fact, Happened
from pipeline.core.model import BulletinId, Digest, Due, StationCode
from pipeline.core.status import TAKEN_BACK, status_of
from pipeline.newsroom import approvals, bulletins
from pipeline.newsroom.bulletins import Row
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.recipients import recipients

_Airing = tuple[BulletinId, StationCode | None, datetime]
"""A bulletin at an instant: at a station, or anywhere."""
_MARK = "missed"
_BACK = timedelta(hours=1)
"""How much further back than the last look each look goes."""


def tell(desk: Desk) -> int:
    """Record every airing that passed without the bulletin; how many are told now, for the first time.

    One at a station that did not hold it as signed when it was to air is told with the station. An air time for which
    nothing was planned anywhere, because nobody signed or it was held, is told once without one. However long nobody
    looked, nothing is left out.
    """
    now, since = desk.now(), _looked_back_to(desk)
    facts = desk.ledger.facts(happened=Happened.MISSED, since=since)
    told = {(f.bulletin, f.station, f.detail.get("at")) for f in facts if f.at <= now}  # a wrong clock told too early
    passed = [*_unaired(desk, since), *_unheld(desk, since)]
    news = [a for a in passed if (a[0], a[1], a[2].isoformat()) not in told]
    names = {name for name, _, _ in news}
    about = {row.bulletin.id: row for row in bulletins.rows(desk, names, stations=())}
    received = {name: facts[0].at for name, facts in desk.ledger.facts_by_bulletin(names, ()).items()}
    first_planned, unplanned = desk.ledger.first_planned(names), desk.ledger.unplanned(names)
    missed = [
        desk.fact(Happened.MISSED, bulletin=about[name].bulletin, station=station, at=at.isoformat())
        for name, station, at in news
        if not is_off(about[name])
        # One that was planned before, and for nowhere at that hour: no station airs then, and the plan said so.
        and ((name, station) not in unplanned if station else not (name in first_planned and first_planned[name] < at))
        # Of what should have aired before its script came in, nothing was missed.
        and received[name] < at
    ]
    count = desk.ledger.record_new(missed, since)
    desk.ledger.set_mark(_MARK, now.isoformat())
    return count


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


def _unheld(desk: Desk, since: datetime) -> list[_Airing]:
    """Planned airings whose station did not hold, at that instant, any master that was signed by then."""
    passed = desk.ledger.passed(since, desk.now())
    facts = desk.ledger.facts_by_bulletin({due.bulletin for due in passed}, ())
    good = {(name, at): _signed_by(facts[name], at) for name, at in {(due.bulletin, due.at) for due in passed}}
    return [(due.bulletin, due.station, due.at) for due in passed if due.holding not in good[due.bulletin, due.at]]


def _signed_by(facts: Sequence[Fact], at: datetime) -> set[Digest | None]:
    status = status_of(fact for fact in facts if fact.at < at)
    return {digest for profile in status.masters if (digest := status.signed(profile))}


def tell_late(desk: Desk) -> int:
    """Record every station that should hold a bulletin by now and does not, while there is still time to act.

    It should be there `margin_minutes` before it airs. How many are told now, for the first time.
    """
    now = desk.now()
    margin = timedelta(minutes=desk.config.settings.delivery.margin_minutes)
    due = desk.ledger.due(now, now + margin, now)
    names = {d.bulletin for d in due}
    about = {row.bulletin.id: row for row in bulletins.rows(desk, names, stations=())}
    since = now - margin - _BACK
    facts = desk.ledger.facts(happened=Happened.LATE, since=since)
    told = {(f.bulletin, f.station, f.detail.get("at")) for f in facts}
    unplanned = desk.ledger.unplanned(names)
    late = [
        desk.fact(Happened.LATE, bulletin=about[d.bulletin].bulletin, station=d.station, at=d.at.isoformat())
        for d in due
        if is_lacking(desk, about[d.bulletin], d)
        and (d.bulletin, d.station) not in unplanned
        and (d.bulletin, d.station, d.at.isoformat()) not in told
    ]
    return desk.ledger.record_new(late, since)


def is_off(row: Row) -> bool:
    """Whether somebody took a bulletin back, so that nobody should hear it."""
    return row.status.stage in TAKEN_BACK


def is_lacking(desk: Desk, row: Row, due: Due) -> bool:
    """Whether a station of the registry lacks a bulletin that nobody took back: as signed, or signed at all."""
    station = desk.config.stations.get(due.station)
    if station is None or is_off(row):
        return False
    signed = row.status.signed(station.profile)
    return signed is None or due.holding != signed


class Copy(StrEnum):
    """What a station has of a bulletin that it is to air."""

    CURRENT = "current"
    """As it is signed now."""
    OLDER = "older"
    """As it was signed before: it airs that, until what is new is signed and there."""
    NONE = "none"


def copy_at(desk: Desk, row: Row, due: Due) -> Copy:
    """The copy of a bulletin at a station."""
    if not is_lacking(desk, row, due):
        return Copy.CURRENT
    airs = due.holding in row.status.approved and not row.status.must_not_air(due.holding)
    return Copy.OLDER if due.holding and airs else Copy.NONE


def is_whole(desk: Desk, digest: Digest) -> bool:
    """Whether the bytes that were signed are still in our store."""
    try:
        desk.store.whole(digest)
    except StoreDamaged:
        return False
    return True


def threatened(desk: Desk, within: timedelta) -> list[Threat]:
    """Bulletins that air within a time from now and cannot yet: not signed, held, planned at no station, damaged here.

    Each kind of station by itself: one that joined later, and for which nobody has signed, is in no plan.
    """
    now = desk.now()
    soon = [b.id for b in desk.ledger.bulletins() if any(now < at <= now + within for at in b.air)]
    planned = {name for name, _ in desk.ledger.air_times(after=now)}
    return [
        Threat(bulletin=row.bulletin, at=min(at for at in row.bulletin.air if at > now), problem=problem)
        for row in bulletins.rows(desk, soon, stations=())
        if not is_off(row)
        for problem in _obstacles(desk, row, is_planned=row.bulletin.id in planned)
    ]


def _obstacles(desk: Desk, row: Row, *, is_planned: bool) -> Iterator[PipelineError]:
    if not (row.status.may_go_out and is_planned):
        yield obstacle(desk, row)
        return
    for profile in sorted({s.profile for s in recipients(desk, row.bulletin) if s.understands(row.bulletin)}):
        digest = row.status.signed(profile)
        if digest is None:
            yield obstacle(desk, row, profile)
        elif not is_whole(desk, digest):
            yield StoreDamaged(digest=digest)


def obstacle(desk: Desk, row: Row, profile: str = "") -> PipelineError:
    """What keeps a bulletin from the air: at stations of a profile that no signed master fits, or anywhere."""
    name = row.bulletin.id
    if row.status.may_go_out and not profile:
        return NoStation(bulletin=name)
    if row.status.masters and profile and profile not in row.status.masters:
        return NoMaster(bulletin=name, profile=profile)
    try:
        approvals.check(desk, row.bulletin, row.status)
    except NotApprovable as problem:
        return problem
    return NotApproved(bulletin=name)
