"""Search in Vietnamese and Khmer: what is typed and what is written, brought to one form; where a hit stands."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

_KHMER = "\u1780-\u17d3\u17d7\u17dc\u17dd\u17e0-\u17e9"
_BASE = "[\u1780-\u17b3]"
_MARK = "[\u17b4-\u17d1\u17d3\u17dd]"
_UNSEEN = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]"
_ACCENT = "[\u0300-\u036f]"
_INVISIBLE, _ACCENTS = re.compile(_UNSEEN), re.compile(_ACCENT)
_CLUSTER = re.compile(f"{_BASE}(?:\u17d2{_BASE}|{_MARK})+")
_PART = re.compile(f"\u17d2{_BASE}|.")
_PIECE = re.compile(f"{_BASE}(?:{_UNSEEN}*(?:\u17d2{_UNSEEN}*{_BASE}|{_MARK}))*|.(?:{_UNSEEN}*{_ACCENT})*", re.DOTALL)
"""A letter with all that stands on it and under it; what is folded piece by piece is what is folded whole."""
_BREAK = re.compile(f"(?:[^\\w{_KHMER}]|_)+|(?<=[{_KHMER}])(?=[^\\W{_KHMER}])|(?<=[^\\W{_KHMER}])(?=[{_KHMER}])")
"""Where a word ends: at what is no letter, and where Khmer meets another script."""
_PLAIN = str.maketrans({"đ": "d", "Đ": "d"})
_ONE_SPELLING = (
    ("\u17b8\u17c1", "\u17be"), ("\u17b6\u17c1", "\u17c4"),  # vowels typed in parts
    ("\u17d2\u178a", "\u17d2\u178f"),  # two letters that look alike below another
    ("\u17b4", ""), ("\u17b5", ""),  # vowels that nobody sees
)  # fmt: skip
_MOST_WORDS = 12
_BEFORE = 60
"""Letters shown before the first hit."""
_NEAR = 20
"""Letters within which the end of a word is looked for."""


def fold(text: str) -> str:
    """A text without accents, case, the bar of đ, and marks that nobody sees; Khmer in the order Unicode advises."""
    plain = unicodedata.normalize("NFD", _INVISIBLE.sub("", text).translate(_PLAIN))
    return _CLUSTER.sub(_ordered, _ACCENTS.sub("", plain).casefold())


@lru_cache(maxsize=1 << 12)
def _letter(piece: str) -> str:
    """The same of one letter: a text has few that differ, and many of each."""
    return fold(piece)


def _ordered(cluster: re.Match[str]) -> str:
    """Marks in one order, however they were typed: letters below, shifters, vowels, signs."""
    first, *rest = _PART.findall(cluster[0])
    whole = "".join((first, *sorted(rest, key=_rank)))
    for typed, usual in _ONE_SPELLING:
        whole = whole.replace(typed, usual)
    return whole


def _rank(part: str) -> tuple[int, str]:
    if part[0] == "\u17d2":
        return (2 if part[1:] == "\u179a" else 1), ""  # a ro is written last, the others as they were typed
    return (0 if part == "\u17cc" else 3 if part in "\u17c9\u17ca" else 4), part


def words(asked: str) -> tuple[str, ...]:
    """What somebody looks for, word by word, in the form of `document`."""
    return tuple(dict.fromkeys(_BREAK.sub(" ", fold(asked)).split()))[:_MOST_WORDS]


def document(texts: Iterable[str]) -> str:
    """Texts in the form that is searched."""
    return f" {' '.join(_BREAK.sub(' ', fold(text)) for text in texts)} "


def holds(searched: str, wanted: Iterable[str]) -> bool:
    """Whether every word stands in a document: Khmer, which puts no space between words, anywhere in it."""
    return all(word in searched if _is_khmer(word[0]) else f" {word} " in searched for word in wanted)


def has_any(text: str, wanted: Iterable[str]) -> bool:
    """Whether at least one of some words stands in a text."""
    searched = document([text])
    return any(holds(searched, [word]) for word in wanted)


def marked(text: str, wanted: Sequence[str]) -> list[tuple[str, bool]]:
    """A text cut where hits begin and end; joined, its parts are the text."""
    pieces = _PIECE.findall(text)
    hit = _hits(pieces, wanted)
    return [("".join(p for _, p in run), found) for found, run in _runs(zip(hit, pieces, strict=True))]


def excerpt(text: str, wanted: Sequence[str], most: int = 240) -> str:
    """As much of a text as there is room for, its first hit in it; three dots stand for what was left out."""
    pieces = _PIECE.findall(text)
    if len(pieces) <= most:
        return text
    hit = _hits(pieces, wanted)
    start = max(0, min(hit.index(True) - _BEFORE, len(pieces) - most)) if True in hit else 0
    end = min(len(pieces), start + most)
    start, end = _word_after(pieces, start), _word_before(pieces, end)
    return f"{'… ' if start else ''}{''.join(pieces[start:end])}{' …' if end < len(pieces) else ''}"


def _word_after(pieces: Sequence[str], at: int) -> int:
    """A little further on, where a word begins; there itself where none does."""
    near = range(at, min(at + _NEAR, len(pieces))) if at else ()
    return next((n + 1 for n in near if pieces[n] == " "), at)


def _word_before(pieces: Sequence[str], at: int) -> int:
    near = range(at - 1, max(at - _NEAR, 0), -1) if at < len(pieces) else ()
    return next((n for n in near if pieces[n] == " "), at)


def _hits(pieces: Sequence[str], wanted: Iterable[str]) -> list[bool]:
    """Which pieces some word stands in."""
    owners: list[int] = []
    folded = []
    for number, piece in enumerate(pieces):
        form = _letter(piece)
        folded.append(form)
        owners += [number] * len(form)
    whole, found = "".join(folded), [False] * len(pieces)
    for word in wanted:
        for start in _places(whole, word):
            for owner in owners[start : start + len(word)]:
                found[owner] = True
    return found


def _places(whole: str, word: str) -> Iterator[int]:
    at = whole.find(word)
    while at >= 0:
        before, after = whole[at - 1 : at] if at else "", whole[at + len(word) : at + len(word) + 1]
        if _is_khmer(word[0]) or not (_goes_on(before) or _goes_on(after)):
            yield at
        at = whole.find(word, at + 1)


def _goes_on(character: str) -> bool:
    return character.isalnum() and not _is_khmer(character)


def _is_khmer(character: str) -> bool:
    return "\u1780" <= character <= "\u17ff"


def _runs(pieces: Iterable[tuple[bool, str]]) -> Iterator[tuple[bool, list[tuple[bool, str]]]]:
    run: list[tuple[bool, str]] = []
    for one in pieces:
        if run and run[-1][0] != one[0]:
            yield run[0][0], run
            run = []
        run.append(one)
    if run:
        yield run[0][0], run
