"""What each station holds and which are in trouble, as indexes over the facts; marks of work that looks back."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_HELD = """
INSERT INTO holdings (station, bulletin, digest, remote, at)
SELECT c.station, c.bulletin, c.digest, r.remote, c.at
FROM facts c JOIN receipts r ON r.number = (
    SELECT MAX(number) FROM receipts
    WHERE station = c.station AND bulletin = c.bulletin AND digest = c.digest
)
WHERE c.happened = 'confirmed' AND NOT EXISTS (
    SELECT 1 FROM facts later
    WHERE later.bulletin = c.bulletin AND later.station = c.station AND later.number > c.number
    AND later.happened IN ('confirmed', 'recalled')
)
"""


def upgrade() -> None:
    """Make them, and fill what the facts already say."""
    op.create_table(
        "holdings",
        sa.Column("station", sa.String(32), primary_key=True),
        sa.Column("bulletin", sa.String(80), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("remote", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_index("holdings_by_bulletin", "holdings", ["bulletin"])
    op.create_table(
        "troubles",
        sa.Column("station", sa.String(32), primary_key=True),
        sa.Column("code", sa.String(8), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("retry", sa.Boolean, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("since", sa.DateTime, nullable=False),
        sa.Column("next", sa.DateTime),
    )
    op.add_column("leases", sa.Column("finished", sa.Boolean, nullable=False, server_default=sa.true()))
    op.create_table(
        "marks",
        sa.Column("name", sa.String(96), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.drop_index("facts_by_bulletin", "facts")
    op.create_index("facts_by_bulletin", "facts", ["bulletin", "station", "number"])
    op.create_index("transmissions_by_station", "transmissions", ["station", "at"])
    op.execute(_HELD)
