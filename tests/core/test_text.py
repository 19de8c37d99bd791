import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.model import Language
from pipeline.core.text import language_of, runs, slug


def test_a_paragraph_belongs_to_the_script_that_most_letters_are_in():
    assert language_of("Bà con xã Đất Mũi") is Language.VI
    assert language_of("បងប្អូននៅឃុំ Đất Mũi ទាំងអស់គ្នា") is Language.KM
    assert language_of("25/11/2026 – 45.000") is None


def test_vietnamese_typed_with_separate_accents_is_still_vietnamese():
    assert language_of(unicodedata.normalize("NFD", "Ủy ban nhân dân")) is Language.VI


def test_a_vietnamese_name_inside_khmer_is_a_run_of_its_own():
    found = list(runs("នៅឃុំ Đất Mũi ថ្ងៃទី 5", Language.KM))
    assert [(language.value, text) for language, text in found] == [
        ("km", "នៅឃុំ "), ("vi", "Đất Mũi "), ("km", "ថ្ងៃទី 5"),
    ]  # fmt: skip


@given(st.text())
def test_no_character_is_lost_when_a_text_is_cut_into_runs(text):
    assert "".join(part for _, part in runs(text, Language.VI)) == text


@given(st.text())
def test_a_slug_is_plain_ascii_and_short(text):
    assert set(slug(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert len(slug(text)) <= 40


def test_a_slug_reads_like_its_title():
    assert slug("Phòng chống sốt xuất huyết – Đợt 2") == "phong-chong-sot-xuat-huyet-dot-2"
    assert slug("ព័ត៌មាន") == ""
