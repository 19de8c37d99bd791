"""Remains: what stations hold and must not air, since people decided so after it got there."""

from collections.abc import Iterable

from pipeline.core.model import Bulletin, Holding, StationCode
from pipeline.newsroom import bulletins
from pipeline.newsroom.bulletins import Row
from pipeline.newsroom.desk import Desk


def remains(desk: Desk) -> dict[StationCode, list[Bulletin]]:
    """By station, bulletins that it holds and that were taken back, or that are not in its plan any more."""
    rows = bulletins.rows(desk, desk.ledger.held(), stations=())
    about = {row.bulletin.id: row.bulletin for row in rows}
    return by_station((h.station, about[h.bulletin]) for h in {*refused(desk, rows), *desk.ledger.strays()})


def refused(desk: Desk, rows: Iterable[Row]) -> list[Holding]:
    """What stations hold of some bulletins and nobody may hear."""
    said = {row.bulletin.id: row.status for row in rows if row.status.is_taken_back or row.status.refused}
    return [h for h in desk.ledger.holdings(said) if said[h.bulletin].must_not_air(h.digest)] if said else []


def by_station(found: Iterable[tuple[StationCode, Bulletin]]) -> dict[StationCode, list[Bulletin]]:
    """Bulletins by station, each in the order of its id."""
    told: dict[StationCode, list[Bulletin]] = {}
    for code, bulletin in sorted(found, key=lambda one: (one[0], one[1].id)):
        told.setdefault(code, []).append(bulletin)
    return told
