"""Logging in to a station over SSH: strong ciphers, one pinned host key, one key or password of ours, nothing else."""

import binascii
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paramiko

from pipeline.core.errors import (
    ConfigError,
    HostKeyMismatch,
    HostKeyUnknown,
    LoginRefused,
    Says,
    StationUnreachable,
)
from pipeline.core.model import Identity, Seconds, Station
from pipeline.core.reasons import vietnamese
from pipeline.delivery.line import Fuse

CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr")
"""Best first; GCM costs a third of CTR with a separate checksum. No CBC, no 3DES."""
MACS = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)
"""Only for the CTR ciphers. No MD5, no SHA-1."""
_OVER_LOGIN = {14, 15}
"""No more ways to log in, no such user (RFC 4253, 11.1). OpenSSH gives a code of any fault and says it in words."""
PASSPHRASE = "BANTIN_KEY_PASSPHRASE"  # noqa: S105 - where it is looked for
"""The environment variable that opens our private keys, where they are locked."""


def check(station: Station) -> None:
    """Raise unless a station's row has all that logging in needs; uses no network.

    Raises:
        ConfigError: host, user, or a usable private key or password file is missing.
        HostKeyUnknown: no host key is pinned yet.
    """
    for column in ("host", "user"):
        if not getattr(station, column):
            raise wrong(station, column, Says("chưa có", "is missing"))
    if not (station.key or station.password_file):
        raise wrong(
            station, "key", Says("chưa có khoá hay password_file", "there is neither a key nor a password_file")
        )
    _secrets(station)
    if not station.host_key:
        raise HostKeyUnknown(station=station.code)
    pinned(station)


def identity(station: Station, line: socket.socket, within: Seconds) -> Identity:
    """The host key that a machine shows; nothing is sent to it, not even our user name.

    Raises:
        StationUnreachable: it does not speak SSH, or the line broke.
    """
    transport = _strict(line)
    try:
        transport.start_client(timeout=within)
        key = transport.get_remote_server_key()
    except (OSError, EOFError, paramiko.SSHException) as fault:
        raise StationUnreachable(station=station.code, reason=said(fault)) from fault
    finally:
        transport.close()
    return Identity(host_key=f"{key.get_name()} {key.get_base64()}", fingerprint=_fingerprint(key))


@contextmanager
def logged_in(station: Station, line: socket.socket, fuse: Fuse, within: Seconds) -> Iterator[paramiko.SSHClient]:
    """A client that is logged in to the pinned machine; it is closed at the end."""
    client = paramiko.SSHClient()
    expected = pinned(station)
    client.get_host_keys().add(_known_as(station), expected.get_name(), expected)
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    try:
        _log_in(station, client, line, fuse, within)
        yield client
    finally:
        client.close()


def _log_in(station: Station, client: paramiko.SSHClient, line: socket.socket, fuse: Fuse, within: Seconds) -> None:
    key, password = _secrets(station)
    try:
        client.connect(
            station.host, station.port, station.user, pkey=key, password=password, sock=line,
            allow_agent=False, look_for_keys=False, transport_factory=_strict,
            timeout=within, banner_timeout=within, auth_timeout=within, channel_timeout=within,
        )  # fmt: skip
    except paramiko.BadHostKeyException as fault:
        raise HostKeyMismatch(station=station.code, seen=_fingerprint(fault.key)) from fault
    except (OSError, EOFError, paramiko.SSHException) as fault:
        if _is_no(client.get_transport(), fault) and not fuse.blown:
            raise LoginRefused(station=station.code, user=station.user) from fault
        raise unreachable(station, fuse, fault) from fault


def _is_no(transport: "_Transport | None", fault: Exception) -> bool:
    """Whether the station does not let us in, and it is not the line that broke while we waited for its answer.

    The library calls either a failed login.
    """
    if transport is None:
        return False
    refused = isinstance(fault, paramiko.AuthenticationException) and "timeout" not in str(fault).lower()
    return transport.has_refused or (refused and transport.is_active())


