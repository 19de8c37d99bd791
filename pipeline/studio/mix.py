"""Timeline → mix: every clip in its place, levelled, resampled, the bed ducked beneath; on disk, in constant memory."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr

from pipeline.core.model import Ducking, Lufs
from pipeline.core.ports import Progress, silent
from pipeline.core.rundown import SPOKEN, Placed, SegmentKind, Timeline
from pipeline.studio.decode import Clip
from pipeline.studio.fir import Samples
from pipeline.studio.meter import Weighting, hop_energy
from pipeline.studio.track import Track

RATE = 44_100
"""Hz of every mix. Profiles of other rates are resampled from it: no master depends on which others there are."""
HOP = RATE // 1000
"""Frames in a hop: one millisecond, near enough."""
LEVEL = Lufs(-23.0)
"""What every clip is brought to before mixing, so that no limiter has to even them out later."""
_MUSIC = -6.0
"""LU that idents and stings lie below speech: they have no pauses, and horns make them shrill."""
_MOST_GAIN = 30.0
_CLICK = 12.0
"""dB above a clip's own loudness from where a click is worth taking out."""
_ALONE = 3.0
"""How many times the sound around it a click is higher: syllables and strokes of the voice hardly ever are."""
_AROUND, _STROKES = 20, 7
"""Hops on either side in which that sound is looked for, and which of their peaks it is: a voice has several strokes
in them, as high as each other, and a few clicks may fall together.
"""
_EDGE = 0.005
"""Seconds over which a clip fades in and out: no click where silence was cut off."""
_BLOCK = 5000
"""Hops worked on at once."""
_BED_FADE = 2.0
"""Seconds of fade at the bed's ends."""
_SEAM = 0.03
"""Seconds over which the end of a bed fades into its beginning, where one does not lead on to the other."""
_STEP = 1.5
"""How many times the steps of a wave the one at its seam may be."""
_INAUDIBLE = 1e-4
_NOTHING = -90.0
"""dB at which nothing is heard."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mix:
    """A mixed programme on disk: float32 samples, channels interleaved, and what a meter needs of each millisecond."""

    path: Path
    channels: int
    frames: int
    peaks: Track
    """The highest magnitude in each hop, of all channels."""
    energy: Track
    """The K-weighted mean square of each hop, channels summed (ITU-R BS.1770-4)."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.frames / RATE

    def samples(self, start: int, end: int) -> Samples:
        """The frames from `start` to `end`, cut at the programme's ends; a row a channel."""
        start, end = max(0, start), min(self.frames, end)
        wanted, width = (end - start) * self.channels, 4 * self.channels
        return np.fromfile(self.path, np.float32, wanted, offset=start * width).reshape(-1, self.channels).T


def mix(
    timeline: Timeline,
    clips: Mapping[str, Clip],
    folder: Path,
    bed: Clip | None = None,
    *,
    ducking: Ducking = Ducking(),  # noqa: B008 - frozen
    channels: Sequence[int] = (1,),
    progress: Progress = silent,
) -> dict[int, Mix]:
    """Render a timeline once into `folder`: one mix for each wanted number of channels (1 or 2), each as if alone.

    `clips` are the sounds that its segments name. Speech and recordings stand at LEVEL, music 6 LU below; the bed lies
    where the timeline says, ducked.
    """
    with ExitStack() as files:
        boards = [
            _Board(
                folder / f"mix-{count}.f32",
                files.enter_context((folder / f"mix-{count}.f32").open("wb")),
                count,
                _Bed(timeline, clips, bed, ducking, count) if bed else None,
            )
            for count in channels
        ]
        starts = [round(placed.start * RATE) for placed in timeline.placed]
        for done, (placed, start) in enumerate(zip(timeline.placed, starts, strict=True)):
            progress("mix", done, len(timeline.placed))
            until = starts[done + 1] if done + 1 < len(starts) else round(timeline.seconds * RATE)
            if placed.segment.source:
                _play(boards, clips[placed.segment.source], placed, start, until)
            for board in boards:
                board.finish(until)
        for board in boards:
            board.finish(round(timeline.seconds * RATE), whole=True)
        return {board.channels: board.mixed() for board in boards}


