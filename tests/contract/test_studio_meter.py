"""Our meter against EBU Tech 3341 and against ffmpeg's."""

import numpy as np
import pytest
import soundfile

from pipeline.studio.layout import weights
from pipeline.studio.limiter import curve
from pipeline.studio.meter import REACH, Gating, loudness_range, measure, true_peaks
from pipeline.studio.meter import read as metered
from pipeline.studio.tools import ffmpeg

RATES = [44100, 48000]
IN_PHASE = 10 * np.log10(2)
"""EBU's signals are stereo in phase; one channel of them reads this much less."""


def sine(level, seconds, rate, hertz=1000.0, phase=0.0):
    at = np.arange(round(seconds * rate)) / rate
    return (10 ** (level / 20) * np.sin(2 * np.pi * hertz * at + phase)).astype(np.float32)


def read(signal, rate):
    gating = Gating(rate)
    for start in range(0, len(signal), 50_001):  # blocks that fit no hop
        gating.feed(signal[start : start + 50_001])
    return gating.loudness() + IN_PHASE


CASES = {
    1: [(-23, 20)],
    2: [(-33, 20)],
    3: [(-36, 10), (-23, 60), (-36, 10)],
    4: [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)],
    5: [(-26, 20), (-20, 20.1), (-26, 20)],
}


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("case", CASES)
def test_the_meter_reads_the_ebu_cases_within_a_tenth(case, rate):
    signal = np.concatenate([sine(level, seconds, rate) for level, seconds in CASES[case]])
    assert read(signal, rate) == pytest.approx(-33 if case == 2 else -23, abs=0.1)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("divisor", "degrees"), [(4, 0), (4, 45), (6, 60), (8, 67.5)])
def test_a_true_peak_is_found_between_the_samples(rate, divisor, degrees):
    signal = sine(-6.0206, 0.5, rate, hertz=rate / divisor, phase=np.radians(degrees))
    rows = np.lib.stride_tricks.sliding_window_view(signal, 44 + 2 * REACH)[::44]
    inner = true_peaks(rows, 44)[4:-4]
    assert -6.0 - 0.4 <= 20 * np.log10(inner.max()) <= -6.0 + 0.2


