"""People: who has an account, who is signed in, and what is told of each change. Names sign, logins do not."""

import math
import re
import secrets
import threading
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline import passwords
from pipeline.core.errors import (
    BadAccount,
    LastAdmin,
    LockedOut,
    NotAllowed,
    OwnPassword,
    PasswordToChange,
    Says,
    UnknownPerson,
    WeakPassword,
    WrongPassword,
)
from pipeline.core.facts import Fact, Happened, Json
from pipeline.core.people import Person, Right, Role, alike, rights_of
from pipeline.core.text import slug
from pipeline.ledger.accounts import Token
from pipeline.newsroom.desk import Desk

LEAST = 10
"""Characters of a password."""
SESSION, IDLE = timedelta(hours=12), timedelta(hours=2)
"""How long somebody stays signed in, and how long without doing anything."""
_LATELY = timedelta(minutes=15)
_MOST_HERE, _MOST_OF_ONE, _MOST_FROM_ONE = 5, 30, 50
"""Wrong passwords of late: of a login from one address, of a login from anywhere, from one address for any login."""
_ONE = threading.Lock()
"""One password at a time is tried: it takes 64 MB, and many at once would each be the first."""
_CHANGING = threading.Lock()
"""One account at a time is changed: two administrators who closed each other's would leave nobody."""
_TELLING = 4
"""Letters of a login that a password may not hold; shorter ones are in any word."""
_LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?")
_MOST_OF_A_NAME, _MOST_OF_A_PASSWORD = 80, 200
_MOST_DAYS = 400
"""For how long a token may be good."""


_WORDS = (
    "song", "nuoc", "bong", "dien", "trang", "xuong", "ghe", "lua", "dua", "mam", "tom", "cua", "rung", "duoc", "gio",
    "bien", "chim", "ca", "muoi", "dat", "mui", "cau", "cho", "nang", "mua", "hoa", "sen", "la", "cay", "mat",
)  # fmt: skip


# --- accounts --------------------------------------------------------------------------------------------------------


def find(desk: Desk, login: str) -> Person:
    """Whoever has a login. Raises UnknownPerson."""
    person = desk.ledger.accounts.person(login)
    if person is None:
        raise UnknownPerson(login=login)
    return person


def admit(desk: Desk, person: Person, password: str, by: str) -> None:
    """Open an account. Its password was chosen by somebody else, so its owner has to change it first of all.

    Raises:
        BadAccount, WeakPassword: the login, the name, the roles or the password cannot be so.
        NameTaken: another account has the login, or a name that reads alike.
    """
    _check(person)
    _check_password(person, password)
    told = _fact(desk, person.login, "admitted", by, roles=[*sorted(person.roles)], name=person.name)
    desk.ledger.accounts.admit(person, passwords.hashed(password), told)


def change(
    desk: Desk,
    login: str,
    by: str,
    *,
    name: str | None = None,
    roles: Collection[Role] | None = None,
    active: bool | None = None,
) -> Person:
    """Give somebody another name or other roles, or close the account or open it again.

    Raises:
        UnknownPerson: there is none of that login.
        BadAccount, NameTaken: the name or the roles cannot be so.
        LastAdmin: nobody would be left to admit people.
    """
    with _CHANGING:
        before = find(desk, login)
        after = replace(
            before,
            name=before.name if name is None else name.strip(),
            roles=before.roles if roles is None else frozenset(roles),
            active=before.active if active is None else active,
        )
        _check(after)
        if before.may(Right.PEOPLE) and not after.may(Right.PEOPLE) and len(admins(desk)) == 1:
            raise LastAdmin(login=login)
        if after != before:
            told = _fact(
                desk,
                login,
                "changed",
                by,
                roles=[*sorted(after.roles)],
                name=after.name,
                was=before.name,
                active=after.active,
            )
            desk.ledger.accounts.change(after, told)
        return after


def admins(desk: Desk) -> list[Person]:
    """Those who may admit people."""
    return [person for person in desk.ledger.accounts.people() if person.may(Right.PEOPLE)]


