"""Masters as a listener and an old player get them, measured by ffmpeg's own meter."""

import subprocess
import sys
from contextlib import suppress
from datetime import datetime

import lameenc
import numpy as np
import pytest
import soundfile
from matplotlib.image import imread
from mutagen.apev2 import APEv2
from mutagen.id3 import APIC, ID3

from pipeline.core.errors import BadRecording, MasterRejected
from pipeline.core.model import Language, Profile
from pipeline.core.rundown import Segment, SegmentKind, lay
from pipeline.studio import jingle
from pipeline.studio.codec import loss
from pipeline.studio.container import is_open_ended
from pipeline.studio.decode import LOOSE, probe
from pipeline.studio.master import master
from pipeline.studio.meter import measure
from pipeline.studio.mix import mix
from pipeline.studio.picture import Caption, cover, draw
from pipeline.studio.tag import Tags, tag
from pipeline.studio.tools import ffmpeg
from tests import music

PROFILE = Profile(name="loa-xa")


def speech(seconds=8.0, rate=24000, level=0.1, seed=1):
    """Noise with the rhythm and the crest of speech: bursts of syllables, pauses between words."""
    rng = np.random.default_rng(seed)
    count = round(seconds * 8)
    syllables = np.where(rng.random(count) < 0.75, rng.uniform(0.2, 1.0, count), 0.003)
    envelope = np.interp(np.arange(round(seconds * rate)), np.arange(count) * rate / 8, syllables)
    voiced = np.convolve(rng.standard_normal(len(envelope)), np.hanning(24), "same")
    return (voiced * envelope * level / np.abs(voiced).max()).astype(np.float32)


def save(path, samples, rate=24000, **options):
    soundfile.write(path, samples, rate, **options)
    return path


def clips(tmp_path, *files):
    return {file.stem: probe(file, ffmpeg(), tmp_path) for file in files}


def rundown(sounds, kind=SegmentKind.SPEECH, pause=0.3):
    return [Segment(kind=kind, seconds=c.seconds, source=name, pause=pause) for name, c in sounds.items()]


def produced(tmp_path, *files, profile=PROFILE, bed=None):
    sounds = clips(tmp_path, *files)
    timeline = lay(rundown(sounds), bed=bed is not None)
    under = probe(bed, ffmpeg(), tmp_path) if bed else None
    mixed = mix(timeline, sounds, tmp_path, under, channels=(profile.channels,))[profile.channels]
    out = tmp_path / f"out{profile.suffix}"
    made = master(mixed, profile, out, ffmpeg())
    return out, made, timeline


def cases():
    rng = np.random.default_rng(5)
    clipped = np.clip(speech(level=6.0), -1, 1)
    whisper = speech(level=0.003)
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(24000 * 4) / 24000)).astype(np.float32)
    clicks = speech()
    clicks[rng.integers(0, len(clicks), 40)] = 1.0
    return {"speech": speech(), "clipped": clipped, "whisper": whisper, "tone": tone, "clicks": clicks,
            "one second": speech(1.0), "half a second": speech(0.5)}  # fmt: skip


@pytest.mark.parametrize("name", list(cases()))
def test_every_master_is_on_target_and_under_its_ceiling(tmp_path, name):
    out, made, _ = produced(tmp_path, save(tmp_path / "a.wav", cases()[name], subtype="FLOAT"))
    found = measure(out, ffmpeg())
    if name != "half a second":  # ffmpeg's meter needs 400 ms blocks to overlap
        assert found.integrated == pytest.approx(-16.0, abs=0.3)
    assert found.true_peak <= -1.5
    assert made.loudness.integrated == pytest.approx(found.integrated, abs=0.1)
    assert made.loudness.true_peak == pytest.approx(found.true_peak, abs=0.15)


@pytest.mark.parametrize("kbps", [48, 64, 128, 192])
def test_other_bit_rates_meet_their_target_too(tmp_path, kbps):
    profile = Profile(name="x", kbps=kbps, target=-18.0, ceiling=-1.0)
    out, _, _ = produced(tmp_path, save(tmp_path / "a.wav", speech()), profile=profile)
    found = measure(out, ffmpeg())
    assert found.integrated == pytest.approx(-18.0, abs=0.3)
    assert found.true_peak <= -1.0


