"""config.toml → frozen settings. Every fault is reported at once, before any work starts."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, time
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from pipeline.config.windows import window
from pipeline.core.errors import ConfigError, Says, Unreadable, lines
from pipeline.core.model import Codec, Kind, Language
from pipeline.core.pay import Measure, Part

CONFIG_NAME = "config.toml"
DICTIONARY_NAME = "tu-dien.tsv"


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as problem:
        raise Unreadable(f"không có múi giờ “{name}”", f"there is no time zone “{name}”") from problem
    return name


def _line(template: str) -> str:
    unknown = set(re.findall(r"\{[^{}]*\}?|\}", template)) - {"{title}", "{date}", "{place}"}
    if unknown:
        wrong = ", ".join(sorted(unknown))
        vi, en = "chỉ dùng được {title}, {date} và {place}", "only {title}, {date} and {place} may stand in it"
        raise Unreadable(f"{vi}, không phải {wrong}", f"{en}, not {wrong}")
    return template


def _window(text: str) -> str:
    window(text)
    return text


def _database(url: str) -> str:
    if not url:
        return url
    if not url.startswith("postgresql://"):
        example = "postgresql://bantin@10.0.0.5/bantin"
        raise Unreadable(f"viết như {example}", f"write a URL such as {example}")
    if urlsplit(url).password is not None or "password=" in url:
        raise Unreadable("mật khẩu không nằm ở đây, mà ở ~/.pgpass", "the password belongs into ~/.pgpass, not here")
    return url


def _proxy(url: str) -> str:
    parts = urlsplit(url)
    if url and not (parts.scheme in {"http", "https"} and parts.hostname):
        example = "http://10.0.0.1:3128"
        raise Unreadable(f"“{url}”: viết cả http://, như {example}", f"“{url}”: write it with http://, as {example}")
    return url


def _local(at: time) -> time:
    if at.tzinfo:
        raise Unreadable("ghi giờ địa phương, không kèm múi giờ", "write the local time, without a zone")
    return at


def _prefix(path: str) -> str:
    if path and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", path):
        raise Unreadable(
            f"“{path}”: viết như /bantin, có gạch chéo ở đầu, không có ở cuối",
            f"“{path}”: write it as /bantin, with a slash before it and none at its end",
        )
    return path


def _network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError as problem:
        vi, en = "viết như 127.0.0.1 hoặc 10.0.0.0/8", "write it as 127.0.0.1 or 10.0.0.0/8"
        raise Unreadable(f"“{text}”: {vi}", f"“{text}”: {en}") from problem
    return text


_Time = Annotated[time, AfterValidator(_local)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Newsroom(_Section):
    """Who we are, which clock we live by, which language messages are in."""

    name: str = "Sở Văn hóa, Thể thao và Du lịch tỉnh Cà Mau"
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Ho_Chi_Minh"
    language: Literal["vi", "en"] = "vi"
    place: Mapping[Language, str] = Field(default_factory=lambda: {Language.VI: "Cà Mau", Language.KM: "កាម៉ៅ"})


class Paths(_Section):
    """Folders, relative to the workspace unless absolute."""

    scripts: Path = Path("scripts")
    bulletins: Path = Path("bulletins")
    state: Path = Path("bulletins/.state")


class Intake(_Section):
    """When a dropped file is taken."""

    settle_seconds: float = Field(5, ge=0)
    max_megabytes: int = Field(200, gt=0)


class Reading(_Section):
    """How text is spoken."""

    register_: Literal["nam", "bac"] = Field("nam", alias="register")
    dictionary: Path = Path(DICTIONARY_NAME)


class Voices(_Section):
    """Which voices there are."""

    vietnamese: Literal["bac", "nam", "trung"] = "bac"
    vietnamese_rate: int = Field(120, ge=80, le=300)
    vietnamese_pitch: int = Field(50, ge=0, le=99)
    khmer_rate: int = Field(165, ge=80, le=300)
    khmer_pitch: int = Field(50, ge=0, le=99)
    online: bool = True
    online_minutes: int = Field(15, ge=1, le=240)
    online_rate: int = Field(0, ge=-50, le=100)
    models: str = ""
    models_speed: float = Field(1.0, ge=0.5, le=2)
    proxy: Annotated[str, AfterValidator(_proxy)] = ""


class Tools(_Section):
    """Programs of the system."""

    ffmpeg: str = ""


class Recordings(_Section):
    """How recordings are made fit to air."""

    highpass_hz: float = Field(70, ge=0, le=300)
    remove_hum: bool = True
    denoise: bool = False
    gate: bool = False
    even_db: float = Field(6, ge=0, le=12)
    longest_gap: float = Field(2, ge=0, le=60)


class ProfileSettings(_Section):
    """The sound file a kind of station wants."""

    codec: Codec = Codec.MP3
    channels: Literal[1, 2] = 1
    sample_rate: Literal[32000, 44100, 48000] = 44100
    kbps: Literal[48, 56, 64, 80, 96, 112, 128, 160, 192] = 64
    target_lufs: float = Field(-16.0, ge=-31, le=-10)
    ceiling_dbtp: float = Field(-1.5, ge=-9, le=-0.5)
    most_reduction_db: float = Field(20, ge=1, le=40)
    xing: bool = False
    band_hz: tuple[()] | tuple[Annotated[float, Field(ge=50)], Annotated[float, Field(le=20000)]] = ()
    compress_ratio: float = Field(1, ge=1, le=10)

    @model_validator(mode="after")
    def _fits(self) -> "ProfileSettings":
        if self.codec is Codec.OPUS and self.sample_rate != 48000:
            raise Unreadable(
                "opus chỉ có 48000 Hz: ghi sample_rate = 48000", "Opus has only 48000 Hz: write sample_rate = 48000"
            )
        if self.band_hz and not self.band_hz[0] * 2 <= self.band_hz[1]:
            raise Unreadable(
                "band_hz: ghi [thấp, cao], cao gấp đôi thấp trở lên",
                "band_hz: write [low, high], the high one at least twice the low one",
            )
        return self


_PROFILES = {
    "loa-xa": ProfileSettings(),
    "loa-nen": ProfileSettings(band_hz=(300, 6000), compress_ratio=3, ceiling_dbtp=-2.0),
    "phong-thu": ProfileSettings(codec=Codec.BWF, channels=2, sample_rate=48000, target_lufs=-23.0, ceiling_dbtp=-1.0),
}


class RundownSettings(_Section):
    """How the parts of a programme are put together."""

    ident: str = "mac-dinh"
    sting: str = "mac-dinh"
    outro: str = "không"
    bed: str = "không"
    crossfade_seconds: float = Field(0.8, ge=0, le=5)
    pause_after_ident: float = Field(0.3, ge=0, le=10)
    pause_around_sting: float = Field(0.4, ge=0, le=10)
    pause_after_recording: float = Field(0.5, ge=0, le=10)
    bed_under_db: float = Field(-20, ge=-60, le=0)
    bed_between_db: float = Field(-12, ge=-60, le=0)
    bed_attack: float = Field(0.35, ge=0.02, le=5)
    bed_hold: float = Field(0.5, ge=0, le=10)
    bed_release: float = Field(0.6, ge=0.02, le=10)


class ProgrammeSettings(_Section):
    """A recurring show."""

    title: str
    kind: Kind = Kind.CT
    language: Language = Language.VI
    slots: tuple[_Time, ...] = Field((time(5), time(17)), min_length=1)
    rundown: str = "mac-dinh"
    engines: tuple[Literal["edge", "local", "embedded"], ...] = ("edge", "embedded")
    embedded_may_air: bool = False
    tell: tuple[Annotated[str, AfterValidator(_line)], ...] = ()
    document_codes: Literal["day-du", "gon", "bo"] = "gon"
    opening: Mapping[Language, Annotated[str, AfterValidator(_line)]] = Field(default_factory=dict)
    closing: Mapping[Language, Annotated[str, AfterValidator(_line)]] = Field(default_factory=dict)


class Delivery(_Section):
    """How the nightly push works."""

    stations_at_once: int = Field(32, ge=1, le=32)
    deadline_seconds: float = Field(1800, gt=0)
    ahead_hours: float = Field(36, gt=0)
    margin_minutes: float = Field(15, ge=0, le=720)


class Clock(_Section):
    """When things happen by themselves."""

    push_at: _Time = time(22)
    scan_seconds: float = Field(10, ge=0.2)


class LedgerSettings(_Section):
    """Where the ledger is kept."""

    database: Annotated[str, AfterValidator(_database)] = ""


class Jobs(_Section):
    """Who does the work."""

    queue: Literal["local", "procrastinate"] = "local"
    heartbeat_seconds: float = Field(10, ge=0.5, le=300)


class Alerts(_Section):
    """Who hears of trouble."""

    file: str = ""
    digest_at: _Time = time(6, 30)


class Approvals(_Section):
    """Who may sign."""

    by_author: bool = False


class Web(_Section):
    """The desk in the browser."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    prefix: Annotated[str, AfterValidator(_prefix)] = ""
    proxies: tuple[str, ...] = ("127.0.0.1",)
    metrics_from: tuple[Annotated[str, AfterValidator(_network)], ...] = ()


