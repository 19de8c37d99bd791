"""Sound files as they come: what they hold, whether they may air, and their samples as one channel or two."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from pipeline.core.errors import figure
from pipeline.core.model import Lufs, Seconds
from pipeline.studio.container import bad, check_frames, check_whole, decoded, states_its_length
from pipeline.studio.fir import Levels, Samples
from pipeline.studio.layout import layout, sides
from pipeline.studio.meter import Gating

_BLOCK_SECONDS = 5
_MP3 = "MP3"
"""libsndfile's name for it."""
_LONGEST = 4 * 3600
_SHORTEST = 0.1
_SILENCE = Lufs(-70.0)
_TRIM_DB = -40.0
"""What lies this far below a recording's loud stretches, at its ends, is silence."""
_LOUD = 95
"""The percentile of hops that is a loud stretch; its one highest peak may be a knock on the microphone."""
_FLOOR = 10 ** (-75 / 20)
TIGHT = Seconds(0.03)
"""Left standing before the first and after the last sound of a take, whose pauses the rundown makes."""
LOOSE = Seconds(0.1)
"""The same for a recording: a person's first and last sounds are soft, and nobody's word is cut."""
MOST = 8.0
"""Magnitude above which a floating-point sample is no sound (+18 dBFS)."""
_MOST_DC = 0.02
"""Share of full scale by which a recording may lie to one side."""
_RAIL = 10 ** (-0.1 / 20)
"""Full scale, near enough."""
_MOST_CLIPPED = 0.25
"""So much is no longer speech; from there down it is for an editor to judge."""
_GAP = Seconds(4)
_DEAD = 1e-6
"""A channel with less than this share of the loudest one's energy carries nothing."""
_OPPOSED = -0.5
_TWICE = 10 * math.log10(2)
"""LU by which one sound on two channels is louder than on one."""
_PLACES = 5
"""So many places of a fault are told; who finds the first will find the others."""

Fold = tuple[tuple[float, ...], ...]
"""How the channels of a file make those that air: a row for each that airs, how much of each of the file's in it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clip:
    """A stretch of a sound file that airs: silence at its ends cut off, its channels folded into one or two."""

    path: Path
    sample_rate: int
    start: int
    """First frame."""
    end: int
    """The frame after the last."""
    folds: tuple[Fold, Fold]
    """Into one channel, and into two; both rows of the second are alike where there is nothing to hear apart."""
    loudness: tuple[Lufs, Lufs] = (_SILENCE, _SILENCE)
    """Integrated, as one channel and as two."""
    sounding: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    """Of each hop from `start` on, whether there is more than silence."""
    cut: Seconds = Seconds(0)
    """Silence that was cut off its ends."""
    clipped: float = 0.0
    """The share of samples that stand at the rail, one after another: a flat top is a crackle."""
    clipped_at: tuple[Seconds, ...] = ()
    """The first places of the file where that is so."""
    gaps: tuple[tuple[Seconds, Seconds], ...] = ()
    """Where it falls silent inside for four seconds or more: from when in the file, and for how long."""
    offset: float = 0.0
    """How far it lies to one side (DC), as a share of full scale."""
    dead: bool = False
    """Whether one side of a stereo file carries nothing."""
    opposed: bool = False
    """Whether its sides cancel each other."""

    @property
    def seconds(self) -> Seconds:
        """How long it airs."""
        return Seconds((self.end - self.start) / self.sample_rate)

    @property
    def hop(self) -> int:
        """Frames in a hop: a hundredth of a second, or as near as whole frames come to it. Count time in frames."""
        return self.sample_rate // 100

    @property
    def is_stereo(self) -> bool:
        """Whether its two sides differ, so that two channels hold more than one."""
        left, right = self.folds[1]
        return left != right

    def blocks(self) -> Iterator[Samples]:
        """The file's samples, a few seconds at a time, a row a channel of the file."""
        with soundfile.SoundFile(self.path) as sound:
            sound.seek(self.start)
            left = self.end - self.start
            while left > 0:
                frames = sound.read(min(left, _BLOCK_SECONDS * self.sample_rate), dtype="float32", always_2d=True)
                if not len(frames):
                    return
                left -= len(frames)
                yield np.ascontiguousarray(frames.T)

    def folded(self, block: Samples, channels: int) -> Samples:
        """A block of the file as the one or two channels that air."""
        if len(block) == channels == 1:
            return block
        fold = np.asarray(self.folds[channels - 1], np.float32)
        return fold @ block if len(block) > 1 else fold * block


def blocks_of(stream: Any) -> Iterator[Samples]:  # noqa: ANN401 - soundfile has no types
    """What an open sound file holds, a few seconds at a time, a row a channel."""
    while len(block := stream.read(_BLOCK_SECONDS * stream.samplerate, dtype="float32", always_2d=True)):
        yield np.ascontiguousarray(block.T)


