"""What the newsroom asks of the world: voices, stations, and someone to do the work. Adapters hide the tools."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from threading import Event
from typing import Protocol

from pipeline.core.errors import PipelineError
from pipeline.core.facts import Json
from pipeline.core.model import Digest, Identity, Item, Seconds, Station, Voice


class Progress(Protocol):
    """Told how far long work has come; must be quick, and fails only to end work that is given up."""

    def __call__(self, step: str, done: float, total: float) -> None:
        """`step` names the work for people; `done` of `total` in any unit."""


def silent(step: str, done: float, total: float) -> None:
    """A Progress that nobody watches."""


class Engine(Protocol):
    """Turns text that is already spoken form into speech. Knows nothing of bulletins or stations."""

    @property
    def name(self) -> str:
        """A short lower-case name; part of every recipe."""

    @property
    def version(self) -> str:
        """Changes whenever the same text would sound different; part of every recipe."""

    @property
    def voices(self) -> Sequence[Voice]:
        """The voices it offers; the first of a language and sex is that language's usual one."""

    @property
    def embedded(self) -> bool:
        """Whether it is a voice of last resort, which may hold a place but airs only where a programme says so."""

    @property
    def at_once(self) -> int:
        """How many takes it speaks side by side; more than one only where it is safe for threads."""

    def settings(self, voice: str) -> Mapping[str, str | int | float]:
        """What else decides how the voice sounds (rate, pitch); part of every recipe."""

    def check(self) -> None:
        """Raise EngineUnavailable, with the fix, if it cannot speak here and now."""

    def speak(self, text: str, voice: str, out: Path) -> None:
        """Write a WAV (16 bit) to `out`: whole, or not at all.

        Raises:
            NothingToSay: the text has no letter or digit to pronounce.
            EngineUnavailable: the engine cannot speak now; says whether waiting helps.
        """


class Remote(Protocol):
    """An open connection to one station's folder. Names are plain file names in that folder, never paths.

    Every method raises a DeliveryError that says whether waiting helps.
    """

    def size(self, name: str) -> int | None:
        """Bytes of a file, or None where there is none of that name."""

    def sizes(self, names: Sequence[str]) -> Mapping[str, int | None]:
        """The same for many files, at the cost of one: on a long line, each call costs its round trip."""

    def free(self) -> int | None:
        """Bytes that may still be written, or None where the station does not tell."""

    def write(self, name: str, chunks: Iterator[bytes], at: int = 0) -> int:
        """Write chunks from offset `at` on, cut what stood beyond, flush to disk where the station can; bytes sent."""

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write small files, each whole, flushed to disk where the station can, at the cost of one."""

    def digests(self, names: Sequence[str]) -> Mapping[str, Digest]:
        """SHA-256 of files that the station itself computed; without those it cannot, or is not allowed to, compute."""

    def read(self, name: str, at: int = 0) -> Iterator[bytes]:
        """A file's bytes from offset `at` on, in order."""

    def rename(self, old: str, new: str) -> None:
        """Give a file its final name, replacing atomically what stood there."""

    def rename_all(self, names: Mapping[str, str]) -> None:
        """Give files their final names in this order, at the cost of one; see `rename`."""

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens where there is none."""

    def names(self) -> Iterator[Item]:
        """What lies in the folder, folders left out; a name that is not UTF-8 comes with surrogates."""

    @property
    def abilities(self) -> frozenset[str]:
        """What the station has shown so far that it can do: fsync, posix-rename, statvfs, sha256sum."""


class Transport(Protocol):
    """A way to reach stations."""

    @property
    def name(self) -> str:
        """What stations.csv calls it."""

    def check(self, station: Station) -> None:
        """Raise ConfigError if the station's settings can never work with this transport."""

    def identity(self, station: Station) -> Identity | None:
        """The key that the machine at the station's address shows; None where the transport knows none."""

    def open(self, station: Station, deadline: Seconds) -> AbstractContextManager[Remote]:
        """Connect. Whatever happens inside, the connection is cut `deadline` seconds from now."""


class Lane(StrEnum):
    """What work mostly waits for. Each lane has room of its own, so that neither kind holds up the other."""

    LINE = "line"
    """For stations: many at once."""
    SOUND = "sound"
    """For the processor: one a core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A piece of work by name. Two jobs with the same `key` never run at once."""

    verb: str
    key: str
    arguments: Mapping[str, Json] = field(default_factory=dict)
    lane: Lane = Lane.LINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a job ended: what it returned, or the problem that stopped it."""

    job: Job
    result: Mapping[str, Json] = field(default_factory=dict)
    problem: PipelineError | None = None


class Queue(Protocol):
    """Does jobs, here or on other machines."""

    def perform(self, jobs: Sequence[Job]) -> Generator[Outcome, None, None]:
        """Run jobs and give each outcome as it comes. Our own errors are outcomes; a bug is raised when all are done.

        Close it (contextlib.closing): left half way, it ends the work under way.
        """

    def work(self, stop: Event) -> None:
        """Do what other machines hand in, until `stop` is set; what is under way then is brought to its end.

        Raises:
            NothingShared: this queue is of one machine.
        """
