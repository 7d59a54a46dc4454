"""A long pause is cheap: what stands still is looked at once a day of the season, should its resume get lost."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from models.commands import Extend, SeasonCommand
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


async def test_everyone_who_was_told_a_date_is_told_the_new_one_once_after_a_seasons_pause(play: Play) -> None:
    await play.begin(datetime(2024, 4, 20, tzinfo=UTC))
    for number in (1, 2):
        await play.channel(number)
    await play.run()
    window = (await play.told("registration_open"))[0]["window_id"]
    closes_at = (await play.window(window))["closes_at"]
    why = {"actor": "ops", "season": SEASON, "reason": "A flood."}
    paused = await play.desk.steer_season("pause", SeasonCommand(**why))
    await play.after(2 * DAY)
    resumed = await play.desk.steer_season("resume", SeasonCommand(**why))
    await play.after(timedelta(minutes=3))
    emails = ["channel-1@example.org", "channel-2@example.org"]
    for template in ("window_paused", "season_resumed"):
        assert [(row["email"], row["state"]) for row in await play.told(template)] == [(one, "sent") for one in emails]
    assert await play.told("window_resumed") == []
    new = closes_at + (resumed.at - paused.at)
    assert (await play.window(window))["closes_at"] == new

    # What is extended later is told as an extension, from the date that was told last.
    await play.desk.steer_window(Extend(actor="ops", window=window, by=DAY, reason="A holiday."))
    await play.after(timedelta(minutes=3))
    assert [row["told_closes_at"] for row in await play.told("window_extended")] == [new + DAY] * 2


async def test_a_season_paused_and_resumed_within_a_minute_is_told_as_one_change(play: Play) -> None:
    await play.begin(datetime(2024, 4, 20, tzinfo=UTC))
    await play.channel()
    await play.run()
    why = {"actor": "ops", "season": SEASON, "reason": "By mistake."}
    await play.desk.steer_season("pause", SeasonCommand(**why))
    await play.after(timedelta(seconds=20))
    await play.desk.steer_season("resume", SeasonCommand(**why))
    await play.after(timedelta(minutes=3))
    assert await play.told("window_paused") == []
    assert len(await play.told("season_resumed")) == 1
