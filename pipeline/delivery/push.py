"""The protocol of a delivery: a temporary name, proof, the final name, and the timetable last.

It holds for any transport. A run that is killed anywhere leaves only whole files under final names and at most one
`.part`, which the next run takes up again; a run that finds everything in place sends nothing.
"""

import hashlib
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import BinaryIO

from pipeline.core.errors import ArrivedDamaged, Says, StationFull
from pipeline.core.model import BulletinId, Digest, Receipt, Station, Verification
from pipeline.core.ports import Remote
from pipeline.delivery import manifest
from pipeline.delivery.names import PAPER_PART, part, plain
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
        verified, sent = _bring(remote, station, parcel, partial(_tell, count, before, total))
        before += parcel.size
        count(before, total)
        small += _place(remote, station, Extra(name=manifest.sidecar_name(parcel.name), data=parcel.sidecar))
        small += _place(remote, station, Extra(name=manifest.checksum_name(parcel.name), data=_checksum(parcel)))
        receipts.append(_receipt(station, parcel, verified, sent, now()))
        keep(receipts[-1])
    small += sum(_place(remote, station, extra) for extra in extras)
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


def _checksum(parcel: Parcel) -> bytes:
    return manifest.checksum(parcel.name, parcel.digest)


# --- a master --------------------------------------------------------------------------------------------------------


def _bring(remote: Remote, station: Station, parcel: Parcel, tell: Callable[[int], None]) -> tuple[Verification, int]:
    """How it was proven that the parcel stands there, and the bytes that had to be sent for it."""
    verified = _standing(remote, station, parcel)
    return (verified, 0) if verified else _send(remote, station, parcel, tell)


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


def _standing(remote: Remote, station: Station, parcel: Parcel) -> Verification | None:
    """How it is proven that the parcel already stands there; None if it does not."""
    if remote.size(plain(parcel.name)) != parcel.size:
        return None
    try:
        return prove(remote, station, parcel, parcel.name)
    except ArrivedDamaged:
        return None


def _send(remote: Remote, station: Station, parcel: Parcel, tell: Callable[[int], None]) -> tuple[Verification, int]:
    """Bring the bytes under the temporary name, prove them there, and give them the final name.

    What several visits put together is proven whole, also where the station's policy would look at its size alone.
    """
    name = part(parcel.name, parcel.digest)
    start = _resume_at(remote, parcel)
    sent = _write(remote, station, parcel, start, tell)
    by_size = station.verification is Verification.SIZE
    policy = replace(station, verification=Verification.HASH) if start and by_size else station
    try:
        verified = prove(remote, policy, parcel, name)
    except ArrivedDamaged:
        remote.remove(name)  # else it would be taken up again, damage and all
        if not start:
            raise
        verified, again = _send(remote, station, parcel, tell)
        return verified, sent + again
    remote.rename(name, parcel.name)
    if remote.size(parcel.name) != parcel.size:
        reason = Says("mất sau khi đổi tên", "it is not there under its final name")
        raise ArrivedDamaged(station=station.code, name=parcel.name, reason=reason)
    return verified, sent


def _resume_at(remote: Remote, parcel: Parcel) -> int:
    """Where to go on with a `.part`: behind the last of its bytes that are ours; at 0 if none near its end are."""
    name = part(parcel.name, parcel.digest)
    there = remote.size(name) or 0
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


def _write(remote: Remote, station: Station, parcel: Parcel, start: int, tell: Callable[[int], None]) -> int:
    name = part(parcel.name, parcel.digest)
    try:
        _must_fit(remote, station, parcel.size - (remote.size(name) or 0))
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
    size = remote.size(name)
    if size != parcel.size:
        reason = Says(f"{size} byte thay vì {parcel.size}", f"{size} bytes instead of {parcel.size}")
        raise ArrivedDamaged(station=station.code, name=parcel.name, reason=reason)
    if station.verification is Verification.SIZE:
        return Verification.SIZE
    by_hash = station.verification is Verification.HASH
    theirs = (theirs or remote.digests([name]).get(name)) if by_hash else None
    found = theirs or _read_back(remote, name)
    if found != parcel.digest:
        reason = Says("mã SHA-256 không khớp, tệp hỏng", "damaged: its SHA-256 differs")
        raise ArrivedDamaged(station=station.code, name=parcel.name, reason=reason)
    return Verification.HASH if theirs else Verification.READBACK


def _read_back(remote: Remote, name: str) -> Digest:
    seen = hashlib.sha256()
    for block in remote.read(name):
        seen.update(block)
    return Digest(seen.hexdigest())


# --- small files -----------------------------------------------------------------------------------------------------


def _place(remote: Remote, station: Station, extra: Extra) -> int:
    """Put a small file in place, whole; the bytes sent, 0 where the same stands there already."""
    if _same(remote, extra):
        return 0
    try:
        sent = remote.write(PAPER_PART, iter([extra.data]))
    except StationFull:
        remote.remove(PAPER_PART)
        raise
    if b"".join(remote.read(PAPER_PART)) != extra.data:
        remote.remove(PAPER_PART)
        reason = Says("đọc lại không khớp, tệp hỏng", "damaged: it reads back differently")
        raise ArrivedDamaged(station=station.code, name=extra.name, reason=reason)
    remote.rename(PAPER_PART, plain(extra.name))
    return sent


def _same(remote: Remote, extra: Extra) -> bool:
    if remote.size(plain(extra.name)) != len(extra.data):
        return False
    there = b"".join(remote.read(extra.name))
    return _unstamped(there, extra.stamp) == _unstamped(extra.data, extra.stamp)


def _unstamped(data: bytes, stamp: bytes) -> list[bytes]:
    return [line for line in data.splitlines(keepends=True) if not stamp or not line.startswith(stamp)]
