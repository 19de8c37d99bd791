"""Which files are taken in, how much of each, and who reads them."""

from pathlib import Path

from pipeline.core.errors import EmptyScript, Says, TooLarge, UnknownFormat, UnreadableScript, figure
from pipeline.intake import legacy, package, text
from pipeline.intake.manuscript import Line, Manuscript, nfc

TEXTS = (".txt", ".md", ".docx", ".docm", ".odt", ".rtf", ".html", ".htm", ".pdf", ".doc")
SOUNDS = (".wav", ".mp3", ".flac", ".ogg", ".m4a", ".aac", ".wma", ".opus")
MOST_TEXT = 2_000_000
"""Bytes of text; a day of speech is less."""
MOST_WORD = 20_000_000
"""Bytes of an office file, which may carry pictures."""
_PLAIN = (".txt", ".md")
_TEXT = Says("tệp chữ", "text file")
_FIRST = (
    (b"{\\rtf", ".rtf"), (b"%pdf-", ".pdf"), (b"<html", ".html"), (b"<!doctype html", ".html"), (package.OLE, ".doc"),
    (b"mime-version:", ".mht"), (b"\xff\xd8\xff", ".jpg"), (b"\x89png", ".jpg"), (b"gif8", ".jpg"),
)  # fmt: skip
_FOREIGN = {
    ".xlsx": Says("bên trong là Excel; chép chữ sang Word", "it is Excel inside; copy its text to Word"),
    ".pptx": Says("bên trong là PowerPoint; chép chữ sang Word", "it is PowerPoint inside; copy its text to Word"),
    ".jpg": Says("bên trong là hình; gõ chữ trong hình ra", "it is a picture inside; type what it says"),
    ".mht": Says("bên trong là trang web .mht; lưu lại thành .docx", "it is an .mht web page; save it as .docx"),
    ".xml": Says("bên trong là Word XML; lưu lại thành .docx", "it is Word XML inside; save it as .docx"),
}
"""What is known and not read, whatever its suffix."""


def is_text(path: Path) -> bool:
    """Whether a file is read for its words."""
    return path.suffix.lower() in TEXTS


def is_sound(path: Path) -> bool:
    """Whether a file is a recording."""
    return path.suffix.lower() in SOUNDS


def check_known(path: Path) -> None:
    """Raise UnknownFormat where a file is neither text nor sound."""
    if not (is_text(path) or is_sound(path)):
        raise UnknownFormat(name=nfc(path.name), known=" ".join(TEXTS + SOUNDS))


def check_size(path: Path, most: int) -> None:
    """Raise TooLarge where a file has more than `most` bytes; texts have caps of their own.

    Raises:
        UnreadableScript: there is no such file.
    """
    if is_text(path):
        most = min(most, MOST_TEXT if path.suffix.lower() in _PLAIN else MOST_WORD)
    try:
        size = path.stat().st_size
    except OSError as problem:
        raise unopened(path) from problem
    if size > most:
        raise TooLarge(name=nfc(path.name), megabytes=figure(size / 1e6), most=f"{most / 1e6:g}")


def unopened(path: Path) -> UnreadableScript:
    """The error of a file that the system does not let us read."""
    reason = Says("không mở được để đọc", "it cannot be opened for reading")
    return UnreadableScript(name=nfc(path.name), format=Says("tệp", "file"), reason=reason)


def read(data: bytes, name: str) -> Manuscript:
    """What a text file says. Old Vietnamese encodings become Unicode, with a notice.

    Its first bytes say how to read it where they tell, as they do to Word, else its suffix.

    Raises:
        EmptyScript: it has no byte at all.
        UnreadableScript: it is damaged, or nothing that has words.
        OldKhmerFont, ScannedPages: no one could read them.
        TooLarge: more text than any bulletin has.
    """
    if not data:
        raise EmptyScript(name=name)
    suffix = _inside(data) or Path(name).suffix.lower()
    if suffix in _FOREIGN:
        raise UnreadableScript(name=name, format=_TEXT, reason=_FOREIGN[suffix])
    fonts = legacy.Fonts(name)
    lines = _plain(data, name, suffix) if suffix in _PLAIN else _office(data, name, suffix, fonts)
    size = sum(len(line.text.encode("utf-8", "replace")) for line in lines)
    if size > MOST_TEXT:
        raise TooLarge(name=name, megabytes=figure(size / 1e6), most=f"{MOST_TEXT / 1e6:g}")
    converted = legacy.converted(lines)
    old = sorted(fonts.encodings | converted.encodings)
    notices = [f"đã chuyển từ bảng mã cũ {e}: nghe kỹ trước khi duyệt" for e in old]
    return Manuscript(converted.lines, (*notices, *fonts.notices))


def _office(data: bytes, name: str, suffix: str, fonts: legacy.Fonts) -> list[Line]:
    """The readers of office formats are slow to import, and most scripts are plain text."""
    match suffix:
        case ".odt":
            from pipeline.intake import opendocument  # noqa: PLC0415

            return opendocument.lines(data, name, fonts)
        case ".rtf":
            from pipeline.intake import rtf  # noqa: PLC0415

            return rtf.lines(data, name, fonts)
        case ".html" | ".htm":
            from pipeline.intake import html  # noqa: PLC0415

            return html.lines(data, name, fonts)
        case ".pdf":
            from pipeline.intake import pdf  # noqa: PLC0415

            return pdf.lines(data, name, fonts)
        case ".doc":
            from pipeline.intake import oldword  # noqa: PLC0415

            return oldword.lines(data, name, fonts)
        case _:
            from pipeline.intake import word  # noqa: PLC0415

            return word.lines(data, name, fonts)


def _inside(data: bytes) -> str:
    """The suffix that the first bytes of a file belong to; empty where they do not tell."""
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"pk\x03\x04"):
        return package.suffix(data)
    if b'progid="word.document"' in start:
        return ".xml"
    return next((suffix for first, suffix in _FIRST if start.startswith(first)), "")


def _plain(data: bytes, name: str, suffix: str) -> list[Line]:
    written = text.decode(data, name)
    return text.markdown(written) if suffix == ".md" else text.plain(written)
