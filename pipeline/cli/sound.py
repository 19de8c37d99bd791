"""Commands for sound without the ledger: render, inspect."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.shared import AsJson, Choice, app, is_there, print_json, progress_bars, settings_here
from pipeline.core.errors import NoSuchFile


@app.command()
def render(
    file: Annotated[Path, typer.Argument(help="A script or a recording; it stays where it is.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The sound file to write, in the profile's format.")],
    profile: Annotated[str, typer.Option("--profile", help="A profile of config.toml; else the first.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a script or a recording into a finished sound file, without the ledger.

    Example: bantin render tin-hom-nay.docx -o tin.mp3 --profile loa-xa
    """
    from pipeline.newsroom import rendering
    from pipeline.wiring import open_desk

    if not is_there(file):
        raise NoSuchFile(name=file)
    if not out.absolute().parent.is_dir():
        raise NoSuchFile(name=out.absolute().parent)
    settings = settings_here()
    with (
        progress_bars(Choice.lang) as progress,
        rendering.aside(settings, profile) as aside,
        open_desk(aside, progress=progress) as desk,
    ):
        made = rendering.render(desk, file, out)
    if as_json:
        print_json(made.as_json())
        return
    for note in made.notes:
        sys.stderr.write(f"! {note}\n")
    level = made.master.loudness
    typer.echo(f"{out}\t{made.master.seconds:.1f} s\t{level.integrated:.1f} LUFS\t{level.true_peak:.1f} dBTP")


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="Any sound file.")],
    picture: Annotated[Path | None, typer.Option("--picture", help="Draw its wave and loudness into a PNG.")] = None,
    profile: Annotated[str, typer.Option("--profile", help="Whose target and ceiling the picture shows.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show how loud a sound file is, and what is wrong with it, with the times in the file.

    Example: bantin inspect phong-van.mp3 --picture phong-van.png
    """
    from pipeline.newsroom import inspection, rendering
    from pipeline.studio.tools import ffmpeg

    if not is_there(file):
        raise NoSuchFile(name=file)
    settings = settings_here()
    with rendering.aside(settings, profile) as aside:
        program, goal = ffmpeg(aside.settings.tools.ffmpeg), next(iter(aside.profiles.values()))
    found = inspection.look(file, program, goal, picture)
    if as_json:
        print_json(found.as_json())
    else:
        for line in found.lines():
            typer.echo(line)
    if found.problem:
        raise found.problem
