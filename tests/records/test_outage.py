"""A window in which people must act, and that nobody was there to open: it is opened late, at its full length."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from activities.changes import tell_change
from models.commands import Extend
from records import campaigns, matching, windows
from records.database import Database, at_instant
from records.seasons import window_id
from tests.course import SEASON, Course, day
from tests.projects import place_form

DAY = timedelta(days=1)
STAGES = {"review": "EU", "defence": "EU", "notice": "EU", "confirmation": None, "finals": None, "needs": None}
"""Stages in which people must act, and an area in which each is held."""


async def make_good(course: Course, window: str, at: datetime) -> None:
    """Somebody is there again, and looks at the window."""
    with at_instant(at):
        async with course.database.transaction() as connection:
            await windows.make_good(connection, window)


async def row(course: Course, window: str) -> dict[str, Any]:
    """A window's row."""
    return (await course.rows("SELECT * FROM windows WHERE id = :id", id=window))[0]


@pytest.mark.parametrize("stage", STAGES)
async def test_a_window_that_nobody_was_there_to_open_gets_its_full_length_once(database: Database, stage: str) -> None:
    course, window = await Course(database).begin(), window_id(SEASON, STAGES[stage], stage)
    planned = await row(course, window)
    late = planned["closes_at"] + 2 * DAY
    for at in (late, late + timedelta(seconds=1)):
        await make_good(course, window, at)
    moved = await row(course, window)
    assert (moved["state"], moved["opens_at"], moved["revision"]) == ("scheduled", late, 1)
    assert moved["closes_at"] - late == planned["closes_at"] - planned["opens_at"]
    assert moved["planned_closes_at"] == planned["closes_at"]
    assert all(late < datetime.fromisoformat(r["at"]) < moved["closes_at"] for r in moved["reminders"])
    (line,) = await course.rows("SELECT event, actor, rule, data FROM log WHERE window_id = :w", w=window)
    assert (line["event"], line["actor"], line["rule"]) == ("window.postponed", "system", "window.outage")
    assert line["data"]["old"] == planned["closes_at"].isoformat()


@pytest.mark.parametrize(("stage", "area"), [("registration", "EU"), ("screening", "EU"), ("exhibition", None)])
async def test_a_window_that_asks_nothing_of_people_or_is_tied_to_a_date_stays_where_it_is(
    database: Database, stage: str, area: str | None
) -> None:
    course, window = await Course(database).begin(), window_id(SEASON, area, stage)
    planned = await row(course, window)
    await make_good(course, window, planned["closes_at"] + DAY)
    assert await row(course, window) == planned


async def test_a_window_with_some_of_its_time_left_stays_where_it_is(database: Database) -> None:
    course, window = await Course(database).begin(), window_id(SEASON, "EU", "review")
    planned = await row(course, window)
    await make_good(course, window, planned["closes_at"] - timedelta(seconds=1))
    assert await row(course, window) == planned


async def test_a_window_that_was_over_when_its_season_started_stays_over(database: Database) -> None:
    course, window = await Course(database).begin(), window_id(SEASON, "EU", "review")
    planned = await row(course, window)
    async with database.transaction() as connection:
        await connection.exec_driver_sql("UPDATE seasons SET started_at = '2024-06-08T00:00Z'")
    await make_good(course, window, planned["closes_at"] + DAY)
    assert await row(course, window) == planned


async def test_an_extension_during_the_outage_counts_for_the_length(database: Database) -> None:
    course, window = await Course(database).begin(), window_id(SEASON, "EU", "review")
    planned = await row(course, window)
    with at_instant(planned["opens_at"]):
        async with database.transaction() as connection:
            await windows.steer(connection, Extend(actor="ops", reason="Dark.", window=window, by=DAY))
    late = planned["closes_at"] + 2 * DAY
    await make_good(course, window, late)
    moved = await row(course, window)
    assert moved["closes_at"] - late == planned["closes_at"] - planned["opens_at"] + DAY


async def test_needs_that_waited_for_their_opening_through_an_outage_open_late_and_places_are_told(
    database: Database,
) -> None:
    course, window = await Course(database).begin(), window_id(SEASON, None, "needs")
    planned = await row(course, window)
    late = planned["closes_at"] + 2 * DAY
    with at_instant(day(4, 1)):
        await matching.add_place(database, SEASON, place_form())
        async with database.transaction() as connection:
            await campaigns.plan(connection, f"{window}/open", SEASON, "need_open", "places", window=window)
    with at_instant(late):
        async with database.transaction() as connection:
            closing = await windows.close_window(connection, window)
        assert not closing.closed
        assert (closing.facts.state, closing.facts.opens_at, closing.facts.revision) == ("scheduled", late, 1)
        async with database.transaction() as connection:
            assert (await windows.open_window(connection, window)).state == "open"
            _, told = await tell_change(connection, await row(course, window))
    assert told == 1
