"""A real PostgreSQL on loopback, in a folder of its own, for whoever tests what many machines share."""

import contextlib
import itertools
import os
import pwd
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.sshd import free_port, program

_ACCOUNT = "postgres"
"""Debian's; the server does not run as root."""


class PostgreSQL:
    """Runs a server from `folder` until its context ends. Everybody on this machine may come in, without a password."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.port = folder, free_port()
        self._programs = Path(program("pg_ctl", *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"))))).parent
        self._names = itertools.count()

    def __enter__(self):
        if os.geteuid() == 0:
            account = pwd.getpwnam(_ACCOUNT)
            os.chown(self._folder, account.pw_uid, account.pw_gid)
        self._run("initdb", "-D", "data", "-U", "bantin", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8")
        self._start()
        return self

    def __exit__(self, *_):
        self._stop()

    @contextlib.contextmanager
    def stopped(self):
        """Nobody is answered meanwhile."""
        self._stop()
        try:
            yield
        finally:
            self._start()

    def restart(self):
        """Throw everybody out and be there again."""
        with self.stopped():
            pass

    def _start(self):
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300"
        self._run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", f"{options} -c fsync=off", "start")

    def _stop(self):
        self._run("pg_ctl", "-D", "data", "-w", "-m", "immediate", "stop")

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"t{next(self._names)}"
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "bantin", name)
        return f"postgresql://bantin@127.0.0.1:{self.port}/{name}"

    def _run(self, name: str, *words: str) -> None:
        user = {"user": _ACCOUNT, "group": _ACCOUNT, "extra_groups": []} if os.geteuid() == 0 else {}
        log = self._folder / f"{name}.out"
        with log.open("w") as out:  # no pipe: the server would hold it open
            command = [self._programs / name, *words]
            done = subprocess.run(
                command, cwd=self._folder, stdout=out, stderr=out, check=False, timeout=60, **user
            )  # fmt: skip
        assert done.returncode == 0, log.read_text()


@pytest.fixture(scope="session")
def postgres():
    """One server for the whole run; every test asks it for a database of its own."""
    # Not below pytest's own folders, which are closed to the server's account.
    with tempfile.TemporaryDirectory(prefix="bantin-postgres-") as folder, PostgreSQL(Path(folder)) as server:
        yield server
