"""Ordered token classes: at each place of a text the first rule that can say what stands there does."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Say = Callable[[re.Match[str]], str | None]
_NAMED = re.compile(r"\(\?P<\w+>")
CONTEXT = 32
"""Characters before a token that a rule may look at."""


def left_of(match: re.Match[str]) -> str:
    """What stands right before a token."""
    return match.string[max(0, match.start() - CONTEXT) : match.start()]


@dataclass(frozen=True, slots=True)
class Rule:
    """A token class: what it looks like, and how it is said; None hands it on to the next rule.

    Patterns are linear: repetitions are bounded or atomic, and none begins inside what another start would scan again.
    """

    name: str
    pattern: re.Pattern[str]
    say: Say


def rule(name: str, pattern: str, say: Say) -> Rule:
    """A rule from the text of its pattern."""
    return Rule(name, re.compile(pattern), say)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text: said by a rule, or copied where `rule` is empty."""

    source: str
    said: str
    rule: str = ""


class Grammar:
    """Rules in order of precedence. What one has said, no other reads again."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self._start = re.compile("|".join(f"(?:{_NAMED.sub('(?:', r.pattern.pattern)})" for r in rules))

    def pieces(self, text: str) -> Iterator[Piece]:
        """The text in pieces; their sources join to the text."""
        copied = at = 0
        while found := self._start.search(text, at):
            piece = self._say(text, found.start())
            if piece is None:
                at = found.start() + 1
                continue
            if copied < found.start():
                yield Piece(text[copied : found.start()], text[copied : found.start()])
            yield piece
            copied = at = found.start() + len(piece.source)
        if copied < len(text):
            yield Piece(text[copied:], text[copied:])

    def _say(self, text: str, at: int) -> Piece | None:
        for candidate in self._rules:
            match = candidate.pattern.match(text, at)
            if match is None or not match[0]:
                continue
            said = candidate.say(match)
            if said is not None:
                return Piece(match[0], said, candidate.name)
        return None
