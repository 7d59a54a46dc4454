"""Reopening a round after its result was used: made anew where that is possible, refused with the reason where not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from models.commands import Outcome, Reopen
from models.errors import Refused
from records import entries, reading, windows
from records.database import Database, at_instant
from records.seasons import window_id
from tests.course import AFTER, REVIEW, SEASON, Course, day

ROUND = window_id(SEASON, "EU", "review")
DAY = timedelta(days=1)


@pytest.fixture
async def course(database: Database) -> Course:
    """Eight entries of one area after their review: six are selected, two wait."""
    course = await Course(database).begin()
    await course.register(8)
    await course.invite_judges(5)
    await course.to_review()
    await course.cast_all("review", REVIEW)
    await course.close("review")
    await course.at_once("shortlist", AFTER["review"])
    return course


async def reopen(course: Course, window: str, at: datetime) -> Outcome:
    """Open a window again for a day."""
    command = Reopen(actor="ops", reason="Judges could not sign in.", window=window, by=DAY)
    with at_instant(at):
        async with course.database.transaction() as connection:
            return await windows.steer(connection, command)


async def may(course: Course, window: str, at: datetime) -> tuple[str, ...]:
    """What the pages offer to do with a window."""
    with at_instant(at):
        return (await reading.window(course.database, window)).may


async def test_a_round_is_reopened_after_its_selection_while_nothing_else_builds_on_it(course: Course) -> None:
    assert await may(course, ROUND, AFTER["review"]) == ("reopen",)
    assert (await reopen(course, ROUND, AFTER["review"])).state == "open"


async def test_a_round_is_not_reopened_once_entries_have_moved_up_by_its_result(course: Course) -> None:
    with at_instant(AFTER["review"]):
        await entries.withdraw(course.database, course.entries[0])
    with pytest.raises(Refused) as refused:
        await reopen(course, ROUND, AFTER["review"] + DAY)
    assert refused.value.code == "window.decided_upon"
    assert f"'{ROUND}' cannot be reopened: the selection 'shortlist' was made by it" in refused.value.sentence
    assert refused.value.remedy == "Decide the single case by hand instead."
    assert await may(course, ROUND, AFTER["review"] + DAY) == ()


async def test_who_withdrew_without_anyone_moving_up_does_not_keep_a_round_closed(course: Course) -> None:
    with at_instant(AFTER["review"]):
        await entries.withdraw(course.database, course.entries[7])
    assert (await reopen(course, ROUND, AFTER["review"] + DAY)).state == "open"


async def test_while_a_round_is_open_again_nobody_moves_up_for_who_leaves(course: Course) -> None:
    await reopen(course, ROUND, AFTER["review"])
    with at_instant(AFTER["review"] + timedelta(hours=1)):
        await entries.withdraw(course.database, course.entries[0])
    states = await course.states()
    assert states == ["withdrawn", *["selected"] * 5, "waiting", "waiting"]
    assert await course.column("SELECT count(*) FROM deliveries WHERE campaign_id LIKE '%stepped_up'") == [0]


async def test_the_finals_are_not_reopened_once_prizes_are_given_by_them(database: Database) -> None:
    course = await Course(database).begin()
    await course.register(3)
    await course.invite_judges(7)
    await course.to_confirmation()
    await course.prepare("finals", day(7, 14), None)
    await course.cast_all("finals", day(7, 15))
    await course.close("finals", None)
    finals = window_id(SEASON, None, "finals")
    assert await may(course, finals, AFTER["finals"]) == ("reopen",)
    await course.at_once("awards", AFTER["finals"], None)
    with pytest.raises(Refused, match="the prizes 'awards' were given by it") as refused:
        await reopen(course, finals, AFTER["finals"])
    assert refused.value.code == "window.decided_upon"
    assert await may(course, finals, AFTER["finals"]) == ()
