"""Where a ledger lives: a file of one machine (SQLite), or a PostgreSQL of many. Both have one writer at a time.

No fault of either shows the values of a statement: among them are digests of passwords.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError

from pipeline.core.errors import DiskFull, LedgerAway, LedgerUnusable, PipelineError, Says, ToolMissing
from pipeline.ledger import tables

_BUSY_MS = 30_000
"""How long one writer waits for another."""
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}
"""How SQLite says that the disk has no room for the ledger, or for the index that readers and writers share."""
_CONNECT, _STALL_MS = 10, 20_000
"""How long a PostgreSQL may take to let us in (s), and what we send may stay unacknowledged (ms): leases wait."""
_WRITERS = 207
"""The number of the advisory lock that writers in PostgreSQL take turns by."""
READ_ONLY = {"isolation_level": "AUTOCOMMIT"}
"""What marks a connection that only reads: it waits for no writer and holds none up."""


def sqlite(file: Path) -> sa.Engine:
    """The ledger in a file, made or brought up to date.

    Raises:
        LedgerUnusable: it cannot be opened, or is damaged.
        DiskFull: there is no room for it, now or at any later call.
    """
    engine = sa.create_engine(f"sqlite:///{file}", connect_args={"timeout": _BUSY_MS / 1000}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own connection
        connection.isolation_level = None  # we say when a transaction begins, not the driver
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_MS}"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "handle_error")
    def full(context: ExceptionContext) -> None:
        if getattr(context.original_exception, "sqlite_errorcode", None) in _FULL:
            raise DiskFull(where=file) from context.original_exception

    # IMMEDIATE: two writers wait for each other instead of failing halfway through.
    _turns(engine, "BEGIN IMMEDIATE")
    return _up_to_date(engine, str(file), before=lambda: file.parent.mkdir(parents=True, exist_ok=True))


def postgres(url: str) -> sa.Engine:
    """The ledger in a PostgreSQL database, made or brought up to date; the password is libpq's business (~/.pgpass).

    Raises:
        LedgerAway: nobody answers there, now or at any later call, or it does not let us in.
        LedgerUnusable: it holds what a newer version wrote.
        ToolMissing: the driver is not installed.
    """
    patience = f"-c lock_timeout={_BUSY_MS} -c idle_in_transaction_session_timeout={2 * _BUSY_MS} -c timezone=UTC"
    try:
        import psycopg  # noqa: F401, PLC0415 - an extra; without it, say what to install
    except ImportError as problem:
        raise ToolMissing(tool="psycopg", reason=problem, how="pip install 'bantin[postgres]'") from problem
    engine = sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,  # a server that was restarted costs a new connection, not a night
        pool_size=8,
        max_overflow=32,
        hide_parameters=True,
        connect_args={"connect_timeout": _CONNECT, "tcp_user_timeout": _STALL_MS, "options": patience},
    )
    _turns(engine, f"SELECT pg_advisory_xact_lock({_WRITERS})")
    _tell_loss(engine, url)
    return _up_to_date(engine, url)


def _turns(engine: sa.Engine, take: str) -> None:
    """Have every transaction that may write begin by taking its turn."""

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != READ_ONLY["isolation_level"]:
            connection.exec_driver_sql(take)


def _tell_loss(engine: sa.Engine, where: str) -> None:
    """Say in our words that the server is away; whoever works on something may try again later."""

    @event.listens_for(engine, "handle_error")
    def tell(context: ExceptionContext) -> Exception | None:
        if context.is_pre_ping or not isinstance(context.sqlalchemy_exception, OperationalError):
            return None
        return LedgerAway(where=where, reason=str(context.original_exception).strip())


def _up_to_date(engine: sa.Engine, where: str, before: Callable[[], object] = lambda: None) -> sa.Engine:
    try:
        before()
        if (found := _revision(engine)) != tables.HEAD:
            _migrate(engine, found, where)
    except (DBAPIError, OSError) as problem:
        engine.dispose()
        raise LedgerUnusable(where=where, reason=getattr(problem, "orig", problem)) from problem
    except PipelineError:
        engine.dispose()
        raise
    return engine


def _revision(engine: sa.Engine) -> str | None:
    with reading(engine) as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        return found


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that only reads."""
    with engine.connect().execution_options(**READ_ONLY) as connection:
        yield connection


@contextmanager
def snapshot(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that only reads, all of it as the ledger was when it began, whatever is written meanwhile."""
    begin = "BEGIN" if engine.dialect.name == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    with reading(engine) as connection:
        connection.exec_driver_sql(begin)
        try:
            yield connection
        finally:
            connection.exec_driver_sql("ROLLBACK")


def _migrate(engine: sa.Engine, found: str | None, where: str) -> None:
    from alembic import command  # noqa: PLC0415 - heavy, and needed only when the ledger's shape changes
    from alembic.config import Config  # noqa: PLC0415 - as above
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", "pipeline.ledger:migrations")
    ours = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found and found not in ours:
        newer = Says("do một phiên bản Bản Tin mới hơn ghi", "a newer version of Bản Tin wrote it")
        raise LedgerUnusable(where=where, reason=newer)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
