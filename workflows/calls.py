"""How workflows call activities and start campaigns: one place for queues, timeouts, retries and priorities."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.campaigns import CampaignDeeds
    from models.queues import BULK, NORMAL
    from models.results import Campaigns

# An outage of the database or the mail server is tried again for as long as it takes; a refusal is final at once.
PATIENT = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=30)
)
_TICK = timedelta(milliseconds=1)
# A deed gives a sign of life every few seconds; one that gives none was lost with its worker, and is tried again.
LIFE = timedelta(seconds=20)
_DEED, _START = timedelta(minutes=10), timedelta(seconds=20)

Arg = TypeVar("Arg")
Answer = TypeVar("Answer")


async def call(
    deed: Callable[[Any, Arg], Awaitable[Answer]],
    argument: Arg,
    *,
    summary: str | None = None,
    priority: int = NORMAL,
    timeout: timedelta = _DEED,
) -> Answer:
    """Run an activity of the season queue to its end. Raises ActivityError where a rule refused."""
    return await workflow.execute_activity_method(
        deed,
        argument,
        start_to_close_timeout=timeout,
        heartbeat_timeout=LIFE,
        retry_policy=PATIENT,
        summary=summary,
        priority=Priority(priority_key=priority),
    )


async def send(*campaigns: str, season: str) -> None:
    """Let these campaigns send what they have queued; nobody waits for them."""
    if campaigns:
        named = Campaigns(season=season, campaigns=campaigns)
        await call(
            CampaignDeeds.start, named, summary=f"Send {len(campaigns)} campaigns", priority=BULK, timeout=_START
        )


async def until(instant: datetime, moved: Callable[[], bool], summary: str) -> bool:
    """Wait for an instant, or until something moved: True if it did. A moment in the past returns at once."""
    while (left := instant - workflow.now()) > timedelta(0):
        try:
            # Servers keep time in milliseconds: a shorter timer may fire before its instant.
            await workflow.wait_condition(moved, timeout=max(left, _TICK), timeout_summary=summary)
        except TimeoutError:
            continue
        return True
    return moved()
