"""The Info frame of an MP3 at a constant bit rate: its length, a table for jumping, and what to skip at the ends.

Old players at communes may play it as a click of noise, so a profile has to ask for it; players that show a length or
join programmes without a gap want it. The layout is that of LAME's own tag (gabriel.mp3-tech.org, "Mp3 Info Tag").
"""

import struct
from pathlib import Path

from pipeline.studio.mpeg import length

_BIT_RATES = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
"""Of MPEG 1 layer III, kbit/s, by the number in a frame's head, from 1."""
_SAMPLE_RATES = (44_100, 48_000, 32_000)
_FRAME = 1152
"""Samples in a frame."""
_DELAY = 576
"""Samples that LAME puts in front."""
_SIDE = {1: 17, 2: 32}
"""Bytes of side information, by channels."""
_TAG = 120 + 36
"""Bytes from the word Info on."""
_EVERYTHING = 0x0F


def put_in_front(file: Path, samples: int) -> None:
    """Put an Info frame in front of an MP3 of so many samples a channel. The file is the caller's own."""
    data = file.read_bytes()
    file.write_bytes(_info(data, samples) + data)


def _info(data: bytes, samples: int) -> bytes:
    head = data[:4]
    mono = head[3] >> 6 == 3
    at = 4 + _SIDE[1 if mono else 2]
    rate = _SAMPLE_RATES[head[2] >> 2 & 3]
    number = next(n for n, kbps in enumerate(_BIT_RATES, start=1) if 144_000 * kbps // rate >= at + _TAG)
    size = 144_000 * _BIT_RATES[number - 1] // rate
    frames = _count(data)
    padding = max(0, frames * _FRAME - _DELAY - samples)
    info = struct.pack(">4sIII", b"Info", _EVERYTHING, frames, len(data) + size)
    info += bytes(round(percent * 256 / 100) for percent in range(100)) + struct.pack(">I", 50)
    # Encoder, CBR, no low-pass or gain told, no flags, bit rate, delay and padding of 12 bits each, the rest unknown.
    info += b"LAME3.100" + bytes([0x01, 0]) + bytes(8) + bytes([0, min(255, _BIT_RATES[(head[2] >> 4) - 1])])
    info += struct.pack(">I", _DELAY << 12 | min(padding, 0xFFF))[1:]
    info += bytes(4) + struct.pack(">I", len(data) + size)
    info += struct.pack(">H", 0)
    frame = bytes([head[0], head[1] | 1, number << 4 | head[2] & 0x0C, head[3]]) + bytes(at - 4) + info
    frame += struct.pack(">H", _crc(frame))
    return frame.ljust(size, b"\0")


def _count(data: bytes) -> int:
    """How many frames there are."""
    count = at = 0
    while size := length(data[at : at + 4]):
        count, at = count + 1, at + size
    return count


def _crc(data: bytes) -> int:
    """CRC-16 (polynomial 0x8005, reflected), as LAME puts it behind its tag."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc
