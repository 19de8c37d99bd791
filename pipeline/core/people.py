"""People: who may do what at the desk."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from pipeline.core.text import slug


class Right(StrEnum):
    """One kind of thing that a person, or a program with a person's token, may do."""

    SEE = "see"
    WRITE = "write"
    """Take in scripts, mend words, have a bulletin made again, send it to be signed."""
    SIGN = "sign"
    """Sign, return and withdraw."""
    RUN = "run"
    """Push, test, retry, look through stations."""
    COUNT = "count"
    """Enter what the plan's other lines reached."""
    PEOPLE = "people"
    """Admit people, give roles, lock accounts."""


class Role(StrEnum):
    """What a person is in the newsroom; one may be several."""

    EDITOR = "bien-tap"
    APPROVER = "duyet"
    OPERATOR = "van-hanh"
    READER = "xem"
    ADMIN = "quan-tri"


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.EDITOR: frozenset({Right.SEE, Right.WRITE}),
    Role.APPROVER: frozenset({Right.SEE, Right.SIGN, Right.COUNT}),
    Role.OPERATOR: frozenset({Right.SEE, Right.RUN}),
    Role.READER: frozenset({Right.SEE}),
    Role.ADMIN: frozenset({Right.SEE, Right.PEOPLE}),
}
"""An administrator admits people and signs nothing: who may do everything is given every role, and the log says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone with an account. `name` signs; no two people have names that read alike."""

    login: str
    name: str
    roles: frozenset[Role]
    active: bool = True

    def may(self, right: Right) -> bool:
        """Whether any of their roles gives a right."""
        return self.active and right in rights_of(self.roles)


def rights_of(roles: Iterable[Role]) -> frozenset[Right]:
    """All that some roles give."""
    return frozenset[Right]().union(*(RIGHTS[role] for role in roles))


def alike(name: str) -> str:
    """A name as a careless eye reads it: without accents, case and signs; as it is where it is all in Khmer."""
    return slug(name, 200) or "".join(name.split())
