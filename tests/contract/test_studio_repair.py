"""Recordings made fit, and looked at: what was added to them goes, what was said stays."""

import struct

import numpy as np
import pytest
import soundfile

from pipeline.core.errors import BadRecording
from pipeline.core.model import Treatment
from pipeline.studio.decode import LOOSE, probe
from pipeline.studio.inspect import inspect
from pipeline.studio.repair import repair
from pipeline.studio.tools import ffmpeg
from tests.contract.test_studio_master import save, speech

RATE = 24000
NOTHING = Treatment(highpass=0, hum=False, even=0, longest_gap=0)


def rms(samples):
    return 20 * np.log10(np.sqrt(np.mean(np.square(samples, dtype=np.float64))) + 1e-9)


def treated(tmp_path, samples, treatment, rate=RATE):
    clip = probe(
        save(tmp_path / "a.wav", samples.astype(np.float32), rate, subtype="FLOAT"), ffmpeg(), tmp_path, margin=LOOSE
    )
    done = repair(clip, treatment, tmp_path / "out.rf64")
    back, _ = soundfile.read(done.path, dtype="float32")
    return clip, done, back


def tone(seconds, hertz, level, rate=RATE):
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def test_nothing_asked_for_changes_nothing(tmp_path):
    clip, done, back = treated(tmp_path, speech(4.0), NOTHING)
    assert np.array_equal(back, speech(4.0)[clip.start : clip.end])
    assert (done.hum, done.shortened) == (0.0, ())


