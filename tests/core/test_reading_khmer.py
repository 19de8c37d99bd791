"""What a listener of a Khmer bulletin hears. Word marks (U+200B) make no sound, so comparisons leave them out."""

import pytest

from pipeline.core.model import Language
from pipeline.reading import plain, spoken


def hear(line: str) -> str:
    return spoken(line, Language.KM, plain()).text.replace("\u200b", "").replace(" ", "")


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("៦៤ គ្រួសារ", "ហុកសិបបួនគ្រួសារ"),
        ("២៣០.០០០ នាក់", "ពីរសែនបីម៉ឺននាក់"),
        ("12.500.000 ដុង", "ដប់ពីរលានប្រាំសែនដុង"),
        ("១,០៥%", "មួយក្បៀសសូន្យប្រាំភាគរយ"),
        ("៨ kg", "ប្រាំបីគីឡូក្រាម"),
        ("៩.០០០ ដុង/kg", "ប្រាំបួនពាន់ដុងក្នុងមួយគីឡូក្រាម"),
        ("$២០", "ម្ភៃដុល្លារ"),
        ("៣០០០៛", "បីពាន់រៀល"),
        ("២/៥ នៃផ្ទៃដី", "ពីរភាគប្រាំនៃផ្ទៃដី"),
        ("៦-៨ ថ្ងៃ", "ប្រាំមួយដល់ប្រាំបីថ្ងៃ"),
    ],
)
def test_khmer_amounts_use_ten_thousands_and_hundred_thousands(written, heard):
    assert hear(written) == heard


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("ថ្ងៃទី ០៩/០៣/២០២៦", "ថ្ងៃទីប្រាំបួនខែមីនាឆ្នាំពីរពាន់ម្ភៃប្រាំមួយ"),
        ("ថ្ងៃទី១៨/៤", "ថ្ងៃទីដប់ប្រាំបីខែមេសា"),
        ("ម៉ោង ១៥:២០", "ម៉ោងដប់ប្រាំម្ភៃនាទី"),
        ("17h30", "ម៉ោងដប់ប្រាំពីរសាមសិបនាទី"),
        ("លើកទី XV", "លើកទីដប់ប្រាំ"),
        ("ទូរស័ព្ទ 0290 3555 777", "ទូរស័ព្ទសូន្យពីរប្រាំបួនសូន្យបីប្រាំប្រាំប្រាំប្រាំពីរប្រាំពីរប្រាំពីរ"),
    ],
)
def test_khmer_dates_times_and_phones_are_heard_in_words(written, heard):
    assert hear(written) == heard


def test_the_repetition_sign_repeats_the_word_before_it():
    assert hear("ផ្ទះធំៗ") == "ផ្ទះធំធំ"


def test_a_hand_placed_word_mark_decides_what_is_repeated():
    assert hear("ក្មេង\u200bតូច\u200bៗ") == "ក្មេងតូចតូច"


def test_and_so_on_is_heard_and_dots_of_an_abbreviation_are_not():
    assert hear("ដូង ស្វាយ ។ល។") == "ដូងស្វាយជាដើម"
    assert hear("អ.ស.ប. ប្រកាស") == "អង្គការសហប្រជាជាតិប្រកាស"


def test_vietnamese_names_and_offices_keep_their_own_words():
    assert spoken("ឃុំ Đất Mũi និង UBND ឃុំ", Language.KM, plain()).text == "ឃុំ Đất Mũi និង ủy ban nhân dân ឃុំ"