def probe(path: Path, program: Path, scratch: Path, *, margin: Seconds = TIGHT) -> Clip:
    """Look through a sound file once; `scratch` takes a decoded copy where only `program` (ffmpeg) can read it.

    A side that is dead is left out; where sides cancel each other (opposite polarity), only one airs: of two the left.
    Of surround sound (5.1, 7.1) the channel for effects is left out. Of the silence at its ends, `margin` stays.

    Raises:
        BadRecording: it is no sound, cut short, damaged, broken, silent, off centre, or too short or long to air. A
            bare MP3, AAC or AMR stream cannot say how long it is: cut short, it is taken as it is.
    """
    check_whole(path)
    try:
        if soundfile.info(path).format == _MP3:
            check_frames(path, program)
        return _survey(path, path, margin)
    except (soundfile.LibsndfileError, TypeError):  # TypeError: a name ending in .raw
        return _survey(decoded(path, program, scratch), path, margin)


# --- one look through ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Channels:
    """What a first look gathers of every channel."""

    rate: int
    places: tuple[str, ...] = ()
    """Where each stands, in surround sound."""
    frames: int = 0
    flat: int = 0
    flat_at: list[Seconds] = field(default_factory=list)
    total: Levels | None = None
    cross: Levels | None = None

    def feed(self, block: Samples) -> float:
        """Take in a block and tell its highest magnitude, NaN where it holds any. What is refused changes nothing."""
        highest = max(-float(block.min()), float(block.max()))
        if not highest <= MOST:
            return highest
        if highest >= _RAIL:
            self._rail(block)
        self.frames += block.shape[1]
        total = block.sum(axis=1, dtype=np.float64)
        self.total = total if self.total is None else self.total + total
        cross = (block @ block.T).astype(np.float64)
        self.cross = cross if self.cross is None else self.cross + cross
        return highest

    def _rail(self, block: Samples) -> None:
        at_rail = np.abs(block).max(axis=0) >= _RAIL
        flat = np.flatnonzero(at_rail[1:] & at_rail[:-1])
        self.flat += len(flat)
        for second in np.unique((self.frames + flat) // self.rate):
            if len(self.flat_at) < _PLACES and second not in self.flat_at:
                self.flat_at.append(Seconds(float(second)))

    def live(self) -> NDArray[np.bool_]:
        """The channels that carry something."""
        energy = np.diag(np.zeros((1, 1)) if self.cross is None else self.cross)
        return energy > _DEAD * max(float(energy.max()), 1e-30)

    def is_opposed(self) -> bool:
        """Whether live channels cancel each other."""
        if self.cross is None or self.live().sum() < 2:
            return False
        energy = np.diag(self.cross)
        if len(energy) == 2:
            return float(self.cross[0, 1] / np.sqrt(energy[0] * energy[1])) < _OPPOSED
        one = np.asarray(self._whole())
        return float(one @ self.cross @ one) < (1 + _OPPOSED) * float(one**2 @ energy)

    def folds(self) -> tuple[Fold, Fold]:
        """Into one channel, and into two."""
        live, one = self.live(), self._whole()
        if self.is_opposed():
            best = 0 if len(live) == 2 else int(np.argmax(np.diag(self.cross)))  # type: ignore[arg-type]  # there is one
            one = tuple(float(channel == best) for channel in range(len(live)))
            return (one,), (one, one)
        if self.places:
            return (one,), sides(self.places)
        alike = len(live) != 2 or not live.all() or self._same()
        return (one,), ((one, one) if alike else ((1.0, 0.0), (0.0, 1.0)))

    def _whole(self) -> tuple[float, ...]:
        """All channels in one: by their places, else the mean of the live ones."""
        if self.places:
            return tuple((left + right) / 2 for left, right in zip(*sides(self.places), strict=True))
        live = self.live()
        return tuple(float(on) / max(1, int(live.sum())) for on in live)

    def _same(self) -> bool:
        """Whether two channels are one sound: what they differ by is nothing beside it."""
        (left, both), (_, right) = np.zeros((2, 2)) if self.cross is None else self.cross
        return bool(left + right - 2 * both <= _DEAD * (left + right))

    def offset(self) -> float:
        """How far the worst channel lies to one side, as a share of full scale."""
        mean = np.zeros(1) if self.total is None else self.total / max(1, self.frames)
        return float(mean[np.argmax(np.abs(mean))])


def _survey(sound: Path, named: Path, margin: Seconds) -> Clip:
    with soundfile.SoundFile(sound) as stream:
        rate, declared = int(stream.samplerate), int(stream.frames)
        if declared > _LONGEST * rate:
            raise bad(named, "dài quá bốn giờ", "it is longer than four hours")
        if stream.format == _MP3 and not states_its_length(sound):
            declared = 0
        seen = _Channels(rate, layout(int(stream.channels), stream.subtype))
        for block in blocks_of(stream):
            if seen.frames % (_BLOCK_SECONDS * rate):  # a block before this one came short, and was not the last
                raise bad(named, "bị hỏng giữa chừng", "it is damaged: a part of it cannot be decoded")
            highest = seen.feed(block)
            if not np.isfinite(highest):
                raise bad(named, "có mẫu âm thanh hỏng (NaN)", "it holds broken samples (NaN)")
            if highest > MOST:
                raise bad(named, "có mẫu vượt xa toàn thang", "it holds samples far beyond full scale")
    _check_length(named, seen.frames, declared, rate)
    if abs(offset := seen.offset()) > _MOST_DC:
        raise bad(
            named,
            f"lệch một chiều {figure(offset * 100).vi}%: thiết bị ghi hỏng hoặc cắm sai",
            f"it lies {offset:.1%} to one side (DC): a broken or wrongly plugged recorder",
        )
    clipped = seen.flat / seen.frames
    if clipped > _MOST_CLIPPED:
        raise bad(
            named,
            f"vỡ tiếng nặng: {figure(clipped * 100).vi}% số mẫu chạm trần; ghi lại với mức nhỏ hơn",
            f"it is badly clipped: {clipped:.1%} of its samples stand at full scale; record it again at a lower level",
        )
    live = seen.live()
    whole = Clip(
        path=sound, sample_rate=rate, start=0, end=seen.frames, folds=seen.folds(),
        clipped=clipped, clipped_at=tuple(seen.flat_at), offset=offset,
        dead=len(live) == 2 and not live.all(), opposed=seen.is_opposed(),
    )  # fmt: skip
    return _trimmed(whole, named, margin)


def _check_length(named: Path, frames: int, declared: int, rate: int) -> None:
    if frames < _SHORTEST * rate:
        raise bad(named, "gần như không có âm thanh", "it has next to no sound")
    if frames < declared - max(0.1 * rate, 0.005 * declared):
        raise bad(
            named,
            f"bị cụt: khai {figure(declared / rate).vi} giây, chỉ có {figure(frames / rate).vi} giây",
            f"it is cut short: {declared / rate:.1f} s declared, {frames / rate:.1f} s there",
        )


def _trimmed(whole: Clip, named: Path, margin: Seconds) -> Clip:
    """The clip without the silence at its ends, with its loudness."""
    hop = whole.hop
    one = Gating(whole.sample_rate)
    two = Gating(whole.sample_rate, (1.0, 1.0)) if whole.is_stereo else None
    peaks: list[Samples] = []
    rest = np.zeros(0, np.float32)
    for raw in whole.blocks():
        block = whole.folded(raw, 1)
        one.feed(block)
        if two:
            two.feed(whole.folded(raw, 2))
        joined = np.concatenate([rest, block[0]])
        full = len(joined) // hop * hop
        hops = joined[:full].reshape(-1, hop)
        peaks.append(np.maximum(hops.max(axis=1), -hops.min(axis=1)))
        rest = joined[full:]
    if len(rest):
        peaks.append(np.abs(rest).max(keepdims=True))
    levels = np.concatenate(peaks)
    sounding = _sounding(levels)
    loudness = one.loudness()
    if not sounding.any() or loudness <= _SILENCE:
        raise bad(named, "chỉ có im lặng", "it is silent")
    wide = two.loudness() if two else Lufs(loudness + _TWICE)
    hops_on = np.flatnonzero(sounding)
    left = int(margin * whole.sample_rate)
    start = max(0, int(hops_on[0]) * hop - left)
    end = min(whole.end, (int(hops_on[-1]) + 1) * hop + left)
    cut = Seconds((start + whole.end - end) / whole.sample_rate)
    return replace(
        whole, start=start, end=end, loudness=(loudness, wide), cut=cut, gaps=_gaps(hops_on, hop / whole.sample_rate),
        sounding=sounding[start // hop :],
    )  # fmt: skip


def _gaps(sounding: NDArray[np.intp], hop: float) -> tuple[tuple[Seconds, Seconds], ...]:
    """Hops of so many seconds between sounding ones, where there are many."""
    silent = np.diff(sounding)
    places = np.flatnonzero(silent * hop > _GAP)
    return tuple((Seconds(float(sounding[i] * hop)), Seconds(float(silent[i] * hop))) for i in places)


def _sounding(levels: Samples) -> NDArray[np.bool_]:
    """Of each hop, by its highest magnitude, whether it is no silence."""
    heard = levels[levels > _FLOOR]
    if not len(heard):
        return np.zeros(len(levels), bool)
    loud: NDArray[np.bool_] = levels > max(_FLOOR, float(np.percentile(heard, _LOUD)) * 10 ** (_TRIM_DB / 20))
    return loud
