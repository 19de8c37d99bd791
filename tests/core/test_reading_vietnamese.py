"""What a listener of a Vietnamese bulletin hears."""

import pytest

from pipeline.core.model import Language
from pipeline.reading import Register, plain, spoken


def hear(line: str, register: Register = Register.NAM) -> str:
    return spoken(line, Language.VI, plain(register)).text


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("xã có 1.205 hộ", "xã có một ngàn hai trăm lẻ năm hộ"),
        ("trồng 31 cây", "trồng ba mươi mốt cây"),
        ("thả 3.015 con", "thả ba ngàn không trăm mười lăm con"),
        ("quỹ 7.000.004.500 đồng", "quỹ bảy tỷ không trăm lẻ bốn ngàn năm trăm đồng"),
        ("vượt 8,05%", "vượt tám phẩy không năm phần trăm"),
        ("độ mặn 12‰", "độ mặn mười hai phần ngàn"),
        ("có 07 ấp", "có bảy ấp"),
    ],
)
def test_amounts_are_heard_as_a_southerner_says_them(written, heard):
    assert hear(written) == heard


def test_the_northern_register_says_nghin_and_linh():
    assert hear("có 6.105 hộ, mặn 3‰", Register.BAC) == "có sáu nghìn một trăm linh năm hộ, mặn ba phần nghìn"


def test_twelve_zeros_are_a_thousand_billion():
    assert hear("vốn 2.000.000.000.000 đồng") == "vốn hai ngàn tỷ đồng"


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("ngày 09/3/2026", "ngày chín tháng ba năm hai ngàn không trăm hai mươi sáu"),
        ("Chiều 18/4, mưa lớn", "Chiều ngày mười tám tháng tư, mưa lớn"),
        ("dịp 30/4 và 1/5", "dịp ngày ba mươi tháng tư và ngày một tháng năm"),
        ("ngày 7-9/6", "ngày bảy đến ngày chín tháng sáu"),
        ("từ 28/1-3/2", "từ ngày hai mươi tám tháng một đến ngày ba tháng hai"),
        ("so với tháng 9/2026", "so với tháng chín năm hai ngàn không trăm hai mươi sáu"),
        ("Quý III/2026", "Quý ba năm hai ngàn không trăm hai mươi sáu"),
        ("nhiệm kỳ 2025 - 2030", "nhiệm kỳ hai ngàn không trăm hai mươi lăm đến hai ngàn không trăm ba mươi"),
        ("thứ 4 tuần sau", "thứ tư tuần sau"),
        ("lúc 7g45", "lúc bảy giờ bốn mươi lăm phút"),
        ("từ 13h30-16h", "từ mười ba giờ ba mươi phút đến mười sáu giờ"),
        ("vào 05:00 và 17:20", "vào năm giờ và mười bảy giờ hai mươi phút"),
    ],
)  # fmt: skip
def test_dates_and_times_are_heard_in_words(written, heard):
    assert hear(written) == heard


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("giá 9.000 - 9.500đ/kg", "giá chín ngàn đến chín ngàn năm trăm đồng một ki lô gam"),
        ("thưởng $50", "thưởng năm mươi đô la Mỹ"),
        ("đạt 7,5 tấn/ha/vụ", "đạt bảy phẩy năm tấn trên héc ta một vụ"),
        ("tưới 2 lần/ngày", "tưới hai lần một ngày"),
        ("cha và/hoặc mẹ", "cha và hoặc mẹ"),
        ("rộng 3 m2, sâu 1,25m", "rộng ba mét vuông, sâu một phẩy hai mươi lăm mét"),
        ("giảm còn -2°C", "giảm còn âm hai độ xê"),
        ("3/5 số hộ", "ba phần năm số hộ"),
        ("đạt 18/20 tiêu chí", "đạt mười tám trên hai mươi tiêu chí"),
        ("thua 0-3", "thua không ba"),
    ],
)
def test_money_units_and_fractions_are_heard_whole(written, heard):
    assert hear(written) == heard


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("Kế hoạch số 88/KH-UBND", "Kế hoạch số tám mươi tám kế hoạch ủy ban nhân dân"),
        ("Quyết định 45/2024/QĐ-TTg",
         "Quyết định bốn mươi lăm năm hai ngàn không trăm hai mươi bốn quyết định thủ tướng chính phủ"),
        ("Nghị quyết số 09-NQ/TU", "Nghị quyết số không chín nghị quyết tỉnh ủy"),
        ("Thông báo 6/TB-SVHTTDL", "Thông báo sáu thông báo sở văn hóa thể thao và du lịch"),
    ],
)  # fmt: skip
def test_document_numbers_are_heard_with_their_issuer(written, heard):
    assert hear(written) == heard


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("Sở GD&ĐT", "Sở giáo dục và đào tạo"),
        ("ĐT: 0290 3555 777", "điện thoại: không hai chín không ba năm năm năm bảy bảy bảy"),
        ("HĐND, UBND và BĐBP", "hội đồng nhân dân, ủy ban nhân dân và bộ đội biên phòng"),
        ("UBND/HĐND xã", "ủy ban nhân dân hội đồng nhân dân xã"),
        ("TP. Cà Mau", "thành phố Cà Mau"),
        ("Đ/c Bí thư", "đồng chí Bí thư"),
        ("TM. Ủy ban", "thay mặt Ủy ban"),
        ("PCT HĐND và CT UBND", "phó chủ tịch hội đồng nhân dân và chủ tịch ủy ban nhân dân"),
        ("Khóa XI, kỳ họp thứ IV", "Khóa mười một, kỳ họp thứ tư"),
        ("quyết liệt thực hiện./.", "quyết liệt thực hiện."),
        ("cam, xoài v.v.", "cam, xoài vân vân"),
        ("a) Phạm vi", "a, Phạm vi"),
        ("xem camau.gov.vn", "xem camau chấm gov chấm vê nờ"),
        ("gọi 114 khi có cháy", "gọi một một bốn khi có cháy"),
        ("gọi 114 thanh niên", "gọi một trăm mười bốn thanh niên"),
    ],
)
def test_office_writing_is_heard_in_full(written, heard):
    assert hear(written) == heard


