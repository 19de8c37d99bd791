"""Formats: a master's samples into a file, what that does to them, and what the file measures when it is played."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import ffmpeg
import lameenc
import numpy as np
import soundfile

from pipeline.core.errors import BadRecording, Says, ToolMissing
from pipeline.core.model import Codec, Profile
from pipeline.studio import broadcast, xing
from pipeline.studio.decode import blocks_of
from pipeline.studio.fir import Samples
from pipeline.studio.meter import Metered, read

_QUALITY = 5
"""LAME's own scale: 0 best and slowest, 9 worst. 5 costs a fifth less than 3 and measures the same."""
_BLOCK_SECONDS = 5
_ENCODERS = {Codec.OPUS: ("libopus", "ogg"), Codec.AAC: ("aac", "ipod")}
"""ffmpeg's encoder and container of the formats that it writes for us."""
_LAME = ((176, 0.446), (208, 0.265), (240, 0.175))
"""By how many dB LAME turns a sine of 1 kHz down below a bit rate; nothing from there on."""


_OVERSHOOT = ((112, 0.6), (88, 0.8), (60, 1.0), (0, 1.6))
"""From how many kbit/s a channel on, how many dB an encoded wave may stand above the one that went in: nineteen of
twenty programmes stay below it and need no second encoding (`python -m benchmarks.studio programmes`).
"""


class Writer(Protocol):
    """Takes samples, a row a channel, in order."""

    def write(self, block: Samples) -> None:
        """A block of any length, at the profile's rate."""


def loss(profile: Profile) -> float:
    """The dB by which a format turns a programme down; a test measures it anew for every format and bit rate."""
    if profile.codec is not Codec.MP3:
        return 0.0
    return next((lost for below, lost in _LAME if profile.kbps < below), 0.0)


def overshoot(profile: Profile) -> float:
    """The dB of headroom that encoding eats: the lower the bit rate of a channel, the more the wave changes."""
    if profile.codec in {Codec.WAV, Codec.BWF}:
        return 0.1
    a_channel = profile.kbps if profile.channels == 1 else profile.kbps * 0.8
    return next(eaten for least, eaten in _OVERSHOOT if a_channel >= least)


@contextmanager
def writer(profile: Profile, out: Path, program: Path) -> Iterator[Writer]:
    """A writer for a profile's format; the file is complete when the block ends.

    Raises:
        ToolMissing: `program` (ffmpeg) cannot write the format.
        OSError: the disk is full.
    """
    match profile.codec:
        case Codec.MP3:
            with out.open("wb") as stream:
                lame = _Lame(profile, stream)
                yield lame
                lame.close()
            if profile.xing:
                xing.put_in_front(out, lame.frames)
        case Codec.WAV | Codec.BWF:
            with broadcast.Wave(out, profile) as wave:
                yield wave
        case Codec.OPUS | Codec.AAC:
            with _piped(profile, out, program) as pipe:
                yield pipe


def measured(file: Path, profile: Profile, program: Path) -> Metered:
    """What our meter reads from an encoded file as a player decodes it."""
    if profile.codec is Codec.AAC:  # soundfile does not read it
        return read(_decoded(file, profile, program), profile.sample_rate, (1.0,) * profile.channels)
    with soundfile.SoundFile(file) as sound:
        return read(blocks_of(sound), sound.samplerate, (1.0,) * sound.channels)


def finish(file: Path, profile: Profile, found: Metered) -> None:
    """Write into a finished file what was measured on it, where its format has a place for that."""
    if profile.codec is Codec.BWF:
        broadcast.note_loudness(file, found)


class _Lame:
    """MP3 at a constant bit rate by LAME."""

    def __init__(self, profile: Profile, stream: Any) -> None:  # noqa: ANN401 - a binary file
        self.frames = 0
        self._stream = stream
        self._encoder = lameenc.Encoder()
        self._encoder.set_bit_rate(profile.kbps)
        self._encoder.set_in_sample_rate(profile.sample_rate)
        self._encoder.set_out_sample_rate(profile.sample_rate)  # else LAME takes 32 kHz at low bit rates
        self._encoder.set_channels(profile.channels)
        self._encoder.set_quality(_QUALITY)
        self._encoder.silence()

    def write(self, block: Samples) -> None:
        self.frames += block.shape[1]
        whole = np.rint(np.clip(block, -1.0, 1.0) * 32767).astype("<i2")
        self._stream.write(self._encoder.encode(np.ascontiguousarray(whole.T).tobytes()))

    def close(self) -> None:
        self._stream.write(self._encoder.flush())


class _Pipe:
    """Raw samples into a running ffmpeg."""

    def __init__(self, stream: Any) -> None:  # noqa: ANN401 - a pipe
        self._stream = stream

    def write(self, block: Samples) -> None:
        self._stream.write(np.ascontiguousarray(block.T, np.float32).tobytes())


@contextmanager
def _piped(profile: Profile, out: Path, program: Path) -> Iterator[Writer]:
    encoder, container = _ENCODERS[profile.codec]
    source: Any = ffmpeg.input("pipe:", format="f32le", ar=profile.sample_rate, ac=profile.channels)
    # Bit-exact: no date, no version and no random serial number, so that equal input gives equal bytes.
    graph = source.output(
        str(out), acodec=encoder, audio_bitrate=f"{profile.kbps}k", f=container, map_metadata=-1,
        fflags="+bitexact", **{"flags:a": "+bitexact"},
    ).global_args("-hide_banner", "-loglevel", "error", "-nostdin")  # fmt: skip
    with subprocess.Popen(
        graph.compile(cmd=str(program), overwrite_output=True), stdin=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us, who then end it
    ) as running:  # fmt: skip
        assert running.stdin and running.stderr  # noqa: S101, PT018 - both are pipes
        try:
            yield _Pipe(running.stdin)
        except BrokenPipeError:
            pass  # it says why
        except BaseException:
            running.kill()
            raise
        finally:
            with suppress(BrokenPipeError):
                running.stdin.close()
        told = running.stderr.read().decode(errors="replace").strip()
        if running.wait():
            if "No space left" in told:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(out))
            raise ToolMissing(tool=f"ffmpeg ({encoder})", reason=told, how="apt-get install ffmpeg")


def _decoded(file: Path, profile: Profile, program: Path) -> Iterator[Samples]:
    source: Any = ffmpeg.input(str(file), protocol_whitelist="file,pipe")
    graph = source.output("pipe:", format="f32le", ar=profile.sample_rate, ac=profile.channels)
    command = graph.global_args("-hide_banner", "-loglevel", "error", "-nostdin").compile(cmd=str(program))
    size = 4 * profile.channels * profile.sample_rate * _BLOCK_SECONDS
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as running:
        assert running.stdout  # noqa: S101 - it is a pipe
        while data := running.stdout.read(size):
            yield np.ascontiguousarray(np.frombuffer(data, np.float32).reshape(-1, profile.channels).T)
        if running.wait():
            raise BadRecording(name=file.name, reason=Says("không giải mã được", "it cannot be decoded"))