def test_rumble_and_offset_go_and_the_voice_stays(tmp_path):
    voice = tone(6.0, 220, 0.1) * np.repeat(np.tile([1.0, 0.2], 12), RATE // 4)
    _, _, back = treated(tmp_path, voice + tone(6.0, 15, 0.1) + 0.01, Treatment(hum=False, even=0))
    spectrum = np.abs(np.fft.rfft(back)) / len(back)
    hertz = np.fft.rfftfreq(len(back), 1 / RATE)
    assert abs(back.mean()) < 1e-3
    assert 20 * np.log10(spectrum[np.argmin(abs(hertz - 15))] / 0.05) < -40
    assert 20 * np.log10(spectrum[np.argmin(abs(hertz - 220))] / (0.05 * 0.6)) == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize("mains", [50, 60])
def test_hum_is_taken_out_where_there_is_some_and_only_there(tmp_path, mains):
    hum = sum(tone(12.0, mains * n, 0.02 / n) for n in (1, 2, 3))
    _, done, back = treated(tmp_path, speech(12.0) + hum, Treatment(even=0))
    assert done.hum == mains
    gap = np.abs(np.fft.rfft(back * np.hanning(len(back)))) / len(back)
    hertz = np.fft.rfftfreq(len(back), 1 / RATE)
    for number in (2, 3):
        left = gap[np.argmin(abs(hertz - mains * number))]
        assert 20 * np.log10(left / (0.005 / number)) < -15
    assert treated(tmp_path, speech(12.0), Treatment())[1].hum == 0


def test_steady_noise_is_turned_down_between_words_and_words_are_not(tmp_path):
    noise = np.random.default_rng(2).standard_normal(12 * RATE) * 0.004
    words = np.concatenate([speech(5.0, level=0.5), np.zeros(2 * RATE), speech(5.0, level=0.5, seed=5)])
    clip, _, back = treated(
        tmp_path, words + noise, Treatment(denoise=True, hum=False, highpass=0, even=0, longest_gap=0)
    )
    raw = (words + noise)[clip.start : clip.end]
    assert len(back) == len(raw)
    pause, spoken = slice(int(5.5 * RATE), int(6.5 * RATE)), slice(RATE, 4 * RATE)
    assert rms(raw[pause]) - rms(back[pause]) > 6
    assert rms(raw[spoken]) - rms(back[spoken]) < 1


def test_a_gate_closes_where_nobody_speaks_and_cuts_no_word(tmp_path):
    noise = np.random.default_rng(2).standard_normal(12 * RATE) * 0.0005
    words = np.concatenate([speech(5.0, level=0.5), np.zeros(2 * RATE), speech(5.0, level=0.5, seed=5)])
    clip, _, back = treated(tmp_path, words + noise, Treatment(gate=True, hum=False, highpass=0, even=0, longest_gap=0))
    raw = (words + noise)[clip.start : clip.end]
    pause = slice(int(5.6 * RATE), int(6.4 * RATE))
    assert rms(raw[pause]) - rms(back[pause]) == pytest.approx(12, abs=1)
    assert np.allclose(raw[RATE : 4 * RATE], back[RATE : 4 * RATE], atol=1e-3)
    start = slice(int(7.0 * RATE), int(7.1 * RATE))  # the next word's first tenth of a second
    assert rms(raw[start]) - rms(back[start]) < 1


def test_speakers_are_brought_nearer_but_never_by_more_than_was_allowed(tmp_path):
    words = np.concatenate([speech(20.0, level=0.5), speech(20.0, level=0.05, seed=2)])
    steps = {}
    for most in (0.0, 3.0, 6.0):
        _, _, back = treated(tmp_path, words, Treatment(even=most, hum=False, highpass=0))
        steps[most] = rms(back[5 * RATE : 15 * RATE]) - rms(back[25 * RATE : 35 * RATE])
    assert steps[0.0] == pytest.approx(20, abs=1)
    assert steps[3.0] < steps[0.0] - 2
    assert steps[0.0] - 12.5 < steps[6.0] < steps[3.0] - 1


def test_long_silences_are_shortened_without_a_click_and_told_with_their_time(tmp_path):
    low = tone(30.0, 100, 0.0003)
    words = np.concatenate([speech(10.0), np.zeros(10 * RATE), speech(10.0, seed=2)]) + low
    clip, done, back = treated(tmp_path, words, Treatment(hum=False, even=0, highpass=0, longest_gap=2.0))
    ((start, seconds),) = done.shortened
    assert (round(start), round(seconds)) == (10, 10)
    assert len(back) / RATE == pytest.approx(clip.seconds - 8, abs=0.1)
    assert np.abs(np.diff(back[int(10.3 * RATE) : int(11.7 * RATE)])).max() < 2e-4


@pytest.mark.parametrize("rate", [22050, 11025])  # of which a hundredth of a second is no whole number of samples
def test_no_word_is_cut_or_turned_down_after_twenty_minutes_at_any_rate(tmp_path, rate):
    words = np.repeat(np.tile([0.3, 0.0], 600), rate) * np.tile(tone(1.0, 300, 1.0, rate), 1200)
    last = tone(1.0, 440, 0.3, rate)
    gate = Treatment(gate=True, hum=False, highpass=0, even=0, longest_gap=2.0)
    clip, done, back = treated(tmp_path, np.concatenate([words, np.zeros(5 * rate), last]), gate, rate)
    ((start, seconds),) = done.shortened
    assert (start, seconds) == pytest.approx((1199, 6), abs=0.05)
    assert len(back) / rate == pytest.approx(clip.seconds - 4, abs=0.05)
    assert rms(back[-rate:]) == pytest.approx(rms(last), abs=0.1)
    before = np.array_split(words[-10 * rate : -rate], 90)  # and the words before what is left of the gap
    after = np.array_split(back[-12 * rate : -3 * rate], 90)
    assert max(abs(rms(a) - rms(b)) for a, b in zip(before, after, strict=True) if rms(a) > -14) < 1


def test_an_hour_is_repaired_in_the_memory_of_a_minute(tmp_path):
    import subprocess
    import sys

    code = (
        "import resource, sys; from pathlib import Path; from pipeline.studio.decode import probe\n"
        "from pipeline.studio.repair import repair; from pipeline.core.model import Treatment\n"
        "from pipeline.studio.tools import ffmpeg\n"
        "top = Path(sys.argv[1]); clip = probe(top / sys.argv[2], ffmpeg(), top)\n"
        "repair(clip, Treatment(denoise=True, gate=True), top / 'o.rf64')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)\n"
    )
    used = []
    for minutes in (1, 20):
        with soundfile.SoundFile(tmp_path / f"{minutes}.wav", "w", 16000, 1, "PCM_16") as sound:
            for number in range(minutes * 3):
                sound.write(speech(20.0, rate=16000, seed=number))
        command = [sys.executable, "-c", code, str(tmp_path), f"{minutes}.wav"]
        used.append(int(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    assert used[1] - used[0] < 60


# --- odd files -------------------------------------------------------------------------------------------------------


def test_many_channels_and_high_rates_are_taken(tmp_path):
    six = np.stack([speech(3.0, seed=n) * (0 if n == 3 else 1) for n in range(6)], axis=1)
    clip = probe(save(tmp_path / "six.wav", six), ffmpeg(), tmp_path)
    assert clip.is_stereo
    assert np.allclose(clip.folds[0][0], [0.5, 0.5, 0.707, 0, 0.3535, 0.3535])
    high = save(tmp_path / "high.wav", speech(3.0, rate=96000), 96000, subtype="PCM_24")
    assert probe(high, ffmpeg(), tmp_path).seconds == pytest.approx(3.0, abs=0.1)


def surround(tmp_path, suffix, channels, **sounding):
    """A file in which some of the channels of WAV's order sound, as ffmpeg encodes it."""
    silence = np.zeros(3 * RATE, np.float32)
    sound = np.stack([sounding.get(f"c{number}", silence) for number in range(channels)], axis=1)
    save(tmp_path / "all.wav", sound)
    out = tmp_path / f"all.{suffix}"
    codec = ["-c:a", "libvorbis"] if suffix == "ogg" else ["-c:a", "libopus", "-mapping_family", "1"]
    import subprocess

    layout = {5: "5.0", 6: "5.1", 8: "7.1"}[channels]
    options = ["-channel_layout", layout, "-i", tmp_path / "all.wav", *(codec if suffix in {"ogg", "opus"} else [])]
    if suffix != "wav":
        subprocess.run([ffmpeg(), "-loglevel", "error", *options, out], check=True)
    return out


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "opus", "m4a"])
@pytest.mark.parametrize("channels", [6, 8])
def test_the_centre_of_surround_sound_is_heard_in_the_middle_and_effects_are_not(tmp_path, suffix, channels):
    file = surround(tmp_path, suffix, channels, c2=speech(3.0), c3=tone(3.0, 60, 0.3).astype(np.float32))
    clip = probe(file, ffmpeg(), tmp_path)
    left, right = clip.folded(np.concatenate(list(clip.blocks()), axis=1), 2)
    assert rms(left) == pytest.approx(rms(right), abs=0.1)
    assert rms(left) == pytest.approx(rms(speech(3.0) * 0.707), abs=1.5)


@pytest.mark.parametrize("suffix", ["wav", "ogg"])
def test_the_surrounds_of_five_channels_weigh_what_ffmpeg_says(tmp_path, suffix):
    from pipeline.studio.meter import measure

    file = surround(tmp_path, suffix, 5, c0=speech(3.0), c3=speech(3.0, seed=2), c4=speech(3.0, seed=3))
    found = inspect(file, ffmpeg(), tmp_path)
    assert found.heard.loudness.integrated == pytest.approx(measure(file, ffmpeg()).integrated, abs=0.06)


def test_four_microphones_of_which_two_cancel_each_other_are_heard(tmp_path):
    voice, silence = speech(3.0), np.zeros(3 * RATE, np.float32)
    clip = probe(save(tmp_path / "a.wav", np.stack([voice, -voice, silence, silence], axis=1)), ffmpeg(), tmp_path)
    assert clip.opposed
    assert rms(clip.folded(np.concatenate(list(clip.blocks()), axis=1), 1)) == pytest.approx(rms(voice), abs=0.5)


def test_an_offset_of_one_side_is_not_hidden_by_the_other(tmp_path):
    sides = np.stack([speech(3.0), speech(3.0) + np.float32(0.03)], axis=1)
    with pytest.raises(BadRecording, match="DC"):
        probe(save(tmp_path / "a.wav", sides), ffmpeg(), tmp_path)


def test_what_is_no_sound_is_inspected_without_a_word_of_nonsense(tmp_path, capfd):
    for wild in (np.inf, -np.inf, np.nan, 3e38):
        samples = speech(3.0)
        samples[1000] = wild
        found = inspect(save(tmp_path / "a.wav", samples, subtype="FLOAT"), ffmpeg(), tmp_path)
        assert found.problem.code == "S-101"
        assert found.heard.loudness.true_peak < 1
        assert np.isfinite(found.heard.loudness.integrated)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "name",
    [
        "a'b.wav",
        'a"b.wav',
        "hai\ndòng.wav",
        "ព័ត៌មាន ថ្ងៃនេះ.wav",
        "-i.wav",
        "a;b|c.wav",
        "pipe:0",
        "tin: x.wav",
        "ក" * 83,
    ],
)
def test_a_name_is_only_a_name(tmp_path, name):
    file = save(tmp_path / "x.wav", speech(3.0)).rename(tmp_path / name)
    assert probe(file, ffmpeg(), tmp_path).seconds == pytest.approx(3.0, abs=0.1)
    import subprocess

    subprocess.run([ffmpeg(), "-loglevel", "error", "-i", f"file:{file}", tmp_path / "x.m4a"], check=True)
    other = (tmp_path / "x.m4a").rename(tmp_path / f"{name}.m4a")
    assert probe(other, ffmpeg(), tmp_path).seconds == pytest.approx(3.0, abs=0.3)


