"""Bulletins: from a received script to mastered sound, step by step, each step a fact and safe to take again."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime

from pipeline import reading
from pipeline.core.coverage import Line
from pipeline.core.errors import AlreadyWithdrawn, PipelineError, StoreDamaged, as_problem
from pipeline.core.facts import Fact, Happened, Json
from pipeline.core.model import (
    Bulletin,
    BulletinId,
    Dbtp,
    Digest,
    Language,
    Loudness,
    Lufs,
    Master,
    Note,
    Programme,
    Reading,
    Script,
    Seconds,
    Sentence,
    StationCode,
    Take,
)
from pipeline.core.ports import Job, Lane
from pipeline.core.status import TAKEN_BACK, Stage, Status, status_of
from pipeline.ledger import documents
from pipeline.newsroom import announcers, views, voicing
from pipeline.newsroom.desk import Desk, Handler
from pipeline.newsroom.recipients import recipients

VERB = "render"
_NO_TITLE = re.compile(r"[\s,:;–-]*\{title\}")

OPEN = frozenset({Stage.RECEIVED, Stage.READ, Stage.VOICED, Stage.HELD})
"""Stages in which a bulletin still has to become a master."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A bulletin and where it stands."""

    bulletin: Bulletin
    status: Status


def rows(
    desk: Desk, names: Collection[BulletinId] | None = None, stations: Collection[StationCode] | None = None
) -> list[Row]:
    """Bulletins with their status, by id: those named, or all. With `stations`, as if there were no other."""
    facts = desk.ledger.facts_by_bulletin(names, stations)
    return [Row(bulletin=b, status=status_of(facts.get(b.id, []))) for b in desk.ledger.bulletins(names)]


def lines_of(desk: Desk, names: Collection[BulletinId] | None = None) -> list[Line]:
    """Bulletins for a list, by id: those named, or all; as the desk's patience allows."""
    found = rows(desk, names, stations=())
    coverage = desk.ledger.coverage((row.bulletin.id for row in found), desk.patience)
    return [Line(bulletin=r.bulletin, status=r.status, coverage=coverage[r.bulletin.id]) for r in found]


def is_open(desk: Desk, bulletin: Bulletin) -> bool:
    """Whether a bulletin still has to become a master."""
    return status_of(desk.ledger.facts(bulletin.id)).stage in OPEN


def render(desk: Desk, bulletin: Bulletin) -> list[Master]:
    """Read, voice, mix and master a bulletin. Takes that exist are used again; equal input gives equal bytes.

    Whatever stops it becomes a `held` fact with the reason and the next step, and is raised. Where the ledger has no
    room for that fact it is not held either, and the next run makes it.

    Raises:
        PipelineError: of any kind; FileTrouble and DiskFull where the system stopped it, Unexpected where a bug did.
        GivenUp: the work was given up meanwhile; nothing is recorded.
    """
    try:
        return _render(desk, bulletin)
    except Exception as fault:  # noqa: BLE001 - one bulletin that breaks us must not keep the others from the air
        desk.check_stop()  # its tools were taken away: not the bulletin's fault
        problem = _held(desk, bulletin, as_problem(fault, bulletin.id))
        raise problem from problem.__cause__


def redo(desk: Desk, bulletin: Bulletin) -> list[Master]:
    """Make a bulletin again with today's dictionary, settings and voices; only sentences that changed are voiced.

    Where that changes its bytes, its signature is void until someone signs anew; a returned one waits again.

    Raises:
        AlreadyWithdrawn: it was taken back for good.
        PipelineError: as `render` does.
    """
    if status_of(desk.ledger.facts(bulletin.id)).stage is Stage.WITHDRAWN:
        raise AlreadyWithdrawn(bulletin=bulletin.id)
    return render(desk, bulletin)


