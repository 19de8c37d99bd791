"""Word files: paragraphs, tables and text boxes in document order → lines. Nothing a reader sees is left out."""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

import docx
from docx.opc.exceptions import OpcError
from docx.oxml.ns import qn

from pipeline.core.errors import Says, UnreadableScript
from pipeline.intake import package, table
from pipeline.intake.legacy import Encoding, Fonts, is_old_khmer, of_font
from pipeline.intake.manuscript import Line, nfc

if TYPE_CHECKING:
    from docx.oxml.xmlchemy import BaseOxmlElement

_KIND = Says("tệp Word .docx", "Word .docx file")
_BROKEN = (OpcError, *package.BROKEN, AttributeError, TypeError)
"""What python-docx raises over a damaged file, also where it misses a part that it counts on."""
_DAMAGED = Says("tệp hỏng, hoặc có đoạn dài quá mức", "it is damaged, or has a paragraph without end")
_TYPES = "[Content_Types].xml"
_PLAIN = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_OTHERS = (
    b"application/vnd.ms-word.document.macroEnabled.main+xml",
    b"application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
    b"application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
)
"""Files with macros, and templates."""
_STRICT = b"http://purl.oclc.org/ooxml/"
_RELATIONS = "_rels/.rels"

_P, _RUN, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:r"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_BOX = qn("w:txbxContent")
_SIGNS = {
    chr(0xF000 + code): sign
    for code, sign in zip(b"\xb3\xa3\xb0\xb4\xb1\xb8\xb9\xbb\xae\x6d", "≥≤°×±÷≠≈→μ", strict=True)
}
"""What Insert Symbol leaves of the signs that are said."""
_CODE = re.compile(r"[0-9A-Fa-f]{1,4}")
_FORMULA, _FORMULA_TEXT = qn("m:r"), qn("m:t")
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
    parts = package.check(data, name, _TYPES, _KIND)
    try:
        _check_kind(parts, name)
        document = docx.Document(io.BytesIO(_as_document(parts, data)))
        body, styles = document.element.body, document.styles.element
    except _BROKEN as problem:
        raise UnreadableScript(name=name, format=_KIND, reason=_DAMAGED) from problem
    if body is None:
        raise UnreadableScript(name=name, format=_KIND, reason=_DAMAGED)
    return _Page(styles, fonts).lines(body)


def _check_kind(parts: zipfile.ZipFile, name: str) -> None:
    """Raise UnreadableScript for the rare strict form of Word, which python-docx does not read."""
    if _RELATIONS in parts.namelist() and _STRICT in parts.read(_RELATIONS):
        reason = Says("lưu ở dạng “Strict”; lưu lại thành .docx thường", "it is a “Strict” one; save it as plain .docx")
        raise UnreadableScript(name=name, format=_KIND, reason=reason)


def _as_document(parts: zipfile.ZipFile, data: bytes) -> bytes:
    """A file with macros, or a template, as a plain document: python-docx takes no other kind."""
    types = parts.read(_TYPES)
    if not any(other in types for other in _OTHERS):
        return data
    for other in _OTHERS:
        types = types.replace(other, _PLAIN)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as plain:
        for part in parts.infolist():
            plain.writestr(part.filename, types if part.filename == _TYPES else parts.read(part))
    return out.getvalue()


