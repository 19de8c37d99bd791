"""config.toml and stations.csv → frozen records. Every fault is reported at once, before any work starts."""

import csv
import difflib
import io
import posixpath
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from pipeline.core.errors import ConfigError, NoWorkspace
from pipeline.core.model import (
    Codec,
    Commune,
    Dbtp,
    Ducking,
    Kind,
    Language,
    Lufs,
    Profile,
    Programme,
    Seconds,
    Slot,
    Station,
    StationCode,
    Technology,
    Template,
    Treatment,
    Verification,
    Window,
)

CONFIG_NAME = "config.toml"
STATIONS_NAME = "stations.csv"
DICTIONARY_NAME = "tu-dien.tsv"
TRANSPORTS = ("sftp", "folder")
"""What the column transport may say; wiring has one of each."""
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as problem:
        raise ValueError(f"không có múi giờ {name!r} / unknown time zone") from problem
    return name


def _line(template: str) -> str:
    unknown = set(re.findall(r"\{[^{}]*\}?|\}", template)) - {"{title}", "{date}", "{place}"}
    if unknown:
        wrong = ", ".join(sorted(unknown))
        raise ValueError(f"chỉ dùng được {{title}}, {{date}} và {{place}} / only these three: not {wrong}")
    return template


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
    proxy: str = ""


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
            raise ValueError("opus chỉ có 48000 Hz: ghi sample_rate = 48000 / Opus has only 48000 Hz")
        if self.band_hz and not self.band_hz[0] * 2 <= self.band_hz[1]:
            raise ValueError("band_hz: [thấp, cao], cao gấp đôi thấp trở lên / low, then high, at least twice as high")
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
    slots: tuple[time, ...] = Field((time(5), time(17)), min_length=1)
    rundown: str = "mac-dinh"
    engines: tuple[Literal["edge", "local", "embedded"], ...] = ("edge", "embedded")
    embedded_may_air: bool = False
    tell: tuple[Annotated[str, AfterValidator(_line)], ...] = ()
    document_codes: Literal["day-du", "gon", "bo"] = "gon"
    opening: Mapping[Language, Annotated[str, AfterValidator(_line)]] = Field(default_factory=dict)
    closing: Mapping[Language, Annotated[str, AfterValidator(_line)]] = Field(default_factory=dict)


class Delivery(_Section):
    """How the nightly push works."""

    stations_at_once: int = Field(32, ge=1, le=64)
    deadline_seconds: float = Field(1800, gt=0)
    ahead_hours: float = Field(36, gt=0)


class Clock(_Section):
    """When things happen by themselves."""

    push_at: time = time(22)
    scan_seconds: float = Field(10, ge=0.2)


class YearPlan(_Section):
    """The plan's lines and what counts."""

    count_share: float = Field(0.8, gt=0, le=1)
    bulletins: int = Field(50, ge=0)
    documents: int = Field(440, ge=0)
    clips: int = Field(24, ge=0)
    trainees: int = Field(80, ge=0)


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
    plan: YearPlan = YearPlan()

    @model_validator(mode="after")
    def _rundowns_exist(self) -> "Settings":
        for code, programme in self.programmes.items():
            if programme.rundown not in self.rundowns:
                near = difflib.get_close_matches(programme.rundown, self.rundowns, n=1, cutoff=0)[0]
                told = f"programmes.{code}.rundown: không có {programme.rundown!r}; gần nhất / nearest: {near}"
                raise ValueError(told)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A workspace's settings and stations, checked as a whole."""

    workspace: Path
    settings: Settings
    programmes: Mapping[str, Programme]
    """By code; the first is the one a script belongs to when it names none."""
    profiles: Mapping[str, Profile]
    treatment: Treatment
    """Of recordings."""
    stations: Mapping[StationCode, Station]

    @property
    def zone(self) -> ZoneInfo:
        """The zone of every local time."""
        return ZoneInfo(self.settings.newsroom.timezone)

    @property
    def scripts(self) -> Path:
        """The drop folder."""
        return self.workspace / self.settings.paths.scripts

    @property
    def bulletins(self) -> Path:
        """The folder of finished bulletins."""
        return self.workspace / self.settings.paths.bulletins

    @property
    def dictionary(self) -> Path:
        """The editor's own dictionary, whether or not there is one."""
        return self.workspace / self.settings.reading.dictionary

    @property
    def state(self) -> Path:
        """Ledger and store."""
        return self.workspace / self.settings.paths.state


