"""A day on air: who has what, who lacks what and why, and what cannot air yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from pipeline.core.errors import PipelineError, Says
from pipeline.core.facts import Json
from pipeline.core.model import Bulletin, BulletinId, Station, StationCode, Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Threat:
    """A bulletin that airs soon and cannot yet, and what to do."""

    bulletin: Bulletin
    at: datetime
    """The next instant (UTC) at which it is meant to air."""
    problem: PipelineError


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A bulletin of the day, and how many of its stations hold it."""

    bulletin: Bulletin
    at: datetime
    """When it airs first on that day, UTC."""
    stations: int
    holding: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """A station that does not hold what it should, why, and what to do."""

    station: Station
    bulletins: tuple[Bulletin, ...]
    at: datetime
    """When it is to air the first of them, UTC."""
    trouble: Trouble | None
    """How its last visit failed; None where nobody has tried."""
    step: Says
    """What to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """How a day stands."""

    day: date
    now: datetime
    served: tuple[Served, ...]
    lacking: tuple[Lack, ...]
    missed: int
    """Airings of the day that passed without the bulletin."""
    aired: int
    """Airings that stations say they played."""
    threats: tuple[Threat, ...]
    """Bulletins that are to air in the hours ahead and cannot yet."""

    grid: Mapping[StationCode, Mapping[BulletinId, bool]]
    """By station and bulletin, whether it holds what it is to air."""

    @property
    def stations(self) -> int:
        """Stations that are to air something."""
        return len(self.grid)

    @property
    def complete(self) -> int:
        """Stations that hold all they should."""
        return sum(all(held.values()) for held in self.grid.values())

    @property
    def is_well(self) -> bool:
        """Whether nobody has to do anything."""
        return not (self.lacking or self.missed or self.threats)

    def as_json(self) -> dict[str, Json]:
        """For `bantin digest --json` and for programs."""
        return {
            "day": self.day.isoformat(),
            "well": self.is_well,
            "stations": self.stations,
            "complete": self.complete,
            "missed": self.missed,
            "aired": self.aired,
            "bulletins": [
                {"id": s.bulletin.id, "title": s.bulletin.title, "at": s.at.isoformat(), "stations": s.stations,
                 "holding": s.holding}
                for s in self.served
            ],
            "lacking": [
                {"station": lack.station.code, "name": lack.station.name, "at": lack.at.isoformat(),
                 "bulletins": [b.id for b in lack.bulletins], **_told(lack.trouble), "step": lack.step.vi}
                for lack in self.lacking
            ],
            "threats": [
                {"id": t.bulletin.id, "at": t.at.isoformat(), "code": t.problem.code, "why": t.problem.message.vi,
                 "step": t.problem.next_step.vi}
                for t in self.threats
            ],
        }  # fmt: skip


def _told(trouble: Trouble | None) -> dict[str, Json]:
    if trouble is None:
        return {"code": None, "why": None, "tries": 0, "since": None, "next": None}
    again = trouble.next.isoformat() if trouble.next else None
    return {"code": trouble.code, "why": trouble.reason, "tries": trouble.tries, "since": trouble.since.isoformat(),
            "next": again}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Airing:
    """A bulletin at an instant (UTC), and the stations that are to air it then."""

    at: datetime
    bulletin: Bulletin
    stations: tuple[StationCode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one station lacks, and what it should hold no longer."""

    station: Station
    bulletins: tuple[Bulletin, ...] = ()
    stopped: tuple[Bulletin, ...] = ()
    """Withdrawn or returned bulletins that it still holds and might air: they are taken away."""
    expired: tuple[Bulletin, ...] = ()
    """Bulletins whose time is over: their files make room."""
