"""A process of its own that speaks with eSpeak NG: a fault in native code costs a take and never the program.

Run as `python worker.py LIBRARY DATA VOICE RATE PITCH VOLUME`: one voice and its settings for as long as it lives. It
is run as a file and imports next to nothing: starting it must not cost more than its speech. It answers once
when it is ready, then once to every request on its standard input, and ends when that is closed. Every take is spoken
by a fork of the process as it was when eSpeak had just been loaded: eSpeak carries its noise generator and pitch
flutter from one text to the next, and without the fork the same text would never give the same bytes twice. A fork that
dies takes the worker with it, which closes the pipe.
"""

import ctypes
import gc
import os
import select
import signal
import struct
import sys

TYPE_CHECKING = False  # typing itself takes longer to import than all the rest
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import BinaryIO

_REQUEST = struct.Struct("!BI")
"""1 where the text is phonemes; bytes of the text, which follows."""
ANSWER = struct.Struct("!BI")
"""SOUND or FAULT; bytes that follow: samples (16-bit, as the machine orders them) or a reason (UTF-8).

The first answer of all is SOUND with the library's version, a space and its sample rate.
"""
SOUND, FAULT = 0, 1

# From espeak-ng's speak_lib.h.
_SYNCHRONOUS, _DONT_EXIT = 2, 0x8000
_BUFFER = 1000
"""Milliseconds of sound between two calls of ours: fewer are cheaper."""
_RATE, _VOLUME, _PITCH = 1, 2, 3
_UTF8, _PHONEMES = 0x1, 0x100
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def request(text: str, *, phonemes: bool = False) -> bytes:
    """What to write to the worker for one take. `[[...]]` in the text is phonemes where that is asked for."""
    said = text.encode()
    return _REQUEST.pack(phonemes, len(said)) + said


def command(voice: str, settings: "Mapping[str, int]", data: "Path | None" = None) -> tuple[str, ...]:
    """What to run for one voice of eSpeak NG's, with its settings, and with data of our own where it needs them.

    Settings are `rate` (words a minute), `pitch` (0 to 99, 50 the voice's own) and `volume` (0 to 200), all three.
    """
    import espeakng_loader  # noqa: PLC0415 - only where a worker is started

    files = (espeakng_loader.get_library_path(), str(data or espeakng_loader.get_data_path()))
    return "-S", "-E", "-s", __file__, *files, voice, *(str(settings[key]) for key in ("rate", "pitch", "volume"))


class _Fault(Exception):
    """The library refused."""


def _load(path: str, data: str, voice: str, *numbers: str) -> tuple[ctypes.CDLL, str, int]:
    rate, pitch, volume = map(int, numbers)
    library = ctypes.CDLL(path)
    hertz = library.espeak_Initialize(_SYNCHRONOUS, _BUFFER, os.fsencode(data), _DONT_EXIT)
    if hertz <= 0:
        raise _Fault(f"espeak_Initialize: {hertz}")
    for step, result in (
        ("espeak_SetVoiceByName", library.espeak_SetVoiceByName(voice.encode())),
        ("rate", library.espeak_SetParameter(_RATE, rate, 0)),
        ("pitch", library.espeak_SetParameter(_PITCH, pitch, 0)),
        ("volume", library.espeak_SetParameter(_VOLUME, volume, 0)),
    ):
        if result:
            raise _Fault(f"{step}: {result}")
    library.espeak_Info.restype = ctypes.c_char_p
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint,
        ctypes.c_void_p, ctypes.c_void_p,
    ]  # fmt: skip
    return library, library.espeak_Info(None).decode(), hertz


def _speak(library: ctypes.CDLL, text: bytes, *, phonemes: bool) -> bytes:
    heard: list[bytes] = []
    flags = _UTF8 | _PHONEMES if phonemes else _UTF8

    def hear(samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: int | None) -> int:
        if samples and count > 0:
            heard.append(ctypes.string_at(samples, count * 2))
        return 0

    callback = _CALLBACK(hear)  # held here as long as the library may call it
    library.espeak_SetSynthCallback(callback)
    result = library.espeak_Synth(text, len(text) + 1, 0, 0, 0, flags, None, None)
    if result:
        raise _Fault(f"espeak_Synth: {result}")
    return b"".join(heard)


def answer(answers: "BinaryIO", kind: int, payload: bytes) -> None:
    """Write one answer: SOUND with samples, or FAULT with a reason."""
    answers.write(ANSWER.pack(kind, len(payload)))
    answers.write(payload)
    answers.flush()


def _take(library: ctypes.CDLL, answers: "BinaryIO", text: bytes, *, phonemes: bool) -> None:
    try:
        sound = _speak(library, text, phonemes=phonemes)
    except _Fault as fault:
        answer(answers, FAULT, str(fault).encode())
    else:
        answer(answers, SOUND, sound)


def _serve(library: ctypes.CDLL, requests: "BinaryIO", answers: "BinaryIO") -> int:
    while len(head := requests.read(_REQUEST.size)) == _REQUEST.size:
        phonemes, size = _REQUEST.unpack(head)
        text = requests.read(size)
        ended, life = os.pipe()
        child = os.fork()
        if not child:
            failed = 1
            try:
                _take(library, answers, text, phonemes=bool(phonemes))
                failed = 0
            finally:
                os._exit(failed)
        os.close(life)  # from here on only the fork holds it
        if _program_ended_before(ended, requests.fileno()):
            os.kill(child, signal.SIGKILL)  # a fork that hangs would be there for ever
        os.close(ended)
        if os.waitpid(child, 0)[1]:
            return 1
    return 0


def _program_ended_before(ended: int, requests: int) -> bool:
    """Wait for a fork to end; whether the program that asked for its take was gone before."""
    hangups = select.poll()
    hangups.register(ended, 0)
    hangups.register(requests, 0)
    return ended not in dict(hangups.poll())


def main() -> int:
    """Answer requests until there are no more; 1 when a take crashed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that started this one
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get among the answers
    try:
        library, version, rate = _load(*sys.argv[1:])
    except (ImportError, OSError, RuntimeError, TypeError, ValueError, _Fault) as error:
        answer(answers, FAULT, str(error).encode())
        return 1
    answer(answers, SOUND, f"{version} {rate}".encode())
    gc.freeze()  # a fork copies every page that the collector touches
    return _serve(library, sys.stdin.buffer, answers)


if __name__ == "__main__":
    sys.exit(main())