def render_new(desk: Desk, *, held_too: bool = False) -> list[tuple[Bulletin, PipelineError | None]]:
    """Render every bulletin that has no master yet, or none for a kind of station that joined since.

    As many side by side as the queue has room for. One that is held does not keep the others waiting.

    `held_too` tries those again that were held before, for whatever stopped them may be mended.
    """
    desk.store.sweep()
    wanted = {row.bulletin.id: row.bulletin for row in rows(desk) if _is_wanted(desk, row, held_too=held_too)}
    jobs = [Job(verb=VERB, key=name, arguments={"bulletin": name}, lane=Lane.SOUND) for name in wanted]
    ended: dict[str, PipelineError | None] = {}
    for some in (jobs[:1], jobs[1:]):  # what all need is made by the first, or each would make it at once
        with closing(desk.queue(desk).perform(some)) as outcomes:
            ended |= {outcome.job.key: outcome.problem for outcome in outcomes}
    return [(bulletin, ended[name]) for name, bulletin in wanted.items()]


def handlers(desk: Desk) -> Mapping[str, Handler]:
    """The verb that any worker of this newsroom can do."""
    return {VERB: lambda arguments: _make(desk, BulletinId(str(arguments["bulletin"])))}


def _make(desk: Desk, name: BulletinId) -> Mapping[str, Json]:
    (bulletin,) = desk.ledger.bulletins([name])
    return {master.profile: master.digest for master in render(desk, bulletin)}


def _is_wanted(desk: Desk, row: Row, *, held_too: bool) -> bool:
    stage = row.status.stage
    again = held_too and _waits_for_a_voice(desk, row)
    return (stage is not Stage.HELD or held_too) and (stage in OPEN or again or _lacks_profile(desk, row))


def _waits_for_a_voice(desk: Desk, row: Row) -> bool:
    """Whether only a draft voice speaks it, which may not air, a better one may come, and there is still time."""
    programme = desk.programme(row.bulletin)
    to_come = max(row.bulletin.air) > desk.now()
    better = any(not engine.embedded for word in programme.engines for engine in desk.engines.get(word, ()))
    waits = row.status.stage is Stage.WAITING and row.status.draft and not programme.embedded_may_air
    return waits and better and to_come


def _lacks_profile(desk: Desk, row: Row) -> bool:
    """Whether a bulletin that is still to air has no master for one of its stations."""
    if row.status.stage in TAKEN_BACK or max(row.bulletin.air) <= desk.now():
        return False
    return bool({s.profile for s in recipients(desk, row.bulletin)} - set(row.status.masters))


def reading_of(desk: Desk, bulletin: Bulletin) -> Reading | None:
    """The latest reading of a bulletin; None before it was read, and for a recording without text."""
    read = [f for f in desk.ledger.facts(bulletin.id, Happened.READ) if f.digest]
    if not read or read[-1].digest is None:
        return None
    return documents.readings().validate_json(desk.store.get(read[-1].digest).read_bytes())


def masters(desk: Desk, bulletin: Bulletin) -> dict[str, Master]:
    """The current master of each profile, as measured when it was made."""
    return {master.profile: master for master in every_master(desk, bulletin)}


def every_master(desk: Desk, bulletin: Bulletin) -> list[Master]:
    """Every master a bulletin ever had, oldest first."""
    return [master_of(fact) for fact in desk.ledger.facts(bulletin.id, Happened.MASTERED) if fact.digest]


def master_of(fact: Fact) -> Master:
    """The master that a fact tells of, as measured when it was made."""
    return Master(
        digest=fact.digest or Digest(""),
        profile=str(fact.detail["profile"]),
        size=int(str(fact.detail["size"])),
        seconds=Seconds(float(str(fact.detail["seconds"]))),
        loudness=Loudness(
            integrated=Lufs(float(str(fact.detail["lufs"]))),
            true_peak=Dbtp(float(str(fact.detail["dbtp"]))),
            range=float(str(fact.detail["lra"])),
        ),
        reduction=float(str(fact.detail.get("reduction", 0))),
        suffix=str(fact.detail.get("suffix", ".mp3")),
    )


def _render(desk: Desk, bulletin: Bulletin) -> list[Master]:
    script = desk.ledger.script(bulletin.script)
    if script is None:
        raise StoreDamaged(digest=bulletin.script)
    programme = desk.programme(bulletin)
    text = _read(desk, bulletin, script)
    from pipeline.newsroom import mastering  # noqa: PLC0415 - numpy and matplotlib, only where sound is made

    with desk.store.scratch() as scratch:
        rack = mastering.Rack(desk, bulletin, scratch)
        if script.recording:
            product = mastering.recorded(rack, script.recording, text)
        else:
            opening, closing = lines(desk, bulletin, script)
            said = mastering.Lines(opening=opening, body=text, closing=closing)
            voiced = _voice(desk, bulletin, said.all, programme)
            product = mastering.spoken(rack, said, voiced.takes, script.attachments)
        desk.check_stop()
        # First what is made, then what people see of it: a folder that cannot be written loses no master.
        picture = desk.store.put(product.picture)
        desk.ledger.record(*(_mastered(desk, bulletin, m, product.notes, picture) for m in product.masters))
        views.show(desk, bulletin, product.masters[0], product.papers, product.picture)
    return product.masters


