"""Facts → status: where a bulletin stands, computed from what happened and never stored."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.core.facts import Fact, Happened
from pipeline.core.model import NEEDED, Digest, Priority, StationCode
from pipeline.core.people import alike


class Stage(StrEnum):
    """How far a bulletin has come."""

    RECEIVED = "received"
    READ = "read"
    VOICED = "voiced"
    HELD = "held"
    WAITING = "waiting"
    """Mastered, and waiting for someone's yes."""
    RETURNED = "returned"
    APPROVED = "approved"
    PLANNED = "planned"
    PARTLY = "partly"
    """Some stations hold it, verified."""
    ARRIVED = "arrived"
    """Every planned station holds it, verified. Not: aired."""
    WITHDRAWN = "withdrawn"


TAKEN_BACK = frozenset({Stage.WITHDRAWN, Stage.RETURNED})
"""Someone decided that these do not air."""

_CLOSED = {Happened.WITHDRAWN: Stage.WITHDRAWN, Happened.RETURNED: Stage.RETURNED, Happened.HELD: Stage.HELD}
_STOPPED = frozenset(_CLOSED.values())
_REACHED = {
    Happened.RECEIVED: Stage.RECEIVED,
    Happened.READ: Stage.READ,
    Happened.VOICED: Stage.VOICED,
    Happened.MASTERED: Stage.WAITING,
}


@dataclass(slots=True)
class Status:
    """Where one bulletin stands."""

    stage: Stage = Stage.RECEIVED
    masters: dict[str, Digest] = field(default_factory=dict)
    """The current master of each profile."""
    offered: str = ""
    """Which editor asked for a signature of what it is now; empty for none."""
    needed: int = 1
    """How many people must sign; two where it is urgent."""
    signatures: dict[Digest, list[str]] = field(default_factory=dict)
    """Who has signed each digest so far; a digest that is not a current master's says nothing any more."""
    planned: set[StationCode] = field(default_factory=set)
    holding: dict[StationCode, Digest] = field(default_factory=dict)
    """Stations with a receipt, and for which bytes."""
    failed: dict[StationCode, str] = field(default_factory=dict)
    """Stations whose last attempt failed, and the code of the failure."""
    stuck: set[StationCode] = field(default_factory=set)
    """Those of them whom waiting does not help."""
    missed: set[StationCode] = field(default_factory=set)
    """Stations that did not hold it when it was to air."""
    unaired: bool = False
    """Whether an air time passed for which nothing was planned at any station."""
    draft: bool = False
    """Whether an embedded voice, which nobody has rated yet, speaks any of it."""
    reason: str = ""
    """Why it is held or was returned."""
    made: set[Digest] = field(default_factory=set)
    """Every master it ever had."""
    refused: set[Digest] = field(default_factory=set)
    """Masters of a bulletin that was returned since: nobody may hear them, whatever was made of it after."""

    @property
    def approved(self) -> dict[Digest, str]:
        """Digests that as many people as needed have signed, and who they are."""
        return {d: ", ".join(names) for d, names in self.signatures.items() if len(names) >= self.needed}

    @property
    def half_signed(self) -> bool:
        """Whether somebody has signed a current master, and one more person must."""
        return any(0 < len(self.signatures.get(d, ())) < self.needed for d in self.masters.values())

    @property
    def is_approved(self) -> bool:
        """Whether every current master carries a signature over exactly its bytes."""
        return bool(self.masters) and all(digest in self.approved for digest in self.masters.values())

    def signed(self, profile: str) -> Digest | None:
        """The current master of a profile if it may go out: signed, and the bulletin not held, returned or withdrawn.

        Each profile by itself: a kind of station that joins later must not take the others off the air.
        """
        digest = self.masters.get(profile)
        if digest is None or self.stage in _STOPPED or len(self.signatures.get(digest, ())) < self.needed:
            return None
        return digest

    def must_not_air(self, digest: Digest) -> bool:
        """Whether somebody decided that nobody hears these bytes."""
        return self.stage in TAKEN_BACK or digest in self.refused

    @property
    def is_taken_back(self) -> bool:
        """Whether somebody decided that what there is of it does not air, and nobody has signed anything since."""
        return self.stage in TAKEN_BACK or (bool(self.refused) and not self.may_go_out)

    @property
    def may_go_out(self) -> bool:
        """Whether any of its masters may be planned and pushed."""
        return any(self.signed(profile) for profile in self.masters)

    def stage_with(self, *, planned: int, arrived: int) -> Stage:
        """The stage of one that was folded without its stations, which are so many."""
        if self.stage is not Stage.APPROVED or not planned:
            return self.stage
        if not arrived:
            return Stage.PLANNED
        return Stage.ARRIVED if arrived >= planned else Stage.PARTLY

    @property
    def confirmed(self) -> set[StationCode]:
        """Planned stations that hold a current master, verified."""
        current = set(self.masters.values())
        return {station for station in self.planned if self.holding.get(station) in current}


