"""Deeds of review rounds and defences: judges given, sessions planned, ballots tallied."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from activities import appointments
from activities.selection import results_anew
from models.facts import EntryToReview, JudgeAvailable, PlannedSession, Short
from models.results import Counted, StageRef
from models.season import DefenceStage, ReviewStage
from records import assignments, campaigns, log, sessions, tallies
from records.database import clock_of, rows
from records.locks import ASSIGNING, one_at_a_time
from records.seasons import LiveSeason, window_id
from rules.assignment import assign, replacement
from rules.defence import plan_sessions
from rules.timeline import on_time


async def prepare_review(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Give every entry the judges it misses, within their load and without conflicts; tell the judges."""
    stage, window = season.file.stage(ref.stage), window_id(season.id, ref.area, ref.stage)
    assert isinstance(stage, ReviewStage)
    await one_at_a_time(connection, season.id, ASSIGNING)
    alive = await assignments.entries_alive(connection, season.id, ref.area)
    judges = await assignments.judges_for(connection, season.id, ref.area, ref.stage)
    conflicts = await assignments.conflicts_of(connection, season.id)
    has: Counter[int] = Counter()
    for given in await assignments.of_round(connection, season.id, ref.stage):
        # Who had an entry before does not get it again, whatever became of it.
        conflicts.add((given["judge_id"], given["entry_id"]))
        has[given["entry_id"]] += given["state"] in ("active", "done")
    entries = [assignments.to_review(r) for r in alive]
    pairs, short = await _fill_up(entries, has, judges, conflicts, stage)
    await assignments.give(connection, season.id, ref.stage, window, pairs, "assigned")
    told = await _told_short(connection, window)
    new = [s for s in short if (s.entry_id, s.missing) not in told]
    await log.write(connection, season.id, [*_made(pairs, window), *_short(new, window)])
    campaign = f"{window}/assignment"
    queued = await campaigns.plan(connection, campaign, season.id, "assignment", "judges", window=window)
    counts = {"entries": len(entries), "assignments": len(pairs), "short": len(short)}
    return Counted(counts=counts, campaigns=(campaign,) if queued else ())


async def _fill_up(
    entries: Sequence[EntryToReview],
    has: Mapping[int, int],
    judges: Sequence[JudgeAvailable],
    conflicts: AbstractSet[tuple[int, int]],
    stage: ReviewStage,
) -> tuple[list[tuple[int, int]], list[Short]]:
    """Assign what is missing, the neediest entries first; at the first time that is one plan for all."""
    groups: dict[int, list[EntryToReview]] = defaultdict(list)
    for entry in entries:
        groups[stage.judges_per_entry - has.get(entry.id, 0)].append(entry)
    pairs: list[tuple[int, int]] = []
    short: list[Short] = []
    for missing in sorted((m for m in groups if m > 0), reverse=True):
        # Ten thousand entries take seconds: the worker's other deeds go on meanwhile.
        plan = await asyncio.to_thread(assign, groups[missing], judges, conflicts, missing, stage.max_load)
        pairs += plan.pairs
        short += plan.short
        added = Counter(judge for _, judge in plan.pairs)
        judges = [replace(j, load=j.load + added[j.id]) for j in judges]
    return pairs, short


async def _told_short(connection: AsyncConnection, window: str) -> set[tuple[int, int]]:
    found = await rows(
        connection,
        """SELECT entry_id, CAST(data->>'count' AS int) AS missing FROM log
           WHERE window_id = :window AND event = 'assignment.short'""",
        window=window,
    )
    return {(r["entry_id"], r["missing"]) for r in found}


def _made(pairs: Sequence[tuple[int, int]], window: str) -> list[log.Line]:
    judges: dict[int, list[int]] = defaultdict(list)
    for entry, judge in pairs:
        judges[entry].append(judge)
    return [
        log.Line(
            "assignment.made", window_id=window, entry_id=entry, rule="assignment.min_cost_flow",
            data={"judges": found, "count": len(found)},
        )
        for entry, found in judges.items()
    ]  # fmt: skip


def _short(short: Sequence[Short], window: str) -> list[log.Line]:
    return [
        log.Line(
            "assignment.short", window_id=window, entry_id=s.entry_id, rule=f"assignment.{s.why}",
            reason=s.why, data={"count": s.missing},
        )
        for s in short
    ]  # fmt: skip


class _Move(NamedTuple):
    assignment: int
    entry: int
    old: int
    new: int


