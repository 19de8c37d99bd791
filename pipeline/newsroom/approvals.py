"""Approvals: a named person's yes to exact bytes, a no with its reason, a bulletin taken back."""

import difflib
from collections.abc import Collection, Iterable
from dataclasses import replace

from pipeline.core.errors import (
    AlreadyWithdrawn,
    AmbiguousBulletin,
    NoReason,
    NotApprovable,
    Says,
    StoreDamaged,
    UnknownBulletin,
)
from pipeline.core.facts import Happened
from pipeline.core.model import Bulletin, Digest, Paragraph, Priority
from pipeline.core.people import alike
from pipeline.core.status import Stage, Status, status_of
from pipeline.ledger.store import hash_file
from pipeline.newsroom.desk import Desk


def find(desk: Desk, name: str) -> Bulletin:
    """The bulletin of an id, or of the only id that contains the given text.

    Raises:
        UnknownBulletin: there is none.
        AmbiguousBulletin: there are several.
    """
    bulletins = {b.id: b for b in desk.ledger.bulletins()}
    hits = [b for i, b in bulletins.items() if i == name] or [b for i, b in bulletins.items() if name and name in i]
    if len(hits) > 1:
        raise AmbiguousBulletin(id=name, count=len(hits), names=", ".join(b.id for b in hits))
    if not hits:
        near = difflib.get_close_matches(name, bulletins, n=3, cutoff=0)
        raise UnknownBulletin(id=name, nearest=", ".join(near) or "-")
    return hits[0]


def approve(desk: Desk, bulletin: Bulletin, by: str, heard: Collection[Digest] | None = None) -> Status:
    """Sign every current master of a bulletin; the signature covers these exact bytes and no others.

    An urgent one may air at any hour, so two people must sign it. With `heard`, nothing is signed unless the masters
    are still those.

    Raises:
        NotApprovable: nobody signs, it is their own work, it was made anew since it was heard, nothing is mastered, it
            was withdrawn, or a draft voice speaks it and its programme does not let that air, or it waits for another
            person's signature.
        StoreDamaged: the bytes to be signed are not there any more.
    """
    status, by = status_of(desk.ledger.facts(bulletin.id)), " ".join(by.split())
    _must_have_a_name(bulletin, by)
    check(desk, bulletin, status)
    _must_be_another(desk, bulletin, by)
    if heard is not None and set(status.masters.values()) != set(heard):
        raise NotApprovable(
            bulletin=bulletin.id,
            reason=Says("vừa được làm lại sau khi bạn nghe", "it was made anew since you heard it"),
            how=Says("nghe lại bản mới rồi ký", "listen to what it is now, then sign"),
        )
    for digest in status.masters.values():
        if hash_file(desk.store.get(digest)) != digest:
            raise StoreDamaged(digest=digest)
    fresh = {p: d for p, d in status.masters.items() if d not in status.approved}
    if any(alike(by) == alike(name) for d in fresh.values() for name in status.signatures.get(d, ())):
        raise NotApprovable(
            bulletin=bulletin.id,
            reason=Says(f"bản tin khẩn cấp cần hai người ký, {by} đã ký rồi", f"it is urgent, and {by} has signed it"),
            how=Says("nhờ một người duyệt khác nghe và ký", "have another person listen and sign"),
        )
    desk.ledger.record(
        *(desk.fact(Happened.APPROVED, bulletin=bulletin, digest=d, who=by, profile=p) for p, d in fresh.items())
    )
    return status_of(desk.ledger.facts(bulletin.id))


def hear(desk: Desk, bulletin: Bulletin, digest: Digest, by: str) -> None:
    """Say, once, that somebody plays these bytes."""
    if not was_heard(desk, bulletin, [digest], by):
        desk.ledger.record(desk.fact(Happened.HEARD, bulletin=bulletin, digest=digest, who=by))


