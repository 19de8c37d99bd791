"""A workspace's settings and stations: config.toml and stations.csv or .xlsx → frozen records, every fault at once."""

from pipeline.config.registry import STATIONS_NAME, find_registry
from pipeline.config.settings import CONFIG_NAME, DICTIONARY_NAME, ProfileSettings, ProgrammeSettings, Settings
from pipeline.config.workspace import Config, load, quiet_hours, stamp

__all__ = [
    "CONFIG_NAME",
    "DICTIONARY_NAME",
    "STATIONS_NAME",
    "Config",
    "ProfileSettings",
    "ProgrammeSettings",
    "Settings",
    "find_registry",
    "load",
    "quiet_hours",
    "stamp",
]
