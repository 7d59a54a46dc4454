"""Commands on windows and seasons: accepted once, or refused with the reason and nothing changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from models.commands import CloseNow, Extend, PauseWindow, Reopen, ResumeWindow, SeasonCommand, WindowCommand
from models.errors import BadInput, NotFound, Refused
from models.results import WindowFacts
from records import steering, windows
from records.database import Database, at_instant, rows, run
from tests.seasons import begin

START = datetime(2024, 4, 1, tzinfo=UTC)
OPEN = datetime(2024, 5, 1, tzinfo=UTC)
CLOSE = datetime(2024, 5, 31, 16, tzinfo=UTC)
WINDOW = "small-2024/EU/registration"
WHY = {"actor": "ops", "reason": "a good one", "window": WINDOW}


async def steer(database: Database, at: datetime, command: WindowCommand) -> WindowFacts:
    with at_instant(at):
        async with database.transaction() as connection:
            await windows.steer(connection, command)
        async with database.transaction() as connection:
            return await windows.facts(connection, command.window)


async def opened(database: Database) -> None:
    await begin(database, START)
    with at_instant(OPEN):
        async with database.transaction() as connection:
            assert (await windows.open_window(connection, WINDOW)).state == "open"


async def test_an_extension_moves_the_close_and_its_reminders(database: Database) -> None:
    await opened(database)
    facts = await steer(database, OPEN, Extend(by=timedelta(days=2), **WHY))
    assert facts.closes_at == CLOSE + timedelta(days=2)
    assert facts.reminders[0].at == CLOSE - timedelta(days=1)
    assert facts.revision == 1


async def test_a_command_sent_twice_is_carried_out_once(database: Database) -> None:
    await opened(database)
    command = Extend(by=timedelta(days=1), **WHY)
    await steer(database, OPEN, command)
    with at_instant(OPEN + timedelta(hours=1)):
        async with database.transaction() as connection:
            again = await windows.steer(connection, command)
    assert again.repeated
    assert again.closes_at == CLOSE + timedelta(days=1)
    assert again.at == OPEN


@pytest.mark.parametrize(
    ("at", "command", "code"),
    [
        (OPEN, Extend(until=CLOSE - timedelta(days=1), **WHY), "window.earlier"),
        (CLOSE, Extend(until=CLOSE + timedelta(days=1), **WHY), "window.closed"),
        (OPEN, Extend(until=datetime(2024, 6, 5, 16, tzinfo=UTC), **WHY), "window.no_room"),
        (CLOSE, CloseNow(**WHY), "window.closed"),
        (OPEN, Reopen(by=timedelta(days=1), **WHY), "window.not_closed"),
        (OPEN, ResumeWindow(**WHY), "window.not_paused"),
    ],
)
async def test_a_refused_command_says_why_and_changes_nothing(
    database: Database, at: datetime, command: WindowCommand, code: str
) -> None:
    await opened(database)
    with pytest.raises(Refused) as refused:
        await steer(database, at, command)
    assert refused.value.code == code
    async with database.statement() as connection:
        row = (await rows(connection, "SELECT closes_at, revision FROM windows WHERE id = :w", w=WINDOW))[0]
        lines = await rows(connection, "SELECT id FROM log WHERE command_id IS NOT NULL")
    assert (row["closes_at"], row["revision"], lines) == (CLOSE, 0, [])


async def test_an_unknown_window_and_a_missing_reason_are_named(database: Database) -> None:
    await opened(database)
    with pytest.raises(NotFound, match="no window 'small-2024/XX/registration'"):
        await steer(database, OPEN, CloseNow(actor="ops", reason="x", window="small-2024/XX/registration"))
    with pytest.raises(BadInput, match="reason is missing"):
        await steer(database, OPEN, CloseNow(actor="ops", reason="  ", window=WINDOW))


async def test_a_paused_window_closes_as_much_later_as_it_was_paused(database: Database) -> None:
    await opened(database)
    await steer(database, CLOSE - timedelta(hours=1), PauseWindow(**WHY))
    with at_instant(CLOSE + timedelta(hours=5)):
        async with database.transaction() as connection:
            closing = await windows.close_window(connection, WINDOW)
    assert not closing.closed
    facts = await steer(database, CLOSE + timedelta(hours=9), ResumeWindow(**WHY))
    assert (facts.state, facts.closes_at) == ("open", CLOSE + timedelta(hours=10))


async def test_a_closed_window_is_reopened_only_until_something_builds_on_it(database: Database) -> None:
    await opened(database)
    await steer(database, OPEN, CloseNow(**WHY))
    facts = await steer(database, OPEN, Reopen(by=timedelta(days=1), **WHY))
    assert (facts.state, facts.closes_at) == ("open", OPEN + timedelta(days=1))
    late = datetime(2024, 6, 7, tzinfo=UTC)
    with at_instant(late):
        async with database.transaction() as connection:
            assert (await windows.close_window(connection, WINDOW)).closed
            await run(connection, "UPDATE windows SET state = 'closed' WHERE id = 'small-2024/EU/screening'")
    with pytest.raises(Refused, match="small-2024/EU/screening' is closed and builds on it"):
        await steer(database, late, Reopen(by=timedelta(hours=1), **WHY))


async def test_a_season_started_in_june_finds_registration_over_and_closes_it_silently(database: Database) -> None:
    june = datetime(2024, 6, 3, tzinfo=UTC)
    await begin(database, june)
    with at_instant(june):
        async with database.transaction() as connection:
            await windows.open_window(connection, WINDOW)
            closing = await windows.close_window(connection, WINDOW)
    assert closing.closed
    assert closing.silent
    async with database.statement() as connection:
        lines = await rows(connection, "SELECT event FROM log WHERE window_id = :w", w=WINDOW)
    assert [line["event"] for line in lines] == ["window.closed_silently"]


async def test_a_paused_season_moves_everything_still_to_come_by_its_pause(database: Database) -> None:
    await opened(database)
    command = {"actor": "ops", "reason": "moving house", "season": "small-2024"}
    async with database.statement() as connection:
        before = await rows(connection, "SELECT id, opens_at, closes_at FROM windows ORDER BY id")
    with at_instant(OPEN):
        async with database.transaction() as connection:
            await steering.pause_season(connection, SeasonCommand(**command))
    with at_instant(OPEN + timedelta(days=3)):
        async with database.transaction() as connection:
            await steering.resume_season(connection, SeasonCommand(**command))
    async with database.statement() as connection:
        after = await rows(connection, "SELECT id, opens_at, closes_at, state FROM windows ORDER BY id")
    assert [b["closes_at"] + timedelta(days=3) for b in before] == [a["closes_at"] for a in after]
    for b, a in zip(before, after, strict=True):
        assert a["opens_at"] - b["opens_at"] == timedelta(days=3 if b["opens_at"] > OPEN else 0)


async def test_a_cancelled_season_accepts_no_further_command(database: Database) -> None:
    await opened(database)
    with at_instant(OPEN):
        async with database.transaction() as connection:
            await steering.cancel_season(connection, SeasonCommand(actor="ops", reason="no money", season="small-2024"))
    async with database.statement() as connection:
        states = await rows(connection, "SELECT DISTINCT state FROM windows")
    assert [s["state"] for s in states] == ["cancelled"]
    with pytest.raises(Refused, match="was cancelled"):
        await steer(database, OPEN, Extend(by=timedelta(days=1), **WHY))
    with pytest.raises(Refused, match="cancelled already"):
        async with database.transaction() as connection:
            await steering.cancel_season(connection, SeasonCommand(actor="ops", reason="again", season="small-2024"))


async def test_the_log_can_only_be_appended_to(database: Database) -> None:
    await begin(database, START)
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        async with database.transaction() as connection:
            await run(connection, "UPDATE log SET reason = 'other'")
