"""SFTP requests sent ahead of their answers, and two OpenSSH extensions: what paramiko's public calls do not offer.

paramiko can pipeline writes, but then drops the station's answers, so a full disk would go unseen; and it has no public
call for fsync, statvfs or limits. So this one file speaks through its `_request`, `_async_request` and
`_read_response`, which have kept their shape since its first release.
"""
# ruff: noqa: SLF001 - see above; everything private is kept in this file

import os
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from paramiko import Message, SFTPAttributes, SFTPClient
from paramiko.sftp import (
    CMD_CLOSE,
    CMD_EXTENDED,
    CMD_OPENDIR,
    CMD_READ,
    CMD_READDIR,
    CMD_STATUS,
    CMD_WRITE,
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


def write(sftp: SFTPClient, handle: bytes, chunks: Iterator[bytes], at: int, most: int) -> int:
    """Write chunks to an open file from an offset on; the bytes written. Every write is known to have succeeded."""
    ahead, start = _Ahead(sftp), at
    for chunk in chunks:
        for begin in range(0, len(chunk), most):
            piece = chunk[begin : begin + most]
            ahead.ask(CMD_WRITE, handle, int64(at), piece)
            at += len(piece)
            if len(ahead) >= WINDOW:
                ahead.answer()
    while len(ahead):
        ahead.answer()
    return at - start


def read(sftp: SFTPClient, handle: bytes, size: int, most: int, begin: int = 0) -> Iterator[bytes]:
    """An open file's bytes from `begin` to `size`, or fewer where it is shorter."""
    ahead = _Ahead(sftp)
    pieces = deque((at, min(most, size - at)) for at in range(begin, size, most))
    waiting: deque[tuple[int, int]] = deque()
    try:
        while pieces or waiting:
            while pieces and len(waiting) < WINDOW:
                waiting.append(pieces.popleft())
                ahead.ask(CMD_READ, handle, int64(waiting[-1][0]), waiting[-1][1])
            at, wanted = waiting.popleft()
            yield from _whole(sftp, handle, at, wanted, ahead.answer().get_string())
    except EOFError:
        return


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


def flush(sftp: SFTPClient, handle: bytes) -> None:
    """Have an open file's bytes on the station's disk (fsync@openssh.com); OSError where that is unknown."""
    sftp._request(CMD_EXTENDED, "fsync@openssh.com", handle)


def free(sftp: SFTPClient, folder: str) -> int:
    """Bytes that we may still write (statvfs@openssh.com); OSError where that is unknown."""
    _, answer = sftp._request(CMD_EXTENDED, "statvfs@openssh.com", folder)
    _block, fragment, _blocks, _free, available = (int(answer.get_int64()) for _ in range(5))
    return fragment * available


def limits(sftp: SFTPClient) -> Limits:
    """What the station takes in one request (limits@openssh.com), and what every server takes where it does not say."""
    try:
        _, answer = sftp._request(CMD_EXTENDED, "limits@openssh.com")
    except OSError:
        return Limits()
    _packet, most_read, most_write, _handles = (int(answer.get_int64()) for _ in range(4))
    return Limits(read=min(LARGE, most_read or SMALL), write=min(LARGE, most_write or SMALL))
