"""Coverage: how far a bulletin got, over all its stations, in a few figures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.core.model import Bulletin, Digest
from pipeline.core.status import Stage, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Of one bulletin, whatever its masters are: by the digest of the bytes, since people may sign others later."""

    stations: int = 0
    """In its plan: at least one of its airings there stands."""
    first: datetime | None = None
    """When it airs, or aired, first at any of them; None where it is planned nowhere."""
    airings: int = 0
    """Planned, over all stations."""
    arrived: Mapping[Digest, int] = field(default_factory=dict)
    """Stations of the plan that got these bytes last, verified; what was cleaned away after its time is among them."""
    in_time: Mapping[Digest, int] = field(default_factory=dict)
    """Stations that held these bytes, verified, before its first air time there."""
    covered: Mapping[Digest, int] = field(default_factory=dict)
    """Airings before which their station held these bytes, verified."""
    aired: int = 0
    """Airings that stations say they played."""
    is_current: bool = True
    """Whether this is how it stands now; else how it stood when it was reckoned last, or nothing where it never was."""

    def arrived_of(self, digests: Iterable[Digest]) -> int:
        """Stations that got any of some bytes last."""
        return sum(self.arrived.get(digest, 0) for digest in set(digests))

    def in_time_of(self, digests: Iterable[Digest]) -> int:
        """Stations that held any of some bytes in time."""
        return min(self.stations, sum(self.in_time.get(digest, 0) for digest in set(digests)))

    def covered_of(self, digests: Iterable[Digest]) -> int:
        """Airings that any of some bytes were there for."""
        return min(self.airings, sum(self.covered.get(digest, 0) for digest in set(digests)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A bulletin in a list: where it stands, and how many stations it reached, without a look at each of them."""

    bulletin: Bulletin
    status: Status
    """As if there were no station."""
    coverage: Coverage

    @property
    def arrived(self) -> int:
        """Stations of its plan that hold a current master."""
        return self.coverage.arrived_of(self.status.masters.values())

    @property
    def stage(self) -> Stage:
        """How far it has come, over all stations."""
        return self.status.stage_with(planned=self.coverage.stations, arrived=self.arrived)
