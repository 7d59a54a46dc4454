"""Webhooks by program: the acts of `season hooks`, and the log of what was sent."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from activities.outside import Outside
from desk.access import database_of, entrance_of, steers
from desk.api_models import LINKED, MOST_ID, Answer, Limit, Offset, next_page
from desk.api_registration import Season
from desk.problems import described
from notices.message import domain_of
from notices.webhooks import Channel
from records import hook_deliveries, hooks
from records.access import Who

Steers = Annotated[Who, Depends(steers)]
Number = Annotated[int, Path(ge=1, le=MOST_ID, description="Number of the webhook.")]
Kind = Literal["notices", "openings", "closings", "changes", "bounces", "holds", "all"]


class NewHook(BaseModel):
    """The body that adds a webhook."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"url": "https://hooks.example.org/season", "events": ["closings"], "area": "EU"}]
        },
    )
    url: str = Field(min_length=1, max_length=2000, description="Where events are posted to: https, a public address.")
    events: tuple[Kind, ...] = Field(min_length=1, max_length=10, description="Kinds of events.")
    area: str | None = Field(default=None, max_length=100, description="Code of an area; all where it is left out.")


class HookAnswer(Answer):
    """A webhook, without its secrets."""

    id: int
    season: str
    area: str | None
    url: str
    events: tuple[str, ...]
    created_at: datetime
    renewing_until: datetime | None = Field(description="Until when the old secret signs beside the new one.")
    disabled_at: datetime | None = Field(description="Since when nothing is sent, as the endpoint answered 410.")
    disabled_why: str | None
    waiting: int
    sent: int
    failed: int


class SecretAnswer(Answer):
    """A webhook's secret, which is shown this once."""

    hook: int
    secret: str = Field(description="As Standard Webhooks writes it: `whsec_` and base64.")


class EventAnswer(Answer):
    """One event for one webhook, and what came of it."""

    id: int
    hook: int
    url: str
    event: str
    at: datetime
    state: str = Field(description="`queued`, `sent` or `failed`.")
    attempts: int
    status: int | None = Field(description="The HTTP status of the last answer.")
    answer: str | None = Field(description="The first words of the last answer, or what went wrong.")
    next_try: datetime | None
    done_at: datetime | None


class RemovedAnswer(Answer):
    """A webhook that is no more."""

    hook: int
    removed: bool = True


class RetriedAnswer(Answer):
    """An event that is tried again."""

    event: int
    state: str = "queued"


def channel_of(request: Request) -> Channel:
    """What events are sent by."""
    channel: Channel = request.app.state.webhooks
    return channel


def outside_of(request: Request) -> Outside:
    """What a test of a webhook is sent by."""
    entrance = entrance_of(request)
    return Outside(database_of(request), channel_of(request), entrance.url, domain_of(entrance.sender))


def hook_routes() -> APIRouter:
    """What is asked and done of the webhooks of a season."""
    router = APIRouter(prefix="/seasons/{season}", tags=["steer"], responses=described(404, 409))
    _asks(router)
    _acts(router)
    return router


def _asks(router: APIRouter) -> None:
    @router.get("/hooks", operation_id="listHooks", summary="The webhooks of a season.")
    async def listed(request: Request, season: Season, _who: Steers) -> tuple[HookAnswer, ...]:
        found = await hooks.of_season(database_of(request), season)
        return tuple(HookAnswer(**one._asdict()) for one in found)

    @router.get(
        "/hook-events",
        operation_id="listHookEvents",
        summary="The newest events that webhooks were told or are to be, and what they answered.",
        responses=LINKED,
    )
    async def events(
        request: Request,
        response: Response,
        season: Season,
        _who: Steers,
        hook: Annotated[int | None, Query(ge=1, le=MOST_ID, description="One webhook alone.")] = None,
        state: Annotated[Literal["queued", "sent", "failed"] | None, Query(description="In this state.")] = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> tuple[EventAnswer, ...]:
        found = await hook_deliveries.told(
            database_of(request), season, hook=hook, state=state, limit=limit + 1, offset=offset
        )
        if len(found) > limit:
            next_page(request.url, response, limit=limit, offset=offset + limit)
        return tuple(EventAnswer(**one._asdict()) for one in found[:limit])


def _acts(router: APIRouter) -> None:
    @router.post(
        "/hooks", operation_id="addHook", summary="Tell a program of events from now on; its secret, this once."
    )
    async def add(request: Request, season: Season, body: NewHook, who: Steers) -> SecretAnswer:
        await channel_of(request).check(body.url)
        made = await hooks.add(database_of(request), season, body.url, body.events, area=body.area, actor=who.actor)
        return SecretAnswer(hook=made.id, secret=made.secret)

    @router.delete("/hooks/{hook}", operation_id="removeHook", summary="Tell a program nothing any more.")
    async def remove(request: Request, season: Season, hook: Number, who: Steers) -> RemovedAnswer:
        await hooks.remove(database_of(request), hook, actor=who.actor, season=season)
        return RemovedAnswer(hook=hook)

    @router.post(
        "/hooks/{hook}/rotate",
        operation_id="rotateHook",
        summary="A new secret; for a day the old one signs beside it.",
    )
    async def rotate(request: Request, season: Season, hook: Number, who: Steers) -> SecretAnswer:
        made = await hooks.rotate(database_of(request), hook, actor=who.actor, season=season)
        return SecretAnswer(hook=made.id, secret=made.secret)

    @router.post(
        "/hooks/{hook}/test", operation_id="testHook", summary="Send one event now, and say what was answered."
    )
    async def test(request: Request, season: Season, hook: Number, who: Steers) -> EventAnswer:
        database = database_of(request)
        delivery = await hooks.ask_test(database, hook, actor=who.actor, season=season)
        told = await outside_of(request).test_hook(await hook_deliveries.one_told(database, delivery))
        return EventAnswer(**told._asdict())

    @router.post("/hook-events/{event}/retry", operation_id="retryHookEvent", summary="Try an event again.")
    async def retry(
        request: Request,
        season: Season,
        event: Annotated[int, Path(ge=1, le=MOST_ID, description="Number of the event.")],
        _who: Steers,
    ) -> RetriedAnswer:
        await hook_deliveries.retry(database_of(request), event, season=season)
        return RetriedAnswer(event=event)
