"""Inviting entries to confirm: that they take part, that they come to an event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.season import EventStage, SeasonFile, SelectionStage
from records import campaigns, log
from records.database import CLOCK, rows

TEMPLATES = {"confirmation": "confirm_attendance", "event": "event_confirm"}
"""The notice of an invitation, by the kind of its stage."""


async def invite(connection: AsyncConnection, season: str, window_id: str, entries: Sequence[int]) -> None:
    """Invite entries to confirm in a window; who is invited already is left as it is."""
    found = await rows(
        connection,
        f"""INSERT INTO invitations (window_id, entry_id, state, invited_at, answers)
            SELECT :window, k.entry, 'invited', {CLOCK}, '{{}}' FROM unnest(CAST(:entries AS bigint[])) AS k(entry)
            ON CONFLICT DO NOTHING RETURNING entry_id""",
        window=window_id,
        entries=list(entries),
    )
    lines = [log.Line("invitation.sent", window_id=window_id, entry_id=r["entry_id"]) for r in found]
    await log.write(connection, season, lines)


async def tell(connection: AsyncConnection, season: str, window_id: str, kind: str) -> tuple[str, int]:
    """Queue the notices of a window's invitations that are not answered, once for each: campaign, how many wait."""
    campaign = f"{window_id}/invitation"
    queued = await campaigns.plan(connection, campaign, season, TEMPLATES[kind], "invited_unanswered", window=window_id)
    return campaign, queued


async def invite_late(connection: AsyncConnection, season: str, file: SeasonFile, entry_id: int) -> None:
    """Who moved up after the invitations went out is invited too, to all that is still to be answered."""
    found = await rows(
        connection,
        """SELECT w.id, w.kind, w.stage, e.stage AS decided_by FROM windows w JOIN entries e ON e.id = :entry
           WHERE w.season_id = :season AND w.kind IN ('confirmation', 'event') AND w.subject IS NULL
             AND w.state IN ('scheduled', 'open', 'paused') AND (w.area IS NULL OR w.area = e.area)
             AND EXISTS (SELECT 1 FROM campaigns c WHERE c.id = w.id || '/invitation') ORDER BY w.ordinal, w.id""",
        season=season,
        entry=entry_id,
    )
    for window in found:
        if _is_meant(file, window):
            await invite(connection, season, window["id"], [entry_id])
            await tell(connection, season, window["id"], window["kind"])


def _is_meant(file: SeasonFile, window: dict[str, Any]) -> bool:
    stage = file.stage(window["stage"])
    if not isinstance(stage, EventStage):
        return True
    deciding = deciding_for(file, stage)
    return stage.invites != "awarded" and (not deciding or window["decided_by"] in deciding)


def deciding_for(file: SeasonFile, stage: EventStage) -> list[str]:
    """The last selection before an event and all after it: who was decided upon by one of them may be a guest."""
    here = file.stages.index(stage)
    chosen = [n for n, s in enumerate(file.stages[:here]) if isinstance(s, SelectionStage)]
    return [s.id for s in file.stages[chosen[-1] :]] if chosen else []
