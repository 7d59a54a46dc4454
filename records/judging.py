"""Judges and what they do: conflicts, declines, ballots, sessions; and the tally of a round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import BadInput, NotFound, Refused
from models.facts import EntryToReview, JudgeAvailable
from models.forms import JudgeForm
from models.season import DefenceStage, ReviewStage
from models.tables import Judge
from records import campaigns, gate, log, people
from records.database import CLOCK, Database, now_parameter, rows, run
from records.seasons import live
from rules.assignment import replacement
from rules.scoring import ballot_total


async def add_judge(database: Database, season_id: str, form: JudgeForm) -> int:
    """Write a judge, or bring the one with this mail address up to date. Raises BadInput for an unknown area or track."""
    async with database.transaction() as connection:
        season = await live(connection, season_id)
        if form.area is not None and form.area not in {a.code for a in season.file.areas}:
            raise BadInput("judge.area", f"area: '{form.area}' is no area of this season.")
        unknown = set(form.tracks) - {t.code for t in season.file.tracks}
        if unknown:
            raise BadInput("judge.track", f"tracks: '{min(unknown)}' is no track of this season.")
        at = (await rows(connection, f"SELECT {CLOCK} AS at"))[0]["at"]
        person = (await people.keep(connection, [form.person], at))[0]
        values = {**form.model_dump(exclude={"person"}), "tracks": list(form.tracks)}
        statement = upsert(Judge).values(season_id=season_id, person_id=person, created_at=at, **values)
        statement = statement.on_conflict_do_update(index_elements=["season_id", "person_id"], set_=values)
        judge: int = (await connection.execute(statement.returning(Judge.id))).scalar_one()
        line = log.Line("judge.registered", actor="ops", person_id=person, data={"judge": judge})
        await log.write(connection, season_id, [line], at=at)
        return judge


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
        """SELECT j.id, j.person_id, j.tracks, j.organisation, j.max_load,
             (SELECT count(*) FROM assignments a WHERE a.judge_id = j.id AND a.stage = :stage
              AND a.state IN ('active', 'done')) AS load
           FROM judges j WHERE j.season_id = :season AND j.active
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
        "SELECT c.judge_id, c.entry_id FROM conflicts c JOIN judges j ON j.id = c.judge_id WHERE j.season_id = :season",
        season=season,
    )
    return {(r["judge_id"], r["entry_id"]) for r in found}


async def give(
    connection: AsyncConnection, season: str, stage: str, window: str, pairs: Sequence[tuple[int, int]], reason: str
) -> None:
    """Write assignments of (entry, judge); one that is there already is left as it is."""
    await run(
        connection,
        f"""INSERT INTO assignments (season_id, stage, area, window_id, entry_id, judge_id, state, assigned_at, reason)
            SELECT :season, :stage, w.area, w.id, k.entry, k.judge, 'active', {CLOCK}, :reason
            FROM unnest(CAST(:entries AS bigint[]), CAST(:judges AS bigint[])) AS k(entry, judge), windows w
            WHERE w.id = :window ON CONFLICT DO NOTHING""",
        season=season,
        stage=stage,
        window=window,
        reason=reason,
        entries=[e for e, _ in pairs],
        judges=[j for _, j in pairs],
    )


_CAST = f"""WITH {gate.BY_WINDOW}, cast_now AS (
  INSERT INTO ballots (assignment_id, scores, total, comment, cast_at)
  SELECT a.id, CAST(:scores AS jsonb), :total, :comment, gate.at FROM gate, assignments a
  WHERE a.id = :assignment AND a.window_id = gate.id AND a.state IN ('active', 'done')
  ON CONFLICT (assignment_id) DO UPDATE SET scores = excluded.scores, total = excluded.total,
    comment = excluded.comment, cast_at = excluded.cast_at, revision = ballots.revision + 1
  RETURNING assignment_id, cast_at
), marked AS (
  UPDATE assignments a SET state = 'done' FROM cast_now WHERE a.id = cast_now.assignment_id
  RETURNING a.season_id, a.entry_id, a.judge_id, a.id, a.window_id
), logged AS (
  INSERT INTO log (season_id, at, actor, event, window_id, entry_id, data)
  SELECT m.season_id, c.cast_at, 'judge/' || m.judge_id, 'ballot.cast', m.window_id, m.entry_id,
    jsonb_build_object('judge', m.judge_id, 'assignment', m.id)
  FROM marked m, cast_now c
) SELECT cast_at AS at FROM cast_now"""


