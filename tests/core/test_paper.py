"""A pasted official paper becomes something one can listen to, and what is left out is told."""

import time

import pytest

from pipeline.core.model import Language, LeftOut, Paragraph
from pipeline.intake import body, paper, table
from pipeline.intake.manuscript import Line
from pipeline.intake.text import plain

PLAN = """ỦY BAN NHÂN DÂN
TỈNH CÀ MAU
-------
CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Độc lập - Tự do - Hạnh phúc
---------------
Số: 207/KH-UBND
Cà Mau, ngày 04 tháng 11 năm 2022

KẾ HOẠCH
Thông tin, tuyên truyền về dân tộc, tôn giáo giai đoạn 2023 - 2025

Căn cứ Quyết định số 1191/QĐ-TTg, Ủy ban nhân dân tỉnh ban hành
kế hoạch như sau:
I. MỤC ĐÍCH
1. Nâng cao nhận thức của đồng bào dân tộc thiểu số về chủ trương của
Đảng và Nhà nước.
2. Yêu cầu
Các xã thực hiện nghiêm túc./.

Nơi nhận:
- Bộ Thông tin và Truyền thông (b/c);
- TT. Tỉnh ủy, HĐND, UBND tỉnh;
- Lưu: VT, VX.
TM. ỦY BAN NHÂN DÂN
KT. CHỦ TỊCH
PHÓ CHỦ TỊCH
(Đã ký)
"""


def read(text: str):
    return body.passages(paper.structured(plain(text)), (), "bai.txt")


def test_top_and_foot_of_a_paper_are_left_out_whole_and_listed():
    found = read(PLAN)
    left = [p for p in found if isinstance(p, LeftOut)]
    assert [p.reason for p in left] == [paper.TOP, paper.FOOT]
    assert left[0].text.startswith("ỦY BAN NHÂN DÂN / TỈNH CÀ MAU")
    assert left[0].text.endswith("Số: 207/KH-UBND / Cà Mau, ngày 04 tháng 11 năm 2022")
    assert left[1].text.startswith("Nơi nhận: / - Bộ Thông tin")
    assert left[1].text.endswith("(Đã ký)")


def test_what_is_between_is_spoken_with_headings_known_and_wrapped_lines_joined():
    spoken = [p for p in read(PLAN) if isinstance(p, Paragraph)]
    assert [(p.text, p.heading) for p in spoken] == [
        ("KẾ HOẠCH", True),
        ("Thông tin, tuyên truyền về dân tộc, tôn giáo giai đoạn 2023 - 2025", False),
        ("Căn cứ Quyết định số 1191/QĐ-TTg, Ủy ban nhân dân tỉnh ban hành kế hoạch như sau:", False),
        ("I. MỤC ĐÍCH", True),
        ("1. Nâng cao nhận thức của đồng bào dân tộc thiểu số về chủ trương của Đảng và Nhà nước.", False),
        ("2. Yêu cầu", True),
        ("Các xã thực hiện nghiêm túc./.", False),
    ]


def test_every_word_of_a_paper_is_in_what_is_spoken_or_in_what_is_left_out():
    kept = " ".join(p.text for p in read(PLAN) if isinstance(p, Paragraph | LeftOut))
    assert set(PLAN.split()) - set(kept.split()) == set()


def test_the_title_of_a_paper_says_its_kind_and_what_it_is_about():
    assert body.title(paper.structured(plain(PLAN))).startswith("Kế hoạch thông tin, tuyên truyền về dân tộc")


@pytest.mark.parametrize(
    "text",
    [
        "Bà con xã Đất Mũi chú ý!\nSố: 115 là số gọi cấp cứu.",
        "CẢNH BÁO TRIỀU CƯỜNG\nTỉnh Cà Mau có mưa lớn.",
        "Nước mặn vào sâu.\nNơi nhận hàng cứu trợ: nhà văn hóa ấp.\nBà con đến nhận trước 10 giờ.",
        "Chào bà con.\n- Mang theo giấy tờ;\n- Đến đúng giờ.\nTRÂN TRỌNG CẢM ƠN",
        "KẾ HOẠCH\nTiêm chủng mở rộng",
        "Nước Cộng hòa xã hội chủ nghĩa Việt Nam ra đời ngày 2/9/1945.\nĐộc lập - Tự do - Hạnh phúc là khát vọng.",
    ],
)
def test_an_ordinary_script_is_spoken_whole(text):
    assert not [p for p in read(text) if isinstance(p, LeftOut)]


def test_a_paragraph_below_the_recipients_is_spoken_again():
    found = read("Bà con chú ý.\nNơi nhận:\n- Lưu: VT.\nSau đây là lời nhắn của trạm y tế xã gửi đến toàn thể bà con.")
    assert [type(p) for p in found] == [Paragraph, LeftOut, Paragraph]


