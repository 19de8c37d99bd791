"""What two whole numbers with a slash mean in Vietnamese: a day, a name, a fraction, a score of a total."""

import re
from enum import Enum, auto

from pipeline.reading import figures
from pipeline.reading.lexicon import LATIN

DAY_HEADS = r"(?:ngày|mùng|mồng|hôm)"
DAY_WORDS = rf"(?:{DAY_HEADS}|sáng|trưa|chiều|tối|đêm|lễ|dịp|kỷ niệm)"
DOCUMENT_HEADS = r"(?:số|luật|thông tư|nghị định|nghị quyết|quyết định|kế hoạch|chỉ thị|công văn)"
HOLIDAYS = frozenset(
    [(9, 1), (3, 2), (27, 2), (8, 3), (26, 3), (30, 4), (1, 5), (7, 5), (15, 5), (19, 5), (1, 6), (21, 6), (28, 6),
     (11, 7), (27, 7), (19, 8), (2, 9), (10, 10), (14, 10), (15, 10), (20, 10), (9, 11), (18, 11), (20, 11), (23, 11),
     (13, 12), (19, 12), (22, 12)]
)  # fmt: skip
"""Days and months that streets, hamlets and celebrations are named after."""
_NAMED_AFTER_DAYS = (
    r"(?:đường|phố|ấp|khóm|quảng trường|công viên|trường|cầu|cách mạng|bệnh viện|nông trường|khu phố|kênh|kinh|rạch|chợ"
    r"|tuyến|lộ|tượng đài|nhà thiếu nhi|công ty|xí nghiệp|đội|phong trào)"
)
_DATE_HEADS = rf"(?:{DAY_WORDS}|rằm|từ|đến|tới|trước|sau|hạn|nghỉ|mừng|quốc khánh)"
_NOT_DATE_HEADS = r"(?:số|lớp|mốc|nhà|hẻm|lô|thửa|ấp|tổ|đạt|có|tỷ lệ|được|khoảng|hơn|gần)"
_ADDRESS_HEADS = r"(?:số|nhà|hẻm|lô|thửa|mốc|lớp|hạng|thứ|vị trí|tập|trang|thương binh|bệnh binh|tb|bb)"
_HOUSE_HEADS = r"(?:(?:số )?nhà(?: số)?|căn(?: số)?|hẻm|ngõ|lô|thửa|kiệt|phòng(?: học| số)?|lớp)"
_SCALES = frozenset([(1, 1000), (1, 2000)])
"""Scales of maps and plans that look like a month of a year."""
_PARTS = re.compile(
    r" (?:số|tổng|dân|diện|đại biểu|học|thành|chỉ|tiêu|ấp|khóm|xã|phường|tỉnh|huyện|người|cán|hội|cử|đảng|lao|trẻ|phụ"
    r"|gia|hộ|nhân|trường|lớp|phiếu|nhà|khối|quãng|thời|thu|chặng|nước|lượng|vốn|mức|giá|quân|sản|cơ|đơn|công|con|bài)"
    rf"(?![{LATIN}])"
)
"""What is counted in parts."""
_COUNTED = re.compile(r" (?!tháng|năm|và|đến|tới|tại|ở|hằng|hàng)[^\W\d_]")
_CHAIN = re.compile(r"(?<!\d)(\d{1,2})/(\d{1,2})(?:,| và| hoặc| hay) $")
_AND = "(?:, | và | hoặc | hay |; )"
_DAYS = re.compile(rf"(?<!\w){DAY_HEADS} (?:\d{{1,2}}{_AND}){{1,6}}$", re.IGNORECASE)
_DATES = re.compile(rf"(?<!\w){DAY_HEADS} (?:\d{{1,2}}(?:[/-]\d{{1,2}})?{_AND}){{1,6}}$", re.IGNORECASE)
_FIRST_YEAR, _LAST_YEAR = 1800, 2200


class Slash(Enum):
    """What stands on both sides of a slash."""

    DATE = auto()
    NAME = auto()
    """Something named after a day: `đường 30/4`."""
    YEARS = auto()
    DOCUMENT = auto()
    """A number of a year: `Nghị định 10/2020`."""
    FRACTION = auto()
    RATIO = auto()


def after(heads: str, left: str) -> bool:
    """Whether a text ends with one of some words, as a word."""
    return re.search(rf"(?<!\w)(?:{heads}) ?:? ?$", left, re.IGNORECASE) is not None


def follows_days(left: str) -> bool:
    """Whether a text ends with a list of days whose month is still to come: `các ngày 12, 13 và `."""
    return _DAYS.search(left) is not None


def follows_dates(left: str) -> bool:
    """Whether a text ends with a list of days, some with their months: `ngày 30/4 và `."""
    return _DATES.search(left) is not None


def is_month(month: int, year: int, left: str) -> bool:
    """Whether `month/year` is one: no number of a house or a document, and no scale of a plan."""
    scale = (month, year) in _SCALES and not after("tháng|từ|đến|tới|trước|sau", left)
    return not scale and not after(DOCUMENT_HEADS, left) and not after(_HOUSE_HEADS, left)


def meaning(above: str, below: str, left: str, right: str) -> Slash:
    """What `above/below` means between two texts."""
    a, b = int(above), int(below)
    tests = (
        (Slash.RATIO, after(_HOUSE_HEADS, left)),
        (Slash.YEARS, len(above) == 4 and _FIRST_YEAR < a < _LAST_YEAR and _is_later_year(a, below)),
        (Slash.DOCUMENT, len(below) == 4 and b > _FIRST_YEAR and after(DOCUMENT_HEADS, left)),
        (Slash.NAME, (a, b) in HOLIDAYS and after(_NAMED_AFTER_DAYS, left)),
        (Slash.RATIO, (a, b) == (24, 7) and not after(_DATE_HEADS, left)),
        (Slash.DATE, figures.is_date(a, b) and _is_day(a, b, left, right)),
        (Slash.FRACTION, 0 < a < b <= 10 and not after(_ADDRESS_HEADS, left)),
    )
    return next((slash for slash, holds in tests if holds), Slash.RATIO)


def _is_later_year(first: int, below: str) -> bool:
    """Whether digits are a year after the first: all four, or the last two of the next (`vụ 2025/26`)."""
    return first < int(below) < _LAST_YEAR if len(below) == 4 else len(below) == 2 and (first + 1) % 100 == int(below)


def _is_day(a: int, b: int, left: str, right: str) -> bool:
    """Whether what can be a date is one."""
    chained = _CHAIN.search(left)
    if (chained and int(chained[1]) > int(chained[2])) or follows_dates(left):
        return True
    small = a < b <= 10 and _COUNTED.match(right) and not after(DAY_HEADS, left)
    known = a > b or ((a, b) in HOLIDAYS and not _PARTS.match(right))
    return (after(_DATE_HEADS, left) and not small) or (known and not after(_NOT_DATE_HEADS, left))
