"""WAV, and the Broadcast Wave Format with its `bext` chunk (EBU Tech 3285, version 2: loudness goes with the sound)."""

import struct
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from pipeline.core.model import Codec, Profile
from pipeline.studio.fir import Samples
from pipeline.studio.meter import Metered

_BEXT = 602
"""Bytes of the chunk before its coding history."""
_HEAD = 12
_LOUDNESS = _HEAD + 8 + 412
"""Where in a file its five levels stand."""
_BITS = {Codec.WAV: 16, Codec.BWF: 24}
"""What every player plays; and what a studio keeps."""


class Wave:
    """Writes a WAV block by block: 16 bits dithered, or 24 bits with a `bext` chunk in front."""

    def __init__(self, out: Path, profile: Profile) -> None:
        self._profile = profile
        self._bits = _BITS[profile.codec]
        self._bytes = 0
        self._noise = np.random.default_rng(0)
        """Always the same, so that equal input gives equal bytes."""
        self._stream = out.open("wb")

    def __enter__(self) -> Self:
        self._stream.write(self._header())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._stream:
            if kind is None:
                self._stream.write(b"\0" * (self._bytes % 2))
                self._stream.seek(0)
                self._stream.write(self._header())

    def write(self, block: Samples) -> None:
        """The next samples, a row a channel."""
        scale = 2 ** (self._bits - 1)
        scaled = block.T.astype(np.float64) * scale
        if self._bits == 16:
            # Triangular noise of one step: what is softer than a step is heard as it is and not as a buzz.
            scaled += self._noise.random(scaled.shape) - self._noise.random(scaled.shape)
        whole = np.clip(np.rint(scaled), -scale, scale - 1).astype("<i4")
        data = whole.astype("<i2").tobytes() if self._bits == 16 else _three_bytes(whole)
        self._bytes += len(data)
        self._stream.write(data)

    def _header(self) -> bytes:
        profile, frame = self._profile, self._profile.channels * self._bits // 8
        form = struct.pack("<HHIIHH", 1, profile.channels, profile.sample_rate, profile.sample_rate * frame, frame,
                           self._bits)  # fmt: skip
        chunks = _chunk(b"bext", _bext(profile, self._bits)) if profile.codec is Codec.BWF else b""
        chunks += _chunk(b"fmt ", form) + struct.pack("<4sI", b"data", self._bytes)
        return struct.pack("<4sI4s", b"RIFF", 4 + len(chunks) + self._bytes + self._bytes % 2, b"WAVE") + chunks


def note_loudness(file: Path, found: Metered) -> None:
    """Write into a file's `bext` chunk what a meter read from it, in hundredths of LUFS, LU and dBTP."""
    level = found.loudness
    values = (level.integrated, level.range, level.true_peak, found.momentary, found.short_term)
    with file.open("r+b") as stream:
        stream.seek(_LOUDNESS)
        stream.write(struct.pack("<5h", *(round(max(-327.0, value) * 100) for value in values)))


def note_origin(file: Path, title: str, originator: str, date: datetime) -> None:
    """Write into a file's `bext` chunk what it is, whose, and the local day and time of its first airing.

    The chunk is ASCII by its standard; letters of Vietnamese and Khmer stand in UTF-8, as editors of sound read them.
    """
    with file.open("r+b") as stream:
        stream.seek(_HEAD + 8)
        stream.write(_text(title, 256) + _text(originator, 32) + bytes(32) + f"{date:%Y-%m-%d%H:%M:%S}".encode())


def _bext(profile: Profile, bits: int) -> bytes:
    mode = "mono" if profile.channels == 1 else "stereo"
    history = f"A=PCM,F={profile.sample_rate},W={bits},M={mode},T=bantin\r\n".encode()
    return bytes(256 + 32 + 32 + 18 + 8) + struct.pack("<H", 2) + bytes(_BEXT - 348) + history + bytes(len(history) % 2)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack("<4sI", name, len(data)) + data


def _text(text: str, size: int) -> bytes:
    """As many whole letters as fit."""
    return text.encode()[:size].decode(errors="ignore").encode().ljust(size, b"\0")


def _three_bytes(whole: "np.ndarray[tuple[int, ...], np.dtype[np.int32]]") -> bytes:
    return np.ascontiguousarray(whole).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
