"""The loss guard: what was written must be heard. It looks only at the two texts, not at how one became the other."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator

from pipeline.core.errors import LostInReading
from pipeline.reading.addresses import ADDRESS
from pipeline.reading.announcer import Announcer
from pipeline.reading.clean import WORD_MARK, clean
from pipeline.reading.km import MONTHS
from pipeline.reading.lexicon import KHMER, LATIN
from pipeline.reading.vi import ROADS

_LATIN_WORD = re.compile(rf"(?<![{LATIN}\d&/@.])[{LATIN}]+(?![{LATIN}\d&/@]|[.-][{LATIN}\d])")
_CAPITALS = re.compile(rf"(?<![{LATIN}\d])[A-ZĐĂÂÊÔƠƯ]{{2,}}[a-zđ]?(?![{LATIN}\d])")
_DIGITS = re.compile(rf"(?<![{LATIN}\d])(?:\d{{1,3}}(?: \d{{3}})+(?!\d)|\d+)(?:[.,:]\d+|[hg]\d+)*")
_KHMER_RUN = re.compile(rf"(?<![.{KHMER}])[{KHMER}]+(?![.{KHMER}])")
_VI_NUMBERS = frozenset(
    [
        "không",
        "một",
        "mốt",
        "hai",
        "ba",
        "bốn",
        "tư",
        "năm",
        "lăm",
        "sáu",
        "bảy",
        "tám",
        "chín",
        "mười",
        "mươi",
        "trăm",
        "ngàn",
        "nghìn",
        "triệu",
        "tỷ",
        "nhất",
    ]
)
_KM_NUMBERS = re.compile("|".join(MONTHS) + "|សូន្យ|មួយ|ពីរ|បី|បួន|ប្រាំ|ដប់|ម្ភៃ|សិប|រយ|ពាន់|ម៉ឺន|សែន|លាន")
_SIGNS = "ªºµμΩ"
"""Letters by their category, said as signs."""
_SAID_AS = {
    "²": ("bình phương", "vuông", "hai", "ការ៉េ"),
    "³": ("khối", "lập phương", "ba", "គូប"),
    "½": ("phần hai", "rưỡi", "nửa", "កន្លះ"),
}
"""Numbers that are no figures, and words of which one says each."""
_LONG = 100
"""A word of more letters may have been cut between two sentences."""
_SHOWN = 300
"""Characters of the writing that an error quotes."""


def check(written: str, said: str, announcer: Announcer, left_out: Iterable[str] = ()) -> None:
    """Raise LostInReading unless every plain word, figure, abbreviation and run of another script written is said.

    `left_out` is what the programme chose not to say; each stands in the notes.
    """
    text = clean(written)
    for out in left_out:
        text = text.replace(out, " ", 1)
    lost = list(losses(text, said, announcer))
    if lost:
        raise LostInReading(lost=", ".join(dict.fromkeys(lost)), written=_quoted(clean(written)), said=_quoted(said))


def _quoted(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def losses(written: str, said: str, announcer: Announcer) -> Iterator[str]:
    """What a clean text says that its spoken form does not, in no order."""
    heard = _Heard(said)
    yield from (c for c in set(written) if unicodedata.category(c) in {"No", "Nl"} and not _is_said_as(c, said))
    yield from (word for word in _address_words(written) if not _is_spelled(word, heard, announcer))
    rest, lost = _without_keys(re.sub(ADDRESS, " ", written), heard, announcer)
    yield from lost
    missing = (Counter(_plain_words(rest, announcer)) - Counter(heard.words)).keys()
    yield from (word for word in missing if len(word) <= _LONG or word not in heard.stream)
    yield from _figures(written, said)
    capitals = set(_CAPITALS.findall(rest))
    yield from (short for short in capitals if not _is_said(short, written, heard, announcer))
    yield from _khmer(rest, said, announcer)
    yield from (run for run in set(_other_runs(written)) if run not in said)


class _Heard:
    """A spoken form, ready to be looked through."""

    def __init__(self, said: str) -> None:
        self.words = _latin_words(said)
        self.line = f" {' '.join(self.words)} "
        self.stream = "".join(self.words)
        self.khmer = re.sub(f"[^{KHMER}]", "", said)

    def holds(self, spoken: str) -> bool:
        """Whether this is heard in it, word for word."""
        words = _latin_words(spoken)
        khmer = re.sub(f"[^{KHMER}]", "", spoken)
        return (not words or f" {' '.join(words)} " in self.line) and khmer in self.khmer


def _is_said_as(number: str, said: str) -> bool:
    return any(word in said.casefold() for word in _SAID_AS.get(number, ()))


def _address_words(text: str) -> Iterator[str]:
    """The words of every address of the web or of mail; figures are counted apart."""
    return (word for m in re.finditer(ADDRESS, text) for word in re.findall(r"[^\W\d_]+", m[0]))


def _is_spelled(word: str, heard: _Heard, announcer: Announcer) -> bool:
    return heard.holds(word) or heard.holds(announcer.vietnamese.spell(word))


def _without_keys(written: str, heard: _Heard, announcer: Announcer) -> tuple[str, list[str]]:
    """The text without what the tables know, and the keys of which nothing is heard that any table has for them."""
    found: set[str] = set()
    for tongue in (
        announcer.khmer,
        announcer.vietnamese,
    ):  # a key of ours may hold a name that Khmer has a word for
        kept, at = [], 0
        for match in re.finditer(tongue.lexicon.start, written):
            piece = tongue.lexicon.at(written, match.start()) if match.start() >= at else None
            if piece:
                kept.append(written[at : match.start()])
                at = match.start() + len(piece.source)
                found.add(piece.source)
        written = " ".join([*kept, written[at:]])
    return written, [key for key in sorted(found) if not any(map(heard.holds, _ways(key, announcer)))]


def _ways(key: str, announcer: Announcer) -> Iterator[str]:
    """How a key may be said: as written, spelled, by any row of a table, as a road or as part of a document number."""
    yield from (key, announcer.vietnamese.spell(key))
    yield from filter(None, [ROADS.get(key), announcer.vietnamese.documents.part(key)])
    for tongue in (announcer.vietnamese, announcer.khmer):
        yield from (row.spoken for table in (tongue.lexicon, tongue.units) for row in table.all(key))


def _latin_words(text: str) -> list[str]:
    return [w.casefold() for w in re.findall(f"[{LATIN}]+", unicodedata.normalize("NFC", text))]


def _plain_words(text: str, announcer: Announcer) -> Iterator[str]:
    """Words that are said as they are written: two letters or more, or a Vietnamese vowel, and no unit."""
    tables = announcer.vietnamese, announcer.khmer
    for match in _LATIN_WORD.finditer(text):
        word = match[0]
        one = len(word) == 1 and (word.isupper() or word.isascii() or word == "đ")
        mixed = len(word) > 1 and not word.isupper() and not word[1:].islower()
        known = any({word, word.casefold(), f"{word}."} & (t.units.keys | t.lexicon.keys) for t in tables)
        if not (one or mixed or known or _CAPITALS.fullmatch(word)):
            yield word.casefold()


def _figures(written: str, said: str) -> Iterator[str]:
    """Every figure must have brought a number word; where there are too few, all figures are suspect."""
    found = _DIGITS.findall(written)
    written = _CAPITALS.sub(" ", written)  # TƯ is no four
    if any(c.isdecimal() for c in said) or _number_words(said) - _number_words(written) < len(found):
        yield from found


def _number_words(text: str) -> int:
    khmer = len(_KM_NUMBERS.findall(text.replace(WORD_MARK, "")))
    return khmer + sum(word in _VI_NUMBERS for word in _latin_words(text))


def _is_said(short: str, written: str, heard: _Heard, announcer: Announcer) -> bool:
    """Whether capitals are said: as a word, letter by letter, as a Roman numeral, or as a table has it."""
    if len(short) > _LONG:
        return short.casefold() in heard.stream
    if re.fullmatch("[IVXLC]+", short):
        return True
    ways = [short, announcer.vietnamese.spell(short), *_readings(short, written, announcer)]
    return any(map(heard.holds, ways))


def _readings(short: str, written: str, announcer: Announcer) -> Iterator[str]:
    for tongue in (announcer.vietnamese, announcer.khmer):
        for row in (*tongue.lexicon.rows, *tongue.units.rows):
            part = row.key in {short, short[1:]} or (row.key in written and short in re.split(r"[^\w]", row.key))
            if part or row.key.casefold() == short.casefold():
                yield row.spoken
    yield from _ways(short, announcer)


def _khmer(written: str, said: str, announcer: Announcer) -> Iterator[str]:
    """Khmer is written without spaces, so whole runs are looked for, but for the units of the tables."""
    heard = re.sub(f"[^{KHMER}]", "", said)
    plain = written.replace(WORD_MARK, "")
    plain = re.sub(rf"(?<=[\d/]) ?{announcer.khmer.units.after_number}", " ", plain)
    for run, times in Counter(_KHMER_RUN.findall(plain)).items():
        if heard.count(run) < times:
            yield run


def _other_runs(text: str) -> Iterator[str]:
    """Runs of letters that are neither Latin nor Khmer."""
    for run in re.findall(rf"[^\W\d_{LATIN}\u1780-\u17ff]+", text):
        letters = "".join(c for c in run if unicodedata.category(c)[0] == "L" and c not in _SIGNS)
        yield from [letters] if letters else []
