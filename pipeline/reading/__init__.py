"""Text as it will be spoken: a script becomes sentences a voice can say, and nothing written is lost."""

from pipeline.reading.announcer import Announcer, plain
from pipeline.reading.line import Spoken, explain, spoken
from pipeline.reading.manner import Codes, Register
from pipeline.reading.paragraph import Uttered, utter
from pipeline.reading.places import doubtful_places
from pipeline.reading.script import read

__all__ = [
    "Announcer",
    "Codes",
    "Register",
    "Spoken",
    "Uttered",
    "doubtful_places",
    "explain",
    "plain",
    "read",
    "spoken",
    "utter",
]
