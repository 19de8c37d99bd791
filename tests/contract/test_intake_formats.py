"""Every kind of file an editor may drop: its words arrive, and what is broken is told as such."""

import io
import subprocess
import time
import unicodedata
import zipfile
from contextlib import suppress
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from pipeline.core.errors import EmptyScript, TooLarge, UnknownFormat, UnknownHeadKey, UnreadableScript
from pipeline.core.model import Head, Language, Paragraph, RecordingMark
from pipeline.intake import drop, formats, package

SENTENCE = "Ủy ban nhân dân xã Đất Mũi hỗ trợ 45.000.000 đồng từ ngày 25/11/2026."
KHMER = "សូមជម្រាបសួរបងប្អូនទាំងអស់គ្នា។"


def taken(path: Path):
    return drop.take_in(path, recheck=0).script


def texts(path: Path) -> list[str]:
    return [p.text for p in taken(path).body if isinstance(p, Paragraph)]


def cp1258(text: str) -> bytes:
    """As old Windows editors wrote Vietnamese: some tones as letters of their own."""
    out = b""
    for letter in text:
        try:
            out += letter.encode("cp1258")
        except UnicodeEncodeError:
            tones = [c for c in unicodedata.normalize("NFD", letter) if c in "\u0300\u0301\u0303\u0309\u0323"]
            rest = [c for c in unicodedata.normalize("NFD", letter) if c not in tones]
            out += (unicodedata.normalize("NFC", "".join(rest)) + "".join(tones)).encode("cp1258")
    return out


# --- plain text ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "encode",
    [
        lambda s: s.encode(),
        lambda s: s.encode("utf-8-sig"),
        lambda s: s.encode("utf-16"),
        lambda s: b"\xfe\xff" + s.encode("utf-16-be"),
        lambda s: s.encode("utf-16-le"),
        lambda s: unicodedata.normalize("NFD", s).encode(),
        cp1258,
    ],
    ids=["utf-8", "utf-8 with mark", "utf-16", "utf-16 big-endian", "utf-16 without mark", "decomposed", "cp1258"],
)
def test_the_same_words_arrive_in_whatever_encoding_they_were_saved(tmp_path, encode):
    file = tmp_path / "bai.txt"
    file.write_bytes(encode(f"Tiêu đề: Hỗ trợ\r\n\r\n{SENTENCE}\r\n"))
    script = taken(file)
    assert script.head == Head(title="Hỗ trợ")
    assert script.body == (Paragraph(SENTENCE, Language.VI),)


def test_khmer_in_utf16_without_a_mark_is_not_taken_for_chinese(tmp_path):
    file = tmp_path / "bai.txt"
    file.write_bytes(f"{KHMER}\r\n".encode("utf-16-le"))
    assert texts(file) == [KHMER]


@pytest.mark.parametrize(
    "written",
    [
        "Céng hßa x· héi chñ nghÜa ViÖt Nam. UBND x· §Êt Mòi häp.",
        "x· §Êt Mòi häp",
        "Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam, Ñoäc laäp",
    ],
    ids=["TCVN3", "a little TCVN3", "VNI"],
)
@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_text_for_an_old_font_becomes_unicode_with_a_notice(tmp_path, written, encoding):
    file = tmp_path / "bai.txt"
    file.write_bytes(written.encode(encoding))
    script = taken(file)
    words = " ".join(p.text for p in script.body if isinstance(p, Paragraph))
    assert "Cộng hòa xã hội chủ nghĩa Việt Nam" in words or words == "xã Đất Mũi họp"
    assert "nghe kỹ trước khi duyệt" in script.notices[0]


@pytest.mark.parametrize("data", [b"\xe0\xe8\xff\xfe na\xefve \xa9\xae", "это не по-вьетнамски".encode("cp1251")])
def test_bytes_that_are_vietnamese_in_no_encoding_are_refused(tmp_path, data):
    file = tmp_path / "bai.txt"
    file.write_bytes(data)
    with pytest.raises(UnreadableScript, match="TCVN3"):
        taken(file)


def test_a_picture_called_txt_is_refused(tmp_path):
    file = tmp_path / "bai.txt"
    file.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)))
    with pytest.raises(UnreadableScript):
        taken(file)


