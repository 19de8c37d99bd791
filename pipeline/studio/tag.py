"""Tags: ID3v2.3 for MP3, which every old player reads, text in UTF-16; and what the other formats have in its place."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mutagen.id3 import CHAP, COMM, CTOC, ID3, TALB, TDAT, TIT2, TLAN, TPE1, TYER, USLT, CTOCFlags
from mutagen.mp4 import MP4
from mutagen.oggopus import OggOpus

from pipeline.core.model import Codec, Language
from pipeline.studio import broadcast
from pipeline.studio.chapters import Chapter

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
    """Local day and time of the first airing."""
    comment: str = ""
    lyrics: str = ""
    """The text as it is spoken."""
    chapters: tuple[Chapter, ...] = ()


def tag(file: Path, tags: Tags, codec: Codec = Codec.MP3) -> None:
    """Put tags into a finished file; equal tags give equal bytes. The file is the caller's own, not yet named.

    MP3 has everything; Opus and AAC have the names, the date and the text; BWF its title, origin and date; WAV nothing.
    """
    match codec:
        case Codec.MP3:
            _id3(file, tags)
        case Codec.OPUS:
            _comments(file, tags)
        case Codec.AAC:
            _atoms(file, tags)
        case Codec.BWF:
            broadcast.note_origin(file, tags.title, tags.artist, tags.date)
        case Codec.WAV:
            pass


def _id3(file: Path, tags: Tags) -> None:
    language = _ISO_639_2[tags.languages[0]]
    id3 = ID3()
    id3.add(TIT2(encoding=_UTF16, text=tags.title))
    id3.add(TPE1(encoding=_UTF16, text=tags.artist))
    id3.add(TALB(encoding=_UTF16, text=tags.album))
    id3.add(TLAN(encoding=0, text="".join(_ISO_639_2[language] for language in tags.languages)))
    id3.add(TYER(encoding=0, text=f"{tags.date:%Y}"))
    id3.add(TDAT(encoding=0, text=f"{tags.date:%d%m}"))
    if tags.comment:
        id3.add(COMM(encoding=_UTF16, lang=language, desc="", text=tags.comment))
    if tags.lyrics:
        id3.add(USLT(encoding=_UTF16, lang=language, desc="", text=tags.lyrics))
    for number, chapter in enumerate(tags.chapters):
        id3.add(
            CHAP(
                element_id=f"c{number}", start_time=round(chapter.start * 1000), end_time=round(chapter.end * 1000),
                start_offset=0xFFFFFFFF, end_offset=0xFFFFFFFF, sub_frames=[TIT2(encoding=_UTF16, text=chapter.name)],
            )
        )  # fmt: skip
    if tags.chapters:
        flags = CTOCFlags.TOP_LEVEL | CTOCFlags.ORDERED
        names = [f"c{number}" for number in range(len(tags.chapters))]
        id3.add(CTOC(element_id="toc", flags=flags, child_element_ids=names, sub_frames=[]))
    id3.save(str(file), v1=0, v2_version=3, padding=lambda _info: 0)


def _comments(file: Path, tags: Tags) -> None:
    opus = OggOpus(str(file))
    opus.delete()
    opus.update(
        title=[tags.title], artist=[tags.artist], album=[tags.album], date=[f"{tags.date:%Y-%m-%d}"],
        language=[_ISO_639_2[language] for language in tags.languages],
        **({"lyrics": [tags.lyrics]} if tags.lyrics else {}),
    )  # fmt: skip
    opus.save(padding=lambda _info: 0)


def _atoms(file: Path, tags: Tags) -> None:
    mp4 = MP4(str(file))
    mp4["\xa9nam"], mp4["\xa9ART"], mp4["\xa9alb"] = tags.title, tags.artist, tags.album
    mp4["\xa9day"] = f"{tags.date:%Y-%m-%d}"
    if tags.lyrics:
        mp4["\xa9lyr"] = tags.lyrics
    mp4.save(padding=lambda _info: 0)
