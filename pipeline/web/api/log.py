"""Facts: the log, the newest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from pipeline.core import facts
from pipeline.core.facts import Happened
from pipeline.web.api.caller import See, part
from pipeline.web.api.fields import Limit, Told, Wanted

router = part("facts")


class Fact(Told):
    """One thing that happened; facts are only ever added."""

    number: Annotated[int, Field(description="Its place in the ledger.")]
    happened: Happened
    who: Annotated[str, Field(description="The person, or `bantin` where nobody in particular asked.")]
    at: Annotated[datetime, Field(description="UTC, ISO 8601.")]
    bulletin: str | None
    station: str | None
    sha256: Annotated[str | None, Field(description="Of the bytes it is about.")]
    detail: Annotated[
        dict[str, Any],
        Field(description="What else there is to say of this kind; `via` is the label of the token that asked."),
    ]


class Facts(Told):
    """A part of the log."""

    items: list[Fact]
    next: Annotated[int | None, Field(description="To be given as `before` for those before; null at the end.")]


def told(found: Sequence[facts.Fact]) -> list[Fact]:
    """Facts for programs."""
    return [
        Fact(
            number=f.number, happened=f.happened, who=f.who, at=f.at, bulletin=f.bulletin, station=f.station,
            sha256=f.digest, detail=dict(f.detail),
        )
        for f in found
    ]  # fmt: skip


@router.get("/facts")
def list_facts(
    by: See,
    happened: Happened | None = None,
    who: Wanted = "",
    bulletin: Wanted = "",
    station: Wanted = "",
    before: Annotated[int, Query(ge=0, le=1 << 62, description="Only facts before this number; 0: the newest.")] = 0,
    limit: Limit = 100,
) -> Facts:
    """Facts, the newest first: of one kind, person, bulletin or station."""
    found = by.desk.ledger.latest(
        limit + 1, before=before, happened=happened, who=who, bulletin=bulletin, station=station
    )
    return Facts(items=told(found[:limit]), next=found[limit - 1].number if len(found) > limit else None)
