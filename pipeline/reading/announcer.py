"""The announcer: one way of reading, with the editor's own dictionary on top of the shipped tables."""

import re
from collections.abc import Sequence
from functools import cache

from pipeline.core.model import Language
from pipeline.reading.km import Khmer
from pipeline.reading.lexicon import KHMER, Row
from pipeline.reading.manner import Codes, Register
from pipeline.reading.tongue import Tongue
from pipeline.reading.vi import Vietnamese


class Announcer:
    """Both languages, read in one manner. Building one compiles its tables (a tenth of a second): keep it.

    Args:
        register: How Vietnamese numbers are said.
        own: The editor's rows; they win over shipped ones. What is said in Khmer letters belongs to Khmer, the rest to
            Vietnamese.
        codes: How much of a document number's letters is said.
    """

    def __init__(self, register: Register = Register.NAM, own: Sequence[Row] = (), codes: Codes = Codes.FULL) -> None:
        khmer = [row for row in own if re.search(f"[{KHMER}]", row.spoken)]
        self.vietnamese = Vietnamese(register, [row for row in own if row not in khmer], codes)
        self.khmer = Khmer(khmer)

    def tongue(self, language: Language) -> Tongue:
        """The way of one language."""
        return self.khmer if language is Language.KM else self.vietnamese


@cache
def plain(register: Register = Register.NAM) -> Announcer:
    """The announcer of the shipped tables alone."""
    return Announcer(register)
