"""What the two languages share in saying figures: the forms are written alike, only the words differ."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import ClassVar

from pipeline.reading import figures
from pipeline.reading.clean import WORD_MARK
from pipeline.reading.figures import NUMBER, START, YEAR
from pipeline.reading.grammar import Grammar, Piece, Rule, TokenClass, left_of
from pipeline.reading.lexicon import LATIN, Lexicon

_WHOLE_DATE = rf"(?P<d>\d{{1,2}})[/.-](?P<m>\d{{1,2}})[/.-](?P<y>{YEAR})"
_DATE = _WHOLE_DATE + r"(?![/.-]?\d)"
_DAY = r"(?P<d>\d{1,2})/(?P<m>\d{1,2})"
_MONTH = rf"(?P<m>\d{{1,2}})[/-](?P<y>{YEAR})"
_MAYBE_YEAR = rf"(?:/(?P<y>{YEAR}))?(?![/.-]?\d)"
_CLOCK = (
    rf"(?P<h>\d{{1,2}})(?:(?:[hg]|(?<=\d) h)(?P<min>\d{{2}})?|:(?P<colon>\d{{2}})(?::(?P<s>\d{{2}}))?)"
    rf"(?: ?(?:(?:phút|p)(?![{LATIN}])|នាទី)|['’′])?(?![{LATIN}\d:]|[.,]\d)"
)
_PER = (
    rf"(?<=[{LATIN}\u1780-\u17d3²³%‰៛$₫€]) ?/ ?(?P<unit>(?>[^\W\d_](?:[^\W_]|[\u1780-\u17d3]){{0,24}}²?))"
    rf"(?!&|[.-][{LATIN}])"
)
_TO = " ?- ?"
BULLET = r"^(?:[-+•*·] +|[-+•*·](?!\d)|-(?=\d)(?!\d+(?:[.,]\d+)? ?(?:[°%‰]|độ|អង្សា))|[•*·](?=\d))"
"""A mark of a list; a hyphen right before a measure is a minus."""
_ENGLISH = re.compile(r"\d{1,3}(?:,\d{3})+")
"""Thousands as they are written behind a sign of money: `$2,500`."""
_SIXTIETHS = r"\d{1,2}(?:[.,]\d{1,3})?"
_SIDE = rf" ?(?P<{{}}>[NSEWBĐT])(?![{LATIN}\d/&])"
_COORDINATE = (
    rf"{START}(?P<d>{NUMBER})(?:[°º]|o(?=\d))(?:{_SIDE.format('side')}| ?(?P<m>{_SIXTIETHS})['’′]"
    rf"(?: ?(?P<s>{_SIXTIETHS})(?:[\"”″]|''))?(?:{_SIDE.format('to')})?)"
)
_CURRENCY = rf"(?<![{LATIN}\d])(?P<cur>US\$|[$€£¥₫៛]|USD|EUR|VND|VNĐ)"
_WORDS = rf"[{LATIN}\u1780-\u17d3]{{1,10}}(?: [{LATIN}]{{1,10}})?"
_LONG_CODE = 8
"""Figures of a number that, once announced, can be no amount."""
_PHONE_HEAD = 80
"""Characters before a number in which a list of phone numbers may have begun."""


def _end_of(pattern: str) -> str:
    """A pattern again, for the end of a range: its groups are named `to_…`."""
    return pattern.replace("P<", "P<to_")


class Tongue(ABC):
    """One language's way with figures. Subclasses give the words and whatever else only they write."""

    glue: str
    """Between the words of one figure."""
    comma: str
    dot: str
    minus: str
    to: str
    plus: str
    by: str
    """As in 3 by 4."""
    over: str
    """As in 1 to 500."""
    phone_heads: str
    """A pattern of what announces a phone number."""
    phone_tails: str
    """A pattern, of no width, of what may follow a number that was only announced."""
    day_parts: str
    """A pattern of what follows an hour, even one that a letter could also make grams."""
    powers: str
    """A pattern of the words that multiply an amount."""
    month_heads: str
    """A pattern of the word that says a month comes."""
    clock_heads: str
    """A pattern of what announces a time of day."""
    ratio_heads: str
    """A pattern of what announces that `1:10` is no time."""
    day_words: str
    """A pattern of what follows two hours that a letter could also make grams."""
    minute: str
    second: str
    degree: str
    sides: ClassVar[Mapping[str, str]]
    """The sides of the world by the letters of a coordinate."""
    per_one: str
    """A slash before the figure 1."""

    def __init__(self, lexicon: Lexicon, units: Lexicon) -> None:
        self.lexicon = lexicon
        self.units = units

    # --- the words ------------------------------------------------------------------------------------------------

    @abstractmethod
    def cardinal(self, number: int) -> str:
        """A whole number that is not negative, in words."""

    @abstractmethod
    def hour(self, hour: int, left: str) -> str:
        """An hour of the day after some text."""

    @abstractmethod
    def date(self, day: int, month: int, year: int | None, left: str) -> str:
        """A date after some text."""

    @abstractmethod
    def day_head(self, left: str) -> str:
        """What must be said before a day of the month after some text; empty where it is there."""

    @abstractmethod
    def month(self, month: int) -> str:
        """A month where the word month stands before it."""

    @abstractmethod
    def month_of(self, month: int, year: int, left: str) -> str | None:
        """A month of a year after some text, or None where the text says that it is none."""

    @abstractmethod
    def slashed(self, above: str, below: str, match: re.Match[str]) -> str:
        """Two whole numbers with a slash between them: a day of a month, a fraction, a score of a total."""

    @abstractmethod
    def per(self, unit: str, left: str) -> str | None:
        """A unit under a slash after some text; None where it is no unit."""

    @abstractmethod
    def own_rules(self) -> tuple[list[TokenClass], list[TokenClass]]:
        """The rules only this language has: those before the figures, and those after."""

    def unknown(self, piece: Piece) -> Iterator[str]:
        """The abbreviations of a piece that no table knows, so that they are said letter by letter."""
        yield from [piece.source] if piece.rule == "letters" else []

    # --- what is made of them -------------------------------------------------------------------------------------

    def words(self, *words: str) -> str:
        """Words of one figure joined."""
        return self.glue.join(w for w in words if w)

    def digits(self, text: str) -> str:
        """Digit by digit."""
        return self.words(*figures.by_digit(text, self.cardinal))

    def whole(self, digits: str) -> str:
        """Digits as a cardinal, or one by one where they are a code."""
        return self.digits(digits) if figures.is_code(digits) else self.cardinal(int(digits))

    def number(self, written: str, *, amount: bool = False) -> str:
        """A number with its thousands and decimals; a dot before the decimals of an amount is a comma."""
        whole, mark, decimals = figures.parted(written)
        if not decimals:
            return self.whole(whole)
        mark_word = self.comma if mark == "," or amount else self.dot
        return self.words(self.whole(whole), mark_word, *figures.decimals(decimals, self.cardinal))

    def clock(self, hour: str, minute: str | None, second: str | None, left: str) -> str | None:
        """A time of day, or None where no clock shows it."""
        minutes, seconds = int(minute or 0), int(second or 0)
        if not figures.is_time(int(hour), minutes) or seconds > 59:
            return None
        words = [self.hour(int(hour), left)]
        words += [self.cardinal(minutes), self.minute] if minutes or seconds else []
        return self.words(*words, *([self.cardinal(seconds), self.second] if seconds else []))

    @cached_property
    def grammar(self) -> Grammar:
        """Every rule of the language, in order."""
        before, after = self.own_rules()
        money = Rule(
            "money", rf"{_CURRENCY} ?(?P<n>{NUMBER})(?!/\d|[{LATIN}])(?: ?(?P<of>{self.powers}))?", self._money
        )
        return Grammar([money, *before, *self._shared_rules(), *after])

    def pieces(self, line: str) -> list[Piece]:
        """A clean line in pieces, each with what is said for it."""
        return list(self.grammar.pieces(line))

    # --- the shared rules -----------------------------------------------------------------------------------------

    def _shared_rules(self) -> list[TokenClass]:
        n, units = NUMBER, self.units.after_number
        number, unit = rf"{START}(?<![A-ZĐ])(?P<n>{n})", rf"(?: ?(?P<unit>{units}))"
        minus = rf"(?<![\w)%])(?<![\d%)] )-(?={n})"
        return [
            Rule("coordinate", _COORDINATE, self._coordinate),
            Rule("phone", r"\((?P<p>[0០]\d{2,4}\)(?:[ .-]?\d{1,8}){1,5})(?![.,-]?\d)", self._area_phone),
            Rule("phone", rf"{START}\+?(?P<p>\d{{2,5}}(?:[ .-]?\d{{1,8}}){{0,4}})(?![.,-]?\d)", self._phone),
            Rule("time", rf"{START}{_CLOCK}(?:{_TO}{_end_of(_CLOCK)})?", self._time),
            Rule("date", rf"{START}(?P<a>\d{{1,2}}){_TO}(?P<m>\d{{1,2}})/(?P<y>{YEAR})(?![/.-]?\d)", self._months),
            Rule("date", rf"{START}{_WHOLE_DATE}{_TO}{_end_of(_DATE)}", self._dates),
            Rule("date", rf"{START}{_DATE}", self._date),
            Rule("date", rf"{START}(?P<a>\d{{1,2}}){_TO}{_DAY}{_MAYBE_YEAR}", self._days),
            Rule("date", rf"{START}{_DAY}{_TO}{_end_of(_DAY + _MAYBE_YEAR)}", self._day_months),
            Rule("date", rf"{START}{_MONTH}{_TO}{_end_of(_MONTH)}(?![/.-]?\d)", self._month_span),
            Rule("date", rf"{START}{_MONTH}(?![/.-]?\d)", self._month),
            Rule("fraction", rf"{START}(?P<a>\d{{1,6}})/(?P<b>\d{{1,6}})(?![/.,]?\d)", self._slashed),
            Rule("ratio", rf"{number}/(?P<b>{n})(?!/\d){unit}?", self._share),
            Rule("number", rf"{START}(?P<n>\d{{1,3}}(?: [0០]{{3}})+)(?!\d)", self._spaced),
            Rule("serial", rf"{START}\d{{1,4}}(?:-\d{{1,4}}){{2,8}}(?!-?\d|[.,/]\d)", self._serial),
            Rule("range", rf"{number}(?: ?(?P<of>{units}))?{_TO}(?P<b>{n}){unit}?", self._range),
            Rule(
                "range",
                rf"(?<=[{LATIN}\u1780-\u17d3%‰]) ?- ?(?=(?P<n>{n}) ?(?P<w>[{LATIN}\u1780-\u17d3%‰]{{1,25}}))",
                self._between_amounts,
            ),
            Rule("range", rf"(?<=[\dIVX]) ?- ?(?=(?P<w>{_WORDS}) [\dIVX])", self._between_alike),
            Rule("size", rf"{number}(?: ?(?P<of>{units}))? ?[x×] ?(?P<b>{n}){unit}?", self._size),
            Rule("size", rf"(?<=[{LATIN}\u1780-\u17d3²³]) [x×] (?={n}|hệ số)", self._times),
            Rule("ratio", rf"{number}(?::| : )(?P<b>{n})", self._ratio),
            Rule("unit", rf"(?P<minus>{minus})?{number}{unit}", self._measure),
            Rule("per", _PER, self._per),
            Rule("per", rf"(?<=[{LATIN}\u1780-\u17d3²³៛$₫€]) ?/ ?(?=(?P<n>{n}))", self._per_many),
            Rule("number", rf"{minus}(?P<n>{n})", lambda m: self.words(self.minus, self.number(m["n"]))),
            Rule("number", number, self._number),
            Rule("serial", r"(?<!\d)\d{1,12}(?:[./-]\d{1,12}){1,12}(?!\d)", self._serial),
            Rule("number", r"\d++", lambda m: self.whole(m[0])),
        ]

    def _phone(self, m: re.Match[str]) -> str | None:
        digits = "".join(c for c in m["p"] if c.isdecimal())
        heads = rf"(?:{self.phone_heads})[ :]{{0,2}}(?:[\d .+-]{{3,20}}(?:[,;]|hoặc|hay|và|ឬ|និង)[ ]){{0,4}}$"
        left = m.string[max(0, m.start() - _PHONE_HEAD) : m.start()]
        announced = re.search(heads, left) and (
            len(digits) >= _LONG_CODE or re.match(self.phone_tails, m.string[m.end() : m.end() + 12])
        )
        if m[0][0] == "+" and len(digits) >= 9:
            return self.words(self.plus, self.digits(digits))
        by_shape = (int(digits[0]) == 0 and 10 <= len(digits) <= 11) or re.fullmatch(r"1[89]00\d{4,6}", digits)
        plain = m["p"].isdecimal() or not re.fullmatch(r"\d{1,3}(\.\d{3})+", m["p"])
        return self.digits(digits) if m[0][0] != "+" and plain and (by_shape or announced) else None

    def _area_phone(self, m: re.Match[str]) -> str:
        """A number with its area code in brackets."""
        return self.digits(m["p"])

    def _time(self, m: re.Match[str]) -> str | None:
        if m["colon"] and re.search(rf"(?:{self.ratio_heads}) ?$", left_of(m)):
            return None
        announced = re.search(rf"(?:{self.clock_heads}) ?$", left_of(m))
        of_day = re.match(self.day_parts, m.string[m.end() : m.end() + 12])
        bare_g = m["min"] is None and m["colon"] is None and m[0].endswith("g") and not of_day
        goods = re.match(self.day_words, m.string[m.end() : m.end() + 12]) is None
        in_grams = bare_g and not announced and (m["to_h"] is None or goods)
        first = None if in_grams else self.clock(m["h"], m["min"] or m["colon"], m["s"], left_of(m))
        if first is None or m["to_h"] is None:
            return first
        second = self.clock(m["to_h"], m["to_min"] or m["to_colon"], m["to_s"], "")
        return second and self.words(first, self.to, second)

    def _date(self, m: re.Match[str]) -> str | None:
        return self._one_date(m["d"], m["m"], m["y"], left_of(m))

    def _dates(self, m: re.Match[str]) -> str | None:
        first, second = self._date(m), self._one_date(m["to_d"], m["to_m"], m["to_y"], "")
        return self.words(first, self.to, second) if first and second else None

    def _one_date(self, day: str, month: str, year: str | None, left: str) -> str | None:
        real = figures.is_date(int(day), int(month))
        return self.date(int(day), int(month), int(year) if year else None, left) if real else None

    def _days(self, m: re.Match[str]) -> str | None:
        last = self._one_date(m["d"], m["m"], m["y"], "")
        if last is None or not figures.is_date(int(m["a"]), int(m["m"])) or int(m["a"]) >= int(m["d"]):
            return None
        return self.words(self.day_head(left_of(m)), self.cardinal(int(m["a"])), self.to, last)

    def _day_months(self, m: re.Match[str]) -> str | None:
        """Two days of months; two fractions below one are none."""
        first = self._one_date(m["d"], m["m"], None, left_of(m))
        second = self._one_date(m["to_d"], m["to_m"], m["to_y"], "")
        return self.words(first, self.to, second) if first and second else None

    def _months(self, m: re.Match[str]) -> str | None:
        """Months of one year after the word month; without it the same figures are a day of a month."""
        first, last = int(m["a"]), int(m["m"])
        announced = re.search(rf"(?:{self.month_heads}) ?$", left_of(m))
        if not announced or not 1 <= first < last <= 12:
            return None
        return self.words(self.month(first), self.to, self.month_of(last, int(m["y"]), "") or "")

    def _month_span(self, m: re.Match[str]) -> str | None:
        """`12/2026 - 1/2027`."""
        first, last = int(m["m"]), int(m["to_m"])
        if not (1 <= first <= 12 and 1 <= last <= 12):
            return None
        words = self.month_of(first, int(m["y"]), left_of(m)), self.month_of(last, int(m["to_y"]), "")
        return self.words(words[0], self.to, words[1]) if words[0] and words[1] else None

    def _month(self, m: re.Match[str]) -> str | None:
        month = int(m["m"])
        return self.month_of(month, int(m["y"]), left_of(m)) if 1 <= month <= 12 else None

    def _slashed(self, m: re.Match[str]) -> str:
        return self.slashed(m["a"], m["b"], m)

    def _range(self, m: re.Match[str]) -> str | None:
        low, high = figures.value(m["n"]), figures.value(m["b"])
        if low is None or high is None:
            return None
        next_years = len(m["n"]) == 4 and len(m["b"]) == 2 and low % 100 < high
        rises = low < high or m["unit"] is not None or next_years
        words = [self.number(m["n"]), self._unit(m["of"]), self.to if rises else "", self.number(m["b"])]
        return self.words(*words, self._unit(m["unit"]))

    def _between_amounts(self, m: re.Match[str]) -> str | None:
        """The dash of `500 triệu - 1 tỷ đồng`, `2 tháng - 3 tháng`."""
        amount = re.search(
            rf"(?<![\d.,])(?P<n>{NUMBER}) ?(?P<w>[^\d\s,;()]+(?: [^\d\s,;()]+)?)$", left_of(m).replace(WORD_MARK, "")
        )
        if amount is None:
            return None
        power = re.match(rf"(?:{self.powers})(?![{LATIN}])", amount["w"])
        low, high = figures.value(amount["n"]), figures.value(m["n"])
        rises = amount["w"].split()[0] == m["w"] and low is not None and high is not None and low < high
        return self.to if power or rises else None

    def _between_alike(self, m: re.Match[str]) -> str | None:
        """The dash of `cấp 3 - cấp 4`."""
        alike = re.search(rf"(?<!\w){re.escape(m['w'])} [\dIVX/.,]{{1,10}}$", left_of(m), re.IGNORECASE)
        return self.to if alike else None

    def _unit(self, key: str | None) -> str:
        return (self.units.say(key) or "") if key else ""

    def _size(self, m: re.Match[str]) -> str:
        first = self.words(self.number(m["n"]), self._unit(m["of"]))
        return self.words(first, self.by, self.number(m["b"]), self._unit(m["unit"]))

    def _times(self, m: re.Match[str]) -> str | None:
        """The sign of `2 viên/lần x 3 lần`."""
        return self.by if re.search(r"\d[^;()]{0,24}$", left_of(m)) else None

    def _ratio(self, m: re.Match[str]) -> str:
        return self.words(self.number(m["n"]), self.over, self.number(m["b"]))

    def _money(self, m: re.Match[str]) -> str:
        written = m["n"].replace(",", ".") if _ENGLISH.fullmatch(m["n"]) else m["n"]
        return self.words(self.number(written, amount=True), m["of"] or "", self._unit(m["cur"]))

    def _measure(self, m: re.Match[str]) -> str:
        return self.words(self.minus if m["minus"] else "", self.number(m["n"], amount=True), self._unit(m["unit"]))

    def _share(self, m: re.Match[str]) -> str:
        """So many of so many, where one of them has thousands or decimals."""
        return self.words(self.number(m["n"]), self.over, self.number(m["b"]), self._unit(m["unit"]))

    def _per_many(self, m: re.Match[str]) -> str | None:
        """The slash of a measure by more than one unit: `con/1.000 m2`, `mm/24h`."""
        counted = re.search(r"\d[^,;()]{0,24}$", left_of(m))
        return (self.per_one if m["n"] in {"1", "១"} else self.over) if counted else None

    def _per(self, m: re.Match[str]) -> str | None:
        return self.per(m["unit"], left_of(m))

    def _coordinate(self, m: re.Match[str]) -> str:
        """`9°10'30"N`."""
        words = [self.number(m["d"]), self.degree, *([self.number(m["m"]), self.minute] if m["m"] else [])]
        words += [self.number(m["s"]), self.second] if m["s"] else []
        return self.words(*words, self.sides.get(m["side"] or m["to"] or "", ""))

    def _spaced(self, m: re.Match[str]) -> str:
        """Thousands parted by spaces."""
        return self.whole(m["n"].replace(" ", ""))

    def _number(self, m: re.Match[str]) -> str:
        return self.number(m["n"])

    def _serial(self, m: re.Match[str]) -> str:
        parts = re.split(r"([./-])", m[0])
        marks = {".": self.dot, "/": "", "-": ""}
        return self.words(*(marks[p] if p in marks else self.whole(p) for p in parts))