def status_of(facts: Iterable[Fact]) -> Status:
    """Fold one bulletin's facts, oldest first, into where it stands."""
    status = Status()
    for fact in facts:
        _take_in(status, fact)
    if status.stage is Stage.WAITING and status.is_approved:
        status.stage = _beyond_approval(status)
    return status


def _take_in(status: Status, fact: Fact) -> None:
    if status.stage is Stage.WITHDRAWN:
        _take_in_delivery(status, fact)  # nothing brings it back, but a station may still let go of it
        return
    if fact.happened in _CLOSED:
        status.stage, status.reason = _CLOSED[fact.happened], str(fact.detail.get("reason", ""))
    elif fact.happened in _REACHED:
        status.stage, status.reason = _REACHED[fact.happened], ""
    status.offered = _offered(status, fact)
    match fact.happened:
        case Happened.RECEIVED:
            status.needed = int(str(fact.detail.get("signatures", 1)))
        case Happened.URGED:
            status.needed = max(status.needed, NEEDED[Priority.URGENT])
        case Happened.VOICED:
            status.draft = bool(fact.detail.get("embedded"))
        case Happened.MASTERED if fact.digest:
            status.masters[str(fact.detail.get("profile", ""))] = fact.digest
            status.made.add(fact.digest)
        case Happened.APPROVED if fact.digest:
            _sign(status, fact.digest, fact.who)
        case Happened.RETURNED | Happened.WITHDRAWN:
            status.signatures.clear()
            status.refused |= status.made
        case _:
            _take_in_delivery(status, fact)


def _offered(status: Status, fact: Fact) -> str:
    """Who asks for a signature after a fact: of what is made anew, stopped or held nobody does yet."""
    if fact.happened is Happened.OFFERED:
        return fact.who
    return "" if fact.happened in _CLOSED or fact.happened in _REACHED else status.offered


def _sign(status: Status, digest: Digest, who: str) -> None:
    names = status.signatures.setdefault(digest, [])
    if alike(who) not in map(alike, names):
        names.append(who)
    if len(names) >= status.needed:
        status.refused.discard(digest)


def _take_in_delivery(status: Status, fact: Fact) -> None:
    station = fact.station
    if station is None:
        status.unaired = status.unaired or fact.happened is Happened.MISSED
        return
    match fact.happened:
        case Happened.PLANNED:
            status.planned.add(station)
        case Happened.UNPLANNED if not fact.detail.get("stays"):
            status.planned.discard(station)
        case Happened.CONFIRMED if fact.digest:
            status.holding[station] = fact.digest
            status.failed.pop(station, None)
            status.stuck.discard(station)
        case Happened.FAILED:
            status.failed[station] = str(fact.detail.get("code", ""))
            (status.stuck.discard if fact.detail.get("retry") else status.stuck.add)(station)
        case Happened.MISSED:
            status.missed.add(station)
        case Happened.RECALLED | Happened.LOST:
            status.holding.pop(station, None)


def _beyond_approval(status: Status) -> Stage:
    if not status.planned:
        return Stage.APPROVED
    if not status.confirmed:
        return Stage.PLANNED
    return Stage.ARRIVED if status.confirmed == status.planned else Stage.PARTLY
