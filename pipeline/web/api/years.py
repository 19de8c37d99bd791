"""Years: the count against the plan with its evidence, reports, and what people enter for its other lines."""

from datetime import date
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic import Field

from pipeline.core.errors import BadPeriod, NothingThere
from pipeline.core.model import Kind
from pipeline.core.outputs import Output, PlanLine
from pipeline.newsroom import outputs, reports
from pipeline.newsroom.tally import tally
from pipeline.report.tally import as_json
from pipeline.web.api.caller import Count, See, part
from pipeline.web.api.fields import Asked, Day, Line, Told, example
from pipeline.web.api.problems import told
from pipeline.web.year import must_be_waited_for

router = part("years")
_Year = Annotated[int, Path(ge=2000, le=2099)]


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
def get_year(by: See, year: _Year) -> Tally:
    """The count of a year toward the plan."""
    made: Any = as_json(tally(by.desk, year))
    return Tally.model_validate(made)


# --- reports ---------------------------------------------------------------------------------------------------------


class Form(StrEnum):
    """What a report is written as."""

    JSON = "json"
    XLSX = "xlsx"
    DOCX = "docx"
    CSV = "csv"


_FORMS: dict[int | str, dict[str, object]] = {
    200: {
        "description": "The report. As JSON it is what `bantin report --json` says.",
        "content": {kind.split(";")[0]: {} for kind in reports.FORMS.values()},
    }
}


@router.get("/years/{year}/report", response_class=Response, responses={**_FORMS, **told(409)})
def get_report(
    by: See,
    year: _Year,
    form: Form = Form.JSON,
    first: Annotated[Day | None, Query(description="Of a part of that year; with `last`.")] = None,
    last: Day | None = None,
) -> Response:
    """The report of a year or a part of it. One that takes longer than a minute is made by `bantin report`."""
    of = reports.whole_year(year)
    if first or last:
        first, last = first or of.first, last or of.last
        if first.year != year:
            raise BadPeriod(first=f"{first:%d/%m/%Y}", last=f"{last:%d/%m/%Y}")
        of = reports.period(first, last)
    must_be_waited_for(by.desk, of)
    lang = by.desk.config.settings.newsroom.language
    return Response(reports.write(by.desk, reports.report(by.desk, of), form, lang), media_type=reports.FORMS[form])


# --- what people enter -----------------------------------------------------------------------------------------------


class Entered(Told):
    """What was reached of a line of the plan, as somebody entered it."""

    number: Annotated[int, Field(description="By which it is struck out.")]
    line: PlanLine
    quantity: int
    day: date
    what: str
    evidence: str
    who: str
    struck: Annotated[str, Field(description="Why it counts no more; empty while it does.")]


class Outputs(Told):
    """What people entered, by day; what was struck out among it."""

    items: list[Entered]


class NewOutput(Asked):
    """What was reached of a line of the plan; bulletins are counted, never entered."""

    model_config = example(line="clips", quantity=2, day="2026-11-20", what="Clip", evidence="Biên bản 1")

    line: Annotated[PlanLine, Field(strict=False)]
    quantity: Annotated[int, Field(ge=1, le=1_000_000)]
    day: Day
    what: Annotated[Line, Field(min_length=1)]
    evidence: Annotated[Line, Field(min_length=1)]


class Strike(Asked):
    """Why it counts no more."""

    model_config = example(why="ghi nhầm")

    why: Annotated[Line, Field(min_length=1)]


@router.get("/outputs")
def list_outputs(by: See, year: Annotated[int | None, Query(ge=2000, le=2099)] = None) -> Outputs:
    """What people entered for the plan's other lines, by day: of a year, or ever."""
    return _outputs(outputs.outputs(by.desk, year))


def _outputs(found: list[Output]) -> Outputs:
    return Outputs(
        items=[
            Entered(
                number=o.number, line=o.line, quantity=o.quantity, day=o.day, what=o.what, evidence=o.evidence,
                who=o.who, struck=o.struck,
            )
            for o in found
        ]
    )  # fmt: skip


@router.post("/outputs", status_code=HTTPStatus.CREATED, responses=told(400, 413))
def enter_output(by: Count, new: NewOutput) -> Outputs:
    """Enter what was reached of a line; a paper that proves it is added on the page. Answers with that year's."""
    outputs.enter(by.desk, Output(**new.model_dump()))
    return _outputs(outputs.outputs(by.desk, new.day.year))


@router.post("/outputs/{number}/strike", responses=told(404, 400, 413))
def strike_output(by: Count, number: Annotated[int, Path(ge=1, le=1 << 53)], why: Strike) -> Outputs:
    """Strike out what was entered wrongly; it stays to be seen. Answers with everything that was entered."""
    if not any(one.number == number and not one.struck for one in outputs.outputs(by.desk)):
        raise NothingThere
    outputs.strike(by.desk, number, why.why)
    return _outputs(outputs.outputs(by.desk))
