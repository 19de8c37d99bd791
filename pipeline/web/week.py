"""Lịch: a week of slots, what airs in them, what clashes, what is embargoed."""

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from pipeline.core.people import Right
from pipeline.newsroom import bulletins, plan
from pipeline.web.page import Page, render
from pipeline.web.visitor import Visit, Visitor

router = APIRouter(include_in_schema=False)
_FIRST, _LAST = 2000, 2100
"""Years that are shown."""


@router.get("/lich")
def week(request: Request, v: Annotated[Visitor, Depends(Visit(Right.SEE))], tuan: str = "") -> HTMLResponse:
    """One week, Monday first: every bulletin that is to air in it, signed or not."""
    desk, zone = v.desk, v.desk.config.zone
    today = desk.now().astimezone(zone).date()
    try:
        day = date.fromisoformat(tuan) if tuan else today
    except ValueError:
        day = today
    if not _FIRST <= day.year <= _LAST:
        day = today
    monday = day - timedelta(days=day.weekday())
    days = [monday + timedelta(days=n) for n in range(7)]
    begin, end = (datetime.combine(d, datetime.min.time(), zone) for d in (monday, monday + timedelta(days=7)))
    shown = [b for b in desk.ledger.bulletins() if any(begin <= at < end for at in b.air)]
    rows = {line.bulletin.id: line for line in bulletins.lines_of(desk, [b.id for b in shown])}
    cells: dict[tuple[str, date], list[object]] = {}
    for b in shown:
        for at in b.air:
            if begin <= at < end:
                local = at.astimezone(zone)
                cells.setdefault((f"{local:%H:%M}", local.date()), []).append(rows[b.id])
    context = {
        "told": "", "days": days, "today": today, "cells": cells, "hours": sorted({hour for hour, _ in cells}),
        "before": monday - timedelta(days=7), "after": monday + timedelta(days=7), "now": desk.now(),
        "clashes": plan.clashes(desk), "holidays": desk.config.settings.plan.holidays, "names": rows,
    }  # fmt: skip
    return render(Page(request, v), "week.html", context)
