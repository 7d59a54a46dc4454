"""The pages by which people come in: a link by mail for everybody, password and code for the season office."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import TypeAdapter, ValidationError
from starlette.background import BackgroundTask

from desk.access import SESSION, Entrance, clear_session, entrance_of, known, safe_next, set_session
from desk.problems import status_of
from models.errors import NotSignedIn, Refused, SeasonkeeperError
from models.forms import Email
from records import access, staff
from records.database import Database

if TYPE_CHECKING:
    from desk.console import Console

_EMAIL: TypeAdapter[str] = TypeAdapter(Email)
_MOST = 200
"""Longest password and code that are looked at."""

log = structlog.get_logger()


async def send_link(database: Database, entrance: Entrance, email: str, goes_to: str) -> None:
    """Make a link for this address and mail it; nothing at all for an address that is not known. Raises nothing."""
    try:
        link = await access.ask_link(database, email, goes_to)
    except SeasonkeeperError as error:
        log.warning("sign_in.no_link_made", error=error.code)
        return
    if link is None:
        return
    if entrance.send is None:
        log.warning("sign_in.no_mail_server", person=link.person_id)
        return
    await entrance.send(link, f"{entrance.url}/sign-in/{link.token}")


class SignIn:
    """Answers the addresses of signing in and out. They are open to everybody."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._database = console.desk.database

    def router(self) -> APIRouter:
        """All addresses."""
        router = APIRouter()
        router.get("/sign-in")(self.ask)
        router.post("/sign-in")(self.send)
        router.get("/sign-in/{token}")(self.link)
        router.post("/sign-in/{token}")(self.use)
        router.post("/sign-out")(self.leave)
        router.get("/staff/sign-in")(self.staff)
        router.post("/staff/sign-in")(self.staff_in)
        return router

    async def _page(self, request: Request, name: str, status: int = 200, **values: Any) -> Response:
        with suppress(NotSignedIn):  # a token that is no good: these pages are open to its holder too
            await known(request)
        return self._console.page(request, name, await self._console.words(request), status, **values)

    # A link by mail

    async def ask(self, request: Request, next: str = "") -> Response:
        """Asks for the address."""
        return await self._asks(request, safe_next(next))

    async def _asks(self, request: Request, goes_to: str, email: str = "", bad: bool = False) -> Response:
        left = "left" in request.query_params
        status = 422 if bad else 200
        return await self._page(request, "sign_in.html", status, goes_to=goes_to, email=email, bad=bad, left=left)

    async def send(self, request: Request) -> Response:
        """The same answer, after the same time, for every address: the link is made and mailed behind it."""
        form = await request.form()
        goes_to, given = safe_next(str(form.get("next", ""))), str(form.get("email", ""))
        try:
            email = _EMAIL.validate_python(given)
        except ValidationError:
            return await self._asks(request, goes_to, given[:_MOST], bad=True)
        await self._database.now()  # where the database is away, say so now
        answer = await self._page(request, "sign_in_asked.html", goes_to=goes_to, minutes=access.LINK_MINUTES)
        answer.background = BackgroundTask(send_link, self._database, entrance_of(request), email, goes_to)
        return answer

    async def link(self, request: Request, token: str) -> Response:
        """One button. Looking at this page changes nothing: programs that scan mails look at every link."""
        works = await access.link_works(self._database, token)
        return await self._page(
            request, "sign_in_link.html", 200 if works else 410, works=works, action=f"/sign-in/{token}"
        )

    async def use(self, request: Request, token: str) -> Response:
        """Uses the link up and signs in."""
        used = await access.use_link(self._database, token)
        if used is None:
            return await self._page(request, "sign_in_link.html", 410, works=False, action="")
        cookie, goes_to = used
        goes_to = safe_next(goes_to)
        if goes_to == "/":
            goes_to = "/my"  # the console is the season office's
        return await self._in(request, cookie, goes_to, access.PERSON_SESSION)

    async def _in(self, request: Request, cookie: str, goes_to: str, length: Any) -> Response:
        old = request.cookies.get(SESSION)
        if old:
            await access.end_session(self._database, old)
        answer = RedirectResponse(goes_to, 303)
        set_session(answer, cookie, entrance_of(request), length)
        return answer

    async def leave(self, request: Request) -> Response:
        """Signs out."""
        cookie = request.cookies.get(SESSION)
        if cookie:
            await access.end_session(self._database, cookie)
        answer = RedirectResponse("/sign-in?left=1", 303)
        clear_session(answer, entrance_of(request))
        return answer

    # Password and code

    async def staff(self, request: Request, next: str = "") -> Response:
        """Asks for address, password and code."""
        return await self._asks_staff(request, safe_next(next))

    async def _asks_staff(
        self, request: Request, goes_to: str, email: str = "", trouble: str = "", status: int = 200
    ) -> Response:
        return await self._page(
            request, "staff_sign_in.html", status, goes_to=goes_to, email=email, trouble=trouble,
            minutes=staff.WITHIN_MINUTES,
        )  # fmt: skip

    async def staff_in(self, request: Request) -> Response:
        """Signs a member of the season office in."""
        form = await request.form()
        given = {name: str(form.get(name, ""))[:_MOST] for name in ("email", "password", "code")}
        goes_to = safe_next(str(form.get("next", "")))
        try:
            cookie = await staff.sign_in(self._database, given["email"], given["password"], given["code"])
        except Refused as error:
            return await self._asks_staff(request, goes_to, given["email"], error.code, status_of(error))
        return await self._in(request, cookie, goes_to, access.STAFF_SESSION)
