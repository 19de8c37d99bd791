"""Commands for people: who may use the web page. The first administrator is admitted here."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.shared import AsJson, app, at_desk, in_language, print_json
from pipeline.core.errors import PasswordsDiffer, Says, WrongChoice

people = typer.Typer(help="Who may use the web page: list, add, roles, password, token, close.", no_args_is_help=True)
app.add_typer(people, name="people")

Login = Annotated[str, typer.Argument(help="What they type to sign in.")]
Roles = Annotated[
    list[str], typer.Option("--role", help="bien-tap, duyet, van-hanh, xem, quan-tri; repeat it for more.")
]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="Its first line is the first password; else it is asked for.")
]


@people.command("list")
def list_(as_json: AsJson = False) -> None:
    """List accounts.

    Example: bantin people list
    """
    with at_desk() as desk:
        found = desk.ledger.accounts.people()
    if as_json:
        print_json([
            {"login": p.login, "name": p.name, "roles": sorted(p.roles), "active": p.active} for p in found
        ])  # fmt: skip
        return
    for p in found:
        closed = "" if p.active else in_language(Says("  (đã khoá)", "  (closed)"))
        typer.echo(f"{p.login}\t{p.name}\t{', '.join(sorted(p.roles))}{closed}")


@people.command()
def add(
    login: Login,
    name: Annotated[str, typer.Option("--name", help="The name that signs, as “TÊN NGƯỜI DUYỆT”.")],
    role: Roles,
    password_file: PasswordFile = None,
) -> None:
    """Open an account; its owner has to change the first password at once.

    Example: bantin people add quan-tri --name "TÊN" --role quan-tri
    """
    from pipeline.core.people import Person
    from pipeline.newsroom import people as newsroom

    person = Person(login=login.strip().lower(), name=" ".join(name.split()), roles=frozenset(map(_role, role)))
    with at_desk() as desk:
        newsroom.admit(desk, person, _password(password_file), getpass.getuser())


@people.command()
def roles(login: Login, role: Roles) -> None:
    """Give somebody other roles, all of them at once.

    Example: bantin people roles an --role bien-tap --role duyet
    """
    from pipeline.newsroom import people as newsroom

    with at_desk() as desk:
        newsroom.change(desk, login, getpass.getuser(), roles=[_role(one) for one in role])


@people.command()
def password(login: Login, password_file: PasswordFile = None) -> None:
    """Give somebody a new password, which they have to change.

    Example: bantin people password an
    """
    from pipeline.newsroom import people as newsroom

    with at_desk() as desk:
        newsroom.reset(desk, login, _password(password_file), getpass.getuser())


@people.command()
def token(
    login: Login,
    label: Annotated[str, typer.Option("--label", help="What the program is called, in lists and in the log.")],
    scope: Annotated[
        list[str], typer.Option("--scope", help="see, write, sign, run, count, people; repeat it for more.")
    ],
    days: Annotated[int, typer.Option("--days", min=1, max=400, help="For how many days it is good.")] = 90,
) -> None:
    """Give a program a token for the API in somebody's name; it is shown this once.

    Example: bantin people token an --label prometheus --scope see --days 400
    """
    from pipeline.newsroom import people as newsroom

    rights = [_right(one) for one in scope]
    with at_desk() as desk:
        person = newsroom.find(desk, login)
        typer.echo(newsroom.give_token(desk, person, label, rights, days, by=getpass.getuser()))


@people.command()
def close(login: Login) -> None:
    """Close an account: its owner is out at once. What they signed stays.

    Example: bantin people close an
    """
    from pipeline.newsroom import people as newsroom

    with at_desk() as desk:
        newsroom.change(desk, login, getpass.getuser(), active=False)


def _role(name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a Role, imported where used
    from pipeline.core.people import Role

    try:
        return Role(name)
    except ValueError as problem:
        raise WrongChoice(option="--role", value=name, known=", ".join(Role)) from problem


def _right(name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a Right, imported where used
    from pipeline.core.people import Right

    try:
        return Right(name)
    except ValueError as problem:
        raise WrongChoice(option="--scope", value=name, known=", ".join(Right)) from problem


def _password(file: Path | None) -> str:
    if file:
        return file.read_text("utf-8").split("\n")[0].rstrip("\r")
    first = getpass.getpass(in_language(Says("Mật khẩu: ", "Password: ")), stream=sys.stderr)
    if getpass.getpass(in_language(Says("Gõ lại: ", "Again: ")), stream=sys.stderr) != first:
        raise PasswordsDiffer
    return first
