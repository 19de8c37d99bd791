"""A paragraph to the sentences that voices will say, each in one language."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipeline.core.model import Language, Note, Seconds, Sentence
from pipeline.reading.announcer import Announcer
from pipeline.reading.clean import clean
from pipeline.reading.line import Spoken, by_language, voiced
from pipeline.reading.sentences import AFTER_CLAUSE, AFTER_PARAGRAPH, AFTER_RUN, Breath, sentences, within_bytes


@dataclass(frozen=True, slots=True)
class Uttered:
    """A paragraph's sentences in speaking order, notes for its editor, and what was not said on purpose."""

    sentences: tuple[Sentence, ...]
    notes: tuple[Note, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All that is said, on one line."""
        return " ".join(s.text for s in self.sentences)


def utter(
    text: str, language: Language, announcer: Announcer, voice: str = "", after: Seconds = AFTER_PARAGRAPH
) -> Uttered:
    """A paragraph as it will be said; `after` is the silence behind its last sentence.

    Words in the other language's script become sentences of that language, so no voice is given a script it cannot
    read. Each text fits an engine (3,000 UTF-8 bytes after XML escaping). What cannot be said (only signs) makes no
    sentence.
    """
    said: list[Sentence] = []
    found: list[Spoken] = []
    lines = "\n".join(clean(line) for line in text.splitlines())
    for breath in sentences(lines, language, announcer):
        for sentences_of, spoken in _parts(breath, language, announcer, voice):
            found.append(spoken)
            said += sentences_of
    if said:
        said[-1] = replace(said[-1], pause=after)
    notes = dict.fromkeys(note for spoken in found for note in spoken.notes)
    return Uttered(tuple(said), tuple(notes), tuple(out for spoken in found for out in spoken.left_out))


def _parts(
    breath: Breath, language: Language, announcer: Announcer, voice: str
) -> Iterator[tuple[list[Sentence], Spoken]]:
    runs = list(by_language(clean(breath.written), language, announcer))
    for number, (spoken_in, run) in enumerate(runs, start=1):
        said = voiced(run, spoken_in, announcer)
        last = number == len(runs)
        pause = breath.pause if last else AFTER_CLAUSE if run.rstrip().endswith((",", ":", ";")) else AFTER_RUN
        yield list(_pieces(said.text, run.strip(), spoken_in, voice, pause)), said


def _pieces(said: str, written: str, language: Language, voice: str, pause: Seconds) -> Iterator[Sentence]:
    """A spoken text as sentences; where it must be cut, the first carries what was written."""
    pieces = [piece for piece in within_bytes(said, language) if piece]
    for number, piece in enumerate(pieces, start=1):
        yield Sentence(
            text=piece,
            written=written if number == 1 else "",
            language=language,
            voice=voice,
            pause=pause if number == len(pieces) else AFTER_CLAUSE,
        )
