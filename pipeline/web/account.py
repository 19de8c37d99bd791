"""Signing in and out, one's own password and programs, the language of the pages."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool

from pipeline import passwords
from pipeline.core.errors import PasswordsDiffer, PipelineError
from pipeline.core.people import Person, Right, rights_of
from pipeline.newsroom import people
from pipeline.newsroom.desk import Desk
from pipeline.web import carried
from pipeline.web.api import document
from pipeline.web.carried import Carried
from pipeline.web.door import Door
from pipeline.web.page import Page, back, render, status_of
from pipeline.web.visitor import BEFORE, LANGUAGE, SESSION, TOKEN, Visit, Visitor, desk_of, form_token, must_be_ours

router = APIRouter(include_in_schema=False)
_YEAR = 365 * 24 * 3600
_DOOR = Door("password", 1)
"""One password is tried at a time."""


def _is_inside(path: str) -> bool:
    """Whether somebody may be sent there after signing in: a page of ours and nowhere else."""
    return path.startswith("/") and not path.startswith(("//", "/\\"))


def _inside(page: Page, path: str) -> str:
    return path.removeprefix(page.prefix) if _is_inside(path) else "/"


@router.get("/dang-nhap")
def ask(request: Request, ve: str = "/") -> HTMLResponse:
    """The form."""
    return _form(request, ve)


async def refused_form(request: Request, problem: PipelineError) -> Response | None:
    """What a form is answered with that came after its session was over: what was typed into it is not lost.

    Whoever is signed in by now may send it again at once, or once they have chosen a password of their own; others when
    they have signed in. None where nothing was.
    """
    kept = await carried.typed(request)
    if kept is None:
        return None
    token = request.cookies.get(SESSION, "")
    desk = desk_of(request)
    found = await run_in_threadpool(people.whoever, desk, token)
    if found is None:
        return _form(request, "/", problem=problem, kept=kept)
    return _again(request, desk, found, token, kept)


def _again(request: Request, desk: Desk, found: tuple[Person, bool], token: str, kept: Carried) -> HTMLResponse:
    person, temporary = found
    visitor = Visitor(desk=desk, person=person, token=form_token(token))
    context = {"carried": kept, "temporary": temporary}
    return render(Page(request, visitor), "again.html", context, HTTPStatus.CONFLICT)


def _form(
    request: Request,
    ve: str,
    login: str = "",
    problem: PipelineError | None = None,
    kept: Carried | None = None,
) -> HTMLResponse:
    page = Page(request)
    cookie = request.cookies.get(BEFORE, "") or passwords.token()
    field = Markup('<input type="hidden" name="{}" value="{}">').format(TOKEN, form_token(cookie))
    context = {"problem": problem, "login": login, "ve": ve, "field": field, "carried": kept}
    answer = render(page, "sign_in.html", context, status_of(problem) if problem else 200)
    _set(answer, request, BEFORE, cookie, None)
    return answer


def _set(answer: Response, request: Request, name: str, value: str, age: int | None) -> None:
    path = request.app.state.prefix or "/"
    secure = request.url.scheme == "https"
    answer.set_cookie(name, value, max_age=age, path=path, secure=secure, httponly=True, samesite="lax")


@router.post("/dang-nhap")
async def sign_in(
    request: Request,
    login: Annotated[str, Form(alias="ten")] = "",
    password: Annotated[str, Form(alias="mat-khau")] = "",
    ve: Annotated[str, Form()] = "/",
) -> Response:
    """Sign somebody in."""
    page, kept = Page(request), carried.passed_on(await request.form())
    try:
        await must_be_ours(request, request.cookies.get(BEFORE, ""))
        address = request.client.host if request.client else ""
        desk = desk_of(request)
        token = await _DOOR.through(lambda: people.sign_in(desk, login, password, address))
        found = await run_in_threadpool(people.whoever, desk, token) if kept else None
    except PipelineError as problem:
        return _form(request, ve, login, problem, kept)
    again = _again(request, desk, found, token, kept) if kept and found else None
    answer: Response = again or back(page, _inside(page, ve))
    _set(answer, request, SESSION, token, None)
    answer.delete_cookie(BEFORE, path=page.prefix or "/")
    return answer


@router.get("/con-day", dependencies=[Depends(Visit(Right.SEE, temporary=True))])
def alive() -> Response:
    """What a page asks for while somebody types into it, so that their session does not end over a long text."""
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.post("/dang-xuat")
def sign_out(request: Request, v: Annotated[Visitor, Depends(Visit(Right.SEE, temporary=True))]) -> Response:
    """End the session, so that its cookie is worth nothing any more."""
    page = Page(request, v)
    people.sign_out(v.desk, request.cookies.get(SESSION, ""))
    answer = back(page, "/dang-nhap")
    answer.delete_cookie(SESSION, path=page.prefix or "/")
    return answer


@router.get("/tieng/{code}")
def language(request: Request, code: str, ve: str = "/") -> Response:
    """Show the pages in a language from now on."""
    page = Page(request)
    answer: RedirectResponse = back(page, _inside(page, ve))
    _set(answer, request, LANGUAGE, "en" if code == "en" else "vi", _YEAR)
    return answer


@router.get("/toi")
def me(request: Request, v: Annotated[Visitor, Depends(Visit(Right.SEE, temporary=True))], xong: str = "") -> Response:
    """One's own page: the password, and the programs that act in one's name."""
    return _me(request, v, done=xong == "mat-khau")


def _me(
    request: Request, v: Visitor, *, done: bool = False, problem: PipelineError | None = None, token: str = ""
) -> HTMLResponse:
    page = Page(request, v)
    _, temporary = v.desk.ledger.accounts.secret(v.person.login)
    tokens = v.desk.ledger.accounts.tokens(v.person.login)
    context = {
        "temporary": temporary, "problem": problem, "token": token, "tokens": tokens, "now": v.desk.now(),
        "rights": [r for r in Right if r in rights_of(v.person.roles)], "least": people.LEAST,
        "told": page.t("Đã đổi mật khẩu.", "The password was changed.") if done else "",
    }  # fmt: skip
    return render(page, "me.html", context, status_of(problem) if problem else 200)


@router.post("/toi/mat-khau")
def choose(
    request: Request,
    v: Annotated[Visitor, Depends(Visit(Right.SEE, temporary=True))],
    old: Annotated[str, Form(alias="cu")] = "",
    new: Annotated[str, Form(alias="moi")] = "",
    again: Annotated[str, Form(alias="lai")] = "",
) -> Response:
    """Change one's own password, and stay signed in by the new one."""
    address = request.client.host if request.client else ""
    try:
        if new != again:
            raise PasswordsDiffer
        people.choose(v.desk, v.person, old, new, address)
    except PipelineError as problem:
        return _me(request, v, problem=problem)
    token = people.sign_in(v.desk, v.person.login, new, address)
    answer = back(Page(request, v), "/toi", xong="mat-khau")
    _set(answer, request, SESSION, token, None)
    return answer


@router.get("/toi/api")
def calls(request: Request, v: Annotated[Visitor, Depends(Visit(Right.SEE))]) -> HTMLResponse:
    """What programs may ask for, for the people who write them."""
    made = document.described(request.app)
    context = {"told": "", "about": made, "operations": document.operations(made)}
    return render(Page(request, v), "api.html", context)


@router.post("/toi/ma")
def give(
    request: Request,
    v: Annotated[Visitor, Depends(Visit(Right.SEE))],
    label: Annotated[str, Form(alias="ten")] = "",
    scopes: Annotated[list[Right] | None, Form(alias="viec")] = None,
    days: Annotated[int, Form(alias="ngay")] = 90,
) -> Response:
    """Give a program a token, shown this once."""
    try:
        token = people.give_token(v.desk, v.person, label, scopes or [], days)
    except PipelineError as problem:
        return _me(request, v, problem=problem)
    return _me(request, v, token=token)


@router.post("/toi/ma/thu-hoi")
def take(
    request: Request, v: Annotated[Visitor, Depends(Visit(Right.SEE))], label: Annotated[str, Form(alias="ten")] = ""
) -> Response:
    """Take a token back."""
    people.take_token(v.desk, v.person, label)
    return back(Page(request, v), "/toi")
