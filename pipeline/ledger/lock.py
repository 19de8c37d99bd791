"""Who works in a workspace: one at a time for each kind of job, over all processes of the machine."""

import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.core.errors import WorkspaceInUse
from pipeline.core.model import Seconds

_POLL = 0.1
NOW = Seconds(0)
_HOLDER = "holder"
_NAMING = Seconds(10)
"""How long one process waits for another that gives the name."""


@contextmanager
def alone(state: Path, job: str, wait: Seconds = NOW) -> Iterator[None]:
    """Hold the workspace's lock for a kind of job; the system lets go of it when the process ends, however it ends.

    Raises:
        WorkspaceInUse: another holder did not let go within `wait`.
    """
    state.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + wait
    with (state / f"{job}.lock").open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as problem:
                if time.monotonic() >= end:
                    raise WorkspaceInUse(job=job, folder=state) from problem
            time.sleep(_POLL)
        yield


def holder(state: Path) -> str:
    """The name of a state folder, which is what our locks cover: random, given once, on disk before it is used."""
    file = state / _HOLDER
    if not file.exists():
        with alone(state, _HOLDER, _NAMING):
            if not file.exists():
                _write_whole(file, uuid.uuid4().hex)
    return file.read_text("ascii")


def _write_whole(file: Path, text: str) -> None:
    new = file.with_suffix(".new")
    with new.open("w", encoding="ascii") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