def _held(desk: Desk, bulletin: Bulletin, problem: PipelineError) -> PipelineError:
    """Record what stopped it, and say it; where the ledger cannot be written, that is what must be mended first."""
    try:
        _hold(desk, bulletin, problem)
    except Exception as fault:  # noqa: BLE001 - as in render, and no more can be recorded
        return as_problem(fault, bulletin.id)
    return problem


def _hold(desk: Desk, bulletin: Bulletin, problem: PipelineError) -> None:
    """Say why it cannot go on, once: the same reason again is not a new fact."""
    status = status_of(desk.ledger.facts(bulletin.id))
    if status.may_go_out:
        return  # what was signed before is still good; only the new try failed
    reason, fix = problem.message.vi, problem.next_step.vi
    if status.stage is not Stage.HELD or status.reason != reason:
        fact = desk.fact(Happened.HELD, bulletin=bulletin, code=problem.code, reason=reason, next=fix)
        desk.ledger.record(fact)


def unnamed(desk: Desk, bulletin: Bulletin) -> tuple[Note, ...]:
    """A theme of a bulletin that no report has a name for, for its editor."""
    themes = desk.config.settings.plan.themes
    if not bulletin.theme or bulletin.theme in themes:
        return ()
    return (Note(bulletin.theme, f"chủ đề này chưa có tên ở [plan.themes]; đang có: {', '.join(themes)}"),)


def _read(desk: Desk, bulletin: Bulletin, script: Script) -> Reading:
    desk.progress("read", 0, 1)
    programme = desk.programme(bulletin)
    text = reading.read(script, announcers.announcer(desk, programme))
    unheeded = voicing.unheeded(desk, text.sentences, programme)
    notes = (*of_title(desk, bulletin, script), *text.notes)
    notes = (*dict.fromkeys(notes), *announcers.faults(desk), *unheeded, *unnamed(desk, bulletin))
    text = replace(text, notes=notes)
    digest = desk.store.put_bytes(documents.readings().dump_json(text))
    before = desk.ledger.facts(bulletin.id, Happened.READ)
    if not before or before[-1].digest != digest:  # read again to the same words is no news
        told: list[Json] = [f"{note.about}: {note.message}" for note in notes]
        fact = desk.fact(Happened.READ, bulletin=bulletin, digest=digest, sentences=len(text.sentences), notes=told)
        desk.ledger.record(fact)
    return text


def _lines(desk: Desk, bulletin: Bulletin, templates: Mapping[Language, str], title: str) -> Iterator[reading.Uttered]:
    """The programme's opening or closing line in every language of the bulletin, title and day of air filled in."""
    announcer = announcers.announcer(desk, desk.programme(bulletin))
    for language in bulletin.languages:
        if template := templates.get(language):
            place = desk.config.settings.newsroom.place.get(language, "")
            line = filled(template, title, _first_air(desk, bulletin).date(), place)
            yield reading.utter(line, language, announcer, bulletin.voice)


def lines(desk: Desk, bulletin: Bulletin, script: Script) -> tuple[tuple[Sentence, ...], tuple[Sentence, ...]]:
    """The programme's opening and its closing lines for one bulletin."""
    programme, title = desk.programme(bulletin), script.head.title
    opening, closing = (_lines(desk, bulletin, said, title) for said in (programme.opening, programme.closing))
    return tuple(s for one in opening for s in one.sentences), tuple(s for one in closing for s in one.sentences)


def of_title(desk: Desk, bulletin: Bulletin, script: Script) -> tuple[Note, ...]:
    """What its editor should know of how the title is read in these lines; nothing where an announcer recorded it."""
    programme = desk.programme(bulletin)
    if script.recording:
        return ()
    said = (one for t in (programme.opening, programme.closing) for one in _lines(desk, bulletin, t, script.head.title))
    return tuple(dict.fromkeys(note for one in said for note in one.notes))


