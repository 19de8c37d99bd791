"""The command of a machine that takes part in the work: worker."""

import logging

from pipeline.cli.shared import app, at_desk


@app.command()
def worker() -> None:
    """Do what other machines of this newsroom hand in, until stopped; needs [jobs] queue = "procrastinate".

    Example: bantin worker
    """
    from pipeline.clock import until_told

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("pipeline.jobs").setLevel(logging.INFO)
    stop = until_told()
    with at_desk() as desk:
        desk.queue(desk).work(stop)
