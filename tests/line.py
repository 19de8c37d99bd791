"""A bad line: a TCP proxy before a station that refuses, freezes, breaks, or is slow, as the test tells it."""

import contextlib
import socket
import threading
import time

ARRIVES = 0.05
"""Seconds that what passed before a cut is given to arrive: sshd throws away what it has not looked at yet."""


class Line:
    """Carries connections to a port until its context ends. Its faults may be changed while it works.

    `freeze_after` and `break_after` count bytes toward the station in one connection; then nothing passes any more, or
    the line is cut. `on_break` is called before a cut. `delay` seconds pass before bytes arrive, in each direction.
    """

    host = "127.0.0.1"

    def __init__(self, port, *, freeze_after=None, break_after=None, on_break=None, delay=0.0):
        self._target = port
        self.freeze_after, self.break_after, self.on_break, self.delay = freeze_after, break_after, on_break, delay
        self.refuse = False
        self.passed = 0
        self._listener = socket.create_server((self.host, 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._sockets, self._threads = [], []
        self._thawed = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self):
        self._start(self._accept)
        return self

    def __exit__(self, *_):
        self._thawed.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self.cut()
        for thread in self._threads:
            thread.join(5)
        for each in [self._listener, *self._sockets]:
            each.close()

    def heal(self):
        """Carry everything from now on; what is frozen stays lost."""
        self.freeze_after = self.break_after = self.on_break = None
        self.refuse = False
        self.cut()

    def cut(self):
        """Break every connection that there is."""
        with self._lock:
            sockets = list(self._sockets)
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _start(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                near = self._listener.accept()[0]
            except OSError:
                return
            if self.refuse:
                near.close()
                continue
            try:
                far = socket.create_connection((self.host, self._target))
            except OSError:
                near.close()
                continue
            with self._lock:
                self._sockets += [near, far]
            self._start(self._carry, near, far, True)
            self._start(self._carry, far, near, False)

    def _carry(self, source, sink, out):
        passed = 0
        try:
            while data := source.recv(1 << 16):
                passed += len(data)
                if out and self.freeze_after is not None and passed > self.freeze_after:
                    self._thawed.wait()
                    return
                if out and self.break_after is not None and passed > self.break_after:
                    if self.on_break:
                        self.on_break()
                    time.sleep(ARRIVES)
                    self._close(source, sink)
                    return
                if self.delay:
                    time.sleep(self.delay)
                sink.sendall(data)
                self.passed += len(data) if out else 0
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(source, sink)

    @staticmethod
    def _close(*sockets):
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
