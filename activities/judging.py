"""Deeds of review rounds and defences: judges given, sessions planned, ballots tallied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from models.facts import AssignmentPlan, PlannedSession, Short
from models.results import Counted, StageRef
from models.season import DefenceStage, ReviewStage
from records import campaigns, judging, log, sessions, tallies
from records.campaigns import Recipient
from records.database import rows, run
from records.seasons import LiveSeason, window_id
from rules.assignment import assign, replacement
from rules.defence import plan_sessions


async def prepare_review(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Give every entry its judges, within their load and without conflicts; tell the judges. Only what is missing."""
    stage, window = season.file.stage(ref.stage), window_id(season.id, ref.area, ref.stage)
    assert isinstance(stage, ReviewStage)
    has = await rows(
        connection,
        """SELECT entry_id, count(*) AS n FROM assignments WHERE window_id = :window AND state IN ('active', 'done')
           GROUP BY entry_id""",
        window=window,
    )
    given = {r["entry_id"] for r in has}
    entries = [judging.to_review(r) for r in await judging.entries_alive(connection, season.id, ref.area)]
    judges = await judging.judges_for(connection, season.id, ref.area, ref.stage)
    conflicts = await judging.conflicts_of(connection, season.id)
    new = [e for e in entries if e.id not in given]
    plan = assign(new, judges, conflicts, stage.judges_per_entry, stage.max_load)
    await judging.give(connection, season.id, ref.stage, window, plan.pairs, "assigned")
    await log.write(connection, season.id, [*_made(plan, window), *_short(plan.short, window)])
    campaign = f"{window}/assignment"
    queued = await campaigns.plan(connection, campaign, season.id, "assignment", "judges", window=window)
    counts = {"entries": len(entries), "assignments": len(plan.pairs), "short": len(plan.short)}
    return Counted(counts=counts, campaigns=(campaign,) if queued else ())


def _made(plan: AssignmentPlan, window: str) -> list[log.Line]:
    judges: dict[int, list[int]] = defaultdict(list)
    for entry, judge in plan.pairs:
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


