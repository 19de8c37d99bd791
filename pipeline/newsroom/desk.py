"""The desk: everything a use case needs, put together once by wiring."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pipeline.config import Config
from pipeline.core.facts import Fact, Happened, Json
from pipeline.core.model import Bulletin, Digest, Programme, Seconds, StationCode
from pipeline.core.ports import Engine, Progress, Queue, Transport, silent
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.store import Store

Handler = Callable[[Mapping[str, Json]], Mapping[str, Json]]
"""What a queue calls to do a job: arguments in, result out."""


LINE_WAIT = Seconds(600)
"""How long one process waits for another that is taking in or rendering."""
ITSELF = "bantin"
"""Who does what nobody asked for by name."""


class GivenUp(BaseException):
    """The work was given up, as by Ctrl-C. No fault of what was worked on: nothing is recorded of it."""


def until_stopped(progress: Progress, stop: threading.Event) -> Progress:
    """A Progress that ends the work by GivenUp once it is given up: long work of every stage tells of itself often."""

    def tell(step: str, done: float, total: float) -> None:
        if stop.is_set():
            raise GivenUp
        progress(step, done, total)

    return tell


class Cut(Protocol):
    """Ends open lines at once, from any thread: those to one station, or all."""

    def __call__(self, station: StationCode | None = None) -> None:
        """Whoever works on one gets StationUnreachable."""


def no_line(station: StationCode | None = None) -> None:
    """What there is to cut where no line can be open."""


def nothing() -> None:
    """What there is to check where nobody is to be told."""


def to_nobody(title: str, text: str) -> None:
    """Where nobody is to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One newsroom at work. Knows ports; which tools stand behind them, only wiring knows."""

    config: Config
    ledger: Ledger
    store: Store
    engines: Mapping[str, Sequence[Engine]]
    """What each word of a programme's `engines` stands for."""
    transports: Mapping[str, Transport]
    queue: Callable[["Desk"], Queue]
    """A queue whose jobs are done at a desk."""
    check_alerts: Callable[[], None] = nothing
    """Raises NobodyToTell where the people in charge have no address, ConfigError where one cannot be used."""
    ffmpeg: Callable[[], Path]
    """Where ffmpeg is; raises ToolMissing."""
    now: Callable[[], datetime]
    """The instant, UTC."""
    cut: Cut = no_line
    tell: Callable[[str, str], None] = to_nobody
    """Sends a title and a text to the people in charge; raises AlertNotSent, ConfigError."""
    who: str = ITSELF
    """Whose hand it is when nobody in particular asked."""
    via: str = ""
    """The label of the token by which a program asks in their name; empty where they ask themselves."""
    patience: int | None = None
    """How many airings are looked at, at most, where figures over all stations are out of date; None for all. The rest
    is told as it was known last, and says so.
    """
    progress: Progress = field(default=silent)
    stop: threading.Event = field(default_factory=threading.Event)
    """Set once work at this desk is to end: by Ctrl-C, or because it is closed. No visit begins any more, what is cut
    is no station's fault, and bulletins in the making are given up.
    """

    def check_stop(self) -> None:
        """Raise GivenUp where work is to end, from any thread."""
        if self.stop.is_set():
            raise GivenUp

    def fact(
        self,
        happened: Happened,
        *,
        bulletin: Bulletin | None = None,
        station: StationCode | None = None,
        digest: Digest | None = None,
        who: str = "",
        **detail: Json,
    ) -> Fact:
        """A fact of this moment; of what a program did, it says by which token."""
        if self.via:
            detail["via"] = self.via
        return Fact(
            happened=happened,
            who=who or self.who,
            at=self.now(),
            bulletin=bulletin.id if bulletin else None,
            station=station,
            digest=digest,
            detail=detail,
        )

    def programme(self, bulletin: Bulletin) -> Programme:
        """The programme of a bulletin; the first one where its own is no longer in the settings."""
        programmes = self.config.programmes
        return programmes.get(bulletin.programme) or next(iter(programmes.values()))
