"""What cannot go on says so with its code and the next step, loses nothing, and does not stop the others."""

import socket
import time
import zipfile
from io import BytesIO

import pytest

TEXT = "Tiêu đề: Tin hôm nay\n\nBà con chú ý theo dõi.\n"
WRONG_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJhbmJhbmJhbmJhbmJhbmJhbmJhbmJhbmJhbmJhbmJhbmJh"


def zip_of_something_else():
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("bang-diem.csv", "1,2,3")
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "code", "said"),
    [
        ("rong.txt", b"", "I-101", "không có nội dung"),
        ("trang.txt", b"  \n\n ", "I-101", "không có nội dung"),
        ("nen.docx", zip_of_something_else(), "I-103", "nen.docx"),
        ("la.txt", "Tiêu đề: Tin\nTiêu đê phụ: X\n\nNội dung.\n", "I-105", "dòng 2"),
        ("chu.mp3", "đây chỉ là chữ".encode(), None, "chu.mp3"),
        ("rong.wav", b"", None, "rong.wav"),
        ("bang.xlsx", b"x", "I-104", ".docx"),
    ],
)
def test_a_file_that_cannot_be_taken_waits_beside_the_reason(workspace, name, content, code, said):
    bytes_before = workspace.drop(name, content).read_bytes()
    workspace.drop("tot.txt", TEXT)
    told = workspace.bantin("run-due", code=4).stderr
    assert said in told
    assert code is None or code in told
    assert (workspace.scripts / "loi" / name).read_bytes() == bytes_before
    note = (workspace.scripts / "loi" / f"{name}.loi.txt").read_text("utf-8")
    assert "Lý do" in note
    assert "Cách sửa" in note
    (good,) = workspace.json("list")
    assert (good["title"], good["stage"]) == ("Tin hôm nay", "waiting")


def test_an_unknown_head_key_is_answered_with_the_nearest(workspace):
    workspace.drop("la.txt", "Tiêu đề: Tin\nThể lọai: CT\nNoi nhna: x\n\nNội dung.\n")
    told = workspace.bantin("run-due", code=4).stderr
    assert "có phải là" in told


def test_a_file_that_grows_is_left_alone_until_it_stands_still(workspace):
    workspace.set(settle_seconds=2)
    file = workspace.drop("dang-chep.txt", TEXT)
    running = workspace.start("run-due")
    for _ in range(30):
        with file.open("a", encoding="utf-8") as stream:
            stream.write("Thêm một câu nữa.\n")
        if running.poll() is not None:
            break
        time.sleep(0.25)
    running.communicate(timeout=30)
    assert file.exists()
    assert workspace.json("list") == []
    workspace.bantin("run-due")
    (taken,) = workspace.json("list")
    text = workspace.json("show", taken["id"])["text"]
    assert text.count("thêm một câu nữa") + text.count("Thêm một câu nữa") == file_count(workspace)


def file_count(workspace):
    (kept,) = (workspace.scripts / "da-nhan").rglob("dang-chep.txt")
    return kept.read_text("utf-8").count("Thêm một câu nữa.")


def test_the_same_bytes_twice_are_one_bulletin(workspace):
    workspace.drop("mot.txt", TEXT)
    workspace.bantin("run-due")
    workspace.drop("hai.txt", TEXT)
    workspace.bantin("run-due")
    assert len(workspace.json("list")) == 1
    assert sorted(f.name for f in (workspace.scripts / "da-nhan").rglob("*.txt")) == ["hai.txt", "mot.txt"]


def test_a_language_without_a_voice_is_held_and_never_read_by_another(workspace):
    # Only the online voices, and there is no network: nobody speaks.
    config = workspace.folder / "config.toml"
    config.write_text(
        config.read_text("utf-8").replace('engines = ["edge", "embedded"]', 'engines = ["edge"]'), "utf-8"
    )
    told = workspace.bantin("add", workspace.drop("km.txt", "សួស្តីបងប្អូនទាំងអស់គ្នា។\n"), code=5).stderr
    assert "V-102" in told
    (held,) = workspace.json("list")
    assert held["stage"] == "held"
    assert held["reason"]
    config.write_text(
        config.read_text("utf-8").replace('engines = ["edge"]', 'engines = ["edge", "embedded"]'), "utf-8"
    )
    workspace.bantin("run-due")
    assert workspace.json("list")[0]["stage"] == "waiting"


def approved(workspace):
    workspace.bantin("add", workspace.drop("tin.txt", TEXT))
    (bulletin,) = workspace.json("list")
    workspace.bantin("approve", bulletin["id"], "--by", "Người duyệt")
    return bulletin["id"]


def test_an_unreachable_station_fails_alone(workspace):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        workspace.station("TOT")
        line = {"host": "127.0.0.1", "port": taken.getsockname()[1], "user": "loa", "host_key": WRONG_KEY}
        workspace.station("HONG", transport="sftp", folder=".", key="keys/khong-co", **line)
        client_key(workspace)
        approved(workspace)
        done = workspace.bantin("push", code=6)
    assert "D-101" in done.stderr
    assert "bantin push --only HONG" in done.stderr
    (bulletin,) = workspace.json("status")["bulletins"]
    assert bulletin["confirmed"] == ["TOT"]
    assert bulletin["failed"] == {"HONG": "D-101"}
    shown = workspace.bantin("status").stdout
    assert "✗ HONG" in shown
    assert "lỗi D-101" in shown
    assert "bantin push --only HONG" in shown
    assert bulletin["stage"] == "partly"


