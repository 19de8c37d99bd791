"""A process of its own that speaks with eSpeak NG, so that a fault in native code costs a take and never the program.

Run as `python -m pipeline.voices.worker [DATA]`, with data of our own where eSpeak's lack a language. It answers once
when it is ready, then once to every request on its standard
input, and ends when that is closed. Every take is spoken by a fork of the process as it was when eSpeak had just been
loaded: eSpeak carries its noise generator and pitch flutter from one text to the next, and without the fork the same
text would never give the same bytes twice. A fork that dies takes the worker with it, which closes the pipe.
"""

import ctypes
import os
import signal
import struct
import sys
from collections.abc import Mapping
from typing import BinaryIO, NamedTuple

_REQUEST = struct.Struct("!HBBBBI")
"""Words a minute; pitch (0 to 99); volume (0 to 200); 1 where the text is phonemes; bytes of the voice's name; bytes of
the text. Name and text follow."""
ANSWER = struct.Struct("!BI")
"""SOUND or FAULT; bytes that follow: samples (16-bit, as the machine orders them) or a reason (UTF-8).

The first answer of all is SOUND with the library's version, a space and its sample rate.
"""
SOUND, FAULT = 0, 1

# From espeak-ng's speak_lib.h.
_SYNCHRONOUS, _DONT_EXIT = 2, 0x8000
_RATE, _VOLUME, _PITCH = 1, 2, 3
_UTF8, _PHONEMES = 0x1, 0x100
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def request(text: str, voice: str, settings: Mapping[str, int], *, phonemes: bool = False) -> bytes:
    """What to write to the worker for one take. `[[...]]` in the text is phonemes where that is asked for.

    Settings are `rate` (words a minute), `pitch` (0 to 99, 50 the voice's own) and `volume` (0 to 200), all three.
    """
    name, said = voice.encode(), text.encode()
    numbers = (settings[key] for key in ("rate", "pitch", "volume"))
    return _REQUEST.pack(*numbers, phonemes, len(name), len(said)) + name + said


class _Request(NamedTuple):
    rate: int
    pitch: int
    volume: int
    phonemes: bool
    voice: bytes
    text: bytes


class _Fault(Exception):
    """The library refused."""


def _load(own_data: str | None) -> tuple[ctypes.CDLL, str, int]:
    import espeakng_loader  # noqa: PLC0415 - the constants above are read where the library is not needed

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = os.fsencode(own_data or espeakng_loader.get_data_path())
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DONT_EXIT)
    if rate <= 0:
        raise _Fault(f"espeak_Initialize: {rate}")
    library.espeak_Info.restype = ctypes.c_char_p
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint,
        ctypes.c_void_p, ctypes.c_void_p,
    ]  # fmt: skip
    return library, library.espeak_Info(None).decode(), rate


def _speak(library: ctypes.CDLL, request: _Request) -> bytes:
    heard: list[bytes] = []
    flags = _UTF8 | _PHONEMES if request.phonemes else _UTF8

    def hear(samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: int | None) -> int:
        if samples and count > 0:
            heard.append(ctypes.string_at(samples, count * 2))
        return 0

    callback = _CALLBACK(hear)  # held here as long as the library may call it
    library.espeak_SetSynthCallback(callback)
    for step, result in (
        ("espeak_SetVoiceByName", library.espeak_SetVoiceByName(request.voice)),
        ("rate", library.espeak_SetParameter(_RATE, request.rate, 0)),
        ("pitch", library.espeak_SetParameter(_PITCH, request.pitch, 0)),
        ("volume", library.espeak_SetParameter(_VOLUME, request.volume, 0)),
        ("espeak_Synth", library.espeak_Synth(request.text, len(request.text) + 1, 0, 0, 0, flags, None, None)),
    ):
        if result:
            raise _Fault(f"{step}: {result}")
    return b"".join(heard)


def answer(answers: BinaryIO, kind: int, payload: bytes) -> None:
    """Write one answer: SOUND with samples, or FAULT with a reason."""
    answers.write(ANSWER.pack(kind, len(payload)) + payload)
    answers.flush()


def _take(library: ctypes.CDLL, answers: BinaryIO, request: _Request) -> None:
    try:
        sound = _speak(library, request)
    except _Fault as fault:
        answer(answers, FAULT, str(fault).encode())
    else:
        answer(answers, SOUND, sound)


def _serve(library: ctypes.CDLL, requests: BinaryIO, answers: BinaryIO) -> int:
    while len(head := requests.read(_REQUEST.size)) == _REQUEST.size:
        rate, pitch, volume, phonemes, voice_bytes, text_bytes = _REQUEST.unpack(head)
        words = requests.read(voice_bytes), requests.read(text_bytes)
        request = _Request(rate, pitch, volume, bool(phonemes), *words)
        child = os.fork()
        if not child:
            failed = 1
            try:
                _take(library, answers, request)
                failed = 0
            finally:
                os._exit(failed)
        if os.waitpid(child, 0)[1]:
            return 1
    return 0


def main() -> int:
    """Answer requests until there are no more; 1 when a take crashed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that started this one
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get among the answers
    try:
        library, version, rate = _load(sys.argv[1] if len(sys.argv) > 1 else None)
    except (ImportError, OSError, RuntimeError, _Fault) as error:
        answer(answers, FAULT, str(error).encode())
        return 1
    answer(answers, SOUND, f"{version} {rate}".encode())
    return _serve(library, sys.stdin.buffer, answers)


if __name__ == "__main__":
    sys.exit(main())
