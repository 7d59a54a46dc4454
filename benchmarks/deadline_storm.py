"""Submissions in a storm around a deadline: who gets in, how fast, and whether anyone gets in late or is lost.

`python -m benchmarks.deadline_storm [--quick] [--json]`. Clients are processes of their own; the server is a real
PostgreSQL that flushes every commit, as in production. In the same run the same clients do it as one would at first, in
a transaction that reads the window, compares in Python and writes row by row; and so with all writes in one statement.
In others the close is extended, nobody is there to close (`unattended`), or the server is killed. In a last storm
(`http`) they submit by the API of desk processes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import multiprocessing
import os
import random
import signal
import subprocess
import time
from collections.abc import Awaitable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from benchmarks import storm_desk
from benchmarks.storm_clients import Answer, Manner, Orders, work
from benchmarks.storm_desk import Desk
from models.commands import Extend
from models.errors import Unavailable
from models.timeline import Pace
from records import seasons, windows
from records.database import Database, rows, run
from records.schema import migrate
from rules import timeline as timelines
from rules.season_file import load
from workers.embedded.postgres import Postgres
from workers.embedded.temporary import start_server, stop_server, temporary_postgres

FILE = Path(__file__).resolve().parent.parent / "seasons" / "cotiec-2024.yaml"
AROUND = 2.0
"""Seconds before and after the close in which submissions are sent."""
EXTENDED_BY = timedelta(seconds=1)
_LEAD = 0.4
_SEASON = "storm"
VARIANTS = ("gate", "select_then_insert", "select_then_write", "extended", "unattended", "killed", "http")
DESKS = 2
"""Desk processes that the clients of `http` come to."""

_DRAFTS = """WITH k AS (SELECT generate_series(1, :count) AS n), persons AS (
  INSERT INTO people (email, name, language, created_at)
  SELECT 'storm-' || n || '@example.org', 'Applicant ' || n, 'en', clock_timestamp() FROM k RETURNING id, email
)
INSERT INTO entries (season_id, number, area, track, division, title, applicant_id, state, alive, created_at,
  changed_at, window_id)
SELECT :season, '2024-' || :area || '-X-' || n, :area, 'X', 'X', 'Project ' || n, persons.id, 'draft', false,
  clock_timestamp(), clock_timestamp(), :window
FROM k JOIN persons ON persons.email = 'storm-' || n || '@example.org'"""


@dataclass
class Storm:
    """One storm: its database, its window, and what was seen of it from outside."""

    variant: str
    postgres: Postgres
    window: str
    middle: float = 0.0
    closes_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    seen: set[int] = field(default_factory=set)
    close_ms: float = 0.0
    steer_ms: float | None = None
    down_ms: float | None = None

    @property
    def url(self) -> str:
        """URL of this storm's own database."""
        return self.postgres.url(f"storm_{self.variant}")


async def prepare(storm: Storm, submissions: int) -> list[int]:
    """A season with its registration open, and a draft for each submission; the ids of the drafts."""
    database = Database(storm.url)
    file = load(FILE)
    plan, now = timelines.resolve(file), datetime.now(UTC)
    pace: Pace = timelines.pace_for(plan, now, True, None)
    area = storm.window.split("/")[1]
    async with database.transaction() as connection:
        await seasons.start(connection, _SEASON, file, plan, pace, actor="ops", at=now)
        await windows.open_window(connection, storm.window)
        await run(connection, _DRAFTS, season=_SEASON, area=area, window=storm.window, count=submissions)
    async with database.statement() as connection:
        await run(connection, "VACUUM (ANALYZE) entries, people, windows, deliveries, log")
        await run(connection, "CHECKPOINT")
        found = await rows(connection, "SELECT id FROM entries ORDER BY id")
    await database.close()
    return [row["id"] for row in found]


def blow(storm: Storm, ids: list[int], clients: int, processes: int) -> list[Answer]:
    """Let the storm happen: the clients submit, the closer closes, and what the variant has in store comes to pass."""
    if storm.variant != "http":
        return _blow(storm, ids, clients, processes, [], {})
    token = asyncio.run(storm_desk.prepare(storm.url, _SEASON, load(FILE)))
    numbers = asyncio.run(_numbers(storm))
    with storm_desk.desks(storm.url, DESKS) as ports:
        return _blow(storm, ids, clients, processes, [Desk(port, token, _SEASON) for port in ports], numbers)


async def _numbers(storm: Storm) -> dict[int, str]:
    database = Database(storm.url)
    found = await database.at_once("SELECT id, number FROM entries")
    await database.close()
    return {row["id"]: row["number"] for row in found}


