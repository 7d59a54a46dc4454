"""The pages of data protection: the notice for everybody, a person's own data, erasures, the password of staff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from desk.access import entrance_of, known, office, set_session, signed_in
from desk.copies import as_json, as_zip
from desk.labels.privacy import EFFECTS
from desk.problems import status_of
from models.errors import BadInput, Forbidden, NotFound, NotSignedIn, SeasonkeeperError
from models.season import Retention
from records import access, reading, staff
from records.access import Who
from records.privacy import requests
from records.privacy.erasure import erase
from records.privacy.export import export
from records.privacy.kept import PERSONAL, TOPICS, UNTIL
from records.seasons import known_file
from records.store import DocumentStore
from workers.outside import outside_in

if TYPE_CHECKING:
    from desk.console import Console

_MOST = 500
"""Longest text that a field is looked at."""

Person = Annotated[Who, Depends(signed_in)]
Office = Annotated[Who, Depends(office)]


async def of_staff(request: Request) -> Who:
    """A dependency: a member of the season office, signed in with password and code. Raises NotSignedIn, Forbidden."""
    who = await known(request)
    if who is None:
        raise NotSignedIn("sign_in.needed", "Nobody is signed in.", "Sign in at /staff/sign-in.", staff=True)
    if not who.role:
        raise Forbidden("access.forbidden", "Only staff have a password.", "Sign in at /staff/sign-in.")
    return who


class PrivacyPages:
    """Answers the addresses of data protection."""

    def __init__(self, console: Console, store: DocumentStore | None) -> None:
        self._console, self._store = console, store
        self._database = console.desk.database

    def router(self) -> APIRouter:
        """All addresses."""
        router = APIRouter()
        router.get("/privacy")(self.notice)
        router.get("/my/data")(self.mine)
        router.get("/my/data/copy")(self.copy)
        router.post("/my/data/erasure")(self.ask)
        router.get("/privacy/people")(self.people)
        router.post("/privacy/people")(self.look)
        router.post("/privacy/people/erase")(self.erase)
        router.get("/staff/password")(self.password)
        router.post("/staff/password")(self.change_password)
        return router

    async def _page(self, request: Request, name: str, status: int = 200, **values: Any) -> Response:
        words = await self._console.words(request)
        return self._console.page(request, f"privacy/{name}", words, status, **values)

    async def notice(self, request: Request) -> Response:
        """What is kept about people, why, and for how long: open to everybody."""
        await known(request)
        seasons: list[tuple[Any, Retention]] = []
        for season in await reading.seasons(self._database):
            file = await known_file(self._database, season.id)
            seasons.append((file.name, file.retention))
        return await self._page(request, "privacy.html", topics=TOPICS.values(), until=UNTIL, seasons=seasons)

    # A person's own

    async def mine(self, request: Request, who: Person) -> Response:
        """What is kept about whoever is signed in."""
        return await self._mine(request, who)

    async def _mine(self, request: Request, who: Who, trouble: str = "", status: int = 200) -> Response:
        found = await export(self._database, str(who.person_id))
        counts = dict.fromkeys(TOPICS, 0)
        # Each table under the first topic that has a column of it.
        for table, topic in {name.split(".")[0]: one.topic for name, one in reversed(PERSONAL.items())}.items():
            counts[topic] += len(found.tables.get(table, ()))
        kept = [(TOPICS[topic], count) for topic, count in counts.items() if count]
        asked = await requests.when_asked(self._database, who.person_id)
        return await self._page(request, "my_data.html", status, kept=kept, asked=asked, trouble=trouble)

    async def copy(self, who: Person, kind: str = "json") -> Response:
        """The copy, to be kept as a file."""
        if kind not in ("json", "zip"):
            raise NotFound("privacy.kind", f"'{kind}' is no kind of copy.", "There are json and zip.")
        found = await export(self._database, str(who.person_id))
        head = {"Content-Disposition": f'attachment; filename="my-data-{found.at:%Y-%m-%d}.{kind}"'}
        content = as_json(found) if kind == "json" else await as_zip(found, self._store)
        return Response(content, media_type=f"application/{kind}", headers=head)

    async def ask(self, request: Request, who: Person) -> Response:
        """Keeps that the person asks to be erased."""
        form = await request.form()
        if not form.get("sure"):
            words = await self._console.words(request)
            return await self._mine(request, who, words.label("privacy_unsure"), 422)
        await requests.ask(self._database, who.person_id)
        return RedirectResponse("/my/data", 303)

    # Operations

    async def people(self, request: Request, _who: Office) -> Response:
        """Who asked to be erased, and the way to look at an erasure before it is done."""
        return await self._people(request)

    async def _people(self, request: Request, status: int = 200, **values: Any) -> Response:
        shown = {"would": None, "done": None, "trouble": "", "who_asked": "", "withdraw": False, **values}
        found = await requests.open_requests(self._database)
        return await self._page(request, "people.html", status, requests=found, effects=EFFECTS, **shown)

    async def look(self, request: Request, _who: Office) -> Response:
        """What an erasure would do; changes nothing."""
        form = await request.form()
        asked, withdraw = str(form.get("who", ""))[:_MOST], bool(form.get("withdraw"))
        try:
            would = await erase(self._database, asked, reason="-", actor="ops", withdraw=withdraw, dry_run=True)
        except SeasonkeeperError as error:
            return await self._people(request, status_of(error), trouble=str(error), who_asked=asked, withdraw=withdraw)
        if would.already:
            return await self._people(request, done=would)
        return await self._people(request, would=would, who_asked=asked, withdraw=withdraw)

    async def erase(self, request: Request, who: Office) -> Response:
        """Erases a person."""
        form = await request.form()
        try:
            if not form.get("sure"):
                raise BadInput("act.unsure", (await self._console.words(request)).label("privacy_unsure"))
            done = await erase(
                self._database, str(form.get("who", "")), reason=str(form.get("reason", ""))[:_MOST], actor=who.actor,
                withdraw=bool(form.get("withdraw")), outside=outside_in(self._console.mail, self._store),
            )  # fmt: skip
        except SeasonkeeperError as error:
            return await self._people(request, status_of(error), trouble=str(error))
        return await self._people(request, done=done)

    # Staff

    async def password(self, request: Request, _who: Annotated[Who, Depends(of_staff)]) -> Response:
        """Asks for the old password, a code and the new password."""
        return await self._password(request)

    async def _password(self, request: Request, trouble: str = "", status: int = 200) -> Response:
        return await self._page(
            request, "password.html", status, trouble=trouble, minutes=staff.WITHIN_MINUTES,
            least=staff.PASSWORD_LEAST, changed="changed" in request.query_params and not trouble,
        )  # fmt: skip

    async def change_password(self, request: Request, who: Annotated[Who, Depends(of_staff)]) -> Response:
        """Changes the password; every other session of the member ends."""
        form = await request.form()
        given = {name: str(form.get(name, ""))[:200] for name in ("old", "code", "new", "again")}
        try:
            if given["new"] != given["again"]:
                raise BadInput("password.differs", "The new password was written in two ways.")
            cookie = await staff.change_password(
                self._database, who.person_id, given["old"], given["code"], given["new"]
            )
        except SeasonkeeperError as error:
            name = error.code.replace("sign_in.", "password.")
            if not name.startswith("password."):
                raise
            return await self._password(request, name, status_of(error))
        answer = RedirectResponse("/staff/password?changed=1", 303)
        set_session(answer, cookie, entrance_of(request), access.STAFF_SESSION)
        return answer
