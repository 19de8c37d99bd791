"""The ledger: facts in one transaction with the records they are about. Safe for threads and processes."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, IntegrityError

from pipeline.core.errors import LedgerUnusable, Says, StationBusy
from pipeline.core.facts import Fact, Happened
from pipeline.core.model import (
    Bulletin,
    BulletinId,
    Digest,
    Due,
    Holding,
    Receipt,
    Script,
    StationCode,
    Take,
    Transmission,
    Trouble,
)
from pipeline.ledger import documents, records, tables
from pipeline.ledger.holdings import HOLDS, project

_BUSY_MS = 30_000
OF_BULLETINS = frozenset(
    {Happened.RECEIVED, Happened.READ, Happened.VOICED, Happened.MASTERED, Happened.HELD, Happened.APPROVED,
     Happened.RETURNED, Happened.WITHDRAWN}
)  # fmt: skip
"""Kinds of fact that are never about a station."""
_MOST_NAMES = 500
"""In one question; databases take no more than some thousands."""


class Ledger:
    """One newsroom's memory. Every writing method is one transaction: all of it is kept, or none."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, file: Path) -> "Ledger":
        """Open the ledger of a workspace, making it or bringing it up to date first.

        Raises:
            LedgerUnusable: it cannot be opened, or is damaged.
        """
        engine = _sqlite(file)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            if (found := _revision(engine)) != tables.HEAD:
                _migrate(engine, found, file)
        except (DBAPIError, OSError) as problem:
            engine.dispose()
            raise LedgerUnusable(where=file, reason=getattr(problem, "orig", problem)) from problem
        except LedgerUnusable:
            engine.dispose()
            raise
        return cls(engine)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    # --- facts -------------------------------------------------------------------------------------------------------

    def record(self, *facts: Fact) -> None:
        """Add facts."""
        with self._engine.begin() as connection:
            _add(connection, facts)

    def record_new(self, facts: Sequence[Fact], since: datetime) -> int:
        """Add those facts about an instant (`at` in their detail) that nobody has added since; how many they were.

        However many look at once, each is told once.
        """
        if not facts:
            return 0
        c = tables.facts.c
        query = sa.select(c.happened, c.bulletin, c.station, c.detail)
        query = query.where(c.happened.in_({fact.happened.value for fact in facts}), c.at >= since)
        with self._engine.begin() as connection:
            told = {(r.happened, r.bulletin, r.station, r.detail.get("at")) for r in connection.execute(query)}
            new = [f for f in facts if (f.happened.value, f.bulletin, f.station, f.detail.get("at")) not in told]
            _add(connection, new)
        return len(new)

    def facts(
        self,
        bulletin: BulletinId | None = None,
        happened: Happened | None = None,
        since: datetime | None = None,
        beyond: int = 0,
    ) -> list[Fact]:
        """Facts in the order they happened: of one bulletin, of one kind, from an instant on, or all.

        `beyond` leaves out those up to a number.
        """
        c = tables.facts.c
        query = sa.select(tables.facts).where(c.number > beyond).order_by(c.number)
        if bulletin is not None:
            query = query.where(c.bulletin == bulletin)
        if happened is not None:
            query = query.where(c.happened == happened.value)
        if since is not None:
            query = query.where(c.at >= since)
        if bulletin is not None and happened in OF_BULLETINS:
            query = query.where(c.station.is_(None))  # so that the index finds them among those of many stations
        return [records.fact(row) for row in self._rows(query)]

    def facts_by_bulletin(
        self, names: Iterable[BulletinId] | None = None, stations: Collection[StationCode] | None = None
    ) -> dict[BulletinId, list[Fact]]:
        """Facts about the named bulletins, or about all, by bulletin, in the order they happened.

        `stations` leaves out those about any other station.
        """
        found: dict[BulletinId, list[Fact]] = {}
        c = tables.facts.c
        query = sa.select(tables.facts).where(_among(c.bulletin, names))
        told = [*self._rows(query.where(c.station.is_(None)) if stations is not None else query)]
        if stations:
            told += self._rows(query.where(c.station.in_(stations)))
        for fact in map(records.fact, sorted(told, key=lambda row: int(row.number))):
            if fact.bulletin:
                found.setdefault(fact.bulletin, []).append(fact)
        return found

    # --- scripts and bulletins ---------------------------------------------------------------------------------------

    def receive(self, script: Script, bulletin: Bulletin, fact: Fact) -> bool:
        """Keep a script with its bulletin and the fact of it; False where the same bytes were received before."""
        try:
            with self._engine.begin() as connection:
                connection.execute(
                    tables.scripts.insert().values(
                        digest=script.digest, document=documents.scripts().dump_json(script).decode()
                    )
                )
                connection.execute(
                    tables.bulletins.insert().values(
                        id=bulletin.id,
                        script=bulletin.script,
                        document=documents.bulletins().dump_json(bulletin).decode(),
                    )
                )
                _add(connection, [fact])
        except IntegrityError:
            return False
        return True

    def script(self, digest: Digest) -> Script | None:
        """A script received before."""
        rows = self._rows(sa.select(tables.scripts.c.document).where(tables.scripts.c.digest == digest))
        return documents.scripts().validate_json(rows[0].document) if rows else None

    def bulletins(self, names: Iterable[BulletinId] | None = None) -> list[Bulletin]:
        """The named bulletins, or all, by id."""
        c = tables.bulletins.c
        rows = self._rows(sa.select(c.document).where(_among(c.id, names)).order_by(c.id))
        return [documents.bulletins().validate_json(row.document) for row in rows]

    def bulletin_of(self, script: Digest) -> Bulletin | None:
        """The bulletin that a script became."""
        rows = self._rows(sa.select(tables.bulletins.c.document).where(tables.bulletins.c.script == script))
        return documents.bulletins().validate_json(rows[0].document) if rows else None

    # --- takes -------------------------------------------------------------------------------------------------------

    def take(self, recipe: Digest) -> Take | None:
        """The take of a recipe, if it was ever voiced."""
        return self.takes([recipe]).get(recipe)

    def takes(self, recipes: Iterable[Digest]) -> dict[Digest, Take]:
        """The takes of those recipes that were ever voiced."""
        wanted = list(recipes)
        chunks = (wanted[i : i + _MOST_NAMES] for i in range(0, len(wanted), _MOST_NAMES))
        found = (self._rows(sa.select(tables.takes).where(tables.takes.c.recipe.in_(chunk))) for chunk in chunks)
        return {take.recipe: take for rows in found for take in map(records.take, rows)}

    def keep_take(self, take: Take) -> None:
        """Remember a take; a second voice that voiced the same recipe meanwhile changes nothing."""
        row = {"recipe": take.recipe, "audio": take.audio, "seconds": take.seconds, "engine": take.engine,
               "voice": take.voice}  # fmt: skip
        with self._engine.begin() as connection:
            gone = tables.takes.c.recipe == take.recipe
            connection.execute(tables.takes.delete().where(gone))
            connection.execute(tables.takes.insert().values(row))

    # --- the plan ----------------------------------------------------------------------------------------------------

    def plan(self, transmissions: Iterable[Transmission], facts: Sequence[Fact]) -> int:
        """Add facts with those of some transmissions that are not planned yet; how many these were."""
        wanted = list(transmissions)
        with self._engine.begin() as connection:
            there = _planned(connection, {t.bulletin for t in wanted})
            rows = [{"at": t.at, "station": t.station, "bulletin": t.bulletin} for t in wanted if t not in there]
            if rows:
                connection.execute(tables.transmissions.insert(), rows)
            _add(connection, facts)
            return len(rows)

    def transmissions(
        self,
        bulletin: BulletinId | None = None,
        station: StationCode | None = None,
        after: datetime | None = None,
    ) -> list[Transmission]:
        """Planned airings, soonest first: of one bulletin, at one station, after an instant, or all."""
        c = tables.transmissions.c
        query = sa.select(tables.transmissions).order_by(c.at, c.station)
        if bulletin is not None:
            query = query.where(c.bulletin == bulletin)
        if station is not None:
            query = query.where(c.station == station)
        if after is not None:
            query = query.where(c.at > after)
        return [records.transmission(row) for row in self._rows(query)]

    def air_times(self, after: datetime | None = None) -> set[tuple[BulletinId, datetime]]:
        """The instants at which a bulletin is planned at any station, or those after an instant."""
        c = tables.transmissions.c
        query = sa.select(c.bulletin, c.at).distinct()
        if after is not None:
            query = query.where(c.at > after)
        return {(BulletinId(row.bulletin), row.at) for row in self._rows(query)}

    def unplanned(self, names: Iterable[BulletinId]) -> set[tuple[BulletinId, StationCode]]:
        """Stations that were taken out of a bulletin's plan and not put in again."""
        f, later = tables.facts, tables.facts.alias()
        again = sa.exists().where(
            (later.c.bulletin == f.c.bulletin) & (later.c.station == f.c.station) & (later.c.number > f.c.number)
            & (later.c.happened == Happened.PLANNED.value)
        )  # fmt: skip
        query = sa.select(f.c.bulletin, f.c.station).where(f.c.happened == Happened.UNPLANNED.value, ~again)
        wanted = set(names)
        return {(row.bulletin, row.station) for row in self._rows(query) if row.bulletin in wanted}

    def planned(self, name: BulletinId) -> set[StationCode]:
        """Stations that are in a bulletin's plan."""
        c = tables.facts.c
        query = sa.select(c.station).where(c.bulletin == name, c.happened == Happened.PLANNED.value).distinct()
        return {row.station for row in self._rows(query)} - {station for _, station in self.unplanned([name])}

    def first_planned(self, names: Iterable[BulletinId]) -> dict[BulletinId, datetime]:
        """When each of some bulletins was planned for the first time."""
        c = tables.facts.c
        first = sa.func.min(c.at, type_=tables.Utc).label("at")
        query = sa.select(c.bulletin, first).where(c.bulletin.in_(list(names)), c.happened == Happened.PLANNED.value)
        return {row.bulletin: row.at for row in self._rows(query.group_by(c.bulletin))}

    def due(self, after: datetime, until: datetime) -> list[Due]:
        """Each bulletin at each station where it is planned to air in a span of time, and what the station holds of it.

        Soonest first; both ends are instants, the first left out.
        """
        t, h = tables.transmissions.c, tables.holdings.c
        first = sa.func.min(t.at, type_=tables.Utc).label("at")
        query = (
            sa.select(t.bulletin, t.station, first, h.digest)
            .outerjoin_from(
                tables.transmissions, tables.holdings, (h.station == t.station) & (h.bulletin == t.bulletin)
            )
            .where(t.at > after, t.at <= until)
            .group_by(t.bulletin, t.station, h.digest)
            .order_by(first, t.station)
        )
        return [Due(row.bulletin, row.station, row.at, row.digest) for row in self._rows(query)]

    def passed(self, since: datetime, now: datetime) -> list[Due]:
        """Each airing that passed in a span of time, soonest first, and what its station held of it at that instant."""
        t, f = tables.transmissions.c, tables.facts.c
        held = (
            sa.select(sa.case((f.happened == Happened.CONFIRMED.value, f.digest)))
            .where(f.bulletin == t.bulletin, f.station == t.station, f.at < t.at)
            .where(f.happened.in_([kind.value for kind in HOLDS]))
            .order_by(f.number.desc())
            .limit(1)
            .scalar_subquery()
        )
        query = sa.select(t.bulletin, t.station, t.at, held.label("digest")).where(t.at > since, t.at <= now)
        rows = self._rows(query.order_by(t.at, t.station))
        return [Due(row.bulletin, row.station, row.at, row.digest) for row in rows]

    # --- marks -------------------------------------------------------------------------------------------------------

    def mark(self, name: str) -> str:
        """How far some work has come; empty where it never began."""
        query = sa.select(tables.marks.c.value).where(tables.marks.c.name == name)
        found = self._rows(query)
        return str(found[0].value) if found else ""

    def set_mark(self, name: str, value: str) -> None:
        """Remember how far some work has come."""
        with self._engine.begin() as connection:
            connection.execute(tables.marks.delete().where(tables.marks.c.name == name))
            connection.execute(tables.marks.insert().values(name=name, value=value))

    # --- delivery ----------------------------------------------------------------------------------------------------

    def holdings(self, names: Iterable[BulletinId] | None = None, station: StationCode | None = None) -> list[Holding]:
        """What stations hold now: of some bulletins, at one station, or all."""
        c = tables.holdings.c
        query = sa.select(tables.holdings).order_by(c.bulletin, c.station)
        if names is not None:
            query = query.where(c.bulletin.in_(list(names)))
        if station is not None:
            query = query.where(c.station == station)
        return [
            Holding(station=row.station, bulletin=row.bulletin, digest=row.digest, remote=row.remote, at=row.at)
            for row in self._rows(query)
        ]

    def held(self) -> set[BulletinId]:
        """Bulletins that any station holds."""
        return {BulletinId(row.bulletin) for row in self._rows(sa.select(tables.holdings.c.bulletin).distinct())}

    def troubles(self) -> dict[StationCode, Trouble]:
        """Stations whose last visit failed."""
        return {
            StationCode(row.station): Trouble(
                code=row.code, reason=row.reason, retry=row.retry, tries=row.tries, since=row.since, next=row.next
            )
            for row in self._rows(sa.select(tables.troubles))
        }

    def receipts(self, station: StationCode | None = None, names: Iterable[BulletinId] | None = None) -> list[Receipt]:
        """Receipts, oldest first: of one station, of some bulletins, or all."""
        c = tables.receipts.c
        query = sa.select(tables.receipts).order_by(c.number)
        if station is not None:
            query = query.where(c.station == station)
        if names is not None:
            query = query.where(c.bulletin.in_(list(names)))
        return [records.receipt(row) for row in self._rows(query)]

    def confirm(self, receipts: Sequence[Receipt], facts: Sequence[Fact], station: StationCode, token: int) -> None:
        """Keep receipts with their facts, if the station's lease is still ours.

        Raises:
            StationBusy: the lease ran out and another run took the station over.
        """
        with self._engine.begin() as connection:
            held = sa.select(tables.leases.c.token).where(tables.leases.c.station == station)
            if connection.execute(held).scalar() != token:
                raise StationBusy(station=station)
            values = [
                {"station": r.station, "bulletin": r.bulletin, "digest": r.digest, "remote": r.remote, "size": r.size,
                 "verified": r.verified.value, "at": r.at, "sent": r.sent}
                for r in receipts
            ]  # fmt: skip
            if values:
                connection.execute(tables.receipts.insert(), values)
            _add(connection, facts)

    def lease(self, station: StationCode, host: str, now: datetime, until: datetime, *, opens: bool = True) -> int:
        """Take a station for one run; the token grows with every lease, so an old holder can be told from a new one.

        The caller holds its machine's own lock for the station. So a lease of the same machine that has not run out is
        that of a run which died, and is taken over at once; another machine's is waited for. One that `opens` a visit
        leaves it unfinished until `release` says otherwise.

        Raises:
            StationBusy: another machine's lease has not run out.
        """
        with self._engine.begin() as connection:
            mine = tables.leases.c.station == station
            row = connection.execute(sa.select(tables.leases).where(mine)).one_or_none()
            if row is not None and row.until > now and row.holder != host:
                raise StationBusy(station=station)
            token = int(row.token) + 1 if row else 1
            finished = not opens and (row is None or row.finished)
            values = {"token": token, "holder": host, "until": until, "finished": finished}
            if row is None:
                connection.execute(tables.leases.insert().values(station=station, **values))
            else:
                connection.execute(tables.leases.update().where(mine).values(**values))
            return token

    def release(self, station: StationCode, token: int, now: datetime, *, finished: bool = False) -> None:
        """Give a lease back; nothing happens where another run took it over meanwhile.

        `finished` says that a visit came to its end, and so the station is in no trouble; one that did not, or was
        killed, is taken up by the next push.
        """
        with self._engine.begin() as connection:
            mine = (tables.leases.c.station == station) & (tables.leases.c.token == token)
            values = {"until": now, **({"finished": True} if finished else {})}
            ours = connection.execute(tables.leases.update().where(mine).values(**values)).rowcount
            if finished and ours:
                connection.execute(tables.troubles.delete().where(tables.troubles.c.station == station))

    def unfinished(self) -> set[StationCode]:
        """Stations whose last visit did not come to its end."""
        query = sa.select(tables.leases.c.station).where(tables.leases.c.finished.is_(False))
        return {StationCode(row.station) for row in self._rows(query)}

    def _rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            return connection.execute(query).all()


