"""People for programs: who has an account, and whose token this is."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from pipeline.core.people import Right, Role
from pipeline.web.api.caller import Call, Caller

router = APIRouter(tags=["people"])
People = Annotated[Caller, Depends(Call(Right.PEOPLE))]
See = Annotated[Caller, Depends(Call(Right.SEE))]


class Account(BaseModel):
    """Somebody with an account."""

    login: str
    name: str
    roles: list[Role]
    active: bool


class Me(BaseModel):
    """In whose name a program asks."""

    name: str
    token: str


@router.get("/me", operation_id="getMe")
def me(c: See) -> Me:
    """Whose token this is, and its label."""
    return Me(name=c.person.name, token=c.desk.via)


@router.get("/people", operation_id="listPeople")
def listed(c: People) -> list[Account]:
    """Everybody who has or had an account, by name."""
    return [
        Account(login=p.login, name=p.name, roles=sorted(p.roles), active=p.active)
        for p in c.desk.ledger.accounts.people()
    ]
