"""Everything that can go wrong: what happened, to what, the next step, in two languages, under a stable code.

Letters: C configuration, I intake, R reading, V voices, S studio, D delivery, L ledger and store, N newsroom,
P people and the web desk.
A code is never reused for another fault. Exit codes are those of docs/architecture.md.
"""

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, ClassVar

from pipeline.core.reasons import vietnamese

EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_CONFIG = 3
EXIT_BAD_INPUT = 4
EXIT_ENGINE = 5
EXIT_SOME_FAILED = 6
EXIT_ALL_FAILED = 7
EXIT_RUNNING = 8


@dataclass(frozen=True, slots=True)
class Says:
    """The same message in Vietnamese and English."""

    vi: str
    en: str

    def __str__(self) -> str:
        return self.en

    def format(self, **fields: object) -> "Says":
        """Fill in fields; a field that is itself bilingual gives each language its own half."""
        return Says(
            self.vi.format(**{k: v.vi if isinstance(v, Says) else v for k, v in fields.items()}),
            self.en.format(**{k: v.en if isinstance(v, Says) else v for k, v in fields.items()}),
        )


def figure(value: float, digits: int = 1) -> Says:
    """A number as each language writes it: Vietnamese with a comma, and points between the thousands."""
    text = f"{value:,.{digits}f}"
    return Says(text.translate({ord(","): ".", ord("."): ","}), text)


def lines(told: Iterable[Says]) -> Says:
    """Several messages, one a line, in each language."""
    every = list(told)
    return Says("\n".join(one.vi for one in every), "\n".join(one.en for one in every))


class Unreadable(ValueError):
    """A text that cannot be understood, with how to write it."""

    def __init__(self, vi: str, en: str) -> None:
        self.says = Says(vi, en)
        super().__init__(f"{vi} / {en}")


class PipelineError(Exception):
    """A fault we know. Subclasses fill `what` and `fix` with named fields, given as keyword arguments.

    A `reason` in one language is the system's or a library's own words, and is told in both. A field `how` may have
    its own words for pages, as `how_on_page`.
    """

    code: ClassVar[str] = "N-000"
    exit_code: ClassVar[int] = EXIT_BAD_INPUT
    retry: ClassVar[bool] = False
    """Whether waiting helps: the same call may succeed later with nothing changed."""
    what: ClassVar[Says]
    fix: ClassVar[Says]
    on_page: ClassVar[Says | None] = None
    """The next step of whoever reads it on a page, where `fix` is for the server's terminal."""

    def __init__(self, **fields: object) -> None:
        self.fields = fields
        reason = fields.get("reason")
        told = {**fields, "reason": Says(vietnamese(reason), reason)} if isinstance(reason, str) else fields
        self.message = self.what.format(**told)
        self.next_step = self.fix.format(**told)
        self.page_step = self.fix_on_page().format(**{**told, "how": told.get("how_on_page", told.get("how"))})
        super().__init__(f"{self.code} {self.message.en}; {self.next_step.en}")

    @classmethod
    def fix_on_page(cls) -> Says:
        """The next step for pages: a kind with a `fix` of its own does not take another's `on_page`."""
        own = next(kind for kind in cls.__mro__ if {"fix", "on_page"} & vars(kind).keys())
        return vars(own).get("on_page") or cls.fix

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.fields))


def _rebuild(kind: type[PipelineError], fields: dict[str, object]) -> PipelineError:
    return kind(**fields)


# --- C: configuration ------------------------------------------------------------------------------------------------


class ConfigError(PipelineError):
    """Settings or stations that cannot work; `faults` lists them all, one a line."""

    code = "C-101"
    exit_code = EXIT_CONFIG
    what = Says("cấu hình sai trong {file}:\n{faults}", "wrong settings in {file}:\n{faults}")
    fix = Says("sửa các dòng trên rồi chạy lại", "correct the lines above and run again")
    on_page = Says(
        "nhờ người quản trị máy chủ sửa các dòng trên trong tệp ấy",
        "the server's administrator corrects these lines in that file",
    )


class NoWorkspace(PipelineError):
    """There is no config.toml where one was looked for."""

    code = "C-102"
    exit_code = EXIT_CONFIG
    what = Says("không thấy config.toml trong {folder}", "no config.toml in {folder}")
    fix = Says(
        "đứng trong thư mục làm việc, hoặc ghi nó: bantin -w THƯ-MỤC …; chưa có thì tạo: bantin init THƯ-MỤC",
        "go to your workspace or name it: bantin -w DIR …; if there is none yet: bantin init DIR",
    )


class ToolMissing(PipelineError):
    """A program or library that the work needs is not there."""

    code = "C-103"
    exit_code = EXIT_CONFIG
    what = Says("thiếu công cụ {tool}: {reason}", "missing tool {tool}: {reason}")
    fix = Says("cài đặt: {how}", "install it: {how}")


class UnknownName(PipelineError):
    """A programme, profile, station or voice that the settings do not know."""

    code = "C-104"
    exit_code = EXIT_CONFIG
    what = Says("không có {what} tên “{name}”", "there is no {what} named {name!r}")
    fix = Says("tên gần nhất: {nearest}", "nearest known: {nearest}")


class WorkspaceInUse(PipelineError):
    """Another run holds the workspace's lock."""

    code = "C-105"
    exit_code = EXIT_RUNNING
    retry = True
    what = Says("một lượt {job} khác đang chạy trong {folder}", "another {job} is already running in {folder}")
    fix = Says("chờ lượt ấy xong rồi chạy lại", "wait for it to end, then run again")


class WorkspaceNotEmpty(PipelineError):
    """A new workspace would overwrite files."""

    code = "C-106"
    exit_code = EXIT_USAGE
    what = Says("{folder} đã có {name}", "{folder} already holds {name}")
    fix = Says("chọn một thư mục trống", "choose an empty folder")


class NoDropFolder(PipelineError):
    """The drop folder is not there; it may be a share that is not mounted, so it is not made anew."""

    code = "C-107"
    exit_code = EXIT_CONFIG
    retry = True
    what = Says("không thấy thư mục thả tệp {folder}", "the drop folder {folder} is not there")
    fix = Says(
        "gắn lại ổ mạng, hoặc sửa [paths] scripts trong config.toml",
        "mount the share again, or correct [paths] scripts in config.toml",
    )


class NothingShared(PipelineError):
    """A worker was started where all work is done by the machine that finds it."""

    code = "C-108"
    exit_code = EXIT_CONFIG
    what = Says(
        'hàng đợi là của riêng máy này: [jobs] queue = "local"', 'the queue is of one machine: [jobs] queue = "local"'
    )
    fix = Says(
        'ghi queue = "procrastinate" và [ledger] database trong config.toml của mọi máy; xem docs/vi/nhieu-may.md',
        'set queue = "procrastinate" and [ledger] database in every machine\'s config.toml; see docs/vi/nhieu-may.md',
    )


class WrongDate(PipelineError):
    """A day that cannot be understood."""

    code = "C-109"
    exit_code = EXIT_USAGE
    what = Says("không hiểu ngày “{text}”", "cannot read the day {text!r}")
    fix = Says("viết như 25/11/2026 hoặc 2026-11-25", "write it like 25/11/2026 or 2026-11-25")


