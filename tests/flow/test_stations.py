"""The registry as an operator keeps it: checked, filled from Excel, tried out, its keys pinned after a phone call."""

import csv
import io
import re
import subprocess
import unicodedata
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest

from pipeline.core.errors import StationFull, UnknownName, WrongHeadValue
from pipeline.core.facts import Happened
from pipeline.core.model import Head
from pipeline.delivery.sftp import SftpRemote
from pipeline.newsroom import plan, recipients, registry
from tests import province
from tests.province import Clock, lay_out, newsroom, signed
from tests.province import row as province_row
from tests.sshd import OpenSSH, make_key, program

OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJhbmJhbmJhbmJhbmJhbmJhbmJhbmJhbmJhbmJhbmJhbmJh"


def over_ssh(server, folder, **changes):
    columns = {"transport": "sftp", "host": server.host, "port": server.port, "user": server.user, "key": server.key,
               "host_key": server.host_key, "folder": folder}  # fmt: skip
    return {**columns, **changes}


def rows(workspace):
    text = (workspace.folder / "stations.csv").read_text("utf-8-sig")
    return {row["code"]: row for row in csv.DictReader(io.StringIO(text))}


def test_a_check_counts_what_there_is_and_names_what_is_doubtful(workspace, openssh):
    workspace.station("A", windows="04:30-06:00 16:30-18:00")
    workspace.station("B", windows="09:00-10:00")
    workspace.station("L", windows="06:30-04:30")
    workspace.station("N", windows="18:00-06:00 16:30-18:00")
    workspace.station("C", **over_ssh(openssh, "/x", host_key="", windows="04:30-06:00"))
    found = workspace.json("stations", "check")
    assert found["counts"]["stations in force"] == 5
    doubtful = {d["station"]: d["what"] for d in found["doubts"]}
    assert set(doubtful) == {"B", "C", "L"}
    assert doubtful["L"] == "khung giờ 06:30-04:30 qua đêm, dài 22 giờ: có phải 04:30-06:30?"
    assert "stations trust C" in doubtful["C"] or "ghim" in doubtful["C"]
    told = workspace.bantin("--lang", "en", "stations", "check")
    assert "5  stations in force" in told.stdout
    assert "! B: no slot of any programme lies inside its windows" in told.stderr


def test_a_check_of_a_broken_registry_tells_every_row(workspace):
    workspace.station("A", windows="5h")
    workspace.station("B", languages="en")
    told = workspace.bantin("stations", "check", code=3).stderr
    assert "dòng 2: cột windows" in told
    assert "dòng 3: cột languages" in told


def test_a_check_tells_rows_whose_keys_can_never_work_beside_every_other_fault(workspace, openssh, tmp_path):
    (tmp_path / "open").write_bytes(b"x")
    (tmp_path / "open").chmod(0o644)
    good = {"windows": "04:30-06:00"}
    workspace.station("A", **over_ssh(openssh, "/a", key="", **good))
    workspace.station("B", **over_ssh(openssh, "/b", key=tmp_path / "khong-co", **good))
    workspace.station("C", **over_ssh(openssh, "/c", key=tmp_path / "open", **good))
    workspace.station("D", **over_ssh(openssh, "/d", host_key="ssh-rsa xxx", **good))
    workspace.station("E", **good)
    told = workspace.bantin("stations", "check", code=3).stderr.splitlines()
    assert [line.split(", cột")[0] for line in told[1:5]] == [f"  dòng {n}: {code}" for n, code in enumerate("ABCD", 2)]
    assert "chmod 600" in told[3]
    assert workspace.json("list") == []  # what works goes on working
    workspace.station("F", windows="5h")
    told = workspace.bantin("stations", "check", code=3).stderr
    assert "dòng 7: cột windows" in told
    assert "dòng 5: D, cột host_key" in told


def test_a_code_that_nobody_has_is_answered_with_the_nearest_first(tmp_path):
    lay_out(tmp_path, [{"code": f"CM-{n:04}", "name": f"Xã {n}", "transport": "usb"} for n in range(90, 120)])
    with newsroom(tmp_path, Clock()) as desk:
        for wrong, nearest in (("cm-0107", "CM-0107"), ("CM-117", "CM-0117"), ("CM-0107X", "CM-0107")):
            with pytest.raises(UnknownName) as caught:
                registry.find(desk, wrong)
            assert str(caught.value.fields["nearest"]).split(", ")[0] == nearest


