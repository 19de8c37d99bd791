"""One contract for every voice: what it promises the newsroom, with the real library and the real client."""

import contextlib
import ctypes
import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import fake_edge
import numpy as np
import pytest
import soundfile
import tenacity

from pipeline.core.errors import EngineUnavailable, NothingToSay, TakeRejected, TextLost, UnknownName
from pipeline.core.model import Language, Seconds
from pipeline.core.ports import Engine
from pipeline.voices.edge import EdgeOnline
from pipeline.voices.espeak import EspeakVietnamese
from pipeline.voices.khmer import EmbeddedKhmer
from pipeline.voices.worker import request

VIETNAMESE = "Ủy ban nhân dân tỉnh thông báo lịch tiêm phòng cho trẻ em ở các xã ven biển."
KHMER = "រដ្ឋាភិបាលបានប្រកាសជំនួយដល់ប្រជាជនដែលរងគ្រោះដោយទឹកជំនន់។"
EMBEDDED = {
    "espeak-bac": lambda: EspeakVietnamese("bac"),
    "espeak-nam": lambda: EspeakVietnamese("nam"),
    "espeak-trung": lambda: EspeakVietnamese("trung"),
    "khmer": EmbeddedKhmer,
}


@dataclass
class Case:
    """An engine, its usual voice and a sentence for it."""

    engine: Engine
    voice: str
    text: str
    language: Language

    def speak(self, out: Path, text: str = "") -> bytes:
        self.engine.speak(text or self.text, self.voice, out)
        return out.read_bytes()


@pytest.fixture
def service(monkeypatch):
    from edge_tts import communicate

    for proxy in ("ws_proxy", "WS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    with fake_edge.service() as running:
        monkeypatch.setattr(communicate, "WSS_URL", running.url)
        monkeypatch.setattr(communicate.DRM, "clock_skew_seconds", 0.0)
        yield running


@pytest.fixture
def edge(service):
    return EdgeOnline(wait=tenacity.wait_fixed(0.01), patience=Seconds(3))


def case_of(engine, language):
    voice = next(v for v in engine.voices if v.language is language)
    return Case(engine, voice.name, VIETNAMESE if language is Language.VI else KHMER, language)


@pytest.fixture(scope="module", params=["espeak-bac", "khmer"])
def embedded(request):
    engine = EMBEDDED[request.param]()
    yield case_of(engine, engine.voices[0].language)
    engine.close()


@pytest.fixture(params=[*EMBEDDED, "edge-vi", "edge-km"])
def case(request):
    if request.param.startswith("edge"):
        yield case_of(request.getfixturevalue("edge"), Language(request.param[-2:]))
        return
    engine = EMBEDDED[request.param]()
    yield case_of(engine, engine.voices[0].language)
    engine.close()


@pytest.fixture
def busy(embedded):
    """An embedded engine of the same kind, whose worker is there to be harmed."""
    engine = type(embedded.engine)(deadline=Seconds(1))
    engine.check()
    yield Case(engine, engine.voices[0].name, embedded.text, embedded.language)
    engine.close()


def speaker(engine):
    return engine._speaker if isinstance(engine, EmbeddedKhmer) else engine._speakers["vi-bac"]


def worker(engine):
    return speaker(engine)._worker.pid


# --- every engine ----------------------------------------------------------------------------------------------------


def test_a_sentence_is_heard_for_about_as_long_as_a_person_would_take(case, tmp_path):
    case.speak(tmp_path / "take.wav")
    sound, rate = soundfile.read(tmp_path / "take.wav")
    letters = sum(c.isalnum() for c in case.text)
    assert soundfile.info(tmp_path / "take.wav").subtype == "PCM_16"
    assert sound.ndim == 1
    assert rate >= 22_050
    assert letters / 25 < len(sound) / rate < letters / 4
    assert np.sqrt(np.mean(sound**2)) > 0.02
    assert [f.name for f in tmp_path.iterdir()] == ["take.wav"]


def test_twice_the_text_takes_about_twice_as_long(case, tmp_path):
    once = len(case.speak(tmp_path / "once.wav"))
    twice = len(case.speak(tmp_path / "twice.wav", f"{case.text} {case.text}"))
    assert 1.8 < twice / once < 2.4


@pytest.mark.parametrize("text", ["", "   ", "... — !?", "។ ៕"])
def test_text_without_a_word_is_refused(case, text, tmp_path):
    with pytest.raises(NothingToSay):
        case.engine.speak(text, case.voice, tmp_path / "take.wav")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_voice_names_the_nearest(case, tmp_path):
    with pytest.raises(UnknownName) as caught:
        case.engine.speak(case.text, case.voice[:-1] + "x", tmp_path / "take.wav")
    assert caught.value.fields["nearest"] == case.voice
    with pytest.raises(UnknownName):
        case.engine.settings("nobody")


@pytest.mark.parametrize(("text", "lost"), [(KHMER, "រដ្ឋ"), ("Ấp ក", "ក"), ("năm ២០២៦", "២០២៦"), ("Привет", "Привет")])
def test_khmer_is_never_read_by_a_vietnamese_voice(edge, text, lost, tmp_path):
    for engine in (EspeakVietnamese(), edge):
        with pytest.raises(TextLost) as caught:
            engine.speak(text, engine.voices[0].name, tmp_path / "take.wav")
        assert all(letter in caught.value.fields["lost"] for letter in lost if letter.isalnum())
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_take_and_nothing_else(case, tmp_path, monkeypatch):
    out = tmp_path / "take.wav"
    out.write_bytes(b"the take before")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        case.speak(out)
    assert out.read_bytes() == b"the take before"
    assert [f.name for f in tmp_path.iterdir()] == ["take.wav"]


def test_two_threads_each_get_their_own_sentence(case, tmp_path):
    texts = [case.text, f"{case.text} {case.text}"] * 2
    alone = [len(case.speak(tmp_path / "alone.wav", text)) for text in texts]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda n: len(case.speak(tmp_path / f"{n}.wav", texts[n])), range(4)))
    assert together == alone


