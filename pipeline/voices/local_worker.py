"""A process of its own that speaks with one neural model through sherpa-onnx.

Run as `python -m pipeline.voices.local_worker MODEL TOKENS LEXICON PHONEMES SPEAKER`. LEXICON may be empty; PHONEMES is
the voice of eSpeak NG whose phonemes the model was taught (Piper's are; sherpa-onnx 2 makes none itself), empty
where it reads letters. It answers as `worker` does: once when the model is loaded, then once to every request.
Takes are not forked: the runtime's threads would not survive it.
"""

import ctypes
import os
import re
import signal
import struct
import sys
import unicodedata
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.voices.worker import FAULT, SOUND, answer

UNTAUGHT = "untaught: "
"""What a fault begins with where the model has no token for what follows."""

_REQUEST = struct.Struct("!fI")
_OTHER_LANGUAGE = re.compile(r"\([a-z-]+\)")
"""How eSpeak NG marks a word that it says in another language."""
_CLAUSE = re.compile(r"(?P<words>[^.,;:?!…]*[^.,;:?!…\s][^.,;:?!…]*)(?P<mark>[.,;:?!]?)[.,;:?!…]*")
_ENDS = (".", "?", "!")

# From espeak-ng's speak_lib.h.
_SYNCHRONOUS, _DONT_EXIT = 2, 0x8000
_UTF8, _IPA = 0x1, 0x02


def tokens_of(file: Path) -> frozenset[str]:
    """The tokens of a model's `tokens.txt`: a token, a space and its number on each line; the space itself is one."""
    lines = file.read_text("utf-8").split("\n")
    return frozenset(line.rsplit(" ", 1)[0] for line in lines if line.strip())


def request(text: str, speed: float) -> bytes:
    """What to write to the worker for one take; `speed` 1.0 is the model's own."""
    said = text.encode()
    return _REQUEST.pack(speed, len(said)) + said


class Phonemes:
    """Text to the phonemes of eSpeak NG in IPA, as Piper's models were taught them.

    A list of code points for each sentence: composed letters taken apart (NFD), the mark that ends a clause kept.
    """

    def __init__(self, voice: str, tokens: Collection[str]) -> None:
        import espeakng_loader  # noqa: PLC0415 - only for these models

        self._taught = {ord(token) for token in tokens if len(token) == 1}
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        if (
            self._library.espeak_Initialize(_SYNCHRONOUS, 0, os.fsencode(espeakng_loader.get_data_path()), _DONT_EXIT)
            <= 0
        ):
            raise OSError("espeak_Initialize")
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise ValueError(f"eSpeak NG has no voice {voice}")
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p

    def of(self, text: str) -> list[list[int]]:
        """The sentences of a text."""
        sentences, current = [], ""
        for clause in _CLAUSE.finditer(text):
            current += self._said(clause["words"]) + clause["mark"]
            if clause["mark"] in _ENDS:
                sentences.append(current)
                current = ""
            else:
                current += " "
        return [
            [ord(c) for c in unicodedata.normalize("NFD", one.strip())] for one in [*sentences, current] if one.strip()
        ]

    def untaught(self, sentences: Iterable[Iterable[int]]) -> str:
        """The phonemes that the model has no token for."""
        return "".join(map(chr, sorted({c for sentence in sentences for c in sentence} - self._taught)))

    def _said(self, words: str) -> str:
        at = ctypes.c_char_p(words.encode())
        said: list[str] = []
        while at.value:
            said.append(self._library.espeak_TextToPhonemes(ctypes.byref(at), _UTF8, _IPA).decode())
        return _OTHER_LANGUAGE.sub("", " ".join(said)).strip()


def _load(model: str, tokens: str, lexicon: str) -> Any:  # noqa: ANN401 - it ships no types
    import sherpa_onnx  # noqa: PLC0415 - an optional extra

    vits = sherpa_onnx.OfflineTtsVitsModelConfig(model=model, tokens=tokens, lexicon=lexicon)
    config = sherpa_onnx.OfflineTtsConfig(model=sherpa_onnx.OfflineTtsModelConfig(vits=vits, num_threads=1))
    if not config.validate():
        raise ValueError("the model's files do not fit together")
    return sherpa_onnx.OfflineTts(config)


def _serve(speech: Any, phonemes: Phonemes | None, speaker: int, requests: BinaryIO, answers: BinaryIO) -> None:  # noqa: ANN401
    import numpy as np  # noqa: PLC0415
    import sherpa_onnx  # noqa: PLC0415

    while len(head := requests.read(_REQUEST.size)) == _REQUEST.size:
        speed, size = _REQUEST.unpack(head)
        text = requests.read(size).decode()
        wanted = sherpa_onnx.GenerationConfig()
        wanted.sid, wanted.speed = speaker, speed
        if phonemes:
            wanted.phoneme_codepoints = phonemes.of(text)
            if lost := phonemes.untaught(wanted.phoneme_codepoints):
                answer(answers, FAULT, f"{UNTAUGHT}{lost}".encode())
                continue
        made = speech.generate(text, wanted)
        samples = np.asarray(made.samples, np.float32)
        if not np.isfinite(samples).all():
            answer(answers, FAULT, b"broken samples")
            continue
        answer(answers, SOUND, (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def main(arguments: list[str]) -> int:
    """Answer requests until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that started this one
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get among the answers
    *files, phonemes_of, speaker = arguments
    try:
        import sherpa_onnx  # noqa: PLC0415

        speech = _load(*files)
        phonemes = Phonemes(phonemes_of, tokens_of(Path(files[1]))) if phonemes_of else None
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        answer(answers, FAULT, str(error).encode())
        return 1
    answer(answers, SOUND, f"{sherpa_onnx.__version__} {speech.sample_rate}".encode())
    _serve(speech, phonemes, int(speaker), sys.stdin.buffer, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
