"""The structure of an official paper: its top and its foot are for the eye, its headings are for a breath. Pure.

The layout is that of decree 30/2020/NĐ-CP, appendix I: name of the state, motto, office, number, place and date on top;
signature and recipients at the foot. Party papers have their own top line (instruction 36-HD/VPTW).
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from pipeline.core.text import slug
from pipeline.intake.manuscript import Line, tidy

TOP, FOOT = "phần đầu văn bản (quốc hiệu, số, ngày)", "nơi nhận và phần ký"
_TOP_LINES, _FOOT_LINES = 20, 40
"""Written lines in which a top and a foot are looked for."""
_STATE = {"cong-hoa-xa-hoi-chu-nghia-viet-nam", "dang-cong-san-viet-nam"}
_MOTTO = re.compile(r"(?:^|[ ;,])Độc lập ?[-–—.] ?Tự do ?[-–—.] ?Hạnh phúc[ ;,.]*", re.IGNORECASE)
_OFFICIAL = r"Số ?:? ?[\d.…]* ?[-/] ?[A-ZĐ][\w&/.-]{1,40}"
_DATED = r"[^\W\d_]+(?:[ .]{1,2}[^\W\d_]+){0,5}, ngày ?[\d.…]* ?tháng ?[\d.…]* ?năm ?[\d.…]*"
_NUMBER_OR_DATE = re.compile(rf"{_OFFICIAL}(?: ?[;,].{{0,80}})?|(?:{_OFFICIAL} )?{_DATED}")
_RULE = re.compile(r"[\W_]{1,60}")
_RECIPIENTS = re.compile(r"Nơi nhận ?:", re.IGNORECASE)
_BY_ORDER = re.compile(r"(?:TM|KT|TL|TUQ|Q)\. ?[A-ZĐÀ-Ỹ]")
_OFFICE = re.compile(
    r"(?:QUYỀN |PHÓ )?(?:CHỦ TỊCH|GIÁM ĐỐC|BÍ THƯ|TRƯỞNG BAN|TRƯỞNG PHÒNG|CHÁNH VĂN PHÒNG|HIỆU TRƯỞNG|CHÁNH THANH TRA)"
)
_SIGNED = re.compile(r"\((?:đã ký|ký tên|ký, ?ghi|ký và)[^)]*\)", re.IGNORECASE)
_NAME = re.compile(r"(?=.{2,40}$)(?:[A-ZĐÀ-Ỹ][a-zà-ỹđ]*\.? ?){2,6}")
_ITEM = re.compile(r"(?:[-+*•]|Lưu ?:|Như trên)")
_LONGEST_ITEM = 150
_HEADED = re.compile(
    r"(?:[IVX]{1,5}|\d{1,2}(?:\.\d{1,2}){0,3}|[A-HĐ]|[\u1780-\u17a2])[.)] ?\S"
    r"|(?:Điều|Chương|Mục|Phần|Phụ lục) [\dIVX]+"
)
_LONGEST_HEADING, _LONGEST_NUMBERED = 100, 60
_ENDED = re.compile(r"[.!?:;,…។៕៖][\"”’»)\]]*$")
_KINDS = {
    "ke-hoach", "thong-bao", "quyet-dinh", "bao-cao", "nghi-quyet", "chi-thi", "to-trinh", "cong-dien", "huong-dan",
    "chuong-trinh", "ket-luan", "quy-dinh", "quy-che", "de-an", "thong-cao", "ban-tin", "thu-ngo",
}  # fmt: skip
"""Kinds of papers, whose name stands alone above what they are about."""


def structured(lines: Sequence[Line]) -> list[Line]:
    """The lines of a script, with top and foot of a paper left out, and headings known as such."""
    texts = [*(tidy(line.text) for line in lines), ""]
    marked = [_heading(line, following) for line, following in zip(lines, texts[1:], strict=True)]
    for number in _top(lines):
        marked[number] = replace(marked[number], left_out=TOP)
    for number in _foot(lines):
        marked[number] = replace(marked[number], left_out=FOOT)
    return marked


def is_top(text: str) -> bool:
    """Whether a line is the name of the state or the Party in capitals, alone or as a cell, or the motto."""
    cells = [cell.strip() for cell in re.split("[;,]", text)]
    return _has_motto(text) or any(cell.isupper() and slug(cell) in _STATE for cell in cells)


def _has_motto(text: str) -> bool:
    """Whether a line is the motto, or its last words are, after what stood in the column beside it."""
    beside = _MOTTO.split(tidy(text))
    return len(beside) == 2 and not beside[1] and (not beside[0] or beside[0].isupper())


def _is_merged_top(text: str) -> bool:
    """Whether two columns stand on one line: an office and the state or the Party, all in capitals."""
    return text.isupper() and any(slug(text, 200).endswith(name) for name in _STATE)


def is_kind(text: str) -> bool:
    """Whether a line is nothing but the kind of a paper: `KẾ HOẠCH`."""
    return text.isupper() and slug(text) in _KINDS


def _top(lines: Sequence[Line]) -> list[int]:
    """The lines of a paper's top."""
    written = [n for n, line in enumerate(lines) if tidy(line.text)][:_TOP_LINES]
    tops = [n for n in written if is_top(lines[n].text)]
    if tops or any(_is_number_or_date(tidy(lines[n].text)) for n in written):
        tops = [n for n in written if n in tops or _is_merged_top(lines[n].text)]
    if not tops:
        return [n for n in written if _is_number_or_date(tidy(lines[n].text))][:2]
    found = [n for n in written if n <= tops[-1] and (n in tops or _belongs_on_top(lines[n].text))]
    for n in written:
        if n > tops[-1]:
            if is_kind(tidy(lines[n].text)) or not _belongs_on_top(lines[n].text):
                break
            found.append(n)
    return found


