"""Bulletins: found, heard and read, mended, signed."""

import base64
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import Path, Query, Request, Response
from pydantic import Field

from pipeline.core.coverage import Line as Listed
from pipeline.core.errors import NotApproved, NothingThere, UnknownBulletin
from pipeline.core.model import Bulletin as Made
from pipeline.core.model import BulletinId, Digest, Kind, Language, Priority, RecordingMark, Sentence
from pipeline.core.model import Master as MasterMade
from pipeline.core.status import Stage, Status
from pipeline.newsroom import announcers, approvals, bulletins, listing, preview, rush, views
from pipeline.newsroom.desk import Desk
from pipeline.web import errands, hearing
from pipeline.web.api import jobs, log
from pipeline.web.api.caller import Caller, Run, See, Sign, Write, part
from pipeline.web.api.fields import BULLETIN, LINE, Asked, Bulletin_, Limit, Line, Sha256, Told, Wanted, example
from pipeline.web.api.jobs import Job
from pipeline.web.api.problems import told
from pipeline.web.file import StoredFile

router = part("bulletins")


def _bytes(what: str, *kinds: str) -> dict[str, object]:
    """How an answer is described that is no JSON."""
    return {"description": what, "content": {kind: {} for kind in sorted(kinds)}}


def _file(what: str, *kinds: str) -> dict[int | str, dict[str, object]]:
    """How a file is described, which may be asked for in parts."""
    part = _bytes("The range that was asked for, or several.", *kinds, "multipart/byteranges")
    return {200: _bytes(what, *kinds), 206: part, **told(416)}


_SOUND = _file("The whole of it.", *{*hearing.TYPES.values()})
_PICTURE = _file("A PNG.", "image/png")
_WAV = _file("A WAV.", "audio/wav")
_Place = Annotated[
    str,
    Query(max_length=120, pattern=r"^$|^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z~[0-9A-Za-z-]+$",
          description="The `next` of the part before."),
]  # fmt: skip
"""A place among all bulletins, `listing.place`: what follows it is there also when the bulletin has left the list."""
_Profile = Annotated[str, Path(max_length=64, pattern=r"^[^\x00-\x1f/]+$", examples=["loa-xa"])]


class ListedBulletin(Told):
    """A bulletin in a list."""

    id: str
    title: str
    stage: Stage
    reason: Annotated[str, Field(description="Why it is held or was returned, in Vietnamese; else empty.")]
    languages: list[Language]
    kind: Kind
    programme: str
    priority: Priority
    theme: str
    author: str
    air: Annotated[list[datetime], Field(description="When it is meant to air: UTC, ISO 8601, in order.")]
    counts: Annotated[bool, Field(description="Whether it is meant to count toward the plan.")]
    draft: Annotated[bool, Field(description="Whether a draft voice speaks it.")]
    signatures_needed: int
    signed_by: Annotated[list[str], Field(description="Who has signed a current master so far.")]
    stations: Annotated[int, Field(description="Stations in its plan.")]
    stations_holding: Annotated[int, Field(description="Those that hold a current master, verified.")]


class Master(Told):
    """One sound file of a bulletin: the mix at the loudness of a kind of station."""

    sha256: Sha256
    profile: Annotated[str, Field(description="The kind of station.")]
    current: Annotated[bool, Field(description="False for one that another took the place of.")]
    media_type: str
    size_bytes: int
    duration_seconds: float
    integrated_lufs: Annotated[float, Field(description="Integrated loudness, ITU-R BS.1770-4.")]
    true_peak_dbtp: Annotated[float, Field(description="True peak, ITU-R BS.1770-4 annex 2.")]
    range_lu: Annotated[float, Field(description="Loudness range, EBU R 128.")]
    limiter_db: Annotated[float, Field(description="The most that the limiter turned down.")]
    signed_by: list[str]
    may_air: Annotated[bool, Field(description="Whether it may go out as things stand.")]


