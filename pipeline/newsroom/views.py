"""Folders for people: finished bulletins by air date. They can be thrown away and made again from ledger and store."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from pipeline.core.model import Bulletin, Master
from pipeline.newsroom.desk import Desk
from pipeline.voices import wav

_SOUNDS = {".mp3", ".opus", ".m4a", ".wav"}


def stem(desk: Desk, bulletin: Bulletin) -> Path:
    """Where a bulletin's files stand, without suffix: `2026/11/25/0500_<slug>-<digits>_<language>`."""
    local = min(bulletin.air).astimezone(desk.config.zone)
    name = bulletin.id.removeprefix(f"{local:%Y%m%d}-")
    return desk.config.bulletins / f"{local:%Y/%m/%d}" / f"{local:%H%M}_{name}_{bulletin.language.replace('+', '-')}"


def sound(desk: Desk, bulletin: Bulletin, suffix: str = ".mp3") -> Path:
    """Where a bulletin's sound stands."""
    base = stem(desk, bulletin)
    return base.with_name(base.name + suffix)


def show(desk: Desk, bulletin: Bulletin, master: Master, papers: Mapping[str, str], picture: Path) -> Path:
    """Put a bulletin's sound, picture and papers (suffix to text) where people look for them; the sound's path."""
    base = stem(desk, bulletin)
    base.parent.mkdir(parents=True, exist_ok=True)
    for suffix, text in papers.items():
        _write(base.with_name(base.name + suffix), _encoded(suffix, text))
    _copy(picture, base.with_name(base.name + ".png"))
    for other in _SOUNDS - {master.suffix}:  # of another format that its profile had before: nobody may air that one
        sound(desk, bulletin, other).unlink(missing_ok=True)
    return _copy(desk.store.get(master.digest), sound(desk, bulletin, master.suffix))


def _encoded(suffix: str, text: str) -> bytes:
    """UTF-8; what people open in Excel and Notepad has its mark and the line ends of Windows."""
    return ("\ufeff" + text.replace("\n", "\r\n") + "\r\n" if suffix == ".txt" else text).encode()


def _copy(source: Path, target: Path) -> Path:
    with wav.whole(target) as part:
        shutil.copyfile(source, part)
    return target


def _write(target: Path, data: bytes) -> None:
    with wav.whole(target) as part, part.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
