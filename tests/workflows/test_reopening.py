"""A review that is opened again after its selection was made, and runs on past the opening of the next stage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.commands import CloseNow, Reopen
from models.forms import JudgeForm, PersonForm
from records import judging
from records.database import at_instant
from tests.workflows.conftest import SEASON, Play

MAY = datetime(2024, 5, 25, tzinfo=UTC)
REVIEW, DEFENCE = f"{SEASON}/EU/review", f"{SEASON}/EU/defence"
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


async def cast(play: Play, points: dict[int, int]) -> None:
    """Every ballot of the review: so many points for each entry."""
    for task in await play.rows("SELECT id, entry_id FROM assignments WHERE stage = 'review'"):
        with at_instant(await play.now()):
            scores = {"tech": points[task["entry_id"]], "plan": 10}
            await judging.cast_ballot(play.database, task["id"], scores)


async def selected(play: Play) -> set[int]:
    """The entries still in the competition."""
    return {row["id"] for row in await play.rows("SELECT id FROM entries WHERE state = 'selected'")}


async def reviewed(play: Play) -> tuple[list[int], datetime]:
    """Eight entries whose review is over, the first the best; and the instant at which the defence is to open."""
    await play.begin(MAY)
    with at_instant(await play.now()):
        for number in range(5):
            person = PersonForm(email=f"judge-{number}@example.org", name=f"Judge {number}")
            await judging.add_judge(play.database, SEASON, JudgeForm(person=person, area="EU"))
    await play.run()
    entries = [await play.entry(number) for number in range(8)]
    review = await play.window(REVIEW)
    await play.until(review["opens_at"] + DAY)
    await cast(play, {entry: 50 - number for number, entry in enumerate(entries)})
    await play.until(review["closes_at"] + MINUTE)
    assert await selected(play) == set(entries[:6])
    return entries, (await play.window(DEFENCE))["opens_at"]


@pytest.mark.parametrize("desk_alone", [False, True])
async def test_its_selection_is_made_again_and_the_defence_waits_for_it(play: Play, desk_alone: bool) -> None:
    entries, opens_at = await reviewed(play)
    if desk_alone:  # Temporal is down: nobody holds the reopened window until its area looks for itself
        play.desk.temporal = None
    until = opens_at + DAY
    await play.desk.steer_window(Reopen(actor="ops", window=REVIEW, until=until, reason="Judges could not sign in."))
    await cast(play, {entry: 40 + number for number, entry in enumerate(entries)})
    await play.until(until - MINUTE)
    assert (await play.window(DEFENCE))["state"] == "scheduled"
    assert await play.rows("SELECT id FROM sessions") == []
    await play.until(until + 3 * MINUTE)
    assert await selected(play) == set(entries[2:])
    assert (await play.window(DEFENCE))["state"] == "open"
    slots = await play.rows("SELECT s.entry_id FROM slots s JOIN sessions x ON x.id = s.session_id")
    assert {row["entry_id"] for row in slots} == set(entries[2:])


async def test_when_it_is_closed_early_the_defence_begins_with_the_new_selection_at_once(play: Play) -> None:
    entries, opens_at = await reviewed(play)
    reopen = Reopen(actor="ops", window=REVIEW, until=opens_at + 3 * DAY, reason="Judges could not sign in.")
    await play.desk.steer_window(reopen)
    await cast(play, {entry: 40 + number for number, entry in enumerate(entries)})
    await play.until(opens_at + DAY)
    await play.desk.steer_window(CloseNow(actor="ops", window=REVIEW, reason="All ballots are in."))
    await play.after(3 * MINUTE)
    assert (await play.window(DEFENCE))["state"] == "open"
    assert await selected(play) == set(entries[2:])
