"""Nhật ký: every fact, the newest first, by day, kind, person, bulletin and station; and as CSV."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from pipeline.core.errors import WrongDate
from pipeline.core.facts import Fact, Happened
from pipeline.core.people import Right
from pipeline.newsroom.desk import Desk
from pipeline.report import csvfile
from pipeline.report.details import detail
from pipeline.report.sheets import Cell
from pipeline.web.page import Page, render
from pipeline.web.visitor import Visit, Visitor, language_of

router = APIRouter(include_in_schema=False)
_A_PAGE, _A_PART = 100, 2_000
_COLUMNS = ["number", "at", "happened", "who", "bulletin", "station", "digest", "detail"]
_DAYS = (date(2000, 1, 1), date(9998, 12, 31))


class Sought:
    """Which facts somebody looks for, as the address of the page says."""

    def __init__(
        self, loai: str = "", ai: str = "", bai: str = "", tram: str = "", tu: str = "", den: str = ""
    ) -> None:
        self.asked = {"loai": loai, "ai": ai.strip(), "bai": bai.strip(), "tram": tram.strip(), "tu": tu, "den": den}

    def filters(self, zone: tzinfo) -> dict[str, Any]:
        """What the ledger is asked for. Raises WrongDate."""
        asked = self.asked
        kind = Happened(asked["loai"]) if asked["loai"] in {h.value for h in Happened} else None
        since, until = (_day(asked[name], zone) for name in ("tu", "den"))
        return {
            "happened": kind, "who": asked["ai"], "bulletin": asked["bai"], "station": asked["tram"], "since": since,
            "until": until + timedelta(days=1, microseconds=-1) if until else None,
        }  # fmt: skip


@router.get("/nhat-ky")
def log(
    request: Request,
    v: Annotated[Visitor, Depends(Visit(Right.SEE))],
    sought: Annotated[Sought, Depends()],
    truoc: Annotated[int, Query(ge=0, le=(1 << 31) - 1)] = 0,
) -> HTMLResponse:
    """A page of it."""
    facts = v.desk.ledger.latest(_A_PAGE + 1, before=truoc, **sought.filters(v.desk.config.zone))
    context = {
        "told": "", "facts": facts[:_A_PAGE], "kinds": list(Happened), "sought": sought.asked,
        "detail": partial(detail, lang=language_of(request), zone=v.desk.config.zone),
        "next": facts[_A_PAGE - 1].number if len(facts) > _A_PAGE else 0,
    }  # fmt: skip
    return render(Page(request, v), "log.html", context)


@router.get("/nhat-ky.csv")
def as_csv(v: Annotated[Visitor, Depends(Visit(Right.SEE))], sought: Annotated[Sought, Depends()]) -> Response:
    """The same for Excel: all of it, part by part, so that no year is too long."""
    found = _parts(v.desk, sought.filters(v.desk.config.zone))
    headers = {"Content-Disposition": 'attachment; filename="nhat-ky.csv"'}
    parts = csvfile.parts(_COLUMNS, found)
    return StreamingResponse(parts, media_type="text/csv; charset=utf-8", headers=headers)


def _parts(desk: Desk, filters: dict[str, Any]) -> Iterator[list[list[Cell]]]:
    """The rows of all facts that are sought."""
    before = 0
    while facts := desk.ledger.latest(_A_PART, before=before, **filters):
        yield [_row(fact) for fact in facts]
        before = facts[-1].number


def _row(f: Fact) -> list[Cell]:
    cells = [f.number, f.at.isoformat(), f.happened.value, f.who, f.bulletin, f.station, f.digest, _detail(f)]
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
