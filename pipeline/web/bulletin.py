"""Bản tin: the list; and one bulletin: hear it, see how each sentence is spoken, mend a word, sign it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.exceptions import HTTPException

from pipeline.core.coverage import Line
from pipeline.core.errors import NotApproved, PipelineError, Says, WordTaught
from pipeline.core.facts import Fact, Happened
from pipeline.core.model import CARRIED, Bulletin, BulletinId, Digest, Master, Priority, RecordingMark
from pipeline.core.people import Right
from pipeline.core.status import Stage
from pipeline.newsroom import approvals, bulletins, listing, preview, rush, scripts, views, week
from pipeline.newsroom.bulletins import Row
from pipeline.newsroom.desk import Desk
from pipeline.web import errands, hearing
from pipeline.web.file import StoredFile
from pipeline.web.page import Page, back, render
from pipeline.web.visitor import Visit, Visitor

router = APIRouter(include_in_schema=False)
_A_PAGE = 50
_MOST_WHY = 2000
"""Letters of a reason."""
_STATIONS = 150
"""Stations that one page names, those that lack it first."""
_TOLD = {
    "gui": Says("Đã gửi duyệt.", "Sent to be signed."),
    "duyet": Says("Đã duyệt.", "Signed."),
    "mot": Says(
        "Đã ký. Bản tin khẩn cấp còn cần một người nữa nghe và ký.",
        "Signed. It is urgent: one more person has to listen and sign.",
    ),
    "hai": Says(
        "Đã đủ hai người ký: đang gửi ngay tới mọi trạm.", "Two people have signed: it is being sent to every station."
    ),
    "khan": Says("Đã chuyển thành khẩn cấp: cần hai người ký.", "It is urgent now: two people have to sign."),
    "tra": Says("Đã trả lại.", "Returned."),
    "rut": Says("Đã rút.", "Withdrawn."),
    "tu": Says("Đã ghi vào từ điển; bản tin đang được làm lại.", "Written into the dictionary; it is made again."),
    "lam": Says("Đang làm lại.", "It is made again."),
}


@router.get("/ban-tin")
def listed(
    request: Request,
    v: Annotated[Visitor, Depends(Visit(Right.SEE))],
    tinh_trang: str = "",
    tim: str = "",
    trang: int = 1,
) -> HTMLResponse:
    """Bulletins, the newest first."""
    stage = Stage(tinh_trang) if tinh_trang in {s.value for s in Stage} else None
    found, outdated = listing.sought(v.desk, text=tim, stage=stage)
    shown = found[(max(trang, 1) - 1) * _A_PAGE :][:_A_PAGE]
    context = {
        "told": "", "rows": listing.lines(v.desk, shown), "stage": stage, "stages": list(Stage), "tim": tim,
        "page_number": max(trang, 1), "more": len(found) > max(trang, 1) * _A_PAGE, "count": len(found),
        "outdated": outdated,
    }  # fmt: skip
    return render(Page(request, v), "bulletins.html", context)


@router.get("/ban-tin/{name}")
def one(request: Request, v: Annotated[Visitor, Depends(Visit(Right.SEE))], name: str, xong: str = "") -> HTMLResponse:
    """One bulletin."""
    return _show(request, v, _row(v.desk, name), told=_TOLD.get(xong))


def _was_heard(v: Visitor, row: Line) -> bool:
    return approvals.was_heard(v.desk, row.bulletin, row.status.masters.values(), v.person.name)


def _row(desk: Desk, name: str) -> Line:
    rows = bulletins.lines_of(desk, [BulletinId(name)])
    if not rows:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return rows[0]


def _show(
    request: Request,
    v: Visitor,
    row: Line,
    *,
    told: Says | None = None,
    problem: PipelineError | None = None,
    word: tuple[str, str, str] | None = None,
) -> HTMLResponse:
    """The page; with a `word`, how it would be said, and how somebody else has it said, it asks which."""
    page, desk, bulletin = Page(request, v), v.desk, row.bulletin
    read = bulletins.reading_of(desk, bulletin)
    try:
        passages, unreadable = preview.passages(desk, bulletin), None
    except PipelineError as fault:
        passages, unreadable = (), fault
    every = bulletins.every_master(desk, bulletin)
    masters, masters_now = {master.profile: master for master in every}, row.status.masters.values()
    job = request.app.state.work.job(bulletin.id)
    facts = desk.ledger.facts_by_bulletin([bulletin.id], ()).get(bulletin.id, [])
    context = {
        "told": page.say(told) if told else "", "row": row, "read": read, "passages": _numbered(passages),
        "masters": masters, "problem": problem or unreadable, "job": job if job and not job.ended else None,
        "failed": job.problem if job and job.ended else None, "facts": facts[::-1],
        "picture": views.sound(desk, bulletin, ".png").is_file(), "heard": sorted(set(row.status.masters.values())),
        "was_heard": _was_heard(v, row), "versions": _versions(row, every, facts), "profiles": desk.config.profiles,
        "numbers": {master.digest: number for number, master in _by_version(every)},
        "returned": next((f for f in reversed(facts) if f.happened is Happened.RETURNED), None),
        "fallbacks": bulletins.fallbacks(desk, bulletin)[0], "twins": bulletins.twins(desk, bulletin),
        "signers": list(dict.fromkeys(who for d in masters_now for who in row.status.signatures.get(d, ()))),
        "to_come": max(bulletin.air) > desk.now(), "snags": week.snags_of(desk, row),
        "typed": scripts.typed(desk, bulletin) is not None, "old": _old_signed(row),
        "word": word, "may_air_draft": desk.programme(bulletin).embedded_may_air,
        **_reach(request, v, row),
    }  # fmt: skip
    return render(page, "bulletin.html", context, HTTPStatus.CONFLICT if problem else HTTPStatus.OK)


def _old_signed(row: Line) -> int:
    """How many stations hold bytes that people signed and that are not what the bulletin is now."""
    if row.status.is_approved or row.status.is_taken_back:
        return 0
    return sum(row.coverage.arrived_of([d]) for d in row.status.approved if d not in row.status.masters.values())


@dataclass(frozen=True, slots=True)
class Version:
    """One making of the bulletin for one kind of station, and who has signed these bytes."""

    number: int
    master: Master
    made: Fact
    signers: Sequence[str]
    current: bool


def _by_version(every: Sequence[Master]) -> list[tuple[int, Master]]:
    """Masters with the number of their version: each kind of station has one of each. The same bytes again are none."""
    found: dict[Digest, tuple[int, Master]] = {}
    made = Counter[str]()
    for master in every:
        if master.digest not in found:
            made[master.profile] += 1
            found[master.digest] = made[master.profile], master
    return [*found.values()]


def _versions(row: Line, every: Sequence[Master], facts: Sequence[Fact]) -> list[Version]:
    """Every version, the newest first."""
    made = {fact.digest: fact for fact in reversed(facts) if fact.happened is Happened.MASTERED}
    signed, current = row.status.signatures, set(row.status.masters.values())
    return [
        Version(number, m, made[m.digest], signed.get(m.digest, ()), m.digest in current)
        for number, m in reversed(_by_version(every))
    ]


def _numbered(passages: tuple[object, ...]) -> list[tuple[int, object]]:
    """Sentences with their number, counted from 1; recordings between them have none."""
    numbered: list[tuple[int, object]] = []
    number = 0
    for passage in passages:
        number += not isinstance(passage, RecordingMark)
        numbered.append((0 if isinstance(passage, RecordingMark) else number, passage))
    return numbered


# --- hearing ---------------------------------------------------------------------------------------------------------


@router.get("/ban-tin/{name}/am-thanh/{digest}")
def sound(v: Annotated[Visitor, Depends(Visit(Right.SEE))], name: str, digest: str) -> StoredFile:
    """The sound of one of its masters; whoever plays it has heard it."""
    row = _row(v.desk, name)
    master = next((m for m in bulletins.every_master(v.desk, row.bulletin) if m.digest == digest), None)
    if master is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    approvals.hear(v.desk, row.bulletin, master.digest, v.person.name)
    # Never from the browser's own store: who plays it has to have asked for it.
    kind = hearing.TYPES.get(master.suffix, "application/octet-stream")
    return StoredFile(v.desk.store.get(master.digest), media_type=kind)


@router.get("/ban-tin/{name}/hinh.png")
def picture(v: Annotated[Visitor, Depends(Visit(Right.SEE))], name: str) -> FileResponse:
    """Its waveform and loudness, with target and ceiling."""
    file = views.sound(v.desk, _row(v.desk, name).bulletin, ".png")
    if not file.is_file():
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return FileResponse(file, media_type="image/png")


@router.get("/ban-tin/{name}/cau/{number}.wav")
async def sentence(
    v: Annotated[Visitor, Depends(Visit(Right.WRITE))], name: str, number: int, doc: str = ""
) -> Response:
    """One sentence, as it would be spoken now, or other words in its place."""
    return await hearing.DOOR.through(lambda: _heard(v.desk, name, number, doc[:500]))


def _heard(desk: Desk, name: str, number: int, words: str) -> Response:
    bulletin = _row(desk, name).bulletin
    sentences = preview.sentences(desk, bulletin)
    if not 1 <= number <= len(sentences):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return FileResponse(hearing.voice(desk, bulletin, sentences[number - 1], words), media_type="audio/wav")


# --- mending ---------------------------------------------------------------------------------------------------------


@router.post("/ban-tin/{name}/tu")
def teach(
    request: Request,
    v: Annotated[Visitor, Depends(Visit(Right.WRITE))],
    name: str,
    key: Annotated[str, Form(alias="chu")] = "",
    spoken: Annotated[str, Form(alias="doc")] = "",
    replaces: Annotated[str, Form(alias="thay")] = "",
) -> Response:
    """Write into the dictionary how a word is said, and make the bulletin again: only what changed is voiced."""
    row = _row(v.desk, name)
    try:
        errands.teach(v.desk, row.bulletin, key, spoken, replaces)
    except WordTaught as problem:
        return _show(request, v, row, problem=problem, word=(key, spoken, str(problem.fields["spoken"])))
    except PipelineError as problem:
        return _show(request, v, row, problem=problem)
    return _redo(request, v, row.bulletin, "tu")


@router.post("/ban-tin/{name}/lam-lai")
def redo(request: Request, v: Annotated[Visitor, Depends(Visit(Right.WRITE))], name: str) -> Response:
    """Make it again with today's dictionary and settings."""
    return _redo(request, v, _row(v.desk, name).bulletin, "lam")


