"""CPU of the whole line against bare synthesis plus bare encode; peak memory by length; the start of the command.

Run it as `make bench`, or `python -m benchmarks.line`. Every figure is measured in a process of its own.
"""

import ctypes
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

MINUTES = (1, 10, 30)
_WORDS_A_MINUTE = 170
"""What the embedded Vietnamese voice speaks at its usual rate, pauses and all."""
_SENTENCE = (
    "Ngày {day} tháng {month}, Ủy ban nhân dân xã cho biết ấp số {n} có {n} hộ tham gia mô hình nuôi tôm quảng canh, "
    "tăng {share},5% so với năm trước, tổng kinh phí {money}.000 đồng."
)
_SPOKEN_WORDS = 50
"""How many words that sentence has when it is spoken."""


def text(minutes: float) -> str:
    """A bulletin of about so many minutes; no sentence stands in it twice, so no take is found again."""
    count = max(1, round(minutes * _WORDS_A_MINUTE / _SPOKEN_WORDS))
    lines = [
        _SENTENCE.format(day=n % 28 + 1, month=n % 12 + 1, n=n + 11, share=n % 90 + 1, money=n + 100)
        for n in range(count)
    ]
    return "Tiêu đề: Đo hiệu năng\n\n" + "\n".join(lines) + "\n"


# --- each in a process of its own ------------------------------------------------------------------------------------


def render(folder: Path, minutes: float) -> dict[str, float | str]:
    """The whole line from a dropped script to its master, picture and views."""
    from pipeline import config, wiring
    from pipeline.newsroom import bulletins, scripts

    wiring.make_workspace(folder)
    file = folder / "config.toml"
    file.write_text(file.read_text("utf-8").replace("online = true", "online = false"), "utf-8")
    script = folder / "scripts" / "tin.txt"
    script.write_text(text(minutes), "utf-8")
    with wiring.open_desk(config.load(folder)) as desk:
        (taken,) = scripts.sweep(desk, [script])
        if taken.bulletin is None:
            raise SystemExit(str(taken.problem))
        (master,) = bulletins.render(desk, taken.bulletin)
        reading = bulletins.reading_of(desk, taken.bulletin)
        spoken = folder / "spoken.txt"
        spoken.write_text(reading.text if reading else "", "utf-8")
        return {"seconds": master.seconds, "master": str(desk.store.get(master.digest)), "spoken": str(spoken)}


def speak(spoken: Path, out: Path) -> dict[str, float]:
    """Bare libespeak: one call over the same words, samples to a file."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0)
    with wave.open(str(out), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)

        def keep(samples: int | None, count: int, _events: object) -> int:
            if samples and count > 0:
                sound.writeframesraw(ctypes.string_at(samples, count * 2))
            return 0

        callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(keep)
        library.espeak_SetSynthCallback(callback)
        library.espeak_SetVoiceByName(b"vi")
        library.espeak_SetParameter(1, 120, 0)
        data = spoken.read_bytes()
        library.espeak_Synth(data, len(data) + 1, 0, 0, 0, 1, None, None)
        library.espeak_Synchronize()
    return {}


def encode(mix: Path, out: Path) -> dict[str, float]:
    """Bare ffmpeg libmp3lame at the profile's bit rate over the finished mix."""
    from pipeline.studio.tools import ffmpeg

    command = [str(ffmpeg()), "-y", "-loglevel", "error", "-i", str(mix), "-b:a", "64k", str(out)]
    subprocess.run(command, check=True)
    return {}


def _decode(master: Path, out: Path) -> None:
    from pipeline.studio.tools import ffmpeg

    subprocess.run([str(ffmpeg()), "-y", "-loglevel", "error", "-i", str(master), str(out)], check=True)


# --- measuring -------------------------------------------------------------------------------------------------------


def measured(*words: str | Path) -> dict[str, float | str]:
    """Run one of the above in a new process; what it says, with its CPU seconds and its peak memory in MB."""
    command = [sys.executable, "-m", "benchmarks.line", *map(str, words)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float | str] = json.loads(done.stdout.splitlines()[-1])
    return found


def _tell(result: dict[str, float] | dict[str, float | str]) -> None:
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = sum(usage.ru_utime + usage.ru_stime for usage in (own, others))
    print(json.dumps({**result, "cpu": cpu, "mb": own.ru_maxrss / 1024}))


def _start(command: list[str]) -> float:
    """The median wall time of a command, in seconds, over 15 runs after two that warm the caches."""
    times = []
    for _ in range(17):
        begin = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - begin)
    return statistics.median(times[2:])


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        print(f"{'line':<34}{'audio min':>10}{'CPU s':>8}{'peak MB':>9}")
        lines = {}
        for minutes in MINUTES:
            lines[minutes] = got = measured("render", top / f"w{minutes}", str(minutes))
            print(f"{f'whole line, {minutes} min':<34}{float(got['seconds']) / 60:>10.1f}{float(got['cpu']):>8.2f}"
                  f"{float(got['mb']):>9.0f}")  # fmt: skip
        ten = lines[10]
        bare = measured("speak", str(ten["spoken"]), top / "bare.wav")
        _decode(Path(str(ten["master"])), top / "mix.wav")
        coded = measured("encode", top / "mix.wav", top / "bare.mp3")
        floor = float(bare["cpu"]) + float(coded["cpu"])
        print(f"{'bare eSpeak, the same words':<34}{'':>10}{float(bare['cpu']):>8.2f}")
        print(f"{'bare MP3 encode, the same mix':<34}{'':>10}{float(coded['cpu']):>8.2f}")
        print(f"\nwhole line / (bare eSpeak + bare MP3 encode), 10 min: {float(ten['cpu']) / floor:.2f} ×")
        bantin = str(Path(sys.executable).with_name("bantin"))
        ratio = _start([bantin, "--help"]) / _start([sys.executable, "-c", "pass"])
        print(f"bantin --help / python -c pass: {ratio:.1f} ×")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUTF8", "1")
    match sys.argv[1:]:
        case ["render", folder, minutes]:
            _tell(render(Path(folder), float(minutes)))
        case ["speak", spoken, out]:
            _tell(speak(Path(spoken), Path(out)))
        case ["encode", mix, out]:
            _tell(encode(Path(mix), Path(out)))
        case _:
            main()
