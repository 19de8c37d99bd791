"""Scripts: files dropped by editors become bulletins, or are put aside with the reason beside them."""

import difflib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline.core.errors import (
    AirTimePassed,
    NoDropFolder,
    PipelineError,
    Says,
    ScriptRefused,
    StillGrowing,
    StoreDamaged,
    TakenBack,
    WrongHeadValue,
    as_problem,
)
from pipeline.core.facts import Happened
from pipeline.core.model import Bulletin, BulletinId, Head, Programme, Script, VoiceMark
from pipeline.core.schedule import air_times
from pipeline.core.status import TAKEN_BACK, Stage, status_of
from pipeline.core.text import slug
from pipeline.intake import drop
from pipeline.intake.settling import Sightings
from pipeline.ledger.store import hash_file
from pipeline.newsroom import recipients
from pipeline.newsroom.desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a dropped file."""

    path: Path
    bulletin: Bulletin | None = None
    again: bool = False
    """The same bytes were received before, as this bulletin."""
    problem: PipelineError | None = None


def take_in(desk: Desk, path: Path) -> Taken:
    """Receive one file, with the recordings it names.

    Bytes reach the store, then the ledger, and only then does the file leave the drop folder: a power cut in between
    leaves the file where it was, and the next run finds that its bytes are known and moves it.

    Raises:
        StillGrowing: it is left for the next look.
        OSError: the system did not let us; the file stays where it is.
    """
    try:
        submission = drop.take_in(path, max_bytes=desk.config.settings.intake.max_megabytes * 1_000_000)
    except (StillGrowing, OSError):
        raise
    except Exception as fault:  # noqa: BLE001 - a file that breaks us is put aside, or it would stop every scan
        return _refuse(desk, path, as_problem(fault, path.name))
    known = desk.ledger.bulletin_of(submission.script.digest)
    try:
        bulletin = _as_it_was(desk, known, path) if known else edition(desk, submission.script)
    except ScriptRefused as refusal:
        return _refuse(desk, path, refusal)
    for name, file in submission.files.items():
        if desk.store.put(file) != submission.digests[name]:
            raise StillGrowing(name=name)
    script = submission.script
    fact = desk.fact(
        Happened.RECEIVED,
        bulletin=bulletin,
        digest=script.digest,
        name=script.name,
        signatures=bulletin.signatures,
    )
    fresh = desk.ledger.receive(script, bulletin, fact)
    problem = None
    if _is_dropped(desk, path):
        try:
            drop.accept(submission.files.values(), desk.config.scripts, _month(desk))
        except OSError as fault:
            problem = as_problem(fault, path.name)  # it is taken in all the same; the next look moves it
    return Taken(path=path, bulletin=bulletin, again=not fresh, problem=problem)


def _as_it_was(desk: Desk, bulletin: Bulletin, path: Path) -> Bulletin:
    """The bulletin that the same bytes became before, unless someone has decided that it does not air."""
    stage = status_of(desk.ledger.facts(bulletin.id)).stage
    if stage in TAKEN_BACK:
        decided = {Stage.WITHDRAWN: Says("đã rút", "withdrawn"), Stage.RETURNED: Says("đã trả lại", "returned")}
        raise TakenBack(name=path.name, bulletin=bulletin.id, decided=decided[stage])
    return bulletin


def typed(desk: Desk, bulletin: Bulletin) -> str | None:
    """The text of a script that came as plain text and alone, as it was typed; None of another, and of one lost."""
    script = desk.ledger.script(bulletin.script)
    if script is None or not script.name.lower().endswith(".txt"):
        return None
    try:
        return desk.store.whole(script.digest).read_text("utf-8-sig")
    except (StoreDamaged, UnicodeDecodeError):
        return None


def settled(desk: Desk, seen: Sightings) -> list[Path]:
    """The dropped files that stand still as of this look; `seen` remembers the looks before.

    Raises:
        NoDropFolder: the folder is not there, or not any more.
    """
    if not desk.config.scripts.is_dir():
        raise NoDropFolder(folder=desk.config.scripts)
    seconds = desk.config.settings.intake.settle_seconds
    return drop.settled(desk.config.scripts, seconds, seen, time.monotonic())


def settled_now(desk: Desk) -> list[Path]:
    """The dropped files that stand still, for a run that looks only once: it waits where there is something to see."""
    seen = Sightings()
    found = settled(desk, seen)
    if seen.since and not found:
        time.sleep(desk.config.settings.intake.settle_seconds)
        found = settled(desk, seen)
    return found


def sweep(desk: Desk, paths: Iterable[Path]) -> list[Taken]:
    """Receive settled files one after another; one that is refused or grows does not keep the others waiting."""
    taken: list[Taken] = []
    for path in paths:
        if not path.exists():
            continue  # it went in together with the script that names it
        try:
            taken.append(take_in(desk, path))
        except (StillGrowing, OSError) as fault:
            taken.append(Taken(path=path, problem=as_problem(fault, path.name)))
    return taken


def _refuse(desk: Desk, path: Path, problem: PipelineError) -> Taken:
    digest = hash_file(path) if path.is_file() else None
    # Moved before it is recorded: a folder that cannot be written must not grow the ledger at every look.
    dropped = _is_dropped(desk, path)
    if dropped:
        drop.refuse([path], desk.config.scripts, problem)
    step = problem.next_step if dropped else problem.page_step  # what did not come by the folder is not dropped again
    desk.ledger.record(
        desk.fact(
            Happened.REFUSED,
            digest=digest,
            name=path.name,
            code=problem.code,
            reason=problem.message.vi,
            next=step.vi,
        )
    )
    return Taken(path=path, problem=problem)


def _is_dropped(desk: Desk, path: Path) -> bool:
    """Whether a file lies in the drop folder; one named on the command line from elsewhere stays where it is."""
    return path.resolve().parent == desk.config.scripts.resolve()


def _month(desk: Desk) -> str:
    return desk.now().astimezone(desk.config.zone).strftime("%Y-%m")


# --- what a script becomes -------------------------------------------------------------------------------------------


def edition(desk: Desk, script: Script) -> Bulletin:
    """The bulletin of a script: what its head says, and the programme's word for the rest.

    Raises:
        WrongHeadValue: it names a programme or a station that the settings do not know, or airs in the past only.
    """
    head = script.head
    programme = _programme(desk, script)
    recipients.check(desk, head, script.name)
    _check_voices(desk, script)
    now, zone = desk.now(), desk.config.zone
    expires, embargo = _utc(head.expires, zone), _utc(head.embargo, zone)
    air = air_times(
        head.air,
        programme.slots,
        now,
        zone,
        repeat=head.repeat,
        holidays=desk.config.settings.plan.holidays,
        expires=expires,
    )
    _check_limits(script.name, head, air, embargo, zone)
    if max(air) <= now:
        last, tomorrow = max(air).astimezone(zone), now.astimezone(zone) + timedelta(days=1)
        raise AirTimePassed(name=script.name, at=f"{last:%d/%m/%Y %H:%M}", example=f"{tomorrow:%d/%m/%Y} 05:00")
    day = air[0].astimezone(zone).strftime("%Y%m%d")
    title = head.title or _named(script)
    name = "-".join(part for part in (day, slug(title), script.digest[:6]) if part)
    return Bulletin(
        id=BulletinId(name),
        script=script.digest,
        title=title,
        languages=script.languages or (programme.language,),
        kind=head.kind or programme.kind,
        programme=programme.code,
        air=air,
        only=head.only,
        without=head.without,
        theme=head.theme,
        voice=head.voice,
        ident=head.ident,
        bed=head.bed,
        counts=head.counts is not False,
        author=head.author,
        editor=head.editor,
        translator=head.translator,
        announcer=head.announcer,
        expires=expires,
        embargo=embargo,
        **({"priority": head.priority} if head.priority else {}),
    )


def _utc(local: datetime | None, zone: ZoneInfo) -> datetime | None:
    return local.replace(tzinfo=zone).astimezone(UTC) if local else None


def _check_limits(name: str, head: Head, air: Sequence[datetime], embargo: datetime | None, zone: ZoneInfo) -> None:
    """Raise WrongHeadValue where the script asks for what it forbids."""
    late = [at for at in head.air if head.expires and at > head.expires]
    if late or not air:
        later = Says("một ngày sau giờ phát cuối cùng", "a day after its last air time")
        raise WrongHeadValue(name=name, key="Hết hạn", value=f"{head.expires:%d/%m/%Y %H:%M}", example=later)
    if embargo and min(air) < embargo:
        first = f"{min(air).astimezone(zone):%d/%m/%Y %H:%M}"
        example = Says(f"trước giờ phát đầu tiên, {first}", f"before its first air time, {first}")
        raise WrongHeadValue(name=name, key="Cấm phát trước", value=f"{head.embargo:%d/%m/%Y %H:%M}", example=example)


def _named(script: Script) -> str:
    """A title for lists and files where the script has none: its file's name. It is never spoken."""
    return " ".join(Path(script.name).stem.replace("_", " ").replace("-", " ").split())


