"""Which kind of file system a ledger stands on."""

import re
from pathlib import Path

from pipeline.core.errors import LedgerOnShare

_SHARES = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.glusterfs",
                     "fuse.sshfs", "fuse.rclone", "davfs", "fuse.davfs2"})  # fmt: skip
_OCTAL = re.compile(r"\\([0-7]{3})")
"""How the table writes a space in a folder's name."""
_MOUNTS = Path("/proc/self/mounts")


def must_be_of_this_machine(folder: Path, mounts: str | None = None) -> None:
    """Raise where a folder is on another machine's disk; `mounts` is the system's own table unless given.

    Raises:
        LedgerOnShare: it is.
    """
    table = _MOUNTS.read_text("utf-8", "surrogateescape") if mounts is None else mounts
    kind = _kind(folder.resolve(), table)
    if kind in _SHARES:
        raise LedgerOnShare(kind=kind, where=folder)


def _kind(folder: Path, mounts: str) -> str:
    """The file system of the longest mount point that a folder is below; the last mounted of two at one place."""
    found, length = "", -1
    for line in mounts.splitlines():
        _device, point, kind, *_ = line.split(" ")
        at = Path(_OCTAL.sub(lambda found: chr(int(found[1], 8)), point))
        if folder.is_relative_to(at) and len(at.parts) >= length:
            found, length = kind, len(at.parts)
    return found
