"""Whether a machine on the network answers, found out within a given time whatever the network does."""

import socket
import ssl
import threading
import urllib.request
from urllib.parse import SplitResult, urlsplit

from pipeline.core.model import Seconds

_PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}
_TLS = {"wss", "https"}


class Unreachable(Exception):
    """Nothing answered; says why."""


def reach(url: str, proxy: str | None, patience: Seconds) -> None:
    """Connect to a URL's machine (TCP, and TLS with its certificate checked), or only to the proxy on the way to it.

    Raises:
        Unreachable: no connection within `patience` seconds.
    """
    service = urlsplit(url)
    first_hop = urlsplit(proxy) if proxy else _proxy_of_environment(service)
    faults: list[OSError] = []
    # A thread, because looking up a name has no deadline of its own; left to itself, it ends when the resolver does.
    probe = threading.Thread(target=_connect, args=(first_hop or service, patience, faults), daemon=True)
    probe.start()
    probe.join(patience)
    if probe.is_alive():
        raise Unreachable(f"{(first_hop or service).hostname}: {patience:g} s")
    if faults:
        raise Unreachable(str(faults[0])) from faults[0]


def _connect(to: SplitResult, patience: Seconds, faults: list[OSError]) -> None:
    host, port = to.hostname or "", to.port or _PORTS.get(to.scheme, 80)
    try:
        with socket.create_connection((host, port), timeout=patience) as line:
            if to.scheme in _TLS:
                _trust().wrap_socket(line, server_hostname=host).close()
    except OSError as fault:
        faults.append(fault)


def _trust() -> ssl.SSLContext:
    import certifi  # noqa: PLC0415 - edge-tts's own list of authorities; a bare machine has none

    return ssl.create_default_context(cafile=certifi.where())


def _proxy_of_environment(service: SplitResult) -> SplitResult | None:
    """The proxy that the online voice's client will take from the environment; `no_proxy` is heeded."""
    proxy = urllib.request.getproxies().get(service.scheme)
    if not proxy or urllib.request.proxy_bypass(service.hostname or ""):
        return None
    return urlsplit(proxy)
