"""A process of its own that turns Khmer text into phonemes: khmercut and the pronunciation model are native code too.

Run as `python -m pipeline.voices.khmer_worker`. It answers as `worker` does: once when it is ready, then once to every
request, with the phoneme text (UTF-8) in the place of samples.
"""

import os
import signal
import struct
import sys

from pipeline.core.errors import TextLost
from pipeline.voices.khmer_text import phoneme_text
from pipeline.voices.pronunciation import pronounce
from pipeline.voices.worker import FAULT, SOUND, answer

LOST = "lost: "
"""What a fault begins with where a part of the text has no pronunciation; that part follows."""
_REQUEST = struct.Struct("!I")


def request(text: str) -> bytes:
    """What to write to the worker for one text."""
    said = text.encode()
    return _REQUEST.pack(len(said)) + said


def main() -> int:
    """Answer requests until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that started this one
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get among the answers
    try:
        pronounce("ក")  # loads both tools
    except (ImportError, OSError, RuntimeError) as error:
        answer(answers, FAULT, str(error).encode())
        return 1
    answer(answers, SOUND, b"- 0")
    requests = sys.stdin.buffer
    while len(head := requests.read(_REQUEST.size)) == _REQUEST.size:
        text = requests.read(_REQUEST.unpack(head)[0]).decode()
        try:
            answer(answers, SOUND, phoneme_text(text).encode())
        except TextLost as problem:
            answer(answers, FAULT, f"{LOST}{problem.fields['lost']}".encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