async def replace_silent(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Ballots that silent judges still owe go to judges with none outstanding; both are told."""
    stage, window = season.file.stage(ref.stage), window_id(season.id, ref.area, ref.stage)
    assert isinstance(stage, ReviewStage)
    owed = await rows(
        connection,
        """SELECT a.id, a.entry_id, a.judge_id, e.track, e.organisation, e.applicant_id, e.id AS entry,
             coalesce((SELECT array_agg(m.person_id) FROM members m WHERE m.entry_id = e.id), '{}') AS members
           FROM assignments a JOIN entries e ON e.id = a.entry_id
           WHERE a.window_id = :window AND a.state = 'active' ORDER BY a.id""",
        window=window,
    )
    behind = {r["judge_id"] for r in owed}
    judges = {
        j.id: j for j in await judging.judges_for(connection, season.id, ref.area, ref.stage) if j.id not in behind
    }
    conflicts = await judging.conflicts_of(connection, season.id)
    has = await rows(
        connection, "SELECT entry_id, judge_id FROM assignments WHERE stage = :stage AND season_id = :season",
        stage=ref.stage, season=season.id,
    )  # fmt: skip
    already: dict[int, set[int]] = defaultdict(set)
    for r in has:
        already[r["entry_id"]].add(r["judge_id"])
    moves: list[tuple[int, int, int, int]] = []
    for r in owed:
        entry = judging.to_review({**r, "id": r["entry"]})
        found = replacement(entry, list(judges.values()), conflicts, already[entry.id], stage.max_load)
        if found is None:
            continue
        already[entry.id].add(found)
        old = judges[found]
        judges[found] = type(old)(old.id, old.person_id, old.tracks, old.organisation, old.max_load, old.load + 1)
        moves.append((r["id"], entry.id, r["judge_id"], found))
    return await _move(connection, season, ref, window, moves)


async def _move(
    connection: AsyncConnection, season: LiveSeason, ref: StageRef, window: str, moves: list[tuple[int, int, int, int]]
) -> Counted:
    if not moves:
        return Counted(counts={"replaced": 0})
    await run(
        connection,
        "UPDATE assignments SET state = 'replaced', reason = 'no ballot in time' WHERE id = ANY(CAST(:ids AS bigint[]))",
        ids=[m[0] for m in moves],
    )
    await judging.give(connection, season.id, ref.stage, window, [(m[1], m[3]) for m in moves], "in place of another")
    lines = [
        log.Line(
            "assignment.replaced", window_id=window, entry_id=entry, rule="assignment.silent",
            data={"judge": new, "instead_of": old},
        )
        for _, entry, old, new in moves
    ]  # fmt: skip
    await log.write(connection, season.id, lines)
    await judging.tell_judges(connection, season.id, window, [m[3] for m in moves], "replacement")
    await judging.tell_judges(connection, season.id, window, [m[2] for m in moves], "replaced", "ballot_replaced")
    queues = (f"{season.id}/assignment", f"{season.id}/ballot_replaced")
    return Counted(counts={"replaced": len(moves)}, campaigns=queues)


async def conclude_review(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Tally the round by the published rule."""
    stage = season.file.stage(ref.stage)
    assert isinstance(stage, (ReviewStage, DefenceStage))
    rubric = season.file.rubric(stage.rubric)
    counts = await tallies.tally(connection, season.id, ref.stage, ref.area, stage.score_rule, rubric)
    return Counted(counts=counts)


async def prepare_defence(connection: AsyncConnection, season: LiveSeason, ref: StageRef) -> Counted:
    """Plan the sessions with their panels, the order by lot; invite entries and judges. Planned once."""
    stage, window = season.file.stage(ref.stage), window_id(season.id, ref.area, ref.stage)
    assert isinstance(stage, DefenceStage)
    invitation, panel = f"{window}/invitation", f"{window}/panel"
    if not await sessions.planned(connection, season.id, ref.stage, ref.area):
        alive = await judging.entries_alive(connection, season.id, ref.area)
        found = (await rows(connection, "SELECT opens_at, closes_at, zone FROM windows WHERE id = :w", w=window))[0]
        area = next((a for a in season.file.areas if a.code == ref.area), None)
        plan = plan_sessions(
            [judging.to_review(r) for r in alive],
            {r["id"]: r["division"] for r in alive},
            await judging.judges_for(connection, season.id, ref.area, ref.stage),
            await judging.conflicts_of(connection, season.id),
            stage,
            stage.format or (area.format if area else "offline"),
            season.pace.nominal(found["opens_at"]),
            season.pace.nominal(found["closes_at"]),
            area.zone if area else season.file.zone,
            window,
        )
        await sessions.keep(connection, season, ref.stage, ref.area, plan.sessions)
        pairs = [(slot.entry_id, judge) for s in plan.sessions for slot in s.slots for judge in s.judges]
        await judging.give(connection, season.id, ref.stage, window, pairs, "panel")
        await log.write(connection, season.id, [*_planned(plan.sessions, window), *_short(plan.short, window)])
    told = await sessions.invitations(connection, season.id, ref.stage, ref.area)
    entries = [
        Recipient(
            r["applicant_id"], r["language"], f"entry/{r['entry_id']}", r["entry_id"],
            {
                "starts_at": r["starts_at"].isoformat(), "position": r["position"], "format": r["format"],
                "pitch_minutes": stage.pitch_minutes, "question_minutes": stage.question_minutes,
            },
        )
        for r in told
    ]  # fmt: skip
    count = await campaigns.plan(connection, invitation, season.id, "defence_invitation", entries, window=window)
    judges = await sessions.panels(connection, season.id, ref.stage, ref.area)
    sitting = [
        Recipient(
            r["person_id"], r["language"], f"session/{r['session']}", None,
            {"starts_at": r["starts_at"].isoformat(), "count": r["count"], "format": r["format"]},
        )
        for r in judges
    ]  # fmt: skip
    await campaigns.plan(connection, panel, season.id, "panel_invitation", sitting, window=window)
    return Counted(counts={"entries": len(entries), "sessions": len({r["session"] for r in judges})},
                   campaigns=(invitation, panel) if count else ())  # fmt: skip


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
    """Turns without any ballot were not held; then tally as in a review."""
    missed = await sessions.settle(connection, season.id, ref.stage, ref.area)
    lines = [log.Line("slot.no_show", entry_id=entry, rule="defence.no_ballot") for entry in missed]
    await log.write(connection, season.id, lines)
    counted = await conclude_review(connection, season, ref)
    return Counted(counts={**counted.counts, "no_show": len(missed)})