class Reach(Told):
    """How far a bulletin got, over all its stations."""

    stations: int
    first_air: Annotated[datetime | None, Field(description="When it airs first at any: UTC, ISO 8601.")]
    airings: Annotated[int, Field(description="Planned, over all stations.")]
    holding: Annotated[int, Field(description="Stations that got a current master last, verified.")]
    in_time: Annotated[int, Field(description="Stations that held a signed master before its first air time there.")]
    covered: Annotated[int, Field(description="Airings that a signed master was there for.")]
    aired: Annotated[int, Field(description="Airings that stations say they played.")]
    is_current: Annotated[bool, Field(description="False where these figures are out of date and reckoned anew.")]


class Bulletin(ListedBulletin):
    """A bulletin, whole."""

    only: Annotated[list[str], Field(description="Stations or communes it is for; empty: all.")]
    without: list[str]
    embargo: Annotated[datetime | None, Field(description="Before it nothing leaves the newsroom: UTC, ISO 8601.")]
    expires: Annotated[datetime | None, Field(description="After it nothing airs: UTC, ISO 8601.")]
    script_sha256: str
    masters: Annotated[list[Master], Field(description="Every master it ever had, the oldest first.")]
    reach: Reach
    fallbacks: Annotated[list[str], Field(description="Where not the first voice spoke, in Vietnamese.")]
    notes: Annotated[list[str], Field(description="What its editor should know of how it was read, in Vietnamese.")]
    twins: Annotated[list[str], Field(description="Other bulletins of the same title and time.")]
    has_picture: bool
    job: Annotated[Job | None, Field(description="What was asked for last: making it.")]


class Bulletins(Told):
    """A part of the list."""

    items: list[ListedBulletin]
    next: Annotated[str | None, Field(description="To be given as `after` for what follows; null at the end.")]
    total: Annotated[int, Field(description="How many there are in all.")]


class Passage(Told):
    """A sentence as it is spoken, or a recording that airs in its place."""

    number: Annotated[int | None, Field(description="Of a sentence, counted from 1; null for a recording.")]
    kind: Literal["sentence", "recording"]
    language: Language | None
    written: Annotated[str, Field(description="As its editor wrote it; of a recording, its file's name.")]
    spoken: Annotated[str, Field(description="Exactly as the voice says it; of a recording, its transcript.")]
    voice: Annotated[str, Field(description="Engine and voice that spoke it last; empty where it changed since.")]
    pause_seconds: float


class Text(Told):
    """What a bulletin says, in the order it airs, as it would be read now."""

    bulletin: str
    passages: list[Passage]


class Signature(Asked):
    """What is signed."""

    model_config = example(heard=["0123456789abcdef" * 4])

    heard: Annotated[
        list[Sha256],
        Field(min_length=1, max_length=20, description="Every current master, by the bytes that were listened to."),
    ]


class Return(Asked):
    """Why a bulletin goes back to its editor, or is urgent."""

    model_config = example(comment="sai tên xã ở câu 3")

    comment: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")]


class Word(Asked):
    """How something written is said from now on."""

    model_config = example(written="UBND", spoken="ủy ban nhân dân")

    written: Annotated[Line, Field(min_length=1)]
    spoken: Annotated[str, Field(pattern=LINE, min_length=1, max_length=300)]
    bulletin: Annotated[
        str | None,
        Field(
            max_length=80, pattern=BULLETIN, description="The bulletin that it mends: who mends it does not sign it."
        ),
    ] = None
    replaces: Annotated[
        str,
        Field(
            pattern=LINE,
            max_length=300,
            description="How the dictionary says it now, where somebody else wrote that: without it P-133 is answered.",
        ),
    ] = ""


def line(found: Listed) -> ListedBulletin:
    """A bulletin in a list."""
    return ListedBulletin(**_line(found))


def _line(found: Listed) -> dict[str, object]:
    b, status = found.bulletin, found.status
    signed = {name for digest in status.masters.values() for name in status.signatures.get(digest, ())}
    return {
        "id": b.id, "title": b.title, "stage": found.stage, "reason": status.reason, "languages": b.languages,
        "kind": b.kind, "programme": b.programme, "priority": b.priority, "theme": b.theme, "author": b.author,
        "air": b.air, "counts": b.counts, "draft": status.draft, "signatures_needed": status.needed,
        "signed_by": sorted(signed), "stations": found.coverage.stations, "stations_holding": found.arrived,
    }  # fmt: skip


