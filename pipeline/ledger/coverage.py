"""Coverage of bulletins, reckoned once and kept until a fact about a bulletin's stations, or its plan, changes it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from pipeline.core.coverage import Coverage
from pipeline.core.facts import Fact, Happened
from pipeline.core.model import BulletinId, Digest, Verification
from pipeline.ledger import tables
from pipeline.ledger.kinds import is_kind
from pipeline.ledger.standing import stands

_MOST_NAMES = 500


def forget(connection: sa.Connection, names: Iterable[BulletinId]) -> None:
    """What is known of some bulletins is out of date: in the transaction of what makes it so.

    Of those that nobody asked for yet nothing is known, so there is nothing to be said.
    """
    if wanted := sorted(set(names)):
        c = tables.coverage.c
        connection.execute(tables.coverage.update().where(c.bulletin.in_(wanted)).values(changed=c.changed + 1))


def forget_of(connection: sa.Connection, facts: Iterable[Fact]) -> None:
    """The same, for facts that are being added."""
    forget(connection, (f.bulletin for f in facts if f.bulletin and f.station))


def known(connection: sa.Connection, names: Iterable[BulletinId]) -> dict[BulletinId, Coverage]:
    """What was reckoned of some bulletins, and whether it still holds; nothing of those nobody asked for yet."""
    found: dict[BulletinId, Coverage] = {}
    wanted = sorted(set(names))
    c = tables.coverage.c
    for start in range(0, len(wanted), _MOST_NAMES):
        some = wanted[start : start + _MOST_NAMES]
        for row in connection.execute(sa.select(tables.coverage).where(c.bulletin.in_(some))):
            found[BulletinId(row.bulletin)] = _read(row.document, is_current=row.changed == row.reckoned)
    return found


def outdated(connection: sa.Connection) -> list[BulletinId]:
    """Bulletins of which nothing was reckoned, or of which it does not hold any more, the newest first."""
    b, c = tables.bulletins.c, tables.coverage.c
    query = sa.select(b.id).outerjoin_from(tables.bulletins, tables.coverage, c.bulletin == b.id)
    query = query.where(sa.or_(c.bulletin.is_(None), c.changed != c.reckoned)).order_by(b.id.desc())
    return [BulletinId(row.id) for row in connection.execute(query)]


def begin(connection: sa.Connection, names: Iterable[BulletinId]) -> dict[BulletinId, Coverage]:
    """What is known of each of some bulletins, with room for what will be, so that `forget` can say that it changed."""
    there = known(connection, wanted := sorted(set(names)))
    new = [name for name in wanted if name not in there]
    if new:
        connection.execute(tables.coverage.insert(), [{"bulletin": name, "document": {}} for name in new])
    return there | {name: Coverage(is_current=False) for name in new}


def reckon(connection: sa.Connection, name: BulletinId) -> tuple[Coverage, int]:
    """One bulletin's coverage as a snapshot of the ledger has it, and what it was reckoned from, for `keep`."""
    seen = connection.execute(sa.select(tables.coverage.c.changed).where(tables.coverage.c.bulletin == name)).scalar()
    return _reckoned(connection, name), int(seen or 0)


def keep(connection: sa.Connection, name: BulletinId, made: Coverage, seen: int) -> None:
    """Keep what was reckoned, unless somebody kept what is newer."""
    c = tables.coverage.c
    older = tables.coverage.update().where(c.bulletin == name, c.reckoned < seen)
    connection.execute(older.values(document=_written(made), reckoned=seen))


def _reckoned(connection: sa.Connection, name: BulletinId) -> Coverage:
    t, r, f = tables.transmissions.c, tables.receipts.c, tables.facts.c
    here = (t.bulletin == name) & stands()
    first = (
        sa.select(t.station, sa.func.min(t.at, type_=tables.Utc).label("at")).where(here).group_by(t.station).subquery()
    )
    plan = connection.execute(
        sa.select(sa.func.count(), sa.func.min(first.c.at, type_=tables.Utc)).select_from(first)
    ).one()
    proven = (r.bulletin == name) & (r.verified != Verification.REPORTED.value)
    in_time = (
        sa.select(r.digest, sa.func.count(r.station.distinct()))
        .join_from(tables.receipts, first, first.c.station == r.station)
        .where(proven, r.at < first.c.at)
        .group_by(r.digest)
    )
    covered = (
        sa.select(r.digest, sa.func.count(t.number.distinct()))
        .join_from(tables.receipts, tables.transmissions, (t.station == r.station) & (t.bulletin == r.bulletin))
        .where(proven, r.at < t.at, stands())
        .group_by(r.digest)
    )
    moved = is_kind(f.happened, Happened.CONFIRMED, Happened.RECALLED, Happened.LOST)
    last = (
        sa.select(sa.func.max(f.number).label("number"))
        .where(f.bulletin == name, f.station.is_not(None), moved)
        .group_by(f.station)
        .subquery()
    )
    arrived = (
        sa.select(f.digest, sa.func.count())
        .join_from(tables.facts, last, last.c.number == f.number)
        .join(first, first.c.station == f.station)
        .where(is_kind(f.happened, Happened.CONFIRMED))
        .group_by(f.digest)
    )
    aired = sa.select(sa.func.count()).where(f.bulletin == name, is_kind(f.happened, Happened.AIRED))
    airings = sa.select(sa.func.count()).select_from(tables.transmissions).where(here)
    return Coverage(
        stations=int(plan[0]),
        first=plan[1],
        airings=int(connection.execute(airings).scalar_one()),
        arrived=_counts(connection, arrived),
        in_time=_counts(connection, in_time),
        covered=_counts(connection, covered),
        aired=int(connection.execute(aired).scalar_one()),
    )


def _counts(connection: sa.Connection, query: sa.Select[Any]) -> dict[Digest, int]:
    return {Digest(row[0]): int(row[1]) for row in connection.execute(query) if row[0]}


def _written(made: Coverage) -> dict[str, Any]:
    return {
        "stations": made.stations, "first": made.first.astimezone(UTC).isoformat() if made.first else None,
        "airings": made.airings, "arrived": dict(made.arrived), "in_time": dict(made.in_time),
        "covered": dict(made.covered), "aired": made.aired,
    }  # fmt: skip


def _read(document: dict[str, Any], *, is_current: bool) -> Coverage:
    first = document.get("first")
    kept = {**document, "first": datetime.fromisoformat(first) if first else None}
    return Coverage(**kept, is_current=is_current)
