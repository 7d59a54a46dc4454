"""Tracking on the time-skipping server: follow-ups for years, by itself, to its end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from temporalio.client import WorkflowHandle

from activities.matching import MatchingDeeds
from models.queues import SEASON_QUEUE
from models.results import RoundRef, TrackingTurn
from records import matching, tracking
from records.database import at_instant
from tests.projects import DAY, SEASON, house_of, matched, states, told
from tests.workflows.conftest import Play
from workflows.tracking import TrackingWorkflow

_PATIENCE = 90


MAY = datetime(2024, 5, 1, tzinfo=UTC)
"""In the season's calendar: places may file their needs."""


async def landed(play: Play, count: int) -> datetime:
    """That many projects land now, at the instant answered; no further round comes."""
    await play.begin(MAY)
    now = await play.now()
    found = await matched(play.database, now, now, count)
    with at_instant(now):
        for match in found:
            await matching.answer_match(play.database, match, accept=True)
            await matching.report_match(play.database, match, "landed")
        await MatchingDeeds(house_of(play.database)).match_round(RoundRef(season=SEASON, round=2))
    return now


async def track(play: Play, so_far: TrackingTurn | None = None) -> WorkflowHandle[Any, Any]:
    return await play.environment.client.start_workflow(
        TrackingWorkflow.run, args=[SEASON, so_far], id=f"season/{SEASON}/tracking", task_queue=SEASON_QUEUE
    )


async def test_a_landed_project_is_followed_for_six_years_and_then_tracking_ends(play: Play) -> None:
    async with asyncio.timeout(_PATIENCE):
        begun = await landed(play, 2)
        tracks = await track(play)
        await tracks.result()
        assert (await tracks.query(TrackingWorkflow.status)).opened == 18
    assert await states(play.database, "follow_ups") == ["missed"] * 18
    assert len(await told(play.database, "follow_up_due")) == 18
    found = await play.rows("SELECT DISTINCT state FROM windows WHERE kind = 'follow_up'")
    assert found == [{"state": "closed"}]
    asked = await play.rows("SELECT opens_at FROM windows WHERE kind = 'follow_up' ORDER BY opens_at")
    days = [round((a["opens_at"] - begun) / DAY) for a in asked[::2]]
    assert days[:4] == [30, 90, 180, 365]
    assert {later - earlier for earlier, later in pairwise(days[3:])} <= {365, 366}


async def test_an_answer_in_time_is_kept_and_only_the_silent_are_missed(play: Play) -> None:
    async with asyncio.timeout(_PATIENCE):
        begun = await landed(play, 2)
        await track(play)
        await play.until(begun + 31 * DAY)
        with at_instant(begun + 40 * DAY):
            await tracking.answer_follow_up(play.database, 1, "the line runs")
        await play.until(begun + 52 * DAY)
        assert await states(play.database, "follow_ups") == ["answered", "missed"]
        await play.environment.client.get_workflow_handle(f"season/{SEASON}/tracking").terminate()


async def test_a_run_that_continues_another_keeps_its_figures(play: Play) -> None:
    async with asyncio.timeout(_PATIENCE):
        begun = await landed(play, 1)
        tracks = await track(play, TrackingTurn(opened=7, closed=7))
        await play.until(begun + 31 * DAY)
        status = await tracks.query(TrackingWorkflow.status)
        assert (status.opened, status.closed) == (8, 7)
        await tracks.terminate()


async def test_tracking_hears_of_a_new_match_by_a_signal(play: Play) -> None:
    async with asyncio.timeout(_PATIENCE):
        await play.begin(MAY)
        begun = await play.now()
        (match,) = await matched(play.database, begun, begun)
        tracks = await track(play)
        await play.until(begun + DAY)
        with at_instant(begun + DAY):
            await matching.answer_match(play.database, match, accept=True)
        await tracks.signal(TrackingWorkflow.refresh)
        await play.until(begun + 31 * DAY + DAY / 24)
        assert await told(play.database, "follow_up_due") == [f"match/{match}/place/1"]
        await tracks.terminate()