def _row(desk: Desk, name: str) -> Listed:
    rows = bulletins.lines_of(desk, [BulletinId(name)])
    if not rows:
        raise UnknownBulletin(id=name, nearest="-")
    return rows[0]


def _whole(request: Request, desk: Desk, name: str) -> Bulletin:
    found = _row(desk, name)
    b, status, coverage = found.bulletin, found.status, found.coverage
    read = bulletins.reading_of(desk, b)
    signed = {digest for profile in status.masters if (digest := status.signed(profile))}
    job = jobs.work_of(request).job(b.id)
    return Bulletin(
        **_line(found), only=b.only, without=b.without, embargo=b.embargo, expires=b.expires, script_sha256=b.script,
        masters=_masters(desk, found),
        reach=Reach(
            stations=coverage.stations, first_air=coverage.first, airings=coverage.airings, holding=found.arrived,
            in_time=coverage.in_time_of(signed), covered=coverage.covered_of(signed), aired=coverage.aired,
            is_current=coverage.is_current,
        ),
        fallbacks=bulletins.fallbacks(desk, b)[0],
        notes=[f"{note.about}: {note.message}" for note in read.notes] if read else [],
        twins=bulletins.twins(desk, b), has_picture=views.sound(desk, b, ".png").is_file(),
        job=jobs.job(job) if job else None,
    )  # fmt: skip


def _masters(desk: Desk, found: Listed) -> list[Master]:
    status: Status = found.status
    return [
        Master(
            sha256=m.digest, profile=m.profile, current=status.masters.get(m.profile) == m.digest,
            media_type=hearing.TYPES.get(m.suffix, "application/octet-stream"), size_bytes=m.size,
            duration_seconds=m.seconds, integrated_lufs=m.loudness.integrated, true_peak_dbtp=m.loudness.true_peak,
            range_lu=m.loudness.range, limiter_db=m.reduction, signed_by=status.signatures.get(m.digest, []),
            may_air=status.signed(m.profile) == m.digest,
        )
        for m in bulletins.every_master(desk, found.bulletin)
    ]  # fmt: skip


# --- finding ---------------------------------------------------------------------------------------------------------


@router.get("/bulletins")
def list_bulletins(
    by: See,
    stage: Stage | None = None,
    year: Annotated[int | None, Query(ge=2000, le=2100, description="Of the first air time, local.")] = None,
    language: Language | None = None,
    text: Annotated[Wanted, Query(description="In the title or the id, accents or none.")] = "",
    after: _Place = "",
    limit: Limit = 50,
) -> Bulletins:
    """Bulletins, what airs last first."""
    found, _ = listing.sought(by.desk, text=text, stage=stage, year=year, language=language)
    left = [b for b in found if not after or listing.place(b) < after]
    return Bulletins(
        items=[line(one) for one in listing.lines(by.desk, left[:limit])],
        next=listing.place(left[limit - 1]) if len(left) > limit else None,
        total=len(found),
    )


@router.get("/bulletins/{bulletin}", responses=told(404))
def get_bulletin(request: Request, by: See, name: Bulletin_) -> Bulletin:
    """A bulletin: where it stands, its masters with their loudness, how far it got."""
    return _whole(request, by.desk, name)


@router.get("/bulletins/{bulletin}/facts", responses=told(404))
def list_bulletin_facts(by: See, name: Bulletin_) -> log.Facts:
    """What happened to it in the newsroom, the oldest first; what happened at each station is in the log."""
    bulletin = _row(by.desk, name).bulletin
    found = by.desk.ledger.facts_by_bulletin([bulletin.id], ()).get(bulletin.id, [])
    return log.Facts(items=log.told(found), next=None)


@router.get("/bulletins/{bulletin}/text", responses=told(404, 409))
def get_text(by: See, name: Bulletin_) -> Text:
    """What it says, as it would be read with today's dictionary: opening, text, recordings, closing."""
    bulletin = _row(by.desk, name).bulletin
    passages = preview.passages(by.desk, bulletin)
    sentences = [one for one in passages if isinstance(one, Sentence)]
    spoken = iter(enumerate(preview.speakers(by.desk, bulletin, sentences), start=1))
    return Text(
        bulletin=bulletin.id,
        passages=[
            Passage(number=None, kind="recording", language=one.language, written=one.name, spoken=one.transcript,
                    voice="", pause_seconds=0)
            if isinstance(one, RecordingMark)
            else _sentence(one, *next(spoken))
            for one in passages
        ],
    )  # fmt: skip


