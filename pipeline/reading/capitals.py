"""Runs of capitals: abbreviations, codes of goods, boats and cars, initials, names of storms, words of headlines."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipeline.reading import figures
from pipeline.reading.figures import ROMAN
from pipeline.reading.grammar import Rule, left_of
from pipeline.reading.lexicon import LATIN, Lexicon

_CAPITAL = "A-ZĐĂÂÊÔƠƯ"
_PART = rf"(?:[{_CAPITAL}]{{2,12}}[a-zđ]?\d{{0,4}}[A-ZĐ]?|[{_CAPITAL}]\d{{1,4}}[A-ZĐ]?\d{{0,2}})"
_START, _END = rf"(?<![{LATIN}\d])", rf"(?![{LATIN}\d])"
_ANY = rf"{_START}{_PART}(?:[-/&.]{_PART}){{0,6}}(?:[.-]\d{{1,4}}(?![\d./-]))?{_END}"
_JOINTS = re.compile(r"[-/.&]")
_BOAT = rf"{_START}(?P<a>[A-ZĐ]{{2}})-(?P<n>\d{{5}})(?:-(?P<b>[A-ZĐ]{{1,3}}))?{_END}"
_CAR = rf"{_START}(?P<a>\d\d-?[A-Z][A-Z\d]?)[ -](?P<n>\d{{3}}\.?\d\d)(?!\d)"
_CODES = rf"{_START}(?P<a>[A-ZĐ]{{1,3}}\d{{1,3}}) ?- ?(?P<b>[A-ZĐ]{{1,3}}\d{{1,3}}){_END}"
_ELEMENT = "(?:Ca|Na|Mg|Cl|Fe|Al|Zn|Cu|Mn|Si|[HCNOPSK])"
_FORMULA = rf"{_START}(?=[A-Z][A-Za-z\d]*[a-z\d])(?:{_ELEMENT}\d?){{2,6}}{_END}"
"""Of what is put into ponds and fields: `CaCO3`, `H2O2`."""
_ONLY_NUMERAL = re.compile("III?|IV|VIII?|VII|IX|XII*I?|XIV|XV|XVI*|XIX|XX+I*")
"""Capitals that are no syllable, so that even a headline means the number."""
_STORM = re.compile(r"(?:bão|áp thấp nhiệt đới|tên quốc tế)(?: số \d{1,2}| là)? ?[(“\"]?$", re.IGNORECASE)
"""Before the name of a storm, which announcers say as a word also where no table has it."""
_PRONOUNCED = re.compile(r"(?=[A-Z]*[AEIOUY])[A-Z]{3,}")
_SYLLABLE = re.compile(r"(?:NGH?|GH|GI|QU|[CKPT]H|TR|NH|[BCDĐGHKLMNPQRSTVX])?[AEIOUYĂÂÊÔƠƯ]{1,3}(?:CH|NG|NH|[CMNPT])?")
_LONG_CODE = 4
"""Figures of a code that are said one by one."""


@dataclass(frozen=True, slots=True)
class Capitals:
    """How capitals are said: what a table knows as it says, the rest letter by letter."""

    lexicon: Lexicon
    letters: Lexicon
    cardinal: Callable[[int], str]
    whole: Callable[[str], str]
    """Figures as a number, or one by one."""
    digits: Callable[[str], str]
    to: str
    """Between the ends of a range."""

    def codes(self) -> list[Rule]:
        """What figures must not be read out of: they go before numbers."""
        return [
            Rule("plate", _BOAT, self._plate),
            Rule("plate", _CAR, self._plate),
            Rule("initials", rf"(?<![{LATIN}\d.])(?:[A-ZĐ]\.){{2,5}}", lambda m: self.spell(m[0])),
            Rule("range", _CODES, self._range),
            Rule("formula", _FORMULA, lambda m: self.spell(m[0])),
        ]

    def letters_alone(self) -> list[Rule]:
        """Abbreviations, and letters that stand for themselves: they go after all else."""
        return [
            Rule("letters", _ANY, self._abbreviation),
            Rule("letter", rf"(?<=iểm |iết |hóm |gan )[b-zđ]{_END}", lambda m: self.letters.say(m[0].upper())),
            Rule("letter", rf"(?<![{LATIN}\d'’])[A-ZĐ]{_END}", lambda m: self.letters.say(m[0])),
            Rule("letter", rf"(?<=\d)[A-ZĐ](?![{LATIN}])", lambda m: self.letters.say(m[0])),
        ]

    def spell(self, part: str) -> str:
        """Letter by letter, digits as numbers; four and more that are no year one by one (`OM5451`)."""
        words = re.findall(r"\d+|[^\W\d_]", part)
        return " ".join(self._figures(w) if w.isdecimal() else self.letters.say(w.upper()) or w for w in words)

    def unknown(self, written: str) -> Iterator[str]:
        """The abbreviations of a run that no table knows, so that they are spelled."""
        for part in _JOINTS.split(written):
            if not part.isdecimal() and not self._known(part, joined="&" in written) and not self._numeral(part):
                yield part

    def _figures(self, digits: str) -> str:
        is_year = re.fullmatch("(?:19|20)[0-9]{2}", digits)
        return self.whole(digits) if len(digits) < _LONG_CODE or is_year else self.digits(digits)

    def _plate(self, m: re.Match[str]) -> str:
        """The number of a boat (`CM-91234-TS`) or a car: letters and figures one by one."""
        parts = re.findall(r"\d+|[^\W\d_]+", " ".join(filter(None, m.groups())))
        return " ".join(self.digits(part) if part.isdecimal() else self.spell(part) for part in parts)

    def _range(self, m: re.Match[str]) -> str | None:
        """`PL12-PL15`: a range where the letters are the same and the number rises."""
        (first, a), (second, b) = (re.findall(r"[^\W\d_]+|\d+", m[k]) for k in "ab")
        rises = first == second and int(a) < int(b)
        return f"{self.spell(m['a'])} {self.to} {self.spell(m['b'])}" if rises else None

    def _abbreviation(self, m: re.Match[str]) -> str | None:
        """Known parts said, unknown ones spelled; a capital word of a headline stays a word."""
        joined = "&" in m[0]
        if not joined and _is_headline(m) and not _ONLY_NUMERAL.fullmatch(m[0]):
            return None
        if _PRONOUNCED.fullmatch(m[0]) and _STORM.search(left_of(m)):
            return m[0].capitalize()
        return (" và " if joined else " ").join(self._part(part, joined=joined) for part in _JOINTS.split(m[0]))

    def _part(self, part: str, *, joined: bool) -> str:
        if part.isdecimal():
            return self.digits(part) if int(part[0]) == 0 else self.whole(part)
        return self._known(part, joined=joined) or self._numeral(part) or self.spell(part)

    def _known(self, part: str, *, joined: bool) -> str | None:
        """What a table says of a part. Two letters beside `&` mean nothing alone: ĐT is no telephone in GD&ĐT."""
        return None if joined and len(part) < 3 else self.lexicon.say(part)

    def _numeral(self, part: str) -> str | None:
        """Capitals that can only be a Roman numeral, as in `Vatican II`."""
        return self.cardinal(figures.roman(part)) if re.fullmatch(rf"(?=[IVX]{{2}}){ROMAN}", part) else None


def _is_headline(m: re.Match[str]) -> bool:
    """Whether a run of capitals is a word written large: a syllable by its form, with an accent or such a neighbour."""
    if not _SYLLABLE.fullmatch(m[0]):
        return False
    if re.search("[ĂÂÊÔƠƯ]", m[0]):
        return True
    near = re.search(r"(\w+)\W{1,3}$", left_of(m)), re.match(r"\W{1,3}(\w+)", m.string[m.end() : m.end() + 24])
    return any(n and n[1].isupper() and len(n[1]) > 1 and _is_word(n[1]) for n in near)


def _is_word(capitals: str) -> bool:
    return not re.fullmatch(r"[A-ZĐ]+", capitals) or _SYLLABLE.fullmatch(capitals) is not None
