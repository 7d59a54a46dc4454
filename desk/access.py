"""Who is at the desk, and what they may do: the dependencies that every route names.

A desk that is open (`SEASON_DESK_OPEN`) asks nobody: it is for one machine. Elsewhere a route is for everybody, for
whoever is signed in, or for roles of the season office and scopes of tokens. A test walks all routes against a table.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from models.errors import Forbidden, NotSignedIn
from records.access import Link, Who, who_holds, who_is
from records.database import Database

SESSION = "season_session"
ANYBODY = Who(0, "", "", "en", "operations", None, frozenset({"read", "steer"}))
"""Who is at an open desk and has not signed in: the log calls them `ops`."""

SendLink = Callable[[Link, str], Awaitable[None]]
"""Mails a sign-in link; the second argument is the address that the link leads to."""


@dataclass(frozen=True)
class Entrance:
    """How people come in: whether nobody needs to, the address that links start with, and who mails them.

    `sender` is whom mails come from.
    """

    open: bool = True
    url: str = "http://127.0.0.1:8600"
    send: SendLink | None = None
    sender: str = "season@localhost"

    @property
    def secure(self) -> bool:
        """Whether cookies go over https alone."""
        return self.url.startswith("https://")


def entrance_of(request: Request) -> Entrance:
    """The entrance of this app."""
    entrance: Entrance = request.app.state.entrance
    return entrance


def database_of(request: Request) -> Database:
    """The database of this app."""
    database: Database = request.app.state.database
    return database


async def known(request: Request) -> Who | None:
    """Who acts, by a token or by the cookie of a session; None for nobody. Looked up once for each request.

    Raises NotSignedIn for a token that is no good: whoever shows one means it.
    """
    if not hasattr(request.state, "who"):
        request.state.who = await _look_up(request)
    who: Who | None = request.state.who
    return who


async def _look_up(request: Request) -> Who | None:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        holder = await who_holds(database_of(request), secret.strip())
        if holder is None:
            raise NotSignedIn("token.unknown", "This token is not known, over or revoked.", "`season token make`.")
        return holder
    cookie = request.cookies.get(SESSION)
    return await who_is(database_of(request), cookie) if cookie else None


async def signed_in(request: Request) -> Who:
    """The person who is signed in. Raises NotSignedIn: 401 under /api, else the way to the sign-in page."""
    who = await known(request)
    if who is None or not who.person_id:
        raise NotSignedIn("sign_in.needed", "Nobody is signed in.", "Sign in at /sign-in.")
    return who


def needs_role(*roles: str, scope: str = "") -> Callable[[Request], Awaitable[Who]]:
    """A dependency: one of these roles, or a token with this scope. Everybody, where the desk is open.

    An organiser is let in to act on a window of the own area alone. Raises NotSignedIn, Forbidden.
    """

    async def check(request: Request) -> Who:
        who = await known(request)
        if entrance_of(request).open:
            # Whoever has signed in nevertheless is named in the log.
            return who if who is not None and who.role else ANYBODY
        if who is None:
            raise NotSignedIn("sign_in.needed", "Nobody is signed in.", "Sign in at /staff/sign-in.", staff=True)
        if who.token is not None:
            fits = scope in who.scopes and (who.season is None or who.season == _season_asked(request))
        else:
            fits = who.role in roles
        if not fits:
            raise _forbidden()
        return who

    return check


reads = needs_role("operations", "organiser", "support", scope="read")
"""Looking at seasons."""

steers = needs_role("operations", scope="steer")
"""Acting on a whole season."""

office = needs_role("operations")
"""What nobody but operations may see, such as the mails of the embedded sink: links that sign in are among them."""

_steers_somewhere = needs_role("operations", "organiser", scope="steer")


async def steers_window(request: Request, window: str) -> Who:
    """A dependency: acting on this window. An organiser acts on windows of the own area."""
    who = await _steers_somewhere(request)
    if who.role == "organiser" and not entrance_of(request).open:
        found = await database_of(request).at_once("SELECT area FROM windows WHERE id = :window", window=window)
        # A window that does not exist is answered like one of another area.
        if not found or not may_steer(who, found[0]["area"]):
            raise _forbidden()
    return who


async def steers_entry(request: Request, season: str, entry: str) -> Who:
    """A dependency: acting on this entry (its number or id). An organiser acts on entries of the own area."""
    who = await _steers_somewhere(request)
    if who.role == "organiser" and not entrance_of(request).open:
        found = await database_of(request).at_once(
            "SELECT area FROM entries WHERE season_id = :season AND (number = upper(:entry) OR id::text = :entry)",
            season=season,
            entry=entry,
        )
        # An entry that does not exist is answered like one of another area.
        if not found or not may_steer(who, found[0]["area"]):
            raise _forbidden()
    return who


SteersEntry = Annotated[Who, Depends(steers_entry)]


def may_steer(who: Who | None, area: str | None = None) -> bool:
    """Whether acts on a window of this area (None: on a whole season) are offered."""
    if who is None:
        return False
    return who.role == "operations" or (who.role == "organiser" and area is not None and area == who.area)


def _season_asked(request: Request) -> str | None:
    path = request.path_params
    season = path.get("season") or str(path.get("window", "")).partition("/")[0]
    return str(season) or None


def _forbidden() -> Forbidden:
    return Forbidden("access.forbidden", "Your role does not allow this.", "Ask operations.")


# The way in and back


def safe_next(path: str | None) -> str:
    """A path of our own to go on to; `/` for whatever could lead elsewhere."""
    if not path or not path.startswith("/") or not path.isprintable() or "\\" in path or len(path) > 1000:
        return "/"
    parts = urlsplit(path)
    return "/" if path.startswith("//") or parts.scheme or parts.netloc else path


def to_sign_in(request: Request, error: NotSignedIn) -> Response:
    """From a page to where one signs in, and back afterwards."""
    door = "/staff/sign-in" if error.staff else "/sign-in"
    if "hx-request" in request.headers:
        # A part of a page was asked for: the whole page goes, not the part.
        here = urlsplit(request.headers.get("hx-current-url", ""))
        back = here.path + (f"?{here.query}" if here.query else "")
        return Response(status_code=401, headers={"HX-Redirect": _with_next(door, back)})
    if request.method not in ("GET", "HEAD"):
        return RedirectResponse(door, 303)
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(_with_next(door, back), 303)


def _with_next(door: str, back: str) -> str:
    goes_to = safe_next(back)
    return door if goes_to == "/" else f"{door}?next={quote(goes_to, safe='/')}"


def set_session(response: Response, cookie: str, entrance: Entrance, length: timedelta) -> None:
    """Give the browser its session. What counts is its end in the database; the cookie's is courtesy."""
    options: dict[str, Any] = {"httponly": True, "samesite": "lax", "secure": entrance.secure, "path": "/"}
    response.set_cookie(SESSION, cookie, max_age=int(length.total_seconds()), **options)


def clear_session(response: Response, entrance: Entrance) -> None:
    """Take the cookie back."""
    response.delete_cookie(SESSION, path="/", httponly=True, samesite="lax", secure=entrance.secure)
