"""Grace: one entry comes in after the close, for as long as it was given and the screening lasts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from models.commands import CloseNow, Grace, PauseWindow
from models.errors import BadInput, NotFound, Refused
from records import entries, graces, screening, windows
from records.database import Database, at_instant, rows
from tests.seasons import begin, entry_form

CLOSE = datetime(2024, 5, 31, 16, tzinfo=UTC)
SCREENED = datetime(2024, 6, 5, 16, tzinfo=UTC)
AFTER = CLOSE + timedelta(hours=1)
WHY = {"actor": "ops", "reason": "a power cut"}


async def closed_upon(database: Database) -> tuple[int, int]:
    """Two drafts over which registration closed and which have lapsed."""
    await begin(database, datetime(2024, 4, 1, tzinfo=UTC))
    with at_instant(CLOSE - timedelta(days=1)):
        drafts = [await entries.draft(database, "small-2024", entry_form(n)) for n in (1, 2)]
    with at_instant(CLOSE):
        async with database.transaction() as connection:
            assert (await windows.close_window(connection, "small-2024/EU/registration")).closed
            assert (await screening.lapse_drafts(connection, "small-2024", "EU"))["lapsed"] == 2
    return drafts[0], drafts[1]


async def give(database: Database, at: datetime, command: Grace) -> datetime:
    with at_instant(at):
        async with database.transaction() as connection:
            until = (await graces.give_grace(connection, command)).closes_at
    assert until is not None
    return until


async def test_a_lapsed_entry_with_grace_is_saved_and_submitted_and_no_other_is(database: Database) -> None:
    mine, other = await closed_upon(database)
    until = await give(database, AFTER, Grace(entry=mine, by=timedelta(hours=6), **WHY))
    assert until == AFTER + timedelta(hours=6)
    last = until - timedelta(microseconds=1)
    with at_instant(last):
        await entries.save(database, mine, entry_form(1, title="A better title"))
        assert (await entries.submit(database, mine))[1] == last
        with pytest.raises(Refused) as refused:
            await entries.submit(database, other)
    assert refused.value.code == "window.closed"
    async with database.statement() as connection:
        found = await rows(connection, "SELECT title, state, alive FROM entries WHERE id = :e", e=mine)
        taken = await screening.facts(connection, "small-2024", "EU")
    assert found == [{"title": "A better title", "state": "submitted", "alive": True}]
    assert [one.entry_id for one in taken] == [mine]


async def test_when_grace_has_ended_the_refusal_says_since_when(database: Database) -> None:
    mine, _ = await closed_upon(database)
    until = await give(database, AFTER, Grace(entry=mine, by=timedelta(hours=6), **WHY))
    with at_instant(until), pytest.raises(Refused, match="grace of entry 2024-EU-LH-0001 ended at 2024-05-31 23:00"):
        await entries.submit(database, mine)
    with at_instant(until), pytest.raises(Refused, match="ended at"):
        await entries.save(database, mine, entry_form(1))


async def test_grace_given_before_the_close_outlasts_it(database: Database) -> None:
    await begin(database, datetime(2024, 4, 1, tzinfo=UTC))
    with at_instant(CLOSE - timedelta(days=1)):
        mine = await entries.draft(database, "small-2024", entry_form())
    assert await give(
        database, CLOSE - timedelta(hours=1), Grace(entry=mine, by=timedelta(days=1), **WHY)
    ) == CLOSE + timedelta(days=1)
    with at_instant(AFTER):
        assert (await entries.submit(database, mine))[1] == AFTER


async def test_grace_ends_where_the_screening_closes_early_or_stands_still(database: Database) -> None:
    mine, other = await closed_upon(database)
    for entry in (mine, other):
        await give(database, AFTER, Grace(entry=entry, by=timedelta(days=3), **WHY))
    day, window = CLOSE + timedelta(days=1), "small-2024/EU/screening"
    with at_instant(day):
        async with database.transaction() as connection:
            await windows.steer(connection, PauseWindow(actor="ops", reason="a drill", window=window))
        with pytest.raises(Refused) as paused:
            await entries.submit(database, mine)
    assert paused.value.code == "window.paused"
    async with database.transaction() as connection:
        await rows(
            connection, "UPDATE windows SET state = 'open', paused_at = NULL WHERE id = :w RETURNING id", w=window
        )
    with at_instant(day):
        async with database.transaction() as connection:
            await windows.steer(connection, CloseNow(actor="ops", reason="all is decided", window=window))
        with pytest.raises(Refused) as over:
            await entries.submit(database, mine)
        with pytest.raises(Refused, match="can come in no more"):
            await give(database, day, Grace(entry=mine, by=timedelta(hours=1), **WHY))
    assert over.value.code == "grace.screened"


async def test_a_grace_command_sent_twice_gives_one_grace_one_line_and_one_notice(database: Database) -> None:
    mine, _ = await closed_upon(database)
    command = Grace(entry=mine, by=timedelta(hours=6), **WHY)

    async def once() -> bool:
        async with database.transaction() as connection:
            return (await graces.give_grace(connection, command)).repeated

    with at_instant(AFTER):
        assert sorted(await asyncio.gather(once(), once(), once())) == [False, True, True]
    async with database.statement() as connection:
        told = await rows(connection, "SELECT campaign_id, data FROM deliveries WHERE entry_id = :e", e=mine)
        lines = await rows(connection, "SELECT reason, actor FROM log WHERE event = 'entry.grace_given'")
        given = await rows(connection, "SELECT until FROM graces")
    assert [row["campaign_id"] for row in told] == ["small-2024/grace_given"]
    assert told[0]["data"] == {"until": given[0]["until"].isoformat(), "reason": "a power cut"}
    assert lines == [{"reason": "a power cut", "actor": "ops"}]
    assert len(given) == 1


@pytest.mark.parametrize(
    ("at", "more", "code"),
    [
        (AFTER, {"until": AFTER}, "grace.past"),
        (AFTER, {"until": SCREENED + timedelta(hours=1)}, "grace.no_room"),
        (CLOSE - timedelta(hours=2), {"until": CLOSE}, "grace.not_needed"),
        (SCREENED, {"by": timedelta(hours=1)}, "grace.screened"),
    ],
)
async def test_a_grace_that_cannot_be_is_refused_with_its_reason(
    database: Database, at: datetime, more: dict[str, datetime], code: str
) -> None:
    await begin(database, datetime(2024, 4, 1, tzinfo=UTC))
    with at_instant(CLOSE - timedelta(days=1)):
        mine = await entries.draft(database, "small-2024", entry_form())
    if at > CLOSE:
        with at_instant(CLOSE):
            async with database.transaction() as connection:
                await windows.close_window(connection, "small-2024/EU/registration")
    with pytest.raises(Refused) as refused:
        await give(database, at, Grace(entry=mine, **more, **WHY))
    assert refused.value.code == code


async def test_a_grace_without_a_reason_or_an_entry_is_named(database: Database) -> None:
    mine, _ = await closed_upon(database)
    with pytest.raises(BadInput, match="reason is missing"):
        await give(database, AFTER, Grace(entry=mine, by=timedelta(hours=1), actor="ops"))
    with pytest.raises(BadInput, match="either until when or by how long"):
        await give(database, AFTER, Grace(entry=mine, **WHY))
    with pytest.raises(NotFound, match="no entry 99"):
        await give(database, AFTER, Grace(entry=99, by=timedelta(hours=1), **WHY))


async def test_the_closer_of_the_screening_sees_every_entry_that_came_by_grace_in_a_race(database: Database) -> None:
    now = datetime.now(UTC)
    await begin(database, now, open_now=True)
    ids = [await entries.draft(database, "small-2024", entry_form(n)) for n in range(60)]
    async with database.transaction() as connection:
        for entry in ids:
            await graces.give_grace(connection, Grace(entry=entry, until=now + timedelta(days=54), **WHY))
        await windows.steer(connection, CloseNow(actor="ops", reason="early", window="small-2024/EU/registration"))
        await rows(
            connection,
            "UPDATE windows SET state = 'open', opens_at = :at WHERE id = 'small-2024/EU/screening' RETURNING id",
            at=now,
        )
    accepted: list[int] = []

    async def submit(entry: int) -> None:
        try:
            await entries.submit(database, entry)
        except Refused as refused:
            assert refused.code == "grace.screened"
        else:
            accepted.append(entry)

    async def close() -> int:
        await asyncio.sleep(0.05)
        async with database.transaction() as connection:
            await windows.steer(connection, CloseNow(actor="ops", reason="early", window="small-2024/EU/screening"))
            found = await rows(connection, "SELECT count(*) AS n FROM entries WHERE state = 'submitted'")
            return int(found[0]["n"])

    seen, *_ = await asyncio.gather(close(), *(submit(entry) for entry in ids))
    assert seen == len(accepted)
