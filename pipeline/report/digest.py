"""A day as a message that people read: the same text on a terminal, in a mail, in a chat."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from itertools import groupby

from pipeline.core.day import Day, Lack
from pipeline.core.errors import PipelineError, Says
from pipeline.core.model import Trouble

_NAMED = 25
"""Stations that are named one by one; of more, only how many of each fault."""


def title(day: Day, lang: str) -> str:
    """One line that says whether anybody has to act."""
    words = Says(
        "Bản tin ngày {day}: {complete}/{stations} trạm đủ{more}",
        "Bulletins of {day}: {complete} of {stations} stations complete{more}",
    )
    parts = []
    if day.missed:
        parts.append(Says(f"{day.missed} lượt lỡ giờ", f"{day.missed} airings missed"))
    if day.threats:
        parts.append(Says(f"{len(day.threats)} bản tin chưa phát được", f"{len(day.threats)} cannot air yet"))
    more = Says("".join(f"; {p.vi}" for p in parts), "".join(f"; {p.en}" for p in parts))
    told = words.format(day=f"{day.day:%d/%m/%Y}", complete=day.complete, stations=day.stations, more=more)
    return _in(told, lang)


def text(day: Day, lang: str, zone: tzinfo) -> str:
    """The whole message: the day's bulletins, who lacks what and why, what to do."""
    return "\n".join([title(day, lang), *_lines(day, lang, zone)])


def _lines(day: Day, lang: str, zone: tzinfo) -> Iterator[str]:
    if not day.served and not day.threats:
        yield _in(Says("Hôm ấy không có bản tin nào trong lịch.", "Nothing was planned for that day."), lang)
    for one in day.served:
        mark = "✓" if one.holding == one.stations else "✗"
        at, count = f"{one.at.astimezone(zone):%H:%M}", f"{one.holding}/{one.stations}"
        yield f"{mark} {at} {one.bulletin.title} ({one.bulletin.id}): {count}"
    if day.aired:
        yield _in(Says(f"Trạm báo đã phát: {day.aired} lượt.", f"Stations say they played: {day.aired}."), lang)
    if day.lacking:
        yield ""
        yield _in(Says(f"Còn thiếu {len(day.lacking)} trạm:", f"{len(day.lacking)} stations lack something:"), lang)
        yield from _lacking(day, lang, zone)
    if day.threats:
        yield ""
        yield _in(Says("Sắp đến giờ mà chưa phát được:", "To air soon, and cannot yet:"), lang)
        for threat in day.threats:
            yield f"  {_local(threat.at, zone)} {threat.bulletin.title} ({threat.bulletin.id})"
            yield f"    {_said(threat.problem, lang)}"


def _lacking(day: Day, lang: str, zone: tzinfo) -> Iterator[str]:
    for lack in day.lacking[:_NAMED]:
        names = ", ".join(bulletin.title for bulletin in lack.bulletins)
        yield f"  {lack.station.code} {lack.station.name}, {_local(lack.at, zone)}: {names}"
        yield f"    {_why(lack.trouble, lang, zone)}"
        yield f"    → {_in(lack.step, lang)}"
    rest = sorted(day.lacking[_NAMED:], key=_code)
    for code, alike in groupby(rest, key=_code):
        count = len(list(alike))
        yield "  " + _in(Says(f"và {count} trạm nữa: {code}", f"and {count} more: {code}"), lang)


def _code(lack: Lack) -> str:
    return lack.trouble.code if lack.trouble else "-"


def _why(trouble: Trouble | None, lang: str, zone: tzinfo) -> str:
    if trouble is None:
        return _in(Says("chưa gửi lần nào", "nobody has tried yet"), lang)
    words = Says("{code} {why}; đã thử {tries} lần từ {since}", "{code} {why}; tried {tries} times since {since}")
    told = words.format(code=trouble.code, why=trouble.reason, tries=trouble.tries, since=_local(trouble.since, zone))
    if trouble.next is None:
        return _in(told, lang) + _in(Says("; không tự thử lại", "; not tried again by itself"), lang)
    at = _local(trouble.next, zone)
    return _in(told, lang) + _in(Says(f"; thử lại lúc {at}", f"; again at {at}"), lang)


def _said(problem: PipelineError, lang: str) -> str:
    return f"{problem.code} {_in(problem.message, lang)} → {_in(problem.next_step, lang)}"


def _local(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%d/%m %H:%M}"


def _in(words: Says, lang: str) -> str:
    return words.vi if lang == "vi" else words.en
