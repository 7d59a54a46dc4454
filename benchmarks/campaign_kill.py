"""A mail worker killed (-9) again and again while it sends: what is lost, what comes twice, and whether that is listed.

`python -m benchmarks.campaign_kill [--quick] [--json]`. 2,000 mails over four connections; the worker is killed 20
times at a random moment, and started again at once. Then the same without a kill, and with two workers of which one is
stopped (SIGSTOP) for longer than its lease while the other takes over, and then let go on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from activities.campaigns import poke_campaign
from activities.turns import LEASE
from benchmarks.mail_stack import CAMPAIGN, SEASON, Person, Sink, Stack, plan, prepare, sink, stack, stop
from models.errors import Unavailable
from records.database import Database
from workers.embedded.temporary import temporary_postgres

LANES = 4
PER_SECOND = 150
"""Slow enough for a kill to find the worker in the middle of its work."""
_PATIENCE = timedelta(minutes=10)


@dataclass
class Case:
    """One campaign, its workers, and what is done to them."""

    given: Stack
    database: Database
    taken: Sink
    kills: int
    chance: random.Random
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> subprocess.Popen[bytes]:
        """One more mail worker."""
        worker = self.given.worker(
            "mail",
            self.taken.port,
            mail_connections=LANES,
            mail_per_second=PER_SECOND,
            public_url="https://example.org",
        )
        self.workers.append(worker)
        return worker

    async def sent(self) -> int:
        """How many deliveries are marked as sent."""
        found = await self.database.at_once("SELECT count(*) AS n FROM deliveries WHERE state = 'sent'")
        return int(found[0]["n"])

    async def until_sending(self, worker: subprocess.Popen[bytes]) -> int:
        """Wait until something more is sent, which this worker does; how many are sent in all."""
        before, until = await self.sent(), time.monotonic() + 90
        while (now := await self.sent()) == before:
            if worker.poll() is not None or time.monotonic() > until:
                raise Unavailable("worker.failed", f"The mail worker does not send: see {self.given.folder}.")
            await asyncio.sleep(0.02)
        return now

    async def kill_again_and_again(self, count: int) -> int:
        """Kill the worker at a random moment of its sending, and start another; how often that was done."""
        worker = self.workers[-1]
        share = count / (self.kills + 1)
        for done in range(self.kills):
            already = await self.until_sending(worker)
            # Mails to come before the kill, so that some are left for the last one.
            least = max((done + 1) * share - already, 0.0)
            await asyncio.sleep(self.chance.uniform(0.0, 1.0) * least / PER_SECOND)
            worker.kill()
            worker.wait()
            worker = self.start()
        return self.kills

    async def stop_and_go_on(self) -> int:
        """Stop one worker for longer than its lease while another takes over, and let it go on; how many that sent."""
        first = self.workers[-1]
        already = await self.until_sending(first)
        self.start()
        os.killpg(first.pid, signal.SIGSTOP)
        try:
            begun = time.monotonic()
            while time.monotonic() - begun < LEASE.total_seconds() * 1.5 or await self.sent() <= already + LANES:
                if time.monotonic() - begun > 90:
                    raise Unavailable("worker.failed", f"No other worker took over: see {self.given.folder}.")
                await asyncio.sleep(0.2)
            return await self.sent() - already
        finally:
            os.killpg(first.pid, signal.SIGCONT)


async def run_case(given: Stack, count: int, what: str, kills: int, seed: int) -> dict[str, Any]:
    """One campaign to its end; what came, and what the database says of it."""
    database, begun = Database(given.url), time.perf_counter()
    with sink() as taken:
        case = Case(given, database, taken, kills, random.Random(seed))
        season = given.worker("season", taken.port)
        try:
            people = await prepare(database, count)
            case.start()
            client = await given.client()
            await plan(database, people)
            await poke_campaign(client, SEASON, CAMPAIGN)
            handle = client.get_workflow_handle(f"season/{SEASON}/campaign/{CAMPAIGN}")
            done = await case.kill_again_and_again(count) if what == "killed" else 0
            others = {"taken_over": await case.stop_and_go_on()} if what == "stopped" else {}
            async with asyncio.timeout(_PATIENCE.total_seconds()):
                await handle.result()
            figures = await _figures(database, taken, people, done) | others
            return figures | {"seconds": round(time.perf_counter() - begun, 1)}
        finally:
            await database.close()
            for worker in (season, *case.workers):
                stop(worker)


async def _figures(database: Database, taken: Sink, people: list[Person], kills: int) -> dict[str, Any]:
    got = taken.got()
    listed = {
        row["person_id"] for row in await database.at_once("SELECT person_id FROM deliveries WHERE possibly_twice")
    }
    twice = [person for person in people if got[person.message_id] > 1]
    states = await database.at_once("SELECT state, count(*) AS n FROM deliveries GROUP BY state")
    return {
        "kills": kills,
        "lost": sum(got[person.message_id] == 0 for person in people),
        "duplicates": sum(got[person.message_id] - 1 for person in twice),
        "in_flight_bound": kills * LANES,
        "listed": len(listed),
        "unlisted": sum(person.id not in listed for person in twice),
        "states": {row["state"]: row["n"] for row in states},
    }


def measure(count: int, kills: int, seed: int) -> dict[str, Any]:
    """All three; the figures of the kills are the benchmark's own."""
    logging.disable(logging.WARNING)
    found: dict[str, dict[str, Any]] = {}
    for what in ("killed", "undisturbed", "stopped"):
        with temporary_postgres(durable=True) as postgres, stack(postgres) as given:
            found[what] = asyncio.run(run_case(given, count, what, kills if what == "killed" else 0, seed))
    return {
        "benchmark": "campaign_kill", "mails": count, "lanes": LANES, **found["killed"],
        "undisturbed": found["undisturbed"], "stopped": found["stopped"],
    }  # fmt: skip


def main() -> None:
    """Print one JSON object with --json, else lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="600 mails, 3 kills")
    parser.add_argument("--mails", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    given = parser.parse_args()
    try:
        found = measure(600, 3, given.seed) if given.quick else measure(given.mails, given.kills, given.seed)
    except Unavailable as error:
        sys.exit(str(error))
    if given.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:<18} {value}")


if __name__ == "__main__":
    main()
