"""Profiles: every format on target and under its ceiling, horns and studios, and what a player finds inside."""

import struct
import subprocess
from datetime import UTC, datetime

import numpy as np
import pytest
import soundfile
from mutagen.id3 import ID3
from mutagen.mp4 import MP4
from mutagen.oggopus import OggOpus

from pipeline.core.errors import MasterRejected, ToolMissing
from pipeline.core.model import Codec, Language, Profile
from pipeline.core.rundown import Segment, SegmentKind, lay
from pipeline.studio import codec
from pipeline.studio.chapters import Chapter, chapters, cues, shortened, srt, vtt
from pipeline.studio.decode import probe
from pipeline.studio.fir import minimum_phase
from pipeline.studio.master import master
from pipeline.studio.meter import measure
from pipeline.studio.mix import HOP, mix
from pipeline.studio.tag import Tags, tag
from pipeline.studio.tools import ffmpeg
from tests.contract.test_studio_master import produced, save, speech

PROFILES = {
    "mp3 mono 64": Profile(name="x"),
    "mp3 stereo 128": Profile(name="x", channels=2, kbps=128),
    "mp3 stereo 48": Profile(name="x", channels=2, kbps=48),
    "mp3 mono 192 at 48 kHz": Profile(name="x", kbps=192, sample_rate=48000),
    "mp3 with Xing": Profile(name="x", xing=True),
    "opus mono 48": Profile(name="x", codec=Codec.OPUS, kbps=48, sample_rate=48000),
    "opus stereo 96": Profile(name="x", codec=Codec.OPUS, channels=2, kbps=96, sample_rate=48000),
    "aac mono 64": Profile(name="x", codec=Codec.AAC),
    "aac stereo 128": Profile(name="x", codec=Codec.AAC, channels=2, kbps=128),
    "wav": Profile(name="x", codec=Codec.WAV, channels=2),
    "bwf": Profile(name="x", codec=Codec.BWF, channels=2, sample_rate=48000, target=-23.0, ceiling=-1.0),
    "horn": Profile(name="x", band=(300.0, 6000.0), ratio=3.0, ceiling=-2.0),
}


def wide(tmp_path, name="a.wav", seconds=8.0):
    """Speech in the middle, a different noise on each side."""
    middle, sides = speech(seconds), np.random.default_rng(4).standard_normal((round(seconds * 24000), 2)) * 0.003
    return save(tmp_path / name, (middle[:, None] + sides).astype(np.float32), subtype="FLOAT")


@pytest.mark.parametrize("name", PROFILES)
def test_every_format_is_on_target_under_its_ceiling_and_the_same_every_time(tmp_path, name):
    profile = PROFILES[name]
    out, made, timeline = produced(tmp_path, wide(tmp_path), profile=profile)
    found = measure(out, ffmpeg())
    assert found.integrated == pytest.approx(profile.target, abs=0.3)
    assert found.true_peak <= profile.ceiling
    assert made.loudness.integrated == pytest.approx(found.integrated, abs=0.1)
    assert made.loudness.true_peak == pytest.approx(found.true_peak, abs=0.2)
    assert made.loudness.range == pytest.approx(found.range, abs=0.5)  # of eight seconds both have few levels
    assert made.heard.seconds == pytest.approx(timeline.seconds, abs=0.15)
    first = out.read_bytes()
    assert produced(tmp_path, wide(tmp_path), profile=profile)[0].read_bytes() == first
    told = subprocess.run([ffmpeg(), "-i", out], capture_output=True, check=False).stderr.decode(errors="replace")
    assert f"{profile.sample_rate} Hz" in told
    assert ("stereo" if profile.channels == 2 else "mono") in told
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []


