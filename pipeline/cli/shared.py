"""What the commands share: the application, the desk they work at, and how things are told."""

import errno
import json
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline import __version__
from pipeline.core.errors import PipelineError, Says, Unexpected, WrongChoice

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.core.ports import Progress
    from pipeline.newsroom.desk import Desk
    from pipeline.newsroom.office import Office
    from pipeline.report.faces import Faces

_HELP = """Bản Tin: từ kịch bản đến loa xã. / From a dropped script to every commune's loudspeaker.

\b
Examples:
  bantin demo                                 the whole line in a fresh workspace, offline
  bantin init BANTIN && cd BANTIN             a workspace of your own
  bantin add tin-hom-nay.docx                 take in a script or a recording
  bantin approve 20261125-sot --by "TÊN"      sign exactly the bytes you heard
  bantin push                                 send tonight's bulletins to the stations
  bantin serve                                watch the folder, push every night
"""

app = typer.Typer(
    help=_HELP, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True, add_completion=False
)

Id = Annotated[str, typer.Argument(help="The bulletin's id, or a part of it that no other has.", metavar="ID")]
By = Annotated[str, typer.Option("--by", help="Who does it; a person's name. Only a signature insists on one.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


SYSTEMS_FAULT = {
    errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ESTALE,
    errno.EISDIR, errno.ENAMETOOLONG,
}  # fmt: skip
"""What the system may refuse anyone; any other OSError is a bug of ours and keeps its trace."""


class Choice:
    """What the options before the command said."""

    workspace = Path()
    lang = ""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"Bản Tin {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    workspace: Annotated[
        Path, typer.Option("--workspace", "-w", envvar="BANTIN_WORKSPACE", help="Its folder.")
    ] = Path(),
    lang: Annotated[str, typer.Option("--lang", help="Language of messages, vi or en; else as config.toml says.")] = "",
    version: Annotated[  # noqa: ARG001 - told before anything else is looked at
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Name and version.")
    ] = False,
) -> None:
    if lang not in {"", "vi", "en"}:
        raise WrongChoice(option="--lang", value=lang, known="vi, en")
    Choice.workspace, Choice.lang = workspace, lang


def in_language(words: Says) -> str:
    """What a text says in the language that was chosen."""
    return words.en if Choice.lang == "en" else words.vi


@contextmanager
def at_desk(*, whole: bool = True) -> "Iterator[Desk]":
    """The desk of the workspace we stand in, with bars for long work; see `config.load` for `whole`."""
    from pipeline import config
    from pipeline.wiring import open_desk

    settings = config.load(Choice.workspace, whole=whole)
    Choice.lang = Choice.lang or settings.settings.newsroom.language
    with progress_bars(Choice.lang) as progress, open_desk(settings, progress=progress) as desk:
        yield desk


@contextmanager
def at_office(*, at_once: bool = False) -> "Iterator[Office]":
    """The office of the workspace we stand in, for commands that go on while its files may change.

    `at_once`: what changed counts as it is, for a command that ends before it could have stood still.
    """
    from pipeline import config
    from pipeline.newsroom.office import SETTLE, Office
    from pipeline.wiring import open_desk

    settings = config.load(Choice.workspace)
    Choice.lang = Choice.lang or settings.settings.newsroom.language
    settle = 0 if at_once else SETTLE
    with (
        progress_bars(Choice.lang) as progress,
        Office(settings, partial(open_desk, progress=progress), settle=settle) as office,
    ):
        yield office


def the_line(desk: "Desk") -> AbstractContextManager[None]:
    """Taking in and rendering are done by one process at a time; this one waits its turn."""
    from pipeline.ledger.lock import alone
    from pipeline.newsroom.desk import LINE_WAIT

    return alone(desk.config.state, "line", LINE_WAIT)


