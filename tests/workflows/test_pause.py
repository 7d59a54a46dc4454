"""A long pause is cheap: what stands still is looked at once a day of the season, should its resume get lost."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from models.commands import SeasonCommand
from tests.workflows.conftest import REGISTRATION, SEASON, Play

DAY = timedelta(days=1)
DAYS = 30
AREA = f"season/{SEASON}/area/EU"


@pytest.mark.parametrize(
    ("nominal", "workflow", "deed"),
    [
        (datetime(2024, 4, 20, tzinfo=UTC), f"{AREA}/window/registration", "open_window"),
        (datetime(2024, 6, 17, tzinfo=UTC), AREA, "turn_of"),
    ],
)
async def test_a_paused_season_is_looked_at_once_a_day_and_goes_on_at_once(
    play: Play, nominal: datetime, workflow: str, deed: str
) -> None:
    await play.begin(nominal)
    await play.run()
    handle = play.environment.client.get_workflow_handle(workflow)

    async def looks() -> int:
        events = [event async for event in handle.fetch_history_events()]
        done = (e.activity_task_scheduled_event_attributes.activity_type.name for e in events)
        return Counter(done)[deed]

    before = await looks()
    await play.desk.steer_season("pause", SeasonCommand(actor="ops", season=SEASON, reason="A flood."))
    await play.after(DAYS * DAY + timedelta(hours=1))
    assert DAYS - 1 <= await looks() - before <= DAYS + 3
    await play.desk.steer_season("resume", SeasonCommand(actor="ops", season=SEASON, reason="Dry again."))
    await play.after(timedelta(seconds=5))
    windows = {row["state"] for row in await play.rows("SELECT state FROM windows")}
    assert "paused" not in windows
    assert (await play.window(REGISTRATION))["state"] == ("open" if nominal.month == 4 else "closed")
