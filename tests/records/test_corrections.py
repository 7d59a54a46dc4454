"""Corrections: an entry is returned, changed and answered once, for as long as it was given and the screening lasts."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import starmap
from pathlib import Path
from typing import Any

import pytest

from activities.screening import conclude_screening, prepare_screening
from models.commands import CloseNow, Return
from models.errors import BadInput, Refused
from models.results import StageRef
from records import corrections, documents, entries, windows
from records.database import Database, at_instant, rows
from records.seasons import live
from records.store import FolderStore
from tests import uploads
from tests.seasons import begin, entry_form

CLOSE = datetime(2024, 5, 31, 16, tzinfo=UTC)
SCREENED = datetime(2024, 6, 5, 16, tzinfo=UTC)
AFTER = CLOSE + timedelta(hours=12)
WHY: dict[str, Any] = {"actor": "ops", "reason": "Another entry has this title."}
TICK = timedelta(microseconds=1)


async def asked_upon(database: Database) -> tuple[int, int]:
    """Two entries of one title, which the rules have left to a person."""
    await begin(database, datetime(2024, 4, 1, tzinfo=UTC))
    with at_instant(CLOSE - timedelta(days=1)):
        ids = [await entries.draft(database, "small-2024", entry_form(n, title="One and the same")) for n in (1, 2)]
        for entry in ids:
            await entries.submit(database, entry)
    with at_instant(CLOSE):
        async with database.transaction() as connection:
            assert (await windows.close_window(connection, "small-2024/EU/registration")).closed
    with at_instant(AFTER):
        await screen(database)
    assert await states(database) == ["undecided", "undecided"]
    return ids[0], ids[1]


async def screen(database: Database) -> None:
    async with database.transaction() as connection:
        season = await live(connection, "small-2024")
        await prepare_screening(connection, season, StageRef(season="small-2024", stage="screening", area="EU"))


async def states(database: Database) -> list[str]:
    return [row["state"] for row in await database.at_once("SELECT state FROM entries ORDER BY id")]


async def give_back(database: Database, at: datetime, command: Return) -> datetime:
    with at_instant(at):
        async with database.transaction() as connection:
            until = (await corrections.return_for_correction(connection, command)).closes_at
    assert until is not None
    return until


async def test_a_returned_entry_is_changed_and_answered_and_the_rules_that_find_nothing_more_make_it_eligible(
    database: Database,
) -> None:
    mine, other = await asked_upon(database)
    until = await give_back(database, AFTER, Return(entry=mine, by=timedelta(days=1), **WHY))
    other_title = entry_form(1, title="A title of its own", summary="Something else is told here altogether.")
    with at_instant(until - 2 * TICK):
        await entries.save(database, mine, other_title)
        with pytest.raises(Refused):
            await entries.save(database, other, entry_form(2))
        with pytest.raises(Refused):
            await entries.submit(database, mine)
        assert await states(database) == ["undecided", "undecided"]
        assert await corrections.answer(database, mine, "It has a title of its own now.") == until - 2 * TICK
    with at_instant(until - TICK):
        for deed in (corrections.answer(database, mine, "Once more."), entries.save(database, mine, other_title)):
            with pytest.raises(Refused) as refused:
                await deed
            assert refused.value.code == "correction.answered"
    assert await states(database) == ["eligible", "undecided"]
    (kept,) = await corrections.of_entry(database, mine)
    assert (kept.state, kept.answer) == ("answered", "It has a title of its own now.")
    events = await database.at_once("SELECT event FROM log WHERE entry_id = :e ORDER BY id", e=mine)
    assert [row["event"] for row in events][-4:] == [
        "entry.returned", "entry.changed", "entry.answered", "entry.eligible",
    ]  # fmt: skip


async def test_what_the_rules_still_find_stays_for_a_person_with_the_answer(database: Database) -> None:
    mine, _ = await asked_upon(database)
    await give_back(database, AFTER, Return(entry=mine, by=timedelta(days=1), **WHY))
    with at_instant(AFTER + timedelta(hours=1)):
        await corrections.answer(database, mine, "It is another project.")
        with pytest.raises(Refused, match="it is answered once"):
            await corrections.answer(database, mine, "Really.")
        with pytest.raises(Refused, match="it is answered once"):
            await entries.save(database, mine, entry_form(1))
    assert await states(database) == ["undecided", "undecided"]
    last = await database.at_once("SELECT event, data FROM log WHERE entry_id = :e ORDER BY id DESC LIMIT 1", e=mine)
    assert last[0]["event"] == "entry.undecided"
    assert {f["code"] for f in last[0]["data"]["findings"]} >= {"screening.same_title"}


async def test_documents_are_added_until_the_answer_and_what_the_rules_ask_for_is_not_taken_out(
    database: Database, tmp_path: Path
) -> None:
    mine, other = await asked_upon(database)
    store = FolderStore(tmp_path / "documents")
    plan = uploads.picture("PNG")
    await give_back(database, AFTER, Return(entry=mine, by=timedelta(days=1), **WHY))
    with at_instant(AFTER + timedelta(hours=1)):
        kept = await documents.keep(database, store, mine, "plan", "plan.png", plan)
        with pytest.raises(Refused, match="needs its document 'plan'"):
            await documents.remove(database, kept.id, entry_id=mine)
        with pytest.raises(Refused):
            await documents.keep(database, store, other, "plan", "plan.png", plan)
        await corrections.answer(database, mine, "The plan is in.")
        with pytest.raises(Refused, match="it is answered once"):
            await documents.keep(database, store, mine, "plan", "plan.png", plan)
    assert [d.id for d in await documents.of_entry(database, mine)] == [kept.id]


async def test_what_is_late_is_refused_and_missed_when_the_screening_is_concluded(database: Database) -> None:
    mine, other = await asked_upon(database)
    until = await give_back(database, AFTER, Return(entry=mine, by=timedelta(hours=6), **WHY))
    with at_instant(until):
        for deed in (corrections.answer(database, mine, "Late."), entries.save(database, mine, entry_form(1))):
            with pytest.raises(Refused, match="The correction of entry 2024-EU-LH-0001 ended at 2024-06-01 10:00"):
                await deed
        assert [c.state for c in await corrections.of_entry(database, mine)] == ["missed"]
    await give_back(database, until, Return(entry=other, **WHY))
    with at_instant(SCREENED):
        with pytest.raises(Refused):
            await corrections.answer(database, other, "Late too.")
        async with database.transaction() as connection:
            assert (await windows.close_window(connection, "small-2024/EU/screening")).closed
            season = await live(connection, "small-2024")
            await conclude_screening(connection, season, StageRef(season="small-2024", stage="screening", area="EU"))
    assert await states(database) == ["eligible", "eligible"]
    kept = await database.at_once("SELECT state FROM corrections")
    lines = await database.at_once("SELECT entry_id FROM log WHERE event = 'entry.correction_missed' ORDER BY 1")
    assert [row["state"] for row in kept] == ["missed", "missed"]
    assert [row["entry_id"] for row in lines] == [mine, other]


@pytest.mark.parametrize(
    ("at", "more", "code"),
    [
        (AFTER, {"until": AFTER}, "correction.past"),
        (AFTER, {"until": SCREENED + TICK}, "correction.no_room"),
        (SCREENED, {}, "correction.screened"),
    ],
)
async def test_a_return_that_cannot_be_is_refused_with_its_reason(
    database: Database, at: datetime, more: dict[str, datetime], code: str
) -> None:
    mine, _ = await asked_upon(database)
    with pytest.raises(Refused) as refused:
        await give_back(database, at, Return(entry=mine, **more, **WHY))
    assert refused.value.code == code
    assert await database.at_once("SELECT 1 FROM corrections") == []


async def test_a_return_sent_twice_is_one_with_the_file_s_length_or_what_is_left(database: Database) -> None:
    mine, other = await asked_upon(database)
    command = Return(entry=mine, **WHY)
    assert [await give_back(database, AFTER, command) for _ in range(2)] == [AFTER + timedelta(days=3)] * 2
    with pytest.raises(Refused, match="is returned already, until 2024-06-04 04:00"):
        await give_back(database, AFTER, Return(entry=mine, **WHY))
    with pytest.raises(BadInput, match="A reason is missing"):
        await give_back(database, AFTER, Return(entry=other, actor="ops"))
    late = SCREENED - timedelta(hours=1)
    assert await give_back(database, late, Return(entry=other, **WHY)) == SCREENED
    told = await database.at_once(
        "SELECT data FROM deliveries WHERE campaign_id = 'small-2024/returned_for_correction' AND entry_id = :e", e=mine
    )
    assert [row["data"]["reason"] for row in told] == [WHY["reason"]]


async def test_a_returned_entry_that_the_rules_find_in_order_waits_for_its_answer(database: Database) -> None:
    await begin(database, datetime(2024, 4, 1, tzinfo=UTC))
    with at_instant(CLOSE - timedelta(days=1)):
        mine = await entries.draft(database, "small-2024", entry_form())
        await entries.submit(database, mine)
    with at_instant(CLOSE):
        async with database.transaction() as connection:
            await windows.close_window(connection, "small-2024/EU/registration")
    await give_back(database, CLOSE, Return(entry=mine, by=timedelta(days=2), **WHY))
    with at_instant(AFTER):
        await entries.save(database, mine, entry_form(1, title="Better"))
        await screen(database)
        assert await states(database) == ["undecided"]
        await corrections.answer(database, mine, "Done.")
    assert await states(database) == ["eligible"]


async def test_the_closer_of_the_screening_sees_every_answer_and_of_two_answers_at_once_one_counts(
    database: Database,
) -> None:
    now = datetime.now(UTC)
    await begin(database, now, open_now=True)
    ids = [await entries.draft(database, "small-2024", entry_form(n, title="Same")) for n in range(30)]
    for entry in ids:
        await entries.submit(database, entry)
    async with database.transaction() as connection:
        await windows.steer(connection, CloseNow(actor="ops", reason="early", window="small-2024/EU/registration"))
        for entry in ids:
            await corrections.return_for_correction(connection, Return(entry=entry, by=timedelta(days=1), **WHY))
        sql = "UPDATE windows SET state = 'open', opens_at = :at WHERE id = 'small-2024/EU/screening' RETURNING id"
        await rows(connection, sql, at=now)
    answered: list[int] = []

    async def say(entry: int) -> None:
        try:
            await corrections.answer(database, entry, "Done.")
        except Refused as refused:
            assert refused.code in ("correction.screened", "correction.answered")
        else:
            answered.append(entry)

    async def change(n: int, entry: int) -> None:
        with suppress(Refused):
            await entries.save(database, entry, entry_form(n, title="Same"))

    async def close() -> int:
        await asyncio.sleep(0.05)
        async with database.transaction() as connection:
            await windows.steer(connection, CloseNow(actor="ops", reason="early", window="small-2024/EU/screening"))
            found = await rows(connection, "SELECT count(*) AS n FROM corrections WHERE state = 'answered'")
            return int(found[0]["n"])

    seen, *_ = await asyncio.gather(
        close(), *(say(entry) for entry in ids for _ in range(2)), *starmap(change, enumerate(ids))
    )
    assert seen == len(answered) == len(set(answered))
