"""A workspace: its settings and stations, checked as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline.config.registry import EXCEL_NAME, STATIONS_NAME, Registry, find_registry, read_stations
from pipeline.config.settings import (
    CONFIG_NAME,
    ProfileSettings,
    ProgrammeSettings,
    Recordings,
    RundownSettings,
    Settings,
    read_settings,
)
from pipeline.config.windows import window
from pipeline.core.errors import ConfigError, NoWorkspace, lines
from pipeline.core.model import (
    Dbtp,
    Digest,
    Ducking,
    Lufs,
    Profile,
    Programme,
    Seconds,
    Slot,
    Station,
    StationCode,
    Template,
    Treatment,
    Window,
    digest_of,
)


@dataclass(frozen=True, kw_only=True)
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
    rows: Registry
    """The same as the registry's file has them, with their lines."""
    fingerprint: Digest = Digest("")
    """Of all of the above: it changes whenever any of it does."""
    stamp: str = ""
    """What the files looked like just before they were read; see `stamp`."""

    def at_place(self, station: Station) -> tuple[Station, ...]:
        """A station, and those whose files go to the same place before or after it: of a commune that was merged."""
        return self._by_place.get(station.place, (station,))

    def first_at_place(self, station: Station) -> StationCode:
        """The code by which all rows of a station's place are locked: one visit at a time to a folder."""
        return min(one.code for one in self.at_place(station))

    @cached_property
    def _by_place(self) -> Mapping[str, tuple[Station, ...]]:
        found: dict[str, tuple[Station, ...]] = {}
        for station in self.stations.values():
            found[station.place] = (*found.get(station.place, ()), station)
        return found

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


def stamp(workspace: Path) -> str:
    """What a workspace's files look like from outside, size and time: cheap, and another when one was written anew."""
    return " ".join(_look(workspace / name) for name in (CONFIG_NAME, STATIONS_NAME, EXCEL_NAME))


def _look(file: Path) -> str:
    try:
        seen = file.stat()
    except OSError:
        return "-"
    return f"{seen.st_size}@{seen.st_mtime_ns}"


def load(workspace: Path, *, whole: bool = True) -> Config:
    """Read and check a workspace's config.toml and stations.csv.

    Not `whole`: for somebody who only looks, faults of the registry's rows are told by the record itself.

    Raises:
        NoWorkspace: there is no config.toml.
        ConfigError: with every fault of both files, one a line.
    """
    file, seen = workspace / CONFIG_NAME, stamp(workspace)
    if not file.is_file():
        raise NoWorkspace(folder=workspace)
    settings = read_settings(file)
    profiles = {name: _profile(name, p) for name, p in settings.profiles.items()}
    registry = find_registry(workspace)
    found = read_stations(registry, workspace, profiles, quiet_hours(settings))
    if whole and found.faults:
        raise ConfigError(file=registry.name, faults=lines(found.faults))
    return Config(
        workspace=workspace,
        settings=settings,
        programmes={code: _programme(code, p, settings) for code, p in settings.programmes.items()},
        profiles=profiles,
        treatment=_treatment(settings.recordings),
        stations=found.stations,
        rows=found,
        fingerprint=digest_of(settings.model_dump_json().encode() + registry.read_bytes()),
        stamp=seen,
    )


def quiet_hours(settings: Settings) -> tuple[Window, ...]:
    """When no station airs that has no quiet hours of its own."""
    return tuple(window(text) for text in settings.plan.quiet)


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
