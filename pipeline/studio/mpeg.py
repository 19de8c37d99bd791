"""The frames of an MPEG sound stream (MP3): where they lie, and whether all of them can be decoded.

A decoder that plays plays on: over a damaged frame with a glitch, over a lost one as if it had never been.
"""

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import ffmpeg

from pipeline.core.errors import Says

_UPPER, _LOWER = 1, 2
"""MPEG 1, and MPEG 2 with its extension to still lower sample rates."""
_KBPS = {
    (_UPPER, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (_UPPER, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (_UPPER, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (_LOWER, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (_LOWER, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (_LOWER, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""By half and layer; the number in a frame's head counts from 1."""
_RATES = {0: (11_025, 12_000, 8_000), 2: (22_050, 24_000, 16_000), 3: (44_100, 48_000, 32_000)}
"""By the two bits that say which MPEG it is."""
_HEAD = 4
_WINDOW = 1 << 16
"""Bytes in which the next frame is looked for behind something that is none."""


def length(head: bytes) -> int:
    """How many bytes the frame has that begins so, with its head; 0 for what is no frame."""
    if len(head) < _HEAD or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    mpeg, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    number, rate = head[2] >> 4, head[2] >> 2 & 3
    if mpeg == 1 or layer == 4 or number in {0, 15} or rate == 3:
        return 0
    half = _UPPER if mpeg == 3 else _LOWER
    bits, hertz, padded = _KBPS[half, layer][number - 1] * 1000, _RATES[mpeg][rate], head[2] >> 1 & 1
    if layer == 1:
        return (12 * bits // hertz + padded) * 4
    return (72 if half == _LOWER and layer == 3 else 144) * bits // hertz + padded


def fault(path: Path, program: Path) -> Says | None:
    """What is wrong with the frames of an MP3, by their order and by `program` (ffmpeg); None for nothing.

    Tags and pictures wherever they stand, zeros, a beginning in the middle of a programme and a last frame that is cut
    are nothing: nobody hears them.
    """
    graph: Any = ffmpeg.input("pipe:", format="mp3", err_detect="explode").output("-", format="null")
    command = graph.global_args("-hide_banner", "-loglevel", "error", "-xerror").compile(cmd=str(program))
    quiet: Any = subprocess.DEVNULL
    with (
        path.open("rb") as stream,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True) as running,
    ):
        assert running.stdin  # noqa: S101 - it is a pipe
        with suppress(BrokenPipeError):  # it stops at the first damage
            for frame in _frames(stream):
                if frame is None:
                    return Says("bị mất tiếng giữa chừng", "it is damaged: something else lies between two frames")
                running.stdin.write(frame)
        with suppress(BrokenPipeError):
            running.stdin.close()
        if running.wait():
            return Says("bị hỏng giữa chừng, nghe sẽ vấp", "it is damaged: a frame cannot be decoded")
    return None


def _frames(stream: BinaryIO) -> Iterator[bytes | None]:
    """Each frame in order; None where something lies between two of them that does not belong there."""
    begun = False
    while head := stream.read(_HEAD):
        if size := length(head):
            frame = head + stream.read(size - _HEAD)
            if len(frame) == size:
                yield frame
            begun = True
        elif not _skip_tag(stream, head) and _find_next(stream) and begun:
            yield None


def _skip_tag(stream: BinaryIO, head: bytes) -> bool:
    """Pass over a tag or zeros, of which the first four bytes have been read."""
    match head[:3]:
        case b"ID3":
            rest = stream.read(6)
            stream.seek(sum((byte & 0x7F) << 7 * place for place, byte in enumerate(reversed(rest[2:]))), 1)
        case b"TAG":
            stream.seek(128 - _HEAD, 1)
        case b"APE":
            rest = stream.read(28)
            stream.seek(int.from_bytes(rest[8:12], "little"), 1)
        case b"\0\0\0":
            stream.seek(-1, 1)
        case _:
            stream.seek(1 - _HEAD, 1)
            return False
    return True


def _find_next(stream: BinaryIO) -> bool:
    """Go to where two frames of one kind follow each other; to the end of the file where there are none near."""
    start = stream.tell()
    window = stream.read(_WINDOW)
    at = window.find(0xFF)
    while at >= 0:
        size = length(window[at : at + _HEAD])
        following = window[at + size : at + size + _HEAD]
        if size and length(following) and _kind(following) == _kind(window[at:]):
            stream.seek(start + at)
            return True
        at = window.find(0xFF, at + 1)
    stream.seek(0, 2)
    return False


def _kind(head: bytes) -> tuple[int, int]:
    """MPEG, layer and sample rate."""
    return head[1] >> 1, head[2] & 0x0C
