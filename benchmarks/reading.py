"""Spoken forms beside free normalisers: how many are right, how many characters a second, and whether time is linear.

Run it as `make bench`, or `GOLD=FOLDER python -m benchmarks.reading`. FOLDER holds `spoken_vi.tsv`, `spoken_km.tsv` and
their scorer `score_spoken.py`; without it only speeds are shown. Every figure is measured in a process of its own.
"""

import csv
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

GOLD = Path(os.environ.get("GOLD", Path(__file__).parents[2] / "shared" / "gold"))
_SIZES = (1, 10, 100, 1_000)
"""Kilobytes (of characters) on one line."""
_PEER = {"vi": "sea-g2p", "km": "tha"}
_OWN = {
    "vi": "Ngày 05/8/2020, UBND xã Đất Mũi hỗ trợ 45.000.000 đồng cho 12 hộ theo Kế hoạch 207/KH-UBND. Bà con vui. ",
    "km": "ថ្ងៃទី ០៥/៨/២០២០ ឃុំដីមុខ បានជួយ ៤៥.០០០.០០០ ដុង ដល់ ១២ គ្រួសារ។ ប្រជាជនរស់នៅសុខសាន្ត។ ",
}


def speed(lang: str, kilobytes: int) -> dict[str, float]:
    """Characters a CPU second on one line of so many kilobytes, once warm, and the peak memory in MB."""
    from pipeline.core.model import Language
    from pipeline.reading import plain, spoken

    line = (_OWN[lang] * (kilobytes * 1_000 // len(_OWN[lang]) + 1))[: kilobytes * 1_000]
    spoken(_OWN[lang], Language(lang), plain())
    start = time.process_time()
    spoken(line, Language(lang), plain())
    used = time.process_time() - start
    return {"rate": len(line) / used, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def lines_a_second(lang: str, whose: str) -> dict[str, float]:
    """Characters a CPU second over the lines of the gold, each spoken alone, once warm."""
    from benchmarks.peers import PEERS
    from pipeline.core.model import Language
    from pipeline.reading import plain, spoken

    speak = PEERS[whose]() if whose in PEERS else lambda line: spoken(line, Language(lang), plain()).text
    texts = gold_texts(lang)
    used, characters = 0.0, 0
    for round_ in range(3):
        start = time.process_time()
        for text in texts:
            try:
                speak(text)
            except BaseException:  # noqa: BLE001, S112 - a peer's panic is its own; the time counts
                continue
        if round_:
            used += time.process_time() - start
            characters += sum(map(len, texts))
    return {"rate": characters / used}


def gold_texts(lang: str) -> list[str]:
    """The texts of the gold set of a language."""
    with (GOLD / f"spoken_{lang}.tsv").open(encoding="utf-8") as file:
        return [row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def score(lang: str, command: list[str]) -> tuple[str, list[str]]:
    """What the scorer says of a command, and its rows by category."""
    scorer = [sys.executable, str(GOLD / "score_spoken.py"), str(GOLD / f"spoken_{lang}.tsv"), lang, "--", *command]
    done = subprocess.run(scorer, capture_output=True, text=True, check=False)
    *rows, last = done.stdout.strip().splitlines() or ["it did not run"]
    return last.rpartition(": ")[2], rows


def apart(name: str, *words: str | int) -> dict[str, float]:
    """A measurement of this file in a process of its own."""
    code = f"import json; from benchmarks import reading; print(json.dumps(reading.{name}{words!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main() -> None:
    """Print the tables."""
    print("\nReading: one line of so many kilobytes, warm (the reach is 50,000 characters a second, linear)")
    print(f"{'':8}" + "".join(f"{size:>12} kB" for size in _SIZES) + f"{'peak MB':>12}")
    for lang in _PEER:
        found = [apart("speed", lang, size) for size in _SIZES]
        print(f"{lang:8}" + "".join(f"{f['rate']:>11,.0f}/s" for f in found) + f"{found[-1]['mb']:>12.0f}")
    if not (GOLD / "score_spoken.py").is_file():
        print(f"no gold set in {GOLD}: GOLD=FOLDER says where it is")
        return
    for lang, peer in _PEER.items():
        ours = apart("lines_a_second", lang, "ours")["rate"]
        theirs = apart("lines_a_second", lang, peer)["rate"]
        right, rows = score(lang, [str(Path(sys.executable).with_name("bantin")), "spoken", "--lang", lang, "-"])
        beside, beside_rows = score(lang, [sys.executable, "-m", "benchmarks.peers", peer])
        print(f"\n{lang}: {'bantin':>34}{peer:>26}\n{'right':14}{right:>24}{beside:>26}")
        print(f"{'characters/s':14}{ours:>24,.0f}{theirs:>26,.0f}   (ratio {ours / theirs:.1f})")
        for row, other in zip(rows, beside_rows, strict=False):
            print(f"{row:38}{other.split('  ')[-1].strip():>26}")


if __name__ == "__main__":
    main()
