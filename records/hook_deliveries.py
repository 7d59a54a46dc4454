"""Events on their way to webhooks: each line of the log once for each endpoint, claimed, tried, marked.

**Nothing is lost.** Ids of the log are given out before their transactions commit, so that a line may appear behind one with
a higher id. `gather` therefore looks at all lines behind a hook's `cursor` each time, and moves that only to an id that it
had seen when a transaction, which has ended since, was the youngest: whatever had a lower id is there by now.

**Nothing is done twice** but after a crash: a delivery is unique on (hook, line), and its lease is longer than a try may
take. The receiver knows a repeat by its id.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from models.errors import NotFound, Refused
from notices.hook_events import GROUPS, TEST, Happening
from notices.webhooks import Answer, next_try
from records import hooks
from records.database import CLOCK, Database, rows, run
from records.seasons import live

LEASE = timedelta(minutes=2)
_REST_MOST = timedelta(minutes=5)
"""How long an endpoint that fails is left alone at the most; each of its events waits for its own time besides."""

_WANTED = json.dumps([{"kind": kind, "event": event} for kind, events in GROUPS.items() for event in events])
_GATHER = f"""WITH clock AS (SELECT {CLOCK} AS at), wanted AS (
    SELECT k.kind, k.event FROM jsonb_to_recordset(CAST(:wanted AS jsonb)) AS k(kind text, event text)
  ), new AS (
    INSERT INTO hook_deliveries (hook_id, log_id, since)
    SELECT h.id, l.id, clock.at FROM clock, hooks h JOIN log l ON l.season_id = h.season_id AND l.id > h.cursor
      JOIN wanted k ON k.event = l.event AND h.events @> to_jsonb(k.kind)
      LEFT JOIN windows w ON w.id = l.window_id LEFT JOIN entries e ON e.id = l.entry_id
    WHERE h.area IS NULL OR coalesce(w.area, e.area, h.area) = h.area
    ON CONFLICT DO NOTHING RETURNING 1
  ), seen AS (
    SELECT h.id, max(l.id) AS last, pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS youngest,
      pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest
    FROM hooks h JOIN log l ON l.season_id = h.season_id AND l.id > h.cursor GROUP BY h.id
  ), moved AS (
    UPDATE hooks h SET cursor = CASE WHEN h.seen_xid <= s.oldest THEN h.seen_id ELSE h.cursor END,
      seen_id = CASE WHEN coalesce(h.seen_xid <= s.oldest, true) THEN s.last ELSE h.seen_id END,
      seen_xid = CASE WHEN coalesce(h.seen_xid <= s.oldest, true) THEN s.youngest ELSE h.seen_xid END
    FROM seen s WHERE h.id = s.id
  )
  SELECT count(*) AS n FROM new"""


async def gather(database: Database) -> int:
    """Queue what the log has that webhooks are to be told; how many events. Harmless when repeated."""
    return int((await database.at_once(_GATHER, wanted=_WANTED))[0]["n"])


_DUE = """(d.state = 'queued' AND (d.not_before IS NULL OR d.not_before <= clock.at)
    OR d.state = 'sending' AND d.lease_until < clock.at)"""


async def due(database: Database) -> list[int]:
    """The webhooks for which something may be sent now."""
    found = await database.at_once(
        f"""WITH clock AS (SELECT {CLOCK} AS at)
            SELECT h.id FROM hooks h, clock WHERE h.disabled_at IS NULL
              AND (h.not_before IS NULL OR h.not_before <= clock.at)
              AND EXISTS (SELECT FROM hook_deliveries d WHERE d.hook_id = h.id AND d.state IN ('queued', 'sending')
                AND {_DUE}) ORDER BY h.id"""
    )
    return [row["id"] for row in found]


class Claimed(NamedTuple):
    """One event for one endpoint, in an owner's hands; `secrets` are sealed."""

    id: int
    hook: int
    owner: str
    url: str
    secrets: tuple[str, ...]
    since: datetime
    attempts: int
    at: datetime
    what: Happening


_TAKE = f"""WITH clock AS (SELECT {CLOCK} AS at), due AS (
    SELECT d.hook_id, d.log_id FROM hook_deliveries d, clock
    WHERE d.hook_id = :hook AND d.state IN ('queued', 'sending') AND {_DUE}
      AND (CAST(:only AS bigint) IS NULL OR d.id = :only)
    ORDER BY d.log_id LIMIT :limit FOR UPDATE OF d SKIP LOCKED
  ), taken AS (
    UPDATE hook_deliveries d SET state = 'sending', owner = :owner, lease_until = clock.at + CAST(:lease AS interval),
      attempts = attempts + 1
    FROM due, clock WHERE d.hook_id = due.hook_id AND d.log_id = due.log_id RETURNING d.*, clock.at
  )
  SELECT t.id, t.hook_id, t.since, t.attempts, t.at AS now, h.url, h.secret,
    CASE WHEN h.old_until > t.at THEN h.old_secret END AS old_secret, t.log_id, l.event, l.at, l.season_id AS season,
    coalesce(w.area, e.area) AS area, l.window_id AS window, w.stage, w.closes_at, e.number AS entry, l.data
  FROM taken t JOIN hooks h ON h.id = t.hook_id JOIN log l ON l.id = t.log_id
  LEFT JOIN windows w ON w.id = l.window_id LEFT JOIN entries e ON e.id = l.entry_id ORDER BY t.log_id"""


