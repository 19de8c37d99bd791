"""Vietnamese from before Unicode comes back as it was meant."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import OldKhmerFont
from pipeline.intake.legacy import Encoding, Fonts, converted, decode, encode, guess, of_bytes
from pipeline.intake.manuscript import Line

LETTERS = [
    unicodedata.normalize("NFC", vowel + tone)
    for vowel in "aăâeêioôơuưy"
    for tone in ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
] + list("đbcdghklmnpqrstvx 0129.,")
SENTENCE = "Ủy ban nhân dân xã Đất Mũi hỗ trợ bà con vùng xâm nhập mặn."


@pytest.mark.parametrize("encoding", Encoding)
@given(st.text(st.sampled_from(LETTERS), max_size=40))
def test_what_is_encoded_comes_back(encoding, text):
    assert decode(encode(text, encoding), encoding) == text


@pytest.mark.parametrize("text", ["Đường về Cà Mau", "ĐẤT MŨI, ẤP CÁI MÒI, KỸ SƯ Ỷ LẠI"])
def test_capitals_come_back_in_vni_which_has_codes_for_them(text):
    assert decode(encode(text, Encoding.VNI), Encoding.VNI) == text


@pytest.mark.parametrize(
    ("old", "encoding", "new"),
    [
        ("Céng hßa x· héi chñ nghÜa ViÖt Nam", Encoding.TCVN3, "Cộng hòa xã hội chủ nghĩa Việt Nam"),
        ("Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam", Encoding.VNI, "Cộng hòa xã hội chủ nghĩa Việt Nam"),
        ("kü s­ n«ng nghiÖp", Encoding.TCVN3, "kỹ sư nông nghiệp"),
    ],
)
def test_known_texts_of_the_old_fonts(old, encoding, new):
    assert (guess(old), decode(old, encoding)) == (encoding, new)


@pytest.mark.parametrize(
    "text", [SENTENCE, "Café à la crème", "5 m² × 3 – ½ °C", "El niño está aquí", "tôm, cua", "ឃុំ Tân Ân ចាក់", ""]
)
def test_what_makes_sense_as_it_stands_is_left_alone(text):
    assert guess(text) is None


def test_a_short_line_follows_the_lines_around_it_and_unicode_lines_stay():
    lines = [Line(encode(SENTENCE, Encoding.TCVN3)), Line("Cµ Mau"), Line(SENTENCE), Line("ក្រុង"), Line("2026")]
    found = converted(lines)
    assert [line.text for line in found.lines][1:] == ["Cà Mau", SENTENCE, "ក្រុង", "2026"]
    assert found.encodings == {Encoding.TCVN3}


def test_a_capital_font_shows_capitals_and_is_remembered():
    fonts = Fonts("bai.docx")
    assert fonts.shown("céng hßa", ".VnTimeH") == "CỘNG HÒA"
    assert fonts.shown("Times", "Times New Roman") == "Times"
    assert fonts.encodings == {Encoding.TCVN3}


def test_unicode_in_a_paper_that_names_an_old_font_stays_as_it_was_typed():
    fonts = Fonts("bai.docx")
    runs = [("Bà con xã ", ".VnTime"), ("Đất Mũi", "Arial"), (" hoà giải tại toà án, được hỗ trợ", ".VnTime")]
    assert fonts.joined(runs) == "Bà con xã Đất Mũi hoà giải tại toà án, được hỗ trợ"
    assert fonts.joined([("xã Tân Ân", ".VnTime")]) == "xã Tân Ân"
    assert fonts.joined([("Toà án hoà giải được hỗ trợ", "VNI-Times")]) == "Toà án hoà giải được hỗ trợ"
    assert fonts.encodings == set()
    assert fonts.joined([("x· héi", ".VnTime")]) == "xã hội"
    assert fonts.encodings == {Encoding.TCVN3}


def test_khmer_unicode_in_an_old_font_is_khmer_and_its_letters_as_symbols_are_not():
    fonts = Fonts("bai.docx")
    assert fonts.shown("ក្រុង 2026", "Limon S1") == "ក្រុង 2026"
    with pytest.raises(OldKhmerFont):
        fonts.shown("\uf065\uf04b", "Limon S1")


def test_an_old_font_that_calls_itself_a_symbol_font_is_read_too():
    assert Fonts("bai.docx").shown("x\uf0b7 h\uf0e9i", ".VnTime") == "xã hội"


def test_the_quotes_and_dashes_of_windows_come_through():
    old = encode("Bà con xã Đất Mũi được hỗ trợ", Encoding.TCVN3).encode("latin-1")
    found = converted([Line(of_bytes(b"\x93" + old + b"\x94 \x96 2026\x85"))])
    assert found.lines[0].text == "“Bà con xã Đất Mũi được hỗ trợ” – 2026…"
