"""The plan: approved bulletins × stations × instants. Nothing is planned without a signature."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from pipeline.core.errors import NotApproved
from pipeline.core.facts import Happened
from pipeline.core.model import Bulletin, BulletinId, StationCode
from pipeline.core.schedule import Conflict
from pipeline.core.schedule import plan as lay_out
from pipeline.core.status import status_of
from pipeline.newsroom import bulletins
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.recipients import recipients


@dataclass(frozen=True, slots=True)
class Planned:
    """What planning one bulletin brought."""

    bulletin: BulletinId
    added: int
    conflicts: tuple[Conflict, ...]


def plan(desk: Desk, bulletin: Bulletin) -> Planned:
    """Plan one approved bulletin by the registry of today; what is planned already is left as it is.

    A station that is none of its recipients any more, and where it has not aired yet, is taken out of its plan.

    Raises:
        NotApproved: its current masters are not all signed.
    """
    status = status_of(desk.ledger.facts(bulletin.id))
    if not status.may_go_out:
        raise NotApproved(bulletin=bulletin.id)
    stations = recipients(desk, bulletin)
    served = [s for s in stations if status.signed(s.profile)]
    laid = lay_out(bulletin, served, desk.now(), desk.config.zone)
    unserved = tuple(Conflict(s.code, None, "profile") for s in stations if not status.signed(s.profile))
    to_come = dict.fromkeys(t.station for t in laid.transmissions)
    facts = [desk.fact(Happened.PLANNED, bulletin=bulletin, station=s) for s in to_come if s not in status.planned]
    gone = _not_aired(desk, bulletin, status.planned - {s.code for s in stations})
    facts += [desk.fact(Happened.UNPLANNED, bulletin=bulletin, station=code) for code in gone]
    return Planned(bulletin.id, desk.ledger.plan(laid.transmissions, facts), (*unserved, *laid.conflicts))


def _not_aired(desk: Desk, bulletin: Bulletin, stations: Collection[StationCode]) -> list[StationCode]:
    """Those of some stations where no air time of a bulletin has passed; what has passed stays as it was."""
    now = desk.now()
    passed = {t.station for t in desk.ledger.transmissions(bulletin.id) if t.at <= now} if stations else set()
    return sorted(set(stations) - passed)


def plan_all(desk: Desk, day: date | None = None) -> list[Planned]:
    """Plan every approved bulletin that still has an air time to come, or only those that air on a local day."""
    to_come = {b.id for b in _open(desk, day)}
    return [plan(desk, row.bulletin) for row in bulletins.rows(desk, to_come, stations=()) if row.status.may_go_out]


def _open(desk: Desk, day: date | None) -> Iterable[Bulletin]:
    now, zone = desk.now(), desk.config.zone
    for bulletin in desk.ledger.bulletins():
        to_come = [at for at in bulletin.air if at > now]
        if to_come and (day is None or day in {at.astimezone(zone).date() for at in to_come}):
            yield bulletin
