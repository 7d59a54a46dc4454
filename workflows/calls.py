"""How workflows call activities and start campaigns: one place for queues, timeouts, retries and priorities."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from models.results import CampaignRef

SEASON_QUEUE = "season"
MAIL_QUEUE = "mail"

# An outage of the database or the mail server is tried again for as long as it takes; a refusal is final at once.
PATIENT = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=30)
)
FIRST, NORMAL, BULK = 1, 3, 5

Arg = TypeVar("Arg")
Answer = TypeVar("Answer")


async def call(
    deed: Callable[[Any, Arg], Awaitable[Answer]],
    argument: Arg,
    *,
    summary: str | None = None,
    priority: int = NORMAL,
) -> Answer:
    """Run an activity of the season queue to its end. Raises ActivityError where a rule refused."""
    return await workflow.execute_activity_method(
        deed,
        argument,
        start_to_close_timeout=timedelta(minutes=5),
        retry_policy=PATIENT,
        summary=summary,
        priority=Priority(priority_key=priority),
    )


async def send(*campaigns: str, season: str) -> None:
    """Start sending these campaigns; nobody waits for them. One that is being sent already is told of more."""
    for campaign in campaigns:
        workflow_id = f"season/{season}/campaign/{campaign}"
        try:
            await workflow.start_child_workflow(
                "CampaignWorkflow",
                CampaignRef(campaign=campaign, season=season),
                id=workflow_id,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                static_summary=f"Notices: {campaign}",
                priority=Priority(priority_key=BULK),
            )
        except WorkflowAlreadyStartedError:
            await workflow.get_external_workflow_handle(workflow_id).signal("more")


async def until(instant: datetime, moved: Callable[[], bool], summary: str) -> bool:
    """Wait for an instant, or until something moved: True if it did. A moment in the past returns at once."""
    left = instant - workflow.now()
    if left <= timedelta(0):
        return moved()
    try:
        await workflow.wait_condition(moved, timeout=left, timeout_summary=summary)
    except TimeoutError:
        return False
    return True
