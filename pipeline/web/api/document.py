"""The description of the API: OpenAPI 3.1 for programs, and the same as a page of ours for people."""

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse

from pipeline import __version__
from pipeline.web.api import bulletins, days, log, people, scripts, stations, years
from pipeline.web.api.problems import API, Fault, Problem, Words

PARTS = (days, bulletins, scripts, stations, years, log, people)
_ABOUT = """The use cases of Bản Tin's pages for programs.

Every request carries `Authorization: Bearer TOKEN`; a session's cookie is worth nothing here. What a program does is
told in the name of the person who gave its token, with the token's label. Instants are ISO 8601 in UTC; days and years
are local. Whatever is refused is `application/problem+json` (RFC 9457) with a stable `code`, and with the message and
the next step in Vietnamese and English. What takes long is answered 202 with, as `Location`, where its `work` is."""
_TAGS = {
    "days": "What waits for whom, how a day stands, what airs when.",
    "bulletins": "Found, heard and read, mended, signed.",
    "scripts": "Handed in, or only looked at.",
    "stations": "What each holds and what ails it; trying one out, pushing to it.",
    "years": "The count toward the plan, reports, what people enter.",
    "facts": "The log.",
    "people": "Accounts, and whose token asks.",
}


def add_to(app: FastAPI) -> None:
    """Add every operation, and their description."""
    for part in PARTS:
        app.include_router(part.router)
    app.add_api_route(f"{API}/openapi.json", _describe, include_in_schema=False)


def _describe(request: Request) -> JSONResponse:
    return JSONResponse(described(request.app))


def described(app: FastAPI) -> dict[str, Any]:
    """The description, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title="Bản Tin", version=__version__, openapi_version="3.1.0", description=_ABOUT, routes=app.routes,
            tags=[{"name": name, "description": what} for name, what in _TAGS.items()],
            servers=[{"url": app.state.prefix or "/"}],
            license_info={"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        )  # fmt: skip
        schemas = made["components"]["schemas"]
        for model in (Problem, Fault, Words):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schema.pop("$defs", None)
            schemas[model.__name__] = schema
        app.openapi_schema = made
    return app.openapi_schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that a program may ask for, in short."""

    tag: str
    method: str
    path: str
    scope: str
    description: str
    fields: tuple[str, ...]
    """Of its query and its body."""
    answers: tuple[str, ...]
    """Statuses."""


def operations(made: dict[str, Any]) -> list[Operation]:
    """Every operation of a description, in its order."""
    return [
        Operation(
            tag=one["tags"][0], method=method.upper(), path=path, scope=one["security"][0]["token"][0],
            description=one["description"], fields=(*_query(one), *_body(made, one)),
            answers=tuple(sorted(one["responses"])),
        )
        for path, methods in made["paths"].items()
        for method, one in methods.items()
    ]  # fmt: skip


def _query(one: dict[str, Any]) -> list[str]:
    return [f"?{field['name']}" for field in one.get("parameters", []) if field["in"] == "query"]


def _body(made: dict[str, Any], one: dict[str, Any]) -> list[str]:
    for content in one.get("requestBody", {}).get("content", {}).values():
        schema = content["schema"]
        if "$ref" in schema:
            schema = made["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        return [*schema["properties"]]
    return []
