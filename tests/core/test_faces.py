"""What a terminal shows."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pipeline.core.model import Bulletin, Commune, Kind, Language, Station
from pipeline.core.status import Stage, Status
from pipeline.report.faces import Faces, show

FACES = Faces("vi", ZoneInfo("Asia/Ho_Chi_Minh"))
TITLE = "Chương trình phòng chống sốt xuất huyết mùa mưa"
NAMES = [f"20261125-chuong-trinh-phong-chong-sot-xuat-huyet-{n}-0a1b2c" for n in (1, 2)]


def bulletin(name):
    return Bulletin(
        id=name, script="0" * 64, title=TITLE, languages=(Language.VI,), kind=Kind.CT, programme="ban-tin",
        air=(datetime(2026, 11, 24, 22, tzinfo=UTC),),
    )  # fmt: skip


def printed(monkeypatch, capsys, columns):
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    monkeypatch.setenv("COLUMNS", str(columns))
    show(FACES.bulletins([(bulletin(NAMES[0]), Status(stage=Stage.PLANNED, planned={"A"}))]))
    return re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)


def test_a_narrow_screen_breaks_no_word(monkeypatch, capsys):
    told = printed(monkeypatch, capsys, 80)
    assert max(map(len, told.splitlines())) <= 80
    for word in ("Mã", "Tiêu", "Tiếng", "Tình", "Trạm", "tiếng", "Việt", "25/11/2026", "0/1", *TITLE.split()):
        assert re.search(rf"(?<!\S){word}(?!\S)", told), word


def test_an_id_stays_whole_wherever_it_can(monkeypatch, capsys):
    assert NAMES[0] in printed(monkeypatch, capsys, 120)


def test_a_station_that_lacks_several_bulletins_is_one_line():
    station = Station(code="CM-0107", commune=Commune(code="1", name="Đất Mũi"), host="h")
    rows = [(bulletin(name), Status(failed={"CM-0107": "D-101"})) for name in NAMES]
    (told,) = FACES.lacking(rows, {"CM-0107": station})
    assert told.startswith(f"✗ CM-0107 Đất Mũi: thiếu 2 bản tin, lỗi D-101; lý do: bantin show {NAMES[0]}; ")
    assert told.endswith("bantin push --only CM-0107")
