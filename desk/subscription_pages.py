"""What mails lead to: unsubscribing with one click, a calendar to subscribe to, an entry without signing in.

Of these links none is used up: looking at one changes nothing, since programs that scan mails open every link.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from desk.access import entrance_of, known, signed_in
from desk.calendars import calendar_of
from desk.mine import BY_LINK, Mine, mine
from desk.problems import status_of
from desk.words import Words
from models.errors import BadInput, Forbidden, NotFound, NotSignedIn, SeasonkeeperError
from models.text import LANGUAGES
from records import links, subscriptions
from records.access import Who
from records.seasons import known_file

if TYPE_CHECKING:
    from desk.console import Console

Person = Annotated[Who, Depends(signed_in)]
MyEntry = Annotated[Mine, Depends(mine)]
_CALENDAR = "text/calendar; charset=utf-8"


class SubscriptionPages:
    """Answers the addresses that notices name, and `/my/notices`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._database = console.desk.database

    def router(self) -> APIRouter:
        """All addresses; those with a token are open to whoever has it."""
        router = APIRouter()
        router.get("/unsubscribe/{token}")(self.leave)
        router.post("/unsubscribe/{token}")(self.change)
        router.get("/do/{token}")(self.do)
        router.get("/calendar/{token}.ics")(self.subscribed)
        router.get("/my/notices")(self.mine)
        router.post("/my/notices")(self.choose)
        router.post("/my/notices/links")(self.revoke)
        router.get("/my/{season}/{entry}/calendar")(self.calendar)
        router.get("/my/{season}/{entry}/calendar.ics")(self.file)
        return router

    # Unsubscribing

    async def leave(self, request: Request, token: str) -> Response:
        """Asks whether it is meant; or says that it is done, and how to take it back."""
        return await self._leave(request, token)

    async def change(self, request: Request, token: str) -> Response:
        """One click of a mailbox provider (RFC 8058), or the button of the page; `act=in` takes it back."""
        form = await request.form()
        link, _who = await self._subscriber(token)
        if link is not None:
            by = "one_click" if form.get("List-Unsubscribe") == "One-Click" else "page"
            change = subscriptions.opt_in if form.get("act") == "in" else subscriptions.opt_out
            await change(self._database, link.thing, link.person, by=by)
        return await self._leave(request, token)

    async def _subscriber(self, token: str) -> tuple[links.Link | None, Who | None]:
        link = links.read(self._database.seal, token, "unsubscribe")
        who = await links.who_holds(self._database, link) if link else None
        return (link, who) if who else (None, None)

    async def _leave(self, request: Request, token: str) -> Response:
        link, who = await self._subscriber(token)
        if link is None or who is None:
            return await self._dead(request)
        words = await self._words_of(request, who, link.thing)
        (now,) = await subscriptions.of_person(self._database, who.person_id, link.thing)
        return self._console.page(
            request, "my/unsubscribe.html", words, out=now.out.get(subscriptions.ALL), season=link.thing,
            action=f"/unsubscribe/{token}",
            kinds=await subscriptions.kinds_for(self._database, link.thing, who.person_id),
        )  # fmt: skip

    # One thing to do

    async def do(self, request: Request, token: str) -> Response:
        """Opens the entry for whoever holds the link, and nothing else."""
        opened = await links.open_entry(self._database, token)
        if opened is None:
            return await self._dead(request)
        path = f"/my/{opened.season}/{opened.number}"
        answer = RedirectResponse(path, 303)
        answer.set_cookie(BY_LINK, token, path=path, httponly=True, samesite="lax", secure=entrance_of(request).secure)
        return answer

    async def _dead(self, request: Request) -> Response:
        with suppress(NotSignedIn):
            await known(request)
        words = await self._console.words(request)
        return self._console.page(request, "my/link_dead.html", words, 410)

    # Calendars

    async def calendar(self, request: Request, my: MyEntry) -> Response:
        """Says what the calendar holds, and where to subscribe to it."""
        words = await self._console.words(request, my.season)
        entrance, token = entrance_of(request), ""
        if my.actor == "applicant" and not my.by_link:
            now = await self._database.now()
            token = links.make(self._database.seal, "calendar", my.who.person_id, my.entry_id, now)
        address = f"{entrance.url}/calendar/{token}.ics" if token else ""
        return self._console.page(
            request, "my/calendar.html", words, season=my.season, number=my.number, address=address,
            webcal=address.replace("https://", "webcal://", 1) if address.startswith("https://") else "",
        )  # fmt: skip

    async def file(self, request: Request, my: MyEntry) -> Response:
        """The calendar as a file."""
        if my.actor != "applicant":
            raise Forbidden("entry.not_applicant", "Only the applicant has a calendar.", "Ask the applicant.")
        words = await self._console.words(request, my.season)
        return await self._file(request, my.season, my.entry_id, my.who, words.language, my.number)

    async def subscribed(self, request: Request, token: str) -> Response:
        """The same for programs, which sign in nowhere. 404 once it is void, so that they stop asking."""
        opened = await links.open_entry(self._database, token, "calendar")
        if opened is None:
            raise NotFound("calendar.unknown", "There is no such calendar.", "Subscribe anew from the entry's page.")
        return await self._file(request, opened.season, opened.entry_id, opened.who, opened.who.language, opened.number)

    async def _file(self, request: Request, season: str, entry: int, who: Who, language: str, number: str) -> Response:
        entrance = entrance_of(request)
        text = await calendar_of(
            self._database, season, entry, who.person_id, language=language, url=entrance.url, sender=entrance.sender
        )
        head = {"Content-Disposition": f'inline; filename="{number}.ics"'}
        return Response(text.encode(), media_type=_CALENDAR, headers=head)

    # A person's own

    async def mine(self, request: Request, who: Person) -> Response:
        """Which routine notices are sent, for each season; and the links in mails."""
        return await self._mine(request, who)

    async def _mine(self, request: Request, who: Who, trouble: str = "", status: int = 200) -> Response:
        words, found = await self._console.words(request), []
        for one in await subscriptions.of_person(self._database, who.person_id):
            file = await known_file(self._database, one.season)
            found.append((one, file.name, await subscriptions.kinds_for(self._database, one.season, who.person_id)))
        query = request.query_params
        return self._console.page(
            request, "my/notices.html", words, status, found=found, saved="saved" in query and not trouble, void="void" in query and not trouble, trouble=trouble,
            keyed=self._database.seal.has_key,
        )  # fmt: skip

    async def choose(self, request: Request, who: Person) -> Response:
        """Keeps which kinds are wanted in one season."""
        form = await request.form()
        season = str(form.get("season", ""))[:200]
        wanted = {str(kind) for kind in form.getlist("kind")}
        try:
            mine_ = await subscriptions.of_person(self._database, who.person_id)
            if season not in {one.season for one in mine_}:
                raise BadInput("subscription.season", f"season: '{season}' is none of yours.", "Choose on the page.")
            kinds = await subscriptions.kinds_for(self._database, season, who.person_id)
            out = {kind for kind in kinds if kind not in wanted} if wanted else {subscriptions.ALL}
            await subscriptions.replace(self._database, season, who.person_id, out, by=f"person/{who.person_id}")
        except SeasonkeeperError as error:
            return await self._mine(request, who, error.sentence, status_of(error))
        return RedirectResponse("/my/notices?saved=1", 303)

    async def revoke(self, who: Person) -> Response:
        """Makes every link in earlier mails void."""
        await links.revoke(self._database, who.person_id, actor=f"person/{who.person_id}")
        return RedirectResponse("/my/notices?void=1", 303)

    async def _words_of(self, request: Request, who: Who, season: str) -> Words:
        """In the language of whom the mail was for, unless another was asked for."""
        if request.query_params.get("lang") in LANGUAGES or request.cookies.get("lang") in LANGUAGES:
            return await self._console.words(request, season)
        file: Any = await known_file(self._database, season)
        return Words("zh" if who.language.startswith("zh") else "en", file)
