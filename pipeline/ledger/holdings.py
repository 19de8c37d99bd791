"""What the facts make of every station: what it holds, and whether it is in trouble. Kept in the facts' transaction."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pipeline.core.facts import Fact, Happened
from pipeline.ledger.tables import holdings, troubles

_LET_GO = frozenset({Happened.RECALLED, Happened.CLEANED, Happened.LOST})
HOLDS = _LET_GO | {Happened.CONFIRMED}
"""Kinds of fact whose last one says whether a station holds a bulletin."""
_ANSWERED = frozenset({Happened.TRUSTED, Happened.TRIED})
"""Kinds of fact after which a station's trouble may be over: a person mended it, and the next visit will tell."""


def project(connection: sa.Connection, facts: Iterable[Fact]) -> None:
    """Bring the tables in line with facts that are being added."""
    for fact in facts:
        if fact.station is None:
            continue
        if fact.happened is Happened.CONFIRMED:
            _hold(connection, fact)
        elif fact.happened in _LET_GO:
            connection.execute(holdings.delete().where(_of(fact)))
        elif fact.happened in _ANSWERED:
            connection.execute(troubles.delete().where(troubles.c.station == fact.station))
        elif fact.happened is Happened.FAILED:
            _trouble(connection, fact)


def _of(fact: Fact) -> sa.ColumnElement[bool]:
    return (holdings.c.station == fact.station) & (holdings.c.bulletin == fact.bulletin)


def _hold(connection: sa.Connection, fact: Fact) -> None:
    connection.execute(holdings.delete().where(_of(fact)))
    row = {"station": fact.station, "bulletin": fact.bulletin, "digest": fact.digest, "at": fact.at,
           "remote": str(fact.detail["remote"])}  # fmt: skip
    connection.execute(holdings.insert().values(row))
    connection.execute(troubles.delete().where(troubles.c.station == fact.station))


def _trouble(connection: sa.Connection, fact: Fact) -> None:
    mine = troubles.c.station == fact.station
    since = connection.execute(sa.select(troubles.c.since).where(mine)).scalar() or fact.at
    again = fact.detail.get("next")
    row: dict[str, Any] = {
        "station": fact.station,
        "code": str(fact.detail.get("code", "")),
        "reason": str(fact.detail.get("reason", "")),
        "retry": bool(fact.detail.get("retry")),
        "tries": int(str(fact.detail.get("tries", 1))),
        "since": since,
        "next": datetime.fromisoformat(str(again)) if again else None,
    }
    connection.execute(troubles.delete().where(mine))
    connection.execute(troubles.insert().values(row))
