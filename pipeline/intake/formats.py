"""Which files are taken in, how much of each, and who reads them."""

from pathlib import Path

from pipeline.core.errors import EmptyScript, Says, TooLarge, UnknownFormat, UnreadableScript, figure
from pipeline.intake import text
from pipeline.intake.manuscript import Line, nfc

TEXTS = (".txt", ".md", ".docx")
SOUNDS = (".wav", ".mp3", ".flac", ".ogg", ".m4a", ".aac", ".wma", ".opus")
MOST_TEXT = 2_000_000
"""Bytes of text; a day of speech is less."""
MOST_WORD = 20_000_000
"""Bytes of a Word file, which may carry pictures."""


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
        most = min(most, MOST_WORD if path.suffix.lower() == ".docx" else MOST_TEXT)
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


def lines_of(data: bytes, name: str) -> list[Line]:
    """The lines of a text file; its suffix says how to read it.

    Raises:
        EmptyScript: it has no byte at all.
        UnreadableScript: the bytes are not what the suffix says.
        TooLarge: more text than any bulletin has.
    """
    if not data:
        raise EmptyScript(name=name)
    suffix = Path(name).suffix.lower()
    lines = _word(data, name) if suffix == ".docx" else _plain(data, name, suffix)
    size = sum(len(line.text.encode()) for line in lines)
    if size > MOST_TEXT:
        raise TooLarge(name=name, megabytes=figure(size / 1e6), most=f"{MOST_TEXT / 1e6:g}")
    return lines


def _word(data: bytes, name: str) -> list[Line]:
    from pipeline.intake import word  # noqa: PLC0415 - python-docx is slow to import and most scripts are plain text

    return word.lines(data, name)


def _plain(data: bytes, name: str, suffix: str) -> list[Line]:
    written = text.decode(data, name)
    return text.markdown(written) if suffix == ".md" else text.plain(written)
