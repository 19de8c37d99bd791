"""When a program showed its token last: one that nobody uses any more can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Nobody wrote it down so far; the next time tells."""
    op.add_column("tokens", sa.Column("used", sa.DateTime))