async def claim(database: Database, hook: int, owner: str, limit: int, only: int | None = None) -> list[Claimed]:
    """Take up to `limit` events of a webhook for sending, until the lease ends; of `only`, that one alone."""
    found = await database.at_once(_TAKE, hook=hook, owner=owner, limit=limit, lease=LEASE, only=only)
    return [
        Claimed(
            row["id"], row["hook_id"], owner, row["url"], tuple(s for s in (row["secret"], row["old_secret"]) if s),
            row["since"], row["attempts"], row["now"], Happening(**{name: row[name] for name in Happening._fields}),
        )
        for row in found
    ]  # fmt: skip


async def mark(database: Database, one: Claimed, answer: Answer) -> str:
    """Keep what came of a try: `sent`, `queued` to be tried again, or `failed`; empty where it was no longer ours.

    410 disables the webhook. After another failure the endpoint is left alone for a while.
    """
    async with database.transaction() as connection:
        at = (await rows(connection, f"SELECT {CLOCK} AS at"))[0]["at"]
        again = None if answer.taken or answer.gone else next_try(one.attempts, one.since, at, answer.retry_after)
        state = "sent" if answer.taken else "failed" if again is None else "queued"
        done = await run(
            connection,
            """UPDATE hook_deliveries SET state = :state, status = :status, answer = :answer, not_before = :again,
                 owner = NULL, lease_until = NULL,
                 done_at = CASE WHEN :state = 'queued' THEN NULL ELSE CAST(:at AS timestamptz) END
               WHERE id = :id AND owner = :owner AND state = 'sending'""",
            id=one.id,
            owner=one.owner,
            state=state,
            status=answer.status,
            answer=answer.text,
            again=again,
            at=at,
        )
        if answer.gone:
            await hooks.disable(connection, one.hook, "410")
        elif answer.taken and one.what.event == TEST:
            await hooks.enable(connection, one.hook)
        rest = None if again is None else min(again, at + _REST_MOST)
        await run(
            connection,
            "UPDATE hooks SET not_before = :rest WHERE id = :hook AND not_before IS DISTINCT FROM :rest",
            rest=rest,
            hook=one.hook,
        )
    return state if done else ""


async def give_back(database: Database, claimed: Sequence[Claimed]) -> None:
    """These were not tried after all; no attempt is counted."""
    for one in claimed:
        await database.at_once(
            """UPDATE hook_deliveries SET state = 'queued', owner = NULL, lease_until = NULL, attempts = attempts - 1
               WHERE id = :id AND owner = :owner AND state = 'sending'""",
            id=one.id,
            owner=one.owner,
        )


class Told(NamedTuple):
    """One event in the log of webhooks."""

    id: int
    hook: int
    url: str
    event: str
    at: datetime
    state: str
    attempts: int
    status: int | None
    answer: str | None
    next_try: datetime | None
    done_at: datetime | None


_LOG = """SELECT d.id, d.hook_id AS hook, h.url, l.event, l.at, CASE d.state WHEN 'sending' THEN 'queued' ELSE d.state END
    AS state, d.attempts, d.status, d.answer, d.not_before AS next_try, d.done_at
  FROM hook_deliveries d JOIN hooks h ON h.id = d.hook_id JOIN log l ON l.id = d.log_id
  WHERE h.season_id = :season AND (CAST(:hook AS bigint) IS NULL OR h.id = :hook)
    AND (CAST(:state AS text) IS NULL OR d.state = :state OR (:state = 'queued' AND d.state = 'sending'))
  ORDER BY d.id DESC LIMIT :limit OFFSET :offset"""


async def told(
    database: Database,
    season: str,
    *,
    hook: int | None = None,
    state: str | None = None,
    limit: int = 100,
    offset: int = 0,
) -> tuple[Told, ...]:
    """The newest events that webhooks of a season were told, or are to be. Raises NotFound."""
    async with database.statement() as connection:
        await live(connection, season)
        bound: dict[str, Any] = {"season": season, "hook": hook, "state": state, "limit": limit, "offset": offset}
        return tuple(Told(**row) for row in await rows(connection, _LOG, **bound))


async def one_told(database: Database, delivery: int) -> Told:
    """One of them. Raises NotFound."""
    sql = _LOG.replace("h.season_id = :season", "d.id = :id")
    found = await database.at_once(sql, id=delivery, hook=None, state=None, limit=1, offset=0)
    if not found:
        raise _unknown(delivery)
    return Told(**found[0])


async def retry(database: Database, delivery: int, *, season: str | None = None) -> None:
    """Try an event again that had failed for good, for three days more. Raises NotFound, Refused."""
    async with database.transaction() as connection:
        found = await rows(
            connection,
            """SELECT d.state FROM hook_deliveries d JOIN hooks h ON h.id = d.hook_id
               WHERE d.id = :id AND h.season_id = coalesce(CAST(:season AS text), h.season_id) FOR UPDATE OF d""",
            id=delivery,
            season=season,
        )
        if not found:
            raise _unknown(delivery)
        if found[0]["state"] == "sent":
            raise Refused("hook.arrived", f"Event {delivery} arrived already.", "A test sends a new one.")
        if found[0]["state"] == "sending":
            raise Refused("hook.on_its_way", f"Event {delivery} is on its way just now.", "Look again in a minute.")
        await run(
            connection,
            f"""UPDATE hook_deliveries SET state = 'queued', since = {CLOCK}, attempts = 0, not_before = NULL,
                  done_at = NULL WHERE id = :id""",
            id=delivery,
        )
        await run(
            connection,
            "UPDATE hooks SET not_before = NULL WHERE id = (SELECT hook_id FROM hook_deliveries WHERE id = :id)",
            id=delivery,
        )


def _unknown(delivery: int) -> NotFound:
    return NotFound("hook.no_event", f"There is no event {delivery} of a webhook.", "`season hooks log` shows them.")
