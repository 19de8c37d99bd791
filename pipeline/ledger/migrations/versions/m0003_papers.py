"""Airings that were taken out of the plan again, and what the papers at each station list."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_UNPLANNED = """
INSERT INTO unplanned (bulletin, station, at)
SELECT t.bulletin, t.station, t.at FROM transmissions t
WHERE EXISTS (
    SELECT 1 FROM facts f
    WHERE f.bulletin = t.bulletin AND f.station = t.station AND f.happened = 'unplanned' AND NOT EXISTS (
        SELECT 1 FROM facts later
        WHERE later.bulletin = f.bulletin AND later.station = f.station AND later.number > f.number
        AND later.happened = 'planned'
    )
)
"""
# What earlier papers listed nobody wrote down: at least what the station was given. It is visited once, and then known.
_LISTED = """
INSERT INTO listed (station, bulletin, at)
SELECT t.station, t.bulletin, t.at FROM transmissions t
JOIN holdings h ON h.station = t.station AND h.bulletin = t.bulletin
"""


def upgrade() -> None:
    """Make them, and fill what is known; every bulletin still to air is planned once more, by today's rules."""
    op.create_table(
        "unplanned",
        sa.Column("bulletin", sa.String(80), primary_key=True),
        sa.Column("station", sa.String(32), primary_key=True),
        sa.Column("at", sa.DateTime, primary_key=True),
    )
    op.create_table(
        "listed",
        sa.Column("station", sa.String(32), primary_key=True),
        sa.Column("bulletin", sa.String(80), primary_key=True),
        sa.Column("at", sa.DateTime, primary_key=True),
    )
    op.create_index("listed_by_time", "listed", ["at"])
    op.create_index("listed_by_bulletin", "listed", ["bulletin"])
    op.execute(_UNPLANNED)
    op.execute(_LISTED)
    op.execute("DELETE FROM marks WHERE name LIKE 'plan %'")
