"""What a rehearsal counts as accepted out of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from models.forms import ChannelForm, PersonForm
from records import channels, entries, matching
from records.database import Database, at_instant, run
from rehearsal.facts import accepted_late
from tests.projects import SEASON, matched
from tests.seasons import begin, entry_form

ROUND = datetime(2024, 8, 1, tzinfo=UTC)
MAY = datetime(2024, 5, 1, tzinfo=UTC)


async def late(database: Database) -> int:
    async with database.statement() as connection:
        return await accepted_late(connection, SEASON)


async def test_answers_to_matches_and_recommendations_out_of_time_are_counted(database: Database) -> None:
    await begin(database, datetime(2024, 4, 1, tzinfo=UTC))
    with at_instant(MAY):
        contact = PersonForm(email="channel@example.org", name="Channel")
        await channels.add_channel(database, SEASON, ChannelForm(code="C", name="Office", contact=contact))
        entry = await entries.draft(database, SEASON, entry_form(90))
        await channels.recommend(database, entry, "C")
    (match,) = await matched(database, MAY, ROUND, 1)
    with at_instant(ROUND + timedelta(days=1)):
        await matching.answer_match(database, match, accept=True)
    assert await late(database) == 0
    async with database.transaction() as connection:
        await run(connection, "UPDATE matches SET answered_at = :at", at=ROUND + timedelta(days=15))
    assert await late(database) == 1
    async with database.transaction() as connection:
        await run(connection, "UPDATE recommendations SET at = :at", at=datetime(2024, 5, 31, 16, tzinfo=UTC))
    assert await late(database) == 2
