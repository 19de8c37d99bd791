"""The protocol of a delivery: a temporary name, proof, the final name, and the timetable last.

It holds for any transport. A run that is killed anywhere leaves only whole files under final names and at most the
`.part` of one parcel and of its papers, which the next run takes up again; a run that finds everything in place sends
nothing. On a long line each question costs its round trip, so those that belong together are asked at once.
"""

import hashlib
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import BinaryIO

from pipeline.core.errors import ArrivedDamaged, Says, StationFull
from pipeline.core.model import BulletinId, Digest, Receipt, Station, Verification, digest_of
from pipeline.core.ports import Remote
from pipeline.delivery import manifest
from pipeline.delivery.names import PAPER_PARTS, part, plain
from pipeline.delivery.pace import paced

BLOCK = 255 * 1024
FIRST, SMALL = 1 << 20, 32 * 1024
"""The first MB goes in small requests: of a request that the line breaks in the middle of, nothing arrives."""
HEADROOM = 1.2
"""Free space asked for, as a multiple of what is left to send: stations log, and other files arrive."""
ENDS = (64 << 10, 512 << 10, 4 << 20)
"""How much of a `.part`'s end is read back, more where less is not ours: a power cut may have spoiled the end of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A master to deliver, with the small file of facts that goes beside it."""

    bulletin: BulletinId
    path: Path
    name: str
    """Its name at the station; see `manifest.remote_name`."""
    digest: Digest
    size: int
    sidecar: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """A small file that goes after every parcel: the playlist, then the timetable."""

    name: str
    data: bytes
    stamp: bytes = b""
    """A line that begins so says only when the file was made: files that differ there alone are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What one visit to a station did. It exists only if everything of the visit stands there, papers and all."""

    receipts: tuple[Receipt, ...]
    small: int
    """Bytes sent of sidecars, checksums, playlist and timetable."""

    @property
    def sent(self) -> int:
        """Bytes sent in all."""
        return self.small + sum(receipt.sent for receipt in self.receipts)


Count = Callable[[int, int], None]
"""Told how many bytes of how many have been given to the line; must be quick and must not fail."""


def _forget(receipt: Receipt) -> None:
    """Where nobody keeps receipts one by one."""


def _uncounted(done: int, total: int) -> None:
    """Where nobody watches the bytes."""


def deliver(
    remote: Remote,
    station: Station,
    parcels: Sequence[Parcel],
    extras: Sequence[Extra],
    now: Callable[[], datetime],
    *,
    keep: Callable[[Receipt], None] = _forget,
    count: Count = _uncounted,
) -> Delivered:
    """Bring parcels in their order, each proven as the station's `verification` asks, then the extras in theirs.

    `keep` is given each receipt as soon as the parcel stands there with sidecar and checksum, at `now` (UTC): on a poor
    line a visit may be cut short many times, and what it has done stays done. The first fault ends the visit. `count`
    is told how far the parcels have come, all together.

    Raises:
        DeliveryError: of the kinds that Remote names, StationFull before anything is sent where the station tells its
            free space, ArrivedDamaged where the bytes there are not the parcel's.
        ValueError: a name is not a plain file name.
    """
    receipts, small = [], 0
    before, total = 0, sum(parcel.size for parcel in parcels)
    for parcel in parcels:
        verified, sent, beside = _bring(remote, station, parcel, partial(_tell, count, before, total))
        before += parcel.size
        count(before, total)
        small += beside
        receipts.append(_receipt(station, parcel, verified, sent, now()))
        keep(receipts[-1])
    small += _place(remote, station, lacking(remote, extras))
    return Delivered(receipts=tuple(receipts), small=small)


def _tell(count: Count, before: int, total: int, done: int) -> None:
    count(before + done, total)


def papers(
    station: Station, entries: Sequence[manifest.Entry], here: Collection[str], made: datetime, zone: str
) -> tuple[Extra, Extra]:
    """The playlist of the files that are `here` (stand at the station when it does), then the timetable of all entries.

    A timetable that differs only in when it was made is not sent again.
    """
    playable = [entry for entry in entries if entry.file in here]
    return (
        Extra(name=manifest.PLAYLIST, data=manifest.playlist(station, playable)),
        Extra(
            name=manifest.TIMETABLE,
            data=manifest.timetable(station, entries, made, zone),
            stamp=manifest.STAMP.encode(),
        ),
    )


# --- a master --------------------------------------------------------------------------------------------------------


