"""Negotiations on the time-skipping server: an answer in time, follow-ups, an outcome."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import WorkflowHandle

from models.commands import Extend, SeasonCommand
from models.queues import SEASON_QUEUE
from models.results import MatchRef
from records import matching, steering
from records.database import at_instant
from tests.projects import DAY, SEASON, events, matched, states, told
from tests.workflows.conftest import Play
from workflows.negotiation import NegotiationWorkflow

_PATIENCE = 90
MAY = datetime(2024, 5, 1, tzinfo=UTC)
"""In the season's calendar: places may file their needs."""


async def begin(play: Play) -> tuple[int, datetime, WorkflowHandle[Any, Any]]:
    """A match proposed now: its id, this instant, and its negotiation."""
    await play.begin(MAY)
    now = await play.now()
    (match,) = await matched(play.database, now, now)
    negotiation = await play.environment.client.start_workflow(
        NegotiationWorkflow.run,
        MatchRef(season=SEASON, match=match),
        id=f"season/{SEASON}/negotiation/{match}",
        task_queue=SEASON_QUEUE,
    )
    await play.until(now + DAY)
    return match, now, negotiation


async def accepted(play: Play) -> tuple[int, datetime, WorkflowHandle[Any, Any]]:
    """The same, a day later accepted by the place."""
    match, begun, negotiation = await begin(play)
    with at_instant(begun + DAY):
        await matching.answer_match(play.database, match, accept=True)
    await negotiation.signal("refresh")
    return match, begun, negotiation


async def ended(negotiation: WorkflowHandle[Any, Any]) -> datetime:
    """When a negotiation ended; the server's clock runs on as soon as nobody works."""
    closed = (await negotiation.describe()).close_time
    assert closed is not None
    return closed


async def status(negotiation: WorkflowHandle[Any, Any]) -> tuple[str, int]:
    """How it stands, and how many follow-ups were asked, as its query answers."""
    turn = await negotiation.query("status")
    return turn["state"], turn["asked"]


async def _windows(play: Play) -> dict[str, str]:
    found = await play.rows("SELECT id, state FROM windows WHERE subject IS NOT NULL ORDER BY id")
    return {f["id"].removeprefix(f"{SEASON}/match/"): f["state"] for f in found}


async def test_a_match_is_accepted_negotiated_and_lands(play: Play) -> None:
    async with asyncio.timeout(_PATIENCE):
        match, begun, negotiation = await accepted(play)
        await play.until(begun + 32 * DAY)
        assert await status(negotiation) == ("negotiating", 1)
        assert await _windows(play) == {f"{match}/answer": "closed", f"{match}/negotiation/1": "open"}
        with at_instant(begun + 33 * DAY):
            await matching.report_match(play.database, match, "landed")
        await negotiation.signal("refresh")
        assert await negotiation.result() == "landed"
        await play.after(timedelta(minutes=1))
        assert await ended(negotiation) < begun + 34 * DAY
        assert set((await _windows(play)).values()) == {"closed"}
    assert await events(play.database, "match.") == ["match.proposed", "match.answered", "match.landed"]
    assert await told(play.database, "negotiation_outcome") == [f"match/{match}/applicant", f"match/{match}/place"]
    notices = await play.rows(
        """SELECT c.template, count(*) AS n FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id
           GROUP BY 1 ORDER BY 1"""
    )
    assert {n["template"]: n["n"] for n in notices} == {
        "match_proposed": 1, "match_proposed_applicant": 1, "negotiation_follow_up": 1, "negotiation_outcome": 2,
    }  # fmt: skip


async def test_silence_expires_at_the_close_of_the_answer(play: Play) -> None:
    async with asyncio.timeout(_PATIENCE):
        _match, begun, negotiation = await begin(play)
        assert await negotiation.result() == "expired"
        assert begun + 14 * DAY <= await ended(negotiation) < begun + 14 * DAY + timedelta(minutes=1)
    assert await states(play.database, "matches") == ["expired"]
    assert len(await told(play.database, "negotiation_outcome")) == 2