def _sentence(said: Sentence, number: int, voice: str) -> Passage:
    return Passage(
        number=number, kind="sentence", language=said.language, written=said.written, spoken=said.text, voice=voice,
        pause_seconds=said.pause,
    )  # fmt: skip


# --- hearing ---------------------------------------------------------------------------------------------------------


@router.get("/bulletins/{bulletin}/sounds/{digest}", response_class=StoredFile, responses={**_SOUND, **told(404)})
def get_sound(by: See, name: Bulletin_, digest: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]) -> StoredFile:
    """The sound of one of its masters, also of an earlier one; ranges can be asked for.

    Whoever fetches a current one may sign it with the same token.
    """
    bulletin = _row(by.desk, name).bulletin
    master = next((one for one in bulletins.every_master(by.desk, bulletin) if one.digest == digest), None)
    if master is None:
        raise NothingThere
    return _sound(by, bulletin, master)


@router.get("/bulletins/{bulletin}/sound/{profile}", response_class=StoredFile, responses={**_SOUND, **told(404)})
def get_current_sound(by: See, name: Bulletin_, profile: _Profile) -> StoredFile:
    """The sound of its current master for a kind of station; `Repr-Digest` (RFC 9530) names the bytes."""
    bulletin = _row(by.desk, name).bulletin
    master = bulletins.masters(by.desk, bulletin).get(profile)
    if master is None:
        raise NothingThere
    return _sound(by, bulletin, master)


def _sound(by: Caller, bulletin: Made, master: MasterMade) -> StoredFile:
    file = by.desk.store.get(master.digest)
    approvals.hear(by.desk, bulletin, master.digest, by.name)
    digest = base64.b64encode(bytes.fromhex(master.digest)).decode()
    kind = hearing.TYPES.get(master.suffix, "application/octet-stream")
    return StoredFile(file, media_type=kind, headers={"Repr-Digest": f"sha-256=:{digest}:"})


@router.get("/bulletins/{bulletin}/picture", response_class=StoredFile, responses={**_PICTURE, **told(404)})
def get_picture(by: See, name: Bulletin_) -> StoredFile:
    """Its waveform and loudness, with target and ceiling."""
    file = views.sound(by.desk, _row(by.desk, name).bulletin, ".png")
    if not file.is_file():
        raise NothingThere
    return StoredFile(file, media_type="image/png")


@router.get(
    "/bulletins/{bulletin}/sentences/{number}", response_class=StoredFile, responses={**_WAV, **told(404, 409, 429)}
)
async def get_sentence(
    by: Write,
    name: Bulletin_,
    number: Annotated[int, Path(ge=1, le=10_000, description="As the text counts them.")],
    words: Annotated[
        str, Query(pattern=LINE, max_length=500, description="Other words, to hear them in its place.")
    ] = "",
) -> StoredFile:
    """One sentence as it would be spoken now; it is voiced if it never was."""
    return await hearing.DOOR.through(lambda: _heard(by, name, number, words))


def _heard(by: Caller, name: str, number: int, words: str) -> StoredFile:
    bulletin = _row(by.desk, name).bulletin
    sentences = preview.sentences(by.desk, bulletin)
    if number > len(sentences):
        raise NothingThere
    return StoredFile(hearing.voice(by.desk, bulletin, sentences[number - 1], words), media_type="audio/wav")


# --- mending ---------------------------------------------------------------------------------------------------------


@router.post("/words", status_code=HTTPStatus.CREATED, responses=told(404, 409, 400, 413))
def teach_word(by: Write, word: Word) -> Word:
    """Write into the newsroom's dictionary how a word is said; bulletins that hold it are made again by `remake`."""
    if word.bulletin is None:
        announcers.teach(by.desk, word.written, word.spoken, by.name, replaces=word.replaces)
    else:
        bulletin = _row(by.desk, word.bulletin).bulletin
        errands.teach(by.desk, bulletin, word.written, word.spoken, word.replaces)
    return word


