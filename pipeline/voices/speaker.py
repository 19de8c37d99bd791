"""The near end of the pipe to a worker: a process of its own in which native code speaks."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import IO

from pipeline.core.errors import EngineUnavailable, Says
from pipeline.core.model import Seconds
from pipeline.voices.wav import Sound
from pipeline.voices.worker import ANSWER, FAULT, SOUND

DEADLINE = Seconds(30)
"""Enough for 20,000 characters ten times over, of eSpeak."""

_AGAIN = Says("chạy lại; câu đã đọc được giữ nguyên", "run again; what was spoken is kept")


class _Crashed(Exception):
    """The worker ended before it answered."""


class Speaker:
    """A worker started when first needed, kept until `close` or the program's end. A closed one speaks no more.

    `command` gives what Python is to run. That says first its library's version and sample rate, then answers every
    request (see `worker`). Any thread may call; takes are made one at a time. A take that crashes the library is tried
    once more in a new process; one that takes longer than `deadline` seconds is cut. Either costs that take only.
    People are told that `library` failed, and to install `package` again.
    """

    def __init__(
        self,
        engine: str,
        deadline: Seconds,
        command: Callable[[], Sequence[str]],
        *,
        library: str = "eSpeak",
        package: str = "espeakng-loader",
    ) -> None:
        self._engine = engine
        self._deadline = deadline
        self._command = command
        self._library = library
        self._reinstall = Says(f"cài lại gói {package}", f"reinstall the package {package}")
        self._lock = threading.Lock()
        self._worker: _Worker | None = None
        self._closed = False

    @property
    def version(self) -> str:
        """The library's version, such as `1.52.0`."""
        with self._lock:
            return self._running().version

    def ask(self, request: bytes) -> Sound:
        """The worker's answer to a request in its own form.

        Raises:
            EngineUnavailable: the library cannot be loaded, refused, crashed twice, missed the deadline or was closed.
        """
        with self._lock:
            try:
                return self._ask(request)
            except _Crashed:
                return self._ask_again(request)

    def close(self) -> None:
        """End the worker for good, and the take that it may be at."""
        self._closed = True
        if worker := self._worker:
            worker.kill()  # not behind the lock, which the take holds for as long as it needs
        with self._lock:
            self._drop()

    def _ask_again(self, request: bytes) -> Sound:
        try:
            return self._ask(request)
        except _Crashed as crash:
            reason = Says(f"thư viện {self._library} hỏng giữa chừng", f"{self._library} crashed")
            raise self._unavailable(reason, _AGAIN) from crash

    def _ask(self, request: bytes) -> Sound:
        kind, payload = self._within_deadline(request)
        if kind == FAULT:
            reason = payload.decode()
            told = Says(f"{self._library} báo {reason}", f"{self._library} said {reason}")
            raise self._unavailable(told, self._reinstall)
        return Sound(payload, self._running().rate)

    def _within_deadline(self, request: bytes) -> tuple[int, bytes]:
        worker = self._running()
        answered = False
        try:
            with worker.cut_after(self._deadline) as cut:
                answer = worker.ask(request)
            answered = True
        except _Crashed as crash:
            if cut.is_set():
                seconds = f"{self._deadline:g}"
                reason = Says(f"{self._library} treo quá {seconds} giây", f"{self._library} hung for {seconds} s")
                raise self._unavailable(reason, _AGAIN) from crash
            raise
        finally:
            if not answered:  # even when interrupted: its answer would be taken for the next take's
                self._drop()
        return answer

    def _running(self) -> "_Worker":
        if self._closed:
            raise self._unavailable(Says("đã đóng", "it was closed"), _AGAIN)
        if self._worker is None:
            self._worker = self._start()
        return self._worker

    def _start(self) -> "_Worker":
        try:
            worker = _Worker(self._command())
        except (ImportError, OSError, RuntimeError) as error:
            raise self._unavailable(str(error), self._reinstall) from error
        try:
            with worker.cut_after(self._deadline):
                worker.greet()
        except _Crashed as crash:
            worker.end()
            reason = str(crash) or Says(f"không nạp được {self._library}", f"{self._library} does not load")
            raise self._unavailable(reason, self._reinstall) from crash
        return worker

    def _drop(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None

    def _unavailable(self, reason: Says | str, how: Says) -> EngineUnavailable:
        return EngineUnavailable(engine=self._engine, reason=reason, how=how)


class _Worker:
    """One process. After any fault it must be ended: what it answers next may belong to an earlier request."""

    version = ""
    rate = 0

    def __init__(self, command: Sequence[str]) -> None:
        # -P: a workspace may hold a file named like a module.
        self._process = subprocess.Popen(
            [sys.executable, "-P", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # its forks can then be ended with it, and the terminal's Ctrl-C passes it by
        )
        self.end = weakref.finalize(self, _end, self._process)

    @property
    def pid(self) -> int:
        """The process's id, which is also that of its group."""
        return self._process.pid

    def kill(self) -> None:
        """End it from any thread; whoever waits for its answer finds it crashed."""
        if self._process.returncode is None:
            _kill(self.pid)

    def greet(self) -> None:
        kind, payload = self._read()
        if kind != SOUND:
            raise _Crashed(payload.decode())
        version, rate = payload.decode().split()
        self.version, self.rate = version, int(rate)

    def ask(self, request: bytes) -> tuple[int, bytes]:
        stdin = _pipe(self._process.stdin)
        try:
            stdin.write(request)
            stdin.flush()
        except BrokenPipeError as gone:
            raise _Crashed from gone
        return self._read()

    def cut_after(self, deadline: Seconds) -> "_Cut":
        """While the block lasts, the worker is killed once `deadline` seconds have passed."""
        return _Cut(self.pid, deadline)

    def _read(self) -> tuple[int, bytes]:
        stdout = _pipe(self._process.stdout)
        head = stdout.read(ANSWER.size)
        if len(head) < ANSWER.size:
            raise _Crashed
        kind, size = ANSWER.unpack(head)
        payload = stdout.read(size)
        if len(payload) < size:
            raise _Crashed
        return kind, payload


class _Cut:
    """A deadline on blocking reads and writes: closing the far end is the one thing that always ends them."""

    def __init__(self, group: int, deadline: Seconds) -> None:
        self._done = threading.Event()
        self._group = group
        self._timer = threading.Timer(deadline, self._cut)

    def __enter__(self) -> threading.Event:
        self._timer.start()
        return self._done

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()

    def _cut(self) -> None:
        self._done.set()
        _kill(self._group)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise _Crashed
    return stream


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _end(process: subprocess.Popen[bytes]) -> None:
    _kill(process.pid)
    for stream in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):  # a request that never left is still in the buffer
            _pipe(stream).close()
    process.wait()
