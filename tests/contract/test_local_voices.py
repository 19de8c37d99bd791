"""Neural voices from a folder of models: a model of our own on the real sherpa-onnx."""

import os
import shutil
import signal
import time
import wave
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.core.errors import EngineUnavailable, NothingToSay, TakeRejected, TextLost, UnknownName
from pipeline.core.model import Language
from pipeline.voices import local
from pipeline.voices.local import ABOUT, LocalNeural
from tests import toy_model
from tests.desk import Workspace

TEXT = "Xã họp với bà con ở ấp."


@pytest.fixture
def models(tmp_path):
    toy_model.write(tmp_path / "giong" / "vits-mms-vie")
    return tmp_path / "giong"


@pytest.fixture
def engine(models):
    engine = LocalNeural(models)
    yield engine
    engine.close()


def seconds(file):
    with wave.open(str(file)) as take:
        return take.getnframes() / take.getframerate()


def test_a_model_speaks_every_token_of_its_text(engine, tmp_path):
    engine.speak(TEXT, "vits-mms-vie", tmp_path / "a.wav")
    blanks_and_letters = 2 * (len(TEXT) + 1) + 1
    assert seconds(tmp_path / "a.wav") == pytest.approx(blanks_and_letters / 10, abs=0.5)
    fast = LocalNeural(engine._folder, speed=2.0)
    fast.speak(TEXT, "vits-mms-vie", tmp_path / "b.wav")
    fast.close()
    assert seconds(tmp_path / "b.wav") == pytest.approx(seconds(tmp_path / "a.wav") / 2, rel=0.1)


def test_what_a_folder_says_of_its_model_is_what_people_see(models):
    about = 'name = "Ngọc"\nlanguage = "vi"\nsex = "nữ"\nregion = "Bắc"\nlicence = "CC-BY-4.0"\n'
    (models / "vits-mms-vie" / ABOUT).write_text(about, "utf-8")
    (voice,) = LocalNeural(models).voices
    assert (voice.name, voice.language, voice.sex, voice.region) == ("Ngọc", Language.VI, "nữ", "Bắc")
    assert (voice.licence, voice.online, voice.draft) == ("CC-BY-4.0", False, False)


def test_language_and_licence_are_found_without_a_description(models):
    shutil.copytree(models / "vits-mms-vie", models / "vits-mms-khm")
    (models / "vits-mms-khm" / "MODEL_CARD").write_text("# MMS\n* License: CC-BY-NC 4.0\n", "utf-8")
    khmer, vietnamese = LocalNeural(models).voices
    assert (khmer.language, khmer.licence, khmer.draft) == (Language.KM, "CC-BY-NC 4.0", True)
    assert (vietnamese.language, vietnamese.licence) == (Language.VI, "?")


def test_letters_that_the_model_was_not_taught_are_named_and_never_skipped(models, tmp_path):
    toy_model.write(models / "vits-mms-vie", letters="abc ")
    with pytest.raises(TakeRejected, match="taught") as caught:
        LocalNeural(models).speak("ba cây", "vits-mms-vie", tmp_path / "a.wav")
    assert "ây" in caught.value.message.vi
    assert not (tmp_path / "a.wav").exists()


def test_a_model_that_was_taught_phonemes_is_given_those_of_espeak(models, tmp_path):
    letters = "_^$ .,!ˈˌsaː5hɔ6pvəɜjb2knŋmtʃyɪɐuʊŋ1347̪t̪"
    toy_model.write(models / "vi_VN-thu", letters="".join(dict.fromkeys(letters)), piper=True)
    (models / "vi_VN-thu" / "model.onnx.json").write_text('{"espeak": {"voice": "vi"}}', "utf-8")
    engine = LocalNeural(models)
    engine.speak("Xã họp.", "vi_VN-thu", tmp_path / "short.wav")
    engine.speak("Xã họp. Xã họp. Xã họp.", "vi_VN-thu", tmp_path / "long.wav")
    assert seconds(tmp_path / "long.wav") > 2.5 * seconds(tmp_path / "short.wav")
    with pytest.raises(TakeRejected, match="f"):
        engine.speak("phà phà", "vi_VN-thu", tmp_path / "lost.wav")
    engine.close()


@pytest.mark.parametrize(("kind", "reason"), [({"level": 0.0}, "silence"), ({"seconds": 0.0002}, "cannot be right"),
                                              ({"seconds": 3.0}, "cannot be right")])  # fmt: skip
def test_a_take_that_cannot_be_the_text_is_rejected(models, tmp_path, kind, reason):
    toy_model.write(models / "vits-mms-vie", **kind)
    engine = LocalNeural(models)
    with pytest.raises(TakeRejected, match=reason):
        engine.speak(TEXT, "vits-mms-vie", tmp_path / "a.wav")
    engine.close()
    assert not (tmp_path / "a.wav").exists()


def test_what_it_cannot_speak_is_refused(engine, tmp_path):
    for text, problem in (("…!", NothingToSay), ("នៅភូមិ", TextLost)):
        with pytest.raises(problem):
            engine.speak(text, "vits-mms-vie", tmp_path / "a.wav")
    with pytest.raises(UnknownName, match="vits-mms-vie"):
        engine.speak(TEXT, "vits-mms-vi", tmp_path / "a.wav")


def test_a_worker_that_is_killed_costs_no_take(engine, tmp_path):
    engine.speak(TEXT, "vits-mms-vie", tmp_path / "a.wav")
    os.kill(engine._speaker("vits-mms-vie")._worker.pid, signal.SIGKILL)
    engine.speak(TEXT, "vits-mms-vie", tmp_path / "b.wav")
    assert (tmp_path / "b.wav").exists()