def _redo(request: Request, v: Visitor, bulletin: Bulletin, told: str) -> Response:
    errands.redo(request.app.state.work, v.desk, bulletin)
    return back(Page(request, v), f"/ban-tin/{bulletin.id}", xong=told)


@router.get("/ban-tin/{name}/tien-do")
def progress(request: Request, v: Annotated[Visitor, Depends(Visit(Right.SEE))], name: str) -> Response:
    """Whether it is still being made: a part of the page that asks for itself, and loads the page anew at the end."""
    job = request.app.state.work.job(name)
    page = Page(request, v)
    if job and not job.ended:
        return render(page, "making.html", {"name": name})
    return Response(headers={"HX-Refresh": "true"})


@router.post("/ban-tin/{name}/gui")
def offer(request: Request, v: Annotated[Visitor, Depends(Visit(Right.WRITE))], name: str) -> Response:
    """Say that its editor has heard it and asks for a signature."""
    row = _row(v.desk, name)
    try:
        approvals.offer(v.desk, row.bulletin, v.person.name)
    except PipelineError as problem:
        return _show(request, v, row, problem=problem)
    return back(Page(request, v), f"/ban-tin/{name}", xong="gui")


# --- signing ---------------------------------------------------------------------------------------------------------


@router.post("/ban-tin/{name}/duyet")
def sign(
    request: Request,
    v: Annotated[Visitor, Depends(Visit(Right.SIGN))],
    name: str,
    digests: Annotated[list[str] | None, Form(alias="nghe")] = None,
) -> Response:
    """Sign exactly the bytes that were heard, and plan them."""
    row = _row(v.desk, name)
    try:
        status = errands.sign(request.app.state.work, v.desk, row, [Digest(d) for d in digests or []])
    except PipelineError as problem:
        return _show(request, v, _row(v.desk, name), problem=problem)
    told = "mot" if status.half_signed else "hai" if row.bulletin.priority is Priority.URGENT else "duyet"
    return back(Page(request, v), f"/ban-tin/{name}", xong=told)


