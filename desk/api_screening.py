"""Acts on one entry by program: grace, and at screening the queue, a decision, and the return for correction."""

from __future__ import annotations

from typing import TypeVar

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from desk import dry
from desk.access import SteersEntry, known, reads
from desk.api_models import LINKED, Area, DecisionAnswer, DryRun, Limit, Offset, Why, next_page
from desk.api_registration import Key, Number, Season
from desk.client import Desk
from desk.idempotency import command_id
from desk.problems import described
from models.commands import Grace, Outcome, Return
from records import reading
from records.access import Who
from records.reading.queue import Undecided
from records.screening import decide_screening

C = TypeVar("C", bound=Grace | Return)


class Decision(BaseModel):
    """The body of a decision at screening."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"eligible": True, "reason": "two projects of one laboratory"}]}
    )
    eligible: bool = Field(description="Whether the entry takes part.")
    reason: str = Field(default="", max_length=4000, description="Why; the applicant reads it. Needed.")


def screening_routes(desk: Desk) -> APIRouter:
    """What is asked and decided of entries that wait; organisers act in their own area."""
    router = APIRouter()
    _queue(router, desk)
    _acts(router, desk)
    return router


def _queue(router: APIRouter, desk: Desk) -> None:
    @router.get(
        "/seasons/{season}/screening",
        operation_id="listUndecided",
        summary="The entries that wait for a person's decision, the oldest first; an organiser sees the own area.",
        dependencies=[Depends(reads)],
        responses={**described(404), **LINKED},
        tags=["ask"],
    )
    async def queue(
        request: Request,
        response: Response,
        season: Season,
        area: Area = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> tuple[Undecided, ...]:
        who = await known(request)
        own = who.area if who is not None and who.role == "organiser" else None
        found = await reading.undecided(desk.database, season, area=own or area)
        if len(found) > offset + limit:
            next_page(request.url, response, limit=limit, offset=offset + limit)
        return found[offset : offset + limit]


async def _command(kind: type[C], desk: Desk, season: str, entry: str, body: Why, who: Who, key: str | None) -> C:
    found = await reading.entry(desk.database, entry, season)
    return kind(
        entry=found.id, actor=who.actor, reason=body.reason, until=body.until, by=body.by,
        id=command_id(who.actor, key),
    )  # fmt: skip


def _acts(router: APIRouter, desk: Desk) -> None:
    refusals = described(404, 409)

    @router.post(
        "/seasons/{season}/entries/{entry}/grace",
        operation_id="giveGrace",
        summary="Give one entry more time than its registration: `until`, or `by` a span. Its applicant is told.",
        responses=refusals,
        tags=["steer"],
    )
    async def grace(
        season: Season, entry: Number, body: Why, who: SteersEntry, key: Key = None, dry_run: DryRun = False
    ) -> Outcome:
        command = await _command(Grace, desk, season, entry, body, who, key)
        return await dry.try_grace(desk.database, command) if dry_run else await desk.give_grace(command)

    @router.post(
        "/seasons/{season}/entries/{entry}/return",
        operation_id="returnForCorrection",
        summary="Return one entry for correction, `until` an instant or `by` a span. Its applicant is told, and answers.",
        responses=refusals,
        tags=["steer"],
    )
    async def give_back(
        season: Season, entry: Number, body: Why, who: SteersEntry, key: Key = None, dry_run: DryRun = False
    ) -> Outcome:
        command = await _command(Return, desk, season, entry, body, who, key)
        return await dry.try_return(desk.database, command) if dry_run else await desk.return_for_correction(command)

    @router.post(
        "/seasons/{season}/entries/{entry}/decision",
        operation_id="decideEntry",
        summary="Decide whether an entry that waits for a person is eligible. Its applicant reads the reason.",
        responses=refusals,
        tags=["steer"],
    )
    async def decide(
        season: Season, entry: Number, body: Decision, who: SteersEntry, key: Key = None, dry_run: DryRun = False
    ) -> DecisionAnswer:
        found = await reading.entry(desk.database, entry, season)
        if dry_run:
            state = await dry.try_decision(
                desk.database, found.id, eligible=body.eligible, actor=who.actor, reason=body.reason
            )
        else:
            state = await decide_screening(
                desk.database, found.id, eligible=body.eligible, actor=who.actor, reason=body.reason,
                command_id=command_id(who.actor, key),
            )  # fmt: skip
        return DecisionAnswer(entry=found.number, state=state, dry_run=dry_run)
