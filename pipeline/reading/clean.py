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


_FRACTION = re.compile("(\\d?)([\u00bc\u00be\u2150-\u215e\u2189])")
_RAISED = re.compile("(?!\u00b2(?![\u2070-\u2079\u00b9\u00b2\u00b3])|\u00b3(?![\u2070-\u2079\u00b9\u00b2\u00b3]))"
                     "[\u2070\u2074-\u2079\u00b9\u00b2\u00b3]+")  # fmt: skip
"""Raised figures but for a lone square or cube, which units and tables know."""
_ROUND = re.compile("[\u2460-\u249b\u24ea-\u24ff\u2776-\u2793\u3251-\u325f\u32b1-\u32bf]")
"""Numbers in circles and brackets."""
_OTHER_FORMS = re.compile("[\u2080-\u2089\u2160-\u217f\uff01-\uff5e\U0001d400-\U0001d7ff]")
"""Lowered figures, Roman numerals of one character, full-width and mathematical letters: another form of plain ones."""


def clean(text: str) -> str:
    """One line in NFC, with plain spaces and hyphens and nothing invisible; figures in odd forms are plain ones.

    Control characters and runs of blanks become a space, lone surrogates and marks of direction go, every dash is a
    hyphen, and U+200B stays only between two Khmer letters. At most eight accents are kept on one letter. Cleaning
    what is clean changes nothing.
    """
    line = _BLANK.sub(" ", _plain(_INVISIBLE.sub("", text)).translate(_DASHES))
    return _PILE.sub(r"\1", unicodedata.normalize("NFC", _LOOSE_MARK.sub("", line))).strip()


def _plain(text: str) -> str:
    """Figures and letters of other forms as those that tables and rules know: `Ⅳ`, `①`, `⅓`, `10⁵`, `H₂O`."""
    if text.isascii():
        return text
    text = _FRACTION.sub(_fraction, text)
    text = _RAISED.sub(lambda raised: f"^{unicodedata.normalize('NFKC', raised[0])}", text)
    text = _ROUND.sub(_round, text)
    return _OTHER_FORMS.sub(lambda form: unicodedata.normalize("NFKC", form[0]), text)


def _round(number: re.Match[str]) -> str:
    digits = "".join(c for c in unicodedata.normalize("NFKC", number[0]) if c.isdecimal())
    value = unicodedata.numeric(number[0], None)
    return f" {digits or (int(value) if value is not None else number[0])} "


def _fraction(written: re.Match[str]) -> str:
    parts = unicodedata.normalize("NFKC", written[2]).replace("\u2044", "/")
    return f"{written[1]} {parts}" if written[1] else parts
