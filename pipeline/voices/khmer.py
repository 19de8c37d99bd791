"""The embedded Khmer voice. eSpeak NG speaks no Khmer: it is given the phonemes instead."""

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline.core.errors import EngineUnavailable, Says, TextLost
from pipeline.core.model import Language, Seconds, Voice
from pipeline.voices import wav
from pipeline.voices.espeak import LICENCE, audible
from pipeline.voices.espeak_km import DATA
from pipeline.voices.khmer_text import sayable
from pipeline.voices.khmer_worker import LOST
from pipeline.voices.khmer_worker import request as pronunciation_of
from pipeline.voices.roster import voice_named
from pipeline.voices.speaker import DEADLINE, Speaker
from pipeline.voices.worker import command, request

_REVISION = 3
"""Raise it when phonemes.py, khmer_text.py or pronunciation.py makes the same text sound different."""
_VOICE = "km"
_VOLUME = 78
"""As loud as the Vietnamese voices at theirs, and no sample clipped."""


class EmbeddedKhmer:
    """Khmer text to phonemes to eSpeak NG, at `rate` words a minute and `pitch` (0 to 99, 50 the usual). Works offline.

    A draft voice: no Khmer speaker has rated it. Statements fall, phrases that go on rise, questions rise high. Safe
    for threads. The same text gives the same bytes, whatever was spoken before it. It pronounces Khmer words only;
    reading turns digits, symbols and Latin abbreviations into Khmer words before, and gives Vietnamese names to a
    Vietnamese voice.
    """

    name = "khmer"
    embedded = True
    at_once = 1

    def __init__(self, rate: int = 165, *, pitch: int = 50, deadline: Seconds = DEADLINE) -> None:
        self._rate = rate
        self._pitch = pitch
        self._pronouncer = Speaker(
            self.name, DEADLINE, lambda: ("-P", "-m", "pipeline.voices.khmer_worker"),
            library="khmercut", package="khmercut, khmerphonemizer",
        )  # fmt: skip
        self._speaker = Speaker(self.name, deadline, partial(command, _VOICE, self.settings("km-thu"), DATA))

    @cached_property
    def version(self) -> str:
        """The versions of all that decides the sound; starts the worker when it is first asked for."""
        try:
            parts = ", ".join(f"{package} {version(package)}" for package in ("khmercut", "khmerphonemizer"))
        except PackageNotFoundError as missing:
            how = Says("cài lại gói khmercut, khmerphonemizer", "reinstall the packages khmercut, khmerphonemizer")
            raise EngineUnavailable(engine=self.name, reason=str(missing), how=how) from missing
        return f"espeak-ng {self._speaker.version}, {parts}, phonemes {_REVISION}"

    @property
    def voices(self) -> Sequence[Voice]:
        """One voice, `km-thu`."""
        return (Voice(name="km-thu", language=Language.KM, sex="nam", draft=True, licence=LICENCE),)

    def settings(self, voice: str) -> Mapping[str, int]:
        """The speed, in words a minute; pitch and volume as eSpeak NG numbers them."""
        voice_named(voice, self.voices)
        return {"rate": self._rate, "pitch": self._pitch, "volume": _VOLUME}

    def check(self) -> None:
        """Raise EngineUnavailable if a library does not load."""
        self._pronouncer.version  # noqa: B018 - asking starts the worker, which is the check
        self._speaker.version  # noqa: B018 - asking starts the worker, which is the check

    def speak(self, text: str, voice: str, out: Path) -> None:
        """Write a WAV (mono, 16 bit, 22,050 Hz): whole, or not at all.

        Raises:
            NothingToSay: the text has no Khmer letter.
            TextLost: beside Khmer it has digits, symbols or letters of another script, which would go unheard.
            EngineUnavailable: the library crashed or hung; the next take starts afresh.
            TakeRejected: it answered without sound.
            UnknownName: no voice has that name.
        """
        voice_named(voice, self.voices)
        said = self._speaker.ask(request(self._phonemes(sayable(text)), phonemes=True))
        wav.write(audible(said, self.name, text), out)

    def close(self) -> None:
        """End the workers for good."""
        self._speaker.close()
        self._pronouncer.close()

    def _phonemes(self, text: str) -> str:
        try:
            return self._pronouncer.ask(pronunciation_of(text)).samples.decode()
        except EngineUnavailable as problem:
            _, unheard, lost = problem.message.en.partition(LOST)
            if not unheard:
                raise
            raise TextLost(lost=lost, written=text) from problem
