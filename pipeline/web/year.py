"""Năm: the count against the plan's 50, with its pace, and each bulletin's evidence."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from pipeline.core.people import Right
from pipeline.core.tally import Row
from pipeline.newsroom.tally import tally
from pipeline.report import words
from pipeline.web.page import Page, render
from pipeline.web.visitor import Visit, Visitor

router = APIRouter(include_in_schema=False)
_WIDE, _HIGH = 720, 220


@router.get("/nam")
def year(request: Request, v: Annotated[Visitor, Depends(Visit(Right.SEE))], nam: int = 0) -> HTMLResponse:
    """A year."""
    desk = v.desk
    today = desk.now().astimezone(desk.config.zone).date()
    wanted = nam if 2000 <= nam <= 9999 else today.year
    counted = tally(desk, wanted)
    rows = [row for row in counted.rows if row.counted]
    themes = {b.id: b.theme for b in desk.ledger.bulletins()}
    passed = (today - date(wanted, 1, 1)).days + 1 if today.year == wanted else 365
    page = Page(request, v)
    named = Counter(themes.get(row.bulletin, "") or page.t("không ghi", "none") for row in rows)
    context = {
        "languages": [(page.say(words.language(code)), n) for code, n in counted.by_language.items()],
        "told": "", "tally": counted, "months": Counter(row.air_date.month for row in rows),
        "themes": [*named.items()], "line": _line(counted.target, rows, wanted),
        "forecast": round(counted.counted * 365 / passed) if today.year == wanted and passed > 0 else None,
        "wide": _WIDE, "high": _HIGH, "this_year": today.year,
    }  # fmt: skip
    return render(page, "year.html", context)


def _line(target: int, rows: Sequence[Row], wanted: int) -> str:
    """The points of the cumulative line, for an SVG."""
    top, points = max(target, len(rows), 1), [(0.0, float(_HIGH))]
    for count, row in enumerate(sorted(rows, key=lambda row: row.air_date)):
        x = (row.air_date - date(wanted, 1, 1)).days / 365 * _WIDE
        points += [(x, _HIGH - n / top * _HIGH) for n in (count, count + 1)]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
