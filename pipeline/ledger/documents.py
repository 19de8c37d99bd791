"""Nouns as JSON text and back, by their own types, so that a field is written in one place only: core.model."""

from functools import cache

from pydantic import TypeAdapter

from pipeline.core.model import Bulletin, Reading, Script, Sentence, Take


@cache
def scripts() -> TypeAdapter[Script]:
    """Reads and writes scripts."""
    return TypeAdapter(Script)


@cache
def bulletins() -> TypeAdapter[Bulletin]:
    """Reads and writes bulletins."""
    return TypeAdapter(Bulletin)


@cache
def readings() -> TypeAdapter[Reading]:
    """Reads and writes readings."""
    return TypeAdapter(Reading)


@cache
def spoken() -> TypeAdapter[tuple[tuple[Sentence, Take], ...]]:
    """Reads and writes a bulletin's sentences, in their order, each with the take that speaks it."""
    return TypeAdapter(tuple[tuple[Sentence, Take], ...])
