"""Our own ident, sting and bed, built from pydub's tone generators, so that nobody's music is shipped."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydub import AudioSegment

VERSION = "1"
"""Changes whenever the same piece would sound different."""
RATE = 44100
_PENTATONIC = {"đô": 261.63, "rê": 293.66, "fa": 349.23, "son": 392.00, "la": 440.00, "đố": 523.25, "rế": 587.33}
"""The five-note scale of southern song, in Hz, equal temperament on A = 440."""
_OVERTONES = ((1, 0.0), (2, -14.0), (3, -24.0), (4.02, -34.0))
"""A struck bar: multiples of the tone and their level in dB."""


def ident(out: Path) -> None:
    """Write the ident: a rising call and a chord that rings out, 3.6 s, mono WAV."""
    notes = [("son", 0), ("đố", 260), ("la", 520), ("rế", 780), ("đố", 1180), ("son", 1180), ("fa", 1190)]
    _write(_ring(notes, ring=2400, length=3600), out)


def sting(out: Path) -> None:
    """Write the sting between items: two notes, 1.2 s, mono WAV."""
    _write(_ring([("rế", 0), ("la", 160)], ring=1000, length=1200), out)


def bed(out: Path) -> None:
    """Write the bed: soft chords that swell and fade and join without a seam, 24 s, mono WAV."""
    chords = (("fa", "la", "đố"), ("rê", "fa", "la"), ("son", "đố", "rế"), ("đô", "son", "đố"))
    swell, step = 8000, 6000
    length = step * len(chords)
    track = _silence(length + swell)
    for number, chord in enumerate(chords):
        for note in chord:
            tone = _tone(_PENTATONIC[note] / 2, swell, -22.0).fade_in(swell // 2).fade_out(swell // 2)
            track = track.overlay(tone, position=number * step)
    head, tail = track[:length], track[length:]
    _write(head.overlay(tail), out)


def _ring(notes: Sequence[tuple[str, int]], *, ring: int, length: int) -> "AudioSegment":
    """Struck notes, each at its millisecond, fading over `ring` milliseconds."""
    track = _silence(length)
    for note, at in notes:
        lasts = min(ring, length - at)
        for multiple, level in _OVERTONES:
            fade = round(lasts / multiple**0.5)
            tone = _tone(_PENTATONIC[note] * multiple, fade, -16.0 + level).fade_in(6).fade_out(fade - 6)
            track = track.overlay(tone, position=at)
    return track


def _tone(hertz: float, milliseconds: int, level: float) -> "AudioSegment":
    generators = _pydub().generators
    tone: AudioSegment = generators.Sine(hertz, sample_rate=RATE).to_audio_segment(duration=milliseconds, volume=level)
    return tone


def _silence(milliseconds: int) -> "AudioSegment":
    silent: AudioSegment = _pydub().AudioSegment.silent(duration=milliseconds, frame_rate=RATE)
    return silent


def _pydub() -> Any:  # noqa: ANN401 - a module without types
    with warnings.catch_warnings():
        # It looks for ffmpeg when it is imported; nothing here needs it to have one.
        warnings.simplefilter("ignore")
        import pydub.generators  # noqa: PLC0415 - slow, and needed once for a workspace

        return pydub


def _write(track: "AudioSegment", out: Path) -> None:
    part = out.with_name(f".{out.name}.part")
    track.export(str(part), format="wav").close()
    part.replace(out)
