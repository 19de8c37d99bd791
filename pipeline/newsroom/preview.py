"""One sentence at a time: how it is read with today's dictionary, and how it sounds, before all of it is made."""

import shutil
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline import reading
from pipeline.core.errors import StoreDamaged, WordNotThere
from pipeline.core.model import Bulletin, RecordingMark, Sentence, Take
from pipeline.newsroom import bulletins, voicing
from pipeline.newsroom.announcers import announcer
from pipeline.newsroom.desk import Desk
from pipeline.voices import wav


def passages(desk: Desk, bulletin: Bulletin) -> tuple[Sentence | RecordingMark, ...]:
    """What a bulletin says, as it would be read now and in the order it airs: opening, text, recordings, closing.

    Of one that an announcer recorded, only the sentences of its text. Nothing is recorded. Raises what reading raises.
    """
    script = desk.ledger.script(bulletin.script)
    if script is None:
        raise StoreDamaged(digest=bulletin.script)
    body = reading.read(script, announcer(desk, desk.programme(bulletin))).utterances
    said = tuple(one for one in body if isinstance(one, Sentence | RecordingMark))
    if script.recording:
        return said
    opening, closing = bulletins.lines(desk, bulletin, script)
    return (*opening, *said, *closing)


def sentences(desk: Desk, bulletin: Bulletin) -> tuple[Sentence, ...]:
    """Those of its passages that a voice speaks."""
    return tuple(one for one in passages(desk, bulletin) if isinstance(one, Sentence))


def must_stand_in(desk: Desk, bulletin: Bulletin, word: str) -> None:
    """Raise WordNotThere unless a word stands in what is written of a bulletin, in letters of either case."""
    wanted = " ".join(unicodedata.normalize("NFC", word).split()).casefold()
    written = (one.written for one in sentences(desk, bulletin))
    if not any(wanted in " ".join(unicodedata.normalize("NFC", text).split()).casefold() for text in written):
        raise WordNotThere(word=word)


def reworded(desk: Desk, bulletin: Bulletin, sentence: Sentence, words: str) -> Sentence:
    """Other words in the place of a sentence, as they would be read there."""
    uttered = reading.utter(words, sentence.language, announcer(desk, desk.programme(bulletin)), sentence.voice)
    return replace(sentence, text=uttered.text, written=words)


def speakers(desk: Desk, bulletin: Bulletin, wanted: Sequence[Sentence]) -> list[str]:
    """Engine and voice of each sentence as it was last voiced; empty for one that has changed since or was never."""
    known = {(said.text, said.language): take for said, take in bulletins.spoken_by(desk, bulletin)}
    takes = (known.get((sentence.text, sentence.language)) for sentence in wanted)
    return [f"{take.engine} {take.voice}" if take else "" for take in takes]


def hear(desk: Desk, bulletin: Bulletin, sentence: Sentence, out: Path) -> Take:
    """Voice one sentence as the bulletin would be, into a WAV: whole or not at all.

    What was voiced before is not voiced again, and what is voiced now will be found by the next render. Raises what
    voicing raises.
    """
    (take,) = voicing.voice(desk, [sentence], desk.programme(bulletin)).takes
    with wav.whole(out) as part:
        shutil.copyfile(desk.store.get(take.audio), part)
    return take