def test_rows_that_were_lost_are_missed(tmp_path):
    stations = [{"code": f"T{n}", "name": f"Xã {n}", "transport": "usb", "until": ""} for n in range(12)]
    lay_out(tmp_path, stations)
    clock = Clock()
    with newsroom(tmp_path, clock) as desk:
        signed(desk, 1)
        assert registry.faults(desk) == []
    lay_out(tmp_path, [{**stations[0], "until": "2026-11-01"}])
    with newsroom(tmp_path, clock) as desk:
        plan.plan_all(desk)
        (told,) = registry.faults(desk)
        assert "11 trạm trước có, nay không còn: T1, T10, T11, T2, T3, T4, T5, T6, …" in told.vi
    clock.at += timedelta(days=60)
    with newsroom(tmp_path, clock) as desk:
        assert registry.faults(desk) == []  # by now that was meant


def test_rows_that_were_lost_are_told_where_they_leave_the_plan(workspace):
    text = "Tiêu đề: Tin\n\nBà con chú ý.\n"
    workspace.station("A")
    workspace.station("B")
    (row,) = workspace.json("add", workspace.drop("tin.txt", text))
    workspace.bantin("approve", row["id"], "--by", "Người duyệt")
    file = workspace.folder / "stations.csv"
    file.write_text("".join(file.read_text("utf-8").splitlines(keepends=True)[:2]), "utf-8")
    assert "! 1 trạm trước có, nay không còn: B" in workspace.bantin("plan").stderr
    assert "1 trạm trước có, nay không còn: B" in workspace.bantin("stations", "check", code=3).stderr


def test_a_station_without_room_for_a_bulletin_is_not_called_good(tmp_path, openssh, monkeypatch):
    (tmp_path / "loa").mkdir()
    lay_out(tmp_path, [province_row("A", openssh, tmp_path / "loa")])
    with newsroom(tmp_path, Clock()) as desk:
        station = registry.find(desk, "A")
        monkeypatch.setattr(SftpRemote, "free", lambda _: 5_000_000)
        with pytest.raises(StationFull, match="5000000"):
            registry.try_out(desk, station)
        assert desk.ledger.facts(happened=Happened.TRIED) == []
        monkeypatch.setattr(SftpRemote, "free", lambda _: 6_000_000)
        assert registry.try_out(desk, station).free == 6_000_000


def test_rows_from_excel_are_added_and_changed_and_a_pinned_key_is_never_lost(workspace, openssh):
    workspace.station("A", **over_ssh(openssh, "/x"))
    workspace.station("B")
    book = openpyxl.Workbook()
    for row in (["Mã trạm", "Tên xã", "Máy", "Cổng", "Nhóm"], ["A", "Đất Mũi", "10.0.0.9", 2222, "Ven biển"],
                ["B", "Trạm B", None, None, None]):  # fmt: skip
        book.active.append(row)
    book.active.append(["C", "Năm Căn", "10.0.0.7", None, None])
    book.save(workspace.folder / "moi.xlsx")
    file = workspace.folder / "moi.xlsx"
    before = (workspace.folder / "stations.csv").read_bytes()
    told = workspace.bantin("stations", "import", file, code=3).stderr  # C has no user
    assert "dòng 4" in told
    assert (workspace.folder / "stations.csv").read_bytes() == before
    book.active.cell(1, 6, "Người dùng")
    book.active.cell(4, 6, "loa")
    book.save(file)
    dry = workspace.json("stations", "import", file, "--dry-run")
    assert (workspace.folder / "stations.csv").read_bytes() == before
    assert dry == workspace.json("stations", "import", file)
    assert dry == {"added": ["C"], "changed": {"A": ["name", "host", "port", "groups"]}, "same": 1}
    assert rows(workspace)["A"]["host_key"] == openssh.host_key
    assert (rows(workspace)["A"]["host"], rows(workspace)["C"]["user"]) == ("10.0.0.9", "loa")
    assert "1 trạm mới" not in workspace.bantin("stations", "import", file).stdout  # it is all there by now


