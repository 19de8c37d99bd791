"""Values that a program sends, where the document promises more than their type."""

import re
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator


def _iso(value: object) -> object:
    """A day as ISO 8601 has it, and no number of seconds."""
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("YYYY-MM-DD")
    if not isinstance(value, str | date):
        raise ValueError("YYYY-MM-DD")  # noqa: TRY004 - pydantic tells a ValueError
    return value


Day = Annotated[date, BeforeValidator(_iso)]
"""A local day."""