class _Page:
    """One document: its blocks as lines, and the font that each run is shown in."""

    def __init__(self, styles: "BaseOxmlElement", fonts: Fonts) -> None:
        self._fonts = fonts
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
        for box in _boxes(block):
            yield from self.lines(box)

    def _style_of(self, paragraph: "BaseOxmlElement") -> str:
        own = paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
        return own.get(qn("w:val")) if own is not None else self._usual

    def _is_heading(self, block: "BaseOxmlElement") -> bool:
        style = self._styles.get(self._style_of(block))
        named = style.find(qn("w:name")) if style is not None else None
        return named is not None and named.get(qn("w:val"), "").casefold().startswith(("title", "heading"))

    def _written(self, paragraph: "BaseOxmlElement") -> str:
        """The text of a paragraph as a reader sees it: tracked insertions count, deletions do not."""
        style = self._style_of(paragraph)
        return self._fonts.joined(
            piece
            for run in _runs(paragraph)
            if not self._is_hidden(run)
            for piece in _pieces(run, self._font(run, style))
        )

    def _is_hidden(self, run: "BaseOxmlElement") -> bool:
        """Whether a run is hidden, by itself or by its style."""
        properties = run.find(qn("w:rPr"))
        style = self._styles.get(_run_style(properties))
        sources = (properties, style.find(qn("w:rPr")) if style is not None else None)
        found = (source.find(qn("w:vanish")) for source in sources if source is not None)
        hidden = next((mark for mark in found if mark is not None), None)
        return hidden is not None and hidden.get(qn("w:val")) not in {"0", "false", "off"}

    def _font(self, run: "BaseOxmlElement", style: str) -> str:
        properties = run.find(qn("w:rPr"))
        by_run = self._style_font(_run_style(properties))
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
        return table.cell(text for block in _blocks(cell) for text in self._in_cell(block))

    def _in_cell(self, block: "BaseOxmlElement") -> Iterator[str]:
        if block.tag == _P:
            yield from self._written(block).split("\n")
            yield from (self._cell(box) for box in _boxes(block))
        else:
            rows = _within(block, _ROW)
            yield "; ".join(filter(None, (self._cell(inner) for row in rows for inner in _within(row, _CELL))))


def _font_in(properties: "BaseOxmlElement | None") -> str:
    """The font for Latin letters that some properties name; an old one first, for it changes what the letters are."""
    fonts = properties.find(qn("w:rFonts")) if properties is not None else None
    names = [fonts.get(qn("w:hAnsi")) or "", fonts.get(qn("w:ascii")) or ""] if fonts is not None else []
    return next((n for n in names if of_font(n) or is_old_khmer(n)), next(filter(None, names), ""))


def _run_style(properties: "BaseOxmlElement | None") -> str:
    named = properties.find(qn("w:rStyle")) if properties is not None else None
    return named.get(qn("w:val")) if named is not None else ""


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
        if child.tag in {_RUN, _FORMULA}:
            yield child
        elif child.tag not in _UNSEEN:
            yield from _runs(child)


def _boxes(block: "BaseOxmlElement") -> Iterator["BaseOxmlElement"]:
    """The text boxes that hang on a paragraph, each once; those inside them come with them."""
    for box in block.iter(_BOX):
        around = next(outer for outer in box.iterancestors(_FALLBACK, _P))
        if around is block:
            yield box


def _pieces(element: "BaseOxmlElement", font: str) -> Iterator[tuple[str, str]]:
    """The text of a run, each piece with its font."""
    if element.tag in {qn("w:t"), _FORMULA_TEXT}:
        yield element.text or "", font
    elif element.tag in _SPACES:
        yield _SPACES[element.tag], font
    elif element.tag == qn("w:softHyphen"):  # where TCVN3 has its ư
        yield "\xad" if of_font(font) is Encoding.TCVN3 else "", font
    elif element.tag == qn("w:sym"):
        yield _symbol(element)
    elif element.tag not in _UNSEEN:
        for child in element:
            yield from _pieces(child, font)


def _symbol(element: "BaseOxmlElement") -> tuple[str, str]:
    """A letter picked from a font by its number: of an old font a letter, of the font Symbol a sign, else a picture."""
    font, code = element.get(qn("w:font")) or "", element.get(qn("w:char")) or ""
    is_letter = of_font(font) or is_old_khmer(font)
    letter = chr(int(code, 16)) if _CODE.fullmatch(code) else ""
    return (letter if is_letter else _SIGNS.get(letter, "") if font == "Symbol" else ""), font


def _within(parent: "BaseOxmlElement", tag: str) -> Iterator["BaseOxmlElement"]:
    """Children with a tag, also those wrapped in a content control."""
    for child in parent:
        if child.tag == tag:
            yield child
        elif child.tag not in {_P, _TABLE, *_UNSEEN}:
            yield from _within(child, tag)
