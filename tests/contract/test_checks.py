"""`bantin check`: everything is said before a script is dropped, and nothing is touched."""

import json

import numpy as np
import pytest
import soundfile

from pipeline.core.model import Language
from pipeline.reading import doubtful_places, plain, spoken

SCRIPT = """Tiêu đề: Cảnh báo mặn

CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Độc lập - Tự do - Hạnh phúc
Số: 12/TB-UBND

Theo Kế hoạch số 207/KH-UBND, độ mặn tại xã Đất Mủi đạt 25‰. BTV dự báo KXZ tăng.

នៅឃុំ Đất Mũi មាន ៥ គ្រួសារ។
"""


def test_a_script_is_told_whole_and_left_where_it_is(workspace):
    file = workspace.drop("bai.txt", SCRIPT)
    before = {p.name for p in workspace.folder.rglob("*")}
    told = workspace.json("check", file)
    assert told["title"] == "Cảnh báo mặn"
    assert told["language"] == "vi+km"
    assert "kế hoạch số hai trăm lẻ bảy của ủy ban nhân dân" in told["text"].lower()
    assert 10 < told["seconds"] < 60
    assert told["files"] == ["bai.txt"]
    assert len(told["voices"]) == 2
    about = [note.partition(":")[0] for note in told["notes"]]
    assert {"KXZ", "BTV", "Đất Mủi"} <= set(about)
    assert any("không đọc: phần đầu văn bản" in note for note in told["notes"])
    assert told["problems"] == []
    assert file.read_text("utf-8") == SCRIPT
    after = {p.name for p in workspace.folder.rglob("*")}
    assert {n for n in after - before if not n.startswith("ledger.db")} <= {".state", "store", "tmp"}


def test_the_words_of_a_check_are_written_beside_spoken(workspace):
    said = workspace.bantin("check", workspace.drop("bai.txt", "Tin vắn.\n\nCó 3 tin.\n")).stdout
    assert "  Có 3 tin.\n→ Có ba tin." in said


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("Tiêu đềê: x\n\nChào bà con.\n", "I-105"),
        ("Chào bà con.\n[ghi âm: khong-co.wav]\n", "I-107"),
        ("Chương trình: khong-co\n\nChào bà con.\n", "I-106"),
        ("Giọng: giọng lạ\n\nChào bà con.\n", "I-106"),
        ("Chào bà con.\n[giọng: giọng lạ]\nHết.\n", "I-106"),
        ("", "I-101"),
    ],
)
def test_what_would_be_refused_is_told_with_its_code_and_exit_code(workspace, content, code):
    done = workspace.bantin("check", workspace.drop("bai.txt", content), "--json", code=4)
    assert [p["code"] for p in json.loads(done.stdout)["problems"]] == [code]
    assert workspace.refused() == []


def test_a_bad_row_of_the_dictionary_is_told_and_the_good_ones_are_used(workspace):
    (workspace.folder / "tu-dien.tsv").write_text("KXZ\tca xa dê\nhỏng\n", "utf-8")
    told = workspace.json("check", workspace.drop("bai.txt", "Dự án KXZ bắt đầu.\n"))
    assert told["text"] == "Dự án ca xa dê bắt đầu."
    assert ["dòng 2" in note for note in told["notes"]] == [True]


@pytest.mark.parametrize(
    ("text", "near"),
    [("xã Đất Mủi", "Đất Mũi"), ("phường Lý Văn Lầm", "Lý Văn Lâm"), ("xã Vỉnh Lộc A họp", "Vĩnh Lộc A")],
)
def test_a_slip_in_the_name_of_a_commune_names_the_nearest(text, near):
    (note,) = doubtful_places(text)
    assert near in note.message


@pytest.mark.parametrize(
    "text", ["xã Đất Mũi", "xã nông thôn mới", "xã Trung Dũng", "phường 5, phường Tân Xuyên cũ", ""]
)
def test_known_and_foreign_names_are_no_slip(text):
    assert list(doubtful_places(text)) == []


