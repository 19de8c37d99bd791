"""The ledger: facts in one transaction with the records they are about. Safe for threads and processes."""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pipeline.core.coverage import Coverage
from pipeline.core.errors import StationBusy
from pipeline.core.facts import Fact, Happened
from pipeline.core.model import (
    Bulletin,
    BulletinId,
    Digest,
    Due,
    Holding,
    Lease,
    Receipt,
    Script,
    Station,
    StationCode,
    Take,
    Transmission,
    Trouble,
)
from pipeline.ledger import coverage, database, documents, records, tables
from pipeline.ledger.accounts import Accounts
from pipeline.ledger.adding import add
from pipeline.ledger.holdings import HOLDS
from pipeline.ledger.kinds import is_kind
from pipeline.ledger.standing import stands

OF_BULLETINS = frozenset(
    {Happened.RECEIVED, Happened.READ, Happened.VOICED, Happened.MASTERED, Happened.HELD, Happened.APPROVED,
     Happened.RETURNED, Happened.WITHDRAWN, Happened.OFFERED, Happened.HEARD, Happened.TAUGHT, Happened.URGED,
     Happened.RUSHED}
)  # fmt: skip
"""Kinds of fact that are never about a station."""
_MOST_NAMES = 500
"""In one question; databases take no more than some thousands."""
_NOBODY = ""
"""The holder of a lease that was given back."""
_TOO_LONG = timedelta(hours=1)
"""No lease holds so long without being renewed."""
_LOT, _A_LOT, _LEAST = 50, 20_000, 200
"""Bulletins whose figures are reckoned and kept together: so many, or until so many airings were looked at; a bulletin
with few of them costs as much as one with so many.
"""
_NO_LONGER = 0.3
"""Seconds that whoever has little patience waits for another who reckons."""


