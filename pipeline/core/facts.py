"""Facts: what happened to a bulletin, when, by whom, to which bytes. They are only ever added."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pipeline.core.model import BulletinId, Digest, StationCode

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


class Happened(StrEnum):
    """What a fact says."""

    RECEIVED = "received"
    REFUSED = "refused"
    READ = "read"
    VOICED = "voiced"
    MASTERED = "mastered"
    HELD = "held"
    """It cannot go on until someone acts; the detail says why and what to do."""
    APPROVED = "approved"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    PLANNED = "planned"
    UNPLANNED = "unplanned"
    """Airings to come were taken out of a station's plan: it left the registry, is none of the recipients any more, or
    does not air at that hour now. The detail has the instants, and says whether the bulletin stays planned there.
    """
    DELIVERED = "delivered"
    """Bytes were sent in one attempt; only `confirmed` says that they are there."""
    FAILED = "failed"
    """A delivery attempt ended without the file in place."""
    CONFIRMED = "confirmed"
    MISSED = "missed"
    LATE = "late"
    """A file was not at its station when it should have been, and its air time was still to come."""
    RECALLED = "recalled"
    """Taken off a station because it must not air."""
    CLEANED = "cleaned"
    """Taken off a station because its time was over."""
    LOST = "lost"
    """An audit did not find at a station what a receipt said was there."""
    EXPORTED = "exported"
    """Written to a stick that is carried to a station."""
    AIRED = "aired"
    """The station says that it played it; nobody else can know."""
    UNCLEAR = "unclear"
    """A station's people wrote what nobody can understand; the detail has the lines."""
    AUDITED = "audited"
    """A station was looked through; the detail says what was found."""
    TRIED = "tried"
    """A station was called by a person and answered: what a push does there was done with a small file."""
    TRUSTED = "trusted"
    """A station's host key was compared by people and pinned."""
    REGISTERED = "registered"
    """The registry was rewritten; the digest is that of the one before."""
    OFFERED = "offered"
    """Its editor has heard it and asks for a signature."""
    HEARD = "heard"
    """Somebody played these bytes on a page, or a program of theirs fetched them; told once for each."""
    URGED = "urged"
    """Somebody who signs said that it is urgent, and why: from then on two people must have signed it."""
    RUSHED = "rushed"
    """It was sent off to all its stations at once, because it is urgent; the detail says to how many."""
    TAUGHT = "taught"
    """Somebody wrote into the dictionary how a word is said; which, the detail says; in which bulletin, its name."""
    ENTERED = "entered"
    """Somebody entered what was reached of a line of the plan; the detail says how much and what proves it."""
    STRUCK = "struck"
    """What was entered counts no more; the detail has the number of its fact, and why."""
    ACCOUNT = "account"
    """People's accounts: someone was admitted, given roles, locked out; the detail says what and whose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that happened. `digest` names the bytes it is about: the script's, the master's, or none."""

    happened: Happened
    who: str
    at: datetime
    """UTC."""
    bulletin: BulletinId | None = None
    station: StationCode | None = None
    digest: Digest | None = None
    detail: Mapping[str, Json] = field(default_factory=dict)
    number: int = 0
    """Its place in the ledger; 0 before it is written there."""
