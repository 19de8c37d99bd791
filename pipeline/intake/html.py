"""Web pages, above all those that Word saves: blocks in document order → lines."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.core.errors import EmptyScript
from pipeline.intake import table, text
from pipeline.intake.legacy import Fonts
from pipeline.intake.manuscript import Line, nfc, tidy

if TYPE_CHECKING:
    from lxml.html import HtmlElement as Element

_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_UNSEEN = {"script", "style", "head", "title", "template", "noscript", "del", "object", "svg", "select", "textarea"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_BLOCKS = {"p", "div", "li", "blockquote", "pre", "dt", "dd", "address", "section", "article", "center", *_HEADINGS}
_FONT = re.compile(r"font-family\s*:\s*['\"]?([^;'\",]+)", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*hidden", re.IGNORECASE)
_RULES = re.compile(r"([^{}]{1,200})\{([^{}]{0,2000})\}")


def lines(data: bytes, name: str, fonts: Fonts) -> list[Line]:
    """The lines of a web page: a line for each block, tables as `table.lines` tells them; scripts and comments never.

    Raises:
        UnreadableScript: its encoding is unknown.
        EmptyScript: it has no text at all.
        OldKhmerFont: some of it is Khmer in an old font.
    """
    from lxml import html  # noqa: PLC0415 - only where such a file is dropped

    written = _decoded(data, name)
    parser = html.HTMLParser(remove_comments=True, remove_pis=True, no_network=True)
    page = html.document_fromstring(written, parser=parser) if written.strip() else None
    if page is None:
        raise EmptyScript(name=name)
    return _Page(page, fonts).lines()


def _decoded(data: bytes, name: str) -> str:
    """Text by the charset the page names, where it holds; else as any text."""
    named = _CHARSET.search(data[:4096])
    try:
        written = data.decode(named[1].decode()) if named and not data.startswith((b"\xff\xfe", b"\xfe\xff")) else ""
    except (UnicodeDecodeError, LookupError):
        written = ""
    decoded = written or text.decode(data, name)
    return re.sub(r"^\s*<\?xml[^>]*\?>", "", decoded.lstrip("\ufeff"))


class _Page:
    """One page: its blocks as lines, in the fonts that its style sheet, styles and font tags name."""

    def __init__(self, page: "Element", fonts: Fonts) -> None:
        self._page, self._fonts = page, fonts
        sheet = " ".join(style.text or "" for style in page.iter("style"))
        self._sheet = {
            selector.strip().casefold(): found[1].strip()
            for selectors, rules in _RULES.findall(sheet)
            if (found := _FONT.search(rules))
            for selector in selectors.split(",")
        }

    def lines(self) -> list[Line]:
        """All lines of the body."""
        body = self._page.find("body")
        start = body if body is not None else self._page
        return list(self._lines(start, self._font(start, "")))

    def _lines(self, block: "Element", font: str) -> Iterator[Line]:
        """What stands between blocks makes lines of its own."""
        said = [(_spaced(block.text), font)]
        for child in block:
            inner = self._font(child, font)
            if child.tag == "table" or child.tag in _BLOCKS or _holds_blocks(child):
                yield from self._told(said, block)
                said = []
                yield from self._block(child, inner)
            else:
                said += self._inline(child, inner)
            said.append((_spaced(child.tail), font))
        yield from self._told(said, block)

    def _block(self, block: "Element", font: str) -> Iterator[Line]:
        if _is_unseen(block):
            return
        if block.tag == "table":
            yield from self._table(block)
        elif _holds_blocks(block):
            yield from self._lines(block, font)
        else:
            yield from self._told(list(self._inline(block, font)), block)

    def _inline(self, element: "Element", font: str) -> Iterator[tuple[str, str]]:
        """Text without blocks, each piece with its font."""
        if element.tag == "br":
            yield "\n", font
        elif not _is_unseen(element):
            yield _spaced(element.text), font
            for child in element:
                yield from self._inline(child, self._font(child, font))
                yield _spaced(child.tail), font

    def _told(self, said: list[tuple[str, str]], block: "Element") -> Iterator[Line]:
        for written in nfc(self._fonts.joined(said)).split("\n"):
            if tidy(written):
                yield Line(tidy(written), heading=block.tag in _HEADINGS, alone=True)

    def _table(self, element: "Element") -> list[Line]:
        rows = [row for row in element.iter("tr") if next(row.iterancestors("table"), None) is element]
        return table.lines([[self._cell(cell) for cell in row.iterchildren("td", "th")] for row in rows])

    def _cell(self, cell: "Element") -> str:
        return ", ".join(filter(None, (tidy(line.text) for line in self._lines(cell, self._font(cell, "")))))

    def _font(self, element: "Element", outer: str) -> str:
        """The font an element names: by its style, its face, its class or its tag."""
        own = _FONT.search(element.get("style", ""))
        classes = [f".{c}".casefold() for c in element.get("class", "").split()]
        tag = str(element.tag).casefold()
        keys = [*(f"{tag}{c}" for c in classes), *classes, tag]
        named = next((self._sheet[key] for key in keys if key in self._sheet), "")
        return (own[1].strip() if own else "") or element.get("face", "") or named or outer


def _spaced(written: str | None) -> str:
    """Line ends in the source are only spaces."""
    return re.sub(r"[\r\n\t]+", " ", written or "")


def _is_unseen(element: "Element") -> bool:
    return element.tag in _UNSEEN or _HIDDEN.search(element.get("style", "")) is not None


def _holds_blocks(element: "Element") -> bool:
    return any(inner.tag in _BLOCKS or inner.tag == "table" for inner in element.iterdescendants())
