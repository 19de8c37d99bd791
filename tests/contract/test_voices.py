"""The voices that a newsroom has: listed, sampled, and put on a sheet for people to score."""

import json
import re
import wave
from contextlib import ExitStack

import numpy as np
import pytest

from pipeline import config, wiring
from pipeline.core.errors import EngineUnavailable
from pipeline.core.model import Language, Voice
from pipeline.report import listening
from pipeline.voices import wav
from tests import toy_model
from tests.desk import Workspace


@pytest.fixture
def desk(tmp_path, standby):
    workspace = Workspace(tmp_path / "w", standby)
    workspace.bantin("init", workspace.folder)
    settings = workspace.folder / "config.toml"
    settings.write_text(settings.read_text("utf-8").replace("online = true", "online = false"), "utf-8")
    return workspace


def test_every_voice_is_listed_with_what_one_must_know_to_choose_it(desk):
    told = desk.bantin("voices").stdout
    assert [line.split()[0] for line in told.splitlines()[1:]] == ["vi-bac", "vi-nam", "vi-trung", "km-thu"]
    assert "giọng thử" in told
    listed = json.loads(desk.bantin("voices", "--json").stdout)
    assert listed[-1] == {
        "engine": "khmer", "voice": "km-thu", "language": "km", "sex": "nam", "region": "", "online": False,
        "draft": True, "licence": "GPL-3.0-or-later", "problem": None,
    }  # fmt: skip


def test_a_listening_sheet_is_twenty_sentences_with_sound_and_a_form(desk):
    told = desk.bantin("voices", "--sheet", desk.folder / "phieu", "--voice", "km-thu").stdout
    page = (desk.folder / "phieu" / "km-thu.html").read_text("utf-8")
    assert str(desk.folder / "phieu" / "km-thu.html") in told
    sounds = re.findall(r'src="([^"]+)"', page)
    assert len(sounds) == 20
    for sound in sounds:
        with wave.open(str(desk.folder / "phieu" / sound)) as take:
            assert take.getnframes() / take.getframerate() > 0.8
    assert page.count('type="radio"') == 20 * 2 * 5
    assert "http" not in page.replace("<!doctype html>", "")
    assert not list((desk.folder / "phieu").glob("*.part"))


@pytest.mark.parametrize("name", ["km-thu", "vi-bac"])
def test_a_draft_voice_is_called_one_on_the_sheet_that_rates_it(desk, name):
    desk.bantin("voices", "--sheet", desk.folder / "phieu", "--voice", name)
    page = (desk.folder / "phieu" / f"{name}.html").read_text("utf-8")
    (head,) = re.findall("<h1>.*</h1>", page)
    assert "giọng thử" in head
    assert "Đây là giọng thử" in page


def test_a_voice_that_listeners_have_rated_is_not_called_a_draft():
    assert "giọng thử" not in listening.page(Voice(name="v", language=Language.KM, sex="nữ"), ["ក"])


def test_whoever_asks_what_speaks_a_script_is_told_that_it_is_a_draft_voice(desk):
    file = desk.drop("km.txt", "Tiêu đề: Tin\n\nសូមបងប្អូនស្តាប់ព័ត៌មាន។\n")
    assert "khmer km-thu (giọng thử)" in desk.bantin("check", file).stdout
    (made,) = desk.json("add", file)
    assert "\tkhmer km-thu (giọng thử)\t" in desk.bantin("preview", made["id"]).stdout
    told = desk.bantin("--lang", "en", "preview", made["id"], "-n", "2", "-o", desk.folder / "hai.wav").stdout
    assert "khmer km-thu (draft voice)" in told


def test_a_sample_is_one_file_and_an_unknown_voice_names_the_nearest(desk):
    desk.bantin("voices", "--sample", desk.folder / "mau", "--voice", "vi-nam")
    assert [file.name for file in (desk.folder / "mau").iterdir()] == ["vi-nam.wav"]
    assert "km-thu" in desk.bantin("voices", "--sheet", desk.folder / "p", "--voice", "km-thuu", code=3).stderr


def test_a_wrong_name_leaves_no_empty_folder(desk):
    desk.bantin("voices", "--sample", desk.folder / "mau", "--voice", "wrong", code=3)
    assert not (desk.folder / "mau").exists()


def test_nothing_of_a_name_gets_into_the_page_unescaped():
    voice = Voice(name="<b>", language=Language.VI, sex="nữ")
    page = listening.page(voice, ["a < b & c"])
    assert "<b>" not in page
    assert "a &lt; b &amp; c" in page


@pytest.mark.parametrize("language", Language)
def test_the_sentences_of_a_sheet_are_twenty_different_ones_of_that_language(language):
    sentences = listening.sentences(language)
    assert len(set(sentences)) == 20
    khmer = [any("\u1780" <= c <= "\u17ff" for c in text) for text in sentences]
    assert all(khmer) if language is Language.KM else not any(khmer)


def test_proxy_and_speed_of_the_settings_reach_the_online_voices(tmp_path):
    wiring.make_workspace(tmp_path / "w")
    file = tmp_path / "w" / "config.toml"
    text = file.read_text("utf-8").replace('proxy = ""', 'proxy = "http://127.0.0.1:9"')
    file.write_text(text.replace("online_rate = 0", "online_rate = -10"), "utf-8")
    with ExitStack() as stack:
        (online,) = wiring.engines(config.load(tmp_path / "w"), stack)["edge"]
        assert online.settings("vi-VN-HoaiMyNeural") == {"rate": "-10%"}
        with pytest.raises(EngineUnavailable) as caught:
            online.check()
        assert "offline" in str(caught.value)


