"""Deeds of registration and screening."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.facts import Like, Screening, ScreeningFacts
from models.results import Counted, StageRef
from models.season import EntryRules, ScreeningStage
from records import campaigns, screening
from records.campaigns import Recipient
from records.database import rows
from records.seasons import LiveSeason, window_id
from rules.likeness import like_persons
from rules.near_duplicates import near_duplicates
from rules.screening import screen


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
    screened = await asyncio.to_thread(_screened, facts, crowd, season.file.entry_rules)
    await screening.keep(connection, season.id, ref.stage, screened)
    return Counted(counts=dict(Counter(s.decision for s in screened)))


def _screened(facts: Sequence[ScreeningFacts], crowd: screening.Crowd, rules: EntryRules) -> list[Screening]:
    """Each entry by the entry rules, compared with all others of its season."""
    mine = {f.entry_id for f in facts}
    persons = like_persons(crowd.people, mine, rules.likeness)
    near = near_duplicates(crowd.texts, mine, rules.near_duplicate)

    def numbered(likes: Sequence[Like]) -> tuple[Like, ...]:
        return tuple(replace(like, number=crowd.numbers.get(like.entry_id, "")) for like in likes)

    return [
        screen(
            replace(
                f,
                like_persons=numbered(persons.get(f.entry_id, ())),
                near_entries=numbered(near.get(f.entry_id, ())),
            ),
            rules,
        )
        for f in facts
    ]


async def conclude_screening(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Late-comers of a reopened registration are screened, the undecided are decided by rule, all are told."""
    stage = season.file.stage(ref.stage)
    assert isinstance(stage, ScreeningStage)
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
