"""Cài đặt: people and their roles; stations as the registry has them, with what is doubtful."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, Response

from pipeline.core.errors import PipelineError
from pipeline.core.people import Person, Right, Role
from pipeline.newsroom import people, registry
from pipeline.web.page import Page, render, status_of
from pipeline.web.visitor import Visit, Visitor

router = APIRouter(include_in_schema=False)
_SHOWN = 200


@router.get("/cai-dat")
def settings(request: Request, v: Annotated[Visitor, Depends(Visit(Right.SEE))]) -> HTMLResponse:
    """The page."""
    return _show(request, v)


def _show(
    request: Request,
    v: Visitor,
    *,
    problem: PipelineError | None = None,
    given: tuple[str, str] | None = None,
    refused: Person | None = None,
) -> HTMLResponse:
    """The page; with somebody who was `refused`, the form still says what was typed."""
    desk = v.desk
    stations = list(desk.config.stations.values())
    context = {
        "told": "", "people": desk.ledger.accounts.people() if v.person.may(Right.PEOPLE) else [], "roles": list(Role),
        "stations": stations[:_SHOWN], "count": len(stations), "doubts": registry.doubts(desk)[:_SHOWN],
        "problem": problem, "given": given, "refused": refused, "wrong": request.app.state.office.wrong,
    }  # fmt: skip
    return render(Page(request, v), "settings.html", context, status_of(problem) if problem else 200)


@router.post("/cai-dat/nguoi")
def admit(
    request: Request,
    v: Annotated[Visitor, Depends(Visit(Right.PEOPLE))],
    login: Annotated[str, Form(alias="ten")] = "",
    name: Annotated[str, Form(alias="ho-ten")] = "",
    roles: Annotated[list[Role] | None, Form(alias="vai")] = None,
) -> Response:
    """Open an account; its first password is shown this once."""
    password = people.first_password()
    person = Person(login=login.strip().lower(), name=" ".join(name.split()), roles=frozenset(roles or ()))
    try:
        people.admit(v.desk, person, password, v.person.name)
    except PipelineError as problem:
        return _show(request, v, problem=problem, refused=person)
    return _show(request, v, given=(person.name, password))


@router.post("/cai-dat/nguoi/{login}")
def change(
    request: Request,
    v: Annotated[Visitor, Depends(Visit(Right.PEOPLE))],
    login: str,
    name: Annotated[str, Form(alias="ho-ten")] = "",
    roles: Annotated[list[Role] | None, Form(alias="vai")] = None,
    what: Annotated[str, Form(alias="viec")] = "",
) -> Response:
    """Change somebody's name and roles; close an account, open it again, or give a new password."""
    by, given = v.person.name, None
    try:
        match what:
            case "dong" | "mo":
                people.change(v.desk, login, by, active=what == "mo")
            case "mat-khau":
                password = people.first_password()
                people.reset(v.desk, login, password, by)
                given = (people.find(v.desk, login).name, password)
            case _:
                people.change(v.desk, login, by, name=" ".join(name.split()), roles=frozenset(roles or ()))
    except PipelineError as problem:
        return _show(request, v, problem=problem)
    return _show(request, v, given=given)
