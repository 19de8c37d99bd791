"""Nghe: the library. What anybody may hear without signing in, find and take along; a podcast for each programme.

No cookie is set and none is looked at. Nothing is answered but what `newsroom.library` gives for this very request.
"""

import math
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from markupsafe import Markup, escape
from starlette.exceptions import HTTPException

from pipeline.core import search
from pipeline.core.errors import PipelineError
from pipeline.core.model import Digest, Language, digest_of
from pipeline.newsroom import library
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.library import Edition, Feed, Library, Wanted
from pipeline.report import podcast
from pipeline.web.file import StoredFile
from pipeline.web.page import Page, render
from pipeline.web.visitor import desk_of

HOME = "/nghe"
_A_PAGE = 20
_LONGEST_QUESTION = 200
_BOTH = ["GET", "HEAD"]
_log = structlog.get_logger("bantin.web")


class NothingHere(Exception):
    """There is no such thing, or nobody may hear it: both look the same."""


class _Open(APIRoute):
    """Tells the public nothing of what is wrong with us, and lets no cache answer without asking."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As FastAPI's, with answers for whoever has no account."""
        ask = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                found = await ask(request)
            except (NothingHere, RequestValidationError):
                found = apart(request, HTTPStatus.NOT_FOUND)
            except PipelineError as problem:
                _log.error("library page failed", path=request.url.path, code=problem.code, reason=str(problem))
                found = apart(request, HTTPStatus.SERVICE_UNAVAILABLE)
            found.headers.setdefault("Cache-Control", "no-cache")
            return found

        return answer


router = APIRouter(include_in_schema=False, route_class=_Open)


class PublicPage(Page):
    """A page for anybody; its language stands in its address."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        chosen, ours = request.query_params.get("hien", ""), request.app.state.language
        self.lang = "en" if (chosen if chosen in {"vi", "en"} else ours) == "en" else "vi"
        self.hien = "" if self.lang == ours else self.lang
        """What links and forms carry so that the language stays; empty for the newsroom's own."""

    def at_home(self, path: str = "", **query: object) -> str:
        """The address of a page of the library."""
        return self.to(HOME + path, **query, hien=self.hien)

    def switched(self) -> str:
        """The same page in the other language."""
        return "?" + urlencode({**self.request.query_params, "hien": self.t("en", "vi")})

    @staticmethod
    def marked(text: str, words: tuple[str, ...]) -> Markup:
        """A text with what was looked for marked."""
        parts = (Markup("<mark>{}</mark>").format(p) if hit else escape(p) for p, hit in search.marked(text, words))
        return Markup("").join(parts)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The library at the desk, for one request."""

    desk: Desk
    library: Library

    def one(self, name: str) -> Edition:
        """A bulletin that is public now."""
        found = self.library.one(self.desk, name)
        if found is None:
            raise NothingHere
        return found

    def feed(self, code: str, language: str) -> Feed:
        """The podcast of a programme in a language."""
        known = language in {one.value for one in Language}
        found = self.library.feed(self.desk, code, Language(language)) if known else None
        if found is None:
            raise NothingHere
        return found

    def address(self, path: str) -> str:
        """Where the public finds a page."""
        return f"{self.desk.config.settings.library.address}{quote(HOME + path)}"


def _shelf(request: Request) -> Shelf:
    if not is_open(request):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return Shelf(desk_of(request), request.app.state.library)


_Shelf = Annotated[Shelf, Depends(_shelf)]


def is_asked(request: Request) -> bool:
    """Whether an address is the library's, also one that it does not have."""
    path: str = request.scope["path"].removeprefix(request.app.state.prefix)
    return path == HOME or path.startswith(f"{HOME}/")


def is_open(request: Request) -> bool:
    """Whether anybody may look into the library."""
    return desk_of(request).config.settings.library.public


def apart(request: Request, status: HTTPStatus) -> Response:
    """What the public is told where nothing can be shown: there is no such page, or it is to come again."""
    return render(PublicPage(request), "library_none.html", {"away": status != HTTPStatus.NOT_FOUND}, status)


# --- podcasts --------------------------------------------------------------------------------------------------------


