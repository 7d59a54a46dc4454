"""Holding mail: not one notice of a season, or of any, goes out until it is released.

Claiming asks for holds in its own statement (`records.campaigns.DUE`), so that a hold stops between two mails. Links
that sign people in are no deliveries and go on: without them nobody could come in and release.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import BadInput
from records.database import CLOCK, Database, clock_of, rows
from records.log import Line, write
from records.seasons import live


def held(of: str) -> str:
    """As SQL: whether the mail of the season of row `of` is held."""
    return f"EXISTS (SELECT FROM mail_holds h WHERE h.season_id = {of}.season_id OR h.season_id IS NULL)"


class Hold(NamedTuple):
    """Who holds mail, since when and why. `season` None: that of all seasons."""

    season: str | None
    held_at: datetime
    held_by: str
    reason: str


class Acted(NamedTuple):
    """What an act came to: `changed` is False where it was so already.

    `held_by_all`: the season is held still, with all others. `campaigns`: (season, campaign) that may go on now.
    """

    season: str | None
    changed: bool
    held_by_all: bool = False
    campaigns: tuple[tuple[str, str], ...] = ()


async def holds(database: Database, season: str | None = None) -> tuple[Hold, ...]:
    """The holds that there are; of one season, and of all. Raises NotFound."""
    async with database.statement() as connection:
        if season is not None:
            await live(connection, season)
        return await holds_on(connection, season)


async def holds_on(connection: AsyncConnection, season: str | None) -> tuple[Hold, ...]:
    """The same on a connection."""
    found = await rows(
        connection,
        """SELECT season_id AS season, held_at, held_by, reason FROM mail_holds
           WHERE CAST(:season AS text) IS NULL OR season_id = :season OR season_id IS NULL
           ORDER BY season_id NULLS FIRST""",
        season=season,
    )
    return tuple(Hold(**row) for row in found)


async def hold(database: Database, season: str | None, *, actor: str, reason: str) -> Acted:
    """Stop all mail of a season, or (None) of all, between two mails. Raises BadInput, NotFound."""
    why = _known(reason)
    async with database.transaction() as connection:
        if season is not None:
            await live(connection, season)
        made = await rows(
            connection,
            f"""INSERT INTO mail_holds (season_id, held_at, held_by, reason)
                VALUES (:season, {CLOCK}, :actor, :reason) ON CONFLICT DO NOTHING RETURNING id""",
            season=season,
            actor=actor,
            reason=why,
        )
        if made:
            await _say(connection, season, "notices.held", actor, why)
    return Acted(season, bool(made))


async def release(database: Database, season: str | None, *, actor: str, reason: str) -> Acted:
    """Let mail go on: what is still useful is sent, the rest is skipped and says so. Raises BadInput, NotFound."""
    why = _known(reason)
    async with database.transaction() as connection:
        if season is not None:
            await live(connection, season)
        gone = await rows(
            connection,
            "DELETE FROM mail_holds WHERE season_id IS NOT DISTINCT FROM CAST(:season AS text) RETURNING id",
            season=season,
        )
        if gone:
            await _say(connection, season, "notices.released", actor, why)
        still = [one for one in await holds_on(connection, season) if season is not None and one.season is None]
        waiting = await rows(connection, _WAITING, season=season) if gone else []
    return Acted(season, bool(gone), bool(still), tuple((row["season_id"], row["id"]) for row in waiting))


# Single notices have no workflow: the sweep finds them within seconds.
_WAITING = f"""SELECT c.season_id, c.id FROM campaigns c WHERE c.id <> c.season_id || '/' || c.template
    AND (CAST(:season AS text) IS NULL OR c.season_id = :season) AND NOT {held("c")}
    AND EXISTS (SELECT FROM deliveries d WHERE d.campaign_id = c.id AND d.state IN ('queued', 'sending'))
  ORDER BY c.planned_at, c.id"""


def _known(reason: str) -> str:
    if not reason.strip():
        raise BadInput("reason.missing", "reason: it is empty.", "Say why; the log keeps it.")
    return reason.strip()


async def _say(connection: AsyncConnection, season: str | None, event: str, actor: str, reason: str) -> None:
    """A line in the log of the season; for all seasons, in that of each that runs."""
    running = "SELECT id FROM seasons WHERE id = :season OR (CAST(:season AS text) IS NULL AND state IN ('running', 'paused'))"
    at = await clock_of(connection)
    line = Line(event, actor=actor, reason=reason, data={} if season else {"all": True})
    for row in await rows(connection, running, season=season):
        await write(connection, row["id"], [line], at=at)