class _Transport(paramiko.Transport):  # type: ignore[misc]  # the library has no types
    """The library's, which also knows why the other side hung up."""

    has_refused = False
    """Whether it hung up over our login: a server that allows one try does so, and says no in no other way."""

    def _parse_disconnect(self, m: paramiko.Message) -> None:
        super()._parse_disconnect(m)
        m.rewind()
        code, reason = m.get_int(), m.get_text()
        self.has_refused = code in _OVER_LOGIN or "authentication failures" in reason.lower()


def _strict(sock: socket.socket, **options: object) -> _Transport:
    transport = _Transport(sock, **options)
    security = transport.get_security_options()
    security.ciphers = CIPHERS
    security.digests = MACS
    return transport


def _known_as(station: Station) -> str:
    """How the library looks a machine's key up."""
    return station.host if station.port == 22 else f"[{station.host}]:{station.port}"


def pinned(station: Station) -> paramiko.PKey:
    """The one key the station may show, from a line such as `ssh-ed25519 AAAA…`."""
    kind, _, rest = station.host_key.strip().partition(" ")
    try:
        return paramiko.PKey.from_type_string(kind, binascii.a2b_base64(rest.split(" ")[0], strict_mode=True))
    except (paramiko.SSHException, paramiko.pkey.UnknownKeyType, ValueError) as fault:
        raise wrong(station, "host_key", Says("không phải khoá máy OpenSSH", "is not an OpenSSH host key")) from fault


def _secrets(station: Station) -> tuple[paramiko.PKey | None, str | None]:
    """What we show a station: our key, opened by the passphrase in the environment if it is locked, or a password.

    Nobody is there at night to type one. A file that others on this machine may read is refused.
    """
    if station.key:
        _must_be_ours_alone(station, "key", station.key)
        try:
            return paramiko.PKey.from_path(station.key, (os.environ.get(PASSPHRASE) or "").encode() or None), None
        except (OSError, TypeError, ValueError, paramiko.SSHException, paramiko.pkey.UnknownKeyType) as fault:
            why = vietnamese(str(fault))
            reason = Says(f"không mở được {station.key}: {why}", f"cannot open {station.key}: {fault}")
            raise wrong(station, "key", reason) from fault
    _must_be_ours_alone(station, "password_file", station.password_file)
    try:
        return None, Path(station.password_file).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as fault:
        name = station.password_file
        raise wrong(station, "password_file", Says(f"không đọc được {name}", f"cannot read {name}")) from fault


def _must_be_ours_alone(station: Station, column: str, file: str) -> None:
    try:
        mode = Path(file).stat().st_mode
    except OSError as fault:
        why = fault.strerror or str(fault)
        new = column == "key" and isinstance(fault, FileNotFoundError)
        vi, en = ("; tạo khoá: xem docs/vi/tram-moi.md", "; make one: see docs/vi/tram-moi.md") if new else ("", "")
        reason = Says(f"không mở được {file}: {vietnamese(why)}{vi}", f"cannot open {file}: {why}{en}")
        raise wrong(station, column, reason) from fault
    if stat.S_IMODE(mode) & 0o077:
        vi, en = f"người khác đọc được {file}; chạy: chmod 600", f"others may read {file}; run: chmod 600"
        raise wrong(station, column, Says(vi, en))


def wrong(station: Station, column: str, reason: Says) -> ConfigError:
    """A fault of a station's row in stations.csv."""
    vi, en = f"  {station.code}, cột {column}: {reason.vi}", f"  {station.code}, column {column}: {reason.en}"
    return ConfigError(file="stations.csv", faults=Says(vi, en))


def _fingerprint(key: paramiko.PKey) -> str:
    return f"{key.get_name()} {key.fingerprint}"


def unreachable(station: Station, fuse: Fuse, fault: Exception | None) -> StationUnreachable:
    """That a line ended, and whether it was we who cut it."""
    reason = Says("hết giờ dành cho trạm nên đã ngắt", "its time was up, so the line was cut")
    return StationUnreachable(station=station.code, reason=reason if fuse.blown else said(fault))


def said(fault: Exception | None) -> str:
    """What the library or the system says of a fault; never empty."""
    return str(fault) or type(fault).__name__ if fault else "the line broke"
