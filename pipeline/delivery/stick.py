"""A station without a line: nothing can be pushed there; people carry a stick."""

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.core.errors import NoLine
from pipeline.core.model import Seconds, Station
from pipeline.core.ports import Remote


class Stick:
    """The transport `usb`, which no line reaches."""

    name = "usb"

    def check(self, station: Station) -> None:
        """Nothing can be wrong with it."""

    def identity(self, station: Station) -> None:
        """None: it shows no key."""

    @contextmanager
    def open(self, station: Station, deadline: Seconds) -> Iterator[Remote]:  # noqa: ARG002 - the port's signature
        """Raise NoLine: it is served by `bantin export-usb`."""
        raise NoLine(station=station.code)
        yield  # a context manager is a generator
