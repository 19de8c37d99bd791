"""Names of places that look like a slip of the pen."""

import difflib
import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from pipeline.core.model import Note
from pipeline.reading.clean import clean
from pipeline.reading.lexicon import LATIN, shipped_rows

_NAMED = re.compile(
    rf"(?<![{LATIN}])(?:xã|phường|thị trấn|huyện) (?P<name>[{LATIN}]+(?: [{LATIN}]+){{0,4}})", re.IGNORECASE
)
_NEAR = 0.85
"""How alike a slip must be; `Tân Ân` and `Tân An` are."""


def doubtful_places(text: str) -> Iterator[Note]:
    """Communes and districts of the province that are not in our list but for a letter or two."""
    for match in _NAMED.finditer(clean(text)):
        words = list(_capitalised(match["name"]))
        if not words or any(" ".join(words[:n]) in _known() for n in range(1, len(words) + 1)):
            continue
        name = " ".join(words)
        near = difflib.get_close_matches(_apart(name), _letters(), n=1, cutoff=_NEAR)
        if near:
            yield Note(name, f"không có trong danh sách xã, phường; có phải “{_letters()[near[0]]}”?")


def _apart(name: str) -> str:
    """Letters and their accents one by one, so that a wrong accent is a small difference."""
    return unicodedata.normalize("NFD", name)


@cache
def _letters() -> dict[str, str]:
    return {_apart(name): name for name in sorted(_known())}


def _capitalised(name: str) -> Iterator[str]:
    for word in name.split():
        if not word[0].isupper():
            return
        yield word


@cache
def _known() -> frozenset[str]:
    return frozenset(row.key for row in shipped_rows("places"))
