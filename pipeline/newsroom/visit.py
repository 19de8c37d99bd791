"""A visit to one station: what it is to hold, under which names, and what is told of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from pipeline.core.errors import ShareEmpty
from pipeline.core.facts import Fact, Happened, Json
from pipeline.core.model import (
    SHARED,
    Bulletin,
    BulletinId,
    Digest,
    Holding,
    Master,
    Receipt,
    Station,
    StationCode,
    Transmission,
)
from pipeline.core.ports import Remote
from pipeline.delivery import manifest
from pipeline.delivery.names import PAPER_PARTS, part
from pipeline.delivery.push import Extra, Parcel, deliver, papers
from pipeline.newsroom import bulletins
from pipeline.newsroom.desk import Desk


class Visit:
    """What a visit to one station knows of its bulletins: those that are named, and those that are to air there.

    Where a commune was merged, the row before and the row after may share a place: one folder, one timetable for both.
    """

    def __init__(self, desk: Desk, station: Station, names: Collection[BulletinId] = ()) -> None:
        self._desk = desk
        self._station = station
        self._at_place = {one.code: one for one in desk.config.at_place(station)}
        self._asked = names
        self._look()

    def _look(self) -> None:
        desk = self._desk
        after = desk.now()
        plan = [t for code in self._at_place for t in desk.ledger.transmissions(station=code)]
        self._plan = {(t.station, t.bulletin) for t in plan}
        self._to_come = sorted(t for t in plan if t.at > after)
        names = {*self._asked, *(t.bulletin for t in self._to_come)}
        self._decided = desk.ledger.decided(names)
        self._rows = {row.bulletin.id: row for row in bulletins.rows(desk, names, [*self._at_place])}
        self._masters = {name: bulletins.every_master(desk, row.bulletin) for name, row in self._rows.items()}

    def look_again(self) -> None:
        """See what people decided since: a visit over a poor line takes long enough for a recall."""
        if self._desk.ledger.decided(self._rows) != self._decided:
            self._look()

    def signed(self, name: BulletinId, code: StationCode | None = None) -> Digest | None:
        """The master that the station, or another of its place, should have, if it may go out."""
        return self._rows[name].status.signed(self._at_place[code or self._station.code].profile)

    def lacks(self, name: BulletinId) -> bool:
        """Whether it may go out and is not there as signed: another run may have brought it while this one waited."""
        return self.signed(name) not in {None, self._holding(name)}

    def goes_out(self, name: BulletinId, code: StationCode) -> bool:
        """Whether it is signed, in the plan of a station of this place, and not embargoed."""
        row = self._rows[name]
        free = row.bulletin.embargo is None or row.bulletin.embargo <= self._desk.now()
        return free and (code, name) in self._plan and self.signed(name, code) is not None

    def lost(self, remote: Remote) -> list[Parcel]:
        """What the station should still have from visits before, and has not; one question, whoever took it away."""
        to_come = {t.bulletin for t in self._to_come if t.station == self._station.code}
        known = [self.held(h) for h in self._desk.ledger.holdings(to_come, self._station.code)]
        there = remote.sizes([parcel.name for parcel in known])
        return [parcel for parcel in known if there[parcel.name] != parcel.size]

    def must_be_there(self, remote: Remote) -> None:
        """Raise ShareEmpty where a share that has our papers has none: it is away, and this is our own disk."""
        station = self._station
        if station.transport != SHARED or self._desk.ledger.machines(station.code).get(station.code) != station.machine:
            return
        if not any(remote.sizes([manifest.PLAYLIST, manifest.TIMETABLE]).values()):
            raise ShareEmpty(station=station.code, folder=station.folder)

    def must_go(self, name: BulletinId) -> bool:
        """Whether its file may not stay: it was taken back, or is not in the station's plan any more.

        Where nobody knows what lies there, nothing may stay that could be what was taken back.
        """
        status, held = self._rows[name].status, self._holding(name)
        return (status.must_not_air(held) if held else status.is_taken_back) or not self._planned(name)

    def listed(self) -> list[Transmission]:
        """The airings that a timetable made now lists, soonest first."""
        return [t for t in self._to_come if self.goes_out(t.bulletin, t.station)]

    def parcel(self, name: BulletinId) -> Parcel:
        """The signed master of the station's profile; what is signed is looked at again at the last moment."""
        bulletin, master = self._rows[name].bulletin, self._master(name)
        path, file = self._desk.store.whole(master.digest), self._file(bulletin, master)
        return Parcel(
            bulletin=name,
            path=path,
            name=file,
            digest=master.digest,
            size=master.size,
            sidecar=manifest.sidecar(bulletin, master, file, self._desk.config.zone),
        )

    def held(self, holding: Holding) -> Parcel:
        """What a receipt says the station holds, whichever version it is."""
        master = next(m for m in self._masters[holding.bulletin] if m.digest == holding.digest)
        return Parcel(
            bulletin=holding.bulletin,
            path=self._desk.store.path(holding.digest),
            name=holding.remote,
            digest=holding.digest,
            size=master.size,
            sidecar=b"",
        )

    def files(self) -> dict[str, tuple[BulletinId, Master]]:
        """Every name that a file of these bulletins may have at the station, and what it is."""
        return {
            self._file(self._rows[name].bulletin, master): (name, master)
            for name, masters in self._masters.items()
            for master in masters
            if master.profile == self._station.profile
        }

    def bring_papers(
        self, remote: Remote, token: int, brought: Collection[str] = (), gone: Collection[str] = ()
    ) -> int:
        """Put playlist and timetable in place, and remember what they list, if the lease is still ours; bytes sent."""
        self._desk.ledger.must_hold(self._station.code, token)  # a share of this machine is not cut like a line
        listed = self.listed()
        done = deliver(remote, self._station, [], self.extras(listed, brought, gone), self._desk.now)
        self._desk.ledger.set_listed(self._station, listed, token, self._at_place)
        return done.sent

    def extras(
        self, listed: Sequence[Transmission], brought: Collection[str], gone: Collection[str] = ()
    ) -> Sequence[Extra]:
        """The station's playlist of what stands there after this visit, and its timetable.

        Args:
            listed: the airings of the timetable.
            brought: names of files that this visit brings.
            gone: names of files that a receipt knows and that are there no more.
        """
        entries = [self._entry(t) for t in listed]
        held = {
            entry.file
            for entry, t in zip(entries, listed, strict=True)
            if self.signed(t.bulletin, t.station) in {*self._holdings(t.bulletin)}
        }
        made = self._desk.now().astimezone(self._desk.config.zone)
        return papers(self._station, entries, (held - {*gone}) | {*brought}, made, str(self._desk.config.zone))

    def remove(self, remote: Remote, gone: Mapping[BulletinId, str]) -> None:
        """Remove what we once brought of some bulletins, and what is left of uploads; but the one file that is named.

        Names come from receipts and masters: nothing else in the folder is ours. A file may be there without a receipt,
        where a visit was killed between the two.
        """
        once = self._desk.ledger.receipts(self._station.code, gone) if gone else []
        made = {file: master for file, (bulletin, master) in self.files().items() if file != gone.get(bulletin, file)}
        for file in dict.fromkeys([*(r.remote for r in once if r.remote != gone[r.bulletin]), *made]):
            for name in (file, manifest.sidecar_name(file), manifest.checksum_name(file)):
                remote.remove(name)
        for file, master in made.items():
            remote.remove(part(file, master.digest))
        for name in PAPER_PARTS if made else ():  # they may be some of theirs
            remote.remove(name)

    def remove_older(self, remote: Remote) -> None:
        """Remove all other versions of what the station holds, also those that a visit before was cut short over."""
        held = {h.bulletin: h.remote for h in self._desk.ledger.holdings(station=self._station.code)}
        self.remove(remote, {name: file for name, file in held.items() if name in self._rows})

    def take_away(self, remote: Remote, happened: Happened, names: Sequence[BulletinId]) -> None:
        """Remove the files of some bulletins, and tell it of those that the station was known to hold.

        The file that another station of this place is still to air stays for that one.
        """
        self.remove(remote, {name: self._spared(name) for name in names})
        held = {h.bulletin: h.digest for h in self._desk.ledger.holdings(names, self._station.code)} if names else {}
        self._desk.ledger.record(*(self.fact(happened, name, held[name]) for name in names if name in held))

    def fact(self, happened: Happened, name: BulletinId, digest: Digest | None = None, **detail: Json) -> Fact:
        """A fact of a bulletin at this station."""
        bulletin = self._rows[name].bulletin
        told = self._desk.fact(happened, bulletin=bulletin, station=self._station.code, digest=digest)
        return replace(told, detail={**told.detail, **detail})

    def told(self, receipt: Receipt) -> list[Fact]:
        """The facts of a receipt."""
        verified = receipt.verified.value
        confirmed = self.fact(
            Happened.CONFIRMED, receipt.bulletin, receipt.digest, remote=receipt.remote, verified=verified
        )
        sent = self.fact(Happened.DELIVERED, receipt.bulletin, receipt.digest, sent=receipt.sent)
        return [sent, confirmed] if receipt.sent else [confirmed]

    def _spared(self, name: BulletinId) -> str:
        """The file of a bulletin that another station of this place is still to air; empty where none is."""
        others = (t.station for t in self._to_come if t.bulletin == name and t.station != self._station.code)
        code = next((code for code in others if self.goes_out(name, code)), None)
        return self._file(self._rows[name].bulletin, self._master(name, code)) if code else ""

    def _holding(self, name: BulletinId) -> Digest | None:
        """What the station holds of it now."""
        held = {h.bulletin: h.digest for h in self._desk.ledger.holdings([name], self._station.code)}
        return held.get(name)

    def _holdings(self, name: BulletinId) -> list[Digest]:
        """What the stations of this place hold of it."""
        holding = self._rows[name].status.holding
        return [holding[code] for code in self._at_place if code in holding]

    def _planned(self, name: BulletinId) -> bool:
        return (self._station.code, name) in self._plan

    def _master(self, name: BulletinId, code: StationCode | None = None) -> Master:
        """The one that was signed: another may have been made since, which nobody has heard."""
        return next(m for m in self._masters[name] if m.digest == self.signed(name, code))

    def _file(self, bulletin: Bulletin, master: Master) -> str:
        return manifest.remote_name(bulletin, master.digest, self._desk.config.zone, master.suffix)

    def _entry(self, transmission: Transmission) -> manifest.Entry:
        name = transmission.bulletin
        bulletin, master = self._rows[name].bulletin, self._master(name, transmission.station)
        return manifest.Entry(
            at=transmission.at.astimezone(self._desk.config.zone),
            title=bulletin.title,
            languages=bulletin.languages,
            seconds=master.seconds,
            file=self._file(bulletin, master),
            priority=bulletin.priority,
        )
