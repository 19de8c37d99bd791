"""Messages by apprise. Addresses hold passwords, so they come from a file that only we may read, or the environment."""

import logging
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.errors import AlertNotSent, ConfigError, NobodyToTell, Says

VARIABLE = "BANTIN_ALERT_URLS"


@dataclass(frozen=True, slots=True)
class _Address:
    url: str
    where: Says
    """Where it stands, for it may not be shown."""


class Messenger:
    """Sends one message to every address there is: those of the environment, else those of the file."""

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
            if address.url in have:
                continue
            messenger = self._opened([address])
            # apprise logs what went wrong with the address in it, password and all; our error names only its kind.
            logging.getLogger("apprise").disabled = True
            if not messenger.notify(title=title, body=body, body_format="text"):
                failed.append(_kind(address.url))
            else:
                have.add(address.url)
        if failed:
            self._have[title, body] = have
            raise AlertNotSent(where=", ".join(failed))

    def _addresses(self) -> list[_Address]:
        if told := os.environ.get(VARIABLE, "").split():
            return [_Address(url, Says(f"{VARIABLE}, địa chỉ thứ {n}", f"{VARIABLE}, number {n}"))
                    for n, url in enumerate(told, start=1)]  # fmt: skip
        return self._filed(self._file) if self._file else []

    @staticmethod
    def _filed(file: Path) -> list[_Address]:
        try:
            mode = file.stat().st_mode
            text = file.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as fault:
            raise _wrong(f"không đọc được {file.name}", f"cannot read {file.name}") from fault
        if stat.S_IMODE(mode) & 0o077:
            raise _wrong(
                f"người khác đọc được {file.name}; chạy: chmod 600", f"others may read {file.name}; run: chmod 600"
            )
        every = ((n, line.strip()) for n, line in enumerate(text.splitlines(), start=1))
        return [
            _Address(line, Says(f"{file.name}, dòng {n}", f"{file.name}, line {n}"))
            for n, line in every
            if line and not line.startswith("#")
        ]

    def _opened(self, addresses: Sequence[_Address]) -> "apprise.Apprise":  # type: ignore[name-defined]  # noqa: F821
        import apprise  # noqa: PLC0415 - heavy, and needed only when something is told

        messenger = apprise.Apprise()
        for address in addresses:
            if not messenger.add(address.url):
                where, kind = address.where, _kind(address.url)
                raise _wrong(f"{where.vi}: không hiểu địa chỉ {kind}", f"{where.en}: cannot read the address {kind}")
        return messenger


def _kind(address: str) -> str:
    """All of an address that may be shown."""
    return address.partition("://")[0] + "://…" if "://" in address else "…"


def _wrong(vi: str, en: str) -> ConfigError:
    return ConfigError(file="[alerts]", faults=Says(f"  {vi}", f"  {en}"))
