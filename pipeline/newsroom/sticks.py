"""Sticks: the same folder that a line would fill, for communes that have none; carried there, and answered for."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.core.facts import Happened
from pipeline.core.model import Seconds, Station
from pipeline.core.text import slug
from pipeline.delivery import returns
from pipeline.delivery.push import Extra, deliver
from pipeline.newsroom import registry
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.visit import Visit

CARRIED = "usb"
"""What the column transport says of a station without a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written for one station."""

    station: Station
    folder: Path
    files: int
    size: int
    """Bytes written now; 0 where all of it was there."""


def export(desk: Desk, folder: Path, only: Sequence[str] = ()) -> list[Exported]:
    """Write a folder for each station without a line, or for those named: all that is signed and still to air.

    It is proven by reading back, like any delivery. That it reached the station only the station can say.

    Raises:
        UnknownName: there is no such station.
        StationFull, FolderRefused: the stick has no room, or cannot be written.
    """
    named = [registry.find(desk, code) for code in only]
    stations = named or [s for s in desk.config.stations.values() if s.transport == CARRIED]
    done = []
    for number, station in enumerate(stations, start=1):
        done.append(_write(desk, folder, station))
        desk.progress("export", number, len(stations))
    return done


def _write(desk: Desk, folder: Path, station: Station) -> Exported:
    visit = Visit(desk, station)
    listed = visit.listed()
    parcels = [visit.parcel(name) for name in dict.fromkeys(t.bulletin for t in listed)]
    target = folder / f"{station.code}_{slug(station.name)}"
    stick = replace(station, transport="folder", folder=str(target.absolute()), make_folder=True, bandwidth=0)
    form = Extra(name=returns.HELD, data=returns.form([p.name for p in parcels]))
    extras = [*visit.extras(listed, {p.name for p in parcels}), form]
    with desk.transports["folder"].open(stick, Seconds(desk.config.settings.delivery.deadline_seconds)) as remote:
        done = deliver(remote, stick, parcels, extras, desk.now)
    facts = [visit.fact(Happened.EXPORTED, p.bulletin, p.digest, remote=p.name) for p in parcels]
    desk.ledger.record(*facts)
    return Exported(station=station, folder=Path(os.path.relpath(target)), files=len(parcels), size=done.sent)
