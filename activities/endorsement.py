"""Deeds of the window in which channels rank and sign their lists."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from models.results import Counted, StageRef
from models.season import EndorsementStage
from records import campaigns, endorsements
from records.seasons import LiveSeason, window_id


async def prepare_endorsement(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Channels with entries are told that they may rank and sign."""
    window = window_id(season.id, ref.area, ref.stage)
    campaign = f"{window}/open"
    told = await campaigns.plan(
        connection, campaign, season.id, endorsements.OPEN, "channels_unsigned", window=window, area=ref.area
    )
    return Counted(counts={"channels": told}, campaigns=(campaign,) if told else ())


async def conclude_endorsement(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Lists that nobody signed are decided upon by the season file's rule."""
    stage = season.file.stage(ref.stage)
    assert isinstance(stage, EndorsementStage)
    window = window_id(season.id, ref.area, ref.stage)
    return Counted(counts=await endorsements.conclude(connection, season.id, window, stage.unsigned))