async def replace_silent(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Ballots that silent judges still owe go to judges with none outstanding; both are told."""
    stage, window = season.file.stage(ref.stage), window_id(season.id, ref.area, ref.stage)
    assert isinstance(stage, ReviewStage)
    await one_at_a_time(connection, season.id, ASSIGNING)
    # Locked: a ballot that is being cast now is in, or finds its assignment gone; it is never lost after a yes.
    owed = await rows(
        connection,
        """SELECT a.id AS assignment, a.judge_id, e.id, e.track, e.organisation, e.applicant_id,
             coalesce((SELECT array_agg(m.person_id) FROM members m WHERE m.entry_id = e.id), '{}') AS members
           FROM assignments a JOIN entries e ON e.id = a.entry_id
           WHERE a.window_id = :window AND a.state = 'active' AND e.alive ORDER BY a.id FOR NO KEY UPDATE OF a""",
        window=window,
    )
    if not owed:
        return Counted(counts={"replaced": 0})
    behind = {r["judge_id"] for r in owed}
    able = await assignments.judges_for(connection, season.id, ref.area, ref.stage)
    judges = {j.id: j for j in able if j.id not in behind}
    conflicts = await assignments.conflicts_of(connection, season.id)
    already: dict[int, set[int]] = defaultdict(set)
    for r in await assignments.of_round(connection, season.id, ref.stage):
        already[r["entry_id"]].add(r["judge_id"])
    moves: list[_Move] = []
    for r in owed:
        entry = assignments.to_review(r)
        found = replacement(entry, list(judges.values()), conflicts, already[entry.id], stage.max_load)
        if found is None:
            continue
        already[entry.id].add(found)
        judges[found] = replace(judges[found], load=judges[found].load + 1)
        moves.append(_Move(r["assignment"], entry.id, r["judge_id"], found))
    return await _move(connection, season, ref, window, moves)


async def _move(
    connection: AsyncConnection, season: LiveSeason, ref: StageRef, window: str, moves: Sequence[_Move]
) -> Counted:
    if not moves:
        return Counted(counts={"replaced": 0})
    await assignments.end(connection, [m.assignment for m in moves], "replaced", "no ballot in time")
    pairs = [(m.entry, m.new) for m in moves]
    given = await assignments.give(connection, season.id, ref.stage, window, pairs, "in place of another")
    lines = [
        log.Line(
            "assignment.replaced", window_id=window, entry_id=m.entry, rule="assignment.silent",
            data={"judge": m.new, "instead_of": m.old},
        )
        for m in moves
    ]  # fmt: skip
    await log.write(connection, season.id, lines)
    # After an extension it may come to this again: each time is an occasion of its own.
    occasion = f"assignment/{given[0]}"
    await assignments.tell(connection, season.id, window, [m.new for m in moves], occasion, "assignment")
    await assignments.tell(connection, season.id, window, [m.old for m in moves], occasion, "ballot_replaced")
    queues = (f"{season.id}/assignment", f"{season.id}/ballot_replaced")
    return Counted(counts={"replaced": len(moves)}, campaigns=queues)


async def conclude_review(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Tally the round by the published rule; what was made by its result before it was reopened is made anew."""
    stage = season.file.stage(ref.stage)
    assert isinstance(stage, (ReviewStage, DefenceStage))
    rubric = season.file.rubric(stage.rubric)
    counts = await tallies.tally(connection, season.id, ref.stage, ref.area, stage.score_rule, rubric)
    anew = await results_anew(connection, season, ref)
    return Counted(counts={**counts, **anew.counts}, campaigns=anew.campaigns)


async def prepare_defence(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Plan the sessions with their panels, the order by lot; invite entries and judges. Planned once."""
    stage, window = season.file.stage(ref.stage), window_id(season.id, ref.area, ref.stage)
    assert isinstance(stage, DefenceStage)
    await one_at_a_time(connection, season.id, ASSIGNING)
    if not await sessions.planned(connection, season.id, ref.stage, ref.area):
        await _plan_sessions(connection, season, ref, stage, window)
    counts, queued = await appointments.tell(connection, season.file, window, ref)
    return Counted(counts=counts, campaigns=queued)


async def _plan_sessions(
    connection: AsyncConnection, season: LiveSeason, ref: StageRef, stage: DefenceStage, window: str
) -> None:
    """Plan a round's sessions, and give their judges the entries. The caller holds `ASSIGNING`."""
    alive = await assignments.entries_alive(connection, season.id, ref.area)
    judges = await assignments.judges_for(connection, season.id, ref.area, ref.stage)
    # What other areas have planned is committed: only one plans at a time.
    busy = await sessions.busy(connection, season, ref.stage, ref.area)
    found = (await rows(connection, "SELECT opens_at, closes_at FROM windows WHERE id = :w", w=window))[0]
    # Begun late, the sessions lie in what is left of the window.
    begins = max(found["opens_at"], on_time(found["opens_at"], await clock_of(connection), season.pace))
    area = next((a for a in season.file.areas if a.code == ref.area), None)
    plan = plan_sessions(
        [assignments.to_review(r) for r in alive],
        {r["id"]: r["division"] for r in alive},
        [replace(j, busy=busy.get(j.id, ())) for j in judges],
        await assignments.conflicts_of(connection, season.id),
        stage,
        stage.format or (area.format if area else "offline"),
        season.pace.nominal(begins),
        season.pace.nominal(found["closes_at"]),
        area.zone if area else season.file.zone,
        window,
    )
    await sessions.keep(connection, season, ref.stage, ref.area, plan.sessions)
    pairs = [(slot.entry_id, judge) for s in plan.sessions for slot in s.slots for judge in s.judges]
    await assignments.give(connection, season.id, ref.stage, window, pairs, "panel")
    await log.write(connection, season.id, [*_planned(plan.sessions, window), *_short(plan.short, window)])


def _planned(planned: Sequence[PlannedSession], window: str) -> list[log.Line]:
    return [
        log.Line(
            "session.planned", window_id=window, entry_id=slot.entry_id, rule="defence.lot",
            data={"position": slot.position, "division": s.division, "count": len(s.judges), "seed": s.lot_seed},
        )
        for s in planned
        for slot in s.slots
    ]  # fmt: skip


async def conclude_defence(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Turns that nobody recorded: held where there is a ballot, else not; then tally as in a review."""
    settled = await sessions.settle(connection, season.id, ref.stage, ref.area)
    lines = [
        log.Line(f"slot.{r['state']}", entry_id=r["entry_id"], rule="defence.ballots", data={"session": r["session"]})
        for r in settled
    ]
    await log.write(connection, season.id, lines)
    counted = await conclude_review(connection, season, ref)
    missed = sum(1 for r in settled if r["state"] == "no_show")
    return counted.model_copy(update={"counts": {**counted.counts, "no_show": missed}})
