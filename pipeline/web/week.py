"""Lịch: a week of slots, what airs in them, what is in the way and what to do; of a programme, of one station."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from pipeline.core.model import Priority, Programme, Station, StationCode
from pipeline.core.people import Right
from pipeline.core.text import slug
from pipeline.newsroom import week as weeks
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.week import Spot, Week
from pipeline.web.page import Page, render
from pipeline.web.visitor import Visit, Visitor

router = APIRouter(include_in_schema=False)
_FIRST, _LAST = 2000, 2100
"""Years that are shown."""
_ROWS = 24
"""Rows of the calendar; where there are more times of day than that, a row is an hour."""
_LISTED = 300
"""Stations that are offered by name while somebody types; where there are more, they type."""
_MEANT = 12
"""Stations that are shown where a name fits several."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A row of a day."""

    spots: Sequence[Spot]
    free: Sequence[tuple[time, Programme]]
    shut: bool
    """Whether the station that is looked at does not air then."""


@router.get("/lich")
def week(
    request: Request,
    v: Annotated[Visitor, Depends(Visit(Right.SEE))],
    tuan: str = "",
    chuong_trinh: str = "",
    tram: str = "",
) -> HTMLResponse:
    """One week, Monday first: every bulletin that is to air in it, signed or not."""
    desk = v.desk
    today = desk.now().astimezone(desk.config.zone).date()
    monday = _monday(tuan, today)
    found = _fitting(desk, tram)
    station = found[0] if len(found) == 1 else None
    programme = chuong_trinh if chuong_trinh in desk.config.programmes else ""
    shown = weeks.week(desk, monday, programme, station)
    rows = _rows(shown.times)
    every = sorted({spot.line.bulletin.id: spot.line for spots in shown.spots.values() for spot in spots}.values(),
                   key=lambda line: min(line.bulletin.air))  # fmt: skip
    stations = desk.config.stations
    context = {
        "told": "", "days": shown.days, "today": today, "now": desk.now(), "rows": rows,
        "cells": {(day, row): _cell(shown, day, row, station) for day in shown.days for row in rows},
        "before": monday - timedelta(days=7), "after": monday + timedelta(days=7), "monday": monday,
        "holidays": desk.config.settings.plan.holidays, "programmes": desk.config.programmes, "programme": programme,
        "tram": tram, "station": station, "fitting": found[:_MEANT], "asked": bool(tram.strip()),
        "named": [*stations.values()] if len(stations) <= _LISTED else [],
        "urgent": [line for line in every if line.bulletin.priority is Priority.URGENT],
        "by_hour": len(shown.times) > _ROWS, "some": _some, "quiet_of": _windows,
    }  # fmt: skip
    return render(Page(request, v), "week.html", context)


def _monday(asked: str, today: date) -> date:
    try:
        day = date.fromisoformat(asked) if asked else today
    except ValueError:
        day = today
    if not _FIRST <= day.year <= _LAST:
        day = today
    return day - timedelta(days=day.weekday())


def _fitting(desk: Desk, asked: str) -> list[Station]:
    """The stations that somebody means by a code or by (a part of) a name; one alone where it fits exactly."""
    wanted = asked.strip()
    stations = desk.config.stations
    if not wanted:
        return []
    code = StationCode(wanted.split(" ", 1)[0])
    if code in stations:
        return [stations[code]]
    exact = [s for s in stations.values() if wanted.casefold() in {s.code.casefold(), s.name.casefold()}]
    return exact or [s for s in stations.values() if slug(wanted) in slug(s.name) or slug(wanted) in slug(s.code)]


def _rows(times: Sequence[time]) -> list[time]:
    return list(times) if len(times) <= _ROWS else sorted({time(at.hour) for at in times})


def _cell(shown: Week, day: date, row: time, station: Station | None) -> Cell:
    by_hour = len(shown.times) > _ROWS
    here = [at for at in shown.times if (time(at.hour) if by_hour else at) == row]
    spots = [spot for at in here for spot in shown.spots.get((day, at), ())]
    free = [(at, p) for at in here for p in shown.free.get((day, at), ()) if station is None or station.may_air(at)]
    shut = station is not None and not any(station.may_air(at) for at in here)
    return Cell(spots, free, shut)


def _windows(station: Station) -> tuple[str, str]:
    """Its windows and its quiet hours, as people write them."""
    return ", ".join(map(str, station.windows)), ", ".join(map(str, station.quiet))


def _some(codes: Sequence[StationCode], most: int = 4) -> str:
    """A few of them by code."""
    return ", ".join(codes[:most]) + (", …" if len(codes) > most else "")
