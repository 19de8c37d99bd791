"""The first shape of the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables; let the database itself refuse to change or delete what happened."""
    op.create_table(
        "facts",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("happened", sa.String(16), nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("bulletin", sa.String(80)),
        sa.Column("station", sa.String(32)),
        sa.Column("digest", sa.String(64)),
        sa.Column("detail", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("facts_by_bulletin", "facts", ["bulletin", "number"])
    op.create_index("facts_by_kind", "facts", ["happened", "number"])
    op.create_table(
        "scripts",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "bulletins",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("script", sa.String(64), nullable=False, unique=True),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "takes",
        sa.Column("recipe", sa.String(64), primary_key=True),
        sa.Column("audio", sa.String(64), nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("engine", sa.String(32), nullable=False),
        sa.Column("voice", sa.String(64), nullable=False),
    )
    op.create_table(
        "transmissions",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("station", sa.String(32), nullable=False),
        sa.Column("bulletin", sa.String(80), nullable=False),
        sa.UniqueConstraint("bulletin", "station", "at", name="transmissions_once"),
    )
    op.create_index("transmissions_by_time", "transmissions", ["at"])
    op.create_table(
        "receipts",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("station", sa.String(32), nullable=False),
        sa.Column("bulletin", sa.String(80), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("remote", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("verified", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("sent", sa.Integer, nullable=False),
    )
    op.create_index("receipts_by_bulletin", "receipts", ["bulletin", "station"])
    op.create_table(
        "leases",
        sa.Column("station", sa.String(32), primary_key=True),
        sa.Column("token", sa.Integer, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until", sa.DateTime, nullable=False),
    )
    refuse = {"sqlite": _refuse_on_sqlite, "postgresql": _refuse_on_postgres}[op.get_bind().dialect.name]
    refuse("facts", "transmissions", "receipts")


def _refuse_on_sqlite(*tables: str) -> None:
    for table in tables:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} are only ever added'); END"
            )


def _refuse_on_postgres(*tables: str) -> None:
    op.execute(
        "CREATE FUNCTION only_ever_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '% are only ever added', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; "
        "END $$"
    )
    for table in tables:
        op.execute(
            f"CREATE TRIGGER {table}_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION only_ever_added()"
        )
