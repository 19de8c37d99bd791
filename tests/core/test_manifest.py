"""What a commune's radio operator reads, and what players and programs find beside the sound."""

import hashlib
import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from pipeline.core.model import (
    Bulletin,
    Commune,
    Dbtp,
    Digest,
    Kind,
    Language,
    Loudness,
    Lufs,
    Master,
    Priority,
    Seconds,
    Station,
)
from pipeline.delivery import manifest
from pipeline.delivery.manifest import Entry
from pipeline.delivery.names import part, plain

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
DIGEST = Digest("0123456789abcdef" * 4)
STATION = Station(code="CM-0101", commune=Commune(code="32101", name="Đất Mũi"), host="", folder="/x")
MADE = datetime(2026, 11, 24, 22, 3, tzinfo=ZONE)


def bulletin(title="Phòng chống sốt xuất huyết mùa mưa", languages=(Language.VI,), air=None):
    return Bulletin(
        id="20261125-phong-chong-123456", script=DIGEST, title=title, languages=languages, kind=Kind.CT,
        programme="ban-tin",
        air=air or (datetime(2026, 11, 24, 22, 0, tzinfo=UTC), datetime(2026, 11, 25, 10, 0, tzinfo=UTC)),
    )  # fmt: skip


def entry(hour, day=25, **changes):
    fields = {
        "at": datetime(2026, 11, day, hour, 0, tzinfo=ZONE),
        "title": "Phòng chống sốt xuất huyết",
        "languages": (Language.VI,),
        "seconds": Seconds(200.4),
        "file": "20261125-0500_phong_vi_0123456789ab.mp3",
    }
    return Entry(**{**fields, **changes})


def timetable(*entries):
    return manifest.timetable(STATION, entries, MADE, "Asia/Ho_Chi_Minh").decode("utf-8-sig")


def test_a_file_is_named_by_its_first_local_air_time_so_that_names_sort_as_they_air():
    name = manifest.remote_name(bulletin(), DIGEST, ZONE)
    assert name == "20261125-0500_phong-chong-sot-xuat-huyet_vi_0123456789ab.mp3"


@pytest.mark.parametrize("suffix", [".mp3", ".opus"])
@pytest.mark.parametrize("title", ["ព័ត៌មានសុខភាព", "Đ" * 200, "Chuyển đổi số: 50% hộ, giai đoạn 2", "../../etc"])
def test_any_title_gives_a_short_plain_name_that_every_player_takes(title, suffix):
    name = manifest.remote_name(bulletin(title, tuple(Language)), DIGEST, ZONE, suffix)
    assert len(name) <= 64
    assert name.isascii()
    assert plain(name) == name
    assert name.endswith(f"_vi-km_0123456789ab{suffix}")


@pytest.mark.parametrize(
    "name", ["", "..", ".", "a b.mp3", "../x.mp3", "a/b.mp3", "/etc/passwd", "é.mp3", "a\nb", "-rf", "a..b"]
)
def test_a_name_that_could_lead_elsewhere_is_refused(name):
    with pytest.raises(ValueError, match="plain"):
        plain(name)


def test_the_temporary_name_of_the_longest_name_is_still_plain():
    assert part("x" * 60 + ".mp3", DIGEST) == f".{'x' * 60}.mp3.0123456789ab.part"


def test_the_timetable_tells_the_operator_day_time_title_language_length_and_file():
    text = timetable(
        entry(17, title="Tin\r\nđồng bào", languages=(Language.KM,), seconds=Seconds(3723), priority=Priority.URGENT),
        entry(5),
        entry(5, day=26, languages=tuple(Language), seconds=Seconds(60)),
    )
    assert text.split("\r\n")[:15] == [
        "LỊCH PHÁT THANH, TRẠM ĐẤT MŨI (CM-0101)",
        "Lập lúc 22:03 ngày 24/11/2026.",
        "Mọi giờ dưới đây là giờ địa phương (múi giờ Asia/Ho_Chi_Minh).",
        "Lịch này do phần mềm Bản Tin lập và gửi tự động. Xin đừng sửa: lần gửi sau sẽ thay bằng lịch mới.",
        "",
        "THỨ TƯ, NGÀY 25/11/2026",
        "  05:00  Phòng chống sốt xuất huyết",
        "         Tiếng Việt, dài 3 phút 20 giây",
        "         Tệp: 20261125-0500_phong_vi_0123456789ab.mp3",
        "  17:00  [KHẨN CẤP] Tin đồng bào",
        "         Tiếng Khmer, dài 1 giờ 2 phút 3 giây",
        "         Tệp: 20261125-0500_phong_vi_0123456789ab.mp3",
        "",
        "THỨ NĂM, NGÀY 26/11/2026",
        "  05:00  Phòng chống sốt xuất huyết",
    ]
    assert "Tiếng Việt và tiếng Khmer, dài 1 phút\r\n" in text
    assert "Tổng cộng: 3 lượt phát, 1 tệp." in text


def test_notepad_shows_the_timetable_with_its_accents_and_lines():
    data = manifest.timetable(STATION, [entry(5)], MADE, "Asia/Ho_Chi_Minh")
    assert data.startswith("\ufeff".encode())
    assert data.count(b"\n") == data.count(b"\r\n") > 8


def test_an_empty_timetable_says_so():
    assert "Hiện chưa có bản tin nào trong lịch." in timetable()


def test_the_playlist_holds_every_file_once_in_the_order_of_its_first_airing():
    entries = [entry(17), entry(6, file="b.mp3", title="Tin\nhai"), entry(5)]
    assert manifest.playlist(STATION, entries).decode().splitlines() == [
        "#EXTM3U",
        "#PLAYLIST:Bản tin, trạm Đất Mũi",
        "#EXTINF:200,Phòng chống sốt xuất huyết",
        "20261125-0500_phong_vi_0123456789ab.mp3",
        "#EXTINF:200,Tin hai",
        "b.mp3",
    ]


def test_the_checksum_line_is_one_that_sha256sum_checks():
    digest = Digest(hashlib.sha256(b"x").hexdigest())
    assert manifest.checksum("a.mp3", digest) == f"{digest}  a.mp3\n".encode()


def test_the_facts_beside_a_file_are_the_same_bytes_for_the_same_master():
    master = Master(
        digest=DIGEST, profile="loa-xa", size=1000, seconds=Seconds(12.345),
        loudness=Loudness(integrated=Lufs(-16.04), true_peak=Dbtp(-1.61)),
    )  # fmt: skip
    data = manifest.sidecar(bulletin(), master, "a.mp3", ZONE)
    assert data == manifest.sidecar(bulletin(), master, "a.mp3", ZONE)
    facts = json.loads(data)
    assert facts["title"] == "Phòng chống sốt xuất huyết mùa mưa"
    assert facts["air"] == ["2026-11-25T05:00+07:00", "2026-11-25T17:00+07:00"]
    assert (facts["sha256"], facts["size"], facts["seconds"], facts["lufs"]) == (DIGEST, 1000, 12.35, -16.04)