async def cast_ballot(
    database: Database, assignment_id: int, scores: Mapping[str, float], comment: str | None = None
) -> datetime:
    """Cast or change a ballot through the gate; the accepting instant.

    Raises Refused for scores outside the rubric, a window that does not accept, or an assignment that was given to
    another; a late attempt is kept in the log.
    """
    import json

    async with database.statement() as connection:
        task = await _assignment(connection, assignment_id)
        season = await live(connection, task["season_id"])
        stage = season.file.stage(task["stage"])
        assert isinstance(stage, (ReviewStage, DefenceStage))
        total = ballot_total(scores, season.file.rubric(stage.rubric))
        values = {
            "window": task["window_id"], "assignment": assignment_id, "scores": json.dumps(dict(scores)),
            "total": total, "comment": comment, "now": now_parameter(),
        }  # fmt: skip
        at: datetime | None = (await connection.execute(text(_CAST), values)).scalar_one_or_none()
        if at is not None:
            return at
        line = log.Line(
            "ballot.refused_late", actor=f"judge/{task['judge_id']}", entry_id=task["entry_id"],
            window_id=task["window_id"], data={"judge": task["judge_id"], "assignment": assignment_id},
        )  # fmt: skip
        await log.write(connection, season.id, [line])
        task = await _assignment(connection, assignment_id)
        if task["state"] not in ("active", "done"):
            raise Refused("assignment.gone", f"This entry is no longer yours to score: {task['state']}.")
        await gate.refuse(connection, season.id, stage.kind, task["area"], task["window_id"])


async def _assignment(connection: AsyncConnection, assignment_id: int, *, lock: bool = False) -> dict[str, Any]:
    found = await rows(
        connection,
        "SELECT id, season_id, stage, area, window_id, entry_id, judge_id, state FROM assignments WHERE id = :id"
        + (" FOR UPDATE" if lock else ""),
        id=assignment_id,
    )
    if not found:
        raise NotFound("assignment.unknown", f"There is no assignment {assignment_id}.")
    return found[0]


async def decline_assignment(database: Database, assignment_id: int, reason: str) -> int | None:
    """A judge gives an entry back; the judge that takes it over, or None where nobody may."""
    async with database.transaction() as connection:
        return await _hand_on(connection, assignment_id, "declined", reason)


async def declare_conflict(database: Database, judge_id: int, entry_id: int, reason: str) -> None:
    """A judge must not score this entry: what it was given of it goes to another judge at once."""
    async with database.transaction() as connection:
        await run(
            connection,
            f"""INSERT INTO conflicts (judge_id, entry_id, reason, at) VALUES (:judge, :entry, :reason, {CLOCK})
                ON CONFLICT DO NOTHING""",
            judge=judge_id,
            entry=entry_id,
            reason=reason,
        )
        open_tasks = await rows(
            connection,
            "SELECT id FROM assignments WHERE judge_id = :judge AND entry_id = :entry AND state = 'active'",
            judge=judge_id,
            entry=entry_id,
        )
        for task in open_tasks:
            await _hand_on(connection, task["id"], "conflict", reason)


