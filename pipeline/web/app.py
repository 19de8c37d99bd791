"""The application: every page, and what is answered where something goes wrong."""

from http import HTTPStatus
from io import BytesIO
from pathlib import Path

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from pipeline import __version__
from pipeline.core.errors import FormExpired, NotSignedIn, PasswordToChange, PipelineError, as_problem
from pipeline.newsroom.library import Library
from pipeline.newsroom.office import Office
from pipeline.web import account, bulletin, library, log, metrics, people, stations, submit, today, week, year
from pipeline.web.api import document, problems
from pipeline.web.dear import Dear
from pipeline.web.guard import Guard
from pipeline.web.page import STATIC, Page, refusal, render
from pipeline.web.work import Work

_log = structlog.get_logger("bantin.web")
_ASSETS = {"ban-tin.css": "text/css", "ban-tin.js": "text/javascript", "htmx.min.js": "text/javascript",
           "loa.svg": "image/svg+xml"}  # fmt: skip
_HOUR = "public, max-age=3600"


def make_app(office: Office) -> FastAPI:
    """The pages of an office's newsroom."""
    with office.desk() as desk:
        settings, zone = desk.config.settings, desk.config.zone
    app = FastAPI(title="Bản Tin", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    state = app.state
    state.office, state.zone, state.prefix = office, zone, settings.web.prefix
    state.language, state.newsroom = settings.newsroom.language, settings.newsroom.name
    state.work = Work(office)
    state.dear = Dear()
    state.library = Library()
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    most = settings.intake.max_megabytes * 1_000_000
    app.add_middleware(Guard, prefix=settings.web.prefix, most_upload=most, broken=_broken)
    for part in (account, today, bulletin, submit, week, stations, year, log, people, library):
        app.include_router(part.router)
    document.add_to(app)
    app.add_api_route("/tinh/{name}", _asset, include_in_schema=False)
    app.add_api_route("/healthz", _health, include_in_schema=False)
    app.add_api_route("/metrics", metrics.answer, include_in_schema=False)
    state.metrics = metrics.registry(office, state.work)
    app.add_exception_handler(PipelineError, _refused)
    app.add_exception_handler(HTTPException, _no_such_page)
    app.add_exception_handler(RequestValidationError, _no_such_page)
    return app


def _asset(name: str) -> Response:
    if name == "khmer.ttf":
        return Response(_khmer_font(), media_type="font/ttf", headers={"Cache-Control": "public, max-age=604800"})
    if name not in _ASSETS:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return FileResponse(STATIC / name, media_type=_ASSETS[name], headers={"Cache-Control": _HOUR})


def _khmer_font() -> bytes:
    """The Khmer half of a font that shapes it, upright and of one weight: a quarter of the file."""
    if "made" not in _FONT:
        import fontpkg_noto_sans_khmer  # noqa: PLC0415 - only where a browser has none of its own
        from fontTools.subset import Options, Subsetter  # noqa: PLC0415 - as above
        from fontTools.ttLib import TTFont  # noqa: PLC0415 - as above
        from fontTools.varLib.instancer import instantiateVariableFont  # noqa: PLC0415 - as above

        (file,) = (Path(fontpkg_noto_sans_khmer.__file__).parent / "files").glob("*.ttf")
        font = instantiateVariableFont(TTFont(file), {"wght": 400, "wdth": 100})
        cut = Subsetter(Options(layout_features=["*"]))
        cut.populate(unicodes=[*range(0x1780, 0x1800), *range(0x19E0, 0x1A00), 0x200B, 0x200C, 0x200D, 0x25CC])
        cut.subset(font)
        out = BytesIO()
        font.save(out)
        _FONT["made"] = out.getvalue()
    return _FONT["made"]


_FONT: dict[str, bytes] = {}


def _health(request: Request) -> dict[str, str]:
    """For whoever watches whether the page is up: the ledger answers."""
    with request.app.state.office.desk() as desk:
        desk.ledger.last_decision()
    return {"status": "ok", "version": __version__}


async def _refused(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, PipelineError)  # noqa: S101 - it is registered for nothing else
    if problems.is_asked(request):
        return problems.answer(request, problem)
    page = Page(request)
    if request.method == "GET" and "hx-request" not in request.headers:
        if isinstance(problem, NotSignedIn):
            return RedirectResponse(page.to("/dang-nhap", ve=page.path), HTTPStatus.SEE_OTHER)
        if isinstance(problem, PasswordToChange):
            return RedirectResponse(page.to("/toi"), HTTPStatus.SEE_OTHER)
    if request.method == "POST" and isinstance(problem, NotSignedIn | FormExpired | PasswordToChange):
        return await account.refused_form(request, problem) or refusal(request, problem)
    return refusal(request, problem)


def _no_such_page(request: Request, problem: Exception) -> Response:
    if problems.is_asked(request):
        return _no_such_call(request, problem)
    status = problem.status_code if isinstance(problem, HTTPException) else HTTPStatus.NOT_FOUND
    if status == HTTPStatus.NOT_FOUND and library.is_asked(request) and library.is_open(request):
        return library.apart(request, HTTPStatus.NOT_FOUND)
    return render(Page(request), "nothing.html", {}, status)


def _no_such_call(request: Request, problem: Exception) -> Response:
    if isinstance(problem, RequestValidationError):
        return problems.of_fields(request, problem)
    assert isinstance(problem, HTTPException)  # noqa: S101 - it is registered for nothing else
    return problems.of_http(request, problem)


def _broken(request: Request, fault: Exception) -> Response:
    _log.error("page failed", path=request.url.path, method=request.method, exc_info=fault)
    if library.is_asked(request):
        return library.apart(request, HTTPStatus.SERVICE_UNAVAILABLE)
    problem = as_problem(fault, request.url.path)
    return problems.answer(request, problem) if problems.is_asked(request) else refusal(request, problem)
