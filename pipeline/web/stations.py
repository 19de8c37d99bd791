"""Phân phối: communes by night; a station with its visits, receipts and last word; trying it, pushing to it."""

from collections.abc import Callable
from datetime import date
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from pipeline.core.errors import Says
from pipeline.core.facts import Happened
from pipeline.core.model import CARRIED, StationCode
from pipeline.core.people import Right
from pipeline.core.ports import Lane
from pipeline.newsroom import push, registry
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.digest import digest
from pipeline.web.page import Page, back, render
from pipeline.web.visitor import Visit, Visitor

router = APIRouter(include_in_schema=False)
_A_PAGE = 120
_FACTS = 60


@router.get("/phan-phoi")
def grid(
    request: Request, v: Annotated[Visitor, Depends(Visit(Right.SEE))], ngay: str = "", thieu: str = "", trang: int = 1
) -> HTMLResponse:
    """The stations of a day, and which of its bulletins each holds."""
    desk = v.desk
    try:
        day = digest(desk, date.fromisoformat(ngay) if ngay else None)
    except (OverflowError, ValueError):
        day = digest(desk)
    codes = sorted(day.grid)
    if thieu:
        codes = [code for code in codes if not all(day.grid[code].values())]
    start = (max(trang, 1) - 1) * _A_PAGE
    context = {
        "told": "", "day": day, "codes": codes[start : start + _A_PAGE], "count": len(codes), "thieu": thieu,
        "page_number": max(trang, 1), "more": len(codes) > start + _A_PAGE, "stations": desk.config.stations,
        "troubles": desk.ledger.troubles(), "visited": desk.ledger.visited(desk.now()),
    }  # fmt: skip
    return render(Page(request, v), "stations.html", context)


@router.get("/phan-phoi/{code}")
def station(request: Request, v: Annotated[Visitor, Depends(Visit(Right.SEE))], code: str) -> HTMLResponse:
    """One station."""
    desk = v.desk
    found = desk.config.stations.get(StationCode(code))
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    titles = {b.id: b.title for b in desk.ledger.bulletins()}
    facts = desk.ledger.latest(_FACTS, station=found.code)
    job = request.app.state.work.job(about(code))
    context = {
        "told": page_told(request, v, job), "station": found, "titles": titles, "facts": facts,
        "trouble": desk.ledger.troubles().get(found.code), "holdings": desk.ledger.holdings(station=found.code),
        "to_come": desk.ledger.transmissions(station=found.code, after=desk.now())[:20],
        "tried": next((f for f in facts if f.happened is Happened.TRIED), None),
        "aired": next((f for f in facts if f.happened is Happened.AIRED), None), "carried": found.transport == CARRIED,
        "job": job, "code": code,
    }  # fmt: skip
    return render(Page(request, v), "station.html", context)


def page_told(request: Request, v: Visitor, job: object) -> str:
    """What came of what was asked for last about a station."""
    told = getattr(job, "told", None)
    return Page(request, v).say(told) if isinstance(told, Says) else ""


@router.post("/phan-phoi/{code}/thu")
def try_out(request: Request, v: Annotated[Visitor, Depends(Visit(Right.RUN))], code: str) -> Response:
    """Call a station, write and remove a small file there."""
    return _ask(request, v, code, trial(code))


@router.post("/phan-phoi/{code}/gui")
def push_to(request: Request, v: Annotated[Visitor, Depends(Visit(Right.RUN))], code: str) -> Response:
    """Send a station what it lacks, now."""
    return _ask(request, v, code, sending(code))


def trial(code: str) -> Callable[[Desk], Says]:
    """The work of trying a station."""

    def do(desk: Desk) -> Says:
        found = registry.try_out(desk, registry.find(desk, code))
        free = "?" if found.free is None else f"{found.free / 1e6:.0f}"
        return Says(f"Trạm trả lời tốt, còn trống {free} MB.", f"It answers well, {free} MB are free.")

    return do


def sending(code: str) -> Callable[[Desk], Says]:
    """The work of pushing to a station."""

    def do(desk: Desk) -> Says:
        done = push.push(desk, code)
        done.must_have_succeeded()
        return Says(f"Đã gửi {done.sent} tệp.", f"{done.sent} files were sent.")

    return do


def about(code: str) -> str:
    """What work for a station is asked for under."""
    return f"tram {code}"


def _ask(request: Request, v: Visitor, code: str, do: Callable[[Desk], Says]) -> Response:
    if StationCode(code) not in v.desk.config.stations:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    request.app.state.work.ask(Lane.LINE, about(code), v.person.name, do)
    return back(Page(request, v), f"/phan-phoi/{code}")