async def _hand_on(connection: AsyncConnection, assignment_id: int, why: str, reason: str) -> int | None:
    task = await _assignment(connection, assignment_id)
    # One at a time for each entry and round, so that two hand-overs never choose the same judge.
    await rows(connection, "SELECT id FROM entries WHERE id = :id FOR UPDATE", id=task["entry_id"])
    task = await _assignment(connection, assignment_id, lock=True)
    if task["state"] != "active":
        raise Refused("assignment.not_active", f"This assignment is {task['state']}; it cannot be given back.")
    season = await live(connection, task["season_id"])
    stage = season.file.stage(task["stage"])
    await _set_state(connection, [assignment_id], why, reason)
    actor = f"judge/{task['judge_id']}"
    data = {"judge": task["judge_id"], "assignment": assignment_id}
    lines = [log.Line(f"assignment.{why}", actor, task["window_id"], task["entry_id"], reason=reason, data=data)]
    judge = None
    if isinstance(stage, ReviewStage):
        judge = await _choose(connection, season.id, task, stage.max_load)
    if judge is not None:
        pair = [(task["entry_id"], judge)]
        await give(connection, season.id, stage.id, task["window_id"], pair, f"in place of judge {task['judge_id']}")
        lines.append(
            log.Line(
                "assignment.replaced",
                window_id=task["window_id"],
                entry_id=task["entry_id"],
                rule="assignment.replacement",
                data={"judge": judge, "instead_of": task["judge_id"]},
            )  # fmt: skip
        )
        await tell_judges(connection, season.id, task["window_id"], [judge], f"entry/{task['entry_id']}")
    await log.write(connection, season.id, lines)
    return judge


async def _choose(connection: AsyncConnection, season: str, task: Mapping[str, Any], max_load: int) -> int | None:
    entry = await rows(
        connection,
        """SELECT e.id, e.track, e.organisation, e.applicant_id,
             coalesce((SELECT array_agg(m.person_id) FROM members m WHERE m.entry_id = e.id), '{}') AS members
           FROM entries e WHERE e.id = :id""",
        id=task["entry_id"],
    )
    already = await rows(
        connection,
        "SELECT judge_id FROM assignments WHERE entry_id = :entry AND stage = :stage",
        entry=task["entry_id"],
        stage=task["stage"],
    )
    judges = await judges_for(connection, season, task["area"], task["stage"])
    conflicts = await conflicts_of(connection, season)
    return replacement(to_review(entry[0]), judges, conflicts, {r["judge_id"] for r in already}, max_load)


async def _set_state(connection: AsyncConnection, ids: Sequence[int], state: str, reason: str) -> None:
    await run(
        connection,
        "UPDATE assignments SET state = :state, reason = :reason WHERE id = ANY(CAST(:ids AS bigint[]))",
        state=state,
        reason=reason,
        ids=list(ids),
    )


async def tell_judges(
    connection: AsyncConnection,
    season: str,
    window: str,
    judges: Sequence[int],
    subject: str,
    template: str = "assignment",
) -> None:
    """An assignment is a notice: to these judges, about what they were given or what was taken over."""
    found = await rows(
        connection,
        """SELECT j.person_id, p.language, count(*) AS n FROM unnest(CAST(:judges AS bigint[])) k(judge)
           JOIN judges j ON j.id = k.judge JOIN people p ON p.id = j.person_id GROUP BY j.person_id, p.language""",
        judges=list(judges),
    )
    told = [
        campaigns.Recipient(r["person_id"], r["language"], f"{window}/{subject}", None, {"count": r["n"]})
        for r in found
    ]
    await campaigns.plan(connection, f"{season}/{template}", season, template, told, window=window)


async def record_slot(database: Database, session_id: int, entry_id: int, *, held: bool, actor: str = "ops") -> None:
    """Record that an entry defended, or did not appear; then nobody waits for its ballots."""
    async with database.transaction() as connection:
        found = await rows(
            connection,
            """UPDATE slots s SET state = :state FROM sessions x WHERE s.session_id = :session AND s.entry_id = :entry
                 AND x.id = s.session_id RETURNING x.season_id, x.stage""",
            state="held" if held else "no_show",
            session=session_id,
            entry=entry_id,
        )
        if not found:
            raise NotFound("slot.unknown", f"Entry {entry_id} has no turn in session {session_id}.")
        if not held:
            await run(
                connection,
                """UPDATE assignments SET state = 'replaced', reason = 'the entry did not appear'
                   WHERE entry_id = :entry AND stage = :stage AND state = 'active'""",
                entry=entry_id,
                stage=found[0]["stage"],
            )
        line = log.Line(
            "slot.held" if held else "slot.no_show", actor=actor, entry_id=entry_id, data={"session": session_id}
        )
        await log.write(connection, found[0]["season_id"], [line])
