"""Every command and every setting is in the papers that people read."""

import itertools
import re
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from pipeline import __version__
from pipeline.cli import app

TOP = Path(__file__).parents[2]


def commands(group, *words):
    """Every command by the words that call it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *words, name)
        else:
            yield " ".join((*words, name)), command


COMMANDS = dict(commands(get_command(app)))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_in_the_readme_and_has_an_example(name):
    assert re.search(rf"\bbantin {re.escape(name)}\b|make {re.escape(name)}\b", (TOP / "README.md").read_text("utf-8"))
    assert f"Example: bantin {name}" in COMMANDS[name].help or f"| bantin {name}" in COMMANDS[name].help


def test_the_command_says_its_version():
    told = CliRunner().invoke(app, ["--version"])
    assert (told.exit_code, told.stdout) == (0, f"Bản Tin {__version__}\n")


def keys(model, where=()):
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and hasattr(kind, "model_fields"):
            yield from keys(kind, (*where, field.alias or name))
        else:
            yield (*where, field.alias or name)


def test_every_setting_stands_in_config_toml_below_a_line_that_explains_it():
    from pipeline.config import ProfileSettings, ProgrammeSettings, Settings

    shipped = tomllib.loads((TOP / "config.toml").read_text("utf-8"))
    wanted = [k for k in keys(Settings) if k[0] not in {"profiles", "programmes"}]
    wanted += [("profiles", "loa-xa", *k) for k in keys(ProfileSettings)]
    wanted += [("programmes", "ban-tin", *k) for k in keys(ProgrammeSettings)]
    for path in wanted:
        value = shipped
        for part in path:
            assert part in value, ".".join(path)
            value = value[part]


def test_every_setting_has_words_above_it():
    lines = (TOP / "config.toml").read_text("utf-8").splitlines()
    for above, line in itertools.pairwise(lines):
        if re.match(r"[a-z_]+ = ", line):
            assert above.startswith("#") or re.match(r"[a-z_]+ = ", above), line


def test_every_error_code_that_an_operator_meets_is_explained_in_vietnamese():
    from pipeline.core import errors

    told = (TOP / "docs" / "vi" / "so-tay-van-hanh.md").read_text("utf-8")
    for kind in errors.DeliveryError.__subclasses__():
        assert kind.code in told


def test_the_readme_names_the_test_command_that_ci_runs():
    assert "make test" in (TOP / ".ci" / "run").read_text("utf-8")
    assert "make test" in (TOP / "README.md").read_text("utf-8")
