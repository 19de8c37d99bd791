"""OpenDocument, RTF, web pages, PDF and old Word files: the words arrive in order, and what is broken is told."""

import contextlib
import io
import os
import shutil
import tempfile
import time
import zipfile
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from pipeline.core.errors import EmptyScript, OldKhmerFont, ScannedPages, ScriptRefused, TooLarge, UnreadableScript
from pipeline.intake import formats, legacy, oldword, paper
from pipeline.intake import pdf as pdf_reader
from pipeline.intake.legacy import Encoding, encode

SENTENCE = "Bà con xã Đất Mũi được hỗ trợ qua mùa xâm nhập mặn."
KHMER = "សូមជម្រាបសួរបងប្អូន។"
TCVN3, VNI = encode(SENTENCE, Encoding.TCVN3), encode(SENTENCE, Encoding.VNI)
LIMON = "eKalbMNg"


def style(name: str, font: str, family: str = "paragraph") -> str:
    """A style of an OpenDocument."""
    named = f"<style:text-properties style:font-name='{font}'/>"
    return f"<style:style style:family='{family}' style:name='{name}'>{named}</style:style>"


NOTICE = "nghe kỹ trước khi duyệt"


def told(data: bytes, name: str) -> list[str]:
    return [line.text for line in formats.read(data, name).lines if line.text]


# --- OpenDocument ----------------------------------------------------------------------------------------------------

_ODF = "urn:oasis:names:tc:opendocument:xmlns:"
_NAMES = " ".join(
    f'xmlns:{short}="{_ODF}{long}:1.0"'
    for short, long in {
        "office": "office", "style": "style", "text": "text", "table": "table", "draw": "drawing",
        "fo": "xsl-fo-compatible", "svg": "svg-compatible",
    }.items()
)  # fmt: skip


