"""Assignments: what the assignment rule looks at, what is given to judges, and their notices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.facts import EntryToReview, JudgeAvailable
from records import campaigns
from records.database import CLOCK, rows, run


async def entries_alive(connection: AsyncConnection, season: str, area: str | None) -> list[dict[str, Any]]:
    """The entries still in the competition, of an area or of all: id, track, division, organisation, people."""
    return await rows(
        connection,
        """SELECT e.id, e.number, e.track, e.division, e.area, e.organisation, e.applicant_id, p.language,
             coalesce((SELECT array_agg(m.person_id) FROM members m WHERE m.entry_id = e.id), '{}') AS members
           FROM entries e JOIN people p ON p.id = e.applicant_id
           WHERE e.season_id = :season AND e.alive AND (CAST(:area AS text) IS NULL OR e.area = :area)
           ORDER BY e.id""",
        season=season,
        area=area,
    )


def to_review(row: Mapping[str, Any]) -> EntryToReview:
    """An entry's row as the assignment rule takes it."""
    return EntryToReview(
        row["id"], row["track"], row["organisation"], row["applicant_id"], frozenset(row["members"] or ())
    )


async def judges_for(connection: AsyncConnection, season: str, area: str | None, stage: str) -> list[JudgeAvailable]:
    """The judges that may serve: of the area and the season-wide ones; all of them for a season-wide round."""
    found = await rows(
        connection,
        """WITH given AS (
             SELECT judge_id FROM assignments
             WHERE season_id = :season AND stage = :stage AND state IN ('active', 'done')
               AND (CAST(:area AS text) IS NULL OR area = :area)
             UNION ALL SELECT a.judge_id FROM judges j JOIN assignments a ON a.judge_id = j.id
             WHERE j.season_id = :season AND j.area IS NULL AND a.stage = :stage AND a.state IN ('active', 'done')
               AND a.area <> CAST(:area AS text))
           SELECT j.id, j.person_id, j.tracks, j.organisation, j.max_load, coalesce(l.load, 0) AS load
           FROM judges j LEFT JOIN (SELECT judge_id, count(*) AS load FROM given GROUP BY judge_id) l ON l.judge_id = j.id
           WHERE j.season_id = :season AND j.active
             AND (CAST(:area AS text) IS NULL OR j.area = :area OR j.area IS NULL) ORDER BY j.id""",
        season=season,
        area=area,
        stage=stage,
    )
    return [
        JudgeAvailable(r["id"], r["person_id"], frozenset(r["tracks"]), r["organisation"], r["max_load"], r["load"])
        for r in found
    ]


async def conflicts_of(connection: AsyncConnection, season: str) -> set[tuple[int, int]]:
    """All declared conflicts of a season, as (judge, entry)."""
    found = await rows(
        connection,
        """SELECT c.judge_id, c.entry_id FROM conflicts c JOIN judges j ON j.id = c.judge_id
           WHERE j.season_id = :season""",
        season=season,
    )
    return {(r["judge_id"], r["entry_id"]) for r in found}


async def of_round(connection: AsyncConnection, season: str, stage: str) -> list[dict[str, Any]]:
    """Every assignment of a round, whatever became of it: entry_id, judge_id, state."""
    return await rows(
        connection,
        "SELECT entry_id, judge_id, state FROM assignments WHERE season_id = :season AND stage = :stage",
        season=season,
        stage=stage,
    )


async def give(
    connection: AsyncConnection, season: str, stage: str, window: str, pairs: Sequence[tuple[int, int]], reason: str
) -> list[int]:
    """Write assignments of (entry, judge); one that is there already is left as it is. The ids of the new ones."""
    found = await rows(
        connection,
        f"""INSERT INTO assignments (season_id, stage, area, window_id, entry_id, judge_id, state, assigned_at, reason)
            SELECT :season, :stage, w.area, w.id, k.entry, k.judge, 'active', {CLOCK}, :reason
            FROM unnest(CAST(:entries AS bigint[]), CAST(:judges AS bigint[])) AS k(entry, judge), windows w
            WHERE w.id = :window ON CONFLICT DO NOTHING RETURNING id""",
        season=season,
        stage=stage,
        window=window,
        reason=reason,
        entries=[e for e, _ in pairs],
        judges=[j for _, j in pairs],
    )
    return sorted(r["id"] for r in found)


async def end(connection: AsyncConnection, ids: Sequence[int], state: str, reason: str) -> None:
    """Take assignments from their judges: `declined`, `conflict` or `replaced`."""
    await run(
        connection,
        "UPDATE assignments SET state = :state, reason = :reason WHERE id = ANY(CAST(:ids AS bigint[]))",
        state=state,
        reason=reason,
        ids=list(ids),
    )


async def pass_on(connection: AsyncConnection, assignment: int, judge: int, state: str, reason: str) -> int:
    """Take an assignment from its judge, in that state for that reason, and give it to another; the new one's id."""
    found = await rows(
        connection,
        f"""WITH ended AS (
              UPDATE assignments SET state = :state, reason = :reason WHERE id = :id
              RETURNING season_id, stage, area, window_id, entry_id, judge_id
            ) INSERT INTO assignments (season_id, stage, area, window_id, entry_id, judge_id, state, assigned_at, reason)
            SELECT season_id, stage, area, window_id, entry_id, CAST(:judge AS bigint), 'active', {CLOCK},
              'in place of judge ' || judge_id FROM ended RETURNING id""",
        id=assignment,
        judge=judge,
        state=state,
        reason=reason,
    )
    new: int = found[0]["id"]
    return new


async def tell(
    connection: AsyncConnection, season: str, window: str, judges: Sequence[int], subject: str, template: str
) -> None:
    """An assignment is a notice: to these judges, about what they were given or what was taken over.

    A judge named n times has n of them. `subject` names the occasion, so that the next one is told too.
    """
    told = campaigns.Chosen(_TOLD, {"judges": list(judges), "subject": subject})
    await campaigns.plan(connection, f"{season}/{template}", season, template, told, window=window)


_TOLD = """SELECT j.person_id, CAST(:subject AS text) AS subject, NULL::bigint AS entry_id, p.language,
    jsonb_build_object('count', count(*)) AS data
  FROM unnest(CAST(:judges AS bigint[])) k(judge) JOIN judges j ON j.id = k.judge JOIN people p ON p.id = j.person_id
  GROUP BY j.person_id, p.language"""
