"""A folder of this machine as a station: a USB stick carried to a commune, or a share mounted here.

Others write there, too. A link that they laid down under a name of ours leads nowhere: it is neither read nor written.
"""

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.core.errors import ConfigError, DeliveryError, FolderRefused, Says, StationFull, StationUnreachable
from pipeline.core.model import Digest, Item, Seconds, Station
from pipeline.delivery.links import IS_LINK, is_link, opened
from pipeline.delivery.names import plain

BLOCK = 1 << 20
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP}
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


class Folder:
    """The transport `folder`. The station's folder must be there: a stick that is not plugged in is no folder."""

    name = "folder"

    def check(self, station: Station) -> None:
        """Raise ConfigError unless the station's folder is a full path."""
        if not Path(station.folder).is_absolute():
            vi = f"  {station.code}, cột folder: cần đường dẫn đầy đủ"
            en = f"  {station.code}, column folder: a full path is needed"
            raise ConfigError(file="stations.csv", faults=Says(vi, en))

    def identity(self, station: Station) -> None:
        """None: a folder of this machine shows no key."""

    @contextmanager
    def open(self, station: Station, deadline: Seconds) -> Iterator["FolderRemote"]:
        """The folder. No block is read or written later than `deadline` seconds from now.

        Raises:
            FolderRefused: it is not there or may not be written.
        """
        self.check(station)
        folder = Path(station.folder)
        if station.make_folder and folder.parent.is_dir():  # not above: a stick that is away has no parent either
            folder.mkdir(exist_ok=True)
        if not folder.is_dir():
            reason = Says("không có thư mục ấy", "no such folder")
            raise FolderRefused(station=station.code, folder=station.folder, reason=reason)
        yield FolderRemote(station, folder, until=time.monotonic() + deadline)


class FolderRemote:
    """A station's folder on this machine. It computes no digest of its own: proof is reading back."""

    def __init__(
        self, station: Station, folder: Path, until: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._station = station
        self._folder = folder
        self._until = until
        self._clock = clock

    @property
    def abilities(self) -> frozenset[str]:
        """What every file system of ours can do."""
        return frozenset({"fsync", "posix-rename", "statvfs"})

    def size(self, name: str) -> int | None:
        """Bytes of a file, or None where there is none of that name."""
        with self._told():
            try:
                return self._path(name).lstat().st_size
            except FileNotFoundError:
                return None

    def sizes(self, names: Sequence[str]) -> Mapping[str, int | None]:
        """Bytes of each file, None where there is none of that name."""
        return {name: self.size(name) for name in names}

    def free(self) -> int | None:
        """Bytes that may still be written."""
        with self._told():
            room = os.statvfs(self._folder)
            return room.f_frsize * room.f_bavail

    def write(self, name: str, chunks: Iterator[bytes], at: int = 0) -> int:
        """Write chunks from offset `at` on, cut what stood beyond, flush to disk; bytes sent."""
        path, sent = self._path(name), 0
        with self._told(), opened(path, "r+b" if at else "wb") as stream:
            stream.truncate(at)
            stream.seek(at)
            for chunk in chunks:
                self._must_have_time()
                sent += stream.write(chunk)
            stream.flush()
            os.fsync(stream.fileno())
            # So that reading back asks the stick and not this machine's memory.
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return sent

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write small files, each whole, flushed."""
        for name, data in files.items():
            self.write(name, iter([data]))

    def digests(self, names: Sequence[str]) -> Mapping[str, Digest]:
        """Nothing: the computer that would compute it is ours."""
        for name in names:
            plain(name)
        return {}

    def read(self, name: str, at: int = 0) -> Iterator[bytes]:
        """A file's bytes from offset `at` on, in order."""
        with self._told(), opened(self._path(name), "rb") as stream:
            stream.seek(at)
            while block := stream.read(BLOCK):
                self._must_have_time()
                yield block

    def rename(self, old: str, new: str) -> None:
        """Give a file its final name, replacing atomically what stood there, also after a power cut."""
        with self._told():
            self._path(old).replace(self._path(new))
            handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                with suppress(OSError):  # some file systems of USB sticks cannot flush a folder
                    os.fsync(handle)
            finally:
                os.close(handle)

    def rename_all(self, names: Mapping[str, str]) -> None:
        """Give files their final names in this order."""
        for old, new in names.items():
            self.rename(old, new)

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens where there is none."""
        with self._told():
            self._path(name).unlink(missing_ok=True)

    def names(self) -> Iterator[Item]:
        """What lies in the folder, folders left out; a name that is not UTF-8 comes with surrogates."""
        with self._told():
            for path in sorted(self._folder.iterdir()):
                facts = path.lstat()
                if not stat.S_ISDIR(facts.st_mode):
                    yield Item(path.name, facts.st_size, facts.st_mtime)

    def _path(self, name: str) -> Path:
        return self._folder / plain(name)

    def _must_have_time(self) -> None:
        if self._clock() > self._until:
            reason = Says("hết giờ dành cho trạm", "its time was up")
            raise StationUnreachable(station=self._station.code, reason=reason)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except DeliveryError:
            raise
        except OSError as fault:
            raise self._named(fault) from fault

    def _named(self, fault: OSError) -> DeliveryError:
        code = self._station.code
        reason = IS_LINK.format(name=Path(fault.filename).name) if is_link(fault) else fault.strerror or str(fault)
        if fault.errno in _NO_ROOM:
            return StationFull(station=code, needed="?", free=self.free())
        if fault.errno in _REFUSED:
            return FolderRefused(station=code, folder=self._station.folder, reason=reason)
        return StationUnreachable(station=code, reason=reason)
