"""Commands for bulletins: add, list, show, preview, redo, approve, return, withdraw."""

import getpass
import sys
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.core.errors import NoSuchFile, PipelineError, Says

if TYPE_CHECKING:
    from pipeline.newsroom.desk import Desk

from pipeline.cli.shared import (
    AsJson,
    By,
    Id,
    app,
    as_people_know_them,
    at_desk,
    faces_of,
    in_language,
    is_there,
    print_json,
    print_table,
    raise_last,
    show_bulletins,
    show_clashes,
    show_conflicts,
    tell_fallbacks,
    tell_twins,
    the_line,
)


@app.command()
def add(files: Annotated[list[Path], typer.Argument(help="Scripts or recordings.")], as_json: AsJson = False) -> None:
    """Take in scripts or recordings now, and make bulletins of them.

    Example: bantin add tin-hom-nay.docx phong-van.wav
    """
    from pipeline.newsroom import bulletins, scripts

    with at_desk() as desk, the_line(desk):
        problems: list[PipelineError] = [NoSuchFile(name=file) for file in files if not is_there(file)]
        taken = scripts.sweep(desk, filter(is_there, files))
        problems += [t.problem for t in taken if t.problem]
        for item in taken:
            if item.bulletin and (not item.again or bulletins.is_open(desk, item.bulletin)):
                try:
                    bulletins.render(desk, item.bulletin)
                except PipelineError as problem:
                    problems.append(problem)
        show_bulletins(desk, {t.bulletin.id for t in taken if t.bulletin}, as_json)
        for item in taken:
            tell_fallbacks(desk, item.bulletin)
            tell_twins(bulletins.twins(desk, item.bulletin) if item.bulletin else ())
            for note in bulletins.unnamed(desk, item.bulletin) if item.bulletin else ():
                sys.stderr.write(f"! {note.about}: {note.message}\n")
    raise_last(problems)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List bulletins and where each stands.

    Example: bantin list
    """
    with at_desk() as desk:
        show_bulletins(desk, None, as_json)


@app.command()
def show(bulletin: Id, as_json: AsJson = False) -> None:
    """Show a bulletin: its text as spoken, its sound, and everything that happened to it.

    Example: bantin show sot-xuat-huyet
    """
    from pipeline.newsroom import approvals, bulletins, views

    with at_desk() as desk:
        found = approvals.find(desk, bulletin)
        read = bulletins.reading_of(desk, found)
        facts = desk.ledger.facts(found.id)
        if as_json:
            print_json({"id": found.id, "title": found.title, "text": read.text if read else "",
                         "notes": [f"{n.about}: {n.message}" for n in read.notes] if read else [],
                         "facts": [_fact_row(f) for f in facts]})  # fmt: skip
            return
        show_bulletins(desk, {found.id}, as_json=False)
        suffixes = [master.suffix for master in bulletins.masters(desk, found).values()]
        typer.echo(f"\n{views.sound(desk, found, *suffixes[:1])}\n")
        typer.echo(read.text if read else "")
        for note in read.notes if read else ():
            typer.echo(f"! {note.about}: {note.message}")
        print_table(faces_of(desk.config).history(facts))


@app.command()
def preview(
    bulletin: Id,
    sentence: Annotated[int, typer.Option("--sentence", "-n", min=0, help="Which one to hear; 0 lists them.")] = 0,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The WAV file; else named after it.")] = None,
    instead: Annotated[str, typer.Option("--as", help="Other words to try in its place.")] = "",
) -> None:
    """List a bulletin's sentences as they are read now and who spoke each, or voice one of them into a WAV file.

    Example: bantin preview sot-xuat-huyet --sentence 3
    """
    from pipeline.newsroom import approvals
    from pipeline.newsroom import preview as newsroom

    with at_desk() as desk:
        found = approvals.find(desk, bulletin)
        if not sentence:
            _list_passages(desk, found)
            return
        sentences = newsroom.sentences(desk, found)
        if sentence > len(sentences):
            raise typer.BadParameter(f"{sentence}: 1–{len(sentences)}", param_hint="--sentence")
        wanted = sentences[sentence - 1]
        file = out or Path(f"{found.id}-{sentence:03d}.wav")
        if instead:
            wanted = newsroom.reworded(desk, found, wanted, instead)
            file = out or _unused(file.with_stem(f"{file.stem}-thu"))
        take = newsroom.hear(desk, found, wanted, file)
        (speaker,) = as_people_know_them(desk, [f"{take.engine} {take.voice}"])
        typer.echo(f"{file}\t{speaker}\t{take.seconds:.1f} s\t{wanted.text}")


def _list_passages(desk: "Desk", bulletin: Any) -> None:  # noqa: ANN401 - a Bulletin, imported where used
    """A line for each sentence, with its number, language and last speaker; recordings between them have no number."""
    from pipeline.core.model import RecordingMark
    from pipeline.newsroom import preview as newsroom

    passages = newsroom.passages(desk, bulletin)
    sentences = [p for p in passages if not isinstance(p, RecordingMark)]
    spoken = iter(as_people_know_them(desk, newsroom.speakers(desk, bulletin, sentences)))
    number = 0
    for passage in passages:
        if isinstance(passage, RecordingMark):
            language = passage.language.value if passage.language else "-"
            typer.echo(f"-\t{language}\t{passage.name}\t{passage.transcript}")
        else:
            number += 1
            typer.echo(f"{number}\t{passage.language.value}\t{next(spoken)}\t{passage.text}")


def _unused(file: Path) -> Path:
    """The path, or the first one with a number behind its name, where nothing stands yet: both can be compared."""
    numbered = (file.with_stem(f"{file.stem}-{number}") for number in count(2))
    return next(path for path in chain([file], numbered) if not path.exists())


@app.command()
def redo(bulletin: Id, as_json: AsJson = False) -> None:
    """Make a bulletin again with today's dictionary and settings; changed bytes must be signed again.

    Example: bantin redo sot-xuat-huyet
    """
    from pipeline.newsroom import approvals, bulletins

    with at_desk() as desk, the_line(desk):
        found = approvals.find(desk, bulletin)
        bulletins.redo(desk, found)
        show_bulletins(desk, {found.id}, as_json)
        tell_fallbacks(desk, found)


@app.command()
def approve(bulletin: Id, by: By, as_json: AsJson = False) -> None:
    """Sign a bulletin off for air; the signature covers exactly its present bytes. Then plan it.

    Example: bantin approve sot-xuat-huyet --by "TÊN NGƯỜI DUYỆT"
    """
    from pipeline.newsroom import approvals, bulletins, plan

    with at_desk() as desk:
        found = approvals.find(desk, bulletin)
        status = approvals.approve(desk, found, by)
        if status.half_signed and not status.may_go_out:
            show_bulletins(desk, {found.id}, as_json)
            words = Says(
                "! Bản tin khẩn cấp: cần một người duyệt nữa thì mới được phát.",
                "! It is urgent: it airs only when one more person has signed it.",
            )
            sys.stderr.write(in_language(words) + "\n")
            return
        planned = plan.plan(desk, found)
        show_bulletins(desk, {found.id}, as_json)
        show_conflicts(desk, [planned])
        show_clashes(desk, plan.clashes(desk, {found.id}))
        tell_twins(bulletins.twins(desk, found))
        if not desk.ledger.transmissions(found.id):
            words = Says(
                "! Chưa có trạm nào nhận bản tin này: xem stations.csv và dòng “Nơi nhận”.",
                "! No station gets this bulletin yet: see stations.csv and its recipients.",
            )
            sys.stderr.write(in_language(words) + "\n")


@app.command("return")
def return_(bulletin: Id, why: Annotated[str, typer.Option("-m", "--why", help="What to mend.")], by: By = "") -> None:
    """Return a bulletin to its editor with a comment; any signature is void.

    Example: bantin return sot-xuat-huyet -m "sai tên xã"
    """
    from pipeline.newsroom import approvals

    with at_desk() as desk:
        found = approvals.find(desk, bulletin)
        approvals.send_back(desk, found, by or getpass.getuser(), why)
        show_bulletins(desk, {found.id}, as_json=False)
        _warn_where(desk, found)


@app.command()
def withdraw(bulletin: Id, by: By = "") -> None:
    """Take a bulletin back for good: it is not pushed any more and does not count.

    Example: bantin withdraw sot-xuat-huyet --by "TÊN NGƯỜI DUYỆT"
    """
    from pipeline.newsroom import approvals

    with at_desk() as desk:
        found = approvals.find(desk, bulletin)
        approvals.withdraw(desk, found, by or getpass.getuser())
        show_bulletins(desk, {found.id}, as_json=False)
        _warn_where(desk, found)


def _fact_row(fact: Any) -> dict[str, Any]:  # noqa: ANN401 - a Fact, imported where used
    return {"happened": fact.happened.value, "who": fact.who, "at": fact.at.isoformat(), "station": fact.station,
            "digest": fact.digest, "detail": dict(fact.detail)}  # fmt: skip


def _warn_where(desk: "Desk", bulletin: Any) -> None:  # noqa: ANN401 - a Bulletin, imported where used
    """Name the stations that hold what was just stopped: they may still air it until someone calls them."""
    from pipeline.core.status import status_of

    if holding := sorted(status_of(desk.ledger.facts(bulletin.id)).holding):
        words = Says(
            "! Các trạm còn giữ tệp: {stations}. Chạy bantin push để gỡ; gấp thì gọi trạm.",
            "! Still at these stations: {stations}. Run bantin push to take it away; if it is urgent, call them.",
        )
        sys.stderr.write(in_language(words.format(stations=", ".join(holding))) + "\n")
