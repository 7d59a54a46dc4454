"""Outgoing mail by program: hold and release, campaigns, the outbox, and what a person was sent."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from desk import mailing
from desk.access import entrance_of, reads, steers
from desk.api_models import LINKED, MOST_ID, Answer, Limit, Offset, next_page
from desk.api_registration import Season
from desk.client import Desk
from desk.problems import described
from models.views import CampaignDetail, CampaignView, SentView
from records import holding, outbox
from records.access import Who
from records.holding import Acted
from records.outbox import Mail
from records.reading import campaigns as reading

Steers = Annotated[Who, Depends(steers)]
Campaign = Annotated[str, Path(description="Id of the campaign.", max_length=500)]
Person = Annotated[int, Path(ge=1, le=MOST_ID, description="Number of the person.")]
About = Annotated[
    str, Query(max_length=500, description="What it is about, where the person gets several of the campaign.")
]


class Reason(BaseModel):
    """Why mail is held, released or discarded."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "the date is wrong"}]})
    reason: str = Field(default="", max_length=1000, description="Why; kept in the log. Needed to hold and release.")


class HoldAnswer(Answer):
    """A hold that is in force. Links that sign people in still go out."""

    season: str | None = Field(description="The season; null for that of all seasons.")
    held_at: datetime
    held_by: str
    reason: str


class ActedAnswer(Answer):
    """What holding or releasing came to."""

    season: str | None
    changed: bool = Field(description="Whether it was not so before.")
    held_by_all: bool = Field(description="Whether the season stays held, as all are.")
    campaigns: tuple[str, ...] = Field(description="Campaigns that go on.")