@pytest.mark.parametrize("kind", [Codec.OPUS, Codec.AAC])
@pytest.mark.parametrize("kbps", [48, 96, 192])
def test_formats_other_than_mp3_lose_no_level(tmp_path, kind, kbps):
    profile = Profile(name="x", codec=kind, kbps=kbps, sample_rate=48000)
    wave = (0.25 * np.sin(2 * np.pi * 1000 * np.arange(48000 * 6) / 48000)).astype(np.float32)
    with codec.writer(profile, tmp_path / "x", ffmpeg()) as stream:
        stream.write(wave[None])
    subprocess.run([ffmpeg(), "-loglevel", "error", "-i", tmp_path / "x", tmp_path / "x.wav"], check=True)
    back, _ = soundfile.read(tmp_path / "x.wav", dtype="float32")
    middle = slice(48000, 48000 * 5)
    lost = 20 * np.log10(np.sqrt(np.mean(wave[middle] ** 2)) / np.sqrt(np.mean(back[middle] ** 2)))
    assert lost == pytest.approx(codec.loss(profile), abs=0.3)


def test_a_bwf_carries_what_was_measured_and_who_made_it(tmp_path):
    out, made, _ = produced(tmp_path, wide(tmp_path), profile=PROFILES["bwf"])
    tags = Tags(title="Tin ព័ត៌មាន", artist="Sở Văn hóa", album="", languages=(Language.VI,),
                date=datetime(2026, 11, 25, 5, tzinfo=UTC))  # fmt: skip
    tag(out, tags, Codec.BWF)
    data = out.read_bytes()
    at = data.index(b"bext") + 8
    assert data[at : at + 256].rstrip(b"\0").decode() == "Tin ព័ត៌មាន"
    assert data[at + 256 : at + 288].rstrip(b"\0").decode() == "Sở Văn hóa"
    assert data[at + 320 : at + 338] == b"2026-11-2505:00:00"
    version, *levels = struct.unpack_from("<H64x5h", data, at + 346)
    assert version == 2
    level = made.loudness
    wanted = (level.integrated, level.range, level.true_peak, made.heard.momentary, made.heard.short_term)
    assert levels == [round(value * 100) for value in wanted]
    assert soundfile.info(out).subtype == "PCM_24"
    assert measure(out, ffmpeg()).integrated == pytest.approx(-23.0, abs=0.1)


def test_an_info_frame_tells_the_length_to_the_sample_and_an_mp3_without_one_begins_with_sound(tmp_path):
    out, _, _ = produced(tmp_path, wide(tmp_path), profile=PROFILES["mp3 with Xing"])
    subprocess.run([ffmpeg(), "-loglevel", "error", "-i", out, tmp_path / "back.wav"], check=True)
    frames = (tmp_path / "mix-1.f32").stat().st_size // 4
    assert soundfile.info(tmp_path / "back.wav").frames == pytest.approx(frames, abs=600)
    assert b"Info" in out.read_bytes()[:60]
    assert soundfile.info(out).duration == pytest.approx(frames / 44100, abs=0.1)


def test_a_horn_gets_only_what_it_carries_and_less_between_loud_and_soft(tmp_path):
    steps = np.concatenate([speech(3.0, level=0.3), speech(3.0, level=0.075, seed=2), speech(3.0, level=0.3, seed=3)])
    file = save(tmp_path / "a.wav", steps, subtype="FLOAT")
    spans = {}
    for name in ("mp3 mono 64", "horn"):
        out, made, _ = produced(tmp_path, file, profile=PROFILES[name])
        sound, rate = soundfile.read(out, dtype="float32")
        power = np.abs(np.fft.rfft(sound)) ** 2
        hertz = np.fft.rfftfreq(len(sound), 1 / rate)
        outside = power[(hertz < 120) | (hertz > 12_000)].sum() / power.sum()
        spans[name] = made.loudness.range, outside
        loud, soft = (np.sqrt(np.mean(sound[int(a * rate) : int((a + 2) * rate)] ** 2)) for a in (0.6, 3.6))
        spans[name] = 20 * np.log10(loud / soft), outside
    assert spans["mp3 mono 64"][0] - spans["horn"][0] > 2
    assert spans["horn"][1] < 1e-4