def _bring(
    remote: Remote, station: Station, parcel: Parcel, tell: Callable[[int], None]
) -> tuple[Verification, int, int]:
    """How it was proven that the parcel stands there, and the bytes that had to be sent: of it, and of its papers."""
    beside = (
        Extra(name=manifest.sidecar_name(parcel.name), data=parcel.sidecar),
        Extra(name=manifest.checksum_name(parcel.name), data=manifest.checksum(parcel.name, parcel.digest)),
    )
    begun = part(parcel.name, parcel.digest)
    there = remote.sizes([plain(parcel.name), begun, *(plain(extra.name) for extra in beside)])
    papers_lacking = _lacking(remote, beside, there)
    if verified := _standing(remote, station, parcel, there[parcel.name]):
        return verified, 0, _place(remote, station, papers_lacking)
    verified, sent = _send(remote, station, parcel, there[begun] or 0, papers_lacking, tell=tell)
    return verified, sent, _size(papers_lacking)


def _receipt(station: Station, parcel: Parcel, verified: Verification, sent: int, at: datetime) -> Receipt:
    return Receipt(
        station=station.code,
        bulletin=parcel.bulletin,
        digest=parcel.digest,
        remote=parcel.name,
        size=parcel.size,
        verified=verified,
        at=at,
        sent=sent,
    )


def _standing(remote: Remote, station: Station, parcel: Parcel, there: int | None) -> Verification | None:
    """How it is proven that the parcel already stands there, as `there` bytes; None if it does not."""
    if there != parcel.size:
        return None
    try:
        return prove(remote, station, parcel, parcel.name)
    except ArrivedDamaged:
        return None


def _send(
    remote: Remote,
    station: Station,
    parcel: Parcel,
    there: int,
    beside: Sequence[Extra],
    *,
    tell: Callable[[int], None],
) -> tuple[Verification, int]:
    """Bring the bytes under temporary names, prove them there, and give them the final names, the parcel's first.

    `there` bytes lie under its temporary name by now; `beside` goes with it, so that one question proves all. What
    several visits put together is proven whole, also where the station's policy would look at its size alone.
    """
    name = part(parcel.name, parcel.digest)
    start = _resume_at(remote, parcel, there)
    sent = _write(remote, station, parcel, there, start, tell=tell)
    _lay(remote, beside, name)
    by_size = station.verification is Verification.SIZE
    policy = replace(station, verification=Verification.HASH) if start and by_size else station
    theirs = _digests(remote, policy, [name, *_parts(beside)])
    try:
        verified = prove(remote, policy, parcel, name, theirs.get(name))
    except ArrivedDamaged:
        remote.remove(name)  # else it would be taken up again, damage and all
        if not start:
            _discard(remote, beside)
            raise
        verified, again = _send(remote, station, parcel, 0, beside, tell=tell)
        return verified, sent + again
    _prove_small(remote, station, beside, theirs)
    remote.rename_all({name: parcel.name, **_final(beside)})
    if remote.size(parcel.name) != parcel.size:
        reason = Says("mất sau khi đổi tên", "it is not there under its final name")
        raise ArrivedDamaged(station=station.code, name=parcel.name, reason=reason)
    return verified, sent


def _resume_at(remote: Remote, parcel: Parcel, there: int) -> int:
    """Where to go on with a `.part`: behind the last of its bytes that are ours; at 0 if none near its end are."""
    name = part(parcel.name, parcel.digest)
    if not 0 < there <= parcel.size:
        return 0
    with parcel.path.open("rb") as ours:
        for end in ENDS:
            begin = max(0, there - end)
            ours.seek(begin)
            if same := _alike(remote.read(name, begin), ours):
                return begin + same
    return 0


def _alike(theirs: Iterator[bytes], ours: BinaryIO) -> int:
    """How many bytes are the same from here on, counted in blocks as they come."""
    same = 0
    for block in theirs:
        if block != ours.read(len(block)):
            break
        same += len(block)
    return same


