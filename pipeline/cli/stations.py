"""Commands for stations: check, import, test, trust."""

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.shared import AsJson, By, app, at_desk, in_language, is_there, print_json
from pipeline.core.errors import ConfigError, HostKeyMismatch, HostKeyNotCompared, NoSuchFile, Says, figure, lines

if TYPE_CHECKING:
    from pipeline.core.model import Identity, Station

_stations = typer.Typer(
    help="""Look after the stations: check the registry, take in rows, try a station out, pin its host key.

    Example: bantin stations check
    """,
    rich_markup_mode=None,
    no_args_is_help=True,
)
app.add_typer(_stations, name="stations")

Code = Annotated[str, typer.Argument(help="A station's code.", metavar="CODE")]


@_stations.command("check")
def check(as_json: AsJson = False) -> None:
    """Check stations.csv: every fault at once by its row, then what is doubtful, and how many of each kind there are.

    Example: bantin stations check
    """
    from pipeline.config import find_registry
    from pipeline.newsroom import registry

    with at_desk(whole=False) as desk:
        faults, name = registry.faults(desk), find_registry(desk.config.workspace).name
        doubts = [] if desk.config.rows.faults else registry.doubts(desk)
        counted = registry.census(desk.config.stations, desk.now().astimezone(desk.config.zone).date())
    if as_json:
        print_json(
            {
                "counts": {words.en: count for words, count in counted},
                "doubts": [{"station": d.station, "what": in_language(d.what)} for d in doubts],
                "faults": [in_language(fault).strip() for fault in faults],
            }
        )
    else:
        for words, count in counted:
            typer.echo(f"{count:6d}  {in_language(words)}")
        for doubt in doubts:
            sys.stderr.write(f"! {doubt.station}: {in_language(doubt.what)}\n")
    if faults:
        raise ConfigError(file=name, faults=lines(faults))


