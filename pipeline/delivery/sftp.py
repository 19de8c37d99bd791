"""Stations behind SSH: paramiko, one pinned host key, one client key, and a deadline that no stalled line outlives."""

import logging
import os
import posixpath
import re
import shlex
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import NoReturn

import paramiko

from pipeline.core.errors import DeliveryError, FolderRefused, Says, StationFull, StationUnreachable
from pipeline.core.model import Digest, Identity, Item, Seconds, Station, StationCode
from pipeline.delivery import ahead, ssh
from pipeline.delivery.line import Fuse, dial
from pipeline.delivery.names import plain
from pipeline.delivery.ssh import said, unreachable

CONNECT = Seconds(15)
"""How long each step of connecting and logging in may take."""
STALL = Seconds(30)
"""How long bytes may stay unacknowledged."""
SILENCE = Seconds(120)
"""How long a station may take over one answer; slow flash takes its time to flush."""
FULL = 1 << 20
"""With less free than this, a refused write means a full disk."""

_SUM = re.compile(rb"\\?([0-9a-f]{64}) [ *]([^\r\n]*)")
_AT_ONCE = 50
"""Files in one call; a command may not be very long."""
_MOST_ANSWER = 1 << 20

# The library logs each fault with a traceback; whoever called is told by an exception of ours, in two languages.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class Sftp:
    """The transport `sftp`. One object serves any number of threads."""

    name = "sftp"

    def __init__(self, *, connect: Seconds = CONNECT, stall: Seconds = STALL) -> None:
        self._connect = connect
        self._stall = stall
        self._fuses: dict[Fuse, StationCode] = {}
        self._lock = threading.Lock()

    def check(self, station: Station) -> None:
        """Raise ConfigError or HostKeyUnknown unless the station's row has all that logging in needs."""
        ssh.check(station)

    def identity(self, station: Station) -> Identity:
        """The key that the machine at the station's address shows, pinned or not; it is sent nothing.

        Raises:
            ConfigError: the row has no host.
            StationUnreachable: nobody answers, or not with SSH.
        """
        if not station.host:
            raise ssh.wrong(station, "host", Says("chưa có", "is missing"))
        with self._dialled(station, self._connect) as line, self._fused(station, line, self._connect):
            return ssh.identity(station, line, self._connect)

    @contextmanager
    def open(self, station: Station, deadline: Seconds) -> Iterator["SftpRemote"]:
        """Connect and log in. Whatever happens inside, the connection is cut `deadline` seconds from now.

        Raises:
            ConfigError: the station's row can never work.
            HostKeyUnknown: no key is pinned, so nobody is called.
            StationUnreachable: nobody answers, the line broke, or its time was up.
            HostKeyMismatch: another machine answered; it was sent nothing, not even our user name.
            LoginRefused: the station does not take our key.
        """
        self.check(station)
        within = Seconds(min(self._connect, deadline))
        with (
            self._dialled(station, within) as line,
            self._fused(station, line, deadline) as fuse,
            ssh.logged_in(station, line, fuse, within) as client,
        ):
            yield _remote(station, client, fuse, within)

    def cut(self, station: StationCode | None = None) -> None:
        """Cut every open connection now, or those to one station; what was sent can be resumed.

        Whoever works on one gets StationUnreachable.
        """
        with self._lock:
            fuses = [fuse for fuse, code in self._fuses.items() if station in {None, code}]
        for fuse in fuses:
            fuse.blow()

    def _dialled(self, station: Station, within: Seconds) -> socket.socket:
        try:
            return dial(station.host, station.port, within, self._stall)
        except OSError as fault:
            raise StationUnreachable(station=station.code, reason=said(fault)) from fault

    @contextmanager
    def _fused(self, station: Station, line: socket.socket, deadline: Seconds) -> Iterator[Fuse]:
        fuse = Fuse(line, deadline)
        with self._lock:
            self._fuses[fuse] = station.code
        try:
            yield fuse
        finally:
            fuse.put_out()
            with self._lock:
                del self._fuses[fuse]