def _address(url: str) -> str:
    """An address that podcasts and links may carry: its feeds are public, so it is https but where it is only tried."""
    if not url:
        return url
    example = "https://loa.example.vn/bantin"
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as problem:
        raise Unreadable(f"“{url}”: viết như {example}", f"“{url}”: write it as {example}") from problem
    if parts.scheme not in {"http", "https"} or not host:
        raise Unreadable(f"“{url}”: viết cả https://, như {example}", f"“{url}”: write it with https://, as {example}")
    if parts.scheme == "http" and not _near(host):
        raise Unreadable(
            f"“{url}”: phải là https://; http:// chỉ dùng để thử, với địa chỉ của chính máy hay mạng nội bộ",
            f"“{url}”: must be https://; http:// is for a trial, at an address of this machine or of a private network",
        )
    if url.endswith("/"):
        raise Unreadable(f"“{url}”: bỏ gạch chéo ở cuối", f"“{url}”: leave out the slash at its end")
    if parts.query or parts.fragment or parts.username is not None:
        raise Unreadable(f"“{url}”: bỏ phần có ?, # hay tên đăng nhập", f"“{url}”: leave out what has ?, # or a login")
    return url


def _near(host: str) -> bool:
    """Whether a name is an address of this machine or of a private network."""
    try:
        return host == "localhost" or ip_address(host).is_private
    except ValueError:
        return False


