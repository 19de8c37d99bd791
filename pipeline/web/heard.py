"""Heard: who has played which master. Nobody signs what they have not heard."""

from collections.abc import Iterable

from fastapi import Request

from pipeline.core.model import Digest
from pipeline.core.people import Person

_MOST = 10_000


def mark(request: Request, person: Person, digest: Digest) -> None:
    """Somebody plays a master."""
    heard: dict[tuple[str, str], bool] = request.app.state.heard
    if len(heard) >= _MOST:
        heard.clear()
    heard[person.login, digest] = True


def any_of(request: Request, person: Person, digests: Iterable[Digest]) -> bool:
    """Whether somebody has played at least one of the masters that there are now: they differ only in their format."""
    return any((person.login, digest) in request.app.state.heard for digest in digests)