def _play(boards: Sequence["_Board"], clip: Clip, placed: Placed, start: int, until: int) -> None:
    """Add a clip to every board; what comes before `until` is finished on the way, so that little waits in memory."""
    flows = [_Flow(clip, placed, board.channels) for board in boards]
    for raw in clip.blocks():
        for board, flow in zip(boards, flows, strict=True):
            block = flow.feed(clip.folded(raw, flow.channels))
            board.add(start, flow.at - block.shape[1], block)
            board.finish(min(until, start + flow.at))


class _Flow:
    """One clip on its way into one mix: faded at its ends, resampled (soxr HQ: images below −92 dB), levelled."""

    def __init__(self, clip: Clip, placed: Placed, channels: int) -> None:
        self.channels = channels if clip.is_stereo else 1
        """What comes out: one, where both sides of a mix get the same."""
        self.at = 0
        """Frames that came out so far."""
        self._fed, self._total = 0, clip.end - clip.start
        self._in = max(_EDGE, placed.fade_in) * clip.sample_rate
        self._out = max(_EDGE, placed.fade_out) * clip.sample_rate
        wanted = LEVEL if placed.segment.kind in SPOKEN else LEVEL + _MUSIC
        gain = np.clip(wanted - clip.loudness[0], -_MOST_GAIN, _MOST_GAIN)
        if channels == 2 and placed.segment.kind not in SPOKEN:
            gain += clip.loudness[0] - clip.loudness[1] + _CENTRE  # as far below words that stand in the middle
        self._gain = np.float32(10 ** (gain / 20))
        spoken = placed.segment.kind in SPOKEN
        self._click = float(10 ** ((clip.loudness[0] + gain + _CLICK) / 20)) if spoken else 0.0
        self._stream = resampler(clip.sample_rate, self.channels)

    def feed(self, block: Samples) -> Samples:
        """The next block, a row a channel, as it goes into the mix."""
        scaled = block * self._ramp(block.shape[1])
        self._fed += block.shape[1]
        out = scaled
        if self._stream:
            out = self._stream.resample_chunk(np.ascontiguousarray(scaled.T), last=self._fed >= self._total)
            out = out.reshape(-1, len(block)).T
        self.at += out.shape[1]
        return _without_clicks(out, self._click) if self._click else out

    def _ramp(self, frames: int) -> Samples:
        """The gain of each frame: level, and the fades at both ends."""
        if self._fed >= self._in and self._fed + frames <= self._total - self._out:
            return np.full(1, self._gain)
        frame = np.arange(self._fed, self._fed + frames, dtype=np.float32)
        rising, falling = (frame + 1) / max(1.0, self._in), (self._total - frame) / max(1.0, self._out)
        gains: Samples = self._gain * np.clip(np.minimum(rising, falling), 0, 1).astype(np.float32)
        return gains


def _without_clicks(block: Samples, floor: float) -> Samples:
    """A block whose clicks, single milliseconds far above the sound on both sides, are cut off where that sound ends.

    Left to the limiter, each would take a tenth of a second of words down with it. What stays below `floor` is left.
    """
    frames = block.shape[1]
    rows = np.pad(np.abs(block).max(axis=0), (0, -frames % HOP)).reshape(-1, HOP).max(axis=1)
    over = np.flatnonzero(rows > floor)
    if not len(over):
        return block
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(rows, _AROUND), 2 * _AROUND + 1)[over]
    around = np.partition(windows, -_STROKES, axis=1)[:, -_STROKES]
    alone = rows[over] > _ALONE * around
    if not alone.any():
        return block
    limits = np.full(len(rows), np.inf, np.float32)
    limits[over[alone]] = np.maximum(around[alone], floor / 4)
    limit = np.repeat(limits, HOP)[:frames]
    return np.clip(block, -limit, limit)


_CENTRE = 10 * float(np.log10(2))
"""LU by which one sound on two channels reads louder than on one (ITU-R BS.1770-4)."""