def test_the_limiter_never_turns_down_more_than_the_profile_allows(tmp_path):
    samples = speech()
    samples[np.arange(3000, len(samples), 5000)] = 1.0
    file = save(tmp_path / "a.wav", samples, subtype="FLOAT")
    _, free, _ = produced(tmp_path, file)
    assert free.reduction > 4
    with pytest.raises(MasterRejected):
        produced(tmp_path, file, profile=Profile(name="x", most_reduction=1.0))
    assert [f.name for f in tmp_path.iterdir() if ".part" in f.name] == []
    calm = save(tmp_path / "b.wav", (np.sin(np.arange(24000 * 5) / 9) * 0.1).astype(np.float32), subtype="FLOAT")
    _, held, _ = produced(tmp_path, calm, profile=Profile(name="x", most_reduction=1.0))
    assert held.reduction <= 1.0


def test_a_master_does_not_depend_on_which_others_are_made_beside_it(tmp_path):
    clip = probe(wide(tmp_path), ffmpeg(), tmp_path)
    timeline = lay([Segment(kind=SegmentKind.SPEECH, seconds=clip.seconds, source="a")])
    energy = mix(timeline, {"a": clip}, tmp_path)[1].energy[:]
    first = (tmp_path / "mix-1.f32").read_bytes()
    both = mix(timeline, {"a": clip}, tmp_path, channels=(1, 2))
    assert (tmp_path / "mix-1.f32").read_bytes() == first
    assert np.array_equal(energy, both[1].energy[:])
    left, right = both[2].samples(0, both[2].frames)
    assert np.abs(left - right).max() > 1e-4  # two sides, and the words as loud on both
    assert np.mean(left**2) == pytest.approx(np.mean(right**2), rel=0.1)


def test_music_fades_under_the_words_that_follow_it(tmp_path):
    tone = save(tmp_path / "ident.wav", (0.3 * np.sin(np.arange(24000 * 4) / 20)).astype(np.float32), subtype="FLOAT")
    words = save(tmp_path / "words.wav", speech(4.0))
    sounds = {file.stem: probe(file, ffmpeg(), tmp_path) for file in (tone, words)}
    rundown = [
        Segment(kind=SegmentKind.IDENT, seconds=sounds["ident"].seconds, source="ident", pause=0.3),
        Segment(kind=SegmentKind.SPEECH, seconds=sounds["words"].seconds, source="words"),
    ]
    together = lay(rundown, crossfade=1.0)
    ident, spoken = together.placed
    assert ident.end - spoken.start == pytest.approx(1.0)
    mixed = mix(together, sounds, tmp_path)[1]
    both = mixed.samples(0, mixed.frames)[0]
    only = mix(lay(rundown[:1]), sounds, tmp_path)[1]
    alone = only.samples(0, only.frames)[0]
    before = slice(0, round((spoken.start - 0.1) * 44100))
    assert np.allclose(both[before], alone[before], atol=1e-5)
    last = slice(round((ident.end - 0.1) * 44100), round(ident.end * 44100))
    assert np.sqrt(np.mean(alone[last] ** 2)) > 0.01  # alone, it is still sounding there
    assert len(both) == pytest.approx(together.seconds * 44100, abs=HOP)


def test_a_bed_rises_in_a_pause_that_lies_within_one_recording(tmp_path):
    file = save(tmp_path / "a.wav", np.concatenate([speech(4.0), np.zeros(24000 * 4, np.float32), speech(4.0)]))
    tone = (0.1 * np.sin(2 * np.pi * 400 * np.arange(44100 * 2) / 44100)).astype(np.float32)
    under = probe(save(tmp_path / "bed.wav", tone, 44100, subtype="FLOAT"), ffmpeg(), tmp_path)
    clip = probe(file, ffmpeg(), tmp_path)
    timeline = lay([Segment(kind=SegmentKind.RECORDING, seconds=clip.seconds, source="a")], bed=True)
    bare = mix(timeline, {"a": clip}, tmp_path)[1].samples(0, 44100 * 12)[0]
    music = mix(timeline, {"a": clip}, tmp_path, under)[1].samples(0, 44100 * 12)[0] - bare
    level = [20 * np.log10(np.sqrt(np.mean(music[round(a * 44100) :][:8820] ** 2))) for a in (2.5, 6.0)]
    assert level[1] - level[0] == pytest.approx(8.0, abs=0.5)


