"""The ledger's tables. Instants are stored as UTC; facts, receipts and transmissions are only ever added."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    true,
)
from sqlalchemy.engine import Dialect

HEAD = "0007"
"""The migration these tables are at."""

APPEND_ONLY = ("facts", "transmissions", "receipts")

metadata = MetaData()


class Utc(TypeDecorator[datetime]):
    """An aware UTC instant; naive ones are refused, for nobody knows what they mean."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Store the UTC wall time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give it back aware."""
        return None if value is None else value.replace(tzinfo=UTC)


facts = Table(
    "facts",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("happened", String(16), nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Utc, nullable=False),
    Column("bulletin", String(80)),
    Column("station", String(32)),
    Column("digest", String(64)),
    Column("detail", JSON, nullable=False),
    Index("facts_by_bulletin", "bulletin", "station", "number"),
    Index("facts_by_kind", "happened", "number"),
    Index("facts_by_station", "station", "number"),
    sqlite_autoincrement=True,
)

scripts = Table(
    "scripts",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("document", Text, nullable=False),
)

bulletins = Table(
    "bulletins",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("script", String(64), nullable=False, unique=True),
    Column("document", Text, nullable=False),
)

takes = Table(
    "takes",
    metadata,
    Column("recipe", String(64), primary_key=True),
    Column("audio", String(64), nullable=False),
    Column("seconds", Float, nullable=False),
    Column("engine", String(32), nullable=False),
    Column("voice", String(64), nullable=False),
)

transmissions = Table(
    "transmissions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", Utc, nullable=False),
    Column("station", String(32), nullable=False),
    Column("bulletin", String(80), nullable=False),
    UniqueConstraint("bulletin", "station", "at", name="transmissions_once"),
    Index("transmissions_by_time", "at", "bulletin", "station"),
    Index("transmissions_by_station", "station", "at"),
)

unplanned = Table(
    "unplanned",
    metadata,
    Column("bulletin", String(80), primary_key=True),
    Column("station", String(32), primary_key=True),
    Column("at", Utc, primary_key=True),
)
"""Transmissions that were taken out of the plan and not put in again; kept in the transaction of their facts."""

receipts = Table(
    "receipts",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("station", String(32), nullable=False),
    Column("bulletin", String(80), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("remote", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("verified", String(16), nullable=False),
    Column("at", Utc, nullable=False),
    Column("sent", Integer, nullable=False),
    Index("receipts_by_bulletin", "bulletin", "station"),
)

leases = Table(
    "leases",
    metadata,
    Column("station", String(32), primary_key=True),
    Column("token", Integer, nullable=False),
    Column("holder", Text, nullable=False),
    Column("until", Utc, nullable=False),
    Column("finished", Boolean, nullable=False, server_default=true()),
    Column("machine", String(64), nullable=False, server_default=""),
)
"""Who visits a station (nobody: empty), until when; whether the last visit came to its end, papers and all; and which
machine it was that has them.
"""

holdings = Table(
    "holdings",
    metadata,
    Column("station", String(32), primary_key=True),
    Column("bulletin", String(80), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("remote", Text, nullable=False),
    Column("at", Utc, nullable=False),
    Index("holdings_by_bulletin", "bulletin"),
)
"""What each station holds now: an index over the facts, kept in their transaction."""

listed = Table(
    "listed",
    metadata,
    Column("station", String(32), primary_key=True),
    Column("bulletin", String(80), primary_key=True),
    Column("at", Utc, primary_key=True),
    Index("listed_by_time", "at"),
    Index("listed_by_bulletin", "bulletin"),
)
"""The airings that the timetable at each station lists since the last visit; losing a row costs a visit less."""

troubles = Table(
    "troubles",
    metadata,
    Column("station", String(32), primary_key=True),
    Column("code", String(8), nullable=False),
    Column("reason", Text, nullable=False),
    Column("retry", Boolean, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("since", Utc, nullable=False),
    Column("next", Utc),
)
"""Stations whose last visit failed, and when to try again: an index over the facts, kept in their transaction."""

marks = Table(
    "marks",
    metadata,
    Column("name", String(96), primary_key=True),
    Column("value", Text, nullable=False),
)
"""How far work has come that looks back, and for which inputs it was done; losing one costs time, nothing else."""

people = Table(
    "people",
    metadata,
    Column("login", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("alike", String(200), nullable=False, unique=True),
    Column("roles", JSON, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("password", Text, nullable=False),
    Column("temporary", Boolean, nullable=False),
)
"""Accounts; `alike` is the name as a careless eye reads it, `temporary` a password that somebody else chose."""

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("login", String(32), nullable=False),
    Column("until", Utc, nullable=False),
    Column("seen", Utc, nullable=False),
    Index("sessions_by_login", "login"),
)
"""Who is signed in: the digest of what their browser holds, never that itself."""

tokens = Table(
    "tokens",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("login", String(32), nullable=False),
    Column("label", String(80), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("until", Utc, nullable=False),
    Column("used", Utc),
    UniqueConstraint("login", "label", name="tokens_once"),
)
"""What programs show in a person's name; digests, too. `used` is when one was shown last, to the hour or so."""

tries = Table(
    "tries",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("login", String(32), nullable=False),
    Column("address", String(64), nullable=False),
    Column("at", Utc, nullable=False),
    Index("tries_by_time", "at"),
)
"""Wrong passwords of late; they are forgotten after a day."""

coverage = Table(
    "coverage",
    metadata,
    Column("bulletin", String(80), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("changed", Integer, nullable=False, server_default="1"),
    Column("reckoned", Integer, nullable=False, server_default="0"),
)
"""Figures over a bulletin's stations: an index over facts, receipts and plan; losing a row costs reckoning it anew.

`changed` counts what made them out of date, `reckoned` says as of which of these they are: where both are equal, now.
"""
