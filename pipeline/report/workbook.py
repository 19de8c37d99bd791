"""A report as an Excel workbook: its tables, charts, and the evidence of every figure."""

import io
import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.chart import BarChart, LineChart, Reference
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet as Page
from openpyxl.worksheet.properties import PageSetupProperties

from pipeline.core.errors import Says
from pipeline.core.report import Report
from pipeline.report import sheets
from pipeline.report.sheets import Cell, Sheet, Wording

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_HEAD = PatternFill("solid", fgColor="EAF0F3")
_WIDEST = 60
_HEADS = ("Phút-trạm đã nhận (cả do trạm báo)", "Phút-trạm kiểm chứng", "Phút-trạm kiểm chứng")
"""What stands below the plan's lines and may be wider than they are."""


def workbook(report: Report, w: Wording) -> bytes:
    """The workbook's bytes."""
    book = Workbook(write_only=True)
    book.properties.creator = "Bản Tin"
    book.properties.title = w.say(Says("Báo cáo", "Report"))
    _summary(book, report, w)
    tables = (sheets.bulletins, sheets.by_language, sheets.by_theme, sheets.by_kind, sheets.by_month, sheets.by_commune,
              sheets.outputs, sheets.pay, sheets.evidence)  # fmt: skip
    for make in tables:
        _sheet(book, make(report, w))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _summary(book: Workbook, report: Report, w: Wording) -> None:
    """The plan's lines, the sums, and the two charts that people look at first."""
    table = sheets.lines(report, w)
    page = book.create_sheet(table.title)
    of, a = report.period, report.airtime
    _lay_out(page, [table.columns, *table.rows, (None, *_HEADS)])
    page.append([_bold(page, f"{w.say(Says('Kỳ', 'Period'))} {of.first:%d/%m/%Y} – {of.last:%d/%m/%Y}")])
    page.append([f"{w.say(Says('Lập lúc', 'Made at'))} {w.local(report.made_at)}"])
    page.append([])
    _rows(page, table)
    page.append([])
    sums = (
        (Says("Phút chương trình được tính", "Programme minutes that count"), report.seconds),
        (Says("Phút-trạm theo kế hoạch", "Station-minutes planned"), a.planned_seconds),
        (Says("Phút-trạm đã nhận (cả do trạm báo)", "Station-minutes delivered"), a.delivered_seconds),
        (Says("Phút-trạm kiểm chứng trước giờ phát", "Station-minutes confirmed before air"), a.confirmed_seconds),
        (Says("Phút-trạm do trạm báo đã phát", "Station-minutes aired, say stations"), a.aired_seconds),
    )
    for label, seconds in sums:
        page.append([None, w.say(label), None, sheets.minutes(seconds)])
    page.append([])
    start = 3 + 1 + len(table.rows) + 1 + len(sums) + 2
    months = _months(report)
    heads = [
        Says("Tháng", "Month"),
        Says("Đã tính, cộng dồn", "Counted so far"),
        Says("Nhịp kế hoạch", "Pace of the plan"),
    ]
    page.append([None, *(_bold(page, w.say(head)) for head in heads)])
    for row in months:
        page.append([None, *row])
    page.add_chart(_line(page, start, len(months), w), "I2")
    languages = sheets.by_language(report, w)
    if languages.rows:
        first = start + len(months) + 2
        page.append([])
        page.append([None, *(_bold(page, languages.columns[i]) for i in (0, 8, 9, 10))])
        for each in languages.rows:
            page.append([None, *(_cell(page, each[i]) for i in (0, 8, 9, 10))])
        page.add_chart(_bars(page, first, len(languages.rows), w), "I20")


def _months(report: Report) -> list[tuple[str, int, float]]:
    """Counted bulletins of the year month by month, up to the end of the period, beside the plan's pace."""
    days = sorted(row.air_date for row in report.tally.rows if row.counted)
    months = range(1, report.period.last.month + 1)
    year, target = report.tally.year, report.tally.target
    return [
        (
            f"{m:02d}/{year}",
            sum(day.month <= m and day <= report.period.last for day in days),
            round(target * m / 12, 1),
        )
        for m in months
    ]


def _line(page: Page, start: int, count: int, w: Wording) -> LineChart:
    chart = LineChart()
    chart.title = w.say(Says("Bản tin được tính so với nhịp kế hoạch", "Counted bulletins against the plan's pace"))
    chart.add_data(Reference(page, min_col=3, max_col=4, min_row=start, max_row=start + count), titles_from_data=True)
    chart.set_categories(Reference(page, min_col=2, min_row=start + 1, max_row=start + count))
    for line in chart.series:
        line.smooth = False
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.y_axis.scaling.min = 0
    chart.width, chart.height = 20, 8
    return chart


def _bars(page: Page, start: int, count: int, w: Wording) -> BarChart:
    chart = BarChart()
    chart.title = w.say(Says("Phút-trạm theo tiếng", "Station-minutes by language"))
    chart.add_data(Reference(page, min_col=3, max_col=5, min_row=start, max_row=start + count), titles_from_data=True)
    chart.set_categories(Reference(page, min_col=2, min_row=start + 1, max_row=start + count))
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.width, chart.height = 20, 8
    return chart


def _sheet(book: Workbook, table: Sheet) -> None:
    page = book.create_sheet(table.title)
    page.freeze_panes = "A2" if not table.note else "A3"
    _lay_out(page, [table.columns, *table.rows[:200]])
    if table.note:
        page.append([table.note])
    _rows(page, table)


def _rows(page: Page, table: Sheet) -> None:
    page.append([_bold(page, column) for column in table.columns])
    for row in table.rows:
        page.append([_cell(page, cell, share=number in table.shares) for number, cell in enumerate(row)])


def _lay_out(page: Page, rows: Iterable[Sequence[Cell]]) -> None:
    """Columns as wide as what stands in them; on paper, lying, as wide as the sheet."""
    page.page_setup.orientation = "landscape"
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    page.page_setup.fitToHeight = 0
    widest: dict[int, int] = {}
    for row in rows:
        for number, cell in enumerate(row, start=1):
            widest[number] = max(
                widest.get(number, 8), len(f"{cell:%d/%m/%Y}" if isinstance(cell, date) else str(cell))
            )
    for number, width in widest.items():
        page.column_dimensions[get_column_letter(number)].width = min(width + 2, _WIDEST)


def _bold(page: Page, text: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(page, _NOT_XML.sub("", text))
    cell.font, cell.fill = Font(name="Calibri", bold=True), _HEAD
    return cell


def _cell(page: Page, value: Cell, *, share: bool = False) -> Any:  # noqa: ANN401 - openpyxl takes values and cells
    """A value, or a cell where it needs more than itself. A text is a text, also where it begins as a formula does."""
    if isinstance(value, str):
        text = _NOT_XML.sub("", value)
        if not text.startswith("="):
            return text
        cell = WriteOnlyCell(page, text)
        cell.data_type = "s"
        return cell
    if isinstance(value, int) or value is None:
        return value
    cell = WriteOnlyCell(page, value)
    cell.number_format = "dd/mm/yyyy" if isinstance(value, date) else "0.0%" if share else "#,##0.00"
    return cell
