"""The server of the pages: one thread beside the clock, on a port of its own."""

import asyncio
import os
import socket
import sys
import threading
from typing import Self

import uvicorn
from anyio.to_thread import current_default_thread_limiter

from pipeline.core.errors import PortTaken
from pipeline.newsroom.office import Office
from pipeline.web.app import make_app

_BACKLOG = 128
_AT_ONCE = 8
"""Pages that are made at once: the others wait for their turn, and the push in the same process does not."""
_TURN = 0.001
"""Seconds after which a page lets another thread go on. A push sends and waits by turns, many times for each file, and
would wait for each page in the making anew, five times as long as this where nobody says how long.
"""
_GRACE = 3
"""Seconds that pages under way are given at the end."""


class Server:
    """Serves an office's pages while the block lasts. `port` is the one it listens on, also where 0 was asked for.

    `stop` ends it early: who is still sending or loading something is given a few seconds.

    Raises:
        PortTaken: another program listens there, or this machine has no such address.
    """

    def __init__(self, office: Office, host: str, port: int) -> None:
        with office.desk() as desk:
            proxies = ",".join(desk.config.settings.web.proxies)
        try:
            self._socket = socket.create_server((host, port), backlog=_BACKLOG)
        except OSError as fault:
            raise PortTaken(host=host, port=port, reason=os.strerror(fault.errno or 0)) from fault
        self.host, self.port = host, int(self._socket.getsockname()[1])
        self._app = make_app(office)
        config = uvicorn.Config(
            self._app, log_config=None, access_log=False, proxy_headers=True, forwarded_allow_ips=proxies,
            timeout_graceful_shutdown=_GRACE, server_header=False, lifespan="off",
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="web", daemon=True)

    async def _serve(self) -> None:
        current_default_thread_limiter().total_tokens = _AT_ONCE
        await self._server.serve(sockets=[self._socket])

    def __enter__(self) -> Self:
        sys.setswitchinterval(_TURN)
        self._thread.start()
        return self

    def stop_with(self, stop: threading.Event) -> None:
        """End as soon as an event is set, so that no page under way keeps the clock waiting."""

        def wait() -> None:
            stop.wait()
            self._server.should_exit = True

        threading.Thread(target=wait, name="web-stop", daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._app.state.work.close()
        self._socket.close()
