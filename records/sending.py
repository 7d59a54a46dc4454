"""Sending one by one: the next delivery is begun in the statement that keeps what became of the last.

A delivery is `sending` from the commit before its mail is handed over until the commit after the server's answer, and
at no other time: whatever is found so when its worker is gone may be sent twice, and nothing else.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import asyncpg

from records.campaigns import DUE, FACTS, SENDERS, Claimed
from records.database import CLOCK, Database


class Seat:
    """Who sends, by a session of the database's: what one session began no other does while it lives.

    `owner` is its name, an advisory lock of the session: when the process is killed the server frees it at once; while
    the process is only slow, or stopped, it stays.
    """

    def __init__(self, database: Database, connection: asyncpg.Connection, owner: str) -> None:
        self.owner = owner
        self.database, self._connection = database, connection

    async def statement(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """Run a statement on this session. One at a time."""
        return await self.database.on(self._connection, sql, **values)


@asynccontextmanager
async def seat(database: Database) -> AsyncIterator[Seat]:
    """A seat for the block. Raises Unavailable."""
    async with database.session() as connection:
        while True:
            number = secrets.randbelow(2**31)
            found = await database.on(
                connection,
                # Made anew for each number of rows, the plans would cost more than the statements.
                """SELECT pg_try_advisory_lock(:senders, :number) AS free,
                     set_config('plan_cache_mode', 'force_generic_plan', false)""",
                senders=SENDERS,
                number=number,
            )
            if found[0]["free"]:
                break
        try:
            yield Seat(database, connection, str(number))
        finally:
            try:
                await connection.execute(f"SELECT pg_advisory_unlock({SENDERS}, {number}); RESET plan_cache_mode")
            except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
                # The session was lost: the lock goes with it.
                with suppress(asyncpg.InterfaceError):
                    connection.terminate()


_PEEK = f"""WITH clock AS (SELECT {CLOCK} AS at), taken AS (
    SELECT d.*, d.state = 'sending' AS again, clock.at FROM deliveries d, clock
    WHERE d.campaign_id = :campaign AND d.state IN ('queued', 'sending') AND {DUE} LIMIT :limit
  ) {FACTS}"""


async def due(database: Database, campaign: str, limit: int) -> list[Claimed]:
    """Up to `limit` deliveries that may be sent now, with all that their words need. Nothing is changed."""
    found = await database.at_once(_PEEK, campaign=campaign, limit=limit)
    return [Claimed(**row) for row in found]


class Sent(NamedTuple):
    """A delivery that the server took, and its answer."""

    delivery: Claimed
    answer: str


# Each row is found by its key, whatever the statistics say of a table that was empty a moment ago.
_BY_KEY = """LATERAL (SELECT o.ctid AS place, o.* FROM deliveries o
      WHERE o.campaign_id = :campaign AND o.person_id = k.person_id AND o.subject = k.subject
      OFFSET 0 FOR UPDATE {locked}) d"""

_STEP = f"""WITH clock AS (SELECT {CLOCK} AS at), mine AS (
    SELECT d.place, k.answer
    FROM unnest(CAST(:sent_people AS bigint[]), CAST(:sent_subjects AS text[]), CAST(:answers AS text[]))
      AS k(person_id, subject, answer), {_BY_KEY.format(locked="")}
    WHERE d.owner = :owner
  ), over AS (
    UPDATE deliveries d SET state = 'sent', answer = mine.answer, owner = NULL, lease_until = NULL,
      sent_at = clock.at
    FROM mine, clock WHERE d.ctid = mine.place
  ), free AS (
    SELECT d.place, d.state = 'sending' AS again
    FROM clock, unnest(CAST(:people AS bigint[]), CAST(:subjects AS text[])) AS k(person_id, subject), {_BY_KEY.format(locked="SKIP LOCKED")}
    WHERE {DUE}
  )
  UPDATE deliveries d SET state = 'sending', owner = :owner, lease_until = clock.at + :lease,
    attempts = attempts + 1, possibly_twice = possibly_twice OR free.again
  FROM free, clock WHERE d.ctid = free.place
  RETURNING d.person_id, d.subject, d.attempts, free.again, clock.at"""


async def step(
    seat: Seat, campaign: str, sent: Sequence[Sent], wanted: Sequence[Claimed], lease: timedelta
) -> list[Claimed]:
    """Keep that these were sent, and begin those of the wanted that may be sent still: in one commit.

    Returns the begun ones. Of two who want the same one, one gets it. The lease is how long a process whose session
    was cut, though it lives, has for keeping what it sent before that goes to another.
    """
    found = await seat.statement(
        _STEP,
        campaign=campaign,
        owner=seat.owner,
        lease=lease,
        sent_people=[one.delivery.person_id for one in sent],
        sent_subjects=[one.delivery.subject for one in sent],
        answers=[one.answer for one in sent],
        people=[one.person_id for one in wanted],
        subjects=[one.subject for one in wanted],
    )
    begun: dict[tuple[int, str], tuple[int, bool, datetime]] = {
        (row["person_id"], row["subject"]): (row["attempts"], row["again"], row["at"]) for row in found
    }
    taken = []
    for one in wanted:
        if (key := (one.person_id, one.subject)) in begun:
            attempts, again, at = begun[key]
            taken.append(one._replace(attempts=attempts, again=again, at=at))
    return taken


async def put_off(database: Database, campaign: str, waits: Sequence[tuple[Claimed, float]]) -> None:
    """These are not sent before so many seconds have passed: their recipients' domain takes no more just now."""
    await database.at_once(
        f"""UPDATE deliveries d SET not_before = {CLOCK} + k.wait * interval '1 second'
            FROM unnest(CAST(:people AS bigint[]), CAST(:subjects AS text[]), CAST(:waits AS float8[]))
              AS k(person_id, subject, wait)
            WHERE d.campaign_id = :campaign AND d.person_id = k.person_id AND d.subject = k.subject
              AND d.state = 'queued'""",
        campaign=campaign,
        people=[one.person_id for one, _ in waits],
        subjects=[one.subject for one, _ in waits],
        waits=[wait for _, wait in waits],
    )
