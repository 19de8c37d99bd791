"""Recipients: which stations a bulletin goes to, by the registry of today and not of the day it was taken in.

A station goes by its code, its commune's name and code, those of the units that were merged into it, its groups, its
kind (`đồn biên phòng`) and its technology (`FM`). Tân Thành and Tân Thạnh are two communes: who writes accents means
them, and who writes none is understood where only one name can be meant.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from pipeline.core.errors import Says, WrongHeadValue
from pipeline.core.model import Bulletin, Head, Station, StationCode
from pipeline.core.text import slug
from pipeline.newsroom.desk import Desk

_SHOWN = 8
_TONES = "\u0300\u0301\u0303\u0309\u0323"


def recipients(desk: Desk, bulletin: Bulletin) -> list[Station]:
    """The stations that a bulletin's `only` and `without` leave; with neither, all of them.

    Where the registry changed since it was taken in, and a name without accents fits several by now, all of them.
    """
    stations = list(desk.config.stations.values())
    wanted, unwanted = _all_fitting(stations, bulletin.only), _all_fitting(stations, bulletin.without)
    return [s for s in stations if (not bulletin.only or s.code in wanted) and s.code not in unwanted]


def check(desk: Desk, head: Head, name: str) -> None:
    """Refuse a head that names a station or commune which the registry does not have, or one of several.

    Raises:
        WrongHeadValue: with the names there are, or that it may mean.
    """
    stations = list(desk.config.stations.values())
    for wanted in (*head.only, *head.without):
        fitting = {_spelling(found): found for found in _fitting(stations, wanted).values()}
        if len(fitting) == 1:
            continue
        alike = list({_spelling(found): found for found in _called(stations, wanted, slug).values()}.values())
        if alike:
            value = Says(f"{wanted} ({' hay '.join(alike)}?)", f"{wanted} ({' or '.join(alike)}?)")
            raise WrongHeadValue(name=name, key="Nơi nhận", value=value, example=alike[0])
        known = [s.name for s in stations][:_SHOWN]
        example = ", ".join(known) + (", …" if len(stations) > _SHOWN else "") if known else "tất cả"
        raise WrongHeadValue(name=name, key="Nơi nhận", value=wanted, example=example)


def _all_fitting(stations: Sequence[Station], names: Iterable[str]) -> set[StationCode]:
    return {code for name in names for code in _fitting(stations, name)}


def _fitting(stations: Sequence[Station], wanted: str) -> dict[StationCode, str]:
    """The stations that go by a name, each with that name as the registry has it: by their code, else as it is spelt.

    Only what is written without any accent, and fits nothing so, may be any name that has the same letters.
    """
    of_code: dict[StationCode, str] = {s.code: s.code for s in stations if s.code.casefold() == wanted.casefold()}
    spelt = of_code or _called(stations, wanted, _spelling)
    return spelt if spelt or not wanted.isascii() else _called(stations, wanted, slug)


def _called(stations: Sequence[Station], wanted: str, key: Callable[[str], str]) -> dict[StationCode, str]:
    sought = key(wanted)
    return {s.code: name for s in stations for name in _names(s) if key(name) == sought} if sought else {}


def _names(station: Station) -> Iterable[str]:
    commune = station.commune
    return (station.code, commune.name, commune.code, *commune.predecessors, *station.groups, station.unit,
            station.technology)  # fmt: skip


@lru_cache(maxsize=1 << 16)
def _spelling(name: str) -> str:
    """The same for one name however it is composed, capitalised, spaced, and wherever its tone is put (Hòa, Hoà)."""
    words = unicodedata.normalize("NFD", name.casefold()).split()
    return " ".join("".join(sorted(word, key=_TONES.__contains__)) for word in words)
