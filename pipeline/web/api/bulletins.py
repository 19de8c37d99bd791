"""Bulletins for programs: taking them in, reading and hearing them, mending words, signing."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, File, Path, Query, Request, UploadFile
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from pipeline.core.errors import NoReason, NothingThere
from pipeline.core.model import BulletinId, Digest, Kind, Language, Priority, RecordingMark
from pipeline.core.people import Right
from pipeline.core.status import Stage
from pipeline.newsroom import announcers, approvals, bulletins, preview, views
from pipeline.newsroom.bulletins import Line
from pipeline.newsroom.desk import Desk
from pipeline.web import uploads
from pipeline.web.api.caller import Call, Caller
from pipeline.web.api.problems import Problem, problem_of
from pipeline.web.bulletin import TYPES, ask_again, sign_off
from pipeline.web.work import Job

router = APIRouter(tags=["bulletins"])
Name = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,80}$", description="A bulletin's id.")]
See = Annotated[Caller, Depends(Call(Right.SEE))]
Write = Annotated[Caller, Depends(Call(Right.WRITE))]
Sign = Annotated[Caller, Depends(Call(Right.SIGN))]


class Sound(BaseModel):
    """A master: the bulletin for one kind of station."""

    profile: str
    digest: str = Field(description="SHA-256 of its bytes, in hexadecimal.")
    bytes: int
    seconds: float
    integrated_lufs: float
    true_peak_dbtp: float
    range_lu: float
    signed: bool


class BulletinRow(BaseModel):
    """A bulletin in a list."""

    id: str
    title: str
    programme: str
    languages: list[Language]
    kind: Kind
    theme: str
    priority: Priority
    stage: Stage
    air: list[datetime]
    counts: bool
    stations: int = Field(description="In its plan.")
    arrived: int = Field(description="Stations of its plan that hold a current master, verified.")


class Bulletin(BulletinRow):
    """A bulletin, whole."""

    reason: str = Field(description="Why it is held or was returned, in Vietnamese; else empty.")
    draft: bool = Field(description="Whether a draft voice speaks any of it.")
    author: str
    embargo: datetime | None
    expires: datetime | None
    sounds: list[Sound]
    signatures_needed: int
    airings: int
    airings_confirmed: int = Field(description="Before which the signed bytes were there, verified.")
    airings_aired: int = Field(description="That stations say they played.")


class Bulletins(BaseModel):
    """A page of a list."""

    items: list[BulletinRow]
    next: str | None = Field(description="What `after` is to be for the next page; null at the end.")


class Spoken(BaseModel):
    """A sentence, or what an announcer recorded in its place."""

    written: str
    spoken: str
    language: Language | None
    recording: str = Field(description="The file that airs in its place; empty where a voice speaks it.")


class TakenIn(BaseModel):
    """What became of what was sent."""

    accepted: list[str] = Field(description="Ids of bulletins that are being made.")
    known: list[str] = Field(description="Ids of bulletins of which the same bytes were received before.")
    refused: list[Problem]


class Work(BaseModel):
    """How far something is that was asked for."""

    state: str = Field(description="`none`, `waiting`, `running`, `done` or `failed`.")
    who: str = ""
    since: datetime | None = None
    told: str = ""
    problem: Problem | None = None


class Heard(BaseModel):
    """What is signed."""

    heard: list[Annotated[str, Field(pattern="^[0-9a-f]{64}$")]] = Field(
        description="The digests of all current masters; one of them must have been fetched from `sounds`, or played."
    )


class Why(BaseModel):
    """The comment that goes back to the editor."""

    why: Annotated[str, Field(min_length=1, max_length=2000)]


class Word(BaseModel):
    """How a word is said from now on."""

    word: Annotated[str, Field(min_length=1, max_length=200)]
    spoken: Annotated[str, Field(min_length=1, max_length=500)]


def state_of(job: Job | None) -> Work:
    """How a job stands."""
    if job is None:
        return Work(state="none")
    state = "failed" if job.problem else "done" if job.ended else "running" if job.begun else "waiting"
    told = job.told.vi if job.told else ""
    problem = problem_of(job.problem) if job.problem else None
    return Work(state=state, who=job.who, since=job.since, told=told, problem=problem)


def line_of(desk: Desk, name: str) -> Line:
    """A bulletin. Raises NothingThere."""
    found = bulletins.lines_of(desk, [BulletinId(name)])
    if not found:
        raise NothingThere
    return found[0]


def _row(line: Line) -> dict[str, object]:
    b = line.bulletin
    return {
        "id": b.id, "title": b.title, "programme": b.programme, "languages": list(b.languages), "kind": b.kind,
        "theme": b.theme, "priority": b.priority, "stage": line.stage, "air": list(b.air), "counts": b.counts,
        "stations": line.coverage.stations, "arrived": line.arrived,
    }  # fmt: skip


@router.get("/bulletins", operation_id="listBulletins")
def listed(
    c: See,
    stage: Stage | None = None,
    year: Annotated[int | None, Query(ge=2000, le=9998)] = None,
    language: Language | None = None,
    text: Annotated[str, Query(max_length=200, description="In the title or the id.")] = "",
    after: Annotated[str, Query(pattern=r"^[a-z0-9-]{0,80}$")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Bulletins:
    """Bulletins, the newest air date first."""
    zone, wanted = c.desk.config.zone, text.strip().casefold()
    found = sorted(c.desk.ledger.bulletins(), key=lambda b: (min(b.air), b.id), reverse=True)
    found = [
        b
        for b in found
        if (year is None or min(b.air).astimezone(zone).year == year)
        and (language is None or language in b.languages)
        and (wanted in b.title.casefold() or wanted in b.id)
    ]
    if stage is not None:
        stages = {line.bulletin.id: line.stage for line in bulletins.lines_of(c.desk, [b.id for b in found])}
        found = [b for b in found if stages[b.id] is stage]
    if after:
        ids = [b.id for b in found]
        found = found[ids.index(BulletinId(after)) + 1 :] if after in ids else []
    shown = found[:limit]
    lines = {line.bulletin.id: line for line in bulletins.lines_of(c.desk, [b.id for b in shown])}
    following = shown[-1].id if len(found) > limit else None
    return Bulletins(items=[BulletinRow.model_validate(_row(lines[b.id])) for b in shown], next=following)


@router.post("/bulletins", operation_id="addBulletins", status_code=HTTPStatus.ACCEPTED)
def add(
    request: Request,
    c: Write,
    files: Annotated[list[UploadFile], File(min_length=1, description="Scripts and recordings, whatever their names.")],
) -> TakenIn:
    """Take in scripts and recordings, as if they were dropped; they are made in the background.

    Where none can be taken in, the answer is why the first cannot.
    """
    taken = uploads.take_in(request.app.state.work, c.desk, c.person.name, uploads.Sent(files, "", ""))
    if all(one.problem for one in taken):
        raise next(one.problem for one in taken if one.problem)
    return TakenIn(
        accepted=[one.bulletin.id for one in taken if one.bulletin and not one.again],
        known=[one.bulletin.id for one in taken if one.bulletin and one.again],
        refused=[problem_of(one.problem) for one in taken if one.problem],
    )


@router.get("/bulletins/{name}", operation_id="getBulletin")
def one(c: See, name: Name) -> Bulletin:
    """A bulletin: where it stands, its masters, how far it got."""
    line = line_of(c.desk, name)
    b, status = line.bulletin, line.status
    signed = {digest for profile in status.masters if (digest := status.signed(profile))}
    sounds = [
        Sound(
            profile=m.profile, digest=m.digest, bytes=m.size, seconds=m.seconds, integrated_lufs=m.loudness.integrated,
            true_peak_dbtp=m.loudness.true_peak, range_lu=m.loudness.range, signed=m.digest in signed,
        )
        for m in bulletins.masters(c.desk, b).values()
    ]  # fmt: skip
    more = {
        "reason": status.reason, "draft": status.draft, "author": b.author, "embargo": b.embargo, "expires": b.expires,
        "sounds": sounds, "signatures_needed": status.needed, "airings": line.coverage.airings,
        "airings_confirmed": line.coverage.covered_of(signed), "airings_aired": line.coverage.aired,
    }  # fmt: skip
    return Bulletin.model_validate(_row(line) | more)


@router.get("/bulletins/{name}/text", operation_id="getText")
def text(c: See, name: Name) -> list[Spoken]:
    """Every sentence as written and as it would be spoken now, in the order they air."""
    return [
        Spoken(written=p.transcript, spoken="", language=p.language, recording=p.name)
        if isinstance(p, RecordingMark)
        else Spoken(written=p.written, spoken=p.text, language=p.language, recording="")
        for p in preview.passages(c.desk, line_of(c.desk, name).bulletin)
    ]


_BINARY: dict[str, object] = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "/bulletins/{name}/sounds/{digest}",
    operation_id="getSound",
    response_class=FileResponse,
    responses={
        200: {"content": dict.fromkeys(sorted({*TYPES.values()}), _BINARY)},
        206: {"description": "A part, where Range asked for one."},
        416: {"description": "There is no such part."},
    },
)
def sound(c: See, name: Name, digest: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]) -> FileResponse:
    """The sound of one of its masters, also of earlier ones; whoever fetches it has heard it."""
    line = line_of(c.desk, name)
    every = bulletins.every_master(c.desk, line.bulletin)
    master = next((m for m in every if m.digest == digest), None)
    if master is None:
        raise NothingThere
    file = c.desk.store.get(master.digest)
    approvals.hear(c.desk, line.bulletin, master.digest, c.person.name)
    return FileResponse(file, media_type=TYPES.get(master.suffix, "application/octet-stream"))


@router.get(
    "/bulletins/{name}/picture",
    operation_id="getPicture",
    response_class=FileResponse,
    responses={200: {"content": {"image/png": _BINARY}}},
)
def picture(c: See, name: Name) -> FileResponse:
    """Its waveform and loudness, with target and ceiling."""
    file = views.sound(c.desk, line_of(c.desk, name).bulletin, ".png")
    if not file.is_file():
        raise NothingThere
    return FileResponse(file, media_type="image/png")


@router.get("/bulletins/{name}/work", operation_id="getBulletinWork")
def work(request: Request, c: See, name: Name) -> Work:
    """Whether it is being made, and what came of it last."""
    line_of(c.desk, name)
    return state_of(request.app.state.work.job(name))


@router.post("/bulletins/{name}/remake", operation_id="remake", status_code=HTTPStatus.ACCEPTED)
def remake(request: Request, c: Write, name: Name) -> Work:
    """Make it again with today's dictionary and settings; only sentences that changed are voiced."""
    ask_again(request, c, line_of(c.desk, name).bulletin)
    return state_of(request.app.state.work.job(name))