@router.api_route(HOME + "/podcast/{code}/{tongue}.rss", methods=_BOTH)
def feed(request: Request, shelf: _Shelf, code: str, tongue: str) -> Response:
    """The podcast of a programme in a language."""
    found, settings = shelf.feed(code, tongue), shelf.desk.config.settings.library
    channel = podcast.Channel(
        title=library.heading(found.programme, found.language),
        description=settings.description.get(found.language, "") or settings.title,
        author=library.author(shelf.desk),
        mail=settings.mail,
        language=found.language,
        category=settings.category,
        explicit=settings.explicit,
        address=shelf.address(f"/podcast/{code}/{tongue}.rss"),
        page=shelf.address(""),
        picture=shelf.address(f"/podcast/{code}/{tongue}.jpg"),
        changed=found.changed,
    )
    made = podcast.rss(channel, (_episode(shelf, edition) for edition in found.editions))
    etag = f'W/"{digest_of(made)[:32]}"'
    if _is_known(request, etag):
        return _unchanged(etag)
    return Response(made, media_type="application/rss+xml; charset=utf-8", headers=_headers(etag))


def _episode(shelf: Shelf, edition: Edition) -> podcast.Episode:
    name = edition.bulletin.id
    text = shelf.library.text(shelf.desk, edition)
    return podcast.Episode(
        guid=f"bantin:{name}",
        title=edition.bulletin.title,
        page=shelf.address(f"/bai/{name}"),
        sound=shelf.address(f"/bai/{name}/{edition.sound}"),
        kind=library.TYPES[edition.master.suffix],
        size=edition.master.size,
        seconds=edition.master.seconds,
        at=edition.aired.astimezone(shelf.desk.config.zone),
        paragraphs=[[(run.language, run.text) for run in paragraph] for paragraph in text.spoken],
    )


@router.api_route(HOME + "/podcast/{code}/{tongue}.jpg", methods=_BOTH)
def cover(request: Request, shelf: _Shelf, code: str, tongue: str) -> Response:
    """The picture of a podcast."""
    found = shelf.feed(code, tongue)
    made = library.cover(shelf.desk, found.programme, found.language)
    etag = f'"{digest_of(made)[:32]}"'
    if _is_known(request, etag):
        return _unchanged(etag)
    return Response(made, media_type="image/jpeg", headers=_headers(etag))


# --- pages -----------------------------------------------------------------------------------------------------------


@router.api_route(HOME, methods=_BOTH)
def listed(
    request: Request,
    shelf: _Shelf,
    tim: str = "",
    chuong_trinh: str = "",
    tieng: str = "",
    chu_de: str = "",
    thang: str = "",
    trang: str = "",
) -> Response:
    """What there is to hear, what aired last first; or what was looked for."""
    page, desk, shown = PublicPage(request), shelf.desk, shelf.library
    public = shown.public(desk)
    asked = tim[:_LONGEST_QUESTION]
    words = search.words(asked)
    chosen = {"chuong_trinh": chuong_trinh, "tieng": tieng, "chu_de": chu_de, "thang": thang}
    wanted = Wanted(words=words, programme=chuong_trinh, language=tieng, theme=chu_de, month=thang)
    found = shown.find(desk, wanted, public)
    pages = max(1, math.ceil(len(found) / _A_PAGE))
    number = min(max(int(trang), 1), pages) if trang.isascii() and trang.isdigit() and len(trang) < 8 else 1
    rows = found[(number - 1) * _A_PAGE :][:_A_PAGE]
    context = {
        "library": desk.config.settings.library, "rows": [(e, _found(shelf, e, words)) for e in rows], "wanted": words,
        "tim": asked, "chosen": chosen, "number": number, "count": len(found), "pages": pages,
        "looked_for": bool(words or any(chosen.values())), "feeds": _feeds(public), "own_name": library.OWN_NAME,
        "theme": partial(_theme, desk), "canonical": shelf.address(""), "choices": _choices(desk, public),
    }  # fmt: skip
    return render(page, "library.html", context)


def _theme(desk: Desk, code: str) -> str:
    """A theme as people know it; where nobody named it, its words."""
    return desk.config.settings.plan.themes.get(code, code.replace("-", " "))


