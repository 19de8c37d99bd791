"""Năm: the count against the plan, with its pace and evidence; reports; what people enter for its other lines."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.exceptions import HTTPException

from pipeline.core.errors import BadOutput, PipelineError, Says, TooMuchForAPage
from pipeline.core.outputs import BY_HAND, Output, PlanLine, reached
from pipeline.core.people import Right
from pipeline.core.report import Period
from pipeline.core.tally import Row, Tally
from pipeline.newsroom import outputs, reports
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.tally import tally
from pipeline.report import words
from pipeline.web.page import Page, back, render, status_of
from pipeline.web.uploads import plain_name
from pipeline.web.visitor import Visit, Visitor

router = APIRouter(include_in_schema=False)
_WIDE, _HIGH, _A_PAGE = 720, 220, 300
_MARKS = 5
"""Lines above the ground of the drawing."""
_MOST_AIRINGS = 60_000
"""Of which a report is made while a browser waits: about four seconds."""
_See = Annotated[Visitor, Depends(Visit(Right.SEE))]
_Count = Annotated[Visitor, Depends(Visit(Right.COUNT))]


@router.get("/nam")
def year(request: Request, v: _See, nam: int = 0, trang: int = 1) -> HTMLResponse:
    """A year."""
    return _page(request, v, nam, page_number=max(trang, 1))


def _page(
    request: Request,
    v: Visitor,
    nam: int,
    problem: PipelineError | None = None,
    typed: Output | None = None,
    page_number: int = 1,
) -> HTMLResponse:
    desk = v.desk
    today = desk.now().astimezone(desk.config.zone).date()
    wanted = nam if 2000 <= nam <= 9998 else today.year
    counted, entered = tally(desk, wanted), outputs.outputs(desk, wanted)
    rows = [row for row in counted.rows if row.counted]
    last = len(counted.rows) - (page_number - 1) * _A_PAGE  # the newest are on the first page
    days = (date(wanted + 1, 1, 1) - date(wanted, 1, 1)).days
    passed = (today - date(wanted, 1, 1)).days + 1
    page = Page(request, v)
    whole = reports.whole_year(wanted)
    context = {
        "told": "", "tally": counted, "this_year": today.year, "today": today, "problem": problem, "typed": typed,
        "chart": _chart(counted.target, rows, wanted, today), "by_hand": BY_HAND, "outputs": entered,
        "page_number": page_number, "more": last > _A_PAGE, "period": whole,
        "shown": counted.rows[max(0, last - _A_PAGE) : max(0, last)],
        "forecast": round(counted.counted * days / passed) if today.year == wanted else None,
        "reached": reached(reports.targets(desk), entered, [row.air_date for row in rows], whole.first, whole.last),
        **_counts(page, desk, counted),
    }  # fmt: skip
    return render(page, "year.html", context, status_of(problem) if problem else HTTPStatus.OK)


def _counts(page: Page, desk: Desk, counted: Tally) -> dict[str, object]:
    """What counts by language, kind, theme and month, under the names that people know."""
    rows = [row for row in counted.rows if row.counted]
    names = desk.config.settings.plan.themes
    theme = {b.id: names.get(b.theme, b.theme) or page.t("không ghi", "none") for b in desk.ledger.bulletins()}
    return {
        "languages": [(page.say(words.language(code)), n) for code, n in counted.by_language.items()],
        "themes": [*Counter(theme[row.bulletin] for row in rows).items()],
        "months": Counter(row.air_date.month for row in rows),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chart:
    """Where things stand in the drawing of a year; its origin is at the top left."""

    points: str
    """Of the line of what counts, up to today."""
    pace: float
    """How high the plan's pace ends, at the right."""
    months: list[tuple[float, int]]
    """Where each begins."""
    marks: list[tuple[float, int]]
    """Numbers of bulletins at the side, from none."""
    wide: int = _WIDE
    high: int = _HIGH


def _chart(target: int, rows: Sequence[Row], wanted: int, today: date) -> _Chart:
    """What counts, one upon the other, beside the plan's pace."""
    begin = date(wanted, 1, 1)
    whole = (date(wanted + 1, 1, 1) - begin).days
    every = max(1, math.ceil(max(target, len(rows)) / _MARKS))
    top = every * _MARKS

    def across(day: date) -> float:
        return round(min(whole, max(0, (day - begin).days)) / whole * _WIDE, 1)

    def up(count: float) -> float:
        return round(_HIGH - count / top * _HIGH, 1)

    points = [(0.0, up(0))]
    for count, row in enumerate(sorted(rows, key=lambda row: row.air_date)):
        points += [(across(row.air_date), up(n)) for n in (count, count + 1)]
    points.append((max(points[-1][0], across(today)), points[-1][1]))
    return _Chart(
        points=" ".join(f"{x},{y}" for x, y in points),
        pace=up(target),
        months=[(across(date(wanted, month, 1)), month) for month in range(1, 13)],
        marks=[(up(n), n) for n in range(0, top + 1, every)],
    )


