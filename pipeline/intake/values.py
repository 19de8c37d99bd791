"""What may stand behind a key of the head: words in, values out. Anything else is a ValueError with a good example."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import TypeVar

from pipeline.core.model import Kind, Language, Priority
from pipeline.core.text import slug

_T = TypeVar("_T")


class NoSuchDate(ValueError):
    """A day that no calendar has, as it is written."""


_LANGUAGES = {
    Language.VI: ("vi", "viet", "tieng viet", "vietnamese", "kinh", "tieng kinh"),
    Language.KM: ("km", "khmer", "kho me", "khome", "kmer", "tieng khmer", "tieng kho me"),
}
_BOTH = ("song ngu", "ca hai", "both", "bilingual")
_KINDS = {Kind.CT: ("ct", "chuong trinh", "programme"), Kind.PS: ("ps", "phong su", "reportage")}
_PRIORITIES = {
    Priority.NORMAL: ("thong thuong", "binh thuong", "normal"),
    Priority.PREFERRED: ("uu tien", "preferred"),
    Priority.URGENT: ("khan cap", "khan", "urgent"),
}
_YES_NO = {True: ("co", "yes", "true", "1"), False: ("khong", "no", "false", "0")}
_SEXES = {"nữ": ("nu", "giong nu", "female"), "nam": ("nam", "giong nam", "male")}
_MUSIC = {"không": ("khong", "none", "no", "tat"), "mac-dinh": ("mac dinh", "default", "co", "yes")}
MOST_REPEATS = 31
_EVERYONE = ("tat ca", "all", "toan tinh")
_LIST = re.compile(r"\s*[,;]\s*|\s+và\s+|\s+and\s+", re.IGNORECASE)
_EXCEPT = re.compile(r"(?:trừ|tru|ngoại trừ|except)\s+", re.IGNORECASE)


def _one_of(known: Mapping[_T, tuple[str, ...]], text: str) -> _T:
    for value, words in known.items():
        if slug(text) in {slug(word) for word in words}:
            return value
    raise ValueError(text)


def languages(text: str) -> tuple[Language, ...]:
    """`vi`, `km`, `vi+km`, or their names."""
    if slug(text) in {slug(word) for word in _BOTH}:
        return (Language.VI, Language.KM)
    words = re.split(r"\s*[+,;/&]\s*|\s+và\s+", text)
    return tuple(dict.fromkeys(_one_of(_LANGUAGES, word) for word in words))


def kind(text: str) -> Kind:
    """`CT` or `PS`."""
    return _one_of(_KINDS, text)


def priority(text: str) -> Priority:
    """One of circular 39's three."""
    return _one_of(_PRIORITIES, text)


def yes_or_no(text: str) -> bool:
    """`có` or `không`."""
    return _one_of(_YES_NO, text)


def voice(text: str) -> str:
    """`nữ`, `nam`, or the name of a voice as written."""
    try:
        return _one_of(_SEXES, text)
    except ValueError:
        return text


def music(text: str) -> str:
    """`không`, `mac-dinh`, or the name of a sound file as written."""
    try:
        return _one_of(_MUSIC, text)
    except ValueError:
        return text


def recipients(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who gets it and who does not, as written: `tất cả, trừ Đất Mũi`. The first is empty where everyone does."""
    wanted: list[str] = []
    unwanted: list[str] = []
    into = wanted
    for word in filter(None, _LIST.split(text.strip())):
        name = _EXCEPT.sub("", word, count=1) if _EXCEPT.match(word) else word
        into = unwanted if name != word else into
        into.append(name)
    everyone = [name for name in wanted if slug(name) in {slug(word) for word in _EVERYONE}]
    if everyone and len(wanted) > 1:
        raise ValueError(text)
    return (() if everyone else tuple(wanted)), tuple(unwanted)


# --- air times -------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})[/.-](?P<year>\d{4})"
    r"|(?P<iso>\d{4}-\d{2}-\d{2})"
    r"|(?P<hour>\d{1,2})\s*(?:(?::|giờ|gio|[hg])\s*(?P<minute>\d{2})(?![\d/-])(?:\s*phút)?|(?:giờ|gio|[hg])\b)",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"(?:[\s,;&+.T]|và|ngày|lúc|vào)*", re.IGNORECASE)


def air_times(text: str) -> tuple[datetime, ...]:
    """Naive local times, in order: `25/11/2026 05:00, 17:00`, also `5h30 ngày 25/11/2026`.

    A day holds for the times after it, or, where times come first, for those before it. The year must be written:
    a bulletin prepared in December airs in January.
    """
    if not _BETWEEN.fullmatch(_TOKEN.sub("", text)):
        raise ValueError(text)
    tokens = [_token(match) for match in _TOKEN.finditer(text)]
    if not tokens:
        raise ValueError(text)
    if isinstance(tokens[0], time):
        tokens.reverse()
    return tuple(sorted(set(_paired(tokens, text))))


def repeat(text: str) -> int:
    """`3 ngày`: airs again on each of the three days after."""
    found = re.fullmatch(r"(\d{1,2})(?:\s*(?:ngày|ngay|days?))?", text.strip(), re.IGNORECASE)
    if not found or not 1 <= int(found[1]) <= MOST_REPEATS:
        raise ValueError(text)
    return int(found[1])


def since(text: str) -> datetime:
    """A day, or a time of a day: `25/11/2026 05:00`; a day alone begins at midnight."""
    return _instant(text, time.min)


def until(text: str) -> datetime:
    """A day, or a time of a day; a day alone holds to its end."""
    return _instant(text, time(23, 59))


def _instant(text: str, usual: time) -> datetime:
    if not _BETWEEN.fullmatch(_TOKEN.sub("", text)):
        raise ValueError(text)
    tokens = [_token(match) for match in _TOKEN.finditer(text)]
    days, times = [t for t in tokens if isinstance(t, date)], [t for t in tokens if isinstance(t, time)]
    if len(days) != 1 or len(times) > 1:
        raise ValueError(text)
    return datetime.combine(days[0], times[0] if times else usual)


def _token(match: re.Match[str]) -> date | time:
    try:
        if match["iso"]:
            return date.fromisoformat(match["iso"])
        if match["year"]:
            return date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError as fault:
        raise NoSuchDate(match[0]) from fault
    return time(int(match["hour"]), int(match["minute"] or 0))


def _paired(tokens: list[date | time], text: str) -> list[datetime]:
    """Each time with the day that stands before it; a day without a time is as wrong as a time without a day."""
    day: date | None = None
    times: dict[date, list[datetime]] = {}
    for token in tokens:
        if isinstance(token, date):
            day = token
            times.setdefault(day, [])
        elif day:
            times[day].append(datetime.combine(day, token))
        else:
            raise ValueError(text)
    if not all(times.values()):
        raise ValueError(text)
    return [at for found in times.values() for at in found]
