"""Finding a voice by its name."""

import difflib
from collections.abc import Sequence

from pipeline.core.errors import Says, UnknownName
from pipeline.core.model import Voice


def voice_named(name: str, voices: Sequence[Voice]) -> Voice:
    """The voice of that exact name.

    Raises:
        UnknownName: there is none; names the nearest.
    """
    for voice in voices:
        if voice.name == name:
            return voice
    raise UnknownName(what=Says("giọng đọc", "voice"), name=name, nearest=nearest(name, [v.name for v in voices]))


def nearest(name: str, known: Sequence[str]) -> str:
    """The known name most like a wrong one."""
    return difflib.get_close_matches(name, known, n=1, cutoff=0)[0]
