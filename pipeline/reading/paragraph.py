"""A paragraph to the sentences that voices will say, each in one language."""

from collections.abc import Iterator
from dataclasses import replace

from pipeline.core.model import Language, Note, Seconds, Sentence
from pipeline.reading.clean import clean
from pipeline.reading.line import Spoken, by_language, voiced
from pipeline.reading.register import Register
from pipeline.reading.sentences import AFTER_CLAUSE, AFTER_PARAGRAPH, AFTER_RUN, Breath, sentences, within_bytes


def utter(
    text: str, language: Language, register: Register = Register.NAM, voice: str = ""
) -> tuple[tuple[Sentence, ...], tuple[Note, ...]]:
    """A paragraph's sentences in speaking order, and notes for its editor.

    Words in the other language's script become sentences of that language, so no voice is given a script it cannot
    read. Each text fits an engine (3,000 UTF-8 bytes after XML escaping). The last sentence has the pause of a
    paragraph. What cannot be said (only signs) makes no sentence.
    """
    said: list[Sentence] = []
    notes: list[Note] = []
    lines = "\n".join(clean(line) for line in text.splitlines())
    for breath in sentences(lines, language):
        for sentence, found in _parts(breath, language, register, voice):
            notes += found
            said += [sentence] if sentence.text else []
    if said:
        said[-1] = replace(said[-1], pause=AFTER_PARAGRAPH)
    return tuple(said), tuple(dict.fromkeys(notes))


def _parts(
    breath: Breath, language: Language, register: Register, voice: str
) -> Iterator[tuple[Sentence, tuple[Note, ...]]]:
    runs = list(by_language(clean(breath.written), language))
    for number, (spoken_in, run) in enumerate(runs, start=1):
        said = voiced(run, spoken_in, register)
        last = number == len(runs)
        pause = breath.pause if last else AFTER_CLAUSE if run.rstrip().endswith((",", ":", ";")) else AFTER_RUN
        yield from _pieces(said, run.strip(), spoken_in, voice, pause)


def _pieces(
    said: Spoken, written: str, language: Language, voice: str, pause: Seconds
) -> Iterator[tuple[Sentence, tuple[Note, ...]]]:
    """A spoken text as sentences; where it must be cut, the first carries what was written."""
    pieces = list(within_bytes(said.text, language))
    for number, piece in enumerate(pieces, start=1):
        first, last = number == 1, number == len(pieces)
        sentence = Sentence(
            text=piece,
            written=written if first else "",
            language=language,
            voice=voice,
            pause=pause if last else AFTER_CLAUSE,
        )
        yield sentence, said.notes if first else ()