class PortTaken(PipelineError):
    """The web page cannot listen where it should."""

    code = "C-110"
    exit_code = EXIT_CONFIG
    what = Says(
        "trang web không mở được ở {host}:{port}: {reason}", "the page cannot listen at {host}:{port}: {reason}"
    )
    fix = Says(
        "tắt chương trình đang dùng cổng ấy, hoặc chọn cổng khác: bantin serve --port 8081",
        "end the program that uses it, or choose another: bantin serve --port 8081",
    )


class WrongChoice(PipelineError):
    """An option has a value that is none of those it may have."""

    code = "C-111"
    exit_code = EXIT_USAGE
    what = Says("{option}: không có “{value}”", "{option}: there is no {value!r}")
    fix = Says("chọn một trong: {known}", "choose one of: {known}")


# --- I: intake -------------------------------------------------------------------------------------------------------


class ScriptRefused(PipelineError):
    """A dropped file that cannot become a bulletin. Nothing of it is lost: it waits in scripts/loi/."""

    code = "I-100"
    what = Says("không nhận được tệp {name}: {reason}", "cannot take in {name}: {reason}")
    fix = Says("sửa tệp rồi thả lại vào thư mục scripts", "correct the file and drop it into scripts again")
    on_page = Says("sửa rồi gửi lại ở trang Thêm", "correct it and send it again on the page Add")


class EmptyScript(ScriptRefused):
    """No word to say."""

    code = "I-101"
    what = Says("bài {name} không có nội dung để đọc", "{name} has nothing to say")
    fix = Says("viết nội dung bản tin rồi thả lại vào thư mục scripts", "write the bulletin and drop it again")
    on_page = Says("viết nội dung bản tin rồi gửi lại", "write the bulletin and send it again")


class StillGrowing(ScriptRefused):
    """Someone is still writing the file."""

    code = "I-102"
    retry = True
    what = Says("tệp {name} còn đang được ghi", "{name} is still being written")
    fix = Says("đợi chép xong; lượt quét sau sẽ nhận", "wait for the copy to end; the next scan takes it")


class UnreadableScript(ScriptRefused):
    """A file whose bytes are not what its name says."""

    code = "I-103"
    what = Says("tệp {name} không phải là {format} đúng: {reason}", "{name} is not a valid {format}: {reason}")
    fix = Says(
        "mở bằng chương trình đã tạo ra nó, lưu lại, rồi thả vào scripts",
        "open it in the program that made it, save it again, and drop it again",
    )
    on_page = Says(
        "mở bằng chương trình đã tạo ra nó, lưu lại, rồi gửi lại",
        "open it in the program that made it, save it again, and send it again",
    )


class UnknownFormat(ScriptRefused):
    """A kind of file that is not taken in."""

    code = "I-104"
    what = Says("không nhận loại tệp của {name}", "{name} is not a kind of file that is taken in")
    fix = Says("dùng một trong các loại: {known}", "use one of: {known}")


class UnknownHeadKey(ScriptRefused):
    """A head line with a key nobody knows; guessing would lose what the editor meant."""

    code = "I-105"
    what = Says("bài {name}, dòng {line}: không có mục “{key}”", "{name}, line {line}: unknown key {key!r}")
    fix = Says("{how} Sửa rồi thả lại", "{how} Correct it and drop it again")
    on_page = Says("{how} Sửa rồi gửi lại", "{how} Correct it and send it again")


class WrongHeadValue(ScriptRefused):
    """A head line whose value cannot be understood."""

    code = "I-106"
    what = Says("bài {name}, mục “{key}”: không hiểu “{value}”", "{name}, key {key!r}: cannot read {value!r}")
    fix = Says("viết như: {example}", "write it like: {example}")


class NoSuchDay(ScriptRefused):
    """A head line with a day that no calendar has."""

    code = "I-115"
    what = Says("bài {name}, mục “{key}”: không có ngày {day}", "{name}, key {key!r}: there is no {day}")
    fix = Says("xem lịch, sửa ngày rồi thả lại", "correct the day and drop it again")
    on_page = Says("xem lịch, sửa ngày rồi gửi lại", "correct the day and send it again")


class AirTimePassed(ScriptRefused):
    """A script all of whose air times have passed."""

    code = "I-114"
    what = Says("bài {name}: giờ phát {at} đã qua", "{name}: its air time, {at}, has passed")
    fix = Says("ghi giờ còn ở phía trước, như “Phát: {example}”, rồi thả lại", "give one to come, like: {example}")
    on_page = Says("ghi giờ còn ở phía trước, như “Phát: {example}”, rồi gửi lại", "give one to come, like: {example}")


class MissingRecording(ScriptRefused):
    """A script names a recording that is not beside it."""

    code = "I-107"
    retry = True
    what = Says(
        "bài {name} cần bản ghi âm {recording} nhưng không thấy", "{name} needs {recording}, which is not there"
    )
    fix = Says("thả {recording} vào cùng thư mục rồi thả lại {name}", "drop {recording} beside it, then {name} again")
    on_page = Says(
        "tải lên cùng một lượt tệp của bài và {recording}", "upload the script's file and {recording} together"
    )


class NoSuchFile(ScriptRefused):
    """A file that was named on the command line and is not there."""

    code = "I-109"
    what = Says("không thấy tệp {name}", "there is no file {name}")
    fix = Says("kiểm tra lại tên và thư mục của tệp", "check its name and folder")


class TakenBack(ScriptRefused):
    """The same bytes as a bulletin that was withdrawn or returned: dropping them again must not look like success."""

    code = "I-110"
    what = Says(
        "bài {name} giống hệt bản tin {bulletin}, bản tin này {decided}",
        "{name} is, byte for byte, bulletin {bulletin}, which was {decided}",
    )
    fix = Says(
        "sửa chỗ cần sửa rồi thả lại; nếu vẫn phát như cũ, sửa ít nhất một chữ", "change a word and drop it again"
    )
    on_page = Says(
        "sửa chỗ cần sửa rồi gửi lại; nếu vẫn phát như cũ, sửa ít nhất một chữ", "change a word and send it again"
    )


class UnknownSender(PipelineError):
    """What a station wrote back, without a word of which station it was."""

    code = "I-113"
    what = Says("không biết {where} là của trạm nào", "nobody knows which station {where} is from")
    fix = Says(
        "thêm dòng “Mã trạm: CM-0101” vào XAC-NHAN.txt, hoặc để tệp trong thư mục mang mã trạm, như CM-0101_dat-mui",
        "add a line “Mã trạm: CM-0101” to it, or put it into a folder named by the code, such as CM-0101_dat-mui",
    )


class TooLarge(ScriptRefused):
    """A file larger than any bulletin needs; reading it could take the machine down."""

    code = "I-108"
    what = Says("tệp {name} nặng {megabytes} MB, quá mức {most} MB", "{name} has {megabytes} MB, more than {most} MB")
    fix = Says(
        "bớt hình, chia nhỏ bài hoặc xuất âm thanh thành MP3, rồi thả lại",
        "remove pictures, split the text or export the sound as MP3, then drop it again",
    )
    on_page = Says(
        "bớt hình, chia nhỏ bài hoặc xuất âm thanh thành MP3, rồi gửi lại",
        "remove pictures, split the text or export the sound as MP3, then send it again",
    )


