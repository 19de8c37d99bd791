"""People: who has an account, and whose token asks."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import Path
from pydantic import Field

from pipeline.core import people as core
from pipeline.core.people import Right, Role
from pipeline.newsroom import people
from pipeline.web.api.caller import Admit, See, part
from pipeline.web.api.fields import Asked, Line, Told, example
from pipeline.web.api.problems import told

router = part("people")
_Login = Annotated[str, Path(max_length=32, pattern=r"^[a-z0-9][a-z0-9._-]*$")]
_Roles = Annotated[list[Annotated[Role, Field(strict=False)]], Field(min_length=1, max_length=len(Role))]


class Me(Told):
    """Whose token asks, and what it may do."""

    login: str
    name: str
    label: Annotated[str, Field(description="What the token is called.")]
    scopes: Annotated[list[Right], Field(description="What it may do now.")]
    until: Annotated[datetime, Field(description="When it is over: UTC, ISO 8601.")]


class Person(Told):
    """Somebody with an account."""

    login: str
    name: Annotated[str, Field(description="The name that signs.")]
    roles: list[Role]
    active: Annotated[bool, Field(description="False where the account is closed.")]


class People(Told):
    """Everybody who has or had an account, by name."""

    items: list[Person]


class NewPerson(Asked):
    """Somebody to be admitted."""

    model_config = example(login="an", name="TÊN NGƯỜI BIÊN TẬP", roles=["bien-tap"])

    login: Annotated[str, Field(max_length=32, pattern=r"^[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?$")]
    name: Annotated[Line, Field(min_length=1, max_length=80)]
    roles: _Roles


class Change(Asked):
    """What is to be changed of an account; what is not named stays."""

    model_config = example(active=False)

    name: Annotated[Line | None, Field(min_length=1, max_length=80)] = None
    roles: _Roles | None = None
    active: bool | None = None


class Admitted(Told):
    """An account and its first password, told this once; its owner has to change it."""

    person: Person
    first_password: str


def _told(p: core.Person) -> Person:
    return Person(login=p.login, name=p.name, roles=sorted(p.roles), active=p.active)


@router.get("/me")
def get_me(by: See) -> Me:
    """Whose token this is, and what it may do now."""
    program = by.program
    return Me(
        login=program.person.login, name=program.person.name, label=program.label, scopes=sorted(program.rights),
        until=program.until,
    )  # fmt: skip


@router.get("/people")
def list_people(by: Admit) -> People:
    """Everybody who has or had an account."""
    return People(items=[_told(p) for p in by.desk.ledger.accounts.people()])


@router.post("/people", status_code=HTTPStatus.CREATED, responses=told(409, 400, 413))
def admit_person(by: Admit, new: NewPerson) -> Admitted:
    """Open an account; its first password is told this once."""
    password = people.first_password()
    person = core.Person(login=new.login, name=" ".join(new.name.split()), roles=frozenset(new.roles))
    people.admit(by.desk, person, password, by.name)
    return Admitted(person=_told(person), first_password=password)


@router.patch("/people/{login}", responses=told(404, 409, 400, 413))
def change_person(by: Admit, login: _Login, change: Change) -> Person:
    """Give somebody another name or other roles, close the account or open it again."""
    name = " ".join(change.name.split()) if change.name else None
    after = people.change(by.desk, login, by.name, name=name, roles=change.roles, active=change.active)
    return _told(after)


@router.post("/people/{login}/password", responses=told(404, 409))
def reset_password(by: Admit, login: _Login) -> Admitted:
    """Give somebody a new first password, told this once; whoever was signed in by the old one is out."""
    password = people.first_password()
    people.reset(by.desk, login, password, by.name)
    return Admitted(person=_told(people.find(by.desk, login)), first_password=password)
