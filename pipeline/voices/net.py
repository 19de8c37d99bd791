"""Whether a machine on the network answers, found out within a given time whatever the network does."""

import socket
import ssl
import threading
import urllib.request
from queue import Empty, Queue
from typing import Any
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
    answers: Queue[Exception | None] = Queue()
    # Threads, because looking up a name has no deadline of its own; left to themselves they end when the resolver does.
    threading.Thread(target=_look_up, args=(first_hop or service, patience, answers), daemon=True).start()
    try:
        fault = answers.get(timeout=patience)
    except Empty:
        raise Unreachable(f"{(first_hop or service).hostname}: {patience:g} s") from None
    if fault:
        raise Unreachable(str(fault)) from fault


def _look_up(to: SplitResult, patience: Seconds, answers: "Queue[Exception | None]") -> None:
    """Try all addresses of a name side by side, as the client does: a dead one does not keep the others waiting."""
    try:
        port = to.port or _PORTS.get(to.scheme, 80)
        found = socket.getaddrinfo(to.hostname or "", port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as fault:
        answers.put(fault)
        return
    addresses = list(dict.fromkeys(info[4][:2] for info in found))
    failed: list[Exception] = []

    def connect(address: Any) -> None:  # noqa: ANN401 - host and port, as the socket module has them
        try:
            with socket.create_connection(address, timeout=patience) as line:
                if to.scheme in _TLS:
                    _trust().wrap_socket(line, server_hostname=to.hostname).close()
            answers.put(None)
        except (OSError, ValueError) as fault:
            failed.append(fault)
            if len(failed) == len(addresses):
                answers.put(fault)

    for address in addresses:
        threading.Thread(target=connect, args=(address,), daemon=True).start()


def _trust() -> ssl.SSLContext:
    import certifi  # noqa: PLC0415 - edge-tts's own list of authorities; a bare machine has none

    return ssl.create_default_context(cafile=certifi.where())


def _proxy_of_environment(service: SplitResult) -> SplitResult | None:
    """The proxy that the online voice's client will take from the environment; `no_proxy` is heeded."""
    proxy = urllib.request.getproxies().get(service.scheme)
    if not proxy or urllib.request.proxy_bypass(service.hostname or ""):
        return None
    return urlsplit(proxy)