def _check_voices(desk: Desk, script: Script) -> None:
    """Raise WrongHeadValue, with the nearest name, where a script wishes for a voice that no engine has.

    A wish for a woman's or a man's voice is understood by every newsroom; where there is none, the usual voice speaks.
    """
    known = ["nữ", "nam"]
    known += [name for engines in desk.engines.values() for e in engines for v in e.voices for name in (v.sex, v.name)]
    wishes = [("Giọng", script.head.voice), *(("[giọng: …]", m.voice) for m in script.body if isinstance(m, VoiceMark))]
    for key, wish in wishes:
        if wish and wish not in known:
            (near,) = difflib.get_close_matches(wish, known, n=1, cutoff=0)
            others = ", ".join(name for name in dict.fromkeys(known) if name not in {near, ""})
            example = Says(f"{near} (cũng có: {others})", f"{near} (there are also: {others})")
            raise WrongHeadValue(name=script.name, key=key, value=wish, example=example)


def _programme(desk: Desk, script: Script) -> Programme:
    programmes = desk.config.programmes
    wanted = script.head.programme
    if not wanted:
        return next(iter(programmes.values()))
    for programme in programmes.values():
        if slug(wanted) in {slug(programme.code), slug(programme.title)}:
            return programme
    raise WrongHeadValue(name=script.name, key="Chương trình", value=wanted, example=", ".join(programmes))
