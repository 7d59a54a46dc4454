"""Judges and what they do: conflicts, declines, ballots; and whether an entry came to its defence."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, NoReturn

from sqlalchemy import Boolean, literal_column
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import BadInput, NotFound, Refused
from models.forms import JudgeForm
from models.season import DefenceStage, ReviewStage, SeasonFile
from models.states import AssignmentState
from models.tables import Judge
from records import assignments, gate, log, people
from records.database import CLOCK, Database, clock_of, rows, run
from records.locks import ASSIGNING, one_at_a_time
from records.seasons import file_of, known_file, live
from rules.assignment import replacement
from rules.scoring import ballot_total

_NO_SHOW = "the entry did not appear"


async def add_judge(database: Database, season_id: str, form: JudgeForm) -> int:
    """Write a judge, or bring the one with this mail address up to date; the judge's id.

    Raises BadInput for an unknown area or track, NotFound for an unknown season.
    """
    async with database.transaction() as connection:
        season = await live(connection, season_id)
        if form.area is not None and form.area not in {a.code for a in season.file.areas}:
            raise BadInput("judge.area", f"area: '{form.area}' is no area of this season.")
        unknown = set(form.tracks) - {t.code for t in season.file.tracks}
        if unknown:
            raise BadInput("judge.track", f"tracks: '{min(unknown)}' is no track of this season.")
        at = await clock_of(connection)
        person = (await people.keep(connection, [form.person], at))[0]
        values = {**form.model_dump(exclude={"person"}), "tracks": list(form.tracks)}
        statement = upsert(Judge).values(season_id=season_id, person_id=person, created_at=at, **values)
        statement = statement.on_conflict_do_update(index_elements=["season_id", "person_id"], set_=values)
        # A row that was inserted and not updated has no earlier version.
        new = literal_column("xmax = 0", Boolean)
        judge, is_new = (await connection.execute(statement.returning(Judge.id, new))).one()
        if is_new:
            line = log.Line("judge.registered", actor="ops", person_id=person, data={"judge": judge})
            await log.write(connection, season_id, [line], at=at)
        return int(judge)


# The assignments are locked, so that a ballot and a replacement at once end one way or the other, never both.
_CAST = f"""WITH {gate.BY_WINDOW}, task AS (
  SELECT a.id, a.entry_id, a.judge_id, gate.season_id, gate.id AS window_id, gate.at FROM gate, assignments a
  WHERE a.id = ANY(CAST(:assignments AS bigint[])) AND a.window_id = gate.id AND a.stage = :stage
    AND a.state IN ('active', 'done')
  ORDER BY a.id FOR NO KEY UPDATE OF a
), cast_now AS (
  INSERT INTO ballots (assignment_id, scores, total, comment, cast_at)
  SELECT task.id, CAST(k.scores AS jsonb), k.total, k.comment, task.at
  FROM task JOIN unnest(CAST(:assignments AS bigint[]), CAST(:scores AS text[]), CAST(:totals AS numeric[]),
    CAST(:comments AS text[])) AS k(assignment, scores, total, comment) ON k.assignment = task.id
  ON CONFLICT (assignment_id) DO UPDATE SET scores = excluded.scores, total = excluded.total,
    comment = excluded.comment, cast_at = excluded.cast_at, revision = ballots.revision + 1
), marked AS (
  UPDATE assignments a SET state = 'done' FROM task WHERE a.id = task.id
), logged AS (
  INSERT INTO log (season_id, at, actor, event, window_id, entry_id, data)
  SELECT season_id, at, 'judge/' || judge_id, 'ballot.cast', window_id, entry_id,
    jsonb_build_object('judge', judge_id, 'assignment', id)
  FROM task
) SELECT id, at FROM task"""


class Ballot(NamedTuple):
    """Scores for one assignment: points for each criterion."""

    assignment: int
    scores: Mapping[str, float]
    comment: str | None = None


class Task(NamedTuple):
    """What never changes of an assignment: in which season and round it is, and whose window its ballot passes."""

    season: str
    stage: str
    window: str


async def cast_ballot(
    database: Database,
    assignment_id: int,
    scores: Mapping[str, float],
    comment: str | None = None,
    *,
    task: Task | None = None,
) -> datetime:
    """Cast or change a ballot through the gate; the accepting instant. `scores` are points for each criterion.

    `task` is what the caller has read of the assignment already; without it, it is read.

    Raises Refused for scores outside the rubric, a window that does not accept, or an assignment that was given to
    another, NotFound for an unknown assignment. An attempt after the close is kept in the log.
    """
    if task is None:
        found = _only(await database.at_once(_ASSIGNMENT, id=assignment_id), assignment_id)
        task = Task(found["season_id"], found["stage"], found["window_id"])
    return (await cast_ballots(database, [Ballot(assignment_id, scores, comment)], task))[0]


async def cast_ballots(database: Database, ballots: Sequence[Ballot], task: Task) -> list[datetime]:
    """Cast ballots of one round's window at once, as after a sitting or by a panel's secretary; the accepting instants.

    Raises Refused for scores outside the rubric (then none is cast), and where any is not accepted, as `cast_ballot`
    does; the others are cast.
    """
    file = await known_file(database, task.season)
    stage = file.stage(task.stage)
    assert isinstance(stage, (ReviewStage, DefenceStage))
    rubric = file.rubric(stage.rubric)
    cast = await database.at_once(
        _CAST,
        window=task.window,
        stage=task.stage,
        assignments=[one.assignment for one in ballots],
        scores=[json.dumps(dict(one.scores)) for one in ballots],
        totals=[ballot_total(one.scores, rubric) for one in ballots],
        comments=[one.comment for one in ballots],
    )
    accepted = {row["id"]: row["at"] for row in cast}
    refusals = []
    for one in ballots:
        if one.assignment not in accepted:
            try:
                async with database.statement() as connection:
                    await _refuse_ballot(connection, one.assignment, stage.kind)
            except (Refused, NotFound) as refused:
                refusals.append(refused)
    if refusals:
        raise refusals[0]
    return [accepted[one.assignment] for one in ballots]


async def _refuse_ballot(connection: AsyncConnection, assignment_id: int, kind: str) -> NoReturn:
    task = _only(await rows(connection, _ASSIGNMENT, id=assignment_id), assignment_id)
    if task["state"] not in (AssignmentState.ACTIVE, AssignmentState.DONE):
        raise Refused("assignment.gone", f"This entry is no longer yours to score: {task['state']}.")
    late = await rows(
        connection,
        f"SELECT state = 'closed' OR closes_at <= {CLOCK} AS late FROM windows WHERE id = :window",
        window=task["window_id"],
    )
    if late and late[0]["late"]:
        line = log.Line(
            "ballot.refused_late", actor=f"judge/{task['judge_id']}", entry_id=task["entry_id"],
            window_id=task["window_id"], data={"judge": task["judge_id"], "assignment": assignment_id},
        )  # fmt: skip
        await log.write(connection, task["season_id"], [line])
    await gate.refuse(connection, task["season_id"], kind, task["area"], task["window_id"])


_ASSIGNMENT = "SELECT id, season_id, stage, area, window_id, entry_id, judge_id, state FROM assignments WHERE id = :id"


def _only(found: list[dict[str, Any]], assignment_id: int) -> dict[str, Any]:
    if not found:
        raise NotFound("assignment.unknown", f"There is no assignment {assignment_id}.")
    return found[0]


async def decline_assignment(
    database: Database, assignment_id: int, reason: str, *, task: Task | None = None
) -> int | None:
    """A judge gives an entry back before the close; the judge that takes it over, or None where nobody may.

    `task` is as for `cast_ballot`. Raises Refused where it is not the judge's any more, its ballot is cast, or the
    window has closed.
    """
    if task is None:
        found = _only(await database.at_once(_ASSIGNMENT, id=assignment_id), assignment_id)
        task = Task(found["season_id"], found["stage"], found["window_id"])
    file = await known_file(database, task.season)
    async with database.transaction() as connection:
        await one_at_a_time(connection, task.season, ASSIGNING)
        held = await _held(connection, assignment_id)
        if held["state"] != AssignmentState.ACTIVE:
            raise Refused("assignment.not_active", f"This assignment is {held['state']}; it cannot be given back.")
        if not held["open"]:
            await gate.refuse(connection, task.season, file.stage(task.stage).kind, held["area"], held["window_id"])
        return await _hand_on(connection, file, held, AssignmentState.DECLINED, reason)


async def declare_conflict(database: Database, judge_id: int, entry_id: int, reason: str) -> None:
    """A judge must not score this entry: what it was given of it goes to another judge at once.

    A ballot already cast counts no more where its round is still open; a round that has closed keeps its result.
    Raises NotFound for an unknown judge or entry.
    """
    async with database.transaction() as connection:
        known = await rows(
            connection,
            """SELECT j.season_id FROM judges j JOIN entries e ON e.season_id = j.season_id
               WHERE j.id = :judge AND e.id = :entry""",
            judge=judge_id,
            entry=entry_id,
        )
        if not known:
            raise NotFound("judge.unknown", f"Judge {judge_id} and entry {entry_id} are not of one season.")
        # First the lock: a round that is being assigned now must know of the conflict, or leave us its assignment.
        await one_at_a_time(connection, known[0]["season_id"], ASSIGNING)
        await run(
            connection,
            f"""INSERT INTO conflicts (judge_id, entry_id, reason, at) VALUES (:judge, :entry, :reason, {CLOCK})
                ON CONFLICT DO NOTHING""",
            judge=judge_id,
            entry=entry_id,
            reason=reason,
        )
        tasks = await rows(
            connection,
            """SELECT id FROM assignments WHERE judge_id = :judge AND entry_id = :entry AND state IN ('active', 'done')
               ORDER BY id""",
            judge=judge_id,
            entry=entry_id,
        )
        file = await file_of(connection, known[0]["season_id"])
        for one in tasks:
            task = await _held(connection, one["id"])
            if task["open"] or task["state"] == AssignmentState.ACTIVE:
                await _hand_on(connection, file, task, AssignmentState.CONFLICT, reason)


async def _held(connection: AsyncConnection, assignment_id: int) -> dict[str, Any]:
    """An assignment, locked, with what is to be known of its entry, and whether its round is still `open`, to close.

    The round's closer is held off, so that what is handed on is in the closer's list.
    """
    return _only(await rows(connection, _HELD, id=assignment_id), assignment_id)


_HELD = f"""SELECT a.id, a.season_id, a.stage, a.area, a.window_id, a.entry_id, a.judge_id, a.state,
    w.state = 'paused' OR (w.state IN ('open', 'scheduled') AND {CLOCK} < w.closes_at) AS open,
    e.track, e.organisation, e.applicant_id,
    ARRAY(SELECT m.person_id FROM members m WHERE m.entry_id = e.id) AS members,
    ARRAY(SELECT o.judge_id FROM assignments o WHERE o.entry_id = e.id AND o.stage = a.stage) AS already,
    ARRAY(SELECT c.judge_id FROM conflicts c WHERE c.entry_id = e.id) AS conflicts
  FROM assignments a JOIN windows w ON w.id = a.window_id JOIN entries e ON e.id = a.entry_id
  WHERE a.id = :id FOR NO KEY UPDATE OF a FOR KEY SHARE OF w"""


async def _hand_on(
    connection: AsyncConnection, file: SeasonFile, task: Mapping[str, Any], why: AssignmentState, reason: str
) -> int | None:
    """End a held assignment and find another judge for it. The caller has the season's `ASSIGNING`."""
    season, window, entry = task["season_id"], task["window_id"], task["entry_id"]
    stage = file.stage(task["stage"])
    data = {"judge": task["judge_id"], "assignment": task["id"]}
    lines = [log.Line(f"assignment.{why}", f"judge/{task['judge_id']}", window, entry, reason=reason, data=data)]
    judge = None
    # Nobody takes a seat on a panel in the middle of its session.
    if isinstance(stage, ReviewStage) and task["open"]:
        judge = await _choose(connection, task, stage.max_load)
    if judge is None:
        await assignments.end(connection, [task["id"]], why, reason)
    else:
        replaced = {"judge": judge, "instead_of": task["judge_id"]}
        rule = "assignment.replacement"
        lines.append(log.Line("assignment.replaced", window_id=window, entry_id=entry, rule=rule, data=replaced))
        new = await assignments.pass_on(connection, task["id"], judge, why, reason)
        await assignments.tell(connection, season, window, [judge], f"assignment/{new}", "assignment")
    await log.write(connection, season, lines)
    return judge