def _belongs_on_top(text: str) -> bool:
    text = tidy(text)
    short = len(text) <= _LONGEST_HEADING
    return _is_number_or_date(text) or bool(_RULE.fullmatch(text)) or (short and text.isupper() and not is_kind(text))


def _is_number_or_date(text: str) -> bool:
    return _NUMBER_OR_DATE.fullmatch(text) is not None


def _foot(lines: Sequence[Line]) -> list[int]:
    """The lines of a paper's foot: from the recipients or the signature on, as long as they look like it."""
    written = [n for n, line in enumerate(lines) if tidy(line.text)][-_FOOT_LINES:]
    start = next((i for i, n in enumerate(written) if _opens_foot(lines, written[i:])), len(written))
    found: list[int] = []
    for n in written[start:]:
        if not _belongs_at_foot(tidy(lines[n].text)):
            break
        found.append(n)
    return found


def _opens_foot(lines: Sequence[Line], rest: Sequence[int]) -> bool:
    text = tidy(lines[rest[0]].text)
    if _RECIPIENTS.match(text) or (_BY_ORDER.match(text) and text.split(";")[0].isupper()):
        return True
    following = tidy(lines[rest[1]].text) if len(rest) > 1 else ""
    return bool(_OFFICE.fullmatch(text)) and bool(_SIGNED.match(following) or _NAME.fullmatch(following))


def _belongs_at_foot(text: str) -> bool:
    if _RECIPIENTS.match(text) or _SIGNED.search(text) or _RULE.fullmatch(text):
        return True
    item = _ITEM.match(text) and len(text) <= _LONGEST_ITEM
    office = len(text) <= _LONGEST_ITEM and text.split(";", maxsplit=1)[0].isupper() and not is_kind(text)
    return bool(item or office or _NAME.fullmatch(text))


def _heading(line: Line, following: str) -> Line:
    """A line that is a heading by its form; one that the next line goes on with is a paragraph wrapped by hand."""
    text = tidy(line.text)
    if line.heading or not text or len(text) > _LONGEST_HEADING or _ENDED.search(text) or following[:1].islower():
        return line
    large = text.isupper() and len(text.split()) > 1
    numbered = len(text) <= _LONGEST_NUMBERED and _HEADED.match(text)
    return replace(line, heading=True, alone=True) if large or numbered else line
