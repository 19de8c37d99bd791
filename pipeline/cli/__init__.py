"""The command `bantin`. Data goes to standard output, progress and problems to standard error."""

import signal
import sys
from importlib import import_module

from pipeline.cli.shared import SYSTEMS_FAULT, Choice, app, print_problem
from pipeline.core.errors import PipelineError, as_problem

for _topic in (
    "workspace",
    "words",
    "sound",
    "bulletins",
    "air",
    "report",
    "delivery",
    "stations",
    "people",
    "worker",
):  # in the order that --help lists them
    import_module(f"pipeline.cli.{_topic}")

__all__ = ["app", "main"]


def main() -> None:
    """Run the command; a known problem becomes a message and an exit code, a bug keeps its traceback.

    A stop by the system ends it as Ctrl-C does, so that it clears away what it was at.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]  # always text streams here
    try:
        app()
    except PipelineError as problem:
        print_problem(problem)
        sys.exit(problem.exit_code)
    except OSError as fault:
        if fault.errno not in SYSTEMS_FAULT:
            raise
        trouble = as_problem(fault, str(Choice.workspace.absolute()))
        print_problem(trouble)
        sys.exit(trouble.exit_code)