def was_heard(desk: Desk, bulletin: Bulletin, digests: Iterable[Digest], by: str) -> bool:
    """Whether somebody has played any of some masters: those of a bulletin differ only in their format.

    At a page, or by the program that asks: what a program fetches in somebody's name they have not heard themselves.
    """
    played = {
        fact.digest
        for fact in desk.ledger.facts(bulletin.id, Happened.HEARD)
        if alike(fact.who) == alike(by) and fact.detail.get("via", "") == desk.via
    }
    return not played.isdisjoint(digests)


def offer(desk: Desk, bulletin: Bulletin, by: str) -> None:
    """Say that somebody has heard it and asks for a signature; nothing else waits for that.

    Raises:
        NotApprovable: nobody could sign it.
    """
    check(desk, bulletin, status_of(desk.ledger.facts(bulletin.id)))
    desk.ledger.record(desk.fact(Happened.OFFERED, bulletin=bulletin, who=by))


def urge(desk: Desk, bulletin: Bulletin, by: str, why: str) -> Bulletin:
    """Make a bulletin urgent: it airs at any hour, is sent at once, and needs two people's signatures.

    Who has signed it before has signed it still; until another has, too, it does not go out any more.

    Raises:
        NoReason: it is not said why.
        NotApprovable: nobody says so, it is urgent already, it does not air any more, or it was withdrawn.
    """
    by, why = " ".join(by.split()), _said(why)
    _must_have_a_name(bulletin, by)
    status = status_of(desk.ledger.facts(bulletin.id))
    if status.stage is Stage.WITHDRAWN:
        check(desk, bulletin, status)
    if bulletin.priority is Priority.URGENT or max(bulletin.air) <= desk.now():
        over = bulletin.priority is not Priority.URGENT
        raise NotApprovable(
            bulletin=bulletin.id,
            reason=Says("đã qua giờ phát cuối", "its last air time has passed")
            if over
            else Says("đã là khẩn cấp", "it is urgent already"),
            how=Says("thả lại bài với giờ phát mới", "drop it again with a new air time")
            if over
            else Says("nghe rồi ký", "listen, then sign"),
        )
    urgent = replace(bulletin, priority=Priority.URGENT)
    desk.ledger.revise(urgent, desk.fact(Happened.URGED, bulletin=bulletin, who=by, reason=why))
    return urgent


def _said(why: str) -> str:
    """A reason as people read it. Raises NoReason where there is none."""
    said = "".join(letter for letter in why if letter.isprintable() or letter == "\n").strip()
    if not said:
        raise NoReason
    return said


def send_back(desk: Desk, bulletin: Bulletin, by: str, why: str) -> None:
    """Return a bulletin to its editor with a comment; any signature is void.

    Raises:
        NoReason: it is not said what to mend.
        AlreadyWithdrawn: nobody is to mend it any more.
    """
    why = _said(why)
    if status_of(desk.ledger.facts(bulletin.id)).stage is Stage.WITHDRAWN:
        raise AlreadyWithdrawn(bulletin=bulletin.id)
    desk.ledger.record(desk.fact(Happened.RETURNED, bulletin=bulletin, who=by or desk.who, reason=why))


def withdraw(desk: Desk, bulletin: Bulletin, by: str) -> None:
    """Take a bulletin back for good: it is not pushed any more and does not count."""
    desk.ledger.record(desk.fact(Happened.WITHDRAWN, bulletin=bulletin, who=by or desk.who))


def _must_have_a_name(bulletin: Bulletin, by: str) -> None:
    if not by:
        raise NotApprovable(
            bulletin=bulletin.id,
            reason=Says("thiếu tên người duyệt", "nobody signs"),
            how=Says("thêm: --by “TÊN NGƯỜI DUYỆT”", "add: --by NAME"),
            how_on_page=Says("đăng nhập lại rồi duyệt", "sign in again, then sign"),
        )


