"""Nouns as JSON text and back, by their own types, so that a field is written in one place only: core.model."""

from collections.abc import Hashable
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from pipeline.core.model import Bulletin, Reading, Script


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def dump(noun: Script | Bulletin | Reading) -> bytes:
    """A noun as UTF-8 JSON."""
    kind: type[Any] = type(noun)
    return _adapter(kind).dump_json(noun)


def script(document: str | bytes) -> Script:
    """A script from its JSON."""
    found: Script = _adapter(Script).validate_json(document)
    return found


def bulletin(document: str | bytes) -> Bulletin:
    """A bulletin from its JSON."""
    found: Bulletin = _adapter(Bulletin).validate_json(document)
    return found


def reading(document: str | bytes) -> Reading:
    """A reading from its JSON."""
    found: Reading = _adapter(Reading).validate_json(document)
    return found