async def _choose(connection: AsyncConnection, task: Mapping[str, Any], max_load: int) -> int | None:
    entry = assignments.to_review({**task, "id": task["entry_id"]})
    judges = await assignments.judges_for(connection, task["season_id"], task["area"], task["stage"])
    # The judge that is let go has it among those that had it `already`.
    conflicts = {(judge, entry.id) for judge in task["conflicts"]}
    return replacement(entry, judges, conflicts, set(task["already"]), max_load)


async def record_slot(database: Database, session_id: int, entry_id: int, *, held: bool, actor: str = "ops") -> None:
    """Record that an entry defended, or did not appear; then nobody waits for its ballots. Said twice is said once.

    Raises NotFound where the entry has no turn in the session.
    """
    found = await database.at_once(
        _SLOT, session=session_id, entry=entry_id, state="held" if held else "no_show", held=held, why=_NO_SHOW,
        actor=actor, before="replaced" if held else "active", after="active" if held else "replaced",
    )  # fmt: skip
    if not found:
        raise NotFound("slot.unknown", f"Entry {entry_id} has no turn in session {session_id}.")


# Who was marked absent by mistake is scored after all.
_SLOT = f"""WITH slot AS MATERIALIZED (
    SELECT s.state, x.season_id, x.stage FROM slots s JOIN sessions x ON x.id = s.session_id
    WHERE s.session_id = :session AND s.entry_id = :entry FOR NO KEY UPDATE OF s
  ), changed AS (
    UPDATE slots SET state = :state FROM slot
    WHERE slots.session_id = :session AND slots.entry_id = :entry AND slot.state <> CAST(:state AS text)
    RETURNING slot.season_id, slot.stage
  ), given AS (
    UPDATE assignments a SET state = CAST(:after AS text), reason = CASE WHEN :held THEN 'panel' ELSE :why END
    FROM changed WHERE a.entry_id = :entry AND a.stage = changed.stage AND a.state = :before
      AND (NOT :held OR a.reason = :why)
  ), logged AS (
    INSERT INTO log (season_id, at, actor, event, entry_id, data)
    SELECT season_id, {CLOCK}, :actor, 'slot.' || CAST(:state AS text), :entry,
      jsonb_build_object('session', CAST(:session AS bigint))
    FROM changed
  ) SELECT state FROM slot"""
