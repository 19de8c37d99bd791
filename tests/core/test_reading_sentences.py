"""Where a reader draws breath."""

import unicodedata

import pytest

from pipeline.core.model import Language
from pipeline.reading import plain
from pipeline.reading.sentences import COMFORT, MOST_BYTES, cut, escaped_bytes, sentences, within_bytes


def split(text: str, language: Language) -> list[str]:
    return [b.written for b in sentences(text, language, plain())]


def test_vietnamese_stops_end_a_sentence_but_abbreviations_initials_and_figures_do_not():
    text = "Tại TP. Cà Mau, ThS. Võ V. An cho biết giá 7.500 đồng. Năm 2026. Bà con chú ý! Mưa; gió."
    assert split(text, Language.VI) == [
        "Tại TP. Cà Mau, ThS. Võ V. An cho biết giá 7.500 đồng.", "Năm 2026.", "Bà con chú ý!", "Mưa;", "gió."
    ]  # fmt: skip


def test_a_vietnamese_abbreviation_does_not_end_a_sentence_of_a_khmer_text():
    for text in ("លោក TT. HĐND ខេត្ត", "នៅ TP. Cà Mau ថ្ងៃនេះ", "លោក Võ V. An និយាយ"):
        assert [b.written for b in sentences(text, Language.KM, plain())] == [text]


def test_a_list_number_stays_with_its_item():
    assert split("1. Mục đích\n2. Yêu cầu", Language.VI) == ["1. Mục đích", "2. Yêu cầu"]


def test_a_hard_line_break_inside_a_sentence_is_unwrapped():
    assert split("Bà con cần\nchủ động phòng bệnh.", Language.VI) == ["Bà con cần\nchủ động phòng bệnh."]


def test_khmer_stops_end_a_sentence_but_and_so_on_does_not():
    text = "ដូង ស្វាយ ។ល។ មានលក់។ សូមអរគុណ៕"
    assert split(text, Language.KM) == ["ដូង ស្វាយ ។ល។ មានលក់។", "សូមអរគុណ៕"]


def test_a_long_sentence_is_cut_at_a_comma():
    pieces = split("xã vận động bà con " * 15 + ", " + "chăm sóc ao tôm " * 15, Language.VI)
    assert len(pieces) == 2
    assert pieces[0].endswith(",")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("កម្ពុជាក្រោមស្រុកស្រែចម្ការ" * 800, Language.KM),
        ("ក្រុម\u17d2ក" * 3000, Language.KM),
        ("n\u0323\u0302" * 7000, Language.VI),
        ("&" * 20000, Language.VI),
    ],
)
def test_twenty_thousand_characters_without_a_space_are_cut_between_letters(text, language):
    pieces = list(within_bytes(text, language))
    assert "".join(pieces) == text
    assert all(escaped_bytes(p) <= MOST_BYTES for p in pieces)
    starts = [p[0] for p in pieces[1:]]
    assert not [c for c in starts if unicodedata.category(c)[0] == "M"]
    assert not [p for p in pieces if p.endswith("\u17d2")]


def test_a_khmer_sentence_without_spaces_is_cut_between_words():
    words = ["កម្ពុជា", "ប្រទេស", "សាលារៀន"]
    pieces = list(cut("".join(words) * 40, Language.KM, lambda p: len(p) <= COMFORT, COMFORT))
    assert len(pieces) > 1
    assert all(p.startswith(tuple(words)) for p in pieces)
