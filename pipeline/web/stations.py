"""Phân phối: communes by night; a station with its visits, receipts and last word; trying it, pushing to it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from pipeline.core.errors import page_step_of
from pipeline.core.facts import Happened
from pipeline.core.model import CARRIED, StationCode, Trouble
from pipeline.core.people import Right
from pipeline.newsroom import registry
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.digest import figures, lacking, stations_of
from pipeline.newsroom.digest import grid as of_day
from pipeline.newsroom.nights import nights, one_night, worrying
from pipeline.web import errands
from pipeline.web.page import Page, back, render
from pipeline.web.visitor import Visit, Visitor
from pipeline.web.work import Job

router = APIRouter(include_in_schema=False)
_A_PAGE = 120
_FACTS = 60
_LATELY = timedelta(minutes=10)
"""For so long it is told what came of what somebody asked for."""
_FIRST, _LAST = date(2000, 1, 10), date(9998, 12, 1)
"""Days that are shown."""
_MAP = 600
"""Units of the longer side of the map."""
_MARKS, _CLOSE = 600, 20
"""Stations that have a mark each; where there are more, those so many units apart share one."""


@router.get("/phan-phoi")
def grid(
    request: Request,
    v: Annotated[Visitor, Depends(Visit(Right.SEE))],
    ngay: str = "",
    thieu: str = "",
    tim: str = "",
    trang: int = 1,
) -> HTMLResponse:
    """The stations and which bulletins of a day each holds: those first that are to air something on it."""
    desk, dear = v.desk, request.app.state.dear
    today = desk.now().astimezone(desk.config.zone).date()
    day = _night(ngay) or _coming(desk, today)
    if thieu:
        due, others = dear.get(("lacking", day, desk.config.stamp), lambda: lacking(desk, day)), []
    else:
        due, others = stations_of(desk, day), sorted(desk.config.stations)
    sought = {one.code for one in registry.sought(desk, tim)}
    codes = [code for code in dict.fromkeys([*due, *others]) if code in sought]
    start = (max(trang, 1) - 1) * _A_PAGE
    shown = codes[start : start + _A_PAGE]
    context = {
        "told": "", "day": dear.get(("day", day, desk.config.stamp), lambda: figures(desk, day)), "codes": shown,
        "grid": of_day(desk, day, shown), "count": len(codes), "thieu": thieu, "tim": tim, "today": today,
        "tomorrow": today + timedelta(days=1),
        "page_number": max(trang, 1), "more": len(codes) > start + _A_PAGE, "stations": desk.config.stations,
        "troubles": desk.ledger.troubles(), "visited": desk.ledger.visited(desk.now()),
    }  # fmt: skip
    return render(Page(request, v), "stations.html", context)


def _coming(desk: Desk, today: date) -> date:
    """The day that whoever delivers looks at next: today until its last air time, then what tonight's push brings."""
    now, zone = desk.now(), desk.config.zone
    tomorrow = today + timedelta(days=1)
    days = {at.astimezone(zone).date() for b in desk.ledger.bulletins() for at in b.air if at > now}
    return tomorrow if today not in days and tomorrow in days else today


@router.get("/phan-phoi/tuan")
def week(
    request: Request,
    v: Annotated[Visitor, Depends(Visit(Right.SEE))],
    den: str = "",
    loi: str = "",
    tim: str = "",
    trang: int = 1,
) -> HTMLResponse:
    """Communes by night: seven of them, up to tomorrow or to a day."""
    desk = v.desk
    last = desk.now().astimezone(desk.config.zone).date() + timedelta(days=1)
    try:
        last = max(_FIRST, min(_LAST, date.fromisoformat(den))) if den else last
    except ValueError:
        den = ""
    days = [last - timedelta(days=n) for n in range(6, -1, -1)]
    stations, troubles = desk.config.stations, desk.ledger.troubles()
    codes = [one.code for one in registry.sought(desk, tim)]
    if loi:
        worry = worrying(desk, days)
        codes = [code for code in codes if code in worry]
    start = (max(trang, 1) - 1) * _A_PAGE
    shown = codes[start : start + _A_PAGE]
    context = {
        "told": "", "days": days, "codes": shown, "count": len(codes), "loi": loi, "tim": tim, "stations": stations,
        "nights": nights(desk, shown, days), "troubles": troubles, "page_number": max(trang, 1),
        "more": len(codes) > start + _A_PAGE, "before": days[0] - timedelta(days=1), "after": last + timedelta(days=7),
        "points": _points(desk, codes, troubles),
    }  # fmt: skip
    return render(Page(request, v), "nights.html", context)


