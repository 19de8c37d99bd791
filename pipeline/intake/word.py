"""Word files: paragraphs, tables and text boxes in document order → lines. Nothing a reader sees is left out."""

import io
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

import docx
from docx.document import Document
from docx.opc.exceptions import OpcError
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph

from pipeline.core.errors import Says, UnreadableScript
from pipeline.intake import package, table
from pipeline.intake.legacy import Fonts
from pipeline.intake.manuscript import Line, nfc, tidy

if TYPE_CHECKING:
    from docx.oxml.xmlchemy import BaseOxmlElement

_KIND = Says("tệp Word .docx", "Word .docx file")
_BROKEN = (OpcError, *package.BROKEN)
_TYPES = "[Content_Types].xml"
_MACROS = b"application/vnd.ms-word.document.macroEnabled.main+xml"
_PLAIN = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"

_P, _RUN, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:r"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_BOX = qn("w:txbxContent")
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"  # the same text box once more
_UNSEEN = frozenset({qn("w:del"), qn("w:moveFrom"), qn("w:pPr"), _FALLBACK, _BOX})
_SPACES = {qn("w:tab"): " ", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}


def lines(data: bytes, name: str, fonts: Fonts) -> list[Line]:
    """The lines of a Word file: each paragraph alone, a head table on top as head lines, other tables row by row.

    Footnotes, comments, page headers and deleted or hidden text are not part of what is read aloud. Macros never run.

    Raises:
        UnreadableScript: not a Word file, protected by a password, damaged, or a zip bomb.
        OldKhmerFont: some of it is Khmer in an old font.
    """
    parts = package.check(data, name, "word/document.xml", _KIND)
    try:
        document = docx.Document(io.BytesIO(_without_macros(parts, data)))
        return _Page(document, fonts).lines(document.element.body)
    except _BROKEN as problem:
        reason = Says("tệp hỏng", "the file is damaged")
        raise UnreadableScript(name=name, format=_KIND, reason=reason) from problem


def _without_macros(parts: zipfile.ZipFile, data: bytes) -> bytes:
    """A file with macros as one without: python-docx takes no other kind."""
    if _MACROS not in parts.read(_TYPES):
        return data
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as plain:
        for part in parts.infolist():
            content = parts.read(part)
            plain.writestr(part.filename, content.replace(_MACROS, _PLAIN) if part.filename == _TYPES else content)
    return out.getvalue()


class _Page:
    """One document: its blocks as lines, and the font that each run is shown in."""

    def __init__(self, document: Document, fonts: Fonts) -> None:
        self._document = document
        self._fonts = fonts
        styles = document.styles.element
        self._styles = {style.get(qn("w:styleId")): style for style in styles.iter(qn("w:style"))}
        default = styles.find(f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}/{qn('w:rPr')}")
        self._default = _font_in(default)
        self._usual = next((i for i, s in self._styles.items() if _is_usual(s)), "")

    def lines(self, parent: "BaseOxmlElement") -> list[Line]:
        return [line for block in _blocks(parent) for line in self._lines(block)]

    def _lines(self, block: "BaseOxmlElement") -> Iterator[Line]:
        if block.tag == _TABLE:
            yield from table.lines([[self._cell(cell) for cell in _within(row, _CELL)] for row in _within(block, _ROW)])
            return
        heading = self._is_heading(block)
        for text in nfc(self._written(block)).split("\n"):
            yield Line(text, heading=heading, alone=True)
        for box in block.iter(_BOX):
            if not any(parent.tag == _FALLBACK for parent in box.iterancestors()):
                yield from self.lines(box)

    def _is_heading(self, block: "BaseOxmlElement") -> bool:
        style = Paragraph(block, self._document._body).style  # noqa: SLF001 - its only way to a style
        return bool(style and style.name and style.name.startswith(("Title", "Heading")))

    def _written(self, paragraph: "BaseOxmlElement") -> str:
        """The text of a paragraph as a reader sees it: tracked insertions count, deletions do not."""
        own = paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
        style = own.get(qn("w:val")) if own is not None else self._usual
        return self._fonts.joined((_text(run), self._font(run, style)) for run in _runs(paragraph))

    def _font(self, run: "BaseOxmlElement", style: str) -> str:
        properties = run.find(qn("w:rPr"))
        named = properties.find(qn("w:rStyle")) if properties is not None else None
        by_run = self._style_font(named.get(qn("w:val"))) if named is not None else ""
        return _font_in(properties) or by_run or self._style_font(style) or self._default

    def _style_font(self, name: str, depth: int = 0) -> str:
        """The font of a style, else of the one it is based on."""
        style = self._styles.get(name)
        if style is None or depth > len(self._styles):
            return ""
        base = style.find(qn("w:basedOn"))
        own = _font_in(style.find(qn("w:rPr")))
        return own or (self._style_font(base.get(qn("w:val")), depth + 1) if base is not None else "")

    def _cell(self, cell: "BaseOxmlElement") -> str:
        """A cell on one line; of a table inside it, the cells one after another."""
        texts = (
            self._written(block) if block.tag == _P else "; ".join(self._cell(inner) for inner in block.iter(_CELL))
            for block in _blocks(cell)
        )
        return ", ".join(filter(None, map(tidy, texts)))


def _font_in(properties: "BaseOxmlElement | None") -> str:
    """The font for Latin letters that some properties name."""
    fonts = properties.find(qn("w:rFonts")) if properties is not None else None
    return (fonts.get(qn("w:hAnsi")) or fonts.get(qn("w:ascii")) or "") if fonts is not None else ""


def _is_usual(style: "BaseOxmlElement") -> bool:
    return style.get(qn("w:type")) == "paragraph" and style.get(qn("w:default")) in {"1", "true", "on"}


def _blocks(parent: "BaseOxmlElement") -> Iterator["BaseOxmlElement"]:
    """Paragraphs and tables in order, also those inside content controls and tracked insertions."""
    for child in parent:
        if child.tag in {_P, _TABLE}:
            yield child
        elif child.tag not in _UNSEEN:
            yield from _blocks(child)


def _runs(parent: "BaseOxmlElement") -> Iterator["BaseOxmlElement"]:
    """The runs of a paragraph that are seen, also those inside links, content controls and tracked insertions."""
    for child in parent:
        if child.tag == _RUN:
            if not _is_hidden(child):
                yield child
        elif child.tag not in _UNSEEN:
            yield from _runs(child)


def _is_hidden(run: "BaseOxmlElement") -> bool:
    hidden = run.find(f"{qn('w:rPr')}/{qn('w:vanish')}")
    return hidden is not None and hidden.get(qn("w:val")) not in {"0", "false", "off"}


def _text(element: "BaseOxmlElement") -> str:
    if element.tag == qn("w:t"):
        return element.text or ""
    if element.tag in _SPACES:
        return _SPACES[element.tag]
    return "" if element.tag in _UNSEEN else "".join(map(_text, element))


def _within(parent: "BaseOxmlElement", tag: str) -> Iterator["BaseOxmlElement"]:
    """Children with a tag, also those wrapped in a content control."""
    for child in parent:
        if child.tag == tag:
            yield child
        elif child.tag not in {_P, _TABLE, *_UNSEEN}:
            yield from _within(child, tag)
