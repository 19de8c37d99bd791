"""Takes on disk: mono 16-bit WAV files, whole or not at all."""

import os
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
    with whole(out) as part, wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sound.rate)
        file.writeframes(sound.samples)


def join(takes: Sequence[tuple[Path, float]], out: Path) -> None:
    """Write takes one after another, each with so many seconds of silence behind it: whole or not at all.

    Their voices need not have one sample rate: all are brought to the highest.
    """
    rate = max(_rate(take) for take, _ in takes)
    with whole(out) as part, wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        for take, pause in takes:
            file.writeframes(_at(rate, take))
            file.writeframes(bytes(2 * round(pause * rate)))


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