class OldKhmerFont(ScriptRefused):
    """Khmer typed for an old font, whose text is Latin letters; read aloud it would be nonsense."""

    code = "I-111"
    what = Says(
        "tệp {name} có chữ Khmer gõ bằng phông cũ “{font}”, máy chỉ thấy chữ La-tinh",
        "{name} has Khmer typed for the old font {font!r}: to a machine it is Latin letters",
    )
    fix = Says(
        "chuyển sang Khmer Unicode (phông Khmer OS, Noto Sans Khmer) rồi thả lại; không bảng mã nào chuyển đúng hết",
        "convert it to Khmer Unicode (Khmer OS, Noto Sans Khmer) and drop it again; no table converts it reliably",
    )
    on_page = Says(
        "chuyển sang Khmer Unicode (phông Khmer OS, Noto Sans Khmer) rồi gửi lại; không bảng mã nào chuyển đúng hết",
        "convert it to Khmer Unicode (Khmer OS, Noto Sans Khmer) and send it again; no table converts it reliably",
    )


class ScannedPages(ScriptRefused):
    """A PDF of pictures; there is no text to read."""

    code = "I-112"
    what = Says("tệp {name} là ảnh chụp {pages} trang, không có chữ", "{name} is {pages} scanned pages without text")
    fix = Says("xin bản Word, hoặc gõ lại, rồi thả lại", "ask for the Word file, or type it, and drop it again")
    on_page = Says("xin bản Word, hoặc gõ lại, rồi gửi lại", "ask for the Word file, or type it, and send it again")


# --- R: reading ------------------------------------------------------------------------------------------------------


class TextLost(PipelineError):
    """Something that was written would go unheard. The worst fault there is, so the bulletin is held."""

    code = "R-101"
    what = Says("giọng đọc không phát âm được: {lost}", "the voice cannot pronounce: {lost}")
    fix = Says("sửa câu “{written}”, hoặc viết ra bằng chữ", "rewrite {written!r}, or write it out in words")


class LostInReading(TextLost):
    """The spoken form of a paragraph lacks something that was written."""

    code = "R-102"
    what = Says(
        "khi chuyển sang lời đọc, mất: {lost}\n  viết: {written}\n  đọc:  {said}",
        "these were lost when reading: {lost}\n  written: {written}\n  said:    {said}",
    )
    fix = Says(
        "viết chỗ bị mất ra bằng chữ rồi thả lại, hoặc thêm một dòng vào tu-dien.tsv",
        "write what was lost out in words and drop it again, or add a row to tu-dien.tsv",
    )
    on_page = Says("viết chỗ bị mất ra bằng chữ rồi gửi lại", "write what was lost out in words and send it again")


class BadRows(PipelineError):
    """Rows of the editor's dictionary that cannot be used; the others work."""

    code = "R-103"
    exit_code = EXIT_CONFIG
    what = Says("{file}: có dòng không dùng được\n{faults}", "{file}: rows that cannot be used\n{faults}")
    fix = Says("sửa các dòng đó; những dòng khác vẫn dùng được", "mend these rows; the others work all the same")
    on_page = Says(
        "nhờ người quản trị máy chủ sửa tệp ấy; chưa có gì được ghi",
        "the server's administrator mends that file; nothing was written",
    )


class BadWord(PipelineError):
    """How somebody would have a word said, which cannot be said so."""

    code = "R-104"
    what = Says("chưa ghi được vào từ điển: {reason}", "not written into the dictionary: {reason}")
    fix = Says("{how}", "{how}")


# --- V: voices -------------------------------------------------------------------------------------------------------


class EngineUnavailable(PipelineError):
    """A voice cannot speak now."""

    code = "V-101"
    exit_code = EXIT_ENGINE
    retry = True
    what = Says("giọng đọc {engine} không dùng được: {reason}", "voice engine {engine} cannot speak: {reason}")
    fix = Says("{how}", "{how}")


class NoVoiceForLanguage(PipelineError):
    """No configured engine speaks a language; it is never read by a voice of another."""

    code = "V-102"
    exit_code = EXIT_ENGINE
    what = Says("không có giọng đọc nào cho tiếng “{language}”", "no voice speaks language {language!r}")
    fix = Says(
        "thêm giọng cho tiếng ấy vào [voices] trong config.toml, hoặc gửi bản ghi âm",
        "add a voice for it under [voices] in config.toml, or hand in a recording",
    )


class NothingToSay(PipelineError):
    """A sentence without a letter or digit to pronounce."""

    code = "V-103"
    what = Says("câu “{text}” không có gì để đọc", "{text!r} has nothing to pronounce")
    fix = Says("bỏ câu ấy, hoặc viết ra bằng chữ", "leave it out, or write it in words")


class TakeRejected(PipelineError):
    """A voice answered with sound that cannot be right (too short, silent, cut)."""

    code = "V-104"
    exit_code = EXIT_ENGINE
    retry = True
    what = Says(
        "giọng {engine} trả âm thanh hỏng cho câu “{text}”: {reason}",
        "engine {engine} gave bad sound for {text!r}: {reason}",
    )
    fix = Says("chạy lại; nếu vẫn hỏng, đổi giọng trong config.toml", "run again; if it stays, change the voice")


# --- S: studio -------------------------------------------------------------------------------------------------------


class BadRecording(PipelineError):
    """A sound file that must not air as it is."""

    code = "S-101"
    what = Says("bản ghi {name} không dùng được: {reason}", "recording {name} cannot be used: {reason}")
    fix = Says("ghi hoặc xuất lại tệp âm thanh rồi thả vào scripts", "record or export it again and drop it again")
    on_page = Says("ghi hoặc xuất lại tệp âm thanh rồi gửi lại", "record or export it again and send it again")


class MasterRejected(PipelineError):
    """The encoded file missed its loudness or its ceiling even after another try."""

    code = "S-102"
    what = Says(
        "bản hoàn chỉnh đo được {lufs} LUFS, {dbtp} dBTP, không đạt", "the master measures {lufs} LUFS, {dbtp} dBTP"
    )
    fix = Says(
        "tìm chỗ to hẳn hoặc nhỏ hẳn (tiếng va trong bản ghi, chữ lặp rất dài), sửa rồi thả lại",
        "find what is far too loud or soft (a knock in a recording, one sound repeated), mend it and drop it again",
    )
    on_page = Says(
        "tìm chỗ to hẳn hoặc nhỏ hẳn (tiếng va trong bản ghi, chữ lặp rất dài), sửa rồi gửi lại",
        "find what is far too loud or soft (a knock in a recording, one sound repeated), mend it and send it again",
    )


class WouldOverwrite(PipelineError):
    """A result was to be written over what it is made from."""

    code = "S-103"
    exit_code = EXIT_USAGE
    what = Says("{out} chính là tệp gốc {source}: ghi vào đó sẽ mất bản gốc", "{out} is the source {source} itself")
    fix = Says("đặt tên khác sau -o", "give another name behind -o")


# --- D: delivery -----------------------------------------------------------------------------------------------------


class DeliveryError(PipelineError):
    """Something stopped a delivery to one station; the others go on."""

    code = "D-100"
    exit_code = EXIT_SOME_FAILED
    what = Says("trạm {station}: {reason}", "station {station}: {reason}")
    fix = Says("chạy lại: bantin push --only {station}", "run again: bantin push --only {station}")
    on_page = Says("bấm Gửi ngay ở trang của trạm", "press Push now on the station's page")


