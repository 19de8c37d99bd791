"""The TCP line to a station: a socket set for bad links, and a fuse that cuts it from outside when its time is up."""

import socket
import threading
from contextlib import suppress

from pipeline.core.model import Seconds

_IDLE, _BETWEEN = 15, 5  # seconds: when to ask a silent peer whether it lives, and how often


def dial(host: str, port: int, within: Seconds, stall: Seconds) -> socket.socket:
    """Connect within a time; from then on, the kernel ends the line where data stays unacknowledged for `stall`.

    On a lossy line BBR is five times as fast as cubic, so it is taken where the kernel has it. Looking the name up is
    the resolver's business and not under `within`.

    Raises:
        OSError: nobody answers there.
    """
    line = socket.create_connection((host, port), timeout=within)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # Without questions to a peer that went silent, a line with nothing in flight would look alive for ever.
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _IDLE)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _BETWEEN)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(stall * 1000))
    with suppress(OSError):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"bbr")
    return line


class Fuse:
    """Ends a line at its deadline or on request. Whoever is blocked on it, in any thread, wakes with an error."""

    def __init__(self, line: socket.socket, after: Seconds) -> None:
        self.blown = False
        self._line = line
        self._timer = threading.Timer(after, self.blow)
        self._timer.daemon = True
        self._timer.start()

    def blow(self) -> None:
        """Cut now."""
        self.blown = True
        # shutdown, not close: closing would not wake a thread that waits in the kernel.
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)

    def put_out(self) -> None:
        """The work is done: it will not cut any more."""
        self._timer.cancel()
