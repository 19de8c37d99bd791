"""Announcers: how a programme's texts are read, with the editor's dictionary as it stands now."""

from functools import lru_cache

from pipeline import reading
from pipeline.core.model import Note, Programme
from pipeline.newsroom.desk import Desk
from pipeline.reading.dictionary import Dictionary, load


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


@lru_cache(maxsize=8)
def _built(register: reading.Register, own: Dictionary, codes: reading.Codes) -> reading.Announcer:
    return reading.Announcer(register, own.rows, codes)
