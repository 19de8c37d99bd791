"""Folders for people: finished bulletins by air date. They can be thrown away and made again from ledger and store."""

import os
import shutil
from pathlib import Path

from pipeline.core.model import Bulletin
from pipeline.newsroom.desk import Desk


def stem(desk: Desk, bulletin: Bulletin) -> Path:
    """Where a bulletin's files stand, without suffix: `2026/11/25/0500_<slug>-<digits>_<language>`."""
    local = min(bulletin.air).astimezone(desk.config.zone)
    name = bulletin.id.removeprefix(f"{local:%Y%m%d}-")
    return desk.config.bulletins / f"{local:%Y/%m/%d}" / f"{local:%H%M}_{name}_{bulletin.language.replace('+', '-')}"


def show(desk: Desk, bulletin: Bulletin, master: Path, text: str, picture: Path) -> Path:
    """Put a bulletin's sound, spoken text and picture where people look for them; the sound's path."""
    base = stem(desk, bulletin)
    base.parent.mkdir(parents=True, exist_ok=True)
    # Excel and Notepad know UTF-8 by its mark.
    _write(base.with_name(base.name + ".txt"), ("\ufeff" + text.replace("\n", "\r\n") + "\r\n").encode())
    _copy(picture, base.with_name(base.name + ".png"))
    return _copy(master, base.with_name(base.name + ".mp3"))


def _copy(source: Path, target: Path) -> Path:
    part = target.with_name(f".{target.name}.part")
    shutil.copyfile(source, part)
    return part.replace(target)


def _write(target: Path, data: bytes) -> None:
    part = target.with_name(f".{target.name}.part")
    with part.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(target)
