"""The container around sound: is the file as long as it says; and a WAV copy of what soundfile does not read."""

import re
import struct
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import ffmpeg
import soundfile

from pipeline.core.errors import BadRecording, Says, figure
from pipeline.studio import mpeg, ogg

_LONGEST = 4 * 3600 + 60
"""Seconds that are decoded: a little more than may air, so that what is longer is known for it."""
_SLACK = 0.5
"""Seconds by which a compressed file may be shorter than it says: encoders pad and skip at the ends."""

_LENGTHS = (
    (re.compile(rb"RIFF(.{4})WAVE", re.DOTALL), "<I"),
    (re.compile(rb"FORM(.{4})AIF", re.DOTALL), ">I"),
    (re.compile(rb"(?:RF64|BW64).{4}WAVEds64.{4}(.{8})", re.DOTALL), "<Q"),
)
"""Where a file says how long it is, and how that number is packed."""

_UNKNOWN = 0x7FFF0000
"""Lengths from here on are written by programs that did not know yet how long the sound would be."""
_SLOPPY = 1024
"""Bytes by which a header may be wrong: some count themselves, some a pad byte. It is a hundredth of a second."""

_KINDS = {
    # What ffmpeg may decode where soundfile does not; anything else is no recording. Playlists are not among them,
    # since ffmpeg would open whatever they name.
    "mov": (4, b"ftyp"),
    "asf": (0, bytes.fromhex("3026b2758e66cf11")),
    "amr": (0, b"#!AMR"),
    "matroska": (0, bytes.fromhex("1a45dfa3")),
    "ogg": (0, b"OggS"),
    "mp3": (0, b"ID3"),
    "flac": (0, b"fLaC"),
    "wav": (8, b"WAVE"),
    "aiff": (8, b"AIF"),
}
_DEMUXERS = ",".join((*_KINDS, "aac"))
"""ffmpeg's names for the same. Left to guess, it looks behind an ID3 tag, where a list of other files may stand."""
_TIMED = {"mov", "asf", "matroska", "flac"}
"""Those that say how long they are. A bare MP3, AAC or AMR stream does not: cut short, it is a shorter recording."""


def bad(path: Path, vi: str, en: str) -> BadRecording:
    """The refusal of a recording, with its reason."""
    return BadRecording(name=path.name, reason=Says(vi, en))


def check_whole(path: Path) -> None:
    """Refuse a WAV (RF64 too) or AIFF file that ends before it says, and an Ogg file that lost anything.

    libsndfile would quietly read what is there.

    Raises:
        BadRecording: it is empty, cut short or damaged.
    """
    size = path.stat().st_size
    if not size:
        raise bad(path, "tệp rỗng", "it is empty")
    with path.open("rb") as stream:
        head = stream.read(28)
    if ogg.is_ogg(path) and (fault := ogg.fault(path)):
        raise bad(path, fault.vi, fault.en)
    declared = _declared_bytes(head)
    if declared > size + _SLOPPY:
        raise bad(path, f"bị cụt: khai {declared} byte, chỉ có {size}", f"it is cut short: {size} of {declared} bytes")


def check_frames(path: Path, program: Path) -> None:
    """Refuse an MP3 of which a frame is damaged or missing; libsndfile would quietly play on.

    Raises:
        BadRecording: it is damaged.
    """
    if fault := mpeg.fault(path, program):
        raise bad(path, fault.vi, fault.en)


def is_open_ended(path: Path) -> bool:
    """Whether an Ogg file does not say that it ends where it does. Some recorders never say so; nobody can tell."""
    return ogg.is_ogg(path) and ogg.is_open_ended(path)


def _declared_bytes(head: bytes) -> int:
    """How long a RIFF, RF64 or AIFF file says it is; 0 where it does not."""
    for mark, layout in _LENGTHS:
        if found := mark.match(head):
            (declared,) = struct.unpack(layout, found[1])
            return 0 if declared >= (_UNKNOWN if layout != "<Q" else 1 << 62) else int(declared)
    return 0


def states_its_length(path: Path) -> bool:
    """Whether an MP3 says how long it is, by a frame of the kinds Xing, Info or VBRI.

    Of one that does not, libsndfile tells a guess by its size, tags and pictures included.
    """
    with path.open("rb") as stream:
        head = stream.read(10)
        tag = int.from_bytes(head[6:10], "big") if head[:3] == b"ID3" else -10
        # The size of a tag is written with seven bits a byte.
        size = sum((tag >> 8 * n & 0x7F) << 7 * n for n in range(4)) if tag >= 0 else -10
        stream.seek(size + 10)
        frame = stream.read(200)
    return any(mark in frame for mark in (b"Xing", b"Info", b"VBRI"))


def decoded(path: Path, program: Path, scratch: Path) -> Path:
    """A WAV copy made by `program` (ffmpeg), which stops at the first damage and opens nothing but this file.

    Raises:
        BadRecording: it is no sound file, damaged, or shorter than it says.
    """
    kind = _kind(path)
    with NamedTemporaryFile(dir=scratch, suffix=".wav", delete=False) as copy:  # a name of its own may be too long
        out = Path(copy.name)
    only = {"protocol_whitelist": "file,pipe", "format_whitelist": _DEMUXERS}
    source: Any = ffmpeg.input(f"file:{path}", **only, err_detect="explode", vn=None)
    graph = source.output(f"file:{out}", acodec="pcm_s16le", rf64="auto", t=_LONGEST).global_args("-nostdin", "-xerror")
    try:
        _, told = graph.run(cmd=str(program), capture_stdout=True, capture_stderr=True, overwrite_output=True)
    except ffmpeg.Error as problem:
        last = problem.stderr.decode(errors="replace").replace(f"file:{path}", path.name).strip().splitlines()[-1]
        raise bad(path, "bị hỏng, không giải mã được", f"it is damaged: {last}") from problem
    said = min(_LONGEST, _declared_seconds(told)) if kind in _TIMED else 0.0
    there = soundfile.info(out).duration
    if there < said - _SLACK - 0.005 * said:
        raise bad(
            path,
            f"bị cụt: khai {figure(said).vi} giây, chỉ có {figure(there).vi} giây",
            f"it is cut short: {said:.1f} s declared, {there:.1f} s there",
        )
    return out


def _kind(path: Path) -> str:
    with path.open("rb") as stream:
        head = stream.read(16)
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "aac"
    for kind, (at, mark) in _KINDS.items():
        if head[at : at + len(mark)] == mark:
            return kind
    raise bad(path, "không phải tệp âm thanh", "it is no sound file")


def _declared_seconds(told: bytes) -> float:
    """What ffmpeg says a file says; 0 where it says nothing."""
    found = re.search(rb"Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)", told)
    hours, minutes, seconds = found.groups() if found else (0, 0, 0)
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
