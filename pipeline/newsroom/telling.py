"""What people in charge are told: a message that cannot be sent now waits in the ledger, not in memory."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from pipeline.core.errors import PipelineError
from pipeline.core.facts import Happened
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.digest import alarm, digest, stuck
from pipeline.report import digest as message

_MARK = "told"
_KEEP = timedelta(days=1)
"""How long a message is worth sending; the next day's digest says what is still so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, as it was when it was written."""

    title: str
    text: str
    at: str
    """UTC, ISO 8601."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message that somebody did not get just now, and why."""

    message: Message
    problem: PipelineError
    given_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """How far telling has come."""

    fact: int = 0
    """The number of the last `late` or `missed` fact that is in a message."""
    day: str = ""
    """The local day whose digest was written last."""
    waiting: tuple[Message, ...] = ()
    stuck: tuple[str, ...] = ()
    """Stations that need a person, each with what ails it, as they were told of last."""


def write_alarm(desk: Desk) -> None:
    """Write one message about all that came late, was missed, or came to need a person since the last, if anything did.

    Of a station that waiting does not help people hear once, until it was mended or ails of something else.
    """
    told = _told(desk)
    since = None if told.fact else desk.now() - _KEEP  # where nobody was ever told, not of a whole year
    kinds = (Happened.LATE, Happened.MISSED)
    facts = [fact for kind in kinds for fact in desk.ledger.facts(happened=kind, since=since, beyond=told.fact)]
    ailing = {f"{one.station.code} {one.trouble.code}": one for one in stuck(desk) if one.trouble}
    # A visit that goes on may have brought one file and fail over the next: what it ailed of is not over yet.
    under_way = desk.ledger.unfinished()
    still = [name for name in told.stuck if name not in ailing and name.partition(" ")[0] in under_way]
    last = replace(told, fact=max([told.fact, *(fact.number for fact in facts)]), stuck=(*ailing, *still))
    if last == told:
        return
    lang, zone = desk.config.settings.newsroom.language, desk.config.zone
    found = alarm(desk, facts, [one for name, one in ailing.items() if name not in told.stuck])
    if found.lacking or found.gaps or found.stuck:
        title, text = message.alarm_title(found, lang, zone), message.alarm_text(found, lang, zone)
        last = _with(desk, last, title, text)
    _keep(desk, last)


def write_digest(desk: Desk) -> None:
    """Write the message about today, once a day, from `digest_at` on: also when all is well, however late we are."""
    told, here = _told(desk), desk.now().astimezone(desk.config.zone)
    if told.day == here.date().isoformat() or here.time() < desk.config.settings.alerts.digest_at:
        return
    day, lang, zone = digest(desk), desk.config.settings.newsroom.language, desk.config.zone
    told = replace(told, day=here.date().isoformat())
    _keep(desk, _with(desk, told, message.title(day, lang), message.text(day, lang, zone)))


def write_fault(desk: Desk, problem: PipelineError) -> None:
    """Write a message about something that a person has to mend."""
    said, step = problem.message, problem.next_step
    lang = desk.config.settings.newsroom.language
    what, fix = (said.vi, step.vi) if lang == "vi" else (said.en, step.en)
    title = f"{problem.code} {what.splitlines()[0]}"
    _keep(desk, _with(desk, _told(desk), title, f"{what}\n\n→ {fix}"))


def send(desk: Desk) -> list[Unsent]:
    """Send what waits; what somebody did not get waits on, for a day."""
    unsent: list[Unsent] = []
    for one in _told(desk).waiting:
        try:
            desk.tell(one.title, one.text)
        except PipelineError as problem:
            old = desk.now() - datetime.fromisoformat(one.at) >= _KEEP
            unsent.append(Unsent(one, problem, given_up=old))
    waiting = tuple(one.message for one in unsent if not one.given_up)
    if (told := _told(desk)).waiting != waiting:
        _keep(desk, replace(told, waiting=waiting))
    return unsent


def _with(desk: Desk, told: _Told, title: str, text: str) -> _Told:
    return replace(told, waiting=(*told.waiting, Message(title=title, text=text, at=desk.now().isoformat())))


def _told(desk: Desk) -> _Told:
    mark = desk.ledger.mark(_MARK)
    if not mark:
        return _Told()
    kept = json.loads(mark)
    waiting: Sequence[dict[str, str]] = kept["waiting"]
    messages = tuple(Message(**one) for one in waiting)
    return _Told(fact=kept["fact"], day=kept["day"], waiting=messages, stuck=tuple(kept.get("stuck", ())))


def _keep(desk: Desk, told: _Told) -> None:
    desk.ledger.set_mark(_MARK, json.dumps(asdict(told), ensure_ascii=False))