@pytest.mark.parametrize("kbps", [48, 64, 128, 160, 192, 224, 256])
def test_the_encoders_loss_is_what_the_table_says(tmp_path, kbps):
    wave = (0.25 * np.sin(2 * np.pi * 1000 * np.arange(44100 * 6) / 44100)).astype(np.float32)
    encoder = lameenc.Encoder()
    encoder.set_bit_rate(kbps)
    encoder.set_in_sample_rate(44100)
    encoder.set_channels(1)
    encoder.set_quality(5)
    encoder.silence()
    data = encoder.encode((wave * 32767).astype("<i2").tobytes()) + encoder.flush()
    (tmp_path / "x.mp3").write_bytes(data)
    back, _ = soundfile.read(tmp_path / "x.mp3", dtype="float32")
    middle = slice(44100, 44100 * 5)
    lost = 20 * np.log10(np.sqrt(np.mean(wave[middle] ** 2)) / np.sqrt(np.mean(back[middle] ** 2)))
    assert lost == pytest.approx(loss(Profile(name="x", kbps=kbps)), abs=0.05)


def test_loud_and_quiet_speakers_come_out_alike(tmp_path):
    loud = save(tmp_path / "a.wav", speech(level=0.9))
    quiet = save(tmp_path / "b.wav", speech(level=0.03), subtype="FLOAT")
    out, _, timeline = produced(tmp_path, loud, quiet)
    sound, rate = soundfile.read(out, dtype="float32")
    levels = []
    for placed in timeline.placed:
        part = sound[round((placed.start + 0.2) * rate) : round((placed.end - 0.2) * rate)]
        levels.append(20 * np.log10(np.sqrt(np.mean(part**2))))
    assert abs(levels[0] - levels[1]) < 2.0


def test_the_same_mix_gives_the_same_bytes(tmp_path):
    source = save(tmp_path / "a.wav", speech())
    first = produced(tmp_path, source)[0].read_bytes()
    assert produced(tmp_path, source)[0].read_bytes() == first


def test_the_file_is_constant_bit_rate_mono_without_a_xing_frame(tmp_path):
    out, _, timeline = produced(tmp_path, save(tmp_path / "a.wav", speech()))
    data = out.read_bytes()
    assert b"Xing" not in data
    assert b"Info" not in data[:1000]
    assert data[0] == 0xFF
    assert data[1] & 0xFA == 0xFA  # MPEG 1, layer III
    bit_rates, at = set(), 0
    while at + 4 <= len(data):
        header = data[at : at + 4]
        assert header[0] == 0xFF
        bit_rates.add(header[2] >> 4)
        assert header[3] >> 6 == 3  # mono
        at += 144 * 64000 // 44100 + (header[2] >> 1 & 1)
    assert bit_rates == {5}  # 64 kbit/s
    assert soundfile.info(out).duration == pytest.approx(timeline.seconds, abs=0.15)


def test_tags_are_of_the_old_version_and_keep_khmer_whole(tmp_path):
    out, _, _ = produced(tmp_path, save(tmp_path / "a.wav", speech()))
    tags = Tags(title="ព័ត៌មាន — Bản tin", artist="Sở", album="Bản tin", languages=(Language.KM, Language.VI),
                date=datetime(2026, 11, 25))  # fmt: skip # noqa: DTZ001 - a local day
    before = measure(out, ffmpeg())
    tag(out, tags)
    first = out.read_bytes()
    assert first[:4] == b"ID3\x03"
    assert first[-128:-125] != b"TAG"
    read = ID3(out, translate=False)
    assert read["TIT2"].text == ["ព័ត៌មាន — Bản tin"]
    assert read["TLAN"].text == ["khmvie"]
    assert measure(out, ffmpeg()) == before
    tag(out, tags)
    assert out.read_bytes() == first


def test_a_bed_lies_under_the_words_and_not_over_them(tmp_path):
    jingle.make(None, "mac-dinh", tmp_path / "bed.wav")
    source = save(tmp_path / "a.wav", np.concatenate([speech(4.0), np.zeros(24000 * 3, np.float32), speech(4.0)]))
    _, _, timeline = produced(tmp_path, source)
    bare = np.fromfile(tmp_path / "mix-1.f32", np.float32)
    produced(tmp_path, source, bed=tmp_path / "bed.wav")
    music = np.fromfile(tmp_path / "mix-1.f32", np.float32) - bare
    level = 20 * np.log10(np.sqrt(np.mean(music[3 * 44100 : 8 * 44100] ** 2)) / np.sqrt(np.mean(bare**2)))
    assert -26 < level < -14
    assert np.abs(music[round(timeline.placed[-1].end * 44100) :]).max(initial=0) < 1e-4


def whole(mixes):
    return mixes[1].samples(0, mixes[1].frames)[0]


def bed_alone(tmp_path, *parts, bed):
    """The bed as it lies in a mix of some parts: the mix with it less the mix without."""
    source = save(tmp_path / "a.wav", np.concatenate(parts), subtype="FLOAT")
    produced(tmp_path, source)
    bare = np.fromfile(tmp_path / "mix-1.f32", np.float32)
    produced(tmp_path, source, bed=bed)
    return np.fromfile(tmp_path / "mix-1.f32", np.float32) - bare