def test_a_recipe_can_be_written_down(case):
    assert case.engine.name.islower()
    assert case.engine.version
    assert case.engine.version == case.engine.version
    assert case.engine.settings(case.voice)["rate"]


def test_the_engine_is_ready(case):
    case.engine.check()


# --- embedded engines ------------------------------------------------------------------------------------------------


def test_the_same_text_has_the_same_bytes_whatever_was_said_before(embedded, tmp_path):
    first = embedded.speak(tmp_path / "a.wav")
    embedded.speak(tmp_path / "b.wav", embedded.text[:30])
    assert embedded.speak(tmp_path / "c.wav") == first
    other = type(embedded.engine)()
    other.speak(embedded.text, embedded.voice, tmp_path / "d.wav")
    other.close()
    assert (tmp_path / "d.wav").read_bytes() == first


def test_a_worker_killed_between_takes_is_not_noticed(busy, tmp_path):
    before = worker(busy.engine)
    os.kill(before, signal.SIGKILL)
    assert busy.speak(tmp_path / "take.wav")
    assert worker(busy.engine) != before


def test_a_worker_that_hangs_costs_one_take(busy, tmp_path):
    os.kill(worker(busy.engine), signal.SIGSTOP)
    with pytest.raises(EngineUnavailable) as caught:
        busy.speak(tmp_path / "take.wav")
    assert caught.value.retry
    assert list(tmp_path.iterdir()) == []
    assert busy.speak(tmp_path / "take.wav")


def test_a_library_that_crashes_on_a_text_costs_one_take(tmp_path):
    engine = EmbeddedKhmer()
    with pytest.raises(EngineUnavailable, match="crashed"):
        # A word of more than two hundred phoneme codes overruns eSpeak's buffer.
        engine._speaker.ask(request(f"[[{'|'.join(['m|a:'] * 300)}]]", phonemes=True))
    engine.speak(KHMER, "km-thu", tmp_path / "take.wav")
    engine.close()
    assert soundfile.info(tmp_path / "take.wav").duration > 2


def test_an_interrupted_take_is_not_mixed_up_with_the_next(busy, tmp_path, monkeypatch):
    right = busy.speak(tmp_path / "right.wav")

    def interrupt(self):
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(type(speaker(busy.engine)._worker), "_read", interrupt)
    with pytest.raises(KeyboardInterrupt):
        busy.speak(tmp_path / "cut.wav", f"{busy.text} {busy.text}")
    assert not (tmp_path / "cut.wav").exists()
    assert busy.speak(tmp_path / "next.wav") == right


