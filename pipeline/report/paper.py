"""A report as a Word file in the layout of an administrative paper (decree 30/2020/NĐ-CP), always in Vietnamese.

The layout is a Word file that people can change (`templates/bao-cao.docx`); what is filled in stands in `context`.
"""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from docx.opc.exceptions import PackageNotFoundError
from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from pipeline.core.errors import BadTemplate, figure
from pipeline.core.report import Period, Report
from pipeline.report import sheets
from pipeline.report.chart import chart
from pipeline.report.sheets import Cell, Sheet, Wording

TEMPLATE = Path(__file__).parent / "templates" / "bao-cao.docx"
"""Ours: what a newsroom starts from when it makes its own."""
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What stands around a report."""

    newsroom: str
    superior: str
    symbol: str
    place: str
    signer: str
    recipients: Sequence[str]
    count_share: float
    """The share of stations that a bulletin needs, from 0 to 1."""
    template: Path = TEMPLATE


def paper(report: Report, w: Wording, head: Letterhead) -> bytes:
    """The Word file's bytes.

    Raises:
        BadTemplate: the newsroom's own template is not there, is no Word file, or asks for what there is not.
    """
    strict = SandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
    out = io.BytesIO()
    try:
        made = DocxTemplate(head.template)
        picture = InlineImage(made, io.BytesIO(chart(report, report.made_at.astimezone(w.zone).date())), width=Mm(160))
        made.render({**context(report, w, head), "chart": picture}, strict, autoescape=True)
        made.save(out)
    except (TemplateError, PackageNotFoundError, BadZipFile, OSError, KeyError, ValueError) as fault:
        raise BadTemplate(file=head.template.name, why=str(fault) or type(fault).__name__) from fault
    return out.getvalue()


def context(report: Report, w: Wording, head: Letterhead) -> dict[str, Any]:
    """Everything that a template may use, as text; tables as lists of rows."""
    made, of, a = report.made_at.astimezone(w.zone), report.period, report.airtime
    filled = {
        "superior": head.superior, "newsroom": head.newsroom.upper(), "newsroom_plain": head.newsroom,
        "symbol": head.symbol, "place": head.place, "signer": head.signer,
        "recipients": _listed(head.recipients),
        "day": f"{made.day:02d}", "month": f"{made.month:02d}", "year": made.year, "plan_year": of.year,
        "subject": f"Kết quả thực hiện thông tin, tuyên truyền cho đồng bào dân tộc thiểu số {_of(of)}",
        "of_period": _of(of), "counted": len(report.counted), "minutes": _number(sheets.minutes(report.seconds)),
        "share": _share(head.count_share),
        "planned": _minutes(a.planned_seconds), "delivered": _minutes(a.delivered_seconds),
        "confirmed": _minutes(a.confirmed_seconds), "aired": _minutes(a.aired_seconds),
        "lines": [(*map(_text, row[:6]), _share(row[6])) for row in _rows(sheets.lines(report, w))],
        "languages": _groups(sheets.by_language(report, w)), "themes": _groups(sheets.by_theme(report, w)),
        "kinds": _groups(sheets.by_kind(report, w)), "communes": _groups(sheets.by_commune(report, w)),
        "outputs": [row[:5] for row in _rows(sheets.outputs(report, w)) if not row[7]],
        "bulletins": _bulletins(sheets.bulletins(report, w, report.counted)),
        "others": _others(sheets.bulletins(report, w, report.uncounted)),
    }  # fmt: skip
    return {key: _clean(value) for key, value in filled.items()}


def _listed(names: Sequence[str]) -> list[str]:
    """One below the other, as such a paper ends: `;` behind each, `.` behind the last."""
    return [*(f"{name};" for name in names[:-1]), *(f"{name}." for name in names[-1:])]


def _of(of: Period) -> str:
    return f"năm {of.year}" if of.is_year else f"từ ngày {of.first:%d/%m/%Y} đến ngày {of.last:%d/%m/%Y}"


def _rows(table: Sheet) -> list[list[Cell]]:
    return [list(row) for row in table.rows]


def _groups(table: Sheet) -> list[list[str]]:
    """Name, bulletins, programme minutes, then station-minutes: planned, delivered, confirmed, aired."""
    return [[_text(row[i]) for i in (0, 1, 2, 7, 8, 9, 10)] for row in table.rows]


def _bulletins(table: Sheet) -> list[list[str]]:
    """The last of each says how it counts: templates that a newsroom made before there were `others` show it."""
    return [
        [str(n), _text(row[0]), _text(row[2]), _text(row[4]), _text(row[5]), _text(row[7]), f"{row[11]}/{row[10]}",
         _text(row[8]), _text(row[21])]
        for n, row in enumerate(table.rows, start=1)
    ]  # fmt: skip


def _others(table: Sheet) -> list[list[str]]:
    return [
        [str(n), _text(row[0]), _text(row[2]), _text(row[4]), f"{row[11]}/{row[10]}", _text(row[21])]
        for n, row in enumerate(table.rows, start=1)
    ]


def _minutes(seconds: float) -> str:
    return _number(sheets.minutes(seconds))


def _share(of_one: Cell) -> str:
    return f"{_number(round(float(str(of_one)) * 100, 1))}%"


def _number(value: float) -> str:
    """As Vietnamese is written, without decimals that say nothing."""
    return figure(value, 0 if value == int(value) else 1).vi


def _text(cell: Cell) -> str:
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    return _number(cell) if isinstance(cell, int | float) else str(cell or "")


def _clean(value: object) -> object:
    """Without characters that no XML may hold, which a script's title may."""
    if isinstance(value, str):
        return _NOT_XML.sub("", value)
    if isinstance(value, Mapping):
        return {key: _clean(one) for key, one in value.items()}
    if isinstance(value, Iterable):
        return [_clean(_text(one) if isinstance(one, date) else one) for one in value]
    return value
