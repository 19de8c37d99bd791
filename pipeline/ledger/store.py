"""The store: files named by the SHA-256 of their bytes, written whole or not at all."""

import hashlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.core.errors import StoreDamaged, full_disk_of
from pipeline.core.model import Digest

_BLOCK = 1 << 20
_LEFT_OVER = 24 * 3600
"""Seconds after which work in progress is nobody's: a bulletin takes minutes."""


class Store:
    """Content-addressed files under one folder. Safe for several processes: equal bytes have equal names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._scratch = folder / "tmp"
        self._looked_at: dict[Digest, tuple[int, int, int]] = {}
        self._looking = threading.Lock()

    def sweep(self) -> int:
        """Remove the scratch folders of runs that were killed: those untouched for a day. How many."""
        removed = 0
        for path in self._scratch.glob("*"):
            with suppress(FileNotFoundError):  # its run is alive and has just ended
                if time.time() - path.stat().st_mtime > _LEFT_OVER:
                    shutil.rmtree(path)
                    removed += 1
        return removed

    def path(self, digest: Digest) -> Path:
        """Where the bytes of a digest stand, or would stand."""
        return self.folder / digest[:2] / digest

    def __contains__(self, digest: Digest) -> bool:
        return self.path(digest).is_file()

    def get(self, digest: Digest) -> Path:
        """The file of a digest.

        Raises:
            StoreDamaged: there is none.
        """
        if digest not in self:
            raise StoreDamaged(digest=digest)
        return self.path(digest)

    def whole(self, digest: Digest) -> Path:
        """The file of a digest, its bytes looked at again; once for as long as nobody touches it, however many ask.

        Raises:
            StoreDamaged: there is none, or its bytes are others by now.
        """
        path = self.get(digest)
        facts = path.stat()
        seen = (facts.st_ino, facts.st_size, facts.st_mtime_ns)
        with self._looking:  # a hundred stations that want one master read it once
            if self._looked_at.get(digest) != seen:
                if hash_file(path) != digest:
                    raise StoreDamaged(digest=digest)
                self._looked_at[digest] = seen
        return path

    def put(self, source: Path) -> Digest:
        """Copy a file in and return its digest; a file that is there already is not written again."""
        with self.scratch() as folder, source.open("rb") as stream:
            copy = folder / "copy"
            with copy.open("wb") as target:
                shutil.copyfileobj(stream, target, _BLOCK)
            return self.adopt(copy)

    def put_bytes(self, data: bytes) -> Digest:
        """Keep bytes and return their digest."""
        with self.scratch() as folder:
            copy = folder / "copy"
            copy.write_bytes(data)
            return self.adopt(copy)

    def adopt(self, file: Path) -> Digest:
        """Move a finished file from a scratch folder into the store, on disk before it has its name."""
        digest = hash_file(file)
        target = self.path(digest)
        if target.is_file():
            file.unlink()
            return digest
        if not target.parent.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            _to_disk(self.folder)
        _to_disk(file)
        file.replace(target)
        _to_disk(target.parent)
        return digest

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder on the store's own file system for work in progress, gone afterwards whatever happens.

        Where someone still writes into it, what is left is swept later.
        """
        self._scratch.mkdir(parents=True, exist_ok=True)
        where = self.folder.absolute()
        with (
            full_disk_of(where),
            tempfile.TemporaryDirectory(dir=self._scratch, ignore_cleanup_errors=True) as folder,
        ):
            yield Path(folder)


def hash_file(file: Path) -> Digest:
    """The SHA-256 of a file, read in blocks."""
    with file.open("rb") as stream:
        return Digest(hashlib.file_digest(stream, "sha256").hexdigest())


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
