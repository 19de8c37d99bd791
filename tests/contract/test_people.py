"""Accounts and sessions, on both kinds of ledger."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.core.errors import (
    BadAccount,
    LastAdmin,
    LockedOut,
    NameTaken,
    NotAllowed,
    UnknownPerson,
    WeakPassword,
    WrongPassword,
)
from pipeline.core.facts import Happened
from pipeline.core.people import RIGHTS, Person, Right, Role, alike
from pipeline.newsroom import people
from tests import province

GOOD = "cá lóc nướng trui"
BETTER = "bông điên điển vàng"


@pytest.fixture(params=["sqlite", "postgres"])
def newsroom(request, tmp_path):
    changes = {}
    if request.param == "postgres":
        changes["database"] = f'"{request.getfixturevalue("postgres").database()}"'
    province.lay_out(
        tmp_path, [{"code": "A", "name": "Xã A", "transport": "folder", "folder": str(tmp_path)}], **changes
    )

    @contextmanager
    def opened(clock):
        with province.newsroom(tmp_path, clock) as desk:
            yield desk

    return opened


@pytest.fixture
def clock():
    return province.Clock()


@pytest.fixture
def desk(newsroom, clock):
    with newsroom(clock) as opened:
        people.admit(opened, an(), GOOD, "lệnh")
        yield opened


def an(**changes):
    fields = {"login": "an", "name": "Nguyễn Văn A", "roles": frozenset({Role.ADMIN, Role.EDITOR})}
    return Person(**{**fields, **changes})


def told(desk):
    return [(f.who, f.detail["what"], f.detail["login"]) for f in desk.ledger.facts(happened=Happened.ACCOUNT)]


def test_whoever_is_admitted_signs_in_by_a_password_that_they_must_change(desk):
    token = people.sign_in(desk, " AN ", GOOD, "10.0.0.1")
    person, temporary = people.whoever(desk, token)
    assert (person, temporary) == (an(), True)
    people.choose(desk, person, GOOD, BETTER)
    assert people.whoever(desk, token) is None  # every session by the old one is over
    assert people.whoever(desk, people.sign_in(desk, "an", BETTER, "10.0.0.1")) == (an(), False)
    assert told(desk) == [("lệnh", "admitted", "an"), ("Nguyễn Văn A", "password changed", "an")]


def test_neither_password_nor_token_stands_in_the_ledger(desk):
    token = people.sign_in(desk, "an", GOOD, "x")
    key = people.give_token(desk, an(), "máy in", {Right.SEE}, 30)
    with desk.ledger._engine.connect() as connection:
        from pipeline.ledger import tables

        kept = repr([connection.execute(table.select()).all() for table in tables.metadata.sorted_tables])
    assert "nguyen-van-a" in kept
    assert not any(secret in kept for secret in (GOOD, token, key))


def test_a_session_ends_by_signing_out_by_idling_and_by_its_time(desk, clock):
    token = people.sign_in(desk, "an", GOOD, "x")
    people.sign_out(desk, token)
    assert people.whoever(desk, token) is None
    token = people.sign_in(desk, "an", GOOD, "x")
    for _ in range(5):
        clock.at += people.IDLE * 0.9
        assert people.whoever(desk, token)
    clock.at += people.IDLE * 1.1
    assert people.whoever(desk, token) is None
    token = people.sign_in(desk, "an", GOOD, "x")
    end = clock.at + people.SESSION
    while clock.at + people.IDLE / 2 < end:
        clock.at += people.IDLE / 2
        assert people.whoever(desk, token)
    clock.at += people.IDLE / 2
    assert people.whoever(desk, token) is None


def test_wrong_passwords_lock_a_login_out_from_one_place_for_a_while_and_that_is_told_once(desk, clock):
    for _ in range(5):
        with pytest.raises(WrongPassword):
            people.sign_in(desk, "an", "x" * 12, "10.0.0.9")
    with pytest.raises(LockedOut) as caught:
        people.sign_in(desk, "an", GOOD, "10.0.0.9")
    assert caught.value.fields["minutes"] == 15
    assert people.sign_in(desk, "an", GOOD, "10.0.0.1")  # its owner, elsewhere
    assert told(desk)[1:] == [("bantin", "locked", "an")]
    clock.at += timedelta(minutes=15, seconds=1)
    assert people.sign_in(desk, "an", GOOD, "10.0.0.9")


def test_a_page_that_was_left_open_is_no_way_to_guess_a_password(desk, clock):
    token = people.sign_in(desk, "an", GOOD, "10.0.0.1")
    for _ in range(5):
        with pytest.raises(WrongPassword):
            people.choose(desk, an(), "x" * 12, BETTER, "10.0.0.1")
    with pytest.raises(LockedOut):
        people.choose(desk, an(), GOOD, BETTER, "10.0.0.1")
    assert people.whoever(desk, token)  # whoever it is stays signed in: locking out is not signing out
    clock.at += timedelta(minutes=15, seconds=1)
    people.choose(desk, an(), GOOD, BETTER, "10.0.0.1")


def test_an_address_that_tries_many_logins_is_locked_out_too(desk):
    for n in range(50):
        with pytest.raises(WrongPassword):
            people.sign_in(desk, f"ai{n}", "x" * 12, "10.0.0.9")
    with pytest.raises(LockedOut):
        people.sign_in(desk, "an", GOOD, "10.0.0.9")


def test_the_right_password_forgives_the_wrong_ones_before(desk):
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(WrongPassword):
                people.sign_in(desk, "an", "x" * 12, "10.0.0.9")
        people.sign_in(desk, "an", GOOD, "10.0.0.9")


@pytest.mark.parametrize("name", ["Nguyễn Văn Á", "NGUYEN VAN A", " nguyễn  văn a "])
def test_nobody_gets_a_name_that_reads_like_anothers(desk, name):
    with pytest.raises(NameTaken):
        people.admit(desk, an(login="khac", name=name), GOOD, "lệnh")


def test_khmer_names_are_names(desk):
    people.admit(desk, an(login="sokha", name="អ្នកអាន"), GOOD, "lệnh")
    people.admit(desk, an(login="srey", name="អ្នកកែ"), GOOD, "lệnh")
    assert alike("អ្នកអាន") != alike("អ្នកកែ")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"login": "../x"}, BadAccount),
        ({"login": ""}, BadAccount),
        ({"login": "Ân"}, BadAccount),
        ({"name": " "}, BadAccount),
        ({"name": "a\nb"}, BadAccount),
        ({"name": "x" * 81}, BadAccount),
        ({"roles": frozenset()}, BadAccount),
    ],
)
def test_accounts_that_cannot_be(desk, changes, problem):
    with pytest.raises(problem):
        people.admit(desk, an(**{"login": "moi", "name": "Người mới", **changes}), GOOD, "lệnh")
    assert len(desk.ledger.accounts.people()) == 1


@pytest.mark.parametrize("password", ["", "ngắn", "a" * 40, "Nguyễn Văn B", "binh-binh-binh", "x1" * 200])
def test_passwords_that_cannot_be(desk, password):
    with pytest.raises(WeakPassword):
        people.admit(desk, an(login="binh", name="Nguyễn Văn B"), password, "lệnh")


def test_who_is_closed_is_out_at_once_and_their_programs_too(desk, clock):
    people.admit(desk, an(login="binh", name="Người B"), GOOD, "lệnh")
    people.choose(desk, people.find(desk, "binh"), GOOD, BETTER)
    token = people.sign_in(desk, "binh", BETTER, "x")
    key = people.give_token(desk, people.find(desk, "binh"), "máy in", {Right.SEE}, 30)
    assert people.program(desk, key)
    people.change(desk, "binh", "an", active=False)
    assert people.whoever(desk, token) is None
    assert people.program(desk, key) is None
    with pytest.raises(WrongPassword):
        people.sign_in(desk, "binh", BETTER, "x")
    people.change(desk, "binh", "an", active=True)
    assert people.whoever(desk, token) is None
    assert people.sign_in(desk, "binh", BETTER, "x")


def test_somebody_is_always_left_to_admit_people(desk):
    for change in ({"active": False}, {"roles": {Role.EDITOR}}):
        with pytest.raises(LastAdmin):
            people.change(desk, "an", "an", **change)
    people.admit(desk, an(login="binh", name="Người B"), GOOD, "lệnh")
    assert not people.change(desk, "an", "an", active=False).active


def test_a_token_can_never_do_more_than_its_person_and_ends(desk, clock):
    people.admit(desk, an(login="binh", name="Người B", roles=frozenset({Role.EDITOR, Role.OPERATOR})), GOOD, "lệnh")
    binh = people.find(desk, "binh")
    with pytest.raises(NotAllowed):
        people.give_token(desk, binh, "x", {Right.SIGN}, 30)
    key = people.give_token(desk, binh, "máy in", {Right.SEE, Right.RUN}, 30)
    assert people.program(desk, key) is None  # their password is still somebody else's
    people.choose(desk, binh, GOOD, BETTER)
    assert may(desk, key) == ("Người B", "máy in", {Right.SEE, Right.RUN})
    people.change(desk, "binh", "an", roles={Role.EDITOR})
    assert may(desk, key)[2] == {Right.SEE}
    with pytest.raises(NameTaken):
        people.give_token(desk, binh, "máy in", {Right.SEE}, 30)
    clock.at += timedelta(days=31)
    assert people.program(desk, key) is None
    clock.at -= timedelta(days=31)
    assert may(desk, key)
    people.take_token(desk, binh, "máy in")
    assert people.program(desk, key) is None
    assert people.program(desk, "") is None


def may(desk, key):
    program = people.program(desk, key)
    return program.person.name, program.label, program.rights


def test_when_a_program_asked_last_is_known_to_the_hour(desk, clock):
    binh = people.find(desk, "an")
    people.choose(desk, binh, GOOD, BETTER)
    key = people.give_token(desk, binh, "máy in", {Right.SEE}, 30, by="lệnh")
    assert desk.ledger.facts(happened=Happened.ACCOUNT)[-1].who == "lệnh"
    (token,) = desk.ledger.accounts.tokens("an")
    assert token.used is None
    first = clock.at
    for minutes, told in ((0, 0), (59, 0), (1, 60)):
        clock.at += timedelta(minutes=minutes)
        assert people.program(desk, key)
        (token,) = desk.ledger.accounts.tokens("an")
        assert token.used == first + timedelta(minutes=told)


def test_what_a_program_does_says_in_whose_name_and_by_which_token(desk):
    by = replace(desk, who="Người B", via="máy in")
    fact = by.fact(Happened.TAUGHT, key="a", spoken="b")
    assert (fact.who, fact.detail) == ("Người B", {"key": "a", "spoken": "b", "via": "máy in"})
    people.give_token(by, people.find(desk, "an"), "x", {Right.SEE}, 1)
    assert desk.ledger.facts(happened=Happened.ACCOUNT)[-1].detail["via"] == "máy in"


def test_who_is_unknown_is_said(desk):
    with pytest.raises(UnknownPerson, match="binh"):
        people.change(desk, "binh", "an", active=False)


def test_every_role_sees_and_only_an_administrator_admits():
    assert all(Right.SEE in rights for rights in RIGHTS.values())
    assert [role for role, rights in RIGHTS.items() if Right.PEOPLE in rights] == [Role.ADMIN]
    assert not any({Right.WRITE, Right.SIGN} <= rights for rights in RIGHTS.values())
