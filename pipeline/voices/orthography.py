"""Whether a voice's language can pronounce a text. What a voice would skip in silence is refused here instead."""

import re
import unicodedata

from pipeline.core.errors import NothingToSay, TextLost
from pipeline.core.model import Language

KHMER = re.compile(r"[\u1780-\u17b3]")
"""A Khmer letter that can carry a syllable."""

_LATIN = (
    r"0-9A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff"
    r"\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u2089\u2150-\u215f"  # m², ½
    r"\u00b5\u0370-\u03ff"  # Greek letters are symbols (µ, Ω) in Vietnamese print, and its voices name them
)
_WRITTEN_IN = {
    Language.VI: re.compile(f"[{_LATIN}]"),
    # The Khmer voices online read Latin names after their own fashion; they do not skip them.
    Language.KM: re.compile(f"[{_LATIN}\u1780-\u17ff\u19e0-\u19ff]"),
}


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Some of these end a text for a voice, or command it."""


def pronounceable(text: str, language: Language) -> str:
    """The text in composed form (NFC), once it is known that a voice of the language can say all of it.

    Raises:
        NothingToSay: there is no letter or digit in it.
        TextLost: it has letters or digits that the language is not written with, such as Khmer for a Vietnamese voice.
    """
    text = unicodedata.normalize("NFC", _CONTROL.sub(" ", text))
    if not any(c.isalnum() for c in text):
        raise NothingToSay(text=text)
    if foreign := {c for c in set(text) if c.isalnum() and not _WRITTEN_IN[language].match(c)}:
        raise TextLost(lost=" ".join(w for w in text.split() if foreign & set(w)), written=text)
    return text