@pytest.mark.parametrize("suffix", [".txt", ".md", ".docx"])
def test_a_text_of_zero_bytes_is_refused_as_empty(tmp_path, suffix):
    file = tmp_path / f"bai{suffix}"
    file.touch()
    with pytest.raises(EmptyScript):
        taken(file)


@pytest.mark.parametrize("written", [" \n\t\n", "...\n- - -\n", "Tiêu đề: Tin lúa\n", "[nghỉ 2 giây]\n"])
def test_a_script_without_a_word_to_say_is_refused_as_empty(tmp_path, written):
    file = tmp_path / "bai.txt"
    file.write_text(written, "utf-8")
    with pytest.raises(EmptyScript):
        taken(file)


def test_a_text_larger_than_any_bulletin_is_refused_with_its_size(tmp_path):
    file = tmp_path / "bai.txt"
    file.write_text("Kính thưa bà con! " * 150_000, "utf-8")
    with pytest.raises(TooLarge, match="more than 2 MB"):
        taken(file)


def test_an_unknown_kind_of_file_names_those_that_are_taken(tmp_path):
    file = tmp_path / "bai.pptx"
    file.write_bytes(b"PK")
    with pytest.raises(UnknownFormat) as caught:
        taken(file)
    assert ".docx" in caught.value.next_step.vi
    assert ".wav" in caught.value.next_step.vi


def test_markdown_takes_its_head_between_rules_and_its_title_from_the_heading(tmp_path):
    file = tmp_path / "bai.md"
    file.write_text(f"---\n# lời dặn\nGiọng: nam\n---\n\n# Tin lúa, hôm nay:\n\n* {SENTENCE}\n", "utf-8")
    script = taken(file)
    assert (script.head.voice, script.head.title) == ("nam", "Tin lúa, hôm nay:")
    assert texts(file) == ["Tin lúa, hôm nay:", SENTENCE]


@pytest.mark.parametrize(
    "name",
    ["ព័ត៌មាន.txt", unicodedata.normalize("NFD", "Bản tin Đất Mũi.txt"), "Bản tin số 1 (sửa).TXT"],
)
def test_a_file_may_have_any_name(tmp_path, name):
    file = tmp_path / name
    file.write_text(SENTENCE, "utf-8")
    script = taken(file)
    assert script.name == unicodedata.normalize("NFC", name)
    assert script.head.title == ""  # a file's name is nothing to read out


@pytest.mark.parametrize("data", [b"a" * 1_900_000, b"[" * 100_000, b"[a](" + b"b" * 100_000, b"[![a](b)](c) d"])
@pytest.mark.parametrize("name", ["bai.txt", "bai.md"])
def test_a_line_without_end_is_taken_in_within_seconds(tmp_path, data, name):
    (tmp_path / name).write_bytes(data)
    start = time.monotonic()
    with suppress(EmptyScript):
        assert texts(tmp_path / name)
    assert time.monotonic() - start < 10


# --- Word ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def word_file(tmp_path):
    document = docx.Document()
    table = document.add_table(rows=0, cols=2)
    for key, value in (("Tiêu đề", "Hỗ trợ"), ("Ngôn ngữ:", "vi+km"), ("Nơi nhận", "tất cả, trừ Đất Mũi")):
        cells = table.add_row().cells
        cells[0].text, cells[1].text = key, value
    document.add_paragraph()
    document.add_heading("Hỗ trợ hộ nghèo", 1)
    document.add_paragraph("Mời nghe [ghi âm: x.wav] rồi tiếp.")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(
        table.rows[0].cells + table.rows[1].cells, ["Đất Mũi", "120 hộ", SENTENCE, KHMER], strict=True
    ):
        cell.text = text
    document.add_paragraph("Hết tin.")
    file = tmp_path / "bai.docx"
    document.save(str(file))
    return file


