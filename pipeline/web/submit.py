"""Thêm: a script uploaded or typed, with how it will be read at once; taken in as if it were dropped."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from pipeline.core.errors import PipelineError, ScriptRefused
from pipeline.core.model import BulletinId
from pipeline.core.people import Right
from pipeline.newsroom import scripts
from pipeline.newsroom.checks import Checked, check
from pipeline.newsroom.desk import Desk
from pipeline.web import uploads
from pipeline.web.page import Page, back, render, status_of
from pipeline.web.uploads import Sent
from pipeline.web.visitor import Visit, Visitor

router = APIRouter(include_in_schema=False)
_TEMPLATES = "mau"
_MOST_TEXT = 200_000


@router.get("/them")
def ask(
    request: Request,
    v: Annotated[Visitor, Depends(Visit(Right.WRITE))],
    mau: str = "",
    chuong_trinh: str = "",
    phat: str = "",
    noi: str = "",
    sua: str = "",
) -> HTMLResponse:
    """The form, with a template's text where one was chosen; for a slot, where the calendar asks for one.

    Or with the text of a bulletin that is to be mended (`sua`), as it was typed.
    """
    if (again := v.desk.ledger.bulletins([BulletinId(sua)]) if sua else []) and (
        text := scripts.typed(v.desk, again[0])
    ):
        return _form(request, v, text=text, name=again[0].title)
    asked = {"Chương trình": chuong_trinh, "Phát": _local(phat), "Nơi nhận": noi}
    slot = {key: " ".join(value.split())[:80] for key, value in asked.items() if value.strip()}
    kept = {"chuong_trinh": chuong_trinh, "phat": phat, "noi": noi} if slot else {}
    text = _with_head(_template(v.desk, mau), slot)
    return _form(request, v, text=text, slot=kept, checked=_read(v.desk, text) if mau in _templates(v.desk) else None)


def _read(desk: Desk, text: str) -> Checked:
    """How a text will be read, and what else there is to say of it."""
    with desk.store.scratch() as scratch:
        return check(desk, uploads.laid_down(Path(scratch), Sent((), text, ""))[0])


def _local(at: str) -> str:
    try:
        return f"{datetime.fromisoformat(at):%d/%m/%Y %H:%M}"
    except ValueError:
        return ""


def _with_head(text: str, wanted: Mapping[str, str]) -> str:
    """A script's text with some lines of its head filled in, in place of what it says there."""
    if not wanted:
        return text
    lines = text.splitlines() or ["Tiêu đề: "]
    end = next((n for n, line in enumerate(lines) if not line.strip()), len(lines))
    head = [line for line in lines[:end] if line.partition(":")[0].strip() not in wanted]
    return "\n".join([*head, *(f"{key}: {value}" for key, value in wanted.items()), *(lines[end:] or ["", ""])])


def _templates(desk: Desk) -> dict[str, str]:
    """The files of templates, each with what its first line of comment calls it: Vietnamese, Khmer, then both."""
    folder = desk.config.scripts / _TEMPLATES
    files = sorted(folder.glob("*.txt"), key=_place) if folder.is_dir() else []
    return {file.name: _called(file) for file in files}


def _place(file: Path) -> tuple[int, str]:
    """Where a template stands among them: its file's name tells its language."""
    ends = (".txt", "-km.txt", "-song-ngu.txt")
    return max(n for n, end in enumerate(ends) if file.name.endswith(end)), file.name


def _called(file: Path) -> str:
    first = file.read_text("utf-8-sig", errors="replace").partition("\n")[0]
    if not first.startswith("#"):
        return file.stem
    return first.removeprefix("#").partition(":")[0].strip()[:60]


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
    slot: Mapping[str, str] | None = None,
    checked: object = None,
    problem: PipelineError | None = None,
    looked: bool = False,
) -> HTMLResponse:
    context = {
        "looked": looked, "told": "",
         "text": text, "name": name, "templates": _templates(v.desk), "checked": checked, "problem": problem,
        "slot": slot or {}, "most": v.desk.config.settings.intake.max_megabytes,
    }  # fmt: skip
    return render(Page(request, v), "submit.html", context, status_of(problem) if problem else 200)


@router.post("/them")
async def submit(request: Request, v: Annotated[Visitor, Depends(Visit(Right.WRITE))]) -> Response:
    """Take in what was sent; or, if only that was asked for, say how it would be read."""
    form = await request.form()
    files = [one for one in form.getlist("tep") if isinstance(one, UploadFile) and one.filename]
    text, name = (str(form.get(key, ""))[:_MOST_TEXT] for key in ("bai", "ten"))
    sent = Sent(files, text, name)
    try:
        if form.get("viec") == "xem":
            return await run_in_threadpool(_look, request, v, sent)
        return await uploads.DOOR.through(lambda: _take_in(request, v, sent))
    finally:
        await form.close()


def _look(request: Request, v: Visitor, sent: Sent) -> Response:
    try:
        with v.desk.store.scratch() as scratch:
            checked = check(v.desk, uploads.laid_down(Path(scratch), sent)[0])
            checked = replace(checked, problems=tuple(_of_text(sent, problem) for problem in checked.problems))
    except PipelineError as problem:
        return _form(request, v, text=sent.text, name=sent.name, problem=problem, looked=True)
    return _form(request, v, text=sent.text, name=sent.name, checked=checked, looked=bool(sent.files))


def _of_text(sent: Sent, problem: PipelineError) -> PipelineError:
    """A problem of a text that was typed, which is no file to who typed it."""
    if sent.files or not isinstance(problem, ScriptRefused):
        return problem
    return type(problem)(**{**problem.fields, "name": f"“{str(problem.fields['name']).removesuffix('.txt')}”"})


def _take_in(request: Request, v: Visitor, sent: Sent) -> Response:
    desk, text, name = v.desk, sent.text, sent.name
    try:
        taken = uploads.take_in(request.app.state.work, desk, sent)
    except PipelineError as problem:
        return _form(request, v, text=text, name=name, problem=problem)
    if problems := [one.problem for one in taken if one.problem]:
        return _form(request, v, text=text, name=name, problem=_of_text(sent, problems[0]))
    made = [one.bulletin for one in taken if one.bulletin]
    return back(Page(request, v), f"/ban-tin/{made[0].id}" if len(made) == 1 else "/ban-tin")