def test_an_import_without_codes_writes_nothing(workspace):
    (workspace.folder / "x.csv").write_text("name,host\nĐất Mũi,h\n", "utf-8")
    assert "dòng 2" in workspace.bantin("stations", "import", workspace.folder / "x.csv", code=3).stderr
    assert "I-109" in workspace.bantin("stations", "import", workspace.folder / "y.csv", code=4).stderr


def test_an_import_that_would_lose_a_row_or_a_cell_or_make_a_station_twice_writes_nothing(workspace):
    workspace.station("00101")
    before = (workspace.folder / "stations.csv").read_bytes()
    book = openpyxl.Workbook()
    for row in (["Mã trạm", "Tên xã", "Cách gửi"], [101, "Đất Mũi", "usb"], ["N", "Một", "usb"], ["N", "Hai", "usb"]):
        book.active.append(row)
    book.active.append(["M", "Ba", "usb", "gọi anh Tư"])
    book.save(workspace.folder / "moi.xlsx")
    told = workspace.bantin("stations", "import", workspace.folder / "moi.xlsx", code=3).stderr
    assert "dòng 5: ô “gọi anh Tư”" in told
    book.active.cell(5, 4).value = None
    book.save(workspace.folder / "moi.xlsx")
    told = workspace.bantin("stations", "import", workspace.folder / "moi.xlsx", code=3).stderr
    assert "dòng 2: mã 101 chỉ khác mã 00101" in told
    assert "dòng 4: mã N đã có ở dòng 3" in told
    assert (workspace.folder / "stations.csv").read_bytes() == before


def test_codes_that_differ_only_in_leading_zeros_are_doubtful(workspace):
    for code in ("00101", "101", "10100"):
        workspace.station(code, windows="04:30-06:00")
    assert {d["station"] for d in workspace.json("stations", "check")["doubts"]} == {"00101", "101"}


def test_a_station_is_tried_out_and_left_as_it_was(workspace, openssh, tmp_path):
    (tmp_path / "loa").mkdir()
    workspace.station("A", **over_ssh(openssh, tmp_path / "loa"))
    found = workspace.json("stations", "test", "A")
    assert found["own_digest"] is True
    assert found["free"] > 0
    assert {"fsync", "posix-rename", "statvfs", "sha256sum"} <= set(found["abilities"])
    assert list((tmp_path / "loa").iterdir()) == []
    told = workspace.bantin("stations", "test", "A").stdout
    assert "SHA-256" in told
    assert re.search(r"Còn trống [1-9]\d{0,2}(\.\d{3})* MB; tốc độ gửi khoảng [1-9]\d{0,2}(\.\d{3})* kbit/s", told)
    assert "C-104" in workspace.bantin("stations", "test", "khong-co", code=3).stderr


def test_a_trial_of_a_station_without_its_folder_says_so(workspace, openssh, tmp_path):
    workspace.station("A", **over_ssh(openssh, tmp_path / "khong-co"))
    assert "D-105" in workspace.bantin("stations", "test", "A", code=6).stderr


def test_a_key_is_pinned_only_when_its_fingerprint_was_read_out_at_the_station(workspace, openssh, tmp_path):
    (tmp_path / "loa").mkdir()
    workspace.station("A", **over_ssh(openssh, tmp_path / "loa", host_key=""))
    shown = workspace.bantin("stations", "trust", "A", code=6)  # nobody compared
    assert "ssh-keygen -lf" in shown.stdout
    assert "D-110" in shown.stderr
    assert "chưa đối chiếu" in shown.stderr
    (fingerprint,) = {word for word in shown.stdout.split() if word.startswith("SHA256:")}
    assert "D-102" in workspace.bantin("stations", "trust", "A", "--fingerprint", "SHA256:khac", code=6).stderr
    assert rows(workspace)["A"]["host_key"] == ""
    workspace.bantin("stations", "trust", "A", "--fingerprint", fingerprint, "--by", "Người vận hành")
    assert rows(workspace)["A"]["host_key"] == openssh.host_key
    assert "Đúng khoá đã ghim" in workspace.bantin("stations", "trust", "A").stdout
    assert workspace.json("stations", "test", "A")["own_digest"] is True