class StationUnreachable(DeliveryError):
    """The line or the station is down."""

    code = "D-101"
    retry = True
    what = Says("không kết nối được trạm {station}: {reason}", "could not reach station {station}: {reason}")
    fix = Says(
        "kiểm tra điện và đường truyền của trạm, rồi chạy: bantin push --only {station}",
        "check its power and line, then run: bantin push --only {station}",
    )
    on_page = Says(
        "gọi trạm hỏi điện và đường truyền; máy tự thử lại tới giờ phát, hoặc bấm Gửi ngay ở trang của trạm",
        "ask about its power and line; it is tried again until it airs, or press Push now on the station's page",
    )


class HostKeyMismatch(DeliveryError):
    """The machine that answered is not the one that was pinned. Nothing was sent."""

    code = "D-102"
    what = Says(
        "trạm {station} trình khoá máy {seen}, khác với khoá đã ghim hay đã đọc; không gửi gì",
        "station {station} shows the host key {seen}, not the one that was pinned or read out; nothing was sent",
    )
    fix = Says(
        "gọi cho trạm để đối chiếu; nếu máy đã thay: bantin stations trust {station} (cột host_key của stations.csv)",
        "call the station; if the machine was replaced: bantin stations trust {station} (host_key in stations.csv)",
    )
    on_page = Says(
        "gọi trạm hỏi có thay máy không; đã thay thì nhờ người quản trị máy chủ ghim khoá mới",
        "ask the station; if the machine was replaced, the server's administrator pins its new key",
    )


class HostKeyUnknown(DeliveryError):
    """No host key is pinned for the station, so nobody could know which machine answers. Nothing was sent."""

    code = "D-108"
    what = Says(
        "trạm {station} chưa ghim khoá máy; không gửi gì", "station {station} has no pinned host key; nothing was sent"
    )
    fix = Says(
        "đối chiếu rồi ghim: bantin stations trust {station}", "compare, then pin: bantin stations trust {station}"
    )
    on_page = Says(
        "nhờ người quản trị máy chủ đối chiếu khoá với trạm rồi ghim, sau đó bấm Thử trạm",
        "the server's administrator compares its key and pins it; then press Test it",
    )


class HostKeyNotCompared(DeliveryError):
    """A station's machine shows a key, and nobody said that it is the station's own. Nothing was pinned."""

    code = "D-110"
    what = Says(
        "chưa đối chiếu khoá máy của trạm {station} ({seen}); không ghim gì",
        "nobody compared the host key of station {station} ({seen}); nothing was pinned",
    )
    fix = Says(
        "gọi trạm, đọc giống hệt thì chạy: bantin stations trust {station} --fingerprint SHA256:…",
        "call the station, and if it reads the same: bantin stations trust {station} --fingerprint SHA256:…",
    )
    on_page = Says(
        "nhờ người quản trị máy chủ đối chiếu khoá với trạm rồi ghim",
        "the server's administrator compares its key and pins it",
    )


class NoLine(DeliveryError):
    """The station has no line; sticks are carried there."""

    code = "D-109"
    what = Says("trạm {station} không có đường truyền", "station {station} has no line")
    fix = Says("chép ra thẻ nhớ: bantin export-usb THƯ-MỤC", "write a stick: bantin export-usb DIR")
    on_page = Says(
        "nhờ người quản trị máy chủ chép ra thẻ nhớ, rồi mang tới trạm",
        "the server's administrator writes a stick, to be carried there",
    )


class LoginRefused(DeliveryError):
    """The station does not accept our key, or our password where its row has one."""

    code = "D-103"
    what = Says(
        "trạm {station} không chấp nhận khoá (hay mật khẩu) của người dùng {user}",
        "station {station} does not accept the key (or password) of user {user}",
    )
    fix = Says(
        "chép khoá công khai vào trạm, hoặc sửa cột user, key, password_file trong stations.csv",
        "install the public key there, or correct user, key or password_file in stations.csv",
    )
    on_page = Says(
        "nhờ người quản trị máy chủ chép khoá công khai vào trạm hoặc sửa dòng của trạm, rồi bấm Thử trạm",
        "the server's administrator installs the public key there or corrects its row; then press Test it",
    )


class StationFull(DeliveryError):
    """Not enough room; seen before anything was sent where the station tells, else the part was removed."""

    code = "D-104"
    what = Says(
        "trạm {station} hết chỗ: cần {needed} byte, còn {free}",
        "station {station} is full: {needed} bytes needed, {free} free",
    )
    fix = Says(
        "xoá bớt tệp cũ ở trạm, rồi chạy: bantin push --only {station}",
        "remove old files there, then run: bantin push --only {station}",
    )
    on_page = Says(
        "nhờ trạm xoá bớt tệp cũ, rồi bấm Gửi ngay ở trang của trạm",
        "have old files removed there, then press Push now on the station's page",
    )


class FolderRefused(DeliveryError):
    """The station's folder is missing or may not be written."""

    code = "D-105"
    what = Says(
        "trạm {station}: không ghi được vào thư mục {folder}: {reason}",
        "station {station}: cannot write to folder {folder}: {reason}",
    )
    fix = Says(
        "tạo thư mục và cho phép ghi ở trạm, hoặc sửa cột folder trong stations.csv",
        "create the folder and allow writing there, or correct folder in stations.csv",
    )
    on_page = Says(
        "nhờ trạm tạo thư mục và cho phép ghi, hoặc nhờ người quản trị máy chủ sửa cột folder; rồi bấm Gửi ngay",
        "have the folder made and writing allowed there, or its row corrected on the server; then press Push now",
    )


class ArrivedDamaged(DeliveryError):
    """What stands at the station is not what was sent; it never took the final name."""

    code = "D-106"
    retry = True
    what = Says("tệp {name} đến trạm {station} bị hỏng: {reason}", "{name} arrived damaged at {station}: {reason}")
    fix = Says("chạy lại: bantin push --only {station}", "run again: bantin push --only {station}")
    on_page = Says(
        "máy tự gửi lại; gửi lại ngay thì bấm Gửi ngay ở trang của trạm",
        "it is sent again by itself; at once: press Push now on the station's page",
    )


class StationBusy(DeliveryError):
    """Another run is delivering to the station."""

    code = "D-107"
    exit_code = EXIT_RUNNING
    retry = True
    what = Says("trạm {station} đang được lượt khác gửi", "another run is delivering to {station}")
    fix = Says("chờ lượt ấy xong rồi chạy lại", "wait for it to end, then run again")
    on_page = Says("chờ lượt ấy xong rồi bấm lại", "wait for it to end, then press again")


class Stopped(DeliveryError):
    """The program was told to stop before or while it visited the station."""

    code = "D-111"
    exit_code = EXIT_RUNNING
    retry = True
    what = Says("dừng trước khi gửi xong cho trạm {station}", "told to stop before {station} had everything")
    fix = Says("lần chạy sau gửi tiếp từ chỗ dở", "the next run goes on where this one stopped")


