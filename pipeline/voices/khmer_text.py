"""Khmer text as what eSpeak NG is given: phonemes in clauses, with the marks that choose their melody and pauses."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from pipeline.core.errors import NothingToSay, TextLost
from pipeline.voices.orthography import KHMER
from pipeline.voices.phonemes import mnemonics, spoken_words
from pipeline.voices.pronunciation import pronounce

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


def sayable(text: str) -> str:
    """The text in composed form, once it is known that all of it is Khmer letters, marks and spaces.

    Raises:
        NothingToSay: it has no Khmer letter.
        TextLost: beside Khmer it has digits, symbols or letters of another script.
    """
    text = unicodedata.normalize("NFC", text).translate(_INVISIBLE)
    if not KHMER.search(text):
        raise NothingToSay(text=text)
    if lost := _TOKEN.sub("", text):
        raise TextLost(lost=lost, written=text)
    return text


def phoneme_text(text: str) -> str:
    """Khmer text as eSpeak input: a `[[...]]` of mnemonics for each clause, then the punctuation that makes its pause.

    Raises:
        NothingToSay, TextLost: as EmbeddedKhmer.speak.
    """
    return " ".join(_clauses(sayable(text)))


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