def client_key(workspace):
    from pipeline.delivery.practice import client_key as make

    (workspace.folder / "keys").mkdir()
    make(workspace.folder / "keys" / "khong-co")


def test_when_every_station_fails_the_exit_code_says_so(workspace):
    for code in ("A", "B"):
        folder = workspace.station(code)
        folder.rmdir()
    approved(workspace)
    workspace.bantin("push", code=7)


def test_nothing_is_planned_or_sent_without_a_signature(workspace):
    folder = workspace.station("A")
    workspace.bantin("add", workspace.drop("tin.txt", TEXT))
    assert workspace.json("plan") == {"planned": [], "airings": [], "clashes": []}
    (bulletin,) = workspace.json("list")
    assert workspace.json("push") == {"sent": 0, "missed": 0, "threatened": [bulletin["id"]], "stations": []}
    told = workspace.bantin("push").stderr
    assert "N-102" in told
    assert f"bantin approve {bulletin['id']}" in told
    assert list(folder.iterdir()) == []


def test_a_signed_bulletin_that_no_station_airs_is_named_at_every_push(workspace):
    workspace.station("A", languages="km")
    approved(workspace)
    assert "chưa có trạm nào phát" in workspace.bantin("push").stderr


def test_a_draft_voice_holds_a_place_but_is_not_signed_unless_the_programme_says_so(workspace):
    workspace.set(embedded_may_air=False)
    workspace.bantin("add", workspace.drop("tin.txt", TEXT))
    (bulletin,) = workspace.json("list")
    told = workspace.bantin("approve", bulletin["id"], "--by", "Người duyệt", code=4).stderr
    assert "N-101" in told
    assert "embedded_may_air" in told


def test_an_unknown_bulletin_is_answered_with_the_nearest(workspace):
    workspace.bantin("add", workspace.drop("tin.txt", TEXT))
    (bulletin,) = workspace.json("list")
    told = workspace.bantin("approve", bulletin["id"][:-1] + "z", "--by", "Người duyệt", code=2).stderr
    assert bulletin["id"] in told


def test_a_part_of_an_id_that_two_bulletins_have_is_answered_with_both(workspace):
    workspace.bantin("add", workspace.drop("tin.txt", TEXT))
    workspace.bantin("add", workspace.drop("hai.txt", TEXT + "Thêm một câu.\n"))
    told = workspace.bantin("show", "tin-hom-nay", code=2).stderr
    assert "L-105" in told
    assert all(b["id"] in told for b in workspace.json("list"))


def test_a_file_that_is_not_there_is_told_and_the_others_are_taken(workspace):
    told = workspace.bantin("add", "khong-co.docx", workspace.drop("tin.txt", TEXT), code=4).stderr
    assert "khong-co.docx" in told
    assert len(workspace.json("list")) == 1


def test_a_script_for_a_day_that_has_passed_is_refused(workspace):
    workspace.drop("cu.txt", "Tiêu đề: Tin cũ\nPhát: 20/11/2020 05:00\n\nNội dung.\n")
    told = workspace.bantin("run-due", code=4).stderr
    assert "I-114 bài cu.txt: giờ phát 20/11/2020 05:00 đã qua" in told
    assert "không hiểu" not in told
    assert "cu.txt" in workspace.refused()


def test_a_station_that_the_registry_does_not_have_is_answered_with_those_it_has(workspace):
    workspace.station("A")
    workspace.drop("tin.txt", "Tiêu đề: Tin\nNơi nhận: Năm Căn\n\nNội dung.\n")
    told = workspace.bantin("run-due", code=4).stderr
    assert "Năm Căn" in told
    assert "Trạm A" in told


def test_a_drop_folder_that_vanished_is_named(workspace):
    workspace.scripts.rename(workspace.folder / "mat")
    assert "C-107" in workspace.bantin("run-due", code=3).stderr


def test_a_folder_that_is_no_workspace_says_how_to_make_one(workspace, tmp_path):
    workspace.folder = tmp_path
    assert "bantin init" in workspace.bantin("list", code=3).stderr


def test_a_second_pusher_finds_the_station_taken(workspace):
    from pipeline.ledger.lock import alone

    workspace.station("A")
    approved(workspace)
    with alone(workspace.state / "stations", "A"):
        assert "D-107" in workspace.bantin("push", code=8).stderr
    assert workspace.json("push")["sent"] == 1


def test_a_value_that_an_option_does_not_know_is_answered_with_those_it_does(workspace):
    for command in (
        ("people", "add", "an", "--name", "An", "--role", "sep"),
        ("people", "token", "an", "--label", "x", "--scope", "sep"),
        ("report", "--format", "sep"),
        ("outputs", "add", "--line", "sep", "--quantity", "1", "--what", "a", "--evidence", "b"),
        ("say", "a", "--lang", "vi", "--engine", "sep", "-o", "a.wav"),
        ("spoken", "--lang", "sep", "-"),
    ):
        told = workspace.bantin(*command, code=2).stderr
        assert "C-111 --" in told, told
        assert "không có “sep”" in told
        assert "chọn một trong: " in told
        assert "Invalid" not in told