@dataclass(frozen=True, slots=True)
class Point:
    """A mark on the map: a station or, where there are very many, those that stand close together."""

    x: float
    y: float
    codes: Sequence[StationCode]
    off: Sequence[StationCode]
    """Those of them that are in trouble."""


def _points(desk: Desk, codes: Sequence[StationCode], troubles: Mapping[StationCode, Trouble]) -> list[Point]:
    """Where stations stand on a map of their own: east is right, north is up. Those in trouble come last, on top."""
    placed = [(code, at) for code in codes if (at := desk.config.stations[code].coordinates)]
    if not placed:
        return []
    norths, easts = [at[0] for _, at in placed], [at[1] for _, at in placed]
    shrink = math.cos(math.radians(sum(norths) / len(norths)))  # a degree east is shorter than one north
    scale = _MAP / max(max(norths) - min(norths), (max(easts) - min(easts)) * shrink, 0.01)
    west, top = min(easts), max(norths)
    wide = _CLOSE if len(placed) > _MARKS else 0.1
    close: dict[tuple[int, int], list[StationCode]] = {}
    for code, (north, east) in placed:
        x, y = (east - west) * shrink * scale, (top - north) * scale
        close.setdefault((round(x / wide), round(y / wide)), []).append(code)
    points = [
        Point(round(x * wide, 1), round(y * wide, 1), here, [code for code in here if code in troubles])
        for (x, y), here in close.items()
    ]
    return sorted(points, key=lambda point: bool(point.off))


@router.get("/phan-phoi/{code}")
def station(
    request: Request, v: Annotated[Visitor, Depends(Visit(Right.SEE))], code: str, dem: str = ""
) -> HTMLResponse:
    """One station, as it is now or as it was on a night."""
    desk = v.desk
    found = desk.config.stations.get(StationCode(code))
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    titles = {b.id: b.title for b in desk.ledger.bulletins()}
    night = _night(dem)
    end = datetime.combine(night + timedelta(days=1), time(), desk.config.zone) if night else None
    facts = desk.ledger.latest(_FACTS, station=found.code, until=end)
    job = _job(request, v, code)
    trouble = desk.ledger.troubles().get(found.code)
    context = {
        "told": _told(request, v, job), "station": found, "titles": titles, "facts": facts,
        "trouble": trouble, "step": page_step_of(trouble.code, code) if trouble else None,
        "holdings": desk.ledger.holdings(station=found.code),
        "to_come": desk.ledger.transmissions(station=found.code, after=desk.now(), most=20),
        "tried": next((f for f in facts if f.happened is Happened.TRIED), None),
        "aired": next((f for f in facts if f.happened is Happened.AIRED), None), "carried": found.transport == CARRIED,
        "job": job, "code": code, "night": night, "on_night": one_night(desk, found.code, night) if night else [],
        "a_day": timedelta(days=1),
    }  # fmt: skip
    return render(Page(request, v), "station.html", context)


def _night(asked: str) -> date | None:
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        return None
    return day if _FIRST <= day <= _LAST else None


def _job(request: Request, v: Visitor, code: str) -> Job | None:
    """What was asked for last about a station, while it is under way and for a while after."""
    job: Job | None = request.app.state.work.job(errands.about_station(code))
    return job if job and (not job.ended or v.desk.now() - job.since <= _LATELY) else None


def _told(request: Request, v: Visitor, job: Job | None) -> str:
    """What came of it, for whom and when it was asked."""
    page = Page(request, v)
    return f"{page.say(job.told)} ({job.who}, {page.at(job.since, '%H:%M')})" if job and job.told else ""


@router.get("/phan-phoi/{code}/tien-do")
def progress(request: Request, v: Annotated[Visitor, Depends(Visit(Right.SEE))], code: str) -> Response:
    """Whether it is still being called: a part of the page that asks for itself, and loads the page anew at the end."""
    job = _job(request, v, code)
    if job and not job.ended:
        return render(Page(request, v), "calling.html", {"code": code})
    return Response(headers={"HX-Refresh": "true"})


@router.post("/phan-phoi/{code}/thu")
def try_out(request: Request, v: Annotated[Visitor, Depends(Visit(Right.RUN))], code: str) -> Response:
    """Call a station, write and remove a small file there."""
    errands.try_out(request.app.state.work, v.desk, code)
    return back(Page(request, v), f"/phan-phoi/{code}")


@router.post("/phan-phoi/{code}/gui")
def push_to(request: Request, v: Annotated[Visitor, Depends(Visit(Right.RUN))], code: str) -> Response:
    """Send a station what it lacks, now."""
    errands.push_to(request.app.state.work, v.desk, code)
    return back(Page(request, v), f"/phan-phoi/{code}")
