"""What a newsroom and a programme choose about how things are said."""

from enum import StrEnum


class Register(StrEnum):
    """How numbers are said: southern ngàn and lẻ, or northern nghìn and linh."""

    NAM = "nam"
    BAC = "bac"


class Codes(StrEnum):
    """How much of a document number's letters is said.

    Of `Kế hoạch số 207/KH-UBND`, after the figures: FULL, all that stands there, `kế hoạch ủy ban nhân dân`; SHORT, as
    an announcer would, `của ủy ban nhân dân`, and nothing where the text names the office itself; NONE, nothing.
    """

    FULL = "day-du"
    SHORT = "gon"
    NONE = "bo"