def _mail(address: str) -> str:
    if address and not re.fullmatch(r"[^@\s<>,]+@[^@\s<>,]+\.[^@\s<>,]+", address):
        raise Unreadable(f"“{address}”: viết như phatthanh@vi-du.vn", f"“{address}”: write it as phatthanh@vi-du.vn")
    return address


_ABOUT = {
    Language.VI: "Các bản tin đã duyệt và đã tới giờ phát, để nghe lại.",
    Language.KM: "ព័ត៌មានដែលបានអនុម័ត និងដល់ម៉ោងផ្សាយ សម្រាប់ស្តាប់ឡើងវិញ។",
}


class Library(_Section):
    """What anybody may hear and read, and the podcasts of it."""

    public: bool = False
    address: Annotated[str, AfterValidator(_address)] = ""
    programmes: tuple[str, ...] = ()
    title: str = Field("Nghe lại bản tin", min_length=1)
    description: Mapping[Language, str] = Field(default_factory=lambda: {**_ABOUT})
    author: str = ""
    mail: Annotated[str, AfterValidator(_mail)] = ""
    category: Literal[
        "Arts", "Business", "Comedy", "Education", "Fiction", "Government", "Health & Fitness", "History",
        "Kids & Family", "Leisure", "Music", "News", "Religion & Spirituality", "Science", "Society & Culture",
        "Sports", "TV & Film", "Technology", "True Crime",
    ] = "Government"  # fmt: skip
    explicit: bool = False
    items: int = Field(100, ge=1, le=500)

    @model_validator(mode="after")
    def _has_an_address(self) -> "Library":
        if self.public and not self.address:
            raise Unreadable("mở thư viện thì phải ghi địa chỉ ở address", "a public library needs its address")
        return self


