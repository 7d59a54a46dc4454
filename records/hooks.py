"""Webhooks of a season: who is told, of what, and with which secret."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import BadInput, NotFound, Refused
from notices.hook_events import GROUPS, TEST
from notices.webhooks import new_secret
from records.database import CLOCK, Database, clock_of, rows, run
from records.log import Line, write
from records.seasons import live

ROTATION = timedelta(days=1)
"""How long an old secret goes on signing beside the new one."""
MOST = 20
"""Webhooks of one season."""
EVERY = "all"


class Hook(NamedTuple):
    """A webhook, without its secrets. `renewing_until`: until when two secrets sign. The last three count events."""

    id: int
    season: str
    area: str | None
    url: str
    events: tuple[str, ...]
    created_at: datetime
    renewing_until: datetime | None
    disabled_at: datetime | None
    disabled_why: str | None
    waiting: int
    sent: int
    failed: int


class Made(NamedTuple):
    """A webhook's number, and its secret, which is shown this once."""

    id: int
    secret: str


def known_events(asked: Sequence[str]) -> list[str]:
    """The groups that were asked for, in the order of GROUPS; `all` means each. Raises BadInput."""
    wanted = {one.strip() for one in asked if one.strip()}
    unknown = sorted(wanted - GROUPS.keys() - {EVERY})
    if unknown or not wanted:
        raise BadInput(
            "hook.events", f"events: '{', '.join(unknown)}' is no kind of event." if unknown else "events: none is named.",
            f"Choose of {', '.join(GROUPS)}; or all.",
        )  # fmt: skip
    return [one for one in GROUPS if one in wanted or EVERY in wanted]


async def add(
    database: Database, season: str, url: str, events: Sequence[str], *, area: str | None = None, actor: str
) -> Made:
    """Tell this address of what happens from now on. Raises BadInput, NotFound, Refused.

    Whether events may be sent to the address is for the channel to say: `notices.webhooks.HttpWebhooks.check`.
    """
    groups, secret = known_events(events), new_secret()
    async with database.transaction() as connection:
        found = await live(connection, season)
        if area is not None and area not in {one.code for one in found.file.areas}:
            raise BadInput("hook.area", f"area: '{area}' is no area of season '{season}'.", "Leave it out for all.")
        # Two at once wait for each other, so that both count.
        await rows(connection, "SELECT 1 FROM seasons WHERE id = :season FOR NO KEY UPDATE", season=season)
        others = await rows(connection, "SELECT url FROM hooks WHERE season_id = :season", season=season)
        if url in {one["url"] for one in others}:
            raise Refused("hook.known", "Season and address have a webhook already.", "Remove that one first.")
        if len(others) >= MOST:
            raise Refused("hook.many", f"Season '{season}' has {MOST} webhooks already.", "Remove one first.")
        made = await rows(
            connection,
            f"""INSERT INTO hooks (season_id, area, url, events, secret, created_at, created_by, cursor)
                VALUES (:season, :area, :url, CAST(:events AS jsonb), :secret, {CLOCK}, :actor,
                  (SELECT coalesce(max(id), 0) FROM log)) RETURNING id""",
            season=season,
            area=area,
            url=url,
            events=json.dumps(groups),
            secret=database.seal.close(secret),
            actor=actor,
        )
        await _say(connection, season, "hook.added", made[0]["id"], actor)
    return Made(made[0]["id"], secret)


_HOOKS = f"""SELECT h.id, h.season_id AS season, h.area, h.url, h.events, h.created_at,
    CASE WHEN h.old_until > {CLOCK} THEN h.old_until END AS renewing_until, h.disabled_at, h.disabled_why,
    count(d.id) FILTER (WHERE d.state IN ('queued', 'sending')) AS waiting,
    count(d.id) FILTER (WHERE d.state = 'sent') AS sent, count(d.id) FILTER (WHERE d.state = 'failed') AS failed
  FROM hooks h LEFT JOIN hook_deliveries d ON d.hook_id = h.id WHERE h.season_id = :season
  GROUP BY h.id ORDER BY h.id"""


