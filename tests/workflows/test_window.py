"""A window on the time-skipping server: it opens, reminds and closes at its instants, and hears operators meanwhile."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from desk.client import Desk
from models.commands import CloseNow, Extend, PauseWindow, Reopen, ResumeWindow
from models.errors import BadInput, NotFound, Refused, SeasonkeeperError
from records import entries
from records.database import at_instant
from tests.seasons import entry_form
from tests.workflows.conftest import LATE, REGISTRATION, SEASON, Play

BEFORE = datetime(2024, 4, 8, 4, tzinfo=UTC)
"""In the season's calendar: half a day before registration opens."""
OPEN = datetime(2024, 4, 20, tzinfo=UTC)
DAY = timedelta(days=1)


async def opened(play: Play) -> datetime:
    """A season in the midst of its registration, with one channel that was told; the instant at which it closes."""
    await play.begin(OPEN)
    await play.channel()
    await play.run()
    row = await play.window()
    assert row["state"] == "open"
    closes_at: datetime = row["closes_at"]
    return closes_at


async def test_a_window_opens_reminds_and_closes_at_its_instants(play: Play) -> None:
    await play.begin(BEFORE)
    await play.run()
    row = await play.window()
    assert row["state"] == "scheduled"
    opens_at, closes_at = row["opens_at"], row["closes_at"]

    await play.until(opens_at + timedelta(minutes=1))
    row = await play.window()
    assert row["state"] == "open"
    assert opens_at <= row["opened_at"] <= opens_at + LATE

    await play.entry(1, submitted=False)
    await play.entry(2)
    await play.until(closes_at - 3 * DAY - timedelta(seconds=2))
    assert await play.told("draft_reminder") == []
    await play.until(closes_at - 3 * DAY + timedelta(minutes=1))
    (reminder,) = await play.told("draft_reminder")
    assert (reminder["email"], reminder["state"], reminder["told_closes_at"]) == (
        "applicant-1@example.org",
        "sent",
        closes_at,
    )
    assert timedelta(0) <= reminder["sent_at"] - (closes_at - 3 * DAY) <= LATE

    await play.until(closes_at - timedelta(seconds=3))
    assert (await play.window())["state"] == "open"
    await play.until(closes_at + timedelta(minutes=1))
    row = await play.window()
    assert row["state"] == "closed"
    assert closes_at <= row["closed_at"] <= closes_at + LATE
    assert len(await play.told("draft_reminder")) == 1


async def test_an_extension_moves_the_close_and_is_told_once_to_those_who_were_told_the_old_one(play: Play) -> None:
    closes_at = await opened(play)
    until = closes_at + DAY
    done = await play.desk.steer_window(Extend(actor="ops", window=REGISTRATION, until=until, reason="A holiday."))
    assert (done.done, done.closes_at, done.revision) == ("window.extended", until, 1)

    # The channel was told the date of one window; which one it is, is the season's choice.
    told = (await play.told("registration_open"))[0]["window_id"]
    other = f"{SEASON}/SG/registration"
    first = await play.window(told)
    if told == other:
        await play.desk.steer_window(
            Extend(actor="ops", window=other, until=first["closes_at"] + DAY, reason="A holiday.")
        )
    await play.after(timedelta(minutes=2))
    (changed,) = await play.told("window_extended")
    assert (changed["email"], changed["state"]) == ("channel-1@example.org", "sent")
    assert changed["told_closes_at"] == (await play.window(told))["closes_at"]

    await play.until(closes_at + timedelta(hours=1))
    assert (await play.window())["state"] == "open"
    await play.until(until + timedelta(minutes=1))
    row = await play.window()
    assert row["state"] == "closed"
    assert until <= row["closed_at"] <= until + LATE
    assert len(await play.told("window_extended")) == 1