@contextmanager
def progress_bars(lang: str) -> "Iterator[Progress]":
    """Bars on standard error, one a step; nothing at all where it is not a terminal.

    A step without words is a station's, and its bar goes when its visit ends: there are never more than visits at once.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from pipeline.core.ports import silent
    from pipeline.report.words import STEP

    console = Console(stderr=True)
    if not console.is_terminal:
        yield silent
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def tell(step: str, done: float, total: float) -> None:
            words = STEP.get(step)
            if words is None and done >= total:
                if step in tasks:
                    bars.remove_task(tasks.pop(step))
                return
            mb = f"{step}  {done / 1e6:.1f}/{total / 1e6:.1f} MB"
            name = mb if words is None else (words.vi if lang == "vi" else words.en)
            task = tasks.setdefault(step, bars.add_task(name)) if step not in tasks else tasks[step]
            bars.update(task, completed=done, total=total, description=name)

        yield tell


def faces_of(config: "Config") -> "Faces":
    """What shows things to people, in the language that was chosen."""
    from pipeline.report.faces import Faces

    return Faces(Choice.lang or config.settings.newsroom.language, config.zone)


def print_problem(problem: PipelineError, about: str = "") -> None:
    """Tell a problem on standard error: its code, what happened, the next step; a bug with its trace."""
    what = f"{about}: " if about else ""
    if isinstance(problem, Unexpected) and problem.__cause__:
        traceback.print_exception(problem.__cause__)
    sys.stderr.write(f"{problem.code} {what}{in_language(problem.message)}\n  → {in_language(problem.next_step)}\n")


def print_json(value: object) -> None:
    """One JSON value on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def print_table(table: Any) -> None:  # noqa: ANN401 - rich is imported only where it prints
    """A table on standard output."""
    from pipeline.report.faces import show

    show(table)


def raise_last(problems: list[PipelineError]) -> None:
    """Print all problems but the last and raise that one, so that its exit code is the command's."""
    for problem in problems[:-1]:
        print_problem(problem)
    if problems:
        raise problems[-1]


def show_bulletins(desk: "Desk", only: set[Any] | None, as_json: bool) -> None:
    """The named bulletins, or all, as a table or as JSON."""
    from pipeline.newsroom import bulletins

    if as_json:
        print_json([bulletin_row(r.bulletin, r.status) for r in bulletins.rows(desk, only)])
    elif lines := bulletins.lines_of(desk, only):
        print_table(faces_of(desk.config).bulletins(lines, desk.ledger.missed(only)))


def tell_fallbacks(desk: "Desk", bulletin: Any) -> None:  # noqa: ANN401 - a Bulletin or None, imported where used
    """Say where not the first voice speaks, and whom to tell."""
    from pipeline.newsroom import bulletins

    fallbacks, tell = bulletins.fallbacks(desk, bulletin) if bulletin else ([], [])
    for fallback in fallbacks:
        whom = in_language(Says("; báo cho: {whom}", "; tell: {whom}")).format(whom=", ".join(tell)) if tell else ""
        sys.stderr.write(f"! {bulletin.id}: {fallback}{whom}\n")


def as_people_know_them(desk: "Desk", voices: Iterable[str]) -> list[str]:
    """Engines with their voices, each draft voice called one."""
    from pipeline.newsroom.voices import drafts
    from pipeline.report.words import DRAFT

    known, word = drafts(desk), in_language(DRAFT)
    return [f"{voice} ({word})" if voice in known else voice for voice in voices]


def tell_twins(twins: Iterable[str]) -> None:
    """Say that another edition of the same text airs at the same time."""
    for twin in twins:
        words = Says(
            "! Đã có bản tin cùng tên, cùng giờ phát: {id}. Bài mới thay bài cũ thì rút bài cũ: bantin withdraw {id}",
            "! Same title, same air time: {id}. If the new one replaces it: bantin withdraw {id}",
        )
        sys.stderr.write(in_language(words.format(id=twin)) + "\n")


_NAMED = 4
"""Stations that are named where many have the same trouble."""


