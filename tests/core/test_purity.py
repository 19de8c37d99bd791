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


EACH_FIRST = """
import importlib, os, pkgutil, pipeline, pipeline.newsroom
below = ("core", "config", "delivery", "intake", "ledger", "reading", "report", "studio", "voices")
for floor in below:
    for module in pkgutil.walk_packages([f"{pipeline.__path__[0]}/{floor}"], f"pipeline.{floor}."):
        if not module.name.endswith("migrations.env"):
            importlib.import_module(module.name)
for module in pkgutil.iter_modules(pipeline.newsroom.__path__, "pipeline.newsroom."):
    if os.fork() == 0:
        importlib.import_module(module.name)
        os._exit(0)
    assert os.wait()[1] == 0, module.name
"""


def test_any_module_of_the_newsroom_may_be_the_first_that_is_loaded():
    """Each command loads those that it needs, in an order of its own; they lean on each other."""
    subprocess.run([sys.executable, "-c", EACH_FIRST], check=True)
