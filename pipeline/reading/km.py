"""Khmer as it is spoken on the radio: Khmer and Latin digits, dates, money, and the sign that repeats a word."""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pipeline.reading import figures
from pipeline.reading.clean import WORD_MARK
from pipeline.reading.figures import ROMAN, START
from pipeline.reading.grammar import Rule, TokenClass, left_of, right_of
from pipeline.reading.lexicon import KHMER, LATIN, Lexicon, Row, shipped, shipped_rows
from pipeline.reading.tongue import BULLET, Tongue

_ONES = ["សូន្យ", "មួយ", "ពីរ", "បី", "បួន", "ប្រាំ", "ប្រាំមួយ", "ប្រាំពីរ", "ប្រាំបី", "ប្រាំបួន"]
_TENS = ["ដប់", "ម្ភៃ", "សាមសិប", "សែសិប", "ហាសិប", "ហុកសិប", "ចិតសិប", "ប៉ែតសិប", "កៅសិប"]
_POWERS = ((100_000, "សែន"), (10_000, "ម៉ឺន"), (1000, "ពាន់"), (100, "រយ"))
MONTHS = ["មករា", "កុម្ភៈ", "មីនា", "មេសា", "ឧសភា", "មិថុនា", "កក្កដា", "សីហា", "កញ្ញា", "តុលា", "វិច្ឆិកា", "ធ្នូ"]
_SYMBOLS = {"&": "និង", "+": "បូក", "=": "ស្មើ", "@": "អ៊ែត", "%": "ភាគរយ", "‰": "ភាគពាន់", "°": "អង្សា",
            "៛": "រៀល", "$": "ដុល្លារ", "≥": "ចាប់ពី", "≤": "មិនលើស", "~": "ប្រហែល", "×": "គុណ", "±": "បូកដក",
            "½": "កន្លះ", "²": "ការ៉េ", "³": "គូប", "^": "ស្វ័យគុណ"}  # fmt: skip
_REPEATABLE = re.compile(rf"[{KHMER}{WORD_MARK}]+$")
_MONEY = re.compile("(?:ដុង|រៀល|ដុល្លារ|៛)$")
_DOCUMENT = re.compile("(?:លេខ|អនុក្រឹត្យ|ព្រះរាជក្រឹត្យ|ប្រកាស|ច្បាប់|សារាចរ)$")
_AMOUNT = re.compile(rf"\d ?[{KHMER}{LATIN}៛%‰$₫€]{{0,16}}$")
_NAMED_AFTER_DAYS = re.compile("(?:ផ្លូវ|វិថី|ស្ពាន|ទីលាន)$")
_HOUSE = re.compile("(?:លេខ|ផ្ទះ|មាន|បាន)$")
_COUNTED = re.compile("(?:នាក់|គ្រួសារ|ឆ្នាំ|ខែ|ថ្ងៃ|ម៉ោង|ដង)")
_LETTER = "[\u1780-\u17a2](?:\u17d2[\u1780-\u17a2])?"
_AMOUNTS = "នាក់|គ្រួសារ|ដុង|រៀល|ដុល្លារ|តោន|គីឡូ|ហិកតា|ក្បាល"
_NUMBERED = "ជំពូក|ជំហាន|ផ្នែក|វគ្គ|ត្រីមាស|ឆមាស|ដំណាក់កាល|លើក|មាត្រា|ថ្នាក់|ប្រភេទ|កម្រិត|ភាគ|ក្រុម|តំបន់"
"""What a Roman numeral counts without ទី."""
_SERIES = "|".join([*MONTHS, "ចន្ទ", "អង្គារ", "ពុធ", "ព្រហស្បតិ៍", "សុក្រ", "សៅរ៍", "អាទិត្យ"])
"""Names that follow one another, so that a dash between two of them is a range."""
_WORD_WINDOW = 30
"""Characters in which the last word before a repetition sign is looked for."""
OWN_LATIN = frozenset({"lexicon", "unit", "range", "time", "per", "money", "size", "roman", "list", "coordinate"})
"""Rules whose Latin letters are said in Khmer; every other Latin letter is Vietnamese."""


def words_of(text: str) -> list[str]:
    """Khmer words in order, by hand-placed word marks where there are any, else by the segmenter.

    They join to the text. A text that the segmenter does not give back whole is one word.
    """
    if WORD_MARK in text:
        return re.findall(f"{WORD_MARK}?[^{WORD_MARK}]+", text)
    from khmercut import tokenize  # noqa: PLC0415  its model takes a tenth of a second to load

    words: list[str] = tokenize(text)
    return words if "".join(words) == text else [text]


def _left(m: re.Match[str]) -> str:
    return left_of(m).replace(WORD_MARK, "").rstrip()


