"""`kill -9` of workers, of Temporal, of PostgreSQL and of all, while a compressed season runs from start to end."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from notices.message import message_id
from tests.live.crowd import LiveCrowd, patiently
from tests.live.stack import WholeStack, ask, short_file, soon
from workers.embedded.mailsink import Mail, list_mails

SEASON = "kills"
PARTS = ("worker-season", "worker-mail", "temporal", "postgres", "all")
DECIDED = {"ineligible", "not_selected", "removed", "declined", "awarded", "finished", "withdrawn", "waiting"}
FINALISTS = {"awarded", "finished"}
"""How finalists end: where the finals fell into an outage nobody scored, and none has a prize."""


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


@dataclass(frozen=True)
class Kept:
    """What a season left behind. `accepted` are the public numbers that its crowd was told."""

    accepted: set[str]
    entries: list[dict[str, Any]]
    windows: list[dict[str, Any]]
    closings: list[dict[str, Any]]
    deliveries: list[dict[str, Any]]
    mails: list[Mail]

    @property
    def arrived(self) -> list[str]:
        """Message ids of the mails, without what proves them to be ours, which takes the key of the stack."""
        return [re.sub(r"^(<[0-9a-f]{32})-[0-9a-f]{32}", r"\1", mail.message_id) for mail in self.mails]

    def ids(self, **wanted: object) -> set[str]:
        """Message ids of the deliveries with these values."""
        domain = self.arrived[0].rpartition("@")[2].strip(">")
        return {
            message_id(SEASON, row["campaign_id"], row["person_id"], row["subject"], domain)
            for row in self.deliveries
            if all(row[name] == value for name, value in wanted.items())
        }


async def live_through_kills(whole: WholeStack, parts: Sequence[str], *, seed: int, day: timedelta) -> Kept:
    """One season, during which each of these parts is killed once in a random order."""
    await asyncio.to_thread(whole.up)
    dice = random.Random(seed)
    async with whole.desk() as desk:
        await desk.start_season(short_file("2024-05-20"), season=SEASON, open_now=True, day=day)
        crowd = LiveCrowd(desk, SEASON, seed=seed)
        await crowd.set_up()
        async with asyncio.timeout(150 + 130 * day.total_seconds()):
            async with asyncio.TaskGroup() as group:
                group.create_task(crowd.live())
                group.create_task(kill_now_and_then(whole, parts, 75 * day.total_seconds(), dice))

        async def nothing_waits() -> bool:
            return not await ask(desk.database, "SELECT 1 FROM deliveries WHERE state IN ('queued', 'sending') LIMIT 1")

        # A notice in the hands of a worker that died is free again after its lease of two minutes.
        await soon("no notice waits any more", nothing_waits, 150)
        entries, windows, closings, deliveries = [await patiently(partial(ask, desk.database, sql)) for sql in _KEPT]
        mails = list_mails(whole.folder.mail, limit=100_000)
        return Kept(set(crowd.accepted), entries, windows, closings, deliveries, mails)


_KEPT = (
    """SELECT e.number, e.state, e.submitted_at, w.closes_at FROM entries e JOIN windows w ON w.id = e.window_id""",
    "SELECT id, state FROM windows",
    "SELECT window_id FROM log WHERE event = 'window.closed'",
    "SELECT campaign_id, person_id, subject, state, possibly_twice FROM deliveries",
)


def assert_nothing_is_lost(kept: Kept) -> None:
    """What was accepted is there, in time and decided upon; every window is closed; every notice is in the sink."""
    assert {row["state"] for row in kept.windows} == {"closed"}
    submitted = {row["number"]: row for row in kept.entries if row["submitted_at"] is not None}
    assert set(submitted) == kept.accepted, "those accepted are in, and nobody else is"
    assert [number for number, row in submitted.items() if row["submitted_at"] >= row["closes_at"]] == []
    undecided = {number: row["state"] for number, row in submitted.items() if row["state"] not in DECIDED}
    assert undecided == {}, "every accepted entry has its decision"
    assert {row["state"] for row in kept.deliveries} <= {"sent", "skipped"}
    assert kept.ids(state="sent") <= set(kept.arrived), "marked as sent, but not in the sink"


def assert_nothing_is_done_twice(kept: Kept) -> None:
    """No window closes twice; no notice arrives twice but those listed as possibly sent twice, nor one unknown."""
    assert [window for window, n in Counter(row["window_id"] for row in kept.closings).items() if n > 1] == []
    arrived = Counter(kept.arrived)
    assert set(arrived) <= kept.ids(), "a mail that no delivery speaks of"
    assert {name for name, n in arrived.items() if n > 1} <= kept.ids(possibly_twice=True), "sent twice, not listed"


@pytest.mark.timeout(420)
async def test_a_season_finishes_though_each_part_and_then_all_are_killed(whole: WholeStack) -> None:
    kept = await live_through_kills(whole, PARTS, seed=1, day=timedelta(seconds=0.4))
    assert len(kept.accepted) >= 12
    assert FINALISTS & {row["state"] for row in kept.entries}
    assert_nothing_is_lost(kept)
    assert_nothing_is_done_twice(kept)


@pytest.mark.chaos
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(2, 7))
async def test_a_season_finishes_though_everything_is_killed_again_and_again(whole: WholeStack, seed: int) -> None:
    kept = await live_through_kills(whole, PARTS * 3, seed=seed, day=timedelta(seconds=1.5))
    assert len(kept.accepted) >= 12
    assert FINALISTS & {row["state"] for row in kept.entries}
    assert_nothing_is_lost(kept)
    assert_nothing_is_done_twice(kept)
