"""Sound files as they come: what they hold, whether they may air, and their samples as one channel."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
import soundfile

from pipeline.core.errors import BadRecording, Says
from pipeline.core.model import Lufs, Seconds
from pipeline.studio.meter import Gating, Levels, Samples

_BLOCK_SECONDS = 5
_LONGEST = 4 * 3600
_SHORTEST = 0.1
_SILENCE = Lufs(-70.0)
_TRIM_DB = -45.0
"""What lies this far below a recording's peak, at its ends, is silence."""
_FLOOR = 10 ** (-75 / 20)
_MARGIN = 0.03
"""Seconds left standing before the first and after the last sound."""
_DEAD = 1e-6
"""A channel with less than this share of the loudest one's energy carries nothing."""
_OPPOSED = -0.5

_SOUNDS = {
    # What ffmpeg may decode where soundfile does not; anything else is no recording. Playlists are not among them,
    # since ffmpeg would open whatever they name.
    "mov": (4, b"ftyp"),
    "asf": (0, bytes.fromhex("3026b2758e66cf11")),
    "amr": (0, b"#!AMR"),
    "matroska": (0, bytes.fromhex("1a45dfa3")),
    "ogg": (0, b"OggS"),
    "mp3": (0, b"ID3"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A stretch of a sound file that airs: silence at its ends cut off, its channels weighed into one."""

    path: Path
    sample_rate: int
    start: int
    """First frame."""
    end: int
    """The frame after the last."""
    weights: tuple[float, ...]
    """How much of each channel goes into the one."""
    loudness: Lufs

    @property
    def seconds(self) -> Seconds:
        """How long it airs."""
        return Seconds((self.end - self.start) / self.sample_rate)

    def blocks(self) -> Iterator[Samples]:
        """Its samples, one channel, a few seconds at a time."""
        with soundfile.SoundFile(self.path) as sound:
            sound.seek(self.start)
            left = self.end - self.start
            while left > 0:
                frames = sound.read(min(left, _BLOCK_SECONDS * self.sample_rate), dtype="float32", always_2d=True)
                if not len(frames):
                    return
                left -= len(frames)
                yield frames @ np.asarray(self.weights, np.float32)


def probe(path: Path, program: Path, scratch: Path) -> Clip:
    """Look through a sound file once; `scratch` takes a decoded copy where only `program` (ffmpeg) can read it.

    A side that is dead is left out; where two sides cancel each other (opposite polarity), only the left one airs.

    Raises:
        BadRecording: it is no sound, cut short, broken, silent, or too short or long to air.
    """
    if not path.stat().st_size:
        raise _bad(path, "tệp rỗng", "it is empty")
    _check_riff(path)
    try:
        return _survey(path, path)
    except soundfile.LibsndfileError:
        return _survey(_decoded(path, program, scratch), path)


# --- one look through ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Channels:
    """What a first look gathers of every channel."""

    frames: int = 0
    peak: float = 0.0
    cross: Levels | None = None

    def feed(self, block: Samples) -> None:
        self.frames += len(block)
        self.peak = max(self.peak, float(np.abs(block).max(initial=0.0)))
        cross = (block.T @ block).astype(np.float64)
        self.cross = cross if self.cross is None else self.cross + cross

    def weights(self) -> tuple[float, ...]:
        """Live channels in equal parts; only the first of two that cancel."""
        cross = np.zeros((1, 1)) if self.cross is None else self.cross
        energy = np.diag(cross)
        live = energy > _DEAD * max(float(energy.max()), 1e-30)
        if len(energy) == 2 and live.all():
            correlation = float(cross[0, 1] / np.sqrt(energy[0] * energy[1]))
            if correlation < _OPPOSED:
                live = np.array([True, False])
        return tuple(float(on) / max(1, int(live.sum())) for on in live)


def _survey(sound: Path, named: Path) -> Clip:
    with soundfile.SoundFile(sound) as stream:
        rate, declared = int(stream.samplerate), int(stream.frames)
        if declared > _LONGEST * rate:
            raise _bad(named, "dài quá bốn giờ", "it is longer than four hours")
        seen = _Channels()
        for block in _frames(stream, rate):
            if not np.isfinite(block).all():
                raise _bad(named, "có mẫu âm thanh hỏng (NaN)", "it holds broken samples (NaN)")
            seen.feed(block)
    _check_length(named, seen.frames, declared, rate)
    whole = Clip(
        path=sound, sample_rate=rate, start=0, end=seen.frames, weights=seen.weights(), loudness=_SILENCE
    )  # fmt: skip
    return _trimmed(whole, named)


def _frames(stream: Any, rate: int) -> Iterator[Samples]:  # noqa: ANN401 - soundfile has no types
    while len(block := stream.read(_BLOCK_SECONDS * rate, dtype="float32", always_2d=True)):
        yield block


def _check_length(named: Path, frames: int, declared: int, rate: int) -> None:
    if frames < _SHORTEST * rate:
        raise _bad(named, "gần như không có âm thanh", "it has next to no sound")
    if frames < declared - max(0.1 * rate, 0.005 * declared):
        raise _bad(
            named,
            f"bị cụt: khai {declared / rate:.1f} giây, chỉ có {frames / rate:.1f} giây",
            f"it is cut short: {declared / rate:.1f} s declared, {frames / rate:.1f} s there",
        )


def _trimmed(whole: Clip, named: Path) -> Clip:
    """The clip without the silence at its ends, with its loudness."""
    hop = whole.sample_rate // 100
    gating = Gating(whole.sample_rate)
    peaks: list[Samples] = []
    rest = np.zeros(0, np.float32)
    for block in whole.blocks():
        gating.feed(block)
        joined = np.concatenate([rest, block])
        full = len(joined) // hop * hop
        peaks.append(np.abs(joined[:full]).reshape(-1, hop).max(axis=1))
        rest = joined[full:]
    if len(rest):
        peaks.append(np.abs(rest).max(keepdims=True))
    levels = np.concatenate(peaks)
    loudness = gating.loudness()
    sounding = np.flatnonzero(levels > max(_FLOOR, float(levels.max()) * 10 ** (_TRIM_DB / 20)))
    if not len(sounding) or loudness <= _SILENCE:
        raise _bad(named, "chỉ có im lặng", "it is silent")
    margin = int(_MARGIN * whole.sample_rate)
    return Clip(
        path=whole.path,
        sample_rate=whole.sample_rate,
        start=max(0, int(sounding[0]) * hop - margin),
        end=min(whole.end, (int(sounding[-1]) + 1) * hop + margin),
        weights=whole.weights,
        loudness=loudness,
    )


# --- what soundfile does not read ------------------------------------------------------------------------------------


def _decoded(path: Path, program: Path, scratch: Path) -> Path:
    """A WAV copy made by ffmpeg, which stops at the first damage and opens nothing but this file."""
    with path.open("rb") as stream:
        head = stream.read(16)
    is_adts = len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0
    if not is_adts and not any(head[at : at + len(mark)] == mark for at, mark in _SOUNDS.values()):
        raise _bad(path, "không phải tệp âm thanh", "it is no sound file")
    out = scratch / f"{path.name}.wav"
    source: Any = ffmpeg.input(str(path), protocol_whitelist="file,pipe", err_detect="explode", vn=None)
    graph = source.output(str(out), acodec="pcm_s16le", fs=4_000_000_000).global_args("-nostdin", "-xerror")
    try:
        graph.run(cmd=str(program), capture_stdout=True, capture_stderr=True, overwrite_output=True)
    except ffmpeg.Error as problem:
        told = problem.stderr.decode(errors="replace").strip().splitlines()
        raise _bad(path, f"không giải mã được: {told[-1]}", f"it cannot be decoded: {told[-1]}") from problem
    return out


def _check_riff(path: Path) -> None:
    """Refuse a WAV that is shorter than it says; libsndfile would quietly read what is there."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(12)
    if len(head) == 12 and head[:4] == b"RIFF" and head[8:] == b"WAVE":
        (declared,) = struct.unpack("<I", head[4:8])
        # 0 and the largest number are what programs write that did not know the length yet.
        if declared not in {0, 0xFFFFFFFF} and declared + 8 > size + 2:
            raise _bad(
                path,
                f"bị cụt: khai {declared + 8} byte, chỉ có {size}",
                f"it is cut short: {size} of {declared + 8} bytes",
            )


def _bad(path: Path, vi: str, en: str) -> BadRecording:
    return BadRecording(name=path.name, reason=Says(vi, en))
