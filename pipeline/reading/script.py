"""A script to its reading."""

from pipeline.core.model import Note, Paragraph, Reading, Script, Utterance, VoiceMark
from pipeline.reading import guard
from pipeline.reading.paragraph import utter
from pipeline.reading.register import Register


def read(script: Script, register: Register = Register.NAM) -> Reading:
    """The script as it will be spoken, with its recordings and pauses in place.

    Raises TextLost where a paragraph's spoken form lacks something that was written. The same script gives the same
    reading.
    """
    voice = script.head.voice
    utterances: list[Utterance] = []
    notes: list[Note] = []
    for passage in script.body:
        match passage:
            case VoiceMark():
                voice = passage.voice
            case Paragraph():
                sentences, found = utter(passage.text, passage.language, register, voice)
                guard.check(passage.text, " ".join(s.text for s in sentences))
                utterances += sentences
                notes += found
            case _:
                utterances.append(passage)
    return Reading(utterances=tuple(utterances), notes=tuple(dict.fromkeys(notes)))