class ReportSettings(_Section):
    """What stands on the paper of a report beside its figures."""

    superior: str = "ỦY BAN NHÂN DÂN TỈNH CÀ MAU"
    symbol: str = "BC-SVHTTDL"
    place: str = "Cà Mau"
    signer: str = "GIÁM ĐỐC"
    recipients: tuple[str, ...] = ("UBND tỉnh", "Lưu: VT")
    template: str = ""


class PayRate(_Section):
    """What one part in a bulletin is paid from a day on."""

    since: date
    part: Part
    measure: Measure
    dong: int = Field(ge=0)
    kind: Kind | None = None
    language: Language | None = None


class Pay(_Section):
    """What those who make bulletins are paid."""

    page_letters: int = Field(1800, ge=100)
    rates: tuple[PayRate, ...] = ()


_THEMES = {
    "chinh-sach-dan-toc": "Chính sách dân tộc",
    "suc-khoe-cong-dong": "Sức khoẻ cộng đồng",
    "doi-song": "Đời sống",
}


class YearPlan(_Section):
    """The plan's lines and what counts; when nothing airs."""

    quiet: tuple[Annotated[str, AfterValidator(_window)], ...] = ("22:00-04:00",)
    holidays: tuple[date, ...] = ()
    count_share: float = Field(0.8, gt=0, le=1)
    bulletins: int = Field(50, ge=0)
    documents: int = Field(440, ge=0)
    clips: int = Field(24, ge=0)
    trainees: int = Field(80, ge=0)
    themes: Mapping[str, str] = Field(default_factory=lambda: {**_THEMES})


