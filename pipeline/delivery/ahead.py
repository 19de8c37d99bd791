"""SFTP requests sent ahead of their answers, and OpenSSH's extensions: what paramiko's public calls do not offer.

paramiko can pipeline writes, but then drops the station's answers, so a full disk would go unseen; and it has no public
call for fsync, statvfs or limits. So this one file speaks through its `_request`, `_async_request` and
`_read_response`, which have kept their shape since its first release.
"""
# ruff: noqa: SLF001 - see above; everything private is kept in this file

import os
import stat
import struct
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from paramiko import Message, SFTPAttributes, SFTPClient, Transport
from paramiko.common import cMSG_CHANNEL_REQUEST
from paramiko.sftp import (
    CMD_CLOSE,
    CMD_EXTENDED,
    CMD_FSETSTAT,
    CMD_FSTAT,
    CMD_LSTAT,
    CMD_OPEN,
    CMD_OPENDIR,
    CMD_READ,
    CMD_READDIR,
    CMD_REMOVE,
    CMD_STATUS,
    CMD_WRITE,
    SFTP_FLAG_CREATE,
    SFTP_FLAG_EXCL,
    SFTP_FLAG_READ,
    SFTP_FLAG_WRITE,
    int64,
)

from pipeline.core.model import Item

WINDOW = 32
"""Requests in flight: 8 MB, more than any line of ours holds."""
SMALL = 32 * 1024
"""What every server takes in one request."""
LARGE = 255 * 1024
"""What OpenSSH takes in one request."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most bytes in one read and in one write."""

    read: int = SMALL
    write: int = SMALL


class _Ahead:
    """Requests in flight. Answers may come in any order and are given in the order of asking."""

    def __init__(self, sftp: SFTPClient) -> None:
        self._sftp = sftp
        self._asked: deque[int] = deque()
        self._answers: dict[int, tuple[int, Message]] = {}

    def ask(self, kind: int, *arguments: object) -> None:
        """Send a request and do not wait."""
        self._asked.append(self._sftp._async_request(self, kind, *arguments))

    def ask_write(self, handle: bytes, at: int, data: bytes) -> None:
        """Send data to write and do not wait. As `ask` would, which copies each byte eight times on the way."""
        with self._sftp._lock:
            number = self._sftp.request_number
            self._sftp.request_number += 1
            self._sftp._expecting[number] = self
        self._asked.append(number)
        size = struct.calcsize(">BIIQI") + len(handle) + len(data)
        head = struct.pack(">IBII", size, CMD_WRITE, number, len(handle))
        left = memoryview(b"".join((head, handle, struct.pack(">QI", at, len(data)), data)))
        while left:
            sent = self._sftp.sock.send(left)
            if not sent:
                raise EOFError
            left = left[sent:]

    def answer(self) -> Message:
        """The answer to the oldest request; raises what the station reports, as paramiko's own calls do."""
        number = self._asked.popleft()
        while number not in self._answers:
            self._sftp._read_response()
        kind, message = self._answers.pop(number)
        if kind == CMD_STATUS:
            self._sftp._convert_status(message)
        return message

    def _async_response(self, kind: int, message: Message, number: int) -> None:
        """Called by paramiko on whoever asked."""
        self._answers[number] = (kind, message)

    def __len__(self) -> int:
        return len(self._asked)


def session(transport: Transport) -> SFTPClient:
    """An SFTP session on a connection that is logged in. The first request goes right behind the call for SFTP.

    Where there is none, the station closes the channel, and reading the answer fails at once.
    """
    channel = transport.open_session()
    call = Message()
    call.add_byte(cMSG_CHANNEL_REQUEST)
    call.add_int(channel.remote_chanid)
    call.add_string("subsystem")
    call.add_boolean(True)
    call.add_string("sftp")
    transport._send_user_message(call)
    return SFTPClient(channel)


