"""Announcers: how a programme's texts are read, with the editor's dictionary as it stands now."""

import os
from functools import lru_cache

from pipeline import reading
from pipeline.core.errors import BadRows
from pipeline.core.facts import Happened
from pipeline.core.model import Bulletin, Note, Programme, Seconds
from pipeline.ledger.lock import alone
from pipeline.newsroom.desk import Desk
from pipeline.reading.dictionary import Dictionary, load, with_row
from pipeline.voices import wav

DICTIONARY_WAIT = Seconds(10)
"""How long one waits for another who writes into the dictionary."""


def announcer(desk: Desk, programme: Programme | None = None) -> reading.Announcer:
    """The announcer of a programme; without one, document numbers are said in full."""
    codes = reading.Codes(programme.document_codes) if programme else reading.Codes.FULL
    return _built(reading.Register(desk.config.settings.reading.register_), dictionary(desk), codes)


def dictionary(desk: Desk) -> Dictionary:
    """The editor's dictionary, read anew: a name mended in it is heard in the next bulletin."""
    return load(desk.config.dictionary)


def faults(desk: Desk) -> tuple[Note, ...]:
    """The rows of the dictionary that cannot be used, for the editor who wrote them."""
    found = dictionary(desk)
    return tuple(Note(found.name, f"dòng {fault.line} không dùng được: {fault.reason}") for fault in found.faults)


def teach(desk: Desk, key: str, spoken: str, by: str, bulletin: Bulletin | None = None) -> None:
    """Write into the editor's dictionary how a word is said from now on; what stood there for it gives way.

    Whoever mends a word of a bulletin has a hand in its text.

    Raises:
        BadRows: it cannot be so, or the dictionary is not one that we can write.
    """
    file, day = desk.config.dictionary, f"{desk.now().astimezone(desk.config.zone):%d/%m/%Y}"
    cells = [*(_plain(text) for text in (key, spoken)), "", "", f"{by}, {day}"]
    if cells[0].startswith("#"):  # in a table it would be a remark
        raise BadRows(file=file.name, faults=f"chữ không bắt đầu bằng dấu #: {cells[0]}")
    with alone(desk.config.state, "dictionary", DICTIONARY_WAIT):
        before = file.read_bytes() if file.is_file() else b""
        after = with_row(before, file.name, cells)
        with wav.whole(file) as part, part.open("wb") as stream:
            stream.write(after)
            stream.flush()
            os.fsync(stream.fileno())  # before it takes the name: a power cut must not leave an empty dictionary
            stream.close()
            # And told before: a word that is said otherwise without a name behind it could be signed by who changed it.
            desk.ledger.record(desk.fact(Happened.TAUGHT, bulletin=bulletin, who=by, key=cells[0], spoken=cells[1]))


def _plain(text: str) -> str:
    """Words with one space between them, without what nobody can see; but Khmer words keep the marks between them."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable() or c in "\u200b\u200c\u200d")


@lru_cache(maxsize=8)
def _built(register: reading.Register, own: Dictionary, codes: reading.Codes) -> reading.Announcer:
    return reading.Announcer(register, own.rows, codes)
