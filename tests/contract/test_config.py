import re
import shutil
from datetime import date, time
from pathlib import Path

import openpyxl
import pytest

from pipeline.config import load, sheets
from pipeline.core.errors import ConfigError, NoWorkspace
from pipeline.core.model import Language, Verification
from pipeline.intake import formats, head

TOP = Path(__file__).parents[2]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJhbmJhbmJhbmJhbmJhbmJhbmJhbmJhbmJhbmJhbmJhbmJh"


@pytest.fixture
def workspace(tmp_path):
    for name in ("config.toml", "stations.csv"):
        shutil.copy(TOP / name, tmp_path)
    return tmp_path


def stations(workspace, text, encoding="utf-8-sig"):
    (workspace / "stations.csv").write_text(text, encoding)


def test_the_shipped_settings_are_the_defaults_they_say_they_are(workspace):
    shipped = load(workspace).settings
    (workspace / "config.toml").write_text('[programmes.ban-tin]\ntitle = "Bản tin dân tộc thiểu số"\n', "utf-8")
    bare = load(workspace).settings
    for name in type(bare).model_fields:
        if name != "programmes":
            assert getattr(shipped, name) == getattr(bare, name), name


def test_every_fault_of_the_settings_is_told_at_once_with_the_nearest_known_key(workspace):
    file = workspace / "config.toml"
    text = file.read_text("utf-8").replace("scan_seconds", "scan_secnds").replace("kbps = 64", "kbps = 63")
    file.write_text(text.replace("Asia/Ho_Chi_Minh", "Asia/Ca_Mau"), "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(workspace)
    told = caught.value.message.vi
    assert "scan_seconds" in told
    assert "profiles.loa-xa.kbps: chỉ được một trong: 48, 56" in told
    assert "Asia/Ca_Mau" in told


def test_a_folder_without_settings_is_no_workspace(tmp_path):
    with pytest.raises(NoWorkspace):
        load(tmp_path)


def test_the_environment_wins_over_the_file(workspace, monkeypatch):
    monkeypatch.setenv("BANTIN_CLOCK__PUSH_AT", "23:15")
    assert load(workspace).settings.clock.push_at.isoformat() == "23:15:00"


@pytest.mark.parametrize("separator", [",", ";"])
def test_stations_are_read_as_excel_saves_them_in_either_region(workspace, separator):
    head = "code,name,host,port,user,host_key,windows,languages,verification"
    row = f"CM-01,Đất Mũi,10.0.0.1,2222,loa,{KEY},04:30-06:00 16:30-18:00,vi km,readback"
    stations(workspace, f"{head}\n{row}\n".replace(",", separator))
    station = load(workspace).stations["CM-01"]
    assert (station.name, station.port, station.host_key) == ("Đất Mũi", 2222, KEY)
    assert len(station.windows) == 2
    assert station.languages == (Language.VI, Language.KM)
    assert station.verification is Verification.READBACK


def test_every_bad_row_of_the_stations_is_told_by_its_line(workspace):
    stations(
        workspace,
        "code,name,host,port,user,host_key,profile\n"
        f"CM 01,Đất Mũi,h,22,u,{KEY},\n"
        f"CM-02,Năm Căn,h,99999,u,{KEY},\n"
        "CM-03,Viên An,h,22,,,\n"
        f"CM-04,Tân Ân,h,22,u,{KEY},loa-huyen\n"
        f"CM-05,Rạch Gốc,h,22,u,{KEY},\n"
        f"CM-05,Rạch Gốc,h,22,u,{KEY},\n",
    )
    with pytest.raises(ConfigError) as caught:
        load(workspace)
    told = caught.value.message.vi
    for line in (2, 3, 4, 5, 7):
        assert f"dòng {line}:" in told
    assert "dòng 6:" not in told
    assert " / " not in told + caught.value.message.en
    assert "line 3: column port: “99999” is no number from 1 to 65535" in caught.value.message.en
    assert "dòng 7: mã CM-05 đã có ở dòng 6" in told


def test_an_unknown_column_is_named_with_the_nearest(workspace):
    stations(workspace, "code,name,hostkey\n")
    with pytest.raises(ConfigError, match="host_key"):
        load(workspace)


def test_an_unknown_transport_is_refused_before_any_work(workspace):
    stations(workspace, "code,name,transport,folder\nCM-01,Đất Mũi,ftp,/x\n")
    with pytest.raises(ConfigError, match="ftp"):
        load(workspace)


def test_a_cell_under_no_columns_name_is_a_fault_of_its_row(workspace):
    stations(workspace, "code,name,transport,\nCM-01,Đất Mũi,usb,,\nCM-02,Năm Căn,usb,x\nCM-03,Viên An,usb,,y\n")
    with pytest.raises(ConfigError) as caught:
        load(workspace)
    told = caught.value.message.vi
    assert "dòng 3: ô “x”" in told
    assert "dòng 4: ô “y”" in told
    assert "dòng 2" not in told


def test_windows_are_read_as_people_write_them(workspace):
    stations(workspace, "code,name,transport,windows\nCM-01,Đất Mũi,usb,4:30–6:05 22:00-24:00\n")
    early, late = load(workspace).stations["CM-01"].windows
    assert (early.start, early.end) == (time(4, 30), time(6, 5))
    assert late.holds(time(23, 59))
    assert not late.holds(time(0))


@pytest.mark.parametrize(
    "text", ["4h30", "04:30Z-06:30Z", "05:00+07:00-06:00", "24:00-04:00", "25:00-26:00", "4:5-6:5"]
)
def test_a_window_that_is_no_window_names_its_column_and_the_way_to_write_it(workspace, text):
    stations(workspace, f"code,name,transport,folder,windows\nCM-01,Đất Mũi,folder,/x,{text}\n")
    with pytest.raises(ConfigError, match=r"windows.*04:30-06:00"):
        load(workspace)


@pytest.mark.parametrize("template", ["Bản tin ngày {ngay}.", "Bản tin {title", "Hết}"])
def test_a_wrong_placeholder_never_reaches_the_air(workspace, template):
    file = workspace / "config.toml"
    lines = [
        f'vi = "{template}"' if line.startswith('vi = "Mời') else line for line in file.read_text("utf-8").splitlines()
    ]
    file.write_text("\n".join(lines), "utf-8")
    with pytest.raises(ConfigError, match="opening"):
        load(workspace)


def test_settings_without_a_single_profile_are_told_so(workspace):
    (workspace / "config.toml").write_text('profiles = {}\n[programmes.a]\ntitle = "A"\n', "utf-8")
    with pytest.raises(ConfigError, match="profiles"):
        load(workspace)


def test_a_variable_that_is_no_table_is_told_by_its_kind(workspace, monkeypatch):
    monkeypatch.setenv("BANTIN_CLOCK", "x")
    with pytest.raises(ConfigError, match="clock"):
        load(workspace)


def test_two_stations_in_one_folder_are_refused(workspace):
    row = f"h,22,u,{KEY},sftp,/loa"
    stations(
        workspace,
        "code,name,host,port,user,host_key,transport,folder\n"
        f"CM-01,Đất Mũi,{row}\nCM-02,Năm Căn,{row}/\nCM-03,Viên An,{row}2\n",
    )
    with pytest.raises(ConfigError, match="CM-01") as caught:
        load(workspace)
    assert "dòng 3:" in caught.value.message.vi
    assert "dòng 4:" not in caught.value.message.vi


def test_a_row_of_many_in_one_folder_names_only_the_first_of_them(workspace):
    rows = "".join(f"CM-{n:02},Xã {n},folder,/loa\n" for n in range(20))
    stations(workspace, f"code,name,transport,folder\n{rows}")
    with pytest.raises(ConfigError) as caught:
        load(workspace)
    told = caught.value.fields["faults"].vi.splitlines()
    assert told == [f"  dòng {n}: cùng máy, cùng thư mục với trạm CM-00" for n in range(3, 22)]


def test_codes_that_differ_only_in_capitals_are_refused_for_a_stick_takes_them_for_one(workspace):
    stations(workspace, "code,name,transport\nCM-01,Đất Mũi,usb\ncm-01,Năm Căn,usb\n")
    with pytest.raises(ConfigError) as caught:
        load(workspace)
    assert "dòng 3: mã cm-01 chỉ khác mã CM-01 ở dòng 2 về chữ hoa, chữ thường" in caught.value.message.vi


def test_a_registry_that_excel_saved_as_unicode_text_is_read_and_written_as_such(workspace):
    text = "Mã trạm\tTên xã\tCách gửi\nCM-01\tĐất Mũi, ấp 1\tusb\n"
    file = workspace / "stations.csv"
    file.write_bytes(text.encode("utf-16"))
    assert load(workspace).stations["CM-01"].name == "Đất Mũi, ấp 1"
    sheet = sheets.read(file)
    sheets.write(file, sheet.columns, [row for _, row in sheet.rows], sheet.delimiter)
    assert file.read_bytes().startswith(b"\xff\xfe")
    assert load(workspace).stations["CM-01"].name == "Đất Mũi, ấp 1"


def test_a_province_may_have_many_stations_without_a_line(workspace):
    stations(workspace, "code,name,transport\nCM-01,Đất Mũi,usb\nCM-02,Năm Căn,usb\nCM-03,Viên An,usb\n")
    assert list(load(workspace).stations) == ["CM-01", "CM-02", "CM-03"]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("[clock]\npush_at = 'nửa đêm'", "clock.push_at: phải là giờ, như 05:00"),
        ("[clock]\npush_at = '22:00Z'", "clock.push_at: ghi giờ địa phương, không kèm múi giờ"),
        ("[intake]\nsettle_seconds = 'năm'", "intake.settle_seconds: phải là số"),
        ("[intake]\nmax_megabytes = 0", "intake.max_megabytes: phải lớn hơn 0"),
        ("[voices]\nonline = 'có'", "voices.online: phải là true hoặc false"),
        ("[delivery]\nstations_at_once = 100", "delivery.stations_at_once: phải không quá 32"),
        ("[voices]\nkhmer_rate = 10", "voices.khmer_rate: phải từ 80 trở lên"),
        ("[newsroom]\nname = 5", "newsroom.name: phải là chữ trong ngoặc kép"),
        ("[programmes.b]\n", "programmes.b.title: thiếu mục này"),
        ('[voices]\nproxy = "10.0.0.1:3128"', "như http://10.0.0.1:3128"),
        ('[voices]\nproxy = "socks5://10.0.0.1:1080"', "như http://10.0.0.1:3128"),
    ],
)
def test_a_wrong_setting_is_told_in_words_an_editor_reads(workspace, setting, said):
    (workspace / "config.toml").write_text(f'[programmes.a]\ntitle = "A"\n{setting}\n', "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(workspace)
    assert said in caught.value.message.vi


def test_every_fault_of_a_row_is_told_and_not_only_its_first(workspace):
    stations(
        workspace,
        "code,name,transport,folder,port,bandwidth,since,until,languages,make_folder,technology,quiet\n"
        "CM-01,,folder,/x,0,fast,2025-13-01,x,en,maybe,5G,5h-6h\n",
    )
    with pytest.raises(ConfigError) as caught:
        load(workspace)
    told = caught.value.message.vi
    for column in ("port", "bandwidth", "since", "until", "languages", "make_folder", "technology", "quiet"):
        assert f"dòng 2: cột {column}: " in told
    assert "thiếu tên xã" in told


def test_a_registry_kept_in_vietnamese_is_read_like_any_other(workspace):
    stations(
        workspace,
        "Mã trạm;Mã xã;Tên xã;Loại;Công nghệ;Cách gửi;Thư mục;Khung giờ phát;Giờ yên lặng;Tiếng;Băng thông;"
        "Tạo thư mục;Lưu giữ;Từ ngày;Đến ngày;Tiền thân;Nhóm\n"
        "CM-01;32101;Đất Mũi;Đồn biên phòng;Có dây;folder;/x;04:30–06:00 16:30-18:00;11:30-13:30;Việt, Khmer;512;"
        "có;30;01/07/2025;;Viên An; Tam Giang\n",
    )
    station = load(workspace).stations["CM-01"]
    assert (station.name, station.commune.code, station.unit.value) == ("Đất Mũi", "32101", "đồn biên phòng")
    assert (station.technology.value, station.bandwidth, station.keep_days) == ("wired", 512, 30)
    assert (len(station.windows), len(station.quiet), station.make_folder) == (2, 1, True)
    assert station.languages == (Language.VI, Language.KM)
    assert (station.commune.since, station.commune.until) == (date(2025, 7, 1), None)
    assert station.commune.predecessors == ("Viên An",)
    assert station.groups == ("Tam Giang",)


def test_predecessors_may_be_codes_or_names(workspace):
    stations(workspace, "code,name,transport,folder,predecessors\nA,Đất Mũi,folder,/x,32101 32104; Viên An\n")
    assert load(workspace).stations["A"].commune.predecessors == ("32101", "32104", "Viên An")


def test_stations_kept_in_excel_are_read_from_there(workspace):
    book = openpyxl.Workbook()
    for row in (
        ["code", "commune", "name", "host", "port", "user", "since"],
        ["CM-01", 32101, "Đất Mũi", "h", 2222.0, "u", date(2025, 7, 1)],
        [None] * 7,
    ):
        book.active.append(row)
    (workspace / "stations.csv").unlink()
    book.save(workspace / "stations.xlsx")
    station = load(workspace).stations["CM-01"]
    assert (station.commune.code, station.port, station.commune.since) == ("32101", 2222, date(2025, 7, 1))


def test_two_registries_are_refused_for_nobody_knows_which_one_holds(workspace):
    openpyxl.Workbook().save(workspace / "stations.xlsx")
    with pytest.raises(ConfigError, match=r"stations\.xlsx"):
        load(workspace)


def test_a_unit_that_was_merged_away_may_share_its_folder_with_its_successor(workspace):
    head = "code,name,transport,folder,since,until\n"
    stations(workspace, f"{head}CU,Viên An,folder,/x,,2025-06-30\nMOI,Đất Mũi,folder,/x,2025-07-01,\n")
    old, new = load(workspace).stations.values()
    assert old.commune.stands(date(2025, 6, 30))
    assert not old.commune.stands(date(2025, 7, 1))
    assert new.commune.stands(date(2025, 7, 1))
    stations(workspace, f"{head}CU,Viên An,folder,/x,,2025-07-01\nMOI,Đất Mũi,folder,/x,2025-07-01,\n")
    with pytest.raises(ConfigError, match="same folder as CU"):
        load(workspace)


@pytest.mark.parametrize("content", [b"PK\x03\x04 not a book", b"", b"\xff\xfe\x00"])
def test_a_registry_that_cannot_be_read_is_a_fault_and_never_no_station(workspace, content):
    for name in ("stations.csv", "stations.xlsx"):
        (workspace / "stations.csv").unlink(missing_ok=True)
        (workspace / name).write_bytes(content)
        with pytest.raises(ConfigError, match="stations"):
            load(workspace)


def test_a_password_in_the_settings_is_refused_and_not_shown(workspace):
    file = workspace / "config.toml"
    text = file.read_text("utf-8")
    for url in ("postgresql://bantin:bi-mat@10.0.0.5/bantin", "postgresql://10.0.0.5/bantin?user=a&password=bi-mat"):
        file.write_text(text.replace('database = ""', f'database = "{url}"'), "utf-8")
        with pytest.raises(ConfigError, match="pgpass") as caught:
            load(workspace)
        assert "bi-mat" not in f"{caught.value}{caught.value.message.vi}"
    file.write_text(text.replace('database = ""', 'database = "mysql://10.0.0.5/bantin"'), "utf-8")
    with pytest.raises(ConfigError, match="postgresql://"):
        load(workspace)


def test_a_queue_of_many_machines_needs_its_database(workspace):
    file = workspace / "config.toml"
    file.write_text(file.read_text("utf-8").replace('queue = "local"', 'queue = "procrastinate"'), "utf-8")
    with pytest.raises(ConfigError, match=r"\[ledger\] database"):
        load(workspace)


@pytest.mark.parametrize("text", ["8.6", "104.7 8.6", "8.6 104.7 3", "bắc 8", "91 10", "8.6 181", "nan 1"])
def test_coordinates_that_are_none_are_told(workspace, text):
    stations(workspace, f"code,name,transport,folder,coordinates\nA,Xã A,folder,/x,{text}\n")
    with pytest.raises(ConfigError, match="coordinates"):
        load(workspace)


_WRONG = {
    '[newsroom]\ntimezone = "Asia/Ca_Mau"': ("newsroom.timezone: không có múi giờ", "there is no time zone"),
    '[programmes.a]\ntitle = "A"\nopening = {vi = "{ngay}"}': ("chỉ dùng được {title}", "only {title}, {date} and"),
    '[plan]\nquiet = ["22h"]': ("plan.quiet.0: “22h” viết như 04:30-06:00", "write a window like 04:30-06:00"),
    '[plan]\nquiet = ["05:00-05:00"]': ("dài không phút nào", "is not a minute long"),
    '[ledger]\ndatabase = "mysql://x"': ("ledger.database: viết như postgresql://", "write a URL such as"),
    '[ledger]\ndatabase = "postgresql://a:b@c/d"': ("mật khẩu không nằm ở đây", "the password belongs into ~/.pgpass"),
    '[voices]\nproxy = "10.0.0.1:3128"': ("voices.proxy: “10.0.0.1:3128”: viết cả http://", "write it with http://"),
    "[clock]\npush_at = '22:00Z'": ("không kèm múi giờ", "without a zone"),
    '[web]\nprefix = "bantin/"': ("web.prefix: “bantin/”: viết như /bantin", "with a slash before it"),
    '[web]\nmetrics_from = ["x"]': ("web.metrics_from.0: “x”: viết như 127.0.0.1", "write it as 127.0.0.1"),
    '[profiles.p]\ncodec = "opus"': ("profiles.p: opus chỉ có 48000 Hz", "Opus has only 48000 Hz"),
    "[profiles.p]\nband_hz = [300, 400]": ("ghi [thấp, cao]", "write [low, high]"),
    '[library]\naddress = "loa.example.vn"': ("library.address: “loa.example.vn”: viết cả https://", "with https://"),
    '[library]\naddress = "http://loa.example.vn"': ("phải là https://; http:// chỉ dùng để thử", "must be https://"),
    '[library]\naddress = "https://[x"': ("“https://[x”: viết như https://", "write it as https://"),
    '[library]\naddress = "https://loa.example.vn/"': ("bỏ gạch chéo ở cuối", "leave out the slash"),
    '[library]\naddress = "https://a@loa.example.vn"': ("tên đăng nhập", "or a login"),
    '[library]\nmail = "ai do"': ("library.mail: “ai do”: viết như phatthanh@vi-du.vn", "write it as phatthanh@"),
    "[library]\npublic = true": ("library: mở thư viện thì phải ghi địa chỉ", "needs its address"),
    '[jobs]\nqueue = "procrastinate"': ("jobs.queue: procrastinate cần", "procrastinate needs [ledger]"),
    '[programmes.a]\ntitle = "A"\nrundown = "mac-dnh"': ("gần nhất: mac-dinh", "nearest: mac-dinh"),
    '[library]\nprogrammes = ["ban-tn"]': ("không có “ban-tn”; gần nhất: ban-tin", "library.programmes: there"),
    "[clock]\nscan_secnds = 1": ("không có mục này; gần nhất: scan_seconds", "no such key; nearest: scan_seconds"),
    '[library]\ntitle = ""': ("library.title: không được để trống", "at least 1 character"),
    '[plan]\nholidays = ["Tết"]': ("plan.holidays.0: phải là ngày", "valid date"),
}


@pytest.mark.parametrize("wrong", _WRONG)
def test_a_wrong_setting_is_told_in_the_language_of_whoever_reads_it(workspace, wrong):
    text = "" if "[programmes" in wrong else '[programmes.ban-tin]\ntitle = "B"\n'
    (workspace / "config.toml").write_text(f"{text}{wrong}\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(workspace)
    said, (vi, en) = caught.value.message, _WRONG[wrong]
    assert vi in said.vi
    assert en in said.en
    for told in (said.vi, said.en):
        assert "Value error" not in told
        assert " / " not in told
    assert not set("ạảấầẩậắằẳặẹẻẽếềểệỉịọỏốồổộớờởợụủứừửựỳỵỷỹđ") & set(said.en.replace("Tết", ""))


def test_every_refusal_of_ours_has_its_example_of_a_wrong_setting():
    for name in ("settings", "windows"):
        code = (TOP / "pipeline/config" / f"{name}.py").read_text("utf-8")
        assert "raise ValueError(f" not in code
        assert 'raise ValueError("' not in code
    settings = (TOP / "pipeline/config/settings.py").read_text("utf-8")
    refusals = len(re.findall(r"raise (Unreadable|_unknown)\(", settings))
    assert len(_WRONG) - len(("two of windows.py", "a key", "a title", "a day")) - 1 == refusals


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8080", "http://localhost/bantin", "http://[::1]:8080", "http://10.8.0.1", "https://a.vn"],
)
def test_a_library_may_be_tried_at_an_address_of_this_machine_or_of_its_own_network(workspace, address):
    file = workspace / "config.toml"
    text = file.read_text("utf-8").replace('\naddress = ""', f'\naddress = "{address}"')
    file.write_text(text.replace("public = false", "public = true"), "utf-8")
    assert load(workspace).settings.library.address == address


_TEMPLATES = [*(TOP / "scripts/mau").iterdir(), *(TOP / "pipeline/demo/scripts").iterdir()]


@pytest.mark.parametrize("template", _TEMPLATES, ids=lambda path: path.name)
def test_the_theme_of_every_template_has_its_name_in_the_shipped_settings(workspace, template):
    lines = formats.read(template.read_bytes(), template.name).lines
    top, _ = head.read([line.text for line in lines], template.name)
    assert top.theme in {"", *load(workspace).settings.plan.themes}
    if template.parent.name == "mau":
        assert top.theme
        assert "thư mục scripts, hoặc tải lên ở trang Thêm" in "".join(line.text for line in lines)
