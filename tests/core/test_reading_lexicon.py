"""Tables that an editor may extend."""

import pytest

from pipeline.core.errors import ConfigError
from pipeline.reading.lexicon import Lexicon, Row, parse, shipped


def test_a_bad_row_is_named_by_its_line_number():
    with pytest.raises(ConfigError) as caught:
        parse("# đầu bảng\nAB\ta bê\nCD\n\tkhông khoá\n", "rieng.tsv")
    assert [line[:2] for line in str(caught.value.fields["faults"]).split("\n")] == ["3:", "4:"]


def test_columns_may_be_left_out_and_case_may_be_ignored():
    rows = parse("AB\ta bê\nxy\tích y\t\tany\tghi chú", "rieng.tsv")
    assert Lexicon(rows).say("XY") == "ích y"
    assert Lexicon(rows).say("ab") is None


def test_the_first_row_whose_context_fits_is_said():
    lexicon = Lexicon((Row("CT", "chủ tịch", "phó|quyền"), Row("CT", "chương trình")))
    assert lexicon.say("CT", "làm Phó ") == "chủ tịch"
    assert lexicon.say("CT", "một ") == "chương trình"


@pytest.mark.parametrize("name", ["vi", "vi_units", "vi_letters", "km", "km_units"])
def test_a_shipped_table_has_no_key_twice_in_one_context(name):
    keys = [(r.key, r.context) for r in shipped(name).rows]
    assert len(keys) == len(set(keys))
    assert all(r.spoken.strip() == r.spoken and not any(c.isdigit() for c in r.spoken) for r in shipped(name).rows)
