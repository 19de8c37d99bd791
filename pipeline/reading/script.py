"""A script to its reading."""

from pipeline.core.model import LeftOut, Note, Paragraph, Reading, Script, Utterance, VoiceMark
from pipeline.reading import guard
from pipeline.reading.announcer import Announcer
from pipeline.reading.paragraph import utter
from pipeline.reading.sentences import AFTER_HEADING, AFTER_PARAGRAPH

_SHOWN = 200
"""Characters of what is left out that a note quotes; the script itself keeps all."""


def read(script: Script, announcer: Announcer) -> Reading:
    """The script as it will be spoken, with its recordings and pauses in place.

    The same script gives the same reading.

    Raises:
        LostInReading: a paragraph's spoken form lacks something that was written.
    """
    voice = script.head.voice
    utterances: list[Utterance] = []
    notes = [Note(script.name, notice) for notice in script.notices]
    for passage in script.body:
        match passage:
            case VoiceMark():
                voice = passage.voice
            case Paragraph():
                after = AFTER_HEADING if passage.heading else AFTER_PARAGRAPH
                uttered = utter(passage.text, passage.language, announcer, voice, after)
                guard.check(passage.text, uttered.text, announcer, uttered.left_out)
                utterances += uttered.sentences
                notes += uttered.notes
            case LeftOut():
                notes.append(Note(_shown(passage.text), f"không đọc: {passage.reason}"))
            case _:
                utterances.append(passage)
    return Reading(utterances=tuple(utterances), notes=tuple(dict.fromkeys(notes)))


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN].rstrip()} …"
