"""Telling the new date of a window that operators or an outage moved, to everyone who was told another one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from records import campaigns
from records.database import rows
from records.seasons import LiveSeason
from records.windows import SETTLE

_CHANGES = {
    "window.extended": "window_extended",
    "window.closed_early": "window_closed_early",
    "window.reopened": "window_reopened",
    "window.paused": "window_paused",
    "window.resumed": "window_resumed",
    "window.postponed": "window_extended",
}
"""Which words tell which change."""


async def tell_change(connection: AsyncConnection, found: Mapping[str, Any]) -> tuple[str, int]:
    """Queue the notices of a window's last change, once for each revision: (campaign, how many wait to be sent)."""
    last = await rows(
        connection,
        """SELECT event FROM log WHERE window_id = :window AND event = ANY(CAST(:changes AS text[]))
           ORDER BY id DESC LIMIT 1""",
        window=found["id"],
        changes=list(_CHANGES),
    )
    template = _CHANGES[last[0]["event"]] if last else None
    campaign = f"{found['id']}/change/{found['revision']}"
    if found["state"] == "cancelled" or template is None:
        return campaign, 0
    # A pause tells no new instant: everyone who was told the old one hears of it.
    audience = "told" if template == "window_paused" else "told_otherwise"
    count = await campaigns.plan(connection, campaign, found["season_id"], template, audience, window=found["id"])
    return campaign, count


async def tell_changes(connection: AsyncConnection, season: LiveSeason, owner: str, now: datetime) -> datetime | None:
    """The same for every window of one owner whose last change has settled; when the next one will have."""
    moved = await rows(
        connection,
        """SELECT w.*, (SELECT max(at) FROM log l WHERE l.window_id = w.id AND l.command_id IS NOT NULL) AS moved_at
           FROM windows w WHERE w.season_id = :season AND w.owner = :owner AND w.revision > 0
             AND NOT EXISTS (SELECT 1 FROM campaigns c WHERE c.id = w.id || '/change/' || w.revision)""",
        season=season.id,
        owner=owner,
    )
    coming = []
    for window in moved:
        settled = window["moved_at"] + season.pace.span(SETTLE)
        if settled <= now:
            await tell_change(connection, window)
        else:
            coming.append(settled)
    return min(coming, default=None)
