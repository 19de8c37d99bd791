"""The command of a machine that takes part in the work: worker."""

import logging
import threading
import time
from typing import TYPE_CHECKING

from pipeline.cli.shared import app, at_office

if TYPE_CHECKING:
    from pipeline.newsroom.desk import Desk
    from pipeline.newsroom.office import Office

_LOOK = 2
"""Seconds between two looks whether the settings changed."""
_PAUSE = 0.2
"""Seconds between two cuts of what is under way when we stop: a visit may have been about to dial."""


@app.command()
def worker() -> None:
    """Do what other machines of this newsroom hand in, until stopped; needs [jobs] queue = "procrastinate".

    Example: bantin worker
    """
    from pipeline.clock import until_told

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("pipeline.jobs").setLevel(logging.INFO)
    stop = until_told()
    with at_office() as office:
        threading.Thread(target=_cut, args=(office, stop), daemon=True).start()
        while not stop.is_set():
            with office.desk() as desk:
                turn = threading.Event()
                threading.Thread(target=_watch, args=(office, desk, stop, turn), daemon=True).start()
                desk.queue(desk).work(turn)


def _watch(office: "Office", desk: "Desk", stop: threading.Event, turn: threading.Event) -> None:
    """End a turn when we are told to stop, or when the settings changed: others of before hand nothing in any more."""
    while not stop.wait(_LOOK):
        with office.desk() as now:
            if now is not desk:
                break
    turn.set()


def _cut(office: "Office", stop: threading.Event) -> None:
    """Once we are told to stop, cut every upload, also those of earlier turns; another machine takes them up."""
    stop.wait()
    while office.stop():
        time.sleep(_PAUSE)