async def of_season(database: Database, season: str) -> tuple[Hook, ...]:
    """The webhooks of a season. Raises NotFound."""
    async with database.statement() as connection:
        await live(connection, season)
        found = await rows(connection, _HOOKS, season=season)
    return tuple(Hook(**{**row, "events": tuple(row["events"])}) for row in found)


async def remove(database: Database, hook: int, *, actor: str, season: str | None = None) -> None:
    """Tell this address nothing any more; what waits for it is dropped. Raises NotFound."""
    async with database.transaction() as connection:
        of = await _lock(connection, hook, season)
        await run(connection, "DELETE FROM hooks WHERE id = :hook", hook=hook)
        await _say(connection, of, "hook.removed", hook, actor)


async def rotate(database: Database, hook: int, *, actor: str, season: str | None = None) -> Made:
    """A new secret. For a day the one before signs too, so that the receiver can change over. Raises NotFound."""
    secret = new_secret()
    async with database.transaction() as connection:
        of = await _lock(connection, hook, season)
        await run(
            connection,
            f"""UPDATE hooks SET old_secret = secret, old_until = {CLOCK} + CAST(:long AS interval), secret = :secret
                WHERE id = :hook""",
            hook=hook,
            secret=database.seal.close(secret),
            long=ROTATION,
        )
        await _say(connection, of, "hook.renewed", hook, actor)
    return Made(hook, secret)


async def ask_test(database: Database, hook: int, *, actor: str, season: str | None = None) -> int:
    """Queue a test event for this webhook alone, also for one that is disabled; the id of the delivery.

    Raises NotFound.
    """
    async with database.transaction() as connection:
        of = await _lock(connection, hook, season)
        await _say(connection, of, TEST, hook, actor)
        made = await rows(
            connection,
            f"""INSERT INTO hook_deliveries (hook_id, log_id, since)
                SELECT :hook, max(id), {CLOCK} FROM log WHERE season_id = :season AND event = :event RETURNING id""",
            hook=hook,
            season=of,
            event=TEST,
        )
    return int(made[0]["id"])


async def _lock(connection: AsyncConnection, hook: int, season: str | None) -> str:
    """The season of a webhook, whose row is locked. Raises NotFound."""
    found = await rows(
        connection,
        """SELECT season_id FROM hooks
           WHERE id = :hook AND season_id = coalesce(CAST(:season AS text), season_id) FOR UPDATE""",
        hook=hook,
        season=season,
    )
    if not found:
        raise NotFound("hook.unknown", f"There is no webhook {hook}.", "`season hooks list` shows them.")
    return str(found[0]["season_id"])


async def _say(connection: AsyncConnection, season: str, event: str, hook: int, actor: str = "system") -> None:
    await write(connection, season, [Line(event, actor=actor, data={"hook": hook})], at=await clock_of(connection))


async def disable(connection: AsyncConnection, hook: int, why: str) -> None:
    """Send this webhook nothing any more, until a test of it is answered well."""
    done = await rows(
        connection,
        f"""UPDATE hooks SET disabled_at = {CLOCK}, disabled_why = :why WHERE id = :hook AND disabled_at IS NULL
            RETURNING season_id""",
        hook=hook,
        why=why,
    )
    if done:
        await _say(connection, done[0]["season_id"], "hook.disabled", hook)


async def enable(connection: AsyncConnection, hook: int) -> None:
    """Send it everything again that is not too old."""
    done = await rows(
        connection,
        """UPDATE hooks SET disabled_at = NULL, disabled_why = NULL, not_before = NULL
           WHERE id = :hook AND disabled_at IS NOT NULL RETURNING season_id""",
        hook=hook,
    )
    if done:
        await _say(connection, done[0]["season_id"], "hook.enabled", hook)
