"""The clients of `benchmarks.deadline_storm`: processes that submit entries at their instants and keep each answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier, Event
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import asyncpg
import uvloop

from benchmarks.storm_desk import Caller, Desk
from models.errors import Refused, Unavailable
from records import entries, log
from records.database import Database, rows, run

if TYPE_CHECKING:
    from multiprocessing import Queue

_GIVE_UP = 30.0
"""Seconds after which a client that gets no answer gives up."""
_AGAIN = 0.02
"""Seconds until a client that got no answer asks again."""

_LOOK = "SELECT season_id, state, opens_at, closes_at FROM windows WHERE id = :window"
# What the gate writes by its one statement: the entry, its line in the log, its receipt.
_SUBMIT = """UPDATE entries e SET state = 'submitted', submitted_at = clock_timestamp(), changed_at = clock_timestamp(),
    window_id = :window, alive = true, stage = 'registration'
  FROM people p WHERE e.id = :entry AND e.state IN ('draft', 'submitted') AND p.id = e.applicant_id
  RETURNING e.id, e.number, e.season_id, e.applicant_id, p.language, e.submitted_at AS at"""
_LOG = """INSERT INTO log (season_id, at, actor, event, window_id, entry_id, data)
  VALUES (:season, CAST(:at AS timestamptz), 'applicant', 'entry.submitted', :window, :entry,
    jsonb_build_object('number', CAST(:number AS text)))"""
_RECEIPT = """INSERT INTO deliveries (campaign_id, person_id, subject, season_id, entry_id, window_id, language, data,
    queued_at)
  VALUES (CAST(:season AS text) || '/receipt', :person, 'entry/' || CAST(:entry AS bigint), :season, :entry, :window,
    :language, jsonb_build_object('at', CAST(:at AS timestamptz)), CAST(:at AS timestamptz)) ON CONFLICT DO NOTHING"""
# The same writes in one statement, so that only the check stands apart.
_WRITE_ALL = f"""WITH done AS ({_SUBMIT}), logged AS (
  INSERT INTO log (season_id, at, actor, event, window_id, entry_id, data)
  SELECT season_id, at, 'applicant', 'entry.submitted', :window, id, jsonb_build_object('number', number) FROM done
), mailed AS (
  INSERT INTO deliveries (campaign_id, person_id, subject, season_id, entry_id, window_id, language, data, queued_at)
  SELECT season_id || '/receipt', applicant_id, 'entry/' || id, season_id, id, :window, language,
    jsonb_build_object('at', at), at
  FROM done ON CONFLICT DO NOTHING
) SELECT number, at FROM done"""

Manner = Literal["gate", "http", "select_then_insert", "select_then_write"]
"""How a client submits: through the gate; by the API of a desk, which goes through the gate; or by a transaction that reads the window, compares, and writes row by row;
or the same with all writes in one statement."""


class Orders(NamedTuple):
    """What one client process is to do: `due` are (seconds after the storm's middle, entry), in order of time.

    `desk` is the desk that it comes to, where it comes by HTTP; `numbers` are the entries' public numbers then.
    """

    url: str
    window: str
    clients: int
    manner: Manner
    due: list[tuple[float, int]]
    desk: Desk | None = None
    numbers: dict[int, str] | None = None


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
    caller = Caller(orders.desk) if orders.desk else None
    for offset, entry in queue:
        await asyncio.sleep(max(0.0, middle + offset - time.time()))
        kept.append(await _submit(database, caller, orders, entry))
    if caller:
        await caller.close()


async def _submit(database: Database, caller: Caller | None, orders: Orders, entry: int) -> Answer:
    sent, begun, lost, foreign = time.time(), time.perf_counter(), 0, 0

    def answer(at: datetime | None = None, number: str | None = None, code: str = "", sentence: str = "") -> Answer:
        return Answer(entry, sent, time.perf_counter() - begun, at, number, code, sentence, lost, foreign)

    while time.time() < sent + _GIVE_UP:
        try:
            if caller and orders.numbers:
                number, at = await caller.submit(orders.numbers[entry])
            else:
                number, at = await _MANNERS[orders.manner](database, orders.window, entry)
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


async def _gate(database: Database, _window: str, entry: int) -> tuple[str, datetime]:
    return await entries.submit(database, entry)


async def _select_then_insert(database: Database, window: str, entry: int) -> tuple[str, datetime]:
    """What one writes who does not think of the race: a transaction that reads the window, compares here, writes."""
    async with database.transaction() as connection:
        found = (await rows(connection, _LOOK, window=window))[0]
        if _open(found):
            done = (await rows(connection, _SUBMIT, window=window, entry=entry))[0]
            same = {"season": done["season_id"], "window": window, "entry": entry, "at": done["at"]}
            await run(connection, _LOG, **same, number=done["number"])
            await run(connection, _RECEIPT, **same, person=done["applicant_id"], language=done["language"])
            return done["number"], done["at"]
        await log.write(connection, found["season_id"], [log.Line("entry.refused_late", entry_id=entry)])
    raise _closed(window, found)


async def _select_then_write(database: Database, window: str, entry: int) -> tuple[str, datetime]:
    """The same without a transaction, as fast as it can be made: two statements on the driver's own pool."""
    found = (await database.at_once(_LOOK, window=window))[0]
    if _open(found):
        done = (await database.at_once(_WRITE_ALL, window=window, entry=entry))[0]
        return done["number"], done["at"]
    async with database.statement() as connection:
        await log.write(connection, found["season_id"], [log.Line("entry.refused_late", entry_id=entry)])
    raise _closed(window, found)


def _open(found: dict[str, Any]) -> bool:
    return found["state"] in ("open", "scheduled") and found["opens_at"] <= datetime.now(UTC) < found["closes_at"]


def _closed(window: str, found: dict[str, Any]) -> Refused:
    return Refused("window.closed", f"'{window}' closed at {found['closes_at']:%Y-%m-%d %H:%M:%S.%fZ}.")


_MANNERS = {"gate": _gate, "select_then_insert": _select_then_insert, "select_then_write": _select_then_write}