def test_a_bed_is_down_when_a_word_begins_however_long_someone_has_spoken_at_any_rate(tmp_path):
    rate = 22050  # of which a hundredth of a second is no whole number of samples
    words = np.concatenate([np.tile(speech(4.0, rate), 40), np.zeros(rate * 6, np.float32), speech(4.0, rate)])
    words[rate * 166 : rate * 166 + 2000] = 0.1
    clip = probe(save(tmp_path / "a.wav", words, rate), ffmpeg(), tmp_path)
    tone = (0.1 * np.sin(2 * np.pi * 400 * np.arange(44100 * 2) / 44100)).astype(np.float32)
    under = probe(save(tmp_path / "bed.wav", tone, 44100, subtype="FLOAT"), ffmpeg(), tmp_path)
    timeline = lay([Segment(kind=SegmentKind.RECORDING, seconds=clip.seconds, source="a")], bed=True)
    around = (44100 * 150, 44100 * 168)
    bare = mix(timeline, {"a": clip}, tmp_path)[1].samples(*around)[0]
    music = mix(timeline, {"a": clip}, tmp_path, under)[1].samples(*around)[0] - bare
    begins = 16 - clip.start / rate
    level = [20 * np.log10(np.sqrt(np.mean(music[round(a * 44100) :][:4410] ** 2))) for a in (13.0, begins)]
    assert level[0] - level[1] == pytest.approx(8.0, abs=0.5)


# --- what goes with it -----------------------------------------------------------------------------------------------


def timeline():
    return lay(
        [
            Segment(kind=SegmentKind.IDENT, seconds=3.0, source="i", text="mac-dinh"),
            Segment(kind=SegmentKind.OPENING, seconds=2.0, source="o", text="Mời bà con nghe."),
            Segment(kind=SegmentKind.SPEECH, seconds=4.0, source="a", text="Độ mặn < 4‰ & giảm.", pause=0.5),
            Segment(kind=SegmentKind.SPEECH, seconds=3.5, source="b", text="Bà con yên tâm."),
            Segment(kind=SegmentKind.STING, seconds=1.0, source="s"),
            Segment(kind=SegmentKind.RECORDING, seconds=60.0, source="r", text="phong-van.wav"),
            Segment(kind=SegmentKind.SPEECH, seconds=3.0, source="c", text="ក្រសួងសុខាភិបាលសូមណែនាំបងប្អូនប្រជាពលរដ្ឋ។"),
        ]
    )


def test_chapters_name_the_parts_and_captions_time_the_sentences():
    found = chapters(timeline())
    assert [c.name for c in found[:5]] == [
        "Nhạc hiệu", "Mở đầu", "Độ mặn < 4‰ & giảm.", "Nhạc cắt", "Ghi âm: phong-van.wav"
    ]  # fmt: skip
    assert (found[2].start, found[2].end) == (5.0, 13.0)
    assert chapters(timeline(), Language.KM)[0].name == "ភ្លេងសម្គាល់"
    said = cues(timeline())
    assert "2\n00:00:05.000 --> 00:00:09.000\nĐộ mặn &lt; 4‰ &amp; giảm.\n" in vtt(said)
    assert vtt(said).startswith("WEBVTT\n\n1\n")
    assert "4\n00:01:14,000 --> 00:01:17,000\n" in srt(said)
    assert "phong-van" not in srt(said)


