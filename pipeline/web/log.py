"""Nhật ký: every fact, the newest first, by day, kind, person, bulletin and station; and as CSV."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from pipeline.core.errors import WrongDate
from pipeline.core.facts import Fact, Happened
from pipeline.core.people import Right
from pipeline.core.search import fold
from pipeline.newsroom import registry
from pipeline.newsroom.desk import Desk
from pipeline.report import csvfile
from pipeline.report.details import detail
from pipeline.report.sheets import Cell
from pipeline.web.page import Page, render
from pipeline.web.visitor import Visit, Visitor, language_of

router = APIRouter(include_in_schema=False)
_A_PAGE, _A_PART = 100, 2_000
_COLUMNS = ["number", "at", "happened", "who", "bulletin", "station", "digest", "detail"]
_LISTED = 300
"""Stations that are offered by name while somebody types; where there are more, they type."""
_DAYS = (date(2000, 1, 1), date(9998, 12, 31))


class Sought:
    """Which facts somebody looks for, as the address of the page says."""

    def __init__(
        self, loai: str = "", ai: str = "", bai: str = "", tram: str = "", tu: str = "", den: str = ""
    ) -> None:
        self.asked = {"loai": loai, "ai": ai.strip(), "bai": bai.strip(), "tram": tram.strip(), "tu": tu, "den": den}

    def filters(self, desk: Desk) -> dict[str, Any]:
        """What the ledger is asked for. Raises WrongDate.

        A login stands for a person's name, (a part of) a station's name for its code, and of a title for its bulletin,
        where it fits one alone; else it is taken as it is.
        """
        asked, zone = self.asked, desk.config.zone
        kind = Happened(asked["loai"]) if asked["loai"] in {h.value for h in Happened} else None
        since, until = (_day(asked[name], zone) for name in ("tu", "den"))
        return {
            "happened": kind, "who": _person(desk, asked["ai"]), "bulletin": _bulletin(desk, asked["bai"]),
            "station": _station(desk, asked["tram"]), "since": since,
            "until": until + timedelta(days=1, microseconds=-1) if until else None,
        }  # fmt: skip


def _person(desk: Desk, asked: str) -> str:
    known = {person.login: person.name for person in desk.ledger.accounts.people()} if asked else {}
    return _only([name for login, name in known.items() if asked == login or fold(asked) == fold(name)], asked)


def _station(desk: Desk, asked: str) -> str:
    if not asked or asked in desk.config.stations:
        return asked
    return _only([one.code for one in registry.sought(desk, asked)], asked)


def _bulletin(desk: Desk, asked: str) -> str:
    every = desk.ledger.bulletins() if asked else []
    if any(one.id == asked for one in every):
        return asked
    return _only([one.id for one in every if fold(asked) in fold(one.title)], asked)


def _only(found: Sequence[str], asked: str) -> str:
    return found[0] if len(found) == 1 else asked


@router.get("/nhat-ky")
def log(
    request: Request,
    v: Annotated[Visitor, Depends(Visit(Right.SEE))],
    sought: Annotated[Sought, Depends()],
    truoc: Annotated[int, Query(ge=0, le=(1 << 31) - 1)] = 0,
) -> HTMLResponse:
    """A page of it."""
    desk, stations = v.desk, [*v.desk.config.stations.values()]
    facts = desk.ledger.latest(_A_PAGE + 1, before=truoc, **sought.filters(v.desk))
    context = {
        "told": "", "facts": facts[:_A_PAGE], "kinds": list(Happened), "sought": sought.asked,
        "detail": partial(detail, lang=language_of(request), zone=v.desk.config.zone),
        "people": desk.ledger.accounts.people(), "stations": stations if len(stations) <= _LISTED else [],
        "next": facts[_A_PAGE - 1].number if len(facts) > _A_PAGE else 0,
    }  # fmt: skip
    return render(Page(request, v), "log.html", context)


@router.get("/nhat-ky.csv")
def as_csv(v: Annotated[Visitor, Depends(Visit(Right.SEE))], sought: Annotated[Sought, Depends()]) -> Response:
    """The same for Excel: all of it, part by part, so that no year is too long."""
    found = _parts(v.desk, sought.filters(v.desk))
    headers = {"Content-Disposition": 'attachment; filename="nhat-ky.csv"'}
    parts = csvfile.parts(_COLUMNS, found)
    return StreamingResponse(parts, media_type="text/csv; charset=utf-8", headers=headers)


def _parts(desk: Desk, filters: dict[str, Any]) -> Iterator[list[list[Cell]]]:
    """The rows of all facts that are sought."""
    before = 0
    while facts := desk.ledger.latest(_A_PART, before=before, **filters):
        yield [_row(fact, desk.config.zone) for fact in facts]
        before = facts[-1].number


def _row(f: Fact, zone: tzinfo) -> list[Cell]:
    cells = [
        f.number,
        f.at.astimezone(zone).isoformat(),
        f.happened.value,
        f.who,
        f.bulletin,
        f.station,
        f.digest,
        _detail(f),
    ]
    return [str(cell or "") for cell in cells]


def _day(text: str, zone: tzinfo) -> datetime | None:
    """When a local day begins; None for none."""
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError as problem:
        raise WrongDate(text=text) from problem
    if day is None:
        return None
    return datetime.combine(max(_DAYS[0], min(_DAYS[1], day)), datetime.min.time(), zone).astimezone(UTC)


def _detail(fact: Fact) -> str:
    return json.dumps(dict(fact.detail), ensure_ascii=False) if fact.detail else ""
