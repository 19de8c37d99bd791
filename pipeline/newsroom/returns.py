"""What stations send back: which files their people say they hold, and what they played. Each becomes a fact, once."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.core.errors import DeliveryError, FileTrouble, UnknownSender
from pipeline.core.facts import Fact, Happened, Json
from pipeline.core.model import CARRIED, BulletinId, Receipt, Station, StationCode, Verification, digest_of
from pipeline.core.ports import Remote
from pipeline.delivery import returns
from pipeline.delivery.links import IS_LINK, is_link, opened
from pipeline.newsroom import registry
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.lease import leased
from pipeline.newsroom.visit import Visit

_BACK = timedelta(days=120)
"""How long after it was to air a bulletin is still recognised by its file's name."""
_CLOCKS = timedelta(minutes=15)
"""By so much a station's clock may be slow, or people round the hour they write down: what is wrong by more is another
broadcast. No airing is believed that was longer before its file was made, or came to the station.
"""
_MOST_LINES, _MOST_OF_A_LINE = 20, 200
"""Of what nobody can understand, so much goes into a fact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What came back from one station."""

    station: StationCode
    held: int = 0
    """Files that are newly said to be there."""
    played: int = 0
    """Airings that are newly said to have been."""
    odd: tuple[str, ...] = ()
    """Lines that nobody can understand, that name what was never sent there, an hour that has not come or at which the
    file was not there yet, or that only a visit can prove.
    """


@dataclass(frozen=True, slots=True)
class _Left:
    """A file that a station's people left for us, as far as it can be read."""

    data: bytes = b""
    odd: str = ""
    """Why it was not read, in Vietnamese; empty where it was, or where there is none."""


def collect(desk: Desk, station: Station, remote: Remote, token: int) -> Returned:
    """Look on a visit whether the station's people left word; the files stay where they are.

    A file that cannot be read is told like a line that nobody can understand, and stops nothing.
    """
    held, played = (_fetched(remote, name) for name in (returns.HELD, returns.PLAYED))
    return _take_in(desk, station, held, played, token)


def _fetched(remote: Remote, name: str) -> _Left:
    try:
        size = remote.size(name) or 0
        return _too_large(name, size) or _Left(b"".join(remote.read(name)) if size else b"")
    except DeliveryError as problem:
        return _Left(odd=f"{name}: {problem.message.vi}")


def _too_large(name: str, size: int) -> _Left | None:
    return _Left(odd=f"{name}: {size} byte, lớn hơn {returns.MOST}") if size > returns.MOST else None


def _take_in(desk: Desk, station: Station, held: _Left, played: _Left, token: int) -> Returned:
    """Make facts of what a station's people wrote; what was taken in before changes nothing.

    The caller has the station's lease, and `token` is its number.
    """
    unread = [left.odd for left in (held, played) if left.odd]
    mark, digest = f"returns {station.code}", digest_of(b"\0".join([held.data, played.data, *map(str.encode, unread)]))
    if not (held.data or played.data or unread) or desk.ledger.mark(mark) == digest:
        return Returned(station=station.code)
    since = desk.now() - _BACK
    visit = Visit(desk, station, {t.bulletin for t in desk.ledger.transmissions(None, station.code, since, ever=True)})
    told_held, odd = returns.held(_text(held.data))
    told_played, odd_too = returns.played(_text(played.data))
    receipts, wrong = _receipts(desk, station, visit, told_held)
    aired, impossible = _aired(desk, station, visit, told_played)
    every = (*unread, *odd, *odd_too, *wrong, *impossible)
    facts = [*(fact for receipt in receipts for fact in visit.told(receipt)), *aired]
    facts += [_unclear(desk, station, every)] if every else []
    desk.ledger.confirm(receipts, facts, station.code, token)
    desk.ledger.set_mark(mark, digest)
    return Returned(station=station.code, held=len(receipts), played=len(aired), odd=every)


def _unclear(desk: Desk, station: Station, lines: Sequence[str]) -> Fact:
    """The fact of lines that nobody can understand; of very many only the first."""
    told: list[Json] = [line[:_MOST_OF_A_LINE] for line in lines[:_MOST_LINES]]
    return desk.fact(Happened.UNCLEAR, station=station.code, lines=told, count=len(lines))


def _text(data: bytes) -> str:
    """Windows Notepad may save as UTF-16; what is damaged becomes odd lines and stops nothing."""
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    return data.decode(encoding, errors="replace")


def _receipts(
    desk: Desk, station: Station, visit: Visit, told: Iterable[returns.Held]
) -> tuple[list[Receipt], list[str]]:
    """Receipts for what is newly said to be there, and the names that do not fit.

    Where there is a line, a word is no receipt: the next visit proves the file, or brings it.
    """
    proven_by_visits = station.transport != CARRIED
    files, receipts, wrong = visit.files(), [], []
    known = {h.bulletin: h.digest for h in desk.ledger.holdings(station=station.code)}
    for one in told:
        name, master = files.get(one.name, (None, None))
        if name is None or master is None or (one.digest and one.digest != master.digest):
            wrong.append(one.name)
        elif known.get(name) == master.digest:
            continue
        elif proven_by_visits and not one.digest:
            wrong.append(one.name)
        else:
            receipts.append(
                Receipt(
                    station=station.code,
                    bulletin=name,
                    digest=master.digest,
                    remote=one.name,
                    size=master.size,
                    verified=Verification.HASH if one.digest else Verification.REPORTED,
                    at=_looked(desk, one.at),
                )
            )
    return receipts, wrong