def test_a_key_pinned_into_an_excel_registry_is_said_to_be_there(workspace, openssh, tmp_path):
    book = openpyxl.Workbook()
    for row in zip(*{"code": "A", "name": "Đất Mũi", **over_ssh(openssh, "/x", host_key=None)}.items(), strict=True):
        book.active.append([str(cell) if cell is not None else None for cell in row])
    (workspace.folder / "stations.csv").unlink(missing_ok=True)
    book.save(workspace.folder / "stations.xlsx")
    shown = workspace.bantin("stations", "trust", "A", code=6).stdout
    (fingerprint,) = {word for word in shown.split() if word.startswith("SHA256:")}
    told = workspace.bantin("stations", "trust", "A", "--fingerprint", fingerprint).stdout
    assert "Đã ghim vào stations.xlsx." in told
    assert "Đúng khoá đã ghim" in workspace.bantin("stations", "trust", "A").stdout


def test_a_machine_that_was_replaced_is_told_loudly(workspace, openssh, tmp_path):
    workspace.station("A", **over_ssh(openssh, tmp_path, host_key=OTHER_KEY))
    told = workspace.bantin("stations", "trust", "A", code=6).stderr
    assert "KHÁC" in told
    assert "D-102" in told
    assert rows(workspace)["A"]["host_key"] == OTHER_KEY


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_a_machine_with_another_kind_of_key_can_be_pinned_too(workspace, tmp_path, kind):
    folder = tmp_path / "loa"
    folder.mkdir()
    (tmp_path / "ssh").mkdir()
    with OpenSSH(tmp_path / "ssh", kind=kind) as server:
        make_key(tmp_path / "other")
        workspace.station("A", **over_ssh(server, folder, host_key=""))
        shown = workspace.bantin("stations", "trust", "A", code=6).stdout
        (fingerprint,) = {word for word in shown.split() if word.startswith("SHA256:")}
        workspace.bantin("stations", "trust", "A", "--fingerprint", fingerprint)
        assert workspace.json("stations", "test", "A")["own_digest"] is True


def test_a_script_may_name_stations_by_group_kind_technology_or_the_commune_they_were_before(workspace):
    workspace.station("A", name="Đất Mũi", predecessors="Viên An; 32104", groups="Ven biển; Vùng Khmer")
    workspace.station("B", name="Năm Căn", technology="FM")
    workspace.station("C", name="Đồn Hòn Khoai", kind="đồn biên phòng", groups="Ven biển")
    for number, (to, expected) in enumerate(
        {
            "Ven biển": ["A", "C"],
            "viên an": ["A"],
            "32104": ["A"],
            "FM": ["B"],
            "Đồn biên phòng": ["C"],
            "tất cả, trừ đồn biên phòng": ["A", "B"],
        }.items()
    ):
        text = f"Tiêu đề: Tin {number}\nNơi nhận: {to}\n\nBà con chú ý, bản tin số {number}.\n"
        (row,) = workspace.json("add", workspace.drop(f"{number}.txt", text))
        (row,) = workspace.json("approve", row["id"], "--by", "Người duyệt")
        assert row["planned"] == expected, to


# --- whom a script means ---------------------------------------------------------------------------------------------

ALIKE = [
    {"code": "A", "name": "Tân Thành", "groups": "Ven biển; B"},
    {"code": "B", "name": "Láng Tròn", "predecessors": "Tân Thạnh; Khánh Hoà"},
    {"code": "C", "name": "Tân Thành", "technology": "FM", "groups": "ven  biển"},
    {"code": "D", "name": "Khánh Hòa"},
    {"code": "E", "name": "ភូមិថ្មី"},
]


@pytest.fixture
def alike(tmp_path):
    """A newsroom whose stations go by names that are much alike."""
    rows = [{"transport": "folder", "folder": str(tmp_path / row["code"]), **row} for row in ALIKE]
    province.lay_out(tmp_path, rows)
    with province.newsroom(tmp_path, province.Clock()) as desk:
        yield desk


