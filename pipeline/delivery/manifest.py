"""What people and players find in a station's folder besides the sound: names, facts, checksum, playlist, timetable.

Pure text: nothing here touches a file, a clock or a station.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from pipeline.core.model import SHORT, Bulletin, Digest, Language, Master, Priority, Seconds, Station
from pipeline.core.schedule import ORDER
from pipeline.core.text import slug

PLAYLIST = "BANTIN.m3u8"
TIMETABLE = "LICH-PHAT.txt"
STAMP = "Lập lúc "
"""How the timetable's only line that says when it was made begins."""

_NAME, _SLUG = 64, 27
"""The most characters of a name, and of the title in it."""
_DAYS = ("THỨ HAI", "THỨ BA", "THỨ TƯ", "THỨ NĂM", "THỨ SÁU", "THỨ BẢY", "CHỦ NHẬT")
_SPOKEN = {Language.VI: "tiếng Việt", Language.KM: "tiếng Khmer"}
_LOUD = {Priority.NORMAL: "", Priority.PREFERRED: "[ƯU TIÊN] ", Priority.URGENT: "[KHẨN CẤP] "}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One planned airing, as a timetable shows it. A bulletin that airs twice is two entries with one file."""

    at: datetime
    """Local time of the newsroom's zone."""
    title: str
    languages: tuple[Language, ...]
    seconds: Seconds
    file: str
    priority: Priority = Priority.NORMAL


def remote_name(bulletin: Bulletin, digest: Digest, zone: ZoneInfo, suffix: str = ".mp3") -> str:
    """A master's name at every station: `20261125-0500_<slug>_<language>_<12 digits of its digest>.mp3`, say.

    ASCII, at most 64 characters, so that any player and any USB stick takes it; names sort by the bulletin's first air
    time, which its repeats share. Other bytes have another name, so a new version never overwrites what is on air.
    """
    first = min(bulletin.air).astimezone(zone)
    before, after = f"{first:%Y%m%d-%H%M}_", f"_{'-'.join(bulletin.languages)}_{digest[:SHORT]}{suffix}"
    title = slug(bulletin.title, min(_SLUG, _NAME - len(before + after))) or "ban-tin"
    return before + title + after


def sidecar_name(name: str) -> str:
    """The name of the facts beside a sound file."""
    return f"{name}.json"


def checksum_name(name: str) -> str:
    """The name of the checksum beside a sound file."""
    return f"{name}.sha256"


def sidecar(bulletin: Bulletin, master: Master, name: str, zone: ZoneInfo) -> bytes:
    """The facts of a sound file as JSON, for programs at the station. The same master gives the same bytes."""
    facts = {
        "bulletin": bulletin.id,
        "file": name,
        "title": bulletin.title,
        "languages": list(bulletin.languages),
        "kind": bulletin.kind,
        "programme": bulletin.programme,
        "theme": bulletin.theme,
        "priority": bulletin.priority,
        "air": [at.astimezone(zone).isoformat(timespec="minutes") for at in bulletin.air],
        "sha256": master.digest,
        "size": master.size,
        "seconds": round(master.seconds, 2),
        "lufs": round(master.loudness.integrated, 2),
        "lra": round(master.loudness.range, 2),
        "dbtp": round(master.loudness.true_peak, 2),
        "reduction": round(master.reduction, 1),
    }
    return (json.dumps(facts, ensure_ascii=False, indent=2) + "\n").encode()


def checksum(name: str, digest: Digest) -> bytes:
    """A line that `sha256sum -c` checks."""
    return f"{digest}  {name}\n".encode("ascii")


def playlist(station: Station, entries: Sequence[Entry]) -> bytes:
    """An extended M3U in UTF-8: every file once, in the order of its first airing."""
    lines = ["#EXTM3U", f"#PLAYLIST:Bản tin, trạm {_line(station.name)}"]
    first = {entry.file: entry for entry in reversed(_ordered(entries))}
    for entry in _ordered(list(first.values())):
        lines += [f"#EXTINF:{round(entry.seconds)},{_line(entry.title)}", entry.file]
    return ("\n".join(lines) + "\n").encode()


def timetable(station: Station, entries: Sequence[Entry], made: datetime, zone: str) -> bytes:
    """The timetable for the commune's radio operator: Vietnamese, day by day, with the mark and line ends of Windows.

    Args:
        station: whose timetable it is.
        entries: the airings to come, in any order.
        made: local time at which it was made; it stands on a line of its own that begins with STAMP.
        zone: the name of the zone that every time in it is of.
    """
    lines = [
        f"LỊCH PHÁT THANH, TRẠM {_line(station.name).upper()} ({station.code})",
        f"{STAMP}{made:%H:%M} ngày {made:%d/%m/%Y}.",
        f"Mọi giờ dưới đây là giờ địa phương (múi giờ {zone}).",
        "Lịch này do phần mềm Bản Tin lập và gửi tự động. Xin đừng sửa: lần gửi sau sẽ thay bằng lịch mới.",
        "",
        *_days(entries),
        "Ghi chú",
        "- Các bản tin cùng giờ phát nối tiếp nhau, theo đúng thứ tự ghi ở trên.",
        f"- Tệp {PLAYLIST} xếp sẵn các bản tin theo thứ tự phát; mở bằng máy nghe nhạc là dùng được.",
        "- Tệp có đuôi .part là tệp đang nhận dở: không phát, không xoá.",
    ]
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


def _days(entries: Sequence[Entry]) -> Iterator[str]:
    for day, airings in groupby(_ordered(entries), key=lambda entry: entry.at.date()):
        yield _heading(day)
        for entry in airings:
            yield f"  {entry.at:%H:%M}  {_LOUD[entry.priority]}{_line(entry.title)}"
            yield f"         {_languages(entry)}, dài {_length(entry.seconds)}"
            yield f"         Tệp: {entry.file}"
        yield ""
    files = len({entry.file for entry in entries})
    yield f"Tổng cộng: {len(entries)} lượt phát, {files} tệp." if entries else "Hiện chưa có bản tin nào trong lịch."
    yield ""


def _ordered(entries: Sequence[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.at, ORDER[entry.priority], entry.file))


def _heading(day: date) -> str:
    return f"{_DAYS[day.weekday()]}, NGÀY {day:%d/%m/%Y}"


def _languages(entry: Entry) -> str:
    names = " và ".join(_SPOKEN[language] for language in entry.languages)
    return names[:1].upper() + names[1:]


def _length(seconds: Seconds) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "giờ"), (minutes, "phút"), (rest, "giây")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 giây"


def _line(text: str) -> str:
    """A text on one line, so that a title never breaks a file of lines."""
    return " ".join(text.split())