class StickFull(DeliveryError):
    """Not enough room on the stick that is being written."""

    code = "D-112"
    what = Says(
        "thẻ nhớ {folder} hết chỗ khi chép cho trạm {station}: cần {needed} byte, còn {free}",
        "the stick {folder} is full at station {station}: {needed} bytes needed, {free} free",
    )
    fix = Says(
        "xoá bớt tệp trên thẻ hoặc dùng thẻ khác, rồi chạy lại bantin export-usb; chép từng trạm: --station {station}",
        "remove files or take another stick, then run bantin export-usb again; one at a time: --station {station}",
    )


class StickRefused(DeliveryError):
    """The stick that is being written cannot be written, or does not keep what is written."""

    code = "D-113"
    what = Says(
        "không ghi được lên thẻ nhớ {folder} cho trạm {station}: {reason}",
        "cannot write to the stick {folder} for station {station}: {reason}",
    )
    fix = Says(
        "xem thẻ còn cắm không, nút gạt chống ghi, hoặc dùng thẻ khác; rồi chạy lại: bantin export-usb THƯ-MỤC",
        "see that it is plugged in and not locked, or take another stick; then run again: bantin export-usb DIR",
    )


class ShareEmpty(DeliveryError):
    """The folder of a shared station has none of our papers any more: its share may not be mounted."""

    code = "D-114"
    what = Says(
        "trạm {station}: thư mục {folder} không còn tệp nào của ta, có thể ổ mạng chưa gắn; chưa ghi gì",
        "station {station}: nothing of ours is left in {folder}, its share may not be mounted; nothing was written",
    )
    fix = Says(
        "gắn lại ổ mạng; nếu đúng là thư mục mới: bantin verify {station}",
        "mount the share; if it is a new folder: bantin verify {station}",
    )
    on_page = Says(
        "nhờ người quản trị máy chủ gắn lại ổ mạng, hay đối chiếu trạm nếu đúng là thư mục mới",
        "the server's administrator mounts the share again, or verifies the station if it is a new folder",
    )


# --- L: ledger and store ---------------------------------------------------------------------------------------------


class LedgerUnusable(PipelineError):
    """The ledger cannot be opened or brought up to date."""

    code = "L-101"
    exit_code = EXIT_CONFIG
    what = Says("không mở được sổ cái {where}: {reason}", "cannot open the ledger {where}: {reason}")
    fix = Says(
        "kiểm tra đường dẫn và quyền ghi; khôi phục từ bản sao lưu nếu tệp hỏng",
        "check the path and its permissions; restore a backup if the file is damaged",
    )


class LedgerAway(PipelineError):
    """The database with the ledger does not answer, or does not let us in; nothing was kept of what was under way."""

    code = "L-107"
    exit_code = EXIT_CONFIG
    retry = True
    what = Says("không vào được sổ cái {where}: {reason}", "the ledger {where} does not answer: {reason}")
    fix = Says(
        "xem máy chủ PostgreSQL, đường mạng, tên người dùng và mật khẩu trong ~/.pgpass, rồi chạy lại",
        "look at the PostgreSQL server, the line to it, the user's name and the password in ~/.pgpass; then run again",
    )


class LedgerOnShare(PipelineError):
    """A SQLite ledger on a network share, where two machines may each believe that they write alone."""

    code = "L-108"
    exit_code = EXIT_CONFIG
    what = Says("sổ cái nằm trên ổ mạng ({kind}): {where}", "the ledger stands on a network share ({kind}): {where}")
    fix = Says(
        "đặt [paths] state vào ổ đĩa của máy này, hoặc dùng PostgreSQL: [ledger] database",
        "put [paths] state on a disk of this machine, or use PostgreSQL: [ledger] database",
    )


class StoreDamaged(PipelineError):
    """A stored file is missing or its bytes no longer match its name."""

    code = "L-102"
    what = Says("tệp {digest} trong kho bị thiếu hoặc hỏng", "{digest} is missing from the store or damaged")
    fix = Says(
        "khôi phục kho từ bản sao lưu, hoặc thả lại kịch bản",
        "restore the store from a backup, or drop the script again",
    )
    on_page = Says(
        "gửi lại bài, hoặc nhờ người quản trị máy chủ khôi phục kho từ bản sao lưu",
        "send the script again, or have the server's administrator restore the store from a backup",
    )


class AmbiguousBulletin(PipelineError):
    """A part of an id that several bulletins have."""

    code = "L-105"
    exit_code = EXIT_USAGE
    what = Says("có {count} bản tin khớp với “{id}”", "{count} bulletins match {id!r}")
    fix = Says("viết rõ hơn; đó là: {names}", "say more; they are: {names}")


class DiskFull(PipelineError):
    """This machine has no room left. What was being written is not there in part; what was there still is."""

    code = "L-104"
    exit_code = EXIT_CONFIG
    retry = True
    what = Says("ổ đĩa của máy này đã đầy: {where}", "this machine's disk is full: {where}")
    fix = Says(
        "dọn bớt chỗ rồi chạy lại; không tệp nào bị ghi dở", "free some space and run again; nothing is half written"
    )


class FileTrouble(PipelineError):
    """The system would not let us read or write a file of this machine: rights, a share that went away, a bad disk."""

    code = "L-106"
    exit_code = EXIT_CONFIG
    retry = True
    what = Says("máy này không đọc hoặc ghi được {where}: {reason}", "cannot read or write {where}: {reason}")
    fix = Says(
        "kiểm tra quyền của thư mục, ổ đĩa và ổ mạng, rồi chạy: bantin run-due",
        "check the folder's permissions, the disk and the share, then run: bantin run-due",
    )
    on_page = Says(
        "báo người quản trị máy chủ xem quyền của thư mục, ổ đĩa và ổ mạng",
        "tell the server's administrator to look at its folders, disk and share",
    )


class UnknownBulletin(PipelineError):
    """No bulletin of that id, or several that start so."""

    code = "L-103"
    exit_code = EXIT_USAGE
    what = Says("không có bản tin “{id}”", "there is no bulletin {id!r}")
    fix = Says("xem danh sách: bantin list; gần nhất: {nearest}", "see: bantin list; nearest: {nearest}")
    on_page = Says("tìm ở trang Bản tin; gần nhất: {nearest}", "find it on the page Bulletins; nearest: {nearest}")


# --- P: people and the web desk --------------------------------------------------------------------------------------


class NotSignedIn(PipelineError):
    """Nobody is signed in, or their session is over."""

    code = "P-100"
    what = Says("chưa đăng nhập, hoặc phiên làm việc đã hết", "nobody is signed in, or the session is over")
    fix = Says("đăng nhập lại", "sign in again")


class WrongPassword(PipelineError):
    """Login and password do not belong together; which of the two is wrong is not told."""

    code = "P-101"
    what = Says("tên đăng nhập hoặc mật khẩu không đúng", "the login or the password is wrong")
    fix = Says(
        "gõ lại, chú ý phím Caps Lock và bộ gõ tiếng Việt; quên thì nhờ người quản trị đặt lại",
        "type it again; if it is forgotten, an administrator gives a new one",
    )


class LockedOut(PipelineError):
    """Too many wrong passwords."""

    code = "P-102"
    retry = True
    what = Says("sai mật khẩu quá nhiều lần", "too many wrong passwords")
    fix = Says(
        "đợi {minutes} phút rồi đăng nhập lại; nếu không phải bạn gõ sai, báo người quản trị",
        "wait {minutes} minutes, then sign in again; if it was not you, tell an administrator",
    )


