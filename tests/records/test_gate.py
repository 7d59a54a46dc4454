"""The gate: in time is in, late is out, by the database's clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from models.commands import CloseNow, Extend, PauseWindow
from models.errors import Refused
from records import entries, windows
from records.database import Database, at_instant, rows
from tests.seasons import begin, entry_form

WINDOW = "small-2024/EU/registration"


async def test_an_entry_submitted_in_time_is_answered_with_number_and_instant(database: Database) -> None:
    await begin(database, datetime.now(UTC), open_now=True)
    entry = await entries.draft(database, "small-2024", entry_form())
    number, at = await entries.submit(database, entry)
    assert number == "2024-EU-LH-0001"
    assert abs(at - datetime.now(UTC)) < timedelta(seconds=5)
    async with database.statement() as connection:
        receipts = await rows(connection, "SELECT subject, told_closes_at FROM deliveries WHERE entry_id = :e", e=entry)
    assert [r["subject"] for r in receipts] == [f"entry/{entry}"]


async def test_a_draft_is_refused_before_the_opening_and_after_the_close(database: Database) -> None:
    await begin(database, datetime(2024, 4, 1, tzinfo=UTC))
    with at_instant(datetime(2024, 4, 2, tzinfo=UTC)), pytest.raises(Refused) as early:
        await entries.draft(database, "small-2024", entry_form())
    assert early.value.code == "window.not_open"
    with at_instant(datetime(2024, 5, 31, 16, tzinfo=UTC)), pytest.raises(Refused) as late:
        await entries.draft(database, "small-2024", entry_form())
    assert late.value.code == "window.closed"
    assert "2024-05-31 16:00:00" in late.value.sentence


async def test_the_last_microsecond_counts_and_the_closing_instant_does_not(database: Database) -> None:
    await begin(database, datetime(2024, 4, 1, tzinfo=UTC))
    close = datetime(2024, 5, 31, 16, tzinfo=UTC)
    with at_instant(close - timedelta(microseconds=1)):
        entry = await entries.draft(database, "small-2024", entry_form())
        assert (await entries.submit(database, entry))[1] == close - timedelta(microseconds=1)
    with at_instant(close), pytest.raises(Refused):
        await entries.submit(database, entry)
    async with database.statement() as connection:
        lines = await rows(connection, "SELECT event FROM log WHERE entry_id = :e ORDER BY id", e=entry)
    assert [line["event"] for line in lines] == ["entry.drafted", "entry.submitted", "entry.refused_late"]


async def test_whoever_comes_in_time_is_accepted_though_another_was_refused_a_moment_before(database: Database) -> None:
    await begin(database, datetime(2024, 4, 1, tzinfo=UTC))
    close = datetime(2024, 5, 31, 16, tzinfo=UTC)
    with at_instant(close - timedelta(minutes=1)):
        late, in_time = [await entries.draft(database, "small-2024", entry_form()) for _ in range(2)]
    for _ in range(2):
        with at_instant(close + timedelta(hours=1)), pytest.raises(Refused, match="closed at 2024-05-31 16:00:00"):
            await entries.submit(database, late)
        with at_instant(close - timedelta(microseconds=1)):
            assert (await entries.submit(database, in_time))[1] == close - timedelta(microseconds=1)
    async with database.statement() as connection:
        lines = await rows(connection, "SELECT entry_id, event FROM log WHERE event ~ 'submitted|refused' ORDER BY id")
    assert [(line["entry_id"], line["event"]) for line in lines] == 2 * [
        (late, "entry.refused_late"),
        (in_time, "entry.submitted"),
    ]


async def test_nothing_is_accepted_while_a_window_is_paused(database: Database) -> None:
    await begin(database, datetime.now(UTC), open_now=True)
    entry = await entries.draft(database, "small-2024", entry_form())
    async with database.transaction() as connection:
        await windows.steer(connection, PauseWindow(actor="ops", reason="a fire drill", window=WINDOW))
    with pytest.raises(Refused) as refused:
        await entries.submit(database, entry)
    assert refused.value.code == "window.paused"


async def test_the_closer_sees_every_entry_that_was_accepted_in_a_race(database: Database) -> None:
    await begin(database, datetime.now(UTC), open_now=True)
    ids = [await entries.draft(database, "small-2024", entry_form(n)) for n in range(120)]
    accepted: list[datetime] = []

    async def submit(entry: int) -> None:
        try:
            accepted.append((await entries.submit(database, entry))[1])
        except Refused as refused:
            assert refused.code == "window.closed"

    async def close() -> int:
        await asyncio.sleep(0.1)
        async with database.transaction() as connection:
            await windows.steer(connection, CloseNow(actor="ops", reason="early close", window=WINDOW))
            found = await rows(connection, "SELECT count(*) AS n FROM entries WHERE state = 'submitted'")
            return int(found[0]["n"])

    seen, *_ = await asyncio.gather(close(), *(submit(entry) for entry in ids))
    async with database.statement() as connection:
        closed = (await rows(connection, "SELECT closes_at FROM windows WHERE id = :w", w=WINDOW))[0]["closes_at"]
    assert seen == len(accepted)
    assert all(at <= closed for at in accepted)


async def test_fifty_extensions_that_race_the_close_each_win_whole_or_are_refused_whole(database: Database) -> None:
    for batch in range(5):
        won = await asyncio.gather(*(_race(database, f"race-{batch}-{n}", n * 0.005) for n in range(10)))
        assert len(won) == 10


async def _race(database: Database, season: str, lead: float) -> bool:
    """A registration that is extended, by a command sent twice, and closed at once, `lead` seconds before its end."""
    await begin(database, datetime.now(UTC), season=season, open_now=True)
    window = f"{season}/EU/registration"
    async with database.transaction() as connection:
        await windows.open_window(connection, window)
    soon = """UPDATE windows SET closes_at = clock_timestamp() + interval '60 ms' WHERE id = :w RETURNING closes_at"""
    async with database.transaction() as connection:
        at = (await rows(connection, soon, w=window))[0]["closes_at"]
    await asyncio.sleep(max(0.0, (at - datetime.now(UTC)).total_seconds() - lead))
    command = Extend(actor="ops", reason="last minute", window=window, by=timedelta(milliseconds=1))

    async def extend() -> bool:
        try:
            async with database.transaction() as connection:
                await windows.steer(connection, command)
        except Refused as refused:
            assert refused.code == "window.closed"
            return False
        return True

    async def close() -> None:
        while True:
            async with database.transaction() as connection:
                if (await windows.close_window(connection, window)).closed:
                    return

    first, again, _ = await asyncio.gather(extend(), extend(), close())
    row = await _window(database, window)
    async with database.statement() as connection:
        lines = await rows(connection, "SELECT event FROM log WHERE window_id = :w ORDER BY id", w=window)
    won = first or again
    # Whole: the new close, one line, the close after it. Or nothing of it.
    assert row["closes_at"] == at + timedelta(milliseconds=1 if won else 0)
    assert [line["event"] for line in lines] == ["window.opened", *["window.extended"] * won, "window.closed"]
    assert row["closed_at"] >= row["closes_at"]
    return won


async def _window(database: Database, window: str) -> dict[str, datetime]:
    async with database.statement() as connection:
        return (await rows(connection, "SELECT closes_at, closed_at FROM windows WHERE id = :w", w=window))[0]
