"""Head lines and bodies of scripts, as editors in the province write them."""

import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import NoSuchDay, ScriptRefused, UnknownHeadKey, WrongHeadValue
from pipeline.core.model import (
    Head,
    Kind,
    Language,
    Paragraph,
    PauseMark,
    Priority,
    RecordingMark,
    VoiceMark,
)
from pipeline.intake import body, head, text
from pipeline.intake.manuscript import Line

DESIGN = """\
Tiêu đề: Phòng chống sốt xuất huyết mùa mưa
Ngôn ngữ: vi                 # vi | km | vi+km; guessed per paragraph by script when absent
Thể loại: CT                 # CT | PS
Chủ đề: chinh-sach-dan-toc   # the six themes of plan 207, section III.1.a
Giọng: nữ                    Nhạc hiệu: mac-dinh        Nhạc nền: không
Phát: 25/11/2026 05:00, 17:00        Ưu tiên: thông thường
Nơi nhận: tất cả, trừ Đất Mũi        Tính chỉ tiêu: có
Tác giả: Phòng Văn hóa

Kính thưa bà con!
"""


def read(written: str) -> tuple[Head, list[str]]:
    lines = written.splitlines()
    found, end = head.read(lines, "bai.txt")
    return found, lines[end:]


def passages(written: str, *languages: Language):
    return body.passages(text.plain(written), languages, "bai.txt")


def texts(written: str) -> list[str]:
    return [p.text for p in passages(written) if isinstance(p, Paragraph)]


def test_the_head_of_the_design_says_everything_it_seems_to_say():
    found, rest = read(DESIGN)
    assert found == Head(
        title="Phòng chống sốt xuất huyết mùa mưa",
        languages=(Language.VI,),
        kind=Kind.CT,
        theme="chinh-sach-dan-toc",
        voice="nữ",
        ident="mac-dinh",
        bed="không",
        air=(datetime(2026, 11, 25, 5, 0), datetime(2026, 11, 25, 17, 0)),  # noqa: DTZ001 - naive local times
        priority=Priority.NORMAL,
        without=("Đất Mũi",),
        counts=True,
        author="Phòng Văn hóa",
    )
    assert rest == ["", "Kính thưa bà con!"]


@pytest.mark.parametrize(
    "written",
    ["Tieu de: Tin lúa", "TIÊU ĐỀ : Tin lúa", "title: Tin lúa", "\n\ufeffTiêu đề： Tin lúa".replace("\ufeff", "")],
)
def test_a_key_is_known_with_or_without_accents_in_any_case_and_in_english(written):
    assert read(written)[0].title == "Tin lúa"


@pytest.mark.parametrize(
    "written",
    [
        "Cà Mau: mưa lớn trên diện rộng, nhiều tuyến đường bị ngập.",
        "Tiêu điểm: giá lúa hôm nay tăng.",
        "Thể thao: đội tuyển xã nhà thắng trận mở màn.",
        "Kính thưa bà con: hôm nay trời nắng.",
        "05:00 sáng nay trời mưa.",
        "Xem https://example.org: có đủ.",
    ],
)
def test_an_ordinary_first_paragraph_with_a_colon_is_no_head(written):
    assert read(written) == (Head(), [written])


def test_a_long_paragraph_with_a_colon_right_under_the_head_is_read_out():
    paragraph = "Cà Mau: mưa lớn trên diện rộng, " + "nhiều tuyến đường bị ngập, " * 6
    assert read(f"Tiêu đề: Mưa lớn\n{paragraph}")[1] == [paragraph]


def test_an_unknown_key_names_its_line_and_the_nearest_known():
    with pytest.raises(UnknownHeadKey) as caught:
        read("Tiêu đề: Tin lúa\nNơi nhạn: tất cả\nUu tein: khẩn cấp")
    told = caught.value
    assert (told.fields["name"], told.fields["line"], told.fields["key"]) == ("bai.txt", 3, "Uu tein")
    assert told.next_step.vi == "có phải là “Ưu tiên”? Sửa rồi thả lại"


def test_a_mistyped_first_key_is_told_and_not_read_out():
    with pytest.raises(UnknownHeadKey) as caught:
        read("Tiêu đềe: Tin lúa\n\nKính thưa bà con!")
    assert "“Tiêu đề”" in caught.value.next_step.vi


