"""Messages by apprise. Addresses hold passwords, so they come from a file that only we may read, or the environment."""

import logging
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from pipeline.core.errors import AlertNotSent, ConfigError, NobodyToTell, Says

VARIABLE = "BANTIN_ALERT_URLS"


class Messenger:
    """Sends one message to every address there is."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._have: dict[tuple[str, str], set[str]] = {}
        """Of messages that some address did not take: those that did."""

    def check(self) -> None:
        """Raise NobodyToTell where there is no address, ConfigError unless apprise understands every one."""
        if not (addresses := self._addresses()):
            raise NobodyToTell
        self._opened(addresses)

    def send(self, title: str, body: str) -> None:
        """Send plain text to all of them; nothing happens where there is nobody.

        The same message again goes only to those that did not take it before.

        Raises:
            ConfigError: the addresses cannot be read or understood.
            AlertNotSent: one of them did not take it; the others have it.
        """
        failed, have = [], self._have.pop((title, body), set())
        for address in self._addresses():
            if address in have:
                continue
            messenger = self._opened([address])
            # apprise logs what went wrong with the address in it, password and all; our error names only its kind.
            logging.getLogger("apprise").disabled = True
            if not messenger.notify(title=title, body=body, body_format="text"):
                failed.append(_kind(address))
            else:
                have.add(address)
        if failed:
            self._have[title, body] = have
            raise AlertNotSent(where=", ".join(failed))

    def _addresses(self) -> list[str]:
        lines = os.environ.get(VARIABLE, "").split()
        if self._file is None:
            return lines
        try:
            mode = self._file.stat().st_mode
            text = self._file.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as fault:
            raise _wrong(f"không đọc được {self._file.name}", f"cannot read {self._file.name}") from fault
        if stat.S_IMODE(mode) & 0o077:
            name = self._file.name
            raise _wrong(f"người khác đọc được {name}; chạy: chmod 600", f"others may read {name}; run: chmod 600")
        told = (line.strip() for line in text.splitlines())
        return [*lines, *(line for line in told if line and not line.startswith("#"))]

    def _opened(self, addresses: Sequence[str]) -> "apprise.Apprise":  # type: ignore[name-defined]  # noqa: F821
        import apprise  # noqa: PLC0415 - heavy, and needed only when something is told

        messenger = apprise.Apprise()
        for address in addresses:
            if not messenger.add(address):
                kind = _kind(address)
                raise _wrong(f"không hiểu địa chỉ kiểu {kind}", f"an address of kind {kind} is not understood")
        return messenger


def _kind(address: str) -> str:
    """All of an address that may be shown."""
    return address.partition("://")[0] + "://…" if "://" in address else "?"


def _wrong(vi: str, en: str) -> ConfigError:
    return ConfigError(file="[alerts]", faults=Says(f"  {vi}", f"  {en}"))
