"""Errands: what pages and programs ask for and takes longer than an answer may, in the name of who stands at a desk."""

from collections.abc import Callable, Sequence

from pipeline.core.coverage import Line
from pipeline.core.errors import NotHeard, Says, figure
from pipeline.core.model import Bulletin, Digest, Priority
from pipeline.core.ports import Lane
from pipeline.core.status import Status
from pipeline.ledger.lock import alone
from pipeline.newsroom import announcers, approvals, bulletins, plan, preview, push, registry, rush
from pipeline.newsroom.desk import LINE_WAIT, Desk
from pipeline.web.work import Job, Work

_NAMED = 6
"""Stations that are named where there may be many."""


def about_station(code: str) -> str:
    """What a station's errands are called."""
    return f"tram {code}"


def about_rush(name: str) -> str:
    """What sending a bulletin at once is called."""
    return f"khan {name}"


def teach(desk: Desk, bulletin: Bulletin, word: str, spoken: str, replaces: str) -> None:
    """Write into the dictionary how a word of a bulletin is said; see `announcers.teach`. Raises WordNotThere, too."""
    if word.strip() and spoken.strip():  # of an empty one it is told what it lacks
        preview.must_stand_in(desk, bulletin, word)
    announcers.teach(desk, word, spoken, desk.who, bulletin, replaces=replaces)


def redo(work: Work, desk: Desk, bulletin: Bulletin) -> Job:
    """Make a bulletin again with today's dictionary and settings."""

    def do(desk: Desk) -> None:
        with alone(desk.config.state, "line", LINE_WAIT):
            bulletins.redo(desk, bulletin)

    return work.ask(Lane.SOUND, bulletin.id, desk.who, do, task="redo", via=desk.via)


def try_out(work: Work, desk: Desk, code: str) -> Job:
    """Call a station, write and remove a small file there. Raises UnknownName."""

    def do(desk: Desk) -> Says:
        found = registry.try_out(desk, registry.find(desk, code))
        free = "?" if found.free is None else figure(found.free / 1e6, 0)
        told = Says("Trạm trả lời tốt, còn trống {free} MB.", "It answers well, {free} MB are free.")
        return told.format(free=free)

    return _call(work, desk, code, "test", do)


def push_to(work: Work, desk: Desk, code: str) -> Job:
    """Send a station what it lacks, now. Raises UnknownName."""

    def do(desk: Desk) -> Says:
        done = push.push(desk, code)
        done.must_have_succeeded()
        return Says(f"Đã gửi {done.sent} tệp.", f"{done.sent} files were sent.")

    return _call(work, desk, code, "push", do)


def _call(work: Work, desk: Desk, code: str, task: str, do: Callable[[Desk], Says]) -> Job:
    registry.find(desk, code)
    return work.ask(Lane.LINE, about_station(code), desk.who, do, task=task, via=desk.via)


def sign(work: Work, desk: Desk, line: Line, heard: Sequence[Digest]) -> Status:
    """Sign a bulletin as it was heard, and plan it; one that is urgent goes out at once when the second has signed.

    Raises:
        NotHeard: whoever stands at the desk has played none of its masters.
        NotApprovable: as `approvals.approve` says.
    """
    if not approvals.was_heard(desk, line.bulletin, line.status.masters.values(), desk.who):
        raise NotHeard
    status = approvals.approve(desk, line.bulletin, desk.who, heard)
    if status.may_go_out:
        plan.plan(desk, line.bulletin)
        if line.bulletin.priority is Priority.URGENT:
            send_at_once(work, desk, line.bulletin)
    return status


def send_at_once(work: Work, desk: Desk, bulletin: Bulletin) -> Job:
    """Send an urgent bulletin to every station that lacks it."""

    def do(desk: Desk) -> Says:
        done = rush.rush(desk, bulletin)
        told, good = len(done.attempts), len(done.attempts) - len(done.failed)
        sent = Says(f"Gửi khẩn xong: {good}/{told} trạm.", f"Sent at once: {good} of {told} stations.")
        if not (left := rush.carried(desk, bulletin)):
            return sent
        some = ", ".join(f"{one.code} {one.name}" for one in left[:_NAMED]) + ("…" if len(left) > _NAMED else "")
        return Says(
            f"{sent.vi} Còn {len(left)} trạm nhận bằng thẻ nhớ, phải chép và mang tới: {some}.",
            f"{sent.en} A stick has to be carried to {len(left)} more: {some}.",
        )

    return work.ask(Lane.LINE, about_rush(bulletin.id), desk.who, do, via=desk.via)
