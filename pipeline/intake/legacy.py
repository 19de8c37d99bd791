"""Vietnamese from before Unicode: TCVN3 (fonts .Vn…) and VNI (fonts VNI-…), by their own tables. Pure.

TCVN3 is VN3 of standard TCVN 5712:1993, one byte a letter; VNI-Windows writes a letter, then its marks. Both reach us
as the Latin-1 characters of their bytes. Khmer of the Limon fonts is told apart, and never converted: its letters are
typed in the order they are seen, so no table gives the words back.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from itertools import groupby
from operator import itemgetter

from pipeline.core.errors import OldKhmerFont
from pipeline.intake.manuscript import Line


class Encoding(StrEnum):
    """An encoding that only an old font shows as Vietnamese."""

    TCVN3 = "TCVN3"
    VNI = "VNI"


# --- the tables ------------------------------------------------------------------------------------------------------

_TCVN3 = dict(
    zip(
        "\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xab\xac\xad\xae"
        "\xb5\xb6\xb7\xb8\xb9\xbb\xbc\xbd\xbe\xc6\xc7\xc8\xc9\xca\xcb\xcc\xce\xcf\xd0\xd1\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xdc"
        "\xdd\xde\xdf\xe1\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xeb\xec\xed\xee\xef\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa"
        "\xfb\xfc\xfd\xfe",
        "ĂÂÊÔƠƯĐăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
        strict=True,
    )
)
_TONES = {"ø": "\u0300", "ù": "\u0301", "û": "\u0309", "õ": "\u0303", "ï": "\u0323"}
_HAT = {"â": "", "à": "\u0300", "á": "\u0301", "å": "\u0309", "ã": "\u0303", "ä": "\u0323"}
_BREVE = {"ê": "", "è": "\u0300", "é": "\u0301", "ú": "\u0309", "ü": "\u0303", "ë": "\u0323"}


@cache
def _vni() -> dict[str, str]:
    """A letter and its mark, or a letter that has its mark inside, to Vietnamese."""
    pairs = {base + mark: base + tone for base in "aeouyôö" for mark, tone in _TONES.items()}
    pairs |= {base + mark: f"{base}\u0302{tone}" for base in "aeo" for mark, tone in _HAT.items()}
    pairs |= {f"a{mark}": f"a\u0306{tone}" for mark, tone in _BREVE.items()}
    pairs |= {"æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ", "ñ": "đ", "ì": "ì", "í": "í"}
    pairs |= {"ô": "ơ", "ö": "ư"}
    pairs = {k: v.replace("ô", "ơ").replace("ö", "ư") for k, v in pairs.items()}
    pairs = {key: unicodedata.normalize("NFC", value) for key, value in pairs.items()}
    upper = {key.upper(): value.upper() for key, value in pairs.items()}
    mixed = {key[0].upper() + key[1:]: value.upper() for key, value in pairs.items() if len(key) > 1}
    return pairs | mixed | upper


@cache
def _vni_pattern() -> re.Pattern[str]:
    return re.compile("|".join(sorted(map(re.escape, _vni()), key=len, reverse=True)))


_PUNCTUATION = {n: c for n in range(0x80, 0xA0) if (c := bytes([n]).decode("cp1252", "ignore"))}


def of_bytes(data: bytes) -> str:
    """Bytes in an old encoding as the characters that `decode` takes; quotes and dashes are those of Windows."""
    return data.decode("latin-1").translate(_PUNCTUATION)


def decode(text: str, encoding: Encoding) -> str:
    """Text in an old encoding, given as Latin-1 characters, as Unicode (NFC). Characters it does not use stay."""
    if encoding is Encoding.TCVN3:
        return "".join(_TCVN3.get(c, c) for c in text)
    return _vni_pattern().sub(lambda m: _vni()[m[0]], text)


def encode(text: str, encoding: Encoding) -> str:
    """The inverse of `decode`: Vietnamese as the Latin-1 characters of an old encoding."""
    text = unicodedata.normalize("NFC", text)
    if encoding is Encoding.TCVN3:
        back = {v: k for k, v in _TCVN3.items()}
        return "".join(back.get(c) or back.get(c.lower(), c) for c in text)
    letters = {v: k for k, v in reversed(_vni().items()) if not (k[0].isupper() and k[1:].islower())}
    return "".join(letters.get(c, c) for c in text)


# --- which one it is -------------------------------------------------------------------------------------------------

_ONSET = "(?:ngh?|gh|gi|qu|[cknpt]h|tr|[bcdđghklmnpqrstvxfjwz])?"
_RHYME = (
    "(?:a|ă|â|e|ê|i|o|ô|ơ|u|ư|y|ai|ao|au|ay|âu|ây|eo|êu|ia|iê|iu|oa|oă|oe|oi|ôi|ơi|ua|uâ|uê|ui|uô|uơ|uy|uya|uyê|ưa|ưi"
    "|ươ|ưu|yê|oai|oay|oao|oeo|uôi|ươi|ươu|iêu|yêu|uây|uyu|uya|oo)(?:ch|ng|nh|[cmnpt])?"
)
_SYLLABLE = re.compile(_ONSET + _RHYME)
_MARKS = dict.fromkeys(map(ord, "\u0300\u0301\u0303\u0309\u0323"))
_WORD = re.compile(r"[^\W\d_]+")
_TOKEN = re.compile(r"[^\s\d.,;:!?()\[\]\"'“”‘’/–—_-]+")
_OLD_WORD = re.compile(r"[A-Za-z\xa1-\xff]+")
_ENOUGH, _FEW = 0.9, 0.6
"""The share of words with accents that must be Vietnamese in the new reading, and may be at most in the old."""


def _fit(words: Iterable[str]) -> tuple[float, int]:
    """The share of Vietnamese syllables among the words with letters beyond ASCII; and how many words those are."""
    accented = [word for word in words if not word.isascii()]
    good = sum(bool(_SYLLABLE.fullmatch(_toneless(word))) for word in accented)
    return (good / len(accented) if accented else 1.0), len(accented)


def _toneless(word: str) -> str:
    plain = unicodedata.normalize("NFD", word.lower()).translate(_MARKS)
    return unicodedata.normalize("NFC", plain)


def guess(text: str) -> Encoding | None:
    """The old encoding in which a text is Vietnamese; None where it makes sense as it stands, or in neither."""
    if not any("\xa1" <= c <= "\xff" for c in text) or any(c > "\xff" and c.isalpha() for c in text):
        return None
    fit, accented = _fit(_TOKEN.findall(text))
    if fit > _FEW and accented:
        return None
    fits = {e: _fit(_WORD.findall(decode(" ".join(_OLD_WORD.findall(text)), e))) for e in Encoding}
    best = max(fits, key=lambda e: fits[e])
    return best if fits[best][0] >= _ENOUGH and fits[best][1] >= min(2, len(_OLD_WORD.findall(text))) else None


# --- lines and fonts -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Converted:
    """Lines in Unicode, and the old encodings that some of them were in."""

    lines: tuple[Line, ...]
    encodings: frozenset[Encoding] = frozenset()


def converted(lines: Sequence[Line]) -> Converted:
    """Lines with those in an old encoding brought to Unicode, each line judged by itself and by the whole."""
    whole = guess("\n".join(line.text for line in lines if _looks_old(line.text)))
    found: set[Encoding] = set()
    out = []
    for line in lines:
        encoding = guess(line.text) or (whole if whole and _looks_old(line.text) else None)
        if encoding:
            found.add(encoding)
        out.append(replace(line, text=decode(line.text, encoding)) if encoding else line)
    return Converted(tuple(out), frozenset(found))


def _looks_old(text: str) -> bool:
    """Whether a short line has letters that old encodings use and no Vietnamese one."""
    return any("\xa1" <= c <= "\xff" for c in text) and not any(c > "\xff" and c.isalpha() for c in text)


_FONTS = ((re.compile(r"\.vn", re.IGNORECASE), Encoding.TCVN3), (re.compile("vni[- ]", re.IGNORECASE), Encoding.VNI))
_CAPITALS = re.compile(r"\.vn.*h$", re.IGNORECASE)
_KHMER = re.compile(r"limon|abc[- ]?zwsp|khek|khmer os.*limon", re.IGNORECASE)


def is_old_khmer(font: str) -> bool:
    """Whether a font shows Khmer where the text has Latin letters."""
    return _KHMER.match(font) is not None


def of_font(font: str) -> Encoding | None:
    """The old encoding that a font's name betrays."""
    return next((encoding for name, encoding in _FONTS if name.match(font)), None)