def odt(body: str, styles: str = "", *, before: str = "", common: str = "", manifest: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        if common:
            package.writestr("styles.xml", f"<office:document-styles {_NAMES}>{common}</office:document-styles>")
        if manifest:
            package.writestr("META-INF/manifest.xml", manifest)
        package.writestr(
            "content.xml",
            f"<?xml version='1.0'?>{before}<office:document-content {_NAMES}><office:automatic-styles>{styles}"
            f"</office:automatic-styles><office:body><office:text>{body}</office:text></office:body>"
            "</office:document-content>",
        )
    return out.getvalue()


def cells(*texts: str) -> str:
    inside = "".join(f"<table:table-cell><text:p>{text}</text:p></table:table-cell>" for text in texts)
    return f"<table:table-row>{inside}</table:table-row>"


def test_an_opendocument_arrives_in_the_order_it_stands():
    body = (
        "<text:sequence-decls><text:p>không đọc</text:p></text:sequence-decls>"
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>đã xóa</text:p></text:deletion>"
        "</text:changed-region></text:tracked-changes>"
        f"<text:h>Tin lúa</text:h><text:p>{SENTENCE} <text:span>Xã<text:s text:c='2'/>hỗ trợ</text:span>"
        "<text:note><text:note-body><text:p>chú thích</text:p></text:note-body></text:note> ngay.</text:p>"
        "<text:list><text:list-item><text:p>Việc một</text:p></text:list-item></text:list>"
        f"<table:table>{cells('Xã', 'Số hộ')}{cells('Đất Mũi', '120')}{cells('Tân Ân', '85')}</table:table>"
        f"<text:section><text:p>{KHMER}</text:p></text:section>"
    )
    assert told(odt(body), "bai.odt") == [
        "Tin lúa", f"{SENTENCE} Xã  hỗ trợ ngay.", "Việc một", "Xã: Đất Mũi; Số hộ: 120", "Xã: Tân Ân; Số hộ: 85",
        KHMER,
    ]  # fmt: skip


def test_the_font_of_an_opendocument_style_is_found_through_its_parent():
    child = "<style:style style:family='paragraph' style:name='con' style:parent-style-name='cha'/>"
    styles = style("cha", ".VnTime") + child
    found = formats.read(odt(f"<text:p text:style-name='con'>{TCVN3}</text:p>", styles), "bai.odt")
    assert [line.text for line in found.lines] == [SENTENCE]
    assert NOTICE in found.notices[0]


_FACE = "<style:font-face style:name='F' svg:font-family=\"'Limon S1'\"/>"
_DEFAULT = style("", "Limon S1").replace("style:style", "style:default-style")


@pytest.mark.parametrize(
    ("styles", "common"),
    [
        ("", f"<office:styles>{_DEFAULT}</office:styles>"),
        (_FACE + style("P1", "F"), ""),
        (
            style("P1", "Limon S1") + style("P1", "Arial", "text"),
            f"<office:automatic-styles>{style('P1', 'Arial')}</office:automatic-styles>",
        ),
    ],
    ids=["default of the document", "by another name", "beside styles of the same name"],
)
def test_khmer_in_an_old_font_is_found_wherever_an_opendocument_names_it(styles, common):
    with pytest.raises(OldKhmerFont):
        told(odt(f"<text:p text:style-name='P1'>{LIMON}</text:p>", styles, common=common), "bai.odt")


def test_boxes_and_shapes_of_an_opendocument_are_read_once_and_hidden_text_never():
    def framed(inside: str) -> str:
        return f"<draw:frame><draw:text-box><text:p>{inside}</text:p></draw:text-box></draw:frame>"

    hidden = (
        "<style:style style:family='text' style:name='an'><style:text-properties text:display='none'/></style:style>"
    )
    body = (
        f"<text:p>Một\n dòng{framed('Hộp' + framed('Sâu'))}</text:p>"
        "<text:p>Hai<draw:custom-shape><text:p>Hình</text:p></draw:custom-shape>"
        "<text:span text:style-name='an'> ẩn</text:span></text:p>"
        f"<text:section text:display='none'><text:p>ẩn</text:p></text:section>{framed('Trang')}"
    )
    found = [" ".join(text.split()) for text in told(odt(body, hidden), "bai.odt")]
    assert found == ["Một dòng", "Hộp", "Sâu", "Hai", "Hình", "Trang"]


def test_an_opendocument_with_a_password_is_told_as_such():
    with pytest.raises(UnreadableScript) as caught:
        told(odt("", manifest="<manifest:encryption-data/>"), "bai.odt")
    assert "mật khẩu" in caught.value.message.vi


@pytest.mark.parametrize(
    "data",
    [
        odt("<text:p>a<text:s text:c='x'/>b</text:p></broken>"),
        odt("<text:p>")[:-60],
        odt("")[: len(odt("")) // 2],
        odt("</broken>"),
        b"PK\x03\x04" + bytes(99),
    ],
)
def test_a_broken_opendocument_is_refused(data):
    with pytest.raises(UnreadableScript):
        formats.read(data, "bai.odt")


def test_entities_of_an_opendocument_neither_grow_nor_reach_files(tmp_path):
    (tmp_path / "khoa").write_text("MẬT", "utf-8")
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    before = f'<!DOCTYPE x [<!ENTITY l0 "ha"><!ENTITY x SYSTEM "file://{tmp_path}/khoa">{laughs}]>'
    try:
        words = " ".join(told(odt("<text:p>Chào &x; &l11;</text:p>", before=before), "bai.odt"))
    except UnreadableScript:
        return
    assert "MẬT" not in words
    assert len(words) < 100


def test_a_table_of_ten_thousand_rows_is_told_within_seconds():
    rows = "".join(cells(str(n), f"ấp {n}") for n in range(10_000))
    start = time.monotonic()
    found = list(formats.read(odt(f"<table:table>{cells('STT', 'Ấp')}{rows}</table:table>"), "b.odt").lines)
    assert time.monotonic() - start < 10
    assert [line.left_out for line in found if line.text] == ["bảng 10000 dòng, 2 cột; cần đọc thì viết thành lời"]


# --- RTF -------------------------------------------------------------------------------------------------------------


def rtf(body: str, fonts: str = r"{\f0\fcharset163 Times New Roman;}") -> bytes:
    return (
        rf"{{\rtf1\ansi\ansicpg1252\deff0{{\fonttbl{fonts}}}{{\colortbl;\red0;}}{{\info{{\title x}}}}" + body + "}"
    ).encode("latin-1")


def escaped(text: str) -> str:
    units = text.encode("utf-16-le")
    codes = (int.from_bytes(units[i : i + 2], "little", signed=True) for i in range(0, len(units), 2))
    return "".join(chr(code) if 32 <= code < 127 and chr(code) not in "\\{}" else rf"\u{code}?" for code in codes)


def test_rich_text_arrives_in_the_order_it_stands():
    body = (
        r"{\header Trang 1\par}"
        + escaped(SENTENCE)
        + r"\par {\v m\u7853?t}Hai\~ba\line b\u7889?n {\deleted x\u243?a}n\u259?m\par "
        r"{\*\generator Word;}{\field{\*\fldinst HYPERLINK x}{\fldrslt li\u234?n k\u7871?t}}\par "
        + escaped(KHMER)
        + r" 😀".replace("😀", escaped("😀"))
    )
    assert told(rtf(body), "bai.rtf") == [SENTENCE, "Hai ba", "bốn năm", "liên kết", f"{KHMER} 😀"]


def test_rich_text_in_the_vietnamese_code_page_is_read_with_its_tones():
    encoded = "".join(
        rf"\'{byte:02x}" if byte > 127 else chr(byte) for byte in "Ca\u0300 Mau mu\u031ba".encode("cp1258", "replace")
    )
    assert told(rtf(encoded.replace("?", "")), "bai.rtf")[0].startswith("Cà Mau m")


def test_rows_of_rich_text_are_a_table():
    row = r"\trowd\intbl %s\cell \intbl %s\cell\row "
    body = row % ("Xa", "So ho") + row % ("Tan An", "85") + row % ("Dat Mui", "120") + r"\pard Het.\par"
    assert told(rtf(body), "bai.rtf") == ["Xa: Tan An; So ho: 85", "Xa: Dat Mui; So ho: 120", "Het."]


@pytest.mark.parametrize(("font", "written"), [(".VnTime", TCVN3), ("VNI-Times", VNI)])
def test_rich_text_in_an_old_font_becomes_unicode(font, written):
    bytes_ = "".join(rf"\'{ord(c):02x}" if ord(c) > 127 else c for c in written)
    found = formats.read(rtf(rf"\f1 {bytes_}\par", rf"{{\f0 Arial;}}{{\f1 {font};}}"), "bai.rtf")
    assert [line.text for line in found.lines if line.text] == [SENTENCE]
    assert NOTICE in found.notices[0]


def box(text: str) -> str:
    shown = rf"{{\shprslt{{\*\do{{\dptxbxtext {text}\par}}}}}}"
    return rf"{{\shp{{\*\shpinst{{\sp{{\sn x}}{{\sv 1}}}}{{\shptxt\pard {text}\par }}}}{shown}}}"


def test_a_text_box_of_rich_text_is_read_once_and_those_of_page_headers_never():
    body = rf"{{\header {box('Trang 1')}}}Ba {box('Trong hop')}con.\par \trowd\intbl o{box('hop')}\cell b\cell\row\pard"
    assert told(rtf(body), "bai.rtf") == ["Trong hop", "Ba con.", "o, hop; b"]


def test_tables_in_tables_of_rich_text_keep_every_word():
    body = (
        r"\trowd\intbl\itap2 mot\nestcell{\nonesttables\par}hai\nestcell{\*\nesttableprops\trowd\nestrow}"
        r"{\nonesttables\par}\pard\intbl\itap1 ba\cell bon\cell\row\pard Het.\par"
    )
    assert told(rtf(body), "bai.rtf") == ["mot, hai, ba; bon", "Het."]


@pytest.mark.parametrize(
    "data",
    [
        b"{\\rtf1\\ansi\\ansicpg1258 " + "Ba\u0300 con \u0111ông".encode("cp1258") + b"\\par}",
        "{\\rtf1\\ansi Bà con đông\\par}\0\0".encode(),
        b"{\\rtf1 {\\upr{B? con}{\\*\\ud{B\\u224?}}} con \\u273?\\u244?ng}",
    ],
    ids=["bytes of the code page", "bytes of UTF-8", "two spellings"],
)
def test_rich_text_is_read_in_every_way_of_writing_a_letter(data):
    assert told(data, "bai.rtf") == ["Bà con đông"]


def test_the_letter_that_looks_like_a_hyphen_in_an_old_font_is_kept():
    written = "".join(
        r"\-" if c == "\xad" else rf"\'{ord(c):02x}" if ord(c) > 127 else c for c in encode("được nước", Encoding.TCVN3)
    )
    assert told(rtf(rf"\f1 {written}\par", r"{\f0 Arial;}{\f1 .VnTime;}"), "bai.rtf") == ["được nước"]


def test_rich_text_cut_short_anywhere_is_refused():
    whole = rtf(r"Mot.\par {\b Hai} ba.\par \trowd\intbl a\cell b\cell\row\pard Bon.\par")
    for at in range(6, len(whole) - 1):
        with pytest.raises(UnreadableScript, match="cut short"):
            told(whole[:at], "bai.rtf")


@pytest.mark.parametrize("data", [b"xin chao", b"{\\rtf1" + b"{" * 100_000, b"{\\rtf1\\bin99999999999 x"])
def test_hostile_rich_text_is_refused_or_empty_within_a_second(data):
    start = time.monotonic()
    with contextlib.suppress(UnreadableScript):
        assert told(data, "bai.rtf") == []
    assert time.monotonic() - start < 2


def test_ten_megabytes_on_one_line_of_rich_text_are_too_much_and_told_so():
    start = time.monotonic()
    with pytest.raises(TooLarge):
        formats.read(rtf("ba con " * 1_500_000), "bai.rtf")
    assert time.monotonic() - start < 10


# --- web pages -------------------------------------------------------------------------------------------------------


def test_a_web_page_of_word_arrives_in_the_order_it_stands():
    page = (
        "<html><head><meta charset=utf-8><title>Tên</title><style>p{color:red}</style></head><body lang=VI>"
        f"<h1>Tin\r\nlúa</h1><div class=WordSection1><p class=MsoNormal>{SENTENCE}<b> Đậm</b><br>Dòng hai"
        "<!--[if gte mso 9]>không đọc<![endif]--></p><p style='mso-hide:all'>ẩn</p>"
        "<table><tr><td>Xã</td><td>Số hộ</td></tr><tr><td><p>Đất Mũi</p></td><td>120</td></tr>"
        "<tr><td>Tân Ân</td><td>85</td></tr></table><script>alert('x')</script><ul><li>Việc một<li>Việc hai</ul>"
        f"đuôi</div><p>{KHMER}</p></body></html>"
    )
    assert told(page.encode(), "bai.html") == [
        "Tin lúa", f"{SENTENCE} Đậm", "Dòng hai", "Xã: Đất Mũi; Số hộ: 120", "Xã: Tân Ân; Số hộ: 85", "Việc một",
        "Việc hai", "đuôi", KHMER,
    ]  # fmt: skip


def test_a_web_page_is_read_in_the_charset_it_names():
    page = "<html><meta content='text/html; charset=windows-1258'><p>B\xe0 con \u0111\xf4ng</p></html>"
    assert told(page.encode("cp1258"), "bai.htm") == ["Bà con đông"]


@pytest.mark.parametrize(
    "page",
    [
        f"<p style=\"font-family:'.VnTime'\">{TCVN3}</p>",
        f"<p><font face='.VnTime'>{TCVN3}</font></p>",
        f"<style>p.cu{{font-family:.VnTime;}}</style><p class=cu>{TCVN3}</p>",
    ],
)
def test_the_old_font_of_a_web_page_is_found_where_it_is_named(page):
    found = formats.read(f"<html><meta charset=utf-8>{page}</html>".encode(), "bai.html")
    assert [line.text for line in found.lines] == [SENTENCE]
    assert NOTICE in found.notices[0]


WORD_SHEET = (
    '<style><!--\n /* Font Definitions */\n @font-face\n\t{font-family:"%s";}\n /* Style Definitions */\n'
    ' p.MsoNormal, li.MsoNormal\n\t{mso-fareast-font-family:"Times New Roman";\n\tfont-family:"%s";}\n--></style>'
)


@pytest.mark.parametrize(
    "page",
    [
        WORD_SHEET % ("Limon S1", "Limon S1") + f"<p class=MsoNormal>{LIMON}</p>",
        f"<p style='mso-bidi-font-family:Arial;font-family:\"Limon S1\"'>{LIMON}</p>",
        f"<div style='font-family:Limon S1'><table><tr><td>{LIMON}</td></tr></table></div>",
        f"<table><tbody><tr style='font-family:Limon S1'><td>{LIMON}</td></tr></table>",
    ],
    ids=["style sheet of Word", "after other fonts", "around a table", "of a row"],
)
def test_khmer_in_an_old_font_is_found_wherever_a_web_page_names_the_font(page):
    with pytest.raises(OldKhmerFont):
        told(f"<html><meta charset=utf-8>{page}</html>".encode(), "bai.html")


def test_footnotes_and_comments_of_a_web_page_stay_out_and_captions_come_in():
    page = (
        "<p>Tin<a style='mso-footnote-id:ftn1' href='#_ftn1'><span class=MsoFootnoteReference>[1]</span></a> mới"
        "<span><span style='mso-special-character:comment'><a href='#c'>[A1]</a></span></span></p>"
        "<table>lạc<caption>Bảng một</caption><tr><td>a</td></tr></table><p hidden>ẩn</p>"
        "<div style='mso-element:footnote-list'><hr><div style='mso-element:footnote'><p>chú thích</p></div></div>"
        "<div style='mso-element:comment-list'><div style='mso-element:comment'><p>ghi chú</p></div></div>"
    )
    assert told(f"<html><meta charset=utf-8>{page}</html>".encode(), "bai.html") == ["Tin mới", "lạc", "Bảng một", "a"]


@pytest.mark.parametrize("charset", ["windows-1252", "iso-8859-1", "no-such", ""])
def test_a_web_page_in_utf8_is_read_so_whatever_charset_it_names(charset):
    page = f"<html><meta charset={charset}><p>{SENTENCE}</p></html>".encode()
    assert told(page, "bai.html") == told(b"\xef\xbb\xbf" + page, "bai.html") == [SENTENCE]


def test_a_web_page_in_utf16_or_the_code_page_of_windows_is_read_in_it():
    page = "<html><meta charset=%s><p>“%s” – hai</p></html>"
    assert told((page % ("unicode", SENTENCE)).encode("utf-16"), "bai.html") == [f"“{SENTENCE}” – hai"]
    assert told((page % ("iso-8859-1", "xong")).encode("cp1252"), "bai.html") == ["“xong” – hai"]


def test_what_follows_a_large_picture_in_a_web_page_is_read():
    page = f"<html><meta charset=utf-8><p>Một</p><img src='data:image/png;base64,{'A' * 11_000_000}'><p>Hai</p></html>"
    assert told(page.encode(), "bai.html") == ["Một", "Hai"]


@pytest.mark.parametrize(
    "page",
    [
        "<span>" * 180 + "<b></b>" * 100_000 + "<p>x",
        "<span>" * 180 + "<p>x</p>" * 40_000,
        f"<style>{'a' * 10_000_000}</style><p>x</p>",
        "<div>" * 300 + "x" + "</div>" * 300,
        "<div>" * 5_000 + "x",
        "<table><tr><td>" * 48 + "x",
        "<div>" * 195 + "x",
    ],
    ids=["wide below deep", "many below deep", "style sheet", "deep", "very deep", "tables", "as deep as may be"],
)
def test_a_hostile_web_page_is_read_or_refused_within_seconds(page):
    start = time.monotonic()
    with contextlib.suppress(UnreadableScript):
        assert set(told(f"<html><body>{page}</body></html>".encode(), "bai.html")) == {"x"}
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("data", [b"<html></html>", b"<script>x</script>", b"<" * 200_000, b"<div>" * 100_000])
def test_a_web_page_without_words_has_no_lines(data):
    with_words = []
    with contextlib.suppress(EmptyScript, UnreadableScript):
        with_words = told(data, "bai.html")
    assert with_words == [] or set("".join(with_words)) <= set("<")


# --- PDF -------------------------------------------------------------------------------------------------------------


def pdf(*pages: str, font: str = "Helvetica", pictures: tuple[int, ...] = ()) -> bytes:
    """A PDF with one font and the text of each page, line by line; some pages also have a picture."""
    objects = ["<</Type/Catalog/Pages 2 0 R>>", "", f"<</Type/Font/Subtype/Type1/BaseFont/{font}>>"]
    kids = []
    for number, page in enumerate(pages, start=1):
        drawn = "".join(f"({line}) Tj T* " for line in page.split("\n"))
        stream = f"BT /F1 12 Tf 14 TL 72 720 Td {drawn} ET" if page else ""
        objects.append(f"<</Length {len(stream)}>>\nstream\n{stream}\nendstream")
        picture = "/XObject<</I 3 0 R>>" if number in pictures else ""
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>{picture}>>"
            f"/Contents {len(objects)} 0 R>>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<</Type/Pages/Kids[{' '.join(kids)}]/Count {len(kids)}>>"
    out, places = "%PDF-1.4\n", []
    for number, written in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{written}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    start = len(out)
    size = len(objects) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<</Size {size}/Root 1 0 R>>\n"
    return f"{out}startxref\n{start}\n%%EOF".encode("latin-1")


def test_a_pdf_with_text_is_read_without_page_numbers_and_headers():
    pages = [f"BAN TIN CA MAU\nDoan {n} cua bai phat thanh cho ba con\nhet doan {n}.\nTrang {n}/3" for n in (1, 2, 3)]
    found = formats.read(pdf(*pages), "bai.pdf").lines
    assert [line.text for line in found if not line.left_out] == [
        text for n in (1, 2, 3) for text in (f"Doan {n} cua bai phat thanh cho ba con", f"het doan {n}.")
    ]
    assert [line.text for line in found if line.left_out] == ["BAN TIN CA MAU"]


@pytest.mark.parametrize(
    ("pages", "kept"),
    [
        (["So ho duoc ho tro:\n120"], ["So ho duoc ho tro:", "120"]),
        (["So ho\n120\nda nhan.\n1"], ["So ho", "120", "da nhan."]),
        (["Mot.\n4", "Hai.\n5", "So ho:\n120"], ["Mot.", "Hai.", "So ho:", "120"]),
        (["- 1 -\nMot.", "- 2 -\nHai."], ["Mot.", "Hai."]),
    ],
)
def test_only_figures_that_count_the_pages_are_taken_for_page_numbers(pages, kept):
    assert told(pdf(*pages), "bai.pdf") == kept


def test_a_short_pdf_is_no_scanned_one():
    assert told(pdf("Chao ba con"), "bai.pdf") == ["Chao ba con"]


def test_a_page_that_is_only_a_picture_is_left_out_and_listed():
    pages = ["Mot trang co day du chu cho ba con nghe.", "CamScanner", "Trang cuoi cung co chu."]
    found = formats.read(pdf(*pages, pictures=(2,)), "bai.pdf").lines
    assert [line.text for line in found if line.left_out] == ["trang 2"]
    assert [line.text for line in found if not line.left_out] == pages


def test_khmer_in_an_old_font_of_a_pdf_is_refused():
    with pytest.raises(OldKhmerFont):
        told(pdf(LIMON, font="ABCDEF+LimonS1"), "bai.pdf")


def test_khmer_of_a_pdf_comes_with_a_notice_and_is_refused_where_it_is_out_of_order(monkeypatch):
    def sheets(text: str):
        return lambda *_: ([pdf_reader._Sheet((text,), pictures=False)], [])

    monkeypatch.setattr(pdf_reader, "_sheets", sheets(KHMER))
    found = formats.read(b"%PDF-", "bai.pdf")
    assert [line.text for line in found.lines] == [KHMER]
    assert "so với bản gốc" in found.notices[0]
    monkeypatch.setattr(pdf_reader, "_sheets", sheets("េកខ ាង ្ តាម េទៅ"))
    with pytest.raises(UnreadableScript, match="reading order"):
        formats.read(b"%PDF-", "bai.pdf")


def test_a_pdf_that_takes_for_ever_is_given_up(monkeypatch):
    monkeypatch.setattr(pdf_reader, "_PATIENCE", 1.0)
    start = time.monotonic()
    with pytest.raises(UnreadableScript, match="too long"):
        told(pdf("\n".join(["ba con xa dat mui"] * 100_000)), "bai.pdf")
    assert time.monotonic() - start < 8


def test_a_scanned_pdf_is_refused_with_advice():
    with pytest.raises(ScannedPages) as caught:
        formats.read(pdf("CamScanner", "7", "", pictures=(1, 2, 3)), "bai.pdf")
    with pytest.raises(ScannedPages):
        formats.read(pdf("", ""), "bai.pdf")
    assert "bản Word" in caught.value.next_step.vi


@pytest.mark.parametrize(
    "data", [pdf("Chao ba con")[:200], b"%PDF-1.7\n" + bytes(5000), b"PK\x03\x04", pdf(*["x" * 40] * 101)]
)
def test_a_pdf_that_cannot_be_read_is_refused(data):
    with pytest.raises(UnreadableScript):
        formats.read(data, "bai.pdf")


# --- Word: old fonts, macros, old files ------------------------------------------------------------------------------


def word(*runs: tuple[str, str], style: str = "") -> bytes:
    document = docx.Document()
    if style:
        document.styles["Normal"].font.name = style
    paragraph = document.add_paragraph()
    for text, font in runs:
        run = paragraph.add_run(text)
        if font:
            run.font.name = font
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("runs", "style"),
    [
        ([(TCVN3, ".VnTime")], ""),
        ([(VNI, "VNI-Times")], ""),
        ([(TCVN3, "")], ".VnArial"),
        ([(TCVN3[:20], ".VnTime"), (TCVN3[20:], ".VnTime")], ""),
    ],
)
def test_word_text_in_an_old_font_becomes_unicode_wherever_the_font_is_named(runs, style):
    found = formats.read(word(*runs, style=style), "bai.docx")
    assert [line.text for line in found.lines if line.text] == [SENTENCE]
    assert NOTICE in found.notices[0]


def test_a_unicode_run_beside_an_old_one_stays():
    found = formats.read(word(("Xã Đất Mũi ", "Arial"), ("häp", ".VnTime")), "bai.docx")
    assert [line.text for line in found.lines if line.text] == ["Xã Đất Mũi họp"]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (word((LIMON, "Limon S1")), "bai.docx"),
        (rtf(rf"\f1 {LIMON}\par", r"{\f0 Arial;}{\f1 Limon R1;}"), "bai.rtf"),
        (f"<html><p><font face='Limon S1'>{LIMON}</font></p></html>".encode(), "bai.html"),
        (odt(f"<text:p text:style-name='k'>{LIMON}</text:p>", style("k", "Limon S2")), "bai.odt"),
    ],
)  # fmt: skip
def test_khmer_in_an_old_font_is_refused_and_explained(data, name):
    with pytest.raises(OldKhmerFont) as caught:
        formats.read(data, name)
    assert "Limon" in caught.value.message.vi
    assert "Unicode" in caught.value.next_step.vi


