"""Nhật ký: every fact, the newest first, by kind, person, bulletin and station; and as CSV."""

import json
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from pipeline.core.facts import Fact, Happened
from pipeline.core.people import Right
from pipeline.report import csvfile
from pipeline.report.sheets import Cell
from pipeline.web.page import Page, render
from pipeline.web.visitor import Visit, Visitor

router = APIRouter(include_in_schema=False)
_A_PAGE, _MOST = 100, 20_000


def _kind(name: str) -> Happened | None:
    return Happened(name) if name in {h.value for h in Happened} else None


@router.get("/nhat-ky")
def log(
    request: Request,
    v: Annotated[Visitor, Depends(Visit(Right.SEE))],
    loai: str = "",
    ai: str = "",
    bai: str = "",
    tram: str = "",
    truoc: Annotated[int, Query(ge=0, le=(1 << 31) - 1)] = 0,
) -> HTMLResponse:
    """A page of it."""
    facts = v.desk.ledger.latest(_A_PAGE + 1, before=truoc, happened=_kind(loai), who=ai, bulletin=bai, station=tram)
    context = {
        "told": "", "facts": facts[:_A_PAGE], "kinds": list(Happened), "loai": loai, "ai": ai, "bai": bai, "tram": tram,
        "next": facts[_A_PAGE - 1].number if len(facts) > _A_PAGE else 0, "detail": _detail,
    }  # fmt: skip
    return render(Page(request, v), "log.html", context)


@router.get("/nhat-ky.csv")
def as_csv(
    v: Annotated[Visitor, Depends(Visit(Right.SEE))], loai: str = "", ai: str = "", bai: str = "", tram: str = ""
) -> Response:
    """The same for Excel: at most the last 20,000."""
    columns = ["number", "at", "happened", "who", "bulletin", "station", "digest", "detail"]
    rows: list[Sequence[Cell]] = []
    for f in v.desk.ledger.latest(_MOST, happened=_kind(loai), who=ai, bulletin=bai, station=tram):
        cells = [f.number, f.at.isoformat(), f.happened.value, f.who, f.bulletin, f.station, f.digest, _detail(f)]
        rows.append([str(cell or "") for cell in cells])
    headers = {"Content-Disposition": 'attachment; filename="nhat-ky.csv"'}
    return Response(csvfile.rows(columns, rows), media_type="text/csv; charset=utf-8", headers=headers)


def _detail(fact: Fact) -> str:
    return json.dumps(dict(fact.detail), ensure_ascii=False) if fact.detail else ""
