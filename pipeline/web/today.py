"""Hôm nay: what waits for whoever looks, tonight's push, what is wrong and what to do."""

from datetime import date
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from pipeline.core.day import Figures
from pipeline.core.errors import NotApproved
from pipeline.core.people import Right
from pipeline.newsroom import listing
from pipeline.newsroom.desk import ITSELF
from pipeline.newsroom.digest import figures
from pipeline.newsroom.tally import tally
from pipeline.web.page import Page, render
from pipeline.web.visitor import Visit, Visitor

router = APIRouter(include_in_schema=False)


@router.get("/")
def today(request: Request, v: Annotated[Visitor, Depends(Visit(Right.SEE))]) -> HTMLResponse:
    """The first page."""
    desk, dear = v.desk, request.app.state.dear

    def figured(day: date) -> Figures:
        made: Figures = dear.get(("day", day, desk.config.stamp), partial(figures, desk, day))
        return made

    now = listing.today(desk, figured)
    waiting = {row.bulletin.id for row in now.to_sign}
    faults = [t for t in now.threats if not (isinstance(t.problem, NotApproved) and t.bulletin.id in waiting)]
    refused = [fact for fact in now.refused if fact.who in {ITSELF, v.person.name}]  # others were told on their page
    context = {
        "told": "", "to_sign": now.to_sign, "to_mend": now.to_mend, "days": now.days, "threats": now.threats,
        "faults": faults, "remains": now.remains, "gaps": now.gaps, "more_gaps": now.more_gaps, "now": now.now,
        "missed_on": {(gap.bulletin.id, gap.at.astimezone(desk.config.zone).date()) for gap in now.gaps},
        "tally": tally(desk), "stuck": now.stuck, "refused": refused,
        "push_at": f"{desk.config.settings.clock.push_at:%H:%M}",
    }  # fmt: skip
    return render(Page(request, v), "today.html", context)
