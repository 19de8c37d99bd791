"""OpenDocument text (.odt): paragraphs, lists and tables in document order → lines (ODF 1.3, part 3)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.core.errors import Says, UnreadableScript
from pipeline.intake import package, table
from pipeline.intake.legacy import Fonts
from pipeline.intake.manuscript import Line, nfc, tidy

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_KIND = Says("tệp OpenDocument .odt", "OpenDocument .odt file")
_CONTENT, _STYLES = "content.xml", "styles.xml"
_NS = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "draw": "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0",
    "fo": "urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0",
}
_DRAWN = f"{{{_NS['draw']}}}"
_MOST_REPEATED = 100
"""Times that a repeated cell or space is taken."""


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
        if "META-INF/manifest.xml" in names and b"encryption-data" in parts.read("META-INF/manifest.xml"):
            raise UnreadableScript(name=name, format=_KIND, reason=Says("tệp có mật khẩu", "it has a password"))
        content = _parsed(parts.read(_CONTENT))
        styles = _parsed(parts.read(_STYLES)) if _STYLES in names else None
    except package.BROKEN as problem:
        raise UnreadableScript(name=name, format=_KIND, reason=Says("tệp hỏng", "it is damaged")) from problem
    body = content.find(f"{_q('office:body')}/{_q('office:text')}")
    if body is None:
        raise UnreadableScript(name=name, format=_KIND, reason=Says("không phải văn bản", "it is no text document"))
    return _Page([content, *([styles] if styles is not None else [])], fonts).lines(body)


def _parsed(xml: bytes) -> "Element":
    from lxml import etree  # noqa: PLC0415 - only where such a file is dropped

    return etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))


class _Page:
    """One document: its blocks as lines, and the font of each style."""

    def __init__(self, sources: list["Element"], fonts: Fonts) -> None:
        self._fonts = fonts
        self._styles = {s.get(_q("style:name")): s for source in sources for s in source.iter(_q("style:style"))}

    def lines(self, parent: "Element") -> list[Line]:
        return [line for child in parent for line in self._lines(child)]

    def _lines(self, block: "Element") -> Iterator[Line]:
        if block.tag in {_P, _H}:
            for text in nfc(self._written(block)).split("\n"):
                yield Line(text, heading=block.tag == _H, alone=True)
            for box in block.iter(_q("draw:text-box")):
                yield from self.lines(box)
        elif block.tag == _TABLE:
            yield from table.lines([self._row(row) for row in block.iter(_ROW) if _nearest(row, _TABLE) is block])
        elif isinstance(block.tag, str) and block.tag not in _UNSEEN:
            yield from self.lines(block)

    def _row(self, row: "Element") -> list[str]:
        cells: list[str] = []
        for cell in row.iterchildren(_CELL):
            text = ", ".join(filter(None, (tidy(line.text) for line in self.lines(cell))))
            times = int(cell.get(_q("table:number-columns-repeated"), "1"))
            cells += [text] * (min(times, _MOST_REPEATED) if text else 1)
        return cells

    def _written(self, paragraph: "Element") -> str:
        return self._fonts.joined(self._runs(paragraph, ""))

    def _runs(self, element: "Element", font: str) -> Iterator[tuple[str, str]]:
        """The text of a paragraph or span, each piece with its font."""
        font = self._font(element.get(_q("text:style-name"))) or font
        yield element.text or "", font
        for child in element:
            if child.tag in _SPACES:
                times = min(int(child.get(_q("text:c"), "1")), _MOST_REPEATED)
                yield _SPACES[child.tag] * times, font
            elif isinstance(child.tag, str) and child.tag not in _UNSEEN and not child.tag.startswith(_DRAWN):
                yield from self._runs(child, font)
            yield child.tail or "", font

    def _font(self, style: str | None, depth: int = 0) -> str:
        """The font of a style, else of its parent."""
        found = self._styles.get(style)
        if found is None or depth > len(self._styles):
            return ""
        properties = found.find(_q("style:text-properties"))
        named = properties is not None and (
            properties.get(_q("style:font-name")) or properties.get(_q("fo:font-family"))
        )
        return str(named).strip("'") if named else self._font(found.get(_q("style:parent-style-name")), depth + 1)


def _nearest(element: "Element", tag: str) -> "Element | None":
    return next(element.iterancestors(tag), None)
