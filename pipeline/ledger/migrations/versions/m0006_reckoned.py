"""How far each bulletin's figures were reckoned; airings of a span of time without a look at each row."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """What was reckoned before is reckoned once more."""
    op.drop_table("coverage")
    op.create_table(
        "coverage",
        sa.Column("bulletin", sa.String(80), primary_key=True),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("changed", sa.Integer, nullable=False, server_default="1"),
        sa.Column("reckoned", sa.Integer, nullable=False, server_default="0"),
    )
    op.drop_index("transmissions_by_time", "transmissions")
    op.create_index("transmissions_by_time", "transmissions", ["at", "bulletin", "station"])
