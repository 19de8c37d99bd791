"""Recipients: which stations a bulletin goes to, by the registry of today and not of the day it was taken in."""

from collections.abc import Iterable, Sequence

from pipeline.core.errors import WrongHeadValue
from pipeline.core.model import Bulletin, Head, Station
from pipeline.core.text import slug
from pipeline.newsroom.desk import Desk

_SHOWN = 8


def recipients(desk: Desk, bulletin: Bulletin) -> list[Station]:
    """The stations that a bulletin's `only` and `without` leave; with neither, all of them."""
    stations = list(desk.config.stations.values())
    return [
        s for s in stations if (not bulletin.only or _is_among(s, bulletin.only)) and not _is_among(s, bulletin.without)
    ]


def check(desk: Desk, head: Head, name: str) -> None:
    """Refuse a head that names a station or commune which the registry does not have.

    Raises:
        WrongHeadValue: with the names there are.
    """
    stations: Sequence[Station] = list(desk.config.stations.values())
    for wanted in (*head.only, *head.without):
        if not any(_is_among(s, [wanted]) for s in stations):
            known = [s.name for s in stations][:_SHOWN]
            example = ", ".join(known) + (", …" if len(stations) > _SHOWN else "") if known else "tất cả"
            raise WrongHeadValue(name=name, key="Nơi nhận", value=wanted, example=example)


def _is_among(station: Station, names: Iterable[str]) -> bool:
    """Whether a station goes by one of some names, accents and capitals aside.

    They are its code, its commune's name and code, those of the units that were merged into it, its groups, its kind
    (`đồn biên phòng`) and its technology (`FM`).
    """
    commune = station.commune
    known = (station.code, commune.name, commune.code, *commune.predecessors, *station.groups, station.unit,
             station.technology)  # fmt: skip
    return bool({slug(name) for name in known} & {slug(name) for name in names if slug(name)})
