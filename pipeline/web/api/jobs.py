"""Jobs: what takes longer than an answer, and how it stands."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import Field

from pipeline.core.errors import NothingThere
from pipeline.web import work
from pipeline.web.api.fields import Told
from pipeline.web.api.problems import Trouble, Words, trouble, words
from pipeline.web.work import Work

ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "It is in line, or under way.",
        "headers": {
            "Location": {"description": "Where it is told how it goes.", "required": True, "schema": {"type": "string"}}
        },
    }
}
"""How the answer of `begun` is described."""


class State(StrEnum):
    """How far a job has come."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(Told):
    """Something that was asked for by a page or a program. It is lost when the server ends; asking again is safe."""

    state: State
    asked_by: Annotated[str, Field(description="The person in whose name.")]
    asked_at: Annotated[datetime, Field(description="UTC, ISO 8601.")]
    told: Annotated[Words | None, Field(description="What came of it.")]
    problem: Annotated[Trouble | None, Field(description="Why it failed.")]


def job(found: work.Job) -> Job:
    """How a job stands."""
    ended = State.FAILED if found.problem else State.DONE
    return Job(
        state=ended if found.ended else State.RUNNING if found.begun else State.WAITING,
        asked_by=found.who,
        asked_at=found.since,
        told=words(found.told) if found.told else None,
        problem=trouble(found.problem) if found.problem else None,
    )


def work_of(request: Request) -> Work:
    """What is under way for pages and programs."""
    made: Work = request.app.state.work
    return made


def begun(request: Request, response: Response, found: work.Job, last: str = "work") -> Job:
    """The answer to whoever asked for a job: where to look how it goes, beside what was asked."""
    response.headers["Location"] = f"{address(request).rsplit('/', 1)[0]}/{last}"
    return job(found)


def address(request: Request) -> str:
    """The path that was asked for, as the outside knows it: a proxy may take our prefix off, or leave it there."""
    prefix: str = request.app.state.prefix
    path: str = request.scope["path"]
    return prefix + path.removeprefix(prefix)


def last(request: Request, about: str) -> Job:
    """What was asked for last about something. Raises NothingThere."""
    found = work_of(request).job(about)
    if found is None:
        raise NothingThere
    return job(found)
