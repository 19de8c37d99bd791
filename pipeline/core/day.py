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
    obstacle: PipelineError | None = None
    """Why there is nothing to send it: no master of its kind, or none that is signed."""

    @property
    def fault(self) -> str:
        """The code of what is in the way; empty where nobody has tried yet."""
        return self.obstacle.code if self.obstacle else self.trouble.code if self.trouble else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A station that did not have a bulletin when it was to air it."""

    station: StationCode
    name: str
    """Empty where the registry knows it no more."""
    fault: str
    """The code of what ails it now; empty where nothing does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """An air time that passed without its bulletin."""

    bulletin: Bulletin
    at: datetime
    """UTC."""
    stations: tuple[Absence, ...]
    """Where, as far as they are named; empty where it was planned at no station."""
    more: int = 0
    """How many stations there are beside these."""
    obstacle: PipelineError | None = None
    """What keeps it from the air now, where it was planned at none."""

    @property
    def airings(self) -> int:
        """How many airings were missed; one where none was planned."""
        return max(1, len(self.stations) + self.more)

    def as_json(self) -> dict[str, Json]:
        """For programs."""
        return {"id": self.bulletin.id, "at": self.at.isoformat(), "stations": [s.station for s in self.stations]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """A station about which somebody has to act, whatever it is to air next."""

    station: Station
    trouble: Trouble | None
    """How its last visit failed; None where it did not."""
    step: Says
    page_step: Says
    """The same for whoever reads it on a page."""
    bulletins: tuple[Bulletin, ...] = ()
    """Those that it holds and that must not air."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What people should hear of at once."""

    now: datetime
    lacking: tuple[Lack, ...]
    """Stations that are to air something within minutes and do not have it."""
    gaps: tuple[Gap, ...]
    """What passed meanwhile."""
    stuck: tuple[Concern, ...] = ()
    """Stations that a push cannot serve and that waiting does not help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A day on air in figures."""

    day: date
    served: tuple[Served, ...]
    stations: int
    """Stations that are to air something."""
    complete: int
    """Stations that hold all they should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """How a day stands."""

    day: date
    now: datetime
    served: tuple[Served, ...]
    lacking: tuple[Lack, ...]
    gaps: tuple[Gap, ...]
    """Air times of the day that passed without the bulletin."""
    aired: int
    """Airings that stations say they played."""
    threats: tuple[Threat, ...]
    """Bulletins that are to air in the hours ahead and cannot yet."""
    remains: tuple[Concern, ...]
    """Stations that hold what was taken back and may air it, until they are reached."""

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
    def missed(self) -> int:
        """Airings of the day that passed without the bulletin."""
        return sum(gap.airings for gap in self.gaps)

    @property
    def is_well(self) -> bool:
        """Whether nobody has to do anything."""
        return not (self.lacking or self.missed or self.threats or self.remains)

    def as_json(self) -> dict[str, Json]:
        """For `bantin digest --json` and for programs."""
        return {
            "day": self.day.isoformat(),
            "well": self.is_well,
            "stations": self.stations,
            "complete": self.complete,
            "missed": self.missed,
            "gaps": [gap.as_json() for gap in self.gaps],
            "aired": self.aired,
            "bulletins": [
                {"id": s.bulletin.id, "title": s.bulletin.title, "at": s.at.isoformat(), "stations": s.stations,
                 "holding": s.holding}
                for s in self.served
            ],
            "lacking": [
                {"station": lack.station.code, "name": lack.station.name, "at": lack.at.isoformat(),
                 "bulletins": [b.id for b in lack.bulletins], **_told(lack), "step": lack.step.vi}
                for lack in self.lacking
            ],
            "remains": [
                {"station": one.station.code, "name": one.station.name, "bulletins": [b.id for b in one.bulletins],
                 "step": one.step.vi}
                for one in self.remains
            ],
            "threats": [
                {"id": t.bulletin.id, "at": t.at.isoformat(), "code": t.problem.code, "why": t.problem.message.vi,
                 "step": t.problem.next_step.vi}
                for t in self.threats
            ],
        }  # fmt: skip


def _told(lack: Lack) -> dict[str, Json]:
    trouble, obstacle = lack.trouble, lack.obstacle
    told: dict[str, Json] = {"code": None, "why": None, "tries": 0, "since": None, "next": None}
    if trouble:
        again = trouble.next.isoformat() if trouble.next else None
        told = {"code": trouble.code, "why": trouble.reason, "tries": trouble.tries,
                "since": trouble.since.isoformat(), "next": again}  # fmt: skip
    return {**told, "code": obstacle.code, "why": obstacle.message.vi} if obstacle else told


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
