"""Nothing lost and nothing twice: workers that are killed, stopped and cut off, and domains that take little."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest

from activities import pacing
from activities.house import House
from activities.mail import MailDeeds
from activities.pacing import Breaker, Pacing
from models.errors import Unavailable
from models.results import CampaignRef
from notices.transport import SmtpTransport
from records import campaigns
from records.campaigns import SENDERS, Recipient
from records.database import Database
from tests.seasons import begin
from tests.smtp_server import Server, serving

SEASON = "small-2024"
CAMPAIGN = f"{SEASON}/many"
ROOT = Path(__file__).parents[2]
LANES = 4


async def queue(database: Database, count: int, domains: tuple[str, ...] = ("example.org",)) -> None:
    """A notice to each of so many people, their addresses in these domains by turns."""
    await begin(database, datetime(2024, 5, 8, tzinfo=UTC))
    found = await database.at_once(
        """INSERT INTO people (email, name, language, created_at)
           SELECT 'p' || n || '@' || (CAST(:domains AS text[]))[1 + n % cardinality(CAST(:domains AS text[]))], 'P ' || n,
             CASE n % 2 WHEN 0 THEN 'zh' ELSE 'en' END, clock_timestamp()
           FROM generate_series(1, CAST(:count AS int)) n RETURNING id, language""",
        count=count,
        domains=list(domains),
    )
    told = [Recipient(row["id"], row["language"]) for row in found]
    async with database.transaction() as connection:
        await campaigns.plan(connection, CAMPAIGN, SEASON, "season_cancelled", told, any_hour=True)


def house(database: Database, transport: SmtpTransport, **more: object) -> House:
    """With as many lanes as elsewhere in this file."""
    return House(
        database, transport, sender="office@example.org", public_url="https://example.org", lanes=LANES, **more
    )  # type: ignore[arg-type]


REF = CampaignRef(campaign=CAMPAIGN, season=SEASON)


@asynccontextmanager
async def worker(url: str, server: Server, lease: float) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that sends the campaign."""
    words = (url, str(server.port), SEASON, CAMPAIGN, str(LANES), str(lease))
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.sender", *words, cwd=ROOT)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def arrive(server: Server, count: int) -> None:
    """Wait until so many mails have come."""
    async with asyncio.timeout(60):
        while len(server.mails) < count:  # noqa: ASYNC110 - the server is asked, it tells nobody
            await asyncio.sleep(0.005)


async def outcome(database: Database, server: Server) -> tuple[int, set[str], set[str]]:
    """How many got nothing; who got it twice; who is listed as possibly twice."""
    got = Counter(str(message_from_bytes(mail[2])["Message-ID"]) for mail in server.mails)
    of = {str(message_from_bytes(mail[2])["Message-ID"]): mail[1][0] for mail in server.mails}
    found = await database.at_once(
        "SELECT p.email, d.state, d.possibly_twice FROM deliveries d JOIN people p ON p.id = d.person_id"
    )
    assert {row["state"] for row in found} == {"sent"}
    reached = {address for _, addresses, _ in server.mails for address in addresses}
    twice = {of[name] for name, times in got.items() if times > 1}
    assert max(got.values()) <= 2
    return len(found) - len(reached), twice, {row["email"] for row in found if row["possibly_twice"]}


async def test_a_worker_killed_in_the_middle_loses_nothing_and_lists_whatever_may_have_come_twice(
    database: Database, database_url: str
) -> None:
    await queue(database, 200)
    chance, kills = random.Random(7), 3
    async with serving() as server:
        for kill in range(1, kills + 1):
            async with worker(database_url, server, lease=0.5) as process:
                await arrive(server, 40 * kill + chance.randrange(10))
                process.kill()
        async with worker(database_url, server, lease=0.5) as process:
            assert await process.wait() == 0
        lost, twice, listed = await outcome(database, server)
    assert lost == 0
    assert twice <= listed
    assert len(listed) <= kills * LANES


async def test_a_worker_that_was_stopped_past_its_lease_sends_nothing_that_another_has_sent(
    database: Database, database_url: str
) -> None:
    await queue(database, 200)
    async with serving() as server, worker(database_url, server, lease=0.5) as first:
        await arrive(server, 30)
        os.kill(first.pid, signal.SIGSTOP)
        async with worker(database_url, server, lease=0.5) as other:
            # All but what the first has in its hands.
            await arrive(server, 200 - 2 * LANES)
            os.kill(first.pid, signal.SIGCONT)
            assert [await first.wait(), await other.wait()] == [0, 0]
        assert await outcome(database, server) == (0, set(), set())


