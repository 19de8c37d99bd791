"""An audit: what stands in a station's folder against what should, by size and by content."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pipeline.core.errors import ArrivedDamaged
from pipeline.core.model import Digest, Station, Verification
from pipeline.core.ports import Remote
from pipeline.delivery import manifest
from pipeline.delivery.names import PAPER_PARTS
from pipeline.delivery.push import Parcel, prove

_OURS = re.compile(
    r"(?P<file>\d{8}-\d{4}_[a-z0-9-]+_[a-z-]+_[0-9a-f]{12}\.[a-z0-9]{2,4})(?:\.json|\.sha256)?"
    r"|\.(?:[A-Za-z0-9._-]+)\.[0-9a-f]{12}\.part"
    rf"|{'|'.join(map(re.escape, PAPER_PARTS))}"
)
"""How the names look that we give; nobody else's do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an audit found, by file name."""

    good: tuple[str, ...]
    """There, whole and proven, with sidecar and checksum."""
    missing: tuple[str, ...]
    """Not there; of a master that is there, its sidecar or its checksum."""
    damaged: tuple[str, ...]
    """There, and not what we sent."""
    gone: tuple[str, ...]
    """Masters to be brought again: missing or damaged, or without sidecar or checksum."""
    extra: tuple[str, ...]
    """Ours by its name, and not meant to be there any more."""
    parts: tuple[str, ...]
    """Uploads that were cut short."""
    foreign: int
    """Other files there; none of our business."""


def audit(remote: Remote, station: Station, parcels: Sequence[Parcel], others: Collection[str] = ()) -> Audit:
    """Look for the files of some parcels, and for what else of ours lies there.

    `others` are masters that another station of the same folder is to have: none of our business here.

    Raises:
        DeliveryError: the folder cannot be looked through.
    """
    there = {item.name: item.size for item in remote.names()}
    papers = {manifest.PLAYLIST, manifest.TIMETABLE}
    missing = {name for p in parcels for name in _missing(p.name, there.keys())}
    looked_at = [p for p in parcels if p.name in there]
    by_hash = station.verification is Verification.HASH
    theirs = remote.digests([p.name for p in looked_at]) if by_hash else {}
    damaged = {p.name for p in looked_at if not _is_whole(remote, station, p, theirs.get(p.name))}
    gone = tuple(p.name for p in parcels if p.name in damaged or not missing.isdisjoint(_files(p.name)))
    expected = {file for name in (*(p.name for p in parcels), *others) for file in _files(name)}
    ours = {name for name in there if _OURS.fullmatch(name)}
    parts = {name for name in ours if name.endswith(".part")}
    return Audit(
        good=tuple(p.name for p in parcels if p.name not in gone),
        missing=tuple(sorted(missing)),
        damaged=tuple(sorted(damaged)),
        gone=gone,
        extra=tuple(sorted(ours - parts - expected)),
        parts=tuple(sorted(parts)),
        foreign=len(there.keys() - ours - papers),
    )


def leftovers(remote: Remote, names: Collection[str]) -> list[str]:
    """Files of ours in a folder that go with none of some sound files; uploads that were cut short are among them."""
    expected = {file for name in names for file in _files(name)}
    return [item.name for item in remote.names() if _OURS.fullmatch(item.name) and item.name not in expected]


def clear(remote: Remote, names: Collection[str]) -> None:
    """Remove what an audit found to be ours and of no more use."""
    for name in names:
        if not _OURS.fullmatch(name):
            raise ValueError(f"not ours: {name!r}")
        remote.remove(name)


def _files(name: str) -> set[str]:
    return {name, manifest.sidecar_name(name), manifest.checksum_name(name)}


def _missing(name: str, there: Collection[str]) -> set[str]:
    """What is not there of a master and its papers; where the master itself is not, nobody asks for its papers."""
    return _files(name) - {*there} if name in there else {name}


def _is_whole(remote: Remote, station: Station, parcel: Parcel, theirs: Digest | None) -> bool:
    try:
        prove(remote, station, parcel, parcel.name, theirs)
    except ArrivedDamaged:
        return False
    return True