@pytest.mark.parametrize("most", range(4, 40))
def test_a_khmer_name_is_cut_between_syllables(most):
    text = "ក្រសួងសុខាភិបាលសូមណែនាំបងប្អូនប្រជាពលរដ្ឋឱ្យទៅចាក់វ៉ាក់សាំង"
    cut = shortened(text, most).removesuffix(" …")
    assert text.startswith(cut)
    assert 0 < len(cut) <= most
    following = text[len(cut)]
    assert "\u1780" <= following <= "\u17b3"
    assert text[len(cut) - 1] != "\u17d2"


@pytest.mark.parametrize("name", ["mp3 mono 64", "opus mono 48", "aac mono 64", "wav"])
def test_tags_do_not_change_what_is_heard_and_are_the_same_every_time(tmp_path, name):
    out, _, _ = produced(tmp_path, wide(tmp_path), profile=PROFILES[name])
    before = measure(out, ffmpeg())
    tags = Tags(title="ព័ត៌មាន — Bản tin", artist="Sở", album="Bản tin", languages=(Language.KM, Language.VI),
                date=datetime(2026, 11, 25, tzinfo=UTC), lyrics="Một.\nHai.",
                chapters=(Chapter(SegmentKind.IDENT, "Nhạc hiệu", 0.0, 3.0),))  # fmt: skip
    tag(out, tags, PROFILES[name].codec)
    data = out.read_bytes()
    tag(out, tags, PROFILES[name].codec)
    assert out.read_bytes() == data
    assert measure(out, ffmpeg()) == before
    match PROFILES[name].codec:
        case Codec.MP3:
            found = ID3(out, translate=False)
            assert found["USLT::khm"].text == "Một.\nHai."
            assert found["CHAP:c0"].sub_frames["TIT2"].text == ["Nhạc hiệu"]
            assert found["CTOC:toc"].child_element_ids == ["c0"]
        case Codec.OPUS:
            assert OggOpus(out)["title"] == ["ព័ត៌មាន — Bản tin"]
        case Codec.AAC:
            assert MP4(out)["\xa9lyr"] == ["Một.\nHai."]


def test_a_minimum_phase_response_has_the_magnitude_and_no_echo_ahead():
    hertz = np.fft.rfftfreq(4096, 1 / 44100)
    magnitude = 1 / np.sqrt(1 + (300 / np.maximum(hertz, 1)) ** 8)
    response = minimum_phase(magnitude)
    found = np.abs(np.fft.rfft(response))
    assert 20 * np.log10(found[40] / magnitude[40]) == pytest.approx(0, abs=0.1)
    assert np.abs(response[:200]).max() == np.abs(response).max()
    assert np.sum(response[:300] ** 2) > 0.9 * np.sum(response**2)


def test_an_encoder_that_ffmpeg_does_not_have_is_told_and_leaves_nothing(tmp_path):
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho 'Unknown encoder libopus' >&2\nexit 1\n")
    program.chmod(0o755)
    clip = probe(wide(tmp_path), ffmpeg(), tmp_path)
    timeline = lay([Segment(kind=SegmentKind.SPEECH, seconds=clip.seconds, source="a")])
    mixed = mix(timeline, {"a": clip}, tmp_path)[1]
    with pytest.raises(ToolMissing, match="Unknown encoder"):
        master(mixed, PROFILES["opus mono 48"], tmp_path / "o.opus", program)
    assert {file.stem for file in tmp_path.iterdir()} == {"a", "mix-1", "ffmpeg"}


def test_a_writer_that_fails_leaves_nothing(tmp_path):
    class Stop(Exception):
        pass

    clip = probe(wide(tmp_path), ffmpeg(), tmp_path)
    mixed = mix(lay([Segment(kind=SegmentKind.SPEECH, seconds=clip.seconds, source="a")]), {"a": clip}, tmp_path)[1]

    def stop(_block):
        raise Stop

    for profile in PROFILES.values():
        if profile.channels == 1:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("pipeline.studio.master.ramps", lambda *_: stop(_))
                with pytest.raises(Stop):
                    master(mixed, profile, tmp_path / "o", ffmpeg())
            assert {file.stem for file in tmp_path.iterdir()} == {"a", "mix-1"}
