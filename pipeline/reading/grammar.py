"""Ordered token classes: at each place of a text the first class that can say what stands there does."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

_NAMED = re.compile(r"\(\?P<\w+>")
CONTEXT = 32
"""Characters before a token that a rule may look at."""


def left_of(match: re.Match[str]) -> str:
    """What stands right before a token."""
    return match.string[max(0, match.start() - CONTEXT) : match.start()]


def right_of(match: re.Match[str]) -> str:
    """What stands right after a token."""
    return match.string[match.end() : match.end() + CONTEXT]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text: said by a token class, or copied where `rule` is empty."""

    source: str
    said: str
    rule: str = ""
    where: str = ""
    """The row of a table that says it, where one does."""
    doubts: tuple[str, ...] = ()
    """What else it may mean."""
    left_out: str = ""
    """The part of the source that is not said, by the programme's choice."""


Say = Callable[[re.Match[str]], "str | Piece | None"]
"""What a match is said as: text, a whole piece, or None where the next class may try."""


class TokenClass(Protocol):
    """Something that knows how a kind of token is said."""

    name: str

    @property
    def start(self) -> str:
        """A pattern, without groups, of where such a token begins; `at` decides."""

    def at(self, text: str, at: int) -> Piece | None:
        """The token at a place, and how it is said; None hands the place on to the next class."""


class Rule:
    """A token class by its pattern.

    Patterns are linear: repetitions are bounded or atomic, and none begins inside what another start would scan again.
    """

    def __init__(self, name: str, pattern: str, say: Say) -> None:
        self.name = name
        self.start = _NAMED.sub("(?:", pattern)
        self._pattern = re.compile(pattern)
        self._say = say

    def at(self, text: str, at: int) -> Piece | None:
        """What the pattern matches at a place, unless it is empty or cannot be said."""
        match = self._pattern.match(text, at)
        if match is None or not match[0]:
            return None
        said = self._say(match)
        return Piece(match[0], said, self.name) if isinstance(said, str) else said


class Grammar:
    """Token classes in order of precedence. What one has said, no other reads again."""

    def __init__(self, classes: Sequence[TokenClass]) -> None:
        self._classes = tuple(classes)
        self._start = re.compile("|".join(f"(?:{c.start})" for c in classes))
        self._first = re.compile("|".join(f"({c.start})" for c in classes))

    def pieces(self, text: str) -> Iterator[Piece]:
        """The text in pieces; their sources join to the text."""
        copied = at = 0
        while found := self._start.search(text, at):
            piece = self._at(text, found.start())
            if piece is None:
                at = found.start() + 1
                continue
            if copied < found.start():
                yield Piece(text[copied : found.start()], text[copied : found.start()])
            yield piece
            copied = at = found.start() + len(piece.source)
        if copied < len(text):
            yield Piece(text[copied:], text[copied:])

    def _at(self, text: str, at: int) -> Piece | None:
        begins = self._first.match(text, at)
        first = (begins.lastindex or 1) - 1 if begins else 0  # no class before it begins here
        return next(filter(None, (c.at(text, at) for c in self._classes[first:])), None)