class Fonts:
    """The fonts of one file: its text as they show it, and what its editor should know of that."""

    def __init__(self, name: str) -> None:
        self.encodings: set[Encoding] = set()
        self.notices: list[str] = []
        self._name = name
        self._modern: set[Encoding] = set()

    def joined(self, runs: Iterable[tuple[str, str]]) -> str:
        """The runs of a paragraph, each with its font, as they are shown. A letter and its mark may stand in two runs.

        Raises:
            OldKhmerFont: as `shown`.
        """
        together = [("".join(text for text, _ in same), font) for font, same in groupby(runs, key=itemgetter(1))]
        for encoding in Encoding:
            self._judge("".join(text for text, font in together if of_font(font) is encoding), encoding)
        return "".join(self._shown(text, font) for text, font in together)

    def shown(self, text: str, font: str) -> str:
        """Text in Unicode as a font shows it; a TCVN3 font whose name ends with H shows capitals.

        Raises:
            OldKhmerFont: it shows Khmer where the text has Latin letters.
        """
        return self.joined([(text, font)])

    def _judge(self, text: str, encoding: Encoding) -> None:
        """Whether text in an old font is Unicode all the same: typed into an old paper on a machine without that font.

        Where both readings are Vietnamese, the text before it decides, and without any the font.
        """
        if text.isascii():
            return
        as_it_stands, decoded = _fit(_TOKEN.findall(text))[0], _fit(_WORD.findall(decode(text, encoding)))[0]
        if as_it_stands > decoded or (as_it_stands == decoded and any(c > "\xff" and c.isalpha() for c in text)):
            self._modern.add(encoding)
        elif as_it_stands < decoded:
            self._modern.discard(encoding)

    def _shown(self, text: str, font: str) -> str:
        if is_old_khmer(font) and any(c in _SYMBOLS or (c < "\u0250" and c.isalpha()) for c in text):
            raise OldKhmerFont(name=self._name, font=font)
        encoding = of_font(font)
        if encoding is None or (encoding in self._modern and not text.isascii()):
            return text
        if not text.isascii():
            self.encodings.add(encoding)
            text = decode(text.translate(_SYMBOLS_BACK), encoding)
        return text.upper() if _CAPITALS.match(font) else text


_SYMBOLS = frozenset(map(chr, range(0xF020, 0xF100)))
"""Where Word puts the letters of a font that calls itself a symbol font."""
_SYMBOLS_BACK = {0xF000 + code: code for code in range(0x20, 0x100)}
