"""What the embedded voices cost: speed beside real time, voicing beside bare libespeak, one edit, memory by length.

Run it as `python -m benchmarks.voices`; `make bench` does. Every figure is measured in a process of its own, with
the worker processes that it started.
"""

import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.line import text as bulletin_text

_WORDS = 600
_MINUTES = _WORDS / 170
_KHMER = "ក្រសួងសុខាភិបាលសូមណែនាំបងប្អូនប្រជាពលរដ្ឋឱ្យទៅចាក់វ៉ាក់សាំងនៅមណ្ឌលសុខភាពដែលនៅជិតផ្ទះ។"
_KHMER_OPENINGS = ("ថ្ងៃនេះ", "ស្អែក", "ម្សិលមិញ", "ព្រឹកនេះ", "ល្ងាចនេះ", "យប់នេះ", "សប្តាហ៍នេះ", "ខែនេះ", "ឆ្នាំនេះ", "ឥឡូវ")


def vietnamese() -> list[str]:
    """The sentences of a 600-word bulletin, as they are spoken."""
    from pipeline import reading
    from pipeline.core.model import Language

    lines = [line for line in bulletin_text(_MINUTES).splitlines()[1:] if line]
    return [s.text for line in lines for s in reading.utter(line, Language.VI, reading.plain(), "").sentences]


# --- each in a process of its own ------------------------------------------------------------------------------------


def speed(engine: str, folder: Path) -> dict[str, float]:
    """Seconds of speech of thirty sentences spoken one after another, takes written as in a bulletin."""
    import soundfile

    from pipeline.voices.espeak import EspeakVietnamese
    from pipeline.voices.khmer import EmbeddedKhmer

    if engine == "espeak":
        voice: Any = EspeakVietnamese()
        texts = vietnamese() * 3
    else:
        voice = EmbeddedKhmer()
        texts = [f"{opening} {_KHMER}" for opening in _KHMER_OPENINGS] * 3
    seconds = 0.0
    voice.speak(texts[0], voice.voices[0].name, folder / "first.wav")  # loading is not speaking
    begin = _cpu()
    for i, text in enumerate(texts):
        voice.speak(text, voice.voices[0].name, folder / f"{i}.wav")
        seconds += soundfile.info(folder / f"{i}.wav").duration
    used = _cpu() - begin
    voice.close()
    return {"speech": seconds, "own": used}


def bare(out: Path) -> dict[str, float]:
    """Bare libespeak: one call for each sentence of the bulletin, its samples to a file. A stretch of one process."""
    import espeakng_loader

    texts = vietnamese()
    begin = _cpu()
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0)
    heard: list[bytes] = []

    def keep(samples: int | None, count: int, _events: object) -> int:
        if samples and count > 0:
            heard.append(ctypes.string_at(samples, count * 2))
        return 0

    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(keep)
    library.espeak_SetSynthCallback(callback)
    library.espeak_SetVoiceByName(b"vi")
    library.espeak_SetParameter(1, 120, 0)
    for i, text in enumerate(texts):
        heard.clear()
        data = text.encode()
        library.espeak_Synth(data, len(data) + 1, 0, 0, 0, 1, None, None)
        (out.parent / f"{i}.pcm").write_bytes(b"".join(heard))
    return {"own": _cpu() - begin, "sentences": len(texts)}


def voicing(folder: Path, sentences: int) -> dict[str, float]:
    """Voicing as the newsroom does it: recipes, takes, store and ledger; the worker from its start to its end."""
    from pipeline import config, wiring
    from pipeline.core.model import Language, Sentence
    from pipeline.newsroom import voicing as newsroom

    workspace = folder / "w"
    wiring.make_workspace(workspace)
    file = workspace / "config.toml"
    file.write_text(file.read_text("utf-8").replace("online = true", "online = false"), "utf-8")
    texts = vietnamese() if not sentences else [f"Câu số {i} của bài rất dài này." for i in range(sentences)]
    said = [Sentence(text=text, written=text, language=Language.VI) for text in texts]
    settings = config.load(workspace)
    begin, children = _cpu(), _children()
    with wiring.open_desk(settings) as desk:
        opened = _cpu()
        programme = next(iter(settings.programmes.values()))
        made = newsroom.voice(desk, said, programme)
        used = _cpu() - opened
        again = newsroom.voice(
            desk, [*said[:-1], Sentence(text="Câu vừa sửa.", written="", language=Language.VI)], programme
        )
    workers = _children() - children
    return {
        "own": used + workers,
        "workers": workers,
        "opening": opened - begin,
        "takes": made.spoken_now,
        "again": again.spoken_now,
    }


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


# --- measuring -------------------------------------------------------------------------------------------------------


def measured(*words: str | Path) -> dict[str, float]:
    """Run one of the above in a new process; what it says, with its peak memory in MB."""
    command = [sys.executable, "-m", "benchmarks.voices", *map(str, words)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _tell(result: dict[str, float]) -> None:
    mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**result, "children": _children(), "mb": mb}))


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        for engine in ("espeak", "khmer"):
            got = measured("speed", engine, top)
            cpu = got["own"] + got["children"]
            real_time = got["speech"] / cpu
            print(f"{engine}: {got['speech'] / 60:.1f} min of speech, {cpu:.2f} CPU s, {real_time:.0f} × real time")
        floor = measured("bare", top / "bare.pcm")
        ours = measured("voicing", top / "a", "0")
        ratio = ours["own"] / floor["own"]
        print(f"voicing {_WORDS} words in {int(ours['takes'])} takes: {ours['own']:.2f} CPU s, "
              f"the worker's {ours['workers']:.2f}; bare libespeak {floor['own']:.2f}; {ratio:.2f} ×")  # fmt: skip
        print(f"voiced again after one edited sentence: {int(ours['again'])} take")
        small, large = (measured("voicing", top / f"m{n}", str(n)) for n in (300, 3_000))
        print(f"peak memory: 300 sentences {small['mb']:.0f} MB, 3,000 sentences {large['mb']:.0f} MB")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUTF8", "1")
    arguments: Sequence[str] = sys.argv[1:]
    match arguments:
        case ["speed", engine, folder]:
            _tell(speed(engine, Path(folder)))
        case ["bare", out]:
            _tell(bare(Path(out)))
        case ["voicing", folder, sentences]:
            _tell(voicing(Path(folder), int(sentences)))
        case _:
            main()
