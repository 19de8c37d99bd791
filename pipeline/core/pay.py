"""Pay: what each bulletin is worth to those who made it, by dated rates that the newsroom sets."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from pipeline.core.model import Bulletin, BulletinId, Kind, Language


class Part(StrEnum):
    """What somebody did for a bulletin."""

    AUTHOR = "tac-gia"
    EDITOR = "bien-tap"
    TRANSLATOR = "bien-dich"
    ANNOUNCER = "phat-thanh"


class Measure(StrEnum):
    """What a rate is paid for."""

    ITEM = "ban-tin"
    PAGE = "trang"
    MINUTE = "phut"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What one part is paid from a day on. Where kind or language is None, for all of them."""

    since: date
    part: Part
    measure: Measure
    dong: int
    """For one bulletin, page or minute."""
    kind: Kind | None = None
    language: Language | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A bulletin that is paid for."""

    bulletin: Bulletin
    day: date
    """On which it aired first, local: the rates of that day hold."""
    pages: float
    minutes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PayLine:
    """One person's part in one bulletin."""

    bulletin: BulletinId
    title: str
    day: date
    part: Part
    name: str
    language: Language
    rate: Rate | None
    """None where the newsroom has set none: nothing is guessed."""
    quantity: Decimal
    """Bulletins, or pages or minutes in halves, rounded up."""

    @property
    def dong(self) -> int:
        """What is due; 0 where there is no rate."""
        amount = self.quantity * self.rate.dong if self.rate else Decimal(0)
        return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


_NAMES = re.compile(r"[,;、]|\s+và\s+|\s+and\s+")
_LANGUAGE = re.compile(r"\s*\((?P<language>vi|km)\)\s*$", re.IGNORECASE)


def pay(works: Iterable[Work], rates: Sequence[Rate]) -> list[PayLine]:
    """Who is due what for some bulletins, in their order, by part.

    Each name is paid for one language: the one behind it in brackets, `Nguyễn Văn A (km)`; else a translator for the
    last language of the bulletin, everybody else for its first. Of several rates that fit, one for its kind and its
    language wins over one for all, then the newest.
    """
    return [line for work in works for part in Part for line in _lines(work, part, rates)]


def _lines(work: Work, part: Part, rates: Sequence[Rate]) -> list[PayLine]:
    b = work.bulletin
    written = {Part.AUTHOR: b.author, Part.EDITOR: b.editor, Part.TRANSLATOR: b.translator, Part.ANNOUNCER: b.announcer}
    usual = b.languages[-1] if part is Part.TRANSLATOR else b.languages[0]
    found = []
    for name in _NAMES.split(written[part]):
        said = _LANGUAGE.search(name)
        language = Language(said["language"].lower()) if said else usual
        if whole := _LANGUAGE.sub("", name).strip():
            rate = _rate(rates, part, b.kind, language, work.day)
            quantity = _quantity(work, rate.measure) if rate else Decimal(0)
            found.append(
                PayLine(
                    bulletin=b.id, title=b.title, day=work.day, part=part, name=whole, language=language, rate=rate,
                    quantity=quantity,
                )
            )  # fmt: skip
    return found


def _rate(rates: Sequence[Rate], part: Part, kind: Kind, language: Language, day: date) -> Rate | None:
    fitting = [
        rate
        for rate in rates
        if rate.part is part and rate.since <= day and rate.kind in {None, kind} and rate.language in {None, language}
    ]
    return max(fitting, key=lambda r: ((r.kind is not None) + (r.language is not None), r.since), default=None)


def _quantity(work: Work, measure: Measure) -> Decimal:
    if measure is Measure.ITEM:
        return Decimal(1)
    exact = work.pages if measure is Measure.PAGE else work.minutes
    return Decimal(math.ceil(round(exact * 2, 6))) / 2
