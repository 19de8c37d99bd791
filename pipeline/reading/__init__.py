"""Text as it will be spoken: a script becomes sentences a voice can say, and nothing written is lost."""

from pipeline.reading.line import Spoken, spoken
from pipeline.reading.paragraph import utter
from pipeline.reading.register import Register
from pipeline.reading.script import read

__all__ = ["Register", "Spoken", "read", "spoken", "utter"]