@router.post("/ban-tin/{name}/khan")
def urge(
    request: Request,
    v: Annotated[Visitor, Depends(Visit(Right.SIGN))],
    name: str,
    why: Annotated[str, Form(alias="ly-do")] = "",
) -> Response:
    """Make it urgent, and say why; two people have to sign it then."""
    row = _row(v.desk, name)
    try:
        approvals.urge(v.desk, row.bulletin, v.person.name, why[:_MOST_WHY])
    except PipelineError as problem:
        return _show(request, v, row, problem=problem)
    return back(Page(request, v), f"/ban-tin/{name}", xong="khan")


@router.post("/ban-tin/{name}/gui-ngay")
def send_again(request: Request, v: Annotated[Visitor, Depends(Visit(Right.RUN))], name: str) -> Response:
    """Send an urgent bulletin that two people have signed to the stations that still lack it, now."""
    row = _row(v.desk, name)
    if not rush.is_ready(Row(bulletin=row.bulletin, status=row.status)):
        return _show(request, v, row, problem=NotApproved(bulletin=name))
    errands.send_at_once(request.app.state.work, v.desk, row.bulletin)
    return back(Page(request, v), f"/ban-tin/{name}")


@router.get("/ban-tin/{name}/tram")
def reach(request: Request, v: Annotated[Visitor, Depends(Visit(Right.SEE))], name: str) -> Response:
    """Its stations, and which of them hold it: a part of the page that asks for itself while it is being sent."""
    row = _row(v.desk, name)
    return render(Page(request, v), "reach.html", _reach(request, v, row))


