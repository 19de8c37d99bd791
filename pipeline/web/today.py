"""Hôm nay: what waits for whoever looks, tonight's push, what is wrong and what to do."""

from datetime import timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from pipeline.core.facts import Happened
from pipeline.core.people import Right
from pipeline.core.status import Stage
from pipeline.newsroom import bulletins, missed
from pipeline.newsroom.digest import figures, remaining, stuck
from pipeline.newsroom.tally import tally
from pipeline.web.dear import Dear
from pipeline.web.page import Page, render
from pipeline.web.visitor import Visit, Visitor

router = APIRouter(include_in_schema=False)
_LATELY = timedelta(days=3)
_SHOWN = 12


@router.get("/")
def today(request: Request, v: Annotated[Visitor, Depends(Visit(Right.SEE))]) -> HTMLResponse:
    """The first page."""
    desk = v.desk
    now = desk.now()
    open_ = bulletins.rows(desk, [b.id for b in desk.ledger.bulletins() if max(b.air) > now - _LATELY], stations=())
    here = now.astimezone(desk.config.zone).date()
    dear: Dear = request.app.state.dear
    days = [
        dear.get(("day", day, desk.config.stamp), partial(figures, desk, day))
        for day in (here, here + timedelta(days=1))
    ]
    refused = desk.ledger.facts(happened=Happened.REFUSED, since=now - _LATELY)[-_SHOWN:]
    context = {
        "told": "",
        "to_sign": [r for r in open_ if r.status.stage is Stage.WAITING],
        "to_mend": [r for r in open_ if r.status.stage in {Stage.HELD, Stage.RETURNED}],
        "days": days,
        "threats": missed.threatened(desk, timedelta(hours=desk.config.settings.delivery.ahead_hours)),
        "remains": remaining(desk),
        "now": now,
        "tally": tally(desk),
        "stuck": stuck(desk),
        "refused": refused[::-1],
        "push_at": f"{desk.config.settings.clock.push_at:%H:%M}",
    }
    return render(Page(request, v), "today.html", context)
