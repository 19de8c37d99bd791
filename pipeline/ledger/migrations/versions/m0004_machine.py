"""Which machine a station's papers were brought to: another one in its place begins with nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nobody wrote down which machine it was so far; the next visit does."""
    op.add_column("leases", sa.Column("machine", sa.String(64), nullable=False, server_default=""))