class Ledger:
    """One newsroom's memory. Every writing method is one transaction: all of it is kept, or none.

    Every method raises DiskFull where there is no room for it.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._reckoning = threading.Lock()
        self.accounts = Accounts(engine)
        """People, and who is signed in: in the same database, as each of them is told by a fact."""

    @classmethod
    def open(cls, where: Path | str) -> "Ledger":
        """Open a workspace's ledger, making it or bringing it up to date first: a file, or the URL of a PostgreSQL.

        Raises:
            LedgerUnusable: it cannot be opened, or is damaged.
            DiskFull: there is no room for it.
        """
        return cls(database.sqlite(where) if isinstance(where, Path) else database.postgres(where))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @property
    def is_shared(self) -> bool:
        """Whether other machines may write it, too."""
        return self._engine.dialect.name != "sqlite"

    # --- facts -------------------------------------------------------------------------------------------------------

    def record(self, *facts: Fact) -> None:
        """Add facts."""
        with self._engine.begin() as connection:
            add(connection, facts)

    def record_new(self, facts: Sequence[Fact], since: datetime) -> int:
        """Add those facts about an instant (`at` in their detail) that nobody has added since; how many they were.

        However many look at once, each is told once.
        """
        if not facts:
            return 0
        c = tables.facts.c
        query = sa.select(c.happened, c.bulletin, c.station, c.detail)
        query = query.where(c.happened.in_({fact.happened.value for fact in facts}), c.at >= since)
        query = query.where(c.at <= max(fact.at for fact in facts))  # not what a clock that went wrong told
        with self._engine.begin() as connection:
            told = {(r.happened, r.bulletin, r.station, r.detail.get("at")) for r in connection.execute(query)}
            new = [f for f in facts if (f.happened.value, f.bulletin, f.station, f.detail.get("at")) not in told]
            add(connection, new)
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

    def latest(
        self,
        most: int,
        *,
        before: int = 0,
        since: datetime | None = None,
        until: datetime | None = None,
        happened: Happened | None = None,
        who: str = "",
        bulletin: str = "",
        station: str = "",
    ) -> list[Fact]:
        """The last facts, newest first: at most so many, before a number, between two instants, of what is named."""
        c = tables.facts.c
        query = sa.select(tables.facts).order_by(c.number.desc()).limit(most)
        if before:
            query = query.where(c.number < before)
        if since:
            query = query.where(c.at >= since)
        if until:
            query = query.where(c.at <= until)
        if happened:
            query = query.where(c.happened == happened.value)
        for column, wanted in ((c.who, who), (c.bulletin, bulletin), (c.station, station)):
            if wanted:
                query = query.where(column == wanted)
        return [records.fact(row) for row in self._rows(query)]

    def last_at_each(self, happened: Happened) -> dict[StationCode, Fact]:
        """The last fact of a kind about each station."""
        c = tables.facts.c
        last = sa.select(sa.func.max(c.number)).where(c.happened == happened.value, c.station.is_not(None))
        query = sa.select(tables.facts).where(c.number.in_(last.group_by(c.station)))
        return {row.station: records.fact(row) for row in self._rows(query)}

    def count(self) -> int:
        """How many facts there are: the number of the last one."""
        (row,) = self._rows(sa.select(sa.func.max(tables.facts.c.number).label("last")))
        return int(row.last or 0)

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

    def told(self, names: Iterable[BulletinId] | None = None) -> dict[BulletinId, tuple[int, int]]:
        """How many facts there are about bulletins and no station, and the number of the last: of those named, or all.

        Where both are what they were, nothing was told since, whoever wrote it and in whatever order.
        """
        b, f = tables.bulletins.c, tables.facts.c
        figures = (sa.func.count(f.number).label("many"), sa.func.max(f.number).label("last"))
        here = (f.bulletin == b.id) & (f.station.is_(None))
        query = sa.select(b.id, *figures).join_from(tables.bulletins, tables.facts, here).group_by(b.id)
        return {BulletinId(row.id): (row.many, row.last) for row in self._rows(query.where(_among(b.id, names)))}

    def decided(self, names: Iterable[BulletinId]) -> int:
        """The number of the last fact about some bulletins and no station, such as a signature; 0 for none."""
        c = tables.facts.c
        (row,) = self._rows(
            sa.select(sa.func.max(c.number).label("last")).where(c.bulletin.in_(list(names)), c.station.is_(None))
        )
        return int(row.last or 0)

    def missed(self, names: Iterable[BulletinId] | None = None) -> dict[BulletinId, int]:
        """At how many stations bulletins were missed at an air time: of those named, or all; none where nowhere."""
        c = tables.facts.c
        query = (
            sa.select(c.bulletin, sa.func.count(c.station.distinct()).label("stations"))
            .where(c.happened == Happened.MISSED.value, c.station.is_not(None), _among(c.bulletin, names))
            .group_by(c.bulletin)
        )
        return {BulletinId(row.bulletin): row.stations for row in self._rows(query)}

    def missed_of_late(self, since: datetime, airings: int, stations: int) -> list[tuple[list[Fact], int]]:
        """The last air times that were missed, newest first: some facts of each, and at how many stations in all."""
        c = tables.facts.c
        instant = c.detail["at"].as_string()
        of_late = (c.happened == Happened.MISSED.value, c.at >= since, c.bulletin.is_not(None))
        counted = (
            sa.select(
                c.bulletin,
                instant.label("instant"),
                sa.func.count(c.station.distinct()).label("stations"),
                sa.func.min(c.number).label("first"),
            )
            .where(*of_late)
            .group_by(c.bulletin, instant)
            .order_by(sa.desc("instant"), c.bulletin)
            .limit(airings)
        )
        found = []
        for one in self._rows(counted):
            here = (c.number >= one.first, c.bulletin == one.bulletin, instant == one.instant)
            some = self._rows(sa.select(tables.facts).where(*of_late, *here).order_by(c.number).limit(stations))
            found.append(([records.fact(row) for row in some], one.stations))
        return found

    def last_decision(self) -> int:
        """The number of the last fact by which somebody signed, returned or withdrew something; 0 for none."""
        c = tables.facts.c
        decisions = [Happened.APPROVED.value, Happened.RETURNED.value, Happened.WITHDRAWN.value]
        (row,) = self._rows(sa.select(sa.func.max(c.number).label("last")).where(c.happened.in_(decisions)))
        return int(row.last or 0)

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
                add(connection, [fact])
        except IntegrityError:
            return False
        return True

    def revise(self, bulletin: Bulletin, fact: Fact) -> None:
        """Keep a bulletin as it is from now on, with the fact of what was changed and by whom."""
        document = documents.bulletins().dump_json(bulletin).decode()
        with self._engine.begin() as connection:
            mine = tables.bulletins.c.id == bulletin.id
            connection.execute(tables.bulletins.update().where(mine).values(document=document))
            add(connection, [fact])

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

    def plan(
        self, transmissions: Iterable[Transmission], facts: Sequence[Fact], gone: Iterable[Transmission] = ()
    ) -> int:
        """Add facts with those of some transmissions that do not stand in the plan; how many these were.

        `gone` are those that are taken out of it. What was taken out before may be planned again.
        """
        wanted, out = set(transmissions), set(gone)
        names = {t.bulletin for t in wanted | out}
        with self._engine.begin() as connection:
            there = _of_bulletins(connection, tables.transmissions, names)
            before = _of_bulletins(connection, tables.unplanned, names)
            _insert(connection, tables.transmissions, sorted(wanted - there))
            for again in wanted & before:
                connection.execute(tables.unplanned.delete().where(_is(again)))
            _insert(connection, tables.unplanned, sorted((out & there) - before))
            coverage.forget(connection, names)
            add(connection, facts)
            return len(wanted - (there - before))

    def transmissions(
        self,
        bulletin: BulletinId | None = None,
        station: StationCode | None = None,
        after: datetime | None = None,
        *,
        ever: bool = False,
        most: int | None = None,
    ) -> list[Transmission]:
        """Planned airings, soonest first: of one bulletin, at one station, after an instant, or all; `most` of them.

        `ever` includes those that were taken out of the plan again.
        """
        c = tables.transmissions.c
        query = sa.select(tables.transmissions).order_by(c.at, c.station).limit(most)
        if not ever:
            query = query.where(stands())
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
        query = sa.select(c.at, c.bulletin).where(stands()).distinct()
        if after is not None:
            query = query.where(c.at > after)
        return {(BulletinId(row.bulletin), row.at) for row in self._rows(query)}

    def airings(self, begin: datetime, end: datetime) -> int:
        """How many airings are planned in a span of time, over all stations; its end is left out."""
        c = tables.transmissions.c
        query = sa.select(sa.func.count().label("all")).where(c.at >= begin, c.at < end)
        (row,) = self._rows(query)
        return int(row.all)

    def unplanned(self, names: Iterable[BulletinId]) -> set[tuple[BulletinId, StationCode]]:
        """Stations that were taken out of a bulletin's plan, with all its airings, and not put in again."""
        c = tables.unplanned.c
        query = sa.select(c.bulletin, c.station).where(_among(c.bulletin, names), ~_has_airing(tables.unplanned))
        return {(row.bulletin, row.station) for row in self._rows(query.distinct())}

    def planned(self, name: BulletinId) -> set[StationCode]:
        """Stations that are in a bulletin's plan: at least one of its airings there stands, passed or to come."""
        c = tables.transmissions.c
        query = sa.select(c.station).where(c.bulletin == name, stands()).distinct()
        return {row.station for row in self._rows(query)}

    def stations_planned(self, after: datetime) -> set[StationCode]:
        """Stations for which something was planned to air after an instant, also where it was taken out since."""
        return self._stations(sa.select(tables.transmissions.c.station).where(tables.transmissions.c.at > after))

    def first_planned(self, names: Iterable[BulletinId]) -> dict[BulletinId, datetime]:
        """When each of some bulletins was planned for the first time."""
        c = tables.facts.c
        first = sa.func.min(c.at, type_=tables.Utc).label("at")
        query = sa.select(c.bulletin, first).where(c.bulletin.in_(list(names)), is_kind(c.happened, Happened.PLANNED))
        return {row.bulletin: row.at for row in self._rows(query.group_by(c.bulletin))}

    def due(
        self, after: datetime, until: datetime, now: datetime, stations: Collection[StationCode] | None = None
    ) -> list[Due]:
        """Each bulletin at each station where it is planned to air in a span of time, and what the station holds of it.

        At some stations, or at all.

        What was cleaned away after its time is told as if it were still there; but not what a clock that went wrong
        cleaned later than `now`. Soonest first; both ends are instants, the first left out.
        """
        query = _due(after, until, now, stations)
        return [Due(row.bulletin, row.station, row.at, row.digest) for row in self._rows(query)]

    def stations_due(self, after: datetime, until: datetime, names: Collection[BulletinId]) -> set[StationCode]:
        """Stations where any of some bulletins is planned to air in a span of time, its beginning left out."""
        c = tables.transmissions.c
        query = sa.select(c.station).where(c.at > after, c.at <= until, stands(), c.bulletin.in_(list(names)))
        return self._stations(query)

    def due_counts(
        self, after: datetime, until: datetime, now: datetime, good: Mapping[BulletinId, Collection[Digest]]
    ) -> tuple[list[tuple[BulletinId, datetime, int, int]], int, int]:
        """The same in figures, where `good` are the bytes that each bulletin should be there as.

        Each of those bulletins with its first air time in the span, its stations, and those that hold it; then how many
        stations are to air any of them, and how many hold all that they are to.
        """
        rows = _due(after, until, now).order_by(None).cte().c
        holds = sa.case((_is_good(rows.bulletin, rows.digest, good), 1), else_=0)
        among = rows.bulletin.in_(list(good))
        first = sa.func.min(rows.at, type_=tables.Utc)
        by_bulletin: sa.Select[Any] = sa.select(rows.bulletin, first, sa.func.count(), sa.func.sum(holds))
        whole = sa.select(sa.func.min(holds).label("whole")).where(among).group_by(rows.station).subquery()
        total: Any = sa.select(sa.null(), sa.null(), sa.func.count(), sa.func.sum(whole.c.whole))
        both = sa.union_all(by_bulletin.where(among).group_by(rows.bulletin), total.select_from(whole))
        with database.reading(self._engine) as connection:  # in one question: what is due is looked up once
            *served, (_, _, stations, complete) = connection.execute(both).all()
        found = [(BulletinId(name), at, int(count), int(holding)) for name, at, count, holding in served]
        return sorted(found, key=lambda one: (one[1], one[0])), int(stations), int(complete or 0)

    def first_lacking(
        self, after: datetime, until: datetime, now: datetime, good: Mapping[BulletinId, Collection[Digest]]
    ) -> datetime | None:
        """When any of those bulletins is to air first in the span where its station does not hold it; see above."""
        rows = _due(after, until, now).order_by(None).subquery().c
        first = sa.func.min(rows.at, type_=tables.Utc).label("at")
        lacks = rows.bulletin.in_(list(good)) & ~_is_good(rows.bulletin, rows.digest, good)
        (row,) = self._rows(sa.select(first).where(lacks))
        found: datetime | None = row.at
        return found

    def passed(self, since: datetime, now: datetime) -> list[Due]:
        """Each airing that passed in a span of time, soonest first, and what its station held of it at that instant."""
        t, f = tables.transmissions.c, tables.facts.c
        held = (
            sa.select(sa.case((f.happened == Happened.CONFIRMED.value, f.digest)))
            .where(f.bulletin == t.bulletin, f.station == t.station, f.at < t.at)
            .where(is_kind(f.happened, *HOLDS))
            .order_by(f.number.desc())
            .limit(1)
            .scalar_subquery()
        )
        query = sa.select(t.bulletin, t.station, t.at, held.label("digest")).where(t.at > since, t.at <= now, stands())
        rows = self._rows(query.order_by(t.at, t.station))
        return [Due(row.bulletin, row.station, row.at, row.digest) for row in rows]

    def coverage(self, names: Iterable[BulletinId], patience: int | None = None) -> dict[BulletinId, Coverage]:
        """How far each of some bulletins got over all its stations.

        What nothing changed since is not reckoned again: of a year that has passed, nothing. With `patience`, what is
        out of date is reckoned, the newest first, only until so many airings were looked at; the rest is told as it was
        known last, and says so (`is_current`).
        """
        wanted = list(names)
        with database.reading(self._engine) as connection:
            found = coverage.known(connection, wanted)
        left = sorted({name for name in wanted if name not in found or not found[name].is_current}, reverse=True)
        found |= {name: Coverage(is_current=False) for name in left if name not in found}
        while left and (patience is None or patience > 0):
            if not self._reckoning.acquire(timeout=-1 if patience is None else _NO_LONGER):
                break
            try:
                made = self._reckon(left, _A_LOT if patience is None else patience)
            finally:
                self._reckoning.release()
            found |= made
            left = left[len(made) :]
            patience = None if patience is None else patience - _work(made)
        return found

    def reckon(self, until: Callable[[], bool]) -> int:
        """Reckon how far bulletins got, where that is out of date, the newest first, before anybody asks for it.

        It ends early where `until` says so, asked after every few. How many bulletins are left.
        """
        with database.reading(self._engine) as connection:
            left = coverage.outdated(connection)
        while left and not until():
            with self._reckoning:
                left = left[len(self._reckon(left, _A_LOT)) :]
        return len(left)

    def _reckon(self, names: Sequence[BulletinId], most: int) -> dict[BulletinId, Coverage]:
        """The coverage of the first few of some bulletins, reckoned and kept until so many airings were looked at.

        One at a time in a process: whoever waited finds what the one before has reckoned.
        """
        with self._engine.begin() as connection:
            found = coverage.begin(connection, names[:_LOT])
        made: dict[BulletinId, Coverage] = {}
        new: dict[BulletinId, tuple[Coverage, int]] = {}
        for name in names[:_LOT]:
            if not found[name].is_current:
                with database.snapshot(self._engine) as connection:
                    new[name] = coverage.reckon(connection, name)
            made[name] = new[name][0] if name in new else found[name]
            if _work(made) >= most:
                break
        with self._engine.begin() as connection:
            for name, (one, seen) in new.items():
                coverage.keep(connection, name, one, seen)
        return made

    def reach(self, name: BulletinId, most: int) -> list[Due]:
        """Stations of a bulletin's plan with what each holds of it: those that hold nothing first, at most so many."""
        t, h = tables.transmissions.c, tables.holdings
        first = sa.func.min(t.at, type_=tables.Utc).label("at")
        plan = sa.select(t.station, first).where(t.bulletin == name, stands()).group_by(t.station).subquery()
        here = (h.c.station == plan.c.station) & (h.c.bulletin == name)
        query = sa.select(plan.c.station, plan.c.at, h.c.digest).outerjoin_from(plan, h, here)
        rows = self._rows(query.order_by(h.c.digest.is_not(None), plan.c.station).limit(most))
        return [Due(name, row.station, row.at, row.digest) for row in rows]

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

    # --- papers: what the timetable at each station lists ------------------------------------------------------------

    def set_listed(
        self, station: Station, airings: Iterable[Transmission], token: int, others: Iterable[StationCode] = ()
    ) -> None:
        """Remember which airings the timetable lists that now stands at a station, if its lease is still ours.

        `others` are stations of the same place: their airings stand in the same timetable.

        Raises:
            StationBusy: the lease ran out and another run took the station over.
        """
        with self._engine.begin() as connection:
            _must_hold(connection, station.code, token)
            mine = tables.leases.c.station == station.code
            connection.execute(tables.leases.update().where(mine).values(machine=station.machine))
            connection.execute(tables.listed.delete().where(tables.listed.c.station.in_([station.code, *others])))
            _insert(connection, tables.listed, sorted(airings))

    def must_hold(self, station: StationCode, token: int) -> None:
        """Raise StationBusy where another run took a station over."""
        with database.reading(self._engine) as connection:
            _must_hold(connection, station, token)

    def machines(self, only: StationCode | None = None) -> dict[StationCode, Digest]:
        """Which machine each station's papers, or those of one, were brought to last, where that is known."""
        c = tables.leases.c
        query = sa.select(c.station, c.machine).where(c.machine != "")
        rows = self._rows(query if only is None else query.where(c.station == only))
        return {StationCode(row.station): Digest(row.machine) for row in rows}

    def unlisted(self, after: datetime, until: datetime) -> list[Holding]:
        """What stations hold and are to air in a span of time, where their timetable does not list an airing of it."""
        t, h, n = tables.transmissions.c, tables.holdings, tables.listed.c
        listed = sa.exists().where(n.station == t.station, n.bulletin == t.bulletin, n.at == t.at)
        here = (h.c.station == t.station) & (h.c.bulletin == t.bulletin)
        query = sa.select(h).join_from(tables.transmissions, h, here).distinct()
        rows = self._rows(query.where(t.at > after, t.at <= until, stands(), ~listed))
        return [records.holding(row) for row in rows]

    def listed(self, after: datetime) -> set[BulletinId]:
        """Bulletins of which some timetable lists an airing after an instant."""
        c = tables.listed.c
        return {BulletinId(row.bulletin) for row in self._rows(sa.select(c.bulletin).where(c.at > after).distinct())}

    def listing(self, names: Iterable[BulletinId], after: datetime) -> set[StationCode]:
        """Stations whose timetable lists an airing of some bulletins after an instant."""
        c = tables.listed.c
        return self._stations(sa.select(c.station).where(c.at > after, c.bulletin.in_(list(names))))

    def listing_unplanned(self, after: datetime) -> set[StationCode]:
        """Stations whose timetable lists an airing after an instant that was taken out of the plan since."""
        c = tables.listed.c
        return self._stations(sa.select(c.station).where(c.at > after, ~stands(tables.listed)))

    def listing_passed(self, now: datetime) -> set[StationCode]:
        """Stations whose timetable lists an airing that has passed."""
        c = tables.listed.c
        return self._stations(sa.select(c.station).where(c.at <= now))

    def _stations(self, query: sa.Select[Any]) -> set[StationCode]:
        return {StationCode(row.station) for row in self._rows(query.distinct())}

    # --- delivery ----------------------------------------------------------------------------------------------------

    def holdings(self, names: Iterable[BulletinId] | None = None, station: StationCode | None = None) -> list[Holding]:
        """What stations hold now: of some bulletins, at one station, or all."""
        c = tables.holdings.c
        query = sa.select(tables.holdings).order_by(c.bulletin, c.station)
        if names is not None:
            query = query.where(c.bulletin.in_(list(names)))
        if station is not None:
            query = query.where(c.station == station)
        return [records.holding(row) for row in self._rows(query)]

    def lost(self, station: StationCode | None = None) -> list[Holding]:
        """What an audit did not find at its station, and nobody brought again or took away since: at one, or at all."""
        f, later = tables.facts, tables.facts.alias()
        since = sa.exists().where(
            later.c.bulletin == f.c.bulletin, later.c.station == f.c.station, later.c.number > f.c.number,
            is_kind(later.c.happened, *HOLDS),
        )  # fmt: skip
        query = sa.select(f).where(f.c.happened == Happened.LOST.value, ~since).order_by(f.c.number)
        if station is not None:
            query = query.where(f.c.station == station)
        return [records.lost(row) for row in self._rows(query)]

    def strays(self) -> list[Holding]:
        """What stations hold of bulletins that are not in their plan any more, with no airing at all."""
        h, u = tables.holdings, tables.unplanned.c
        out = sa.select(u.bulletin, u.station).distinct().subquery().c
        here = (h.c.bulletin == out.bulletin) & (h.c.station == out.station)
        query = sa.select(h).where(here, ~_has_airing(h)).order_by(h.c.bulletin, h.c.station)
        return [records.holding(row) for row in self._rows(query)]

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

    def last_receipts(self, station: StationCode, most: int) -> list[Receipt]:
        """So many receipts of a station, the newest first."""
        c = tables.receipts.c
        query = sa.select(tables.receipts).where(c.station == station).order_by(c.number.desc()).limit(most)
        return [records.receipt(row) for row in self._rows(query)]

    def confirm(self, receipts: Sequence[Receipt], facts: Sequence[Fact], station: StationCode, token: int) -> None:
        """Keep receipts with their facts, if the station's lease is still ours.

        Raises:
            StationBusy: the lease ran out and another run took the station over.
        """
        with self._engine.begin() as connection:
            _must_hold(connection, station, token)
            values = [
                {"station": r.station, "bulletin": r.bulletin, "digest": r.digest, "remote": r.remote, "size": r.size,
                 "verified": r.verified.value, "at": r.at, "sent": r.sent}
                for r in receipts
            ]  # fmt: skip
            if values:
                connection.execute(tables.receipts.insert(), values)
            add(connection, facts)

    def lease(
        self,
        station: StationCode,
        holder: str,
        now: datetime,
        until: datetime,
        *,
        opens: bool = True,
        over: Lease | None = None,
    ) -> int:
        """Take a station for one run; the token grows with every lease, so an old holder can be told from a new one.

        The caller has the holder's own lock for the station. So a lease of the same holder is that of a run which died,
        and is taken over at once; so is one that is still as the caller saw it (`over`). One that `opens` a visit
        leaves it unfinished until `release` says otherwise.

        Raises:
            StationBusy: another holder's lease had not run out by `now`.
        """
        with self._engine.begin() as connection:
            mine = tables.leases.c.station == station
            row = connection.execute(sa.select(tables.leases).where(mine)).one_or_none()
            if row is not None and _is_held(row, now) and row.holder != holder and Lease(row.token, row.until) != over:
                raise StationBusy(station=station)
            token = int(row.token) + 1 if row else 1
            finished = not opens and (row is None or row.finished)
            values = {"token": token, "holder": holder, "until": until, "finished": finished}
            if row is None:
                connection.execute(tables.leases.insert().values(station=station, **values))
            else:
                connection.execute(tables.leases.update().where(mine).values(**values))
            return token

    def leased(self, station: StationCode, now: datetime) -> Lease | None:
        """The lease of whoever has a station; renewed, it is another."""
        rows = self._rows(sa.select(tables.leases).where(tables.leases.c.station == station))
        return Lease(rows[0].token, rows[0].until) if rows and _is_held(rows[0], now) else None

    def renew(self, station: StationCode, token: int, until: datetime) -> None:
        """Let a lease hold longer.

        Raises:
            StationBusy: another run took the station over.
        """
        with self._engine.begin() as connection:
            _must_hold(connection, station, token)
            mine = tables.leases.c.station == station
            connection.execute(tables.leases.update().where(mine).values(until=until))

    def release(self, station: StationCode, token: int, now: datetime, *, finished: bool = False) -> None:
        """Give a lease back; nothing happens where another run took it over meanwhile.

        `finished` says that a visit came to its end, and so the station is in no trouble; one that did not, or was
        killed, is taken up by the next push.
        """
        with self._engine.begin() as connection:
            mine = (tables.leases.c.station == station) & (tables.leases.c.token == token)
            values = {"holder": _NOBODY, "until": now, **({"finished": True} if finished else {})}
            ours = connection.execute(tables.leases.update().where(mine).values(**values)).rowcount
            if finished and ours:
                connection.execute(tables.troubles.delete().where(tables.troubles.c.station == station))

    def visited(self, now: datetime) -> set[StationCode]:
        """Stations that some run has a lease on; one of an hour was written by a clock that went wrong."""
        c = tables.leases.c
        query = sa.select(c.station).where(c.holder != _NOBODY, c.until > now, c.until < now + _TOO_LONG)
        return self._stations(query)

    def unfinished(self) -> set[StationCode]:
        """Stations whose last visit did not come to its end; those that are being visited are among them."""
        return self._stations(sa.select(tables.leases.c.station).where(tables.leases.c.finished.is_(False)))

    def _rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        with database.reading(self._engine) as connection:
            return connection.execute(query).all()


