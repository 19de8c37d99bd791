"""The plan: approved bulletins × stations × instants. Nothing is planned without a signature."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pipeline import config
from pipeline.core.day import Airing
from pipeline.core.errors import NotApproved
from pipeline.core.facts import Fact, Happened
from pipeline.core.model import Bulletin, BulletinId, Priority, StationCode, Transmission, digest_of
from pipeline.core.schedule import Clash, Conflict
from pipeline.core.schedule import clashes as find_clashes
from pipeline.core.schedule import plan as lay_out
from pipeline.newsroom import bulletins
from pipeline.newsroom.bulletins import Row
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.recipients import recipients

_BY = "planned by"
"""The mark of the files, as `config.stamp` sees them, by which something was planned last."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What planning one bulletin brought."""

    bulletin: BulletinId
    added: int
    conflicts: tuple[Conflict, ...]


def plan(desk: Desk, bulletin: Bulletin) -> Planned:
    """Plan one approved bulletin by the registry and settings of today.

    What is to come and would not be planned today is taken out: at a station that is none of its recipients any more,
    or at an hour at which the station does not air now. What has passed stays as it was, and so does what only waits
    for a master or a signature.

    Raises:
        NotApproved: its current masters are not all signed.
    """
    (row,) = bulletins.rows(desk, {bulletin.id}, stations=())
    status, planned = row.status, desk.ledger.planned(bulletin.id)
    if not status.may_go_out:
        raise NotApproved(bulletin=bulletin.id)
    stations = recipients(desk, bulletin)
    served = [s for s in stations if status.signed(s.profile)]
    lengths = {profile: master.seconds for profile, master in bulletins.masters(desk, bulletin).items()}
    laid = lay_out(bulletin, stations, desk.now(), desk.config.zone, seconds=lengths, margin=margin(desk))
    unserved = {s.code for s in stations} - {s.code for s in served}
    to_come = [t for t in laid.transmissions if t.station not in unserved]
    codes = dict.fromkeys(t.station for t in to_come)
    gone = sorted({*desk.ledger.transmissions(bulletin.id, after=desk.now())} - {*laid.transmissions})
    facts = [desk.fact(Happened.PLANNED, bulletin=bulletin, station=s) for s in codes if s not in planned]
    facts += _unplanned(desk, bulletin, gone, codes)
    conflicts = [Conflict(code, None, "profile") for code in sorted(unserved)]
    conflicts += [c for c in laid.conflicts if c.station not in unserved]
    done = Planned(bulletin.id, desk.ledger.plan(to_come, facts, gone), tuple(conflicts))
    desk.ledger.set_mark(_mark(bulletin), _inputs(desk, row))
    _sign(desk)
    return done


def _unplanned(
    desk: Desk, bulletin: Bulletin, gone: Sequence[Transmission], codes: Iterable[StationCode]
) -> list[Fact]:
    """What is told of airings that are taken out; by station, and whether others of the bulletin stay there.

    At the stations of `codes` some are planned now, maybe for the first time at their hour.
    """
    by_station: dict[StationCode, list[str]] = {}
    for airing in gone:
        by_station.setdefault(airing.station, []).append(airing.at.isoformat())
    staying = {t.station for t in {*desk.ledger.transmissions(bulletin.id)} - {*gone}} | {*codes} if gone else set()
    return [
        desk.fact(Happened.UNPLANNED, bulletin=bulletin, station=code, at=[*at], stays=code in staying)
        for code, at in sorted(by_station.items())
    ]


def _mark(bulletin: Bulletin) -> str:
    return f"plan {bulletin.id}"


def _sign(desk: Desk) -> None:
    """Keep by which files it was planned last."""
    if desk.ledger.mark(_BY) != desk.config.stamp:
        desk.ledger.set_mark(_BY, desk.config.stamp)


def _is_overtaken(desk: Desk) -> bool:
    now = config.stamp(desk.config.workspace)
    return now != desk.config.stamp and desk.ledger.mark(_BY) == now


def _inputs(desk: Desk, row: Row) -> str:
    """What a plan is made of; the same again would give the same plan."""
    loud = [row.bulletin.priority] if row.bulletin.priority is Priority.URGENT else []  # it airs at any hour
    signed = sorted(digest for profile in row.status.masters if (digest := row.status.signed(profile)))
    return digest_of(" ".join([desk.config.fingerprint, *signed, *loud]).encode())


def airings(desk: Desk, day: date | None = None) -> list[Airing]:
    """What is to air from now on, or on a local day, soonest first; not what is signed no more."""
    to_come = desk.ledger.transmissions(after=desk.now())
    rows = bulletins.rows(desk, {t.bulletin for t in to_come}, stations=())
    about = {row.bulletin.id: row.bulletin for row in rows if row.status.may_go_out}
    found: dict[tuple[datetime, BulletinId], list[StationCode]] = {}
    for t in to_come:
        wanted = day is None or t.at.astimezone(desk.config.zone).date() == day
        if wanted and t.bulletin in about:
            found.setdefault((t.at, t.bulletin), []).append(t.station)
    return [Airing(at, about[name], tuple(codes)) for (at, name), codes in sorted(found.items())]


def margin(desk: Desk) -> timedelta:
    """How long before air a file should stand at its station."""
    return timedelta(minutes=desk.config.settings.delivery.margin_minutes)


def clashes(desk: Desk, names: Collection[BulletinId] | None = None) -> list[Clash]:
    """Where bulletins that are still to air get in each other's way; only those about some bulletins, or all."""
    to_come = desk.ledger.transmissions(after=desk.now())
    about = {b.id: b for b in desk.ledger.bulletins({t.bulletin for t in to_come})}
    lengths = {
        (name, profile): master.seconds
        for name, bulletin in about.items()
        for profile, master in bulletins.masters(desk, bulletin).items()
    }
    urgent = {name for name, bulletin in about.items() if bulletin.priority is Priority.URGENT}
    going = {row.bulletin.id for row in bulletins.rows(desk, set(about), stations=()) if row.status.may_go_out}
    found = find_clashes(
        (t for t in to_come if t.bulletin in going), desk.config.stations, lengths, urgent, desk.config.zone
    )
    return [clash for clash in found if names is None or set(names) & set(clash.bulletins)]


def plan_all(desk: Desk, day: date | None = None) -> list[Planned]:
    """Plan every approved bulletin that still has an air time to come, or only those that air on a local day."""
    to_come = {b.id for b in _open(desk, day)}
    return [plan(desk, row.bulletin) for row in bulletins.rows(desk, to_come, stations=()) if row.status.may_go_out]


def plan_new(desk: Desk) -> list[Planned]:
    """Plan what was signed, or whose registry or settings changed, since it was planned last.

    Nothing by settings that are no longer those of the files, where somebody planned by what the files say now.
    """
    if _is_overtaken(desk):
        return []
    to_come = {b.id for b in _open(desk, None)}
    return [
        plan(desk, row.bulletin)
        for row in bulletins.rows(desk, to_come, stations=())
        if row.status.may_go_out and desk.ledger.mark(_mark(row.bulletin)) != _inputs(desk, row)
    ]


def _open(desk: Desk, day: date | None) -> Iterable[Bulletin]:
    now, zone = desk.now(), desk.config.zone
    for bulletin in desk.ledger.bulletins():
        to_come = [at for at in bulletin.air if at > now]
        if to_come and (day is None or day in {at.astimezone(zone).date() for at in to_come}):
            yield bulletin
