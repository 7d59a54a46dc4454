"""Whole seasons on the time-skipping server: cancelled, side by side, started late, asked for their status."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from models.commands import Extend, SeasonCommand
from models.errors import BadInput, Refused
from tests.workflows.conftest import LATE, REGISTRATION, SEASON, Play

OPEN = datetime(2024, 4, 20, tzinfo=UTC)
JUNE = datetime(2024, 6, 3, tzinfo=UTC)
DAY = timedelta(days=1)


async def sent(play: Play, template: str, count: int) -> None:
    """Wait, in real time, until so many notices of a template are sent."""
    async with asyncio.timeout(30):
        while [row["state"] for row in await play.told(template)] != ["sent"] * count:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_a_cancelled_season_tells_everyone_once_and_every_window_is_cancelled(play: Play) -> None:
    await play.begin(OPEN)
    await play.channel()
    season = await play.run()
    for number in (1, 2, 2, 3):
        await play.entry(number)  # applicant 2 has two entries, and is one person
    with pytest.raises(BadInput, match="reason"):
        await play.desk.steer_season("cancel", SeasonCommand(actor="ops", season=SEASON))
    done = await play.desk.steer_season("cancel", SeasonCommand(actor="ops", season=SEASON, reason="No sponsor."))
    assert done.state == "cancelled"
    async with asyncio.timeout(60):
        assert await season.result() == "cancelled"
    # In real time: where a deed was cancelled half-way, the time-skipping server's clock stands still ever after.
    await sent(play, "season_cancelled", 4)

    states = await play.rows("SELECT state, count(*) AS n FROM windows GROUP BY state")
    assert [row["state"] for row in states] == ["cancelled"]
    told = await play.told("season_cancelled")
    assert [(row["email"], row["state"]) for row in told] == [
        (email, "sent")
        for email in (
            "applicant-1@example.org",
            "applicant-2@example.org",
            "applicant-3@example.org",
            "channel-1@example.org",
        )
    ]
    with pytest.raises(Refused, match="cancelled already"):
        await play.desk.steer_season("cancel", SeasonCommand(actor="ops", season=SEASON, reason="Again."))
    await asyncio.sleep(0.5)
    assert len(await play.told("season_cancelled")) == 4


async def test_a_paused_season_moves_everything_that_was_to_come(play: Play) -> None:
    await play.begin(datetime(2024, 5, 31, tzinfo=UTC))
    await play.run()
    before = {row["id"]: row for row in await play.rows("SELECT * FROM windows")}
    paused = await play.desk.steer_season("pause", SeasonCommand(actor="ops", season=SEASON, reason="A flood."))
    await play.until(before[REGISTRATION]["closes_at"] + DAY)
    assert {row["state"] for row in await play.rows("SELECT state FROM windows")} == {"paused"}
    resumed = await play.desk.steer_season("resume", SeasonCommand(actor="ops", season=SEASON, reason="Dry again."))
    shift = resumed.at - paused.at
    for row in await play.rows("SELECT * FROM windows"):
        assert row["closes_at"] == before[row["id"]]["closes_at"] + shift, row["id"]
    closes_at = before[REGISTRATION]["closes_at"] + shift
    await play.until(closes_at + timedelta(minutes=1))
    row = await play.window()
    assert row["state"] == "closed"
    assert closes_at <= row["closed_at"] <= closes_at + LATE


async def test_two_seasons_run_side_by_side_and_one_is_steered_alone(play: Play) -> None:
    for season in ("one", "two"):
        await play.begin(OPEN, season=season)
        await play.run(season)
        await play.entry(1, season=season)
    closes_at = (await play.window("two/EU/registration"))["closes_at"]
    extend = Extend(actor="ops", window="one/EU/registration", by=DAY, reason="A holiday.")
    await play.desk.steer_window(extend)
    await play.until(closes_at + timedelta(hours=1))
    assert (await play.window("one/EU/registration"))["state"] == "open"
    assert (await play.window("two/EU/registration"))["state"] == "closed"
    await play.until(closes_at + DAY + timedelta(hours=1))
    assert (await play.window("one/EU/registration"))["state"] == "closed"

    await play.desk.steer_season("cancel", SeasonCommand(actor="ops", season="one", reason="No sponsor."))
    states = await play.rows("SELECT season_id, array_agg(DISTINCT state) AS found FROM windows GROUP BY 1 ORDER BY 1")
    assert set(states[0]["found"]) == {"cancelled", "closed"}
    assert "cancelled" not in states[1]["found"]
    assert await play.told("season_cancelled", season="two") == []
    entries = await play.rows("SELECT season_id, number FROM entries ORDER BY season_id")
    assert [(row["season_id"], row["number"]) for row in entries] == [
        ("one", "2024-EU-LH-0001"),
        ("two", "2024-EU-LH-0001"),
    ]


async def test_a_season_started_in_june_closes_registration_silently_and_sends_nothing_stale(play: Play) -> None:
    await play.begin(JUNE)
    await play.channel()
    await play.run()
    await play.after(timedelta(minutes=5))
    for area in ("EU", "SG"):
        row = await play.window(f"{SEASON}/{area}/registration")
        assert (row["state"], row["opened_at"]) == ("closed", None)
        assert (await play.window(f"{SEASON}/{area}/screening"))["state"] == "open"
    events = await play.rows("SELECT event FROM log WHERE window_id = :id", id=REGISTRATION)
    assert [row["event"] for row in events] == ["window.closed_silently"]
    assert await play.rows("SELECT * FROM deliveries") == []
    assert play.mail.mails == []


async def test_the_status_is_readable_json(play: Play) -> None:
    await play.begin(OPEN)
    season = await play.run()
    status = await season.query("status")
    assert json.loads(json.dumps(status)) == {
        "season": SEASON,
        "state": "running",
        "part": "areas",
        "areas": {"EU": "registration", "SG": "registration"},
    }
    area = play.environment.client.get_workflow_handle(f"season/{SEASON}/area/EU")
    assert (await area.query("status"))["registration"] == "running"
    window = play.environment.client.get_workflow_handle(f"season/{SEASON}/area/EU/window/registration")
    facts = await window.query("window")
    assert (facts["id"], facts["state"]) == (REGISTRATION, "open")
