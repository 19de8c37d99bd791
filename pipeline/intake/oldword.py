"""Word files from before 2007 (.doc), by LibreOffice where it is installed."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from pipeline.core.errors import Says, UnreadableScript
from pipeline.intake import package, word
from pipeline.intake.legacy import Fonts
from pipeline.intake.manuscript import Line

_KIND = Says("tệp Word cũ .doc", "old Word .doc file")
_PATIENCE = 60.0
"""Seconds; the first start of LibreOffice on a machine takes the longest."""
_LOCKED = "EncryptedPackage".encode("utf-16-le")
"""What a modern Office file with a password holds."""
_WORD = "WordDocument".encode("utf-16-le")


def lines(data: bytes, name: str, fonts: Fonts) -> list[Line]:
    """The lines of an old Word file, as `word.lines` gives those of its conversion. Macros never run.

    Raises:
        UnreadableScript: it is none, it has a password, LibreOffice is not there, or cannot read it.
    """
    if not data.startswith(package.OLE):
        raise _refused(name, "bên trong không phải Word", "it is no Word file inside")
    if _LOCKED in data:
        raise _refused(name, "tệp có mật khẩu; bỏ mật khẩu rồi lưu lại", "it has a password; remove it, save again")
    if _WORD not in data:
        raise _refused(name, "là tệp Office cũ khác, không phải Word", "it is another old Office file, not Word")
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        raise _refused(name, "mở bằng Word và lưu lại thành .docx", "open it in Word and save it as .docx")
    with tempfile.TemporaryDirectory(prefix="bantin-doc-", ignore_cleanup_errors=True) as folder:
        source = Path(folder) / "bai.doc"
        source.write_bytes(data)
        _convert(office, source, name)
        try:
            converted = source.with_suffix(".docx").read_bytes()
        except OSError as problem:
            raise _refused(name, "LibreOffice không đọc được", "LibreOffice cannot read it") from problem
    return word.lines(converted, name, fonts)


def _convert(office: str, source: Path, name: str) -> None:
    """Have LibreOffice write a .docx beside a file; it and all it starts are gone afterwards."""
    command = [
        office, "--headless", "--norestore", f"-env:UserInstallation=file://{source.parent}/profile",
        "--convert-to", "docx", "--outdir", str(source.parent), str(source),
    ]  # fmt: skip
    quiet = subprocess.DEVNULL
    # A session of its own: soffice is a script, and what it starts would live on when only the script is stopped.
    with subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True) as running:
        try:
            running.wait(_PATIENCE)
        except subprocess.TimeoutExpired as problem:
            raise _refused(name, "LibreOffice đọc quá lâu", "LibreOffice takes too long to read it") from problem
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(running.pid, signal.SIGKILL)


def _refused(name: str, vi: str, en: str) -> UnreadableScript:
    return UnreadableScript(name=name, format=_KIND, reason=Says(vi, en))
