"""PDF with text → lines. The library works in a process of its own: a hostile file takes only that one down."""

import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.core.errors import Says, ScannedPages, TooLarge, UnreadableScript, figure
from pipeline.intake.legacy import Fonts
from pipeline.intake.manuscript import Line, nfc, tidy

if TYPE_CHECKING:
    from pypdf import PageObject
    from pypdf.generic import DictionaryObject

_KIND = Says("tệp .pdf", ".pdf file")
MOST_PAGES = 100
_PATIENCE = 30.0
"""Seconds of reading."""
_MEMORY = 2_000_000_000
"""Bytes the reading process may take."""
_MOST_TEXT = 4_000_000
"""Characters; the reading process stops there."""
_FEW = 20
"""Characters a page that are not yet text: the stamp on a scanned page."""
_PAGE_NUMBER = re.compile(r"(?P<named>[Tt]rang |[Tt]r\. ?|[-–] ?)?(?P<n>\d{1,4}) ?(?:/ ?\d{1,4})? ?[-–]?")
_REPEATED = 0.6
"""The share of pages on which the first or last line must stand to be a page header or footer."""
_MISPLACED = re.compile(r"(?<![\u1780-\u17d3\u17dd])[\u17b6-\u17d3]|\u17d2(?![\u1780-\u17b3])")
"""A Khmer vowel or sign that stands on no letter."""
_KHMER = re.compile(r"[\u1780-\u17b3]")
_MOST_MISPLACED = 0.02
"""Of the letters. In PDF vowels often stand in the order they are drawn in."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One page as the library reads it."""

    lines: tuple[str, ...]
    pictures: bool

    @property
    def is_scanned(self) -> bool:
        return self.pictures and len("".join(self.lines).strip()) <= _FEW


def lines(data: bytes, name: str, fonts: Fonts) -> list[Line]:
    """The lines of a PDF, without page numbers and page headers; wrapped lines are for the body to join.

    A page that is only a picture among pages of text, and what stands on top or at the foot of most pages, are lines
    that are left out, so that the editor hears of them.

    Raises:
        UnreadableScript: damaged, protected by a password, too many pages, too slow to read, or Khmer out of order.
        ScannedPages: it has pages but no text.
        OldKhmerFont: it uses a font that shows Khmer where the text has Latin letters.
    """
    if not data.lstrip()[:5] == b"%PDF-":
        raise _refused(name, "bên trong không phải PDF", "it is no PDF inside")
    sheets, names = _sheets(data, name)
    for font in names:
        fonts.shown("x", font)
    pages, margins = _without_margins([[tidy(nfc(text)) for text in sheet.lines] for sheet in sheets])
    if not any(map(any, pages)) or all(sheet.is_scanned for sheet in sheets):
        raise ScannedPages(name=name, pages=len(pages))
    _check_khmer("\n".join(text for page in pages for text in page), name, fonts)
    found: list[Line] = []
    for number, (sheet, page) in enumerate(zip(sheets, pages, strict=True), start=1):
        if sheet.is_scanned:
            why = "trang chỉ có hình; nếu trong hình có chữ cần đọc thì gõ ra"
            found.append(Line(f"trang {number}", alone=True, left_out=why))
        found += map(Line, page)
    return [*found, *(Line(text, alone=True, left_out="in ở đầu hay cuối mọi trang") for text in margins)]


def _check_khmer(text: str, name: str, fonts: Fonts) -> None:
    """Raise UnreadableScript where Khmer came out of order; where it did not, its editor compares all the same."""
    letters = len(_KHMER.findall(text))
    if len(_MISPLACED.findall(text)) > _MOST_MISPLACED * letters:
        raise _refused(
            name,
            "chữ Khmer trong PDF bị đảo thứ tự; xin bản Word",
            "its Khmer is not in reading order; ask for the Word file",
        )
    if letters:
        fonts.notices.append("chữ Khmer lấy từ PDF có thể sai dấu: so với bản gốc trước khi duyệt")


def _refused(name: str, vi: str, en: str) -> UnreadableScript:
    return UnreadableScript(name=name, format=_KIND, reason=Says(vi, en))