@router.post("/bulletins/{bulletin}/remake", status_code=HTTPStatus.ACCEPTED, responses={**jobs.ACCEPTED, **told(404)})
def remake_bulletin(request: Request, response: Response, by: Write, name: Bulletin_) -> Job:
    """Make it again with today's dictionary and settings; only sentences that changed are voiced."""
    bulletin = _row(by.desk, name).bulletin
    return jobs.begun(request, response, errands.redo(jobs.work_of(request), by.desk, bulletin))


@router.get("/bulletins/{bulletin}/work", responses=told(404))
def get_bulletin_work(request: Request, by: See, name: Bulletin_) -> Job:
    """How making it goes that was asked for last."""
    return jobs.last(request, _row(by.desk, name).bulletin.id)


@router.post("/bulletins/{bulletin}/offer", responses=told(404, 409))
def offer_bulletin(request: Request, by: Write, name: Bulletin_) -> Bulletin:
    """Say that its editor has heard it and asks for a signature."""
    approvals.offer(by.desk, _row(by.desk, name).bulletin, by.name)
    return _whole(request, by.desk, name)


# --- signing ---------------------------------------------------------------------------------------------------------


@router.post("/bulletins/{bulletin}/approval", responses=told(404, 409, 400, 413))
def approve_bulletin(request: Request, by: Sign, name: Bulletin_, signature: Signature) -> Bulletin:
    """Sign exactly the bytes that were heard, and plan them; what is urgent is sent when the second has signed.

    The rules are those of the page: nobody signs their own work; what is urgent needs two people; `heard` must name
    every current master, and one of them must have been fetched with this token.
    """
    row, heard = _row(by.desk, name), [Digest(digest) for digest in signature.heard]
    errands.sign(jobs.work_of(request), by.desk, row, heard)
    return _whole(request, by.desk, name)


@router.post("/bulletins/{bulletin}/urgency", responses=told(400, 404, 409, 413))
def urge_bulletin(request: Request, by: Sign, name: Bulletin_, why: Return) -> Bulletin:
    """Make it urgent, and say why: it airs at any hour, is sent at once, and needs two people's signatures."""
    approvals.urge(by.desk, _row(by.desk, name).bulletin, by.name, why.comment)
    return _whole(request, by.desk, name)


@router.post(
    "/bulletins/{bulletin}/push", status_code=HTTPStatus.ACCEPTED, responses={**jobs.ACCEPTED, **told(404, 409)}
)
def push_bulletin(request: Request, response: Response, by: Run, name: Bulletin_) -> Job:
    """Send an urgent bulletin that two people have signed to the stations that still lack it, now."""
    row = _row(by.desk, name)
    if not rush.is_ready(bulletins.Row(bulletin=row.bulletin, status=row.status)):
        raise NotApproved(bulletin=name)
    return jobs.begun(request, response, errands.send_at_once(jobs.work_of(request), by.desk, row.bulletin), "push")


@router.get("/bulletins/{bulletin}/push", responses=told(404))
def get_bulletin_push(request: Request, by: See, name: Bulletin_) -> Job:
    """How sending it at once goes: since its second signature, or since it was asked for last."""
    return jobs.last(request, errands.about_rush(_row(by.desk, name).bulletin.id))


@router.post("/bulletins/{bulletin}/return", responses=told(404, 409, 400, 413))
def return_bulletin(request: Request, by: Sign, name: Bulletin_, why: Return) -> Bulletin:
    """Return it to its editor, and say why; any signature is void, and it leaves the stations."""
    approvals.send_back(by.desk, _row(by.desk, name).bulletin, by.name, why.comment)
    return _whole(request, by.desk, name)


@router.post("/bulletins/{bulletin}/withdrawal", responses=told(404))
def withdraw_bulletin(request: Request, by: Sign, name: Bulletin_) -> Bulletin:
    """Take it back for good; the next seconds take it off the stations."""
    approvals.withdraw(by.desk, _row(by.desk, name).bulletin, by.name)
    return _whole(request, by.desk, name)
