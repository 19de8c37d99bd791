"""The embedded Vietnamese voice: eSpeak NG from the espeakng-loader package, in a worker process."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from pipeline.core.errors import Says, TakeRejected, UnknownName
from pipeline.core.model import Language, Seconds, Voice
from pipeline.voices import wav
from pipeline.voices.orthography import pronounceable
from pipeline.voices.roster import nearest, voice_named
from pipeline.voices.speaker import DEADLINE, Speaker
from pipeline.voices.wav import Sound
from pipeline.voices.worker import command, request

_ESPEAK_NAMES = {"vi-bac": "vi", "vi-nam": "vi-vn-x-south", "vi-trung": "vi-vn-x-central"}
_VOLUMES = {"vi-bac": 60, "vi-nam": 62, "vi-trung": 67}
"""Of eSpeak's own 100, at which samples are clipped; so the three are equally loud."""
_PACES = {"vi-bac": 1.0, "vi-nam": 1.035, "vi-trung": 1.01}
"""By which the rate is multiplied, so the three speak equally many syllables a second."""
LICENCE = "GPL-3.0-or-later"
"""ESpeak NG's own; what it speaks is free of it."""
_REGIONS = {"bac": "Bắc", "nam": "Nam", "trung": "Trung"}

# eSpeak drops what a word has beyond about seventy letters. No Vietnamese word has eight; web addresses may.
_LONG_WORD = re.compile(r"(\S{48})(?=\S)")
_SHORTEST = Seconds(0.05)


class EspeakVietnamese:
    """eSpeak NG's Vietnamese, whose usual voice is that of `region` (bac, nam or trung), at `rate` words a minute.

    Pitch is 0 to 99, 50 the usual; all regions are equally loud and fast; a foreign word is said by English rules. A
    draft voice. Safe for threads. The same text gives the same bytes, whatever was spoken before it.
    """

    name = "espeak"
    embedded = True
    at_once = 1

    def __init__(self, region: str = "bac", rate: int = 120, *, pitch: int = 50, deadline: Seconds = DEADLINE) -> None:
        if region not in _REGIONS:
            what = Says("vùng giọng", "voice region")
            raise UnknownName(what=what, name=region, nearest=nearest(region, list(_REGIONS)))
        self._voices = tuple(_voice(r) for r in sorted(_REGIONS, key=lambda r: r != region))
        self._rate = rate
        self._pitch = pitch
        self._speakers = {
            name: Speaker(self.name, deadline, partial(command, espeak, self.settings(name)))
            for name, espeak in _ESPEAK_NAMES.items()
        }

    @property
    def version(self) -> str:
        """ESpeak NG's own version; starts the worker when it is first asked for."""
        return f"espeak-ng {self._speakers[self._voices[0].name].version}"

    @property
    def voices(self) -> Sequence[Voice]:
        """All three regions, the chosen one first."""
        return self._voices

    def settings(self, voice: str) -> Mapping[str, int]:
        """The speed, in words a minute; pitch and volume as eSpeak NG numbers them."""
        name = voice_named(voice, self._voices).name
        return {"rate": round(self._rate * _PACES[name]), "pitch": self._pitch, "volume": _VOLUMES[name]}

    def check(self) -> None:
        """Raise EngineUnavailable if the library does not load."""
        self._speakers[self._voices[0].name].version  # noqa: B018 - asking starts the worker, which is the check

    def speak(self, text: str, voice: str, out: Path) -> None:
        """Write a WAV (mono, 16 bit, 22,050 Hz): whole, or not at all.

        Raises:
            NothingToSay: the text has no letter or digit.
            TextLost: it has letters that are not Vietnamese, such as Khmer ones.
            EngineUnavailable: the library crashed or hung; the next take starts afresh.
            TakeRejected: it answered without sound.
            UnknownName: no voice has that name.
        """
        voice_named(voice, self._voices)
        words = _LONG_WORD.sub(r"\1 ", pronounceable(text, Language.VI))
        said = self._speakers[voice].ask(request(words))
        wav.write(audible(said, self.name, text), out)

    def close(self) -> None:
        """End the workers for good."""
        for speaker in self._speakers.values():
            speaker.close()


def audible(sound: Sound, engine: str, text: str) -> Sound:
    """The sound itself, unless it is too short to be speech (TakeRejected)."""
    if sound.seconds < _SHORTEST:
        raise TakeRejected(engine=engine, text=text, reason=Says("không có tiếng", "no sound"))
    return sound


def _voice(region: str) -> Voice:
    return Voice(
        name=f"vi-{region}", language=Language.VI, sex="nam", region=_REGIONS[region], draft=True, licence=LICENCE
    )
