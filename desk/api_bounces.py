"""Reports of bounces by program: for mail providers that tell of them by HTTP, with a token of scope `bounces`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from desk.access import database_of, entrance_of, needs_role
from desk.api_models import LINKED, Answer, Limit, Offset, next_page
from desk.problems import described
from notices.bounce_reports import Report
from notices.message import domain_of
from records import bounces

_brings = needs_role("operations", scope="bounces")
_looks = needs_role("operations", "support", scope="read")


class Bounce(BaseModel):
    """What a provider knows of one mail and one recipient, in the words of RFC 3464."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "message_id": "<0123456789abcdef0123456789abcdef.7.cotiec-2024@season.example.org>",
                    "recipient": "lin@example.org", "action": "failed", "status": "5.1.1",
                    "diagnostic": "550 5.1.1 No such user",
                }
            ]
        },
    )  # fmt: skip
    message_id: str = Field(
        pattern=r"^<[\x21-\x3b\x3d\x3f-\x7e]{3,500}>$", description="Message-ID of the mail, as it was sent."
    )
    recipient: str = Field(min_length=3, max_length=320, description="The address that it was for.")
    action: Literal["failed", "delayed", "delivered", "relayed", "expanded"]
    status: str = Field(
        default="", pattern=r"^([245]\.\d{1,3}\.\d{1,3})?$", description="Enhanced status (RFC 3463), such as 5.1.1."
    )
    diagnostic: str = Field(default="", max_length=2000, description="The server's words, with its code.")


class Bounces(BaseModel):
    """The body: one report or more."""

    model_config = ConfigDict(extra="forbid")
    reports: tuple[Bounce, ...] = Field(min_length=1, max_length=100)


class BouncesAnswer(Answer):
    """What became of each report, in their order."""

    outcomes: tuple[str, ...] = Field(
        description="`matched`: kept of a notice of ours; `unknown`: about none of ours, nothing was changed; `ignored`:"
        " nothing to be done; `known`: it came before."
    )


class BounceAnswer(Answer):
    """A report that came in. No address is shown."""

    id: int
    received_at: datetime
    source: str = Field(description="`mailbox` or `api`.")
    outcome: str = Field(description="`matched`, `unknown`, `ignored` or `unreadable`.")
    kind: str | None = Field(description="`no_such_address`, `mailbox_full`, `refused`, `delayed` or `nothing`.")
    action: str | None
    status: str | None
    diagnostic: str | None
    message_id: str | None
    season: str | None
    campaign: str | None
    person: int | None = Field(description="Number of the person it is about, where that is known.")


def bounce_routes() -> APIRouter:
    """Bringing reports, and looking at those that came."""
    router = APIRouter(responses=described())

    @router.post(
        "/bounces",
        operation_id="reportBounces",
        summary="Tell of notices that did not arrive. Repeating it is harmless.",
        dependencies=[Depends(_brings)],
        tags=["bounces"],
    )
    async def bring(request: Request, body: Bounces) -> BouncesAnswer:
        domain, outcomes = domain_of(entrance_of(request).sender), []
        for one in body.reports:
            report = Report(one.message_id, one.action, one.status, one.diagnostic, (one.recipient.strip().lower(),))
            digest = bounces.facts_digest(one.model_dump())
            kept = await bounces.keep(database_of(request), report, domain=domain, source="api", digest=digest)
            outcomes.append(kept)
        return BouncesAnswer(outcomes=tuple(outcomes))

    @router.get(
        "/bounces",
        operation_id="listBounces",
        summary="The newest reports of notices that did not arrive, and what became of each.",
        dependencies=[Depends(_looks)],
        responses=LINKED,
        tags=["ask"],
    )
    async def listed(
        request: Request,
        response: Response,
        outcome: Annotated[
            Literal["matched", "unknown", "ignored", "unreadable"] | None, Query(description="Of this outcome.")
        ] = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> tuple[BounceAnswer, ...]:
        found = await bounces.listed(database_of(request), outcome=outcome, limit=limit + 1, offset=offset)
        if len(found) > limit:
            next_page(request.url, response, limit=limit, offset=offset + limit)
        return tuple(BounceAnswer(**one._asdict()) for one in found[:limit])

    return router
