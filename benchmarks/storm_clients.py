"""The clients of `benchmarks.deadline_storm`: processes that submit entries at their instants and keep each answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier, Event
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg
import uvloop

from models.errors import Refused, Unavailable
from records import entries, log
from records.database import Database

if TYPE_CHECKING:
    from multiprocessing import Queue

_GIVE_UP = 30.0
"""Seconds after which a client that gets no answer gives up."""
_AGAIN = 0.02
"""Seconds until a client that got no answer asks again."""

_NAIVE_LOOK = "SELECT season_id, state, opens_at, closes_at FROM windows WHERE id = :window"
# It writes what the gate's statement writes: the entry, its line in the log, its receipt. Only the check is elsewhere.
_NAIVE_WRITE = """WITH done AS (
  UPDATE entries e SET state = 'submitted', submitted_at = clock_timestamp(), changed_at = clock_timestamp(),
    window_id = :window, alive = true, stage = 'registration'
  WHERE e.id = :entry AND e.state IN ('draft', 'submitted')
  RETURNING e.id, e.number, e.season_id, e.applicant_id, e.window_id, e.submitted_at AS at
), logged AS (
  INSERT INTO log (season_id, at, actor, event, window_id, entry_id, data)
  SELECT season_id, at, 'applicant', 'entry.submitted', window_id, id, jsonb_build_object('number', number) FROM done
), mailed AS (
  INSERT INTO deliveries (campaign_id, person_id, subject, season_id, entry_id, window_id, language, data, queued_at)
  SELECT season_id || '/receipt', applicant_id, 'entry/' || done.id, season_id, done.id, window_id, p.language,
    jsonb_build_object('at', at), at
  FROM done JOIN people p ON p.id = applicant_id ON CONFLICT DO NOTHING
) SELECT number, at FROM done"""


class Orders(NamedTuple):
    """What one client process is to do: `due` are (seconds after the storm's middle, entry), in order of time."""

    url: str
    window: str
    clients: int
    naive: bool
    due: list[tuple[float, int]]


class Answer(NamedTuple):
    """What came of one submission. `at` is the accepting instant; `seconds` is how long the answer took.

    `code` and `sentence` are those of a refusal; `lost` counts the tries that got no answer, as the database was away;
    `foreign` those among them that failed with an error that is not of the house.
    """

    entry: int
    sent: float
    seconds: float
    at: datetime | None
    number: str | None
    code: str
    sentence: str
    lost: int
    foreign: int


def work(orders: Orders, ready: Barrier, go: Event, middle: Synchronized[float], answers: Queue[list[Answer]]) -> None:
    """A client process: connect, wait for the start, submit, hand in the answers."""
    uvloop.run(_work(orders, ready, go, middle, answers))


async def _work(
    orders: Orders, ready: Barrier, go: Event, middle: Synchronized[float], answers: Queue[list[Answer]]
) -> None:
    database = Database(orders.url, pool_size=orders.clients)
    try:
        await asyncio.gather(*(database.at_once("SELECT pg_sleep(0.2)") for _ in range(orders.clients)))
        await asyncio.to_thread(ready.wait)
        await asyncio.to_thread(go.wait)
        kept: list[Answer] = []
        queue = iter(orders.due)
        await asyncio.gather(*(_client(database, orders, queue, middle.value, kept) for _ in range(orders.clients)))
        answers.put(kept)
    finally:
        await database.close()


async def _client(
    database: Database, orders: Orders, queue: Iterator[tuple[float, int]], middle: float, kept: list[Answer]
) -> None:
    """One client: the next submission that nobody has taken, at its instant or as soon after as it comes to it."""
    for offset, entry in queue:
        await asyncio.sleep(max(0.0, middle + offset - time.time()))
        kept.append(await _submit(database, orders, entry))


async def _submit(database: Database, orders: Orders, entry: int) -> Answer:
    sent, begun, lost, foreign = time.time(), time.perf_counter(), 0, 0

    def answer(at: datetime | None = None, number: str | None = None, code: str = "", sentence: str = "") -> Answer:
        return Answer(entry, sent, time.perf_counter() - begun, at, number, code, sentence, lost, foreign)

    while time.time() < sent + _GIVE_UP:
        try:
            if orders.naive:
                number, at = await _look_then_write(database, orders.window, entry)
            else:
                number, at = await entries.submit(database, entry)
            return answer(at, number)
        except Refused as refused:
            return answer(code=refused.code, sentence=refused.sentence)
        except Unavailable:
            lost += 1
            await asyncio.sleep(_AGAIN)
        except asyncpg.InternalClientError:
            lost, foreign = lost + 1, foreign + 1
            await asyncio.sleep(_AGAIN)
    return answer(code="no_answer")


async def _look_then_write(database: Database, window: str, entry: int) -> tuple[str, datetime]:
    """What one writes who does not think of the race: read the window, compare here, write in a second statement."""
    found: dict[str, Any] = (await database.at_once(_NAIVE_LOOK, window=window))[0]
    if found["state"] in ("open", "scheduled") and found["opens_at"] <= datetime.now(UTC) < found["closes_at"]:
        done = (await database.at_once(_NAIVE_WRITE, window=window, entry=entry))[0]
        return done["number"], done["at"]
    async with database.statement() as connection:
        await log.write(connection, found["season_id"], [log.Line("entry.refused_late", entry_id=entry)])
    raise Refused("window.closed", f"'{window}' closed at {found['closes_at']:%Y-%m-%d %H:%M:%S.%fZ}.")
