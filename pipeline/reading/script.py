"""A script to its reading."""

from pipeline.core.model import Note, Paragraph, Reading, Script, Utterance, VoiceMark
from pipeline.reading import guard
from pipeline.reading.announcer import Announcer
from pipeline.reading.paragraph import utter


def read(script: Script, announcer: Announcer) -> Reading:
    """The script as it will be spoken, with its recordings and pauses in place.

    The same script gives the same reading.

    Raises:
        LostInReading: a paragraph's spoken form lacks something that was written.
    """
    voice = script.head.voice
    utterances: list[Utterance] = []
    notes: list[Note] = []
    for passage in script.body:
        match passage:
            case VoiceMark():
                voice = passage.voice
            case Paragraph():
                uttered = utter(passage.text, passage.language, announcer, voice)
                guard.check(passage.text, uttered.text, announcer, uttered.left_out)
                utterances += uttered.sentences
                notes += uttered.notes
            case _:
                utterances.append(passage)
    return Reading(utterances=tuple(utterances), notes=tuple(dict.fromkeys(notes)))
