"""Letting campaigns send what they have queued."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar

from temporalio import activity
from temporalio.client import Client
from temporalio.common import Priority, WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from activities.house import House
from models.queues import BULK, SEASON_QUEUE
from models.results import CampaignRef, Campaigns, Counted, TrackingTurn
from records import campaigns

_ANSWER_WITHIN = timedelta(seconds=10)


async def poke_campaign(client: Client, season: str, campaign: str, first_at: datetime | None = None) -> None:
    """Let a campaign send what it has queued: starts its workflow, or tells the running one of more."""
    await client.start_workflow(
        "CampaignWorkflow",
        CampaignRef(campaign=campaign, season=season, first_at=first_at),
        id=f"season/{season}/campaign/{campaign}",
        task_queue=SEASON_QUEUE,
        start_signal="more",
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary=f"Notices: {campaign}",
        priority=Priority(priority_key=BULK),
        rpc_timeout=_ANSWER_WITHIN,
    )


Done = TypeVar("Done", Counted, TrackingTurn)


async def started(house: House, season: str, done: Done) -> Done:
    """Let what a deed has queued go out at once; the workflow has nothing left to start then.

    After the deed's commit. Where this fails the deed is tried again, and finds its campaigns still waiting.
    """
    if not done.campaigns or house.temporal is None:
        return done
    await _start(house, Campaigns(season=season, campaigns=done.campaigns))
    return done.model_copy(update={"campaigns": ()})


async def _start(house: House, ref: Campaigns) -> None:
    assert house.temporal is not None
    wait = await campaigns.first_due(house.database, ref.campaigns)
    for campaign in ref.campaigns:
        await poke_campaign(house.temporal, ref.season, campaign, wait.get(campaign))


class CampaignDeeds:
    """Activities that start campaigns.

    A campaign is no child of the workflow that caused it: a stage goes on, and ends, while its notices are on their way.
    """

    def __init__(self, house: House) -> None:
        self._house = house

    @activity.defn(name="start_campaigns")
    async def start(self, ref: Campaigns) -> None:
        """Start sending these campaigns, or tell them of more; starting one twice is harmless."""
        await _start(self._house, ref)