class NotAllowed(PipelineError):
    """Someone's roles do not give the right that is asked for."""

    code = "P-103"
    what = Says("vai trò của bạn không được làm việc này", "your roles do not allow this")
    fix = Says("nhờ người có vai trò ấy, hoặc người quản trị", "ask someone who may, or an administrator")


class WeakPassword(PipelineError):
    """A new password is too easy to guess."""

    code = "P-104"
    what = Says("mật khẩu mới {reason}", "the new password {reason}")
    fix = Says(
        "chọn ít nhất {least} ký tự, như bốn từ không liên quan nhau",
        "choose {least} characters or more",
    )


class PasswordsDiffer(PipelineError):
    """A new password was typed in two ways."""

    code = "P-134"
    what = Says("hai lần gõ mật khẩu mới không giống nhau", "the new password was typed in two ways")
    fix = Says("gõ lại, hai lần như nhau", "type it again, twice the same")


class OwnPassword(PipelineError):
    """Somebody would give themselves a new password without showing the old one."""

    code = "P-131"
    what = Says("không tự cấp lại mật khẩu của chính mình ở đây", "nobody is given their own password anew here")
    fix = Says(
        "đổi ở trang Tài khoản của tôi; quên thì nhờ quản trị viên khác, hoặc chạy: bantin people password {login}",
        "change it on your own page; if it is forgotten, ask another administrator, or run:"
        " bantin people password {login}",
    )
    on_page = Says(
        "đổi ở trang Tài khoản của tôi; quên thì nhờ quản trị viên khác",
        "change it on your own page; if it is forgotten, ask another administrator",
    )


class NameTaken(PipelineError):
    """Another account has that login, or a name that reads alike."""

    code = "P-105"
    what = Says("đã có người tên {name}", "there is already someone called {name}")
    fix = Says(
        "chọn tên đăng nhập khác, hoặc ghi thêm đơn vị sau họ tên, như “Nguyễn Văn A (Phòng Thông tin)”",
        "choose another login, or add the unit to the name",
    )


class UnknownPerson(PipelineError):
    """No account has that login."""

    code = "P-106"
    what = Says("không có tài khoản {login}", "there is no account {login}")
    fix = Says("xem danh sách: bantin people list", "see the list: bantin people list")
    on_page = Says("xem danh sách ở trang Cài đặt", "see the list on the page Settings")


class LastAdmin(PipelineError):
    """Nobody would be left who can admit people."""

    code = "P-107"
    what = Says("{login} là người quản trị cuối cùng", "{login} is the last administrator")
    fix = Says("giao vai trò quản trị cho người khác trước", "give another person that role first")


class BadAccount(PipelineError):
    """An account's login, name or roles cannot be so."""

    code = "P-108"
    what = Says("{what} không dùng được: {value}", "{what} cannot be used: {value}")
    fix = Says("{how}", "{how}")


class FormExpired(PipelineError):
    """A form came without the token of the page it should have come from."""

    code = "P-109"
    what = Says("biểu mẫu không đến từ trang này, hoặc mở đã lâu", "the form is not from this page, or too old")
    fix = Says("tải lại trang rồi làm lại; chưa có gì thay đổi", "load the page again; nothing was changed")


class FilesNotTaken(PipelineError):
    """Files came from somebody whose session was over; they were not even read."""

    code = "P-130"
    what = Says("phiên làm việc đã hết nên tệp chưa được nhận", "the session was over, so the files were not taken")
    fix = Says(
        "đăng nhập lại rồi chọn lại tệp; tệp trên máy bạn vẫn còn nguyên",
        "sign in and choose them again; they are still on your machine",
    )


class NotHeard(PipelineError):
    """Somebody would sign what they have not played."""

    code = "P-111"
    what = Says("bạn chưa nghe bản này", "you have not heard this")
    fix = Says(
        "chương trình tải âm thanh bằng chính mã của nó rồi mới duyệt",
        "a program fetches the sound by its own token, then signs",
    )
    on_page = Says("bấm nghe trên trang này rồi duyệt", "play it on this page, then sign")


class WordNotThere(PipelineError):
    """A word is to be mended in a bulletin that does not have it."""

    code = "P-132"
    what = Says("bài này không có chữ “{word}”", "there is no {word!r} in this bulletin")
    fix = Says(
        "gõ đúng chữ như viết trong bài (cột bên trái), kể cả dấu; cách đọc gõ ở ô bên dưới",
        "type it as it is written in the text (the left column), accents included; how it is said goes below",
    )


class WordTaught(PipelineError):
    """Somebody else wrote how a word is said, and it would be said otherwise without a look at that."""

    code = "P-133"
    what = Says(
        "từ điển đã ghi “{word}” đọc là “{spoken}”{by}; chưa thay gì",
        "the dictionary says {word!r} as {spoken!r}{by}; nothing was replaced",
    )
    fix = Says(
        "hỏi người ấy; vẫn thay thì gửi lại với replaces là cách đọc đang ghi",
        "ask them; to replace it all the same, send what it says as `replaces`",
    )
    on_page = Says("hỏi người ấy; chắc chắn thì bấm Thay ở dưới", "ask them; if you are sure, press Replace below")


class NoReason(PipelineError):
    """Something is to be returned and nobody says why."""

    code = "P-112"
    what = Says("chưa ghi cần sửa gì", "it does not say what to mend")
    fix = Says("ghi lý do để biên tập viên biết mà sửa", "write what the editor should mend")


class NothingSent(PipelineError):
    """A form to take in a script came without file and without text."""

    code = "P-113"
    what = Says("chưa chọn tệp và cũng chưa gõ bài", "there is neither a file nor a text")
    fix = Says("chọn tệp hoặc gõ bài rồi gửi lại", "choose a file or type a text")


class BadOutput(PipelineError):
    """What somebody would enter for a line of the plan cannot be so."""

    code = "P-114"
    what = Says("chưa ghi được kết quả: {what}", "the output cannot be entered: {what}")
    fix = Says("sửa lại rồi ghi lần nữa; chưa có gì được ghi", "correct it and enter it again; nothing was kept")


class BadPeriod(PipelineError):
    """Days of which no report can be made."""

    code = "P-115"
    what = Says("kỳ báo cáo không hợp lệ: {first} – {last}", "no period for a report: {first} to {last}")
    fix = Says(
        "ghi ngày đầu rồi ngày cuối, cùng một năm, như 01/01/2026 và 30/06/2026",
        "the first day, then the last, of one year, such as 2026-01-01 and 2026-06-30",
    )


class BadRequest(PipelineError):
    """What a program asked cannot be understood."""

    code = "P-118"
    what = Says("yêu cầu không đúng: {what}", "the request cannot be understood: {what}")
    fix = Says("xem /api/v1/openapi.json", "see /api/v1/openapi.json")


class NothingThere(PipelineError):
    """What a program asked for is not there."""

    code = "P-119"
    what = Says("không có địa chỉ hay mục này", "there is no such address or thing")
    fix = Says("xem /api/v1/openapi.json", "see /api/v1/openapi.json")


