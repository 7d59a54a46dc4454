"""An outage that swallows a whole review: nobody loses by it, and what comes after waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from activities.matching import MatchingDeeds
from models.forms import JudgeForm, PersonForm
from records import judging, matching
from records.database import at_instant
from tests.projects import house_of, place_form
from tests.workflows.conftest import LATE, SEASON, Play

BEFORE = datetime(2024, 4, 8, 4, tzinfo=UTC)
MAY = datetime(2024, 5, 25, tzinfo=UTC)
NEEDS = f"{SEASON}/needs"
REVIEW, DEFENCE, NOTICE = (f"{SEASON}/EU/{stage}" for stage in ("review", "defence", "notice"))
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


async def test_a_review_that_lies_in_an_outage_is_held_late_at_its_full_length_and_the_defence_waits_for_it(
    play: Play,
) -> None:
    await play.begin(MAY)
    with at_instant(await play.now()):
        for number in range(5):
            person = PersonForm(email=f"judge-{number}@example.org", name=f"Judge {number}")
            await judging.add_judge(play.database, SEASON, JudgeForm(person=person, area="EU"))
    await play.entry(1)
    planned = {name: await play.window(name) for name in (REVIEW, DEFENCE, NOTICE)}
    # No workflow runs until the review has passed; it comes back two days later.
    await play.until(planned[REVIEW]["closes_at"] + 2 * DAY)
    back = await play.now()
    await play.run()

    review = await play.window(REVIEW)
    assert review["state"] == "open"
    assert back <= review["opens_at"] <= review["opened_at"] <= back + LATE
    assert review["closes_at"] - review["opens_at"] == planned[REVIEW]["closes_at"] - planned[REVIEW]["opens_at"]
    tasks = await play.rows("SELECT id FROM assignments WHERE stage = 'review' AND state = 'active'")
    assert len(tasks) == 3
    assert {row["told_closes_at"] for row in await play.told("assignment")} == {review["closes_at"]}

    await play.until(review["opens_at"] + DAY)
    with at_instant(await play.now()):
        for task in tasks:
            await judging.cast_ballot(play.database, task["id"], {"tech": 40, "plan": 30})
    # By its plan the defence is over, and nobody has held it.
    assert planned[DEFENCE]["closes_at"] < review["closes_at"]
    assert (await play.window(DEFENCE))["state"] == "scheduled"
    await play.until(review["closes_at"] + MINUTE)
    defence = await play.window(DEFENCE)
    assert (defence["state"], (await play.window(REVIEW))["state"]) == ("open", "closed")
    assert defence["closes_at"] - defence["opens_at"] == planned[DEFENCE]["closes_at"] - planned[DEFENCE]["opens_at"]
    (slot,) = await play.rows("SELECT starts_at FROM slots")
    assert defence["opens_at"] <= slot["starts_at"] < defence["closes_at"]
    assert (await play.window(NOTICE))["state"] == "scheduled"


async def test_needs_whose_whole_time_was_an_outage_are_filed_late_and_places_are_told_the_new_date_once(
    play: Play,
) -> None:
    await play.begin(BEFORE)
    planned = await play.window(NEEDS)
    with at_instant(await play.now()):
        await matching.add_place(play.database, SEASON, place_form())
        await MatchingDeeds(house_of(play.database)).invite_needs(SEASON)
    await play.until(planned["closes_at"] + 2 * DAY)
    await play.run()
    await play.after(3 * MINUTE)
    needs = await play.window(NEEDS)
    assert needs["state"] == "open"
    assert needs["closes_at"] - needs["opens_at"] == planned["closes_at"] - planned["opens_at"]
    (told,) = await play.told("window_extended")
    assert (told["email"], told["state"], told["told_closes_at"]) == (
        "place-1@example.org", "sent", needs["closes_at"],
    )  # fmt: skip
    await play.until(needs["closes_at"] + MINUTE)
    assert (await play.window(NEEDS))["state"] == "closed"
    assert len(await play.told("window_extended")) == 1
