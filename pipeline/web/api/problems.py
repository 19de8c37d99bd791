"""Problems as programs read them (RFC 9457): our stable code, what happened and the next step, in both languages."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from pipeline.core import errors
from pipeline.core.errors import BadRequest, NotHeard, NothingThere, PipelineError, Says, ScopeMissing, TokenRefused
from pipeline.web.page import status_of as status_on_a_page

API = "/api/v1"
"""Below this, nothing but JSON and sound is ever answered."""
MEDIA_TYPE = "application/problem+json"
_STATUS: tuple[tuple[tuple[type[PipelineError], ...], HTTPStatus], ...] = (
    ((TokenRefused,), HTTPStatus.UNAUTHORIZED),
    ((ScopeMissing,), HTTPStatus.FORBIDDEN),
    ((NothingThere,), HTTPStatus.NOT_FOUND),
    ((errors.TakenBack,), HTTPStatus.CONFLICT),
    ((errors.TooLarge,), HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (
        (BadRequest, errors.ScriptRefused, errors.TextLost, errors.BadRows, errors.BadWord, errors.BadRecording,
         errors.BadAccount, errors.BadOutput, errors.BadPeriod, errors.NoReason, errors.NothingSent,
         errors.NothingToSay),
        HTTPStatus.UNPROCESSABLE_ENTITY,
    ),
    ((errors.StoreDamaged,), HTTPStatus.INTERNAL_SERVER_ERROR),
    (
        (errors.LedgerUnusable, errors.DiskFull, errors.FileTrouble, errors.WorkspaceInUse),
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)  # fmt: skip
"""What each kind of problem is to a program; any other is what it is to a page."""
_AGAIN = {HTTPStatus.TOO_MANY_REQUESTS: "5", HTTPStatus.SERVICE_UNAVAILABLE: "30"}
"""Seconds after which asking again makes sense."""


class Words(BaseModel):
    """The same in Vietnamese and English."""

    vi: str
    en: str


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    where: Annotated[str, Field(description="The field, such as `body.heard.0`, or the name of an uploaded file.")]
    what: str


class Trouble(BaseModel):
    """What went wrong, for programs by its code, for people in their language."""

    code: Annotated[str, Field(description="Stable, such as N-101; a code never means something else.")]
    message: Words
    next_step: Words


class Problem(Trouble):
    """A refusal, RFC 9457."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank", "title": "Conflict", "status": 409, "code": "P-111", "errors": [],
                    "detail": "bạn chưa nghe bản này",
                    "message": {"vi": "bạn chưa nghe bản này", "en": "you have not heard this"},
                    "next_step": {"vi": NotHeard.fix.vi, "en": NotHeard.fix.en},
                }
            ]
        }
    )  # fmt: skip

    type: Annotated[str, Field(description="`about:blank`: the code tells the kind.")] = "about:blank"
    title: str
    status: int
    detail: Annotated[str, Field(description="The message in the newsroom's language.")]
    errors: list[Fault]


def words(says: Says) -> Words:
    """A text of ours."""
    return Words(vi=says.vi, en=says.en)


def trouble(problem: PipelineError) -> Trouble:
    """A problem that is told, and refuses nothing."""
    return Trouble(code=problem.code, message=words(problem.message), next_step=words(problem.next_step))


def is_asked(request: Request) -> bool:
    """Whether a program asks, and not a browser for a page."""
    path: str = request.scope["path"].removeprefix(request.app.state.prefix)
    return path == "/api" or path.startswith("/api/")


def status_of(problem: PipelineError) -> int:
    """The HTTP status of a problem."""
    return next((status for kinds, status in _STATUS if isinstance(problem, kinds)), status_on_a_page(problem))


def answer(
    request: Request, problem: PipelineError, status: int | None = None, faults: Sequence[Fault] = ()
) -> JSONResponse:
    """The answer that tells a problem."""
    status = HTTPStatus(status or status_of(problem))
    in_words = problem.message.en if request.app.state.language == "en" else problem.message.vi
    told = Problem(
        title=status.phrase, status=status, detail=in_words, code=problem.code, message=words(problem.message),
        next_step=words(problem.next_step), errors=[*faults],
    )  # fmt: skip
    headers = {"Retry-After": _AGAIN[status]} if status in _AGAIN else {}
    if isinstance(problem, TokenRefused):
        shown = "authorization" in request.headers
        headers["WWW-Authenticate"] = 'Bearer realm="bantin"' + (', error="invalid_token"' if shown else "")
    if isinstance(problem, ScopeMissing):
        scope = problem.fields["scope"]
        headers["WWW-Authenticate"] = f'Bearer realm="bantin", error="insufficient_scope", scope="{scope}"'
    return JSONResponse(told.model_dump(), status, headers, MEDIA_TYPE)


def of_http(request: Request, problem: HTTPException) -> JSONResponse:
    """What the framework refuses: an address that is none, a method, a form that cannot be read."""
    if problem.status_code == HTTPStatus.NOT_FOUND:
        return answer(request, NothingThere())
    refused = answer(request, BadRequest(what=str(problem.detail)), problem.status_code)
    refused.headers.update(problem.headers or {})
    return refused


def of_fields(request: Request, problem: RequestValidationError) -> JSONResponse:
    """Fields that are missing, or not what they should be; every one of them."""
    faults = [Fault(where=".".join(map(str, e["loc"])), what=str(e["msg"])) for e in problem.errors()]
    told = "; ".join(f"{fault.where}: {fault.what}" for fault in faults)
    return answer(request, BadRequest(what=told), faults=faults)


_TOLD = {
    400: "The body cannot be read at all.",
    401: "No token, or one that is wrong, over or taken back.",
    403: "The token has not the scope, or its person no longer the right.",
    404: "There is no such thing.",
    409: "It cannot be done as things stand; the code says why.",
    411: "The body does not say its length.",
    413: "Larger than what is taken here.",
    416: "It has no such range.",
    422: "Fields or files that cannot be so; every fault is named.",
    429: "Too much of the same at once: see Retry-After.",
    500: "A fault of ours, or a stored file that is missing or damaged: the code says which.",
    503: "The ledger, the disk or the line of work is not there just now: see Retry-After.",
}


def told(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of an operation, for its description."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _TOLD[status], "content": content} for status in statuses}
