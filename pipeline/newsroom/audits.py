"""Audits: every station looked through for what it should hold; what is gone is a fact, and is sent again."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from pipeline.core.errors import PipelineError, Stopped, as_problem
from pipeline.core.facts import Happened, Json
from pipeline.core.model import CARRIED, Holding, Seconds, Station, StationCode
from pipeline.core.ports import Job
from pipeline.delivery.audit import audit, clear
from pipeline.delivery.push import lacking
from pipeline.newsroom import registry, returns
from pipeline.newsroom.desk import Desk, Handler
from pipeline.newsroom.lease import leased
from pipeline.newsroom.visit import Visit

VERB = "verify"
WRONG = ("missing", "damaged")
"""Kinds of finding that leave a station without what it should hold."""
LEFT = ("extra", "parts")
"""Kinds of finding that only take room."""
DONE = ("removed", "renewed")
"""What was put right at once."""
_KINDS = ("good", *WRONG, *LEFT, *DONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What was found at one station, by file name; or why nobody could look."""

    station: StationCode
    found: Mapping[str, Sequence[str]]
    """`good`, `missing`, `damaged`, `extra` (ours, not meant to be there), `parts` (uploads cut short), `removed` (of
    the last two), `renewed` (papers that were not there, or other than they should be).
    """
    odd: tuple[str, ...] = ()
    """What the station's people wrote and nobody can understand, told now for the first time."""
    problem: PipelineError | None = None

    @property
    def is_whole(self) -> bool:
        """Whether somebody looked, and everything is there."""
        return self.problem is None and not any(self.found[kind] for kind in WRONG)

    @property
    def is_clean(self) -> bool:
        """Whether everything is there and nothing else of ours."""
        return self.is_whole and not any(self.found[kind] for kind in LEFT)


def verify(desk: Desk, only: str = "", *, clean: bool = False) -> list[Audited]:
    """Look through the stations that hold something, or one of them, by size and content; by station.

    What is missing or damaged is a `lost` fact, so that the next push sends it again; until that came, each audit tells
    of it. Papers are made right at once. `clean` removes what is ours and not meant to be there.

    Raises:
        UnknownName: there is no such station.
        NoLine: sticks are carried to it.
    """
    if only:
        registry.with_line(desk, only)
    codes = {only} if only else {h.station for h in (*desk.ledger.holdings(), *desk.ledger.lost())}
    reached = [s for code, s in desk.config.stations.items() if code in codes and s.transport != CARRIED]
    jobs = [
        Job(
            verb=VERB,
            key=desk.config.first_at_place(s),  # two rows of one folder in turn
            arguments={"station": s.code, "clean": clean, "named": bool(only)},
        )
        for s in reached
    ]
    found: list[Audited] = []
    with closing(desk.queue(desk).perform(jobs)) as outcomes:
        for done, outcome in enumerate(outcomes, start=1):
            desk.progress("verify", done, len(jobs))
            listed = {kind: _names(outcome.result.get(kind)) for kind in _KINDS}
            code = StationCode(str(outcome.job.arguments["station"]))
            odd = tuple(_names(outcome.result.get("odd")))
            found.append(Audited(station=code, found=listed, odd=odd, problem=outcome.problem))
    return sorted(found, key=lambda one: one.station)


def _names(value: Json) -> list[str]:
    return [str(name) for name in value] if isinstance(value, list) else []


def handlers(desk: Desk) -> Mapping[str, Handler]:
    """The verb that any worker of this newsroom can do."""
    return {VERB: lambda arguments: _audit(desk, arguments)}


def _audit(desk: Desk, arguments: Mapping[str, Json]) -> Mapping[str, Json]:
    station = desk.config.stations[StationCode(str(arguments["station"]))]
    if desk.stop.is_set():
        raise Stopped(station=station.code)
    # Where a visit broke off, it is still to come to its end: an audit takes nothing away.
    whole = station.code not in desk.ledger.unfinished()
    try:
        with leased(desk, station, visit=whole) as token:
            named = bool(arguments.get("named"))
            return _look(desk, station, token, clean=bool(arguments.get("clean")), named=named)
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is this station's alone
        problem = Stopped(station=station.code) if desk.stop.is_set() else as_problem(fault, station.code)
        raise problem from problem.__cause__


def _look(desk: Desk, station: Station, token: int, *, clean: bool, named: bool) -> Mapping[str, Json]:
    held, lost = desk.ledger.holdings(station=station.code), desk.ledger.lost(station.code)
    visit = Visit(desk, station, {h.bulletin for h in (*held, *lost)})
    parcels = [visit.held(h) for h in held]
    wanted = [visit.held(h) for h in _wanted(visit, station, lost)]
    others = [h.remote for s in desk.config.at_place(station) for h in desk.ledger.holdings(station=s.code)]
    deadline = Seconds(desk.config.settings.delivery.deadline_seconds)
    with desk.transports[station.transport].open(station, deadline) as remote:
        if not named:  # who names a station says that its folder is the right one
            visit.must_be_there(remote)
        found = audit(remote, station, [*parcels, *wanted], others)
        needless = (*found.extra, *found.parts)
        if clean:
            clear(remote, needless)
        renewed = [paper.name for paper in lacking(remote, visit.extras(visit.listed(), (), found.gone))]
        visit.bring_papers(remote, token, gone=found.gone)
        written = returns.collect(desk, station, remote, token)
    now_lost = [visit.fact(Happened.LOST, p.bulletin, p.digest, remote=p.name) for p in parcels if p.name in found.gone]
    listed: dict[str, Json] = {kind: list(getattr(found, kind)) for kind in ("good", *WRONG, *LEFT)}
    counts: dict[str, Json] = {kind: len(getattr(found, kind)) for kind in ("good", *WRONG, *LEFT)}
    if clean:
        listed |= {"extra": [], "parts": [], "removed": [*needless]}
    told = desk.fact(Happened.AUDITED, station=station.code)
    summary = replace(told, detail={**told.detail, **counts, "foreign": found.foreign})
    desk.ledger.record(*now_lost, summary)
    return {**listed, "renewed": [*renewed], "odd": [*written.odd]}


def _wanted(visit: Visit, station: Station, lost: Iterable[Holding]) -> list[Holding]:
    """Of what was found lost, that which is still to air there as it was: the next push brings it."""
    to_air = {t.bulletin for t in visit.listed() if t.station == station.code}
    return [h for h in lost if h.bulletin in to_air and visit.signed(h.bulletin) == h.digest]