def twins(desk: Desk, bulletin: Bulletin) -> list[BulletinId]:
    """Other bulletins of the same title that air when this one does, and that nobody has stopped.

    Two editions of one text: most often the older one was meant to be replaced, and both would be heard.
    """
    same = {
        other.id
        for other in desk.ledger.bulletins()
        if other.id != bulletin.id and other.title.casefold() == bulletin.title.casefold()
        and set(other.air) & set(bulletin.air)
    }  # fmt: skip
    return [row.bulletin.id for row in rows(desk, same) if row.status.stage not in TAKEN_BACK] if same else []


def filled(template: str, title: str, day: date, place: str = "") -> str:
    """A programme's line for one bulletin; where its script has no title, what leads up to it goes too."""
    line = template if title else _NO_TITLE.sub("", template)
    # The title last: an editor's braces are words.
    return line.replace("{date}", f"{day:%d/%m/%Y}").replace("{place}", place).replace("{title}", title)


def _first_air(desk: Desk, bulletin: Bulletin) -> datetime:
    return min(bulletin.air).astimezone(desk.config.zone)


def _next_air(desk: Desk, bulletin: Bulletin) -> datetime | None:
    """Its next air time; None where all have passed."""
    now = desk.now()
    return min((at for at in bulletin.air if at > now), default=None)


def _voice(desk: Desk, bulletin: Bulletin, sentences: Sequence[Sentence], programme: Programme) -> voicing.Voiced:
    voiced = voicing.voice(desk, sentences, programme, _next_air(desk, bulletin))
    desk.ledger.record(
        desk.fact(
            Happened.VOICED,
            bulletin=bulletin,
            digest=desk.store.put_bytes(documents.spoken().dump_json(tuple(zip(sentences, voiced.takes, strict=True)))),
            takes=len(voiced.takes),
            voiced=voiced.spoken_now,
            engines={**voiced.engines},
            voices={**voiced.voices},
            embedded=voiced.embedded,
            fallbacks=[_told(fallback) for fallback in voiced.fallbacks],
            tell=list(programme.tell) if voiced.fallbacks else [],
        )
    )
    return voiced


def _told(fallback: voicing.Fallback) -> str:
    problem = fallback.problem
    who = f"{fallback.language.value}: {fallback.instead} đọc thay {fallback.voice}"
    return f"{who} ({problem.code} {problem.message.vi})"


def spoken_by(desk: Desk, bulletin: Bulletin) -> list[tuple[Sentence, Take]]:
    """Each sentence of a bulletin as it was last voiced, opening and closing too, and its take: engine, voice, sound.

    Empty for one that no voice has spoken.
    """
    voiced = [f.digest for f in desk.ledger.facts(bulletin.id, Happened.VOICED) if f.digest]
    return list(documents.spoken().validate_json(desk.store.get(voiced[-1]).read_bytes())) if voiced else []


def fallbacks(desk: Desk, bulletin: Bulletin) -> tuple[list[str], list[str]]:
    """Where not the first voice spoke when a bulletin was last voiced, in Vietnamese, and who is to be told."""
    voiced = desk.ledger.facts(bulletin.id, Happened.VOICED)
    detail = voiced[-1].detail if voiced else {}
    found, tell = (detail.get(key) for key in ("fallbacks", "tell"))
    return ([*map(str, found)] if isinstance(found, list) else []), (
        [*map(str, tell)] if isinstance(tell, list) else []
    )


def _mastered(desk: Desk, bulletin: Bulletin, master: Master, notes: Sequence[str], picture: Digest) -> Fact:
    return desk.fact(
        Happened.MASTERED,
        bulletin=bulletin,
        digest=master.digest,
        profile=master.profile,
        size=master.size,
        seconds=round(master.seconds, 3),
        lufs=round(master.loudness.integrated, 2),
        dbtp=round(master.loudness.true_peak, 2),
        lra=round(master.loudness.range, 2),
        reduction=round(master.reduction, 1),
        suffix=master.suffix,
        picture=picture,
        notes=list(notes),
    )
