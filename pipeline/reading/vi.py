"""Vietnamese as it is spoken on the radio: numbers, dates, money, document numbers and the abbreviations of offices."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from pipeline.reading import figures, slashes
from pipeline.reading.addresses import address_rule
from pipeline.reading.capitals import Capitals
from pipeline.reading.documents import DocumentNumbers
from pipeline.reading.figures import NUMBER, ROMAN, START, YEAR
from pipeline.reading.grammar import Piece, Rule, TokenClass, left_of, right_of
from pipeline.reading.lexicon import LATIN, Lexicon, Row, shipped, shipped_rows, with_joints
from pipeline.reading.manner import Codes, Register
from pipeline.reading.slashes import DAY_HEADS, DAY_WORDS, HOLIDAYS, Slash, after
from pipeline.reading.tongue import BULLET, Tongue

_DIGITS = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"]
_EDGE = rf"(?![{LATIN}\d])"
_ROMAN_HEADS = (
    "thứ|khóa|khoá|kỳ|khu vực|thế kỷ|quý|chương|mục|phần|điều|phụ lục|đại hội|giai đoạn|loại|hạng|cấp|tổ|khối|tập|vùng"
    "|bảng|nhóm|bậc|học kỳ|đợt|vòng|lần"
)
_MONTHS = 12
_ELECTRIC = frozenset(["V", "W", "kV", "kW"])
"""Units after which a hyphen joins two measures of one thing: `220V-50Hz`."""
_SCORE_HEADS = re.compile(r"(?:thắng|thua|hòa|hoà|tỷ số|tỉ số|dẫn) $", re.IGNORECASE)
_COUNTED = frozenset(
    ["đồng", "đ", "vnđ", "vnd", "usd", "k", "tr", "ngàn", "nghìn", "triệu", "tỷ", "lần", "suất", "buổi", "ngày", "giờ",
     "lượt", "người", "hộ", "con", "cái", "kg", "ký", "tiết", "ca"]
)  # fmt: skip
_SYMBOLS = {
    "&": "và", "+": "cộng", "=": "bằng", "@": "a còng", "%": "phần trăm", "$": "đô la", "‰": "phần", "°": "độ",
    "≥": "từ", "≤": "không quá", "~": "khoảng", "≈": "khoảng", "×": "nhân", "±": "cộng trừ", "÷": "đến",
    "→": "đến",
    "€": "ơ rô", "£": "bảng", "¥": "yên", "₫": "đồng", "៛": "riên", "℃": "độ xê", "²": "bình phương", "³": "khối",
    "^": "mũ",
    "½": "một phần hai", "¼": "một phần tư", "¾": "ba phần tư", "№": "số",
}  # fmt: skip
_ITEM = rf"^(?P<n>\d{{1,2}}(?:\.\d{{1,2}}){{0,3}})[.)/](?= )|^(?P<r>{ROMAN})[.)/](?= )|^(?P<l>[A-Za-zđĐ])[.)/](?= )"
ROADS = {"QL": "quốc lộ", "ĐT": "đường tỉnh", "TL": "tỉnh lộ", "HL": "hương lộ", "ĐH": "đường huyện"}
_PLACES = {"P": "phường", "Q": "quận", "K": "khóm", "KP": "khu phố", "KV": "khu vực", "U": "u", "TDP": "tổ dân phố"}
"""What stands shortened before the number of a place."""
_AMOUNTS = r"đồng|đ|VNĐ|VND|USD|triệu|tỷ|hộ|người|con|ha|tấn|kg|km|m2|m3|lượt|em|học sinh"
_OF = rf"(?:tuổi|tháng|ngày|năm|giờ|phút|lần|hộ|người|em|con|điểm|triệu đồng|tỷ đồng|triệu|tỷ|đồng)(?![{LATIN}])"
_ROAD = rf"(?<![{LATIN}\d])(?P<r>{'|'.join(ROADS)})[ .]?0?(?P<n>[1-9]\d{{0,3}})(?P<l>[A-Z])?(?![{LATIN}\d]|[ ./-]?\d)"
_AGED = re.compile(r"(?<!\w)(?:bé|cháu|trẻ|em|nam|nữ)(?: (?:trai|gái|em))?(?:,? \d{1,2}T)*,? $", re.IGNORECASE)
_WEEK = rf",? (?:và )?CN{_EDGE}|,? ngày |(?:,| và) T[2-7]{_EDGE}(?!/)| (?:hằng|hàng) tuần"
"""What tells that `T5` is a day."""
_WEEKDAYS = (
    rf"(?<![{LATIN}\d])T(?P<a>[2-7])(?: ?- ?(?:T(?P<b>[3-7])|(?P<cn>CN)){_EDGE}|(?={_WEEK}))"
    rf"|(?:(?<=T\d và )|(?<=T\d, ))T(?P<c>[2-7])(?![{LATIN}\d/])"
)
_OUTLINE = rf"(?<![{LATIN}\d.])(?P<r>{ROMAN})(?P<d>(?:\.\d{{1,2}}){{1,3}})(?:\.(?P<l>[a-zđ]))?(?![{LATIN}\d])"
_NUMERAL = (
    rf"(?<![{LATIN}\d&/.-])(?P<r>{ROMAN})(?: ?- ?(?P<to>{ROMAN})(?![{LATIN}\d]))?"
    rf"(?:[/-](?P<y>{YEAR}))?(?![{LATIN}\d&.-][{LATIN}\d]|[{LATIN}\d])"
)


class Vietnamese(Tongue):
    """Vietnamese in one register."""

    glue = " "
    comma, dot, minus, to, plus = "phẩy", "chấm", "âm", "đến", "cộng"
    by, over = "nhân", "trên"
    phone_heads = (
        r"(?i:điện thoại|đt|đđ|s?tk|tài khoản|cccd|cmnd|căn cước(?: công dân)?|mst|mã số thuế|định danh"
        r"|gọi(?: ngay| đến)?|tổng đài|hotline|đường dây nóng|số máy|zalo|fax|di động)(?: số)?"
    )
    phone_tails = r"(?! [^\W\d_])|(?= (?:để|hoặc|hay|khi|và|ngay|trong|nếu|gặp)\b)"
    day_words = r" ?(?:ngày|sáng|trưa|chiều|tối|đêm|hằng|hàng|mỗi|thứ|[.,;)]|$)"
    day_parts = r" (?:sáng|trưa|chiều|tối|đêm|khuya)\b"
    powers = "trăm|ngàn|nghìn|triệu|tỷ|tỉ"
    month_heads = "(?i:tháng)"
    clock_heads = r"(?i:lúc|từ|đến|hồi|khoảng|vào|trước|sau|sáng|chiều|tối|và|,)"
    ratio_heads = r"(?i:t[ỷỉ] (?:lệ|số)|bản đồ|pha(?: loãng)?|xếp hạng)"
    minute, second = "phút", "giây"
    degree = "độ"
    sides: ClassVar[Mapping[str, str]] = {
        "N": "Bắc",
        "B": "Bắc",
        "S": "Nam",
        "E": "Đông",
        "Đ": "Đông",
        "W": "Tây",
        "T": "Tây",
    }
    per_one = ""

    def __init__(self, register: Register, own: Sequence[Row] = (), codes: Codes = Codes.FULL) -> None:
        rows = (*own, *with_joints(shipped_rows("vi")), *shipped_rows("places"), *shipped_rows("storms"))
        super().__init__(Lexicon(rows), shipped("vi_units"))
        self.letters: Lexicon = shipped("vi_letters")
        self.thousand = "ngàn" if register is Register.NAM else "nghìn"
        self.odd = "lẻ" if register is Register.NAM else "linh"
        self.capitals = Capitals(self.lexicon, self.letters, self.cardinal, self.whole, self.digits, self.to)
        self.spell = self.capitals.spell
        self.documents = DocumentNumbers(self.lexicon, codes, self.whole, self.digits, self.spell)

    # --- numbers --------------------------------------------------------------------------------------------------

    def cardinal(self, number: int) -> str:
        """A whole number in words, by groups of three digits."""
        return " ".join(self._groups(number)) or _DIGITS[0]

    def _groups(self, number: int) -> Iterator[str]:
        led = False
        for size, name in ((10**9, "tỷ"), (10**6, "triệu"), (1000, self.thousand), (1, "")):
            group, number = divmod(number, size)
            if group >= 1000:
                yield from self._groups(group)
            elif group:
                yield from self._hundreds(group, led=led)
            if group:
                led = True
                yield from [name] if name else []

    def _hundreds(self, group: int, *, led: bool) -> Iterator[str]:
        hundreds, rest = divmod(group, 100)
        if hundreds or led:
            yield f"{_DIGITS[hundreds]} trăm"
        tens, ones = divmod(rest, 10)
        if tens == 0 and ones and (hundreds or led):
            yield self.odd
        if tens:
            yield "mười" if tens == 1 else f"{_DIGITS[tens]} mươi"
        if ones:
            yield "lăm" if tens and ones == 5 else "mốt" if tens > 1 and ones == 1 else _DIGITS[ones]

    def _number(self, m: re.Match[str]) -> str:
        if m["n"] in {"1", "4"} and after("thứ" if m["n"] == "1" else "thứ|tháng", left_of(m)):
            return "nhất" if m["n"] == "1" else "tư"
        if m["n"].isdecimal() and after("đề án|biểu|mẫu|phụ lục", left_of(m)):
            return self._serial_number(m["n"])
        return self.number(m["n"])

    # --- dates and times ------------------------------------------------------------------------------------------

    def hour(self, hour: int, left: str) -> str:
        """`mười bảy giờ`."""
        del left
        return f"{self.cardinal(hour)} giờ"

    def date(self, day: int, month: int, year: int | None, left: str) -> str:
        """`ngày hai tháng chín năm …`; the word ngày only where it is not there."""
        return self.words(self.day_head(left), self.cardinal(day), self._month_name(month), self._year(year))

    def day_head(self, left: str) -> str:
        """`ngày`, unless it is there, or said before the first of some days."""
        return "" if after(DAY_HEADS, left) or slashes.follows_days(left) else "ngày"

    def month(self, month: int) -> str:
        """`tư` for the fourth month, else its number."""
        return "tư" if month == 4 else self.cardinal(month)

    def month_of(self, month: int, year: int, left: str) -> str | None:
        """`tháng bảy năm …`; None for a document number such as `Nghị định 10/2020`."""
        if not slashes.is_month(month, year, left) or re.search(rf"(?:{self.ratio_heads}) ?$", left):
            return None
        if after("quý", left):
            return f"{self.cardinal(month)} {self._year(year)}"
        name = self._month_name(month)
        return self.words(name.removeprefix("tháng ") if after("tháng", left) else name, self._year(year))

    def _month_name(self, month: int) -> str:
        return f"tháng {self.month(month)}"

    def _year(self, year: int | None) -> str:
        return f"năm {self.cardinal(year)}" if year else ""

    def slashed(self, above: str, below: str, match: re.Match[str]) -> str:
        """A date, a name, a fraction, or `trên`."""
        a, b, left = int(above), int(below), left_of(match)
        match slashes.meaning(above, below, left, right_of(match)):
            case Slash.YEARS:
                return self.words(self.cardinal(a), self.to, self.cardinal(b))
            case Slash.DOCUMENT:
                return f"{self.whole(above)} {self._year(b)}"
            case Slash.NAME:
                return self.words(self.cardinal(a), self._month_name(b))
            case Slash.DATE:
                return self.date(a, b, None, left)
            case Slash.FRACTION:
                return f"{self.cardinal(a)} phần {'tư' if b == 4 else self.cardinal(b)}"
            case Slash.RATIO:
                return f"{self.whole(above)} trên {self.whole(below)}"

    def per(self, unit: str, left: str) -> str | None:
        """`tấn trên héc ta`; after money or a count `đồng một ki lô gam`; between two other words a short pause.

        None for capitals that no table knows.
        """
        said = self.units.say(unit) or self.lexicon.say(unit, left) or unit
        if said == unit and len(unit) > 1 and unit.isupper():
            return None
        numerator = re.search(r"[^\W\d_]+[²³\d]?$", left)
        if numerator and len(numerator[0]) == 1 and numerator[0].isupper():
            return said if said != unit or not unit.isupper() else self.spell(unit)
        if self.units.say(unit) and numerator and numerator[0].casefold() not in _COUNTED:
            return f"trên {said}"
        counted = re.search(r"\d[^,;()]{0,24}$", left) or (numerator and numerator[0].casefold() in _COUNTED)
        return f"một {said}" if counted else said

    # --- what only Vietnamese writes ------------------------------------------------------------------------------

    def own_rules(self) -> tuple[list[TokenClass], list[TokenClass]]:
        """Names before figures; Roman numerals, unknown capitals and signs after."""
        before: list[TokenClass] = [
            Rule("end", r"\./\.?(?= ?$)", lambda _: "."),
            Rule("bullet", BULLET, lambda _: ""),
            Rule("place", rf"(?<![{LATIN}\d.])(?P<p>{'|'.join(_PLACES)})\. ?(?=\d)", lambda m: _PLACES[m["p"]]),
            Rule("list", _ITEM, self._item),
            address_rule(self.digits, self.spell),
            Rule("road", _ROAD, self._road),
            Rule("lexicon", rf"(?<=\d )DL{_EDGE}", lambda _: "dương lịch"),
            self.lexicon,
            Rule("unit", rf"(?<![{LATIN}\d/&-]){self.units.after_number}", self._lone_unit),
            Rule("date", rf"{START}(?P<d>\d{{1,2}})[.-](?P<m>\d{{1,2}})(?![\d%]|[.,/-]\d)", self._dotted),
            Rule("weekday", _WEEKDAYS, self._weekdays),
            Rule("date", rf"(?<![{LATIN}\d])T(?P<m>\d{{1,2}})/(?P<y>{YEAR})(?!\d)", self._month),
            Rule("outline", rf"(?<![\w.])(?P<n>\d{{1,2}}(?:\.\d{{1,2}}){{1,3}})\.(?P<l>[a-zđ]){_EDGE}", self._lettered),
            *self.capitals.codes(),
            Rule(
                "unit", rf"≥ ?(?P<n>{NUMBER})(?: ?(?P<unit>{self.units.after_number})|(?P<of> {_OF}))?", self._at_least
            ),
            Rule("time", rf"{START}(?P<m>\d{{1,3}})['’′](?:(?P<s>\d{{1,2}})[\"”″])?(?!\w)", self._minutes),
            Rule("unit", rf"{START}(?P<n>\d{{1,3}})kg(?P<c>\d)(?!\d|[.,]\d)", self._weight),
            Rule("unit", rf"{START}(?P<n>\d{{1,2}})T{_EDGE}", self._age),
            Rule("name", rf"(?<![{LATIN}\d])OM ?(?P<n>\d{{2,5}})(?!\d)", self._rice),
            Rule(
                "standard",
                rf"(?<=[QT]CVN )(?P<n>\d{{2,5}}(?:-(?:\d{{1,3}}|[A-Z]{{2}})){{0,2}})(?::(?P<y>{YEAR}))?(?!\d)",
                self._standard,
            ),
            Rule("height", r"(?<![\d.,])(?P<m>\d)m(?P<c>\d{1,2})(?!\d)", self._height),
            Rule("money", rf"{START}(?P<n>\d{{1,3}})(?P<of>tr|tỷ|triệu)(?P<c>\d)(?!\d|[.,]\d)", self._and_a_bit),
            Rule("number", rf"{START}(?P<n>\d{{1,3}}(?: \d{{3}})+)(?= (?:{_AMOUNTS}){_EDGE})", self._spaced),
            *self.documents.rules(),
        ]
        after: list[TokenClass] = [
            Rule("roman", _OUTLINE, self._outline),
            Rule("roman", _NUMERAL, self._roman),
            *self.capitals.letters_alone(),
            Rule("symbol", r"[<>‹›＜＞](?= ?\d)", lambda m: "dưới" if m[0] in "<‹＜" else "trên"),
            Rule("symbol", "(?<=khoảng )[~≈]", lambda _: ""),
            Rule("symbol", r"(?<=\d) ?~ ?(?=\d)", lambda _: self.to),
            Rule("symbol", "[" + "".join(map(re.escape, _SYMBOLS)) + "]", self._symbol),
        ]
        return before, after

    def _item(self, m: re.Match[str]) -> str:
        if m["l"] and not m["r"]:
            return f"{self.letters.say(m['l'].upper())}, "
        number = str(figures.roman(m["r"])) if m["r"] else m["n"]
        return " chấm ".join(self.cardinal(int(n)) for n in number.split(".")) + ", "

    def _lone_unit(self, m: re.Match[str]) -> str | None:
        """A unit without a figure before it: in any place, or after words that count it."""
        rows = (row for row in self.units.all(m[0]) if row.is_general and row.fits(left_of(m)))
        return next((row.spoken for row in rows), None)

    def _dotted(self, m: re.Match[str]) -> str | None:
        """A day of a month written `23.11` or `23-11`, where the text says that a day comes."""
        announced = re.search(
            rf"(?<!\w)(?:{DAY_HEADS}|(?:hôm|sáng|trưa|chiều|tối|đêm|ngày)(?: nay| qua| mai)?),? ?\(?$",
            left_of(m),
            re.IGNORECASE,
        )
        day, month = int(m["d"]), int(m["m"])
        rises = "-" in m[0] and day < month and (day, month) not in HOLIDAYS
        real = figures.is_date(day, month) and not rises
        return self.date(day, month, None, left_of(m)) if announced and real else None

    def _weekdays(self, m: re.Match[str]) -> str:
        """`T2-T6`, `T7, CN`."""
        first = self.words("thứ", self._weekday(int(m["a"] or m["c"])))
        last = self.words("thứ", self._weekday(int(m["b"]))) if m["b"] else "chủ nhật" if m["cn"] else ""
        return self.words(first, self.to, last) if last else first

    def _weekday(self, day: int) -> str:
        return "tư" if day == 4 else self.cardinal(day)

    def _and_a_bit(self, m: re.Match[str]) -> str:
        """`2tr5`."""
        return self.words(self.whole(m["n"]), self._unit(m["of"]) or m["of"], self.cardinal(int(m["c"])))

    def _serial_number(self, digits: str) -> str:
        return self.digits(digits) if int(digits[0]) == 0 else self.whole(digits)

    def _age(self, m: re.Match[str]) -> str | None:
        """`bé 3T, 12T`; elsewhere `12T` are tonnes."""
        return f"{self.cardinal(int(m['n']))} tuổi" if _AGED.search(left_of(m)) else None

    def _at_least(self, m: re.Match[str]) -> str:
        """`≥ 90%`."""
        return self.words(
            "từ", self.number(m["n"], amount=True), self._unit(m["unit"]), (m["of"] or "").strip(), "trở lên"
        )

    def _minutes(self, m: re.Match[str]) -> str:
        """`15'30"`, `120'`."""
        seconds = [self.cardinal(int(m["s"])), self.second] if m["s"] else []
        return self.words(self.cardinal(int(m["m"])), self.minute, *seconds)

    def _weight(self, m: re.Match[str]) -> str:
        """`2kg5`."""
        return self.words(self.whole(m["n"]), "ký", "rưỡi" if m["c"] == "5" else self.cardinal(int(m["c"])))

    def _rice(self, m: re.Match[str]) -> str:
        """Rice of the delta's institute: `OM5451`."""
        return self.words("ô em", self.digits(m["n"]) if len(m["n"]) > 2 else self.whole(m["n"]))

    def _standard(self, m: re.Match[str]) -> str:
        """The number of a standard: `QCVN 02-19:2014`."""
        parts = (self.spell(n) if n.isalpha() else self._serial_number(n) for n in m["n"].split("-"))
        return self.words(*parts, self._year(int(m["y"])) if m["y"] else "")

    def _height(self, m: re.Match[str]) -> str | None:
        """`1m65`; `3m2` are square metres, but where a height is told."""
        if m["c"] in {"2", "3"} and not after("cao|sâu|dài", left_of(m)):
            return None
        return self.words(self.cardinal(int(m["m"])), "mét", *figures.decimals(m["c"], self.cardinal))

    def _road(self, m: re.Match[str]) -> str:
        kind = ROADS[m["r"]].removeprefix("đường ") if after("đường", left_of(m)) else ROADS[m["r"]]
        return self.words(kind, self.whole(m["n"]), self.letters.say(m["l"] or "") or "")

    def _outline(self, m: re.Match[str]) -> str:
        """A place in a paper, such as `II.1.a`."""
        numbers = [figures.roman(m["r"]), *map(int, m["d"].strip(".").split("."))]
        letter = self.letters.say((m["l"] or "").upper()) or ""
        return " chấm ".join(filter(None, [*map(self.cardinal, numbers), letter]))

    def _lettered(self, m: re.Match[str]) -> str:
        """A place in a paper, such as `2.1.a`."""
        return f"{' chấm '.join(self.cardinal(int(n)) for n in m['n'].split('.'))} {self.letters.say(m['l'].upper())}"

    def _ratio(self, m: re.Match[str]) -> str:
        """A ratio, or the year of a standard (`TCVN 5712:1993`)."""
        if re.fullmatch("(?:19|20)[0-9]{2}", m["b"]):
            return self.words(self.number(m["n"]), self._year(int(m["b"])))
        return super()._ratio(m)

    def _roman(self, m: re.Match[str]) -> str | None:
        left = left_of(m)
        chained = re.search(rf"(?:{_ROMAN_HEADS})(?: [IVXLC]+(?:,| ?-| và| đến)){{1,6}} ?$", left, re.IGNORECASE)
        if not chained and not after(_ROMAN_HEADS, left):
            return None
        number = figures.roman(m["r"])
        first = {1: "nhất", 4: "tư"}.get(number) if after("thứ", left) else None
        first = first or self.cardinal(number)
        last = ["đến", self.cardinal(figures.roman(m["to"]))] if m["to"] else []
        return self.words(first, *last, self._year(int(m["y"])) if m["y"] else "")

    def _symbol(self, m: re.Match[str]) -> str:
        return f"phần {self.thousand}" if m[0] == "‰" else _SYMBOLS[m[0]]

    def _unit(self, key: str | None) -> str:
        return super()._unit(key) if key != "‰" else f"phần {self.thousand}"

    def _range(self, m: re.Match[str]) -> str | None:
        a, b, left = m["n"], m["b"], left_of(m)
        if _SCORE_HEADS.search(left) or (m["of"] in _ELECTRIC and m["unit"] and m["unit"] != m["of"]):
            return self.words(self.number(a), self._unit(m["of"]), self.number(b), self._unit(m["unit"]))
        if a.isdecimal() and b.isdecimal() and not m["of"] and not m["unit"]:
            day, month = int(a), int(b)
            announced = after(DAY_WORDS, left) or slashes.follows_dates(left)
            named = (day, month) in HOLIDAYS
            falls = announced and (day > month or named)
            if figures.is_date(day, month) and (falls or (named and day > _MONTHS)):
                return self.date(day, month, None, left)
        return super()._range(m)

    def unknown(self, piece: Piece) -> Iterator[str]:
        """The abbreviations of a piece that no table knows, so that they were spelled."""
        if piece.rule == "letters":
            yield from self.capitals.unknown(piece.source)
        elif piece.rule == "document":
            yield from self.documents.unknown(piece.source)
