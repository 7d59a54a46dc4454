"""The tally of a round: ballots in, scores and ranks out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.facts import Ranked, RankRow
from models.season import Rubric, ScoreRule
from records import log
from records.database import CLOCK, rows, run
from rules import scoring


async def tally(
    connection: AsyncConnection, season: str, stage: str, area: str | None, rule: ScoreRule, rubric: Rubric
) -> dict[str, int]:
    """Score and rank every entry of the round, inside its division (and area). Done again, only changes are written.

    The round's entries are those that had judges, and those in the competition that got none. Only ballots of
    assignments that still stand count. An entry without a ballot has no score and ranks last.
    """
    entries = await rows(
        connection,
        """SELECT e.id, e.division FROM entries e
           WHERE e.season_id = :season AND (CAST(:area AS text) IS NULL OR e.area = :area) AND e.state <> 'withdrawn'
             AND (e.alive OR e.id IN (SELECT entry_id FROM assignments
               WHERE season_id = :season AND stage = :stage AND area IS NOT DISTINCT FROM :area))
           ORDER BY e.id""",
        season=season,
        stage=stage,
        area=area,
    )
    ballots = await rows(
        connection,
        """SELECT a.entry_id, a.id AS assignment, b.scores, b.total
           FROM assignments a JOIN ballots b ON b.assignment_id = a.id
           WHERE a.season_id = :season AND a.stage = :stage AND a.area IS NOT DISTINCT FROM :area AND a.state = 'done'
           ORDER BY a.id""",
        season=season,
        stage=stage,
        area=area,
    )
    by_entry: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in ballots:
        by_entry[row["entry_id"]].append(row)
    main = max(rubric.criteria, key=lambda c: c.weight).code
    ranking: list[RankRow] = []
    values: dict[int, dict[str, Any]] = {}
    for entry in entries:
        cast = by_entry[entry["id"]]
        scored = scoring.score([r["total"] for r in cast], rule)
        mean = sum((Decimal(str(r["scores"].get(main, 0))) for r in cast), Decimal(0)) / max(1, len(cast))
        ranking.append(RankRow(entry["id"], entry["division"], scored.exact if scored else None, mean, len(cast)))
        values[entry["id"]] = {
            "division": entry["division"],
            "ballots": len(cast),
            "score": scored.rounded if scored else None,
            "exact": scored.exact if scored else None,
            "digest": scoring.digest((r["assignment"], r["scores"], r["total"]) for r in cast),
        }
    ranked = scoring.rank(ranking, f"{season}/{stage}")
    changed = await _keep(connection, season, stage, area, ranked, values)
    lines = [_line(r, values[r.entry_id], rule) for r in ranked if r.entry_id in changed]
    await log.write(connection, season, lines)
    return {"entries": len(ranked), "without_ballots": sum(1 for v in values.values() if not v["ballots"])}


async def _keep(
    connection: AsyncConnection,
    season: str,
    stage: str,
    area: str | None,
    ranked: Sequence[Ranked],
    values: dict[int, dict[str, Any]],
) -> set[int]:
    """Write the tallies; the entries whose result is new or another than before."""
    columns = ("division", "ballots", "score", "exact", "digest")
    # Who has withdrawn since the last tally is ranked no more.
    await run(
        connection,
        """DELETE FROM tallies WHERE season_id = :season AND stage = :stage AND area IS NOT DISTINCT FROM :area
           AND entry_id <> ALL (CAST(:entries AS bigint[]))""",
        season=season,
        stage=stage,
        area=area,
        entries=[r.entry_id for r in ranked],
    )
    found = await rows(
        connection,
        f"""INSERT INTO tallies (season_id, stage, entry_id, area, division, ballots, score, exact, rank, digest, at)
            SELECT :season, :stage, k.entry, :area, k.division, k.ballots, k.score, k.exact, k.rank, k.digest, {CLOCK}
            FROM unnest(CAST(:entries AS bigint[]), CAST(:division AS text[]), CAST(:ballots AS int[]),
              CAST(:score AS numeric[]), CAST(:exact AS numeric[]), CAST(:digest AS text[]), CAST(:ranks AS int[]))
              AS k(entry, division, ballots, score, exact, digest, rank)
            ON CONFLICT (season_id, stage, entry_id) DO UPDATE SET ballots = excluded.ballots, score = excluded.score,
              exact = excluded.exact, rank = excluded.rank, digest = excluded.digest, at = excluded.at
            WHERE (tallies.ballots, tallies.exact, tallies.rank, tallies.digest)
              IS DISTINCT FROM (excluded.ballots, excluded.exact, excluded.rank, excluded.digest)
            RETURNING entry_id""",
        season=season,
        stage=stage,
        area=area,
        entries=[r.entry_id for r in ranked],
        ranks=[r.rank for r in ranked],
        **{name: [values[r.entry_id][name] for r in ranked] for name in columns},
    )
    return {r["entry_id"] for r in found}


def _line(ranked: Ranked, value: dict[str, Any], rule: ScoreRule) -> log.Line:
    data = {
        "rank": ranked.rank,
        "division": ranked.division,
        "score": str(value["score"]) if value["score"] is not None else None,
        "count": value["ballots"],
    }
    return log.Line("tally.made", entry_id=ranked.entry_id, rule=f"scoring.{rule}", data=data)


async def ranks(
    connection: AsyncConnection, season: str, stage: str, area: str | None, *, decided_by: str | None = None
) -> list[Ranked]:
    """The ranks of a round for the entries still in the competition, closed up: 1, 2, 3 in each division.

    With `decided_by`, also those on which that selection was the last to decide: so it can be made again.
    """
    found = await rows(
        connection,
        """SELECT t.entry_id, t.division, CAST(row_number() OVER (
             PARTITION BY t.division ORDER BY t.exact DESC NULLS LAST, t.rank, t.entry_id) AS int) AS rank
           FROM tallies t JOIN entries e ON e.id = t.entry_id
           WHERE t.season_id = :season AND t.stage = :stage AND (CAST(:area AS text) IS NULL OR e.area = :area)
             AND (e.alive OR (e.stage = :decided_by AND e.state IN ('waiting', 'not_selected')))
           ORDER BY t.division, rank""",
        season=season,
        stage=stage,
        area=area,
        decided_by=decided_by,
    )
    return [Ranked(r["entry_id"], r["division"], r["rank"]) for r in found]
