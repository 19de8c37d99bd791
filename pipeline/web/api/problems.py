"""Refusals, as programs read them: RFC 9457, with the stable code and both languages of every message of ours."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from pipeline.core.errors import BadRequest, NothingThere, PipelineError, Says
from pipeline.web.page import status_of

MEDIA = "application/problem+json"


class Words(BaseModel):
    """A text in both languages."""

    vi: str
    en: str


class Problem(BaseModel):
    """Why something was refused."""

    type: str = "about:blank"
    status: int
    title: str = Field(description="The message in English.")
    code: str = Field(description="Stable, such as P-103; docs/vi explains those that operators meet.")
    message: Words
    next_step: Words


_REFUSALS = (400, 401, 403, 404, 405, 409, 411, 413, 422, 429, 500, 503)
ANSWERS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status in _REFUSALS
}
"""What any route may answer instead of what was asked for."""


def words(says: Says) -> Words:
    """A text of ours."""
    return Words(vi=says.vi, en=says.en)


def problem_of(fault: PipelineError, status: int | None = None) -> Problem:
    """A problem of ours, for programs."""
    return Problem(
        status=status or int(status_of(fault)),
        title=fault.message.en,
        code=fault.code,
        message=words(fault.message),
        next_step=words(fault.next_step),
    )


def refusal(fault: PipelineError, status: int | None = None, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An answer that refuses."""
    told = problem_of(fault, status)
    more = dict(headers or {})
    if told.status == HTTPStatus.UNAUTHORIZED:
        more["WWW-Authenticate"] = 'Bearer realm="bantin"'
    return JSONResponse(told.model_dump(), told.status, more, media_type=MEDIA)


def handlers() -> dict[type[Exception], Callable[[Request, Any], Response]]:
    """What each kind of fault is answered with."""
    return {
        PipelineError: lambda _, fault: refusal(fault),
        HTTPException: _http,
        RequestValidationError: _invalid,
    }


def _http(_: Request, fault: HTTPException) -> Response:
    if fault.status_code == HTTPStatus.NOT_FOUND:
        return refusal(NothingThere(), HTTPStatus.NOT_FOUND)
    what = HTTPStatus(fault.status_code).phrase
    return refusal(BadRequest(what=what), fault.status_code, fault.headers)


def _invalid(_: Request, fault: RequestValidationError) -> Response:
    told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in fault.errors())
    return refusal(BadRequest(what=told[:1000]), HTTPStatus.UNPROCESSABLE_ENTITY)
