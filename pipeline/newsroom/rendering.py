"""Rendering a file outside the ledger: a script or a recording to one master, as the line would make it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.config import Config
from pipeline.core.errors import Says, UnknownName, WouldOverwrite
from pipeline.core.facts import Happened, Json
from pipeline.core.model import Bulletin, Master
from pipeline.intake import drop
from pipeline.newsroom import bulletins, scripts
from pipeline.newsroom.desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A master, and what its editor should know."""

    bulletin: Bulletin
    master: Master
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Json]:
        """For other programs."""
        level = self.master.loudness
        return {
            "title": self.bulletin.title,
            "language": self.bulletin.language,
            "profile": self.master.profile,
            "seconds": round(self.master.seconds, 3),
            "bytes": self.master.size,
            "sha256": self.master.digest,
            "lufs": round(level.integrated, 2),
            "lra": round(level.range, 2),
            "dbtp": round(level.true_peak, 2),
            "reduction": round(self.master.reduction, 1),
            "notes": list(self.notes),
        }


@contextmanager
def aside(config: Config, profile: str = "") -> Iterator[Config]:
    """The settings of a workspace whose ledger, store and bulletins nobody will see; one profile, no stations.

    Raises:
        UnknownName: there is no profile of that name.
    """
    if profile and profile not in config.profiles:
        raise UnknownName(what=Says("hồ sơ âm thanh", "profile"), name=profile, nearest=", ".join(config.profiles))
    wanted = profile or next(iter(config.profiles))
    with TemporaryDirectory(prefix="bantin-") as folder:
        paths = config.settings.paths.model_copy(
            update={"bulletins": Path(folder), "state": Path(folder) / "state", "scripts": config.scripts.resolve()}
        )
        settings = config.settings.model_copy(update={"paths": paths})
        yield replace(config, settings=settings, profiles={wanted: config.profiles[wanted]}, stations={})


def render(desk: Desk, file: Path, out: Path) -> Rendered:
    """Read, voice, mix and master a file on a desk set aside; `out` is whole or not there. The file stays where it is.

    Raises:
        WouldOverwrite: `out` is the file itself, or a sound that belongs to it, by whatever name.
        UnknownName: `out` has not the suffix of the profile's format; a player would not know what to make of it.
        PipelineError: whatever would refuse or hold it.
    """
    (profile,) = desk.config.profiles.values()
    if out.suffix.lower() != profile.suffix:
        kind = Says(f"đuôi tệp cho hồ sơ {profile.name}", f"suffix for profile {profile.name}")
        raise UnknownName(what=kind, name=out.suffix or out.name, nearest=profile.suffix)
    submission = drop.take_in(file, max_bytes=desk.config.settings.intake.max_megabytes * 1_000_000)
    for source in (file, *submission.files.values()):
        if out.exists() and out.samefile(source):
            raise WouldOverwrite(out=out.name, source=source.name)
    bulletin = scripts.edition(desk, submission.script)
    for sound in submission.files.values():
        desk.store.put(sound)
    fact = desk.fact(Happened.RECEIVED, bulletin=bulletin, digest=submission.script.digest, name=file.name)
    desk.ledger.receive(submission.script, bulletin, fact)
    (master,) = bulletins.render(desk, bulletin)
    part = out.with_name(f".{out.name[:40]}.part")
    try:
        shutil.copyfile(desk.store.get(master.digest), part)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    read = bulletins.reading_of(desk, bulletin)
    made = desk.ledger.facts(bulletin.id, Happened.MASTERED)[-1].detail.get("notes")
    notes = [f"{note.about}: {note.message}" for note in (read.notes if read else ())]
    notes += [str(note) for note in made] if isinstance(made, list) else []
    return Rendered(bulletin=bulletin, master=master, notes=tuple(notes))
