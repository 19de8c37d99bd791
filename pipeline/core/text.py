"""Which language a piece of text is in, judged by its script alone, and how text becomes a safe name."""

import re
import unicodedata
from collections.abc import Iterator

from pipeline.core.model import Language

_KHMER = re.compile(r"[\u1780-\u17ff\u19e0-\u19ff]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_RUN = re.compile(r"[\u1780-\u17ff\u19e0-\u19ff]|[A-Za-z\u00c0-\u024f\u1e00-\u1eff][\u0300-\u036f]*")


def language_of(text: str) -> Language | None:
    """The language that most letters of a text belong to; None where it has no Khmer and no Latin letter.

    Khmer is written in its own script, Vietnamese in Latin, so counting letters decides. A Khmer paragraph that
    names many Vietnamese places stays Khmer as long as Khmer letters are the majority.
    """
    khmer, latin = len(_KHMER.findall(text)), len(_LATIN.findall(text))
    if not khmer and not latin:
        return None
    return Language.KM if khmer >= latin else Language.VI


def runs(text: str, default: Language) -> Iterator[tuple[Language, str]]:
    """Cut a text where its script changes; digits, spaces and punctuation stay with the run before them.

    Joining the second members gives the text back. Text before the first letter belongs to the first run.
    """
    current: Language | None = None
    start = 0
    for match in _RUN.finditer(text):
        language = Language.KM if _KHMER.match(match[0]) else Language.VI
        if current is not None and language is not current:
            yield current, text[start : match.start()]
            start = match.start()
        current = language
    if start < len(text):
        yield current or default, text[start:]


def slug(text: str, most: int = 40) -> str:
    """An ASCII name of lower-case letters, digits and hyphens, at most `most` long; may be empty (Khmer titles)."""
    plain = unicodedata.normalize("NFD", text.replace("Đ", "D").replace("đ", "d"))
    plain = "".join(c for c in plain if not unicodedata.combining(c)).lower()
    cut = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:most]
    return cut.rsplit("-", 1)[0] if len(cut) == most and "-" in cut else cut.strip("-")