def test_a_folder_that_cannot_be_used_is_named_by_the_check(models):
    LocalNeural(models).check()
    (models / "vits-mms-vie" / "model.onnx").write_bytes(b"not a model")
    with pytest.raises(EngineUnavailable):
        LocalNeural(models).check()
    (models / "vits-mms-vie" / "tokens.txt").unlink()
    with pytest.raises(EngineUnavailable, match=r"tokens\.txt"):
        LocalNeural(models).check()
    with pytest.raises(EngineUnavailable, match="no folder"):
        LocalNeural(models / "không có").check()


def test_a_newsroom_lists_checks_and_speaks_with_its_own_models(tmp_path, standby):
    workspace = Workspace(tmp_path / "w", standby)
    workspace.bantin("init", workspace.folder)
    settings = workspace.folder / "config.toml"
    text = settings.read_text("utf-8").replace("online = true", "online = false")
    text = text.replace('models = ""', 'models = "giong"').replace('["edge", "embedded"]', '["local", "embedded"]')
    settings.write_text(text, "utf-8")
    toy_model.write(workspace.folder / "giong" / "vits-mms-vie")
    listed = {voice["voice"]: voice for voice in workspace.json("voices")}
    assert listed["vits-mms-vie"]["engine"] == "local"
    assert listed["vits-mms-vie"]["licence"] == "?"
    assert not listed["vits-mms-vie"]["problem"]
    assert "local" in workspace.bantin("doctor").stdout
    file = workspace.drop("tin.txt", "Tiêu đề: Tin\n\nBà con chú ý.\n\nTin wifi ở ấp.\n")
    workspace.bantin("add", file)
    (bulletin,) = workspace.json("list")
    shown = workspace.bantin("preview", bulletin["id"]).stdout
    assert "local vits-mms-vie" in shown


def test_one_folder_that_cannot_be_used_leaves_the_others_their_voice(models):
    for name, broken in (("mms-khm-a", 'speaker = "một"'), ("mms-khm-b", "language = [")):
        shutil.copytree(models / "vits-mms-vie", models / name)
        (models / name / ABOUT).write_text(broken, "utf-8")
    shutil.copytree(models / "vits-mms-vie", models / "mms-khm-c")
    (models / "mms-khm-c" / "tokens.txt").write_bytes(b"\xff\xfe\x00")
    assert [voice.name for voice in LocalNeural(models).voices] == ["vits-mms-vie"]
    with pytest.raises(EngineUnavailable, match="mms-khm-a"):
        LocalNeural(models).check()


def test_khmer_vowels_that_the_model_was_not_taught_are_named(models, tmp_path):
    toy_model.write(models / "mms-khm", letters="កមពជ្ ")
    with pytest.raises(TakeRejected, match="ុា"):
        LocalNeural(models).speak("កម្ពុជា", "mms-khm", tmp_path / "a.wav")


def test_words_that_a_lexicon_lacks_are_named(models, tmp_path):
    (models / "vits-mms-vie" / "lexicon.txt").write_text("xã x a\nhọp h o p\n", "utf-8")
    with pytest.raises(TakeRejected, match="bà con"):
        LocalNeural(models).speak("Xã họp bà con", "vits-mms-vie", tmp_path / "a.wav")


def test_a_model_that_was_replaced_has_another_recipe_and_is_loaded_anew(engine, models, tmp_path):
    before = engine.settings("vits-mms-vie")
    engine.speak(TEXT, "vits-mms-vie", tmp_path / "a.wav")
    toy_model.write(models / "vits-mms-vie", seconds=0.05)
    assert engine.settings("vits-mms-vie") != before
    engine.speak(TEXT, "vits-mms-vie", tmp_path / "b.wav")
    assert seconds(tmp_path / "b.wav") == pytest.approx(seconds(tmp_path / "a.wav") / 2, rel=0.1)


def test_bulletins_side_by_side_load_a_model_once(engine, monkeypatch):
    class Slow(local.Speaker):
        def __init__(self, *words, **named):
            time.sleep(0.2)
            super().__init__(*words, **named)

    monkeypatch.setattr(local, "Speaker", Slow)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: engine._speaker("vits-mms-vie"), range(4)))
    assert len(set(map(id, found))) == 1


def test_a_folder_without_a_model_that_can_be_used_is_told_beside_the_voices(tmp_path, standby):
    workspace = Workspace(tmp_path / "w", standby)
    workspace.bantin("init", workspace.folder)
    workspace.set(online=False, models="giong")
    (workspace.folder / "giong").mkdir()
    assert "giong" in workspace.bantin("voices").stderr
    toy_model.write(workspace.folder / "giong" / "hỏng")
    (workspace.folder / "giong" / "hỏng" / "tokens.txt").unlink()
    for words in ((), ("--json",)):
        told = workspace.bantin("voices", *words)
        assert "V-101" in told.stderr
        assert "hỏng" in told.stderr
        assert "km-thu" in told.stdout


def test_without_the_runtime_it_says_what_to_install(models, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "hidden"))
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "sherpa_onnx.py").write_text("raise ImportError('no sherpa_onnx here')\n", "utf-8")
    with pytest.raises(EngineUnavailable, match=r"bantin\[local\]") as caught:
        LocalNeural(models).speak(TEXT, "vits-mms-vie", tmp_path / "a.wav")
    assert "no sherpa_onnx here" in caught.value.message.en
