"""Follow-ups: answered in time, or missed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from models.errors import NotFound, Refused
from records import tracking
from records.database import Database, at_instant, rows, run
from tests.projects import DAY, SEASON, events, follow_up, matched, states
from tests.seasons import begin

START = datetime(2024, 4, 1, tzinfo=UTC)
NEEDS_OPEN = datetime(2024, 5, 1, tzinfo=UTC)
ROUND = datetime(2024, 8, 1, tzinfo=UTC)
OWNER = f"season/{SEASON}/tracking"


async def tracked(database: Database, count: int = 1) -> list[int]:
    """Follow-ups of that many matches, open for three weeks from the round on."""
    await begin(database, START)
    matches = await matched(database, NEEDS_OPEN, ROUND, count)
    return [await follow_up(database, match, ROUND, "tracking") for match in matches]


async def close_over(database: Database, at: datetime) -> int:
    async with database.transaction() as connection:
        return await tracking.close_over(connection, SEASON, OWNER, at)


async def test_a_newer_answer_counts_until_the_close(database: Database) -> None:
    (asked,) = await tracked(database)
    with at_instant(ROUND + DAY):
        await tracking.answer_follow_up(database, asked, "a first word")
    with at_instant(ROUND + 21 * DAY - timedelta(microseconds=1)):
        await tracking.answer_follow_up(database, asked, "a better one")
    with at_instant(ROUND + 21 * DAY), pytest.raises(Refused, match=r"tracking/1' closed at 2024-08-22 00:00:00"):
        await tracking.answer_follow_up(database, asked, "too late")
    assert await states(database, "follow_ups", "answer") == ["a better one"]
    assert await events(database, "follow_up.") == ["follow_up.due", "follow_up.answered", "follow_up.answered"]


async def test_an_unknown_follow_up_is_named(database: Database) -> None:
    await begin(database, START)
    with pytest.raises(NotFound, match="no follow-up 9"):
        await tracking.answer_follow_up(database, 9, "hello")


async def test_what_is_not_answered_by_the_close_is_missed(database: Database) -> None:
    first, _ = await tracked(database, 2)
    with at_instant(ROUND + DAY):
        await tracking.answer_follow_up(database, first, "well")
    assert await close_over(database, ROUND + 20 * DAY) == 0
    assert await close_over(database, ROUND + 21 * DAY) == 2
    assert await close_over(database, ROUND + 22 * DAY) == 0
    assert await states(database, "follow_ups") == ["answered", "missed"]
    assert (await events(database, "follow_up.")).count("follow_up.missed") == 1


async def test_opening_a_follow_up_again_changes_nothing(database: Database) -> None:
    (asked,) = await tracked(database)
    async with database.statement() as connection:
        match = (await rows(connection, "SELECT match_id FROM follow_ups"))[0]["match_id"]
    assert await follow_up(database, match, ROUND + 5 * DAY, "tracking") == asked
    async with database.statement() as connection:
        found = await rows(connection, "SELECT closes_at FROM windows WHERE kind = 'follow_up'")
    assert found == [{"closes_at": ROUND + 21 * DAY}]
    assert await events(database, "follow_up.") == ["follow_up.due"]


async def test_answers_that_race_the_close_are_never_missed(database: Database) -> None:
    asked = await tracked(database, 24)
    close = datetime.now(UTC) + timedelta(milliseconds=500)
    async with database.transaction() as connection:
        await run(connection, "UPDATE windows SET closes_at = :at WHERE kind = 'follow_up'", at=close)

    async def answer(number: int, one: int) -> str:
        await asyncio.sleep(number * 0.04)
        try:
            await tracking.answer_follow_up(database, one, "well")
        except Refused:
            return "missed"
        return "answered"

    async def closer() -> int:
        await asyncio.sleep(max(0.0, (close - datetime.now(UTC)).total_seconds()))
        return await close_over(database, datetime.now(UTC))

    async with asyncio.timeout(30):
        closed, *answers = await asyncio.gather(closer(), *(answer(n, one) for n, one in enumerate(asked)))
    assert closed == 24
    assert await states(database, "follow_ups") == answers
    assert {"answered", "missed"} == set(answers)