@pytest.mark.parametrize(
    ("names", "codes"),
    [
        (["Tân Thành"], "AC"),
        ([unicodedata.normalize("NFD", "TÂN  THÀNH")], "AC"),
        (["Tân Thạnh"], "B"),
        (["Khánh Hòa"], "BD"),  # however the tone is put
        (["Ven biển"], "AC"),
        (["ven bien"], "AC"),
        (["lang tron"], "B"),
        (["b"], "B"),  # a code before a group
        (["ភូមិថ្មី"], "E"),
        (["FM", "Tân Thạnh"], "BC"),
    ],
)
def test_a_name_with_its_accents_means_that_commune_alone(alike, names, codes):
    head = Head(only=tuple(names))
    recipients.check(alike, head, "tin.txt")
    bulletin = province.signed(alike, 1, only=head.only)
    assert [s.code for s in recipients.recipients(alike, bulletin)] == list(codes)
    others = province.signed(alike, 2, without=head.only)
    assert {s.code for s in recipients.recipients(alike, others)} == {row["code"] for row in ALIKE} - {*codes}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("tan  thanh", "“tan  thanh (Tân Thành hay Tân Thạnh?)”"),
        ("Tân Thánh", "“Tân Thánh (Tân Thành hay Tân Thạnh?)”"),
        ("Láng Trơn", "“Láng Trơn (Láng Tròn?)”; viết như: Láng Tròn"),
        ("Đất Mũi", "“Đất Mũi”; viết như: Tân Thành, Láng Tròn"),
    ],
)
def test_a_name_that_may_mean_several_communes_or_none_is_refused(alike, name, told):
    with pytest.raises(WrongHeadValue) as caught:
        recipients.check(alike, Head(without=(name,)), "tin.txt")
    assert told in f"{caught.value.message.vi}; {caught.value.next_step.vi}"


# --- the first station, as its page tells it -------------------------------------------------------------------------

PAPER = (province.TOP / "docs/vi/tram-moi.md").read_text("utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```$", PAPER, re.DOTALL | re.MULTILINE)


def test_a_first_station_is_made_by_the_commands_of_its_page(workspace, openssh, tmp_path):
    keys, settings, row, commands = BLOCKS[0], BLOCKS[2], BLOCKS[5], BLOCKS[6]
    shell = [program("bash"), "-ec", keys]
    done = subprocess.run(shell, cwd=workspace.folder, check=True, capture_output=True, text=True)
    (public,) = [line for line in done.stdout.splitlines() if line.startswith("ssh-ed25519 ")]
    Path(openssh.key).with_name("authorized_keys").write_text(f"{public}\n", "utf-8")
    (tmp_path / "sshd_config").write_text(f"HostKey {Path(openssh.key).with_name('host')}\n{settings}", "utf-8")
    subprocess.run([openssh.sshd, "-t", "-f", tmp_path / "sshd_config"], check=True)

    file, folder = workspace.folder / "stations.csv", tmp_path / "ban-tin"
    folder.mkdir()
    head = (province.TOP / "stations.csv").read_text("utf-8-sig")
    here = {"10.8.1.1": openssh.host, "22": openssh.port, "loa": openssh.user, "ban-tin": folder}
    for old, new in here.items():
        assert row.count(f",{old},") == 1
        row = row.replace(f",{old},", f",{new},")
    file.write_text(head + row, "utf-8-sig")
    check, trust, test = (line.split()[1:] for line in commands.splitlines())
    assert "bantin stations trust CM-0101" in workspace.bantin(*check).stderr
    shown = workspace.bantin(*trust, code=6).stdout
    assert "for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done" in shown
    assert r"dir C:\ProgramData\ssh\ssh_host_*_key.pub | % { ssh-keygen -lf $_.FullName }" in shown
    read = [program("ssh-keygen"), "-lf", Path(openssh.key).with_name("host.pub")]
    said = subprocess.run(read, capture_output=True, text=True, check=True).stdout
    workspace.bantin(*trust, "--fingerprint", said.split()[1])
    assert "CM-0101 (Đất Mũi): tốt." in workspace.bantin(*test).stdout
    assert list(folder.iterdir()) == []


def test_a_key_file_that_is_not_there_is_told_while_no_host_key_is_pinned_either(workspace, openssh, tmp_path):
    workspace.station("A", **over_ssh(openssh, "/a", key=tmp_path / "khong-co", host_key=""))
    told = workspace.bantin("stations", "check", code=3).stderr
    assert "dòng 2: A, cột key: không mở được" in told
    assert "tạo khoá: xem docs/vi/tram-moi.md" in told
