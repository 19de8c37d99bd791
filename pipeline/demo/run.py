"""Drops four scripts, approves, pushes over real SFTP to two practice stations, and pushes again."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from rich.table import Table

from pipeline import config, wiring
from pipeline.core.errors import Says, figure
from pipeline.core.facts import Json
from pipeline.core.model import Bulletin, Language, Master, Receipt
from pipeline.core.ports import Progress
from pipeline.core.tally import Tally
from pipeline.delivery.practice import PracticeStation, client_key
from pipeline.newsroom import approvals, bulletins, plan, push, scripts, views
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.tally import tally
from pipeline.newsroom.voicing import say
from pipeline.report.faces import printer
from pipeline.report.words import VERIFIED, language

APPROVER = "Người duyệt thử"
STATIONS = {"TH-01": "Xã thực hành 1", "TH-02": "Xã thực hành 2"}
_RECORDED = "hoi-nghi-bien-phong"
_WORD = "canh-bao-man"
_CHANGES = {
    # Offline, at once, and with the draft voices on air: right for a demonstration, wrong for a province.
    "online = true": "online = false",
    "settle_seconds = 5": "settle_seconds = 0",
    "embedded_may_air = false": "embedded_may_air = true",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One bulletin of the demonstration, from its master to its receipts."""

    bulletin: Bulletin
    master: Master
    receipts: Sequence[Receipt]
    file: Path
    """Where people find it in the workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the demonstration did."""

    workspace: Path
    shown: Sequence[Shown]
    second_push_sent: int
    tally: Tally

    def as_json(self) -> dict[str, Json]:
        """What `bantin demo --json` prints as its last line."""
        return {
            "workspace": str(self.workspace),
            "bulletins": [_as_json(s) for s in self.shown],
            "second_push_sent": self.second_push_sent,
            "tally": {"year": self.tally.year, "target": self.tally.target, "counted": self.tally.counted},
        }


def run(folder: Path | None, progress: Progress) -> Result:
    """Do the whole job once in a new workspace.

    Raises:
        WorkspaceNotEmpty: the folder is in use.
        PipelineError: anything on the line went wrong.
    """
    workspace = (folder or Path("demo") / f"{datetime.now().astimezone():%Y%m%d-%H%M%S}").resolve()
    wiring.make_workspace(workspace)
    with ExitStack() as stack:
        _open_stations(workspace, stack)
        _settle_for_a_demonstration(workspace)
        settings = config.load(workspace)
        desk = stack.enter_context(wiring.open_desk(settings, who="bantin demo", progress=progress))
        _drop(desk)
        made = _make(desk)
        push.push(desk).must_have_succeeded()
        again = push.push(desk)
        year = min(min(b.air) for b in made).astimezone(settings.zone).year
        return Result(
            workspace=workspace,
            shown=[_shown(desk, b) for b in made],
            second_push_sent=again.sent,
            tally=tally(desk, year),
        )


def tell(result: Result, lang: str) -> None:
    """Print a short table and where to look."""
    console = printer()
    vi = lang == "vi"
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("Bản tin", "Tiếng", "Dài", "LUFS", "dBTP", "Trạm") if vi else (
        "Bulletin", "Language", "Length", "LUFS", "dBTP", "Stations",
    ):  # fmt: skip
        table.add_column(column, overflow="fold")
    for s in result.shown:
        minutes, seconds = divmod(round(s.master.seconds), 60)
        table.add_row(
            s.bulletin.title, _in(language(s.bulletin.language), lang), f"{minutes}:{seconds:02}",
            _in(figure(s.master.loudness.integrated), lang), _in(figure(s.master.loudness.true_peak), lang),
            ", ".join(f"{r.station} ✓ {_in(VERIFIED[r.verified], lang)}" for r in s.receipts),
        )  # fmt: skip
    console.print(table)
    count = result.tally
    ours = shlex.join([str(Path(sys.executable).with_name("bantin")), "-w", str(result.workspace)])
    admit = f"{ours} people add quan-tri --role quan-tri --name"
    console.print(_in(Says(
        f"\nGửi lại lần hai: {result.second_push_sent} tệp. Năm {count.year}: {count.counted}/{count.target} bản tin.\n"
        f"Nghe thử:  {result.shown[0].file}\n"
        f"Ở trạm:    {result.workspace / 'tram'}  (LICH-PHAT.txt là lịch phát)\n"
        f"Xem thêm:  {ours} status\n"
        f'Trang web: {admit} "TÊN"\n'
        f"           {ours} serve    (rồi mở http://127.0.0.1:8080)\n"
        "Hai trạm thực hành đã tắt cùng với lệnh này: gửi thêm thì báo D-101. Chạy thật: bantin init.\n"
        "Giọng có sẵn là giọng thử, chưa được người bản ngữ chấm.",
        f"\nSecond push: {result.second_push_sent} files. {count.year}: {count.counted} of {count.target} bulletins.\n"
        f"Listen:    {result.shown[0].file}\n"
        f"Stations:  {result.workspace / 'tram'}  (LICH-PHAT.txt is the timetable)\n"
        f"More:      {ours} status\n"
        f'Web page:  {admit} "NAME"\n'
        f"           {ours} serve    (then open http://127.0.0.1:8080)\n"
        "The two practice stations ended with this command: another push says D-101. For real: bantin init.\n"
        "The embedded voices are drafts (giọng thử): no native listener has rated them.",
    ), lang), soft_wrap=True, highlight=False)  # fmt: skip


