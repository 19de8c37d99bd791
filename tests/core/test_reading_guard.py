"""The loss guard: what was written is heard, or the bulletin is held."""

import pytest

from pipeline.core.errors import TextLost
from pipeline.reading import guard, plain


@pytest.mark.parametrize(
    ("written", "said", "lost"),
    [
        ("bà con ở xã Đất Mũi", "bà con xã Đất Mũi", "ở"),
        ("con tôm và con cua", "con tôm và cua", "con"),
        ("có 12 hộ", "có hộ", "12"),
        ("có 12 hộ", "có 12 hộ", "12"),
        ("UBND xã họp với MTTQ", "ủy ban nhân dân xã họp với", "MTTQ"),
        ("dự án KXZ", "dự án", "KXZ"),
        ("chùa វត្តថ្មី", "chùa", "វត្តថ្មី"),
        ("ក្រុង កាម៉ៅ", "ក្រុង", "កាម៉ៅ"),
        ("món 豆腐 ngon", "món ngon", "豆腐"),
    ],
)
def test_a_lost_word_figure_or_name_holds_the_bulletin(written, said, lost):
    with pytest.raises(TextLost) as caught:
        guard.check(written, said, plain())
    assert lost in str(caught.value.fields["lost"])
    assert written in caught.value.message.vi
    assert said in caught.value.message.vi


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Có 12 hộ ở TP. Cà Mau!", "có mười hai hộ ở thành phố Cà Mau"),
        ("dự án KXZ, Đ/c An", "đồng chí An dự án ca ích dét"),
        ("UBND họp lúc 05:00", "ủy ban nhân dân họp lúc năm giờ"),
        ("ផ្ទះ\u200bធំៗ មាន ៣", "ផ្ទះធំធំ មានបី"),
        ("ដូង ២ ។ល។", "ដូង ពីរ ជាដើម"),
        ("ថ្ងៃទី ៣/៤", "ថ្ងៃទីបី ខែមេសា"),
        ("món 豆腐 😀", "món 豆腐"),
    ],
)
def test_what_is_only_said_differently_passes(written, said):
    guard.check(written, said, plain())