async def test_two_extensions_within_a_minute_are_told_as_one(play: Play) -> None:
    closes_at = await opened(play)
    window = (await play.told("registration_open"))[0]["window_id"]
    closes_at = (await play.window(window))["closes_at"]
    for days in (1, 2):
        await play.desk.steer_window(
            Extend(actor="ops", window=window, until=closes_at + days * DAY, reason="The site was down.")
        )
        await play.after(timedelta(seconds=20))
    assert await play.told("window_extended") == []
    await play.after(timedelta(minutes=3))
    (changed,) = await play.told("window_extended")
    assert changed["told_closes_at"] == closes_at + 2 * DAY
    assert len(await play.told("registration_open")) == 1


async def test_the_same_command_twice_is_carried_out_once(play: Play) -> None:
    closes_at = await opened(play)
    command = Extend(actor="ops", window=REGISTRATION, by=DAY, reason="A holiday.")
    first = await play.desk.steer_window(command)
    second = await play.desk.steer_window(command)
    assert first.closes_at == second.closes_at == closes_at + DAY
    assert (await play.window())["revision"] == 1


async def test_a_window_is_closed_early(play: Play) -> None:
    closes_at = await opened(play)
    draft = await play.entry(1, submitted=False)
    now = await play.now()
    done = await play.desk.steer_window(CloseNow(actor="ops", window=REGISTRATION, reason="Enough entries."))
    assert done.state == "closed"
    assert now <= done.at <= now + LATE
    assert closes_at > done.at
    with at_instant(await play.now()), pytest.raises(Refused, match="closed"):
        await entries.submit(play.database, draft)
    await play.after(timedelta(minutes=1))
    state = await play.rows("SELECT state FROM entries WHERE id = :id", id=draft)
    assert state == [{"state": "lapsed"}]
    handle = play.environment.client.get_workflow_handle(f"season/{SEASON}/area/EU/window/registration")
    async with asyncio.timeout(30):
        assert (await handle.result())["closed"]


async def test_a_closed_window_is_reopened_and_closes_again(play: Play) -> None:
    await opened(play)
    await play.desk.steer_window(CloseNow(actor="ops", window=REGISTRATION, reason="By mistake."))
    await play.after(timedelta(minutes=1))
    until = await play.now() + DAY
    await play.desk.steer_window(Reopen(actor="ops", window=REGISTRATION, until=until, reason="It was a mistake."))
    await play.entry(7)
    await play.until(until + timedelta(minutes=1))
    row = await play.window()
    assert row["state"] == "closed"
    assert until <= row["closed_at"] <= until + LATE


async def test_those_who_were_told_the_old_close_are_told_once_that_a_window_is_open_again(play: Play) -> None:
    await opened(play)
    window = (await play.told("registration_open"))[0]["window_id"]
    await play.desk.steer_window(CloseNow(actor="ops", window=window, reason="By mistake."))
    await play.after(timedelta(minutes=1))
    until = await play.now() + DAY
    await play.desk.steer_window(Reopen(actor="ops", window=window, until=until, reason="It was a mistake."))
    await play.after(timedelta(minutes=3))
    (told,) = await play.told("window_reopened")
    assert (told["email"], told["state"], told["told_closes_at"]) == ("channel-1@example.org", "sent", until)
    await play.until(until + timedelta(minutes=3))
    assert len(await play.told("window_reopened")) == 1


async def test_a_pause_across_the_deadline_keeps_the_time_that_was_left(play: Play) -> None:
    closes_at = await opened(play)
    await play.until(closes_at - timedelta(hours=2))
    paused = await play.desk.steer_window(PauseWindow(actor="ops", window=REGISTRATION, reason="Power cut."))
    with at_instant(await play.now()), pytest.raises(Refused):
        await entries.draft(play.database, SEASON, entry_form(3))
    await play.until(closes_at + timedelta(hours=3))
    assert (await play.window())["state"] == "paused"
    resumed = await play.desk.steer_window(ResumeWindow(actor="ops", window=REGISTRATION, reason="Light again."))
    assert resumed.state == "open"
    expected = closes_at + (resumed.at - paused.at)
    assert resumed.closes_at == expected
    await play.until(expected - timedelta(seconds=5))
    assert (await play.window())["state"] == "open"
    await play.until(expected + timedelta(minutes=1))
    row = await play.window()
    assert expected <= row["closed_at"] <= expected + LATE