@router.post("/bulletins/{name}/offer", operation_id="offer")
def offer(c: Write, name: Name) -> Bulletin:
    """Say that its editor has heard it and asks for a signature."""
    approvals.offer(c.desk, line_of(c.desk, name).bulletin, c.person.name)
    return one(c, name)


@router.post("/bulletins/{name}/approval", operation_id="approve")
def approve(request: Request, c: Sign, name: Name, body: Heard) -> Bulletin:
    """Sign exactly the bytes that were heard, and plan them; what is urgent is sent when the second has signed."""
    sign_off(request, c, line_of(c.desk, name), _digests(body.heard))
    return one(c, name)


def _digests(told: Sequence[str]) -> list[Digest]:
    return [Digest(digest) for digest in told]


@router.post("/bulletins/{name}/return", operation_id="sendBack")
def send_back(c: Sign, name: Name, body: Why) -> Bulletin:
    """Return it to its editor; any signature is void."""
    if not body.why.strip():
        raise NoReason
    approvals.send_back(c.desk, line_of(c.desk, name).bulletin, c.person.name, body.why.strip())
    return one(c, name)


@router.post("/bulletins/{name}/withdrawal", operation_id="withdraw")
def withdraw(c: Sign, name: Name) -> Bulletin:
    """Take it back for good; the next seconds take it off the stations."""
    approvals.withdraw(c.desk, line_of(c.desk, name).bulletin, c.person.name)
    return one(c, name)


@router.post("/words", operation_id="teach", status_code=HTTPStatus.NO_CONTENT)
def teach(c: Write, body: Word) -> None:
    """Write into the dictionary how a word is said; bulletins are made again by `remake`."""
    announcers.teach(c.desk, body.word, body.spoken, c.person.name)
