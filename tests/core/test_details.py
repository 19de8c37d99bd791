"""What a fact tells besides who, when and where: in words, and nothing of it lost."""

import ast
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import pipeline
from pipeline.core.facts import Fact, Happened
from pipeline.core.people import Role
from pipeline.report import details

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
AT = "2026-11-24T22:00:00+00:00"


def told(happened, lang="vi", **detail):
    fact = Fact(happened=happened, who="bantin", at=datetime(2026, 11, 24, tzinfo=UTC), detail=detail)
    return details.detail(fact, lang, ZONE)


@pytest.mark.parametrize(
    ("happened", "detail", "vi", "en"),
    [
        ("confirmed", {"remote": "a.mp3", "verified": "hash"}, "tệp a.mp3; trạm tự tính mã băm", "file a.mp3; hash"),
        ("delivered", {"sent": 248_928}, "đã gửi 249 kB", "249 kB sent"),
        (
            "failed",
            {"code": "D-101", "reason": "không nối được", "retry": True, "tries": 2, "next": AT},
            "D-101; không nối được; lần thứ 2; thử lại lúc 05:00 25/11/2026",
            "D-101; không nối được; attempt 2; again at 05:00 25/11/2026",
        ),
        (
            "failed",
            {"code": "D-105", "retry": False, "next": None},
            "D-105; phải có người xử lý",
            "D-105; somebody has to act",
        ),
        (
            "held",
            {"code": "V-101", "next": "chọn giọng khác"},
            "V-101; việc cần làm: chọn giọng khác",
            "V-101; next: chọn giọng khác",
        ),
        (
            "mastered",
            {
                "profile": "loa-xa",
                "size": 1_248_928,
                "seconds": 30.925,
                "lufs": -16.0,
                "dbtp": -1.53,
                "picture": "0" * 64,
            },
            "hồ sơ loa-xa; 1,2 MB; dài 30,9 giây; độ lớn −16,0 LUFS; đỉnh −1,5 dBTP",
            "profile loa-xa; 1.2 MB; 30.9 s long; −16.0 LUFS; peak −1.5 dBTP",
        ),
        (
            "voiced",
            {"takes": 3, "voices": {"nam": 2, "km": 1}, "embedded": False},
            "3 câu thu; giọng nam (2), km (1)",
            "3 takes; voices nam (2), km (1)",
        ),
        (
            "account",
            {
                "what": "changed",
                "login": "lan",
                "roles": [Role.EDITOR.value, Role.OPERATOR.value],
                "active": False,
                "via": "máy",
            },
            "đổi vai trò hay tên; tên đăng nhập lan; vai trò: biên tập, vận hành; đã khoá; bằng mã truy cập “máy”",
            "changed; login lan; roles: editor, operator; closed; with the token “máy”",
        ),
        (
            "entered",
            {"line": "clips", "quantity": 3, "day": "2026-11-20"},
            "Video clip; số lượng 3; ngày 20/11/2026",
            "Video clips; quantity 3; on 20/11/2026",
        ),
        (
            "unplanned",
            {"at": [AT], "stays": True},
            "giờ phát 05:00 25/11/2026; tệp vẫn để ở trạm",
            "air time 05:00 25/11/2026; its file stays there",
        ),
        ("taught", {"key": "VX", "spoken": "vắc {xin}"}, "“VX”; đọc là “vắc {xin}”", "“VX”; said “vắc {xin}”"),
        ("audited", {"good": 4, "missing": 0, "never-seen": 2}, "4 tệp tốt; never-seen: 2", "4 good; never-seen: 2"),
    ],
)
def test_in_words_of_both_languages(happened, detail, vi, en):
    assert told(Happened(happened), **detail) == vi
    assert told(Happened(happened), "en", **detail) == en


def test_everything_that_the_newsroom_tells_has_words():
    """Each detail that any fact is written with; one that joins later falls back to its key, and is found here."""
    missing = set()
    for file in (Path(pipeline.__file__).parent / "newsroom").glob("*.py"):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            name = getattr(getattr(call, "func", None), "attr", getattr(getattr(call, "func", None), "id", ""))
            if isinstance(call, ast.Call) and name in {"fact", "_fact"}:
                missing |= {k.arg for k in call.keywords if k.arg} - details.KEYS.keys() - details.HIDDEN
    assert missing == {"bulletin", "digest", "station", "who"}


def test_figures_are_written_one_way_wherever_people_read_them():
    assert told("tried", free=57_374_000_000, kbits=61312) == "còn trống 57.374,0 MB; 61.312 kbit/s"
    assert told("tried", "en", free=57_374_000_000, kbits=61312) == "57,374.0 MB free; 61,312 kbit/s"
    assert told("entered", number=1180, quantity=1320) == "số 1180; số lượng 1.320"
