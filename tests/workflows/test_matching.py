"""Matching on the time-skipping server: needs, rounds once the results are out, and a negotiation for each match."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import WorkflowHandle

from models.commands import SeasonCommand
from models.queues import SEASON_QUEUE
from records import steering
from records.database import at_instant
from tests.projects import DAY, SEASON, a_need, finalists, states, told
from tests.workflows.conftest import Play
from workflows.matching import MatchingWorkflow

_PATIENCE = 90
MAY = datetime(2024, 5, 1, tzinfo=UTC)
"""In the season's calendar: places may file their needs."""
ROUND = datetime(2024, 7, 31, 16, tzinfo=UTC)


async def begin(play: Play) -> tuple[datetime, WorkflowHandle[Any, Any]]:
    """Matching of a season with two winners and two needs; the instant of its first round."""
    pace = await play.begin(MAY)
    now = await play.now()
    await finalists(play.database, 2, now)
    await a_need(play.database, now, capacity=2)
    await a_need(play.database, now, number=2)
    matching = await play.environment.client.start_workflow(
        MatchingWorkflow.run, SEASON, id=f"season/{SEASON}/matching", task_queue=SEASON_QUEUE
    )
    return pace.real(ROUND), matching


async def test_a_round_is_held_at_its_instant_and_each_match_is_negotiated(play: Play) -> None:
    async with asyncio.timeout(_PATIENCE):
        first, matching = await begin(play)
        await matching.signal("results_are_out")
        await play.until(first - timedelta(minutes=1))
        assert await states(play.database, "matches") == []
        await play.until(first + DAY)
        assert await states(play.database, "matches") == ["proposed"] * 3
        assert len(await told(play.database, "match_proposed")) == 3
        assert {d["state"] for d in await play.told("match_proposed_applicant")} == {"sent"}
        needs = await play.window(f"{SEASON}/needs")
        assert needs["state"] == "closed"
        await matching.result()  # all rounds are over, and every negotiation with them
    # The second round gives the place that became free to the project that had not been matched with it.
    assert await states(play.database, "matches") == ["expired"] * 4
    assert len(await play.rows("SELECT id FROM log WHERE event = 'matching.round'")) == 2


async def test_no_round_is_held_before_the_results_are_out(play: Play) -> None:
    async with asyncio.timeout(_PATIENCE):
        first, matching = await begin(play)
        await play.until(first + 2 * DAY)
        assert await states(play.database, "matches") == []
        await matching.signal("results_are_out")
        await play.until(first + 3 * DAY)
        assert await states(play.database, "matches") == ["proposed"] * 3
        await matching.cancel()


async def test_a_cancelled_season_holds_no_round(play: Play) -> None:
    async with asyncio.timeout(_PATIENCE):
        first, matching = await begin(play)
        await matching.signal("results_are_out")
        await play.until(first - DAY)
        with at_instant(await play.now()):
            async with play.database.transaction() as connection:
                await steering.cancel_season(connection, SeasonCommand(actor="ops", reason="no money", season=SEASON))
        await matching.result()
    assert await states(play.database, "matches") == []
