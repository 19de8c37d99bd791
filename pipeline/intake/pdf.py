"""PDF with text → lines. The library works in a process of its own: a hostile file takes only that one down."""

import json
import re
import subprocess
import sys
from collections import Counter

from pipeline.core.errors import Says, ScannedPages, UnreadableScript
from pipeline.intake.manuscript import Line, nfc, tidy

_KIND = Says("tệp .pdf", ".pdf file")
MOST_PAGES = 100
_PATIENCE = 60.0
"""Seconds of reading."""
_MEMORY = 2_000_000_000
"""Bytes the reading process may take."""
_FEW = 20
"""Characters a page that are not yet text: the number on a scanned page."""
_FULL = 60
"""Characters of a line that probably ran to the edge of its page."""
_PAGE_NUMBER = re.compile(r"(?:[Tt]rang )?[-–]? ?\d{1,4} ?(?:/ ?\d{1,4})? ?[-–]?")
_REPEATED = 0.6
"""The share of pages on which the first or last line must stand to be a page header or footer."""


def lines(data: bytes, name: str) -> list[Line]:
    """The lines of a PDF, without page numbers and page headers; wrapped lines are for the body to join.

    Raises:
        UnreadableScript: damaged, protected by a password, too many pages, or too slow to read.
        ScannedPages: it has pages but no text.
    """
    if not data.lstrip()[:5] == b"%PDF-":
        raise _refused(name, "bên trong không phải PDF", "it is no PDF inside")
    pages = _pages(data, name)
    if sum(len("".join(page).strip()) for page in pages) <= _FEW * len(pages):
        raise ScannedPages(name=name, pages=len(pages))
    found = [[Line(tidy(nfc(text))) for text in page] for page in _without_margins(pages)]
    return [line for page in found for line in page]


def _refused(name: str, vi: str, en: str) -> UnreadableScript:
    return UnreadableScript(name=name, format=_KIND, reason=Says(vi, en))


def _pages(data: bytes, name: str) -> list[list[str]]:
    """The lines of each page, from a process of its own."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "pipeline.intake.pdf"], input=data, capture_output=True, timeout=_PATIENCE,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as problem:
        raise _refused(name, "đọc quá lâu, tệp có thể hỏng", "it takes too long to read") from problem
    answer = json.loads(done.stdout) if done.returncode == 0 and done.stdout else {"fault": "damaged"}
    match answer.get("fault"):
        case None:
            return [page.splitlines() for page in answer["pages"]]
        case "password":
            raise _refused(name, "tệp có mật khẩu", "it is protected by a password")
        case "pages":
            raise _refused(name, f"quá {MOST_PAGES} trang", f"more than {MOST_PAGES} pages")
        case _:
            raise _refused(name, "tệp hỏng", "the file is damaged")


def _without_margins(pages: list[list[str]]) -> list[list[str]]:
    """Pages without numbers, and without a first or last line that stands on most of them."""
    texts = [[text for text in page if text.strip() and not _PAGE_NUMBER.fullmatch(tidy(text))] for page in pages]
    edges = Counter(edge for page in texts if page for edge in {tidy(page[0]), tidy(page[-1])})
    often = {edge for edge, times in edges.items() if len(pages) > 2 and times >= _REPEATED * len(pages)}
    return [
        [text for i, text in enumerate(page) if not (i in {0, len(page) - 1} and tidy(text) in often)] for page in texts
    ]


def _extract(data: bytes) -> dict[str, object]:
    """What the reading process answers: the text of each page, or a fault."""
    import io  # noqa: PLC0415 - only in that process
    import logging  # noqa: PLC0415

    from pypdf import PdfReader  # noqa: PLC0415

    logging.disable()
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        return {"fault": "password"}
    if len(reader.pages) > MOST_PAGES:
        return {"fault": "pages"}
    return {"pages": [page.extract_text() for page in reader.pages]}


def _main() -> None:
    import resource  # noqa: PLC0415 - only in that process

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(_PATIENCE), int(_PATIENCE)))
    sys.stdout.write(json.dumps(_extract(sys.stdin.buffer.read())))


if __name__ == "__main__":
    _main()
