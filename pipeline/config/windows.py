"""Stretches of the day as people write them: `04:30-06:00`."""

import re
from datetime import time

from pipeline.core.errors import Unreadable
from pipeline.core.model import Window

_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_MIDNIGHT = time()
"""What people write as 24:00 where a day ends."""


def windows(text: str) -> tuple[Window, ...]:
    """The windows in a text, apart by spaces, commas or semicolons.

    Raises:
        Unreadable: with how to write one.
    """
    return tuple(window(part) for part in re.split(r"[\s;,]+", text) if part)


def window(text: str) -> Window:
    """One window; its end may lie on the next day.

    Raises:
        Unreadable: with how to write one.
    """
    start, _, end = text.replace("–", "-").partition("-")
    try:
        found = Window(_time(start), _MIDNIGHT if end == "24:00" else _time(end))
    except ValueError as problem:
        vi, en = f"“{text}” viết như 04:30-06:00", f"“{text}”: write a window like 04:30-06:00"
        raise Unreadable(vi, en) from problem
    if found.start == found.end:
        raise Unreadable(
            f"“{text}” dài không phút nào; cả ngày thì để trống",
            f"“{text}” is not a minute long; leave it empty for the whole day",
        )
    return found


def _time(text: str) -> time:
    """A time of day as people write it, with one digit for the hour or two; nothing else, such as a zone."""
    match = _TIME.fullmatch(text)
    if not match:
        raise ValueError(text)
    return time(int(match[1]), int(match[2]))
