"""ID3v2.3 tags, which every old player reads; text in UTF-16, so that Khmer and Vietnamese stay whole."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mutagen.id3 import COMM, ID3, TALB, TDAT, TIT2, TLAN, TPE1, TYER

from pipeline.core.model import Language

_UTF16 = 1
_ISO_639_2 = {Language.VI: "vie", Language.KM: "khm"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """What a player shows."""

    title: str
    artist: str
    album: str
    languages: tuple[Language, ...]
    date: datetime
    """Local day of the first airing."""
    comment: str = ""


def tag(file: Path, tags: Tags) -> None:
    """Put tags in front of an MP3 file; equal tags give equal bytes. The file is the caller's own, not yet named."""
    id3 = ID3()
    id3.add(TIT2(encoding=_UTF16, text=tags.title))
    id3.add(TPE1(encoding=_UTF16, text=tags.artist))
    id3.add(TALB(encoding=_UTF16, text=tags.album))
    id3.add(TLAN(encoding=0, text="".join(_ISO_639_2[language] for language in tags.languages)))
    id3.add(TYER(encoding=0, text=f"{tags.date:%Y}"))
    id3.add(TDAT(encoding=0, text=f"{tags.date:%d%m}"))
    if tags.comment:
        id3.add(COMM(encoding=_UTF16, lang=_ISO_639_2[tags.languages[0]], desc="", text=tags.comment))
    id3.save(str(file), v1=0, v2_version=3, padding=lambda _info: 0)
