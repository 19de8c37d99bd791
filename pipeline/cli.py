"""The command `bantin`. Data goes to standard output, progress and problems to standard error."""

import errno
import getpass
import json
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.core.errors import NoSuchFile, PipelineError, Says, Unexpected, as_problem

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.core.ports import Progress
    from pipeline.newsroom.desk import Desk
    from pipeline.newsroom.push import Pushed
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
By = Annotated[str, typer.Option("--by", help="Who does it; a person's name.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


_SYSTEMS_FAULT = {
    errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ESTALE,
    errno.EISDIR, errno.ENAMETOOLONG,
}  # fmt: skip
"""What the system may refuse anyone; any other OSError is a bug of ours and keeps its trace."""


class _Choice:
    """What the options before the command said."""

    workspace = Path()
    lang = ""


@app.callback()
def _options(
    workspace: Annotated[
        Path, typer.Option("--workspace", "-w", envvar="BANTIN_WORKSPACE", help="Its folder.")
    ] = Path(),
    lang: Annotated[str, typer.Option("--lang", help="Language of messages, vi or en; else as config.toml says.")] = "",
) -> None:
    if lang not in {"", "vi", "en"}:
        raise typer.BadParameter(f"{lang!r}: vi | en", param_hint="--lang")
    _Choice.workspace, _Choice.lang = workspace, lang


def main() -> None:
    """Run the command; a known problem becomes a message and an exit code, a bug keeps its traceback."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]  # always text streams here
    try:
        app()
    except PipelineError as problem:
        _print_problem(problem)
        sys.exit(problem.exit_code)
    except OSError as fault:
        if fault.errno not in _SYSTEMS_FAULT:
            raise
        trouble = as_problem(fault, str(_Choice.workspace))
        _print_problem(trouble)
        sys.exit(trouble.exit_code)


# --- a workspace -----------------------------------------------------------------------------------------------------


@app.command()
def demo(
    folder: Annotated[Path | None, typer.Option("--dir", help="An empty or new folder for its workspace.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the whole line in a fresh workspace, offline, with two practice stations.

    Example: bantin demo --dir /srv/bantin-demo --json
    """
    from pipeline.demo import run as show

    with _progress(_Choice.lang or "vi") as progress:
        result = show.run(folder, progress)
    if as_json:
        _print_json(result.as_json())
    else:
        show.tell(result, _Choice.lang or "vi")


@app.command()
def init(
    folder: Annotated[Path | None, typer.Argument(help="Where the workspace shall be; else as -w says.")] = None,
) -> None:
    """Make a workspace: settings, stations, the drop folder with its templates.

    Example: bantin init BANTIN
    """
    from pipeline.wiring import make_workspace

    folder = (folder or _Choice.workspace).resolve()
    make_workspace(folder)
    typer.echo(_say(Says(f"Đã tạo {folder}. Thả kịch bản vào {folder / 'scripts'}.",
                         f"Made {folder}. Drop scripts into {folder / 'scripts'}.")))  # fmt: skip


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check settings, tools, voices, stations and the ledger, and print the fix for each that fails.

    Example: bantin doctor
    """
    from pipeline.newsroom.health import check

    with _desk() as desk:
        findings = check(desk)
    if as_json:
        _print_json([f.as_json() for f in findings])
    for finding in [] if as_json else findings:
        typer.echo(f"{'✓' if finding.problem is None else '✗'} {finding.name}")
        if finding.problem:
            _print_problem(finding.problem)
    worst = [f.problem.exit_code for f in findings if f.problem and f.needed]
    raise typer.Exit(worst[0] if worst else 0)


# --- words -----------------------------------------------------------------------------------------------------------


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

    language, announcer = _language(lang), _announcer(register, codes)
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

    if not _there(file):
        raise NoSuchFile(name=file)
    with _desk() as desk:
        found = checks.check(desk, file)
        faces = _faces(desk.config)
    if as_json:
        _print_json(found.as_json())
    else:
        told = faces.checked(
            found.name,
            bulletin=found.bulletin,
            reading=found.reading,
            seconds=found.seconds,
            files=found.files,
            voices=found.voices,
            paragraphs=found.paragraphs,
            takes=found.takes,
            sounds=found.sounds,
        )
        _tell_twins(found.twins)
        typer.echo(told)
    _raise_last(list(found.problems))


def _announcer(register: str, codes: str) -> Any:  # noqa: ANN401 - an Announcer, imported where used
    """The announcer of the workspace we stand in, or of the shipped tables where we stand in none."""
    from pipeline import reading
    from pipeline.config import CONFIG_NAME, load
    from pipeline.reading.dictionary import Dictionary
    from pipeline.reading.dictionary import load as load_dictionary

    own = Dictionary()
    if (_Choice.workspace / CONFIG_NAME).is_file():
        config = load(_Choice.workspace)
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


@app.command()
def say(
    text: Annotated[str, typer.Argument(help="What to say, in plain writing.")],
    lang: Annotated[str, typer.Option("--lang", help="vi or km.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The WAV file to write.")],
    engine: Annotated[str, typer.Option("--engine", help="edge or embedded.")] = "embedded",
    voice: Annotated[str, typer.Option("--voice", help="A voice's name, or nữ or nam.")] = "",
) -> None:
    """Say a text into a WAV file.

    Example: bantin say --lang km -o chao.wav "សួស្តី"
    """
    from pipeline.newsroom.voicing import say as speak

    if engine not in {"edge", "embedded"}:
        raise typer.BadParameter(f"{engine!r}: edge | embedded", param_hint="--engine")
    if not out.absolute().parent.is_dir():
        raise NoSuchFile(name=out.absolute().parent)
    with _desk() as desk:
        speak(desk, text, _language(lang), out, engine=engine, wish=voice)
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

    with _desk() as desk:
        listed = list(newsroom.roster(desk))
        ready = [one.voice for one in listed if not one.problem]
        if sample:
            sample.mkdir(parents=True, exist_ok=True)
            for name in [voice] if voice else [v.name for v in ready]:
                newsroom.sample(desk, name, sample / f"{name}.wav")
                typer.echo(sample / f"{name}.wav")
        if sheet:
            for name in [voice] if voice else [v.name for v in ready if v.draft]:
                typer.echo(newsroom.sheet(desk, name, sheet))
        if as_json:
            _print_json([one.as_json() for one in listed])
        elif not sample and not sheet:
            _print_table(_faces(desk.config).voices((v.engine.name, v.voice, v.problem) for v in listed))
            for problem in {v.engine.name: v.problem for v in listed if v.problem}.values():
                _print_problem(problem)
            if not desk.config.settings.voices.online:
                words = Says(
                    "! Giọng trực tuyến đang tắt (online = false trong config.toml).",
                    "! The online voices are switched off (online = false in config.toml).",
                )
                sys.stderr.write(_say(words) + "\n")


# --- sound -----------------------------------------------------------------------------------------------------------


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

    if not _there(file):
        raise NoSuchFile(name=file)
    if not out.absolute().parent.is_dir():
        raise NoSuchFile(name=out.absolute().parent)
    settings = _settings()
    with (
        _progress(_Choice.lang) as progress,
        rendering.aside(settings, profile) as aside,
        open_desk(aside, progress=progress) as desk,
    ):
        made = rendering.render(desk, file, out)
    if as_json:
        _print_json(made.as_json())
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

    if not _there(file):
        raise NoSuchFile(name=file)
    settings = _settings()
    with rendering.aside(settings, profile) as aside:
        program, goal = ffmpeg(aside.settings.tools.ffmpeg), next(iter(aside.profiles.values()))
    found = inspection.look(file, program, goal, picture)
    if as_json:
        _print_json(found.as_json())
    else:
        for line in found.lines():
            typer.echo(line)
    if found.problem:
        raise found.problem


def _settings() -> "Config":
    """The settings of the workspace we stand in, or those that a new one begins with."""
    from pipeline import config
    from pipeline.wiring import starter

    here = (_Choice.workspace / config.CONFIG_NAME).is_file()
    settings = config.load(_Choice.workspace if here else starter())
    _Choice.lang = _Choice.lang or settings.settings.newsroom.language
    return settings


# --- bulletins -------------------------------------------------------------------------------------------------------


@app.command()
def add(files: Annotated[list[Path], typer.Argument(help="Scripts or recordings.")], as_json: AsJson = False) -> None:
    """Take in scripts or recordings now, and make bulletins of them.

    Example: bantin add tin-hom-nay.docx phong-van.wav
    """
    from pipeline.newsroom import bulletins, scripts

    with _desk() as desk, _line(desk):
        problems: list[PipelineError] = [NoSuchFile(name=file) for file in files if not _there(file)]
        taken = scripts.sweep(desk, filter(_there, files))
        problems += [t.problem for t in taken if t.problem]
        for item in taken:
            if item.bulletin and (not item.again or bulletins.is_open(desk, item.bulletin)):
                try:
                    bulletins.render(desk, item.bulletin)
                except PipelineError as problem:
                    problems.append(problem)
        _show_bulletins(desk, {t.bulletin.id for t in taken if t.bulletin}, as_json)
        for item in taken:
            _tell_fallbacks(desk, item.bulletin)
            _tell_twins(bulletins.twins(desk, item.bulletin) if item.bulletin else ())
    _raise_last(problems)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List bulletins and where each stands.

    Example: bantin list
    """
    with _desk() as desk:
        _show_bulletins(desk, None, as_json)


@app.command()
def show(bulletin: Id, as_json: AsJson = False) -> None:
    """Show a bulletin: its text as spoken, its sound, and everything that happened to it.

    Example: bantin show sot-xuat-huyet
    """
    from pipeline.newsroom import approvals, bulletins, views

    with _desk() as desk:
        found = approvals.find(desk, bulletin)
        read = bulletins.reading_of(desk, found)
        facts = desk.ledger.facts(found.id)
        if as_json:
            _print_json({"id": found.id, "title": found.title, "text": read.text if read else "",
                         "notes": [f"{n.about}: {n.message}" for n in read.notes] if read else [],
                         "facts": [_fact(f) for f in facts]})  # fmt: skip
            return
        _show_bulletins(desk, {found.id}, as_json=False)
        suffixes = [master.suffix for master in bulletins.masters(desk, found).values()]
        typer.echo(f"\n{views.sound(desk, found, *suffixes[:1])}\n")
        typer.echo(read.text if read else "")
        for note in read.notes if read else ():
            typer.echo(f"! {note.about}: {note.message}")
        _print_table(_faces(desk.config).history(facts))


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

    with _desk() as desk:
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
        typer.echo(f"{file}\t{take.engine} {take.voice}\t{take.seconds:.1f} s\t{wanted.text}")


def _list_passages(desk: "Desk", bulletin: Any) -> None:  # noqa: ANN401 - a Bulletin, imported where used
    """A line for each sentence, with its number, language and last speaker; recordings between them have no number."""
    from pipeline.core.model import RecordingMark
    from pipeline.newsroom import preview as newsroom

    passages = newsroom.passages(desk, bulletin)
    spoken = iter(newsroom.speakers(desk, bulletin, [p for p in passages if not isinstance(p, RecordingMark)]))
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

    with _desk() as desk, _line(desk):
        found = approvals.find(desk, bulletin)
        bulletins.redo(desk, found)
        _show_bulletins(desk, {found.id}, as_json)
        _tell_fallbacks(desk, found)


@app.command()
def approve(bulletin: Id, by: By, as_json: AsJson = False) -> None:
    """Sign a bulletin off for air; the signature covers exactly its present bytes. Then plan it.

    Example: bantin approve sot-xuat-huyet --by "TÊN NGƯỜI DUYỆT"
    """
    from pipeline.newsroom import approvals, bulletins, plan

    with _desk() as desk:
        found = approvals.find(desk, bulletin)
        approvals.approve(desk, found, by)
        planned = plan.plan(desk, found)
        _show_bulletins(desk, {found.id}, as_json)
        _show_conflicts(desk, [planned])
        _tell_twins(bulletins.twins(desk, found))
        if not desk.ledger.transmissions(found.id):
            words = Says(
                "! Chưa có trạm nào nhận bản tin này: xem stations.csv và dòng “Nơi nhận”.",
                "! No station gets this bulletin yet: see stations.csv and its recipients.",
            )
            sys.stderr.write(_say(words) + "\n")


@app.command("return")
def return_(bulletin: Id, why: Annotated[str, typer.Option("-m", "--why", help="What to mend.")], by: By = "") -> None:
    """Return a bulletin to its editor with a comment; any signature is void.

    Example: bantin return sot-xuat-huyet -m "sai tên xã"
    """
    from pipeline.newsroom import approvals

    with _desk() as desk:
        found = approvals.find(desk, bulletin)
        approvals.send_back(desk, found, by or getpass.getuser(), why)
        _show_bulletins(desk, {found.id}, as_json=False)
        _warn_where(desk, found)


@app.command()
def withdraw(bulletin: Id, by: By = "") -> None:
    """Take a bulletin back for good: it is not pushed any more and does not count.

    Example: bantin withdraw sot-xuat-huyet --by "TÊN NGƯỜI DUYỆT"
    """
    from pipeline.newsroom import approvals

    with _desk() as desk:
        found = approvals.find(desk, bulletin)
        approvals.withdraw(desk, found, by or getpass.getuser())
        _show_bulletins(desk, {found.id}, as_json=False)
        _warn_where(desk, found)


# --- air and stations ------------------------------------------------------------------------------------------------


@app.command()
def plan(
    date: Annotated[str, typer.Option("--date", help="Only what airs on this day, as 2026-11-25.")] = "",
    as_json: AsJson = False,
) -> None:
    """Plan approved bulletins: which station airs which, and when; tells what cannot air and why.

    Example: bantin plan --date 2026-11-25
    """
    from pipeline.newsroom import plan as planning

    with _desk() as desk:
        planned = planning.plan_all(desk, _date(date))
        if as_json:
            _print_json([{"bulletin": p.bulletin, "added": p.added, "conflicts": len(p.conflicts)} for p in planned])
            return
        for p in planned:
            if p.added:
                typer.echo(f"{p.bulletin}: +{p.added}")
        if not any(p.added for p in planned):
            typer.echo(_say(Says("Không có lượt phát mới.", "Nothing new to plan.")))
        _show_conflicts(desk, planned)


@app.command("run-due")
def run_due(as_json: AsJson = False) -> None:
    """Do once all that is due now: take in, render, plan, push. For cron, or after a night without power.

    Example: bantin run-due
    """
    from pipeline.newsroom import bulletins, scripts
    from pipeline.newsroom import plan as planning

    with _desk() as desk:
        problems: list[tuple[PipelineError, str]] = []
        try:
            with _line(desk):
                problems += [(t.problem, "") for t in scripts.sweep(desk, scripts.settled_now(desk)) if t.problem]
                made = bulletins.render_new(desk, held_too=True)
                for bulletin, problem in made:
                    _tell_fallbacks(desk, bulletin if not problem else None)
                problems += [(problem, bulletin.id) for bulletin, problem in made if problem]
        except (PipelineError, OSError) as hindrance:
            problems.append((as_problem(hindrance, str(desk.config.scripts)), ""))
        finally:  # whatever hinders the new bulletins, those that are signed go out
            planning.plan_all(desk)
            done = _push(desk, "", as_json)
        for problem, about in problems:
            _print_problem(problem, about)
        done.must_have_succeeded()
        if problems:
            raise typer.Exit(problems[-1][0].exit_code)


@app.command()
def push(
    only: Annotated[str, typer.Option("--only", help="Only this station's code.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, send nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send what airs soon to every station that lacks it. Run twice, the second run sends nothing.

    Example: bantin push --only CM-0101
    """
    from pipeline.newsroom import plan as planning
    from pipeline.newsroom import push as pushing

    with _desk() as desk:
        planning.plan_all(desk)
        if dry_run:
            _show_wanted(pushing.wanted(desk, only), as_json)
            return
        _push(desk, only, as_json).must_have_succeeded()


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show where every bulletin stands, which stations lack what, and how the year goes.

    Example: bantin status --json
    """
    from pipeline.newsroom import bulletins
    from pipeline.newsroom.tally import tally
    from pipeline.report.tally import as_json as tally_json

    with _desk() as desk:
        counted = tally(desk)
        if as_json:
            _print_json(
                {"bulletins": [_row(r.bulletin, r.status) for r in bulletins.rows(desk)], "tally": tally_json(counted)}
            )
            return
        faces = _faces(desk.config)
        _show_bulletins(desk, None, as_json=False)
        for row in bulletins.rows(desk):
            for line in faces.lacking(row.bulletin, row.status, desk.config.stations):
                typer.echo(line)
        typer.echo(faces.year(counted))


@app.command()
def report(
    year: Annotated[int | None, typer.Option("--year", min=2000, max=9999, help="Else the current one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Count the year toward the plan, each bulletin with its evidence.

    Example: bantin report --year 2026 --json
    """
    from pipeline.newsroom.tally import tally
    from pipeline.report.tally import as_json as tally_json

    with _desk() as desk:
        counted = tally(desk, year)
        if as_json:
            _print_json(tally_json(counted))
            return
        faces = _faces(desk.config)
        typer.echo(faces.year(counted))
        _print_table(faces.tally(counted))


@app.command()
def serve() -> None:
    """Watch the drop folder and push every night, until stopped.

    Example: bantin serve
    """
    from pipeline.clock import Clock, until_told

    with _desk() as desk:
        Clock(desk).run(until_told())


# --- what the commands share -----------------------------------------------------------------------------------------


def _say(words: Says) -> str:
    return words.en if _Choice.lang == "en" else words.vi


@contextmanager
def _desk() -> "Iterator[Desk]":
    from pipeline import config
    from pipeline.wiring import open_desk

    settings = config.load(_Choice.workspace)
    _Choice.lang = _Choice.lang or settings.settings.newsroom.language
    with _progress(_Choice.lang) as progress, open_desk(settings, progress=progress) as desk:
        yield desk


def _line(desk: "Desk") -> AbstractContextManager[None]:
    """Taking in and rendering are done by one process at a time; this one waits its turn."""
    from pipeline.ledger.lock import alone
    from pipeline.newsroom.desk import LINE_WAIT

    return alone(desk.config.state, "line", LINE_WAIT)


@contextmanager
def _progress(lang: str) -> "Iterator[Progress]":
    """Bars on standard error, one a step; nothing at all where it is not a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from pipeline.report.words import STEP

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def tell(step: str, done: float, total: float) -> None:
            words = STEP.get(step)
            name = step if words is None else (words.vi if lang == "vi" else words.en)
            task = tasks.setdefault(step, bars.add_task(name)) if step not in tasks else tasks[step]
            bars.update(task, completed=done, total=total)

        yield tell


def _faces(config: "Config") -> "Faces":
    from pipeline.report.faces import Faces

    return Faces(_Choice.lang or config.settings.newsroom.language, config.zone)


def _print_problem(problem: PipelineError, about: str = "") -> None:
    what = f"{about}: " if about else ""
    if isinstance(problem, Unexpected) and problem.__cause__:
        traceback.print_exception(problem.__cause__)
    sys.stderr.write(f"{problem.code} {what}{_say(problem.message)}\n  → {_say(problem.next_step)}\n")


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False))


def _print_table(table: Any) -> None:  # noqa: ANN401 - rich is imported only where it prints
    from pipeline.report.faces import printer

    printer().print(table)


def _raise_last(problems: list[PipelineError]) -> None:
    """Print all problems but the last and raise that one, so that its exit code is the command's."""
    for problem in problems[:-1]:
        _print_problem(problem)
    if problems:
        raise problems[-1]


def _show_bulletins(desk: "Desk", only: set[Any] | None, as_json: bool) -> None:
    from pipeline.newsroom import bulletins

    rows = [r for r in bulletins.rows(desk) if only is None or r.bulletin.id in only]
    if as_json:
        _print_json([_row(r.bulletin, r.status) for r in rows])
    elif rows:
        _print_table(_faces(desk.config).bulletins([(r.bulletin, r.status) for r in rows]))


def _tell_fallbacks(desk: "Desk", bulletin: Any) -> None:  # noqa: ANN401 - a Bulletin or None, imported where used
    """Say where not the first voice speaks, and whom to tell."""
    from pipeline.newsroom import bulletins

    fallbacks, tell = bulletins.fallbacks(desk, bulletin) if bulletin else ([], [])
    for fallback in fallbacks:
        whom = _say(Says("; báo cho: {whom}", "; tell: {whom}")).format(whom=", ".join(tell)) if tell else ""
        sys.stderr.write(f"! {bulletin.id}: {fallback}{whom}\n")


def _tell_twins(twins: Iterable[str]) -> None:
    """Say that another edition of the same text airs at the same time."""
    for twin in twins:
        words = Says(
            "! Đã có bản tin cùng tên, cùng giờ phát: {id}. Bài mới thay bài cũ thì rút bài cũ: bantin withdraw {id}",
            "! Same title, same air time: {id}. If the new one replaces it: bantin withdraw {id}",
        )
        sys.stderr.write(_say(words.format(id=twin)) + "\n")


def _warn_where(desk: "Desk", bulletin: Any) -> None:  # noqa: ANN401 - a Bulletin, imported where used
    """Name the stations that hold what was just stopped: they may still air it until someone calls them."""
    from pipeline.core.status import status_of

    if holding := sorted(status_of(desk.ledger.facts(bulletin.id)).holding):
        words = Says(
            "! Các trạm còn giữ tệp: {stations}. Chạy bantin push để gỡ; gấp thì gọi trạm.",
            "! Still at these stations: {stations}. Run bantin push to take it away; if it is urgent, call them.",
        )
        sys.stderr.write(_say(words.format(stations=", ".join(holding))) + "\n")


def _show_conflicts(desk: "Desk", planned: list[Any]) -> None:
    from pipeline.report.words import CONFLICT

    for plan_ in planned:
        for conflict in plan_.conflicts:
            when = f"{conflict.at.astimezone(desk.config.zone):%d/%m/%Y %H:%M} " if conflict.at else ""
            sys.stderr.write(f"! {plan_.bulletin} {conflict.station} {when}{_say(CONFLICT[conflict.why])}\n")


def _row(bulletin: Any, status: Any) -> dict[str, Any]:  # noqa: ANN401 - Bulletin and Status, imported where used
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


def _fact(fact: Any) -> dict[str, Any]:  # noqa: ANN401 - a Fact, imported where used
    return {"happened": fact.happened.value, "who": fact.who, "at": fact.at.isoformat(), "station": fact.station,
            "digest": fact.digest, "detail": dict(fact.detail)}  # fmt: skip


def _show_wanted(wanted: list[Any], as_json: bool) -> None:
    lacking = [{"station": w.station.code, "bulletins": [b.id for b in w.bulletins]} for w in wanted]
    if as_json:
        _print_json(lacking)
        return
    if not lacking:
        typer.echo(_say(Says("Không còn gì phải gửi.", "Nothing to send.")))
    for one in lacking:
        typer.echo(f"{one['station']}: {', '.join(one['bulletins'])}")


def _push(desk: "Desk", only: str, as_json: bool) -> "Pushed":
    """Push and tell; whether it succeeded is for the caller to judge."""
    from pipeline.newsroom import push as pushing

    done = pushing.push(desk, only)
    for attempt in done.failed:
        if attempt.problem:
            _print_problem(attempt.problem)
    for threat in done.threatened:
        at = f"{threat.at.astimezone(desk.config.zone):%d/%m/%Y %H:%M}"
        _print_problem(threat.problem, about=_say(Says(f"sắp đến giờ phát {at}", f"airs at {at}")))
    if as_json:
        threatened = [threat.bulletin.id for threat in done.threatened]
        _print_json({"sent": done.sent, "missed": done.missed, "threatened": threatened, "stations": [
            {"station": a.station, "files": a.files, "sent": a.sent, "bytes": a.size,
             "code": a.problem.code if a.problem else None} for a in done.attempts
        ]})  # fmt: skip
    else:
        good = len(done.attempts) - len(done.failed)
        words = Says(
            "Đã gửi {sent} tệp; {good}/{all} trạm xong; {missed} lượt phát lỡ.",
            "Sent {sent} files; {good} of {all} stations done; {missed} airings missed.",
        )
        told = words.format(sent=done.sent, good=good, all=len(done.attempts), missed=done.missed)
        typer.echo(_say(told))
    return done


def _language(code: str) -> Any:  # noqa: ANN401 - a Language, imported where used
    from pipeline.core.model import Language

    try:
        return Language(code)
    except ValueError as problem:
        raise typer.BadParameter(f"{code!r}: vi | km", param_hint="--lang") from problem


def _one_of(choices: Any, code: str, option: str) -> Any:  # noqa: ANN401 - any StrEnum and its member
    try:
        return choices(code)
    except ValueError as problem:
        raise typer.BadParameter(f"{code!r}: {' | '.join(choices)}", param_hint=option) from problem


def _date(text: str) -> Any:  # noqa: ANN401 - a date or None
    from datetime import date

    try:
        return date.fromisoformat(text) if text else None
    except ValueError as problem:
        raise typer.BadParameter(f"{text!r}: 2026-11-25", param_hint="--date") from problem


def _there(file: Path) -> bool:
    """Whether a file is there. A sentence where a file's name belongs is too long for one, and is not."""
    try:
        return file.is_file()
    except OSError:
        return False


@contextmanager
def _open_text(name: str) -> Iterator[Any]:
    if name == "-":
        sys.stdin.reconfigure(newline="\n")  # type: ignore[union-attr]  # a line out for each line in, whatever is inside
        yield sys.stdin
        return
    from pipeline.core.errors import UnreadableScript

    if not _there(Path(name)):
        raise NoSuchFile(name=name)
    try:
        with Path(name).open(encoding="utf-8-sig", newline="\n") as lines:
            yield lines
    except (OSError, UnicodeDecodeError) as problem:
        raise UnreadableScript(name=name, format="UTF-8", reason=problem) from problem


if __name__ == "__main__":
    main()
