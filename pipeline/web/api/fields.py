"""Fields that several operations have: identifiers, days, digests, pages of a list."""

from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, WithJsonSchema

_DAY = r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}$"
LINE = r"^[^\x00-\x1f\x7f]*$"
"""Text without control characters: a database may refuse them."""

BULLETIN = r"^[0-9A-Za-z-]+$"
"""The letters of a bulletin's id."""


def example(**fields: JsonValue) -> ConfigDict:
    """What is asked, as an example of it."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


class Told(BaseModel):
    """What an operation answers."""

    model_config = ConfigDict(frozen=True)


class Asked(BaseModel):
    """What an operation is given: what nobody knows is refused, and nothing is taken for something else."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _day(value: Any) -> date:  # noqa: ANN401 - whatever came
    if isinstance(value, str) and value.isascii() and len(value) == len("2026-11-24") and value.startswith("20"):
        return date.fromisoformat(value)
    raise ValueError("a day of this century as YYYY-MM-DD")


Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "pattern": _DAY, "examples": ["2026-11-24"]}),
]
Bulletin_ = Annotated[
    str,
    Path(alias="bulletin", max_length=80, pattern=BULLETIN, description="The bulletin's id.",
         examples=["20261124-sot-xuat-huyet-1a2b3c"]),
]  # fmt: skip
Station_ = Annotated[
    str,
    Path(alias="station", max_length=32, pattern=r"^[0-9A-Za-z._-]+$", description="The station's code.",
         examples=["CM-0101"]),
]  # fmt: skip
Line = Annotated[str, Field(pattern=LINE, max_length=200)]
Wanted = Annotated[str, Query(pattern=LINE, max_length=200)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the bytes, hexadecimal.")]
Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]
