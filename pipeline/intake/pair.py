"""Which recordings belong to which text, judged by what lies in the same folder."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pipeline.core.errors import ScriptRefused
from pipeline.intake import body, formats
from pipeline.intake.manuscript import Line, nfc

_TAKE = re.compile(r"[-_ .(]*(?:đoạn|doan)[-_ .]*0*(\d{1,3})[ )]*")
"""What follows a text's name in that of an announcer's take of one paragraph: `tin đoạn 2.wav`, `tin-doan-2.wav`."""
SOUNDS_FOLDER = "am-thanh"
"""Below the drop folder: recordings that many scripts may name. They stay there."""


def named(name: str, folder: Path) -> Path | None:
    """The recording a mark names, beside its script or in `am-thanh`; the suffix may be left out. None: not there.

    Names compare composed and without regard to capitals. A name never leads out of these two folders.
    """
    wanted = _plain(name)
    for place in (folder, folder / SOUNDS_FOLDER):
        for path in _sounds(place):
            if wanted in {_plain(path.name), _plain(path.stem)}:
                return path
    return None


def recordings_of(script: Path, lines: Iterable[Line]) -> list[Path]:
    """Recordings with the name of a text that no mark of it names: they air, and the text is their transcript."""
    marked = {named(name, script.parent) for name in body.recordings(lines)}
    same = (path for path in _sounds(script.parent) if _plain(path.stem) == _plain(script.stem))
    return [path for path in same if path not in marked]


def takes_of(script: Path, lines: Iterable[Line]) -> Mapping[int, Sequence[Path]]:
    """Recordings of single paragraphs of a text, by the paragraph's number, counted from 1: `tin đoạn 2.wav`.

    One that a mark names, or that has a text of its own name beside it, is none.
    """
    marked = {named(name, script.parent) for name in body.recordings(lines)}
    stem = _plain(script.stem)
    texts = {_plain(path.stem) for path in _files(script.parent) if formats.is_text(path)}
    found: dict[int, list[Path]] = {}
    for path in _sounds(script.parent):
        name = _plain(path.stem)
        take = _TAKE.fullmatch(name[len(stem) :]) if name.startswith(stem) and name not in texts else None
        if take and path not in marked:
            found.setdefault(int(take[1]), []).append(path)
    return found


def is_take(recording: Path) -> bool:
    """Whether a recording calls itself the take of one paragraph, of whatever text."""
    return bool(re.search(rf"{_TAKE.pattern}$", _plain(recording.stem)))


def belongings(script: Path) -> list[Path]:
    """The recordings in the same folder that belong to a text, so far as the text can be read."""
    lines = _lines(script)
    marked = [named(name, script.parent) for name in body.recordings(lines)]
    takes = [path for paths in takes_of(script, lines).values() for path in paths]
    found = [*recordings_of(script, lines), *takes, *filter(None, marked)]
    return [path for path in dict.fromkeys(found) if path.parent == script.parent]


def owner_of(recording: Path, *, besides: Iterable[Path] = ()) -> Path | None:
    """A text in the same folder to which a recording belongs, by its name or by a mark; None where there is none."""
    others = [path for path in _files(recording.parent) if formats.is_text(path) and path not in set(besides)]
    others.sort(key=lambda path: _plain(path.stem) != _plain(recording.stem))
    return next((text for text in others if recording in belongings(text)), None)


def _lines(script: Path) -> list[Line]:
    """The lines of a text; none where it cannot be read, for then it is refused with a reason of its own."""
    try:
        formats.check_size(script, formats.MOST_WORD)
        return list(formats.read(script.read_bytes(), nfc(script.name)).lines)
    except (ScriptRefused, OSError):
        return []


def _sounds(folder: Path) -> list[Path]:
    return [path for path in _files(folder) if formats.is_sound(path)]


def _files(folder: Path) -> list[Path]:
    """Visible files by name; none where there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith((".", "~$")))


def _plain(name: str) -> str:
    return nfc(name).casefold()