class TooMuchForAPage(PipelineError):
    """A report that takes longer than a browser waits."""

    code = "P-117"
    what = Says(
        "báo cáo này có {count} lượt phát, lập trên trang thì lâu quá",
        "this report has {count} airings, which takes longer than a page may",
    )
    fix = Says(
        "lập trên máy chủ: bantin report --year {year} -o TỆP", "on the server: bantin report --year {year} -o FILE"
    )
    on_page = Says(
        "chọn kỳ ngắn hơn, hoặc nhờ người quản trị lập trên máy chủ",
        "choose fewer days, or have the administrator make it on the server",
    )


class BadTemplate(PipelineError):
    """The newsroom's own paper for reports cannot be filled in."""

    code = "P-116"
    what = Says("mẫu báo cáo {file} không dùng được: {why}", "the report's template {file} cannot be used: {why}")
    fix = Says(
        "sửa mẫu theo docs/vi/bao-cao.md, hoặc để trống template ở [report] của config.toml",
        "mend it after docs/vi/bao-cao.md, or leave template empty in [report] of config.toml",
    )


class PasswordToChange(PipelineError):
    """Somebody else chose this password; until it is changed nothing else may be done."""

    code = "P-110"
    what = Says("mật khẩu này do người khác đặt", "somebody else chose this password")
    fix = Says("đặt mật khẩu của riêng bạn trước đã", "choose one of your own first")


class TokenRefused(PipelineError):
    """A program showed no token, or one that is nobody's, or not any more; which of these is not told."""

    code = "P-121"
    what = Says(
        "thiếu mã truy cập, hoặc mã sai, hết hạn hay đã bị thu hồi",
        "there is no token, or it is wrong, over or taken back",
    )
    fix = Says(
        "lấy mã ở trang Tài khoản của tôi rồi gửi: Authorization: Bearer MÃ",
        "get one on your own page, then send: Authorization: Bearer TOKEN",
    )


class ScopeMissing(PipelineError):
    """A token is not for what is asked, or its person may not do it any more."""

    code = "P-122"
    what = Says("mã truy cập này thiếu quyền “{right}” ({scope})", "this token lacks the scope {scope}")
    fix = Says(
        "cấp mã khác có quyền ấy; vai trò của người cấp cũng phải có",
        "give another token with that scope; its person's roles must have it, too",
    )


class FromElsewhere(PipelineError):
    """A browser says that another site sends this."""

    code = "P-123"
    what = Says("yêu cầu đến từ trang khác", "the request comes from another site")
    fix = Says("mở trang của Bản Tin rồi làm ở đó", "open the page of Bản Tin and do it there")


class LengthMissing(PipelineError):
    """A body that does not say its length, or says it in two ways: it cannot be judged before it is read."""

    code = "P-124"
    what = Says("thân yêu cầu không ghi độ dài", "the body does not say its length")
    fix = Says("gửi kèm Content-Length, không dùng chunked", "send Content-Length, and not in chunks")


class SentTooMuch(PipelineError):
    """A body that is larger than what is taken there."""

    code = "P-125"
    what = Says("gửi {size} byte, quá {most} byte", "{size} bytes were sent, more than {most}")
    fix = Says("gửi tệp nhỏ hơn; giới hạn ở [intake] max_megabytes", "send less; the limit is [intake] max_megabytes")


class TooMuchAtOnce(PipelineError):
    """More is asked for at once than this machine can do."""

    code = "P-126"
    retry = True
    what = Says("máy đang bận việc cùng loại", "the machine is busy with the same kind of work")
    fix = Says("đợi vài giây rồi gửi lại", "wait a few seconds, then ask again")


# --- N: newsroom -----------------------------------------------------------------------------------------------------


class WorkerLost(PipelineError):
    """Work that ended every worker which took it up."""

    code = "N-109"
    exit_code = EXIT_BUG
    what = Says(
        "{tries} tiến trình làm việc {about} đều tắt giữa chừng",
        "{tries} workers in a row ended while they did {about}",
    )
    fix = Says(
        "xem nhật ký của bantin worker trên các máy: thiếu bộ nhớ, mất điện hay lỗi phần mềm",
        "look at the logs of bantin worker on the machines: no memory left, power cuts, or a bug",
    )
    on_page = Says(
        "báo người quản trị máy chủ xem nhật ký các máy: thiếu bộ nhớ, mất điện hay lỗi phần mềm",
        "tell the server's administrator to look at the logs: no memory left, power cuts, or a bug",
    )


class Unexpected(PipelineError):
    """A bug of ours met one script, bulletin or station; the others go on. `__cause__` keeps its trace."""

    code = "N-100"
    exit_code = EXIT_BUG
    retry = True
    what = Says("phần mềm gặp lỗi khi xử lý {about}: {reason}", "the program failed on {about}: {reason}")
    fix = Says(
        "gửi dòng này kèm tệp gây lỗi cho người phát triển; các bài và trạm khác vẫn chạy",
        "send this line and what it is about to the developers; everything else goes on",
    )


def to_record(problem: PipelineError) -> dict[str, object]:
    """A problem as plain data, for a worker to tell another machine; a field that is no text or number becomes text."""
    fields = {name: _plain(value) for name, value in problem.fields.items()}
    return {"kind": type(problem).__name__, "fields": fields}


def _plain(value: object) -> object:
    if isinstance(value, Says):
        return {"vi": value.vi, "en": value.en}
    return value if isinstance(value, str | int | float) else str(value)


def from_record(record: Mapping[str, Any]) -> PipelineError:
    """The problem that `to_record` made a record of."""
    fields = {name: Says(**value) if isinstance(value, dict) else value for name, value in record["fields"].items()}
    return _kinds(PipelineError)[record["kind"]](**fields)


def _kinds(kind: type[PipelineError]) -> dict[str, type[PipelineError]]:
    below = (found for each in kind.__subclasses__() for found in _kinds(each).items())
    return {kind.__name__: kind, **dict(below)}


_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def full_disk_of(where: object) -> Iterator[None]:
    """A disk that is found full in the block is told by this path, where the system names none, or one below it."""
    try:
        yield
    except OSError as fault:
        below = fault.filename is None or PurePath(fault.filename).is_relative_to(str(where))
        if fault.errno in _FULL and below:
            fault.filename = str(where)
        raise


def as_problem(fault: Exception, about: str) -> PipelineError:
    """One of ours for whatever stopped the work on one thing, for the few loops in which others must go on."""
    if isinstance(fault, PipelineError):
        return fault
    problem: PipelineError = Unexpected(about=about, reason=repr(fault))
    if isinstance(fault, OSError):
        where = fault.filename2 or fault.filename or about  # of a rename, where it was to go
        problem = (
            DiskFull(where=where) if fault.errno in _FULL else FileTrouble(where=where, reason=fault.strerror or fault)
        )
    problem.__cause__ = fault
    return problem


class NotApprovable(PipelineError):
    """There is nothing that could be signed, or it must not be."""

    code = "N-101"
    what = Says("không duyệt được bản tin {bulletin}: {reason}", "cannot approve {bulletin}: {reason}")
    fix = Says("{how}", "{how}")