def _work(made: Mapping[BulletinId, Coverage]) -> int:
    """How many airings' worth of work it was to reckon some coverage."""
    return sum(max(one.airings, _LEAST) for one in made.values())


def _is_held(lease: sa.Row[Any], now: datetime) -> bool:
    """Whether it was not released, nor ran out; a clock that was ahead may have released it in the time to come."""
    return bool(lease.holder != _NOBODY and lease.until > now)


def _due(
    after: datetime, until: datetime, now: datetime, stations: Collection[StationCode] | None = None
) -> sa.Select[Any]:
    """Bulletin, station, first instant and digest of what is due in a span of time, soonest first; see `Ledger.due`."""
    t, h, f = tables.transmissions.c, tables.holdings.c, tables.facts.c
    first = sa.func.min(t.at, type_=tables.Utc).label("at")
    here = sa.true() if stations is None else t.station.in_(list(stations))
    airings = (
        sa.select(t.bulletin, t.station, first)
        .where(t.at > after, t.at <= until, stands(), here)
        .group_by(t.bulletin, t.station)
        .subquery()
    )
    d = airings.c
    cleaned = (
        sa.select(f.digest)
        .where(f.bulletin == d.bulletin, f.station == d.station, is_kind(f.happened, Happened.CLEANED))
        .where(f.at <= now)
        .order_by(f.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    held = (h.station == d.station) & (h.bulletin == d.bulletin)
    due = sa.select(d.bulletin, d.station, d.at, sa.func.coalesce(h.digest, cleaned).label("digest"))
    return due.outerjoin_from(airings, tables.holdings, held).order_by(d.at, d.station, d.bulletin)


_Good = Mapping[BulletinId, Collection[Digest]]


def _is_good(bulletin: sa.ColumnElement[Any], digest: sa.ColumnElement[Any], good: _Good) -> sa.ColumnElement[bool]:
    """Whether what is there of a bulletin is one of the digests that it should be there as; never unknown."""
    pairs = [(bulletin == name) & digest.in_(list(digests)) for name, digests in good.items() if digests]
    return sa.func.coalesce(sa.or_(sa.false(), *pairs), sa.false())


def _must_hold(connection: sa.Connection, station: StationCode, token: int) -> None:
    held = sa.select(tables.leases.c.token).where(tables.leases.c.station == station)
    if connection.execute(held).scalar() != token:
        raise StationBusy(station=station)


def _among(column: sa.Column[Any], names: Iterable[BulletinId] | None) -> sa.ColumnElement[bool]:
    return column.is_not(None) if names is None else column.in_(list(names))


def _of_bulletins(connection: sa.Connection, table: sa.Table, names: Iterable[BulletinId]) -> set[Transmission]:
    query: sa.Select[Any] = sa.select(table).where(_among(table.c.bulletin, names))
    return {records.transmission(row) for row in connection.execute(query)}


def _insert(connection: sa.Connection, table: sa.Table, airings: Sequence[Transmission]) -> None:
    if airings:
        rows = [{"at": t.at, "station": t.station, "bulletin": t.bulletin} for t in airings]
        connection.execute(table.insert(), rows)


def _is(airing: Transmission) -> sa.ColumnElement[bool]:
    u = tables.unplanned.c
    return (u.bulletin == airing.bulletin) & (u.station == airing.station) & (u.at == airing.at)


def _has_airing(of: sa.Table) -> sa.ColumnElement[bool]:
    """Whether any transmission of a row's bulletin at its station stands."""
    t = tables.transmissions.alias()
    return sa.exists().where(t.c.bulletin == of.c.bulletin, t.c.station == of.c.station, stands(t))
