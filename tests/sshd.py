"""A real OpenSSH server on loopback, with fresh keys, for whoever tests a delivery."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

_PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])


class OpenSSH:
    """Runs `sshd` from `folder` until its context ends; `lines` are added to its configuration.

    `key` is the path of a private key that it takes, `host_key` its own public key as stations.csv has it.
    """

    host = "127.0.0.1"

    def __init__(self, folder: Path, *lines: str, sftp: str = "internal-sftp", kind: str = "ed25519") -> None:
        self._folder = folder.resolve()
        self._kind = kind
        self._lines = [*lines, f"Subsystem sftp {sftp}"]
        self._config = self._folder / "sshd_config"
        self.key = str(self._folder / "client")
        self.log = self._folder / "sshd.log"
        self.port = free_port()
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        self.sshd = program("sshd")

    @property
    def host_key(self) -> str:
        """Its public key, type and base64."""
        return " ".join((self._folder / "host.pub").read_text().split()[:2])

    def __enter__(self):
        for name, kind in (("host", self._kind), ("client", "ed25519")):
            make_key(self._folder / name, kind)
        shutil.copyfile(self._folder / "client.pub", self._folder / "authorized_keys")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it drops its privileges
        self._configure()
        self.start()
        return self

    def __exit__(self, *_):
        self.stop(signal.SIGTERM)

    def start(self):
        """Listen, on the same port as before."""
        arguments = [self.sshd, "-D", "-f", str(self._config), "-E", str(self.log)]
        self._server = subprocess.Popen(arguments, start_new_session=True)
        self._wait()

    def stop(self, how=signal.SIGKILL):
        """End the server with every session that it has."""
        for child in _children(self._server.pid):  # a session is a leader of its own and outlives the group
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, how)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._server.pid, how)
        self._server.wait(10)

    def _configure(self):
        lines = [
            f"Port {self.port}",
            f"ListenAddress {self.host}",
            f"HostKey {self._folder / 'host'}",
            f"AuthorizedKeysFile {self._folder / 'authorized_keys'}",
            "PidFile none",
            "UsePAM no",
            "StrictModes no",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitRootLogin prohibit-password",
            *self._lines,
        ]
        # From 9.8 on, sshd shuts out an address that failed to log in, which the tests do on purpose.
        self._config.write_text("\n".join([*lines, "PerSourcePenalties no", ""]))
        if subprocess.run([self.sshd, "-t", "-f", str(self._config)], capture_output=True, check=False).returncode:
            self._config.write_text("\n".join([*lines, ""]))

    def _wait(self):
        until = time.monotonic() + 10
        while time.monotonic() < until and self._server.poll() is None:
            try:
                with socket.create_connection((self.host, self.port), timeout=1):
                    return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"sshd did not start: {self.log.read_text() if self.log.exists() else 'no log'}")


def _children(pid: int) -> list[int]:
    """A process's children and theirs, the youngest first."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [*_children(int(child)), int(child)]
    return found


def program(name: str, *folders: str) -> str:
    """Where a program is, also in `folders`; a test that needs one that is missing fails in CI, else is skipped."""
    if found := shutil.which(name, path=os.pathsep.join([*reversed(folders), _PLACES])):
        return found
    reason = f"{name} is not installed; run tests/system-tools"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def make_key(path: Path, kind: str = "ed25519") -> None:
    """A key pair without passphrase."""
    subprocess.run([program("ssh-keygen"), "-q", "-t", kind, "-N", "", "-C", "", "-f", str(path)], check=True)


def free_port() -> int:
    """A port of loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((OpenSSH.host, 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def openssh(tmp_path_factory):
    """One ordinary OpenSSH server for the whole run: SFTP, and commands allowed."""
    with OpenSSH(tmp_path_factory.mktemp("sshd")) as server:
        yield server
