"""The embedded Khmer voice. eSpeak NG speaks no Khmer: it is given the phonemes instead."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path

from pipeline.core.errors import EngineUnavailable, NothingToSay, Says, TextLost
from pipeline.core.model import Language, Seconds, Voice
from pipeline.voices import wav
from pipeline.voices.espeak import LICENCE, audible
from pipeline.voices.espeak_km import DATA
from pipeline.voices.orthography import KHMER
from pipeline.voices.phonemes import mnemonics, spoken_words
from pipeline.voices.pronunciation import pronounce
from pipeline.voices.roster import voice_named
from pipeline.voices.speaker import DEADLINE, Speaker
from pipeline.voices.worker import command, request

_REVISION = 2
"""Raise it when phonemes.py or this file makes the same text sound different."""
_VOICE = "km"
_VOLUME = 78
"""As loud as the Vietnamese voices at theirs, and no sample clipped."""

_RUN = re.compile(r"[\u1780-\u17d3\u17d7\u17dd\u200b-\u200d]+")
_STOPS = {"។": ".", "៕": ".", "៚": ".", ".": ".", "!": "!", "?": "?", "\n": ".", "…": ";", "៖": ";", ":": ";", ";": ";",
          ",": ","}  # fmt: skip
_PUNCTUATION = re.compile(r"[។៕៚.!?\n…៖:;,]")
_BREATH = re.compile(r"[\s«»“”‘’\"'()\[\]{}<>*_~\u2010-\u2015-]")
"""What is heard only as a short break: Khmer puts spaces between phrases, not words."""
_INVISIBLE = str.maketrans("", "", "\ufeff\u2060\u00ad")
_SHORT_BREAK = "_:"
_PHRASE = 7
"""Words; a space after so many ends a phrase, which rises like one before a comma."""
_LONGEST_CLAUSE = 600
"""Characters. eSpeak cuts a clause at 800, in the midst of its phonemes, and would read the rest as letters."""
_TOKEN = re.compile(f"(?P<run>{_RUN.pattern})|(?P<stop>{_PUNCTUATION.pattern})|(?P<breath>{_BREATH.pattern})")


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
        self._speaker = Speaker(self.name, deadline, partial(command, _VOICE, self.settings("km-thu"), DATA))

    @cached_property
    def version(self) -> str:
        """The versions of all that decides the sound; starts the worker when it is first asked for."""
        parts = ", ".join(f"{package} {version(package)}" for package in ("khmercut", "khmerphonemizer"))
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
        try:
            pronounce("ក")
        except (ImportError, OSError) as problem:
            how = Says("cài lại gói khmercut và khmerphonemizer", "reinstall the packages khmercut and khmerphonemizer")
            raise EngineUnavailable(engine=self.name, reason=str(problem), how=how) from problem
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
        said = self._speaker.ask(request(phoneme_text(text), phonemes=True))
        wav.write(audible(said, self.name, text), out)

    def close(self) -> None:
        """End the worker; the next take starts another."""
        self._speaker.close()


def phoneme_text(text: str) -> str:
    """Khmer text as eSpeak input: a `[[...]]` of mnemonics for each clause, then the punctuation that makes its pause.

    Raises:
        NothingToSay, TextLost: as EmbeddedKhmer.speak.
    """
    text = unicodedata.normalize("NFC", text).translate(_INVISIBLE)
    if not KHMER.search(text):
        raise NothingToSay(text=text)
    if lost := _TOKEN.sub("", text):
        raise TextLost(lost=lost, written=text)
    return " ".join(_clauses(text))


def _clauses(text: str) -> Iterator[str]:
    words: list[str] = []
    for token in _TOKEN.finditer(text):
        if token["run"]:
            for word in _spoken(token["run"]):
                if sum(map(len, words)) + len(words) + len(word) > _LONGEST_CLAUSE:
                    yield _clause(words, ",")
                    words = []
                words.append(word)
        elif token["stop"] and words:
            yield _clause(words, _STOPS[token["stop"]])
            words = []
        elif len(words) >= _PHRASE:
            yield _clause(words, ",")
            words = []
        elif words and words[-1] != _SHORT_BREAK:
            words.append(_SHORT_BREAK)
    if words:
        yield _clause(words, ".")


def _spoken(run: str) -> Iterator[str]:
    for sounds in pronounce(run):
        yield from spoken_words(mnemonics(sounds))


def _clause(words: Sequence[str], stop: str) -> str:
    return f"[[{' '.join(words)}]]{stop}"
