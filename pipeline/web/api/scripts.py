"""Scripts: handed in as files or text and taken in as if they were dropped; or only looked at."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from pipeline.core.errors import BadRequest
from pipeline.newsroom import checks
from pipeline.newsroom.scripts import Taken as TakenIn
from pipeline.web import uploads
from pipeline.web.api import jobs
from pipeline.web.api.caller import Caller, Write, part
from pipeline.web.api.fields import Told
from pipeline.web.api.problems import Trouble, told, trouble
from pipeline.web.uploads import Sent

router = part("scripts")
_MOST_FILES, _MOST_TEXT, _MOST_NAME = 20, 200_000, 200
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "Files (a script, and the recordings that it names), or else a text with a name.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "files": {
                            "type": "array", "maxItems": _MOST_FILES, "items": {"type": "string", "format": "binary"},
                            "description": "Judged by what is in it. Its name is told to people, and is never a path.",
                        },
                        "text": {"type": "string", "maxLength": _MOST_TEXT, "description": "The script itself."},
                        "name": {"type": "string", "maxLength": _MOST_NAME, "description": "What the text is called."},
                    },
                }
            }
        },
    }
}  # fmt: skip


class Taken(Told):
    """What became of a file."""

    file: str
    bulletin: Annotated[str | None, Field(description="The bulletin that it became; null where it was refused.")]
    again: Annotated[bool, Field(description="The same bytes were taken in before.")]
    problem: Annotated[Trouble | None, Field(description="Why it was refused.")]


class HandedIn(Told):
    """What became of each file; those that belong to a script are not told by themselves."""

    taken: list[Taken]


class Checked(Told):
    """What a script would become, and all that is wrong or doubtful with it. Nothing was taken in."""

    name: str
    bulletin: Annotated[str | None, Field(description="The id it would have.")]
    title: str | None
    language: str | None
    text: Annotated[str, Field(description="As it would be spoken, a line for each sentence.")]
    duration_seconds: Annotated[int, Field(description="About how long it would last.")]
    files: list[str]
    voices: list[str]
    twins: Annotated[list[str], Field(description="Bulletins of the same title and time.")]
    notes: Annotated[list[str], Field(description="In Vietnamese.")]
    sounds: Annotated[list[str], Field(description="What its editor should know of its recordings, in Vietnamese.")]
    problems: Annotated[list[Trouble], Field(description="Each would refuse or hold it.")]


@asynccontextmanager
async def _sent(request: Request) -> AsyncIterator[Sent]:
    """What came, for as long as the block lasts. Raises BadRequest where it is not as described."""
    async with request.form(max_files=_MOST_FILES, max_fields=_MOST_FILES) as form:
        files = [one for one in form.getlist("files") if isinstance(one, UploadFile)]
        texts = {key: one for key in ("text", "name") if isinstance(one := form.get(key, ""), str)}
        if len(form.multi_items()) != len(files) + len(form.keys() & texts.keys()):
            raise BadRequest(what="body: files (only files), text, name; nothing else, and one of each")
        if files and any(texts.values()):
            raise BadRequest(what="body: files, or else text and name")
        if len(texts["text"]) > _MOST_TEXT or len(texts["name"]) > _MOST_NAME:
            raise BadRequest(what=f"body: text of {_MOST_TEXT}, name of {_MOST_NAME} characters at most")
        yield Sent(files, texts["text"], texts["name"])


@router.post(
    "/bulletins", status_code=HTTPStatus.CREATED, openapi_extra=_BODY, responses={
        200: {"description": "The same bytes were all taken in before.", "model": HandedIn},
        **told(400, 409, 411, 413),
    },
)  # fmt: skip
async def hand_in(request: Request, response: Response, by: Write) -> HandedIn:
    """Hand in scripts and recordings; each becomes a bulletin, which is made at once.

    Where some are taken and others refused, the answer says so of each. Where none is taken, it is a problem.
    """
    async with _sent(request) as sent:
        return await uploads.DOOR.through(lambda: _take_in(request, response, by, sent))


def _take_in(request: Request, response: Response, by: Caller, sent: Sent) -> HandedIn:
    taken = uploads.take_in(jobs.work_of(request), by.desk, sent)
    made = [one.bulletin for one in taken if one.bulletin]
    if not made:
        raise next(one.problem for one in taken if one.problem)
    if all(one.again for one in taken if one.bulletin):
        response.status_code = HTTPStatus.OK
    if len(made) == 1:
        response.headers["Location"] = f"{jobs.address(request)}/{made[0].id}"
    return HandedIn(taken=[_taken(one) for one in taken])


def _taken(one: TakenIn) -> Taken:
    return Taken(
        file=one.path.name, bulletin=one.bulletin.id if one.bulletin else None, again=one.again,
        problem=trouble(one.problem) if one.problem else None,
    )  # fmt: skip


@router.post("/checks", openapi_extra=_BODY, responses=told(400, 411, 413))
async def check_script(request: Request, by: Write) -> Checked:
    """Say how a script would be read, and what is wrong with it. Nothing is kept."""
    async with _sent(request) as sent:
        return await run_in_threadpool(_look, by, sent)


def _look(by: Caller, sent: Sent) -> Checked:
    with by.desk.store.scratch() as scratch:
        found = checks.check(by.desk, uploads.laid_down(Path(scratch), sent)[0])
    bulletin, read = found.bulletin, found.reading
    return Checked(
        name=found.name, bulletin=bulletin.id if bulletin else None, title=bulletin.title if bulletin else None,
        language=bulletin.language if bulletin else None, text=read.text if read else "",
        duration_seconds=round(found.seconds), files=found.files, voices=found.voices, twins=found.twins,
        notes=[f"{note.about}: {note.message}" for note in read.notes] if read else [], sounds=found.sounds,
        problems=[trouble(one) for one in found.problems],
    )  # fmt: skip
