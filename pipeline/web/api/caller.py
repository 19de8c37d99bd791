"""Callers: programs that ask by a token, in the name of the person who gave it; never by the cookie of a page."""

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Request, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.routing import APIRoute
from fastapi.security.base import SecurityBase
from starlette.concurrency import run_in_threadpool

from pipeline.core.errors import ScopeMissing, TokenRefused
from pipeline.core.people import Right
from pipeline.newsroom import people
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.people import Program
from pipeline.report import words
from pipeline.web.api.problems import API, told
from pipeline.web.visitor import desk_of

_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A program at the desk. What is done at `desk` is told in its person's name, and by which token."""

    desk: Desk
    program: Program

    @property
    def name(self) -> str:
        """Of the person."""
        return self.program.person.name


class Call(SecurityBase):
    """Asks for a program whose token, and whose person, has a right: the dependency of every operation."""

    def __init__(self, right: Right) -> None:
        self.right = right
        self.scheme_name = "token"
        self.model = HTTPBearer(
            description="A token from the page *Tài khoản của tôi*, or from `bantin people token`. Its scopes are"
            " " + ", ".join(f"`{one.value}` ({_MEANS[one]})" for one in Right) + ". It can never do more than the"
            " person who gave it may at that moment.",
        )

    async def __call__(self, request: Request) -> Caller:
        """The caller.

        Raises:
            TokenRefused, ScopeMissing: there is none, or it may not.
        """
        return await run_in_threadpool(self._look, request)

    def _look(self, request: Request) -> Caller:
        desk = desk_of(request)
        program = asking(request, desk)
        if program is None:
            raise TokenRefused
        if self.right not in program.rights:
            raise ScopeMissing(scope=self.right.value, right=words.RIGHT[self.right])
        return Caller(desk=replace(desk, who=program.person.name, via=program.label), program=program)


def asking(request: Request, desk: Desk) -> Program | None:
    """The program that asks.

    Wrong tokens are neither counted nor locked out: they are 256 bits of chance, looked up by their digest, so that no
    answer tells how near a guess was; and a lock would let a stranger keep our own programs out.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    is_one = scheme.lower() == "bearer" and len(token) <= _LONGEST
    return people.program(desk, token.strip()) if is_one else None


_MEANS = {
    Right.SEE: "read everything but people",
    Right.WRITE: "hand in, mend words, make again",
    Right.SIGN: "sign, return, withdraw",
    Right.RUN: "try stations out, push to them",
    Right.COUNT: "enter what the plan's other lines reached",
    Right.PEOPLE: "accounts and roles",
}

See = Annotated[Caller, Security(Call(Right.SEE), scopes=[Right.SEE])]
Write = Annotated[Caller, Security(Call(Right.WRITE), scopes=[Right.WRITE])]
Sign = Annotated[Caller, Security(Call(Right.SIGN), scopes=[Right.SIGN])]
Run = Annotated[Caller, Security(Call(Right.RUN), scopes=[Right.RUN])]
Count = Annotated[Caller, Security(Call(Right.COUNT), scopes=[Right.COUNT])]
Admit = Annotated[Caller, Security(Call(Right.PEOPLE), scopes=[Right.PEOPLE])]


def part(tag: str) -> APIRouter:
    """A router for the operations of one kind of thing."""
    return APIRouter(
        prefix=API, tags=[tag], generate_unique_id_function=_named, responses=told(401, 403, 422, 500, 503)
    )


def _named(route: APIRoute) -> str:
    first, *others = route.name.split("_")
    return first + "".join(word.title() for word in others)
