"""The API: the use cases of the pages for programs, as JSON below /api/v1. What it promises stands in its OpenAPI."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from pipeline import __version__
from pipeline.web.api import bulletins, days, people, stations, years
from pipeline.web.api.problems import ANSWERS, Problem, handlers

PATH = "/api/v1"
_ABOUT = """The newsroom for programs: the same use cases as the pages, in the name of whoever gave the token.

Instants are ISO 8601 in UTC, days are local days of the newsroom's zone, levels are LUFS and dBTP (ITU-R BS.1770-4),
sizes bytes, lengths seconds. Every refusal is `application/problem+json` (RFC 9457) with a stable `code`, what happened
and the next step, in Vietnamese and English.
"""


def make_api() -> FastAPI:
    """The application below `PATH`. Its `state` is that of the pages."""
    api = FastAPI(
        title="Bản Tin", version=__version__, description=_ABOUT, docs_url=None, redoc_url=None,
        openapi_url="/openapi.json", responses=ANSWERS, redirect_slashes=False,
    )  # fmt: skip
    for part in (bulletins, stations, days, years, people):
        api.include_router(part.router)
    for kind, handler in handlers().items():
        api.add_exception_handler(kind, handler)
    api.openapi = lambda: _described(api)  # type: ignore[method-assign]  # FastAPI's own way
    return api


def _described(api: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with our one kind of refusal in place of FastAPI's."""
    if api.openapi_schema is None:
        made = get_openapi(title=api.title, version=api.version, description=api.description, routes=api.routes)
        schemas = made["components"]["schemas"]
        for theirs in ("HTTPValidationError", "ValidationError"):
            schemas.pop(theirs, None)
        schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schemas["Problem"].pop("$defs", {})
        for operation in (one for path in made["paths"].values() for one in path.values()):
            operation["responses"]["422"] = ANSWERS[422]
        api.openapi_schema = made
    return api.openapi_schema
