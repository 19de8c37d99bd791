"""The library: what anybody may hear and read now. One gate, asked anew each time: nothing else decides it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from pipeline.core.facts import Fact, Happened
from pipeline.core.model import Bulletin, BulletinId, Digest, Language, Master
from pipeline.core.search import finds, fold, words_of
from pipeline.core.status import Status, status_of
from pipeline.ledger import documents
from pipeline.newsroom import bulletins, views
from pipeline.newsroom.desk import Desk

_SUFFIX = ".mp3"
"""What any browser and any podcast program plays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A bulletin that anybody may hear now."""

    bulletin: Bulletin
    master: Master
    """The one that is given out: signed."""
    since: datetime
    """When it became public: its first air time, or the end of its embargo."""
    read: Digest | None
    """The reading that its sound was made of; None for a bare recording."""


def items(desk: Desk, names: Collection[BulletinId] | None = None) -> list[Item]:
    """Every bulletin that is public now, the newest first; only those of some names, or all.

    So is one that was signed by as many as it needs, over exactly the bytes that are given out; that nobody has held,
    returned or withdrawn; that is no test; whose first air time and embargo have passed, and which has not expired; and
    whose programme is in the library. Empty where the settings have no library.
    """
    settings, now = desk.config.settings.library, desk.now()
    if not settings.public:
        return []
    open_ = [
        b
        for b in desk.ledger.bulletins(names)
        if b.counts
        and (not settings.programmes or b.programme in settings.programmes)
        and _since(b) <= now
        and (b.expires is None or now < b.expires)
    ]
    facts = desk.ledger.facts_by_bulletin([b.id for b in open_], ()) if open_ else {}
    found = [item for b in open_ if (item := _item(desk, b, facts.get(b.id, []))) is not None]
    return sorted(found, key=lambda item: (item.since, item.bulletin.id), reverse=True)


def _item(desk: Desk, bulletin: Bulletin, facts: Sequence[Fact]) -> Item | None:
    status = status_of(facts)
    if status.is_taken_back or not status.may_go_out:
        return None
    made = _given_out(desk, status, facts)
    if made is None:
        return None
    read = [f.digest for f in facts if f.happened is Happened.READ and f.digest and f.number < made.number]
    return Item(
        bulletin=bulletin, master=bulletins.master(made), since=_since(bulletin), read=read[-1] if read else None
    )


def item(desk: Desk, name: str) -> Item | None:
    """One of them; None where there is none of that id, whatever the reason."""
    return next(iter(items(desk, [BulletinId(name)])), None)


def _since(bulletin: Bulletin) -> datetime:
    first = min(bulletin.air)
    return max(first, bulletin.embargo) if bulletin.embargo else first


def _given_out(desk: Desk, status: Status, facts: Sequence[Fact]) -> Fact | None:
    """The signed master of the first kind of station, in the order of the settings, whose files anybody can play."""
    for profile in desk.config.profiles:
        digest = status.signed(profile)
        made = [f for f in facts if f.happened is Happened.MASTERED and digest and f.digest == digest]
        fitting = [f for f in made if f.detail["profile"] == profile and f.detail.get("suffix", _SUFFIX) == _SUFFIX]
        if fitting:
            return fitting[-1]
    return None


def text(desk: Desk, one: Item) -> str:
    """What it says, a line a sentence: as it was read when what is given out was made. Empty for a bare recording."""
    return _read(desk.store.get(one.read), one.read) if one.read else ""


@lru_cache(maxsize=4096)
def _read(file: Path, digest: Digest) -> str:  # noqa: ARG001 - the digest is what the text hangs on
    return documents.readings().validate_json(file.read_bytes()).text


@lru_cache(maxsize=4096)
def _folded(told: str) -> str:
    return fold(told).text


def search(
    desk: Desk,
    query: str = "",
    every: Sequence[Item] | None = None,
    *,
    programme: str = "",
    language: Language | None = None,
    month: str = "",
) -> list[Item]:
    """Those of the public ones in whose title or text every word of a query stands; `month` as 2026-11.

    `every`: all that is public now, where that is known.
    """
    wanted = words_of(query)
    found = [
        one
        for one in (items(desk) if every is None else every)
        if (not programme or one.bulletin.programme == programme)
        and (language is None or language in one.bulletin.languages)
        and (not month or f"{one.since.astimezone(desk.config.zone):%Y-%m}" == month)
    ]
    if not wanted:
        return found
    return [one for one in found if finds(_folded(f"{one.bulletin.title}\n{text(desk, one)}"), wanted)]


def picture(desk: Desk, one: Item) -> Path | None:
    """Its waveform and loudness; None where it is not there."""
    file = views.sound(desk, one.bulletin, ".png")
    return file if file.is_file() else None
