"""OpenDocument text (.odt): paragraphs, lists and tables in document order → lines (ODF 1.3, part 3)."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.core.errors import Says, UnreadableScript
from pipeline.intake import package, table
from pipeline.intake.legacy import Fonts
from pipeline.intake.manuscript import Line, nfc

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_KIND = Says("tệp OpenDocument .odt", "OpenDocument .odt file")
_DAMAGED = Says("tệp hỏng, hoặc có đoạn dài quá mức", "it is damaged, or has a paragraph without end")
_CONTENT, _STYLES = "content.xml", "styles.xml"
_NS = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "draw": "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0",
    "svg": "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0",
    "fo": "urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0",
}
_DRAWN = f"{{{_NS['draw']}}}"
_MOST_REPEATED = 100
"""Times that a repeated cell or space is taken."""
_MOST_DEEP = 50
"""Styles based on each other."""


def _q(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{{{_NS[prefix]}}}{local}"


_P, _H, _TABLE, _ROW, _CELL = (
    _q("text:p"), _q("text:h"), _q("table:table"), _q("table:table-row"), _q("table:table-cell"),
)  # fmt: skip
_UNSEEN = frozenset(
    map(_q, ("text:tracked-changes", "text:note", "office:annotation", "text:sequence-decls", "office:forms",
             "text:table-of-content", "text:hidden-text"))
)  # fmt: skip


_SPACES = {_q("text:s"): " ", _q("text:tab"): " ", _q("text:line-break"): "\n"}


def lines(data: bytes, name: str, fonts: Fonts) -> list[Line]:
    """The lines of an OpenDocument text: each paragraph alone, tables as `table.lines` tells them.

    Page headers, footnotes, comments and tracked deletions are not part of what is read aloud.

    Raises:
        UnreadableScript: not OpenDocument, protected by a password, damaged, or a zip bomb.
        OldKhmerFont: some of it is Khmer in an old font.
    """
    parts = package.check(data, name, _CONTENT, _KIND)
    try:
        names = set(parts.namelist())
        content = _parsed(parts.read(_CONTENT))
        styles = _parsed(parts.read(_STYLES)) if _STYLES in names else None
    except package.BROKEN as problem:
        raise UnreadableScript(name=name, format=_KIND, reason=_DAMAGED) from problem
    body = content.find(f"{_q('office:body')}/{_q('office:text')}")
    if body is None:
        raise UnreadableScript(name=name, format=_KIND, reason=Says("không phải văn bản", "it is no text document"))
    return _Page(content, styles, fonts).lines(body)


def _parsed(xml: bytes) -> "Element":
    from lxml import etree  # noqa: PLC0415 - only where such a file is dropped

    return etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))


class _Page:
    """One document: its blocks as lines, and the font of each style."""

    def __init__(self, content: "Element", styles: "Element | None", fonts: Fonts) -> None:
        self._fonts = fonts
        # What styles.xml calls automatic is for page headers, and may bear the names of those of the text.
        common = styles.find(_q("office:styles")) if styles is not None else None
        sources = [source for source in (common, content) if source is not None]
        self._styles = {_key(style): style for source in sources for style in source.iter(_q("style:style"))}
        defaults = (style for source in sources for style in source.iter(_q("style:default-style")))
        self._usual = next((style for style in defaults if style.get(_q("style:family")) == "paragraph"), None)
        faces = (
            face for source in (styles, content) if source is not None for face in source.iter(_q("style:font-face"))
        )
        self._faces = {face.get(_q("style:name")): face.get(_q("svg:font-family"), "") for face in faces}

    def lines(self, parent: "Element") -> list[Line]:
        return [line for child in parent for line in self._lines(child)]

    def _lines(self, block: "Element") -> Iterator[Line]:
        if _is_unseen(block):
            return
        if block.tag in {_P, _H}:
            for text in nfc(self._written(block)).split("\n"):
                yield Line(text, heading=block.tag == _H, alone=True)
            for drawn in _drawn(block):
                yield from self.lines(drawn)
        elif block.tag == _TABLE:
            yield from table.lines([self._row(row) for row in block.iter(_ROW) if _nearest(row, _TABLE) is block])
        else:
            yield from self.lines(block)

    def _row(self, row: "Element") -> list[str]:
        cells: list[str] = []
        for cell in row.iterchildren(_CELL):
            text = table.cell(line.text for line in self.lines(cell))
            cells += [text] * (_times(cell.get(_q("table:number-columns-repeated"))) if text else 1)
        return cells

    def _written(self, paragraph: "Element") -> str:
        return self._fonts.joined(self._runs(paragraph, self._named(self._usual)))

    def _runs(self, element: "Element", font: str) -> Iterator[tuple[str, str]]:
        """The text of a paragraph or span, each piece with its font."""
        family = "paragraph" if element.tag in {_P, _H} else "text"
        style = element.get(_q("text:style-name"))
        if self._is_hidden(family, style):
            return
        font = self._font(family, style) or font
        yield _spaced(element.text), font
        for child in element:
            if child.tag in _SPACES:
                yield _SPACES[child.tag] * _times(child.get(_q("text:c"))), font
            elif not _is_unseen(child) and not child.tag.startswith(_DRAWN):
                yield from self._runs(child, font)
            yield _spaced(child.tail), font

    def _font(self, family: str, style: str | None, depth: int = 0) -> str:
        """The font of a style, else of its parent."""
        found = self._styles.get((family, style))
        if found is None or depth > _MOST_DEEP:
            return ""
        return self._named(found) or self._font(family, found.get(_q("style:parent-style-name")), depth + 1)

    def _named(self, style: "Element | None") -> str:
        """The font a style names itself, by its face or its family."""
        properties = style.find(_q("style:text-properties")) if style is not None else None
        if properties is None:
            return ""
        face = properties.get(_q("style:font-name"), "")
        named = self._faces.get(face) or face or properties.get(_q("fo:font-family"), "")
        return str(named).strip("'\"")

    def _is_hidden(self, family: str, style: str | None) -> bool:
        found = self._styles.get((family, style))
        properties = found.find(_q("style:text-properties")) if found is not None else None
        return properties is not None and properties.get(_q("text:display")) == "none"


def _key(style: "Element") -> tuple[str | None, str | None]:
    return style.get(_q("style:family")), style.get(_q("style:name"))


def _is_unseen(element: "Element") -> bool:
    """Whether nothing in an element is read: a comment of the XML, a footnote, a hidden section."""
    return not isinstance(element.tag, str) or element.tag in _UNSEEN or element.get(_q("text:display")) == "none"


def _drawn(block: "Element") -> Iterator["Element"]:
    """The text boxes and shapes with text that hang on a paragraph, each once."""
    for child in block:
        if isinstance(child.tag, str) and child.tag not in _UNSEEN:
            if child.tag.startswith(_DRAWN):
                yield child
            else:
                yield from _drawn(child)


def _spaced(written: str | None) -> str:
    """Line ends in the source are only spaces."""
    return re.sub(r"[\r\n\t]+", " ", written or "")


def _times(written: str | None) -> int:
    """How often a cell or a space is repeated."""
    return min(int(written), _MOST_REPEATED) if written and written.isdecimal() else 1


def _nearest(element: "Element", tag: str) -> "Element | None":
    return next(element.iterancestors(tag), None)