def load(workspace: Path) -> Config:
    """Read and check a workspace's config.toml and stations.csv.

    Raises:
        NoWorkspace: there is no config.toml.
        ConfigError: with every fault of both files, one a line.
    """
    file = workspace / CONFIG_NAME
    if not file.is_file():
        raise NoWorkspace(folder=workspace)
    settings = _settings(file)
    profiles = {name: _profile(name, p) for name, p in settings.profiles.items()}
    stations, faults = _stations(workspace / STATIONS_NAME, workspace, profiles)
    if faults:
        raise ConfigError(file=STATIONS_NAME, faults="\n".join(faults))
    return Config(
        workspace=workspace,
        settings=settings,
        programmes={code: _programme(code, p, settings) for code, p in settings.programmes.items()},
        profiles=profiles,
        treatment=_treatment(settings.recordings),
        stations=stations,
    )


def _settings(file: Path) -> Settings:
    try:
        raw = tomllib.loads(file.read_text("utf-8-sig"))
        return Settings(**raw)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError(file=CONFIG_NAME, faults=f"  {problem}") from problem
    except SettingsError as problem:  # a variable that should hold a table and does not
        raise ConfigError(file="BANTIN_*", faults=f"  {problem}") from problem
    except ValidationError as problem:
        raise ConfigError(file=CONFIG_NAME, faults="\n".join(_fault(e) for e in problem.errors())) from problem


_FAULTS = {
    "missing": "thiếu mục này",
    "literal_error": "chỉ được một trong: {expected}",
    "enum": "chỉ được một trong: {expected}",
    "int": "phải là số nguyên",
    "float": "phải là số",
    "bool": "phải là true hoặc false",
    "string": "phải là chữ trong ngoặc kép",
    "time": "phải là giờ, như 05:00",
    "greater_than_equal": "phải từ {ge} trở lên",
    "greater_than": "phải lớn hơn {gt}",
    "less_than": "phải không quá {le}",
    "too_short": "phải có ít nhất {min_length} mục",
}
"""What pydantic's kinds of fault (by the beginning of their names) are called in Vietnamese."""


def _fault(error: Any) -> str:  # noqa: ANN401 - pydantic's own record of a fault
    where = [str(part) for part in error["loc"]]
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(where[-1], _known(where[:-1]), n=1, cutoff=0.4)
        hint = f"; gần nhất / nearest: {near[0]}" if near else ""
        return f"  {'.'.join(where)}: không có mục này / unknown key{hint}"
    words = next((words for kind, words in _FAULTS.items() if error["type"].startswith(kind)), "giá trị không đúng")
    said = words.format(**error.get("ctx", {}))
    return f"  {'.'.join(where)}: {said} / {error['msg']} ({error['input']!r})"


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


def _profile(name: str, p: ProfileSettings) -> Profile:
    return Profile(
        name=name,
        codec=p.codec,
        channels=p.channels,
        sample_rate=p.sample_rate,
        kbps=p.kbps,
        target=Lufs(p.target_lufs),
        ceiling=Dbtp(p.ceiling_dbtp),
        most_reduction=p.most_reduction_db,
        xing=p.xing,
        band=(p.band_hz[0], p.band_hz[1]) if p.band_hz else None,
        ratio=p.compress_ratio,
    )


def _treatment(r: Recordings) -> Treatment:
    return Treatment(
        highpass=r.highpass_hz, hum=r.remove_hum, gate=r.gate, denoise=r.denoise, even=r.even_db,
        longest_gap=Seconds(r.longest_gap),
    )  # fmt: skip


def _template(r: RundownSettings) -> Template:
    return Template(
        ident=r.ident,
        sting=r.sting,
        outro=r.outro,
        bed=r.bed,
        crossfade=Seconds(r.crossfade_seconds),
        after_ident=Seconds(r.pause_after_ident),
        around_sting=Seconds(r.pause_around_sting),
        after_recording=Seconds(r.pause_after_recording),
        ducking=Ducking(
            under=r.bed_under_db,
            between=r.bed_between_db,
            attack=Seconds(r.bed_attack),
            hold=Seconds(r.bed_hold),
            release=Seconds(r.bed_release),
        ),
    )


def _programme(code: str, p: ProgrammeSettings, settings: Settings) -> Programme:
    return Programme(
        code=code,
        title=p.title,
        slots=tuple(Slot(at=at) for at in p.slots),
        kind=p.kind,
        language=p.language,
        template=_template(settings.rundowns[p.rundown]),
        opening=dict(p.opening),
        closing=dict(p.closing),
        engines=p.engines,
        embedded_may_air=p.embedded_may_air,
        tell=p.tell,
        document_codes=p.document_codes,
    )


# --- stations.csv ----------------------------------------------------------------------------------------------------


