"""What a fact tells beyond who, when and where, in words that people read."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from pipeline.core.errors import Says, figure
from pipeline.core.facts import Fact, Happened, Json
from pipeline.core.model import Verification
from pipeline.core.outputs import PlanLine
from pipeline.core.people import Right, Role
from pipeline.report.words import PLAN_LINE, RIGHT, ROLE, VERIFIED

KEYS: dict[str, Says] = {
    "name": Says("tên: {}", "name: {}"),
    "what": Says("{}", "{}"),
    "code": Says("{}", "{}"),
    "reason": Says("{}", "{}"),
    "why": Says("vì: {}", "why: {}"),
    "next": Says("việc cần làm: {}", "next: {}"),
    "again": Says("thử lại lúc {}", "again at {}"),  # of a station; of a bulletin `next` is words
    "retry": Says("phải có người xử lý", "somebody has to act"),
    "tries": Says("lần thứ {}", "attempt {}"),
    "remote": Says("tệp {}", "file {}"),
    "file": Says("tệp {}", "file {}"),
    "verified": Says("{}", "{}"),
    "sent": Says("đã gửi {}", "{} sent"),
    "size": Says("{}", "{}"),
    "seconds": Says("dài {} giây", "{} s long"),
    "lufs": Says("độ lớn {} LUFS", "{} LUFS"),
    "dbtp": Says("đỉnh {} dBTP", "peak {} dBTP"),
    "lra": Says("dải {} LU", "range {} LU"),
    "reduction": Says("hạ đỉnh {} dB", "limited by {} dB"),
    "profile": Says("hồ sơ {}", "profile {}"),
    "sentences": Says("{} câu", "{} sentences"),
    "notes": Says("lưu ý: {}", "notes: {}"),
    "takes": Says("{} câu thu", "{} takes"),
    "voiced": Says("đọc mới {} câu", "{} voiced anew"),
    "engines": Says("máy đọc {}", "engines {}"),
    "voices": Says("giọng {}", "voices {}"),
    "embedded": Says("có giọng thử", "with a draft voice"),
    "fallbacks": Says("giọng khác đọc thay: {}", "other voices: {}"),
    "tell": Says("báo cho {}", "tell {}"),
    "signatures": Says("cần {} chữ ký", "{} signatures needed"),
    "at": Says("giờ phát {}", "air time {}"),
    "aired": Says("phát lúc {}", "aired at {}"),
    "note": Says("ghi: {}", "note: {}"),
    "stays": Says("tệp vẫn để ở trạm", "its file stays there"),
    "stations": Says("{} trạm", "{} stations"),
    "free": Says("còn trống {}", "{} free"),
    "kbits": Says("{} kbit/s", "{} kbit/s"),
    "rows": Says("{} trạm đổi", "{} rows"),
    "fingerprint": Says("khoá {}", "key {}"),
    "before": Says("trước là {}", "before it {}"),
    "good": Says("{} tệp tốt", "{} good"),
    "missing": Says("thiếu {}", "{} missing"),
    "damaged": Says("hỏng {}", "{} damaged"),
    "extra": Says("thừa {}", "{} extra"),
    "parts": Says("dở dang {}", "{} parts"),
    "foreign": Says("không phải của Bản Tin: {}", "not of Bản Tin: {}"),
    "count": Says("{} dòng", "{} lines"),
    "lines": Says("{}", "{}"),
    "key": Says("“{}”", "“{}”"),
    "spoken": Says("đọc là “{}”", "said “{}”"),
    "number": Says("số {}", "no. {}"),
    "line": Says("{}", "{}"),
    "quantity": Says("số lượng {}", "quantity {}"),
    "day": Says("ngày {}", "on {}"),
    "evidence": Says("bằng chứng: {}", "evidence: {}"),
    "login": Says("tên đăng nhập {}", "login {}"),
    "roles": Says("vai trò: {}", "roles: {}"),
    "was": Says("tên trước: {}", "name before: {}"),
    "active": Says("đã khoá", "closed"),
    "address": Says("từ địa chỉ {}", "from {}"),
    "label": Says("mã truy cập “{}”", "token “{}”"),
    "scopes": Says("được: {}", "may: {}"),
    "via": Says("bằng mã truy cập “{}”", "with the token “{}”"),
}  # fmt: skip
HIDDEN = {"picture", "suffix"}
"""What only the program needs."""
_TOLD_WHERE_FALSE = {"retry", "active"}
_BYTES, _INSTANTS = {"size", "sent", "free"}, {"at", "aired", "again", "day"}
_NAMES = {"number"}
"""Numbers that count nothing."""
_MB = 1_000_000
_DONE: dict[str, Says] = {
    "admitted": Says("thêm người", "admitted"),
    "changed": Says("đổi vai trò hay tên", "changed"),
    "password reset": Says("đặt lại mật khẩu", "password reset"),
    "password changed": Says("đổi mật khẩu", "password changed"),
    "locked": Says("tạm khoá vì nhập sai nhiều lần", "locked out after many wrong passwords"),
    "token given": Says("cấp mã truy cập", "token given"),
    "token taken": Says("thu hồi mã truy cập", "token taken back"),
}
_NAMED: dict[str, Mapping[str, Says]] = {
    "what": _DONE,
    "line": {one.value: PLAN_LINE[one] for one in PlanLine},
    "verified": {one.value: VERIFIED[one] for one in Verification},
    "roles": {one.value: ROLE[one] for one in Role},
    "scopes": {one.value: RIGHT[one] for one in Right},
}


def detail(fact: Fact, lang: str, zone: tzinfo) -> str:
    """What a fact tells besides, in one line; times in the zone. What has no words yet is told by its key."""
    says = _Teller(lang, zone)
    told = {
        ("again" if key == "next" and fact.happened is Happened.FAILED else key): v for key, v in fact.detail.items()
    }
    return "; ".join(says.told(key, value) for key, value in told.items() if _is_worth_telling(key, value))


def _is_worth_telling(key: str, value: Json) -> bool:
    if key in HIDDEN:
        return False
    return value is False if key in _TOLD_WHERE_FALSE else bool(value)


class _Teller:
    """Says one detail in one language; times in one zone."""

    def __init__(self, lang: str, zone: tzinfo) -> None:
        self._lang = lang
        self._zone = zone

    def told(self, key: str, value: Json) -> str:
        words = KEYS.get(key)
        return self._say(words).replace("{}", self._value(key, value)) if words else f"{key}: {self._value(key, value)}"

    def _say(self, words: Says) -> str:
        return words.vi if self._lang == "vi" else words.en

    def _value(self, key: str, value: Json) -> str:
        if isinstance(value, list):
            return ", ".join(self._value(key, one) for one in value)
        if isinstance(value, dict):
            return ", ".join(f"{name} ({self._value(key, one)})" for name, one in value.items())
        if isinstance(value, int | float) and not isinstance(value, bool) and key not in _NAMES:
            return self._number(key, value)
        if key in _INSTANTS:
            return self._instant(str(value))
        named = _NAMED.get(key, {}).get(str(value))
        return self._say(named) if named else str(value)

    def _number(self, key: str, value: float) -> str:
        if key in _BYTES:
            return f"{self._figure(value / 1e6, 1)} MB" if value >= _MB else f"{self._figure(value / 1e3, 0)} kB"
        return self._figure(value, 1 if isinstance(value, float) else 0)

    def _figure(self, value: float, digits: int) -> str:
        return self._say(figure(value, digits)).replace("-", "−")

    def _instant(self, text: str) -> str:
        """An instant as people write it; a day, too."""
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return text
        return f"{at.astimezone(self._zone):%H:%M %d/%m/%Y}" if at.tzinfo else f"{at:%d/%m/%Y}"
