"""The names we give to files at a station. All are ours: a name that is not plain is a bug, never a path to follow."""

import re

from pipeline.core.model import SHORT, Digest

_PLAIN = re.compile(r"\.?[A-Za-z0-9][A-Za-z0-9._-]{0,98}")


def plain(name: str) -> str:
    """The same name, if it is a file name of ASCII letters, digits, dots, hyphens and underscores.

    Raises:
        ValueError: it is anything else, such as a path, a space or an accent.
    """
    if not _PLAIN.fullmatch(name) or ".." in name:
        raise ValueError(f"not a plain file name: {name!r}")
    return name


PAPER_PARTS = (".BANTIN-1.part", ".BANTIN-2.part", ".BANTIN-3.part")
"""The names that small files have until they are whole; no more are laid down together. None is ever taken up again,
and one visit at a time writes them: a visit that is killed leaves at most these, and the next writes over them.
"""


def part(name: str, digest: Digest) -> str:
    """The name a file has until it is whole and proven; players and people skip names that begin with a dot."""
    return plain(f".{name}.{digest[:SHORT]}.part")