# --- reports ---------------------------------------------------------------------------------------------------------


@router.get("/nam/xa")
def communes(request: Request, v: _See, nam: int = 0, tu: str = "", den: str = "") -> HTMLResponse:
    """Every commune over a period: what was planned there, what got there, what it says it played."""
    desk = v.desk
    made = reports.report(desk, _period(desk, nam, tu, den))
    return render(Page(request, v), "communes.html", {"told": "", "made": made})


@router.get("/nam/bao-cao")
def download(request: Request, v: _See, dang: str = "", nam: int = 0, tu: str = "", den: str = "") -> Response:
    """A report as a file."""
    if dang not in reports.FORMS:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    desk = v.desk
    of = _period(desk, nam, tu, den)
    data = reports.write(desk, reports.report(desk, of), dang, Page(request, v).lang)
    part = f"{of.year}" if of.is_year else f"{of.first:%Y%m%d}-{of.last:%Y%m%d}"
    headers = {"Content-Disposition": f'attachment; filename="bao-cao-{part}.{dang}"'}
    return Response(data, media_type=reports.FORMS[dang], headers=headers)


def _period(desk: Desk, nam: int, tu: str, den: str) -> Period:
    """What was asked for: some days, else a year, else this one.

    Raises:
        BadPeriod: the days are none of one year.
        TooMuchForAPage: nobody would wait for it.
    """
    today = desk.now().astimezone(desk.config.zone).date()
    of = reports.whole_year(nam if 2000 <= nam <= 9998 else today.year)
    if tu or den:
        try:
            of = reports.period(date.fromisoformat(tu), date.fromisoformat(den))
        except ValueError:
            raise HTTPException(HTTPStatus.NOT_FOUND) from None
    must_be_waited_for(desk, of)
    return of


def must_be_waited_for(desk: Desk, of: Period) -> None:
    """Raise TooMuchForAPage where a report takes longer than anybody waits."""
    count = desk.ledger.airings(*reports.span(desk, of))
    if count > _MOST_AIRINGS:
        raise TooMuchForAPage(count=count, year=of.year)


# --- what people enter -----------------------------------------------------------------------------------------------


@router.post("/nam/ket-qua")
def enter(
    request: Request,
    v: _Count,
    dong: Annotated[str, Form()] = "",
    so_luong: Annotated[str, Form()] = "",
    ngay: Annotated[str, Form()] = "",
    noi_dung: Annotated[str, Form()] = "",
    bang_chung: Annotated[str, Form()] = "",
    tep: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Enter what was reached of a line of the plan."""
    output: Output | None = None
    try:
        output = _typed(dong, so_luong, ngay, noi_dung, bang_chung)
        if tep is None or not tep.filename:
            outputs.enter(v.desk, output)
        else:
            with v.desk.store.scratch() as scratch:
                paper = Path(scratch) / plain_name(tep.filename, "bang-chung")
                with paper.open("xb") as out:
                    while block := tep.file.read(1 << 20):
                        out.write(block)
                outputs.enter(v.desk, output, paper)
    except BadOutput as problem:
        return _page(request, v, output.day.year if output else 0, problem, output)
    return back(Page(request, v), "/nam", nam=output.day.year)


def _typed(line: str, quantity: str, day: str, what: str, evidence: str) -> Output:
    try:
        return Output(
            line=PlanLine(line), quantity=int(quantity), day=date.fromisoformat(day), what=what, evidence=evidence
        )
    except ValueError:
        how = Says("chọn chỉ tiêu, ghi số lượng và ngày", "choose a line, give a quantity and a day")
        raise BadOutput(what=how) from None


@router.post("/nam/ket-qua/{number}/gach")
def strike(request: Request, v: _Count, number: int, ly_do: Annotated[str, Form()] = "") -> Response:
    """Strike out what was entered wrongly."""
    outputs.strike(v.desk, number, ly_do)
    (struck,) = [one for one in outputs.outputs(v.desk) if one.number == number]
    return back(Page(request, v), "/nam", nam=struck.day.year)


@router.get("/nam/ket-qua/{number}/tep")
def paper(v: _See, number: int) -> FileResponse:
    """The paper that proves an output, always as a file to keep: nobody's upload is ever shown as a page of ours."""
    found = next((one for one in outputs.outputs(v.desk) if one.number == number and one.file), None)
    if found is None or found.file is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.file_name)}"}
    return FileResponse(v.desk.store.whole(found.file), media_type="application/octet-stream", headers=headers)
