"""Tables that an editor may extend."""

import re

import pytest

from pipeline.reading.lexicon import Lexicon, Row, parse, shipped


def test_a_bad_row_is_named_by_its_line_number():
    rows, faults = parse("# đầu bảng\nAB\ta bê\nCD\n\tkhông khoá\nEF\t12\nGH\tgi hát\t\tnhỏ\nIK\ti ca\n", "rieng.tsv")
    assert [fault.line for fault in faults] == [3, 4, 5, 6]
    assert [(row.key, row.where) for row in rows] == [("AB", "rieng.tsv:2"), ("IK", "rieng.tsv:7")]


def test_columns_may_be_left_out_and_case_may_be_ignored():
    rows, _ = parse("AB\ta bê\nxy\tích y\t\tany\tghi chú", "rieng.tsv")
    assert Lexicon(rows).say("XY") == "ích y"
    assert Lexicon(rows).say("ab") is None


def test_the_first_row_whose_context_fits_is_said():
    lexicon = Lexicon((Row("CT", "chủ tịch", "phó|quyền"), Row("CT", "chương trình")))
    assert lexicon.say("CT", "làm Phó ") == "chủ tịch"
    assert lexicon.say("CT", "một ") == "chương trình"


@pytest.mark.parametrize("name", ["vi", "places", "storms", "vi_units", "vi_letters", "km", "km_units"])
def test_a_shipped_table_has_no_key_twice_in_one_context(name):
    keys = [(r.key, r.context) for r in shipped(name).rows]
    assert len(keys) == len(set(keys))
    assert all(r.spoken.strip() == r.spoken and not any(c.isdigit() for c in r.spoken) for r in shipped(name).rows)


def test_neighbours_on_both_sides_choose_the_meaning_and_whole_words_only():
    lexicon = Lexicon((Row("TT", "thị trấn", "_ Năm Căn|_ Cái Nước"), Row("TT", "trung tâm", "giám đốc _ y tế")))
    assert lexicon.say("TT", "ở ", " Năm Căn") == "thị trấn"
    assert lexicon.say("TT", "bà giám đốc ", " y tế") == "trung tâm"
    assert lexicon.say("TT", "bà giám đốc ", " y tếx") is None
    assert lexicon.say("TT", "", " Năm Cănh") is None


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("TP. Cà Mau", ["TP."]),
        ("TP Cà Mau", ["TP"]),
        ("GD&TP", []),
        ("TPX", []),
        ("covid-19 và COVID", ["covid-19", "COVID"]),
    ],
)
def test_the_longest_key_that_stands_alone_is_found(text, keys):
    rows = (
        Row("TP", "thành phố"),
        Row("TP.", "thành phố"),
        Row("COVID", "cô vít", any_case=True),
        Row("COVID-19", "cô vít mười chín", any_case=True),
    )
    lexicon = Lexicon(rows)
    found = (lexicon.at(text, match.start()) for match in re.finditer(lexicon.start, text))
    assert [piece.source for piece in found if piece] == keys


def test_a_khmer_word_is_found_in_running_text_but_never_inside_a_cluster():
    lexicon = Lexicon((Row("កាម", "កាម៉ៅ"),))
    assert lexicon.at("ខេត្តកាមនៅ", len("ខេត្ត"))
    assert not lexicon.at("ខេត្តកាម៉ៅ", len("ខេត្ត"))
