"""What stations send back: which files their people say they hold, and what they played. Each becomes a fact, once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.core.errors import ConfigError, FileTrouble, Says
from pipeline.core.facts import Fact, Happened
from pipeline.core.model import BulletinId, Receipt, Station, StationCode, Verification, digest_of
from pipeline.core.ports import Remote
from pipeline.delivery import returns
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.lease import leased
from pipeline.newsroom.visit import Visit

_BACK = timedelta(days=120)
"""How long after it was to air a bulletin is still recognised by its file's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What came back from one station."""

    station: StationCode
    held: int = 0
    """Files that are newly said to be there."""
    played: int = 0
    """Airings that are newly said to have been."""
    odd: tuple[str, ...] = ()
    """Lines that nobody can understand, or that name what was never sent there."""


def collect(desk: Desk, station: Station, remote: Remote, token: int) -> Returned:
    """Look on a visit whether the station's people left word; the files stay where they are."""
    texts = {name: _fetched(remote, name) for name in (returns.HELD, returns.PLAYED)}
    return take_in(desk, station, texts[returns.HELD], texts[returns.PLAYED], token)


def _fetched(remote: Remote, name: str) -> bytes:
    size = remote.size(name)
    return b"".join(remote.read(name)) if size and size <= returns.MOST else b""


def take_in(desk: Desk, station: Station, held: bytes, played: bytes, token: int) -> Returned:
    """Make facts of what a station's people wrote; what was taken in before changes nothing.

    The caller has the station's lease, and `token` is its number.
    """
    mark, digest = f"returns {station.code}", digest_of(held + b"\0" + played)
    if not (held or played) or desk.ledger.mark(mark) == digest:
        return Returned(station=station.code)
    since = desk.now() - _BACK
    visit = Visit(desk, station, {t.bulletin for t in desk.ledger.transmissions(station=station.code, after=since)})
    files = visit.files()
    told_held, odd = returns.held(_text(held))
    told_played, odd_too = returns.played(_text(played))
    receipts, wrong = _receipts(desk, station, visit, told_held)
    aired = _aired(desk, station, visit, [p for p in told_played if p.name in files])
    facts = [fact for receipt in receipts for fact in visit.told(receipt)]
    desk.ledger.confirm(receipts, [*facts, *aired], station.code, token)
    desk.ledger.set_mark(mark, digest)
    unknown = [p.name for p in told_played if p.name not in files]
    return Returned(station=station.code, held=len(receipts), played=len(aired), odd=(*odd, *odd_too, *wrong, *unknown))


def _text(data: bytes) -> str:
    """Windows Notepad may save as UTF-16; what is damaged becomes odd lines and stops nothing."""
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    return data.decode(encoding, errors="replace")


def _receipts(
    desk: Desk, station: Station, visit: Visit, told: Iterable[returns.Held]
) -> tuple[list[Receipt], list[str]]:
    """Receipts for what is newly said to be there, and the names that do not fit."""
    files, receipts, wrong = visit.files(), [], []
    known = {h.bulletin: h.digest for h in desk.ledger.holdings(station=station.code)}
    for one in told:
        name, master = files.get(one.name, (None, None))
        if name is None or master is None or (one.digest and one.digest != master.digest):
            wrong.append(one.name)
        elif known.get(name) != master.digest:
            receipts.append(
                Receipt(
                    station=station.code,
                    bulletin=name,
                    digest=master.digest,
                    remote=one.name,
                    size=master.size,
                    verified=Verification.HASH if one.digest else Verification.REPORTED,
                    at=_instant(desk, one.at),
                )
            )
    return receipts, wrong


def _aired(desk: Desk, station: Station, visit: Visit, told: Iterable[returns.Played]) -> list[Fact]:
    files = visit.files()
    names = {files[p.name][0] for p in told}
    before = desk.ledger.facts_by_bulletin(names, [station.code])
    known = {(name, f.detail["aired"]) for name, facts in before.items() for f in facts if f.happened is Happened.AIRED}
    facts: dict[tuple[BulletinId, str], Fact] = {}
    for one in told:
        name, master = files[one.name]
        at = _instant(desk, one.at).isoformat()
        if (name, at) not in known:
            facts[name, at] = visit.fact(Happened.AIRED, name, master.digest, aired=at, note=one.note)
    return list(facts.values())


def _instant(desk: Desk, local: datetime | None) -> datetime:
    """What people wrote down as local time; never later than now."""
    now = desk.now()
    return min(now, local.replace(tzinfo=desk.config.zone).astimezone(UTC)) if local else now


# --- from a folder that came back ------------------------------------------------------------------------------------


def import_all(desk: Desk, folder: Path) -> list[Returned]:
    """Take in what stations wrote on a stick or in files they sent: a folder for each, named by the station's code.

    Raises:
        ConfigError: none of its folders belongs to a station.
        FileTrouble: a file cannot be read.
        StationBusy: a push is visiting one of the stations.
    """
    found = [(s, path) for path in sorted(p for p in folder.iterdir() if p.is_dir()) if (s := _station(desk, path))]
    if not found:
        vi = "  không có thư mục con nào mang mã trạm, như CM-0101_dat-mui"
        en = "  no folder in it is named by a station's code, as CM-0101_dat-mui"
        raise ConfigError(file=folder, faults=Says(vi, en))
    results = []
    for station, path in found:
        with leased(desk, station, visit=False) as token:
            held, played = _read(path / returns.HELD), _read(path / returns.PLAYED)
            results.append(take_in(desk, station, held, played, token))
    return results


def _station(desk: Desk, folder: Path) -> Station | None:
    codes = {folder.name, folder.name.partition("_")[0]}
    return next((s for code, s in desk.config.stations.items() if code in codes), None)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes() if file.is_file() and file.stat().st_size <= returns.MOST else b""
    except OSError as fault:
        raise FileTrouble(where=file, reason=fault.strerror or str(fault)) from fault
