"""A day as a message that people read: the same text on a terminal, in a mail, in a chat."""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from itertools import groupby

from pipeline.core.day import Absence, Alarm, Concern, Day, Gap, Lack
from pipeline.core.errors import PipelineError, Says
from pipeline.core.model import Trouble

_NAMED = 25
"""Stations, and air times, that are named one by one; of more, only how many."""
_NAMED_AT_ONE = 8
"""Stations that are named for one air time that passed."""


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
    if day.remains:
        count = len(day.remains)
        parts.append(Says(f"{count} trạm còn giữ bản đã rút", f"{count} stations still hold what was taken back"))
    more = Says("".join(f"; {p.vi}" for p in parts), "".join(f"; {p.en}" for p in parts))
    told = words.format(day=f"{day.day:%d/%m/%Y}", complete=day.complete, stations=day.stations, more=more)
    return _in(told, lang)


def text(day: Day, lang: str, zone: tzinfo) -> str:
    """The whole message: the day's bulletins, who lacks what and why, what to do."""
    return "\n".join([title(day, lang), *_lines(day, lang, zone)])


def _lines(day: Day, lang: str, zone: tzinfo) -> Iterator[str]:
    if not (day.served or day.threats or day.gaps or day.remains):
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
        yield from _lacking(day.lacking, lang, zone)
    if day.remains:
        yield ""
        yield _in(Says("Còn giữ bản tin đã rút hoặc đã trả lại:", "Still hold what was withdrawn or returned:"), lang)
        yield from _concerns(day.remains, lang, zone)
    if day.gaps:
        yield ""
        yield from _gaps(day.gaps, lang, zone)
    if day.threats:
        yield ""
        yield _in(Says("Sắp đến giờ mà chưa phát được:", "To air soon, and cannot yet:"), lang)
        for threat in day.threats:
            yield f"  {_local(threat.at, zone)} {threat.bulletin.title} ({threat.bulletin.id})"
            yield f"    {_said(threat.problem, lang)}"


def alarm_title(alarm: Alarm, lang: str, zone: tzinfo) -> str:
    """One line that says what is about to be missed, what was, and on which days."""
    parts = []
    if alarm.lacking:
        count = len(alarm.lacking)
        parts.append(Says(f"{count} trạm sắp phát mà chưa có", f"{count} stations air soon and lack it"))
    if alarm.gaps:
        count = sum(gap.airings for gap in alarm.gaps)
        parts.append(Says(f"{count} lượt lỡ giờ", f"{count} airings missed"))
    if alarm.stuck:
        count = len(alarm.stuck)
        parts.append(Says(f"{count} trạm cần người xem", f"{count} stations need somebody"))
    instants = [*(lack.at for lack in alarm.lacking), *(gap.at for gap in alarm.gaps)] or [alarm.now]
    days = sorted(at.astimezone(zone).date() for at in instants)
    named = " – ".join(f"{day:%d/%m/%Y}" for day in dict.fromkeys((days[0], days[-1])))
    told = Says("; ".join(p.vi for p in parts), "; ".join(p.en for p in parts))
    return _in(Says(f"Bản tin ngày {named}: {told.vi}", f"Bulletins of {named}: {told.en}"), lang)


def alarm_text(alarm: Alarm, lang: str, zone: tzinfo) -> str:
    """The whole message: who should have what by now, why not, what to do; what passed without its bulletin."""
    return "\n".join([alarm_title(alarm, lang, zone), *_alarm_lines(alarm, lang, zone)])


def _alarm_lines(alarm: Alarm, lang: str, zone: tzinfo) -> Iterator[str]:
    at = _local(alarm.now, zone)
    yield _in(Says(f"Xem lúc {at}.", f"As of {at}."), lang)
    if alarm.lacking:
        yield ""
        yield _in(Says("Sắp đến giờ mà trạm chưa có:", "To air soon, and not there:"), lang)
        yield from _lacking(alarm.lacking, lang, zone)
    if alarm.gaps:
        yield ""
        yield from _gaps(alarm.gaps, lang, zone)
    if alarm.stuck:
        yield ""
        yield _in(Says("Trạm cần người xem, không tự thử lại:", "Need somebody, not tried again by itself:"), lang)
        yield from _concerns(alarm.stuck, lang, zone)


def _concerns(concerns: Sequence[Concern], lang: str, zone: tzinfo) -> Iterator[str]:
    for one in concerns[:_NAMED]:
        titles = ", ".join(bulletin.title for bulletin in one.bulletins)
        yield f"  {one.station.code} {one.station.name}" + (f": {titles}" if titles else "")
        if one.trouble:
            yield f"    {_tried(one.trouble, lang, zone)}"
        yield f"    → {_in(one.step, lang)}"
    if (more := len(concerns) - _NAMED) > 0:
        yield "  " + _in(Says(f"và {more} trạm nữa", f"and {more} more"), lang)


def _gaps(gaps: Sequence[Gap], lang: str, zone: tzinfo) -> Iterator[str]:
    yield _in(Says("Đã qua giờ mà không có bản tin:", "Passed without the bulletin:"), lang)
    for gap in gaps[:_NAMED]:
        yield f"  ✗ {_local(gap.at, zone)} {gap.bulletin.title} ({gap.bulletin.id})"
        yield f"    {_where(gap, lang)}"
    if (more := len(gaps) - _NAMED) > 0:
        yield "  " + _in(Says(f"và {more} giờ phát nữa", f"and {more} more air times"), lang)


def _where(gap: Gap, lang: str) -> str:
    if not gap.stations:
        nowhere = _in(Says("không có trong lịch của trạm nào", "planned at no station"), lang)
        return f"{nowhere}: {_said(gap.obstacle, lang)}" if gap.obstacle else nowhere
    count, more = len(gap.stations), len(gap.stations) - _NAMED_AT_ONE
    named = ", ".join(_absent(one) for one in gap.stations[:_NAMED_AT_ONE])
    rest = _in(Says(f" và {more} trạm nữa", f" and {more} more"), lang) if more > 0 else ""
    return _in(Says(f"{count} trạm: ", f"{count} stations: "), lang) + named + rest


def _absent(one: Absence) -> str:
    return f"{one.station} {one.name}".rstrip() + (f" ({one.fault})" if one.fault else "")


def _lacking(lacking: Sequence[Lack], lang: str, zone: tzinfo) -> Iterator[str]:
    for lack in lacking[:_NAMED]:
        names = ", ".join(bulletin.title for bulletin in lack.bulletins)
        yield f"  {lack.station.code} {lack.station.name}, {_local(lack.at, zone)}: {names}"
        yield f"    {_why(lack, lang, zone)}"
        yield f"    → {_in(lack.step, lang)}"
    rest = sorted(lacking[_NAMED:], key=_code)
    for code, alike in groupby(rest, key=_code):
        count = len(list(alike))
        yield "  " + _in(Says(f"và {count} trạm nữa: {code}", f"and {count} more: {code}"), lang)


def _code(lack: Lack) -> str:
    return lack.fault or "-"


def _why(lack: Lack, lang: str, zone: tzinfo) -> str:
    if lack.obstacle:
        return f"{lack.obstacle.code} {_in(lack.obstacle.message, lang)}"
    if lack.trouble is None:
        return _in(Says("chưa gửi tới nơi", "not brought there yet"), lang)
    return _tried(lack.trouble, lang, zone)


def _tried(trouble: Trouble, lang: str, zone: tzinfo) -> str:
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
