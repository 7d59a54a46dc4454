"""`kill -9` of workers, of Temporal, of PostgreSQL and of all, while a compressed season runs from start to end."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest

from desk.client import Desk
from tests.live.crowd import LiveCrowd, patiently
from tests.live.stack import WholeStack, ask, short_file, soon
from workers.embedded.mailsink import count_mails, list_mails

SEASON = "kills"
PARTS = ("worker-season", "worker-mail", "temporal", "postgres", "all")
DECIDED = {"ineligible", "not_selected", "removed", "declined", "awarded", "finished", "withdrawn", "waiting"}


async def kill_now_and_then(whole: WholeStack, parts: Sequence[str], seconds: float, dice: random.Random) -> None:
    """Kill each of these parts once, in a random order, at moments spread over so many seconds."""
    order = dice.sample(parts, len(parts))
    begun = time.monotonic()
    for number, part in enumerate(order):
        moment = begun + seconds * (number + dice.random()) / len(order)
        await asyncio.sleep(max(0.0, moment - time.monotonic()))
        if part == "all":
            whole.kill_all()
            await asyncio.to_thread(whole.up)
        else:
            whole.kill(part)


async def live_through_kills(whole: WholeStack, parts: Sequence[str], *, seed: int, day: timedelta) -> None:
    """One season with kills; everything that must hold at its end."""
    await asyncio.to_thread(whole.up)
    dice = random.Random(seed)
    async with whole.desk() as desk:
        file = short_file("2024-05-20")
        await desk.start_season(file, season=SEASON, open_now=True, day=day)
        crowd = LiveCrowd(desk, SEASON, seed=seed)
        await crowd.set_up()
        async with asyncio.timeout(150 + 130 * day.total_seconds()):
            async with asyncio.TaskGroup() as group:
                group.create_task(crowd.live())
                group.create_task(kill_now_and_then(whole, parts, 75 * day.total_seconds(), dice))
        await check(whole, desk, crowd)


async def check(whole: WholeStack, desk: Desk, crowd: LiveCrowd) -> None:
    """Nothing twice, nothing lost."""
    season, database = {"season": SEASON}, desk.database

    async def nothing_waits() -> bool:
        found = await ask(
            database,
            "SELECT 1 FROM deliveries WHERE season_id = :season AND state IN ('queued', 'sending') LIMIT 1",
            **season,
        )
        return not found

    # A notice in the hands of a worker that died is free again after its lease of two minutes.
    await soon("no notice waits any more", nothing_waits, 150)

    windows = await patiently(
        lambda: ask(database, "SELECT state, count(*) AS n FROM windows WHERE season_id = :season GROUP BY 1", **season)
    )
    assert [row["state"] for row in windows] == ["closed"]

    assert len(crowd.accepted) >= 12
    entries = await ask(database, "SELECT number, state, submitted_at FROM entries WHERE season_id = :season", **season)
    states = {row["number"]: row["state"] for row in entries}
    assert set(crowd.accepted) <= set(states), "every accepted entry is there"
    undecided = {number: states[number] for number in crowd.accepted if states[number] not in DECIDED}
    assert undecided == {}, "every accepted entry has its decision"
    # Where the finals fell into an outage nobody scored, and the finalists end without a prize.
    assert {"awarded", "finished"} & set(states.values())
    submitted = {row["number"] for row in entries if row["submitted_at"] is not None}
    assert submitted == set(crowd.accepted), "nobody is in who was not accepted"
    late = await ask(
        database,
        """SELECT e.number FROM entries e JOIN windows w ON w.id = e.window_id
           WHERE e.season_id = :season AND e.submitted_at >= w.closes_at""",
        **season,
    )
    assert late == []

    deliveries = await ask(
        database,
        "SELECT state, possibly_twice, count(*)::int AS n FROM deliveries WHERE season_id = :season GROUP BY 1, 2",
        **season,
    )
    assert {row["state"] for row in deliveries} <= {"sent", "skipped"}
    sent = sum(row["n"] for row in deliveries if row["state"] == "sent")
    doubtful = sum(row["n"] for row in deliveries if row["possibly_twice"])
    mails = list_mails(whole.folder.mail, limit=100_000)
    assert len(mails) == count_mails(whole.folder.mail)
    ids = Counter(mail.message_id for mail in mails)
    assert sent <= len(ids), "every notice marked as sent is in the sink"
    twice = {name for name, n in ids.items() if n > 1}
    assert len(twice) <= doubtful, f"sent twice though not listed: {twice}"
    once_only = await ask(
        database,
        """SELECT campaign_id, person_id, subject FROM deliveries WHERE season_id = :season
           GROUP BY 1, 2, 3 HAVING count(*) > 1""",
        **season,
    )
    assert once_only == []
    campaigns = await ask(
        database,
        """SELECT event, window_id, count(*) AS n FROM log WHERE season_id = :season AND event = 'window.closed'
           GROUP BY 1, 2 HAVING count(*) > 1""",
        **season,
    )
    assert campaigns == [], "no window closed twice"


@pytest.mark.timeout(420)
async def test_a_season_finishes_though_each_part_and_then_all_are_killed(whole: WholeStack) -> None:
    await live_through_kills(whole, PARTS, seed=1, day=timedelta(seconds=0.4))


@pytest.mark.chaos
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(2, 7))
async def test_a_season_finishes_though_everything_is_killed_again_and_again(whole: WholeStack, seed: int) -> None:
    await live_through_kills(whole, PARTS * 3, seed=seed, day=timedelta(seconds=1.5))
