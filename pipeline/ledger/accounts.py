"""Accounts: people, who is signed in, and what programs show in their name. Secrets are kept as digests only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from pipeline.core.errors import NameTaken
from pipeline.core.facts import Fact
from pipeline.core.model import Digest
from pipeline.core.people import Person, Right, Role, alike
from pipeline.ledger import database, tables
from pipeline.ledger.adding import add

_FORGOTTEN = timedelta(days=1)
"""How long a wrong password is remembered."""
_USED = timedelta(hours=1)
"""How exactly it is known when a token was shown last: not at every call, for each would be a write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a program shows in a person's name."""

    login: str
    label: str
    scopes: frozenset[Right]
    until: datetime
    used: datetime | None = None
    """When it was shown last, to the hour or so; None where it never was."""


class Accounts:
    """One newsroom's accounts. Every writing method is one transaction, with the fact that tells of it."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    # --- people ------------------------------------------------------------------------------------------------------

    def people(self) -> list[Person]:
        """Everybody who has or had an account, by name."""
        return sorted(map(_person, self._rows(sa.select(tables.people))), key=lambda p: alike(p.name))

    def person(self, login: str) -> Person | None:
        """Whoever has a login."""
        rows = self._rows(sa.select(tables.people).where(tables.people.c.login == login))
        return _person(rows[0]) if rows else None

    def secret(self, login: str) -> tuple[str, bool]:
        """The hash of someone's password, and whether somebody else chose it; empty where there is no such account."""
        c = tables.people.c
        rows = self._rows(sa.select(c.password, c.temporary).where(c.login == login, c.active))
        return (str(rows[0].password), bool(rows[0].temporary)) if rows else ("", False)

    def admit(self, person: Person, password: str, fact: Fact) -> None:
        """Keep a new account with its hash; its first password is chosen by somebody else.

        Raises:
            NameTaken: another account has the login, or a name that reads alike.
        """
        values = {"login": person.login, "password": password, "temporary": True, **_values(person)}
        try:
            with self._engine.begin() as connection:
                connection.execute(tables.people.insert().values(**values))
                add(connection, [fact])
        except IntegrityError as taken:
            raise NameTaken(name=person.name) from taken

    def change(self, person: Person, fact: Fact) -> None:
        """Keep another name, other roles, or that an account is closed, which ends its sessions and tokens.

        Raises:
            NameTaken: another account has a name that reads alike.
        """
        try:
            with self._engine.begin() as connection:
                mine = tables.people.c.login == person.login
                connection.execute(tables.people.update().where(mine).values(**_values(person)))
                if not person.active:
                    _end_all(connection, person.login, tables.sessions, tables.tokens)
                add(connection, [fact])
        except IntegrityError as taken:
            raise NameTaken(name=person.name) from taken

    def set_password(self, login: str, password: str, fact: Fact, *, temporary: bool) -> None:
        """Keep the hash of a new password; whoever was signed in by the old one is so no more."""
        with self._engine.begin() as connection:
            mine = tables.people.c.login == login
            connection.execute(tables.people.update().where(mine).values(password=password, temporary=temporary))
            _end_all(connection, login, tables.sessions)
            add(connection, [fact])

    def rehash(self, login: str, password: str) -> None:
        """Keep the same password under today's parameters."""
        with self._engine.begin() as connection:
            connection.execute(tables.people.update().where(tables.people.c.login == login).values(password=password))

    # --- sessions ----------------------------------------------------------------------------------------------------

    def begin(self, digest: Digest, login: str, now: datetime, until: datetime) -> None:
        """Remember that someone is signed in; forget sessions that are over."""
        with self._engine.begin() as connection:
            connection.execute(tables.sessions.delete().where(tables.sessions.c.until < now))
            connection.execute(tables.sessions.insert().values(digest=digest, login=login, until=until, seen=now))

    def signed_in(self, digest: Digest, now: datetime, idle: timedelta) -> tuple[Person, bool] | None:
        """Whose session it is, and whether somebody else chose their password; None where it is over."""
        s, p = tables.sessions.c, tables.people.c
        query = sa.select(tables.people, s.seen).join(tables.sessions, s.login == p.login)
        query = query.where(s.digest == digest, s.until > now, s.seen > now - idle, p.active)
        rows = self._rows(query)
        if not rows:
            return None
        if rows[0].seen < now - idle / 10:  # not at every click: each is a write
            with self._engine.begin() as connection:
                connection.execute(tables.sessions.update().where(s.digest == digest).values(seen=now))
        return _person(rows[0]), bool(rows[0].temporary)

    def end(self, digest: Digest) -> None:
        """End a session; whoever holds its cookie can do nothing with it."""
        with self._engine.begin() as connection:
            connection.execute(tables.sessions.delete().where(tables.sessions.c.digest == digest))

    # --- wrong passwords ---------------------------------------------------------------------------------------------

    def failed(self, login: str, address: str, at: datetime, facts: Sequence[Fact] = ()) -> None:
        """Remember a wrong password."""
        with self._engine.begin() as connection:
            connection.execute(tables.tries.delete().where(tables.tries.c.at < at - _FORGOTTEN))
            connection.execute(tables.tries.insert().values(login=login, address=address, at=at))
            add(connection, facts)

    def failures(self, since: datetime, login: str | None = None, address: str | None = None) -> list[datetime]:
        """When passwords were wrong since an instant, oldest first: of a login, from an address, or both at once."""
        c = tables.tries.c
        query = sa.select(c.at).where(c.at > since).order_by(c.at)
        query = query if login is None else query.where(c.login == login)
        query = query if address is None else query.where(c.address == address)
        return [row.at for row in self._rows(query)]

    def forgive(self, login: str, address: str) -> None:
        """Forget the wrong passwords of someone who has now typed the right one there."""
        c = tables.tries.c
        with self._engine.begin() as connection:
            connection.execute(tables.tries.delete().where(c.login == login, c.address == address))

    # --- tokens ------------------------------------------------------------------------------------------------------

    def give(self, digest: Digest, token: Token, fact: Fact) -> None:
        """Keep a new token.

        Raises:
            NameTaken: the person has one of that label.
        """
        values = {"login": token.login, "label": token.label, "scopes": sorted(token.scopes), "until": token.until}
        try:
            with self._engine.begin() as connection:
                connection.execute(tables.tokens.insert().values(digest=digest, **values))
                add(connection, [fact])
        except IntegrityError as taken:
            raise NameTaken(name=token.label) from taken

    def tokens(self, login: str) -> list[Token]:
        """Someone's tokens, by label."""
        c = tables.tokens.c
        return [_token(row) for row in self._rows(sa.select(tables.tokens).where(c.login == login).order_by(c.label))]

    def shown(self, digest: Digest, now: datetime) -> tuple[Person, Token] | None:
        """Whose token it is, and what it is for; None where it is over."""
        t, p = tables.tokens.c, tables.people.c
        query = sa.select(tables.tokens).join(tables.people, p.login == t.login)
        rows = self._rows(query.where(t.digest == digest, t.until > now, p.active, p.temporary.is_(False)))
        person = self.person(str(rows[0].login)) if rows else None
        if not person:
            return None
        token = _token(rows[0])
        if token.used is None or not token.used <= now < token.used + _USED:
            with self._engine.begin() as connection:
                connection.execute(tables.tokens.update().where(t.digest == digest).values(used=now))
        return person, token

    def take(self, login: str, label: str, fact: Fact) -> None:
        """Take a token back."""
        c = tables.tokens.c
        with self._engine.begin() as connection:
            connection.execute(tables.tokens.delete().where(c.login == login, c.label == label))
            add(connection, [fact])

    def _rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        with database.reading(self._engine) as connection:
            return connection.execute(query).all()


def _end_all(connection: sa.Connection, login: str, *where: sa.Table) -> None:
    for table in where:
        connection.execute(table.delete().where(table.c.login == login))


def _values(person: Person) -> dict[str, object]:
    roles: Collection[str] = sorted(person.roles)
    return {"name": person.name, "alike": alike(person.name), "roles": roles, "active": person.active}


def _person(row: sa.Row[Any]) -> Person:
    roles = frozenset(Role(role) for role in row.roles)
    return Person(login=str(row.login), name=str(row.name), roles=roles, active=bool(row.active))


def _token(row: sa.Row[Any]) -> Token:
    scopes = frozenset(Right(scope) for scope in row.scopes)
    return Token(login=str(row.login), label=str(row.label), scopes=scopes, until=row.until, used=row.used)
