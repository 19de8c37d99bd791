"""Commands for the year: report, and what people enter for the plan's other lines."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.shared import AsJson, Choice, a_day, app, at_desk, faces_of, in_language, print_json, print_table
from pipeline.core.errors import Says, WrongChoice

if TYPE_CHECKING:
    from pipeline.newsroom.desk import Desk

outputs = typer.Typer(
    help="What was reached of the plan's other lines: documents, clips, trainees.", no_args_is_help=True
)
app.add_typer(outputs, name="outputs")
By = Annotated[str, typer.Option("--by", help="In whose name; else as this machine knows you.")]


@app.command()
def report(
    year: Annotated[int | None, typer.Option("--year", min=2000, max=9998, help="Else the current one.")] = None,
    first: Annotated[str, typer.Option("--from", help="The first day, for a part of a year, as 01/07/2026.")] = "",
    last: Annotated[str, typer.Option("--to", help="The last day, of the same year.")] = "",
    form: Annotated[str, typer.Option("--format", help="A file with everything: xlsx, docx, csv or json.")] = "",
    out: Annotated[Path | None, typer.Option("-o", "--output", help="Where it goes; csv and json: else shown.")] = None,
    as_json: AsJson = False,
) -> None:
    """Report a year, or a part of one, against the plan, with the evidence of every figure.

    Example: bantin report --year 2026 --format docx -o bao-cao-2026.docx
    """
    from pipeline.newsroom import reports

    form = form or ("json" if as_json else out.suffix.lower().removeprefix(".") if out else "")
    if form not in {"", *reports.FORMS}:
        raise WrongChoice(option="--format", value=form, known=", ".join(reports.FORMS))
    if form in {"xlsx", "docx"} and out is None:
        raise typer.BadParameter(f"-o bao-cao.{form}", param_hint="--output")
    if bool(first) != bool(last) or (first and year):
        raise typer.BadParameter("--year | --from --to", param_hint="--from")
    with at_desk() as desk:
        this_year = desk.now().astimezone(desk.config.zone).year
        of = reports.period(a_day(first), a_day(last)) if first else reports.whole_year(year or this_year)
        if not form:
            _show(desk, of)
            return
        data = reports.write(desk, reports.report(desk, of), form, Choice.lang)
    if out is None:
        sys.stdout.write(data.decode("utf-8-sig"))
        return
    _put(out, data)
    typer.echo(str(out))


def _show(desk: "Desk", of: Any) -> None:  # noqa: ANN401 - a Period, imported where used
    from pipeline.newsroom.tally import tally

    counted, faces = tally(desk, of.year), faces_of(desk.config)
    typer.echo(faces.year(counted))
    print_table(faces.tally(counted, of))


def _put(out: Path, data: bytes) -> None:
    """A file, whole or not at all."""
    part = out.with_name(f".{out.name[:40]}.part")
    try:
        with part.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())  # before it takes the name: a power cut must not leave an empty report
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


@outputs.command("list")
def list_(
    year: Annotated[int | None, typer.Option("--year", min=2000, max=9998, help="Else every year.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what was entered, each with its number and its evidence.

    Example: bantin outputs list --year 2026
    """
    from dataclasses import asdict

    from pipeline.newsroom import outputs as newsroom
    from pipeline.report import words

    with at_desk() as desk:
        found = newsroom.outputs(desk, year)
    if as_json:
        print_json([{**asdict(o), "line": o.line.value, "day": o.day.isoformat()} for o in found])
        return
    for o in found:
        struck = in_language(Says(f"  (đã gạch: {o.struck})", f"  (struck out: {o.struck})")) if o.struck else ""
        line = in_language(words.PLAN_LINE[o.line])
        typer.echo(f"{o.number}\t{o.day:%d/%m/%Y}\t{line}\t{o.quantity}\t{o.what}\t{o.evidence}{struck}")


@outputs.command()
def add(
    line: Annotated[str, typer.Option("--line", help="documents, clips or trainees.")],
    quantity: Annotated[int, typer.Option("--quantity", help="How many.")],
    what: Annotated[str, typer.Option("--what", help="What it was, in a few words.")],
    evidence: Annotated[str, typer.Option("--evidence", help="The paper that proves it, as “Biên bản 12/BB”.")],
    day: Annotated[str, typer.Option("--day", help="As 25/11/2026; else today.")] = "",
    file: Annotated[Path | None, typer.Option("--file", help="That paper: PDF, picture, Word, Excel.")] = None,
    by: By = "",
) -> None:
    """Enter what was reached of a line, with what proves it.

    Example: bantin outputs add --line clips --quantity 2 --what "Clip phòng chống tảo hôn" --evidence "Biên bản 12/BB"
    """
    from pipeline.core.outputs import BY_HAND, Output, PlanLine
    from pipeline.newsroom import outputs as newsroom

    if line not in BY_HAND:
        raise WrongChoice(option="--line", value=line, known=", ".join(BY_HAND))
    if file and not file.is_file():
        raise typer.BadParameter(str(file), param_hint="--file")
    with at_desk() as one:
        desk = _in_name_of(one, by)
        when = a_day(day) or desk.now().astimezone(desk.config.zone).date()
        output = Output(line=PlanLine(line), quantity=quantity, day=when, what=what, evidence=evidence)
        newsroom.enter(desk, output, file)


@outputs.command()
def strike(
    number: Annotated[int, typer.Argument(help="Its number in the list.")],
    why: Annotated[str, typer.Option("-m", "--why", help="Why it counts no more.")],
    by: By = "",
) -> None:
    """Strike out what was entered wrongly; it stays to be seen.

    Example: bantin outputs strike 118 -m "ghi hai lần"
    """
    from pipeline.newsroom import outputs as newsroom

    with at_desk() as desk:
        newsroom.strike(_in_name_of(desk, by), number, why)


def _in_name_of(desk: "Desk", by: str) -> "Desk":
    import getpass
    from dataclasses import replace

    return replace(desk, who=" ".join(by.split()) or getpass.getuser())