class NotApproved(PipelineError):
    """Nothing goes out without a signature over its bytes."""

    code = "N-102"
    what = Says("bản tin {bulletin} chưa được duyệt", "{bulletin} is not approved")
    fix = Says(
        "mở bài trên trang web, nghe rồi bấm Duyệt; hoặc chạy: bantin approve {bulletin} --by TÊN",
        "open it on the web page, listen and sign; or run: bantin approve {bulletin} --by NAME",
    )
    on_page = Says("bấm vào tên bài, nghe rồi bấm Duyệt", "open it by its title, listen, then sign")


class NoStation(PipelineError):
    """A signed bulletin that no station is planned to air."""

    code = "N-105"
    what = Says("bản tin {bulletin} chưa có trạm nào phát", "no station is planned to air {bulletin}")
    fix = Says(
        "xem giờ, tiếng và tên trạm trong stations.csv, và dòng “Nơi nhận” của kịch bản",
        "see the windows, languages and names in stations.csv, and the script's recipients",
    )
    on_page = Says(
        "xem giờ phát, tiếng và dòng “Nơi nhận” của bài; khung giờ của trạm ở trang Lịch, danh sách trạm ở Cài đặt",
        "see its hours, language and recipients; the stations' windows stand on Week, their list on Settings",
    )


class NoMaster(PipelineError):
    """A bulletin is planned at stations of a kind for which it has no master."""

    code = "N-108"
    what = Says(
        "bản tin {bulletin} chưa có bản cho loại máy {profile} của trạm",
        "{bulletin} has no master for stations of the kind {profile}",
    )
    fix = Says(
        "làm: bantin run-due, nghe rồi ký lại: bantin approve {bulletin} --by TÊN",
        "make it: bantin run-due, listen, then sign anew: bantin approve {bulletin} --by NAME",
    )
    on_page = Says(
        "bấm vào tên bài, bấm Làm lại, nghe rồi bấm Duyệt",
        "open it by its title, make it again, listen, then sign",
    )


class AlreadyWithdrawn(PipelineError):
    """Nothing brings a withdrawn bulletin back."""

    code = "N-106"
    what = Says("bản tin {bulletin} đã rút, không làm lại được", "{bulletin} was withdrawn and is not made again")
    fix = Says(
        "nếu vẫn cần phát, sửa ít nhất một chữ rồi thả lại", "if it is still wanted, change a word and drop it again"
    )
    on_page = Says(
        "nếu vẫn cần phát, sửa ít nhất một chữ rồi gửi lại", "if it is still wanted, change a word and send it again"
    )


class AlertNotSent(PipelineError):
    """A message to people did not go out."""

    code = "N-107"
    retry = True
    what = Says("không gửi được tin báo qua {where}", "a message could not be sent by {where}")
    fix = Says(
        "xem mạng và địa chỉ trong tệp ghi ở [alerts] file, rồi: bantin digest --send",
        "see the network and the addresses in the file of [alerts] file, then: bantin digest --send",
    )
    on_page = Says(
        "báo người quản trị máy chủ xem mạng và các địa chỉ nhận tin",
        "tell the server's administrator to look at the network and the addresses",
    )


class NobodyToTell(PipelineError):
    """No address is set to which alarms and the morning digest go."""

    code = "N-110"
    exit_code = EXIT_CONFIG
    what = Says(
        "chưa đặt địa chỉ nhận tin báo: trạm lỗi, bản tin lỡ giờ sẽ không ai hay",
        "no address is set for alarms: nobody hears of a station that failed or an airing that was missed",
    )
    fix = Says(
        "ghi mỗi địa chỉ một dòng vào một tệp, chmod 600, rồi đặt [alerts] file trong config.toml",
        "write an address a line into a file, chmod 600, and set [alerts] file in config.toml",
    )


class SomeStationsFailed(PipelineError):
    """A push that left stations without their file; each has its own fact and reason."""

    code = "N-103"
    exit_code = EXIT_SOME_FAILED
    retry = True
    what = Says("{failed} trên {total} trạm chưa nhận được", "{failed} of {total} stations did not get their files")
    fix = Says("xem lý do ở trên; gửi lại: bantin push", "see the reasons above; push again: bantin push")
    on_page = Says(
        "xem lý do ở trang từng trạm; gửi lại thì bấm Gửi ngay ở đó",
        "see why on each station's page; to send again, press Push now there",
    )


class AllStationsFailed(SomeStationsFailed):
    """A push in which no station got its file."""

    code = "N-104"
    exit_code = EXIT_ALL_FAILED
    fix = Says(
        "xem lý do từng trạm ở trên; nếu trạm nào cũng mất kết nối, kiểm tra mạng của máy này, rồi chạy: bantin push",
        "see each station's reason above; if none can be reached, check this machine's network, then: bantin push",
    )
    on_page = Says(
        "xem lý do ở trang từng trạm; trạm nào cũng mất kết nối thì báo người quản trị xem mạng của máy chủ",
        "see why on each station's page; if none answers, tell the administrator to look at the server's network",
    )


class StationsLacking(PipelineError):
    """An audit found stations without something that they should hold, or with something damaged."""

    code = "N-111"
    exit_code = EXIT_SOME_FAILED
    what = Says("{lacking} trên {total} trạm thiếu tệp hoặc có tệp hỏng", "{lacking} of {total} stations lack files")
    fix = Says("lượt gửi tới gửi lại; gửi ngay: bantin push", "the next push sends them again; now: bantin push")
    on_page = Says(
        "lượt gửi tới gửi lại; gửi ngay thì bấm Gửi ngay ở trang của trạm",
        "the next push sends them again; at once: press Push now on the station's page",
    )


class StationsUnseen(PipelineError):
    """An audit that could not look at some stations; each has its own reason."""

    code = "N-112"
    exit_code = EXIT_SOME_FAILED
    retry = True
    what = Says("{failed} trên {total} trạm không xem được", "{failed} of {total} stations could not be looked at")
    fix = Says("xem lý do ở trên; xem lại: bantin verify", "see the reasons above; look again: bantin verify")
    on_page = Says("xem lý do ở trang từng trạm", "see why on each station's page")


class NoStationSeen(StationsUnseen):
    """An audit that could look at no station."""

    code = "N-113"
    exit_code = EXIT_ALL_FAILED


class StationsHolding(PipelineError):
    """A recall that did not get everywhere yet."""

    code = "N-114"
    exit_code = EXIT_SOME_FAILED
    retry = True
    what = Says("{failed} trên {total} trạm chưa gỡ xong", "not yet off {failed} of {total} stations")
    fix = Says(
        "Bản Tin tự thử lại; thử ngay: bantin recall {bulletin}",
        "it is tried again by itself; now: bantin recall {bulletin}",
    )
    on_page = Says("máy tự thử lại cho tới khi gỡ xong", "it is tried again by itself until it is done")


def next_step_of(code: str, station: str) -> Says:
    """What to do about a fault of a station that is known only by its code."""
    return _next_step(code, station, lambda kind: kind.fix)


def page_step_of(code: str, station: str) -> Says:
    """The same for whoever reads it on a page."""
    return _next_step(code, station, lambda kind: kind.fix_on_page())


def _next_step(code: str, station: str, of: Callable[[type[PipelineError]], Says]) -> Says:
    """That of its kind, or of deliveries where its kind has to know more than the station."""
    kind = next((kind for kind in _kinds(PipelineError).values() if kind.code == code), DeliveryError)
    try:
        return of(kind).format(station=station)
    except KeyError:
        return of(DeliveryError).format(station=station)