def test_document_numbers_are_said_in_the_way_the_programme_chose(workspace):
    file = workspace.drop("bai.txt", "Theo Kế hoạch số 207/KH-UBND.\n")
    workspace.set(document_codes="bo")
    told = workspace.json("check", file)
    assert told["text"] == "Theo Kế hoạch số hai trăm lẻ bảy."
    assert [note for note in told["notes"] if note.startswith("KH-UBND")]
    assert spoken("207/KH-UBND", Language.VI, plain()).text == "hai trăm lẻ bảy kế hoạch ủy ban nhân dân"


@pytest.mark.parametrize("from_file", [True, False])
def test_spoken_gives_a_line_for_each_line_whatever_is_inside(workspace, from_file):
    text = "Có 3 hộ\n\nm\rộ\x0bt\x85 \u2028hai\n\x00\x1f😀\n" + "dài " * 50_000 + "\nhết"
    file = workspace.folder / "bai.txt"
    file.write_bytes(text.encode())
    source = (str(file),) if from_file else ("-",)
    done = workspace.bantin("spoken", "--lang", "vi", *source, **({} if from_file else {"input": text}))
    lines = done.stdout.split("\n")
    assert lines[:4] == ["Có ba hộ", "", "m ộ t hai", ""]
    assert lines[4].count("dài") == 50_000
    assert lines[5:] == ["hết", ""]


def test_an_explanation_names_the_row_or_the_rule_of_every_token(workspace):
    (workspace.folder / "tu-dien.tsv").write_text("NVH\tnhà văn hóa\n", "utf-8")
    said = workspace.bantin("spoken", "--lang", "vi", "--explain", "-", input="NVH họp 5h, CT UBND").stdout
    rows = [line.split("\t") for line in said.splitlines() if line]
    assert ["NVH", "lexicon", "nhà văn hóa", "tu-dien.tsv:1"] in rows
    assert ["5h", "time", "năm giờ", "rule time"] in rows
    assert ["họp", "word", "họp"] in rows


def test_a_check_numbers_the_paragraphs_and_listens_to_the_recordings(workspace):
    text = "Tiêu đề: Tin\n\nĐoạn thứ nhất.\n\nĐoạn thứ hai. Còn nữa.\n\nĐoạn thứ ba.\n"
    noise = np.random.default_rng(1).uniform(-0.3, 0.3, 8000 * 3)
    gap = np.concatenate([noise, np.zeros(8000 * 6), noise])
    file = workspace.drop("tin.txt", text)
    soundfile.write(file.with_name("tin đoạn 1.wav"), gap, 8000)
    told = workspace.json("check", file)
    assert told["paragraphs"] == [2, 2, 3]
    assert told["takes"] == {"1": "tin đoạn 1.wav"}
    assert [sound.partition(": ")[2][:9] for sound in told["sounds"]] == ["ghi ở 800", "im lặng 6", "dài 12,0 "]
    assert told["seconds"] > 12 + 5
    shown = workspace.bantin("check", file).stdout
    assert "— đoạn 3 —" in shown
    assert "đoạn 1 do phát thanh viên đọc: tin đoạn 1.wav" in shown
    file.with_name("tin đoạn 1.wav").write_bytes(b"RIFF\x00\x00\x01\x00WAVE")
    assert workspace.bantin("check", file, code=4).stderr.startswith("S-101")


def test_a_sentence_where_a_file_belongs_is_no_file_and_no_crash(workspace):
    for command in (["check"], ["spoken", "--lang", "vi"], ["add"]):
        assert "I-109" in workspace.bantin(*command, "câu này dài quá " * 40, code=4).stderr


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.7, ["dài 0,7 giây"]), (9, []), (62.0, ["dài 62,0 giây"])], ids=["short", "fits", "long"]
)
def test_a_take_that_can_hardly_be_of_its_words_is_doubted_and_counts_for_the_length(workspace, seconds, told):
    words = (
        "Chiều nay trạm y tế xã tiêm vắc xin cho trẻ em dưới năm tuổi, mời bà con đưa các cháu đến đúng giờ để tiêm."
    )
    take = np.random.default_rng(2).uniform(-0.3, 0.3, int(24_000 * seconds))
    file = workspace.drop("tin.txt", f"Tiêu đề: Tin\n\n{words}\n\nHết.\n")
    soundfile.write(file.with_name("tin đoạn 1.wav"), take, 24_000)
    checked = workspace.json("check", file)
    assert [sound.partition(": ")[2].partition(" mà ")[0] for sound in checked["sounds"]] == told
    assert seconds <= checked["seconds"] < seconds + 25


