import subprocess
import sys

HEAVY = {
    "alembic", "apscheduler", "asyncssh", "docx", "edge_tts", "matplotlib", "numpy", "paramiko", "pydantic", "rich",
    "soundfile", "sqlalchemy",
}  # fmt: skip


def loaded_by(statement):
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_core_reaches_no_tool_socket_or_database():
    loaded = loaded_by("import pipeline.core.ports, pipeline.core.schedule, pipeline.core.tally, pipeline.core.status")
    assert not loaded & (HEAVY | {"socket", "subprocess", "sqlite3"})


def test_asking_for_help_loads_nothing_heavy():
    assert not loaded_by("import pipeline.cli") & HEAVY
