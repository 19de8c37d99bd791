"""Which planned airings stand: those that were not taken out of the plan again."""

import sqlalchemy as sa

from pipeline.ledger import tables


def stands(airings: sa.FromClause = tables.transmissions) -> sa.ColumnElement[bool]:
    """Whether a transmission is in the plan, and was not taken out again."""
    t, u = airings.c, tables.unplanned.alias().c
    return ~sa.exists().where(u.bulletin == t.bulletin, u.station == t.station, u.at == t.at)
