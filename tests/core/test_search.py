import re
import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import search

KHMER = "បង្ការ\u200bជំងឺគ្រុន\u200bឈាមនៅខេត្តកាម៉ៅ"
LETTERS = "aăâđeêoôơuưyđĐÁảẽọÝx 1-_.,<&\u0301\u0323\u200b\u200c\u00ad" + "កខម្រាិេុំះ៉៊់។៖ៗ\u17d2\u17cc\u17c1\u17b8\u17b6"


def found(asked, *texts):
    return search.holds(search.document(texts), search.words(asked))


def test_accents_case_and_the_bar_of_d_may_be_left_out():
    for asked in ("xâm nhập mặn", "XAM NHAP MAN", "xam nhập man", "đất mũi", "dat mui", "ĐẤT MŨI"):
        assert found(asked, "Xâm nhập mặn ở xã Đất Mũi"), asked
        assert found(unicodedata.normalize("NFD", asked), unicodedata.normalize("NFC", "Xâm nhập mặn ở xã Đất Mũi"))
        assert found(asked, unicodedata.normalize("NFD", "Xâm nhập mặn ở xã Đất Mũi"))


def test_every_word_must_be_there_but_not_beside_each_other():
    assert found("mặn mũi", "Xâm nhập mặn", "ở xã Đất Mũi")
    assert not found("mặn hạn", "Xâm nhập mặn ở xã Đất Mũi")


def test_a_vietnamese_syllable_is_not_found_inside_another():
    assert not found("an", "Ban Dân tộc")
    assert found("covid-19", "Phòng dịch COVID-19.")
    assert found("207", "Kế hoạch 207/KH-UBND")


def test_khmer_is_found_with_and_without_the_marks_of_words():
    for asked in ("ជំងឺគ្រុនឈាម", "ជំងឺ\u200bគ្រុន\u200bឈាម", "គ្រុន ខេត្ត", "កាម៉ៅ"):
        assert found(asked, KHMER), asked
    assert not found("ជំងឺផ្តាសាយ", KHMER)


def test_khmer_marks_are_one_however_they_were_typed():
    for typed, usual in (
        ("កាម៉ៅ", "កាមៅ៉"),  # shifter before or after the vowel
        ("ខ្ញុំ", "ខ្ញំុ"),
        ("កើត", "កេីត"),  # a vowel typed in its parts
        ("កោះ", "កេាះ"),
        ("ស្ត្រី", "ស្រ្តី"),  # what stands below, in either order
        ("ខេត្ដ", "ខេត្ត"),
    ):
        assert search.fold(typed) == search.fold(usual), typed
    assert search.fold("កា") != search.fold("កិ")


def test_khmer_and_vietnamese_side_by_side_are_two_words():
    assert found("Đất Mũi", "នៅឃុំĐất Mũi")
    assert found("ឃុំ mui", "នៅឃុំĐất Mũi")


@given(st.text() | st.text(LETTERS))
def test_what_is_folded_piece_by_piece_is_what_is_folded_whole(text):
    pieces = search._PIECE.findall(text)
    assert "".join(pieces) == text
    assert re.sub("[^\u1780-\u17ffa-z0-9]", "", "".join(map(search.fold, pieces))) == re.sub(
        "[^\u1780-\u17ffa-z0-9]", "", search.fold(text)
    )


@given(st.text(LETTERS), st.text(LETTERS))
def test_marking_and_cutting_change_no_letter(text, asked):
    words = search.words(asked)
    assert "".join(part for part, _ in search.marked(text, words)) == text
    cut = search.excerpt(text * 20, words, most=40)
    assert cut.removeprefix("… ").removesuffix(" …") in text * 20


@given(st.text(LETTERS, min_size=1))
def test_what_is_found_can_be_shown(text):
    for word in search.words(text):
        assert search.has_any(text, [word])
        assert any(hit for _, hit in search.marked(text, [word])), word


def test_whole_letters_are_marked_with_all_that_stands_on_them():
    assert search.marked("Bão số 5", search.words("bao")) == [("Bão", True), (" số 5", False)]
    assert search.marked("ab ខ្មែរ", search.words("ខ្ម")) == [("ab ", False), ("ខ្មែ", True), ("រ", False)]
    assert search.marked("Ban an", search.words("an")) == [("Ban ", False), ("an", True)]


def test_an_excerpt_holds_the_first_hit_and_ends_at_words():
    text = "một hai ba " * 60 + "Đất Mũi " + "bốn năm sáu " * 60
    shown = search.excerpt(text, search.words("dat mui"), most=120)
    assert "Đất Mũi" in shown
    assert (shown[:2], shown[-2:]) == ("… ", " …")
    assert len(shown) <= 124
    assert search.excerpt("ngắn", ()) == "ngắn"


def test_a_long_text_is_shown_by_folding_each_of_its_letters_once():
    text, folded = "Độ mặn trên sông Ông Đốc, គ្រុនឈាម. " * 200, []

    def tell(frame, event, _):
        if event == "call" and frame.f_code is search.fold.__code__:
            folded.append(frame.f_locals["text"])

    sys.setprofile(tell)
    try:
        shown = search.excerpt(text, ("doc",))
    finally:
        sys.setprofile(None)
    assert "Đốc" in shown
    assert len(folded) <= len(set(search._PIECE.findall(text)))
