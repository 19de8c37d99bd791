"""Tables of a report: each with its heading, its columns and its rows, for every kind of file that shows them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from pipeline.core.airtime import Airtime
from pipeline.core.errors import Says
from pipeline.core.report import Entry, Group, Report
from pipeline.report import words

Cell = str | int | float | date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table. Numbers are numbers and days are days; a share is a fraction of 1."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    shares: frozenset[int] = frozenset()
    """Columns, from 0, whose numbers are shares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How tables are worded."""

    lang: str
    """`vi` or `en`."""
    zone: ZoneInfo
    themes: Mapping[str, str]
    """The full names of themes."""

    def say(self, told: Says) -> str:
        """A text in the language of the report."""
        return told.en if self.lang == "en" else told.vi

    def theme(self, code: str) -> str:
        """A theme as people know it."""
        return self.themes.get(code, code) or self.say(Says("không ghi", "none"))

    def local(self, at: datetime | None) -> str:
        """An instant in the newsroom's zone."""
        return f"{at.astimezone(self.zone):%d/%m/%Y %H:%M}" if at else ""


MOST_ROWS = 100_000
"""Of evidence by station in one file; JSON has all."""


def lines(report: Report, w: Wording) -> Sheet:
    """Every line of the plan, as its appendix has them."""
    columns = _say(w, ("TT", "No."), ("Nội dung", "Line of the plan"), ("Đơn vị tính", "Unit"),
                   ("Kế hoạch năm", "Target of the year"), ("Thực hiện trong kỳ", "In the period"),
                   ("Luỹ kế từ đầu năm", "Since the year began"), ("Tỷ lệ", "Share"))  # fmt: skip
    rows = [
        (n, w.say(words.PLAN_LINE[r.line]), w.say(words.UNIT[r.line]), r.target, r.period, r.year, round(r.share, 4))
        for n, r in enumerate(report.reached, start=1)
    ]
    title = w.say(Says("Chỉ tiêu kế hoạch", "Lines of the plan"))
    return Sheet(title=title, columns=columns, rows=rows, shares=frozenset({6}))


def bulletins(report: Report, w: Wording, only: Sequence[Entry] | None = None) -> Sheet:
    """Every bulletin, or only some, with what it rests on."""
    columns = _say(w, ("Ngày phát", "First air date"), ("Mã", "Id"), ("Tiêu đề", "Title"),
                   ("Chương trình", "Programme"), ("Tiếng", "Language"), ("Thể loại", "Kind"), ("Chủ đề", "Theme"),
                   ("Phút", "Minutes"), ("Người duyệt", "Signed by"), ("Duyệt lúc", "Signed at"),
                   ("Số trạm", "Stations"), ("Trạm nhận kịp", "In time"), *_AIRTIME, ("Tính", "Counts"),
                   ("Lý do", "Why"), ("SHA-256 của bản phát", "SHA-256 of the master"))  # fmt: skip
    shown = report.entries if only is None else only
    return Sheet(title=w.say(Says("Bản tin", "Bulletins")), columns=columns, rows=[_entry(e, w) for e in shown])


def _entry(e: Entry, w: Wording) -> Sequence[Cell]:
    yes = Says("có", "yes") if e.row.counted else Says("không", "no")
    return (
        e.row.air_date, e.bulletin.id, e.bulletin.title, e.bulletin.programme, w.say(words.language(e.row.language)),
        e.row.kind.value, w.theme(e.bulletin.theme), minutes(e.seconds), e.row.approved_by, w.local(e.signed_at),
        e.row.stations, e.row.in_time, *_airtime(e.airtime), w.say(yes), w.say(words.WHY[e.row.why]),
        e.row.digest or "",
    )  # fmt: skip


def groups(
    title: Says, name: Says, found: Iterable[Group], w: Wording, named: Mapping[str, str] | None = None
) -> Sheet:
    """Bulletins or airings by something."""
    columns = _say(
        w, (name.vi, name.en), ("Bản tin", "Bulletins"), ("Phút chương trình", "Programme minutes"), *_AIRTIME
    )
    rows = [((named or {}).get(g.name, g.name), g.bulletins, minutes(g.seconds), *_airtime(g.airtime)) for g in found]
    return Sheet(title=w.say(title), columns=columns, rows=rows)


def by_language(report: Report, w: Wording) -> Sheet:
    """By language."""
    found = report.by(lambda e: e.row.language)
    named = {g.name: w.say(words.language(g.name)) for g in found}
    return groups(Says("Theo tiếng", "By language"), Says("Tiếng", "Language"), found, w, named)


def by_theme(report: Report, w: Wording) -> Sheet:
    """By theme."""
    found = report.by(lambda e: e.bulletin.theme)
    named = {g.name: w.theme(g.name) for g in found}
    return groups(Says("Theo chủ đề", "By theme"), Says("Chủ đề", "Theme"), found, w, named)


def by_kind(report: Report, w: Wording) -> Sheet:
    """By kind."""
    found = report.by(lambda e: e.row.kind.value)
    return groups(Says("Theo thể loại", "By kind"), Says("Thể loại", "Kind"), found, w)


def by_month(report: Report, w: Wording) -> Sheet:
    """By the month in which bulletins first aired."""
    found = report.by(lambda e: f"{e.row.air_date:%Y-%m}")
    named = {g.name: f"{g.name[5:]}/{g.name[:4]}" for g in found}
    return groups(Says("Theo tháng", "By month"), Says("Tháng", "Month"), found, w, named)


