"""Sticks: the same folder that a line would fill, for communes that have none; carried there, and answered for."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.core.errors import (
    ArrivedDamaged,
    FolderRefused,
    PipelineError,
    StationFull,
    StationUnreachable,
    StickFull,
    StickRefused,
)
from pipeline.core.facts import Happened
from pipeline.core.model import CARRIED, Seconds, Station
from pipeline.core.text import slug
from pipeline.delivery.audit import clear, leftovers
from pipeline.delivery.links import IS_LINK
from pipeline.delivery.push import Extra, deliver
from pipeline.delivery.returns import HELD, PLAYED, form
from pipeline.newsroom import registry, returns
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.returns import Returned
from pipeline.newsroom.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written for one station."""

    station: Station
    folder: Path
    files: int
    size: int
    """Bytes written now; 0 where all of it was there."""
    answers: Returned
    """What the station's people had written into the folder before; it was taken in first."""


def export(desk: Desk, folder: Path, only: Sequence[str] = ()) -> list[Exported]:
    """Write a folder for each station without a line, or for those named: all that is signed and still to air.

    It is proven by reading back, like any delivery. That it reached the station only the station can say: a stick that
    came back is first asked for the answers on it. Files of ours that are not to be there any more leave the folder.

    Raises:
        UnknownName: there is no such station.
        FileTrouble: an answer cannot be read.
        StationBusy: a push is visiting a station whose answers are to be taken in.
        StickFull, StickRefused: the stick has no room, cannot be written, or has a link where a folder belongs.
    """
    named = [registry.find(desk, code) for code in only]
    stations = named or [s for s in desk.config.stations.values() if s.transport == CARRIED]
    done = []
    for number, station in enumerate(stations, start=1):
        with _of_the_stick(folder, station):
            done.append(_write(desk, folder, station))
        desk.progress("export", number, len(stations))
    return done


@contextmanager
def _of_the_stick(folder: Path, station: Station) -> Iterator[None]:
    """Say of the stick what would else be said of the station, which is far away and has nothing to do with it."""
    code = station.code
    try:
        yield
    except StationFull as problem:
        raise StickFull(station=code, folder=folder, **_taken(problem, "needed", "free")) from problem
    except (FolderRefused, StationUnreachable, ArrivedDamaged) as problem:
        raise StickRefused(station=code, folder=folder, **_taken(problem, "reason")) from problem
    except OSError as fault:
        if not Path(fault.filename or ".").is_relative_to(folder.absolute()):
            raise
        raise StickRefused(station=code, folder=folder, reason=fault.strerror or str(fault)) from fault


def _taken(problem: PipelineError, *names: str) -> dict[str, object]:
    return {name: problem.fields[name] for name in names}


def _write(desk: Desk, folder: Path, station: Station) -> Exported:
    target = folder / f"{station.code}_{slug(station.name)}"
    if target.is_symlink():
        raise FolderRefused(station=station.code, folder=target, reason=IS_LINK.format(name=target.name))
    is_back = any((target / name).exists() for name in (HELD, PLAYED))
    answers = returns.take_in_folder(desk, station, target) if is_back else Returned(station=station.code)
    visit = Visit(desk, station)
    listed = visit.listed()
    parcels = [visit.parcel(name) for name in dict.fromkeys(t.bulletin for t in listed)]
    stick = replace(station, transport="folder", folder=str(target.absolute()), make_folder=True, bandwidth=0)
    known = {h.remote for h in desk.ledger.holdings(station=station.code)}
    blank = Extra(name=HELD, data=form(station.code, [p.name for p in parcels], known))
    extras = [*visit.extras(listed, {p.name for p in parcels}), blank]
    with desk.transports["folder"].open(stick, Seconds(desk.config.settings.delivery.deadline_seconds)) as remote:
        clear(remote, leftovers(remote, [p.name for p in parcels]))
        done = deliver(remote, stick, parcels, extras, desk.now)
    facts = [visit.fact(Happened.EXPORTED, p.bulletin, p.digest, remote=p.name) for p in parcels]
    desk.ledger.record(*facts)
    shown = Path(os.path.relpath(target))
    return Exported(station=station, folder=shown, files=len(parcels), size=done.sent, answers=answers)