class Khmer(Tongue):
    """Khmer; words of one figure are parted by U+200B, which a voice takes as the word boundary it is."""

    glue = WORD_MARK
    comma, dot, minus, to, plus = "ក្បៀស", "ចុច", "ដក", "ដល់", "បូក"
    by, over = "គុណ", "លើ"
    phone_heads = "(?:ទូរស័ព្ទ|ទូរសព្ទ|លេខបន្ទាន់)(?: ?(?:ទៅ|មក|តាម))?(?: ?លេខ)?"
    phone_tails = f"(?! ?[{KHMER}])|(?= ?(?:ឬ|និង|ដើម្បី|ភ្លាម))"
    clock_heads = "ម៉ោង|ដល់"
    day_words = r" ?(?:ថ្ងៃ|ព្រឹក|ល្ងាច|[.,;។]|$)"
    day_parts = " ?(?:ព្រឹក|ល្ងាច|យប់|ថ្ងៃត្រង់)"
    powers = "រយ|ពាន់|ម៉ឺន|សែន|លាន|ប៊ីលាន"
    month_heads = "ខែ"
    ratio_heads = "សមាមាត្រ|មាត្រដ្ឋាន|អត្រា"
    minute, second = "នាទី", "វិនាទី"
    degree = "អង្សា"
    sides: ClassVar[Mapping[str, str]] = {
        "N": "ខាងជើង",
        "B": "ខាងជើង",
        "S": "ខាងត្បូង",
        "E": "ខាងកើត",
        "Đ": "ខាងកើត",
        "W": "ខាងលិច",
        "T": "ខាងលិច",
    }
    per_one = "ក្នុង"

    def __init__(self, own: Sequence[Row] = ()) -> None:
        super().__init__(Lexicon((*own, *shipped_rows("km"))), shipped("km_units"))

    def cardinal(self, number: int) -> str:
        """A whole number in words: រយ, ពាន់, ម៉ឺន, សែន, លាន; more than a million counts millions."""
        words = []
        if number >= 10**6:
            words += [self.cardinal(number // 10**6), "លាន"]
            number %= 10**6
        for size, name in _POWERS:
            if number >= size:
                words += [_ONES[number // size], name]
                number %= size
        words += [_TENS[number // 10 - 1]] if number >= 10 else []
        words += [_ONES[number % 10]] if number % 10 or not words else []
        return self.words(*words)

    def hour(self, hour: int, left: str) -> str:
        """`ម៉ោង…`; the word only where it is not there."""
        there = left.replace(WORD_MARK, "").rstrip().endswith("ម៉ោង")
        return self.words("" if there else "ម៉ោង", self.cardinal(hour))

    def date(self, day: int, month: int, year: int | None, left: str) -> str:
        """`ថ្ងៃទី… ខែ… ឆ្នាំ…`, with as much of the head as is not there."""
        return " ".join(
            [self.words(self.day_head(left), self.cardinal(day)), f"ខែ{MONTHS[month - 1]}", *self._year(year)]
        )

    def day_head(self, left: str) -> str:
        """`ថ្ងៃទី`, or as much of it as is not there."""
        left = left.replace(WORD_MARK, "").rstrip()
        return "" if left.endswith("ទី") else "ទី" if left.endswith("ថ្ងៃ") else "ថ្ងៃទី"

    def month(self, month: int) -> str:
        """The name of a month."""
        return MONTHS[month - 1]

    def month_of(self, month: int, year: int, left: str) -> str | None:
        """`ខែ… ឆ្នាំ…`; None for the number of a document."""
        if _DOCUMENT.search(left.replace(WORD_MARK, "").rstrip()):
            return None
        head = "" if left.replace(WORD_MARK, "").rstrip().endswith("ខែ") else "ខែ"
        return " ".join([f"{head}{MONTHS[month - 1]}", *self._year(year)])

    def _year(self, year: int | None) -> list[str]:
        return [self.words("ឆ្នាំ", self.cardinal(year))] if year else []

    def slashed(self, above: str, below: str, match: re.Match[str]) -> str:
        """A date after ថ្ងៃ, a fraction below one, else `លើ`."""
        a, b, left = int(above), int(below), _left(match)
        if len(above) == len(below) == 4 and 1800 < a < b < 2700:
            return self.words(self.cardinal(a), self.to, self.cardinal(b))
        if len(below) == 4 and 1800 < b < 2700 and _DOCUMENT.search(left):
            return self.words(self.whole(above), *self._year(b))
        if figures.is_date(a, b) and re.search("(?:ថ្ងៃ|ថ្ងៃទី|ថ្ងៃជាតិ|ទិវា|បុណ្យ|ខួប|ពិធី|ព្រឹក|ល្ងាច|យប់)$", left):
            return self.date(a, b, None, left)
        if figures.is_date(a, b) and _NAMED_AFTER_DAYS.search(left):
            return self.words(self.cardinal(a), self.month(b))
        if figures.is_date(a, b) and self._is_day(a, b, left, right_of(match)):
            return self.date(a, b, None, left)
        return self.words(self.whole(above), "ភាគ" if 0 < a < b else "លើ", self.whole(below))

    def _is_day(self, day: int, month: int, left: str, right: str) -> bool:
        """Whether what can be a date is one: no fraction, or the other end of a span of days stands beside it."""
        from_day = re.search(r"(\d{1,2})/(\d{1,2}) ?ដល់$", left)
        to_day = re.match(rf"[ {WORD_MARK}]*ដល់[ {WORD_MARK}]*(\d{{1,2}})/(\d{{1,2}})(?:/(\d{{4}}))?", right)
        since = from_day is not None and int(from_day[1]) > int(from_day[2])
        until = to_day is not None and (to_day[3] is not None or int(to_day[1]) > int(to_day[2]))
        return since or until or (day > month and not _HOUSE.search(left))

    def per(self, unit: str, left: str) -> str | None:
        """`ក្នុងមួយ…` of a unit, and of anything after money; a slash between two other words is a pause."""
        left = left.replace(WORD_MARK, "")
        counted = _MONEY.search(left) or _COUNTED.fullmatch(unit) or _AMOUNT.search(left)
        said = self.units.say(unit) or (unit if counted else None)
        return said and self.words("ក្នុង", "មួយ", said)

    def own_rules(self) -> tuple[list[TokenClass], list[TokenClass]]:
        """List marks and abbreviations before figures; the repetition sign, ordinals and signs after."""
        before: list[TokenClass] = [
            Rule("end", r"\./\.?(?= ?$)", lambda _: "។"),
            Rule("bullet", BULLET, lambda _: ""),
            Rule(
                "list",
                rf"^(?:(?P<n>\d{{1,2}}(?:\.\d{{1,2}}){{0,3}})|(?P<r>{ROMAN})|(?P<l>[\u1780-\u17a2]))[.)](?= )",
                self._item,
            ),
            Rule("time", r"(?<=ម៉ោង) ?(?P<h>\d{1,2})\.(?P<m>[0-5០-៥]\d)(?!\d)", self._dotted_time),
            Rule("per", rf"(?<=[{KHMER}]) ?/ ?(?P<unit>{self.units.after_number})", lambda m: self.per(m["unit"], "")),
            self.lexicon,
            Rule("letters", rf"(?<![{KHMER}.]){_LETTER}(?:\.{_LETTER}){{1,7}}(?![{KHMER}])\.?", self._letters),
            Rule("number", rf"{START}(?P<n>\d{{1,3}}(?: \d{{3}})+)(?= ?(?:{_AMOUNTS}))", self._spaced),
            Rule("range", rf"(?<=[{KHMER}]) ?- ?(?=(?P<to>{_SERIES})(?![{KHMER}]))", self._series),
        ]
        after: list[TokenClass] = [
            Rule("roman", rf"(?<=[{KHMER}]) ?(?P<r>{ROMAN})(?![{LATIN}\d.-])", self._roman),
            Rule("repeat", "ៗ++", self._repeat),
            Rule("symbol", r"[<>‹›＜＞](?= ?\d)", lambda m: "តិចជាង" if m[0] in "<‹＜" else "លើសពី"),
            Rule("symbol", "(?<=ប្រហែល )[~≈]", lambda _: ""),
            Rule("symbol", "[" + "".join(map(re.escape, _SYMBOLS)) + "]", lambda m: _SYMBOLS[m[0]]),
        ]
        return before, after

    def _item(self, m: re.Match[str]) -> str:
        if m["l"]:
            return f"{m['l']} "
        first, *deeper = [str(figures.roman(m["r"]))] if m["r"] else m["n"].split(".")
        head = [] if deeper else ["ទី"]
        return self.words(*head, self.whole(first), *(w for n in deeper for w in (self.dot, self.whole(n)))) + " "

    def _dotted_time(self, m: re.Match[str]) -> str | None:
        """`ម៉ោង ៧.៣០`."""
        return self.clock(m["h"], m["m"], None, left_of(m))

    def _letters(self, m: re.Match[str]) -> str:
        """An abbreviation that no table knows: a Khmer letter is its own name."""
        return self.words(*m[0].strip(".").split("."))

    def _series(self, m: re.Match[str]) -> str | None:
        """The dash of `ចន្ទ-សុក្រ`."""
        return self.to if re.search(f"(?:{_SERIES})$", _left(m)) else None

    def _roman(self, m: re.Match[str]) -> str | None:
        left = _left(m)
        if left.endswith("ទី") or re.search(f"(?:{_NUMBERED})$", left):
            return self.cardinal(figures.roman(m["r"]))
        return self.words("ទី", self.cardinal(figures.roman(m["r"]))) if len(m["r"]) > 1 else None

    def _repeat(self, m: re.Match[str]) -> str:
        """The word before the sign, once more for each; nothing where no Khmer word stands there."""
        number = re.search(r"(?<![\d.,])\d{1,9} ?$", left_of(m))
        if number:
            return self.words(*[self.whole(number[0].strip())] * len(m[0]))
        before = re.search(_REPEATABLE, left_of(m).rstrip(" ៗ")[-_WORD_WINDOW:])
        word = words_of(before[0])[-1].strip(WORD_MARK) if before else ""
        return WORD_MARK.join([word] * len(m[0])) if word else ""
