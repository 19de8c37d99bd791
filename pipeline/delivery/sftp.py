"""Stations behind SSH: paramiko, one pinned host key, one client key, and a deadline that no stalled line outlives."""

import binascii
import logging
import posixpath
import re
import shlex
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

import paramiko

from pipeline.core.errors import (
    ConfigError,
    DeliveryError,
    FolderRefused,
    HostKeyMismatch,
    LoginRefused,
    Says,
    StationFull,
    StationUnreachable,
)
from pipeline.core.model import Digest, Seconds, Station
from pipeline.delivery import ahead
from pipeline.delivery.line import Fuse, dial
from pipeline.delivery.names import plain

CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr")
"""Best first; GCM costs a third of CTR with a separate checksum. No CBC, no 3DES."""
MACS = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)
"""Only for the CTR ciphers. No MD5, no SHA-1."""
CONNECT = Seconds(15)
"""How long each step of connecting and logging in may take."""
STALL = Seconds(30)
"""How long bytes may stay unacknowledged."""
SILENCE = Seconds(120)
"""How long a station may take over one answer; slow flash takes its time to flush."""
FULL = 1 << 20
"""With less free than this, a refused write means a full disk."""

_SUM = re.compile(rb"\\?([0-9a-f]{64}) [ *]")

# The library logs each fault with a traceback; whoever called is told by an exception of ours, in two languages.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class Sftp:
    """The transport `sftp`. One object serves any number of threads."""

    name = "sftp"

    def __init__(self, *, connect: Seconds = CONNECT, stall: Seconds = STALL) -> None:
        self._connect = connect
        self._stall = stall
        self._fuses: set[Fuse] = set()
        self._lock = threading.Lock()

    def check(self, station: Station) -> None:
        """Raise ConfigError unless host, user, a readable private key and one host key are there. Uses no network."""
        for column in ("host", "user", "key", "host_key"):
            if not getattr(station, column):
                raise _wrong(station, column, Says("chưa có", "is missing"))
        _pinned(station)
        _private(station)

    @contextmanager
    def open(self, station: Station, deadline: Seconds) -> Iterator["SftpRemote"]:
        """Connect and log in. Whatever happens inside, the connection is cut `deadline` seconds from now.

        Raises:
            ConfigError: the station's row can never work.
            StationUnreachable: nobody answers, the line broke, or its time was up.
            HostKeyMismatch: another machine answered; it was sent nothing, not even our user name.
            LoginRefused: the station does not take our key.
        """
        self.check(station)
        within = Seconds(min(self._connect, deadline))
        try:
            line = dial(station.host, station.port, within, self._stall)
        except OSError as fault:
            raise StationUnreachable(station=station.code, reason=_said(fault)) from fault
        with line, self._fused(line, deadline) as fuse, _client(station, line, fuse, within) as client:
            yield _remote(station, client, fuse, within)

    def cut(self) -> None:
        """Cut every open connection now; who works on one gets StationUnreachable, and what was sent can be resumed."""
        with self._lock:
            fuses = list(self._fuses)
        for fuse in fuses:
            fuse.blow()

    @contextmanager
    def _fused(self, line: socket.socket, deadline: Seconds) -> Iterator[Fuse]:
        fuse = Fuse(line, deadline)
        with self._lock:
            self._fuses.add(fuse)
        try:
            yield fuse
        finally:
            fuse.put_out()
            with self._lock:
                self._fuses.discard(fuse)