async def test_a_declined_match_ends_at_once(play: Play) -> None:
    async with asyncio.timeout(_PATIENCE):
        match, begun, negotiation = await begin(play)
        with at_instant(begun + DAY):
            await matching.answer_match(play.database, match, accept=False, actor="applicant")
        await negotiation.signal("refresh")
        assert await negotiation.result() == "declined"
        assert await ended(negotiation) < begun + 2 * DAY
    assert len(await told(play.database, "negotiation_outcome")) == 2


async def test_an_answer_whose_signal_was_lost_is_found_at_the_next_timer(play: Play) -> None:
    async with asyncio.timeout(_PATIENCE):
        match, begun, negotiation = await begin(play)
        with at_instant(begun + DAY):
            await matching.answer_match(play.database, match, accept=True)
        await play.until(begun + 15 * DAY)
        assert await status(negotiation) == ("negotiating", 0)
        with at_instant(begun + 16 * DAY):
            await matching.report_match(play.database, match, "failed")
        assert await negotiation.result() == "failed"
        assert await ended(negotiation) < begun + 45 * DAY


async def test_a_negotiation_without_outcome_expires_after_its_follow_ups(play: Play) -> None:
    async with asyncio.timeout(_PATIENCE):
        _match, begun, negotiation = await accepted(play)
        assert await negotiation.result() == "expired"
        assert begun + 180 * DAY <= await ended(negotiation) < begun + 180 * DAY + timedelta(minutes=1)
    assert await states(play.database, "follow_ups") == ["missed"] * 5
    assert len(await told(play.database, "negotiation_follow_up")) == 5
    assert set((await _windows(play)).values()) == {"closed"}
    assert len(await told(play.database, "negotiation_outcome")) == 2


async def test_a_follow_up_that_was_answered_is_asked_again_a_month_after_it_was_asked(play: Play) -> None:
    async with asyncio.timeout(_PATIENCE):
        match, begun, negotiation = await accepted(play)
        await play.until(begun + 32 * DAY)
        with at_instant(begun + 32 * DAY):
            await matching.report_match(play.database, match, "continuing")
        await negotiation.signal("refresh")
        await play.until(begun + 60 * DAY)
        assert await status(negotiation) == ("negotiating", 1)
        await play.until(begun + 62 * DAY)
        assert await status(negotiation) == ("negotiating", 2)
        await negotiation.cancel()


async def test_the_time_to_answer_is_extended_by_operations(play: Play) -> None:
    async with asyncio.timeout(_PATIENCE):
        match, begun, negotiation = await begin(play)
        window = matching.answer_window(SEASON, match)
        command = Extend(actor="ops", reason="holidays", window=window, by=7 * DAY)
        outcome = await negotiation.execute_update(NegotiationWorkflow.extend, command)
        assert outcome.closes_at == begun + 21 * DAY
        await play.until(begun + 15 * DAY)
        with at_instant(begun + 20 * DAY):
            assert await matching.answer_match(play.database, match, accept=True) == "negotiating"
        await negotiation.signal("refresh")
        await play.until(begun + 22 * DAY)
        assert await status(negotiation) == ("negotiating", 0)
        await negotiation.cancel()


async def test_a_negotiation_ends_with_its_cancelled_season_and_tells_no_outcome(play: Play) -> None:
    async with asyncio.timeout(_PATIENCE):
        _match, begun, negotiation = await accepted(play)
        with at_instant(begun + 2 * DAY):
            async with play.database.transaction() as connection:
                await steering.cancel_season(connection, SeasonCommand(actor="ops", reason="no money", season=SEASON))
        assert await negotiation.result() == "cancelled"
    assert await told(play.database, "negotiation_outcome") == []
    assert await told(play.database, "negotiation_follow_up") == []
