"""Rows of the tables → records of the core."""

from typing import Any

import sqlalchemy as sa

from pipeline.core.facts import Fact, Happened
from pipeline.core.model import BulletinId, Holding, Receipt, Seconds, StationCode, Take, Transmission, Verification


def fact(row: sa.Row[Any]) -> Fact:
    """A fact."""
    return Fact(
        number=row.number, happened=Happened(row.happened), who=row.who, at=row.at, bulletin=row.bulletin,
        station=row.station, digest=row.digest, detail=row.detail,
    )  # fmt: skip


def take(row: sa.Row[Any]) -> Take:
    """A take."""
    return Take(
        recipe=row.recipe, audio=row.audio, seconds=Seconds(row.seconds), engine=row.engine, voice=row.voice
    )  # fmt: skip


def transmission(row: sa.Row[Any]) -> Transmission:
    """A planned airing."""
    return Transmission(at=row.at, station=StationCode(row.station), bulletin=BulletinId(row.bulletin))


def holding(row: sa.Row[Any]) -> Holding:
    """What a station holds."""
    return Holding(station=row.station, bulletin=row.bulletin, digest=row.digest, remote=row.remote, at=row.at)


def lost(row: sa.Row[Any]) -> Holding:
    """What a station held, from the fact that it is not there any more."""
    return Holding(
        station=row.station, bulletin=row.bulletin, digest=row.digest, remote=row.detail["remote"], at=row.at
    )


def receipt(row: sa.Row[Any]) -> Receipt:
    """A receipt."""
    return Receipt(
        station=row.station, bulletin=row.bulletin, digest=row.digest, remote=row.remote, size=row.size,
        verified=Verification(row.verified), at=row.at, sent=row.sent,
    )  # fmt: skip
