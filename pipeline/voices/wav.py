"""Takes on disk: mono 16-bit WAV files, whole or not at all."""

import os
import threading
import wave
from collections.abc import Iterable, Iterator
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


def join(takes: Iterable[tuple[Path, float]], out: Path) -> None:
    """Write takes of one voice one after another, each with so many seconds of silence behind it: whole or not at all.

    Raises:
        wave.Error: a take has not the sample rate of the first.
    """
    with whole(out) as part, wave.open(str(part), "wb") as file:
        rate = 0
        for take, pause in takes:
            with wave.open(str(take)) as sound:
                if not rate:
                    rate = sound.getframerate()
                    file.setparams(sound.getparams())
                if sound.getframerate() != rate:
                    raise wave.Error(f"{sound.getframerate()} Hz after {rate} Hz")
                file.writeframes(sound.readframes(sound.getnframes()))
                file.writeframes(bytes(2 * round(pause * rate)))


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