def _sheets(data: bytes, name: str) -> tuple[list[_Sheet], list[str]]:
    """The pages and the names of the fonts, from a process of its own."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "pipeline.intake.pdf"], input=data, capture_output=True, timeout=_PATIENCE,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as problem:
        raise _refused(name, "đọc quá lâu, tệp có thể hỏng", "it takes too long to read") from problem
    answer: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 and done.stdout else {"fault": "damaged"}
    match answer.get("fault"):
        case None:
            sheets = [_Sheet(tuple(text.splitlines()), pictures) for text, pictures in answer["pages"]]
            return sheets, answer["fonts"]
        case "password":
            raise _refused(name, "tệp có mật khẩu", "it is protected by a password")
        case "pages":
            raise _refused(name, f"quá {MOST_PAGES} trang", f"more than {MOST_PAGES} pages")
        case "text":
            raise TooLarge(name=name, megabytes=figure(_MOST_TEXT / 1e6), most=f"{_MOST_TEXT / 2e6:g}")
        case _:
            raise _refused(name, "tệp hỏng", "the file is damaged")


def _without_margins(pages: list[list[str]]) -> tuple[list[list[str]], list[str]]:
    """Pages without their numbers, and without the first or last lines that stand on most of them; and these lines."""
    texts = [[text for text in page if text] for page in pages]
    for edge in (0, -1):
        numbers = [_number(page[edge], place) if page else None for place, page in enumerate(texts, start=1)]
        counted = Counter(n for n in numbers if n is not None)
        for offset in (offset for offset, times in counted.items() if _counts_up(offset, times, len(texts))):
            texts = [_cut(page, edge) if n == offset else page for n, page in zip(numbers, texts, strict=True)]
    edges = Counter(edge for page in texts if page for edge in {page[0], page[-1]})
    often = [edge for edge, times in edges.items() if len(pages) > 2 and times >= _REPEATED * len(pages)]
    inner = [
        [text for i, text in enumerate(page) if i not in {0, len(page) - 1} or text not in often] for page in texts
    ]
    return inner, often


def _counts_up(offset: int, times: int, pages: int) -> bool:
    """Whether numbers that lie equally far from their pages are page numbers: a lone figure may end a table."""
    return times >= max(2, _REPEATED * (pages - 1)) or (pages == 1 and offset == 0)


def _number(text: str, place: int) -> int | None:
    """How far the page number that a line is lies from the page's place; None where it is no page number."""
    found = _PAGE_NUMBER.fullmatch(text)
    return int(found["n"]) - place if found else None


def _cut(page: list[str], edge: int) -> list[str]:
    return page[1:] if edge == 0 else page[:-1]


# --- in the reading process ------------------------------------------------------------------------------------------


def _extract(data: bytes) -> dict[str, object]:
    """What the reading process answers: the text of each page and whether it has pictures, the fonts; or a fault."""
    import io  # noqa: PLC0415 - only in that process
    import logging  # noqa: PLC0415

    from pypdf import PdfReader  # noqa: PLC0415

    logging.disable()
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        return {"fault": "password"}
    if len(reader.pages) > MOST_PAGES:
        return {"fault": "pages"}
    pages: list[tuple[str, bool]] = []
    fonts: set[str] = set()
    for page in reader.pages:
        pages.append((page.extract_text(), bool(_resources(page, "/XObject"))))
        fonts |= {str(font.get_object().get("/BaseFont", "")) for font in _resources(page, "/Font").values()}
        if sum(len(text) for text, _ in pages) > _MOST_TEXT:
            return {"fault": "text"}
    return {"pages": pages, "fonts": sorted(_SUBSET.sub("", font) for font in fonts)}


_SUBSET = re.compile(r"^/?(?:[A-Z]{6}\+)?")


def _resources(page: "PageObject", kind: str) -> "DictionaryObject":
    from pypdf.generic import DictionaryObject  # noqa: PLC0415 - only in that process

    found = page.get("/Resources", DictionaryObject()).get_object().get(kind)
    return found.get_object() if found is not None else DictionaryObject()


def _main() -> None:
    import resource  # noqa: PLC0415 - only in that process

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(_PATIENCE), int(_PATIENCE)))
    sys.stdout.write(json.dumps(_extract(sys.stdin.buffer.read())))


if __name__ == "__main__":
    _main()
