"""The loss guard: what was written must be heard. It looks only at the two texts, not at how one became the other."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

from pipeline.core.errors import TextLost
from pipeline.reading.clean import WORD_MARK, clean
from pipeline.reading.km import MONTHS
from pipeline.reading.lexicon import KHMER, LATIN, shipped
from pipeline.reading.register import Register
from pipeline.reading.vi import ROADS, vietnamese

_LATIN_WORD = re.compile(rf"(?<![{LATIN}\d&/@.])[{LATIN}]+(?![{LATIN}\d&/@]|[.-][{LATIN}\d])")
_CAPITALS = re.compile(rf"(?<![{LATIN}\d])[A-ZĐĂÂÊÔƠƯ]{{2,}}[a-zđ]?(?![{LATIN}\d])")
_DIGITS = re.compile(rf"(?<![{LATIN}\d])\d+(?:[.,:]\d+|[hg]\d+)*")
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
_LONG = 100
"""A word of more letters may have been cut between two sentences."""
_SHOWN = 120
"""Characters of the writing that an error quotes."""


def check(written: str, said: str) -> None:
    """Raise TextLost unless every plain word, figure, abbreviation and run of another script written is said."""
    lost = list(losses(clean(written), said))
    if lost:
        quoted = written if len(written) <= _SHOWN else written[:_SHOWN] + "…"
        raise TextLost(lost=", ".join(dict.fromkeys(lost)), written=clean(quoted))


def losses(written: str, said: str) -> Iterator[str]:
    """What a clean text says that its spoken form does not, in no order."""
    stream = "".join(_latin_words(said))
    missing = (Counter(_plain_words(written)) - Counter(_latin_words(said))).keys()
    yield from (word for word in missing if len(word) <= _LONG or word not in stream)
    yield from _figures(written, said)
    yield from (short for short in set(_CAPITALS.findall(written)) if not _is_said(short, written, said))
    yield from _khmer(written, said)
    yield from (run for run in set(_other_runs(written)) if run not in said)


def _latin_words(text: str) -> list[str]:
    return [w.casefold() for w in re.findall(f"[{LATIN}]+", unicodedata.normalize("NFC", text))]


def _plain_words(text: str) -> Iterator[str]:
    """Words that are said as they are written: two letters or more, or a Vietnamese vowel, in no table."""
    short = shipped("vi").keys | shipped("vi_units").keys | shipped("km").keys | shipped("km_units").keys
    for match in _LATIN_WORD.finditer(text):
        word = match[0]
        one = len(word) == 1 and (word.isupper() or word.isascii() or word == "đ")
        mixed = not word.isupper() and not word[1:].islower()
        if (
            not one
            and not (mixed and len(word) > 1)
            and not _CAPITALS.fullmatch(word)
            and not {word, word.casefold(), f"{word}."} & short
        ):
            yield word.casefold()


def _figures(written: str, said: str) -> Iterator[str]:
    """Every figure must have brought a number word; where there are too few, all figures are suspect."""
    found = _DIGITS.findall(written)
    if any(c.isdecimal() for c in said) or _number_words(said) - _number_words(written) < len(found):
        yield from found


def _number_words(text: str) -> int:
    khmer = len(_KM_NUMBERS.findall(text.replace(WORD_MARK, "")))
    return khmer + sum(word in _VI_NUMBERS for word in _latin_words(text))


def _is_said(short: str, written: str, said: str) -> bool:
    """Whether capitals are said: as a word, letter by letter, as a Roman numeral, or as a table has it."""
    heard = f" {' '.join(_latin_words(said))} "
    if len(short) > _LONG:
        return short.casefold() in heard.replace(" ", "")
    if re.fullmatch("[IVXLC]+", short):
        return True
    ways = [short, vietnamese(Register.NAM).spell(short), *_readings(short, written)]
    return any(f" {' '.join(_latin_words(w))} " in heard if _latin_words(w) else w in said for w in ways)


def _readings(short: str, written: str) -> Iterator[str]:
    tables = shipped("vi"), shipped("vi_units"), shipped("km"), shipped("km_units")
    for row in (row for table in tables for row in table.rows):
        part = row.key in {short, short[1:]} or (row.key in written and short in re.split(r"[^\w]", row.key))
        if part or row.key.casefold() == short.casefold():
            yield row.spoken
    yield from [ROADS[short]] if short in ROADS else []


def _khmer(written: str, said: str) -> Iterator[str]:
    """Khmer is written without spaces, so whole runs are looked for, but for the keys of the tables."""
    heard = re.sub(f"[^{KHMER}]", "", said)
    plain = written.replace(WORD_MARK, "")
    for key in sorted(shipped("km").keys | shipped("km_units").keys, key=len, reverse=True):
        plain = plain.replace(key, " ")
    for run, times in Counter(_KHMER_RUN.findall(plain)).items():
        if heard.count(run) < times:
            yield run


def _other_runs(text: str) -> Iterator[str]:
    """Runs of letters that are neither Latin nor Khmer."""
    for run in re.findall(rf"[^\W\d_{LATIN}\u1780-\u17ff]+", text):
        letters = "".join(c for c in run if unicodedata.category(c)[0] == "L")
        yield from [letters] if letters else []