class Settings(BaseSettings):
    """All of config.toml. An environment variable such as BANTIN_CLOCK__PUSH_AT wins over the file."""

    model_config = SettingsConfigDict(env_prefix="BANTIN_", env_nested_delimiter="__", frozen=True, extra="forbid")

    newsroom: Newsroom = Newsroom()
    paths: Paths = Paths()
    intake: Intake = Intake()
    reading: Reading = Reading()
    voices: Voices = Voices()
    tools: Tools = Tools()
    recordings: Recordings = Recordings()
    rundowns: Mapping[str, RundownSettings] = Field({"mac-dinh": RundownSettings()}, min_length=1)
    profiles: Mapping[str, ProfileSettings] = Field(_PROFILES, min_length=1)
    programmes: Mapping[str, ProgrammeSettings] = Field(min_length=1)
    delivery: Delivery = Delivery()
    clock: Clock = Clock()
    ledger: LedgerSettings = LedgerSettings()
    jobs: Jobs = Jobs()
    alerts: Alerts = Alerts()
    approvals: Approvals = Approvals()
    web: Web = Web()
    plan: YearPlan = YearPlan()
    report: ReportSettings = ReportSettings()
    library: Library = Library()
    pay: Pay = Pay()

    @model_validator(mode="after")
    def _queue_has_its_database(self) -> "Settings":
        if self.jobs.queue == "procrastinate" and not self.ledger.database:
            needs = "procrastinate cần [ledger] database", "procrastinate needs [ledger] database"
            raise Unreadable(*(f"jobs.queue: {words}" for words in needs))
        return self

    @model_validator(mode="after")
    def _rundowns_exist(self) -> "Settings":
        for code, programme in self.programmes.items():
            if programme.rundown not in self.rundowns:
                raise _unknown(f"programmes.{code}.rundown", programme.rundown, self.rundowns)
        return self

    @model_validator(mode="after")
    def _public_programmes_exist(self) -> "Settings":
        for code in self.library.programmes:
            if code not in self.programmes:
                raise _unknown("library.programmes", code, self.programmes)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then the file."""
        return env_settings, init_settings


def _unknown(where: str, name: str, known: Iterable[str]) -> Unreadable:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0)[0]
    vi, en = f"không có “{name}”; gần nhất: {near}", f"there is no “{name}”; nearest: {near}"
    return Unreadable(f"{where}: {vi}", f"{where}: {en}")


def read_settings(file: Path) -> Settings:
    """The settings in a file.

    Raises:
        ConfigError: with every fault, one a line.
    """
    try:
        raw = tomllib.loads(file.read_text("utf-8-sig"))
        return Settings(**raw)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError(file=CONFIG_NAME, faults=f"  {problem}") from problem
    except SettingsError as problem:  # a variable that should hold a table and does not
        raise ConfigError(file="BANTIN_*", faults=f"  {problem}") from problem
    except ValidationError as problem:
        raise ConfigError(file=CONFIG_NAME, faults=lines(_fault(e) for e in problem.errors())) from problem


_FAULTS = {
    "missing": "thiếu mục này",
    "literal_error": "chỉ được một trong: {expected}",
    "enum": "chỉ được một trong: {expected}",
    "int": "phải là số nguyên",
    "float": "phải là số",
    "bool": "phải là true hoặc false",
    "string_too_short": "không được để trống",
    "string": "phải là chữ trong ngoặc kép",
    "time": "phải là giờ, như 05:00",
    "date": "phải là ngày, như 2027-02-06",
    "tuple": "phải là danh sách trong ngoặc vuông",
    "greater_than_equal": "phải từ {ge} trở lên",
    "greater_than": "phải lớn hơn {gt}",
    "less_than": "phải không quá {le}",
    "too_short": "phải có ít nhất {min_length} mục",
}
"""What pydantic's kinds of fault (by the beginning of their names) are called in Vietnamese."""


_SECRET = {"database"}
"""Settings whose value is never shown: somebody may have written a password there."""


def _fault(error: Any) -> Says:  # noqa: ANN401 - pydantic's own record of a fault
    """What is wrong and where, in each language: in our own words where a check of ours refused it."""
    where = [str(part) for part in error["loc"]]
    at, context = f"  {'.'.join(where)}: " if where else "  ", error.get("ctx", {})
    if isinstance(ours := context.get("error"), Unreadable):
        return Says(f"{at}{ours.says.vi}", f"{at}{ours.says.en}")
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(where[-1], _known(where[:-1]), n=1, cutoff=0.4)
        vi, en = (f"; gần nhất: {near[0]}", f"; nearest: {near[0]}") if near else ("", "")
        return Says(f"{at}không có mục này{vi}", f"{at}there is no such key{en}")
    words = next((words for kind, words in _FAULTS.items() if error["type"].startswith(kind)), "giá trị không đúng")
    said = words.format(**context).replace(" or ", " hoặc ")
    seen = "" if {*where} & _SECRET else f" ({error['input']!r})"
    return Says(f"{at}{said}{seen}", f"{at}{error['msg']}{seen}")


def _known(where: list[str]) -> list[str]:
    """The keys that may stand at a place in the file."""
    model: type[BaseModel] = Settings
    for part in where:
        if part in {"profiles", "programmes"} and model is Settings:
            model = ProfileSettings if part == "profiles" else ProgrammeSettings
        elif part in model.model_fields and model is Settings:
            kind = model.model_fields[part].annotation
            model = kind if isinstance(kind, type) and issubclass(kind, BaseModel) else model
    return [field.alias or name for name, field in model.model_fields.items()]