# --- the parts -------------------------------------------------------------------------------------------------------


def _open_stations(workspace: Path, stack: ExitStack) -> None:
    """Two SFTP servers on loopback, each with its own folder and host key, pinned in stations.csv."""
    key = workspace / "keys" / "bantin"
    key.parent.mkdir()
    public = client_key(key)
    lines = ["code,commune,name,host,port,user,key,host_key,windows,languages,verification"]
    for number, (code, name) in enumerate(STATIONS.items(), start=1):
        station = stack.enter_context(PracticeStation(workspace / "tram" / code, authorised=public))
        windows = "04:30-06:30 16:30-18:30"
        lines.append(
            f"{code},{number:05},{name},{station.host},{station.port},{station.user},keys/bantin,{station.host_key},"
            f"{windows},vi km,hash"
        )
    (workspace / config.STATIONS_NAME).write_text("\n".join(lines) + "\n", "utf-8-sig")


def _settle_for_a_demonstration(workspace: Path) -> None:
    file = workspace / config.CONFIG_NAME
    text = file.read_text("utf-8")
    for shipped, changed in _CHANGES.items():
        if text.count(shipped) != 1:
            raise AssertionError(f"config.toml no longer says {shipped!r} once")
        text = text.replace(shipped, changed)
    file.write_text(text, "utf-8")


def _drop(desk: Desk) -> None:
    """A Vietnamese text, a Khmer text, a bilingual Word file, and a recording with its transcript beside it."""
    for name, text in _texts().items():
        if name == _WORD:
            _as_word(text, desk.config.scripts / f"{name}.docx")
        else:
            (desk.config.scripts / f"{name}.txt").write_text(text, "utf-8")
    spoken = _texts()[_RECORDED].partition("\n\n")[2]
    # Nobody's voice is shipped: an embedded voice stands in for the announcer.
    say(desk, spoken, Language.VI, desk.config.scripts / f"{_RECORDED}.wav", wish="vi-nam")


def _texts() -> Mapping[str, str]:
    folder = files("pipeline.demo") / "scripts"
    return {file.name.removesuffix(".txt"): file.read_text("utf-8") for file in folder.iterdir()}


def _as_word(text: str, out: Path) -> None:
    from docx import Document  # noqa: PLC0415 - heavy, and only the demonstration writes Word

    title, *paragraphs = text.strip().split("\n\n")
    document = Document()
    document.add_heading(title)
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    document.save(str(out))


def _make(desk: Desk) -> list[Bulletin]:
    """Take in, render, approve and plan everything that was dropped."""
    taken = scripts.sweep(desk, scripts.settled_now(desk))
    for item in taken:
        if item.problem:
            raise item.problem
    made = [t.bulletin for t in taken if t.bulletin]
    for bulletin in made:
        bulletins.render(desk, bulletin)
        approvals.approve(desk, bulletin, APPROVER)
        plan.plan(desk, bulletin)
    return made


def _shown(desk: Desk, bulletin: Bulletin) -> Shown:
    return Shown(
        bulletin=bulletin,
        master=next(iter(bulletins.masters(desk, bulletin).values())),
        receipts=sorted(desk.ledger.receipts(names=[bulletin.id]), key=lambda r: r.station),
        file=views.sound(desk, bulletin),
    )


def _as_json(s: Shown) -> Json:
    return {
        "id": s.bulletin.id,
        "title": s.bulletin.title,
        "language": s.bulletin.language,
        "kind": s.bulletin.kind.value,
        "master": str(s.file),
        "sha256": s.master.digest,
        "seconds": round(s.master.seconds, 2),
        "lufs": s.master.loudness.integrated,
        "dbtp": s.master.loudness.true_peak,
        "receipts": [{"station": r.station, "remote": r.remote, "verified": r.verified.value} for r in s.receipts],
    }


def _in(words: Says, lang: str) -> str:
    return words.vi if lang == "vi" else words.en
