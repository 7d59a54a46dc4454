"""What a selection decides about entries, and what changes it later: who leaves, and who moves up in its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from models.facts import SelectionRow
from models.season import AwardsStage, SelectionStage
from models.states import Decision, EntryState
from records import campaigns, invitations, log, reopening
from records.campaigns import Recipient
from records.database import CLOCK, rows, run
from records.locks import SELECTING, one_at_a_time
from records.seasons import LiveSeason, file_of
from rules.selection import step_up

_STATES = {
    Decision.SELECTED: "selected",
    Decision.WILD_CARD: "selected",
    Decision.STEPPED_UP: "selected",
    Decision.WAITING: "waiting",
    Decision.NOT_SELECTED: "not_selected",
    Decision.REMOVED: "removed",
    Decision.DECLINED: "declined",
}


async def made(connection: AsyncConnection, season: str, stage: str, area: str | None) -> list[SelectionRow]:
    """What a selection has decided; empty where it was not made yet."""
    found = await rows(
        connection,
        """SELECT entry_id, division, rank, decision, reason FROM selections
           WHERE season_id = :season AND stage = :stage AND area IS NOT DISTINCT FROM :area ORDER BY entry_id""",
        season=season,
        stage=stage,
        area=area,
    )
    return [SelectionRow(r["entry_id"], r["division"], r["rank"], Decision(r["decision"]), r["reason"]) for r in found]


async def built_upon(connection: AsyncConnection, season: str, stage: str, area: str | None, ordinal: int) -> bool:
    """Whether a selection can no more be made anew: entries moved up, or what comes after it has begun.

    Who has withdrawn is no hindrance, nor is a stage that waits though its time has come.
    """
    found = await rows(
        connection,
        """SELECT EXISTS (
              SELECT 1 FROM selections s JOIN entries e ON e.id = s.entry_id
              WHERE s.season_id = :season AND s.stage = :stage AND s.area IS NOT DISTINCT FROM :area
                AND (s.decision = 'stepped_up' OR (e.state <> 'withdrawn'
                  AND (s.decision IN ('removed', 'declined') OR e.stage IS DISTINCT FROM :stage)))
            ) OR EXISTS (
              SELECT 1 FROM windows w WHERE w.season_id = :season AND w.ordinal > :ordinal AND w.subject IS NULL
                AND w.kind <> 'needs' AND (w.area = :area OR w.area IS NULL OR CAST(:area AS text) IS NULL)
                AND (w.opened_at IS NOT NULL OR w.state = 'closed')
            ) AS built""",
        season=season,
        stage=stage,
        area=area,
        ordinal=ordinal,
    )
    return bool(found[0]["built"])


async def final_by(connection: AsyncConnection, season: LiveSeason, by: str, area: str | None) -> str | None:
    """What was made by the result of a round and can no more be made anew: a selection's or awards' id, or None."""
    for ordinal, stage in enumerate(season.file.stages):
        if isinstance(stage, SelectionStage) and stage.by == by:
            of = area if stage.scope == "area" else None
            if await made(connection, season.id, stage.id, of) and await built_upon(
                connection, season.id, stage.id, of, ordinal
            ):
                return stage.id
        if isinstance(stage, AwardsStage) and stage.by == by:
            given = await rows(connection, "SELECT 1 FROM awards WHERE season_id = :season LIMIT 1", season=season.id)
            if given:
                return stage.id
    return None


async def keep(
    connection: AsyncConnection, season: str, stage: str, area: str | None, decided: Sequence[SelectionRow]
) -> None:
    """Write decisions of a selection, and what they make of the entries. The caller holds `SELECTING`."""
    columns = {
        "entries": [r.entry_id for r in decided],
        "divisions": [r.division for r in decided],
        "ranks": [r.rank for r in decided],
        "decisions": [str(r.decision) for r in decided],
        "reasons": [r.reason for r in decided],
    }
    unnest = """unnest(CAST(:entries AS bigint[]), CAST(:divisions AS text[]), CAST(:ranks AS int[]),
        CAST(:decisions AS text[]), CAST(:reasons AS text[])) AS k(entry, division, rank, decision, reason)"""
    await run(
        connection,
        f"""INSERT INTO selections (season_id, stage, entry_id, area, division, rank, decision, reason, at)
            SELECT :season, :stage, k.entry, :area, k.division, k.rank, k.decision, k.reason, {CLOCK} FROM {unnest}
            ON CONFLICT (season_id, stage, entry_id) DO UPDATE SET rank = excluded.rank,
              decision = excluded.decision, reason = excluded.reason, at = excluded.at""",
        season=season,
        stage=stage,
        area=area,
        **columns,
    )
    # Who withdraws at this very moment stays withdrawn.
    await run(
        connection,
        """UPDATE entries e SET state = k.state, alive = k.state = 'selected', stage = :stage
           FROM unnest(CAST(:entries AS bigint[]), CAST(:states AS text[])) AS k(entry, state)
           WHERE e.id = k.entry AND e.state <> 'withdrawn'""",
        stage=stage,
        entries=columns["entries"],
        states=[_STATES[r.decision] for r in decided],
    )
    lines = [
        log.Line(
            f"selection.{r.decision}",
            entry_id=r.entry_id,
            rule="selection.wild_card" if r.decision == Decision.WILD_CARD else "selection.quota",
            reason=r.reason,
            data={"rank": r.rank, "division": r.division, "stage": stage},
        )
        for r in decided
    ]
    await log.write(connection, season, lines)


async def forget(connection: AsyncConnection, season: str, stage: str, entries: Sequence[int]) -> None:
    """Drop decisions about entries that a selection made anew no more finds; the log keeps them."""
    await run(
        connection,
        """DELETE FROM selections WHERE season_id = :season AND stage = :stage
           AND entry_id = ANY(CAST(:entries AS bigint[]))""",
        season=season,
        stage=stage,
        entries=list(entries),
    )


class Leaving(NamedTuple):
    """Whether an entry left now (it may have been out already), and the entry that moved up, if any."""

    left: bool
    moved_up: int | None = None


async def leave(
    connection: AsyncConnection, season: str, entry_id: int, why: Decision, reason: str, *, actor: str = "system"
) -> Leaving:
    """An entry leaves the competition, or the waiting list, once; for a selected one the next in rank moves up.

    While the round that ranked them is open again nobody does: its selection is made anew after its close.
    """
    # Two who leave at once make two different entries move up, and one who leaves twice makes one.
    await one_at_a_time(connection, season, SELECTING)
    found = await rows(
        connection,
        """SELECT e.state, e.alive, s.stage, s.area, s.division, s.decision FROM entries e
           LEFT JOIN selections s ON s.entry_id = e.id AND s.season_id = e.season_id AND s.stage = e.stage
           WHERE e.id = :entry FOR NO KEY UPDATE OF e""",
        entry=entry_id,
    )
    place = found[0]
    if not place["alive"] and place["state"] != EntryState.WAITING:
        return Leaving(False)
    await run(
        connection,
        "UPDATE entries SET state = :state, alive = false WHERE id = :id",
        state=_STATES[why],
        id=entry_id,
    )
    data = {"stage": place["stage"]} if place["stage"] else {}
    line = log.Line(f"selection.{why}", actor=actor, entry_id=entry_id, reason=reason, data=data)
    await log.write(connection, season, [line])
    if place["stage"] is None:
        return Leaving(True)
    await run(
        connection,
        f"""UPDATE selections SET decision = :decision, reason = :reason, at = {CLOCK}
            WHERE season_id = :season AND stage = :stage AND entry_id = :entry""",
        decision=str(why),
        reason=reason,
        season=season,
        stage=place["stage"],
        entry=entry_id,
    )
    if place["decision"] not in (Decision.SELECTED, Decision.WILD_CARD, Decision.STEPPED_UP):
        return Leaving(True)
    if await _is_made_anew(connection, season, place):
        return Leaving(True)
    up = await _next(connection, season, place)
    if up is not None:
        await _move_up(connection, season, place["stage"], up, entry_id)
        await invitations.invite_late(connection, season, await file_of(connection, season), up)
    return Leaving(True, up)


async def _is_made_anew(connection: AsyncConnection, season: str, place: dict[str, Any]) -> bool:
    """Whether the round by which a selection was made is open again: then its new result decides who comes next."""
    stage = (await file_of(connection, season)).stage(place["stage"])
    return isinstance(stage, SelectionStage) and await reopening.is_pending(connection, season, stage.by, place["area"])


async def _next(connection: AsyncConnection, season: str, place: dict[str, Any]) -> int | None:
    # A waiting entry may have withdrawn: its row is locked too, so that it cannot do so meanwhile.
    waiting = await rows(
        connection,
        """SELECT s.entry_id, s.division, s.rank FROM selections s JOIN entries e ON e.id = s.entry_id
           WHERE s.season_id = :season AND s.stage = :stage AND s.area IS NOT DISTINCT FROM :area
             AND s.division = :division AND s.decision = 'waiting' AND e.state = 'waiting'
           ORDER BY s.rank FOR NO KEY UPDATE OF e""",
        season=season,
        stage=place["stage"],
        area=place["area"],
        division=place["division"],
    )
    list_ = [SelectionRow(r["entry_id"], r["division"], r["rank"], Decision.WAITING) for r in waiting]
    return step_up(list_, place["division"])


async def _move_up(connection: AsyncConnection, season: str, stage: str, entry_id: int, instead_of: int) -> None:
    await run(
        connection,
        f"""UPDATE selections SET decision = 'stepped_up', at = {CLOCK}
            WHERE season_id = :season AND stage = :stage AND entry_id = :entry""",
        season=season,
        stage=stage,
        entry=entry_id,
    )
    await run(connection, "UPDATE entries SET state = 'selected', alive = true WHERE id = :id", id=entry_id)
    line = log.Line(
        "selection.stepped_up", entry_id=entry_id, rule="selection.step_up",
        data={"stage": stage, "instead_of": instead_of},
    )  # fmt: skip
    await log.write(connection, season, [line])
    await tell(connection, season, "stepped_up", [entry_id], {})


async def tell(
    connection: AsyncConnection, season: str, template: str, entries: Sequence[int], data: dict[str, Any]
) -> None:
    """Queue a notice of this template to the applicants of these entries, once for each entry."""
    found = await rows(
        connection,
        """SELECT e.id, e.applicant_id, p.language FROM entries e JOIN people p ON p.id = e.applicant_id
           WHERE e.id = ANY(CAST(:ids AS bigint[])) ORDER BY e.id""",
        ids=list(entries),
    )
    told = [Recipient(r["applicant_id"], r["language"], f"entry/{r['id']}", r["id"], data) for r in found]
    await campaigns.plan(connection, f"{season}/{template}", season, template, told)
