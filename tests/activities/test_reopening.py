"""A round that was opened again: its tally and its selection are made anew, and what comes later waits for it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities.house import House
from activities.seasons import SeasonDeeds
from activities.stages import CONCLUDE
from activities.windows import WindowDeeds
from models.commands import Reopen
from models.results import StageRef, Turn
from records import entries, judging, windows
from records.database import Database, at_instant
from records.seasons import window_id
from tests.course import AFTER, REVIEW, SEASON, Course, day

ROUND = window_id(SEASON, "EU", "review")
REVIEW_EU = StageRef(season=SEASON, stage="review", area="EU")
OPENS = day(6, 19, 16)
"""The instant at which the defence would open."""


@pytest.fixture
async def course(database: Database) -> Course:
    """Eight entries of one area after their review: six are selected, two wait."""
    course = await Course(database).begin()
    await course.register(8)
    await course.invite_judges(3)
    await course.to_review()
    await course.cast_all("review", REVIEW)
    await course.close("review")
    await course.at_once("shortlist", AFTER["review"])
    return course


def house(course: Course) -> House:
    """What activities stand on; no mail is sent here."""
    return House(course.database, None, sender="", public_url="")  # type: ignore[arg-type]


async def conclude(course: Course, at: datetime) -> None:
    """The round's deed after its close, as its workflow calls it."""
    with at_instant(at):
        await ActivityEnvironment().run(WindowDeeds(house(course)).conclude, REVIEW_EU)


async def turn(course: Course, stage: str, at: datetime, area: str | None = "EU") -> Turn:
    """Whether a stage may begin."""
    with at_instant(at):
        ref = StageRef(season=SEASON, stage=stage, area=area)
        return await ActivityEnvironment().run(SeasonDeeds(house(course)).turn_of, ref)


async def reopen(course: Course, until: datetime) -> None:
    """Open the review again."""
    command = Reopen(actor="ops", reason="Judges could not sign in.", window=ROUND, until=until)
    with at_instant(AFTER["review"]):
        async with course.database.transaction() as connection:
            await windows.steer(connection, command)


async def best_of_all(course: Course, entry: int) -> None:
    """Every judge of an entry gives it all points, while the round is open again."""
    for task in await course.column("SELECT id FROM assignments WHERE entry_id = :e", e=entry):
        with at_instant(AFTER["review"] + timedelta(hours=1)):
            await judging.cast_ballot(course.database, task, {"tech": 60, "plan": 40})


async def close(course: Course, at: datetime) -> None:
    """Close the review."""
    with at_instant(at):
        async with course.database.transaction() as connection:
            assert (await windows.close_window(connection, ROUND)).closed


async def test_when_a_reopened_round_closes_again_its_selection_is_made_anew_by_the_new_tally(course: Course) -> None:
    until = OPENS + timedelta(days=1)
    await reopen(course, until)
    await best_of_all(course, course.entries[7])
    await close(course, until)
    await conclude(course, until)
    # Though the next stage would have opened meanwhile: it has waited, so nothing builds on the first result.
    assert await course.states() == ["selected"] * 5 + ["waiting"] * 2 + ["selected"]
    once = await course.everything()
    await conclude(course, until)
    assert await course.everything() == once


async def test_who_left_while_the_round_was_open_again_is_not_selected_and_the_next_is(course: Course) -> None:
    await reopen(course, OPENS)
    with at_instant(AFTER["review"] + timedelta(hours=1)):
        await entries.withdraw(course.database, course.entries[0])
    await close(course, OPENS)
    await conclude(course, OPENS)
    assert await course.states() == ["withdrawn", *["selected"] * 6, "waiting"]


