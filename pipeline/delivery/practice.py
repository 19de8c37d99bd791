"""A practice station: an SFTP server on loopback that is not OpenSSH and not ours, for demos and for the contract.

Like many boxes at loudspeakers it offers SFTP and nothing else: no shell, no command, no forwarding. So it cannot
compute a digest, and what it holds is proven by reading back.
"""

import asyncio
import threading
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncssh

LOOPBACK = "127.0.0.1"
_LAST_TURNS = 0.1
"""Seconds in which sockets that are closing get the turns of the loop that they need."""


def client_key(path: Path) -> str:
    """The public line of the private key at `path`; makes an Ed25519 key there (mode 0600) if there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.touch(mode=0o600)
        part.write_bytes(asyncssh.generate_private_key("ssh-ed25519", "bantin").export_private_key())
        part.replace(path)
    return asyncssh.read_private_key(path).export_public_key().decode().strip()


class PracticeStation:
    """Serves one folder, made if missing, to the holder of one key or password, until its context ends.

    The host key is fresh each time. The folder is the client's root: no path leads out of it.
    """

    host = LOOPBACK
    user = "bantin"

    def __init__(self, folder: Path, *, authorised: str = "", password: str = "") -> None:
        self.folder = folder
        self.port = 0
        self._key = asyncssh.generate_private_key("ssh-ed25519")
        self._authorised = authorised
        self._password = password
        self._open: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="practice station", daemon=True)

    @property
    def host_key(self) -> str:
        """The public key that it shows, as stations.csv has it."""
        return self._key.export_public_key().decode().strip()

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._thread.start()
        self.port = self._open.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
        callers: set[asyncssh.SSHServerConnection] = set()
        try:
            server = await self._listen(callers)
        except (OSError, asyncssh.Error) as fault:
            self._open.set_exception(fault)
            return
        async with server:
            self._open.set_result(server.get_port())
            await self._closing.wait()
            server.close()  # first, or someone could still come while the others are sent away
            await asyncio.sleep(_LAST_TURNS)
            while callers:
                await asyncio.gather(*(_hang_up(caller) for caller in callers))
            await asyncio.sleep(_LAST_TURNS)

    async def _listen(self, callers: set[asyncssh.SSHServerConnection]) -> asyncssh.SSHAcceptor:
        root = str(self.folder).encode()
        return await asyncssh.listen(
            LOOPBACK,
            0,
            server_factory=lambda: _Door(callers, self._password),
            server_host_keys=[self._key],
            authorized_client_keys=asyncssh.import_authorized_keys(self._authorised + "\n")
            if self._authorised
            else None,
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=root),
            allow_scp=False,
            agent_forwarding=False,
        )


class _Door(asyncssh.SSHServer):
    """Keeps who is connected, so that nobody is left waiting when the station closes."""

    def __init__(self, callers: set[asyncssh.SSHServerConnection], password: str) -> None:
        self._callers = callers
        self._password = password

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """A caller came."""
        self._caller = conn
        self._callers.add(conn)

    def password_auth_supported(self) -> bool:
        """Whether it takes a password at all."""
        return bool(self._password)

    def validate_password(self, username: str, password: str) -> bool:
        """Whether it is the one."""
        return username == PracticeStation.user and password == self._password

    def connection_lost(self, _exc: Exception | None) -> None:
        """A caller went."""
        self._callers.discard(self._caller)


async def _hang_up(caller: asyncssh.SSHServerConnection) -> None:
    caller.abort()
    await caller.wait_closed()
