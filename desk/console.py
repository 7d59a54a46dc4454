"""The web console: pages on the same questions and commands as the CLI. No build step, nothing from elsewhere.

Who may see and do what is said in `desk.access`.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException

from desk.access import Entrance, may_steer, to_sign_in
from desk.applying import Applying
from desk.bounce_pages import BouncePages
from desk.channel_pages import ChannelPages
from desk.client import Desk
from desk.corrections import Corrections
from desk.documents import DocumentPages, Shelf
from desk.door_pages import DoorPages
from desk.hooks_pages import HookPages
from desk.labels import LABELS
from desk.notices_pages import NoticesPages
from desk.own_entry import OwnEntryPages
from desk.pages_of import Pages
from desk.privacy_pages import PrivacyPages
from desk.problems import in_words, status_of, told
from desk.screening_pages import ScreeningPages
from desk.sheet_pages import SheetPages
from desk.sign_in import SignIn
from desk.subscription_pages import SubscriptionPages
from desk.template_pages import TemplatePages
from desk.words import Words, language_of
from models.errors import Forbidden, NotFound, NotSignedIn, SeasonkeeperError, TooOften
from models.text import LANGUAGES
from records.seasons import live

HERE = Path(__file__).parent
COOKIE = "lang"
YEAR = 365 * 24 * 3600


def add_console(
    app: FastAPI,
    desk: Desk,
    *,
    mail: Path | None = None,
    temporal_ui: str = "",
    imports: Path | None = None,
    shelf: Shelf | None = None,
) -> None:
    """Add the pages to an app. `mail` is the folder of the embedded mail sink, if there is one.

    `imports` is where spreadsheets that are brought are kept for an hour; the system's own place where it is left out.
    `shelf` is where documents lie.
    """
    console = Console(desk, mail, temporal_ui)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    # Before the other pages: `/seasons/{season}/{act}` would take its addresses.
    app.include_router(SheetPages(console, imports).router(), include_in_schema=False)
    app.include_router(HookPages(console).router(), include_in_schema=False)
    app.include_router(BouncePages(console).router(), include_in_schema=False)
    app.include_router(NoticesPages(console).router(), include_in_schema=False)
    app.include_router(TemplatePages(console).router(), include_in_schema=False)
    app.include_router(ScreeningPages(console).router(), include_in_schema=False)
    app.include_router(Pages(console).router(), include_in_schema=False)
    seldom = [Depends(app.state.sign_in_limit)]
    app.include_router(SignIn(console).router(), include_in_schema=False, dependencies=seldom)
    # Before `/my/{season}/{entry}`.
    app.include_router(PrivacyPages(console, shelf.store if shelf else None).router(), include_in_schema=False)
    app.include_router(SubscriptionPages(console).router(), include_in_schema=False)
    app.include_router(DoorPages(console).router(), include_in_schema=False)
    app.include_router(Applying(console).router(), include_in_schema=False, dependencies=seldom)
    app.include_router(ChannelPages(console).router(), include_in_schema=False)
    own = OwnEntryPages(console, shelf)
    app.include_router(own.router(), include_in_schema=False)
    app.include_router(Corrections(console, own).router(), include_in_schema=False)
    app.include_router(DocumentPages(console, shelf).router(), include_in_schema=False)
    app.include_router(_language(), include_in_schema=False)
    app.add_exception_handler(SeasonkeeperError, partial(_trouble, console))
    app.add_exception_handler(RequestValidationError, partial(_trouble, console))
    app.add_exception_handler(HTTPException, partial(_trouble, console))


class Console:
    """What pages stand on: the desk, the templates, the language of a request."""

    def __init__(self, desk: Desk, mail: Path | None, temporal_ui: str) -> None:
        self.desk, self.mail, self.temporal_ui = desk, mail, temporal_ui
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "pages"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        self._templates.filters["epoch"] = _epoch

    async def words(self, request: Request, season: str | None = None) -> Words:
        """Words in the reader's language, with the names of a season. Raises NotFound."""
        language = _language_asked(request)
        if season is None:
            return Words(language)
        async with self.desk.database.statement() as connection:
            return Words(language, (await live(connection, season)).file)

    def has_mails(self) -> bool:
        """Whether there is an embedded mail sink to look into."""
        return self.mail is not None and self.mail.is_dir()

    def page(self, request: Request, name: str, words: Words, status: int = 200, **values: Any) -> Response:
        """A page from its template. A language asked for in the address is kept in a cookie."""
        other = "en" if words.language == "zh" else "zh"
        here = [(k, v) for k, v in parse_qsl(request.url.query) if k != "lang"]
        entrance: Entrance = request.app.state.entrance
        who = getattr(request.state, "who", None)
        inside = entrance.open or may_steer(who)
        html = self._templates.get_template(name).render(
            w=words, L=words.label, path=request.url.path, has_mails=self.has_mails() and inside, temporal_ui=self.temporal_ui if inside else "",
            here=request.url.path + (f"?{urlencode(here)}" if here else ""), season_id=values.pop("season_id", None),
            other_language=other, other_href=f"?{urlencode([*here, ('lang', other)])}", who=who,
            open_desk=entrance.open, steers=lambda area=None: entrance.open or may_steer(who, area), **values,
        )  # fmt: skip
        answer = HTMLResponse(html, status)
        if request.query_params.get("lang") in LANGUAGES:
            answer.set_cookie(COOKIE, words.language, max_age=YEAR, samesite="lax", httponly=True)
        return answer


def _language_asked(request: Request) -> Any:
    asked = request.query_params.get("lang") or request.cookies.get(COOKIE)
    if asked in LANGUAGES:
        return asked
    return language_of(request.headers.get("accept-language"))


def _language() -> APIRouter:
    router = APIRouter()

    @router.get("/favicon.ico")
    async def icon() -> Response:
        return RedirectResponse("/static/icon.svg", 301)

    return router


async def _trouble(console: Console, request: Request, error: Exception) -> Response:
    """The same sentence as everywhere: as problem+json under /api, as a page elsewhere."""
    if request.url.path.startswith("/api/"):
        return await told(request, error)
    if isinstance(error, HTTPException):
        if error.status_code != 404:
            return Response(str(error.detail), error.status_code, headers=error.headers)
        error = NotFound("page.unknown", f"There is nothing at {request.url.path}.", "The list of seasons is at /.")
    if isinstance(error, RequestValidationError):
        error = in_words(error)
    if isinstance(error, NotSignedIn):
        return to_sign_in(request, error)
    assert isinstance(error, SeasonkeeperError)
    words = Words(_language_asked(request))
    if isinstance(error, Forbidden) and error.code in LABELS:
        error = Forbidden(error.code, words.label(error.code))
    page = console.page(request, "trouble.html", words, status_of(error), error=error)
    if isinstance(error, TooOften):
        page.headers["Retry-After"] = str(error.wait)
    return page


def _epoch(at: datetime) -> int:
    """Milliseconds, for the countdowns."""
    return int(at.timestamp() * 1000)
