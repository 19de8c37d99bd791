"""Uploads: scripts and recordings that came with a form, as files of ours under plain names, taken in as if dropped."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import UploadFile

from pipeline.core.errors import NothingSent, UnreadableScript
from pipeline.core.model import BulletinId, Seconds
from pipeline.core.ports import Lane
from pipeline.ledger.lock import alone
from pipeline.newsroom import bulletins, scripts
from pipeline.newsroom.desk import LINE_WAIT, Desk
from pipeline.newsroom.scripts import Taken
from pipeline.web.door import WAITING, Door
from pipeline.web.work import Work

DOOR = Door("uploads", WAITING)
"""Through which `take_in` is asked for: it may wait."""
_LONGEST_NAME = 200
_TITLE = 60
"""Letters of a text that serve as its name where it has none."""
_PATIENCE = Seconds(45)
"""How long a form waits for a bulletin that is being made; proxies give up after a minute."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came with a form: files, or a text with its name."""

    files: Sequence[UploadFile]
    text: str
    name: str


def take_in(work: Work, desk: Desk, sent: Sent) -> list[Taken]:
    """Take in what was sent and have it made; what became of each file.

    Raises:
        NothingSent: there is neither a file nor a text.
    """
    with desk.store.scratch() as scratch:
        paths = laid_down(Path(scratch), sent)
        with alone(desk.config.state, "line", _PATIENCE):
            taken = scripts.sweep(desk, paths)
    for one in taken:
        if one.bulletin:
            work.ask(Lane.SOUND, one.bulletin.id, desk.who, _maker(one.bulletin.id), task="make", via=desk.via)
    return taken


def _maker(name: BulletinId) -> Callable[[Desk], None]:
    def do(desk: Desk) -> None:
        (bulletin,) = desk.ledger.bulletins([name])
        with alone(desk.config.state, "line", LINE_WAIT):
            if bulletins.is_open(desk, bulletin):
                bulletins.render(desk, bulletin)

    return do


def laid_down(folder: Path, sent: Sent) -> list[Path]:
    """What was sent, as files of their own names in a folder of ours: scripts first, to find their recordings.

    Raises:
        NothingSent: there is neither a file nor a text.
        UnreadableScript: the text holds what is no letter, as a form in an odd encoding may.
    """
    paths: list[Path] = []
    for number, file in enumerate(sent.files, start=1):
        name = plain_name(file.filename or "", f"tep-{number}")
        path, again = folder / name, number
        while path.exists():
            path, again = folder / f"{again}-{name}", again + 1
        with path.open("xb") as out:
            while block := file.file.read(1 << 20):
                out.write(block)
        paths.append(path)
    if sent.text.strip() and not paths:
        path = folder / f"{named(sent)}.txt"
        try:
            path.write_text(sent.text.replace("\r\n", "\n"), "utf-8")
        except UnicodeEncodeError as fault:
            raise UnreadableScript(name=path.name, format="UTF-8", reason=fault.reason) from fault
        paths.append(path)
    if not paths:
        raise NothingSent
    return sorted(paths, key=lambda path: (path.suffix.lower() in {".wav", ".mp3", ".m4a", ".ogg", ".opus"}, path.name))


def named(sent: Sent) -> str:
    """What the file of a typed text is called: as it was named, else by its first words."""
    return _cut(_named(sent.name) or _begun(sent.text)) or "bai"


def plain_name(name: str, otherwise: str) -> str:
    """The last part of a name that a browser sent, without what means something else to a file system."""
    kept = _printable(name.replace("\\", "/").rsplit("/", 1)[-1])
    stem, dot, suffix = kept.strip().rstrip(".").rpartition(".")
    stem, suffix = (stem, suffix) if dot else (suffix, "")
    return f"{_cut(stem.strip(' .')) or otherwise}{dot}{suffix[:10]}"


def _named(title: str) -> str:
    """A name that somebody typed, as one of a file: a date in it stays a date."""
    return _printable(title.replace("/", "-").replace("\\", "-")).strip(" .")


def _begun(text: str) -> str:
    """The first words of a text, below its head: what somebody calls it who gave it no name."""
    head, blank, body = text.strip().partition("\n\n")
    said = body if blank and all(re.match(r"#|[^.]{1,30}:", line) for line in head.splitlines()) else head
    words = _named(" ".join(said.split())).rstrip(".,;:!?…")
    return words if len(words) <= _TITLE else words[: words.rfind(" ", 0, _TITLE) + 1].strip() or words[:_TITLE]


def _printable(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFC", name) if c.isprintable() and c not in '<>:"|?*')


def _cut(name: str) -> str:
    """So much of a name as a file system takes, which counts bytes: a Khmer letter has three."""
    return name.encode()[:_LONGEST_NAME].decode(errors="ignore").strip(" .")
