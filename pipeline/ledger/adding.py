"""Adding facts, with what is kept beside them, in the transaction of whoever has one open."""

from collections.abc import Sequence

import sqlalchemy as sa

from pipeline.core.facts import Fact
from pipeline.ledger import tables
from pipeline.ledger.coverage import forget_of
from pipeline.ledger.holdings import project


def add(connection: sa.Connection, facts: Sequence[Fact]) -> None:
    """Add facts, and bring the indexes over them up to date."""
    values = [
        {"happened": f.happened.value, "who": f.who, "at": f.at, "bulletin": f.bulletin, "station": f.station,
         "digest": f.digest, "detail": dict(f.detail)}
        for f in facts
    ]  # fmt: skip
    if values:
        connection.execute(tables.facts.insert(), values)
        project(connection, facts)
        forget_of(connection, facts)