def test_word_paragraphs_and_tables_arrive_in_the_order_they_stand(word_file, tone):
    tone(word_file.parent / "x.wav")
    script = taken(word_file)
    assert script.head == Head(title="Hỗ trợ", languages=(Language.VI, Language.KM), without=("Đất Mũi",))
    assert script.body == (
        Paragraph("Hỗ trợ hộ nghèo", Language.VI, heading=True),
        Paragraph("Mời nghe", Language.VI),
        RecordingMark("x.wav"),
        Paragraph("rồi tiếp.", Language.VI),
        Paragraph("Đất Mũi; 120 hộ", Language.VI),
        Paragraph(SENTENCE, Language.VI),
        Paragraph(KHMER, Language.KM),
        Paragraph("Hết tin.", Language.VI),
    )


def test_word_text_that_a_reader_sees_is_kept_and_what_was_deleted_is_not(tmp_path):
    document = docx.Document()
    paragraph = parse_xml(
        f"<w:p {nsdecls('w')}><w:r><w:t>Kinh </w:t></w:r>"
        "<w:ins w:id='1' w:author='a'><w:r><w:t>phí mới</w:t></w:r></w:ins>"
        "<w:del w:id='2' w:author='a'><w:r><w:delText>phí cũ</w:delText></w:r></w:del>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t> bí mật</w:t></w:r>"
        "<w:smartTag><w:r><w:tab/><w:t>tăng.</w:t></w:r></w:smartTag></w:p>"
    )
    control = parse_xml(
        f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:r><w:t>Trong khung nhập.</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    document.element.body.insert(0, paragraph)
    document.element.body.insert(1, control)
    document.save(str(tmp_path / "bai.docx"))
    assert texts(tmp_path / "bai.docx") == ["Kinh phí mới tăng.", "Trong khung nhập."]


def test_a_table_that_is_no_head_is_read_out(tmp_path):
    document = docx.Document()
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "Xã Đất Mũi", "120 hộ"
    document.save(str(tmp_path / "bai.docx"))
    assert texts(tmp_path / "bai.docx") == ["Xã Đất Mũi; 120 hộ"]


def test_an_unknown_key_in_a_head_table_names_the_nearest(tmp_path):
    document = docx.Document()
    table = document.add_table(rows=2, cols=2)
    for row, (key, value) in zip(table.rows, [("Tiêu đề", "Tin"), ("Thể lọa", "CT")], strict=True):
        row.cells[0].text, row.cells[1].text = key, value
    document.save(str(tmp_path / "bai.docx"))
    with pytest.raises(UnknownHeadKey, match="'Thể loại'"):
        taken(tmp_path / "bai.docx")


def test_a_docx_that_is_a_zip_of_something_else_is_told_as_such(tmp_path):
    file = tmp_path / "bai.docx"
    with zipfile.ZipFile(file, "w") as other:
        other.writestr("anh.jpg", b"\xff\xd8\xff")
    with pytest.raises(UnreadableScript) as caught:
        taken(file)
    assert "tệp nén khác" in caught.value.message.vi
    assert caught.value.code == "I-103"


@pytest.mark.parametrize(
    "data", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), b"PK\x03\x04abc", b"Xin ch\xc3\xa0o"]
)
def test_a_docx_with_a_password_or_damaged_or_of_text_is_refused(tmp_path, data):
    file = tmp_path / "bai.docx"
    file.write_bytes(data)
    with pytest.raises(UnreadableScript):
        taken(file)


def test_a_docx_cut_or_damaged_anywhere_is_refused_and_never_a_bug(word_file):
    whole = word_file.read_bytes()
    for part in range(1, 40):
        at = len(whole) * part // 40
        with pytest.raises(UnreadableScript):
            formats.read(whole[:at], "bai.docx")
        with suppress(UnreadableScript):  # a hole in a part that is not read may go unseen
            assert formats.read(whole[:at] + b"\x00\xff" * 16 + whole[at + 32 :], "bai.docx")


def repacked(file: Path, **parts: bytes) -> bytes:
    """A Word file with other bytes in its document.xml."""
    out = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, parts["document"] if name == "word/document.xml" else old.read(name))
    return out.getvalue()


def test_a_zip_bomb_is_refused_before_it_is_unpacked(word_file):
    bomb = repacked(word_file, document=bytes(package.MOST_UNPACKED + 1))
    assert len(bomb) < formats.MOST_WORD
    with pytest.raises(UnreadableScript) as caught:
        formats.read(bomb, "bai.docx")
    assert "quá lớn" in caught.value.message.vi