def test_a_long_text_is_said_sentence_by_sentence_into_one_file(desk):
    one = "Bà con chú ý theo dõi độ mặn trên các tuyến sông, rạch."
    desk.bantin("say", "--lang", "vi", "-o", desk.folder / "mot.wav", one)
    desk.bantin("say", "--lang", "vi", "-o", desk.folder / "nhieu.wav", " ".join([one] * 80))
    with wave.open(str(desk.folder / "mot.wav")) as single, wave.open(str(desk.folder / "nhieu.wav")) as many:
        assert many.getparams()[:3] == single.getparams()[:3]
        assert 79 * single.getnframes() < many.getnframes() < 80 * (single.getnframes() + single.getframerate())


def seconds(file):
    with wave.open(str(file)) as take:
        return take.getnframes() / take.getframerate()


def say(desk, text, name="noi.wav", lang="km", **kind):
    words = [word for key, value in kind.items() if key not in {"code", "input"} for word in (f"--{key}", value)]
    options = {key: kind[key] for key in ("code", "input") if key in kind}
    return desk.bantin("say", "--lang", lang, *words, "-o", desk.folder / name, text, **options)


def test_a_vietnamese_name_in_a_khmer_text_is_said_by_a_vietnamese_voice(desk):
    say(desk, "សួស្តី John។")
    say(desk, "សួស្តី។", "khmer.wav")
    assert seconds(desk.folder / "noi.wav") > seconds(desk.folder / "khmer.wav") + 0.2


def test_voices_of_two_sample_rates_are_joined_at_the_higher_one_and_last_as_long_as_alone(tmp_path):
    rates = (22_050, 16_000)
    takes = []
    for n, rate in enumerate(rates):
        tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)).astype(np.int16)
        wav.write(wav.Sound(tone.tobytes(), rate), tmp_path / f"{n}.wav")
        takes.append((tmp_path / f"{n}.wav", 0.5))
    wav.join(takes, tmp_path / "both.wav")
    with wave.open(str(tmp_path / "both.wav")) as both:
        assert both.getframerate() == 22_050
        samples = np.frombuffer(both.readframes(both.getnframes()), np.int16)
    assert len(samples) == pytest.approx(3 * 22_050, abs=50)
    second = samples[33_075:55_125]  # 440 Hz still, and as loud
    assert np.argmax(abs(np.fft.rfft(second))) == pytest.approx(440, abs=2)
    assert abs(second).max() == pytest.approx(8000, rel=0.05)


def test_what_to_say_may_come_from_another_program(desk):
    say(desk, "Kính chào bà con và các bạn.", "tu.wav", lang="vi")
    say(desk, "-", lang="vi", input="Kính chào bà con và các bạn.\n")
    assert (desk.folder / "noi.wav").read_bytes() == (desk.folder / "tu.wav").read_bytes()


def test_a_model_of_ones_own_says_a_text_and_what_is_not_set_up_is_told(desk):
    assert "models" in say(desk, "Xin chào.", lang="vi", engine="local", code=5).stderr
    told = say(desk, "Xin chào.", lang="vi", engine="edge", code=5).stderr
    assert "V-101" in told
    assert "online = true" in told
    toy_model.write(desk.folder / "giong" / "vits-mms-vie")
    desk.set(models="giong")
    say(desk, "Xin chào.", lang="vi", engine="local")
    assert seconds(desk.folder / "noi.wav") > 1


@pytest.mark.parametrize(
    ("wish", "lang", "near"), [("vi-bac", "km", "km-thu"), ("vi-bắc", "vi", "vi-bac"), ("Nam", "vi", "nam")]
)
def test_a_wish_that_no_voice_of_the_language_fulfils_names_one_that_does(desk, wish, lang, near):
    assert f": {near}\n" in say(desk, "ក", lang=lang, voice=wish, code=3).stderr


@pytest.mark.parametrize("name", ["thu-muc", "x" * 300 + ".wav"], ids=["a folder", "too long"])
def test_a_sound_that_cannot_be_written_under_its_name_is_told_without_a_trace(desk, name):
    (desk.folder / "thu-muc").mkdir()
    told = desk.bantin("say", "--lang", "vi", "-o", desk.folder / name, "Xin chào.", code=3).stderr
    assert f"{desk.folder / name}: " in told
    assert "Traceback" not in told


def test_other_words_never_overwrite_what_was_heard_before(desk):
    file = desk.drop("tin.txt", "Tiêu đề: Tin\n\nHọp dân lúc 7h.\n")
    (made,) = desk.json("add", file)
    lines = desk.bantin("preview", made["id"]).stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["1", "2", "3", "4"]
    assert lines[1].endswith("Họp dân lúc bảy giờ.")
    words = ("preview", made["id"], "-n", "2")
    told = [desk.bantin(*words, cwd=desk.folder).stdout]
    told += [desk.bantin(*words, "--as", other, cwd=desk.folder).stdout for other in ("Họp lúc 8h.", "Họp lúc 9h.")]
    names = [line.split("\t")[0] for line in told]
    assert len({(desk.folder / name).read_bytes() for name in names}) == 3
    assert [line.split("\t")[3].strip() for line in told[1:]] == ["Họp lúc tám giờ.", "Họp lúc chín giờ."]


def test_voices_that_do_not_answer_are_explained_below_the_list(desk):
    assert "online = false" in desk.bantin("voices").stderr
    desk.set(online=True, proxy="http://127.0.0.1:9")
    told = desk.bantin("voices")
    assert "V-101" in told.stdout
    assert "V-101 giọng đọc edge" in told.stderr
    assert "online = false" not in told.stderr