def _stations(
    file: Path, workspace: Path, profiles: Mapping[str, Profile]
) -> tuple[dict[StationCode, Station], list[str]]:
    stations: dict[StationCode, Station] = {}
    places: dict[tuple[object, ...], StationCode] = {}
    faults: list[str] = []
    for line, row in _rows(file, faults):
        try:
            station = _station(row, workspace, profiles)
        except ValueError as problem:
            faults.append(f"  dòng / line {line}: {problem}")
            continue
        if station.code in stations:
            faults.append(f"  dòng / line {line}: mã {station.code} đã có ở dòng trên / code used twice")
        if (other := places.setdefault(_place(station), station.code)) != station.code:
            faults.append(f"  dòng / line {line}: cùng máy, cùng thư mục với trạm {other} / same folder as {other}")
        stations[station.code] = station
    return stations, faults


def _place(station: Station) -> tuple[object, ...]:
    """Where a station's files go: two stations in one folder would take each other's papers for their own."""
    folder = posixpath.normpath(station.folder)
    return station.transport, station.host.lower(), station.port, station.user, folder


_COLUMNS = (
    "code", "commune", "name", "host", "port", "user", "key", "host_key", "folder", "transport", "technology",
    "profile", "windows", "languages", "verification", "since", "until", "predecessors",
)  # fmt: skip


def _rows(file: Path, faults: list[str]) -> list[tuple[int, dict[str, str]]]:
    """The rows with their line numbers. Excel separates by commas or semicolons as the system's region says."""
    if not file.is_file():
        faults.append("  không thấy tệp; nếu là .xlsx, lưu lại thành “CSV UTF-8” / it is missing; save an .xlsx as CSV")
        return []
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        faults.append("  tệp không phải UTF-8: lưu lại bằng “CSV UTF-8” / not UTF-8: save it as “CSV UTF-8”")
        return []
    first = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ",")
    for column in reader.fieldnames or ():
        if column not in _COLUMNS:
            near = difflib.get_close_matches(column, _COLUMNS, n=1, cutoff=0)[0]
            faults.append(f"  cột “{column}”: không có; gần nhất {near} / unknown column; nearest: {near}")
    return [
        (reader.line_num, {k: (v or "").strip() for k, v in row.items() if isinstance(k, str) and isinstance(v, str)})
        for row in reader
        if any(row.values())
    ]


def _station(row: Mapping[str, str], workspace: Path, profiles: Mapping[str, Profile]) -> Station:
    code = row.get("code", "")
    if not _CODE.fullmatch(code):
        raise ValueError(f"mã trạm “{code}” phải là chữ, số, dấu gạch không dấu / not a plain code")
    transport = row.get("transport") or "sftp"
    profile = row.get("profile") or next(iter(profiles))
    if profile not in profiles:
        raise ValueError(f"không có hồ sơ “{profile}”; có: {', '.join(profiles)} / unknown profile")
    if transport not in TRANSPORTS:
        raise ValueError(f"không có cách gửi “{transport}”; có: {', '.join(TRANSPORTS)} / unknown transport")
    if transport == "sftp" and not (row.get("host") and row.get("user") and row.get("host_key")):
        raise ValueError("trạm sftp cần host, user và host_key / an sftp station needs host, user and host_key")
    return Station(
        code=StationCode(code),
        commune=_commune(row),
        host=row.get("host", ""),
        port=_port(row.get("port") or "22"),
        user=row.get("user", ""),
        key=str(workspace / row["key"]) if row.get("key") else "",
        host_key=row.get("host_key", ""),
        folder=row.get("folder") or ".",
        transport=transport,
        technology=Technology(row.get("technology") or "IP"),
        profile=profile,
        windows=tuple(_window(part) for part in row.get("windows", "").split()),
        languages=tuple(Language(part) for part in row.get("languages", "").split()) or tuple(Language),
        verification=Verification(row.get("verification") or "hash"),
    )


def _commune(row: Mapping[str, str]) -> Commune:
    if not row.get("name"):
        raise ValueError("thiếu tên xã / the commune has no name")
    return Commune(
        code=row.get("commune", ""),
        name=row["name"],
        since=date.fromisoformat(row["since"]) if row.get("since") else None,
        until=date.fromisoformat(row["until"]) if row.get("until") else None,
        predecessors=tuple(row.get("predecessors", "").split()),
    )


def _port(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) < 65536):
        raise ValueError(f"cổng “{text}” không đúng / not a port")
    return int(text)


def _window(text: str) -> Window:
    start, _, end = text.partition("-")
    try:
        return Window(time.fromisoformat(start), time.fromisoformat(end))
    except ValueError as problem:
        raise ValueError(f"cột windows: “{text}” viết như 04:30-06:00 / write a window like 04:30-06:00") from problem
