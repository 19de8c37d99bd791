"""Pages: templates, filled in for one visitor in one language and zone."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pipeline.core.errors import LedgerAway, LockedOut, NotAllowed, PipelineError, Says, Unexpected, figure
from pipeline.core.model import Language
from pipeline.core.people import Right
from pipeline.report import words
from pipeline.web.visitor import TOKEN, Visitor, language_of

STATIC = Path(__file__).parent / "static"
_STATUS: dict[str, int] = {
    "P-100": HTTPStatus.UNAUTHORIZED, "P-130": HTTPStatus.UNAUTHORIZED, "P-101": HTTPStatus.UNAUTHORIZED,
    "P-102": HTTPStatus.TOO_MANY_REQUESTS, "P-118": HTTPStatus.BAD_REQUEST,
    "P-103": HTTPStatus.FORBIDDEN, "P-109": HTTPStatus.FORBIDDEN, "P-110": HTTPStatus.FORBIDDEN,
    "P-123": HTTPStatus.FORBIDDEN, "P-124": HTTPStatus.LENGTH_REQUIRED, "P-125": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "P-126": HTTPStatus.TOO_MANY_REQUESTS, "C-109": HTTPStatus.BAD_REQUEST,
}  # fmt: skip
_KHMER = "\u1780"


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("pipeline.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.globals |= {"words": words, "Right": Right}
    return made


def status_of(problem: PipelineError) -> int:
    """The HTTP status of a problem."""
    if isinstance(problem, LockedOut | NotAllowed) or problem.code in _STATUS:
        return _STATUS[problem.code]
    if isinstance(problem, Unexpected):
        return HTTPStatus.INTERNAL_SERVER_ERROR
    if isinstance(problem, LedgerAway):
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.NOT_FOUND if problem.code in {"L-103", "P-106", "P-119", "C-104"} else HTTPStatus.CONFLICT


class Page:
    """What templates may call: words in the visitor's language, times in the newsroom's zone, addresses of pages."""

    def __init__(self, request: Request, visitor: Visitor | None = None) -> None:
        self.request = request
        self.visitor = visitor
        self.lang = language_of(request)
        self.path = request.url.path
        self.prefix: str = request.app.state.prefix
        self.zone = request.app.state.zone

    def t(self, vi: str, en: str) -> str:
        """The one that the visitor reads."""
        return en if self.lang == "en" else vi

    def say(self, says: Says | str) -> str:
        """A text of ours in the visitor's language."""
        return says if isinstance(says, str) else self.t(says.vi, says.en)

    def to(self, path: str, **query: object) -> str:
        """The address of a page, below the prefix."""
        asked: str = urlencode({key: value for key, value in query.items() if value not in {None, ""}})
        return self.prefix + quote(path) + (f"?{asked}" if asked else "")

    def may(self, right: Right) -> bool:
        """Whether the visitor has a right."""
        return self.visitor is not None and self.visitor.person.may(right)

    def at(self, instant: datetime | None, form: str = "%d/%m/%Y %H:%M") -> str:
        """An instant as the newsroom writes it."""
        return instant.astimezone(self.zone).strftime(form) if instant else "–"

    def figure(self, value: float, digits: int = 1) -> str:
        """A number with as many decimals, as the visitor writes it."""
        return self.say(figure(value, digits))

    def length(self, seconds: float) -> str:
        """Minutes and seconds."""
        whole = round(seconds)
        return f"{whole // 60}:{whole % 60:02d}"

    def token(self) -> Markup:
        """The field that every form of a page carries."""
        field = Markup('<input type="hidden" name="{}" value="{}">')
        return field.format(TOKEN, self.visitor.token if self.visitor else "")

    @staticmethod
    def lang_of(text: str, default: str = "vi") -> str:
        """The language a text is to be shown in: Khmer wants its own font."""
        return Language.KM.value if any("\u1780" <= c <= "\u17ff" for c in text) else default


def render(
    page: Page, template: str, context: Mapping[str, Any] | None = None, status: int = HTTPStatus.OK
) -> HTMLResponse:
    """A page."""
    text = _templates().get_template(template).render(page=page, t=page.t, say=page.say, **(context or {}))
    return HTMLResponse(text, status)


def back(page: Page, path: str, **query: object) -> RedirectResponse:
    """What a form is answered with: the page to look at now, so that loading it again does nothing twice."""
    return RedirectResponse(page.to(path, **query), HTTPStatus.SEE_OTHER)


def refusal(request: Request, problem: PipelineError) -> Response:
    """A page that says what went wrong and what to do; for a part of a page, a part."""
    page = Page(request)
    part = "problem.html" if "hx-request" in request.headers else "refused.html"
    return render(page, part, {"problem": problem}, status_of(problem))
