"""Zipped office files, looked at before anything in them is unpacked."""

import io
import zipfile
import zlib

from pipeline.core.errors import Says, UnreadableScript

MOST_UNPACKED = 100_000_000
"""Bytes. A real file with pictures is far below; a zip bomb is far above."""
_MOST_PARTS = 5_000
_MANIFEST = "META-INF/manifest.xml"
_HIDDEN_PART = b"encryption-data"
"""How OpenDocument marks a part that only a password opens."""
OLE = b"\xd0\xcf\x11\xe0"
"""The first bytes of a legacy Office file, and of a modern one with a password."""
BROKEN = (zipfile.BadZipFile, zlib.error, SyntaxError, KeyError, ValueError, NotImplementedError, EOFError)
"""What zipfile and lxml raise over a damaged file (an XML syntax error is a SyntaxError)."""


def check(data: bytes, name: str, member: str, kind: Says) -> zipfile.ZipFile:
    """The package of a file called `name`, which must hold `member`.

    Raises:
        UnreadableScript: it is none, a zip of something else, protected by a password, or a zip bomb.
    """

    def refused(vi: str, en: str) -> UnreadableScript:
        return UnreadableScript(name=name, format=kind, reason=Says(vi, en))

    if data.startswith(OLE):
        raise refused(
            "tệp có mật khẩu, hoặc là .doc cũ đổi đuôi; bỏ mật khẩu hay lưu thành .docx",
            "it has a password, or is an old .doc; remove the password or save it as .docx",
        )
    try:
        package = zipfile.ZipFile(io.BytesIO(data))
        parts = package.infolist()
    except BROKEN as problem:
        raise refused("tệp hỏng hoặc sai định dạng", "damaged, or of another format") from problem
    names = {part.filename for part in parts}
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise refused("bung ra quá lớn", "it unpacks to far too much")
    if any(part.flag_bits & 1 for part in parts) or (_MANIFEST in names and _HIDDEN_PART in _read(package)):
        raise refused("tệp có mật khẩu", "it is protected by a password")
    if member not in names:
        raise refused("là một tệp nén khác", "it is a zip of something else")
    return package


def suffix(data: bytes) -> str:
    """The suffix that belongs to the parts of a zip; empty where they are of no office file, or it is damaged."""
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()[:_MOST_PARTS]
    except BROKEN:
        return ""
    firsts = (("word/", ".docx"), ("xl/", ".xlsx"), ("ppt/", ".pptx"), ("content.xml", ".odt"))
    return next((suffix for first, suffix in firsts if any(name.startswith(first) for name in names)), "")


def _read(package: zipfile.ZipFile) -> bytes:
    """The manifest; nothing where it is damaged, which its other parts then tell."""
    try:
        return package.read(_MANIFEST)
    except BROKEN:
        return b""