def _reach(request: Request, v: Visitor, row: Line) -> dict[str, object]:
    job = request.app.state.work.job(errands.about_rush(row.bulletin.id))
    shown, current = v.desk.ledger.reach(row.bulletin.id, _STATIONS), set(row.status.masters.values())
    carried = {code for code, one in v.desk.config.stations.items() if one.transport == CARRIED}
    called = len(shown) < row.coverage.stations or any(
        one.holding not in current and one.station not in carried for one in shown
    )
    return {
        "row": row, "name": row.bulletin.id, "reach": shown, "carried": carried,
        "troubles": v.desk.ledger.troubles(), "visited": v.desk.ledger.visited(v.desk.now()),
        "current": current, "rushing": job if job and not job.ended else None, "rushed": job,
        "may_rush": called and rush.is_ready(Row(bulletin=row.bulletin, status=row.status)),
    }  # fmt: skip


@router.post("/ban-tin/{name}/tra")
def send_back(
    request: Request,
    v: Annotated[Visitor, Depends(Visit(Right.SIGN))],
    name: str,
    why: Annotated[str, Form(alias="ly-do")] = "",
) -> Response:
    """Return it to its editor, and say why."""
    row = _row(v.desk, name)
    try:
        approvals.send_back(v.desk, row.bulletin, v.person.name, why[:_MOST_WHY])
    except PipelineError as problem:
        return _show(request, v, row, problem=problem)
    return back(Page(request, v), f"/ban-tin/{name}", xong="tra")


@router.post("/ban-tin/{name}/rut")
def withdraw(request: Request, v: Annotated[Visitor, Depends(Visit(Right.SIGN))], name: str) -> Response:
    """Take it back for good; the next seconds take it off the stations."""
    approvals.withdraw(v.desk, _row(v.desk, name).bulletin, v.person.name)
    return back(Page(request, v), f"/ban-tin/{name}", xong="rut")