@_stations.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A .csv or .xlsx with a row for each station; the first sheet counts.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take rows into stations.csv by their code: new ones are added, known ones changed, the others stay as they are.

    Example: bantin stations import tram-moi.xlsx --dry-run
    """
    from pipeline.newsroom import registry

    if not is_there(file):
        raise NoSuchFile(name=file)
    with at_desk() as desk:
        merged = registry.merge(desk.config, file)
        if not dry_run and (merged.added or merged.changed):
            registry.keep(desk, merged)
    if as_json:
        changed = {code: list(columns) for code, columns in merged.changed.items()}
        print_json({"added": list(merged.added), "changed": changed, "same": merged.same})
        return
    for code in merged.added:
        typer.echo(f"+ {code}")
    for code, columns in merged.changed.items():
        typer.echo(f"~ {code}: {', '.join(columns)}")
    words = Says(
        "{added} trạm mới, {changed} trạm đổi, {same} trạm như cũ{dry}.",
        "{added} added, {changed} changed, {same} as before{dry}.",
    )
    dry = Says(" (chưa ghi gì)", " (nothing written)") if dry_run else ""
    told = words.format(added=len(merged.added), changed=len(merged.changed), same=merged.same, dry=dry)
    typer.echo(in_language(told))


@_stations.command("test")
def try_out(code: Code, as_json: AsJson = False) -> None:
    """Try a station out: connect, verify its key, write and remove a small file; say its free space, speed and skills.

    Example: bantin stations test CM-0101
    """
    from pipeline.newsroom import registry

    with at_desk() as desk:
        station = registry.find(desk, code)
        found = registry.try_out(desk, station)
    if as_json:
        print_json({"station": code, "free": found.free, "kbits": round(found.kbits), "own_digest": found.own_digest,
                    "abilities": sorted(found.abilities)})  # fmt: skip
        return
    room = figure((found.free or 0) / 1e6, 0)
    free = Says("không rõ", "unknown") if found.free is None else Says(f"{room.vi} MB", f"{room.en} MB")
    proof = (
        Says("trạm tự tính SHA-256", "the station computes SHA-256 itself")
        if found.own_digest
        else Says("phải đọc lại từng tệp để kiểm chứng", "every file is read back to prove it")
    )
    words = Says(
        "{station} ({name}): tốt. Còn trống {free}; tốc độ gửi khoảng {kbits} kbit/s; {proof}.\nMáy chủ biết: {able}.",
        "{station} ({name}): good. {free} free; about {kbits} kbit/s; {proof}.\nThe server knows: {able}.",
    )
    able = ", ".join(sorted(found.abilities)) or Says("chỉ SFTP cơ bản", "only plain SFTP")
    told = words.format(
        station=station.code, name=station.name, free=free, kbits=figure(found.kbits, 0), proof=proof, able=able
    )
    typer.echo(in_language(told))


@_stations.command("trust")
def trust(
    code: Code,
    fingerprint: Annotated[
        str, typer.Option("--fingerprint", help="What the station's people read out, SHA256:…; pins only if the same.")
    ] = "",
    by: By = "",
) -> None:
    """Show the key of the station's machine, and pin it after its fingerprint was compared with the station's own.

    Example: bantin stations trust CM-0101
    """
    from pipeline.newsroom import registry

    with at_desk() as desk:
        station = registry.find(desk, code)
        shown = registry.identity(desk, station)
        if shown is None:
            typer.echo(in_language(Says("Trạm này không dùng khoá máy.", "This station has no host key.")))
            return
        if shown.host_key == station.host_key:
            words = Says(
                "Đúng khoá đã ghim: {seen}. Không cần làm gì.", "The pinned key: {seen}. There is nothing to do."
            )
            typer.echo(in_language(words.format(seen=shown.fingerprint)))
            return
        _show(station, shown)
        told = fingerprint or _asked(shown)
        if not told:
            why = HostKeyMismatch if station.host_key else HostKeyNotCompared
            raise why(station=station.code, seen=shown.fingerprint)
        file = registry.pin(desk, station, shown, told, by or getpass.getuser())
    typer.echo(in_language(Says("Đã ghim vào {file}.", "Pinned in {file}.").format(file=file.name)))


def _show(station: "Station", shown: "Identity") -> None:
    words = Says(
        "Máy ở {host}:{port} trình khoá:\n  {seen}\n"
        "Gọi cho người trực ở trạm {station} ({name}), nhờ chạy tại máy của trạm:\n"
        "  Linux:    for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done\n"
        "  Windows (PowerShell):  dir C:\\ProgramData\\ssh\\ssh_host_*_key.pub | % {{ ssh-keygen -lf $_.FullName }}\n"
        "rồi đọc cho nghe dòng có cùng loại khoá. Không giống từng chữ thì đừng ghim.",
        "The machine at {host}:{port} shows the key:\n  {seen}\n"
        "Call the people at station {station} ({name}) and have them run on its machine:\n"
        "  Linux:    for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done\n"
        "  Windows (PowerShell):  dir C:\\ProgramData\\ssh\\ssh_host_*_key.pub | % {{ ssh-keygen -lf $_.FullName }}\n"
        "and read you the line of that kind. If one letter differs, do not pin it.",
    )
    fields: dict[str, Any] = {"host": station.host, "port": station.port, "seen": shown.fingerprint}
    typer.echo(in_language(words.format(station=station.code, name=station.name, **fields)))
    if station.host_key:
        words = Says("! Trạm này đã ghim một khoá KHÁC.", "! ANOTHER key is pinned for this station.")
        sys.stderr.write(in_language(words) + "\n")


def _asked(shown: "Identity") -> str:
    """The fingerprint, if somebody at the terminal says that it is the same; else nothing."""
    if not sys.stdin.isatty():
        return ""
    question = in_language(Says("Giống hệt không?", "Is it the same?"))
    return shown.fingerprint if typer.confirm(question, default=False) else ""
