"""Ids of workflows, in one place, and the calls that need nothing but an id."""

from __future__ import annotations

from temporalio.client import Client
from temporalio.common import Priority, WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from models.results import CampaignRef
from workflows.calls import BULK, SEASON_QUEUE
from workflows.campaign import CampaignWorkflow


def season_workflow(season: str) -> str:
    """`season/<season>`."""
    return f"season/{season}"


async def poke_campaign(client: Client, season: str, campaign: str) -> None:
    """Let a campaign send what it has queued: starts its workflow, or tells the running one of more."""
    await client.start_workflow(
        CampaignWorkflow.run,
        CampaignRef(campaign=campaign, season=season),
        id=f"season/{season}/campaign/{campaign}",
        task_queue=SEASON_QUEUE,
        start_signal="more",
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary=f"Notices: {campaign}",
        priority=Priority(priority_key=BULK),
    )
