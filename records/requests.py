"""Requests that carry an Idempotency-Key: the first is carried out, its answer is kept for a day and given again.

An act that would not be harmless twice writes the answer in its own transaction (`keep_on`): then there is no moment
in which the act is done and the answer not kept. All others are harmless twice, as their key is the command's id.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import BadInput, Refused
from records.database import Database, run

KEPT = timedelta(hours=24)
"""How long an answer is kept."""
GIVEN_UP = timedelta(seconds=60)
"""A request without an answer for so long was cut off: a repeat carries it out anew."""
_SWEPT = 20
"""Old rows that each new request takes away with it."""


@dataclass(frozen=True)
class Begun:
    """This request is to be carried out. `at` tells it from one that takes over after it was cut off."""

    caller: str
    key: str
    at: datetime


@dataclass(frozen=True)
class Answered:
    """What the first request was answered: status, the headers that belong to it, and the body as JSON."""

    status: int
    headers: dict[str, str]
    body: Any


# Its instants are the server's own: a rehearsal's clock has nothing to do with how long a network holds a request.
_BEGIN = f"""WITH swept AS (
  DELETE FROM known_requests WHERE (caller, key) IN (
    SELECT caller, key FROM known_requests WHERE at < clock_timestamp() - CAST(:kept AS interval)
      AND (caller, key) <> (CAST(:caller AS text), CAST(:key AS text))
    ORDER BY at LIMIT {_SWEPT} FOR UPDATE SKIP LOCKED)
) INSERT INTO known_requests AS k (caller, key, digest, at) VALUES (:caller, :key, :digest, clock_timestamp())
  ON CONFLICT (caller, key) DO UPDATE SET digest = excluded.digest, status = NULL, answer = NULL, at = excluded.at
    WHERE k.at < clock_timestamp() - CAST(:kept AS interval)
      OR (k.status IS NULL AND k.digest = excluded.digest AND k.at < clock_timestamp() - CAST(:given_up AS interval))
  RETURNING at"""
_KEEP = """UPDATE known_requests SET status = CAST(:status AS int), answer = CAST(:answer AS jsonb)
  WHERE caller = :caller AND key = :key AND at = CAST(:at AS timestamptz) AND status IS NULL RETURNING 1 AS x"""


async def begin(database: Database, caller: str, key: str, digest: str) -> Begun | Answered | None:
    """Begin a request, or say what it was answered before; None while the first one is still being carried out.

    Raises BadInput where the key was used for another request (`digest` differs).
    """
    made = await database.at_once(
        _BEGIN, caller=caller, key=key, digest=digest, kept=KEPT, given_up=GIVEN_UP
    )  # fmt: skip
    if made:
        return Begun(caller, key, made[0]["at"])
    found = await database.at_once(
        "SELECT digest, status, answer FROM known_requests WHERE caller = :caller AND key = :key",
        caller=caller,
        key=key,
    )
    if not found:  # the first one was let go just now
        return None
    if found[0]["digest"] != digest:
        raise BadInput(
            "idempotency.other_request", f"Idempotency-Key: '{key}' was used for another request.",
            "Use a new key for each act.",
        )  # fmt: skip
    if found[0]["status"] is None:
        return None
    return Answered(found[0]["status"], found[0]["answer"]["headers"], found[0]["answer"]["body"])


def _values(begun: Begun, answered: Answered) -> dict[str, Any]:
    kept = json.dumps({"headers": answered.headers, "body": answered.body})
    return {"caller": begun.caller, "key": begun.key, "at": begun.at, "status": answered.status, "answer": kept}


async def keep(database: Database, begun: Begun, answered: Answered) -> None:
    """Keep what a request was answered."""
    await database.at_once(_KEEP, **_values(begun, answered))


async def keep_on(connection: AsyncConnection, begun: Begun, answered: Answered) -> None:
    """The same in the transaction of the act. Raises Refused where a repeat took the request over meanwhile."""
    if not await run(connection, _KEEP.removesuffix(" RETURNING 1 AS x"), **_values(begun, answered)):
        raise Refused(
            "idempotency.taken_over", "A repeat of this request was carried out meanwhile.", "Send it once more."
        )


async def let_go(database: Database, begun: Begun) -> None:
    """Forget a request that changed nothing: it may be sent again with its key."""
    await database.at_once(
        """DELETE FROM known_requests WHERE caller = :caller AND key = :key AND at = CAST(:at AS timestamptz)
           AND status IS NULL""",
        caller=begun.caller,
        key=begun.key,
        at=begun.at,
    )
