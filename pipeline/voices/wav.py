"""Takes on disk: mono 16-bit WAV files, whole or not at all."""

import os
import struct
import threading
import wave
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.errors import full_disk_of


@dataclass(frozen=True, slots=True)
class Sound:
    """One channel of signed 16-bit little-endian samples at `rate` Hz."""

    samples: bytes
    rate: int

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return len(self.samples) / 2 / self.rate


def write(sound: Sound, out: Path) -> None:
    """Write a WAV. Until it is complete nothing stands under its name, and afterwards nothing else is left."""
    with whole(out) as part, part.open("wb") as file:
        file.write(_header(sound.rate, len(sound.samples)))
        file.write(sound.samples)


def _header(rate: int, size: int) -> bytes:
    """What stands before so many bytes of samples. Not by `wave`, whose writer fails once more after a full disk."""
    form = (b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    return struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVE", *form, b"data", size)


def join(takes: Sequence[tuple[Path, float]], out: Path) -> None:
    """Write takes one after another, each with so many seconds of silence behind it: whole or not at all.

    Their voices need not have one sample rate: all are brought to the highest.
    """
    rate = max(_rate(take) for take, _ in takes)
    with whole(out) as part, part.open("wb") as file:
        file.write(_header(rate, 0))
        size = sum(file.write(_at(rate, take)) + file.write(bytes(2 * round(pause * rate))) for take, pause in takes)
        file.seek(0)
        file.write(_header(rate, size))


def _rate(take: Path) -> int:
    with wave.open(str(take)) as sound:
        rate: int = sound.getframerate()
    return rate


def _at(rate: int, take: Path) -> bytes:
    """A take's samples at a sample rate."""
    samples: bytes
    with wave.open(str(take)) as sound:
        samples, own = sound.readframes(sound.getnframes()), sound.getframerate()
    if own == rate:
        return samples
    import numpy as np  # noqa: PLC0415 - only where two rates meet
    import soxr  # noqa: PLC0415 - as above

    resampled: bytes = soxr.resample(np.frombuffer(samples, np.int16), own, rate).tobytes()
    return resampled


@contextmanager
def whole(out: Path) -> Iterator[Path]:
    """A path to write to: what is there when the block ends well stands under the name, else nothing is left."""
    # Cut, or the name of a file that may just be long enough would be too long with what is added.
    part = out.with_name(f".{out.name[:40]}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        with full_disk_of(out):
            yield part
            part.replace(out)
    finally:
        part.unlink(missing_ok=True)
