"""When a dropped file is whole. Network shares send no events, so a folder is looked at again and again."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.core.errors import ScriptRefused, StillGrowing
from pipeline.intake.formats import unopened
from pipeline.intake.manuscript import nfc

NOTE = ".loi.txt"
"""How the name of a note beside a refused file ends; a note that is dropped with its file is no bulletin."""
_UNFINISHED = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".download", ".filepart", ".lock", NOTE)
_SYSTEM = frozenset({"thumbs.db", "desktop.ini"})

Look = tuple[int, int]
"""A file's size in bytes and its time of change in nanoseconds."""


@dataclass(slots=True)
class Sightings:
    """What a folder looked like when it was last scanned: each file, and since when it has looked so (seconds)."""

    since: dict[Path, tuple[Look, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A folder's files by name: those that stand still, those still being written, those another program holds."""

    still: tuple[Path, ...]
    moving: tuple[Path, ...]
    held: tuple[Path, ...]


def scan(folder: Path, seconds: float, seen: Sightings, now: float) -> Scan:
    """Look at a drop folder once more; `now` is in seconds of any clock that only goes forward.

    A file stands still when its size and time of change have been the same for `seconds`, as seen by these scans: its
    own time of change proves nothing, for copying keeps the old one. Only the folder itself is looked at, not what
    lies below it; hidden, temporary and half-loaded files are left alone. `seen` is brought up to date.
    """
    looks = {path: look for path in sorted(folder.iterdir()) if _counts(path) and (look := _look(path))}
    seen.since = {path: _first_seen(seen, path, look, now) for path, look in looks.items()}
    still = [path for path, (_, since) in seen.since.items() if now - since >= seconds]
    openable = [path for path in still if _opens(path)]
    return Scan(
        still=tuple(openable),
        moving=tuple(path for path in looks if path not in still),
        held=tuple(path for path in still if path not in openable),
    )


def _first_seen(seen: Sightings, path: Path, look: Look, now: float) -> tuple[Look, float]:
    before = seen.since.get(path)
    return before if before and before[0] == look else (look, now)


def _counts(path: Path) -> bool:
    name = path.name.lower()
    return not name.startswith((".", "~$")) and not name.endswith(_UNFINISHED) and name not in _SYSTEM


def _look(path: Path) -> Look | None:
    """How a file looks now; None where there is none, or it is no file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return (found.st_size, found.st_mtime_ns) if path.is_file() else None


def _opens(path: Path) -> bool:
    """Whether it may be read: on Windows shares a program that is writing keeps others out."""
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError:
        return False
    return True


class Watch:
    """Files that must not change while they are read."""

    def __init__(self) -> None:
        self._looks: dict[Path, Look] = {}

    def add(self, path: Path) -> None:
        """Watch one more file from here on.

        Raises:
            UnreadableScript: there is no such file.
        """
        look = _look(path)
        if look is None:
            raise unopened(path)
        self._looks[path] = look

    def check(self) -> None:
        """Raise StillGrowing where a file no longer looks as it did."""
        for path, look in self._looks.items():
            if _look(path) != look:
                raise StillGrowing(name=nfc(path.name))


@contextmanager
def watched(seconds: float) -> Iterator[Watch]:
    """Files added to the Watch must look the same at the end, at least `seconds` after the beginning.

    A growing file is told as such even where its first half was found wrong, since the whole may be right.

    Raises:
        StillGrowing: one has changed.
    """
    watch, start = Watch(), time.monotonic()
    try:
        yield watch
    except ScriptRefused:
        _wait(start + seconds)
        watch.check()
        raise
    _wait(start + seconds)
    watch.check()


def _wait(until: float) -> None:
    time.sleep(max(0.0, until - time.monotonic()))