async def test_a_worker_that_loses_its_session_keeps_what_it_has_sent_and_begins_nothing_more(
    database: Database,
) -> None:
    await queue(database, 60)
    async with serving() as server, SmtpTransport("127.0.0.1", server.port, connections=LANES) as transport:
        server.slow = 0.05
        deeds = MailDeeds(house(database, transport))
        batch = asyncio.create_task(deeds.send_batch(REF))
        await arrive(server, 10)
        await database.at_once(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = CAST(:n AS oid)",
            n=SENDERS,
        )
        with pytest.raises(Unavailable):
            await batch
        assert len(server.mails) < 60
        states = await database.at_once("SELECT DISTINCT state FROM deliveries ORDER BY state")
        assert [row["state"] for row in states] == ["queued", "sent"]
        assert (await deeds.send_batch(REF)).left == 0
        assert await outcome(database, server) == (0, set(), set())


async def test_a_cancelled_batch_finishes_what_is_on_its_way(database: Database) -> None:
    await queue(database, 60)
    async with serving() as server, SmtpTransport("127.0.0.1", server.port, connections=LANES) as transport:
        server.slow = 0.05
        deeds = MailDeeds(house(database, transport))
        batch = asyncio.create_task(deeds.send_batch(REF))
        await arrive(server, 10)
        batch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await batch
        found = await database.at_once("SELECT count(*) FILTER (WHERE state = 'sent') AS n FROM deliveries")
        assert found[0]["n"] == len(server.mails) < 60
        assert (await deeds.send_batch(REF)).left == 0
        assert await outcome(database, server) == (0, set(), set())


async def test_a_domain_that_takes_little_holds_up_no_other(database: Database) -> None:
    await queue(database, 60, tuple("slow.example.org" if n % 2 else f"d{n}.example.org" for n in range(60)))
    limited = Pacing(None, 1 / 1000)
    async with serving() as server, SmtpTransport("127.0.0.1", server.port, connections=LANES) as transport:
        done = await MailDeeds(house(database, transport, pacing=limited)).send_batch(REF)
    reached = Counter(mail[1][0].rpartition("@")[2] for mail in server.mails)
    assert (done.sent, done.left) == (31, 29)
    assert reached.pop("slow.example.org") == 1
    assert set(reached.values()) == {1}
    # Each of the others waits for an instant of its own: one every thousand seconds.
    found = await database.at_once("SELECT not_before FROM deliveries WHERE state = 'queued' ORDER BY not_before")
    gaps = [later["not_before"] - earlier["not_before"] for earlier, later in itertools.pairwise(found)]
    assert {round(gap.total_seconds()) for gap in gaps} == {1000}


async def test_mails_over_their_domains_limit_go_when_their_slot_has_come(database: Database) -> None:
    await queue(database, 24, ("slow.example.org", "fast.example.org"))
    limited = Pacing(None, 100)
    async with serving() as server, SmtpTransport("127.0.0.1", server.port, connections=LANES) as transport:
        done = await MailDeeds(house(database, transport, pacing=limited)).send_batch(REF)
        assert (done.sent, done.left) == (24, 0)
        assert await outcome(database, server) == (0, set(), set())


def test_the_pauses_of_a_server_that_stays_down_are_1_2_4_to_60_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(pacing.time, "monotonic", lambda: now)
    breaker, pauses = Breaker(), []
    for _ in range(8):
        breaker.trip()
        pauses.append(breaker.pause.total_seconds())
        now += pauses[-1] / 2
        assert breaker.waits
        breaker.trip()
        now += pauses[-1] / 2
        assert not breaker.waits
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    breaker.mend()
    breaker.trip()
    assert breaker.pause == timedelta(seconds=1)


def test_a_limit_in_all_spreads_the_sends_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(pacing.time, "monotonic", lambda: now)
    evenly = Pacing(10)
    assert [round(evenly.wait(), 3) for _ in range(4)] == [0, 0.1, 0.2, 0.3]
    now += 10
    assert [round(evenly.wait(), 3) for _ in range(2)] == [0, 0.1]
    assert [Pacing(0).wait() for _ in range(3)] == [0, 0, 0]
