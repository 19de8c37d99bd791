"""Commands for the air: plan, run-due, push, status, digest, serve."""

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.core.errors import PipelineError, Says, as_problem

if TYPE_CHECKING:
    from pipeline.newsroom.desk import Desk
    from pipeline.newsroom.push import Pushed

from pipeline.cli.shared import (
    AsJson,
    Choice,
    a_day,
    app,
    at_desk,
    at_office,
    bulletin_row,
    faces_of,
    in_language,
    print_json,
    print_problem,
    print_table,
    show_bulletins,
    show_clashes,
    show_conflicts,
    show_unclear,
    tell_fallbacks,
    the_line,
)

_EVERY = 5
"""Seconds between two looks of `status --watch`."""


@app.command()
def plan(
    date: Annotated[str, typer.Option("--date", help="Only what airs on this day, as 25/11/2026 or 2026-11-25.")] = "",
    as_json: AsJson = False,
) -> None:
    """Plan approved bulletins and show what airs when and at which stations; tells what cannot, and what clashes.

    Example: bantin plan --date 2026-11-25
    """
    from pipeline.newsroom import plan as planning
    from pipeline.newsroom import registry

    with at_desk() as desk:
        day = a_day(date)
        planned = planning.plan_all(desk, day)
        airings, clashes = planning.airings(desk, day), planning.clashes(desk)
        if as_json:
            print_json(
                {
                    "planned": [
                        {"bulletin": p.bulletin, "added": p.added, "conflicts": len(p.conflicts)} for p in planned
                    ],
                    "airings": [
                        {"at": a.at.isoformat(), "bulletin": a.bulletin.id, "stations": list(a.stations)}
                        for a in airings
                    ],
                    "clashes": [
                        {"station": c.station, "at": c.at.isoformat(), "bulletins": list(c.bulletins), "why": c.why}
                        for c in clashes
                    ],
                }
            )
            return
        if airings:
            print_table(faces_of(desk.config).airings(airings))
        else:
            typer.echo(in_language(Says("Chưa có lượt phát nào sắp tới.", "Nothing is planned to air.")))
        if gone := registry.gone(desk):
            sys.stderr.write(f"! {in_language(registry.words_of_gone(gone))}\n")
        show_conflicts(desk, planned)
        show_clashes(desk, clashes)


@app.command("run-due")
def run_due(as_json: AsJson = False) -> None:
    """Do once all that is due now: take in, render, plan, push. For cron, or after a night without power.

    Example: bantin run-due
    """
    from pipeline.newsroom import bulletins, scripts
    from pipeline.newsroom import plan as planning

    problems: list[tuple[PipelineError, str]] = []
    with at_office(at_once=True) as office:
        try:
            with office.desk() as desk, the_line(desk):
                problems += [(t.problem, "") for t in scripts.sweep(desk, scripts.settled_now(desk)) if t.problem]
                made = bulletins.render_new(desk, held_too=True)
                for bulletin, problem in made:
                    tell_fallbacks(desk, bulletin if not problem else None)
                problems += [(problem, bulletin.id) for bulletin, problem in made if problem]
        except (PipelineError, OSError) as hindrance:
            problems.append((as_problem(hindrance, str(Choice.workspace.absolute())), ""))
        finally:  # whatever hinders the new bulletins, those that are signed go out, by the registry as it is by now
            if not isinstance(sys.exception(), KeyboardInterrupt):
                with office.desk() as desk:
                    planning.plan_new(desk)
                    done = _push_and_tell(desk, "", as_json)
        for problem, about in problems:
            print_problem(problem, about)
        done.must_have_succeeded()
        if problems:
            raise typer.Exit(problems[-1][0].exit_code)


