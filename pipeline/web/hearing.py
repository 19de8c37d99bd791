"""Hearing: who has played which bytes, so that nobody signs what they have not; one sentence voiced at a time."""

import threading
from collections.abc import Iterable
from pathlib import Path

from pipeline.core.errors import TooMuchAtOnce
from pipeline.core.model import Bulletin, Digest, Seconds, Sentence
from pipeline.newsroom import preview
from pipeline.newsroom.desk import Desk

TYPES = {".mp3": "audio/mpeg", ".opus": "audio/ogg", ".m4a": "audio/mp4", ".wav": "audio/wav"}
_MOST = 10_000
_PATIENCE = Seconds(20)
_VOICE = threading.Semaphore(1)
"""One sentence at a time is voiced for pages and programs: bulletins and the clock need the processor, too."""


class Heard:
    """What was played since this process began; who played it before plays it again."""

    def __init__(self) -> None:
        self._heard: set[tuple[str, Digest]] = set()

    def note(self, who: str, digest: Digest) -> None:
        """Remember that somebody played some bytes."""
        if len(self._heard) >= _MOST:
            self._heard.clear()
        self._heard.add((who, digest))

    def is_known_to(self, who: str, digests: Iterable[Digest]) -> bool:
        """Whether somebody has played any of some masters: those of one bulletin differ only in their format."""
        return any((who, digest) in self._heard for digest in digests)


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
