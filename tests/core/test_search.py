"""Words are found in Vietnamese with or without accents, and in Khmer however its words are marked off."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.search import excerpt, finds, fold, words_of

TEXT = "Phòng chống hạn, mặn ở Đất Mũi: độ mặn 4 phần ngàn. ការ\u200bពារ\u200bទឹក\u200bជំនន់ នៅ ខេត្ត កាម៉ៅ។"


@pytest.mark.parametrize(
    "query", ["hạn mặn", "han man", "HAN MAN", "dat mui", "Đất Mũi", "đat", "ទឹកជំនន់", "ទឹក\u200bជំនន់", "កាម៉ៅ", "  ", "4"]
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_words_are_found_however_they_are_typed(query, form):
    assert finds(fold(unicodedata.normalize(form, TEXT)).text, words_of(unicodedata.normalize(form, query)))


@pytest.mark.parametrize("query", ["bão", "hạn lũ", "ភ្លៀង", "ទឹកជំនន", "ម៉ា"])
def test_words_that_are_not_there_are_not_found(query):
    # Cut inside a Khmer word a part of it is found, as in any language; another vowel is another word.
    assert finds(fold(TEXT).text, words_of(query)) is (query == "ទឹកជំនន")


@pytest.mark.parametrize(
    ("query", "word"), [("han", "hạn"), ("ទឹកជំនន់", "ទឹក\u200bជំនន់"), ("dat", "Đất"), ("phan", "phần")]
)
def test_an_excerpt_shows_the_word_as_it_is_written(query, word):
    before, hit, after = excerpt(TEXT, words_of(query))
    assert hit == word
    assert before + hit + after in TEXT


def test_without_a_hit_the_beginning_stands():
    assert excerpt("abc", words_of("x")) == ("abc", "", "")


@given(st.text(), st.text())
def test_any_part_of_a_text_is_found_in_it_and_shown_from_it(before, word):
    text = f"{before} {word}"
    wanted = words_of(word)
    assert finds(fold(text).text, wanted)
    assert "".join(excerpt(text, wanted)) in text
    assert len(fold(text).origin) == len(fold(text).text)