def first_password() -> str:
    """A first password that can be told by telephone; it has to be changed at once."""
    return "-".join(secrets.choice(_WORDS) for _ in range(5)) + f"-{secrets.randbelow(90) + 10}"


def reset(desk: Desk, login: str, password: str, by: str) -> None:
    """Give somebody a new password, which they have to change.

    Raises:
        UnknownPerson: there is none of that login.
        OwnPassword: it is whoever stands at the desk: a page that was left open is no way to take an account.
        WeakPassword: it is too easy to guess.
    """
    person = find(desk, login)
    if person.name == desk.who:
        raise OwnPassword(login=login)
    _check_password(person, password)
    told = _fact(desk, login, "password reset", by)
    desk.ledger.accounts.set_password(login, passwords.hashed(password), told, temporary=True)


def choose(desk: Desk, person: Person, old: str, new: str, address: str = "") -> None:
    """Change one's own password; every session of theirs ends.

    Raises:
        WrongPassword: the old one is not theirs.
        LockedOut: too many wrong ones of late, as for signing in: a page that was left open is no way to guess.
        WeakPassword: the new one is too easy to guess, or the old one again.
    """
    with _ONE:
        _must_know(desk, person.login, old, address)
    if old == new:
        raise WeakPassword(reason=Says("giống mật khẩu cũ", "is the old one"), least=LEAST)
    _check_password(person, new)
    told = _fact(desk, person.login, "password changed", person.name)
    desk.ledger.accounts.set_password(person.login, passwords.hashed(new), told, temporary=False)


def _check(person: Person) -> None:
    if not _LOGIN.fullmatch(person.login):
        how = Says("dùng chữ thường không dấu, số, dấu chấm, gạch", "use lower-case letters, digits, dots, dashes")
        raise BadAccount(what=Says("tên đăng nhập", "the login"), value=person.login or "∅", how=how)
    if not alike(person.name) or len(person.name) > _MOST_OF_A_NAME or not person.name.isprintable():
        how = Says("ghi họ và tên thật, như sẽ ký dưới bản tin", "write the real name, as it shall sign")
        raise BadAccount(what=Says("họ tên", "the name"), value=person.name or "∅", how=how)
    if not person.roles:
        how = Says("chọn ít nhất một vai trò", "choose at least one")
        raise BadAccount(what=Says("vai trò", "the roles"), value="∅", how=how)


def _check_password(person: Person, password: str) -> None:
    if not LEAST <= len(password) <= _MOST_OF_A_PASSWORD:
        reason = Says(f"dài {len(password)} ký tự", f"has {len(password)} characters")
    elif len(set(password)) < LEAST // 2:
        reason = Says("lặp đi lặp lại vài ký tự", "repeats a few characters")
    elif slug(password, 200) in {alike(person.name), slug(person.login)} or (
        len(person.login) >= _TELLING and person.login in password.lower()
    ):
        reason = Says("là tên của chính người dùng", "is the person's own name")
    else:
        return
    raise WeakPassword(reason=reason, least=LEAST)


def _fact(desk: Desk, login: str, what: str, by: str, **detail: Json) -> Fact:
    told = desk.fact(Happened.ACCOUNT, who=by, what=what, login=login)
    return replace(told, detail={**told.detail, **detail})


# --- signing in ------------------------------------------------------------------------------------------------------


def sign_in(desk: Desk, login: str, password: str, address: str) -> str:
    """Sign somebody in; what their browser shows from now on.

    Raises:
        WrongPassword: login and password do not belong together.
        LockedOut: too many wrong ones of late, for this login or from this address.
    """
    login = login.strip().lower()[:32]
    accounts, now = desk.ledger.accounts, desk.now()
    with _ONE:
        stronger = _must_know(desk, login, password, address)
    if stronger:
        accounts.rehash(login, stronger)
    accounts.forgive(login, address)
    token = passwords.token()
    accounts.begin(passwords.kept(token), login, now, now + SESSION)
    return token


