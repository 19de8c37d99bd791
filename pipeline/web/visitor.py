"""Visitors: who asks for a page, what they may do, and that a form comes from a page of ours."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from typing import Literal

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from pipeline.core.errors import BadRequest, FormExpired, NotSignedIn
from pipeline.core.people import Person, Right
from pipeline.newsroom import people
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.office import Office

SESSION, BEFORE, LANGUAGE = "bantin", "bantin-truoc", "bantin-tieng"
"""Cookies: who is signed in; who is about to; the language of the pages."""
TOKEN = "_token"  # noqa: S105 - the name of a field
"""The field of every form that proves that it is from a page of ours."""
PATIENCE = 20_000
"""Airings that are looked at while a page waits: a tenth to a fifth of a second."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Someone at the desk. What is done at `desk` is told in their name."""

    desk: Desk
    person: Person
    token: str
    """What their forms carry."""


class Visit:
    """Asks for a visitor who has a right: the dependency of every page but the one for signing in."""

    def __init__(self, right: Right, *, temporary: bool = False) -> None:
        self.right = right
        self._temporary = temporary

    async def __call__(self, request: Request) -> Visitor:
        """The visitor.

        Raises:
            NotSignedIn, PasswordToChange, NotAllowed: there is none, or they may not.
            FormExpired, BadRequest: the form is not from a page of ours, or not as one sends it.
        """
        cookie = request.cookies.get(SESSION, "")
        visitor = await run_in_threadpool(self._look, request, cookie)
        await must_be_ours(request, cookie)
        return visitor

    def _look(self, request: Request, cookie: str) -> Visitor:
        desk = desk_of(request)
        found = people.whoever(desk, cookie)
        if found is None:
            raise NotSignedIn
        person, temporary = found
        people.must_be_allowed(person, self.right, temporary=temporary and not self._temporary)
        return Visitor(desk=replace(desk, who=person.name, patience=PATIENCE), person=person, token=form_token(cookie))


def desk_of(request: Request) -> Desk:
    """The desk for as long as a request lasts."""
    office: Office = request.app.state.office
    desk: Desk = request.state.seats.enter_context(office.desk())
    return desk


def form_token(cookie: str) -> str:
    """What a form of a cookie's owner carries; another site knows neither.

    Never the same twice, so that how well a page can be packed tells nothing of it.
    """
    salt = secrets.token_hex(8)
    return f"{salt}.{_proof(cookie, salt)}"


def _proof(cookie: str, salt: str) -> str:
    return hmac.new(cookie.encode(), salt.encode(), hashlib.sha256).hexdigest()


async def must_be_ours(request: Request, cookie: str) -> None:
    """Look at a form with which something is to be changed.

    Raises:
        FormExpired: it is not from a page for that cookie.
        BadRequest: it holds a letter that nobody types and no database takes.
    """
    if request.method in SAFE:
        return
    form = await request.form()
    shown = form.get(TOKEN, "")
    salt, _, proof = shown.partition(".") if isinstance(shown, str) else ("", "", "")
    if not cookie or not hmac.compare_digest(proof.encode(), _proof(cookie, salt).encode()):
        await form.close()
        raise FormExpired
    if any("\x00" in value for _, value in form.multi_items() if isinstance(value, str)):
        await form.close()
        raise BadRequest(what="\\x00")


def language_of(request: Request) -> Literal["vi", "en"]:
    """The language of the pages: as the visitor chose, else as the newsroom."""
    chosen = request.cookies.get(LANGUAGE, "")
    if chosen not in {"vi", "en"}:
        chosen = request.app.state.language
    return "en" if chosen == "en" else "vi"