def _blow(
    storm: Storm, ids: list[int], clients: int, processes: int, desks: list[Desk], numbers: dict[int, str]
) -> list[Answer]:
    chance = random.Random(1)
    due = sorted((chance.uniform(-AROUND, AROUND), entry) for entry in ids)
    context = multiprocessing.get_context("spawn")
    ready, go = context.Barrier(processes + 1), context.Event()
    middle, answers = context.Value("d", 0.0), context.Queue()
    children = []
    manner: Manner = storm.variant if storm.variant in get_args(Manner) else "gate"
    for n in range(processes):
        share = clients // processes + (n < clients % processes)
        desk = desks[n % len(desks)] if desks else None
        orders = Orders(storm.url, storm.window, share, manner, due[n::processes], desk, numbers)
        children.append(context.Process(target=work, args=(orders, ready, go, middle, answers), daemon=True))
    for child in children:
        child.start()
    ready.wait(60)
    storm.middle = time.time() + AROUND + _LEAD
    asyncio.run(_set_close(storm))
    middle.value = storm.middle
    go.set()
    asyncio.run(_conduct(storm))
    kept = [answer for _ in children for answer in answers.get(timeout=180)]
    for child in children:
        child.join()
    return kept


async def _set_close(storm: Storm) -> None:
    database = Database(storm.url)
    storm.closes_at = datetime.fromtimestamp(storm.middle, UTC)
    async with database.transaction() as connection:
        sql = "UPDATE windows SET closes_at = CAST(:at AS timestamptz) WHERE id = :window"
        await run(connection, sql, at=storm.closes_at, window=storm.window)
    await database.close()


async def _conduct(storm: Storm) -> None:
    database = Database(storm.url)
    deeds: list[Awaitable[None]] = [_close(storm, database)]
    if storm.variant == "extended":
        deeds.append(_extend(storm, database))
    if storm.variant == "killed":
        deeds.append(_kill(storm))
    await asyncio.gather(*deeds)
    await database.close()


async def _close(storm: Storm, database: Database) -> None:
    """The closer: at the window's instant, or when it is told a later one, it closes and lists who is in."""
    until = storm.closes_at
    if storm.variant == "unattended":
        # The workers are dead until the storm is over.
        until += timedelta(seconds=AROUND + 1)
    while True:
        await asyncio.sleep((until - datetime.now(UTC)).total_seconds())
        try:
            async with database.transaction() as connection:
                closing = await windows.close_window(connection, storm.window)
                until = max(closing.facts.closes_at, datetime.now(UTC) + timedelta(milliseconds=1))
                if closing.closed:
                    found = await rows(connection, "SELECT id FROM entries WHERE state = 'submitted'")
            if closing.closed:
                storm.closes_at = closing.facts.closes_at
                storm.close_ms = (datetime.now(UTC) - storm.closes_at).total_seconds() * 1000
                storm.seen = {row["id"] for row in found}
                return
        except Unavailable:
            until = datetime.now(UTC) + timedelta(milliseconds=20)


async def _extend(storm: Storm, database: Database) -> None:
    await asyncio.sleep(storm.middle - 1.0 - time.time())
    begun = time.perf_counter()
    async with database.transaction() as connection:
        await windows.steer(
            connection, Extend(actor="ops", reason="the lines are busy", window=storm.window, by=EXTENDED_BY)
        )
    storm.steer_ms = (time.perf_counter() - begun) * 1000


async def _kill(storm: Storm) -> None:
    """Kill the server with -9 a second before the close, and start it again on the same data."""
    await asyncio.sleep(storm.middle - 1.0 - time.time())
    server = storm.postgres.running()
    assert server is not None
    begun = time.perf_counter()
    os.kill(server.pid, signal.SIGKILL)
    # It is our child: until it is reaped, its process id counts as a running server's.
    await asyncio.to_thread(os.waitpid, server.pid, 0)
    while not await storm.postgres.answers():
        # Its children see that it is gone a moment later; until then no other starts on this data.
        if _started.get(storm.variant) is None or _started[storm.variant].poll() is not None:
            await asyncio.sleep(0.05)
            log = storm.postgres.data.parent / "again.log"
            _started[storm.variant] = start_server(storm.postgres, log, durable=True)
        await asyncio.sleep(0.02)
    storm.down_ms = (time.perf_counter() - begun) * 1000


_started: dict[str, subprocess.Popen[bytes]] = {}


