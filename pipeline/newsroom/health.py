"""Health: every part checks itself, and each fault comes with its fix."""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.core.errors import BadRows, NobodyToTell, PipelineError
from pipeline.core.facts import Json
from pipeline.ledger.place import must_be_of_this_machine
from pipeline.newsroom import announcers
from pipeline.newsroom.desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One part and what is wrong with it, if anything."""

    name: str
    problem: PipelineError | None = None
    needed: bool = True
    """Whether nothing works without it; an online voice may be away, and nobody need be told."""

    def as_json(self) -> dict[str, Json]:
        """For `bantin doctor --json`."""
        problem = self.problem
        return {
            "name": self.name,
            "ok": problem is None,
            "code": problem.code if problem else None,
            "problem": problem.message.vi if problem else None,
            "fix": problem.next_step.vi if problem else None,
        }


def check(desk: Desk) -> list[Finding]:
    """Check ffmpeg, every engine and every station's settings; nothing is sent anywhere."""
    findings = [_find("ffmpeg", lambda: desk.ffmpeg())]  # noqa: PLW0108 - a cached call, not the path's own
    for engines in desk.engines.values():
        findings += [_find(engine.name, engine.check, needed=engine.embedded) for engine in engines]
    findings.append(_dictionary(desk))
    findings += _memory(desk)
    findings.append(_find("alerts", desk.check_alerts))
    for station in desk.config.stations.values():
        transport = desk.transports[station.transport]
        findings.append(_find(f"{station.code} {station.name}", lambda t=transport, s=station: t.check(s)))  # type: ignore[misc]
    return findings


def _memory(desk: Desk) -> list[Finding]:
    """The ledger, and the queue where it is shared."""
    url = desk.config.settings.ledger.database
    if not url:
        return [_find("ledger", lambda: must_be_of_this_machine(desk.config.state))]
    ledger = _find(f"ledger {url}", lambda: desk.ledger.mark(""))  # whatever the answer, there was one
    return [ledger, _find(f"jobs {desk.config.settings.jobs.queue}", lambda: desk.queue(desk))]


def _dictionary(desk: Desk) -> Finding:
    found = announcers.dictionary(desk)
    problem = BadRows(file=found.name, faults="\n".join(f"  {fault}" for fault in found.faults))
    return Finding(name=found.name, problem=problem if found.faults else None, needed=False)


def _find(name: str, look: Callable[[], object], *, needed: bool = True) -> Finding:
    try:
        look()
    except PipelineError as problem:
        return Finding(name=name, problem=problem, needed=needed and not isinstance(problem, NobodyToTell))
    return Finding(name=name, needed=needed)