class SftpRemote:
    """A station's folder over an open SFTP session."""

    def __init__(self, station: Station, sftp: paramiko.SFTPClient, fuse: Fuse) -> None:
        self._station = station
        self._sftp = sftp
        self._fuse = fuse
        self._hashes = True
        self._able: set[str] = set()
        with self._told():
            self._limits = ahead.limits(sftp)
            if station.make_folder:
                self._make(station.folder)

    @property
    def abilities(self) -> frozenset[str]:
        """What the station has shown so far that it can do beyond plain SFTP."""
        return frozenset(self._able)

    def size(self, name: str) -> int | None:
        """Bytes of a file, or None where there is none of that name."""
        return self.sizes([name])[name]

    def sizes(self, names: Sequence[str]) -> Mapping[str, int | None]:
        """Bytes of each file, None where there is none of that name, at the cost of one."""
        paths = [self._path(name) for name in names]
        with self._told():
            return dict(zip(names, ahead.sizes(self._sftp, paths), strict=True))

    def free(self) -> int | None:
        """Bytes that may still be written, or None where the station does not tell."""
        with self._told():
            try:
                free = ahead.free(self._sftp, self._station.folder)
            except (FileNotFoundError, TimeoutError):
                raise
            except OSError:
                return None if self._alive() else self._lost()
        self._able.add("statvfs")
        return free

    def write(self, name: str, chunks: Iterator[bytes], at: int = 0) -> int:
        """Write chunks from offset `at` on, cut what stood beyond, flush to disk where the station can; bytes sent.

        Raises:
            StationFull: the disk filled up on the way; what fitted is left for the caller to remove.
        """
        path = self._path(name)
        with self._told():
            handle = ahead.reopen(self._sftp, path) if at else ahead.create(self._sftp, [path])[0]
            with self._told(writing=True):
                written = ahead.write(self._sftp, handle, chunks, at, self._limits().write)
        self._able |= {"fsync"} if written.flushed else set()
        return written.sent

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write small files, each whole, flushed where the station can; all at the cost of one."""
        paths = {self._path(name): data for name, data in files.items()}
        with self._told(writing=True):
            flushed = ahead.put(self._sftp, paths, self._limits().write)
        self._able |= {"fsync"} if flushed and files else set()

    def digests(self, names: Sequence[str]) -> Mapping[str, Digest]:
        """SHA-256 by the station's own `sha256sum`, many files a call: each call costs three times the line's delay.

        Nothing where it lets us run no command or has no such program; not for a file that is not there.
        """
        paths = {self._path(name): name for name in names}
        found: dict[str, Digest] = {}
        every = list(paths)
        for begin in range(0, len(every) if self._hashes else 0, _AT_ONCE):
            some = every[begin : begin + _AT_ONCE]
            answer = self._ask(" ".join(["sha256sum", "--", *map(shlex.quote, some)]))
            for line in (answer or b"").splitlines():
                match = _SUM.fullmatch(line)
                path = os.fsdecode(match[2]) if match else ""
                if match and path in paths:
                    found[paths[path]] = Digest(match[1].decode())
            self._hashes = answer is not None  # a station that refused once is not asked again
        if found:
            self._able.add("sha256sum")
        return found

    def read(self, name: str, at: int = 0) -> Iterator[bytes]:
        """A file's bytes from offset `at` on, in order."""
        path = self._path(name)
        with self._told():
            yield from ahead.read(self._sftp, path, self._limits().read, at)

    def rename(self, old: str, new: str) -> None:
        """Give a file its final name; see `rename_all`."""
        self.rename_all({old: new})

    def rename_all(self, names: Mapping[str, str]) -> None:
        """Give files their final names in this order, replacing atomically what stood there, at the cost of one.

        A server without posix-rename@openssh.com has only a rename to a free name: there, what stood under the name is
        removed first, and for one round trip nothing stands there.
        """
        paths = {self._path(old): self._path(new) for old, new in names.items()}
        with self._told():
            for (old, new), refused in zip(paths.items(), ahead.rename(self._sftp, paths), strict=True):
                if isinstance(refused, FileNotFoundError) or (refused and not self._alive()):
                    raise refused
                if refused:
                    self._plain_rename(old, new)
                else:
                    self._able.add("posix-rename")

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens where there is none."""
        with self._told(), suppress(FileNotFoundError):
            self._sftp.remove(self._path(name))

    def names(self) -> Iterator[Item]:
        """What lies in the folder, folders left out; a name that is not UTF-8 comes with surrogates."""
        with self._told():
            yield from ahead.names(self._sftp, self._station.folder)

    # --- what the public methods stand on ----------------------------------------------------------------------------

    def _path(self, name: str) -> str:
        return posixpath.join(self._station.folder, plain(name))

    def _make(self, folder: str) -> None:
        """Make a folder with those above it, where they are missing."""
        try:
            self._sftp.stat(folder)
        except FileNotFoundError:
            above = posixpath.dirname(posixpath.normpath(folder))
            if above not in {"", "/", folder}:
                self._make(above)
            self._sftp.mkdir(folder)

    def _plain_rename(self, source: str, target: str) -> None:
        try:
            self._sftp.rename(source, target)
        except OSError:
            self._sftp.remove(target)
            self._sftp.rename(source, target)

    def _ask(self, command: str) -> bytes | None:
        """What the one command that is ever run at a station answers; None where it cannot be run there."""
        try:
            with self._sftp.get_channel().get_transport().open_session(timeout=SILENCE) as channel:
                channel.settimeout(SILENCE)
                channel.exec_command(command)
                # A station that forces another program on us sees the end of input and stops, instead of waiting.
                channel.shutdown_write()
                answer = channel.makefile("rb").read(_MOST_ANSWER)
        except (OSError, EOFError, paramiko.SSHException):
            return None if self._alive() else self._lost()
        return answer if _SUM.match(answer) else None

    def _alive(self) -> bool:
        channel = self._sftp.get_channel()
        return not self._fuse.blown and not channel.closed and bool(channel.get_transport().is_active())

    def _lost(self, fault: Exception | None = None) -> NoReturn:
        raise unreachable(self._station, self._fuse, fault) from fault

    @contextmanager
    def _told(self, *, writing: bool = False) -> Iterator[None]:
        """Say in our errors what the library says in its own. It reports a refusal as an OSError without a number."""
        try:
            yield
        except DeliveryError:
            raise
        except (EOFError, paramiko.SSHException, paramiko.SFTPError, TimeoutError) as fault:
            self._lost(fault)
        except OSError as fault:
            if not self._alive():
                self._lost(fault)
            if writing:
                self._must_not_be_full(fault)
            raise FolderRefused(station=self._station.code, folder=self._station.folder, reason=said(fault)) from fault

    def _must_not_be_full(self, fault: OSError) -> None:
        free = self.free()
        if free is None or free < FULL:
            left = "?" if free is None else free
            raise StationFull(station=self._station.code, needed="?", free=left) from fault


def _remote(station: Station, client: paramiko.SSHClient, fuse: Fuse, within: Seconds) -> SftpRemote:
    try:
        sftp = ahead.session(client.get_transport())
    except (OSError, EOFError, paramiko.SSHException) as fault:
        raise unreachable(station, fuse, fault) from fault
    sftp.get_channel().settimeout(max(SILENCE, within))
    return SftpRemote(station, sftp, fuse)