@pytest.mark.parametrize("rate", [22050, 44100])
def test_our_meter_agrees_with_ffmpegs(tmp_path, rate):
    rng = np.random.default_rng(7)
    swell = np.repeat(np.abs(rng.standard_normal(150)), rate // 10)
    signal = (rng.standard_normal(len(swell)) * swell * 0.05).astype(np.float32)
    soundfile.write(tmp_path / "x.wav", signal, rate, subtype="FLOAT")
    theirs = measure(tmp_path / "x.wav", ffmpeg())
    assert read(signal, rate) - IN_PHASE == pytest.approx(theirs.integrated, abs=0.1)


def test_the_limiter_covers_every_peak_and_lets_go_again():
    rng = np.random.default_rng(3)
    peaks = rng.uniform(0.0, 0.4, 20_000).astype(np.float32)
    loud = rng.integers(100, 19_000, 300)
    peaks[loud] = rng.uniform(0.5, 4.0, 300).astype(np.float32)
    peaks[19_000:] = 0.1
    gain = 10 ** (curve(peaks, 0.5) / 20)
    assert (peaks * gain <= 0.5 * 1.0001).all()
    assert (gain <= 1.0).all()
    assert gain[19_800:].min() > 0.95  # a passage that needed it all along is let go of slowly
    assert 10 ** (curve(np.pad(peaks, (0, 2000), constant_values=0.1), 0.5)[-500:].min() / 20) > 0.999
    assert np.abs(np.diff(20 * np.log10(gain))).max() < 3.0  # dB in a millisecond: no click


def test_what_is_below_the_ceiling_is_not_touched():
    assert not curve(np.full(1000, 0.4, np.float32), 0.5).any()


# --- more of EBU Tech 3341 and 3342; signals are stereo in phase where nothing else is said ---


@pytest.mark.parametrize("rate", RATES)
def test_five_channels_count_as_the_standard_weighs_them(rate):
    levels = (-28.0, -28.0, -24.0, None, -30.0, -30.0)  # case 6, with an empty channel for effects
    signal = np.stack([sine(level, 20, rate) if level else np.zeros(20 * rate, np.float32) for level in levels])
    gating = Gating(rate, weights(6, "PCM_16"))
    gating.feed(signal)
    assert gating.loudness() == pytest.approx(-23.0, abs=0.1)
    noisy = signal.copy()
    noisy[3] = sine(-6, 20, rate)
    gating = Gating(rate, weights(6, "PCM_16"))
    gating.feed(noisy)
    assert gating.loudness() == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("rate", RATES)
def test_a_true_peak_above_full_scale_is_found(rate):
    signal = (1.41 * np.sin(2 * np.pi * np.arange(round(0.5 * rate)) / 4 + np.pi / 4)).astype(np.float32)  # case 19
    found = metered(iter([signal[None, 2000:-2000]]), rate)
    assert 3.0 - 0.4 <= found.loudness.true_peak <= 3.0 + 0.2


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(
    ("levels", "wanted"),
    [((-20, -30), 10), ((-20, -15), 5), ((-40, -20), 20), ((-50, -35, -20, -35, -50), 15)],
    ids=["1", "2", "3", "4"],
)
def test_the_loudness_range_is_what_tech_3342_says(rate, levels, wanted):
    gating = Gating(rate, (1.0, 1.0))
    for level in levels:
        gating.feed(np.stack([sine(level, 20, rate)] * 2))
    assert loudness_range(gating.energy) == pytest.approx(wanted, abs=1)


@pytest.mark.parametrize("rate", RATES)
def test_momentary_and_short_term_levels_are_the_highest_there_are(rate):
    quiet, loud = sine(-40, 5, rate), sine(-20, 1, rate)
    found = metered(iter([np.stack([np.concatenate([quiet, loud, quiet])] * 2)]), rate, (1.0, 1.0))
    assert found.momentary == pytest.approx(-20, abs=0.1)
    assert found.short_term == pytest.approx(-20 + 10 * np.log10(1 / 3), abs=0.2)  # one second of three


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("kind", ["speech", "music", "stereo", "hot"])
def test_our_whole_reading_agrees_with_ffmpegs(tmp_path, rate, kind):
    from tests.contract.test_studio_master import speech

    at = np.arange(rate * 15) / rate
    music = (
        sum(np.sin(2 * np.pi * f * at) * (1 + np.sin(at * k)) for k, f in enumerate((220, 331, 554, 880, 2217), 1)) / 12
    )
    signals = {
        "speech": speech(15.0, rate=rate)[None], "music": music[None].astype(np.float32),
        "stereo": np.stack([speech(15.0, rate=rate), speech(15.0, rate=rate, seed=2) * 0.5]),
        "hot": np.clip(speech(15.0, rate=rate, level=4.0), -0.9, 0.9)[None],
    }  # fmt: skip
    signal = np.ascontiguousarray(signals[kind], np.float32)
    soundfile.write(tmp_path / "x.wav", signal.T, rate, subtype="FLOAT")
    ours = metered((signal[:, n : n + 70_001] for n in range(0, signal.shape[1], 70_001)), rate, (1.0,) * len(signal))
    theirs = measure(tmp_path / "x.wav", ffmpeg())
    assert ours.loudness.integrated == pytest.approx(theirs.integrated, abs=0.1)
    assert -0.4 <= ours.loudness.true_peak - theirs.true_peak <= 0.2
    assert ours.loudness.range == pytest.approx(theirs.range, abs=0.3)


@pytest.mark.parametrize("rate", [44100, 48000, 22050, 11025])
def test_a_waveform_does_not_run_late_in_a_long_programme(rate):
    blocks = (np.full((1, 5 * rate), 0.5 if at == 590 else 0.0, np.float32) for at in range(0, 600, 5))
    found = metered(blocks, rate)
    assert len(found.peaks) - len(found.energy) in {0, 1}
    assert np.flatnonzero(found.peaks > 0.1)[0] * found.tick == pytest.approx(590, abs=0.11)
    assert np.flatnonzero(found.energy > 1e-3)[0] * found.tick == pytest.approx(590, abs=0.11)