def show_conflicts(desk: "Desk", planned: list[Any]) -> None:
    """What will not air, where and why, on standard error."""
    from pipeline.report.words import CONFLICT

    for plan_ in planned:
        alike: dict[tuple[Any, str], list[str]] = {}
        for conflict in plan_.conflicts:
            alike.setdefault((conflict.at, conflict.why), []).append(conflict.station)
        for (at, why), codes in alike.items():
            when = f"{at.astimezone(desk.config.zone):%d/%m/%Y %H:%M} " if at else ""
            sys.stderr.write(f"! {plan_.bulletin} {_some(codes)} {when}{in_language(CONFLICT[why])}\n")


def show_unclear(station: str, lines: Iterable[str]) -> None:
    """What a station's people wrote and nobody can understand, on standard error."""
    from pipeline.report.words import UNCLEAR

    for line in lines:
        sys.stderr.write(in_language(UNCLEAR.format(station=station, line=line)) + "\n")


def show_clashes(desk: "Desk", clashes: list[Any]) -> None:
    """Which bulletins get in each other's way, where and how, on standard error."""
    from pipeline.report.words import CLASH

    alike: dict[tuple[Any, ...], list[str]] = {}
    for clash in clashes:
        alike.setdefault((clash.at, clash.bulletins, clash.why), []).append(clash.station)
    for (at, names, why), codes in alike.items():
        when = f"{at.astimezone(desk.config.zone):%d/%m/%Y %H:%M}"
        sys.stderr.write(f"! {_some(codes)} {when} {in_language(CLASH[why])}: {', '.join(names)}\n")


def _some(codes: list[str]) -> str:
    """A few stations by name, and how many more there are."""
    more = len(codes) - _NAMED
    rest = in_language(Says(f" và {more} trạm khác", f" and {more} more")) if more > 0 else ""
    return ", ".join(codes[:_NAMED]) + rest


def bulletin_row(bulletin: Any, status: Any) -> dict[str, Any]:  # noqa: ANN401 - Bulletin and Status, imported where used
    """A bulletin and where it stands, for --json."""
    return {
        "id": bulletin.id,
        "title": bulletin.title,
        "language": bulletin.language,
        "kind": bulletin.kind.value,
        "stage": status.stage.value,
        "reason": status.reason,
        "masters": status.masters,
        "approved": status.is_approved,
        "planned": sorted(status.planned),
        "confirmed": sorted(status.confirmed),
        "failed": status.failed,
        "missed": sorted(status.missed),
        "unaired": status.unaired,
    }


def a_language(code: str) -> Any:  # noqa: ANN401 - a Language, imported where used
    """The language of a code such as vi."""
    from pipeline.core.model import Language

    try:
        return Language(code)
    except ValueError as problem:
        raise WrongChoice(option="--lang", value=code, known="vi, km") from problem


def a_day(text: str) -> Any:  # noqa: ANN401 - a date or None
    """A local day as people write it; None for nothing. Raises WrongDate."""
    from datetime import date, datetime

    from pipeline.core.errors import WrongDate

    try:
        if "/" in text:
            return datetime.strptime(text, "%d/%m/%Y").date()  # noqa: DTZ007 - a day has no zone
        return date.fromisoformat(text) if text else None
    except ValueError as problem:
        raise WrongDate(text=text) from problem


def is_there(file: Path) -> bool:
    """Whether a file is there. A sentence where a file's name belongs is too long for one, and is not."""
    try:
        return file.is_file()
    except OSError:
        return False


def settings_here() -> "Config":
    """The settings of the workspace we stand in, or those that a new one begins with."""
    from pipeline import config
    from pipeline.wiring import starter

    here = (Choice.workspace / config.CONFIG_NAME).is_file()
    settings = config.load(Choice.workspace if here else starter())
    Choice.lang = Choice.lang or settings.settings.newsroom.language
    return settings
