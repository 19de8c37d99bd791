"""A workspace as an operator has it, with stations that are folders, and the command to work in it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.standby import Standby

HEAD = (
    "code,commune,name,transport,folder,host,port,user,key,host_key,profile,windows,languages,verification,"
    "kind,technology,predecessors,groups,quiet,bandwidth,make_folder,keep_days,since,until"
)


class Workspace:
    """A workspace on disk and its command."""

    def __init__(self, folder: Path, standby: Standby):
        self.folder, self._standby = folder, standby
        self.scripts = folder / "scripts"
        self.state = folder / "bulletins" / ".state"
        self.rows = []

    def bantin(self, *words, code=0, **options):
        """Run the command; its exit code must be `code`."""
        done = self._standby.run("-w", self.folder, *words, **options)
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *words, code=0):
        """Run the command with --json and read what it says."""
        return json.loads(self.bantin(*words, "--json", code=code).stdout.splitlines()[-1])

    def start(self, *words):
        """Run the command beside the test."""
        command = [sys.executable, "-m", "pipeline.cli", "-w", self.folder, *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def set(self, **changes):
        """Change settings by `key = value` lines of config.toml, each of which must stand there once."""
        file = self.folder / "config.toml"
        lines = file.read_text("utf-8").splitlines()
        for key, value in changes.items():
            (at,) = [n for n, line in enumerate(lines) if line.split(" = ")[0] == key]
            lines[at] = f"{key} = {json.dumps(value, ensure_ascii=False)}"
        file.write_text("\n".join(lines) + "\n", "utf-8")

    def drop(self, name, content):
        """Put a file into the drop folder."""
        file = self.scripts / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def station(self, code, **columns):
        """Add a station: a folder beside the workspace, unless the columns say otherwise."""
        folder = self.folder / "tram" / code
        folder.mkdir(parents=True)
        row = {"code": code, "commune": "1", "name": f"Trạm {code}", "transport": "folder", "folder": str(folder)}
        self.rows.append({**row, **columns})
        text = [HEAD] + [",".join(str(r.get(c, "")) for c in HEAD.split(",")) for r in self.rows]
        (self.folder / "stations.csv").write_text("\n".join(text) + "\n", "utf-8-sig")
        return folder

    def refused(self):
        """The names in scripts/loi/."""
        folder = self.scripts / "loi"
        return sorted(f.name for f in folder.iterdir()) if folder.is_dir() else []


@pytest.fixture(scope="session")
def standby():
    """One waiting process for the whole run."""
    with Standby() as waiting:
        yield waiting


@pytest.fixture
def workspace(tmp_path, standby):
    """A workspace with no station, offline, whose embedded voices may air."""
    folder = tmp_path / "Bản Tin"
    made = Workspace(folder, standby)
    made.bantin("init")
    made.set(online=False, embedded_may_air=True, settle_seconds=0.3, scan_seconds=0.3, quiet=[])
    return made
