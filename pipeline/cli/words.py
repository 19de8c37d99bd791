"""Commands for words and voices: spoken, check, say, voices."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.shared import (
    AsJson,
    Choice,
    a_language,
    app,
    as_people_know_them,
    at_desk,
    faces_of,
    in_language,
    is_there,
    print_json,
    print_problem,
    print_table,
    raise_last,
    tell_twins,
)
from pipeline.core.errors import NoSuchFile, Says, WrongChoice


@app.command()
def spoken(
    lang: Annotated[str, typer.Option("--lang", help="vi or km.")],
    file: Annotated[str, typer.Argument(help="A text file, or - for standard input.")] = "-",
    register: Annotated[str, typer.Option("--register", help="nam (ngàn, lẻ) or bac (nghìn, linh).")] = "",
    codes: Annotated[str, typer.Option("--codes", help="Letters of document numbers: day-du, gon or bo.")] = "",
    explain: Annotated[bool, typer.Option("--explain", help="Each token, its class, and what spoke it.")] = False,
) -> None:
    """Print text as it will be spoken, a line for each line.

    In a workspace its register and dictionary are used, and its first programme's way with document numbers.

    Example: echo "Kế hoạch 207/KH-UBND" | bantin spoken --lang vi -
    """
    from pipeline import reading

    language, announcer = a_language(lang), _announcer(register, codes)
    with _open_text(file) as lines:
        for line in lines:
            written = line.rstrip("\r\n")
            if explain:
                _explain(reading.explain(written, language, announcer))
            else:
                sys.stdout.write(reading.spoken(written, language, announcer).text + "\n")


@app.command()
def check(file: Annotated[Path, typer.Argument(help="A script or a recording.")], as_json: AsJson = False) -> None:
    """Tell everything about a script before it is dropped: faults, reading, length, doubts, recordings, voices.

    Example: bantin check tin-hom-nay.docx
    """
    from pipeline.newsroom import checks

    if not is_there(file):
        raise NoSuchFile(name=file)
    with at_desk() as desk:
        found = checks.check(desk, file)
        voices = as_people_know_them(desk, found.voices)
        faces = faces_of(desk.config)
    if as_json:
        print_json(found.as_json())
    else:
        told = faces.checked(
            found.name,
            bulletin=found.bulletin,
            reading=found.reading,
            seconds=found.seconds,
            files=found.files,
            voices=voices,
            paragraphs=found.paragraphs,
            takes=found.takes,
            sounds=found.sounds,
        )
        tell_twins(found.twins)
        typer.echo(told)
    raise_last(list(found.problems))


def _announcer(register: str, codes: str) -> Any:  # noqa: ANN401 - an Announcer, imported where used
    """The announcer of the workspace we stand in, or of the shipped tables where we stand in none."""
    from pipeline import reading
    from pipeline.config import CONFIG_NAME, load
    from pipeline.reading.dictionary import Dictionary
    from pipeline.reading.dictionary import load as load_dictionary

    own = Dictionary()
    if (Choice.workspace / CONFIG_NAME).is_file():
        config = load(Choice.workspace)
        register = register or config.settings.reading.register_
        codes = codes or next(iter(config.programmes.values())).document_codes
        own = load_dictionary(config.dictionary)
    for fault in own.faults:
        sys.stderr.write(f"! {own.name}, dòng / line {fault}\n")
    return reading.Announcer(_one_of(reading.Register, register or "nam", "--register"), own.rows,
                             _one_of(reading.Codes, codes or "day-du", "--codes"))  # fmt: skip


def _explain(pieces: list[Any]) -> None:
    """A line for each token: what is written, its class, how it is said, and the row or rule that says so."""
    for piece in pieces:
        if not piece.rule and not piece.source.strip():
            continue
        others = f"  ({' | '.join(piece.doubts)}?)" if piece.doubts else ""
        by = piece.where or (piece.rule and f"rule {piece.rule}")
        told = (piece.source.strip(), piece.rule or "word", piece.said.strip() + others, by)
        sys.stdout.write("\t".join(told).rstrip() + "\n")
    sys.stdout.write("\n")


_ENGINES = ("edge", "local", "embedded")


@app.command()
def say(
    text: Annotated[str, typer.Argument(help="What to say, in plain writing; - reads it from standard input.")],
    lang: Annotated[str, typer.Option("--lang", help="vi or km.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The WAV file to write.")],
    engine: Annotated[str, typer.Option("--engine", help="edge, local or embedded.")] = "embedded",
    voice: Annotated[str, typer.Option("--voice", help="A voice's name, or nữ or nam.")] = "",
) -> None:
    """Say a text into a WAV file.

    Example: bantin say --lang km -o chao.wav "សួស្តី"
    """
    from pipeline.newsroom.voicing import say as speak

    if engine not in _ENGINES:
        raise WrongChoice(option="--engine", value=engine, known=", ".join(_ENGINES))
    if not out.absolute().parent.is_dir():
        raise NoSuchFile(name=out.absolute().parent)
    if text == "-":
        with _open_text(text) as lines:
            text = lines.read()
    with at_desk() as desk:
        speak(desk, text, a_language(lang), out, engine=engine, wish=voice)
    typer.echo(out)


@app.command()
def voices(
    sample: Annotated[Path | None, typer.Option("--sample", help="Write a WAV of --voice, or of every voice.")] = None,
    sheet: Annotated[Path | None, typer.Option("--sheet", help="Write a listening sheet of --voice.")] = None,
    voice: Annotated[str, typer.Option("--voice", help="A voice's name; else every draft voice has a sheet.")] = "",
    as_json: AsJson = False,
) -> None:
    """List every voice: engine, language, sex, region, whether it answers now; write samples and listening sheets.

    Example: bantin voices --sheet phieu-nghe --voice km-thu
    """
    from pipeline.newsroom import voices as newsroom

    with at_desk() as desk:
        listed = list(newsroom.roster(desk))
        ready = [one.voice for one in listed if not one.problem]
        if sample:
            for name in [voice] if voice else [v.name for v in ready]:
                newsroom.sample(desk, name, sample / f"{name}.wav")
                typer.echo(sample / f"{name}.wav")
        if sheet:
            for name in [voice] if voice else [v.name for v in ready if v.draft]:
                typer.echo(newsroom.sheet(desk, name, sheet))
        for problem in newsroom.silent(desk):
            print_problem(problem)
        if as_json:
            print_json([one.as_json() for one in listed])
        elif not sample and not sheet:
            print_table(faces_of(desk.config).voices((v.engine.name, v.voice, v.problem) for v in listed))
            for problem in {v.engine.name: v.problem for v in listed if v.problem}.values():
                print_problem(problem)
            if not desk.config.settings.voices.online:
                words = Says(
                    "! Giọng trực tuyến đang tắt (online = false trong config.toml).",
                    "! The online voices are switched off (online = false in config.toml).",
                )
                sys.stderr.write(in_language(words) + "\n")


def _one_of(choices: Any, code: str, option: str) -> Any:  # noqa: ANN401 - any StrEnum and its member
    try:
        return choices(code)
    except ValueError as problem:
        raise WrongChoice(option=option, value=code, known=", ".join(choices)) from problem


@contextmanager
def _open_text(name: str) -> Iterator[Any]:
    if name == "-":
        sys.stdin.reconfigure(newline="\n")  # type: ignore[union-attr]  # a line out for each line in, whatever is inside
        yield sys.stdin
        return
    from pipeline.core.errors import UnreadableScript

    if not is_there(Path(name)):
        raise NoSuchFile(name=name)
    try:
        with Path(name).open(encoding="utf-8-sig", newline="\n") as lines:
            yield lines
    except (OSError, UnicodeDecodeError) as problem:
        raise UnreadableScript(name=name, format="UTF-8", reason=problem) from problem