def tone(tmp_path, name, seconds=1.0, rate=44100):
    samples = 0.1 * np.sin(2 * np.pi * 400 * np.arange(round(seconds * rate)) / rate)
    return save(tmp_path / name, samples.astype(np.float32), rate, subtype="FLOAT")


def envelope(samples, rate=44100):
    """RMS of each 5 ms (two periods of the tone), in dB."""
    hop = rate // 200
    rows = samples[: len(samples) // hop * hop].reshape(-1, hop)
    return 10 * np.log10(np.maximum(np.mean(np.square(rows, dtype=np.float64), axis=1), 1e-12))


@pytest.mark.parametrize("rate", [44100, 22050])
def test_a_bed_begins_again_without_a_seam(tmp_path, rate):
    level = envelope(bed_alone(tmp_path, speech(9.0), bed=tone(tmp_path, "bed.wav", rate=rate)))
    steady = level[round(2.5 * 200) : round(6.5 * 200)]  # between its fades it begins again four times
    assert steady.max() - steady.min() < 0.5
    assert level[10] < steady.min() - 20  # it fades in and out
    assert level[round(8.9 * 200)] < steady.min() - 3


def test_a_bed_that_ends_in_the_middle_of_a_wave_begins_again_without_a_click(tmp_path):
    wave = 0.3 * np.sin(2 * np.pi * 400 * np.arange(round(44100 * 1.30056)) / 44100)
    cut = save(tmp_path / "bed.wav", wave.astype(np.float32), 44100, subtype="FLOAT")
    samples = bed_alone(tmp_path, speech(9.0), bed=cut)[round(2.5 * 44100) : round(6.5 * 44100)]
    bend = np.abs(np.diff(samples, 2))
    assert bend.max() < 2 * np.percentile(bend, 99)
    level = envelope(samples)
    assert level.max() - level.min() < 8


def test_a_bed_rises_in_a_long_pause_and_ducks_before_the_next_word(tmp_path):
    save(tmp_path / "one.wav", speech(5.0))
    save(tmp_path / "two.wav", speech(5.0, seed=2))
    sounds = clips(tmp_path, tmp_path / "one.wav", tmp_path / "two.wav")
    under = probe(tone(tmp_path, "bed.wav"), ffmpeg(), tmp_path)
    timeline = lay(rundown(sounds, pause=3.0), bed=True)
    bare = whole(mix(timeline, sounds, tmp_path))
    level = envelope(whole(mix(timeline, sounds, tmp_path, under)) - bare)
    first, second = timeline.placed
    during = level[round(3.0 * 200) : round((first.end - 0.1) * 200)]
    between = level[round((first.end + 1.2) * 200) : round((second.start - 0.6) * 200)]
    assert between.min() - during.max() == pytest.approx(8.0, abs=1.0)
    assert level[round((second.start + 0.1) * 200)] == pytest.approx(float(np.median(during)), abs=1.0)


def test_a_bed_does_not_jump_where_a_pause_begins_while_it_fades_in(tmp_path):
    save(tmp_path / "one.wav", speech(1.0))
    save(tmp_path / "two.wav", speech(6.0, seed=2))
    sounds = clips(tmp_path, tmp_path / "one.wav", tmp_path / "two.wav")
    under = probe(tone(tmp_path, "bed.wav"), ffmpeg(), tmp_path)
    timeline = lay(rundown(sounds, pause=1.5), bed=True)
    bare = whole(mix(timeline, sounds, tmp_path))
    level = envelope(whole(mix(timeline, sounds, tmp_path, under)) - bare)
    heard = level[(level > -80)]
    assert np.abs(np.diff(heard)).max() < 2.0  # dB in 5 ms


def test_a_clip_that_starts_in_the_middle_of_a_wave_does_not_click(tmp_path):
    wave = (0.3 * np.cos(2 * np.pi * 200 * np.arange(24000) / 24000)).astype(np.float32)  # full level at once
    sounds = clips(tmp_path, save(tmp_path / "a.wav", wave, subtype="FLOAT"))
    samples = whole(mix(lay([Segment(kind=SegmentKind.PAUSE, seconds=0.5), *rundown(sounds)]), sounds, tmp_path))
    assert np.abs(np.diff(samples)).max() < 1.5 * np.abs(np.diff(samples[22050 + 11025 : 22050 + 22050])).max()


@pytest.mark.parametrize(("kbps", "rate"), [(48, 44100), (56, 44100), (64, 44100), (64, 48000), (48, 32000)])
def test_a_master_has_the_sample_rate_of_its_profile(tmp_path, kbps, rate):
    profile = Profile(name="x", kbps=kbps, sample_rate=rate)
    out, _, _ = produced(tmp_path, save(tmp_path / "a.wav", speech(4.0)), profile=profile)
    assert soundfile.info(out).samplerate == rate


def test_our_music_is_made_the_same_every_time_and_does_not_clip(tmp_path):
    kinds = (SegmentKind.IDENT, SegmentKind.STING, SegmentKind.OUTRO, None)
    heard = set()
    for kind, name in ((k, n) for k in kinds for n in jingle.names(k)):
        jingle.make(kind, name, tmp_path / "a.wav")
        music.make_anew()
        jingle.make(kind, name, tmp_path / "b.wav")
        data = (tmp_path / "a.wav").read_bytes()
        assert data == (tmp_path / "b.wav").read_bytes()
        heard.add(data)
        samples, rate = soundfile.read(tmp_path / "a.wav")
        assert 1 < len(samples) / rate < 40
        assert 0.05 < np.abs(samples).max() < 0.99
        assert np.abs(samples[-1]).max() < 0.01 or kind is None  # it ends before it stops; a bed goes on from its start
        assert np.abs(samples.mean(axis=1)).max() > 0.7 * np.abs(samples).max()  # it is all there on one channel
    assert len(heard) == 8


def test_the_picture_is_a_png_of_known_size_and_always_the_same(tmp_path):
    _, made, timeline = produced(tmp_path, save(tmp_path / "a.wav", speech()))
    caption = Caption(title="ព័ត៌មានពេលព្រឹក · Bản tin sáng", subtitle="phát 25/11/2026 05:00")
    for name in ("a.png", "b.png"):
        draw(made.heard, timeline, PROFILE, caption, tmp_path / name)
    data = (tmp_path / "a.png").read_bytes()
    assert data == (tmp_path / "b.png").read_bytes()
    assert (int.from_bytes(data[16:20]), int.from_bytes(data[20:24])) == (1400, 420)
    assert len(data) < 150_000


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The upper edge of a picture with a title, dark where there are letters."""
    folder = tmp_path_factory.mktemp("drawn")
    _, made, _ = produced(folder, save(folder / "a.wav", speech(2.0)))

    def title(text, subtitle="phát 25/11/2026 05:00 · dài 0:02 · -16,0 LUFS · -1,9 dBTP"):
        only = lay([Segment(kind=SegmentKind.RECORDING, seconds=2.0, source="a", text=text)])
        draw(made.heard, only, PROFILE, Caption(title=text, subtitle=subtitle), folder / "a.png")
        return imread(folder / "a.png")[:45, :, :3].mean(axis=2)

    return title


def test_dollars_in_a_title_are_drawn_as_they_are(drawn):
    width = [np.flatnonzero(drawn(text, "").min(axis=0) < 0.5)[-1] for text in ("Giá 5$ và 10$", "Giá 5S và 10S")]
    assert width[0] == pytest.approx(width[1], abs=3)
    drawn("Giá 5$ và x_^{ 10$")  # which would be a faulty formula


@pytest.mark.filterwarnings("error")
def test_what_the_fonts_lack_is_left_out_without_a_warning(drawn, tmp_path):
    wanted = drawn("Tin mới", "phát 05:00")
    assert np.array_equal(drawn("Tin 🎉 mới 漢字\ufe0f", "phát 🕔 05:00"), wanted)
    assert not np.array_equal(drawn("🎉🎉"), wanted)
    for name, sign in (("a", ""), ("b", " 🎉")):
        cover(f"Tin{sign} mới", f"về{sign}", f"xã{sign}", tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_long_title_leaves_room_for_date_and_level(drawn):
    short, *long = drawn("Tin"), drawn("Tin bão số 5 khẩn cấp " * 6), drawn("ព័ត៌មាន" * 30), drawn("W" * 300)
    begins = np.flatnonzero(short[:, 500:].min(axis=0) < 0.5)[0] + 500
    for picture in long:
        assert np.array_equal(short[:, begins - 20 :], picture[:, begins - 20 :])
        assert picture[:, begins - 300 : begins - 20].min() < 0.5


@pytest.mark.parametrize("ceiling", [-1.5, -6.0])
def test_the_picture_shows_the_ceiling_as_a_line_on_either_side(tmp_path, ceiling):
    _, made, timeline = produced(tmp_path, save(tmp_path / "a.wav", speech()))
    profile = Profile(name="x", ceiling=ceiling)
    draw(made.heard, timeline, profile, Caption(title="Bản tin", subtitle=""), tmp_path / "a.png")
    red = np.diff(imread(tmp_path / "a.png")[:230, :, :2], axis=2)[:, :, 0] < -0.15  # the waveform's half
    lines = np.flatnonzero(red.sum(axis=1) > 400)
    high, low = lines[0], lines[-1]
    assert (low - high) / 2 == pytest.approx(10 ** (ceiling / 20) * 68, abs=2)  # pixels from the middle to full scale


def test_memory_does_not_grow_with_the_length_of_the_programme(tmp_path):
    code = (
        "import resource, sys; from pathlib import Path; from pipeline.studio.decode import probe\n"
        "from pipeline.studio.mix import mix; from pipeline.studio.master import master\n"
        "from pipeline.studio.tools import ffmpeg; from pipeline.core.model import Profile\n"
        "from pipeline.core.rundown import Segment, SegmentKind, lay\n"
        "top = Path(sys.argv[1]); clip = probe(top / 'a.wav', ffmpeg(), top)\n"
        "part = Segment(kind=SegmentKind.SPEECH, seconds=clip.seconds, source='a', pause=0.3)\n"
        "mixed = mix(lay([part] * int(sys.argv[2])), {'a': clip}, top)[1]\n"
        "master(mixed, Profile(name='x'), top / 'o.mp3', ffmpeg())\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)\n"
    )
    save(tmp_path / "a.wav", speech(20.0))
    used = []
    for times in (3, 30):  # one minute, ten minutes
        command = [sys.executable, "-c", code, str(tmp_path), str(times)]
        used.append(int(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    assert used[1] - used[0] < 60


# --- what must not air -----------------------------------------------------------------------------------------------


def mp3_with_length(tmp_path):
    """An MP3 that declares its length, as most programs write it."""
    save(tmp_path / "a.wav", speech(20.0))
    command = [ffmpeg(), "-loglevel", "error", "-i", tmp_path / "a.wav", "-b:a", "64k", tmp_path / "whole.mp3"]
    subprocess.run(command, check=True)
    return (tmp_path / "whole.mp3").read_bytes()


def bad_recordings(tmp_path):
    good = save(tmp_path / "good.wav", speech(3.0)).read_bytes()
    nan = speech(2.0)
    nan[5000] = np.nan
    yield "rỗng", b""
    yield "văn bản", b"<html><body>404 Not Found</body></html>" * 50
    yield "ngẫu nhiên", np.random.default_rng(1).bytes(60_000)
    yield "chỉ có đầu", good[:44]
    yield "cụt", good[: len(good) // 2]
    yield "100 mẫu", save(tmp_path / "s.wav", speech(2.0)[:100]).read_bytes()
    yield "NaN", save(tmp_path / "n.wav", nan, subtype="FLOAT").read_bytes()
    yield "im lặng", save(tmp_path / "z.wav", np.zeros(48000, np.float32)).read_bytes()
    yield "mp3 cụt", mp3_with_length(tmp_path)[:90_000]
    yield "danh sách", b"#EXTM3U\nfile:///etc/passwd\n" + b"#\n" * 500


def test_a_bad_recording_is_refused_with_its_reason(tmp_path):
    taken = []
    for name, data in bad_recordings(tmp_path):
        file = tmp_path / "x.bin"
        file.write_bytes(data)
        with suppress(BadRecording):
            probe(file, ffmpeg(), tmp_path)
            taken.append(name)
    assert taken == []


def test_a_whole_recording_of_each_kind_is_taken(tmp_path):
    save(tmp_path / "a.wav", speech(5.0))
    for suffix in ("flac", "ogg", "mp3", "m4a", "opus", "wma", "aac"):
        out = tmp_path / f"a.{suffix}"
        subprocess.run([ffmpeg(), "-loglevel", "error", "-i", tmp_path / "a.wav", "-y", out], check=True)
        assert probe(out, ffmpeg(), tmp_path).seconds == pytest.approx(5.0, abs=0.3), suffix


KINDS = {
    "wav": [], "aiff": [], "flac": [], "wma": [], "m4a": ["-movflags", "faststart"], "opus": [],
    "webm": ["-c:a", "libopus"], "mka": ["-c:a", "aac"], "ogg": ["-c:a", "libvorbis"], "oga": ["-c:a", "flac"],
    "mp3": [], "rf64.wav": ["-rf64", "always"],
}  # fmt: skip


@pytest.mark.parametrize("suffix", KINDS)
def test_a_file_that_lost_its_second_half_on_the_way_is_refused(tmp_path, suffix):
    save(tmp_path / "a.wav", speech(20.0))
    whole, half = tmp_path / f"b.{suffix}", tmp_path / f"c.{suffix}"
    command = [ffmpeg(), "-loglevel", "error", "-i", tmp_path / "a.wav", *KINDS[suffix], whole]
    subprocess.run(command, check=True)
    assert probe(whole, ffmpeg(), tmp_path).seconds == pytest.approx(20.0, abs=0.3)
    data = whole.read_bytes()
    half.write_bytes(data[: len(data) // 2])
    with pytest.raises(BadRecording, match=r"cut short|damaged"):
        probe(half, ffmpeg(), tmp_path)


def test_a_file_that_was_cut_between_two_frames_is_refused(tmp_path):
    data = save(tmp_path / "a.flac", speech(10.0)).read_bytes()
    frame = data.index(b"\xff\xf8", len(data) // 2)  # every byte before it decodes
    (tmp_path / "b.flac").write_bytes(data[:frame])
    with pytest.raises(BadRecording, match="cut short"):
        probe(tmp_path / "b.flac", ffmpeg(), tmp_path)


def test_a_list_of_other_files_is_never_followed_even_behind_a_tag(tmp_path):
    save(tmp_path / "secret.wav", speech(3.0))
    tagged = b"ID3\x03" + bytes(6) + b"ffconcat version 1.0\nfile secret.wav\n"
    (tmp_path / "a.mp3").write_bytes(tagged)
    with pytest.raises(BadRecording):
        probe(tmp_path / "a.mp3", ffmpeg(), tmp_path)


@pytest.mark.parametrize("suffix", ["wav", "aiff"])
def test_a_file_with_a_broken_header_is_called_damaged_and_not_no_sound(tmp_path, suffix):
    file = save(tmp_path / f"a.{suffix}", speech(3.0))
    data = file.read_bytes()
    file.write_bytes(data[:12] + b"\xee" * 24 + data[36:])
    with pytest.raises(BadRecording, match="damaged"):
        probe(file, ffmpeg(), tmp_path)


def test_a_header_that_counts_itself_or_never_knew_the_length_is_no_cut_file(tmp_path):
    data = save(tmp_path / "a.wav", speech(3.0)).read_bytes()
    for declared in (len(data), 0, 0x7FFFF024, 0xFFFFFFFF):
        (tmp_path / "b.wav").write_bytes(data[:4] + declared.to_bytes(4, "little") + data[8:])
        assert probe(tmp_path / "b.wav", ffmpeg(), tmp_path).seconds == pytest.approx(3.0, abs=0.3)
    piped = subprocess.run(
        [ffmpeg(), "-loglevel", "error", "-i", tmp_path / "a.wav", "-f", "wav", "pipe:1"],
        check=True, capture_output=True,
    ).stdout  # fmt: skip
    (tmp_path / "c.wav").write_bytes(piped)
    assert probe(tmp_path / "c.wav", ffmpeg(), tmp_path).seconds == pytest.approx(3.0, abs=0.3)


def test_an_ogg_file_whose_recorder_never_closed_it_is_taken_and_known_for_it(tmp_path):
    save(tmp_path / "a.wav", speech(5.0))
    whole = tmp_path / "a.opus"
    subprocess.run([ffmpeg(), "-loglevel", "error", "-i", tmp_path / "a.wav", whole], check=True)
    data = whole.read_bytes()
    assert not is_open_ended(whole)
    open_ended = tmp_path / "b.opus"
    open_ended.write_bytes(data[: data.rindex(b"OggS")])
    assert is_open_ended(open_ended)
    assert probe(open_ended, ffmpeg(), tmp_path).seconds > 2
    for cut in (1, 3, 20, 200):
        open_ended.write_bytes(data[: data.rindex(b"OggS") + cut])
        with pytest.raises(BadRecording, match="cut short"):
            probe(open_ended, ffmpeg(), tmp_path)


def test_a_damaged_file_is_called_damaged_and_not_no_sound(tmp_path):
    flac = save(tmp_path / "a.flac", speech(10.0))
    data = bytearray(flac.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 400] = bytes(400)
    flac.write_bytes(data)
    with pytest.raises(BadRecording, match="damaged"):
        probe(flac, ffmpeg(), tmp_path)


def encoded(tmp_path, name, *options):
    save(tmp_path / "a.wav", speech(20.0))
    out = tmp_path / name
    subprocess.run([ffmpeg(), "-loglevel", "error", "-y", "-i", tmp_path / "a.wav", *options, out], check=True)
    return out.read_bytes()


def wounds(data, page=b""):
    """What happens to a file on a bad card: bytes destroyed, a few bits flipped, a piece in the middle lost."""
    quarter, middle = len(data) // 4, len(data) // 2
    yield "destroyed", data[:quarter] + np.random.default_rng(1).bytes(quarter) + data[2 * quarter :]
    yield "zeros", data[:quarter] + bytes(quarter) + data[2 * quarter :]
    flipped = np.frombuffer(data, np.uint8).copy()
    flipped[5000::700] ^= 0xFF
    yield "flipped", flipped.tobytes()
    lost = data.index(page, middle) if page else middle
    yield "lost", data[:lost] + data[data.index(page, lost + 100) if page else lost + 100 :]


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.opus", []), ("a.ogg", ["-c:a", "libvorbis"]), ("a.mp3", ["-write_xing", "0"]), ("b.mp3", [])],
)
def test_a_compressed_file_that_is_damaged_in_the_middle_is_refused(tmp_path, name, options):
    data = encoded(tmp_path, name, *options)
    taken = []
    for kind, wounded in wounds(data, b"" if "mp3" in name else b"OggS"):
        file = tmp_path / f"w-{name}"
        file.write_bytes(wounded)
        with suppress(BadRecording):
            probe(file, ffmpeg(), tmp_path)
            taken.append(kind)
    assert taken == []


def test_an_mp3_with_tags_pictures_or_zeros_or_cut_out_of_another_is_whole(tmp_path):
    bare = encoded(tmp_path, "a.mp3", "-write_xing", "0", "-id3v2_version", "0", "-b:a", "64k")
    tags = ID3()
    tags.add(APIC(encoding=0, mime="image/png", type=3, desc="", data=b"\xff\xfb\x90\x00" + b"x" * 30_000))
    (tmp_path / "tags").write_bytes(b"")
    tags.save(tmp_path / "tags")
    ape = APEv2()
    ape["Title"] = "Tin " * 500
    (tmp_path / "ape").write_bytes(b"")
    ape.save(tmp_path / "ape")
    tag, ape, old = (tmp_path / "tags").read_bytes(), (tmp_path / "ape").read_bytes(), b"TAG" + bytes(125)
    odd = {
        "picture": tag + bare, "old tag": bare + old, "ape": bare + ape, "both": bare + ape + old,
        "zeros first": bytes(3000) + bare, "joined": tag + bare + old + tag + encoded(tmp_path, "b.mp3"),
        "from the middle of a frame": bare[5000:], "last frame cut": bare[:-100],
        "stereo": encoded(tmp_path, "c.mp3", "-ac", "2", "-q:a", "4"),
        "16 kHz": encoded(tmp_path, "d.mp3", "-ar", "16k"),
        "layer 2": encoded(tmp_path, "e.mp2"),
    }  # fmt: skip
    refused = {}
    for name, data in odd.items():
        (tmp_path / "x.mp3").write_bytes(data)
        try:
            assert probe(tmp_path / "x.mp3", ffmpeg(), tmp_path).seconds > 18
        except BadRecording as problem:
            refused[name] = problem.message.en
    assert refused == {}


def test_a_name_that_promises_bare_samples_is_refused_and_does_not_crash(tmp_path):
    (tmp_path / "a.raw").write_bytes(np.random.default_rng(1).bytes(60_000))
    with pytest.raises(BadRecording, match="no sound file"):
        probe(tmp_path / "a.raw", ffmpeg(), tmp_path)


def test_a_recording_that_lies_to_one_side_is_refused_with_that_reason(tmp_path):
    file = save(tmp_path / "a.wav", speech(3.0) + np.float32(0.05))
    with pytest.raises(BadRecording, match="DC"):
        probe(file, ffmpeg(), tmp_path)
    probe(save(tmp_path / "b.wav", speech(3.0) + np.float32(0.01)), ffmpeg(), tmp_path)


def test_samples_far_beyond_full_scale_are_refused_and_a_hot_recording_is_not(tmp_path):
    wild = speech(3.0)
    wild[1000] = 3e38
    with pytest.raises(BadRecording, match="full scale"):
        probe(save(tmp_path / "a.wav", wild, subtype="FLOAT"), ffmpeg(), tmp_path)
    probe(save(tmp_path / "b.wav", speech(3.0, level=1.9), subtype="FLOAT"), ffmpeg(), tmp_path)


def test_a_knock_on_the_microphone_costs_no_word_at_the_ends(tmp_path):
    word = np.random.default_rng(2).uniform(-0.001, 0.001, 12000).astype(np.float32)
    words = [np.zeros(24000, np.float32), word, speech(4.0, level=0.01), word, np.zeros(24000, np.float32)]
    samples = np.concatenate(words)
    samples[len(samples) // 2 : len(samples) // 2 + 40] = 1.0
    clip = probe(save(tmp_path / "a.wav", samples, subtype="FLOAT"), ffmpeg(), tmp_path, margin=LOOSE)
    assert clip.start <= 24000
    assert clip.end >= len(samples) - 24000
    assert clip.cut == pytest.approx(2.0 - 2 * LOOSE, abs=0.15)


def test_a_word_that_begins_softly_25_db_below_the_rest_is_kept_whole(tmp_path):
    noise = np.random.default_rng(4).uniform(-1, 1, 14400)
    soft = (0.3 * 10 ** (-25 / 20) * noise * np.hanning(14400)).astype(np.float32)
    samples = np.concatenate([np.zeros(24000, np.float32), soft, np.zeros(12000, np.float32), speech(4.0, level=0.3)])
    clip = probe(save(tmp_path / "a.wav", samples), ffmpeg(), tmp_path, margin=LOOSE)
    assert clip.start <= 24000


def test_a_few_knocks_in_silence_are_refused_by_what_was_measured(tmp_path):
    samples = (np.random.default_rng(3).standard_normal(24000 * 6) * 1e-5).astype(np.float32)
    samples[::48000] = 1.0
    with pytest.raises(MasterRejected) as caught:
        produced(tmp_path, save(tmp_path / "a.wav", samples, subtype="FLOAT"))
    assert -70 < float(caught.value.fields["lufs"].en) < -16.3


def test_two_sides_that_cancel_each_other_are_still_heard(tmp_path):
    left = speech(3.0)
    file = save(tmp_path / "a.wav", np.stack([left, -left], axis=1))
    clip = probe(file, ffmpeg(), tmp_path)
    assert clip.folds == (((1.0, 0.0),), ((1.0, 0.0), (1.0, 0.0)))
    assert np.abs(np.concatenate(list(clip.blocks()))).max() > 0.05


def test_a_dead_side_does_not_halve_the_other(tmp_path):
    left = speech(3.0)
    clip = probe(save(tmp_path / "a.wav", np.stack([np.zeros_like(left), left], axis=1)), ffmpeg(), tmp_path)
    assert clip.folds == (((0.0, 1.0),), ((0.0, 1.0), (0.0, 1.0)))


def test_silence_at_the_ends_is_cut_and_silence_inside_is_kept(tmp_path):
    quiet = np.zeros(24000, np.float32)
    file = save(tmp_path / "a.wav", np.concatenate([quiet, speech(2.0), quiet, speech(2.0), quiet, quiet]))
    assert probe(file, ffmpeg(), tmp_path).seconds == pytest.approx(5.0, abs=0.3)


def test_resampling_leaves_no_images(tmp_path):
    tone = (0.5 * np.sin(2 * np.pi * 3000 * np.arange(24000 * 2) / 24000)).astype(np.float32)
    sounds = clips(tmp_path, save(tmp_path / "a.wav", tone, subtype="FLOAT"))
    mixed = mix(lay(rundown(sounds, pause=0.0)), sounds, tmp_path)[1]
    middle = mixed.samples(22050, 22050 + 32768)[0]
    spectrum = np.abs(np.fft.rfft(middle * np.blackman(len(middle))))
    hertz = np.fft.rfftfreq(len(middle), 1 / 44100)
    assert 20 * np.log10(spectrum[hertz > 5000].max() / spectrum.max()) < -80


# --- what may air, but its editor should know -------------------------------------------------------------------------


def test_a_clipped_recording_is_told_and_one_that_is_nothing_but_rail_is_refused(tmp_path):
    loud = speech(4.0, level=0.1)
    clear = probe(save(tmp_path / "clear.wav", loud / np.abs(loud).max() * 0.9), ffmpeg(), tmp_path)
    crackling = probe(save(tmp_path / "hot.wav", np.clip(loud * 40, -1, 1)), ffmpeg(), tmp_path)
    assert clear.clipped == 0
    assert 0.001 < crackling.clipped < 0.25
    with pytest.raises(BadRecording, match="clipped"):
        probe(save(tmp_path / "rail.wav", np.clip(loud * 4000, -1, 1)), ffmpeg(), tmp_path)


def test_a_long_silence_inside_a_recording_is_told_with_its_time(tmp_path):
    sound = np.concatenate(
        [speech(3.0), np.zeros(24000 * 10, np.float32), speech(3.0), np.zeros(24000 * 2), speech(2.0)]
    )
    clip = probe(save(tmp_path / "gap.wav", sound), ffmpeg(), tmp_path)
    ((start, seconds),) = clip.gaps
    assert start == pytest.approx(3, abs=0.6)
    assert seconds == pytest.approx(10, abs=0.8)
