"""Word files: paragraphs, tables and text boxes in document order → lines. Nothing a reader sees is left out."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import docx
from docx.document import Document
from docx.opc.exceptions import OpcError
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph

from pipeline.core.errors import Says, UnreadableScript
from pipeline.intake import head, table
from pipeline.intake.manuscript import BLANK, Line, nfc, tidy

if TYPE_CHECKING:
    from docx.oxml.xmlchemy import BaseOxmlElement

MOST_UNPACKED = 100_000_000
"""Bytes. A real file with pictures is far below; a zip bomb is far above."""
_MOST_PARTS = 5_000
_OLE = b"\xd0\xcf\x11\xe0"
_BROKEN = (OpcError, zipfile.BadZipFile, zlib.error, SyntaxError, KeyError, ValueError, NotImplementedError, EOFError)
"""What python-docx, zipfile and lxml raise over a damaged file (an XML syntax error is a SyntaxError)."""

_P, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_BOX = qn("w:txbxContent")
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"  # the same text box once more
_UNSEEN = frozenset({qn("w:del"), qn("w:moveFrom"), qn("w:pPr"), _FALLBACK, _BOX})
_SPACES = {qn("w:tab"): " ", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}


def lines(data: bytes, name: str) -> list[Line]:
    """The lines of a Word file: each paragraph alone, a head table on top as head lines, other tables row by row.

    Footnotes, comments, page headers and deleted or hidden text are not part of what is read aloud.

    Raises:
        UnreadableScript: not a Word file, protected by a password, damaged, or a zip bomb.
    """
    _check_package(data, name)
    try:
        document = docx.Document(io.BytesIO(data))
        return [line for block in _blocks(document.element.body) for line in _lines(block, document)]
    except _BROKEN as problem:
        raise _refused(name, Says("tệp hỏng", "the file is damaged")) from problem


def _refused(name: str, reason: Says) -> UnreadableScript:
    return UnreadableScript(name=name, format=Says("tệp Word .docx", "Word .docx file"), reason=reason)


def _check_package(data: bytes, name: str) -> None:
    """Look at the zip's own list before anything is unpacked."""
    if data.startswith(_OLE):
        reason = Says(
            "tệp có mật khẩu, hoặc là .doc cũ đổi đuôi; bỏ mật khẩu hay lưu thành .docx",
            "it has a password, or is an old .doc; remove the password or save it as .docx",
        )
        raise _refused(name, reason)
    try:
        parts = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except _BROKEN as problem:
        raise _refused(name, Says("tệp hỏng hoặc không phải Word", "damaged, or not Word at all")) from problem
    if "word/document.xml" not in {part.filename for part in parts}:
        raise _refused(name, Says("là một tệp nén khác, không phải Word", "it is a zip of something else"))
    if any(part.flag_bits & 1 for part in parts):
        raise _refused(name, Says("tệp có mật khẩu", "it is protected by a password"))
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise _refused(name, Says("bung ra quá lớn", "it unpacks to far too much"))


def _blocks(parent: "BaseOxmlElement") -> Iterator["BaseOxmlElement"]:
    """Paragraphs and tables in order, also those inside content controls and tracked insertions."""
    for child in parent:
        if child.tag in {_P, _TABLE}:
            yield child
        elif child.tag not in _UNSEEN:
            yield from _blocks(child)


def _lines(block: "BaseOxmlElement", document: Document) -> Iterator[Line]:
    if block.tag == _TABLE:
        yield from _table(block)
        return
    heading = _is_heading(block, document)
    for text in nfc(_written(block)).split("\n"):
        yield Line(text, heading=heading, alone=True)
    for box in block.iter(_BOX):
        if not any(parent.tag == _FALLBACK for parent in box.iterancestors()):
            yield from (line for inner in _blocks(box) for line in _lines(inner, document))


def _is_heading(block: "BaseOxmlElement", document: Document) -> bool:
    style = Paragraph(block, document._body).style  # noqa: SLF001 - its only way to a style
    return bool(style and style.name and style.name.startswith(("Title", "Heading")))


def _written(element: "BaseOxmlElement") -> str:
    """The text of a paragraph as a reader sees it: tracked insertions count, deletions do not."""
    if element.tag == qn("w:t"):
        return element.text or ""
    if element.tag in _SPACES:
        return _SPACES[element.tag]
    if element.tag in _UNSEEN or element.find(f"{qn('w:rPr')}/{qn('w:vanish')}") is not None:
        return ""
    return "".join(_written(child) for child in element)


# --- tables ----------------------------------------------------------------------------------------------------------


def _table(block: "BaseOxmlElement") -> list[Line]:
    """A head table as head lines; any other one row by row."""
    rows = [[_cell(cell) for cell in _within(row, _CELL)] for row in _within(block, _ROW)]
    pairs = [f"{row[0].rstrip(': ')}: {row[1]}" for row in rows if len(row) == 2 and any(row)]
    if len(pairs) == sum(any(row) for row in rows) and head.opens(pairs):
        return [*map(Line, pairs), BLANK]
    return [BLANK, *table.lines(rows), BLANK]


def _within(parent: "BaseOxmlElement", tag: str) -> Iterator["BaseOxmlElement"]:
    """Children with a tag, also those wrapped in a content control."""
    for child in parent:
        if child.tag == tag:
            yield child
        elif child.tag not in {_P, _TABLE, *_UNSEEN}:
            yield from _within(child, tag)


def _cell(cell: "BaseOxmlElement") -> str:
    """A cell on one line; of a table inside it, the cells one after another."""
    texts = (
        _written(block) if block.tag == _P else "; ".join(_cell(inner) for inner in block.iter(_CELL))
        for block in _blocks(cell)
    )
    return ", ".join(filter(None, map(tidy, texts)))
