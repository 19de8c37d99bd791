"""Listings: which bulletins somebody looks for, what airs in a span of time, what waits for whom."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from pipeline.core.coverage import Line
from pipeline.core.day import Concern, Figures, Gap, Threat
from pipeline.core.facts import Fact, Happened
from pipeline.core.model import Bulletin, BulletinId, Language
from pipeline.core.search import fold
from pipeline.core.status import Stage
from pipeline.intake.manuscript import nfc
from pipeline.newsroom import bulletins, missed
from pipeline.newsroom.bulletins import Row
from pipeline.newsroom.desk import ITSELF, Desk
from pipeline.newsroom.digest import gaps, remaining, stuck

_LATELY = timedelta(days=3)
"""How long something waits for somebody after its last air time, and how long a refused file is told."""
_MISSED, _NAMED = 8, 6
"""Missed air times that are told, and stations that are named of each."""


def sought(
    desk: Desk, *, text: str = "", stage: Stage | None = None, year: int | None = None, language: Language | None = None
) -> tuple[list[Bulletin], int]:
    """Bulletins, the newest first: those with a text in title or id, at a stage, of a local year, in a language.

    A text is found with accents or without.

    And of how many of those that were looked at for their stage the figures are out of date.
    """
    zone, wanted = desk.config.zone, fold(text.strip())
    found = [
        b
        for b in desk.ledger.bulletins()
        if (not wanted or wanted in fold(b.title) or wanted in b.id)
        and (year is None or min(b.air).astimezone(zone).year == year)
        and (language is None or language in b.languages)
    ]
    outdated = 0
    if stage:
        known = {line.bulletin.id: line for line in bulletins.lines_of(desk, [b.id for b in found])}
        outdated = sum(not line.coverage.is_current for line in known.values())
        found = [b for b in found if known[b.id].stage is stage]
    return sorted(found, key=place, reverse=True), outdated


def place(bulletin: Bulletin) -> str:
    """Where a bulletin stands among all: by its first air time, then its id. As texts, places sort as they stand."""
    return f"{min(bulletin.air).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}~{bulletin.id}"


def lines(desk: Desk, shown: Sequence[Bulletin]) -> list[Line]:
    """Where each of some bulletins stands, in their order."""
    found = {line.bulletin.id: line for line in bulletins.lines_of(desk, [b.id for b in shown])}
    return [found[b.id] for b in shown]


def airings(desk: Desk, first: date, last: date) -> list[tuple[datetime, Line]]:
    """Every air time (UTC) of some local days, both included, soonest first, with its bulletin, signed or not."""
    zone = desk.config.zone
    begin, end = (datetime.combine(day, datetime.min.time(), zone) for day in (first, last + timedelta(days=1)))
    shown = [b for b in desk.ledger.bulletins() if any(begin <= at < end for at in b.air)]
    found = [(at, line) for line in lines(desk, shown) for at in line.bulletin.air if begin <= at < end]
    return sorted(found, key=lambda one: (one[0], one[1].bulletin.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """What waits for somebody, and how this day and the next stand."""

    now: datetime
    to_sign: tuple[Row, ...]
    to_mend: tuple[Row, ...]
    """Held, or returned to their editor."""
    days: tuple[Figures, Figures]
    """This local day and the next."""
    threats: tuple[Threat, ...]
    """What airs in the hours ahead and cannot yet."""
    gaps: tuple[Gap, ...]
    """The last air times that passed without their bulletin, the last first."""
    more_gaps: bool
    """Whether there were more of late."""
    remains: tuple[Concern, ...]
    stuck: tuple[Concern, ...]
    refused: tuple[Fact, ...]
    """Files that were refused of late and not taken in since, the last first."""


def today(desk: Desk, figured: Callable[[date], Figures]) -> Today:
    """How things stand now; `figured` gives a local day in figures, as `digest.figures` reckons them."""
    now = desk.now()
    gaps, more_gaps = _gaps(desk, now - _LATELY)
    open_ = bulletins.rows(desk, [b.id for b in desk.ledger.bulletins() if max(b.air) > now - _LATELY], stations=())
    here = now.astimezone(desk.config.zone).date()
    return Today(
        now=now,
        to_sign=tuple(r for r in open_ if r.status.stage is Stage.WAITING),
        to_mend=tuple(r for r in open_ if r.status.stage in {Stage.HELD, Stage.RETURNED} and not _replaced(desk, r)),
        days=(figured(here), figured(here + timedelta(days=1))),
        threats=tuple(missed.threatened(desk, timedelta(hours=desk.config.settings.delivery.ahead_hours))),
        gaps=gaps,
        more_gaps=more_gaps,
        remains=remaining(desk),
        stuck=stuck(desk),
        refused=tuple(_refused(desk, now - _LATELY)),
    )


def _gaps(desk: Desk, since: datetime) -> tuple[tuple[Gap, ...], bool]:
    """The last air times that passed without their bulletin, and a few of the stations of each; whether more did."""
    found = desk.ledger.missed_of_late(since, _MISSED + 1, _NAMED)
    found, more = found[:_MISSED], found[_MISSED:]
    count = {(facts[0].bulletin, str(facts[0].detail["at"])): stations for facts, stations in found}
    told = gaps(desk, [fact for facts, _ in found for fact in facts])
    named = [replace(gap, more=count[gap.bulletin.id, gap.at.isoformat()] - len(gap.stations)) for gap in told]
    return tuple(reversed(named)), bool(more)


def _refused(desk: Desk, since: datetime) -> list[Fact]:
    """Files that were refused, the last first, each once; none that was taken in after that.

    The file of one who sent it by the page is mended by that person: another's may have its name by chance.
    """
    good: dict[tuple[str, str], int] = {}
    for fact in desk.ledger.facts(happened=Happened.RECEIVED, since=since):
        good[fact.who, _name(fact)] = good[ITSELF, _name(fact)] = fact.number
    refused = desk.ledger.facts(happened=Happened.REFUSED, since=since)
    last = {(fact.who, _name(fact)): fact for fact in refused}
    return sorted((f for key, f in last.items() if f.number > good.get(key, 0)), key=lambda fact: -fact.number)


def _name(fact: Fact) -> str:
    return nfc(str(fact.detail.get("name", "")))


def _replaced(desk: Desk, row: Row) -> bool:
    """Whether a bulletin of the same title and time came after one that was stopped: of several the last one waits."""

    def received(name: BulletinId) -> int:
        return min((fact.number for fact in desk.ledger.facts(name, Happened.RECEIVED)), default=0)

    own = received(row.bulletin.id)
    return any(received(twin) > own for twin in bulletins.twins(desk, row.bulletin))