# --- tables ----------------------------------------------------------------------------------------------------------

HEADS = ["STT", "Xã", "Số hộ"]


def told(rows):
    return [line for line in table.lines(rows) if line.text]


def test_a_table_is_read_row_by_row_with_its_headings():
    rows = [HEADS, ["1", "Đất Mũi", "120"], ["2", "Tân Ân", ""], ["3", "Tam Giang", "85"]]
    assert [line.text for line in told(rows)] == [
        "1. Xã: Đất Mũi; Số hộ: 120", "2. Xã: Tân Ân", "3. Xã: Tam Giang; Số hộ: 85",
    ]  # fmt: skip


def test_a_table_of_ten_thousand_rows_is_left_out_and_said_so_with_nothing_of_it_lost():
    rows = [HEADS, *([str(n), f"ấp {n}", "7"] for n in range(10_000))]
    (line,) = told(rows)
    assert "10000 dòng" in line.left_out
    assert "9999; ấp 9999; 7" in line.text


@pytest.mark.parametrize(
    "rows",
    [
        [["Xã Đất Mũi", "120 hộ"]],
        [["Chào bà con.", "សូមជម្រាបសួរ។"], ["Hết.", "ចប់។"], ["Cảm ơn.", "អរគុណ។"]],
        [["Một đoạn văn dài trong khung."], ["Đoạn hai."], ["Đoạn ba."]],
        [["120", "85"], ["1", "2"], ["3", "4"]],
    ],
)
def test_a_table_without_headings_is_read_cell_by_cell(rows):
    words = " ".join(line.text for line in told(rows))
    assert all(cell in words for row in rows for cell in row)
    assert ": " not in words


def test_the_two_columns_on_top_of_a_paper_are_its_top():
    rows = [
        ["ỦY BAN NHÂN DÂN, TỈNH CÀ MAU", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM, Độc lập - Tự do - Hạnh phúc"],
        ["Số: 12/KH-UBND", "Cà Mau, ngày 5 tháng 1 năm 2026"],
    ]
    lines = [*told(rows), Line("Bà con chú ý.")]
    assert [bool(line.left_out) for line in paper.structured(lines)] == [True, True, False]


def test_khmer_headings_are_headings():
    (first, _) = paper.structured([Line("ក. គោលបំណង"), Line("ប្រជាជនរស់នៅសុខសាន្ត។")])
    assert first.heading
    assert body.passages([first], (), "x")[0] == Paragraph("ក. គោលបំណង", Language.KM, heading=True)


@pytest.mark.parametrize("text", ["a" * 5_000, "à" * 5_000, "Đ" * 5_000, "A à" * 2_000])
def test_a_line_without_end_is_looked_at_in_no_time(text):
    start = time.monotonic()
    paper.structured([Line(text), Line("KT. CHỦ TỊCH"), Line(text)])
    assert time.monotonic() - start < 1


@pytest.mark.parametrize("place", ["Cà Mau", "TP. Cà Mau", "Đất Mũi", "TP.Cà Mau"])
def test_place_and_date_are_the_top_of_a_paper(place):
    lines = [
        Line("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
        Line(f"{place}, ngày 5 tháng 11 năm 2026"),
        Line("Kính gửi bà con."),
    ]
    assert [bool(line.left_out) for line in paper.structured(lines)] == [True, True, False]


def test_a_top_whose_two_columns_run_into_one_line_is_left_out():
    found = read(
        "UBND XÃ ĐẤT MŨI        CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\n"
        "BAN VĂN HÓA            Độc lập - Tự do - Hạnh phúc\n"
        "Số: 12/TB-BVH          Đất Mũi, ngày 05 tháng 8 năm 2026\n\n"
        "THÔNG BÁO\n\nTrạm y tế tiêm vắc xin.\n"
    )
    assert [p.text for p in found if isinstance(p, Paragraph)] == ["THÔNG BÁO", "Trạm y tế tiêm vắc xin."]
    assert next(p for p in found if isinstance(p, LeftOut)).text.endswith("Đất Mũi, ngày 05 tháng 8 năm 2026")


def test_a_headline_that_names_the_party_is_spoken():
    found = read("CHÀO MỪNG NGÀY THÀNH LẬP ĐẢNG CỘNG SẢN VIỆT NAM\n\nBà con xã Đất Mũi thi đua lao động.\n")
    assert next(p.text for p in found) == "CHÀO MỪNG NGÀY THÀNH LẬP ĐẢNG CỘNG SẢN VIỆT NAM"
    assert not [p for p in found if isinstance(p, LeftOut)]


def test_the_lines_of_a_cell_are_joined_as_they_are_read():
    assert table.cell(["Nơi nhận:", "- Như trên;", "", "Lưu VT", "(đã ký)"]) == "Nơi nhận: - Như trên; Lưu VT, (đã ký)"
