"""The guard: what is looked at before anything is read, and what every answer says to the browser."""

from collections.abc import Callable
from contextlib import ExitStack

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.core.errors import (
    BadRequest,
    FilesNotTaken,
    FromElsewhere,
    LengthMissing,
    NothingThere,
    PipelineError,
    SentTooMuch,
    TokenRefused,
)
from pipeline.newsroom import outputs, people
from pipeline.web import carried
from pipeline.web.api import problems
from pipeline.web.api.caller import asking
from pipeline.web.api.problems import API
from pipeline.web.page import refusal, status_of
from pipeline.web.visitor import SAFE, SESSION, desk_of

SCRIPTS, PAPERS = "/them", "/nam/ket-qua"
"""The pages to which files may be sent: scripts and recordings, papers that prove something."""
SIGN_IN = "/dang-nhap"
_MOST = 100_000
"""Bytes of any other form."""
_CARRYING = carried.MOST + _MOST
"""Bytes of a form of somebody who is not signed in: what they typed is kept until they are."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src"
    " 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Guard:
    """Refuses what is too large or comes from another site; gives each request its seat at the desk."""

    def __init__(
        self, app: ASGIApp, prefix: str, most_upload: int, broken: Callable[[Request, Exception], Response]
    ) -> None:
        self._app = app
        self._broken = broken
        self._prefix = prefix
        self._uploads = {
            SCRIPTS: most_upload, PAPERS: outputs.MOST + _MOST, f"{API}/bulletins": most_upload,
            f"{API}/checks": most_upload,
        }  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        scope["root_path"] = self._prefix  # a proxy may take it off the path or leave it there
        seats = scope.setdefault("state", {})["seats"] = ExitStack()
        try:
            refused = await self._refusal(Request(scope))
            await (refused or self._app)(scope, receive, answer)
        except Exception as fault:
            if begun:
                raise
            await self._broken(Request(scope), fault)(scope, receive, answer)
        finally:
            await run_in_threadpool(seats.close)  # it may wait for settings that are being read anew

    async def _refusal(self, request: Request) -> Response | None:
        if "\x00" in request.scope["path"]:  # nothing of ours is called so, and no database takes it
            return self._told(request, NothingThere())
        if b"%00" in request.scope["query_string"]:
            return self._told(request, BadRequest(what="%00"))
        if request.method in SAFE:
            return None
        problem = self._problem(request)
        if problem is None:
            return await run_in_threadpool(self._refusal_of_strangers, request)
        return self._told(request, problem)

    def _told(self, request: Request, problem: PipelineError) -> Response:
        if problems.is_asked(request):
            return problems.answer(request, problem)
        told = f"{problem.code} {problem.message.vi} / {problem.message.en}"
        return PlainTextResponse(told, status_of(problem))

    def _problem(self, request: Request) -> PipelineError | None:
        """Why a body must not be read, whoever sends it."""
        if not _is_from_here(request):
            return FromElsewhere()
        size = request.headers.get("content-length", "0")
        # A body without a length, or with two ways to tell it, cannot be judged before it is read.
        if not size.isdecimal() or "transfer-encoding" in request.headers:
            return LengthMissing()
        most = self._upload(request) or (_CARRYING if self._path(request) == SIGN_IN else _MOST)
        return SentTooMuch(size=size, most=most) if int(size) > most else None

    def _upload(self, request: Request) -> int | None:
        """How much may be sent to where files are taken."""
        return self._uploads.get(self._path(request))

    def _path(self, request: Request) -> str:
        path: str = request.scope["path"]
        return path.removeprefix(self._prefix)

    def _refusal_of_strangers(self, request: Request) -> Response | None:
        """Nothing that a program without a token sends is read, and of a page without a session no large file."""
        if problems.is_asked(request):
            return None if asking(request, desk_of(request)) else problems.answer(request, TokenRefused())
        large = int(request.headers.get("content-length", "0")) > _CARRYING
        if large and self._upload(request) and not _is_signed_in(request):
            return refusal(request, FilesNotTaken())
        return None


def _is_from_here(request: Request) -> bool:
    """Whether a browser says that a form is from this site; programs without a browser say nothing."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("origin", "")
    return not origin or origin.partition("://")[2] == request.headers.get("host", "")


def _is_signed_in(request: Request) -> bool:
    return people.whoever(desk_of(request), request.cookies.get(SESSION, "")) is not None
