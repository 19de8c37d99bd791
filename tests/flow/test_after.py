"""After the push: audits, recalls, sticks, and what stations write back."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def add(workspace, name="một", *lines):
    text = "\n".join([f"Tiêu đề: Tin {name}", *lines, "", f"Bà con chú ý, đây là bản tin {name}.", ""])
    (row,) = workspace.json("add", workspace.drop(f"{name}.txt", text))
    workspace.bantin("approve", row["id"], "--by", "Người duyệt")
    return row["id"]


def over_ssh(server, folder):
    return {"transport": "sftp", "host": server.host, "port": server.port, "user": server.user, "key": server.key,
            "host_key": server.host_key, "folder": folder}  # fmt: skip


def happened(workspace, name):
    return [f["happened"] for f in workspace.json("show", name)["facts"]]


@pytest.fixture
def ssh_station(workspace, openssh, tmp_path):
    folder = tmp_path / "loa"
    folder.mkdir()
    workspace.station("A", **over_ssh(openssh, folder))
    return folder


def test_an_audit_finds_what_is_gone_and_damaged_and_the_next_push_mends_it(workspace, ssh_station):
    first, second, third = (add(workspace, name) for name in ("một", "hai", "ba"))
    assert workspace.json("push")["sent"] == 3
    (clean,) = workspace.json("verify")
    assert (len(clean["good"]), clean["missing"], clean["damaged"], clean["code"]) == (3, [], [], None)
    files = {name: next(ssh_station.glob(f"*_tin-{name}_*.mp3")) for name in ("mot", "hai", "ba")}
    files["mot"].unlink()
    files["hai"].write_bytes(files["hai"].read_bytes()[:-1] + b"?")
    files["ba"].with_name(files["ba"].name + ".json").unlink()
    (ssh_station / "LICH-PHAT.txt").unlink()
    (ssh_station / "nhac.mp3").write_bytes(b"theirs")
    (found,) = workspace.json("verify", "A", code=6)
    assert found["missing"] == sorted([files["mot"].name, f"{files['ba'].name}.json"])
    assert found["damaged"] == [files["hai"].name]
    assert found["good"] == []
    assert found["renewed"] == ["BANTIN.m3u8", "LICH-PHAT.txt"]
    assert (ssh_station / "LICH-PHAT.txt").exists()
    assert ".mp3" not in (ssh_station / "BANTIN.m3u8").read_text("utf-8")  # nobody plays what is not there
    assert all("lost" in happened(workspace, name) for name in (first, second, third))
    assert workspace.json("status")["bulletins"][0]["confirmed"] == []
    done = workspace.json("push")
    assert done["sent"] == 2  # of the third only the sidecar was gone
    assert len(workspace.json("verify")[0]["good"]) == 3
    assert (ssh_station / "nhac.mp3").read_bytes() == b"theirs"


def test_until_a_push_mends_it_every_audit_tells_what_is_gone_and_fails(workspace, ssh_station):
    airs = f"Phát: {datetime.now(ZONE) + timedelta(days=1):%d/%m/%Y} 05:00"
    first, second, out = (add(workspace, name, airs) for name in ("một", "hai", "rút"))
    workspace.bantin("push")
    gone, damaged, withdrawn = (next(ssh_station.glob(f"*_tin-{name}_*.mp3")) for name in ("mot", "hai", "rut"))
    gone.unlink()
    damaged.write_bytes(b"?")
    withdrawn.unlink()
    (ssh_station / "LICH-PHAT.txt").write_text("sửa tay", "utf-8")
    told = workspace.bantin("verify", code=6)
    assert "đã ghi lại: LICH-PHAT.txt" in told.stdout
    assert "N-111 1 trên 1 trạm thiếu tệp hoặc có tệp hỏng" in told.stderr
    workspace.bantin("withdraw", out)
    for _ in range(2):
        (found,) = workspace.json("verify", code=6)
        assert (found["missing"], found["damaged"]) == ([gone.name], [damaged.name])
    assert found["renewed"] == []
    assert [happened(workspace, name).count("lost") for name in (first, second)] == [1, 1]
    damaged.unlink()  # it holds nothing any more, and is looked at all the same
    assert workspace.json("verify", code=6)[0]["missing"] == sorted([gone.name, damaged.name])
    workspace.bantin("push")
    assert workspace.json("verify")[0]["good"] == sorted([gone.name, damaged.name])


def test_an_audit_of_a_station_without_a_line_says_that_nobody_can_look(workspace):
    workspace.station("XA", transport="usb")
    assert "D-109" in workspace.bantin("verify", "XA", code=6).stderr


def test_an_audit_leaves_alone_what_another_row_of_the_same_folder_is_to_have(workspace):
    folder = workspace.station("A", until=f"{datetime.now(ZONE) + timedelta(days=400):%Y-%m-%d}")
    workspace.station("B", folder=folder, since=f"{datetime.now(ZONE) + timedelta(days=401):%Y-%m-%d}")
    add(workspace)
    workspace.bantin("push")
    assert len(list(folder.glob("*.mp3"))) == 1
    workspace.bantin("verify", "B", "--clean")
    assert len(list(folder.glob("*.mp3"))) == 1


def test_an_audit_tells_what_is_not_meant_to_be_there_and_clears_it_when_asked(workspace):
    folder = workspace.station("A")
    add(workspace)
    workspace.bantin("push")
    old = "20250101-0500_cu_vi_0123456789ab.mp3"
    for name in (old, f"{old}.json", f".{old}.0123456789ab.part", "nhac.mp3", ".rieng.part"):
        (folder / name).write_bytes(b"x")
    (found,) = workspace.json("verify")
    assert found["extra"] == [old, f"{old}.json"]
    assert found["parts"] == [f".{old}.0123456789ab.part"]
    assert "thừa" in workspace.bantin("verify").stdout
    told = workspace.bantin("verify", "--clean").stdout
    assert "thừa" not in told
    assert [line.split(": ")[1] for line in told.splitlines() if "đã gỡ" in line] == [
        old, f"{old}.json", f".{old}.0123456789ab.part"
    ]  # fmt: skip
    (found,) = workspace.json("verify")
    assert (found["extra"], found["parts"]) == ([], [])
    assert {"nhac.mp3", ".rieng.part"} <= {p.name for p in folder.iterdir()}


def test_an_audit_of_a_station_that_is_away_says_so(workspace):
    folder = workspace.station("A")
    add(workspace)
    workspace.bantin("push")
    folder.rename(folder.with_name("doi"))
    told = workspace.bantin("verify", code=7).stderr
    assert "D-105" in told
    assert "N-113 1 trên 1 trạm không xem được" in told
    assert "C-104" in workspace.bantin("verify", "khong-co", code=3).stderr


def test_a_recall_takes_a_bulletin_off_at_once_and_says_where_it_could_not(workspace):
    here, away = workspace.station("A"), workspace.station("B")
    name = add(workspace)
    other = add(workspace, "khác")
    workspace.bantin("push")
    hidden = away.rename(away.with_name("doi"))
    done = workspace.bantin("recall", name, "--by", "Người duyệt", code=6)
    assert "Còn ở các trạm: B" in done.stderr
    assert "N-114 1 trên 2 trạm chưa gỡ xong" in done.stderr
    assert not list(here.glob("*tin-mot*"))
    assert list(here.glob("*tin-khac*.mp3"))
    hidden.rename(away)
    workspace.bantin("push")
    assert not list(away.glob("*tin-mot*"))
    assert workspace.json("recall", name) == {"id": name, "gone": [], "left": [], "perhaps": []}
    assert happened(workspace, name).count("withdrawn") == 1
    assert "withdrawn" not in happened(workspace, other)


def test_a_recall_may_bring_the_mended_bulletin_on_the_same_visit(workspace):
    folder = workspace.station("A")
    name = add(workspace)
    workspace.bantin("push")
    text = "Tiêu đề: Tin đã sửa\n\nBà con chú ý, đây là bản tin đã sửa.\n"
    (row,) = workspace.json("add", workspace.drop("sua.txt", text))
    assert "N-102" in workspace.bantin("recall", name, "--replace-with", row["id"], code=4).stderr
    assert list(folder.glob("*tin-mot*.mp3"))  # nothing was done
    workspace.bantin("approve", row["id"], "--by", "Người duyệt")
    workspace.bantin("recall", name, "--replace-with", row["id"])
    assert [p.name.split("_")[1] for p in folder.glob("*.mp3")] == ["tin-da-sua"]


def test_a_stick_holds_what_a_push_would_and_counts_only_when_the_station_answers(workspace, tmp_path):
    workspace.station("XA", name="Đất Mũi", transport="usb")
    stick = tmp_path / "stick"
    stick.mkdir()
    name = add(workspace, "một", f"Phát: {datetime.now(ZONE) + timedelta(days=2):%d/%m/%Y} 05:00")
    assert workspace.json("push")["stations"] == []
    (done,) = workspace.json("export-usb", stick)
    folder = stick / "XA_dat-mui"
    assert (done["station"], done["files"]) == ("XA", 1)
    (sound,) = folder.glob("*.mp3")
    assert {p.name for p in folder.iterdir()} == {
        sound.name, f"{sound.name}.json", f"{sound.name}.sha256", "BANTIN.m3u8", "LICH-PHAT.txt", "XAC-NHAN.txt"
    }  # fmt: skip
    assert workspace.json("export-usb", stick)[0]["bytes"] == 0
    assert workspace.json("list")[0]["confirmed"] == []
    form = folder / "XAC-NHAN.txt"
    form.write_text(form.read_text("utf-8-sig").replace("[ ]", "[x]"), "utf-8-sig")
    assert workspace.json("import-receipts", stick) == [{"station": "XA", "held": 1, "played": 0, "odd": []}]
    assert workspace.json("list")[0]["confirmed"] == ["XA"]
    assert workspace.json("report")["counted"] == 0  # somebody says so; nobody verified it
    digest = json.loads((folder / f"{sound.name}.json").read_text("utf-8"))["sha256"]
    form.write_text(f"{datetime.now(ZONE):%d/%m/%Y %H:%M}\n{digest}  {sound.name}\n{'0' * 64}  {sound.name}\nvớ vẩn\n")
    again = workspace.json("import-receipts", stick)
    assert again == [{"station": "XA", "held": 0, "played": 0, "odd": ["vớ vẩn", sound.name]}]
    assert happened(workspace, name).count("confirmed") == 1


def test_a_digest_that_the_station_computed_counts(workspace, tmp_path):
    workspace.station("XA", transport="usb")
    add(workspace, "một", f"Phát: {datetime.now(ZONE) + timedelta(days=2):%d/%m/%Y} 05:00")
    workspace.bantin("export-usb", tmp_path)
    (sums,) = (tmp_path / "XA_tram-xa").glob("*.sha256")
    (tmp_path / "XA_tram-xa" / "XAC-NHAN.txt").write_bytes(sums.read_bytes())
    assert workspace.json("import-receipts", tmp_path)[0]["held"] == 1
    assert workspace.json("report")["counted"] == 1


def test_what_a_station_says_it_played_is_collected_on_the_next_visit_and_told_once(workspace):
    folder = workspace.station("A")
    name = add(workspace)
    workspace.bantin("push")
    (sound,) = folder.glob("*.mp3")
    at = datetime.now(ZONE).replace(second=0, microsecond=0)
    (folder / "DA-PHAT.csv").write_text(f"{at:%d/%m/%Y %H:%M}; {sound.name}; loa ấp 3 hỏng\n", "utf-8")
    workspace.bantin("verify")
    workspace.bantin("verify")
    aired = [f for f in workspace.json("show", name)["facts"] if f["happened"] == "aired"]
    assert [(f["station"], f["detail"]["aired"], f["detail"]["note"]) for f in aired] == [
        ("A", at.astimezone(UTC).isoformat(), "loa ấp 3 hỏng")
    ]
    assert "trạm báo đã phát" in workspace.bantin("show", name).stdout


def test_an_hour_that_has_not_come_is_no_airing_and_is_told(workspace):
    folder = workspace.station("A")
    name = add(workspace)
    workspace.bantin("push")
    (sound,) = folder.glob("*.mp3")
    later = datetime.now(ZONE) + timedelta(hours=3)
    (folder / "DA-PHAT.csv").write_text(f"2030-01-01 05:00; {sound.name}\n{later:%d/%m/%Y %Hh%M}; {sound.name}\n")
    told = workspace.bantin("verify").stderr
    assert f"A: không hiểu “01/01/2030 05:00; {sound.name} (giờ ấy chưa tới)”" in told
    assert f"{later:%d/%m/%Y %H:%M}; {sound.name} (giờ ấy chưa tới)" in told
    assert "aired" not in happened(workspace, name)


def test_a_stick_for_nobody_and_a_folder_of_nobody_are_told(workspace, tmp_path):
    workspace.station("A")
    assert "--station" in workspace.bantin("export-usb", tmp_path).stdout
    assert "CM-0101_dat-mui" in workspace.bantin("import-receipts", tmp_path, code=4).stderr
    assert "I-109" in workspace.bantin("export-usb", tmp_path / "khong-co", code=4).stderr
    add(workspace)
    assert workspace.json("export-usb", tmp_path, "--station", "A")[0]["files"] == 1
