"""Stretches of the day as people write them: `04:30-06:00`."""

import re
from datetime import time

from pipeline.core.model import Window


def windows(text: str) -> tuple[Window, ...]:
    """The windows in a text, apart by spaces, commas or semicolons.

    Raises:
        ValueError: with how to write one.
    """
    return tuple(window(part) for part in re.split(r"[\s;,]+", text) if part)


def window(text: str) -> Window:
    """One window; its end may lie on the next day.

    Raises:
        ValueError: with how to write one.
    """
    start, _, end = text.replace("–", "-").partition("-")
    try:
        found = Window(time.fromisoformat(start), time.fromisoformat(end))
    except ValueError as problem:
        raise ValueError(f"“{text}” viết như 04:30-06:00 / write a window like 04:30-06:00") from problem
    if found.start == found.end:
        raise ValueError(f"“{text}” dài không phút nào / is not a minute long")
    return found