def test_a_key_unlike_any_other_is_told_when_a_head_goes_on_after_it():
    with pytest.raises(UnknownHeadKey, match="Ghi chú") as caught:
        read("Ghi chú: đọc chậm\nTiêu đề: Tin lúa")
    assert "phải là" not in caught.value.next_step.vi
    assert all(key.label in caught.value.next_step.vi for key in head.KEYS)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("Ngôn ngữ: tiếng Anh", "Ngôn ngữ"),
        ("Thể loại: TV", "Thể loại"),
        ("Phát: 25/11 05:00", "Phát"),
        ("Phát: 25/11/2026", "Phát"),
        ("Phát: 25/11/2026 25:00", "Phát"),
        ("Phát: 25/11/2026 5 giờ chiều", "Phát"),
        ("Ưu tiên: cao", "Ưu tiên"),
        ("Tính chỉ tiêu: chắc có", "Tính chỉ tiêu"),
        ("Nơi nhận: tất cả, Đất Mũi", "Nơi nhận"),
    ],
)
def test_a_value_that_cannot_be_understood_comes_back_with_an_example(line, key):
    with pytest.raises(WrongHeadValue) as caught:
        read(line)
    assert caught.value.fields["key"] == key
    assert caught.value.fields["example"]


@pytest.mark.parametrize("line", ["Phát: 31/02/2026 05:00", "Hết hạn: 2026-13-01", "Cấm phát trước: 0/1/2026"])
def test_a_day_that_no_calendar_has_is_told_as_that(line):
    with pytest.raises(NoSuchDay) as caught:
        read(line)
    key, _, written = line.partition(": ")
    assert (caught.value.fields["key"], caught.value.fields["day"]) == (key, written.split()[0])


def test_a_key_given_twice_is_told_because_one_of_them_would_be_lost():
    with pytest.raises(WrongHeadValue, match="Phát"):
        read("Phát: 25/11/2026 05:00\nPhát: 26/11/2026 05:00")


def test_a_key_with_nothing_behind_it_is_left_to_the_programme():
    assert read("Tiêu đề: Tin lúa\nGiọng:\nPhát:   # để trống: theo chương trình")[0] == Head(title="Tin lúa")


@pytest.mark.parametrize(
    ("written", "times"),
    [
        ("25/11/2026 05:00, 17:00", ["25T05:00", "25T17:00"]),
        ("5h30 ngày 25/11/2026", ["25T05:30"]),
        ("25/11/2026 5g và 17h00; 26/11/2026 5 giờ 15 phút", ["25T05:00", "25T17:00", "26T05:15"]),
        ("05:00, 17:00 ngày 25/11/2026, 6h ngày 26/11/2026", ["25T05:00", "25T17:00", "26T06:00"]),
        ("25/11/2026 17:00, 05:00", ["25T05:00", "25T17:00"]),
        ("2026-11-25 05:00", ["25T05:00"]),
    ],
)
def test_air_times_are_read_as_people_write_them(written, times):
    assert [f"{at:%dT%H:%M}" for at in read(f"Phát: {written}")[0].air] == times


@pytest.mark.parametrize(
    ("written", "only", "without"),
    [
        ("tất cả", (), ()),
        ("tất cả, trừ Đất Mũi, Năm Căn", (), ("Đất Mũi", "Năm Căn")),
        ("trừ Đất Mũi", (), ("Đất Mũi",)),
        ("Đất Mũi và Năm Căn", ("Đất Mũi", "Năm Căn"), ()),
        ("CM-0101; CM-0102", ("CM-0101", "CM-0102"), ()),
    ],
)
def test_recipients_are_all_some_or_all_but_some(written, only, without):
    found, _ = read(f"Nơi nhận: {written}")
    assert (found.only, found.without) == (only, without)


@pytest.mark.parametrize("written", ["vi+km", "Việt, Khmer", "song ngữ", "tiếng Việt và tiếng Khmer"])
def test_both_languages_may_be_named_in_many_ways(written):
    assert read(f"Ngôn ngữ: {written}")[0].languages == (Language.VI, Language.KM)


# --- bodies ----------------------------------------------------------------------------------------------------------


def test_a_paragraphs_language_is_that_of_its_letters_whatever_the_head_says():
    found = passages("សូមអរគុណ។\n\n125.000\n\nCảm ơn bà con.\n\n1900 1234", Language.VI)
    assert [p.language for p in found] == [Language.KM, Language.KM, Language.VI, Language.VI]


def test_figures_before_any_letter_take_the_language_that_follows():
    assert [p.language for p in passages("២០២៦\n\n2026\n\nសូមអរគុណ។")] == [Language.KM] * 3


def test_figures_alone_take_the_heads_language():
    assert [p.language for p in passages("2026", Language.KM)] == [Language.KM]


def test_marks_cut_a_paragraph_and_stand_by_themselves():
    assert passages("Mời nghe [ghi âm: Phỏng vấn.wav] và [nghi 1,5 giay] tiếp. [GIONG: nu]\n[nghỉ 2 giây]") == (
        Paragraph("Mời nghe", Language.VI),
        RecordingMark("Phỏng vấn.wav"),
        Paragraph("và", Language.VI),
        PauseMark(1.5),
        Paragraph("tiếp.", Language.VI),
        VoiceMark("nữ"),
        PauseMark(2.0),
    )