def test_the_length_of_a_recording_is_its_own_whatever_its_text(workspace):
    file = workspace.drop("tin.txt", "Tiêu đề: Tin\n\nĐoạn thứ nhất có mấy chữ.\n")
    soundfile.write(file.with_suffix(".wav"), np.random.default_rng(3).uniform(-0.3, 0.3, 24_000 * 40), 24_000)
    checked = workspace.json("check", file)
    assert checked["seconds"] == 40
    assert len(checked["sounds"]) == 1
    assert "40,0 giây mà lời đi kèm" in checked["sounds"][0]


def test_a_second_edition_for_the_same_time_is_told_wherever_someone_could_stop_it(workspace):
    first = workspace.drop("mot.txt", "Tiêu đề: Cảnh báo mặn\n\nĐộ mặn tăng.\n")
    (old,) = workspace.json("add", first)
    second = workspace.drop("hai.txt", "Tiêu đề: Cảnh báo mặn\n\nĐộ mặn giảm.\n")
    assert workspace.json("check", second)["twins"] == [old["id"]]
    told = workspace.bantin("add", second).stderr
    assert f"bantin withdraw {old['id']}" in told
    workspace.bantin("withdraw", old["id"], "--by", "Phòng")
    third = workspace.drop("ba.txt", "Tiêu đề: Cảnh báo mặn khác\n\nĐộ mặn giảm.\n")
    assert workspace.json("check", third)["twins"] == []


def test_spoken_says_document_numbers_as_the_workspace_does(workspace):
    text = "Kế hoạch 207/KH-UBND"
    short = workspace.bantin("spoken", "--lang", "vi", "-", input=text).stdout
    full = workspace.bantin("spoken", "--lang", "vi", "--codes", "day-du", "-", input=text).stdout
    assert "kế hoạch ủy ban" in full
    assert "kế hoạch ủy ban" not in short
    assert short == workspace.bantin("spoken", "--lang", "vi", "--codes", "gon", "-", input=text).stdout


def test_music_that_is_not_there_is_told_before_a_script_is_dropped(workspace):
    text = "Tiêu đề: Tin\nNhạc hiệu: không-có.wav\nNhạc nền: nhẹ\n\nMột.\n\n[nhạc cắt: keng.wav]\n\nHai.\n"
    told = workspace.json("check", workspace.drop("tin.txt", text), code=3)
    assert [problem["code"] for problem in told["problems"]] == ["C-104", "C-104"]
    assert ["không-có.wav" in p["what"] or "keng.wav" in p["what"] for p in told["problems"]] == [True, True]


def test_a_theme_that_no_report_has_a_name_for_is_told_and_taken_in(workspace):
    text = "Chủ đề: {}\n\nChào bà con ở xã.\n"
    known, strange = (workspace.drop(f"{n}.txt", text.format(n)) for n in ("suc-khoe-cong-dong", "nuoi-tom"))
    assert "chủ đề này" not in workspace.bantin("check", known).stdout
    said = "! nuoi-tom: chủ đề này chưa có tên ở [plan.themes]; đang có: chinh-sach-dan-toc, suc-khoe-cong-dong"
    assert said in workspace.bantin("check", strange).stdout
    assert said in workspace.bantin("add", strange).stderr


def test_what_of_the_title_is_not_read_is_noted_as_that_of_the_text_is(workspace):
    told = workspace.json("check", workspace.drop("bai.txt", "Tiêu đề: Họp 🎉 dân\n\nBà con chú ý ☂ nhé.\n"))
    assert [note.partition(":")[0] for note in told["notes"] if "không đọc được" in note] == ["🎉", "☂"]
