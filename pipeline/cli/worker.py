"""The command of a machine that takes part in the work: worker."""

import logging
import threading
import time
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from pipeline.cli.shared import app, at_office, print_problem
from pipeline.core.errors import LedgerAway

if TYPE_CHECKING:
    from pipeline.newsroom.desk import Desk
    from pipeline.newsroom.office import Office

_LOOK = 2
"""Seconds between two looks whether the settings changed."""
_AGAIN = 5
"""Seconds before a database that is away is asked again."""
_PAUSE = 0.2
"""Seconds between two cuts of what is under way when we stop: a visit may have been about to dial."""


@app.command()
def worker() -> None:
    """Do what other machines of this newsroom hand in, until stopped; needs [jobs] queue = "procrastinate".

    Example: bantin worker
    """
    from pipeline.clock import until_told

    lines, handler = _Lines("%(asctime)s %(levelname)s %(message)s"), logging.StreamHandler()
    handler.setFormatter(lines)
    logging.basicConfig(handlers=[handler])
    logging.getLogger("pipeline.jobs").setLevel(logging.INFO)
    stop = until_told()
    with at_office() as office:
        threading.Thread(target=_cut, args=(office, stop), daemon=True).start()
        told = ""
        while not stop.is_set():
            try:
                _take_part(office, stop, lines)
                told = ""
            except LedgerAway as problem:  # as after a power cut, when machines come up in any order
                if told != problem.code:
                    print_problem(problem)
                told = problem.code
                stop.wait(_AGAIN)


class _Lines(logging.Formatter):
    """Lines of the log, in the newsroom's time once that is known."""

    zone: tzinfo = UTC

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802, ARG002 - logging's
        """When it was."""
        return f"{datetime.fromtimestamp(record.created, self.zone):%Y-%m-%d %H:%M:%S%z}"


def _take_part(office: "Office", stop: threading.Event, lines: _Lines) -> None:
    """Work by the settings as they are, until they change or we are told to stop."""
    with office.desk() as desk:
        turn = threading.Event()
        lines.zone = desk.config.zone
        threading.Thread(target=_watch, args=(office, desk, stop, turn), daemon=True).start()
        try:
            desk.queue(desk).work(turn)
        finally:
            turn.set()


def _watch(office: "Office", desk: "Desk", stop: threading.Event, turn: threading.Event) -> None:
    """End a turn when we are told to stop, or when the settings changed: others of before hand nothing in any more."""
    while not (stop.wait(_LOOK) or turn.is_set()):
        with office.desk() as now:
            if now is not desk:
                break
    turn.set()


def _cut(office: "Office", stop: threading.Event) -> None:
    """Once we are told to stop, cut every upload, also those of earlier turns; another machine takes them up."""
    stop.wait()
    while office.stop():
        time.sleep(_PAUSE)