def _choices(desk: Desk, public: list[Edition]) -> dict[str, list[tuple[str, str, str]]]:
    """What may be chosen among: its value, its name, and the language of that name; empty for figures."""
    languages = {language for e in public for language in e.bulletin.languages}
    zone = desk.config.zone
    months = sorted({f"{e.aired.astimezone(zone):%Y-%m}" for e in public}, reverse=True)
    titles = {e.bulletin.programme: e.programme.title for e in public}
    themes = {e.bulletin.theme: _theme(desk, e.bulletin.theme) for e in public if e.bulletin.theme}
    return {
        "chuong_trinh": sorted((code, title, Page.lang_of(title)) for code, title in titles.items()),
        "tieng": [(one, library.OWN_NAME[one], one) for one in Language if one in languages],
        "chu_de": sorted(((code, name, Page.lang_of(name)) for code, name in themes.items()), key=lambda one: one[1]),
        "thang": [(month, f"{month[5:]}/{month[:4]}", "") for month in months],
    }


def _feeds(public: list[Edition]) -> list[tuple[str, str, str]]:
    """Podcasts that list something: their name, their programme's title and their language."""
    some = {(e.programme.title, e.bulletin.programme, lang) for e in public for lang in e.bulletin.languages}
    order = sorted(some, key=lambda one: (*one[:2], one[2] != Language.VI))
    return [(f"{code}/{language}", title, language) for title, code, language in order]


def _found(shelf: Shelf, edition: Edition, words: tuple[str, ...]) -> tuple[str, str]:
    """What is shown of its text, and in which language: where the first hit is, else how it begins."""
    text = shelf.library.text(shelf.desk, edition)
    written = [run for paragraph in text.written for run in paragraph]
    runs = [*written, *(run for paragraph in text.spoken for run in paragraph)]
    hit = next((run for run in runs if words and search.has_any(run.text, words)), None)
    shown = hit or next(iter(written), None)
    return (search.excerpt(shown.text, words), shown.language) if shown else ("", "vi")


@router.api_route(HOME + "/bai/{name}", methods=_BOTH)
def one(request: Request, shelf: _Shelf, name: str) -> Response:
    """One bulletin: to hear, to read, to take along."""
    edition = shelf.one(name)
    context = {
        "library": shelf.desk.config.settings.library, "e": edition, "text": shelf.library.text(shelf.desk, edition),
        "canonical": shelf.address(f"/bai/{name}"), "kind": library.TYPES[edition.master.suffix],
        "feeds": _feeds([edition]), "own_name": library.OWN_NAME, "theme": partial(_theme, shelf.desk),
    }  # fmt: skip
    return render(PublicPage(request), "library_one.html", context)


@router.api_route(HOME + "/bai/{name}/hinh.png", methods=_BOTH)
def picture(request: Request, shelf: _Shelf, name: str) -> Response:
    """Its waveform and loudness."""
    made = shelf.one(name).source.picture
    if made is None:
        raise NothingHere
    return _file(request, shelf, made, "image/png")


@router.api_route(HOME + "/bai/{name}/loi.txt", methods=_BOTH)
def text(request: Request, shelf: _Shelf, name: str) -> Response:
    """What it says, as plain text."""
    edition = shelf.one(name)
    said = shelf.library.text(shelf.desk, edition).spoken
    lines = [edition.bulletin.title, *(" ".join(run.text for run in paragraph) for paragraph in said)]
    made = ("\n\n".join(lines) + "\n").encode()
    etag = f'W/"{digest_of(made)[:32]}"'
    if _is_known(request, etag):
        return _unchanged(etag)
    return Response(made, media_type="text/plain; charset=utf-8", headers=_headers(etag))


@router.api_route(HOME + "/bai/{name}/{sound}", methods=_BOTH)
def sound(request: Request, shelf: _Shelf, name: str, sound: str) -> Response:
    """Its sound: exactly the bytes that were signed."""
    edition = shelf.one(name)
    if sound != edition.sound:
        raise NothingHere
    return _file(request, shelf, edition.master.digest, library.TYPES[edition.master.suffix])


def _file(request: Request, shelf: Shelf, digest: Digest, kind: str) -> Response:
    etag = f'"{digest}"'
    file = shelf.desk.store.whole(digest)
    if _is_known(request, etag):
        return _unchanged(etag)
    return StoredFile(file, media_type=kind, headers=_headers(etag), stat_result=file.stat())


# --- what the asker has already (RFC 9110, 13) ------------------------------------------------------------------------


def _headers(etag: str) -> dict[str, str]:
    return {"ETag": etag, "Cache-Control": "no-cache"}


def _unchanged(etag: str) -> Response:
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=_headers(etag))


def _is_known(request: Request, etag: str) -> bool:
    """Whether the asker has it already, told by its tag alone: a time hides what is taken back within its second."""
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    return "*" in known or etag.removeprefix("W/") in known
