"""From a script to what its voices say."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import TextLost
from pipeline.core.model import (
    Head,
    Language,
    Paragraph,
    PauseMark,
    RecordingMark,
    Script,
    Seconds,
    VoiceMark,
    digest_of,
)
from pipeline.reading import Register, plain, read, spoken, utter
from pipeline.reading.lexicon import KHMER
from pipeline.reading.sentences import AFTER_PARAGRAPH, AFTER_RUN, MOST_BYTES, escaped_bytes

ODD = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("0123456789៤០./-:,%&đhgxIVXUBNDăệក្ខៗ។ល \u200b\u0301\ud800😀"),
    ),
    max_size=60,
)


def script(*body, voice="") -> Script:
    return Script(digest=digest_of(b"x"), name="x.txt", head=Head(voice=voice), body=body)


def test_recordings_and_pauses_keep_their_place_and_a_voice_mark_changes_the_voice():
    vi = Language.VI
    body = (
        Paragraph("Chào bà con.", vi), RecordingMark("a.wav"), VoiceMark("nam"), PauseMark(Seconds(2.0)),
        Paragraph("Có 3 tin.", vi),
    )  # fmt: skip
    first, recording, pause, second = read(script(*body, voice="nữ"), plain()).utterances
    assert (first.text, first.voice) == ("Chào bà con.", "nữ")
    assert (recording, pause) == (RecordingMark("a.wav"), PauseMark(Seconds(2.0)))
    assert (second.text, second.written, second.voice) == ("Có ba tin.", "Có 3 tin.", "nam")


def test_a_vietnamese_name_in_a_khmer_paragraph_is_said_by_a_vietnamese_voice():
    said = utter("នៅឃុំ Đất Mũi មាន ៥ គ្រួសារ។", Language.KM, plain()).sentences
    assert [(s.language, s.text.replace("\u200b", "")) for s in said] == [
        (Language.KM, "នៅឃុំ"), (Language.VI, "Đất Mũi"), (Language.KM, "មាន ប្រាំ គ្រួសារ។"),
    ]  # fmt: skip
    assert [s.pause for s in said] == [AFTER_RUN, AFTER_RUN, AFTER_PARAGRAPH]


def test_units_in_a_khmer_paragraph_stay_khmer():
    said = utter("លក់ ៥ kg ម៉ោង 17h30។", Language.KM, plain()).sentences
    assert {s.language for s in said} == {Language.KM}


def test_signs_alone_are_no_sentence():
    assert utter("... !!! (—) 😀", Language.VI, plain()).sentences == ()


def test_the_register_reaches_every_sentence():
    said = read(script(Paragraph("Có 1.005 hộ.", Language.VI)), plain(Register.BAC)).text
    assert said == "Có một nghìn không trăm linh năm hộ."


def test_an_unknown_abbreviation_is_reported_once():
    found = read(
        script(Paragraph("Dự án KXZ. Vốn KXZ.", Language.VI), Paragraph("Lại KXZ.", Language.VI)), plain()
    ).notes
    assert [n.about for n in found] == ["KXZ"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("a" * 20000, Language.KM), ("A" * 20000, Language.VI), ("ក" * 20000, Language.KM),
        ("\u0301" * 20000, Language.VI),
    ],
)  # fmt: skip
def test_a_paragraph_of_twenty_thousand_characters_without_space_is_read(text, language):
    reading = read(script(Paragraph(text, language)), plain())
    assert all(escaped_bytes(s.text) <= MOST_BYTES for s in reading.sentences)
    assert len(reading.sentences) > 5 or "\u0301" in text


@given(ODD, st.sampled_from(Language))
def test_any_line_is_spoken_on_one_line_and_twice_alike(text, language):
    said = spoken(text, language, plain())
    assert len(said.text.splitlines()) <= 1
    assert said == spoken(text, language, plain())
    assert not any(c.isdecimal() for c in said.text)


@given(ODD, st.sampled_from(Language))
def test_any_paragraph_is_read_or_held_and_no_voice_gets_the_other_script(text, language):
    try:
        reading = read(script(Paragraph(text, language)), plain())
    except TextLost:
        return
    for s in reading.sentences:
        assert s.text
        assert s.language is Language.KM or not re.search(f"[{KHMER}]", s.text)
        assert s.language is Language.VI or not re.search(r"[A-Za-zđ]", s.text)
