"""Addresses of the web and of mail, as announcers read them out."""

import re
from collections.abc import Callable

from pipeline.reading.grammar import Piece, Rule

ADDRESS = (
    r"(?<![\w.@-])(?P<scheme>(?i:https?)://)?(?:[\w-]{1,63}[.@]){1,6}"
    r"(?i:vn|com|org|net|edu|gov|info|io|me|tv|asia|app)(?![\w@-])(?:/[\w/.-]{0,200})?"
)
_SIGNS = {".": "chấm", "@": "a còng", "/": "xuyệt", "-": "gạch", "_": "gạch dưới"}
_VOWEL = re.compile("[aeiouyAEIOUY]")


def address_rule(digits: Callable[[str], str], spell: Callable[[str], str]) -> Rule:
    """Words as words, what has no vowel spelled, figures one by one; `https://` is left out, as announcers do."""

    def word(written: str) -> str:
        if written.isdecimal():
            return digits(written)
        return written.lower() if _VOWEL.search(written) or not written.isascii() else spell(written)

    def say(m: re.Match[str]) -> Piece:
        scheme = m["scheme"] or ""
        words = re.findall(r"\d+|[^\W\d_]+|[.@/_-]", m[0][len(scheme) :])
        return Piece(m[0], " ".join(_SIGNS.get(w) or word(w) for w in words), "address", left_out=scheme)

    return Rule("address", ADDRESS, say)
