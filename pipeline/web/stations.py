"""Phân phối: communes by night; a station with its visits, receipts and last word; trying it, pushing to it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from pipeline.core.day import Figures
from pipeline.core.facts import Happened
from pipeline.core.model import CARRIED, StationCode, Trouble
from pipeline.core.people import Right
from pipeline.newsroom import registry
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.digest import figures, lacking, stations_of, step_on_page
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

    def figured(day: date) -> Figures:
        made: Figures = dear.get(("day", day, desk.config.stamp), lambda: figures(desk, day))
        return made

    day = _night(ngay) or _coming(desk, today, figured)
    if thieu:
        due, others = dear.get(("lacking", day, desk.config.stamp), lambda: lacking(desk, day)), []
    else:
        due, others = stations_of(desk, day), sorted(desk.config.stations)
    sought = {one.code for one in registry.sought(desk, tim)}
    codes = [code for code in dict.fromkeys([*due, *others]) if code in sought]
    shown, turning = _turned(codes, trang)
    context = {
        "told": "", "day": figured(day), "codes": shown, "known": bool(sought),
        "grid": of_day(desk, day, shown), "count": len(codes), "thieu": thieu, "tim": tim, "today": today,
        "tomorrow": today + timedelta(days=1), **turning, "stations": desk.config.stations, "now": desk.now(),
        "carried": CARRIED,
        "troubles": desk.ledger.troubles(), "visited": desk.ledger.visited(desk.now()),
    }  # fmt: skip
    return render(Page(request, v), "stations.html", context)


def _turned(codes: Sequence[StationCode], asked: int) -> tuple[Sequence[StationCode], dict[str, object]]:
    """A page of stations, the last one where fewer are left than were asked for; its number and whether more follow."""
    number = max(1, min(asked, math.ceil(len(codes) / _A_PAGE)))
    end = number * _A_PAGE
    return codes[end - _A_PAGE : end], {"page_number": number, "more": len(codes) > end}


def _coming(desk: Desk, today: date, figured: Callable[[date], Figures]) -> date:
    """The day that whoever delivers looks at next: today until its last air time, then what tonight's push brings."""
    now, zone, tomorrow = desk.now(), desk.config.zone, today + timedelta(days=1)
    to_come = any(
        at > now and at.astimezone(zone).date() == today for one in figured(today).served for at in one.bulletin.air
    )
    return tomorrow if not to_come and figured(tomorrow).served else today


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
    shown, turning = _turned(codes, trang)
    context = {
        "told": "", "days": days, "codes": shown, "count": len(codes), "loi": loi, "tim": tim, "stations": stations,
        "nights": nights(desk, shown, days), "troubles": troubles, **turning,
        "before": days[0] - timedelta(days=1), "after": last + timedelta(days=7),
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
    jobs = _jobs(request, v, code)
    trouble = desk.ledger.troubles().get(found.code)
    context = {
        "told": _told(request, v, jobs), "station": found, "titles": titles, "facts": facts,
        "trouble": trouble, "step": step_on_page(found, trouble) if trouble else None,
        "holdings": desk.ledger.holdings(station=found.code),
        "to_come": desk.ledger.transmissions(station=found.code, after=desk.now(), most=20),
        "tried": next((f for f in facts if f.happened is Happened.TRIED), None),
        "aired": next((f for f in facts if f.happened is Happened.AIRED), None), "carried": found.transport == CARRIED,
        "now": desk.now(), "jobs": jobs, "calling": _is_called(jobs), "code": code,
        "night": night, "on_night": one_night(desk, found.code, night) if night else [], "a_day": timedelta(days=1),
    }  # fmt: skip
    return render(Page(request, v), "station.html", context)


def _night(asked: str) -> date | None:
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        return None
    return day if _FIRST <= day <= _LAST else None


def _jobs(request: Request, v: Visitor, code: str) -> list[Job]:
    """What was asked for about a station, while it is under way and for a while after."""
    jobs: list[Job] = request.app.state.work.jobs(errands.about_station(code))
    return [job for job in jobs if not job.ended or v.desk.now() - job.ended <= _LATELY]


def _is_called(jobs: Sequence[Job]) -> bool:
    return not all(job.ended for job in jobs)


def _told(request: Request, v: Visitor, jobs: Sequence[Job]) -> str:
    """What came of it, for whom and when it was asked."""
    page = Page(request, v)
    return " ".join(f"{page.say(job.told)} ({job.who}, {page.at(job.since, '%H:%M')})" for job in jobs if job.told)


@router.get("/phan-phoi/{code}/tien-do")
def progress(request: Request, v: Annotated[Visitor, Depends(Visit(Right.SEE))], code: str) -> Response:
    """Whether it is still being called: a part of the page that asks for itself, and loads the page anew at the end."""
    if _is_called(_jobs(request, v, code)):
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