def _write(
    remote: Remote, station: Station, parcel: Parcel, there: int, start: int, *, tell: Callable[[int], None]
) -> int:
    name = part(parcel.name, parcel.digest)
    try:
        _must_fit(remote, station, parcel.size - there)
        with parcel.path.open("rb") as stream:
            stream.seek(start)
            blocks = paced(_blocks(stream), station.bandwidth)
            return remote.write(name, _counted(blocks, start, tell), start)
    except StationFull:
        remote.remove(name)
        raise


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    for size in chain(repeat(SMALL, FIRST // SMALL), repeat(BLOCK)):
        if not (block := stream.read(size)):
            return
        yield block


def _counted(blocks: Iterator[bytes], at: int, tell: Callable[[int], None]) -> Iterator[bytes]:
    for block in blocks:
        yield block
        at += len(block)
        tell(at)


def _must_fit(remote: Remote, station: Station, left: int) -> None:
    needed, free = math.ceil(max(0, left) * HEADROOM), remote.free()
    if free is not None and free < needed:
        raise StationFull(station=station.code, needed=needed, free=free)


def prove(remote: Remote, station: Station, parcel: Parcel, name: str, theirs: Digest | None = None) -> Verification:
    """Prove that a file at the station holds a parcel's bytes; how it was done.

    The station's policy is the least that is done: where it cannot compute a digest, the whole file is read back.
    `theirs` is the station's own digest where it was asked already.

    Raises:
        ArrivedDamaged: it does not hold them.
    """
    theirs = theirs or _digests(remote, station, [name]).get(name)
    if theirs == parcel.digest:  # then its size is right, too
        return Verification.HASH
    size = remote.size(name)
    if size != parcel.size:
        reason = Says(f"{size} byte thay vì {parcel.size}", f"{size} bytes instead of {parcel.size}")
        raise ArrivedDamaged(station=station.code, name=parcel.name, reason=reason)
    if station.verification is Verification.SIZE:
        return Verification.SIZE
    if (theirs or _read_back(remote, name)) != parcel.digest:
        reason = Says("mã SHA-256 không khớp, tệp hỏng", "damaged: its SHA-256 differs")
        raise ArrivedDamaged(station=station.code, name=parcel.name, reason=reason)
    return Verification.READBACK


def _digests(remote: Remote, station: Station, names: Sequence[str]) -> Mapping[str, Digest]:
    """What the station says of files, where its policy is to believe it."""
    return remote.digests(names) if station.verification is Verification.HASH else {}


def _read_back(remote: Remote, name: str) -> Digest:
    seen = hashlib.sha256()
    for block in remote.read(name):
        seen.update(block)
    return Digest(seen.hexdigest())


# --- small files -----------------------------------------------------------------------------------------------------


def _place(remote: Remote, station: Station, extras: Sequence[Extra]) -> int:
    """Put small files in place, each whole and proven; the bytes sent."""
    if extras:
        _lay(remote, extras)
        _prove_small(remote, station, extras, {})  # reading back costs a slow station less than starting a shell
        remote.rename_all(_final(extras))
    return _size(extras)


def lacking(remote: Remote, extras: Sequence[Extra]) -> list[Extra]:
    """Those small files that a delivery would bring now: they are not there, or are other than they should be."""
    return _lacking(remote, extras, remote.sizes([plain(extra.name) for extra in extras]))


def _lacking(remote: Remote, extras: Sequence[Extra], there: Mapping[str, int | None]) -> list[Extra]:
    """Those that do not stand there as they should, where `there` says the bytes of what does."""
    return [extra for extra in extras if not _same(remote, extra, there[extra.name])]


def _parts(extras: Sequence[Extra]) -> dict[str, Extra]:
    """Small files that are laid down together, by their temporary names."""
    return dict(zip(PAPER_PARTS[: len(extras)], extras, strict=True))


def _final(extras: Sequence[Extra]) -> dict[str, str]:
    return {name: plain(extra.name) for name, extra in _parts(extras).items()}


def _lay(remote: Remote, extras: Sequence[Extra], *others: str) -> None:
    """Write small files under their temporary names; where there is no room, `others` are removed with them."""
    try:
        remote.put({name: extra.data for name, extra in _parts(extras).items()})
    except StationFull:
        _discard(remote, extras)
        for name in others:
            remote.remove(name)
        raise


def _prove_small(remote: Remote, station: Station, extras: Sequence[Extra], theirs: Mapping[str, Digest]) -> None:
    """Prove small files under their temporary names: by the station's digest where it told, else by reading back."""
    for name, extra in _parts(extras).items():
        if theirs.get(name) != digest_of(extra.data) and b"".join(remote.read(name)) != extra.data:
            _discard(remote, extras)
            reason = Says("đọc lại không khớp, tệp hỏng", "damaged: it reads back differently")
            raise ArrivedDamaged(station=station.code, name=extra.name, reason=reason)


def _discard(remote: Remote, extras: Sequence[Extra]) -> None:
    for name in _parts(extras):
        remote.remove(name)


def _size(extras: Sequence[Extra]) -> int:
    return sum(len(extra.data) for extra in extras)


def _same(remote: Remote, extra: Extra, there: int | None) -> bool:
    if there != len(extra.data):
        return False
    data = b"".join(remote.read(extra.name))
    return _unstamped(data, extra.stamp) == _unstamped(extra.data, extra.stamp)


def _unstamped(data: bytes, stamp: bytes) -> list[bytes]:
    return [line for line in data.splitlines(keepends=True) if not stamp or not line.startswith(stamp)]
