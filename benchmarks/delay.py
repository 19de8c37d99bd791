"""A long line: a TCP proxy, in a process of its own, that carries every byte half a round trip later.

It is a true delay line: each chunk is stamped when it comes and let go when its time has come, however many are on the
way, so whoever sends ahead gains by it. `kbits` limits each direction over all connections, as a modem does; 0 is no
limit. The handshake of TCP itself is not delayed, for anybody.
"""

import asyncio
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_BUFFER = 8 << 20
_PIECE = 16 << 10
"""What a limited line carries in one go: a large chunk does not wait for its own end."""


@dataclass(slots=True)
class _Way:
    """One direction of the line, shared by its connections."""

    delay: float
    rate: float
    """Bytes a second; 0 is no limit."""
    free: float = 0.0
    """When its modem will have sent what it took so far."""

    def arrival(self, size: int, now: float) -> float:
        """When a chunk that comes now will have come out."""
        if self.rate:
            self.free = max(self.free, now) + size / self.rate
            return self.free + self.delay
        return now + self.delay


@dataclass(eq=False)
class _End(asyncio.Protocol):
    """One end of a connection: what comes in here goes out at its peer, later."""

    way: _Way
    peer: "_End | None" = None
    transport: asyncio.Transport | None = None
    _waiting: deque[tuple[float, bytes]] = field(default_factory=deque)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        wire: socket.socket = transport.get_extra_info("socket")
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.set_write_buffer_limits(high=_BUFFER)

    def data_received(self, data: bytes) -> None:
        step = _PIECE if self.way.rate else len(data)
        for begin in range(0, len(data), step):
            self._take(data[begin : begin + step])

    def eof_received(self) -> bool:
        self._take(b"")
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        self._take(b"")

    def _take(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        at = self.way.arrival(len(data), loop.time())
        self._waiting.append((at, data))
        if len(self._waiting) == 1:
            loop.call_at(at, self._let_go)

    def _let_go(self) -> None:
        """Pass on whatever has come to its end; an empty chunk is the end of the connection."""
        loop = asyncio.get_running_loop()
        while self._waiting and self._waiting[0][0] <= loop.time():
            _, data = self._waiting.popleft()
            out = self.peer.transport if self.peer else None
            if out is None or out.is_closing():
                continue
            if data:
                out.write(data)
            else:
                out.close()
        if self._waiting:
            loop.call_at(self._waiting[0][0], self._let_go)


async def _serve(target: int, delay: float, rate: float) -> None:
    loop = asyncio.get_running_loop()
    out, back = _Way(delay, rate), _Way(delay, rate)

    class Near(_End):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            self.task = loop.create_task(self._reach(self.transport))

        async def _reach(self, transport: asyncio.Transport | None) -> None:
            assert transport
            transport.pause_reading()
            self.peer = far = _End(back, peer=self)
            await loop.create_connection(lambda: far, "127.0.0.1", target)
            transport.resume_reading()

    server = await loop.create_server(lambda: Near(out), "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def delayed(target: int, milliseconds: int, kbits: int = 0) -> Iterator[int]:
    """The port of a line to a port of this machine, with so long a round trip."""
    command = [sys.executable, "-m", "benchmarks.delay", str(target), str(milliseconds), str(kbits)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as line:
        try:
            assert line.stdout
            yield int(line.stdout.readline())
        finally:
            line.terminate()


if __name__ == "__main__":
    port, trip, limit = (int(word) for word in sys.argv[1:])
    asyncio.run(_serve(port, trip / 2000, limit * 1000 / 8))