class MailWords(BaseModel):
    """Words of one mail: in plain text, without the layout that its template gives."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"subject": "Your hall", "body": "You show in hall 3.\n"}]}
    )
    subject: str = Field(description="One line.")
    body: str = Field(description="Lines of plain text, which the HTML part shows as they are.")


class WordsAnswer(Answer):
    """One mail as its recipient gets it; its links ask for a sign-in here."""

    campaign: str
    person: int
    about: str
    subject: str
    body: str


class OutboxAnswer(Answer):
    """What became of a campaign in the outbox."""

    campaign: str
    count: int = Field(description="How many mails were released or discarded.")


def _acted(acted: Acted) -> ActedAnswer:
    return ActedAnswer(**{**acted._asdict(), "campaigns": tuple(name for _, name in acted.campaigns)})


def notice_routes(desk: Desk) -> APIRouter:
    """What is asked and done of outgoing mail."""
    router = APIRouter(responses=described(404, 409))
    # Acts come first: the path of a campaign that is asked for would take their addresses.
    _acts(router, desk)
    _mails(router, desk)
    _asks(router, desk)
    return router


def _mails(router: APIRouter, desk: Desk) -> None:
    mails = "/seasons/{season}/campaigns/{campaign:path}/mails"
    looks = {"dependencies": [Depends(reads)], "tags": ["ask"]}

    @router.get(
        mails, operation_id="listMailsOfCampaign",
        summary="The mails of a campaign, the troubled ones first; while it waits, all are in state `outbox`.",
        **{**looks, "responses": LINKED},  # type: ignore[arg-type]
    )  # fmt: skip
    async def listed(
        request: Request, response: Response, season: Season, campaign: Campaign, limit: Limit = 100, offset: Offset = 0
    ) -> tuple[SentView, ...]:
        found = await reading.mails(desk.database, season, campaign, limit=limit + 1, offset=offset)
        if len(found) > limit:
            next_page(request.url, response, limit=limit, offset=offset + limit)
        return found[:limit]

    @router.get(
        mails + "/{person}", operation_id="readMail", summary="One mail of a campaign as its recipient gets it.",
        **looks,  # type: ignore[arg-type]
    )  # fmt: skip
    async def one(
        request: Request, season: Season, campaign: Campaign, person: Person, about: About = ""
    ) -> WordsAnswer:
        return await words(request, season, Mail(campaign, person, about))

    @router.put(
        mails + "/{person}", operation_id="editMail", tags=["steer"],
        summary="Give one mail that waits in the outbox words of its own.",
    )  # fmt: skip
    async def edit(
        request: Request, season: Season, campaign: Campaign, person: Person, body: MailWords, who: Steers,
        about: About = "",
    ) -> WordsAnswer:  # fmt: skip
        mail = Mail(campaign, person, about)
        await outbox.edit(desk.database, season, mail, body.subject, body.body, actor=who.actor)
        return await words(request, season, mail)

    @router.delete(
        mails + "/{person}", operation_id="leaveOutMail", tags=["steer"],
        summary="Leave one mail that waits in the outbox out of its campaign.",
    )  # fmt: skip
    async def leave_out(
        season: Season, campaign: Campaign, person: Person, who: Steers, about: About = ""
    ) -> OutboxAnswer:
        await outbox.discard_one(desk.database, season, Mail(campaign, person, about), actor=who.actor)
        return OutboxAnswer(campaign=campaign, count=1)

    async def words(request: Request, season: str, mail: Mail) -> WordsAnswer:
        found = await mailing.mail_words(desk.database, season, mail, entrance_of(request).url)
        return WordsAnswer(**mail._asdict(), subject=found.subject, body=found.body)


def _asks(router: APIRouter, desk: Desk) -> None:
    looks = {"dependencies": [Depends(reads)], "tags": ["ask"]}

    @router.get("/seasons/{season}/hold", operation_id="listHolds", summary="Who holds the season's mail.", **looks)  # type: ignore[arg-type]
    async def holds(season: Season) -> tuple[HoldAnswer, ...]:
        return tuple(HoldAnswer(**one._asdict()) for one in await holding.holds(desk.database, season))

    @router.get(
        "/seasons/{season}/campaigns", operation_id="listCampaigns",
        summary="The newest campaigns and what became of them; `state=waiting` is the outbox.", **{**looks, "responses": LINKED},  # type: ignore[arg-type]
    )  # fmt: skip
    async def campaigns(
        request: Request,
        response: Response,
        season: Season,
        state: Annotated[str | None, Query(max_length=20, description="In this state.")] = None,
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> tuple[CampaignView, ...]:
        found = await reading.campaigns(desk.database, season, state=state, limit=limit + 1, offset=offset)
        if len(found) > limit:
            next_page(request.url, response, limit=limit, offset=offset + limit)
        return found[:limit]

    @router.get(
        "/seasons/{season}/campaigns/{campaign:path}", operation_id="getCampaign",
        summary="One campaign: its figures, the reasons grouped, and its sends over time.", **looks,  # type: ignore[arg-type]
    )  # fmt: skip
    async def campaign(season: Season, campaign: Campaign) -> CampaignDetail:
        return await reading.campaign(desk.database, season, campaign)

    @router.get(
        "/seasons/{season}/people/{person}/notices", operation_id="listNoticesOfPerson",
        summary="Everything a person was sent in the season, with the mail server's answer.", **{**looks, "responses": LINKED},  # type: ignore[arg-type]
    )  # fmt: skip
    async def of_person(
        request: Request, response: Response, season: Season, person: Person, limit: Limit = 100, offset: Offset = 0
    ) -> tuple[SentView, ...]:
        found = await reading.person_notices(desk.database, person, season=season, limit=limit + 1, offset=offset)
        if len(found) > limit:
            next_page(request.url, response, limit=limit, offset=offset + limit)
        return found[:limit]


def _acts(router: APIRouter, desk: Desk) -> None:
    @router.post(
        "/seasons/{season}/hold", operation_id="holdMail", tags=["steer"],
        summary="Stop all outgoing mail of a season between two mails; links that sign people in go on.",
    )  # fmt: skip
    async def hold(season: Season, body: Reason, who: Steers) -> ActedAnswer:
        return _acted(await holding.hold(desk.database, season, actor=who.actor, reason=body.reason))

    @router.post(
        "/seasons/{season}/release", operation_id="releaseMail", tags=["steer"],
        summary="Let held mail go on: what is still useful is sent.",
    )  # fmt: skip
    async def release(season: Season, body: Reason, who: Steers) -> ActedAnswer:
        return _acted(await mailing.release(desk, season, actor=who.actor, reason=body.reason))

    @router.post("/hold", operation_id="holdAllMail", tags=["steer"], summary="Stop the mail of all seasons.")
    async def hold_all(body: Reason, who: Steers) -> ActedAnswer:
        return _acted(await holding.hold(desk.database, None, actor=who.actor, reason=body.reason))

    @router.post(
        "/release", operation_id="releaseAllMail", tags=["steer"], summary="Let the mail of all seasons go on."
    )
    async def release_all(body: Reason, who: Steers) -> ActedAnswer:
        return _acted(await mailing.release(desk, None, actor=who.actor, reason=body.reason))

    @router.post(
        "/seasons/{season}/campaigns/{campaign:path}/send", operation_id="sendCampaign", tags=["steer"],
        summary="Send a campaign that waits in the outbox, once.",
    )  # fmt: skip
    async def send(season: Season, campaign: Campaign, who: Steers) -> OutboxAnswer:
        return OutboxAnswer(campaign=campaign, count=await mailing.send(desk, season, campaign, actor=who.actor))

    @router.post(
        "/seasons/{season}/campaigns/{campaign:path}/discard", operation_id="discardCampaign", tags=["steer"],
        summary="Send nothing of a campaign that waits in the outbox.",
    )  # fmt: skip
    async def discard(season: Season, campaign: Campaign, body: Reason, who: Steers) -> OutboxAnswer:
        count = await outbox.discard(desk.database, season, campaign, actor=who.actor, reason=body.reason)
        return OutboxAnswer(campaign=campaign, count=count)
