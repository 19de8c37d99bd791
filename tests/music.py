"""Our own music, made once a process: every workspace makes it when it is first played, and tests have many."""

from functools import cache

from pipeline.core.rundown import SegmentKind
from pipeline.studio import jingle


def made_once():
    """Keep each piece that is made."""
    for pieces in jingle._PIECES.values():
        pieces.update({name: cache(piece) for name, piece in pieces.items()})


def make_anew():
    """Let the next call make each piece again."""
    for pieces in jingle._PIECES.values():
        for piece in pieces.values():
            piece.cache_clear()


def make_usual():
    """Make what is played in a bulletin that does not say otherwise."""
    for kind in (SegmentKind.IDENT, SegmentKind.STING):
        jingle._PIECES[kind][jingle.names(kind)[0]]()
