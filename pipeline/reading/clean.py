"""Text made safe to read: NFC, one kind of space and dash, nothing invisible but Khmer word marks."""

import re
import unicodedata

WORD_MARK = "\u200b"
"""Zero width space: where a Khmer typist marked the end of a word."""

_INVISIBLE = re.compile("[\u00ad\u200c-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufe00-\ufe0f\ud800-\udfff]")
_BLANK = re.compile("[\x00-\x1f\x7f-\x9f\\s]+")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣－", "-"))
_KHMER = r"[\u1780-\u17d3\u17dd]"
_LOOSE_MARK = re.compile(f"{WORD_MARK}+(?!{_KHMER})|(?<!{_KHMER}){WORD_MARK}+|(?<={WORD_MARK}){WORD_MARK}+")
_PILE = re.compile("([\u0300-\u036f\u17b4-\u17d1\u17d3]{8})[\u0300-\u036f\u17b4-\u17d1\u17d3]+")


def clean(text: str) -> str:
    """One line in NFC, with plain spaces and hyphens and nothing invisible.

    Control characters and runs of blanks become a space, lone surrogates and marks of direction go, every dash is a
    hyphen, and U+200B stays only between two Khmer letters. At most eight accents are kept on one letter. Cleaning
    what is clean changes nothing.
    """
    line = _BLANK.sub(" ", _INVISIBLE.sub("", text).translate(_DASHES))
    return _PILE.sub(r"\1", unicodedata.normalize("NFC", _LOOSE_MARK.sub("", line))).strip()
