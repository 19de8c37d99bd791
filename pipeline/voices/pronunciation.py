"""How Khmer words sound: khmercut finds the words, khmerphonemizer's lexicon knows them or its model guesses them."""

import ctypes
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from types import ModuleType
from typing import TypeVar

from pipeline.core.errors import TextLost

AGAIN = "ៗ"
"""The sign that says the word before it once more."""
SPELLING = frozenset(
    "កខគឃងចឆជឈញដឋឌឍណតថទធនបផពភមយរលវសហឡអឥឦឧឩឪឫឬឭឮឯឱឲឳ"
    "\u17b6\u17b7\u17b8\u17b9\u17ba\u17bb\u17bc\u17bd\u17be\u17bf\u17c0\u17c1\u17c2\u17c3\u17c4\u17c5"
    "\u17c6\u17c7\u17c8\u17c9\u17ca\u17cb\u17cc\u17cd\u17cf\u17d0\u17d2"
)
"""The characters that the pronunciation model was taught. It says nothing, and nothing of it, for any other."""

_WORD_BREAK = "\u200b"
_LONGEST_WORD = 48
"""Characters; the model's work grows with the square of a word's length."""
_MOST_PARTS = 3
_LEAST_PART = 2
"""Characters: the letters alone are in the lexicon too, by their names."""
_SUBSCRIPT_TA, _SUBSCRIPT_DA = "\u17d2ត", "\u17d2ដ"
_DA_UNDER = re.compile(f"(?<=[កផម]){_SUBSCRIPT_TA}(?!\u17d2)")
_CLUSTER = re.compile(r"[\u1780-\u17b3](?:\u17d2[\u1780-\u17b3]|[\u17b4-\u17d1])*|.", re.DOTALL)
_ONE_SPELLING = (
    # Vowels typed in parts, and in the other order, as much Khmer text has them.
    ("េី", "ើ"), ("េា", "ោ"), ("\u17c6\u17b6", "\u17b6\u17c6"), ("\u17c6\u17bb", "\u17bb\u17c6"),
    # Letters that Unicode advises against, in the spelling it advises.
    ("\u17a3", "អ"), ("\u17a4", "អា"), ("\u17a8", "ឧក"),
    ("ឰ", "អៃ"),  # the same sound; the model was not taught the letter
    # Signs without a sound of their own: inherent vowels, kakabat, viriam, atthacan, joiners.
    ("\u17b4", ""), ("\u17b5", ""), ("\u17ce", ""), ("\u17d1", ""), ("\u17dd", ""), ("\u200c", ""), ("\u200d", ""),
)  # fmt: skip
_Answer = TypeVar("_Answer")
_own_thread = ThreadPoolExecutor(1, thread_name_prefix="khmer")
"""Neither tool promises to bear two callers, and the model may be touched only by the thread that loaded it."""


def pronounce(run: str) -> list[Sequence[str]]:
    """The sounds (IPA, a symbol a token) of each word in a run of Khmer letters without spaces.

    A zero-width space (U+200B) is a word boundary set by hand, and is kept; all others are found. Safe for threads.

    Raises:
        TextLost: a part of it has no pronunciation.
    """
    return in_own_thread(lambda: _pronounce(run))


def in_own_thread(work: Callable[[], _Answer]) -> _Answer:
    """Do what touches the tools on the one thread that may, and give back what comes of it."""
    return _own_thread.submit(work).result()


def _pronounce(run: str) -> list[Sequence[str]]:
    said: list[Sequence[str]] = []
    for word in _words(_one_spelling(run)):
        if word != AGAIN:
            said.append(_sounds(word))
        elif said:
            said.append(said[-1])
        else:
            raise TextLost(lost=AGAIN, written=run)
    return said


def _one_spelling(run: str) -> str:
    for typed, usual in _ONE_SPELLING:
        run = run.replace(typed, usual)
    return run


def _words(run: str) -> Iterator[str]:
    for piece in re.split(f"{_WORD_BREAK}|({AGAIN})", run):
        if piece == AGAIN:
            yield piece
        elif piece:
            for word in _khmercut().tokenize(piece):
                yield from _cut(word)


def _cut(word: str) -> Iterator[str]:
    """Break what no dictionary has into lengths the model can take, never inside a syllable's cluster."""
    part = ""
    for cluster in _CLUSTER.findall(word):
        if part and len(part) + len(cluster) > _LONGEST_WORD:
            yield part
            part = ""
        part += cluster
    if part:
        yield part


@lru_cache(maxsize=16384)
def _sounds(word: str) -> tuple[str, ...]:
    """From the lexicon, whole or as the compound of two or three of its words; else as the model guesses."""
    if unknown := "".join(c for c in word if c not in SPELLING):
        raise TextLost(lost=unknown, written=word)
    sounds = _known(word) or _compound(word, _MOST_PARTS) or _guessed(word)
    if not sounds:
        raise TextLost(lost=word, written=word)
    return tuple(sounds)


def _guessed(word: str) -> Sequence[str] | None:
    """What the model makes of it. Under KA, PHA and MA the subscript is a DA, however it was typed."""
    guess: Sequence[str] | None = _khmerphonemizer().phonemize_single(_DA_UNDER.sub(_SUBSCRIPT_DA, word), False)
    return guess


def _known(word: str) -> Sequence[str] | None:
    """The lexicon's sounds. Subscript TA and DA look the same, and both are typed for either."""
    lexicon: Mapping[str, Sequence[str]] = _khmerphonemizer()._lexicon_dict  # noqa: SLF001
    return lexicon.get(word) or lexicon.get(word.replace(_SUBSCRIPT_DA, _SUBSCRIPT_TA)) or _with_da(word, lexicon)


def _with_da(word: str, lexicon: Mapping[str, Sequence[str]]) -> Sequence[str] | None:
    return lexicon.get(word.replace(_SUBSCRIPT_TA, _SUBSCRIPT_DA))


def _compound(word: str, parts: int) -> Sequence[str] | None:
    """The sounds of the fewest lexicon words, the first as long as can be, that make up a word between its clusters."""
    clusters = _CLUSTER.findall(word)
    for count in range(2, parts + 1):
        if (said := _parted(clusters, count)) is not None:
            return said
    return None


def _parted(clusters: Sequence[str], count: int) -> Sequence[str] | None:
    if count == 1:
        part = "".join(clusters)
        return _known(part) if len(part) >= _LEAST_PART else None
    for end in range(len(clusters) - 1, 0, -1):
        head = _parted(clusters[:end], 1)
        if head and (rest := _parted(clusters[end:], count - 1)):
            return [*head, *rest]
    return None


@cache
def _khmercut() -> ModuleType:
    import khmercut  # noqa: PLC0415 - its model takes 20 MB

    return khmercut  # type: ignore[no-any-return]  # it ships no types


@cache
def _khmerphonemizer() -> ModuleType:
    import khmerphonemizer  # noqa: PLC0415 - reads its lexicon and model on import: 0.2 s

    # Let go of at the end by another thread, the model complains; held for ever, it ends with the process.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(khmerphonemizer._model))  # noqa: SLF001
    return khmerphonemizer  # type: ignore[no-any-return]  # it ships no types
