"""Thêm: a script uploaded or typed, with how it will be read at once; taken in as if it were dropped."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from pipeline.core.errors import NothingSent, PipelineError
from pipeline.core.model import BulletinId, Seconds
from pipeline.core.people import Right
from pipeline.core.ports import Lane
from pipeline.ledger.lock import alone
from pipeline.newsroom import bulletins, scripts
from pipeline.newsroom.checks import check
from pipeline.newsroom.desk import LINE_WAIT, Desk
from pipeline.web.page import Page, back, render, status_of
from pipeline.web.visitor import Visit, Visitor

router = APIRouter(include_in_schema=False)
_TEMPLATES = "mau"
_MOST_TEXT = 200_000
_LONGEST_NAME = 200
_PATIENCE = Seconds(45)
"""How long a form waits for a bulletin that is being made; proxies give up after a minute."""


@router.get("/them")
def ask(request: Request, v: Annotated[Visitor, Depends(Visit(Right.WRITE))], mau: str = "") -> HTMLResponse:
    """The form, with a template's text where one was chosen."""
    return _form(request, v, text=_template(v.desk, mau))


def _templates(desk: Desk) -> list[str]:
    folder = desk.config.scripts / _TEMPLATES
    return sorted(file.name for file in folder.glob("*.txt")) if folder.is_dir() else []


def _template(desk: Desk, name: str) -> str:
    if name not in _templates(desk):
        return ""
    return (desk.config.scripts / _TEMPLATES / name).read_text("utf-8-sig", errors="replace")


def _form(
    request: Request,
    v: Visitor,
    *,
    text: str = "",
    name: str = "",
    checked: object = None,
    problem: PipelineError | None = None,
) -> HTMLResponse:
    context = {
        "told": "", "text": text, "name": name, "templates": _templates(v.desk), "checked": checked, "problem": problem,
        "most": v.desk.config.settings.intake.max_megabytes,
    }  # fmt: skip
    return render(Page(request, v), "submit.html", context, status_of(problem) if problem else 200)


@router.post("/them")
async def submit(request: Request, v: Annotated[Visitor, Depends(Visit(Right.WRITE))]) -> Response:
    """Take in what was sent; or, if only that was asked for, say how it would be read."""
    form = await request.form()
    files = [one for one in form.getlist("tep") if isinstance(one, UploadFile) and one.filename]
    text, name = (str(form.get(key, ""))[:_MOST_TEXT] for key in ("bai", "ten"))
    sent = _Sent(files, text, name, only_look=form.get("viec") == "xem")
    try:
        return await run_in_threadpool(_take_in, request, v, sent)
    finally:
        await form.close()


@dataclass(frozen=True, slots=True)
class _Sent:
    """What came with the form."""

    files: Sequence[UploadFile]
    text: str
    name: str
    only_look: bool


def _take_in(request: Request, v: Visitor, sent: _Sent) -> Response:
    desk, text, name = v.desk, sent.text, sent.name
    try:
        with desk.store.scratch() as scratch:
            paths = _laid_down(Path(scratch), sent)
            if sent.only_look:
                return _form(request, v, text=text, name=name, checked=check(desk, paths[0]))
            with alone(desk.config.state, "line", _PATIENCE):
                taken = scripts.sweep(desk, paths)
    except PipelineError as problem:
        return _form(request, v, text=text, name=name, problem=problem)
    problems = [one.problem for one in taken if one.problem]
    made = [one.bulletin for one in taken if one.bulletin]
    for bulletin in made:
        request.app.state.work.ask(Lane.SOUND, bulletin.id, v.person.name, _maker(bulletin.id))
    if problems:
        return _form(request, v, text=text, name=name, problem=problems[0])
    return back(Page(request, v), f"/ban-tin/{made[0].id}" if len(made) == 1 else "/ban-tin")


def _maker(name: BulletinId) -> Callable[[Desk], None]:
    def do(desk: Desk) -> None:
        (bulletin,) = desk.ledger.bulletins([name])
        with alone(desk.config.state, "line", LINE_WAIT):
            if bulletins.is_open(desk, bulletin):
                bulletins.render(desk, bulletin)

    return do


def _laid_down(folder: Path, sent: _Sent) -> list[Path]:
    """What was sent, as files of their own names in a folder of ours: scripts first, to find their recordings.

    Raises:
        NothingSent: there is neither a file nor a text.
    """
    paths: list[Path] = []
    for number, file in enumerate(sent.files, start=1):
        name = plain_name(file.filename or "", f"tep-{number}")
        path = folder / (f"{number}-{name}" if (folder / name).exists() else name)
        with path.open("xb") as out:
            while block := file.file.read(1 << 20):
                out.write(block)
        paths.append(path)
    if sent.text.strip() and not paths:
        path = folder / f"{_cut(_named(sent.name)) or 'bai'}.txt"
        path.write_text(sent.text.replace("\r\n", "\n"), "utf-8")
        paths.append(path)
    if not paths:
        raise NothingSent
    return sorted(paths, key=lambda path: (path.suffix.lower() in {".wav", ".mp3", ".m4a", ".ogg", ".opus"}, path.name))


def plain_name(name: str, otherwise: str) -> str:
    """The last part of a name that a browser sent, without what means something else to a file system."""
    kept = _printable(name.replace("\\", "/").rsplit("/", 1)[-1])
    stem, dot, suffix = kept.strip().rstrip(".").rpartition(".")
    stem, suffix = (stem, suffix) if dot else (suffix, "")
    return f"{_cut(stem.strip(' .')) or otherwise}{dot}{suffix[:10]}"


def _named(title: str) -> str:
    """A name that somebody typed, as one of a file: a date in it stays a date."""
    return _printable(title.replace("/", "-").replace("\\", "-")).strip(" .")


def _printable(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFC", name) if c.isprintable() and c not in '<>:"|?*')


def _cut(name: str) -> str:
    """So much of a name as a file system takes, which counts bytes: a Khmer letter has three."""
    return name.encode()[:_LONGEST_NAME].decode(errors="ignore").strip(" .")
