"""Airtime: how often and for how long something was to be heard at stations, and how much of that is proven."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from pipeline.core.model import Digest, Receipt, Seconds, StationCode, Transmission, Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class Airtime:
    """Airings over stations: one bulletin at one station at one time is one. What is proven is kept apart, by how."""

    planned: int = 0
    delivered: int = 0
    """Before which the station had got signed bytes, also where only its own people say so."""
    confirmed: int = 0
    """Before which this program had looked, and found exactly the signed bytes there."""
    aired: int = 0
    """That stations say they played; nobody else can know."""
    planned_seconds: Seconds = Seconds(0.0)
    delivered_seconds: Seconds = Seconds(0.0)
    confirmed_seconds: Seconds = Seconds(0.0)
    aired_seconds: Seconds = Seconds(0.0)

    def __add__(self, other: "Airtime") -> "Airtime":
        return Airtime(
            planned=self.planned + other.planned,
            delivered=self.delivered + other.delivered,
            confirmed=self.confirmed + other.confirmed,
            aired=self.aired + other.aired,
            planned_seconds=Seconds(self.planned_seconds + other.planned_seconds),
            delivered_seconds=Seconds(self.delivered_seconds + other.delivered_seconds),
            confirmed_seconds=Seconds(self.confirmed_seconds + other.confirmed_seconds),
            aired_seconds=Seconds(self.aired_seconds + other.aired_seconds),
        )


def airtime(planned: int, delivered: int, confirmed: int, aired: int, seconds: Seconds) -> Airtime:
    """The airtime of so many airings of something that lasts some seconds."""
    return Airtime(
        planned=planned,
        delivered=delivered,
        confirmed=confirmed,
        aired=aired,
        planned_seconds=Seconds(planned * seconds),
        delivered_seconds=Seconds(delivered * seconds),
        confirmed_seconds=Seconds(confirmed * seconds),
        aired_seconds=Seconds(aired * seconds),
    )


def total(parts: Iterable[Airtime]) -> Airtime:
    """All of them together."""
    return sum(parts, Airtime())


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One bulletin at one station over a span of time, with the first receipt that proves it."""

    station: StationCode
    first: datetime
    """Its first air time there in the span, UTC."""
    at: datetime | None
    """When signed bytes were first proven there; None where they never were."""
    verified: Verification | None
    digest: Digest | None
    airtime: Airtime


def proofs(
    planned: Iterable[Transmission],
    receipts: Iterable[Receipt],
    aired: Iterable[StationCode],
    signed: Collection[Digest],
    seconds: Seconds,
) -> list[Proof]:
    """What one bulletin's airings at each station rest on, by station.

    Args:
        planned: its airings in the span.
        receipts: all of its receipts, oldest first.
        aired: the station of each airing in the span that a station says it played.
        signed: bytes that as many people signed as needed, and nobody took back.
        seconds: how long it lasts.
    """
    times: dict[StationCode, list[datetime]] = {}
    for one in planned:
        times.setdefault(one.station, []).append(one.at)
    played: dict[StationCode, int] = {}
    for code in aired:
        played[code] = played.get(code, 0) + 1
    told: dict[StationCode, Receipt] = {}
    proven: dict[StationCode, Receipt] = {}
    for receipt in receipts:
        if receipt.digest in signed:
            told.setdefault(receipt.station, receipt)
            if receipt.verified is not Verification.REPORTED:
                proven.setdefault(receipt.station, receipt)
    found = []
    for code, at in sorted(times.items()):
        at.sort()
        first, sure = told.get(code), proven.get(code)
        best = sure or first
        found.append(
            Proof(
                station=code,
                first=at[0],
                at=best.at if best else None,
                verified=best.verified if best else None,
                digest=best.digest if best else None,
                airtime=airtime(len(at), _before(first, at), _before(sure, at), played.get(code, 0), seconds),
            )
        )
    return found


def _before(receipt: Receipt | None, times: list[datetime]) -> int:
    """Air times after a receipt."""
    return sum(receipt.at < at for at in times) if receipt else 0