async def figures(storm: Storm, kept: list[Answer]) -> dict[str, Any]:
    """What the database says of a storm, beside what its clients were told. Times in milliseconds."""
    database = Database(storm.url)
    async with database.statement() as connection:
        found = await rows(connection, "SELECT id, number, submitted_at FROM entries WHERE state = 'submitted'")
        refused = await rows(connection, "SELECT entry_id, at FROM log WHERE event = 'entry.refused_late'")
    await database.close()
    accepted = {row["id"]: row for row in found}
    acknowledged = [answer for answer in kept if answer.at is not None]
    there = [a for a in acknowledged if a.entry in accepted and accepted[a.entry]["submitted_at"] == a.at]
    early = [row for row in refused if row["at"] < storm.closes_at]
    begun, ended = min(a.sent for a in kept), max(a.sent + a.seconds for a in kept)
    before = [a for a in acknowledged if a.sent < storm.closes_at.timestamp()]
    open_for = storm.closes_at.timestamp() - begun
    waits = sorted(a.seconds * 1000 for a in kept)
    right = sum(_is_right(storm, answer, accepted) for answer in kept)
    return {
        "submissions": len(kept),
        "accepted": len(accepted),
        "accepted_late": sum(row["submitted_at"] >= storm.closes_at for row in found),
        "refused": len(refused),
        "without_answer": sum(a.code == "no_answer" for a in kept),
        "refused_early": len(early),
        "missed_by_closer": len(accepted.keys() - storm.seen),
        "acknowledged_but_lost": len(acknowledged) - len(there),
        "tries_without_answer": sum(a.lost for a in kept),
        "tries_with_a_foreign_error": sum(a.foreign for a in kept),
        "per_second": round(len(kept) / (ended - begun), 1),
        "accepted_per_second": round(len(before) / open_for, 1),
        "p50_ms": round(waits[len(waits) // 2], 2),
        "p99_ms": round(waits[len(waits) * 99 // 100], 2),
        "share_right_sentence": right / len(kept),
        "closer_late_ms": round(storm.close_ms, 1),
        "extension_took_ms": None if storm.steer_ms is None else round(storm.steer_ms, 1),
        "database_down_ms": None if storm.down_ms is None else round(storm.down_ms, 1),
    }


def _is_right(storm: Storm, answer: Answer, accepted: dict[int, dict[str, Any]]) -> bool:
    """Accepted: the number and instant that the database holds. Refused: that it closed, naming the closing instant."""
    if answer.at is not None:
        row = accepted.get(answer.entry)
        return row is not None and (row["number"], row["submitted_at"]) == (answer.number, answer.at)
    closed = f"{storm.closes_at:%Y-%m-%d %H:%M:%S.%fZ}"
    return answer.code == "window.closed" and closed in answer.sentence


def measure(submissions: int, clients: int, processes: int, variants: tuple[str, ...] = VARIANTS) -> dict[str, Any]:
    """Every storm, one after the other on one server, and the gate beside what it is compared with."""
    logging.disable(logging.WARNING)
    window = f"{_SEASON}/{load(FILE).areas[0].code}/registration"
    found: dict[str, dict[str, Any]] = {}
    with _server() as postgres:
        for variant in variants:
            storm = Storm(variant, postgres, window)
            asyncio.run(postgres.ensure_database(f"storm_{variant}"))
            migrate(storm.url)
            ids = asyncio.run(prepare(storm, submissions))
            kept = blow(storm, ids, clients, processes)
            found[variant] = asyncio.run(figures(storm, kept))
    gate, naive, http = found.pop("gate"), found.get("select_then_insert"), found.pop("http", None)

    def ratio(name: str) -> float | None:
        return round(gate[name] / naive[name], 2) if naive else None

    return {
        "benchmark": "deadline_storm", "cores": os.cpu_count(), "clients": clients, "processes": processes,
        "seconds_around": AROUND, **gate, "ratio_to_select_insert": ratio("per_second"),
        "ratio_of_accepted_per_second": ratio("accepted_per_second"), "variants": found, "http": http,
    }  # fmt: skip


@contextmanager
def _server() -> Iterator[Postgres]:
    with ExitStack() as after, temporary_postgres(durable=True) as postgres:
        try:
            yield postgres
        finally:
            for server in _started.values():
                after.callback(stop_server, server)
                stop_server(server)


def main() -> None:
    """Print one JSON object with --json, else lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2,000 submissions")
    parser.add_argument("--submissions", type=int, default=20_000)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    given = parser.parse_args()
    found = measure(2_000 if given.quick else given.submissions, given.clients, given.processes)
    if given.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:<30} {value}")


if __name__ == "__main__":
    main()