class SftpRemote:
    """A station's folder over an open SFTP session."""

    def __init__(self, station: Station, sftp: paramiko.SFTPClient, fuse: Fuse) -> None:
        self._station = station
        self._sftp = sftp
        self._fuse = fuse
        self._hashes = True
        with self._told():
            self._limits = ahead.limits(sftp)

    def size(self, name: str) -> int | None:
        """Bytes of a file, or None where there is none of that name."""
        with self._told():
            try:
                return int(self._sftp.stat(self._path(name)).st_size)
            except FileNotFoundError:
                return None

    def free(self) -> int | None:
        """Bytes that may still be written, or None where the station does not tell."""
        with self._told():
            try:
                return ahead.free(self._sftp, self._station.folder)
            except (FileNotFoundError, TimeoutError):
                raise
            except OSError:
                return None if self._alive() else self._lost()

    def write(self, name: str, chunks: Iterator[bytes], at: int = 0) -> int:
        """Write chunks from offset `at` on, cut what stood beyond, flush to disk where the station can; bytes sent.

        Raises:
            StationFull: the disk filled up on the way; what fitted is left for the caller to remove.
        """
        with self._told(), self._sftp.open(self._path(name), "r+b" if at else "wb") as remote:
            if at:
                remote.truncate(at)
            with self._told(writing=True):
                sent = ahead.write(self._sftp, remote.handle, chunks, at, self._limits.write)
            self._flush(remote.handle)
        return sent

    def digest(self, name: str) -> Digest | None:
        """SHA-256 by the station's own `sha256sum`; None where it lets us run nothing or has no such program."""
        path = self._path(name)
        found = self._ask(f"sha256sum -- {shlex.quote(path)}") if self._hashes else None
        self._hashes = found is not None  # a station that refused once is not asked for every file
        return found

    def read(self, name: str) -> Iterator[bytes]:
        """A file's bytes, in order."""
        with self._told(), self._sftp.open(self._path(name), "rb") as remote:
            yield from ahead.read(self._sftp, remote.handle, int(remote.stat().st_size), self._limits.read)

    def rename(self, old: str, new: str) -> None:
        """Give a file its final name, replacing atomically what stood there.

        A server without posix-rename@openssh.com has only a rename to a free name: there, what stood under the name is
        removed first, and for one round trip nothing stands there.
        """
        source, target = self._path(old), self._path(new)
        with self._told():
            try:
                self._sftp.posix_rename(source, target)
            except FileNotFoundError:
                raise
            except OSError:
                self._plain_rename(source, target)

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens where there is none."""
        with self._told(), suppress(FileNotFoundError):
            self._sftp.remove(self._path(name))

    # --- what the public methods stand on ----------------------------------------------------------------------------

    def _path(self, name: str) -> str:
        return posixpath.join(self._station.folder, plain(name))

    def _plain_rename(self, source: str, target: str) -> None:
        try:
            self._sftp.rename(source, target)
        except OSError:
            self._sftp.remove(target)
            self._sftp.rename(source, target)

    def _flush(self, handle: bytes) -> None:
        try:
            ahead.flush(self._sftp, handle)
        except OSError:  # a server without the extension; the verification that follows does not depend on it
            if not self._alive():
                raise

    def _ask(self, command: str) -> Digest | None:
        """Run the one command that is ever run at a station, and take its answer only if it looks like one."""
        try:
            with self._sftp.get_channel().get_transport().open_session(timeout=SILENCE) as channel:
                channel.settimeout(SILENCE)
                channel.exec_command(command)
                # A station that forces another program on us sees the end of input and stops, instead of waiting.
                channel.shutdown_write()
                answer = _SUM.match(channel.makefile("rb").read(4096))
        except (OSError, EOFError, paramiko.SSHException):
            return None if self._alive() else self._lost()
        return Digest(answer[1].decode()) if answer else None

    def _alive(self) -> bool:
        channel = self._sftp.get_channel()
        return not self._fuse.blown and not channel.closed and bool(channel.get_transport().is_active())

    def _lost(self, fault: Exception | None = None) -> NoReturn:
        raise _unreachable(self._station, self._fuse, fault) from fault

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
            raise FolderRefused(station=self._station.code, folder=self._station.folder, reason=_said(fault)) from fault

    def _must_not_be_full(self, fault: OSError) -> None:
        free = self.free()
        if free is None or free < FULL:
            left = "?" if free is None else free
            raise StationFull(station=self._station.code, needed="?", free=left) from fault


# --- connecting ------------------------------------------------------------------------------------------------------


@contextmanager
def _client(station: Station, line: socket.socket, fuse: Fuse, within: Seconds) -> Iterator[paramiko.SSHClient]:
    """A client that is logged in to the pinned machine; it is closed at the end."""
    client = paramiko.SSHClient()
    pinned = _pinned(station)
    client.get_host_keys().add(_known_as(station), pinned.get_name(), pinned)
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    try:
        _log_in(station, client, line, fuse, within)
        yield client
    finally:
        client.close()


def _log_in(station: Station, client: paramiko.SSHClient, line: socket.socket, fuse: Fuse, within: Seconds) -> None:
    try:
        client.connect(
            station.host, station.port, station.user, pkey=_private(station), sock=line,
            allow_agent=False, look_for_keys=False, transport_factory=_strict,
            timeout=within, banner_timeout=within, auth_timeout=within, channel_timeout=within,
        )  # fmt: skip
    except paramiko.BadHostKeyException as fault:
        raise HostKeyMismatch(station=station.code, seen=_fingerprint(fault.key)) from fault
    except paramiko.AuthenticationException as fault:
        # The library calls it a failed login, too, when the line breaks while we wait for the answer.
        if fuse.blown or not client.get_transport().is_active() or "timeout" in str(fault).lower():
            raise _unreachable(station, fuse, fault) from fault
        raise LoginRefused(station=station.code, user=station.user) from fault
    except (OSError, EOFError, paramiko.SSHException) as fault:
        raise _unreachable(station, fuse, fault) from fault


def _remote(station: Station, client: paramiko.SSHClient, fuse: Fuse, within: Seconds) -> SftpRemote:
    try:
        sftp = client.open_sftp()
    except (OSError, EOFError, paramiko.SSHException) as fault:
        raise _unreachable(station, fuse, fault) from fault
    sftp.get_channel().settimeout(max(SILENCE, within))
    return SftpRemote(station, sftp, fuse)


def _strict(sock: socket.socket, **options: object) -> paramiko.Transport:
    transport = paramiko.Transport(sock, **options)
    security = transport.get_security_options()
    security.ciphers = CIPHERS
    security.digests = MACS
    return transport


def _known_as(station: Station) -> str:
    """How the library looks a machine's key up."""
    return station.host if station.port == 22 else f"[{station.host}]:{station.port}"