@pytest.mark.parametrize("written", ["Giá [đã làm tròn: nghìn đồng] tăng.", "[Nghỉ lễ] bà con chú ý.", "[1] Điều 1."])
def test_brackets_that_are_no_marks_stay_in_the_text(written):
    assert texts(written) == [written]


@pytest.mark.parametrize("written", ["[nghỉ 200 giây]", "[nghỉ 2 giờ]", "[ghi âm: ]", "[giọng:]"])
def test_a_mark_that_cannot_be_obeyed_is_told(written):
    with pytest.raises(WrongHeadValue):
        passages(f"Xin chào. {written}")


def test_lines_wrapped_by_hand_are_one_paragraph_and_short_lines_are_not():
    assert texts("Trạm y tế xã tiêm vắc-xin sởi\ncho trẻ từ 9 tháng.\nBà con mang theo sổ.\nTIN VẮN\nMưa lớn.") == [
        "Trạm y tế xã tiêm vắc-xin sởi cho trẻ từ 9 tháng.",
        "Bà con mang theo sổ.",
        "TIN VẮN",
        "Mưa lớn.",
    ]


def test_items_of_a_list_are_never_joined():
    assert texts("- đậy kín lu\n- thau rửa dụng cụ\n1. ngủ mùng\na) đi khám") == [
        "- đậy kín lu",
        "- thau rửa dụng cụ",
        "1. ngủ mùng",
        "a) đi khám",
    ]


def test_letters_of_a_third_script_are_refused_rather_than_dropped():
    with pytest.raises(ScriptRefused, match="neither"):
        passages("Kính thưa bà con!\n\nสวัสดี")


def test_markdown_signs_go_and_every_word_stays():
    lines = text.markdown(
        "# Tin **quan trọng**\n\n* đậy _kín_ lu\n> [trạm](http://a.vn/b) y tế\n---\n| Xã | Hộ |\n|---|---|\n"
        "| Đất Mũi | 120 |\n2*3 tep_a_b.wav ~~bỏ~~ `mã`"
    )
    assert [line.text for line in lines if line.text] == [
        "Tin quan trọng",
        "đậy kín lu",
        "trạm y tế",
        "Xã; Hộ",
        "Đất Mũi; 120",
        "2*3 tep_a_b.wav bỏ mã",
    ]
    assert lines[0].heading


def test_the_title_is_the_first_short_line_but_never_a_sentence():
    assert body.title(text.plain("[nghỉ 1 giây]\nTin lúa  mùa\n\nGiá tăng.")) == "Tin lúa mùa"
    assert body.title(text.plain("Giá lúa tăng.\n\nTin")) == ""
    assert body.title([Line("Giá lúa đã tăng!", heading=True)]) == "Giá lúa đã tăng!"


@given(st.lists(st.text("aĐố ខ្មែរ12.,:;-*[]()#!“”", max_size=60), max_size=6))
def test_no_word_of_a_body_is_ever_lost(lines):
    written = "\n".join(lines)
    assert re.findall(r"\w+", " ".join(texts(written))) == re.findall(r"\w+", written)


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("Phát lại: 3 ngày", "repeat", 3),
        ("Lặp lại: 1", "repeat", 1),
        ("Hết hạn: 30/11/2026", "expires", datetime(2026, 11, 30, 23, 59)),  # noqa: DTZ001 - naive on purpose
        ("Hết hạn: 17h ngày 30/11/2026", "expires", datetime(2026, 11, 30, 17)),  # noqa: DTZ001 - naive on purpose
        ("Cấm phát trước: 25/11/2026", "embargo", datetime(2026, 11, 25)),  # noqa: DTZ001 - naive on purpose
        ("Cấm phát trước: 25/11/2026 05:00", "embargo", datetime(2026, 11, 25, 5)),  # noqa: DTZ001 - naive on purpose
    ],
)
def test_limits_are_read_as_people_write_them(line, field, value):
    found, _ = read(f"Tiêu đề: Tin\n{line}\n\nBà con nghe.")
    assert getattr(found, field) == value


@pytest.mark.parametrize("line", ["Phát lại: 0", "Phát lại: mãi", "Phát lại: 99 ngày", "Hết hạn: mai",
                                  "Hết hạn: 05:00", "Cấm phát trước: 1/1/2027 và 2/1/2027"])  # fmt: skip
def test_a_limit_that_says_nothing_is_refused(line):
    with pytest.raises(WrongHeadValue):
        read(f"Tiêu đề: Tin\n{line}\n\nBà con nghe.")
