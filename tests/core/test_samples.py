"""The sample scripts in the papers are read as the papers say."""

from pathlib import Path

import pytest

from pipeline.core.model import Head, Script, digest_of
from pipeline.intake import body, formats, head, paper
from pipeline.reading import Announcer, Codes, guard, read
from pipeline.reading.clean import clean

DOCS = Path(__file__).parents[2] / "docs"
SAMPLES = {
    "Kế hoạch của tỉnh": ("ke-hoach.txt", "ke-hoach-km.txt"),
    "Cảnh báo mặn và triều cường": ("canh-bao-man.txt", "canh-bao-man-km.txt"),
    "Lịch tiêm chủng": ("tiem-chung.md", "tiem-chung-km.txt"),
}
ANNOUNCER = Announcer(codes=Codes.SHORT)


def told(name: str) -> tuple[str, list[str]]:
    """A sample as spoken, and what its editor is told."""
    lines = formats.read((DOCS / "mau" / name).read_bytes(), name).lines
    top, end = head.read([line.text for line in lines], name)
    passages = body.passages(paper.structured(lines[end:]), top.languages, name)
    reading = read(Script(digest=digest_of(b"x"), name=name, head=Head(), body=passages), ANNOUNCER)
    return reading.text.replace("\u200b", ""), [f"{note.about}: {note.message}" for note in reading.notes]


@pytest.mark.parametrize("name", [name for names in SAMPLES.values() for name in names])
def test_a_sample_is_read_as_its_paper_says(name):
    said, notes = told(name)
    paper_ = (DOCS / "mau-loi-doc.md").read_text("utf-8")
    assert f"```\n{said}\n```" in paper_
    assert all(f"- {note}" in paper_ for note in notes)


@pytest.mark.parametrize("name", [name for names in SAMPLES.values() for name in names])
def test_no_figure_and_no_capital_abbreviation_of_a_sample_is_left_to_a_voice(name):
    said, _ = told(name)
    assert not any(c.isdecimal() for c in said)
    assert not [word for word in said.split() if len(word) > 1 and word.isupper() and word.isascii()]
    assert list(guard.losses(clean(said), said, ANNOUNCER)) == []