def test_a_header_that_promises_sixty_gigabytes_is_refused_at_once(tmp_path):
    data = save(tmp_path / "a.wav", speech(1.0)).read_bytes()
    size = 60_000_000_000
    head = b"RF64\xff\xff\xff\xffWAVEds64" + struct.pack("<IQQQI", 28, size, size - 80, size // 2, 0)
    (tmp_path / "b.wav").write_bytes(head + data[12:])
    with pytest.raises(BadRecording, match="cut short"):
        probe(tmp_path / "b.wav", ffmpeg(), tmp_path)
    (tmp_path / "c.wav").write_bytes(b"RIFF" + struct.pack("<I", 0x7FFEFFFF) + data[8:])
    with pytest.raises(BadRecording, match="cut short"):
        probe(tmp_path / "c.wav", ffmpeg(), tmp_path)


def test_three_hours_are_taken_and_five_are_not(tmp_path):
    minute = (speech(60.0, rate=8000) * 32767).astype(np.int16)
    with soundfile.SoundFile(tmp_path / "a.wav", "w", 8000, 1, "PCM_16") as sound:
        for _ in range(180):
            sound.write(minute)
    assert probe(tmp_path / "a.wav", ffmpeg(), tmp_path).seconds == pytest.approx(3 * 3600, abs=1)
    with soundfile.SoundFile(tmp_path / "b.wav", "w", 8000, 1, "PCM_U8") as sound:
        for _ in range(300):
            sound.write(minute)
    with pytest.raises(BadRecording, match="four hours"):
        probe(tmp_path / "b.wav", ffmpeg(), tmp_path)


def test_an_mp3_that_does_not_say_its_length_is_not_called_cut_for_its_pictures(tmp_path):
    from mutagen.id3 import APIC, ID3

    from tests.contract.test_studio_master import produced

    out, _, timeline = produced(tmp_path, save(tmp_path / "a.wav", speech(6.0)))
    tags = ID3()
    tags.add(APIC(encoding=0, mime="image/png", type=3, desc="", data=b"\xff\xfb" + b"x" * 300_000))
    tags.save(out)
    assert probe(out, ffmpeg(), tmp_path).seconds == pytest.approx(timeline.seconds, abs=0.5)


# --- inspected -------------------------------------------------------------------------------------------------------


def test_an_inspected_file_is_measured_even_where_it_must_not_air(tmp_path):
    good = inspect(save(tmp_path / "a.wav", speech(4.0)), ffmpeg(), tmp_path)
    assert (good.kind, good.sample_rate, good.channels, good.problem) == ("WAV PCM_16", RATE, 1, None)
    assert good.seconds == pytest.approx(4.0)
    assert good.heard.loudness.integrated == pytest.approx(good.clip.loudness[0], abs=1.0)
    offset = inspect(save(tmp_path / "b.wav", speech(4.0) + np.float32(0.3)), ffmpeg(), tmp_path)
    assert offset.problem.code == "S-101"
    assert offset.heard.seconds == pytest.approx(4.0)
    (tmp_path / "c.wav").write_bytes(b"<html>" * 100)
    nothing = inspect(tmp_path / "c.wav", ffmpeg(), tmp_path)
    assert (nothing.kind, nothing.heard) == ("", None)
    assert nothing.problem.code == "S-101"


def test_the_places_of_a_fault_are_told(tmp_path):
    samples = speech(20.0, level=0.2)
    for second in (3, 12):
        samples[second * RATE : second * RATE + 400] = 1.0
    clip = probe(save(tmp_path / "a.wav", samples), ffmpeg(), tmp_path)
    assert clip.clipped_at == (3.0, 12.0)
    sides = np.stack([speech(3.0), np.zeros(3 * RATE, np.float32)], axis=1)
    assert probe(save(tmp_path / "b.wav", sides), ffmpeg(), tmp_path).dead
    assert probe(save(tmp_path / "c.wav", np.stack([speech(3.0), -speech(3.0)], axis=1)), ffmpeg(), tmp_path).opposed
