"""Errands: what pages and programs ask for and takes longer than an answer may, in the name of who stands at a desk."""

from collections.abc import Callable

from pipeline.core.errors import Says
from pipeline.core.model import Bulletin
from pipeline.core.ports import Lane
from pipeline.ledger.lock import alone
from pipeline.newsroom import bulletins, push, registry
from pipeline.newsroom.desk import LINE_WAIT, Desk
from pipeline.web.work import Job, Work


def about_station(code: str) -> str:
    """What a station's errands are called."""
    return f"tram {code}"


def redo(work: Work, desk: Desk, bulletin: Bulletin) -> Job:
    """Make a bulletin again with today's dictionary and settings."""

    def do(desk: Desk) -> None:
        with alone(desk.config.state, "line", LINE_WAIT):
            bulletins.redo(desk, bulletin)

    return work.ask(Lane.SOUND, bulletin.id, desk.who, do, via=desk.via)


def try_out(work: Work, desk: Desk, code: str) -> Job:
    """Call a station, write and remove a small file there. Raises UnknownName."""

    def do(desk: Desk) -> Says:
        found = registry.try_out(desk, registry.find(desk, code))
        free = "?" if found.free is None else f"{found.free / 1e6:.0f}"
        return Says(f"Trạm trả lời tốt, còn trống {free} MB.", f"It answers well, {free} MB are free.")

    return _call(work, desk, code, do)


def push_to(work: Work, desk: Desk, code: str) -> Job:
    """Send a station what it lacks, now. Raises UnknownName."""

    def do(desk: Desk) -> Says:
        done = push.push(desk, code)
        done.must_have_succeeded()
        return Says(f"Đã gửi {done.sent} tệp.", f"{done.sent} files were sent.")

    return _call(work, desk, code, do)


def _call(work: Work, desk: Desk, code: str, do: Callable[[Desk], Says]) -> Job:
    registry.find(desk, code)
    return work.ask(Lane.LINE, about_station(code), desk.who, do, via=desk.via)
