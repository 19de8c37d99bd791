"""Years for programs: the count toward the plan, the report, and what people enter for the plan's other lines."""

from datetime import date
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, Field

from pipeline.core.errors import BadRequest
from pipeline.core.outputs import Output, PlanLine
from pipeline.core.people import Right
from pipeline.newsroom import outputs, reports
from pipeline.newsroom.tally import tally
from pipeline.report import tally as told
from pipeline.report import yearly
from pipeline.web.api.caller import Call, Caller
from pipeline.web.api.values import Day
from pipeline.web.year import must_be_waited_for

router = APIRouter(tags=["years"])
See = Annotated[Caller, Depends(Call(Right.SEE))]
Count = Annotated[Caller, Depends(Call(Right.COUNT))]
Year = Annotated[int, Path(ge=2000, le=9998)]


class OutputRow(BaseModel):
    """What was reached of a line of the plan, as somebody entered it."""

    number: int
    line: PlanLine
    quantity: int
    day: date
    what: str
    evidence: str
    who: str
    struck: str = Field(description="Why it counts no more; empty while it does.")


class NewOutput(BaseModel):
    """What somebody enters."""

    line: PlanLine
    quantity: Annotated[int, Field(ge=1, le=1_000_000)]
    day: Day
    what: Annotated[str, Field(min_length=1, max_length=500)]
    evidence: Annotated[str, Field(min_length=1, max_length=500)]


class Reason(BaseModel):
    """Why it counts no more."""

    why: Annotated[str, Field(min_length=1, max_length=500)]


@router.get("/years/{year}", operation_id="getYear")
def one(c: See, year: Year) -> dict[str, Any]:
    """The count of a year, each bulletin with its evidence."""
    return dict(told.as_json(tally(c.desk, year)))


@router.get("/years/{year}/report", operation_id="getReport")
def report(
    c: See,
    year: Year,
    first: Annotated[Day | None, Query(description="Of a part of that year; with `last`.")] = None,
    last: Day | None = None,
) -> dict[str, Any]:
    """The whole report. As `bantin report --json`."""
    of = reports.whole_year(year)
    if first or last:
        if not (first and last and first.year == year):
            raise BadRequest(what=f"first, last: {year}")
        of = reports.period(first, last)
    must_be_waited_for(c.desk, of)
    return dict(yearly.as_json(reports.report(c.desk, of)))


@router.get("/outputs", operation_id="listOutputs")
def entered(c: See, year: Annotated[int | None, Query(ge=2000, le=9998)] = None) -> list[OutputRow]:
    """What people entered, by day; what was struck out among it."""
    return [_row(one) for one in outputs.outputs(c.desk, year)]


def _row(o: Output) -> OutputRow:
    return OutputRow(
        number=o.number, line=o.line, quantity=o.quantity, day=o.day, what=o.what, evidence=o.evidence, who=o.who,
        struck=o.struck,
    )  # fmt: skip


@router.post("/outputs", operation_id="enterOutput", status_code=HTTPStatus.NO_CONTENT)
def enter(c: Count, body: NewOutput) -> Response:
    """Enter what was reached of a line; a paper that proves it is added on the page."""
    outputs.enter(c.desk, Output(**body.model_dump()))
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.post("/outputs/{number}/strike", operation_id="strikeOutput", status_code=HTTPStatus.NO_CONTENT)
def strike(c: Count, number: Annotated[int, Path(ge=1, le=2**53 - 1)], body: Reason) -> Response:
    """Strike out what was entered wrongly; it stays to be seen."""
    outputs.strike(c.desk, number, body.why)
    return Response(status_code=HTTPStatus.NO_CONTENT)