def _aired(desk: Desk, station: Station, visit: Visit, told: Iterable[returns.Played]) -> tuple[list[Fact], list[str]]:
    """What is newly said to have been played, and the lines of what was never sent there or cannot have been then."""
    files, place = visit.files(), [one.code for one in desk.config.at_place(station)]
    names = {files[p.name][0] for p in told if p.name in files}
    before = desk.ledger.facts_by_bulletin(names, place)
    known = {
        (name, f.detail["aired"])
        for name, facts in before.items()
        for f in facts
        if f.happened is Happened.AIRED and f.station == station.code
    }
    facts: dict[tuple[BulletinId, str], Fact] = {}
    odd = []
    for one in told:
        name, master = files.get(one.name, (None, None))
        if name is None or master is None:
            odd.append(one.name)
            continue
        at = _utc(desk, one.at)
        if (name, at.isoformat()) in known:
            continue
        if why := _impossible(desk, station, [f for f in before[name] if f.digest == master.digest], at):
            odd.append(f"{one.at:%d/%m/%Y %H:%M}; {one.name} ({why})")
        else:
            facts[name, at.isoformat()] = visit.fact(
                Happened.AIRED, name, master.digest, aired=at.isoformat(), note=one.note
            )
    return list(facts.values()), odd


def _impossible(desk: Desk, station: Station, of_master: Iterable[Fact], at: datetime) -> str:
    """Why a master cannot have been played at an instant, in Vietnamese, by the facts of it at that place; or empty.

    Where people carry sticks it came with one, whenever they say that they copied it; a file that nothing of ours
    brought they may have got by another way, but not before it was made.
    """
    if at > desk.now():
        return "giờ ấy chưa tới"
    brings = {Happened.EXPORTED} | ({Happened.CONFIRMED} if station.transport != CARRIED else set())
    made = min((f.at for f in of_master if f.happened is Happened.MASTERED), default=None)
    came = min((f.at for f in of_master if f.happened in brings), default=None)
    if made and at < made - _CLOCKS:
        return "lúc ấy tệp này chưa làm xong"
    return "lúc ấy trạm chưa có tệp này" if came and at < came - _CLOCKS else ""


def _looked(desk: Desk, local: datetime | None) -> datetime:
    """When somebody looked: what they wrote down, but never later than now."""
    return min(desk.now(), _utc(desk, local)) if local else desk.now()


def _utc(desk: Desk, local: datetime) -> datetime:
    """What people wrote down as local time."""
    return local.replace(tzinfo=desk.config.zone).astimezone(UTC)


# --- from a folder that came back ------------------------------------------------------------------------------------


def import_all(desk: Desk, where: Path) -> list[Returned]:
    """Take in what stations wrote on a stick or in files that they sent.

    `where` is one such file, a station's folder, or a folder with a folder for each station. Whose a folder is its name
    says, which begins with the station's code, or else the `XAC-NHAN.txt` in it; whose a file is, it says itself first.

    Raises:
        UnknownSender: nothing says which station it is from.
        UnknownName: what it says is no station.
        FileTrouble: a file cannot be read.
        StationBusy: a push is visiting one of the stations.
    """
    if where.is_file():
        return [_take_in_file(desk, where)]
    if any((where / name).is_file() for name in (returns.HELD, returns.PLAYED)):
        station = _station(desk, where) or _said(desk, where, _read(where / returns.HELD))
        return [take_in_folder(desk, station, where)]
    found = [(s, path) for path in sorted(p for p in where.iterdir() if p.is_dir()) if (s := _station(desk, path))]
    if not found:
        raise UnknownSender(where=where)
    return [take_in_folder(desk, station, path) for station, path in found]


def _take_in_file(desk: Desk, file: Path) -> Returned:
    """Take in one file, whatever its name became on the way: what was played is a table, what is held a text."""
    left = _read(file)
    if file.suffix.casefold() == Path(returns.PLAYED).suffix:
        station, held, played = _station(desk, file.parent), _Left(), left
        if station is None:
            raise UnknownSender(where=file)
    else:
        station, held, played = _said(desk, file, left), left, _Left()
    with leased(desk, station, visit=False) as token:
        return _take_in(desk, station, held, played, token)


def _said(desk: Desk, where: Path, left: _Left) -> Station:
    """The station that a form names, else that of the folder it lies in."""
    if code := returns.sender(_text(left.data)):
        return registry.find(desk, code)
    station = _station(desk, where if where.is_dir() else where.parent)
    if station is None:
        raise UnknownSender(where=where)
    return station


def take_in_folder(desk: Desk, station: Station, folder: Path) -> Returned:
    """Take in what a station wrote into a folder here; a link is told as what nobody can understand, and not followed.

    Raises:
        FileTrouble: a file cannot be read.
        StationBusy: a push is visiting the station.
    """
    held, played = _written(folder)
    with leased(desk, station, visit=False) as token:
        return _take_in(desk, station, held, played, token)


def _station(desk: Desk, folder: Path) -> Station | None:
    name = folder.absolute().name
    codes = {name, name.partition("_")[0]}
    return next((s for code, s in desk.config.stations.items() if code in codes), None)


def _written(folder: Path) -> tuple[_Left, _Left]:
    if folder.is_symlink():
        return _Left(odd=IS_LINK.format(name=folder.name).vi), _Left()
    return _read(folder / returns.HELD), _read(folder / returns.PLAYED)


def _read(file: Path) -> _Left:
    try:
        with opened(file, "rb") as stream:
            return _too_large(file.name, os.fstat(stream.fileno()).st_size) or _Left(stream.read())
    except FileNotFoundError:
        return _Left()
    except IsADirectoryError as fault:
        return _Left(odd=f"{file.name}: {fault.strerror}")
    except OSError as fault:
        if is_link(fault):
            return _Left(odd=IS_LINK.format(name=file.name).vi)
        raise FileTrouble(where=file, reason=fault.strerror or str(fault)) from fault
