"""Commands for a workspace: demo, init, doctor."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.shared import AsJson, Choice, app, at_desk, in_language, print_json, print_problem, progress_bars
from pipeline.core.errors import Says


@app.command()
def demo(
    folder: Annotated[Path | None, typer.Option("--dir", help="An empty or new folder for its workspace.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the whole line in a fresh workspace, offline, with two practice stations.

    Example: bantin demo --dir /srv/bantin-demo --json
    """
    from pipeline.demo import run as show

    with progress_bars(Choice.lang or "vi") as progress:
        result = show.run(folder, progress)
    if as_json:
        print_json(result.as_json())
    else:
        show.tell(result, Choice.lang or "vi")


@app.command()
def init(
    folder: Annotated[Path | None, typer.Argument(help="Where the workspace shall be; else as -w says.")] = None,
) -> None:
    """Make a workspace: settings, stations, the drop folder with its templates.

    Example: bantin init BANTIN
    """
    from pipeline.wiring import make_workspace

    folder = (folder or Choice.workspace).resolve()
    make_workspace(folder)
    words = Says(
        "Đã tạo {folder}. Thả kịch bản vào {scripts}.\nVào thư mục ấy (cd {folder}), rồi:\n"
        "  1. ghi các trạm vào stations.csv, xem lại: bantin stations check   (trạm đầu tiên: docs/vi/tram-moi.md)\n"
        '  2. thêm người quản trị trang web: bantin people add quan-tri --name "TÊN" --role quan-tri\n'
        "  3. chạy: bantin serve, rồi mở http://127.0.0.1:8080 để đăng nhập và thêm những người khác",
        "Made {folder}. Drop scripts into {scripts}.\nGo there (cd {folder}), then:\n"
        "  1. enter your stations in stations.csv and check them: bantin stations check   (docs/vi/tram-moi.md)\n"
        '  2. admit the first administrator of the page: bantin people add quan-tri --name "NAME" --role quan-tri\n'
        "  3. run: bantin serve, and open http://127.0.0.1:8080 to sign in and admit the others",
    )
    where = shlex.quote(str(folder))
    typer.echo(in_language(words.format(folder=where, scripts=shlex.quote(str(folder / "scripts")))))


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check settings, tools, voices, stations and the ledger, and print the fix for each that fails.

    Example: bantin doctor
    """
    from pipeline.newsroom.health import check

    with at_desk() as desk:
        findings = check(desk)
    if as_json:
        print_json([f.as_json() for f in findings])
    for finding in [] if as_json else findings:
        typer.echo(f"{'✓' if finding.problem is None else '✗'} {finding.name}")
        if finding.problem:
            print_problem(finding.problem)
    worst = [f.problem.exit_code for f in findings if f.problem and f.needed]
    raise typer.Exit(worst[0] if worst else 0)