def test_a_word_file_with_macros_gives_its_text():
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(word((SENTENCE, "")))) as plain, zipfile.ZipFile(out, "w") as macros:
        for part in plain.namelist():
            data = plain.read(part)
            if part == "[Content_Types].xml":
                data = data.replace(
                    b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
                    b"application/vnd.ms-word.document.macroEnabled.main+xml",
                )
            macros.writestr(part, data)
    assert told(out.getvalue(), "bai.docx") == [SENTENCE]
    assert told(out.getvalue(), "bai.docm") == [SENTENCE]


_WORD_NAMES = (
    f"{nsdecls('w')} xmlns:v='urn:schemas-microsoft-com:vml' "
    "xmlns:m='http://schemas.openxmlformats.org/officeDocument/2006/math'"
)


def document(*xml: str, styles: str = "") -> bytes:
    """A Word file of blocks written by hand."""
    file = docx.Document()
    for place, block in enumerate(xml):
        file.element.body.insert(place, parse_xml(block.replace(">", f" {_WORD_NAMES}>", 1)))
    if styles:
        file.styles.element.append(parse_xml(styles.replace(">", f" {nsdecls('w')}>", 1)))
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


def repacked(data: bytes, old: bytes, new: bytes) -> bytes:
    """A zip with other bytes in its parts and their names."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w") as after:
        for part in before.namelist():
            after.writestr(part.replace(old.decode(), new.decode()), before.read(part).replace(old, new))
    return out.getvalue()


_BOX = (
    "<w:r><w:pict><v:shape><v:textbox><w:txbxContent><w:p><w:r><w:t>Trong hộp</w:t></w:r></w:p></w:txbxContent>"
    "</v:textbox></v:shape></w:pict></w:r>"
)


def test_text_boxes_and_formulas_of_a_word_file_are_read_wherever_they_stand():
    found = document(
        f"<w:p><w:r><w:t>Một</w:t></w:r>{_BOX}</w:p>",
        f"<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Ô</w:t></w:r>{_BOX}</w:p></w:tc></w:tr></w:tbl>",
        "<w:p><w:r><w:t>Diện tích </w:t></w:r><m:oMath><m:r><m:t>S = 2</m:t></m:r></m:oMath></w:p>",
        "<w:p><w:r><w:t>Độ mặn </w:t><w:sym w:font='Symbol' w:char='F0B3'/><w:t> 4</w:t></w:r></w:p>",
    )
    assert told(found, "bai.docx") == ["Một", "Trong hộp", "Ô, Trong hộp", "Diện tích S = 2", "Độ mặn ≥ 4"]


def test_text_hidden_by_its_style_is_not_read():
    style = "<w:style w:type='character' w:styleId='An'><w:name w:val='An'/><w:rPr><w:vanish/></w:rPr></w:style>"
    found = document(
        "<w:p><w:r><w:rPr><w:rStyle w:val='An'/></w:rPr><w:t>ẩn</w:t></w:r><w:r><w:t>hiện</w:t></w:r></w:p>",
        styles=style,
    )
    assert told(found, "bai.docx") == ["hiện"]


@pytest.mark.parametrize(
    "run",
    [
        "<w:rPr><w:rFonts w:ascii='Limon S1' w:hAnsi='Arial'/></w:rPr><w:t>eKal</w:t>",
        "<w:sym w:font='Limon S1' w:char='F061'/>",
        "<w:rPr><w:rFonts w:ascii='Limon S1' w:hAnsi='Limon S1'/></w:rPr><w:t>\uf065\uf04b</w:t>",
    ],
    ids=["for plain letters only", "as symbols", "in the symbol range"],
)
def test_khmer_in_an_old_font_is_found_however_word_writes_it(run):
    with pytest.raises(OldKhmerFont):
        told(document(f"<w:p><w:r>{run}</w:r></w:p>"), "bai.docx")


def test_khmer_unicode_whose_latin_font_is_an_old_one_is_read():
    fonts = "<w:rFonts w:ascii='Limon S1' w:hAnsi='Limon S1' w:cs='Khmer OS'/>"
    assert told(document(f"<w:p><w:r><w:rPr>{fonts}</w:rPr><w:t>{KHMER}</w:t></w:r></w:p>"), "bai.docx") == [KHMER]


def test_the_letter_that_word_takes_for_a_hyphen_in_an_old_font_is_kept():
    run = "<w:rPr><w:rFonts w:ascii='.VnTime' w:hAnsi='.VnTime'/></w:rPr><w:t>®</w:t><w:softHyphen/><w:t>îc</w:t>"
    assert told(document(f"<w:p><w:r>{run}</w:r></w:p>"), "bai.docx") == ["được"]


_DOCUMENT = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"word/document.xml", b"word/document2.xml"),
        (_DOCUMENT, _DOCUMENT.replace(b"document.main", b"template.main")),
        (_DOCUMENT, b"application/vnd.ms-word.template.macroEnabledTemplate.main+xml"),
    ],
    ids=["as Word Online saves it", "a template", "a template with macros"],
)
def test_every_form_of_a_word_file_is_read(old, new):
    assert told(repacked(word((SENTENCE, "")), old, new), "bai.docx") == [SENTENCE]


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"<Types ", b"<Typos "), (b"<Default ", b"<Defect "), (b"<w:body", b"<w:bod"), (b"styles+xml", b"stylos+xml")],
)
def test_a_word_file_with_a_damaged_part_is_refused(old, new):
    with pytest.raises(UnreadableScript):
        told(repacked(word((SENTENCE, "")), old, new), "bai.docx")


def test_the_head_table_of_a_paper_typed_with_line_breaks_is_left_out():
    document = docx.Document()
    head = document.add_table(1, 2)
    head.cell(0, 0).text = "ỦY BAN NHÂN DÂN\nTỈNH CÀ MAU\nSố: 207/KH-UBND"
    head.cell(0, 1).text = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc"
    document.add_paragraph(SENTENCE)
    data = io.BytesIO()
    document.save(data)
    lines = [line for line in paper.structured(formats.read(data.getvalue(), "bai.docx").lines) if line.text]
    assert [(line.text, bool(line.left_out)) for line in lines][-1] == (SENTENCE, False)
    assert all(line.left_out for line in lines[:-1])


def test_strict_word_files_are_refused_with_advice():
    strict = (b"http://schemas.openxmlformats.org/officeDocument/2006/", b"http://purl.oclc.org/ooxml/officeDocument/")
    with pytest.raises(UnreadableScript) as caught:
        told(repacked(word((SENTENCE, "")), *strict), "bai.docx")
    assert "Strict" in caught.value.message.vi


def test_a_word_file_of_many_paragraphs_is_read_within_seconds():
    many = document(*["<w:p><w:r><w:t>DOAN</w:t></w:r></w:p>"])
    block = b"<w:p><w:r><w:t>DOAN</w:t></w:r></w:p>"
    many = repacked(many, b"<w:sectPr", block * 10_000 + b"<w:sectPr")
    start = time.monotonic()
    assert len(told(many, "bai.docx")) == 10_001
    assert time.monotonic() - start < 5


def test_text_that_is_said_not_to_be_hidden_is_read():
    document = docx.Document()
    run = "<w:r><w:rPr><w:vanish w:val='0'/></w:rPr><w:t>Thấy được.</w:t></w:r>"
    document.element.body.insert(0, parse_xml(f"<w:p {nsdecls('w')}>{run}</w:p>"))
    out = io.BytesIO()
    document.save(out)
    assert told(out.getvalue(), "bai.docx") == ["Thấy được."]


_HTML = f"<!DOCTYPE html><html><meta charset=utf-8><p>{SENTENCE}</p></html>".encode()


@pytest.mark.parametrize("suffix", [".doc", ".docx", ".odt", ".rtf", ".html", ".pdf", ".txt"])
@pytest.mark.parametrize(
    "data",
    [word((SENTENCE, "")), odt(f"<text:p>{SENTENCE}</text:p>"), rtf(escaped(SENTENCE)), _HTML],
    ids=["Word", "OpenDocument", "RTF", "web page"],
)
def test_a_file_is_read_for_what_it_is_whatever_it_is_called(data, suffix):
    assert told(data, f"bai{suffix}") == [SENTENCE]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (repacked(word((SENTENCE, "")), b"word/", b"xl/"), "Excel"),
        (repacked(word((SENTENCE, "")), b"word/", b"ppt/"), "PowerPoint"),
        (b"\xff\xd8\xff\xe0 JFIF" + bytes(99), "hình"),
        (b"MIME-Version: 1.0\r\n\r\n<html>", ".mht"),
        (b"<?xml version='1.0'?><?mso-application progid=\"Word.Document\"?><w/>", "Word XML"),
    ],
)
def test_what_is_no_text_is_called_by_its_name(data, kind):
    for name in ("bai.docx", "bai.txt", "bai.doc", "bai.html"):
        with pytest.raises(UnreadableScript) as caught:
            told(data, name)
        assert kind in caught.value.message.vi


OLD_WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "WordDocument".encode("utf-16-le")


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (OLD_WORD, ".docx"),
        (OLD_WORD[:512] + "EncryptedPackage".encode("utf-16-le"), "mật khẩu"),
        (OLD_WORD[:512] + "Workbook".encode("utf-16-le"), "không phải Word"),
        (b"Xin chao ba con", "không phải Word"),
    ],
    ids=["old Word", "with a password", "Excel", "text"],
)
@pytest.mark.parametrize("name", ["bai.doc", "bai.docx"])
def test_an_old_word_file_is_refused_with_advice_where_there_is_no_libreoffice(
    tmp_path, monkeypatch, data, advice, name
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnreadableScript) as caught:
        formats.read(data, name)
    assert advice in caught.value.message.vi or not data.startswith(OLD_WORD[:4])


def test_a_libreoffice_that_hangs_is_stopped_with_all_it_started(tmp_path, monkeypatch):
    office = tmp_path / "soffice"
    office.write_text(f"#!/bin/sh\nsleep 60 & echo $! > {tmp_path}/started\nwait\n")
    office.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(oldword, "_PATIENCE", 0.5)
    start = time.monotonic()
    with pytest.raises(UnreadableScript, match="too long"):
        formats.read(OLD_WORD, "bai.doc")
    assert time.monotonic() - start < 5
    started = int((tmp_path / "started").read_text())
    time.sleep(0.2)
    state = Path(f"/proc/{started}/stat")
    assert not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_an_old_word_file_goes_through_libreoffice_where_there_is_one(tmp_path, monkeypatch):
    """A stand-in of the command line of LibreOffice, which is too large to install here: it writes what it is asked."""
    made = tmp_path / "made.docx"
    made.write_bytes(word((SENTENCE, "")))
    office = tmp_path / "soffice"
    office.write_text(
        f'#!/bin/sh\nwhile [ "$1" != --outdir ]; do shift; done\n{shutil.which("cp")} "{made}" "$2/bai.docx"\n'
    )
    office.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    lines = oldword.lines(OLD_WORD, "bai.doc", legacy.Fonts("bai.doc"))
    assert [line.text for line in lines if line.text] == [SENTENCE]
    assert not list(tmp_path.glob("bantin-doc-*"))


@pytest.mark.parametrize("name", ["bai.odt", "bai.rtf", "bai.html", "bai.pdf", "bai.doc", "bai.docx", "bai.docm"])
@pytest.mark.parametrize("data", [b"", b"\x00" * 64, b"\xff\xd8\xff\xe0 JFIF" + bytes(99), os.urandom(4096)])
def test_bytes_of_something_else_are_refused_under_every_suffix(name, data):
    try:
        words = told(data, name)
    except ScriptRefused:
        return
    assert name == "bai.html", words
