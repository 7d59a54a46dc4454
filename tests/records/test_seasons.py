"""A season in the database is the season of its file."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from models.errors import Refused
from models.season import SeasonFile
from records import seasons
from records.database import Database, rows
from tests.seasons import begin, small_file


async def test_a_closing_that_is_a_bare_date_is_still_one_when_read_back(database: Database) -> None:
    file = small_file()
    await begin(database, datetime.now(UTC))
    async with database.transaction() as connection:
        seasons._known.clear()
        found = await seasons.live(connection, "small-2024")
    assert found.file == file
    stage = found.file.stage("registration")
    assert getattr(stage, "closes") == date(2024, 5, 31)  # noqa: B009 - any stage with a window has it
    assert SeasonFile.model_validate_json(file.model_dump_json()) == file


async def test_starting_a_season_twice_changes_nothing_and_another_file_is_refused(database: Database) -> None:
    await begin(database, datetime.now(UTC))
    await begin(database, datetime.now(UTC))
    other = small_file().model_copy(update={"number_prefix": "2099"})
    with pytest.raises(Refused, match="exists already, with another file"):
        await begin(database, datetime.now(UTC), file=other)
    async with database.statement() as connection:
        lines = await rows(connection, "SELECT event FROM log")
    assert [line["event"] for line in lines] == ["season.started"]
