"""Outputs: what the plan's lines ask for in a year, and what was reached of each that this program does not make."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from pipeline.core.model import Digest


class PlanLine(StrEnum):
    """A line of the appendices of plan 207/KH-UBND."""

    BULLETINS = "bulletins"
    DOCUMENTS = "documents"
    CLIPS = "clips"
    TRAINEES = "trainees"


BY_HAND = (PlanLine.DOCUMENTS, PlanLine.CLIPS, PlanLine.TRAINEES)
"""Lines that people enter; bulletins are counted from the ledger alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Something that was reached, as somebody entered it."""

    line: PlanLine
    quantity: int
    day: date
    what: str
    evidence: str
    """The paper that proves it, such as `Biên bản số 12/BB-VHTT`."""
    file: Digest | None = None
    """That paper itself, in the store."""
    file_name: str = ""
    who: str = ""
    number: int = 0
    """Of its fact, by which it is struck out."""
    struck: str = ""
    """Why it counts no more; empty while it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One line of the plan: what the year asks for, what came in a period, and since the year began."""

    line: PlanLine
    target: int
    period: int
    year: int
    """Up to the end of the period."""

    @property
    def share(self) -> float:
        """Of the target, from 0; 1 is all of it, and where nothing is asked for."""
        return self.year / self.target if self.target else 1.0


def reached(
    targets: Mapping[PlanLine, int], outputs: Iterable[Output], counted: Iterable[date], first: date, last: date
) -> list[Reached]:
    """Every line of the plan over a period of one year; `counted` are the air dates of bulletins that count."""
    days = {PlanLine.BULLETINS: [(day, 1) for day in counted]}
    for one in outputs:
        if not one.struck:
            days.setdefault(one.line, []).append((one.day, one.quantity))
    begin = date(first.year, 1, 1)
    return [
        Reached(
            line=line,
            target=targets[line],
            period=sum(n for day, n in days.get(line, ()) if first <= day <= last),
            year=sum(n for day, n in days.get(line, ()) if begin <= day <= last),
        )
        for line in PlanLine
    ]
