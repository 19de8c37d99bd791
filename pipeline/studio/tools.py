"""Where ffmpeg is."""

import shutil
from pathlib import Path

from pipeline.core.errors import ToolMissing


def ffmpeg(configured: str = "") -> Path:
    """The ffmpeg that the settings name, else the system's, else the one of the imageio-ffmpeg wheel.

    Raises:
        ToolMissing: the named one is not there, or there is none at all.
    """
    if configured:
        found = shutil.which(configured)
        if not found:
            raise ToolMissing(tool="ffmpeg", reason=configured, how="[tools] ffmpeg, config.toml")
        return Path(found)
    if found := shutil.which("ffmpeg"):
        return Path(found)
    return _shipped()


def _shipped() -> Path:
    import imageio_ffmpeg  # noqa: PLC0415 - only where the system has no ffmpeg

    try:
        return Path(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as problem:
        raise ToolMissing(tool="ffmpeg", reason=problem, how="apt-get install ffmpeg") from problem