def resampler(rate: int, channels: int, wanted: int = RATE) -> soxr.ResampleStream | None:
    """A stream from one rate to another; None where there is nothing to change."""
    if rate == wanted:
        return None
    return soxr.ResampleStream(rate, wanted, channels, dtype="float32", quality="HQ")


class _Board:
    """Adds up sounds that may overlap; measures and writes what is finished, in whole hops."""

    def __init__(self, path: Path, stream: BinaryIO, channels: int, bed: "_Bed | None") -> None:
        self.channels = channels
        self._path = path
        self._at = 0
        """The first frame that is not finished."""
        self._open = np.zeros((channels, 0), np.float32)
        self._stream = stream
        self._bed = bed
        self._weighting = Weighting(RATE, channels)
        self._peaks = Track(path.with_suffix(".peaks"))
        self._energy = Track(path.with_suffix(".energy"))

    def add(self, start: int, offset: int, block: Samples) -> None:
        """Add a block whose clip began at `start`, from `offset` frames on."""
        first = start + offset - self._at
        self._reach(first + block.shape[1])
        self._open[:, first : first + block.shape[1]] += block

    def finish(self, until: int, *, whole: bool = False) -> None:
        """Write what lies before a frame, for nothing more will be added there; `whole` fills up the last hop too."""
        while self._at < until:
            frames = min(until - self._at, _BLOCK * HOP)
            hops = -(-frames // HOP) if whole else frames // HOP
            if not hops:
                return
            self._reach(hops * HOP)
            self._keep(self._open[:, : hops * HOP])
            self._open = self._open[:, hops * HOP :]
            self._at += hops * HOP

    def mixed(self) -> Mix:
        """What was written."""
        self._stream.flush()
        return Mix(path=self._path, channels=self.channels, frames=self._at, peaks=self._peaks, energy=self._energy)

    def _reach(self, frames: int) -> None:
        if (more := frames - self._open.shape[1]) > 0:
            self._open = np.concatenate([self._open, np.zeros((self.channels, more), np.float32)], axis=1)

    def _keep(self, block: Samples) -> None:
        if self._bed:
            self._bed.add_under(self._at, block)
        rows = block.reshape(self.channels, -1, HOP)
        self._peaks.append(np.maximum(rows.max(axis=2), -rows.min(axis=2)).max(axis=0))
        self._energy.append(hop_energy(self._weighting.feed(block), HOP).sum(axis=0).astype(np.float32))
        np.ascontiguousarray(block.T).tofile(self._stream)


# --- the bed ---------------------------------------------------------------------------------------------------------


class _Bed:
    """Music that goes on under speech: ducked where someone speaks, faded at its ends, begun again when it is over."""

    def __init__(
        self, timeline: Timeline, clips: Mapping[str, Clip], clip: Clip, ducking: Ducking, channels: int
    ) -> None:
        self._clip = clip
        self._channels = channels
        start, end = timeline.bed or (0.0, 0.0)
        self._first, self._last = round(start * RATE), round(end * RATE)
        even = LEVEL - clip.loudness[0]
        if channels == 2:
            even += clip.loudness[0] - clip.loudness[1] + _CENTRE
        self._ducks = _ducked(_voiced(timeline, clips), ducking, even)
        self._fades = _fading(start, end)
        self._flow = self._endless()
        self._rest = np.zeros((channels, 0), np.float32)

    def add_under(self, at: int, block: Samples) -> None:
        """Add the bed to the frames from `at` on, whole hops of them; must be asked for in order."""
        frames = block.shape[1]
        start, end = max(at, self._first), min(at + frames, self._last)
        if start < end:
            when = (at + HOP * np.arange(frames // HOP + 1)) / RATE
            gain = np.float32(10) ** ((np.interp(when, *self._ducks) + np.interp(when, *self._fades)) / 20)
            curve = ramps(gain.astype(np.float32), HOP).reshape(-1)[start - at : end - at]
            block[:, start - at : end - at] += self._next(end - start) * curve

    def _next(self, frames: int) -> Samples:
        while self._rest.shape[1] < frames:
            self._rest = np.concatenate([self._rest, next(self._flow)], axis=1)
        taken, self._rest = self._rest[:, :frames], self._rest[:, frames:]
        return taken

    def _endless(self) -> Iterator[Samples]:
        """One stream without a seam: where the end does not lead on to the beginning, one fades into the other."""
        stream = resampler(self._clip.sample_rate, self._channels)
        for sound in self._repeated(0 if self._leads_on() else round(_SEAM * self._clip.sample_rate)):
            block = sound
            if stream:
                block = stream.resample_chunk(np.ascontiguousarray(sound.T)).reshape(-1, self._channels).T
            yield block

    def _repeated(self, fade: int) -> Iterator[Samples]:
        """The clip again and again, its last frames under the first ones of the next time."""
        rising = (np.arange(fade, dtype=np.float32) + 0.5) / max(1, fade)
        last = np.zeros((self._channels, 0), np.float32)
        while True:
            held = np.zeros((self._channels, 0), np.float32)
            for raw in self._clip.blocks():
                block = np.concatenate([held, self._clip.folded(raw, self._channels)], axis=1)
                if last.shape[1]:
                    block[:, :fade] = block[:, :fade] * rising + last * (1 - rising)
                    last = last[:, :0]
                yield block[:, : block.shape[1] - fade]
                held = block[:, block.shape[1] - fade :]
            last = held

    def _leads_on(self) -> bool:
        """Whether the step from the clip's last frame to its first is one as there are others around them."""
        clip, reach = self._clip, round(_SEAM * self._clip.sample_rate)
        with soundfile.SoundFile(clip.path) as sound:
            ends = []
            for at in (clip.start, max(clip.start, clip.end - reach)):
                sound.seek(at)
                frames = sound.read(min(reach, clip.end - at), dtype="float32", always_2d=True)
                ends.append(clip.folded(np.ascontiguousarray(frames.T), self._channels))
        first, last = ends
        usual = max(float(np.abs(np.diff(end)).max(initial=0.0)) for end in ends)
        return bool(np.abs(first[:, 0] - last[:, -1]).max() <= _STEP * usual + _INAUDIBLE)


def ramps(edges: Samples, hop: int) -> Samples:
    """A straight line through each hop from its first edge to its last, a row a hop."""
    along = ((np.arange(hop) + 0.5) / hop).astype(np.float32)
    lines: Samples = edges[:-1, None] + (edges[1:] - edges[:-1])[:, None] * along
    return lines


_Curve = tuple[Sequence[float], Sequence[float]]
"""Break points of a gain: seconds, never running back, and dB."""


def _voiced(timeline: Timeline, clips: Mapping[str, Clip]) -> Iterator[tuple[float, float]]:
    """From when to when someone is heard, as the sounds themselves say, to a hundredth of a second."""
    for placed in timeline.placed:
        if placed.segment.kind in SPOKEN and placed.segment.kind is not SegmentKind.PAUSE:
            clip = clips[placed.segment.source]
            on = np.flatnonzero(np.diff(clip.sounding.astype(np.int8), prepend=0, append=0))
            for first, last in on.reshape(-1, 2) * (clip.hop / clip.sample_rate):
                yield placed.start + first, min(placed.end, placed.start + last)


def _ducked(voiced: Iterator[tuple[float, float]], ducking: Ducking, even: float) -> _Curve:
    """The bed's gain: down before a word begins, up again where nobody speaks for longer than it is held.

    `even` makes the bed as loud as speech.
    """
    under, between = even + ducking.under, even + ducking.between
    points = [(0.0, under)]
    before = None
    for start, end in voiced:
        if before is not None and start - before >= ducking.hold + ducking.attack + ducking.release:
            points += [
                (before + ducking.hold, under), (before + ducking.hold + ducking.release, between),
                (start - ducking.attack, between), (start, under),
            ]  # fmt: skip
        before = end
    return [time for time, _ in points], [level for _, level in points]


def _fading(start: float, end: float) -> _Curve:
    """The bed's gain at its own ends."""
    fade = min(_BED_FADE, (end - start) / 2)
    return [start, start + fade, end - fade, end], [_NOTHING, 0.0, 0.0, _NOTHING]
