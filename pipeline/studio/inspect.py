"""Any sound file as a listener would meet it: what it is, how loud, and what is wrong with it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from pipeline.core.errors import BadRecording
from pipeline.core.model import Seconds
from pipeline.studio.container import check_whole, decoded
from pipeline.studio.decode import LOOSE, MOST, Clip, blocks_of, probe
from pipeline.studio.fir import Samples
from pipeline.studio.layout import weights
from pipeline.studio.meter import Metered, read


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inspected:
    """What was found."""

    kind: str
    """Format and coding, as libsndfile names them; empty where nothing reads it."""
    sample_rate: int = 0
    channels: int = 0
    seconds: Seconds = Seconds(0)
    heard: Metered | None = None
    """Of all its channels, as it is; None where it cannot be read."""
    clip: Clip | None = None
    """As it would air; None where it must not."""
    problem: BadRecording | None = None
    """Why it must not air."""


def inspect(path: Path, program: Path, scratch: Path) -> Inspected:
    """Look through a sound file; one that must not air is measured all the same, where it can be read."""
    clip, problem = None, None
    try:
        clip = probe(path, program, scratch, margin=LOOSE)
    except BadRecording as refused:
        problem = refused
    try:
        return _measured(clip.path if clip else _readable(path, program, scratch), path, clip, problem)
    except (BadRecording, soundfile.LibsndfileError) as refused:
        known = problem or (refused if isinstance(refused, BadRecording) else None)
        return Inspected(kind="", problem=known or BadRecording(name=path.name, reason=refused))


def _readable(path: Path, program: Path, scratch: Path) -> Path:
    check_whole(path)
    try:
        soundfile.info(path)
    except (soundfile.LibsndfileError, TypeError):
        return decoded(path, program, scratch)
    return path


def _measured(sound: Path, named: Path, clip: Clip | None, problem: BadRecording | None) -> Inspected:
    with soundfile.SoundFile(sound) as stream:
        channels = int(stream.channels)
        kind = f"{stream.format} {stream.subtype}" if sound == named else named.suffix.lstrip(".").upper()
        heard = read(map(_sound, blocks_of(stream)), int(stream.samplerate), weights(channels, stream.subtype))
        return Inspected(
            kind=kind, sample_rate=int(stream.samplerate), channels=channels, seconds=Seconds(heard.seconds),
            heard=heard, clip=clip, problem=problem,
        )  # fmt: skip


def _sound(block: Samples) -> Samples:
    """A block with silence in place of what is no sound: NaN, and what lies far beyond full scale."""
    return np.where(np.abs(block) <= MOST, block, np.float32(0))