@pytest.mark.parametrize("text", ["a", "ក", "កម្ពុជា"])
def test_twenty_thousand_characters_without_a_space_come_to_an_end(text, tmp_path):
    engine = EspeakVietnamese() if text == "a" else EmbeddedKhmer()
    engine.speak(text * (20_000 // len(text)), engine.voices[0].name, tmp_path / "take.wav")
    engine.close()
    assert soundfile.info(tmp_path / "take.wav").duration > 20_000 / 30


def test_a_crash_or_a_hang_in_pronouncing_khmer_costs_one_take(tmp_path):
    engine = EmbeddedKhmer()
    engine.speak(KHMER, "km-thu", tmp_path / "a.wav")
    os.kill(engine._pronouncer._worker.pid, signal.SIGKILL)
    engine.speak(KHMER, "km-thu", tmp_path / "b.wav")
    assert (tmp_path / "b.wav").read_bytes() == (tmp_path / "a.wav").read_bytes()
    engine._pronouncer._deadline = Seconds(0.5)
    os.kill(engine._pronouncer._worker.pid, signal.SIGSTOP)
    with pytest.raises(EngineUnavailable, match="hung"):
        engine.speak(KHMER, "km-thu", tmp_path / "c.wav")
    engine._pronouncer._deadline = Seconds(30)
    engine.speak(KHMER, "km-thu", tmp_path / "d.wav")
    engine.close()


@pytest.mark.parametrize(("engine", "package"), [("espeak-bac", "espeakng_loader"), ("khmer", "khmercut")])
def test_an_engine_whose_package_is_missing_says_what_to_install(engine, package, tmp_path, monkeypatch):
    (tmp_path / f"{package}.py").write_text("raise ImportError('not here')\n", "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    code = (
        "from pathlib import Path; from pipeline.core.errors import EngineUnavailable\n"
        "from pipeline.voices.espeak import EspeakVietnamese; from pipeline.voices.khmer import EmbeddedKhmer\n"
        f"engine = {'EmbeddedKhmer' if engine == 'khmer' else 'EspeakVietnamese'}()\n"
        "try:\n    engine.check()\nexcept EngineUnavailable as problem:\n    print(problem)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.startswith("V-101")
    assert "reinstall" in told


def test_a_closed_voice_ends_its_take_at_once_and_starts_no_other_worker(embedded, tmp_path):
    engine = type(embedded.engine)()
    engine.check()
    before = speaker(engine)._worker
    os.kill(before.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        take = pool.submit(engine.speak, embedded.text, engine.voices[0].name, tmp_path / "take.wav")
        while not speaker(engine)._lock.locked():
            time.sleep(0.01)
        engine.close()
        with pytest.raises(EngineUnavailable, match="closed"):
            take.result(5)
    with pytest.raises(EngineUnavailable, match="closed"):
        engine.speak(embedded.text, engine.voices[0].name, tmp_path / "take.wav")
    assert speaker(engine)._worker is None
    assert list(tmp_path.iterdir()) == []


def test_no_worker_outlives_the_program():
    code = (
        "from pipeline.voices.espeak import EspeakVietnamese; engine = EspeakVietnamese(); engine.check();"
        "print(engine._speakers['vi-bac']._worker.pid)"
    )
    pid = int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]


def ends(pid):
    """Whether a process is gone within some seconds; one that nobody waits for is."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_no_worker_outlives_a_program_that_was_killed_while_a_take_hung():
    code = (
        "import pathlib, threading; from pipeline.voices.espeak import EspeakVietnamese\n"
        "engine = EspeakVietnamese(); engine.check()\n"
        "print(engine._speakers['vi-bac']._worker.pid, flush=True)\n"
        "engine.speak('bà con ' * 20_000, 'vi-bac', pathlib.Path('/dev/null/x'))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        worker = int(program.stdout.readline())
        while not (forks := children(worker)):
            time.sleep(0.005)
        os.kill(forks[0], signal.SIGSTOP)
        program.kill()
    try:
        assert ends(worker)
        assert ends(forks[0])
    finally:
        for pid in (worker, *forks):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def test_the_worker_is_light():
    code = "import sys, pipeline.voices.worker; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()
    assert not {"numpy", "soundfile", "asyncio", "pydantic", "khmercut"} & set(modules)


def test_the_chosen_region_speaks_first_and_every_region_sounds_different(tmp_path):
    engine = EspeakVietnamese("nam", rate=150)
    assert [v.name for v in engine.voices] == ["vi-nam", "vi-bac", "vi-trung"]
    for voice in engine.voices:
        engine.speak(VIETNAMESE, voice.name, tmp_path / f"{voice.name}.wav")
    engine.close()
    assert len({file.read_bytes() for file in tmp_path.glob("*.wav")}) == 3


def test_an_unknown_region_names_the_nearest():
    with pytest.raises(UnknownName) as caught:
        EspeakVietnamese("bắc")
    assert caught.value.fields["nearest"] == "bac"


def test_a_faster_rate_is_shorter(tmp_path):
    for engine, rate in ((EspeakVietnamese(rate=120), 120), (EspeakVietnamese(rate=200), 200)):
        engine.speak(VIETNAMESE, "vi-bac", tmp_path / f"{rate}.wav")
        engine.close()
    assert soundfile.info(tmp_path / "200.wav").duration < 0.8 * soundfile.info(tmp_path / "120.wav").duration


def test_a_long_web_address_is_not_cut_short(tmp_path):
    engine = EspeakVietnamese()
    for name, times in (("short", 1), ("long", 4)):
        engine.speak("banan" * 14 * times, "vi-bac", tmp_path / f"{name}.wav")
    engine.close()
    ratio = soundfile.info(tmp_path / "long.wav").duration / soundfile.info(tmp_path / "short.wav").duration
    assert ratio > 3.5


# --- the online voice ------------------------------------------------------------------------------------------------


def say(edge, out, text=VIETNAMESE):
    edge.speak(text, "vi-VN-HoaiMyNeural", out)


def test_the_text_and_voice_that_were_asked_for_reach_the_service(edge, service, tmp_path):
    edge.speak("Dưới 5 & trên 3 <độ>", "vi-VN-NamMinhNeural", tmp_path / "take.wav")
    assert service.asked == ["Dưới 5 & trên 3 <độ>"]
    assert "NamMinh" in service.voices[0]
    assert soundfile.info(tmp_path / "take.wav").samplerate == 24_000


@pytest.mark.parametrize("ending", ["429", "503", "403", "no audio", "cut", "short", "silence", "noise", "reset"])
def test_a_fault_that_passes_is_not_noticed(edge, service, ending, tmp_path):
    service.plan = [ending]
    say(edge, tmp_path / "take.wav")
    assert service.connections == 2
    assert soundfile.info(tmp_path / "take.wav").duration > 4


@pytest.mark.parametrize(("ending", "error"), [("no audio", TakeRejected), ("503", EngineUnavailable)])
def test_what_failed_three_times_in_a_row_is_left_alone_and_told_alike(edge, service, ending, error, tmp_path):
    service.plan = [ending] * 9
    told = set()
    for _ in range(5):
        with pytest.raises(error) as caught:
            say(edge, tmp_path / "take.wav")
        told.add(str(caught.value))
    assert service.connections == 9
    assert len(told) == 1
    other = "vi-VN-NamMinhNeural"
    if error is TakeRejected:
        edge.speak(VIETNAMESE, other, tmp_path / "take.wav")
        assert service.connections == 10
    else:
        with pytest.raises(EngineUnavailable):
            edge.speak(VIETNAMESE, other, tmp_path / "take.wav")
        assert service.connections == 9


def test_a_sentence_that_was_spoken_ends_the_row_of_faults(edge, service, tmp_path):
    for _ in range(4):
        service.plan = ["no audio"] * 6
        for _ in range(2):
            with pytest.raises(TakeRejected):
                say(edge, tmp_path / "take.wav")
        say(edge, tmp_path / "take.wav")


DOCUMENT = Path(__file__).parents[2] / "docs" / "online-voices.md"
FAILURES = re.findall(r"^\| `([^`]+)` \| (\d) \| (V-\d+) \| ([^|]+) \|$", DOCUMENT.read_text("utf-8"), re.MULTILINE)
"""The table of failures that people read: what the service does, how often it is asked, the code, what is told."""


def test_the_table_of_failures_has_all_that_the_practice_service_can_play():
    assert {ending for ending, *_ in FAILURES} == {
        "403", "404", "429", "503", "reset", "stall", "no audio", "cut", "short", "silence", "noise", "tail",
        "half", "other text", "half silent", "odd answer",
    }  # fmt: skip


@pytest.mark.parametrize("row", FAILURES, ids=[row[0] for row in FAILURES])
def test_a_fault_that_stays_ends_as_the_table_says_and_leaves_no_file(service, row, tmp_path):
    ending, tries, code, told = row
    patience = Seconds(0.4 if ending == "stall" else 3)
    edge = EdgeOnline(wait=tenacity.wait_fixed(0.01), patience=patience)
    service.plan = [ending] * 9
    with pytest.raises((EngineUnavailable, TakeRejected)) as caught:
        say(edge, tmp_path / "take.wav")
    assert caught.value.code == code
    assert caught.value.retry
    assert service.connections == int(tries)
    says = {"short": "only", "tail": "only", "noise": "decodes", "half silent": "silence"}.get(ending) or " ".join(
        re.split(r"[;:(]", told)[0].split()[:2]
    )
    assert says in caught.value.message.en
    assert list(tmp_path.iterdir()) == []


def test_a_service_that_stalls_is_left_within_its_time(service, tmp_path):
    service.plan = ["stall"] * 9
    edge = EdgeOnline(wait=tenacity.wait_fixed(0), patience=Seconds(0.3))
    begun = time.monotonic()
    with pytest.raises(EngineUnavailable, match=r"not done in 0\.3 s"):
        say(edge, tmp_path / "take.wav")
    assert time.monotonic() - begun < 3
    assert list(tmp_path.iterdir()) == []


def test_offline_is_found_out_at_once(monkeypatch, tmp_path):
    from edge_tts import communicate

    monkeypatch.setattr(communicate, "WSS_URL", "ws://127.0.0.1:1/edge/v1?x")
    edge = EdgeOnline()
    begun = time.monotonic()
    with pytest.raises(EngineUnavailable, match="offline"):
        say(edge, tmp_path / "take.wav")
    with pytest.raises(EngineUnavailable, match="offline") as caught:
        edge.check()
    assert time.monotonic() - begun < 1
    assert caught.value.message.vi.endswith("không có mạng: máy có đó nhưng cổng đóng")


def test_a_network_that_swallows_everything_is_given_up_in_time(monkeypatch):
    from edge_tts import communicate

    silent = Silence()
    monkeypatch.setattr(communicate, "WSS_URL", f"wss://127.0.0.1:{silent.port}/edge/v1?x")
    begun = time.monotonic()
    with pytest.raises(EngineUnavailable, match="offline"):
        EdgeOnline(probe=Seconds(0.3)).check()
    assert time.monotonic() - begun < 2
    silent.close()


class Silence:
    """A port that accepts and never says a word."""

    def __init__(self):
        import socket

        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]

    def close(self):
        self._socket.close()


def test_no_more_than_three_requests_are_out_at_once(edge, service, tmp_path, monkeypatch):
    out, most, lock = 0, 0, threading.Lock()
    take = EdgeOnline._take

    def counted(self, text, voice):
        nonlocal out, most
        with lock:
            out += 1
            most = max(most, out)
        try:
            return take(self, text, voice)
        finally:
            with lock:
                out -= 1

    monkeypatch.setattr(EdgeOnline, "_take", counted)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: say(edge, tmp_path / f"{n}.wav"), range(8)))
    assert most == 3
    assert len(list(tmp_path.glob("*.wav"))) == 8


def test_the_practice_service_sends_what_the_real_one_sends():
    info = soundfile.info(io.BytesIO(fake_edge.tone(2.0)))
    assert (info.format, info.samplerate, info.channels) == ("MP3", 24_000, 1)
    assert len(fake_edge.tone(2.0)) == pytest.approx(12_000, rel=0.1)
    assert ctypes.sizeof(ctypes.c_short) == 2
