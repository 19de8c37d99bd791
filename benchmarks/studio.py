"""What the studio costs: ten minutes of 31 segments, ident, bed and closing, beside the bare encode and its peers.

Run it as `python -m benchmarks.studio`; `make bench` does. Every way gets the same sounds and makes MP3 of one kind
at -16 LUFS under -1.5 dBTP; each runs in a process of its own, its children included, and ffmpeg's meter judges all.
`python -m benchmarks.studio programmes` masters more than two hundred programmes of every kind and names the worst.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.line import text as bulletin_text

_SEGMENTS = 31
_SECONDS = 18.0
"""Of each segment."""
_TARGET, _CEILING = -16.0, -1.5
_RATE = 44_100
_KINDS = {"mono 64k": (1, 64), "stereo 128k": (2, 128)}


# --- the work --------------------------------------------------------------------------------------------------------


def prepare(folder: Path) -> None:
    """Real speech of the embedded voice, its levels spread over 15 dB; stereo music that is no one's."""
    import numpy as np
    import soundfile

    from pipeline import reading
    from pipeline.core.model import Language
    from pipeline.voices.espeak import EspeakVietnamese

    voice = EspeakVietnamese()
    lines = [line for line in bulletin_text(16).splitlines()[1:] if line]
    texts = iter([s.text for line in lines for s in reading.utter(line, Language.VI, reading.plain(), "").sentences])
    rng = np.random.default_rng(0)
    for number in range(_SEGMENTS):
        parts: list[Any] = []
        while sum(map(len, parts)) < _SECONDS * 22_050:
            voice.speak(next(texts), "vi-bac", folder / "take.wav")
            samples, rate = soundfile.read(folder / "take.wav", dtype="float32")
            parts += [samples, np.zeros(rate // 3, np.float32)]
        speech = np.concatenate(parts)[: int(_SECONDS * rate)] * 10 ** (rng.uniform(-12, 3) / 20)
        soundfile.write(folder / f"s{number:02}.wav", speech, rate)
    voice.close()
    for name, seconds, root in (("ident", 6, 220.0), ("bed", 30, 110.0), ("closing", 6, 196.0)):
        at = np.arange(seconds * _RATE) / _RATE
        sides = [
            sum(np.sin(2 * np.pi * root * k * at + rng.uniform(0, 6)) * (1 + np.sin(at * k + side)) for k in (1, 1.5))
            for side in (0, 1)
        ]
        soundfile.write(folder / f"{name}.wav", (0.04 * np.stack(sides, axis=1)).astype("float32"), _RATE)


def _speech(folder: Path) -> list[Path]:
    return sorted(folder.glob("s[0-9][0-9].wav"))


# --- the ways, each in a process of its own --------------------------------------------------------------------------


def ours(folder: Path, channels: int, kbps: int, out: Path) -> dict[str, float]:
    """Probe, mix and master: levelled, ducked, solved through the limiter, measured on the encoded file."""
    from pipeline.core.model import Dbtp, Lufs, Profile, Seconds
    from pipeline.core.rundown import Segment, SegmentKind, lay
    from pipeline.studio.decode import probe
    from pipeline.studio.master import master
    from pipeline.studio.mix import mix
    from pipeline.studio.tools import ffmpeg

    program = ffmpeg()
    files = [folder / "ident.wav", *_speech(folder), folder / "closing.wav"]
    clips = {file.stem: probe(file, program, folder) for file in files}
    kinds = {"ident": SegmentKind.IDENT, "closing": SegmentKind.OUTRO}
    rundown = [
        Segment(kind=kinds.get(name, SegmentKind.SPEECH), seconds=clip.seconds, source=name, pause=Seconds(0.3))
        for name, clip in clips.items()
    ]
    timeline = lay(rundown, bed=True, crossfade=Seconds(0.8))
    bed = probe(folder / "bed.wav", program, folder)
    mixed = mix(timeline, clips, folder, bed, channels=(channels,))[channels]
    profile = Profile(name="bench", channels=channels, kbps=kbps, target=Lufs(_TARGET), ceiling=Dbtp(_CEILING))
    return {"encodings": master(mixed, profile, out, program).encodings}


def bare(folder: Path, channels: int, kbps: int, out: Path) -> dict[str, float]:
    """Ffmpeg's libmp3lame over the finished mix, and nothing else."""
    _ffmpeg("-i", folder / f"finished-{channels}.wav", "-ac", channels, "-b:a", f"{kbps}k", out)
    return {}


def pydub_chain(folder: Path, channels: int, kbps: int, out: Path) -> dict[str, float]:
    """What scripts of this kind usually do: append, overlay a quiet bed, normalise to the peak, export."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pydub import AudioSegment, effects
    whole = AudioSegment.from_wav(folder / "ident.wav").set_frame_rate(_RATE).set_channels(channels)
    body = AudioSegment.silent(0, frame_rate=_RATE).set_channels(channels)
    for file in _speech(folder):
        part = AudioSegment.from_wav(file).set_frame_rate(_RATE).set_channels(channels)
        body += part + AudioSegment.silent(300, frame_rate=_RATE)
    bed = (AudioSegment.from_wav(folder / "bed.wav").set_channels(channels) - 20) * (1 + len(body) // 30_000)
    closing = AudioSegment.from_wav(folder / "closing.wav").set_channels(channels)
    whole = effects.normalize(whole + body.overlay(bed[: len(body)]) + closing, headroom=-_CEILING)
    whole.export(str(out), format="mp3", bitrate=f"{kbps}k").close()
    return {}


def loudnorm(folder: Path, channels: int, kbps: int, out: Path) -> dict[str, float]:
    """A graph of ffmpeg's: concatenate, duck the bed by side chain, loudnorm measured first and applied second."""
    first = _graph(folder, f"loudnorm=I={_TARGET}:TP={_CEILING}:LRA=11:print_format=json", "-f", "null", "-")
    told = json.loads(first[first.rindex("{") : first.rindex("}") + 1])
    known = f"measured_I={told['input_i']}:measured_TP={told['input_tp']}:measured_LRA={told['input_lra']}"
    rest = f"measured_thresh={told['input_thresh']}:offset={told['target_offset']}:linear=true"
    _graph(
        folder, f"loudnorm=I={_TARGET}:TP={_CEILING}:LRA=11:{known}:{rest},aresample={_RATE}",
        "-ac", channels, "-b:a", f"{kbps}k", out,
    )  # fmt: skip
    return {}


def normalize(folder: Path, channels: int, kbps: int, out: Path) -> dict[str, float]:
    """ffmpeg-normalize over a mix that ffmpeg made beforehand; the mixing counts too."""
    _graph(folder, "anull", "-c:a", "pcm_s16le", folder / "premix.wav")
    command = [
        str(Path(sys.executable).with_name("ffmpeg-normalize")), str(folder / "premix.wav"), "-f", "-o", str(out),
        "-t", str(_TARGET), "-tp", str(_CEILING), "-c:a", "libmp3lame", "-b:a", f"{kbps}k", "-ar", str(_RATE),
        "-e", f"-ac {channels}",
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return {}


def _graph(folder: Path, last: str, *rest: str | int | Path) -> str:
    files = [folder / "ident.wav", *_speech(folder), folder / "closing.wav"]
    inputs = [word for file in files for word in ("-i", file)]
    count = len(files)
    evened = "".join(f"[{n}:a]aresample={_RATE},aformat=channel_layouts=stereo[a{n}];" for n in range(count))
    body = "".join(f"[a{n}]" for n in range(1, count - 1))
    graph = (
        f"{evened}{body}concat=n={count - 2}:v=0:a=1,asplit[voice][key];"
        f"[{count}:a]volume=0.3[bed];[bed][key]sidechaincompress=threshold=0.02:ratio=6[ducked];"
        f"[voice][ducked]amix=inputs=2:duration=first:normalize=0[mixed];"
        f"[a0][mixed][a{count - 1}]concat=n=3:v=0:a=1,{last}[out]"
    )
    return _ffmpeg(*inputs, "-stream_loop", "-1", "-i", folder / "bed.wav", "-filter_complex", graph, "-map", "[out]",
                   *rest, level="info")  # fmt: skip


def _ffmpeg(*words: str | int | Path, level: str = "error") -> str:
    from pipeline.studio.tools import ffmpeg

    command = [str(ffmpeg()), "-y", "-nostdin", "-nostats", "-loglevel", level, *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stderr


_WAYS: dict[str, Callable[[Path, int, int, Path], dict[str, float]]] = {
    "bantin": ours,
    "pydub chain": pydub_chain,
    "two-pass loudnorm graph": loudnorm,
    "ffmpeg-normalize": normalize,
    "bare encode": bare,
}


# --- measuring -------------------------------------------------------------------------------------------------------


def _run(*words: str | Path | int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.studio", *map(str, words)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _tell(result: dict[str, float]) -> None:
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = sum(usage.ru_utime + usage.ru_stime for usage in (own, others))
    print(json.dumps({**result, "cpu": cpu, "mb": max(own.ru_maxrss, others.ru_maxrss) / 1024}))


def table(folder: Path) -> None:
    """The ways side by side, for one channel and for two."""
    from pipeline.studio.meter import measure
    from pipeline.studio.tools import ffmpeg

    _run("prepare", folder)
    for kind, (channels, kbps) in _KINDS.items():
        made = {}
        for name in _WAYS:
            out = folder / f"{name.replace(' ', '-')}-{channels}.mp3"
            made[name] = (_run(name, folder, channels, kbps, out), measure(out, ffmpeg()))
            if name == "bantin":
                _ffmpeg("-i", out, folder / f"finished-{channels}.wav")
        floor = made["bare encode"][0]["cpu"]
        print(f"\n{kind:<26}{'CPU s':>8}{'× bare':>8}{'MB':>7}{'LU off':>9}{'dBTP':>8}")
        for name, (cost, level) in made.items():
            off = f"{level.integrated - _TARGET:+.1f}" if name != "bare encode" else ""
            print(f"{name:<26}{cost['cpu']:>8.1f}{cost['cpu'] / floor:>8.2f}{cost['mb']:>7.0f}{off:>9}"
                  f"{level.true_peak:>8.1f}")  # fmt: skip


# --- two hundred programmes ------------------------------------------------------------------------------------------


def programmes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every kind of programme there may be: a name, and how to make it."""
    for spread in (0, 6, 12, 18, 24, 30):
        for seed in range(16):
            yield f"levels spread {spread} dB, {seed}", {"spread": spread, "seed": seed}
    for seed in range(16):
        yield f"clipped, {seed}", {"clip": 1 + seed, "seed": seed}
        yield f"whispered, {seed}", {"level": 0.006, "noise": 0.0001 * seed, "seed": seed}
        yield f"knocks, {seed}", {"knocks": 5 * (seed + 1), "seed": seed}
        yield f"music, {seed}", {"music": True, "seed": seed}
        yield f"one second, {seed}", {"seconds": 1.0, "seed": seed}
        yield f"silence between, {seed}", {"silence": 2.0 * seed, "seed": seed}
        yield f"speech with bed, {seed}", {"bed": True, "seed": seed}
    yield "60 minutes", {"seconds": 3600.0, "seed": 1}


def write(folder: Path, seconds: float = 12.0, seed: int = 0, **how: Any) -> None:  # noqa: ANN401 - of `programmes`
    """The sounds of one programme: three segments, and a bed where it has one."""
    import numpy as np
    import soundfile

    rng = np.random.default_rng(seed)
    for number in range(3):
        samples = _music(seconds / 3, rng) if how.get("music") else _syllables(seconds / 3, rng)
        samples *= how.get("level", 0.3) * 10 ** (-rng.uniform(0, how.get("spread", 0)) / 20)
        samples += rng.standard_normal(len(samples)) * how.get("noise", 0.0)
        if "clip" in how:
            samples = np.clip(samples * how["clip"], -1, 1)
        samples[rng.integers(0, len(samples), how.get("knocks", 0))] = 1.0
        soundfile.write(folder / f"p{number}.wav", samples.astype(np.float32), 24_000, subtype="FLOAT")
    if how.get("bed"):
        soundfile.write(folder / "bed.wav", (_music(5.0, rng) * 0.2).astype(np.float32), 24_000)


def one(folder: Path, channels: int, kbps: int, **how: Any) -> list[float]:  # noqa: ANN401 - of `programmes`
    """Master what was written; LU off its target and dBTP by ffmpeg's meter, dB of reduction, encodings."""
    from pipeline.core.model import Dbtp, Lufs, Profile, Seconds
    from pipeline.core.rundown import Segment, SegmentKind, lay
    from pipeline.studio.decode import probe
    from pipeline.studio.master import master
    from pipeline.studio.meter import measure
    from pipeline.studio.mix import mix
    from pipeline.studio.tools import ffmpeg

    program = ffmpeg()
    clips = {f"p{number}": probe(folder / f"p{number}.wav", program, folder) for number in range(3)}
    kind = SegmentKind.IDENT if how.get("music") else SegmentKind.SPEECH
    pause = Seconds(how.get("silence", 0.3))
    rundown = [Segment(kind=kind, seconds=clip.seconds, source=name, pause=pause) for name, clip in clips.items()]
    under = probe(folder / "bed.wav", program, folder) if how.get("bed") else None
    mixed = mix(lay(rundown, bed=bool(under)), clips, folder, under, channels=(channels,))[channels]
    profile = Profile(name="x", channels=channels, kbps=kbps, target=Lufs(_TARGET), ceiling=Dbtp(_CEILING))
    made = master(mixed, profile, folder / "out.mp3", program)
    found = measure(folder / "out.mp3", program)
    return [found.integrated - _TARGET, found.true_peak, made.reduction, made.encodings]


def command(folder: Path) -> None:
    """`bantin render` of what was written as one recording, as a newsroom would get it: repair, picture and all."""
    from shutil import which

    parts = [word for number in range(3) for word in ("-i", folder / f"p{number}.wav")]
    _ffmpeg(*parts, "-filter_complex", "concat=n=3:v=0:a=1", "-b:a", "48k", folder / "hour.m4a")
    program = which("bantin", path=str(Path(sys.executable).parent)) or "bantin"
    words = [program, "render", str(folder / "hour.m4a"), "-o", str(folder / "hour.mp3")]
    subprocess.run(words, check=True, capture_output=True, cwd=folder)


def _syllables(seconds: float, rng: Any) -> Any:  # noqa: ANN401 - numpy's
    """Noise with the rhythm and the crest of speech."""
    import numpy as np

    count, frames = max(2, round(seconds * 8)), round(seconds * 24_000)
    strength = np.where(rng.random(count) < 0.75, rng.uniform(0.2, 1.0, count), 0.003)
    strength[:: max(1, count // 2)] = 0.6  # somebody speaks, however short it is
    envelope = np.interp(np.arange(frames), np.arange(count) * 3000, strength)
    voiced = np.convolve(rng.standard_normal(frames), np.hanning(24), "same")
    return voiced * envelope / max(np.abs(voiced).max(), 1e-9)


def _music(seconds: float, rng: Any) -> Any:  # noqa: ANN401 - numpy's
    import numpy as np

    at = np.arange(round(seconds * 24_000)) / 24_000
    tones = rng.uniform(80, 2000, 6)
    return sum(np.sin(2 * np.pi * tone * at) * (1 + np.sin(at * rng.uniform(1, 9))) for tone in tones) / 12


def survey(folder: Path) -> None:
    """Master every programme and name the worst; each by itself, the long one in a process whose memory is told."""
    from pipeline.core.errors import MasterRejected

    rows, refused = [], []
    for number, (name, how) in enumerate(programmes()):
        # At 48 kbit/s LAME rings so much at clicks that a master with several a second is refused (S-102).
        channels, kbps = ((1, 64), (2, 128), (1, 64 if name.startswith("knocks") else 48))[number % 3]
        if name == "60 minutes":
            _run("write", folder)
            told = _run("long", folder)
            rows.append((name, [told["off"], told["peak"], told["reduction"], told["encodings"]]))
            whole = _run("command", folder)
            print(f"60 minutes: {told['cpu']:.1f} CPU s; bantin render: {whole['mb']:.0f} MB, {whole['cpu']:.1f} CPU s")
            continue
        try:
            write(folder, **how)
            rows.append((f"{name} ({channels} × {kbps}k)", one(folder, channels, kbps, **how)))
        except MasterRejected as problem:
            refused.append(f"{name} ({channels} × {kbps}k): {problem.message}")
    print(f"{len(rows)} programmes, {_TARGET} LUFS under {_CEILING} dBTP, by ffmpeg's meter")
    for title, worst in (
        ("farthest off", sorted(rows, key=lambda row: -abs(row[1][0]))),
        ("highest peak", sorted(rows, key=lambda row: -row[1][1])),
        ("most reduction", sorted(rows, key=lambda row: -row[1][2])),
        ("most encodings", sorted(rows, key=lambda row: -row[1][3])),
    ):
        print(f"\n{title}")
        for name, (off, peak, reduction, encodings) in worst[:4]:
            print(f"  {name:<38}{off:+6.2f} LU{peak:>7.1f} dBTP{reduction:>7.1f} dB down{encodings:>3.0f} encodings")
    inside = sum(abs(off) <= 0.3 and peak <= _CEILING for _, (off, peak, _, _) in rows)
    print(
        f"\nwithin 0.3 LU and under the ceiling: {inside} of {len(rows)}; refused: {len(refused)}", *refused, sep="\n  "
    )


def main() -> None:
    """Print what was asked for."""
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    words = sys.argv[1:]
    match words:
        case ["prepare", folder]:
            prepare(Path(folder))
            _tell({})
        case ["write", folder]:
            write(Path(folder), seconds=3600.0, seed=1)
            _tell({})
        case ["command", folder]:
            command(Path(folder))
            _tell({})
        case ["long", folder]:
            off, peak, reduction, encodings = one(Path(folder), 1, 64)
            _tell({"off": off, "peak": peak, "reduction": reduction, "encodings": encodings})
        case [way, folder, channels, kbps, out]:
            _tell(_WAYS[way](Path(folder), int(channels), int(kbps), Path(out)))
        case _:
            with tempfile.TemporaryDirectory() as name:
                (survey if words == ["programmes"] else table)(Path(name))


if __name__ == "__main__":
    main()
