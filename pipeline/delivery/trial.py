"""A trial of a station: everything a push will need of it, done once with a small file that is taken away again."""

import os
import time
from dataclasses import dataclass

from pipeline.core.errors import ArrivedDamaged, Says
from pipeline.core.model import Digest, Station, digest_of
from pipeline.core.ports import Remote
from pipeline.delivery.names import part
from pipeline.delivery.pace import paced

NAME = "BANTIN-THU.bin"
SIZE = 256 * 1024
"""Bytes sent: enough to see how fast the line is, little enough for the slowest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a trial found."""

    free: int | None
    """Bytes that may still be written; None where the station does not tell."""
    kbits: float
    """How fast the file went there, in kbit/s."""
    own_digest: bool
    """Whether the station computes SHA-256 itself; else every file is read back."""
    abilities: frozenset[str]


def trial(remote: Remote, station: Station) -> Trial:
    """Write, prove, rename over an older file, and remove; nothing of it stays.

    Raises:
        DeliveryError: whatever a push would meet, too.
    """
    data = os.urandom(SIZE)
    digest, name = digest_of(data), part(NAME, digest_of(data))
    free = remote.free()
    try:
        remote.write(NAME, iter([b"cu"]))  # so that the rename has something to replace
        started = time.monotonic()
        remote.write(name, paced(iter([data]), station.bandwidth))
        took = time.monotonic() - started
        theirs = remote.digests([name]).get(name)
        found = theirs or digest_of(b"".join(remote.read(name)))
        _same(station, found, digest)
        remote.rename(name, NAME)
        _same(station, digest_of(b"".join(remote.read(NAME))), digest)
    finally:
        remote.remove(name)
        remote.remove(NAME)
    return Trial(
        free=free, kbits=SIZE * 8 / 1000 / max(took, 1e-6), own_digest=theirs is not None, abilities=remote.abilities
    )


def _same(station: Station, found: Digest, expected: Digest) -> None:
    if found != expected:
        reason = Says("đọc lại không khớp", "it reads back differently")
        raise ArrivedDamaged(station=station.code, name=NAME, reason=reason)