def test_xml_entities_neither_grow_nor_reach_files(word_file, tmp_path):
    secret = tmp_path / "khoa"
    secret.write_text("MẬT", "utf-8")
    entities = "<!ENTITY a 'haha'>" + "".join(
        f"<!ENTITY {b} '{f'&{a};' * 30}'>" for a, b in zip("abcdef", "bcdefg", strict=True)
    )
    document = (
        f"<!DOCTYPE w [{entities}<!ENTITY x SYSTEM '{secret.as_uri()}'>]><w:document {nsdecls('w')}><w:body>"
        "<w:p><w:r><w:t>Xin chào &g;&x;</w:t></w:r></w:p></w:body></w:document>"
    )
    try:
        lines = formats.read(repacked(word_file, document=document.encode()), "bai.docx").lines
    except UnreadableScript:
        return
    written = "".join(line.text for line in lines)
    assert "MẬT" not in written
    assert len(written) < 100


# --- recordings ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def ffmpeg():
    import imageio_ffmpeg

    return imageio_ffmpeg.get_ffmpeg_exe()


@pytest.fixture
def tone(ffmpeg):
    def make(path: Path, hertz: int = 440) -> Path:
        source = ["-f", "lavfi", "-i", f"sine=frequency={hertz}:duration=0.3"]
        subprocess.run([ffmpeg, "-v", "error", "-y", *source, str(path)], check=True)
        return path

    return make


@pytest.mark.parametrize("suffix", formats.SOUNDS)
def test_a_recording_of_every_kind_is_taken_in_under_the_digest_of_its_bytes(tmp_path, tone, suffix):
    file = tone(tmp_path / f"phong-van_1{suffix}")
    script = taken(file)
    assert script.recording == script.digest == drop.digest_of(file.read_bytes())
    assert (script.body, script.head) == ((), Head())


def test_a_bare_mp3_without_tags_is_sound(tmp_path, ffmpeg, tone):
    file = tmp_path / "a.mp3"
    source = ["-i", str(tone(tmp_path / "a.wav")), "-id3v2_version", "0", "-write_xing", "0"]
    subprocess.run([ffmpeg, "-v", "error", "-y", *source, str(file)], check=True)
    assert file.read_bytes()[0] == 0xFF
    (tmp_path / "a.wav").unlink()
    assert taken(file).recording


@pytest.mark.parametrize("suffix", formats.SOUNDS)
@pytest.mark.parametrize(
    "data",
    [b"", bytes(5000), SENTENCE.encode(), SENTENCE.encode("utf-16"), b"PK\x03\x04" + bytes(100)],
    ids=["no bytes", "zeros", "text", "utf-16 text", "a zip"],
)
def test_a_recording_that_is_no_sound_is_refused(tmp_path, suffix, data):
    file = tmp_path / f"phong-van{suffix}"
    file.write_bytes(data)
    with pytest.raises(UnreadableScript, match="phong-van"):
        taken(file)


def test_a_recording_over_the_cap_is_refused(tmp_path, tone):
    file = tone(tmp_path / "a.wav")
    with pytest.raises(TooLarge):
        drop.take_in(file, max_bytes=1000, recheck=0)


# --- templates -------------------------------------------------------------------------------------------------------

TEMPLATES = Path(__file__).parents[2] / "scripts" / "mau"


@pytest.mark.parametrize(
    ("name", "languages"),
    [
        ("ban-tin-vi.txt", (Language.VI,)),
        ("ban-tin-km.txt", (Language.KM,)),
        ("ban-tin-song-ngu.txt", (Language.VI, Language.KM)),
        ("ban-tin.docx", (Language.VI, Language.KM)),
    ],
)
def test_every_template_is_taken_in_as_it_stands(name, languages):
    script = taken(TEMPLATES / name)
    assert script.languages == languages
    assert script.head.title
    assert not any("#" in p.text for p in script.body if isinstance(p, Paragraph))
    assert {p.language for p in script.body if isinstance(p, Paragraph)} == set(languages)


def test_the_text_templates_show_every_key():
    from pipeline.intake import head

    for template in TEMPLATES.glob("*.txt"):
        written = template.read_text("utf-8")
        assert [key.label for key in head.KEYS if f"\n{key.label}:" not in written] == []
