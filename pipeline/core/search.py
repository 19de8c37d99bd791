"""Search: words found in Vietnamese with or without its accents, and in Khmer however its words are marked off."""

import unicodedata
from dataclasses import dataclass

_UNSEEN = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad")
"""Marks between words and letters that nobody sees; people type them or not."""
_D = str.maketrans("đĐ", "dd")
_AROUND = 60


@dataclass(frozen=True, slots=True)
class Folded:
    """A text as it is searched: small letters without accents, one space between words."""

    text: str
    origin: tuple[int, ...]
    """Where each of its letters stands in the text it was made of."""


def fold(text: str) -> Folded:
    """Fold a text. Only accents above and below Latin letters go: those of Khmer are its vowels."""
    letters: list[str] = []
    origin: list[int] = []
    for place, letter in enumerate(text):
        if letter in _UNSEEN:
            continue
        if letter.isspace():
            if letters and letters[-1] != " ":
                letters.append(" ")
                origin.append(place)
            continue
        for part in unicodedata.normalize("NFD", letter.casefold().translate(_D)):
            if not "\u0300" <= part <= "\u036f":
                letters.append(part)
                origin.append(place)
    return Folded("".join(letters), tuple(origin))


def words_of(query: str) -> tuple[str, ...]:
    """The words of a query, folded; all of them have to be found."""
    return tuple(fold(query).text.split())


def finds(text: str, wanted: tuple[str, ...]) -> bool:
    """Whether a folded text has all words of a query."""
    return all(word in text for word in wanted)


def excerpt(text: str, wanted: tuple[str, ...]) -> tuple[str, str, str]:
    """What stands before the first word found in a text, the word as it is written, and what comes after."""
    folded = fold(text)
    places = [(at, len(word)) for word in wanted if (at := folded.text.find(word)) >= 0]
    if not places:
        return text[: 2 * _AROUND], "", ""
    at, length = min(places)
    start, end = folded.origin[at], folded.origin[at + length - 1] + 1
    while end < len(text) and "\u0300" <= text[end] <= "\u036f":  # an accent that stands by itself
        end += 1
    before = text[max(0, start - _AROUND) : start]
    before = before[before.find(" ") + 1 :] if start > _AROUND else before
    return before, text[start:end], text[end : end + 2 * _AROUND]
