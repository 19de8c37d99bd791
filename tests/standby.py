"""A process that has loaded the program and waits: each command is a process of its own that begins there.

Half of what a small command costs is loading the program, and the tests run many. A command still has its own memory,
streams, environment and end, as if a shell had started it. Whoever tests the start itself, or how a process is told to
end, starts Python: `Workspace.start`, the demonstration.
"""

import gc
import json
import multiprocessing
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

LATE = (
    "alembic.command", "lxml.html", "matplotlib.backends.backend_agg", "matplotlib.figure", "openpyxl",
    "rich.progress", "soundfile",
)  # fmt: skip
"""What commands load only where they need it, and what takes long."""
_MOST = 1 << 17
"""Bytes of one request: words and environment."""
_FORK = multiprocessing.get_context("fork")


class Standby:
    """The waiting process, until its context ends. Threads may start commands at once."""

    def __enter__(self):
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", "tests.standby", str(theirs.fileno())]
            top = Path(__file__).parents[1]
            self._process = subprocess.Popen(command, cwd=top, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self._line.close()  # which it ends by
        self._process.wait(30)

    def run(self, *words, cwd=None, input="", timeout=120):  # noqa: A002 - subprocess calls it so
        """Run `bantin` with these words, as subprocess.run() does with its output captured as text."""
        command = [os.fspath(word) for word in words]
        asked = {"words": command, "cwd": os.fspath(cwd or Path.cwd()), "environment": dict(os.environ)}
        with ExitStack() as stack:
            said, out, err = streams = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
            said.write(input.encode())
            said.seek(0)
            answers, theirs = (stack.enter_context(end) for end in socket.socketpair())
            given = [stream.fileno() for stream in (*streams, theirs)]
            socket.send_fds(self._line, [json.dumps(asked).encode()], given)
            theirs.close()
            answers.settimeout(timeout)
            number = int(answers.recv(8))
            try:
                code = int(answers.recv(8))
            except TimeoutError:
                os.kill(number, signal.SIGKILL)
                raise
            for stream in (out, err):
                stream.seek(0)
            return subprocess.CompletedProcess(command, code, out.read().decode(), err.read().decode())


def load():
    """Load all of the program and what is heavy, and make what every workspace would make anew."""
    import pipeline  # here, so that whoever asks for commands need not load it

    for module in pkgutil.walk_packages(pipeline.__path__, "pipeline."):
        if not module.name.endswith(("__main__", "migrations.env")):
            import_module(module.name)
    for name in LATE:
        import_module(name)
    music = import_module("tests.music")
    music.made_once()
    music.make_usual()
    announcer = import_module("pipeline.reading").Announcer()
    for language in import_module("pipeline.core.model").Language:
        assert announcer.tongue(language).grammar  # its patterns are compiled, and stay so in `re`


def wait(line):
    """Start what is asked for, until nobody can ask any more."""
    while True:
        asked, streams, _, _ = socket.recv_fds(line, _MOST, 4)
        if not asked:
            return
        _FORK.Process(target=watch, args=(json.loads(asked), *streams)).start()
        for stream in streams:
            os.close(stream)


def watch(asked, *streams):
    """Tell the number of a command's process, and how it ended, however that was."""
    command = _FORK.Process(target=become, args=(asked, *streams))
    command.start()
    os.write(streams[3], f"{command.pid:8}".encode())
    command.join()
    os.write(streams[3], f"{command.exitcode:8}".encode())


def become(asked, *streams):
    """Be the command that was asked for."""
    for ours, given in enumerate(streams[:3]):
        os.dup2(given, ours)
    for given in streams:
        os.close(given)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - a fork is given an empty one
    sys.argv = ["bantin", *asked["words"]]
    os.environ.clear()
    os.environ.update(asked["environment"])
    time.tzset()
    os.chdir(asked["cwd"])
    import_module("pipeline.cli").main()


if __name__ == "__main__":
    load()
    gc.freeze()  # what is loaded stays, and is shared
    wait(socket.socket(fileno=int(sys.argv[1])))
