"""Commands for what stations hold: verify, recall, export-usb, import-receipts."""

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.shared import (
    AsJson,
    By,
    Id,
    app,
    at_desk,
    in_language,
    print_json,
    print_problem,
    raise_last,
    show_unclear,
)
from pipeline.core.errors import (
    NoStationSeen,
    NoSuchFile,
    PipelineError,
    Says,
    StationsHolding,
    StationsLacking,
    StationsUnseen,
)

if TYPE_CHECKING:
    from pipeline.newsroom.audits import Audited
    from pipeline.newsroom.returns import Returned


@app.command()
def verify(
    code: Annotated[str, typer.Argument(help="A station's code; else every station that holds something.")] = "",
    clean: Annotated[bool, typer.Option("--clean", help="Remove what is ours there and not meant to be.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look through the stations for what they should hold, by size and content; what is gone is sent at the next push.

    Example: bantin verify CM-0101
    """
    from pipeline.newsroom import audits
    from pipeline.report.words import FOUND

    with at_desk() as desk:
        found = audits.verify(desk, code, clean=clean)
    if as_json:
        print_json(
            [{"station": one.station, **one.found, "code": one.problem.code if one.problem else None} for one in found]
        )
    for one in [] if as_json else found:
        if one.problem:
            print_problem(one.problem)
            continue
        mark = "✓" if one.is_clean else "!" if one.is_whole else "✗"
        typer.echo(f"{mark} {one.station}: {len(one.found['good'])} {in_language(FOUND['good'])}")
        for kind in (*audits.WRONG, *audits.LEFT, *audits.DONE):
            for name in one.found[kind]:
                typer.echo(f"    {in_language(FOUND[kind])}: {name}")
        show_unclear(one.station, one.odd)
    raise_last(_faults(found))


@app.command()
def recall(
    bulletin: Id,
    by: By = "",
    instead: Annotated[str, typer.Option("--replace-with", help="An approved bulletin that takes its place.")] = "",
    as_json: AsJson = False,
) -> None:
    """Withdraw a bulletin and take it off every station now; names those that could not be reached yet.

    Example: bantin recall sot-xuat-huyet --by "TÊN NGƯỜI DUYỆT" --replace-with sot-da-sua
    """
    from pipeline.newsroom import approvals, recalls

    with at_desk() as desk:
        found = approvals.find(desk, bulletin)
        other = approvals.find(desk, instead) if instead else None
        done = recalls.recall(desk, found, by or getpass.getuser(), other)
    if as_json:
        print_json({"id": found.id, "gone": list(done.gone), "left": list(done.left),
                    "perhaps": list(done.perhaps)})  # fmt: skip
    else:
        words = Says("{id}: đã gỡ khỏi {gone} trạm.", "{id}: off {gone} stations.")
        typer.echo(in_language(words.format(id=found.id, gone=len(done.gone))))
    for attempt in done.attempts:
        if attempt.problem:
            print_problem(attempt.problem)
    if done.left:
        words = Says(
            "! Còn ở các trạm: {left}. Bản Tin tự thử lại; gấp thì gọi trạm, bảo đừng phát và xoá tệp.",
            "! Still at: {left}. It is tried again by itself; if it is urgent, call them.",
        )
        sys.stderr.write(in_language(words.format(left=", ".join(done.left))) + "\n")
    if done.perhaps:
        words = Says(
            "! Có thể còn ở các trạm chưa nối được: {perhaps}. Bản Tin tự thử lại.",
            "! It may be at stations that could not be reached: {perhaps}. They are tried again by themselves.",
        )
        sys.stderr.write(in_language(words.format(perhaps=", ".join(done.perhaps))) + "\n")
    if failed := len(done.left) + len(done.perhaps):
        raise StationsHolding(bulletin=found.id, failed=failed, total=failed + len(done.gone))


@app.command("export-usb")
def export_usb(
    folder: Annotated[Path, typer.Argument(help="The stick, or any folder.")],
    station: Annotated[list[str] | None, typer.Option("--station", help="A station's code; may be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a folder for each station without a line, as a push would fill it; for a stick that is carried there.

    Example: bantin export-usb /media/usb --station CM-0101
    """
    from pipeline.newsroom import sticks

    if not folder.is_dir():
        raise NoSuchFile(name=folder)
    with at_desk() as desk:
        done = sticks.export(desk, folder, station or ())
    if as_json:
        print_json(
            [{"station": d.station.code, "folder": str(d.folder), "files": d.files, "bytes": d.size} for d in done]
        )
        return
    for one in done:
        words = Says(
            "{station} {name}: {files} bản tin, {mb} MB, {folder}", "{station} {name}: {files}, {mb} MB, {folder}"
        )
        told = words.format(station=one.station.code, name=one.station.name, files=one.files,
                            mb=f"{one.size / 1e6:.1f}", folder=one.folder)  # fmt: skip
        typer.echo(in_language(told))
        if one.answers.held or one.answers.played or one.answers.odd:
            _show_returned(one.answers)
    if not done:
        words = Says(
            "Không có trạm nào ghi transport là usb; muốn chép cho trạm khác thì thêm --station MÃ.",
            "No station has the transport usb; for another one add --station CODE.",
        )
        typer.echo(in_language(words))


@app.command("import-receipts")
def import_receipts(
    where: Annotated[
        Path,
        typer.Argument(help="The stick that came back, a station's folder, or a file it sent.", metavar="FOLDER|FILE"),
    ],
    as_json: AsJson = False,
) -> None:
    """Take in what stations wrote back: XAC-NHAN.txt (what they hold) and DA-PHAT.csv (what they played).

    Example: bantin import-receipts /media/usb
    """
    from pipeline.newsroom import returns

    if not where.exists():
        raise NoSuchFile(name=where)
    with at_desk() as desk:
        found = returns.import_all(desk, where)
    if as_json:
        print_json([{"station": r.station, "held": r.held, "played": r.played, "odd": list(r.odd)} for r in found])
        return
    for one in found:
        _show_returned(one)


def _show_returned(one: "Returned") -> None:
    words = Says(
        "{station}: {held} tệp mới xác nhận, {played} lượt phát mới ghi nhận.",
        "{station}: {held} newly held, {played} newly played.",
    )
    typer.echo(in_language(words.format(station=one.station, held=one.held, played=one.played)))
    show_unclear(one.station, one.odd)


def _faults(found: "list[Audited]") -> list[PipelineError]:
    """What an audit of all stations comes to."""
    unseen = sum(one.problem is not None for one in found)
    lacking = len(found) - unseen - sum(one.is_whole for one in found)
    faults: list[PipelineError] = [StationsLacking(lacking=lacking, total=len(found))] if lacking else []
    if unseen:
        faults.append((NoStationSeen if unseen == len(found) else StationsUnseen)(failed=unseen, total=len(found)))
    return faults