def _must_know(desk: Desk, login: str, password: str, address: str) -> str | None:
    """Raise WrongPassword or LockedOut; else the password's hash under today's parameters, where it is another."""
    _must_not_be_locked(desk, login, address)
    known, _ = desk.ledger.accounts.secret(login)
    good, stronger = passwords.verify(password[:_MOST_OF_A_PASSWORD], known)
    if not good:
        locks = any(len(at) + 1 == most for most, at in _tries(desk, login, address))
        told = [_fact(desk, login, "locked", "", address=address)] if locks else []
        desk.ledger.accounts.failed(login, address, desk.now(), told)
        raise WrongPassword
    return stronger


def _must_not_be_locked(desk: Desk, login: str, address: str) -> None:
    for most, at in _tries(desk, login, address):
        if len(at) >= most:
            left = at[-most] + _LATELY - desk.now()
            raise LockedOut(minutes=max(1, math.ceil(left.total_seconds() / 60)))


def _tries(desk: Desk, login: str, address: str) -> list[tuple[int, list[datetime]]]:
    """How many wrong passwords of late are too many, and when they were: of a login here, anywhere, any from here."""
    accounts, since = desk.ledger.accounts, desk.now() - _LATELY
    return [
        (_MOST_HERE, accounts.failures(since, login, address)),
        (_MOST_OF_ONE, accounts.failures(since, login)),
        (_MOST_FROM_ONE, accounts.failures(since, address=address)),
    ]


def whoever(desk: Desk, token: str) -> tuple[Person, bool] | None:
    """Who shows a session's token, and whether they have to change their password first; None where it is over."""
    return desk.ledger.accounts.signed_in(passwords.kept(token), desk.now(), IDLE) if token else None


def sign_out(desk: Desk, token: str) -> None:
    """End a session."""
    desk.ledger.accounts.end(passwords.kept(token))


def must_be_allowed(person: Person, right: Right, *, temporary: bool = False) -> None:
    """Raise NotAllowed, or PasswordToChange where somebody else chose their password."""
    if temporary:
        raise PasswordToChange
    if not person.may(right):
        raise NotAllowed


# --- programs in a person's name -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that asks in somebody's name."""

    person: Person
    label: str
    """What its token is called."""
    rights: frozenset[Right]
    """What it may do: never more than the person may now."""
    until: datetime


def give_token(desk: Desk, person: Person, label: str, scopes: Collection[Right], days: int, *, by: str = "") -> str:
    """A token that a program may show; it is told once and never again. `by` gives it, or else the person.

    Raises:
        BadAccount: it has no label, no scope, or would be good for too long.
        NotAllowed: the person may not do all of it.
        NameTaken: there is one of that label.
    """
    label = " ".join(label.split())[:_MOST_OF_A_NAME]
    if not label or not scopes or not 1 <= days <= _MOST_DAYS:
        how = Says(
            f"ghi tên, chọn việc được làm, thời hạn 1–{_MOST_DAYS} ngày", f"a label, scopes, 1 to {_MOST_DAYS} days"
        )
        raise BadAccount(what=Says("mã truy cập", "the token"), value=label or "∅", how=how)
    if not frozenset(scopes) <= rights_of(person.roles):
        raise NotAllowed
    token, until = passwords.token(), desk.now() + timedelta(days=days)
    given = Token(login=person.login, label=label, scopes=frozenset(scopes), until=until)
    told = _fact(desk, person.login, "token given", by or person.name, label=label, scopes=[*sorted(scopes)])
    desk.ledger.accounts.give(passwords.kept(token), given, told)
    return token


def take_token(desk: Desk, person: Person, label: str) -> None:
    """Take a token back; nothing happens where there is none of that label."""
    told = _fact(desk, person.login, "token taken", person.name, label=label)
    desk.ledger.accounts.take(person.login, label, told)


def program(desk: Desk, token: str) -> Program | None:
    """The program that shows a token; None where it is nobody's, or its time is over."""
    found = desk.ledger.accounts.shown(passwords.kept(token), desk.now()) if token else None
    if found is None:
        return None
    person, given = found
    return Program(person=person, label=given.label, rights=given.scopes & rights_of(person.roles), until=given.until)
