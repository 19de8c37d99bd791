"""The pages of an Ogg file (RFC 3533): are all there, and as they were written. Decoders skip those that are not."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.errors import Says

_MARK = b"OggS"
_HEAD = 27
_LONGEST = 65_307
"""Bytes of the longest page."""
_FIRST, _LAST = 2, 4
_MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class _Page:
    """One page, whole."""

    data: bytes

    @property
    def flags(self) -> int:
        return self.data[5]

    @property
    def stream(self) -> bytes:
        return self.data[14:18]

    @property
    def number(self) -> int:
        return int.from_bytes(self.data[18:22], "little")

    def is_as_written(self) -> bool:
        """Whether its checksum holds: CRC-32 with the highest bit first, which is zlib's of mirrored bytes."""
        bare = self.data[:22] + bytes(4) + self.data[26:]
        crc = zlib.crc32(bare.translate(_MIRROR), 0xFFFFFFFF) ^ 0xFFFFFFFF
        return self.data[22:26].translate(_MIRROR) == crc.to_bytes(4, "big")


def is_ogg(path: Path) -> bool:
    """By its first letters."""
    with path.open("rb") as stream:
        return stream.read(4) == _MARK


def fault(path: Path) -> Says | None:
    """What is wrong with the pages of a file: the last is not whole, one is damaged or missing; None for nothing."""
    if not _last(path):
        return Says("bị cụt: trang cuối không trọn", "it is cut short: its last page is not whole")
    expected: dict[bytes, int] = {}
    for page in _pages(path):
        if page is None or not page.is_as_written():
            return Says("bị hỏng giữa chừng: có đoạn không còn như lúc ghi", "it is damaged: a page is not as written")
        if not page.flags & _FIRST and page.number != expected.get(page.stream, page.number):
            return Says("bị mất một đoạn giữa chừng", "it is damaged: a page is missing")
        expected[page.stream] = page.number + 1
    return None


def is_open_ended(path: Path) -> bool:
    """Whether a file does not say that it ends where it does. Some recorders never say so; nobody can tell."""
    page = _last(path)
    return not page or not page.flags & _LAST


def _pages(path: Path) -> Iterator[_Page | None]:
    """Every page; None for what is none, with pages behind it."""
    with path.open("rb") as stream:
        while head := stream.read(_HEAD):
            if not head.startswith(_MARK):
                if _MARK in head + stream.read():
                    yield None
                return
            lacing = stream.read(head[26]) if len(head) == _HEAD else b""
            yield _Page(head + lacing + stream.read(sum(lacing)))


def _last(path: Path) -> _Page | None:
    """The last page of a file if it is whole."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 2 * _LONGEST))
        tail = stream.read()
    page = tail[max(0, tail.rfind(_MARK + b"\0")) :]
    if len(page) < _HEAD or len(page) < _HEAD + page[26]:
        return None
    length = _HEAD + page[26] + sum(page[_HEAD : _HEAD + page[26]])
    begun = page[length : length + 4]  # a next page of which only the first letters came
    whole = len(page) >= length and not (begun and (_MARK + b"\0").startswith(begun))
    return _Page(page[:length]) if whole else None
