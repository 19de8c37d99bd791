"""Word files from before 2007 (.doc), by LibreOffice where it is installed."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from pipeline.core.errors import Says, UnreadableScript
from pipeline.intake import word
from pipeline.intake.legacy import Fonts
from pipeline.intake.manuscript import Line

_KIND = Says("tệp Word cũ .doc", "old Word .doc file")
_PATIENCE = 90.0
"""Seconds; the first start of LibreOffice on a machine takes the longest."""


def lines(data: bytes, name: str, fonts: Fonts) -> list[Line]:
    """The lines of an old Word file, as `word.lines` gives those of its conversion.

    Raises:
        UnreadableScript: LibreOffice is not there, or cannot read it.
    """
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        advice = Says("mở bằng Word và lưu lại thành .docx", "open it in Word and save it as .docx")
        raise UnreadableScript(name=name, format=_KIND, reason=advice)
    with tempfile.TemporaryDirectory(prefix="bantin-doc-") as folder:
        source = Path(folder) / "bai.doc"
        source.write_bytes(data)
        command = [
            office, "--headless", "--norestore", f"-env:UserInstallation=file://{folder}/profile",
            "--convert-to", "docx", "--outdir", folder, str(source),
        ]  # fmt: skip
        try:
            subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=True)
            converted = (Path(folder) / "bai.docx").read_bytes()
        except (subprocess.SubprocessError, OSError) as problem:
            reason = Says("LibreOffice không đọc được", "LibreOffice cannot read it")
            raise UnreadableScript(name=name, format=_KIND, reason=reason) from problem
    return word.lines(converted, name, fonts)
