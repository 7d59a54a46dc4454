"""A registration that is opened again: drafts that had lapsed count again, and whoever has one hears of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.commands import Reopen
from models.errors import Refused
from records import campaigns, entries, windows
from records.database import Database, at_instant
from records.seasons import window_id
from tests.activities.test_pauses import announce, applicant, steer, told
from tests.course import AFTER, MAY, SEASON, Course
from tests.seasons import entry_form

EU = window_id(SEASON, "EU", "registration")
AT = AFTER["registration"]


@pytest.fixture
async def course(database: Database) -> Course:
    """Two drafts and an entry that was submitted; one draft of another area. Both registrations have closed."""
    course = await Course(database).begin()
    await course.register(1)
    with at_instant(MAY):
        course.entries += [await entries.draft(database, SEASON, entry_form(n)) for n in (2, 3)]
        course.entries.append(await entries.draft(database, SEASON, entry_form(4, area="SG")))
        async with database.transaction() as connection:
            told = await course.rows("SELECT applicant_id, id FROM entries WHERE id = :e", e=course.entries[1])
            one = [campaigns.Recipient(r["applicant_id"], "en", f"entry/{r['id']}", r["id"]) for r in told]
            await campaigns.plan(connection, f"{EU}/draft_reminder", SEASON, "draft_reminder", one, window=EU)
    for area in ("EU", "SG"):
        await course.close("registration", area)
    return course


async def test_drafts_that_lapsed_are_drafts_again_and_lapse_again_at_the_next_close(course: Course) -> None:
    assert await course.states() == ["submitted", "lapsed", "lapsed", "lapsed"]
    await steer(course, Reopen(actor="ops", reason="The site was down.", window=EU, by=timedelta(hours=6)), AT)
    assert await course.states() == ["submitted", "draft", "draft", "lapsed"]
    lines = await course.rows("SELECT entry_id, actor, window_id FROM log WHERE event = 'entry.revived' ORDER BY id")
    assert [tuple(line.values()) for line in lines] == [(entry, "ops", EU) for entry in course.entries[1:3]]
    with at_instant(AT + timedelta(hours=5)):
        await entries.save(course.database, course.entries[1], entry_form(2, title="A better title"))
        await entries.submit(course.database, course.entries[1])
        with pytest.raises(Refused):
            await entries.submit(course.database, course.entries[3])
    await steer_to_the_close(course)
    assert await course.states() == ["submitted", "submitted", "lapsed", "lapsed"]


async def steer_to_the_close(course: Course) -> None:
    with at_instant(AT + timedelta(hours=6)):
        async with course.database.transaction() as connection:
            assert (await windows.close_window(connection, EU)).closed
    await course.conclude("registration")


async def test_who_has_a_draft_is_told_once_that_it_may_be_submitted_after_all(course: Course) -> None:
    await steer(course, Reopen(actor="ops", reason="The site was down.", window=EU, by=timedelta(hours=6)), AT)
    for _ in range(2):
        await announce(course, EU, AT + timedelta(minutes=1))
    # One of them was told the old close before, the other was told nothing yet.
    found = await told(course, "window_reopened")
    assert [(email, "old" in data) for email, data in found] == [(applicant(2), True), (applicant(3), False)]
