"""Files leave the drop folder together or not at all, even across a power cut.

Several renames cannot be one step. So what is to be done is written down first, in a hidden file that takes its name in
one step; whoever comes next finishes what such a file says.
"""

import json
import os
import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import chain, count
from pathlib import Path

from pipeline.intake.manuscript import nfc

_PREFIX = ".chuyen-"


@dataclass(frozen=True, slots=True)
class Move:
    """One file of the drop folder and where it goes, both relative to that folder, with its look when that was decided.

    The look keeps a newer file of the same name from being moved in its place.
    """

    source: str
    target: str
    size: int
    changed: int


def carry_out(folder: Path, files: Iterable[Path], into: str, note: tuple[str, str] | None = None) -> list[Path]:
    """Move files of `folder` into a folder below it, and write a note there; return where the files are now.

    No file is ever written over: where a name is taken by other bytes, the files that move together get the same
    number. `note` is the end of its name, after the first file's, and its text.
    """
    present = [file for file in files if file.is_file()]
    if not present:
        return []
    (folder / into).mkdir(parents=True, exist_ok=True)
    targets = _targets(present, folder / into)
    moves = [_planned(file, target, folder) for file, target in zip(present, targets, strict=True)]
    order = folder / f"{_PREFIX}{uuid.uuid4().hex}.json"
    notes = {targets[0].relative_to(folder).as_posix() + note[0]: note[1]} if note else {}
    _write(order, json.dumps({"moves": [asdict(move) for move in moves], "notes": notes}, ensure_ascii=False))
    _follow(order, folder)
    return targets


def finish(folder: Path) -> None:
    """Finish whatever a power cut left half moved."""
    for order in sorted(folder.glob(f"{_PREFIX}*.json")):
        _follow(order, folder)


def _planned(file: Path, target: Path, folder: Path) -> Move:
    look = file.stat()
    return Move(file.name, target.relative_to(folder).as_posix(), look.st_size, look.st_mtime_ns)


def _follow(order: Path, folder: Path) -> None:
    """Do what an order says; what is done already stays done."""
    with suppress(FileNotFoundError):  # another run has just finished it
        said = json.loads(order.read_text("utf-8"))
        for name, text in said["notes"].items():
            _write(folder / name, text, "utf-8-sig")  # the mark tells an old Notepad that this is UTF-8
        for move in said["moves"]:
            _move(Move(**move), folder)
        order.unlink()


def _move(move: Move, folder: Path) -> None:
    source, target = folder / move.source, folder / move.target
    with suppress(FileNotFoundError):
        look = source.stat()
        if (look.st_size, look.st_mtime_ns) == (move.size, move.changed):
            source.rename(target if _is_free(target, source) else _targets([source], target.parent)[0])


def _targets(files: Sequence[Path], into: Path) -> list[Path]:
    """Where files go: their own names, with the first number for which all are free."""
    for number in chain([""], (f" ({n})" for n in count(2))):
        targets = [into / nfc(f"{file.stem}{number}{file.suffix}") for file in files]
        if all(_is_free(target, file) for target, file in zip(targets, files, strict=True)):
            return targets
    raise AssertionError  # the numbers do not end


def _is_free(target: Path, file: Path) -> bool:
    """Whether nothing would be lost if a file took this name: there is none, or one of the same bytes."""
    if not target.exists():
        return True
    return target.is_file() and _same(target, file)


def _same(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as left, other.open("rb") as right:
        while block := left.read(1 << 20):
            if block != right.read(1 << 20):
                return False
    return True


def _write(path: Path, text: str, encoding: str = "utf-8") -> None:
    """Write a small file whole or not at all, on disk before it has its name."""
    part = path.with_name(f".{uuid.uuid4().hex}.tmp")
    with part.open("w", encoding=encoding) as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)