def _pinned(station: Station) -> paramiko.PKey:
    """The one key the station may show, from a line such as `ssh-ed25519 AAAA…`."""
    kind, _, rest = station.host_key.strip().partition(" ")
    try:
        return paramiko.PKey.from_type_string(kind, binascii.a2b_base64(rest.split(" ")[0], strict_mode=True))
    except (paramiko.SSHException, paramiko.pkey.UnknownKeyType, ValueError) as fault:
        raise _wrong(station, "host_key", Says("không phải khoá máy OpenSSH", "is not an OpenSSH host key")) from fault


def _private(station: Station) -> paramiko.PKey:
    """Our key for the station; it must open without a passphrase, since nobody is there at night to type one."""
    try:
        return paramiko.PKey.from_path(station.key)
    except (OSError, TypeError, ValueError, paramiko.SSHException, paramiko.pkey.UnknownKeyType) as fault:
        reason = Says(f"không mở được {station.key}: {fault}", f"cannot open {station.key}: {fault}")
        raise _wrong(station, "key", reason) from fault


def _wrong(station: Station, column: str, reason: Says) -> ConfigError:
    vi, en = f"  {station.code}, cột {column}: {reason.vi}", f"  {station.code}, column {column}: {reason.en}"
    return ConfigError(file="stations.csv", faults=Says(vi, en))


def _fingerprint(key: paramiko.PKey) -> str:
    return f"{key.get_name()} {key.fingerprint}"


def _unreachable(station: Station, fuse: Fuse, fault: Exception | None) -> StationUnreachable:
    reason = Says("hết giờ dành cho trạm nên đã ngắt", "its time was up, so the line was cut")
    return StationUnreachable(station=station.code, reason=reason if fuse.blown else _said(fault))


def _said(fault: Exception | None) -> str:
    return str(fault) or type(fault).__name__ if fault else "the line broke"
