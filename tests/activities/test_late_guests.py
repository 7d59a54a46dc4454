"""Who moves up after the invitations went out is invited too, once, to all that is still to be answered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.season import SeasonFile
from records import entries, selection
from records.database import Database, at_instant
from records.seasons import window_id
from tests.course import SEASON, Course, day
from tests.seasons import small_file

CONFIRMATION, EXHIBITION = window_id(SEASON, None, "confirmation"), window_id(SEASON, None, "exhibition")


def file() -> SeasonFile:
    """The small season, in which guests are asked while the finalists still confirm, and the awarded to a ceremony."""
    found = small_file().model_dump(mode="json")
    exhibition = next(s for s in found["stages"] if s["id"] == "exhibition")
    exhibition["opens"] = "2024-07-03"
    ceremony = {**exhibition, "id": "ceremony", "event": "ceremony", "invites": "awarded"}
    found["stages"].insert(found["stages"].index(exhibition) + 1, ceremony)
    return SeasonFile.model_validate(found)


@pytest.fixture
async def course(database: Database) -> Course:
    """Two finalists are asked to confirm and to the exhibition; others wait to move up."""
    course = await Course(database).begin(file=file())
    await course.register(5)
    await course.invite_judges(5)
    await course.to_confirmation()
    for event in ("exhibition", "ceremony"):
        await course.prepare(event, day(7, 3), None)
    return course


async def invited(course: Course, window: str) -> list[int]:
    return await course.column("SELECT entry_id FROM invitations WHERE window_id = :w ORDER BY entry_id", w=window)


async def test_a_late_finalist_is_invited_to_confirm_and_to_the_events_for_finalists_alone(course: Course) -> None:
    assert await invited(course, EXHIBITION) == course.entries[:2]
    with at_instant(day(7, 4)):
        await selection.answer_invitation(course.database, CONFIRMATION, course.entries[0], accept=False)
    with at_instant(day(7, 5)):
        await entries.withdraw(course.database, course.entries[1])
    for window in (CONFIRMATION, EXHIBITION):
        assert await invited(course, window) == course.entries[:4]
    assert await invited(course, window_id(SEASON, None, "ceremony")) == []
    told = await course.rows(
        """SELECT c.template, d.entry_id FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id
           WHERE c.template IN ('confirm_attendance', 'event_confirm') ORDER BY 1, 2"""
    )
    expected = [(name, e) for name in ("confirm_attendance", "event_confirm") for e in course.entries[:4]]
    assert [tuple(row.values()) for row in told] == expected


async def test_who_moves_up_for_who_did_not_confirm_in_time_is_still_invited_to_the_exhibition(course: Course) -> None:
    await course.close("confirmation", None)
    assert await invited(course, CONFIRMATION) == course.entries[:2]
    assert await invited(course, EXHIBITION) == course.entries[:4]
    with at_instant(day(7, 7)):
        await selection.answer_invitation(course.database, EXHIBITION, course.entries[2], accept=True)


async def test_nobody_is_invited_to_what_is_over(course: Course) -> None:
    await course.close("exhibition", None)
    with at_instant(day(7, 10, 21) + timedelta(hours=1)):
        await entries.withdraw(course.database, course.entries[0])
    assert await invited(course, EXHIBITION) == course.entries[:2]


async def test_guests_are_the_same_whether_the_confirmation_is_concluded_before_they_are_invited_or_after(
    database: Database,
) -> None:
    course = await Course(database).begin()
    await course.register(5)
    await course.invite_judges(5)
    await course.to_confirmation()
    with at_instant(day(7, 4)):
        await selection.answer_invitation(course.database, CONFIRMATION, course.entries[0], accept=True)
    await course.prepare("exhibition", day(7, 6, 17), None)
    assert await invited(course, EXHIBITION) == [course.entries[0]]
    await course.close("confirmation", None)
    assert await invited(course, EXHIBITION) == [course.entries[0], course.entries[2]]
