"""What a terminal shows."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pipeline.core.coverage import Coverage, Line
from pipeline.core.day import Concern
from pipeline.core.errors import Says
from pipeline.core.model import Bulletin, Commune, Kind, Language, Station, Trouble
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


def line(name):
    return Line(bulletin=bulletin(name), status=Status(stage=Stage.APPROVED), coverage=Coverage(stations=1))


def printed(monkeypatch, capsys, columns):
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    monkeypatch.setenv("COLUMNS", str(columns))
    show(FACES.bulletins([line(NAMES[0])], {}))
    return re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)


def test_a_narrow_screen_breaks_no_word(monkeypatch, capsys):
    told = printed(monkeypatch, capsys, 80)
    assert max(map(len, told.splitlines())) <= 80
    for word in ("Mã", "Tiêu", "Tiếng", "Tình", "Trạm", "tiếng", "Việt", "25/11/2026", "0/1", *TITLE.split()):
        assert re.search(rf"(?<!\S){word}(?!\S)", told), word


def test_an_id_stays_whole_wherever_it_can(monkeypatch, capsys):
    assert NAMES[0] in printed(monkeypatch, capsys, 120)


def test_a_station_whose_visits_fail_is_one_line_and_of_many_the_first_are_named():
    trouble = Trouble(
        code="D-101", reason="không nối được", retry=True, tries=3, since=datetime(2026, 11, 24, 22, tzinfo=UTC)
    )
    commune, step = Commune(code="1", name="Đất Mũi"), Says("gọi trạm", "call them")
    several = [
        Concern(
            station=Station(code=f"CM-{n:04}", commune=commune, host="h"), trouble=trouble, step=step, page_step=step
        )
        for n in range(43)
    ]
    told = list(FACES.troubled(several))
    assert told[0] == (
        "✗ CM-0000 Đất Mũi: lỗi D-101, 3 lần liền từ 25/11 05:00: không nối được; việc cần làm: gọi trạm"
    )
    assert (len(told), told[-1]) == (41, "✗ và 3 trạm khác")


def test_what_was_missed_stands_beside_the_stage(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "300")
    show(FACES.bulletins([line(NAMES[0]), line(NAMES[1])], {NAMES[1]: 7}))
    told = capsys.readouterr().out
    assert told.count("lỡ giờ") == 1
    assert "lỡ giờ phát ở 7 trạm" in told