def _add(connection: sa.Connection, facts: Sequence[Fact]) -> None:
    values = [
        {"happened": f.happened.value, "who": f.who, "at": f.at, "bulletin": f.bulletin, "station": f.station,
         "digest": f.digest, "detail": dict(f.detail)}
        for f in facts
    ]  # fmt: skip
    if values:
        connection.execute(tables.facts.insert(), values)
        project(connection, facts)


def _among(column: sa.Column[Any], names: Iterable[BulletinId] | None) -> sa.ColumnElement[bool]:
    return column.is_not(None) if names is None else column.in_(list(names))


def _planned(connection: sa.Connection, names: Iterable[BulletinId]) -> set[Transmission]:
    query = sa.select(tables.transmissions).where(_among(tables.transmissions.c.bulletin, names))
    return {records.transmission(row) for row in connection.execute(query)}


# --- opening ---------------------------------------------------------------------------------------------------------


def _sqlite(file: Path) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{file}", connect_args={"timeout": _BUSY_MS / 1000})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own connection
        connection.isolation_level = None  # we say when a transaction begins, not the driver
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_MS}"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # IMMEDIATE: two writers wait for each other instead of failing halfway through.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _revision(engine: sa.Engine) -> str | None:
    with _reading(engine) as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        return found


@contextmanager
def _reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


def _migrate(engine: sa.Engine, found: str | None, file: Path) -> None:
    from alembic import command  # noqa: PLC0415 - heavy, and needed only when the ledger's shape changes
    from alembic.config import Config  # noqa: PLC0415 - as above
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", "pipeline.ledger:migrations")
    ours = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found and found not in ours:
        newer = Says("do một phiên bản Bản Tin mới hơn ghi", "a newer version of Bản Tin wrote it")
        raise LedgerUnusable(where=file, reason=newer)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
