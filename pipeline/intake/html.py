"""Web pages, above all those that Word saves: blocks in document order → lines."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.core.errors import EmptyScript, Says, UnreadableScript
from pipeline.intake import table, text
from pipeline.intake.legacy import Fonts
from pipeline.intake.manuscript import Line, nfc, tidy

if TYPE_CHECKING:
    from lxml.html import HtmlElement as Element

_KIND = Says("trang web .html", "web page")
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UNSEEN = {"script", "style", "head", "title", "template", "noscript", "del", "object", "svg", "select", "textarea"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_BLOCKS = {"p", "div", "li", "blockquote", "pre", "dt", "dd", "address", "section", "article", "center", *_HEADINGS}
_SECTIONS = ("thead", "tbody", "tfoot")
_FONT = re.compile(r"(?<![\w-])font-family\s*:\s*['\"]?([^;'\",]+)", re.IGNORECASE)
_HIDDEN = re.compile(
    r"display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*hidden"
    r"|mso-element\s*:\s*(?:foot|end)note|mso-element\s*:\s*(?:comment|header|footer)"
    r"|mso-(?:foot|end)note-id|mso-special-character\s*:\s*(?:footnote|comment)",
    re.IGNORECASE,
)
"""What a reader does not see, and what Word keeps for the foot and the margin of a page."""
_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_MOST_DEEP = 200
"""Elements inside each other; a page of Word has some twenty."""


def lines(data: bytes, name: str, fonts: Fonts) -> list[Line]:
    """The lines of a web page: a line for each block, tables as `table.lines` tells them; scripts and comments never.

    Raises:
        UnreadableScript: its encoding is unknown, or elements nest without end.
        EmptyScript: it has no text at all.
        OldKhmerFont: some of it is Khmer in an old font.
    """
    from lxml import html  # noqa: PLC0415 - only where such a file is dropped

    written = _decoded(data, name)
    # Without huge_tree all that follows a long line or an embedded picture would be dropped without a word.
    parser = html.HTMLParser(remove_comments=True, remove_pis=True, no_network=True, huge_tree=True)
    page = html.document_fromstring(written, parser=parser) if written.strip() else None
    if page is None:
        raise EmptyScript(name=name)
    if any(fault.level_name == "FATAL" for fault in parser.error_log) or _depth(page) > _MOST_DEEP:
        reason = Says("tệp hỏng, thẻ lồng nhau quá nhiều lớp", "it is damaged, its tags nest too deep")
        raise UnreadableScript(name=name, format=_KIND, reason=reason)
    return _Page(page, fonts).lines()


def _depth(page: "Element") -> int:
    """How many elements stand inside each other."""
    depth, rows = 0, [page]
    while rows and depth <= _MOST_DEEP:
        depth, rows = depth + 1, [child for element in rows for child in element]
    return depth


def _decoded(data: bytes, name: str) -> str:
    """Text as UTF-8 or UTF-16 where it is that, else by the charset the page names, else as any text."""
    written = "" if data.startswith(_UTF16) else _in(data, "utf-8-sig") or _in(data, _named(data))
    return re.sub(r"^\s*<\?xml[^>]*\?>", "", (written or text.decode(data, name)).lstrip("\ufeff"))


def _named(data: bytes) -> str:
    """The charset a page names; what calls itself Latin-1 is that of Windows, as in every browser."""
    named = _CHARSET.search(data[:4096])
    charset = named[1].decode().lower() if named else ""
    return "cp1252" if charset in {"iso-8859-1", "latin1", "us-ascii"} else charset


def _in(data: bytes, charset: str) -> str:
    """Text in a charset; none where it is not in that."""
    try:
        return data.decode(charset) if charset else ""
    except (UnicodeDecodeError, LookupError):
        return ""


class _Page:
    """One page: its blocks as lines, in the fonts that its style sheet, styles and font tags name."""

    def __init__(self, page: "Element", fonts: Fonts) -> None:
        self._page, self._fonts = page, fonts
        self._sheet = dict(_rules(" ".join(style.text or "" for style in page.iter("style"))))
        self._around = _around(page)

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
            if child.tag == "table" or child.tag in _BLOCKS or child in self._around:
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
            yield from self._table(block, font)
        elif block in self._around:
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

    def _table(self, element: "Element", font: str) -> Iterator[Line]:
        """A table, after what stands in it beside its rows: its caption."""
        rows = list(_rows(element))
        frame = [element, *element.iterchildren(*_SECTIONS), *rows]
        yield from self._told([(_spaced(text), font) for part in frame for text in _beside(part)], element)
        for child in element:
            if child.tag not in {"tr", *_SECTIONS}:
                yield from self._block(child, self._font(child, font))
        yield from table.lines([[self._cell(cell, font) for cell in row.iterchildren("td", "th")] for row in rows])

    def _cell(self, cell: "Element", font: str) -> str:
        for outer in reversed([*cell.iterancestors("tr", *_SECTIONS)][:2]):
            font = self._font(outer, font)
        return table.cell(line.text for line in self._lines(cell, self._font(cell, font)))

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
    hidden = element.get("hidden") is not None or _HIDDEN.search(element.get("style", "")) is not None
    return element.tag in _UNSEEN or hidden


def _beside(part: "Element") -> list[str]:
    """Text of a table that stands in no cell, where no text belongs."""
    return [text for text in (part.text, *(child.tail for child in part)) if text and text.strip()]


def _rows(element: "Element") -> Iterator["Element"]:
    """The rows of a table in order."""
    for child in element:
        if child.tag == "tr":
            yield child
        elif child.tag in _SECTIONS:
            yield from child.iterchildren("tr")


def _around(page: "Element") -> set["Element"]:
    """The elements that hold blocks."""
    found: set[Element] = set()
    for block in page.iter("table", *_BLOCKS):
        for outer in block.iterancestors():
            if outer in found:
                break
            found.add(outer)
    return found


def _rules(sheet: str) -> Iterator[tuple[str, str]]:
    """The selectors of a style sheet, each with the font it names."""
    for rule in _COMMENT.sub(" ", sheet).split("}"):
        selectors, _, said = rule.partition("{")
        if found := _FONT.search(said):
            for selector in selectors.split(","):
                yield selector.strip().casefold(), found[1].strip()
