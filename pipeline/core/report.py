"""The report: what a year, or a part of one, came to, with the evidence of every figure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pipeline.core.airtime import Airtime, Proof, total
from pipeline.core.model import Bulletin, Seconds
from pipeline.core.outputs import Output, Reached
from pipeline.core.pay import PayLine
from pipeline.core.tally import Row, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Local days of one year, both ends included."""

    first: date
    last: date

    @property
    def year(self) -> int:
        """The year it lies in."""
        return self.first.year

    @property
    def is_year(self) -> bool:
        """Whether it is the whole of it."""
        return (self.first, self.last) == (date(self.year, 1, 1), date(self.year, 12, 31))

    def holds(self, day: date) -> bool:
        """Whether a local day lies in it."""
        return self.first <= day <= self.last

    @property
    def after(self) -> date:
        """The day after it."""
        return self.last + timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One bulletin that aired, or was to, in the period."""

    bulletin: Bulletin
    row: Row
    """How it counts in its year."""
    seconds: Seconds
    """How long it lasts; 0 while there is nothing signed."""
    signed_at: datetime | None
    """When the last signature came that it needed, UTC."""
    was_signed: bool
    """Whether anybody signed it, as it is or as it was."""
    proofs: tuple[Proof, ...]

    @property
    def airtime(self) -> Airtime:
        """Over all its stations, in the period."""
        return total(proof.airtime for proof in self.proofs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Bulletins, or a commune's airings, that have something in common."""

    name: str
    bulletins: int
    """That count toward the plan; of a commune: that were planned there."""
    seconds: Seconds
    """Programme time: each bulletin once."""
    airtime: Airtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the ledger can prove of a period, and what people entered beside it."""

    period: Period
    made_at: datetime
    tally: Tally
    """Of the whole year."""
    entries: tuple[Entry, ...]
    """By first air date. Those that first aired before the period are here for what they aired in it."""
    reached: tuple[Reached, ...]
    outputs: tuple[Output, ...]
    """Of the period, those that were struck out among them."""
    communes: tuple[Group, ...]
    pay: tuple[PayLine, ...]

    @property
    def rows(self) -> tuple[Entry, ...]:
        """Bulletins that first aired in the period."""
        return tuple(e for e in self.entries if self.period.holds(e.row.air_date))

    @property
    def counted(self) -> tuple[Entry, ...]:
        """Those of them that count."""
        return tuple(e for e in self.rows if e.row.counted)

    @property
    def uncounted(self) -> tuple[Entry, ...]:
        """What somebody signed, as it is or as it was, that aired in the period or was to, and does not count in it."""
        counted = {e.bulletin.id for e in self.counted}
        return tuple(e for e in self.entries if e.bulletin.id not in counted and e.was_signed)

    @property
    def seconds(self) -> Seconds:
        """Programme time of what counts: each bulletin once."""
        return Seconds(sum(e.seconds for e in self.counted))

    @property
    def airtime(self) -> Airtime:
        """Over all stations."""
        return total(e.airtime for e in self.entries)

    def by(self, key: Callable[[Entry], str]) -> tuple[Group, ...]:
        """The same by something that each bulletin has one of, in the order of its name."""
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            found.setdefault(key(entry), []).append(entry)
        return tuple(self._group(name, found[name]) for name in sorted(found))

    def _group(self, name: str, entries: Iterable[Entry]) -> Group:
        every = list(entries)
        counted = [e for e in every if e.row.counted and self.period.holds(e.row.air_date)]
        return Group(
            name=name,
            bulletins=len(counted),
            seconds=Seconds(sum(e.seconds for e in counted)),
            airtime=total(e.airtime for e in every),
        )
