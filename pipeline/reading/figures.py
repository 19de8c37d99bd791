"""Numbers, dates and times as both languages write them. Digits of any script count; `int` reads them all."""

import re
from collections.abc import Callable

WHOLE = r"(?>\d{1,3}(?:\.\d{3})++|\d{1,3}(?:,\d{3}){2,}+|\d++)"
NUMBER = rf"(?>{WHOLE}(?:[.,]\d++)?)(?![.,]?\d)"
"""Thousands by dots (or by at least two commas), decimals by a comma or a dot. Not part of `1.2.3`."""
START = r"(?<!\d)(?<!\d[.,])"
"""Where a number may begin."""
YEAR = r"[12១២]\d{3}"
LONGEST_CARDINAL = 15
"""More digits than this are a code, said digit by digit."""
ROMAN = r"(?=[IVXLC])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"

_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+|\d{1,3}(?:,\d{3}){2,}")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def parted(written: str) -> tuple[str, str, str]:
    """A number as its whole digits, its decimal mark and its decimals; mark and decimals are empty for a whole one."""
    thousands = _THOUSANDS.match(written)
    if thousands and int(written[0]) != 0:
        whole, rest = thousands[0].replace(".", "").replace(",", ""), written[thousands.end() :]
    else:
        cut = re.match(r"\d+", written)
        whole, rest = written[: cut.end()] if cut else "", written[cut.end() if cut else 0 :]
    return whole, rest[:1], rest[1:]


def value(written: str) -> float | None:
    """What a number amounts to; None for one that is too long to be an amount."""
    whole, _, decimals = parted(written)
    return float(f"{int(whole)}.{decimals or 0}") if len(whole + decimals) <= LONGEST_CARDINAL else None


def is_code(digits: str) -> bool:
    """Whether digits name something rather than count it: too many, or a leading zero on more than two."""
    return len(digits) > LONGEST_CARDINAL or (len(digits) > 2 and int(digits[0]) == 0)


def by_digit(digits: str, cardinal: Callable[[int], str]) -> list[str]:
    """The words of each digit; other characters are passed over."""
    return [cardinal(int(d)) for d in digits if d.isdecimal()]


def decimals(digits: str, cardinal: Callable[[int], str]) -> list[str]:
    """The words after a decimal mark: zeros one by one, up to three digits as a number, more of them one by one."""
    if len(digits) > 3 or int(digits) == 0:
        return by_digit(digits, cardinal)
    zeros = len(digits) - len(str(int(digits)))
    return [cardinal(0)] * zeros + [cardinal(int(digits))]


def roman(numeral: str) -> int:
    """The value of a Roman numeral up to 100."""
    values = [_ROMAN_VALUES[c] for c in numeral]
    return sum(-v if any(v < w for w in values[i + 1 : i + 2]) else v for i, v in enumerate(values))


def is_date(day: int, month: int) -> bool:
    """Whether a day may stand in a month."""
    return 1 <= month <= 12 and 1 <= day <= (29 if month == 2 else 30 if month in {4, 6, 9, 11} else 31)


def is_time(hour: int, minute: int = 0) -> bool:
    """Whether a clock may show this; 24:00 is the end of a day."""
    return (hour < 24 and minute < 60) or (hour == 24 and minute == 0)
