"""Head lines, `Khoá: giá trị`, on top of a script. Pure: lines in, a Head out."""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.core.errors import NoSuchDay, Says, UnknownHeadKey, WrongHeadValue
from pipeline.core.model import Head
from pipeline.core.text import slug
from pipeline.intake import values


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the head: its Vietnamese name, other names, the fields of Head it fills, and a value to copy."""

    label: str
    names: tuple[str, ...]
    fields: tuple[str, ...]
    read: Callable[[str], Any]
    example: str


KEYS = (
    Key("Tiêu đề", ("title",), ("title",), str, "Phòng chống sốt xuất huyết mùa mưa"),
    Key("Ngôn ngữ", ("tiếng", "language", "languages"), ("languages",), values.languages, "vi, km hoặc vi+km"),
    Key("Thể loại", ("kind",), ("kind",), values.kind, "CT (chương trình) hoặc PS (phóng sự)"),
    Key("Chủ đề", ("theme", "topic"), ("theme",), slug, "chinh-sach-dan-toc"),
    Key("Giọng", ("giọng đọc", "voice"), ("voice",), values.voice, "nữ hoặc nam"),
    Key("Nhạc hiệu", ("ident", "jingle"), ("ident",), values.music, "mac-dinh"),
    Key("Nhạc nền", ("bed", "music"), ("bed",), values.music, "không"),
    Key("Chương trình", ("programme", "program"), ("programme",), str, "ban-tin"),
    Key("Phát", ("giờ phát", "ngày phát", "lịch phát", "air"), ("air",), values.air_times, "25/11/2026 05:00, 17:00"),
    Key("Phát lại", ("lặp lại", "repeat"), ("repeat",), values.repeat, "3 ngày"),
    Key("Hết hạn", ("hạn phát", "expires"), ("expires",), values.until, "30/11/2026"),
    Key("Cấm phát trước", ("không phát trước", "embargo"), ("embargo",), values.since, "25/11/2026 05:00"),
    Key("Ưu tiên", ("mức ưu tiên", "priority"), ("priority",), values.priority, "thông thường, ưu tiên hoặc khẩn cấp"),
    Key("Nơi nhận", ("recipients", "stations"), ("only", "without"), values.recipients, "tất cả, trừ Đất Mũi"),
    Key("Tính chỉ tiêu", ("counts", "count"), ("counts",), values.yes_or_no, "có hoặc không"),
    Key("Tác giả", ("người viết", "author"), ("author",), str, "Phòng Văn hóa – Xã hội"),
    Key("Biên tập", ("người biên tập", "editor"), ("editor",), str, "Nguyễn Văn A"),
    Key("Biên dịch", ("người dịch", "translator"), ("translator",), str, "Nguyễn Văn A (km)"),
    Key("Phát thanh viên", ("người đọc", "announcer"), ("announcer",), str, "Nguyễn Văn A (vi), Nguyễn Văn B (km)"),
)
_BY_NAME: Mapping[str, Key] = {slug(name): key for key in KEYS for name in (key.label, *key.names)}

_PAIR = re.compile(r"\s*(?P<key>[^\W\d_][^:：]{0,39}?)\s*[:：](?!//)\s*(?P<value>.*?)\s*")
_MOST_WORDS = 5
_SECOND = re.compile(r"(?:\s{3,}|\t\s*)(?=(?P<key>[^\W\d_][^:：]{0,39}?)\s*[:：])")
_COMMENT = re.compile(r"(?:^|\s+)#(?:\s.*)?$")
_NEAR = 0.88
"""How alike a mistyped key must be: `Tiêu dề` is meant as a key, `Tiêu điểm` begins a paragraph."""
_LIKE = 0.7
"""How alike a key must be to be asked about: `Noi nhna` may be `Nơi nhận`, `Chuyên mục` is none."""
_EXCEPT = {"tru", "ngoai-tru", "khong-nhan", "except"}
_LONG = 120
"""Characters. An unknown key before more text than this is an ordinary paragraph that happens to hold a colon."""


def opens(lines: Sequence[str]) -> bool:
    """Whether a head stands at the start of these lines.

    So it is where the first line has a known key, or nearly one, or any short key before a line with a known one.
    An ordinary first paragraph, such as `Cà Mau: mưa lớn …`, opens no head.
    """
    keys = [_key_in(line) for line in lines if line.strip() and not line.startswith("#")][:2]
    if not keys or not keys[0]:
        return False
    return _near(keys[0]) or (len(keys) == 2 and slug(keys[1]) in _BY_NAME)


def read(lines: Sequence[str], name: str) -> tuple[Head, int]:
    """The head of a script called `name`, and how many lines it takes; an empty Head and 0 where there is none.

    It ends at the first blank line, or the first that is no `key: value` with a short key. Lines that begin with `#`
    inside it or above it say nothing.

    Raises:
        UnknownHeadKey: a key nobody knows, with the nearest known.
        WrongHeadValue: a value that cannot be understood, or a key given twice.
    """
    start = _start(lines)
    if not opens(lines[start : start + 20]):
        return Head(), 0
    fields: dict[str, Any] = {}
    end = start
    for end in range(start, len(lines)):
        line = lines[end]
        if line.startswith("#"):
            continue
        if not _belongs(line):
            break
        for key, value in _pairs(line, end + 1, name):
            _fill(fields, key, value, name)
    else:
        end += 1
    return Head(**fields), end


def _start(lines: Sequence[str]) -> int:
    """The first line that is neither blank nor a comment."""
    for number, line in enumerate(lines):
        if line.strip() and not line.startswith("#"):
            return number
    return len(lines)


def _key_in(line: str) -> str:
    """The key of a line that looks like a head line; empty where it does not."""
    pair = _PAIR.fullmatch(line)
    return pair["key"] if pair and len(pair["key"].split()) <= _MOST_WORDS else ""


def _belongs(line: str) -> bool:
    """Whether a line inside a head still is one of its lines."""
    key = _key_in(line)
    return bool(key) and (len(line) <= _LONG or _near(key))


def _near(key: str) -> bool:
    name = slug(key)
    return name in _BY_NAME or (len(name) > 4 and bool(difflib.get_close_matches(name, _BY_NAME, n=1, cutoff=_NEAR)))


def _pairs(line: str, number: int, name: str) -> list[tuple[Key, str]]:
    """The keys and values of a line; a second pair may follow after three spaces or a tab."""
    cuts = [m.start() for m in _SECOND.finditer(line) if _near(m["key"])]
    pieces = [line[i:j] for i, j in zip([0, *cuts], [*cuts, None], strict=True)]
    return [_pair(piece, number, name) for piece in pieces]


def _pair(piece: str, number: int, name: str) -> tuple[Key, str]:
    pair = _PAIR.fullmatch(piece)
    written = pair["key"] if pair else piece
    key = _BY_NAME.get(slug(written))
    if key is None or pair is None:
        raise UnknownHeadKey(name=name, line=number, key=written, how=_meant(written))
    return key, _COMMENT.sub("", pair["value"]).strip()


def _meant(written: str) -> Says:
    """What an unknown key may be meant for; all keys where none is like it."""
    if slug(written) in _EXCEPT:
        return Says("trạm không nhận thì ghi “Nơi nhận: tất cả, trừ …”.", "write “Nơi nhận: tất cả, trừ …” for that.")
    if nearest := difflib.get_close_matches(slug(written), _BY_NAME, n=1, cutoff=_LIKE):
        label = _BY_NAME[nearest[0]].label
        return Says(f"có phải là “{label}”?", f"did you mean {label!r}?")
    every = ", ".join(key.label for key in KEYS)
    return Says(f"chỉ có các mục: {every}.", f"there are: {every}.")


def _fill(fields: dict[str, Any], key: Key, text: str, name: str) -> None:
    """Put a value where it belongs; a key with nothing behind it is left to the programme."""
    if not text:
        return
    if key.fields[0] in fields:
        once = Says(f"chỉ một dòng “{key.label}”, như {key.example}", f"one line of it only, such as {key.example}")
        raise WrongHeadValue(name=name, key=key.label, value=text, example=once)
    try:
        value = key.read(text)
    except values.NoSuchDate as problem:
        raise NoSuchDay(name=name, key=key.label, day=str(problem)) from problem
    except ValueError as problem:
        raise WrongHeadValue(name=name, key=key.label, value=text, example=key.example) from problem
    fields.update(zip(key.fields, value if len(key.fields) > 1 else (value,), strict=True))
