"""Telling entries when their turn at a defence comes, and judges when they sit: at first, and again where that moved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.results import StageRef
from models.season import DefenceStage, SeasonFile
from records import campaigns, sessions
from records.campaigns import Recipient


async def tell(
    connection: AsyncConnection, file: SeasonFile, window: str, ref: StageRef
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Invite the entries and the panels of a round: how many entries and sessions, and the campaigns to be sent."""
    invitation, panel = f"{window}/invitation", f"{window}/panel"
    entries, sitting = await _times(connection, file, ref)
    count = await campaigns.plan(connection, invitation, ref.season, "defence_invitation", entries, window=window)
    await campaigns.plan(connection, panel, ref.season, "panel_invitation", sitting, window=window)
    counts = {"entries": len(entries), "sessions": len({judge.subject for judge in sitting})}
    return counts, (invitation, panel) if count else ()


async def tell_moved(connection: AsyncConnection, file: SeasonFile, found: Mapping[str, Any]) -> dict[str, int]:
    """Tell the present time to everyone who was told another: campaigns, and how many notices of each wait.

    `found` is the round's window; a turn that is over is told to nobody.
    """
    ref = StageRef(season=found["season_id"], stage=found["stage"], area=found["area"])
    before = await sessions.told(connection, found["id"])
    queued = {}
    for name, recipients in zip(("invitation", "panel"), await _times(connection, file, ref), strict=True):
        moved = []
        for one in recipients:
            old = before.get((one.person_id, one.subject))
            if old is not None and datetime.fromisoformat(one.data["starts_at"]) != old:
                moved.append(one._replace(data={**one.data, "old": old.isoformat()}))
        template = "defence_invitation" if name == "invitation" else "panel_invitation"
        if moved:
            campaign = f"{found['id']}/{name}/{found['revision']}"
            queued[campaign] = await campaigns.plan(
                connection, campaign, ref.season, template, moved, window=found["id"]
            )
    return queued


async def _times(
    connection: AsyncConnection, file: SeasonFile, ref: StageRef
) -> tuple[list[Recipient], list[Recipient]]:
    """What to tell the applicants of a round, and its judges."""
    stage = file.stage(ref.stage)
    assert isinstance(stage, DefenceStage)
    entries = [
        Recipient(
            r["applicant_id"], r["language"], f"entry/{r['entry_id']}", r["entry_id"],
            {
                "starts_at": r["starts_at"].isoformat(), "position": r["position"], "format": r["format"],
                "pitch_minutes": stage.pitch_minutes, "question_minutes": stage.question_minutes,
            },
        )
        for r in await sessions.invitations(connection, ref.season, ref.stage, ref.area)
    ]  # fmt: skip
    sitting = [
        Recipient(
            r["person_id"], r["language"], f"session/{r['session']}", None,
            {
                "starts_at": r["starts_at"].isoformat(), "ends_at": r["ends_at"].isoformat(), "count": r["count"],
                "format": r["format"],
            },
        )
        for r in await sessions.panels(connection, ref.season, ref.stage, ref.area)
    ]  # fmt: skip
    return entries, sitting
