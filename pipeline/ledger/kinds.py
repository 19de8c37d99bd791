"""Kinds of fact as one condition among others, where bulletin or station already say which few facts are meant."""

from typing import Any

import sqlalchemy as sa

from pipeline.core.facts import Happened


def is_kind(column: sa.ColumnElement[Any], *kinds: Happened) -> sa.ColumnElement[bool]:
    """Whether a fact is of some kinds, said so that no index by kind can answer it.

    SQLite, which knows nothing of how many facts there are of a kind, would take that one where the last fact of a kind
    is asked for: at a year's ten million of one kind it reads them all, once for each station.
    """
    return column.concat("").in_(sorted(kind.value for kind in kinds))
