"""Years: the count against the plan, each bulletin with its evidence."""

from datetime import date
from typing import Annotated, Any

from fastapi import Path
from pydantic import Field

from pipeline.core.model import Kind
from pipeline.newsroom.tally import tally
from pipeline.report.tally import as_json
from pipeline.web.api.caller import See, part
from pipeline.web.api.fields import Told

router = part("years")


class Row(Told):
    """A bulletin in the count, with its evidence and the reason."""

    bulletin: str
    title: str
    language: str
    kind: Kind
    air_date: Annotated[date, Field(description="The local day on which it aired first.")]
    counted: bool
    why: Annotated[str, Field(description="`counted`, or what is missing.")]
    approved_by: str
    stations: Annotated[int, Field(description="In its plan.")]
    in_time: Annotated[int, Field(description="Those that held it, verified, before its first air time there.")]
    digest: Annotated[str | None, Field(description="SHA-256 of the master that was signed.")]


class Tally(Told):
    """A year's count, as `bantin status --json` says it."""

    year: int
    target: int
    counted: int
    expected: Annotated[float, Field(description="How many the pace asks for by now.")]
    by_language: dict[str, int]
    by_kind: dict[str, int]
    bulletins: list[Row]


@router.get("/years/{year}")
def get_year(by: See, year: Annotated[int, Path(ge=2000, le=2100)]) -> Tally:
    """The count of a year toward the plan."""
    told: Any = as_json(tally(by.desk, year))
    return Tally.model_validate(told)
