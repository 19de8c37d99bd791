"""Hundreds of ways in which offices write, and how each is heard."""

from pathlib import Path

import pytest

from pipeline.core.model import Head, Language, Paragraph, Script, digest_of
from pipeline.reading import plain, read, spoken

LINES = (Path(__file__).parent / "spoken_cases.tsv").read_text("utf-8").splitlines()
CASES = [tuple(line.split("\t")) for line in LINES if not line.startswith("#")]


@pytest.mark.parametrize(("language", "written", "heard"), CASES)
def test_it_is_heard_as_an_announcer_would_say_it(language, written, heard):
    assert spoken(written, Language(language), plain()).text == heard


@pytest.mark.parametrize(("language", "written"), [case[:2] for case in CASES])
def test_nothing_of_it_is_held_as_lost(language, written):
    body = (Paragraph(written, Language(language)),)
    assert read(Script(digest=digest_of(b"x"), name="x.txt", head=Head(), body=body), plain()).sentences


def test_the_head_of_an_address_is_left_out_and_told():
    said = spoken("Xem https://camau.gov.vn nhé", Language.VI, plain())
    assert said.text == "Xem camau chấm gov chấm vê nờ nhé"
    assert said.left_out == ("https://",)
    assert [note.about for note in said.notes] == ["https://"]
