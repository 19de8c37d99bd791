"""A paragraph cut into what is said in one breath: sentences, and where one is too long, its clauses or words."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipeline.core.model import Language, Seconds
from pipeline.reading.announcer import Announcer
from pipeline.reading.clean import WORD_MARK
from pipeline.reading.km import words_of

AFTER_SENTENCE = Seconds(0.35)
AFTER_PARAGRAPH = Seconds(0.6)
AFTER_HEADING = Seconds(0.8)
AFTER_CLAUSE = Seconds(0.15)
AFTER_RUN = Seconds(0.05)
"""Where a name in the other language was cut out of a sentence."""
COMFORT = 400
"""Characters of writing that are said in one piece; longer sentences are cut."""
MOST_BYTES = 3000
"""UTF-8 bytes, after XML escaping, that an engine is given at once (the online voice takes 4,096 with its mark-up)."""

_ENDS = re.compile(r"។ល។|[.?!…;។៕៚]+[\"”’»)\]]*(?=[ \n]|$)|[។៕៚]+|(?<=[^\W\d_A-ZĐ]{3})\.(?=[A-ZĐ])")
_BREAK = re.compile(r"\s*\n\s*(?=[-+•*·] ?|\d{1,2}[.)] |[a-zđA-ZĐ\u1780-\u17a2][.)] )|(?<=[.?!:;។៕៚])\s*\n\s*")
_CLAUSE = re.compile(r"[,;:](?=\s)|\s-(?=\s)|[)\]](?=\s)")
_LIST_MARK = 5
"""Characters of the number or letter that begins an item."""
_JOINERS = "\u17d2\u200d"


@dataclass(frozen=True, slots=True)
class Breath:
    """Some writing to be said at once, and the silence after it."""

    written: str
    pause: Seconds


def sentences(text: str, language: Language, announcer: Announcer) -> tuple[Breath, ...]:
    """The sentences of a paragraph as written, long ones cut at clauses, spaces, words.

    Only blanks between them are left out.
    """
    found = [s for line in _BREAK.split(text) for s in _sentences(line, language, announcer)]
    return tuple(breath for s in found for breath in _breaths(s, language))


def _sentences(line: str, language: Language, announcer: Announcer) -> Iterator[str]:
    start = 0
    for end in _ENDS.finditer(line):
        ends = _ends if language is Language.VI else _ends_khmer
        if end[0] == "។ល។" or not ends(line, end, start, announcer):
            continue
        yield line[start : end.end()].strip()
        start = end.end()
    yield line[start:].strip()


def _ends(line: str, end: re.Match[str], start: int, announcer: Announcer) -> bool:
    """Whether a stop ends a Vietnamese sentence.

    It does not after an abbreviation, an initial or a list number, nor before a small letter.
    """
    after = line[end.end() : end.end() + 8].lstrip()
    if after[:1].islower() and end[0][0] in ".…":
        return False
    if end[0] != ".":
        return True
    word = re.search(r"\S{1,24}$", line[max(start, end.start() - 24) : end.start()])
    before = word[0].lstrip('("“‘«') if word else ""
    return not (_is_short(before, announcer) or line[start : end.start()].strip() in {before, ""})


def _ends_khmer(line: str, end: re.Match[str], start: int, announcer: Announcer) -> bool:
    """Whether a stop ends a Khmer sentence; a dot does not after a list mark or an abbreviation of either language."""
    word = re.search(r"\S{1,24}$", line[max(start, end.start() - 24) : end.start()]) if end[0] == "." else None
    if word is None:
        return True
    marks_item = line[start : end.start()].strip() == word[0] and len(word[0]) <= _LIST_MARK
    tables = announcer.khmer.lexicon.keys | announcer.khmer.units.keys
    known = f"{word[0].lstrip('0123456789០១២៣៤៥៦៧៨៩.,-')}." in tables
    return not (marks_item or known or _is_short(word[0].lstrip('("“‘«'), announcer))


def _is_short(word: str, announcer: Announcer) -> bool:
    """An initial, or an abbreviation that is written with its dot; `v.v.` may well end a sentence."""
    initial = len(word) == 1 and word.isalpha()
    return initial or (f"{word}." in announcer.vietnamese.lexicon.keys and word.casefold() != "v.v")


def _breaths(sentence: str, language: Language) -> Iterator[Breath]:
    pieces = list(cut(sentence, language, lambda piece: len(piece) <= COMFORT, COMFORT))
    for number, piece in enumerate(pieces, start=1):
        if piece.strip():
            yield Breath(piece.strip(), AFTER_SENTENCE if number == len(pieces) else AFTER_CLAUSE)


def within_bytes(text: str, language: Language) -> Iterator[str]:
    """Spoken text in pieces that an engine takes, cut as sentences are; they join to the text but for blanks."""
    # A character has at most six bytes: `&quot;`.
    return (p.strip() for p in cut(text, language, lambda piece: escaped_bytes(piece) <= MOST_BYTES, MOST_BYTES // 6))


def escaped_bytes(text: str) -> int:
    """UTF-8 bytes after XML escaping; `&quot;` and its like are the longest an escape gets."""
    longer = text.count("&") * 4 + text.count("<") * 3 + text.count(">") * 3 + text.count('"') * 5 + text.count("'") * 5
    return len(text.encode("utf-8", "surrogatepass")) + longer


def cut(text: str, language: Language, fits: Callable[[str], bool], most: int) -> Iterator[str]:
    """Pieces of at most `most` characters, where the whole does not fit; they join to the text."""
    while len(text) > most and not fits(text):
        at = _place(text[:most], text[most], language)
        yield text[:at]
        text = text[at:]
    yield text


def _place(window: str, following: str, language: Language) -> int:
    """Where to cut: the last clause, else space, else Khmer word of the second half, else between two letters."""
    half = len(window) // 2
    clauses = [m.end() for m in _CLAUSE.finditer(window + " ") if m.end() > half]
    if clauses:
        return clauses[-1]
    if (space := window.rfind(" ")) > half:
        return space
    if language is Language.KM and (word := _last_word(window, half)):
        return word
    return next((i for i in range(len(window), 0, -1) if _is_edge(window + following, i)), len(window))


def _last_word(window: str, half: int) -> int | None:
    """Where the last word of the second half begins; it may itself be cut short by the window."""
    if (mark := window.rfind(WORD_MARK)) > half:
        return mark
    last = words_of(window[half:])[-1]
    at = len(window) - len(last)
    return at if at > half and _is_edge(window, at) else None


def _is_edge(text: str, at: int) -> bool:
    """Whether a cut leaves every grapheme cluster whole: no mark after it, no coeng or joiner beside it."""
    after = text[at : at + 1]
    return not after or (
        unicodedata.category(after)[0] != "M" and text[at - 1] not in _JOINERS and after not in _JOINERS
    )