async def refusal(play: Play, command: Extend | CloseNow) -> SeasonkeeperError:
    """What the desk raises for a command that must be refused."""
    with pytest.raises(SeasonkeeperError) as refused:
        await play.desk.steer_window(command)
    return refused.value


async def test_a_refusal_says_code_sentence_and_remedy_and_changes_nothing(play: Play) -> None:
    closes_at = await opened(play)
    before = await play.window()

    earlier = await refusal(play, Extend(actor="ops", window=REGISTRATION, until=closes_at - DAY, reason="Too long."))
    assert isinstance(earlier, Refused)
    assert earlier.code == "window.earlier"
    assert "is not later" in earlier.sentence
    assert "season close" in earlier.remedy

    silent = await refusal(play, Extend(actor="ops", window=REGISTRATION, by=DAY))
    assert isinstance(silent, BadInput)
    assert (silent.code, silent.sentence) == ("command.no_reason", "A reason is missing.")
    assert silent.remedy

    unknown = await refusal(play, Extend(actor="ops", window=f"{SEASON}/XX/registration", by=DAY, reason="Why not."))
    assert isinstance(unknown, NotFound)
    assert unknown.code == "window.unknown"
    assert f"{SEASON}/XX/registration" in unknown.sentence
    assert "season windows" in unknown.remedy

    no_room = await refusal(play, Extend(actor="ops", window=REGISTRATION, by=30 * DAY, reason="Long."))
    assert no_room.code == "window.no_room"
    assert "screening" in no_room.remedy
    assert await play.window() == before

    await play.until(closes_at + timedelta(minutes=1))
    closed = await refusal(play, Extend(actor="ops", window=REGISTRATION, by=DAY, reason="Late."))
    assert isinstance(closed, Refused)
    assert closed.code == "window.closed"
    assert "it is closed since" in closed.sentence
    assert "season reopen" in closed.remedy


async def test_a_refusal_is_an_update_failure_in_the_history_and_the_window_goes_on(play: Play) -> None:
    closes_at = await opened(play)
    await refusal(play, Extend(actor="ops", window=REGISTRATION, until=closes_at - DAY, reason="Too long."))
    handle = play.environment.client.get_workflow_handle(f"season/{SEASON}/area/EU/window/registration")
    events = [event async for event in handle.fetch_history_events()]
    completed = [
        e.workflow_execution_update_completed_event_attributes
        for e in events
        if e.HasField("workflow_execution_update_completed_event_attributes")
    ]
    assert [c.outcome.failure.application_failure_info.type for c in completed] == ["Refused"]
    assert "is not later" in completed[0].outcome.failure.message
    await play.until(closes_at + timedelta(minutes=1))
    assert (await play.window())["state"] == "closed"


async def test_an_extension_that_the_workflow_did_not_hear_of_costs_no_reminder(play: Play) -> None:
    closes_at = await opened(play)
    await play.entry(1, submitted=False)
    await play.until(closes_at - 4 * DAY)
    command = Extend(actor="ops", window=REGISTRATION, until=closes_at + 2 * DAY, reason="The site was down.")
    with at_instant(await play.now()):
        await Desk(play.database, None).steer_window(command)

    await play.until(closes_at - DAY - timedelta(minutes=1))
    assert await play.told("draft_reminder") == []
    await play.until(closes_at - DAY + timedelta(minutes=1))
    (reminder,) = await play.told("draft_reminder")
    assert (reminder["state"], reminder["told_closes_at"]) == ("sent", closes_at + 2 * DAY)
