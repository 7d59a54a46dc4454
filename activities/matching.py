"""Deeds of matching: needs and rounds."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.house import House
from models.facts import NeedToMeet, ProjectToMatch
from models.results import Counted, MatchingPlan, RoundMatches, RoundRef
from models.season import MatchingStage, NeedsStage
from records import campaigns, log, matching
from records.database import clock_of, rows
from records.seasons import LiveSeason, live, window_id
from rules.matching import match
from rules.timeline import on_time, resolve

_CANDIDATES = {
    "eligible": "e.state NOT IN ('draft', 'lapsed', 'withdrawn', 'ineligible', 'submitted', 'undecided', 'removed')",
    "finalists": "e.state IN ('awarded', 'finished') OR (e.alive AND e.state NOT IN ('draft', 'waiting'))",
    "awarded": "e.state = 'awarded'",
}


class MatchingDeeds:
    """Activities of matching."""

    def __init__(self, house: House) -> None:
        self._house = house

    @activity.defn(name="load_matching")
    async def load(self, season: str) -> MatchingPlan:
        """The needs windows and the rounds of a season."""
        async with self._house.database.transaction() as connection:
            found = await live(connection, season)
        moments = [m.at for m in resolve(found.file).moments if m.kind == "matching_round"]
        return MatchingPlan(
            season=season,
            state=found.state,
            needs=tuple(s.id for s in found.file.stages if isinstance(s, NeedsStage)),
            rounds=tuple(found.pace.real(at) for at in moments),
            day=found.pace.span(timedelta(days=1)),
        )

    @activity.defn(name="invite_needs")
    async def invite_needs(self, season: str) -> Counted:
        """Places are told that they may file their needs, and until when."""
        async with self._house.database.transaction() as connection:
            found = await live(connection, season)
            counts: dict[str, int] = {}
            for stage in found.file.stages:
                if isinstance(stage, NeedsStage):
                    window = window_id(season, None, stage.id)
                    counts[f"{window}/open"] = await campaigns.plan(
                        connection, f"{window}/open", season, "need_open", "places", window=window
                    )
        return Counted(counts=counts, campaigns=tuple(name for name, n in counts.items() if n))

    @activity.defn(name="match_round")
    async def match_round(self, ref: RoundRef) -> RoundMatches:
        """Propose matches of projects with needs; a round repeated answers the same matches."""
        async with self._house.database.transaction() as connection:
            season = await live(connection, ref.season)
            matches = await _matches_of(connection, season, ref.round)
            if matches is None:
                at = on_time(ref.at, await clock_of(connection), season.pace)
                matches = await _propose(connection, season, ref.round, at)
            places = f"{ref.season}/matching/{ref.round}/places"
            applicants = f"{ref.season}/matching/{ref.round}/applicants"
            for campaign, template, side in (
                (places, "match_proposed", "place"),
                (applicants, "match_proposed_applicant", "applicant"),
            ):
                told = await matching.both_sides(connection, matches, {}, only=side)
                await _plan_each(connection, campaign, season.id, template, told)
            first = await matching.first_due(connection, season.id, matches)
            told_by = (places, applicants) if matches else ()
            return RoundMatches(matches=tuple(matches), campaigns=told_by, first_at=first)


def _stage(season: LiveSeason) -> MatchingStage:
    return next(s for s in season.file.stages if isinstance(s, MatchingStage))


async def _matches_of(connection: AsyncConnection, season: LiveSeason, number: int) -> list[int] | None:
    """The matches of a round that was held, though it found none; None before it. Two who hold it take turns."""
    await rows(connection, "SELECT id FROM seasons WHERE id = :season FOR NO KEY UPDATE", season=season.id)
    held = await rows(
        connection,
        """SELECT (SELECT array_agg(id ORDER BY id) FROM matches WHERE season_id = :season AND round = :round) AS ids
           FROM log WHERE season_id = :season AND event = 'matching.round'
             AND CAST(data->>'round' AS int) = :round LIMIT 1""",
        season=season.id,
        round=number,
    )
    return (held[0]["ids"] or []) if held else None


async def _propose(connection: AsyncConnection, season: LiveSeason, number: int, at: datetime) -> list[int]:
    stage = _stage(season)
    await _end_what_is_over(connection, season, stage, at)
    busy = await rows(
        connection,
        """SELECT m.entry_id, m.need_id, m.state FROM matches m WHERE m.season_id = :season ORDER BY m.id""",
        season=season.id,
    )
    running = [r for r in busy if r["state"] in ("proposed", "negotiating", "landed")]
    projects = await _projects(connection, season, stage, Counter(r["entry_id"] for r in running))
    needs = await _needs(connection, season, Counter(r["need_id"] for r in running))
    met = {(r["entry_id"], r["need_id"]) for r in busy}
    # It takes seconds where there are thousands of projects: meanwhile the worker gives its signs of life.
    plan = await asyncio.to_thread(match, projects, needs, stage.per_entry, met)
    found = await rows(
        connection,
        """INSERT INTO matches (season_id, round, entry_id, need_id, score, parts, state, proposed_at)
           SELECT :season, :round, k.entry, k.need, k.score, CAST(k.parts AS jsonb), 'proposed', :at
           FROM unnest(CAST(:entries AS bigint[]), CAST(:needs AS bigint[]), CAST(:scores AS numeric[]),
             CAST(:parts AS text[])) WITH ORDINALITY AS k(entry, need, score, parts, n) ORDER BY k.n
           RETURNING id, entry_id""",
        season=season.id,
        round=number,
        at=at,
        entries=[p.entry_id for p in plan.pairs],
        needs=[p.need_id for p in plan.pairs],
        scores=[p.score for p in plan.pairs],
        parts=[json.dumps(dict(p.parts)) for p in plan.pairs],
    )
    matches = [r["id"] for r in found]
    await matching.open_answer_windows(connection, season, stage, matches, at)
    lines = [log.Line("matching.round", data={"count": len(matches), "round": number})]
    lines += [
        log.Line("match.proposed", entry_id=r["entry_id"], rule="matching.deferred_acceptance", data={"match": r["id"]})
        for r in found
    ]
    await log.write(connection, season.id, lines, at=at)
    return matches


async def _end_what_is_over(
    connection: AsyncConnection, season: LiveSeason, stage: MatchingStage, at: datetime
) -> None:
    """A negotiation at its limit leaves its place to this round, though its own workflow may not have noticed yet."""
    over = await rows(
        connection,
        """SELECT * FROM matches WHERE season_id = :season AND state = 'negotiating' AND proposed_at <= :before
           ORDER BY id FOR UPDATE""",
        season=season.id,
        before=at - season.pace.span(stage.close_after),
    )
    for found in over:
        await matching.end(connection, found, "expired", at, rule="matching.close_after")


async def _projects(
    connection: AsyncConnection, season: LiveSeason, stage: MatchingStage, busy: Counter[int]
) -> list[ProjectToMatch]:
    found = await rows(
        connection,
        f"""WITH ranked AS (
              SELECT entry_id, at,
                1 - (rank - 1.0) / greatest(1, max(rank) OVER (PARTITION BY stage, area, division) - 1) AS share
              FROM tallies WHERE season_id = :season
            ), newest AS (SELECT DISTINCT ON (entry_id) entry_id, share FROM ranked ORDER BY entry_id, at DESC)
            SELECT e.id, e.track, e.fields, coalesce(CAST(e.details->>'readiness' AS int), 5) AS readiness,
              coalesce(n.share, 0.5)::float AS share
            FROM entries e LEFT JOIN newest n ON n.entry_id = e.id
            WHERE e.season_id = :season AND ({_CANDIDATES[stage.candidates]}) ORDER BY e.id""",
        season=season.id,
    )
    return [
        ProjectToMatch(r["id"], r["track"], frozenset(r["fields"]), r["readiness"], r["share"])
        for r in found
        if busy[r["id"]] < stage.per_entry
    ]


async def _needs(connection: AsyncConnection, season: LiveSeason, busy: Counter[int]) -> list[NeedToMeet]:
    found = await rows(
        connection,
        "SELECT id, tracks, fields, readiness, capacity FROM needs WHERE season_id = :season AND open ORDER BY id",
        season=season.id,
    )
    return [
        NeedToMeet(
            r["id"], frozenset(r["tracks"]), frozenset(r["fields"]), r["readiness"], r["capacity"] - busy[r["id"]]
        )
        for r in found
        if r["capacity"] > busy[r["id"]]
    ]


async def _plan_each(
    connection: AsyncConnection, campaign: str, season: str, template: str, told: list[campaigns.Recipient]
) -> None:
    """One campaign about many windows: each delivery tells the close of its own match's window."""
    await campaigns.plan(connection, campaign, season, template, told)
    await campaigns.point_to_windows(connection, campaign, season)