def test_unknown_capitals_are_spelled_and_the_editor_is_told():
    said = spoken("dự án KXZ tại xã", Language.VI, plain())
    assert said.text == "dự án ca ích dét tại xã"
    assert [n.about for n in said.notes] == ["KXZ"]


def test_an_unknown_name_with_an_ampersand_is_never_read_by_its_halves():
    said = spoken("Phòng HZ&ĐT", Language.VI, plain())
    assert said.text == "Phòng hát dét và đê tê"
    assert {n.about for n in said.notes} == {"HZ", "ĐT"}


def test_a_headline_in_capitals_stays_words():
    said = spoken("THÔNG BÁO CAI NGHIỆN", Language.VI, plain())
    assert (said.text, said.notes) == ("thông báo cai nghiện", ())


def test_decomposed_accents_are_heard_like_composed_ones():
    assert hear("Ủy ban xã Đất Mũi".encode().decode()) == hear("U\u0309y ban xa\u0303 Đa\u0302\u0301t Mu\u0303i")


@pytest.mark.parametrize("nothing", ["", "   ", "...", "- – —", "\u200b", "😀", "()[]«»", "\ud800"])
def test_a_line_without_letters_or_figures_is_silent(nothing):
    assert spoken(nothing, Language.VI, plain()).text == ""
    assert spoken(nothing, Language.KM, plain()).text == ""


def test_khmer_words_inside_a_vietnamese_line_stay_in_place():
    assert hear("lễ អុំទូក tại 2 chùa") == "lễ អុំទូក tại hai chùa"