def sizes(sftp: SFTPClient, paths: Sequence[str]) -> list[int | None]:
    """Bytes of files, None where there is none of that name; one round trip for all.

    A link is no file of ours, wherever it leads: what it leads to is neither asked nor, later, written.
    """
    ahead = _Ahead(sftp)
    for path in paths:
        ahead.ask(CMD_LSTAT, path)
    return [_size(ahead) for _ in paths]


def _size(ahead: _Ahead) -> int | None:
    try:
        facts = SFTPAttributes._from_msg(ahead.answer())
    except FileNotFoundError:
        return None
    return None if stat.S_ISLNK(facts.st_mode or 0) else int(facts.st_size or 0)


def reopen(sftp: SFTPClient, path: str) -> bytes:
    """A handle to write to a file that is there and stays as it is."""
    return bytes(sftp._request(CMD_OPEN, path, SFTP_FLAG_READ | SFTP_FLAG_WRITE, SFTPAttributes())[1].get_binary())


def create(sftp: SFTPClient, paths: Sequence[str]) -> list[bytes]:
    """Handles to write to new files, in place of whatever stood under their names; one round trip.

    Each name is freed first and must then be free: were a file emptied instead, a link that someone laid there would
    lead us out of the folder.
    """
    ahead = _Ahead(sftp)
    for path in paths:
        ahead.ask(CMD_REMOVE, path)
        ahead.ask(CMD_OPEN, path, SFTP_FLAG_WRITE | SFTP_FLAG_CREATE | SFTP_FLAG_EXCL, SFTPAttributes())
    return [_opened(ahead) for _ in paths]


def _opened(ahead: _Ahead) -> bytes:
    _refusal(ahead)  # mostly there was nothing; what could not be removed refuses the opening too
    return bytes(ahead.answer().get_binary())


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a file."""

    sent: int
    flushed: bool
    """Whether it is on the station's disk: not every server can be asked for that (fsync@openssh.com)."""


def write(sftp: SFTPClient, handle: bytes, chunks: Iterator[bytes], at: int, most: int) -> Written:
    """Write chunks to an open file from an offset on, where it is cut first; flush and close it.

    Flushing and closing are asked for behind the last write, as a server does what concerns one file in its order.
    Every write is known to have succeeded.
    """
    return _written(*_begun(sftp, handle, chunks, at, most))


def put(sftp: SFTPClient, files: Mapping[str, bytes], most: int) -> bool:
    """Write small files, each whole, flushed and closed, in two round trips for all; whether all were flushed."""
    handles = create(sftp, list(files))
    begun = [_begun(sftp, handle, iter([data]), 0, most) for handle, data in zip(handles, files.values(), strict=True)]
    written = [_written(*one) for one in begun]
    return all(one.flushed for one in written)


def _begun(sftp: SFTPClient, handle: bytes, chunks: Iterator[bytes], at: int, most: int) -> tuple[_Ahead, int]:
    """Ask for all that makes a file; what is not answered yet, and the bytes sent. Flush and close are asked last."""
    ahead, start = _Ahead(sftp), at
    try:
        if at:
            ahead.ask(CMD_FSETSTAT, handle, _of_size(at))
        for chunk in chunks:
            for begin in range(0, len(chunk), most):
                piece = chunk[begin : begin + most]
                ahead.ask_write(handle, at, piece)
                at += len(piece)
                if len(ahead) >= WINDOW:
                    ahead.answer()
        ahead.ask(CMD_EXTENDED, "fsync@openssh.com", handle)
    finally:
        ahead.ask(CMD_CLOSE, handle)
    return ahead, at - start


def _written(ahead: _Ahead, sent: int) -> Written:
    while len(ahead) > 2:
        ahead.answer()
    try:
        ahead.answer()
        flushed = True
    except OSError:  # a server without the extension; the verification that follows does not depend on it
        flushed = False
    ahead.answer()
    return Written(sent, flushed)


def _of_size(size: int) -> SFTPAttributes:
    facts = SFTPAttributes()
    facts.st_size = size
    return facts


