"""Hearing: what files of masters are called on the web, and one sentence voiced at a time."""

import threading
from pathlib import Path

from pipeline.core.errors import TooMuchAtOnce
from pipeline.core.model import Bulletin, Seconds, Sentence
from pipeline.newsroom import preview
from pipeline.newsroom.desk import Desk
from pipeline.web.door import WAITING, Door

TYPES = {".mp3": "audio/mpeg", ".opus": "audio/ogg", ".m4a": "audio/mp4", ".wav": "audio/wav"}
DOOR = Door("voice", WAITING)
"""Through which `voice` is asked for: it may wait."""
_PATIENCE = Seconds(20)
_VOICE = threading.Semaphore(1)
"""One sentence at a time is voiced for pages and programs: bulletins and the clock need the processor, too."""


def voice(desk: Desk, bulletin: Bulletin, sentence: Sentence, words: str) -> Path:
    """A WAV of a sentence as it would be spoken now, or of other words in its place.

    Raises:
        TooMuchAtOnce: others have been at it for longer than anybody waits.
        PipelineError: what voicing raises.
    """
    wanted = preview.reworded(desk, bulletin, sentence, words) if words.strip() else sentence
    if not _VOICE.acquire(timeout=_PATIENCE):
        raise TooMuchAtOnce
    try:
        with desk.store.scratch() as scratch:
            take = preview.hear(desk, bulletin, wanted, Path(scratch) / "cau.wav")
    finally:
        _VOICE.release()
    return desk.store.get(take.audio)
