"""The guard: what is looked at before anything is read, and what every answer says to the browser."""

from collections.abc import Callable
from contextlib import ExitStack
from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.core.errors import FilesNotTaken, Says, UploadRefused
from pipeline.newsroom import outputs, people
from pipeline.web import carried
from pipeline.web.api import problems
from pipeline.web.page import refusal
from pipeline.web.visitor import SAFE, SESSION, desk_of

SCRIPTS, PAPERS, FOR_PROGRAMS = "/them", "/nam/ket-qua", "/api/v1/bulletins"
"""Where files may be sent: scripts and recordings, papers that prove something; the first by programs, too."""
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
        self._uploads = {SCRIPTS: most_upload, FOR_PROGRAMS: most_upload, PAPERS: outputs.MOST + _MOST}

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
        if request.method in SAFE:
            return None
        if not _is_from_here(request):
            return _refused(request, Says("Yêu cầu đến từ trang khác.", "From another site."), HTTPStatus.FORBIDDEN)
        size = request.headers.get("content-length", "")
        # A body without a length, or with two ways to tell it, cannot be judged before it is read.
        if not size.isdecimal() or "transfer-encoding" in request.headers:
            return _refused(request, Says("Cần Content-Length.", "It is needed."), HTTPStatus.LENGTH_REQUIRED)
        return await self._refusal_of(request, int(size))

    async def _refusal_of(self, request: Request, length: int) -> Response | None:
        path = _path(request)
        most = self._uploads.get(path)
        if length > (most or (_CARRYING if path == SIGN_IN else _MOST)):
            return _refused(request, Says("Tệp lớn quá.", "Too large."), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if most and not await run_in_threadpool(_is_known, request):
            if is_for_programs(request):
                return _refused(request, Says("Chưa đăng nhập.", "Not signed in."), HTTPStatus.UNAUTHORIZED)
            if length > _CARRYING:
                return refusal(request, FilesNotTaken())
        return None


def is_for_programs(request: Request) -> bool:
    """Whether an answer is for a program."""
    path = _path(request)
    return path.startswith("/api/") or path == "/metrics"


def _path(request: Request) -> str:
    path: str = request.scope["path"]
    return path.removeprefix(request.app.state.prefix)


def _refused(request: Request, says: Says, status: HTTPStatus) -> Response:
    if is_for_programs(request):
        return problems.refusal(UploadRefused(what=says), status)
    return PlainTextResponse(f"{says.vi} / {says.en}", status)


def _is_from_here(request: Request) -> bool:
    """Whether a browser says that a form is from this site; programs without a browser say nothing."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("origin", "")
    return not origin or urlsplit(origin).netloc == request.headers.get("host", "")


def _is_known(request: Request) -> bool:
    """Whether whoever sends a file has a session, or a token where it is for the API."""
    desk = desk_of(request)
    if is_for_programs(request):
        return people.program(desk, bearer(request), desk.now()) is not None
    return people.whoever(desk, request.cookies.get(SESSION, "")) is not None


def bearer(request: Request) -> str:
    """The token that a program shows; empty where it shows none."""
    kind, _, shown = request.headers.get("authorization", "").partition(" ")
    return shown.strip() if kind.lower() == "bearer" else ""