def by_commune(report: Report, w: Wording) -> Sheet:
    """By commune: bulletins that were planned there."""
    return groups(Says("Theo xã", "By commune"), Says("Xã, phường, đồn", "Commune or post"), report.communes, w)


def outputs(report: Report, w: Wording) -> Sheet:
    """What people entered."""
    columns = _say(w, ("Ngày", "Day"), ("Chỉ tiêu", "Line"), ("Số lượng", "Quantity"), ("Nội dung", "What"),
                   ("Bằng chứng", "Evidence"), ("Tệp", "File"), ("Người ghi", "Entered by"),
                   ("Đã gạch vì", "Struck out"), ("SHA-256 của tệp", "SHA-256 of the file"))  # fmt: skip
    rows = [
        (o.day, w.say(words.PLAN_LINE[o.line]), o.quantity, o.what, o.evidence, o.file_name, o.who, o.struck, o.file)
        for o in report.outputs
    ]
    return Sheet(title=w.say(Says("Kết quả ghi tay", "Entered by hand")), columns=columns, rows=rows)


def pay(report: Report, w: Wording) -> Sheet:
    """Who is due what, a row a part in a bulletin."""
    columns = _say(w, ("Họ tên", "Name"), ("Vai trò", "Part"), ("Bản tin", "Bulletin"), ("Tiêu đề", "Title"),
                   ("Ngày phát", "First air date"), ("Tiếng", "Language"), ("Tính theo", "Paid by"),
                   ("Số lượng", "Quantity"), ("Mức (đồng)", "Rate (đồng)"), ("Mức từ ngày", "Rate since"),
                   ("Thành tiền (đồng)", "Due (đồng)"))  # fmt: skip
    rows: list[Sequence[Cell]] = []
    for p in sorted(report.pay, key=lambda p: (p.name, p.day, p.bulletin, p.part)):
        rate: Sequence[Cell] = ("", None, None, None, None)
        if p.rate:
            rate = (w.say(words.MEASURE[p.rate.measure]), float(p.quantity), p.rate.dong, p.rate.since, p.dong)
        told = w.say(words.language(p.language.value))
        rows.append((p.name, w.say(words.PART[p.part]), p.bulletin, p.title, p.day, told, *rate))
    missing = sum(p.rate is None for p in report.pay)
    note = Says(
        f"{missing} dòng chưa có mức ở [pay] của config.toml", f"{missing} lines have no rate in [pay] of config.toml"
    )
    return Sheet(title=w.say(Says("Thù lao", "Pay")), columns=columns, rows=rows, note=w.say(note) if missing else "")


def evidence(report: Report, w: Wording) -> Sheet:
    """Each bulletin at each station, with the receipt that its count rests on."""
    columns = _say(w, ("Bản tin", "Bulletin"), ("Trạm", "Station"), ("Phát lần đầu", "First airing"),
                   ("Nhận lúc", "Held since"), ("Chứng minh bằng", "Proven by"), ("SHA-256", "SHA-256"),
                   ("Lượt kế hoạch", "Airings planned"), ("Lượt đã nhận", "Delivered"),
                   ("Lượt kiểm chứng", "Confirmed"), ("Lượt trạm báo phát", "Aired, says the station"))  # fmt: skip
    rows: list[Sequence[Cell]] = []
    for e in report.entries:
        for p in e.proofs:
            a = p.airtime
            proven = w.say(words.VERIFIED[p.verified]) if p.verified else ""
            rows.append(
                (e.bulletin.id, p.station, w.local(p.first), w.local(p.at), proven, p.digest or "", a.planned,
                 a.delivered, a.confirmed, a.aired)
            )  # fmt: skip
    note = ""
    if len(rows) > MOST_ROWS:
        told = Says(
            f"{MOST_ROWS} dòng đầu trong {len(rows)}; đủ cả thì lấy tệp JSON",
            f"the first {MOST_ROWS} of {len(rows)}; JSON has all",
        )
        note, rows = w.say(told), rows[:MOST_ROWS]
    return Sheet(title=w.say(Says("Bằng chứng", "Evidence")), columns=columns, rows=rows, note=note)


def minutes(seconds: float) -> float:
    """Minutes, to a hundredth."""
    return round(seconds / 60, 2)


_AIRTIME = (
    ("Lượt kế hoạch", "Airings planned"), ("Lượt đã nhận", "Delivered"), ("Lượt kiểm chứng", "Confirmed"),
    ("Lượt trạm báo phát", "Aired, say stations"), ("Phút-trạm kế hoạch", "Station-minutes planned"),
    ("Phút-trạm đã nhận", "Station-minutes delivered"), ("Phút-trạm kiểm chứng", "Station-minutes confirmed"),
    ("Phút-trạm báo phát", "Station-minutes aired"),
)  # fmt: skip


def _airtime(a: Airtime) -> Sequence[Cell]:
    seconds = (a.planned_seconds, a.delivered_seconds, a.confirmed_seconds, a.aired_seconds)
    return (a.planned, a.delivered, a.confirmed, a.aired, *map(minutes, seconds))


def _say(w: Wording, *pairs: tuple[str, str]) -> list[str]:
    return [w.say(Says(*pair)) for pair in pairs]