def _must_be_another(desk: Desk, bulletin: Bulletin, by: str) -> None:
    """Raise NotApprovable where somebody would sign their own work and the settings do not let them."""
    if desk.config.settings.approvals.by_author:
        return
    hands = [f.who for kind in (Happened.RECEIVED, Happened.TAUGHT) for f in desk.ledger.facts(bulletin.id, kind)]
    hands += _taught(desk, bulletin)
    authors = {alike(name) for name in (bulletin.author, *hands) if name}
    if alike(by) in authors:
        raise NotApprovable(
            bulletin=bulletin.id,
            reason=Says(
                f"{by} là người viết, người nộp hoặc người sửa cách đọc bài này",
                f"{by} wrote it, took it in, or mended its words",
            ),
            how=Says(
                "nhờ người khác nghe và ký, hoặc đặt by_author = true ở [approvals] của config.toml",
                "have another person listen and sign, or set by_author = true in [approvals] of config.toml",
            ),
            how_on_page=Says("nhờ người duyệt khác nghe và ký", "have another person listen and sign"),
        )


def _taught(desk: Desk, bulletin: Bulletin) -> list[str]:
    """Who wrote into the dictionary, since a script was received, how a word that stands in it is said."""
    received = desk.ledger.facts(bulletin.id, Happened.RECEIVED)
    script = desk.ledger.script(bulletin.script)
    if not received or script is None:
        return []
    text = " ".join(p.text for p in script.body if isinstance(p, Paragraph)).casefold()
    taught = desk.ledger.facts(happened=Happened.TAUGHT, since=received[0].at)
    return [fact.who for fact in taught if str(fact.detail.get("key", "")).casefold() in text]


def check(desk: Desk, bulletin: Bulletin, status: Status) -> None:
    """Whether anybody may sign a bulletin as it stands.

    Raises:
        NotApprovable: nothing is mastered, it was withdrawn, or a draft voice speaks it and its programme does not let
            that air.
    """
    if status.stage is Stage.WITHDRAWN:
        raise NotApprovable(
            bulletin=bulletin.id,
            reason=Says("đã rút lại", "it was withdrawn"),
            how=Says(
                "nếu vẫn cần phát, sửa ít nhất một chữ rồi thả lại",
                "if it is still wanted, change a word and drop it again",
            ),
        )
    if not status.masters or status.stage in {Stage.HELD, Stage.RETURNED}:
        raise NotApprovable(
            bulletin=bulletin.id,
            reason=Says(status.reason or "chưa có bản hoàn chỉnh", status.reason or "it is not mastered yet"),
            how=Says(
                f"sửa, thả lại rồi rút bản này: bantin withdraw {bulletin.id}; hoặc thử lại: bantin run-due",
                f"correct and drop it again, then: bantin withdraw {bulletin.id}; or try again: bantin run-due",
            ),
            how_on_page=Says(
                "sửa bài rồi gửi lại ở trang Thêm và rút bản này; hoặc bấm Làm lại ở trang của bài",
                "correct it, send it again on the page Add and withdraw this one; or make it again on its page",
            ),
        )
    if status.draft and not desk.programme(bulletin).embedded_may_air:
        raise NotApprovable(
            bulletin=bulletin.id,
            reason=Says(
                "bài do giọng thử đọc, chỉ dùng để nghe nháp", "a draft voice speaks it, which only holds a place"
            ),
            how=Says(
                "chờ giọng trực tuyến, dùng bản ghi âm, hoặc nhờ người quản trị đặt embedded_may_air = true",
                "wait for the online voice, drop a recording, or set embedded_may_air = true for its programme",
            ),
            how_on_page=Says(
                "chờ giọng trực tuyến (máy tự làm lại), gửi bản ghi âm ở trang Thêm, hoặc nhờ người quản trị máy chủ"
                " cho chương trình phát giọng tại máy (embedded_may_air trong config.toml)",
                "wait for the online voice, send a recording on the page Add, or have the server's administrator let"
                " its programme air the voice on this machine (embedded_may_air in config.toml)",
            ),
        )