@app.command()
def push(
    only: Annotated[str, typer.Option("--only", help="Only this station's code.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be sent by the plan as it stands; plan and send nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send what airs soon to every station that lacks it. Run twice, the second run sends nothing.

    Example: bantin push --only CM-0101
    """
    from pipeline.newsroom import plan as planning
    from pipeline.newsroom import push as pushing
    from pipeline.newsroom import registry

    with at_desk() as desk:
        if only:
            registry.with_line(desk, only)
        if dry_run:
            _show_wanted(desk, pushing.wanted(desk, only), as_json)
            return
        planning.plan_new(desk)
        _push_and_tell(desk, only, as_json).must_have_succeeded()


@app.command()
def status(
    watch: Annotated[bool, typer.Option("--watch", help="Show it again every five seconds, until Ctrl-C.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show where every bulletin stands, today's stations as a grid, who lacks what, and how the year goes.

    Example: bantin status --watch
    """
    with at_office() as office:
        while True:
            with office.desk() as desk:
                _show_status(desk, as_json)
            if not watch:
                return
            time.sleep(_EVERY)
            if sys.stdout.isatty():
                typer.echo("\033[2J\033[H", nl=False)


def _show_status(desk: "Desk", as_json: bool) -> None:
    from pipeline.newsroom import bulletins
    from pipeline.newsroom.digest import digest as day_of
    from pipeline.newsroom.digest import troubled
    from pipeline.newsroom.tally import tally
    from pipeline.report.tally import as_json as tally_json

    counted, today = tally(desk), day_of(desk)
    if as_json:
        told = [bulletin_row(r.bulletin, r.status) for r in bulletins.rows(desk)]
        print_json({"bulletins": told, "today": today.as_json(), "tally": tally_json(counted)})
        return
    faces = faces_of(desk.config)
    show_bulletins(desk, None, as_json=False)
    if today.served:
        print_table(faces.grid(today, desk.config.stations))
    for line in faces.troubled(troubled(desk)):
        typer.echo(line)
    typer.echo(faces.year(counted))


@app.command()
def digest(
    date: Annotated[str, typer.Option("--date", help="A local day, as 25/11/2026 or 2026-11-25; else today.")] = "",
    send: Annotated[bool, typer.Option("--send", help="Send it to the addresses of [alerts], too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say how a day stands: who has its bulletins, who lacks them and why, what was tried, what to do.

    Example: bantin digest --send
    """
    from pipeline.newsroom.digest import digest as day_of
    from pipeline.report import digest as message

    with at_desk() as desk:
        day, zone = day_of(desk, a_day(date)), desk.config.zone
        lang = Choice.lang or desk.config.settings.newsroom.language
        if as_json:
            print_json(day.as_json())
        else:
            typer.echo(message.text(day, lang, zone))
        if send:
            desk.check_alerts()
            desk.tell(message.title(day, lang), message.text(day, lang, zone))


@app.command()
def serve(
    host: Annotated[str, typer.Option("--host", help="Where the web page listens; else as config.toml says.")] = "",
    port: Annotated[int, typer.Option("--port", min=-1, max=65535, help="Its port; 0 is any that is free.")] = -1,
    web: Annotated[bool, typer.Option("--web/--no-web", help="Whether there is a web page at all.")] = True,
) -> None:
    """Watch the drop folder, push every night and show the web page, until stopped.

    Example: bantin serve --port 8080
    """
    from contextlib import ExitStack

    from pipeline.clock import Clock, until_told

    stop = until_told()
    with at_office() as office, ExitStack() as stack:
        if web:
            from pipeline.web.server import Server

            with office.desk() as desk:
                settings = desk.config.settings.web
            there = stack.enter_context(Server(office, host or settings.host, settings.port if port < 0 else port))
            words = Says("Trang web: http://{host}:{port}{prefix}/", "Web page: http://{host}:{port}{prefix}/")
            told = words.format(host=there.host, port=there.port, prefix=settings.prefix)
            sys.stderr.write(in_language(told) + "\n")
            there.stop_with(stop)
        Clock(office).run(stop)


def _show_wanted(desk: "Desk", wanted: list[Any], as_json: bool) -> None:
    """What would be sent by the plan as it stands, with the reminder that it may be an old one."""
    words = Says(
        "! Theo lịch lập lần cuối. Vừa sửa stations.csv hay config.toml thì chạy trước: bantin plan",
        "! By the plan as it stands. If stations.csv or config.toml was just changed, run first: bantin plan",
    )
    sys.stderr.write(in_language(words) + "\n")
    lacking = [
        {
            "station": w.station.code,
            "bulletins": [b.id for b in w.bulletins],
            "airs": [min(at for at in b.air if at > desk.now()).isoformat() for b in w.bulletins],
        }
        for w in wanted
    ]
    if as_json:
        print_json(lacking)
        return
    if not lacking:
        typer.echo(in_language(Says("Không còn gì phải gửi.", "Nothing to send.")))
    else:
        print_table(faces_of(desk.config).wanted(wanted, desk.now()))


def _push_and_tell(desk: "Desk", only: str, as_json: bool) -> "Pushed":
    """Push and tell; whether it succeeded is for the caller to judge."""
    from pipeline.newsroom import push as pushing

    done = pushing.push(desk, only)
    for attempt in done.attempts:
        show_unclear(attempt.station, attempt.odd)
        if attempt.problem:
            print_problem(attempt.problem)
    for threat in done.threatened:
        at = f"{threat.at.astimezone(desk.config.zone):%d/%m/%Y %H:%M}"
        print_problem(threat.problem, about=in_language(Says(f"sắp đến giờ phát {at}", f"airs at {at}")))
    if as_json:
        threatened = [threat.bulletin.id for threat in done.threatened]
        print_json({"sent": done.sent, "missed": done.missed, "threatened": threatened, "stations": [
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
        typer.echo(in_language(told))
    return done
