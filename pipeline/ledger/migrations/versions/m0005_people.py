"""People with accounts, sessions, tokens, wrong passwords of late; and what the pages ask for often."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables; nobody has an account until the first administrator is admitted by command."""
    op.create_table(
        "people",
        sa.Column("login", sa.String(32), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("alike", sa.String(200), nullable=False, unique=True),
        sa.Column("roles", sa.JSON, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("temporary", sa.Boolean, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("login", sa.String(32), nullable=False),
        sa.Column("until", sa.DateTime, nullable=False),
        sa.Column("seen", sa.DateTime, nullable=False),
    )
    op.create_index("sessions_by_login", "sessions", ["login"])
    op.create_table(
        "tokens",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("login", sa.String(32), nullable=False),
        sa.Column("label", sa.String(80), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("until", sa.DateTime, nullable=False),
        sa.UniqueConstraint("login", "label", name="tokens_once"),
    )
    op.create_table(
        "tries",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("login", sa.String(32), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_index("tries_by_time", "tries", ["at"])
    op.create_table(
        "coverage",
        sa.Column("bulletin", sa.String(80), primary_key=True),
        sa.Column("document", sa.JSON, nullable=False),
    )
    op.create_index("facts_by_station", "facts", ["station", "number"])
