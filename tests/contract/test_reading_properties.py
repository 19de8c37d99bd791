"""Over any text at all: no exception, no hang, nothing lost, the same answer twice and in both normal forms."""

import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.core.errors import LostInReading
from pipeline.core.model import Head, Language, Paragraph, Script, digest_of
from pipeline.reading import Codes, explain, guard, plain, read, spoken, utter
from pipeline.reading.announcer import Announcer
from pipeline.reading.clean import clean
from pipeline.reading.lexicon import shipped_rows

VI_WORDS = "bà con xã ấp nước mặn lúa tôm Đất Mũi hôm nay và của đến từ họp dân tộc".split()  # noqa: SIM905
KM_WORDS = ["ប្រជាជន", "ទឹក", "ស្រូវ", "ថ្ងៃ", "ខែ", "ឆ្នាំ", "ឃុំ", "ធំៗ", "និង", "។"]
FIGURES = [
    "5", "12", "1.205", "45.000", "3,5", "4‰", "10%", "05/8/2020", "2/9", "3/4", "19/19", "2021-2025", "17h30", "7g30",
    "05:00", "18:30:15", "207/KH-UBND", "52/2016/QĐ-TTg", "0290.3831234", "1900 1234", "500.000đ", "$5", "€50", "៛",
    "12 km2", "6,2 tấn/ha", "-5°C", "QL1A", "XIII", "H5N1", "1:500", "3x4", "90CV", "១២", "៥០%", "២០២៦",
]  # fmt: skip
SHORT = sorted({row.key for name in ("vi", "km") for row in shipped_rows(name)})
OTHER = [
    "豆腐",
    "ไทย",
    "привет",
    "😀",
    "(",
    ")",
    "«",
    "»",
    "–",
    "…",
    ",",
    ";",
    ":",
    "./.",
    "v.v.",
    "&",
    "@",
    "\u200b",
    "\u202e",
]
TOKENS = st.lists(st.sampled_from([*VI_WORDS, *KM_WORDS, *FIGURES, *SHORT, *OTHER, "KXZ", "abc-xyz"]), max_size=12)
GLUE = st.sampled_from([" ", "", "-", "/", ", ", "\u200b", "\n"])
ANY = st.text(st.characters(), max_size=80)
ODD = st.text(
    st.sampled_from("0123456789៤០./-:,%‰&đĐhgxkmIVXUBNDTCPăệÁạក្ខៗ។ល៛$€\u200b\u0301\u0323\ud800😀\u202e\x00\t "),
    max_size=40,
)
PLAIN, BRIEF = plain(), Announcer(codes=Codes.NONE)


@st.composite
def written(draw) -> str:
    """Words, figures, abbreviations and signs as an editor might put them, or anything at all."""
    if draw(st.booleans()):
        glue = draw(GLUE)
        return glue.join(draw(TOKENS))
    return draw(st.one_of(ANY, ODD))


def script(text: str, language: Language) -> Script:
    return Script(digest=digest_of(b"x"), name="x.txt", head=Head(), body=(Paragraph(text, language),))


@given(written(), st.sampled_from(Language))
@example("\ud800\udc00", Language.VI)
@example("1" * 400, Language.KM)
def test_any_line_is_spoken_twice_alike_and_in_both_normal_forms_alike(text, language):
    said = spoken(text, language, PLAIN)
    assert said == spoken(text, language, PLAIN)
    assert said.text == spoken(unicodedata.normalize("NFD", text), language, PLAIN).text
    assert said.text == unicodedata.normalize("NFC", said.text)
    assert not any(c.isdecimal() for c in said.text)
    assert "\n" not in said.text


@given(TOKENS, st.sampled_from([" ", ", ", "\n"]), st.sampled_from(Language))
def test_what_an_editor_writes_word_by_word_loses_nothing(tokens, glue, language):
    text = glue.join(tokens)
    reading = read(script(text, language), PLAIN)
    assert list(guard.losses(clean(text), " ".join(s.text for s in reading.sentences), PLAIN)) == []


@given(written(), st.sampled_from(Language))
def test_any_paragraph_is_read_or_held_with_both_texts(text, language):
    held = None
    try:
        reading = read(script(text, language), BRIEF)
    except LostInReading as problem:
        held = problem
    if held:
        assert held.fields["lost"]
        assert {"written", "said"} <= held.fields.keys()
    else:
        assert all(s.text.strip() for s in reading.sentences)


@given(written(), st.sampled_from(Language))
def test_an_explanation_holds_every_character_of_the_line(text, language):
    line = clean(text)
    assert "".join(piece.source for piece in explain(text, language, PLAIN)) == line


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    "text",
    [
        "/" * 3_000, "1/" * 3_000, "A" * 100_000, "1." * 50_000, "a1-" * 30_000, "I" * 50_000, "(" * 50_000,
        "\u0301" * 50_000,        "ៗ" * 20_000, "ក្" * 20_000, "UBND-" * 20_000,
        "0 1 " * 20_000, "12:" * 20_000, "$" * 20_000, "A.B" * 20_000,
        "\u202e\u2066" * 20_000, "ไทย中文" * 10_000, "1,2" * 20_000, "5-" * 30_000, "@a." * 20_000, "Q." * 20_000,
        "IV, V và " * 5_000, "gọi 113, 114, " * 5_000, "\x00\x1f\x7f" * 20_000, "😀" * 30_000, " " * 100_000,
    ],
    ids=lambda text: repr(text[:6]),
)  # fmt: skip
def test_hostile_lines_are_spoken_within_seconds(text, language):
    start = time.process_time()
    said = spoken(text, language, PLAIN).text
    assert not any(c.isdecimal() for c in said)
    assert time.process_time() - start < 30  # a quadratic rule takes hours


LINE = "Ngày 05/8/2020, UBND xã Đất Mũi hỗ trợ 45.000.000 đồng cho 12 hộ theo Kế hoạch 207/KH-UBND. "


def seconds(times: int) -> float:
    start = time.process_time()
    assert spoken(LINE * times, Language.VI, PLAIN).text.count("bốn mươi lăm triệu đồng") == times
    return time.process_time() - start


def test_the_time_of_a_line_grows_with_its_length_and_no_faster():
    seconds(10)
    assert seconds(8_000) < 20 * max(seconds(800), 0.05)


def test_a_long_paragraph_is_cut_and_guarded_in_time_that_grows_with_it():
    def one(times: int) -> float:
        start = time.process_time()
        uttered = utter(LINE * times, Language.VI, PLAIN)
        guard.check(LINE * times, uttered.text, PLAIN)
        assert len(uttered.sentences) == times
        return time.process_time() - start

    assert one(2_000) < 20 * max(one(200), 0.05)
