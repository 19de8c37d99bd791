"""Our own idents, stings, outros and beds, built from pydub's tone generators, so that nobody's music is shipped."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.core.rundown import SegmentKind

if TYPE_CHECKING:
    from pydub import AudioSegment

VERSION = "2"
"""Changes whenever the same piece would sound different."""
RATE = 44100
_A = 440.0
_SOUTHERN = (0.0, 2.0, 5.0, 7.0, 9.0)
"""Semitones of the five-note scale of southern song: hò xự xang xê cống, equal temperament."""
_KHMER = tuple(1200 / 7 * step / 100 for step in range(7))
"""Semitones of the seven equal steps that Khmer pinpeat bars are tuned to."""
_BAR = ((1, 0.0), (2, -14.0), (3, -24.0), (4.02, -34.0))
"""A struck bar: multiples of the tone and their level in dB."""
_BELL = ((1, 0.0), (2.76, -10.0), (5.4, -20.0))
"""A small bell; its overtones are no multiples."""
_ROOM = ((47, -15.0, -0.5), (83, -18.0, 0.6), (131, -21.0, -0.7), (199, -25.0, 0.8))
"""Echoes of a small room: milliseconds, dB, and from which side."""

_Note = tuple[float, int]
"""Semitones above the root, and the millisecond at which it is struck."""
_Piece = Callable[[], "AudioSegment"]


def make(kind: SegmentKind | None, name: str, out: Path) -> None:
    """Write a piece of ours, stereo WAV of 44,100 Hz, the same bytes every time; of no kind, it is a bed.

    Raises:
        KeyError: there is none of that kind and name; `names` tells which there are.
    """
    track = _PIECES[kind][name]()
    part = out.with_name(f".{out.name}.part")
    track.export(str(part), format="wav").close()
    part.replace(out)


def names(kind: SegmentKind | None) -> list[str]:
    """The pieces of a kind; of no kind, the beds. The first is the usual one."""
    return list(_PIECES[kind])


# --- the pieces ------------------------------------------------------------------------------------------------------


def _call() -> "AudioSegment":
    """A rising call and a chord that rings out, 3.6 s."""
    notes = _southern((3, 0), (5, 260), (4, 520), (6, 780), (5, 1180), (3, 1180), (2, 1190))
    return _struck(notes, ring=2400, length=3600)


def _river() -> "AudioSegment":
    """Five notes up and down like oars, over a low open fifth, 5 s."""
    oars = _southern((0, 0), (2, 420), (3, 840), (5, 1260), (4, 1680), (3, 2100), (5, 2800), (3, 2810))
    return _struck(oars, ring=2200, length=5000).overlay(_chord((-12, -5), 5000, -26.0))


def _bars() -> "AudioSegment":
    """A pattern of Khmer bars in octaves, 4.2 s."""
    steps = (4, 3, 4, 6, 4, 3, 1, 0)
    notes = [(_KHMER[step] + octave, at * 330) for at, step in enumerate(steps) for octave in (0, 12)]
    return _struck(notes, ring=1700, length=4200)


def _two_notes() -> "AudioSegment":
    """Two notes falling, 1.2 s."""
    return _struck(_southern((6, 0), (4, 160)), ring=1000, length=1200)


def _bells() -> "AudioSegment":
    """Three small bells, 1.6 s."""
    return _struck(_southern((5, 0), (7, 140), (8, 280)), ring=1300, length=1600, overtones=_BELL)


def _farewell() -> "AudioSegment":
    """A call that comes down and rests on its root, 4.4 s."""
    notes = _southern((6, 0), (5, 300), (4, 600), (3, 900), (0, 1400), (2, 1410), (5, 1420))
    return _struck(notes, ring=2900, length=4400)


def _chords() -> "AudioSegment":
    """Soft chords that swell and fade and join without a seam, 24 s."""
    return _woven(((5, 9, 12), (2, 5, 9), (7, 12, 14), (0, 7, 12)), swell=8000, step=6000)


def _quiet() -> "AudioSegment":
    """Open fifths, lower and slower, 32 s."""
    return _woven(((0, 7), (5, 12), (-3, 4), (-5, 2)), swell=10_500, step=8000)


_PIECES: Mapping[SegmentKind | None, Mapping[str, _Piece]] = {
    SegmentKind.IDENT: {"mac-dinh": _call, "song-nuoc": _river, "khmer": _bars},
    SegmentKind.STING: {"mac-dinh": _two_notes, "chuong": _bells},
    SegmentKind.OUTRO: {"mac-dinh": _farewell},
    None: {"mac-dinh": _chords, "nhe": _quiet},
}


# --- how they are played ---------------------------------------------------------------------------------------------


def _southern(*notes: tuple[int, int]) -> list[_Note]:
    """Steps of the southern scale as semitones."""
    return [(_SOUTHERN[step % 5] + 12 * (step // 5), at) for step, at in notes]


def _struck(
    notes: Sequence[_Note], *, ring: int, length: int, overtones: Sequence[tuple[float, float]] = _BAR
) -> "AudioSegment":
    """Struck notes, each at its millisecond, fading over `ring` milliseconds, in a small room."""
    track = _silence(length)
    for number, (semitones, at) in enumerate(notes):
        lasts = min(ring, length - at)
        for multiple, level in overtones:
            fade = max(60, round(lasts / multiple**0.5))
            tone = _tone(_hertz(semitones) * multiple, fade, -17.0 + level).fade_in(6).fade_out(fade - 6)
            track = track.overlay(tone.pan(0.3 if number % 2 else -0.3), position=at)
    return _in_a_room(track)


def _woven(chords: Sequence[Sequence[int]], *, swell: int, step: int) -> "AudioSegment":
    """Chords that swell into each other; what rings over the end lies under the beginning."""
    length = step * len(chords)
    track = _silence(length + swell)
    for number, chord in enumerate(chords):
        track = track.overlay(_chord([note - 12 for note in chord], swell, -22.0), position=number * step)
    return track[:length].overlay(track[length:])


def _chord(semitones: Sequence[float], milliseconds: int, level: float) -> "AudioSegment":
    """Soft tones side by side, each a little out of tune with itself, that swell and fade."""
    track = _silence(milliseconds)
    for number, note in enumerate(semitones):
        for detune, side in ((0.9985, -0.6), (1.0015, 0.6)):
            tone = _tone(_hertz(note) * detune, milliseconds, level - 3)
            track = track.overlay(tone.fade_in(milliseconds // 2).fade_out(milliseconds // 2).pan(side / (number + 1)))
    return track


def _in_a_room(track: "AudioSegment") -> "AudioSegment":
    dry = track
    for delay, level, side in _ROOM:
        track = track.overlay(dry.pan(side) + level, position=delay)
    return track.fade_out(300)


def _hertz(semitones: float) -> float:
    """Of a note so many semitones above the C below middle A."""
    return float(_A * 2 ** ((semitones - 9) / 12))


def _tone(hertz: float, milliseconds: int, level: float) -> "AudioSegment":
    generators = _pydub().generators
    tone: AudioSegment = generators.Sine(hertz, sample_rate=RATE).to_audio_segment(duration=milliseconds, volume=level)
    return tone.set_channels(2)


def _silence(milliseconds: int) -> "AudioSegment":
    silent: AudioSegment = _pydub().AudioSegment.silent(duration=milliseconds, frame_rate=RATE)
    return silent.set_channels(2)


def _pydub() -> Any:  # noqa: ANN401 - a module without types
    with warnings.catch_warnings():
        # It looks for ffmpeg when it is imported; nothing here needs it to have one.
        warnings.simplefilter("ignore")
        import pydub.generators  # noqa: PLC0415 - slow, and needed once for a workspace

        return pydub
