"""Telling the new date of a window that operators or an outage moved, to everyone who was told another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from activities import appointments
from records import calendar_entries, campaigns, tellings
from records.database import CLOCK, rows, run
from records.seasons import LiveSeason, file_of
from records.windows import SETTLE

_CHANGES = {
    "window.extended": "window_extended",
    "window.closed_early": "window_closed_early",
    "window.reopened": "window_reopened",
    "window.paused": "window_paused",
    "window.resumed": "window_resumed",
    "window.postponed": "window_extended",
}
"""Which words tell which change of a window."""
_OF_ALL = {"season.paused": "window_paused", "season.resumed": "season_resumed"}
"""Which words tell the changes that all windows of a season share: one notice to each person, about all of theirs."""


class _Change(NamedTuple):
    """A window's last change: the id of its line in the log, what it was, and when."""

    line: int
    event: str
    at: datetime


async def tell_change(connection: AsyncConnection, found: Mapping[str, Any]) -> tuple[tuple[str, ...], int]:
    """Queue the notices of a window's last change, once for each revision: (campaigns, how many wait to be sent).

    What a whole season's pause or resume changed is told by the first of its windows, for all of them.
    """
    last = (await _last(connection, found["season_id"], [found["id"]])).get(found["id"])
    if found["state"] == "cancelled" or last is None:
        return (), 0
    season, queued = found["season_id"], dict[str, int]()
    if last.event in _OF_ALL:
        await _mark(connection, season, [found], _OF_ALL[last.event])
        queued.update(await _tell_all(connection, season, last))
    else:
        template, campaign = _CHANGES[last.event], _campaign(found)
        audience = _audience(template, found["kind"])
        queued[campaign] = await campaigns.plan(
            connection, campaign, season, template, audience, window=found["id"], area=found["area"]
        )
    if found["kind"] == "defence" and found["state"] != "paused":
        queued.update(await appointments.tell_moved(connection, await file_of(connection, season), found))
    return tuple(name for name, count in queued.items() if count), sum(queued.values())


def _campaign(found: Mapping[str, Any]) -> str:
    return f"{found['id']}/change/{found['revision']}"


def _audience(template: str, kind: str) -> str:
    # A pause tells no new instant: everyone who was told the old one hears of it.
    if template == "window_paused":
        return "told"
    if template == "window_reopened" and kind == "registration":
        return "reopened_otherwise"
    # Entries and panels are told when their own turn comes now.
    if template == "window_resumed" and kind == "defence":
        return "told_close_otherwise"
    return "told_otherwise"


async def _last(connection: AsyncConnection, season: str, windows: Sequence[str]) -> dict[str, _Change]:
    """The last change of each window that was moved: its own, or one of the whole season."""
    found = await rows(
        connection,
        """WITH whole AS (
             SELECT id, event, at FROM log WHERE season_id = :season AND event = ANY(CAST(:of_all AS text[]))
             ORDER BY id DESC LIMIT 1)
           SELECT k.window, l.id, l.event, l.at FROM unnest(CAST(:windows AS text[])) AS k("window")
           CROSS JOIN LATERAL (
             (SELECT id, event, at FROM log WHERE window_id = k.window AND event = ANY(CAST(:changes AS text[]))
              ORDER BY id DESC LIMIT 1)
             UNION ALL SELECT * FROM whole ORDER BY id DESC LIMIT 1) l""",
        season=season,
        windows=list(windows),
        changes=list(_CHANGES),
        of_all=list(_OF_ALL),
    )
    return {row["window"]: _Change(row["id"], row["event"], row["at"]) for row in found}


async def _tell_all(connection: AsyncConnection, season: str, change: _Change) -> dict[str, int]:
    """Queue the notices of a season's pause or resume, once for each: the campaign, and how many wait to be sent."""
    campaign, template = f"{season}/change/{change.line}", _OF_ALL[change.event]
    told: list[campaigns.Recipient] = []
    if not await rows(connection, "SELECT 1 FROM campaigns WHERE id = :campaign", campaign=campaign):
        if change.event == "season.paused":
            told = await tellings.of_paused(connection, season)
        else:
            told = await tellings.of_moved(connection, season, await file_of(connection, season))
    count = await campaigns.plan(connection, campaign, season, template, told)
    if change.event == "season.paused":
        await calendar_entries.name(connection, campaign, season)
    return {campaign: count}


async def _mark(connection: AsyncConnection, season: str, windows: Sequence[Mapping[str, Any]], template: str) -> None:
    """Write that the present revision of these windows is told."""
    await run(
        connection,
        f"""INSERT INTO campaigns (id, season_id, window_id, template, planned_at)
            SELECT k.campaign, :season, k.window, :template, {CLOCK}
            FROM unnest(CAST(:campaigns AS text[]), CAST(:windows AS text[])) AS k(campaign, "window")
            ON CONFLICT DO NOTHING""",
        season=season,
        template=template,
        campaigns=[_campaign(window) for window in windows],
        windows=[window["id"] for window in windows],
    )


async def tell_changes(connection: AsyncConnection, season: LiveSeason, owner: str, now: datetime) -> datetime | None:
    """The same for every window of one owner whose last change has settled; when the next one will have."""
    moved = await rows(
        connection,
        """SELECT w.* FROM windows w WHERE w.season_id = :season AND w.owner = :owner AND w.revision > 0
             AND NOT EXISTS (SELECT 1 FROM campaigns c WHERE c.id = w.id || '/change/' || w.revision)""",
        season=season.id,
        owner=owner,
    )
    last = await _last(connection, season.id, [window["id"] for window in moved]) if moved else {}
    of_all: list[dict[str, Any]] = []
    coming = []
    for window in moved:
        change = last.get(window["id"])
        if change is None:
            continue
        settled = change.at + season.pace.span(SETTLE)
        if settled > now:
            coming.append(settled)
        elif change.event in _OF_ALL:
            of_all.append(window)
        else:
            await tell_change(connection, window)
    if of_all:
        change = last[of_all[0]["id"]]
        await _mark(connection, season.id, of_all, _OF_ALL[change.event])
        await _tell_all(connection, season.id, change)
    return min(coming, default=None)
