"""Who works in a workspace: one at a time for each kind of job, over all processes of the machine."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.core.errors import WorkspaceInUse
from pipeline.core.model import Seconds

_POLL = 0.1
NOW = Seconds(0)


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
