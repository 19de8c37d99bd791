"""Config → the real parts. The only place that names an engine, a transport or a queue."""

import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path

from pipeline import __version__
from pipeline.alerts.messenger import Messenger
from pipeline.config import CONFIG_NAME, DICTIONARY_NAME, STATIONS_NAME, Config
from pipeline.core.errors import ToolMissing, WorkspaceNotEmpty
from pipeline.core.model import Seconds, digest_of
from pipeline.core.ports import Engine, Lane, Progress, Queue, silent
from pipeline.delivery.folder import Folder
from pipeline.delivery.sftp import Sftp
from pipeline.delivery.stick import Stick
from pipeline.jobs.local import LocalQueue
from pipeline.jobs.room import Room
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.store import Store
from pipeline.newsroom.desk import ITSELF, Desk, until_stopped
from pipeline.newsroom.work import handlers
from pipeline.studio.tools import ffmpeg
from pipeline.voices.edge import EdgeOnline
from pipeline.voices.espeak import EspeakVietnamese
from pipeline.voices.khmer import EmbeddedKhmer
from pipeline.voices.local import LocalNeural

LEDGER_NAME = "ledger.db"


def utc_now() -> datetime:
    """The instant."""
    return datetime.now(UTC)


@contextmanager
def open_desk(
    config: Config, *, who: str = ITSELF, progress: Progress = silent, now: Callable[[], datetime] = utc_now
) -> Iterator[Desk]:
    """A desk over a workspace's ledger, store and tools; engines and ledger are let go of at the end."""
    with ExitStack() as stack:
        sftp, alerts = Sftp(), config.settings.alerts.file
        messenger = Messenger(config.workspace / alerts if alerts else None)
        stop = threading.Event()
        ledger = Ledger.open(config.settings.ledger.database or config.state / LEDGER_NAME)
        stack.callback(ledger.close)
        desk = Desk(
            config=config,
            ledger=ledger,
            store=Store(config.state / "store"),
            engines=engines(config, stack),
            transports={transport.name: transport for transport in (sftp, Folder(), Stick())},
            queue=_queue(config),
            ffmpeg=cache(lambda: ffmpeg(config.settings.tools.ffmpeg)),
            now=now,
            cut=sftp.cut,
            tell=messenger.send,
            check_alerts=messenger.check,
            who=who,
            progress=until_stopped(progress, stop),
            stop=stop,
        )
        stack.callback(stop.set)  # before its engines are closed: what still uses them is over
        yield desk


_MOST_MADE = 4
"""Bulletins made side by side at most: each takes some hundred megabytes."""
_ROOM = Room()
"""This process's: visits that began by older settings are among those at once."""


def _queue(config: Config) -> Callable[[Desk], Queue]:
    """What makes the queue that the settings ask for; all queues of this process have their room together."""
    cores = len(os.sched_getaffinity(0))
    most = {Lane.LINE: config.settings.delivery.stations_at_once, Lane.SOUND: min(cores, _MOST_MADE)}
    if config.settings.jobs.queue == "local":
        return lambda desk: LocalQueue(handlers(desk), _ROOM, most, cut=_cut(desk))
    try:
        from pipeline.jobs.postgres import Crew, PostgresQueue  # noqa: PLC0415 - an extra, and heavy
    except ImportError as problem:
        raise ToolMissing(tool="procrastinate", reason=problem, how="pip install 'bantin[postgres]'") from problem
    # Who has other settings, or another version of the program, would do other work under the same name.
    settings = digest_of(f"{__version__} {config.fingerprint}".encode())
    beat = Seconds(config.settings.jobs.heartbeat_seconds)
    url, crew = config.settings.ledger.database, Crew(_ROOM, most)
    return lambda desk: PostgresQueue(url, settings, handlers(desk), crew, cut=_cut(desk), heartbeat=beat)


def _cut(desk: Desk) -> Callable[[Lane], None]:
    """What ends the work under way in a lane that nobody waits for any more; all of it, where the program is to end."""

    def cut(lane: Lane) -> None:
        if isinstance(sys.exception(), KeyboardInterrupt):
            desk.stop.set()
        if lane is Lane.LINE:
            desk.cut()

    return cut


def engines(config: Config, stack: ExitStack) -> Mapping[str, Sequence[Engine]]:
    """The engines behind each word of a programme's `engines`."""
    voices = config.settings.voices
    vietnamese = EspeakVietnamese(region=voices.vietnamese, rate=voices.vietnamese_rate, pitch=voices.vietnamese_pitch)
    khmer = EmbeddedKhmer(rate=voices.khmer_rate, pitch=voices.khmer_pitch)
    stack.callback(vietnamese.close)
    stack.callback(khmer.close)
    online = EdgeOnline(voices.proxy or None, f"{voices.online_rate:+d}%")
    local = LocalNeural(config.workspace / voices.models, voices.models_speed) if voices.models else None
    if local:
        stack.callback(local.close)
    return {
        "edge": (online,) if voices.online else (),
        "local": (local,) if local else (),
        "embedded": (vietnamese, khmer),
    }


def starter() -> Path:
    """The files a new workspace begins with: in an installed package beside it, in a checkout at its top."""
    shipped = Path(str(files("pipeline"))) / "starter"
    return shipped if shipped.is_dir() else Path(str(files("pipeline"))).parent


def make_workspace(folder: Path) -> None:
    """Lay out an empty workspace: settings, stations, the drop folder with its templates, and where bulletins go.

    Raises:
        WorkspaceNotEmpty: the folder holds a workspace, or anything else with the same names.
    """
    source = starter()
    for name in (CONFIG_NAME, STATIONS_NAME, DICTIONARY_NAME, "scripts", "bulletins"):
        if (folder / name).exists():
            raise WorkspaceNotEmpty(folder=folder, name=name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bulletins").mkdir()
    shutil.copytree(source / "scripts" / "mau", folder / "scripts" / "mau")
    shutil.copyfile(source / STATIONS_NAME, folder / STATIONS_NAME)
    shutil.copyfile(source / DICTIONARY_NAME, folder / DICTIONARY_NAME)
    shutil.copyfile(source / CONFIG_NAME, folder / CONFIG_NAME)  # last: a folder with it is a workspace
