"""Recordings: is it sound at all? How good the sound is, the studio finds out."""

import re
from pathlib import Path

from pipeline.core.errors import Says, UnreadableScript
from pipeline.intake.manuscript import nfc

_PEEK = 4096
_SIGNATURES = re.compile(
    rb"(?:RIFF|RF64|BW64)....WAVE"
    rb"|ID3|fLaC|OggS|ADIF"
    rb"|....ftyp"
    rb"|\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # ASF, which WMA is
    re.DOTALL,
)
_FRAME = re.compile(rb"\xff[\xe2-\xe5\xf2-\xf5\xfa-\xfd\xf0\xf1\xf8\xf9][^\xf0-\xff]")
"""The start of an MPEG frame: layer II or III, or AAC in ADTS; never the byte-order mark FF FE."""


def check_sound(path: Path) -> None:
    """Raise UnreadableScript where a recording is empty or its bytes are no sound.

    The suffix need not match the bytes: a FLAC named .wav decodes as well as one named .flac.
    """
    with path.open("rb") as stream:
        start = stream.read(_PEEK)
    if not start:
        raise _not_sound(path, Says("tệp rỗng, 0 byte", "the file is empty, 0 bytes"))
    sound = start.lstrip(b"\0")  # some recorders pad the front
    if not (_SIGNATURES.match(start) or _SIGNATURES.match(sound) or _FRAME.match(sound)):
        raise _not_sound(path, Says("bên trong không phải âm thanh", "what is inside is not sound"))


def _not_sound(path: Path, reason: Says) -> UnreadableScript:
    wanted = path.suffix.lower().lstrip(".")
    return UnreadableScript(name=nfc(path.name), format=Says(f"âm thanh {wanted}", f"{wanted} sound"), reason=reason)