async def test_the_next_stage_waits_until_what_follows_from_a_reopened_round_is_done_again(course: Course) -> None:
    until = OPENS + timedelta(days=1)
    assert await turn(course, "defence", OPENS) == Turn(at=OPENS, state="running")
    await reopen(course, until)
    waiting = await turn(course, "defence", OPENS)
    assert (waiting.at, waiting.again) == (until, REVIEW_EU)
    await close(course, until)
    assert (await turn(course, "defence", until)).again == REVIEW_EU
    # What is held across all areas waits too, and so does an event, whose guests the selection chooses.
    assert (await turn(course, "finals", until, None)).again == REVIEW_EU
    assert (await turn(course, "exhibition", until, None)).again == REVIEW_EU
    assert (await turn(course, "defence", until, "SG")).again is None
    await conclude(course, until)
    assert (await turn(course, "defence", until)).again is None


async def test_what_follows_from_a_close_is_left_for_the_next_close_where_the_window_is_open_again(
    course: Course,
) -> None:
    await reopen(course, OPENS)
    await best_of_all(course, course.entries[7])
    await conclude(course, AFTER["review"] + timedelta(hours=2))
    assert await course.states() == ["selected"] * 6 + ["waiting"] * 2
    assert (await turn(course, "defence", OPENS)).again == REVIEW_EU


async def test_finals_in_which_nobody_was_scored_are_opened_again_and_their_prizes_are_given(
    database: Database,
) -> None:
    course = await Course(database).begin()
    await course.register(3)
    await course.invite_judges(7)
    await course.to_confirmation()
    await course.prepare("finals", day(7, 14), None)
    await course.close("finals", None)
    assert (await course.at_once("awards", AFTER["finals"], None)).counts == {"awards": 0}
    assert (await course.states())[:2] == ["finished", "finished"]
    finals, again = window_id(SEASON, None, "finals"), AFTER["finals"] + timedelta(days=1)
    command = Reopen(actor="ops", reason="The hall was closed.", window=finals, until=again + timedelta(days=1))
    with at_instant(again):
        async with database.transaction() as connection:
            await windows.steer(connection, command)
    await course.cast_all("finals", again)
    for _ in range(2):
        done = await course.do(CONCLUDE["defence"], "finals", again + timedelta(days=1), None)
        assert done.campaigns == (f"{SEASON}/award",)
    assert (await course.states())[:2] == ["awarded", "awarded"]
    assert await course.column("SELECT entry_id FROM awards ORDER BY rank") == course.entries[:2]


async def test_a_defence_scored_only_after_it_was_opened_again_was_held_unless_a_person_said_otherwise(
    course: Course,
) -> None:
    await course.prepare("defence", day(6, 20))
    first, second, *others = course.entries[:6]
    tasks = await course.rows("SELECT id, entry_id FROM assignments WHERE stage = 'defence'")

    async def score(entry: int, at: datetime) -> None:
        with at_instant(at):
            for task in tasks:
                if task["entry_id"] == entry:
                    await judging.cast_ballot(course.database, task["id"], {"tech": 30, "plan": 20})

    for entry in (second, *others):
        await score(entry, day(6, 22))
    (session,) = await course.column("SELECT session_id FROM slots WHERE entry_id = :e", e=second)
    with at_instant(day(6, 22, 1)):
        await judging.record_slot(course.database, session, second, held=False)
    await course.close("defence")
    assert await course.column("SELECT state FROM slots ORDER BY entry_id") == ["no_show"] * 2 + ["held"] * 4
    defence = window_id(SEASON, "EU", "defence")
    with at_instant(AFTER["defence"]):
        async with course.database.transaction() as connection:
            command = Reopen(actor="ops", reason="A room was locked.", window=defence, until=day(6, 26))
            await windows.steer(connection, command)
    await score(first, day(6, 25, 22))
    with at_instant(day(6, 26)):
        async with course.database.transaction() as connection:
            assert (await windows.close_window(connection, defence)).closed
    await course.conclude("defence")
    assert await course.column("SELECT state FROM slots ORDER BY entry_id") == ["held", "no_show"] + ["held"] * 4
    lines = await course.column(
        "SELECT event FROM log WHERE entry_id = :e AND event LIKE 'slot.%' ORDER BY id", e=first
    )
    assert lines == ["slot.no_show", "slot.held"]
