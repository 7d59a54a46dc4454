"""The way into a season: a person's own entries, and the page on which a project is registered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import TypeAdapter, ValidationError
from starlette.background import BackgroundTask

from desk.access import Entrance, entrance_of, known, signed_in
from desk.entry_form import LINE
from desk.gate_words import in_words
from desk.own_entry import state_words
from desk.problems import status_of
from desk.sign_in import send_link
from desk.words import Words, steps
from models.errors import BadInput, NotFound, Refused, SeasonkeeperError
from models.forms import Email, EntryForm, PersonForm
from models.season import Area
from models.states import EntryState
from models.views import WindowView
from records import access, applying, channel_work, entries, people, reading
from records.access import Who
from records.database import clock_of
from records.reading.standing import standing

if TYPE_CHECKING:
    from desk.console import Console

SignedIn = Annotated[Who, Depends(signed_in)]
_EMAIL: TypeAdapter[str] = TypeAdapter(Email)
_TAKES_PART_NO_MORE = (EntryState.WITHDRAWN, EntryState.LAPSED, EntryState.INELIGIBLE)


@dataclass(frozen=True)
class AreaTimes:
    """An area and the registration window that matters now: the one that is open, else the next, else the last."""

    area: Area
    window: WindowView
    state: str
    """`open`, `coming`, `paused` or `over`."""


class Applying:
    """Answers `/my` and `/enter/…`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._database = console.desk.database

    def router(self) -> APIRouter:
        """All addresses, each with who may come."""
        router = APIRouter()
        router.get("/my")(self.mine)
        router.get("/enter/{season}")(self.enter)
        router.post("/enter/{season}")(self.register)
        return router

    async def mine(self, request: Request, who: SignedIn) -> Response:
        """Everything that somebody takes part in, and where one can register now."""
        words, now = await self._console.words(request), await self._database.now()
        shown = []
        for listed in await applying.of_person(self._database, who.person_id):
            own = await self._console.words(request, listed.season)
            stands = await standing(self._database, listed.season, listed.number, who.person_id)
            whole = await applying.of_entry(self._database, listed.id)
            coming = steps(stands.coming)
            shown.append(
                {
                    "entry": listed, "w": own, "stands": stands, "until": whole.until,
                    "next": coming[0] if coming else None, "state_words": state_words(own, stands.state),
                }
            )  # fmt: skip
        seasons = []
        for season in await applying.open_seasons(self._database):
            own = await self._console.words(request, season)
            areas = [a for a in await self._areas(own, season, now) if a.state == "open"]
            if areas:
                last = max(a.window.closes_at for a in areas)
                seasons.append({"id": season, "w": own, "areas": areas, "last": last})
        return self._console.page(request, "my/entries.html", words, shown=shown, seasons=seasons, now=now)

    # The way in

    async def enter(self, request: Request, season: str, via: str = "") -> Response:
        """What the season is, until when its areas accept, and the form that begins."""
        return await self._enter(request, season, via)

    async def _enter(
        self,
        request: Request,
        season: str,
        via: str,
        status: int = 200,
        trouble: SeasonkeeperError | None = None,
        filled: dict[str, str] | None = None,
        bad: dict[str, str] | None = None,
    ) -> Response:
        words, now = await self._console.words(request, season), await self._database.now()
        assert words.file is not None
        who = await known(request)
        me = await applying.person(self._database, who.person_id) if who and who.person_id else None
        have = await self._have(season, who) if who and who.person_id else None
        channel = await self._invited(season, via)
        areas = await self._areas(words, season, now)
        return self._console.page(
            request, "my/enter.html", words, status, season=season, season_file=words.file, areas=areas, now=now,
            me=me, have=have if words.file.entry_rules.one_entry_per_person else None, via=via[:LINE],
            channel=channel.name if channel else None, trouble=trouble, filled=filled or {}, bad=bad or {},
            any_open=any(a.state == "open" for a in areas), together=_together(areas),
        )  # fmt: skip

    async def register(self, request: Request, season: str, via: str = "") -> Response:
        """Begins a draft for whoever is signed in; mails everybody else the link that signs in and leads back."""
        who = await known(request)
        form = await request.form()
        filled = {name: str(value)[:1000].replace("\x00", "").strip() for name, value in form.items()}
        via = filled.get("via", via)
        if who is None or not who.person_id:
            return await self._ask(request, season, via, filled)
        words = await self._console.words(request, season)
        bad = {}
        if not filled.get("area"):
            bad["area"] = words.label("enter_choose_area")
        if not filled.get("track"):
            bad["track"] = words.label("enter_choose_track")
        if bad:
            return await self._enter(request, season, via, 422, filled=filled, bad=bad)
        try:
            return await self._begin(words, season, who, via, filled)
        except (Refused, BadInput) as error:
            told = await in_words(self._database, error, words, season, filled["area"])
            return await self._enter(request, season, via, status_of(error), told, filled)

    async def _begin(self, words: Words, season: str, who: Who, via: str, filled: dict[str, str]) -> Response:
        assert words.file is not None
        have = await self._have(season, who)
        if have and words.file.entry_rules.one_entry_per_person:
            raise Refused("entry.have", words.label("enter_have", number=have.number))
        track, _, group = filled["track"].partition("/")
        form = EntryForm(
            area=filled["area"], track=track, group=group or None, readiness=None,
            applicant=await applying.person(self._database, who.person_id),
        )  # fmt: skip
        channel = await self._invited(season, via)
        alone = ""
        try:
            code = channel.code if channel else None
            entry = await entries.draft(self._database, season, form, channel=code, act="invited")
        except Refused as error:
            if not error.code.startswith("channel."):
                raise
            entry, alone = await entries.draft(self._database, season, form), "?alone=1"
        number = (await applying.of_entry(self._database, entry)).number
        return RedirectResponse(f"/my/{season}/{number}{alone}", 303)

    async def _ask(self, request: Request, season: str, via: str, filled: dict[str, str]) -> Response:
        """The same answer for every address, known or not: who it is and the link come behind it."""
        words = await self._console.words(request, season)
        bad = {}
        email, name = filled.get("email", ""), filled.get("name", "")
        if not name or len(name) > LINE:
            bad["name"] = words.label("enter_name_missing")
        try:
            email = _EMAIL.validate_python(email)
        except ValidationError:
            bad["email"] = words.label("bad_mail", value=email[:LINE])
        if bad:
            return await self._enter(request, season, via, 422, filled=filled, bad=bad)
        language = filled.get("language") if filled.get("language") in ("en", "zh") else words.language
        person = PersonForm.model_validate({"email": email, "name": name, "language": language})
        goes_to = f"/enter/{quote(season)}" + (f"?via={quote(via)}" if via else "")
        answer = self._console.page(request, "sign_in_asked.html", words, goes_to=goes_to, minutes=access.LINK_MINUTES)
        answer.background = BackgroundTask(self._invite, entrance_of(request), person, goes_to)
        return answer

    async def _invite(self, entrance: Entrance, person: PersonForm, goes_to: str) -> None:
        async with self._database.transaction() as connection:
            await people.keep(connection, [person], await clock_of(connection))
        await send_link(self._database, entrance, person.email, goes_to)

    async def _have(self, season: str, who: Who) -> applying.Listed | None:
        """The entry with which somebody takes part in this season as its applicant, if there is one."""
        every = await applying.of_person(self._database, who.person_id)
        mine = (e for e in every if e.season == season and e.leads and e.state not in _TAKES_PART_NO_MORE)
        return next(mine, None)

    async def _invited(self, season: str, code: str) -> channel_work.ChannelView | None:
        """The channel whose invite code this is; None for none, and for one that is no good."""
        channel = await channel_work.invited(self._database, season, code) if code else None
        return await channel_work.of_channel(self._database, season, channel) if channel else None

    async def _areas(self, words: Words, season: str, now: datetime) -> list[AreaTimes]:
        windows = [w for w in await reading.windows(self._database, season) if w.kind == "registration"]
        if not windows or words.file is None:
            raise NotFound("season.no_registration", f"Season '{season}' has no registration.", "Look at /my.")
        return [
            _times(area, own, now) for area in words.file.areas if (own := [w for w in windows if w.area == area.code])
        ]


def _together(areas: Sequence[AreaTimes]) -> datetime | None:
    """The instant at which all areas close, where it is one and all of them are open."""
    closes = {a.window.closes_at for a in areas}
    return closes.pop() if len(closes) == 1 and all(a.state == "open" for a in areas) else None


def _times(area: Area, windows: Sequence[WindowView], now: datetime) -> AreaTimes:
    for window in windows:
        if window.state in ("open", "scheduled") and window.opens_at <= now < window.closes_at:
            return AreaTimes(area, window, "open")
    for state, wanted in (("paused", "paused"), ("coming", "scheduled")):
        for window in windows:
            if window.state == wanted and (state == "paused" or window.opens_at > now):
                return AreaTimes(area, window, state)
    return AreaTimes(area, windows[-1], "over")
