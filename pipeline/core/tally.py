"""What counts toward the plan of the year (plan 207/KH-UBND, appendix, line 1), and on what evidence."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from pipeline.core.coverage import Coverage
from pipeline.core.model import Bulletin, BulletinId, Digest, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that is known of one bulletin when it is counted."""

    bulletin: Bulletin
    masters: frozenset[Digest]
    """The current masters, if every one of them is approved; else empty."""
    approved_by: str
    coverage: Coverage = Coverage()
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One bulletin in the tally, counted or not, with its evidence and the reason."""

    bulletin: BulletinId
    title: str
    language: str
    kind: Kind
    air_date: date
    counted: bool
    why: str
    """`counted`, or what is missing: `withdrawn`, `test`, `unapproved`, `unplanned`, `unaired` (its hours passed before
    any station was to air it), `ahead` (too few stations hold it yet, and its first air time is to come), `share`; or
    `unknown`, where its stations are still being reckoned.
    """
    approved_by: str
    stations: int
    in_time: int
    """Stations that held it, verified, before its first air time there."""
    digest: Digest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The count of a year against its target."""

    year: int
    target: int
    rows: tuple[Row, ...]
    expected: float
    """How many the pace asks for by the day of the count."""
    outdated: int = 0
    """Of how many of its bulletins the figures are as they were known last, and are being reckoned anew."""

    @property
    def due(self) -> int:
        """The same in whole bulletins, of which there are no halves: with fewer, the year is behind its pace."""
        return math.ceil(self.expected)

    @property
    def counted(self) -> int:
        """Bulletins that count."""
        return sum(row.counted for row in self.rows)

    @property
    def by_language(self) -> dict[str, int]:
        """Counted bulletins by language."""
        return dict(Counter(row.language for row in self.rows if row.counted))

    @property
    def by_kind(self) -> dict[str, int]:
        """Counted bulletins by kind."""
        return dict(Counter(row.kind.value for row in self.rows if row.counted))


def tally(
    evidence: Iterable[Evidence], *, year: int, target: int, count_share: float, now: datetime, zone: ZoneInfo
) -> Tally:
    """Count the bulletins whose first air time falls in a year of the named zone, as of an instant.

    A bulletin counts once, when it was approved and at least `count_share` of its planned stations held exactly the
    approved bytes, verified, before its first air time there. Withdrawn ones and tests do not count.
    """
    of_year = [e for e in evidence if _air_date(e, zone).year == year]
    rows = sorted((_row(e, count_share, now, zone) for e in of_year), key=lambda row: (row.air_date, row.bulletin))
    outdated = sum(not e.coverage.is_current for e in of_year)
    expected = _pace(year, target, now.astimezone(zone).date())
    return Tally(year=year, target=target, rows=tuple(rows), expected=expected, outdated=outdated)


def _pace(year: int, target: int, today: date) -> float:
    if today.year != year:
        return 0.0 if today.year < year else float(target)
    days = (date(year + 1, 1, 1) - date(year, 1, 1)).days
    return round(target * today.timetuple().tm_yday / days, 1)


def _air_date(evidence: Evidence, zone: ZoneInfo) -> date:
    first = evidence.coverage.first or min(evidence.bulletin.air)
    return first.astimezone(zone).date()


def _row(evidence: Evidence, count_share: float, now: datetime, zone: ZoneInfo) -> Row:
    stations, in_time = evidence.coverage.stations, evidence.coverage.in_time_of(evidence.masters)
    why = _why(evidence, in_time, stations, count_share, now)
    return Row(
        bulletin=evidence.bulletin.id, title=evidence.bulletin.title, language=evidence.bulletin.language,
        kind=evidence.bulletin.kind, air_date=_air_date(evidence, zone), counted=why == "counted", why=why,
        approved_by=evidence.approved_by, stations=stations, in_time=in_time,
        digest=next(iter(sorted(evidence.masters)), None),
    )  # fmt: skip


def _why(evidence: Evidence, in_time: int, stations: int, count_share: float, now: datetime) -> str:
    if evidence.withdrawn:
        return "withdrawn"
    if not evidence.bulletin.counts:
        return "test"
    if not evidence.masters:
        return "unapproved"
    if not stations:
        return _why_nowhere(evidence, now)
    if in_time >= math.ceil(count_share * stations - 1e-9):
        return "counted"
    first = evidence.coverage.first
    return "ahead" if first and first > now else "share"


def _why_nowhere(evidence: Evidence, now: datetime) -> str:
    if not evidence.coverage.is_current:
        return "unknown"
    return "unplanned" if max(evidence.bulletin.air) > now else "unaired"
