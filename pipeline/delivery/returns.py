"""What a station's people write back: which files they hold, and what they played when. Pure text.

`XAC-NHAN.txt`: a line a file, `[x] name` for one that is there, or `<sha256>  name` as sha256sum prints it. A line with
only a date and time, or with `Ngày giờ:` before it, says when they looked; `Mã trạm:` says who.
`DA-PHAT.csv`: `25/11/2026 05:00; name; a word if it went wrong`.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.core.model import Digest

HELD = "XAC-NHAN.txt"
PLAYED = "DA-PHAT.csv"
MOST = 1 << 20
"""Bytes of either; a year of both is less."""

_NAME = r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,98})"
_TICKED = re.compile(rf"\[\s*[xXvV✓]\s*\]\s*{_NAME}.*")
_EMPTY = re.compile(r"\[\s*\].*")
_SUM = re.compile(rf"\\?(?P<sum>[0-9a-fA-F]{{64}}) [ *]{_NAME}")
_WHO = re.compile(r"#?\s*Mã trạm\s*:\s*(?P<code>\S+).*", re.IGNORECASE)
_WHEN_HEAD = re.compile(r"#?\s*Ngày giờ\s*:\s*", re.IGNORECASE)
_WHEN = re.compile(
    r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})\s+(?P<hour>\d{1,2})[:hg](?P<minute>\d{2})(?::\d{2})?"
    r"|(?P<iso>\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2})(?::\d{2})?"
)


@dataclass(frozen=True, slots=True)
class Held:
    """A file that somebody says is at the station."""

    name: str
    digest: Digest | None
    """What the station computed; None where people only say so."""
    at: datetime | None
    """Naive local time of the look; None where nobody wrote it down."""


@dataclass(frozen=True, slots=True)
class Played:
    """A file that somebody says was played."""

    name: str
    at: datetime
    """Naive local time."""
    note: str = ""


def held(text: str) -> tuple[list[Held], list[str]]:
    """What a XAC-NHAN.txt says, and the lines that nobody can understand."""
    found, odd = [], []
    at: datetime | None = None
    for line in _lines(_WHEN_HEAD.sub("", line) for line in _written(text) if not _WHO.fullmatch(line)):
        if ticked := _TICKED.fullmatch(line):
            found.append(Held(ticked["name"], None, at))
        elif told := _SUM.fullmatch(line):
            found.append(Held(told["name"], Digest(told["sum"].lower()), at))
        elif when := _WHEN.fullmatch(line):
            at = _instant(when) or at
        elif not _EMPTY.fullmatch(line):
            odd.append(line)
    return found, odd


def played(text: str) -> tuple[list[Played], list[str]]:
    """What a DA-PHAT.csv says, and the lines that nobody can understand."""
    found, odd = [], []
    for line in _lines(_written(text)):
        cells = [cell.strip().strip('"') for cell in re.split(r"[;,\t]", line, maxsplit=2)]
        when = _WHEN.fullmatch(cells[0]) if len(cells) > 1 else None
        at = _instant(when) if when else None
        if at and re.fullmatch(_NAME, cells[1]):
            found.append(Played(cells[1], at, cells[2] if len(cells) > 2 else ""))
        else:
            odd.append(line)
    return found, odd


def sender(text: str) -> str:
    """The code of the station that a XAC-NHAN.txt names; empty where it names none."""
    return next((found["code"] for line in _written(text) if (found := _WHO.fullmatch(line))), "")


def form(code: str, files: Sequence[str], known: Collection[str] = ()) -> bytes:
    """A station's XAC-NHAN.txt to be filled in, with the mark and line ends of Windows; `known` have their tick."""
    lines = [
        "# Phiếu xác nhận. Chép xong tệp nào vào máy phát thì đánh dấu x vào ô trước tên tệp ấy, như [x].",
        "# Ghi ngày giờ chép ở dòng dưới, như 25/11/2026 04:40. Rồi gửi lại tệp này, hoặc mang trả thẻ nhớ.",
        "# Đừng xoá dòng mã trạm: nhờ nó mà biết phiếu này của trạm nào.",
        f"Mã trạm: {code}",
        "Ngày giờ:",
        "",
        *(f"[{'x' if name in known else ' '}] {name}" for name in files),
    ]
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


def _written(text: str) -> list[str]:
    """A text's lines, composed as we compose letters."""
    return [line.strip() for line in unicodedata.normalize("NFC", text.removeprefix("\ufeff")).splitlines()]


def _lines(written: Iterable[str]) -> list[str]:
    """Those that say something."""
    return [line for line in written if line and not line.startswith("#")]


def _instant(found: re.Match[str]) -> datetime | None:
    try:
        if found["iso"]:
            return datetime.fromisoformat(found["iso"])
        parts = (int(found[part]) for part in ("year", "month", "day", "hour", "minute"))
        return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - local by definition, as people write it
    except ValueError:
        return None
