"""Callers: in whose name a program asks, and whether its token lets it."""

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from pipeline.core.errors import NotSignedIn
from pipeline.core.people import Person, Right
from pipeline.ledger.accounts import Token
from pipeline.newsroom import people
from pipeline.newsroom.desk import Desk
from pipeline.web.visitor import Visitor, desk_of

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="A token of one's own page (/toi), for some of one's rights and some days.",
)
_Shown = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class Caller(Visitor):
    """Somebody's program. What is done at `desk` is told in their name, and by which token."""


class Call:
    """Asks for a caller whose token gives a right: the dependency of every route below /api.

    A token is 256 bits of chance and is looked up by its digest, so guessing one needs no lock-out; and one that locked
    people out would let anybody stop a newsroom's programs.
    """

    def __init__(self, right: Right) -> None:
        self.right = right

    def __call__(self, request: Request, shown: _Shown) -> Caller:
        """The caller.

        Raises:
            NotSignedIn: no token, or one that is over.
            NotAllowed: it does not give the right, or its owner has it no more.
        """
        desk = desk_of(request)
        found = program_of(desk, shown.credentials if shown else "")
        if found is None:
            raise NotSignedIn
        person, token = found
        people.must_be_in(self.right, token.scopes)
        return Caller(desk=replace(desk, who=person.name, via=token.label), person=person, token="")


def program_of(desk: Desk, shown: str) -> tuple[Person, Token] | None:
    """Whose program shows a token, and the token with what it may do today."""
    return people.program(desk, shown, desk.now())