def read(sftp: SFTPClient, path: str, most: int, begin: int = 0) -> Iterator[bytes]:
    """A file's bytes from `begin` on, in order; two round trips for a small one."""
    handle = sftp._request(CMD_OPEN, path, SFTP_FLAG_READ, SFTPAttributes())[1].get_binary()
    ahead = _Ahead(sftp)
    try:
        ahead.ask(CMD_FSTAT, handle)
        ahead.ask(CMD_READ, handle, int64(begin), most)  # behind the question for the size: most files are small
        size = _size(ahead) or 0
        pieces = deque((at, min(most, size - at)) for at in range(begin, size, most))
        waiting = deque([pieces.popleft()] if pieces else [])
        while pieces or waiting:
            while pieces and len(waiting) < WINDOW:
                waiting.append(pieces.popleft())
                ahead.ask(CMD_READ, handle, int64(waiting[-1][0]), waiting[-1][1])
            at, wanted = waiting.popleft()
            yield from _whole(sftp, handle, at, wanted, ahead.answer().get_string())
    except EOFError:
        return
    finally:
        # Nobody waits for the answer, nor is it of use: what was read was read.
        with suppress(OSError, EOFError):
            sftp._async_request(type(None), CMD_CLOSE, handle)


def rename(sftp: SFTPClient, paths: Mapping[str, str]) -> list[OSError | None]:
    """Rename files over what stands there (posix-rename@openssh.com), in one round trip; what each came to."""
    ahead = _Ahead(sftp)
    for old, new in paths.items():
        ahead.ask(CMD_EXTENDED, "posix-rename@openssh.com", old, new)
    return [_refusal(ahead) for _ in paths]


def _refusal(ahead: _Ahead) -> OSError | None:
    try:
        ahead.answer()
    except TimeoutError:  # no answer is no refusal
        raise
    except OSError as fault:
        return fault
    return None


def _whole(sftp: SFTPClient, handle: bytes, at: int, wanted: int, data: bytes) -> Iterator[bytes]:
    """A piece of a file; a server may answer a read with less than was asked for."""
    yield data
    while data and (wanted := wanted - len(data)) > 0:
        at += len(data)
        data = sftp._request(CMD_READ, handle, int64(at), wanted)[1].get_string()
        yield data


def names(sftp: SFTPClient, folder: str) -> Iterator[Item]:
    """What lies in a folder, folders left out. paramiko's own listing stops at the first name that is not UTF-8."""
    _, opened = sftp._request(CMD_OPENDIR, folder)
    handle = opened.get_binary()
    try:
        while True:
            _, answer = sftp._request(CMD_READDIR, handle)
            for _ in range(answer.get_int()):
                name, _long = answer.get_binary(), answer.get_binary()
                facts = SFTPAttributes._from_msg(answer)
                if not stat.S_ISDIR(facts.st_mode or 0):
                    yield Item(os.fsdecode(name), int(facts.st_size or 0), float(facts.st_mtime or 0))
    except EOFError:
        return
    finally:
        with suppress(OSError, EOFError):
            sftp._request(CMD_CLOSE, handle)


def free(sftp: SFTPClient, folder: str) -> int:
    """Bytes that we may still write (statvfs@openssh.com); OSError where that is unknown."""
    _, answer = sftp._request(CMD_EXTENDED, "statvfs@openssh.com", folder)
    _block, fragment, _blocks, _free, available = (int(answer.get_int64()) for _ in range(5))
    return fragment * available


def limits(sftp: SFTPClient) -> Callable[[], Limits]:
    """Ask what the station takes in one request (limits@openssh.com); the answer, for whoever comes to need it.

    Where a server does not say, it is what every server takes.
    """
    ahead = _Ahead(sftp)
    ahead.ask(CMD_EXTENDED, "limits@openssh.com")

    def told() -> Limits:
        try:
            answer = ahead.answer()
        except OSError:
            return Limits()
        _packet, most_read, most_write, _handles = (int(answer.get_int64()) for _ in range(4))
        return Limits(read=min(LARGE, most_read or SMALL), write=min(LARGE, most_write or SMALL))

    return cache(told)
