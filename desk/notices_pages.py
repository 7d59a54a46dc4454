"""Pages of a season's mail: hold and release, campaigns and their outbox, and all that a person was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import RedirectResponse, Response

from desk import mailing
from desk.access import entrance_of, reads, steers
from desk.api_models import MOST_ID
from desk.problems import status_of
from models.errors import BadInput, SeasonkeeperError
from models.views import CampaignDetail
from notices.render import Words as NoticeWords
from records import holding, outbox
from records import reading as asked
from records.access import Who
from records.outbox import Mail
from records.reading import campaigns as reading

if TYPE_CHECKING:
    from desk.console import Console

Steers = Annotated[Who, Depends(steers)]
PersonId = Annotated[int, Path(ge=1, le=MOST_ID)]
PAGE = 100
DONE = ("hold", "held_already", "release", "not_held", "still_all", "edit", "leave_out")
"""What a page may be told to say that was done."""


class NoticesPages:
    """Answers `/seasons/{season}/notices` and what lies below it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._database = console.desk.database

    def router(self) -> APIRouter:
        """All addresses, each with who may come."""
        router, looks = APIRouter(), [Depends(reads)]
        router.get("/seasons/{season}/notices", dependencies=looks)(self.notices)
        router.post("/seasons/{season}/notices")(self.hold)
        router.get("/seasons/{season}/notices/campaigns", dependencies=looks)(self.campaigns)
        router.get("/seasons/{season}/notices/people/{person}", dependencies=looks)(self.person)
        router.get("/seasons/{season}/notices/campaigns/{campaign:path}", dependencies=looks)(self.campaign)
        router.post("/seasons/{season}/notices/campaigns/{campaign:path}")(self.act)
        return router

    async def notices(self, request: Request, season: str, state: str = "") -> Response:
        """Notices and what the mail server answered; whether mail is held."""
        return await self._notices(request, season, state)

    async def _notices(
        self, request: Request, season: str, state: str = "", status: int = 200,
        trouble: SeasonkeeperError | None = None, reason: str = "",
    ) -> Response:  # fmt: skip
        words = await self._console.words(request, season)
        done = request.query_params.get("done", "")
        return self._console.page(
            request, "notices.html", words, status, season_id=season, state=state, trouble=trouble, reason=reason,
            found=await asked.notices(self._database, season, state=state or None),
            holds=await holding.holds(self._database, season),
            done=words.label(f"ncs_done_{done}") if done in DONE[:5] and trouble is None else "",
        )  # fmt: skip

    async def hold(self, request: Request, season: str, who: Steers) -> Response:
        """Hold or release the season's mail; then back."""
        form = await request.form()
        act, reason = str(form.get("act", "")), str(form.get("reason", ""))
        try:
            await self._sure(request, season, bool(form.get("sure")))
            if act == "hold":
                acted = await holding.hold(self._database, season, actor=who.actor, reason=reason)
                done = "hold" if acted.changed else "held_already"
            elif act == "release":
                acted = await mailing.release(self._console.desk, season, actor=who.actor, reason=reason)
                done = "still_all" if acted.held_by_all else "release" if acted.changed else "not_held"
            else:
                raise BadInput("act.unknown", f"'{act[:40]}' is no act on mail.")
        except SeasonkeeperError as error:
            return await self._notices(request, season, "", status_of(error), error, reason)
        return RedirectResponse(f"/seasons/{season}/notices?done={done}", 303)

    async def _sure(self, request: Request, season: str, sure: bool) -> None:
        words = await self._console.words(request, season)
        if not sure:
            raise BadInput("act.unsure", words.label("confirm_missing"))

    async def campaigns(self, request: Request, season: str) -> Response:
        """The newest campaigns, and those that wait to be read."""
        words = await self._console.words(request, season)
        return self._console.page(
            request, "notices/campaigns.html", words, season_id=season,
            waiting=await reading.campaigns(self._database, season, state="waiting", limit=PAGE),
            found=await reading.campaigns(self._database, season, limit=PAGE),
        )  # fmt: skip

    async def person(self, request: Request, season: str, person: PersonId) -> Response:
        """Everything that a person was sent in the season."""
        words = await self._console.words(request, season)
        found = await reading.person_notices(self._database, person, season=season)
        return self._console.page(request, "notices/person.html", words, season_id=season, person=person, found=found)

    async def campaign(
        self, request: Request, season: str, campaign: str, about: str = "",
        person: Annotated[int | None, Query(ge=1, le=MOST_ID)] = None,
    ) -> Response:  # fmt: skip
        """One campaign; with `person`, one mail of it to be read, and edited while it waits."""
        return await self._campaign(request, season, campaign, Mail(campaign, person, about) if person else None)

    async def _campaign(
        self, request: Request, season: str, campaign: str, mail: Mail | None, status: int = 200,
        trouble: SeasonkeeperError | None = None, filled: NoticeWords | None = None,
    ) -> Response:  # fmt: skip
        words = await self._console.words(request, season)
        found = await reading.campaign(self._database, season, campaign)
        mails = await reading.mails(self._database, season, campaign, limit=PAGE)
        shown = one = None
        if mail is not None:
            claimed = await reading.one_mail(self._database, season, mail)
            one = {"to": claimed.email, "language": claimed.language, "mail": mail}
            shown = filled or await mailing.mail_words(self._database, season, mail, entrance_of(request).url)
        done, query = request.query_params.get("done", ""), request.query_params
        count = query.get("count", "") if query.get("count", "").isdigit() else "0"
        values = {"count": count[:9], "person": mail.person if mail else ""}
        return self._console.page(
            request, "notices/campaign.html", words, status, season_id=season, c=found, mails=mails, one=one,
            shown=shown, trouble=trouble, bars=bars(found),
            done=words.label(f"ncs_done_{done}", **values)
            if done in (*DONE[5:], "send", "discard") and trouble is None else "",
        )  # fmt: skip

    async def act(self, request: Request, season: str, campaign: str, who: Steers) -> Response:
        """Send or discard a campaign in the outbox; edit or leave out one mail of it; then back."""
        form = await request.form()
        act, person = str(form.get("act", "")), str(form.get("person", ""))
        mail = filled = None
        if person.isascii() and person.isdigit():
            mail = Mail(campaign, min(int(person[:19]), MOST_ID), str(form.get("about", "")))
        here = f"/seasons/{season}/notices/campaigns/{quote(campaign)}"
        try:
            if act == "edit" and mail:
                filled = NoticeWords(str(form.get("subject", "")), str(form.get("body", "")))
                await outbox.edit(self._database, season, mail, filled.subject, filled.body, actor=who.actor)
                here += f"?person={mail.person}&about={quote(mail.about)}&done=edit"
            elif act == "leave_out" and mail:
                await outbox.discard_one(self._database, season, mail, actor=who.actor)
                here += f"?person={mail.person}&about={quote(mail.about)}&done=leave_out"
            elif act in ("send", "discard"):
                await self._sure(request, season, bool(form.get("sure")))
                count = await self._whole(act, season, campaign, who.actor)
                here += f"?done={act}&count={count}"
            else:
                raise BadInput("act.unknown", f"'{act[:40]}' is no act on a campaign.")
        except SeasonkeeperError as error:
            return await self._campaign(request, season, campaign, mail, status_of(error), error, filled)
        return RedirectResponse(here, 303)

    async def _whole(self, act: str, season: str, campaign: str, actor: str) -> int:
        if act == "send":
            return await mailing.send(self._console.desk, season, campaign, actor=actor)
        return await outbox.discard(self._database, season, campaign, actor=actor)


WIDTH, HEIGHT = 960, 120


def bars(campaign: CampaignDetail) -> list[dict[str, Any]]:
    """The sends over time as bars of a picture WIDTH by HEIGHT, one for each step with any."""
    most, wide = max(campaign.steps, default=0), WIDTH / max(len(campaign.steps), 1)
    return [
        {"x": round(n * wide, 1), "y": round(HEIGHT - HEIGHT * count / most, 1), "width": round(wide - 2, 1),
         "height": round(HEIGHT * count / most, 1), "count": count}
        for n, count in enumerate(campaign.steps) if count
    ]  # fmt: skip
