"""Nghe: what anybody may hear and read without an account, and its podcasts: only what `newsroom.library` lets out."""

from datetime import timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.exceptions import HTTPException

from pipeline.core.model import Language, Programme, digest_of
from pipeline.core.search import excerpt, words_of
from pipeline.newsroom import library
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.library import Item
from pipeline.report import cover, podcast
from pipeline.web.page import Page, render
from pipeline.web.sound import Sound
from pipeline.web.visitor import desk_of

PATH = "/nghe"
_A_PAGE, _EPISODES = 20, 100
_A_WHILE = {"Cache-Control": "public, max-age=300"}
"""What is taken back is gone for everybody within minutes."""


def _open(request: Request) -> Desk:
    """The desk, where there is a library at all."""
    desk = desk_of(request)
    if not desk.config.settings.library.public:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return desk


Open = Annotated[Desk, Depends(_open)]
router = APIRouter(prefix=PATH, include_in_schema=False)
_READ = ["GET", "HEAD"]
_Text = Annotated[str, Query(max_length=200)]


@router.api_route("", methods=_READ)
def shelf(
    request: Request,
    desk: Open,
    tim: _Text = "",
    chuong_trinh: _Text = "",
    tieng: _Text = "",
    thang: _Text = "",
    trang: int = 1,
) -> HTMLResponse:
    """What there is, the newest first, or what a search found."""
    language = Language(tieng) if tieng in {one.value for one in Language} else None
    found = library.search(desk, tim, programme=chuong_trinh, language=language, month=thang)
    number = max(trang, 1)
    shown = found[(number - 1) * _A_PAGE :][:_A_PAGE]
    wanted = words_of(tim)
    context = {
        "told": "", "rows": [(one, excerpt(library.text(desk, one), wanted)) for one in shown], "count": len(found),
        "page_number": number, "more": len(found) > number * _A_PAGE, "tim": tim, "tieng": tieng, "thang": thang,
        "chuong_trinh": chuong_trinh, "programmes": _programmes(desk), "languages": list(Language),
        "feeds": _feeds(desk),
    }  # fmt: skip
    return _kept(render(Page(request), "library.html", context))


def _kept(answer: HTMLResponse) -> HTMLResponse:
    answer.headers.update(_A_WHILE)
    answer.headers["Vary"] = "Cookie"  # its language
    return answer


def _programmes(desk: Desk) -> list[Programme]:
    chosen = desk.config.settings.library.programmes
    return [p for code, p in desk.config.programmes.items() if not chosen or code in chosen]


def _feeds(desk: Desk) -> list[tuple[Programme, Language]]:
    """The podcasts that have something to hear."""
    found = {(i.bulletin.programme, one) for i in library.items(desk) for one in i.bulletin.languages}
    return [(p, one) for p in _programmes(desk) for one in Language if (p.code, one) in found]


def _one(desk: Desk, name: str) -> Item:
    found = library.item(desk, name)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return found


@router.api_route("/bai/{name}", methods=_READ)
def one(request: Request, desk: Open, name: str) -> HTMLResponse:
    """One bulletin: to hear, to read, to look at."""
    found = _one(desk, name)
    context = {
        "told": "", "item": found, "lines": library.text(desk, found).splitlines(),
        "picture": library.picture(desk, found) is not None, "programme": desk.programme(found.bulletin).title,
    }  # fmt: skip
    return _kept(render(Page(request), "heard.html", context))


@router.api_route("/bai/{name}/tieng.mp3", methods=_READ)
def sound(desk: Open, name: str) -> Sound:
    """Its sound, byte for byte what was signed."""
    master = _one(desk, name).master
    headers = {**_A_WHILE, "ETag": f'"{master.digest}"'}
    return Sound(desk.store.whole(master.digest), media_type="audio/mpeg", headers=headers)


@router.api_route("/bai/{name}/hinh.png", methods=_READ)
def picture(desk: Open, name: str) -> FileResponse:
    """Its waveform and loudness."""
    file = library.picture(desk, _one(desk, name))
    if file is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return FileResponse(file, media_type="image/png", headers=_A_WHILE)


# --- podcasts --------------------------------------------------------------------------------------------------------


@router.api_route("/podcast/{code}/{tongue}.rss", methods=_READ)
def feed(request: Request, desk: Open, code: str, tongue: str) -> Response:
    """The podcast of a programme in a language."""
    programme, language = _channel(desk, code, tongue)
    settings, newsroom = desk.config.settings.library, desk.config.settings.newsroom.name
    base = settings.address + PATH
    heard = library.search(desk, programme=code, language=language)[:_EPISODES]
    about = podcast.Channel(
        title=programme.title if language is Language.VI else f"{programme.title} – ភាសាខ្មែរ",
        description=settings.description, language=language, owner=newsroom, mail=settings.mail,
        category=settings.category, link=base, self=f"{base}/podcast/{code}/{language.value}.rss",
        image=f"{base}/podcast/{code}/{language.value}.png",
    )  # fmt: skip
    episodes = [
        podcast.Episode(
            guid=f"bantin:{one.bulletin.id}", title=one.bulletin.title, text=library.text(desk, one),
            link=f"{base}/bai/{one.bulletin.id}", sound=f"{base}/bai/{one.bulletin.id}/tieng.mp3",
            size=one.master.size, seconds=one.master.seconds, at=one.since,
        )
        for one in heard
    ]  # fmt: skip
    made = podcast.podcast(about, episodes)
    tag = f'"{digest_of(made)}"'
    headers = {**_A_WHILE, "ETag": tag}
    if episodes:
        headers["Last-Modified"] = format_datetime(episodes[0].at, usegmt=True)
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(made, media_type="application/rss+xml; charset=utf-8", headers=headers)


@router.api_route("/podcast/{code}/{tongue}.png", methods=_READ)
def face(desk: Open, code: str, tongue: str) -> Response:
    """The picture that it is known by."""
    programme, language = _channel(desk, code, tongue)
    made = cover.cover(programme.title, desk.config.settings.newsroom.name, language)
    return Response(made, media_type="image/png", headers={"Cache-Control": f"public, max-age={_DAY}"})


_DAY = int(timedelta(days=1).total_seconds())


def _channel(desk: Desk, code: str, tongue: str) -> tuple[Programme, Language]:
    """A programme of the library and a language it has something in."""
    programme = next((p for p in _programmes(desk) if p.code == code), None)
    if programme is None or tongue not in {one.value for one in Language}:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return programme, Language(tongue)
