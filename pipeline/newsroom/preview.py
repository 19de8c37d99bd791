"""One sentence at a time: how it is read with today's dictionary, and how it sounds, before all of it is made."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline import reading
from pipeline.core.errors import StoreDamaged
from pipeline.core.model import Bulletin, Sentence, Take
from pipeline.newsroom import bulletins, voicing
from pipeline.newsroom.announcers import announcer
from pipeline.newsroom.desk import Desk
from pipeline.voices import wav


def sentences(desk: Desk, bulletin: Bulletin) -> tuple[Sentence, ...]:
    """A bulletin's sentences as they would be read now; nothing is recorded. Raises what reading raises."""
    script = desk.ledger.script(bulletin.script)
    if script is None:
        raise StoreDamaged(digest=bulletin.script)
    return reading.read(script, announcer(desk, desk.programme(bulletin))).sentences


def speakers(desk: Desk, bulletin: Bulletin, wanted: Sequence[Sentence]) -> list[str]:
    """Engine and voice of each sentence as it was last voiced; empty for one that has changed since or was never."""
    known = {(said.text, said.language): take for said, take in bulletins.spoken_by(desk, bulletin)}
    takes = (known.get((sentence.text, sentence.language)) for sentence in wanted)
    return [f"{take.engine} {take.voice}" if take else "" for take in takes]


def hear(desk: Desk, bulletin: Bulletin, sentence: Sentence, out: Path, instead: str = "") -> Take:
    """Voice one sentence as the bulletin would be, or other words in its place, into a WAV: whole or not at all.

    What was voiced before is not voiced again, and what is voiced now will be found by the next render. Raises what
    voicing raises.
    """
    programme = desk.programme(bulletin)
    wanted = [sentence]
    if instead:
        uttered = reading.utter(instead, sentence.language, announcer(desk, programme), sentence.voice)
        wanted = [replace(sentence, text=uttered.text, written=instead)]
    (take,) = voicing.voice(desk, wanted, programme).takes
    with wav.whole(out) as part:
        shutil.copyfile(desk.store.get(take.audio), part)
    return take
