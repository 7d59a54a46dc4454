"""Deeds of registration and screening."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.results import Counted, StageRef
from models.season import ScreeningStage
from records import campaigns, corrections, screening
from records.campaigns import Recipient
from records.database import rows
from records.seasons import LiveSeason, window_id


async def conclude_registration(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Drafts lapse; those who came in time are told what is next."""
    counts = await screening.lapse_drafts(connection, season.id, ref.area)
    if not counts["submitted"]:
        return Counted(counts=counts)
    window = window_id(season.id, ref.area, ref.stage)
    campaign = f"{window}/closed"
    await campaigns.plan(connection, campaign, season.id, "registration_closed", "entrants", area=ref.area)
    return Counted(counts=counts, campaigns=(campaign,))


async def prepare_screening(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Every submitted entry is screened by the entry rules; what is unclear waits for a person."""
    facts = await screening.facts(connection, season.id, ref.area)
    if not facts:
        return Counted(counts={})
    crowd = await screening.crowd(connection, season.id)
    # Thousands of texts take seconds; the worker's loop goes on meanwhile.
    screened = await asyncio.to_thread(screening.screened, facts, crowd, season.file.entry_rules)
    kept = await screening.keep(connection, season.id, ref.stage, screened)
    return Counted(counts=dict(Counter(s.decision for s in kept)))


async def conclude_screening(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Late-comers of a reopened registration are screened, the undecided are decided by rule, all are told."""
    stage = season.file.stage(ref.stage)
    assert isinstance(stage, ScreeningStage)
    await corrections.conclude(connection, season.id, ref.area)
    late = await prepare_screening(connection, season, ref)
    decided = await screening.decide_undecided(connection, season.id, ref.area, ref.stage, stage.undecided)
    campaign = f"{window_id(season.id, ref.area, ref.stage)}/result"
    queued = await campaigns.plan(
        connection, campaign, season.id, "screening_result", await _results(connection, season.id, ref.area)
    )
    counts = {**late.counts, "decided_by_rule": decided}
    return Counted(counts=counts, campaigns=(campaign,) if queued else ())


async def _results(connection: AsyncConnection, season: str, area: str | None) -> list[Recipient]:
    """Who is told: the reasons of a refusal are what screening found, or what a person said."""
    found = await rows(
        connection,
        """SELECT e.id, e.state, e.applicant_id, p.language, l.event, l.data->'findings' AS findings, l.reason
           FROM entries e JOIN people p ON p.id = e.applicant_id
           LEFT JOIN LATERAL (SELECT event, data, reason FROM log
             WHERE entry_id = e.id AND e.state = 'ineligible'
               AND (event IN ('entry.ineligible', 'entry.undecided') AND data ? 'findings' OR event = 'entry.decided')
             ORDER BY id DESC LIMIT 1) l ON true
           WHERE e.season_id = :season AND (CAST(:area AS text) IS NULL OR e.area = :area)
             AND e.state IN ('eligible', 'ineligible') ORDER BY e.id""",
        season=season,
        area=area,
    )
    return [
        Recipient(
            person_id=row["applicant_id"],
            language=row["language"],
            subject=f"entry/{row['id']}",
            entry_id=row["id"],
            data={"eligible": row["state"] == "eligible", "findings": _findings(row)},
        )
        for row in found
    ]


def _findings(row: dict[str, Any]) -> list[Any]:
    if row["event"] == "entry.decided":
        return [row["reason"]]
    # The staff's wording names other entries: it is not the applicant's to read.
    return [{k: v for k, v in finding.items() if k != "staff"} for finding in row["findings"] or []]
