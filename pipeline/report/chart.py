"""The one chart of a printed report: bulletins that count, one upon the other, beside the plan's pace."""

import io
from datetime import date

from pipeline.core.report import Report

_COUNTED, _PACE = "#1d5672", "#8a5a00"


def chart(report: Report, today: date) -> bytes:
    """A PNG for a page 160 mm wide, in Vietnamese; what is counted is drawn up to today."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - heavy, and only here
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    year, target = report.tally.year, report.tally.target
    days = sorted(e.air_date for e in report.tally.rows if e.counted and e.air_date <= report.period.last)
    figure = Figure(figsize=(6.3, 2.6), dpi=200, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    begin = date(year, 1, 1)
    whole = (date(year + 1, 1, 1) - begin).days
    counted = [(day - begin).days for day in days]
    axes.plot([0, whole], [0, target], color=_PACE, linestyle="--", linewidth=1.5, label="nhịp kế hoạch")
    drawn = max([min(report.period.last, today), *days[-1:]])
    steps = [0, *counted, (drawn - begin).days + 1]
    axes.step(steps, [*range(len(days) + 1), len(days)], where="post", color=_COUNTED, linewidth=2, label="đã tính")
    axes.set_xlim(0, whole)
    axes.set_ylim(0, max(target, len(days), 1) * 1.05)
    axes.set_xticks([(date(year, month, 1) - begin).days for month in range(1, 13)], [str(m) for m in range(1, 13)])
    axes.set_xlabel("tháng")
    axes.grid(visible=True, color="#d5dde1", linewidth=0.6)
    axes.legend(loc="upper left", frameon=False)
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": "Bản Tin"})
    return out.getvalue()
