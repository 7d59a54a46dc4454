"""Selections, wild cards, objections, invitations: people's acts and what they change."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import BadInput, NotFound, Refused
from models.facts import SelectionRow
from models.forms import PersonForm
from models.season import SelectionStage
from models.states import Decision
from records import campaigns, gate, log, people
from records.campaigns import Recipient
from records.database import CLOCK, Database, now_parameter, rows, run
from records.seasons import live

_STATES = {
    Decision.SELECTED: "selected",
    Decision.WILD_CARD: "selected",
    Decision.STEPPED_UP: "selected",
    Decision.WAITING: "waiting",
    Decision.NOT_SELECTED: "not_selected",
    Decision.REMOVED: "removed",
    Decision.DECLINED: "declined",
}


async def keep(
    connection: AsyncConnection, season: str, stage: str, area: str | None, decided: Sequence[SelectionRow]
) -> None:
    """Write the decisions of a selection, and what they make of the entries."""
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
    await run(
        connection,
        """UPDATE entries e SET state = k.state, alive = k.state = 'selected', stage = :stage
           FROM unnest(CAST(:entries AS bigint[]), CAST(:states AS text[])) AS k(entry, state) WHERE e.id = k.entry""",
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


async def wild_cards(connection: AsyncConnection, season: str, stage: str) -> dict[int, str]:
    """Entries with a wild card for a selection, and the reason of each."""
    found = await rows(
        connection, "SELECT entry_id, reason FROM wild_cards WHERE season_id = :season AND stage = :stage",
        season=season, stage=stage,
    )  # fmt: skip
    return {r["entry_id"]: r["reason"] for r in found}


async def give_wild_card(
    database: Database, season_id: str, stage_id: str, entry_id: int, *, actor: str, reason: str, command_id: str
) -> None:
    """Operations add an entry to a selection to come. Raises Refused beyond the number that the season file allows."""
    if not reason.strip():
        raise BadInput("command.no_reason", "A reason is missing.", "A wild card needs a stated reason.")
    async with database.transaction() as connection:
        season = await live(connection, season_id)
        stage = next((s for s in season.file.stages if s.id == stage_id), None)
        if not isinstance(stage, SelectionStage):
            raise NotFound("stage.unknown", f"Season '{season_id}' has no selection '{stage_id}'.")
        if await log.command_line(connection, command_id):
            return
        entry = await _entry(connection, entry_id)
        if entry["season_id"] != season_id or not entry["alive"]:
            raise Refused("entry.not_alive", f"Entry {entry['number']} is {entry['state']}; it can have no wild card.")
        area = entry["area"] if stage.scope == "area" else None
        override = season.file.area(entry["area"]).stages.get(stage_id)
        most = override.wild_cards if override and override.wild_cards is not None else stage.wild_cards
        # The lock on the season's row makes two wild cards at once count each other.
        await rows(connection, "SELECT id FROM seasons WHERE id = :season FOR UPDATE", season=season_id)
        used = await rows(
            connection,
            """SELECT (SELECT count(*) FROM wild_cards w JOIN entries e ON e.id = w.entry_id
                 WHERE w.season_id = :season AND w.stage = :stage AND (CAST(:area AS text) IS NULL OR e.area = :area))
                 AS used,
               (SELECT count(*) FROM selections WHERE season_id = :season AND stage = :stage AND entry_id = :entry)
                 AS made""",
            season=season_id,
            stage=stage_id,
            area=area,
            entry=entry_id,
        )
        if used[0]["made"]:
            raise Refused("selection.made", f"Selection '{stage_id}' has decided on entry {entry['number']} already.")
        if used[0]["used"] >= most:
            raise Refused("wild_card.used_up", f"All {most} wild cards of selection '{stage_id}' are given.")
        await run(
            connection,
            f"""INSERT INTO wild_cards (stage, entry_id, season_id, actor, reason, at)
                VALUES (:stage, :entry, :season, :actor, :reason, {CLOCK}) ON CONFLICT DO NOTHING""",
            stage=stage_id,
            entry=entry_id,
            season=season_id,
            actor=actor,
            reason=reason,
        )
        line = log.Line(
            "wild_card.given", actor=actor, entry_id=entry_id, reason=reason, command_id=command_id,
            data={"stage": stage_id},
        )  # fmt: skip
        await log.write(connection, season_id, [line])


_OBJECT = f"""WITH {gate.BY_WINDOW}, filed AS (
  INSERT INTO objections (season_id, window_id, entry_id, by_id, text, state, filed_at)
  SELECT gate.season_id, gate.id, :entry, CAST(:by AS bigint), :text, 'open', gate.at FROM gate
  RETURNING id, season_id, window_id, entry_id, filed_at
), logged AS (
  INSERT INTO log (season_id, at, actor, event, window_id, entry_id, data)
  SELECT season_id, filed_at, 'public', 'objection.filed', window_id, entry_id, jsonb_build_object('objection', id)
  FROM filed
) SELECT id FROM filed"""


async def file_objection(
    database: Database, window_id: str, entry_id: int, objection: str, *, by: PersonForm | None = None
) -> int:
    """Object to an entry on a public notice, through the gate; the objection's id."""
    if not objection.strip():
        raise BadInput("objection.empty", "The objection has no text.", "Say what is wrong with the entry.")
    async with database.transaction() as connection:
        entry = await _entry(connection, entry_id)
        person = None
        if by is not None:
            at = (await rows(connection, f"SELECT {CLOCK} AS at"))[0]["at"]
            person = (await people.keep(connection, [by], at))[0]
        values = {"window": window_id, "entry": entry_id, "by": person, "text": objection, "now": now_parameter()}
        found: int | None = (await connection.execute(text(_OBJECT), values)).scalar_one_or_none()
        if found is None:
            await gate.refuse(connection, entry["season_id"], "public_notice", entry["area"], window_id)
        return found


async def decide_objection(
    database: Database, objection_id: int, *, upheld: bool, actor: str, reason: str, command_id: str | None = None
) -> None:
    """Uphold or dismiss an objection, once. An upheld one removes the entry, and the next in rank moves up."""
    if not reason.strip():
        raise BadInput("command.no_reason", "A reason is missing.", "Say why; both sides read it.")
    async with database.transaction() as connection:
        found = await rows(connection, "SELECT * FROM objections WHERE id = :id FOR UPDATE", id=objection_id)
        if not found:
            raise NotFound("objection.unknown", f"There is no objection {objection_id}.")
        if command_id and await log.command_line(connection, command_id):
            return
        if found[0]["state"] != "open":
            raise Refused("objection.decided", f"Objection {objection_id} was {found[0]['state']} already.")
        await decide(connection, found[0], upheld=upheld, actor=actor, reason=reason, command_id=command_id)


async def decide(
    connection: AsyncConnection,
    objection: Mapping[str, Any],
    *,
    upheld: bool,
    actor: str,
    reason: str,
    rule: str | None = None,
    command_id: str | None = None,
) -> None:
    """Write the decision on a locked, open objection and all that follows from it."""
    state = "upheld" if upheld else "dismissed"
    season, entry = objection["season_id"], objection["entry_id"]
    await run(
        connection,
        f"""UPDATE objections SET state = :state, decided_at = {CLOCK}, decided_by = :actor, reason = :reason
            WHERE id = :id""",
        state=state,
        actor=actor,
        reason=reason,
        id=objection["id"],
    )
    line = log.Line(
        f"objection.{state}", actor=actor, window_id=objection["window_id"], entry_id=entry, reason=reason, rule=rule,
        command_id=command_id, data={"objection": objection["id"]},
    )  # fmt: skip
    await log.write(connection, season, [line])
    if upheld:
        await leave(connection, season, entry, Decision.REMOVED, reason, actor=actor)
        await _tell(connection, season, "removed", [entry], {"reason": reason})
    if objection["by_id"] is not None:
        told = await rows(connection, "SELECT language FROM people WHERE id = :id", id=objection["by_id"])
        recipient = Recipient(
            objection["by_id"], told[0]["language"], f"objection/{objection['id']}", entry,
            {"decision": state, "reason": reason},
        )  # fmt: skip
        await campaigns.plan(connection, f"{season}/objection_decided", season, "objection_decided", [recipient])


async def leave(
    connection: AsyncConnection, season: str, entry_id: int, why: Decision, reason: str, *, actor: str = "system"
) -> int | None:
    """A selected entry leaves the competition; the next in rank of its area and division moves up. That one, or None."""
    found = await rows(
        connection,
        """SELECT s.stage, s.area, s.division, s.rank FROM selections s JOIN entries e ON e.id = s.entry_id
           WHERE s.season_id = :season AND s.entry_id = :entry AND s.stage = e.stage
             AND s.decision IN ('selected', 'wild_card', 'stepped_up')""",
        season=season,
        entry=entry_id,
    )
    await run(
        connection,
        "UPDATE entries SET state = :state, alive = false WHERE id = :id",
        state=_STATES[why],
        id=entry_id,
    )
    line = log.Line(f"selection.{why}", actor=actor, entry_id=entry_id, reason=reason)
    await log.write(connection, season, [line])
    if not found:
        return None
    place = found[0]
    # All who wait in this list are locked, so that two who leave at once make two different entries move up.
    waiting = await rows(
        connection,
        """SELECT s.entry_id, s.rank FROM selections s WHERE s.season_id = :season AND s.stage = :stage
             AND s.area IS NOT DISTINCT FROM :area AND s.division = :division AND s.decision = 'waiting'
           ORDER BY s.rank FOR UPDATE""",
        season=season,
        stage=place["stage"],
        area=place["area"],
        division=place["division"],
    )
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
    if not waiting:
        return None
    up = waiting[0]
    await keep_step_up(connection, season, place["stage"], up["entry_id"], entry_id)
    return int(up["entry_id"])


async def keep_step_up(connection: AsyncConnection, season: str, stage: str, entry_id: int, instead_of: int) -> None:
    """The next in rank is selected in the place of another, and told."""
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
    await _tell(connection, season, "stepped_up", [entry_id], {})


async def _tell(
    connection: AsyncConnection, season: str, template: str, entries: Sequence[int], data: dict[str, Any]
) -> None:
    found = await rows(
        connection,
        """SELECT e.id, e.applicant_id, p.language FROM entries e JOIN people p ON p.id = e.applicant_id
           WHERE e.id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(entries),
    )
    told = [Recipient(r["applicant_id"], r["language"], f"entry/{r['id']}", r["id"], data) for r in found]
    await campaigns.plan(connection, f"{season}/{template}", season, template, told)


_ANSWER = f"""WITH {gate.BY_WINDOW}, answered AS (
  UPDATE invitations i SET state = :state, answered_at = gate.at, answers = CAST(:answers AS jsonb)
  FROM gate WHERE i.window_id = gate.id AND i.entry_id = :entry AND i.state IN ('invited', 'accepted')
  RETURNING i.entry_id, gate.season_id, gate.id AS window_id, gate.at
), logged AS (
  INSERT INTO log (season_id, at, actor, event, window_id, entry_id)
  SELECT season_id, at, 'applicant', 'invitation.' || :state, window_id, entry_id FROM answered
) SELECT season_id FROM answered"""


async def answer_invitation(
    database: Database, window_id: str, entry_id: int, *, accept: bool, answers: Mapping[str, Any] | None = None
) -> None:
    """Confirm or decline, through the gate. Declining to take part makes the next in rank move up, and invites it."""
    async with database.transaction() as connection:
        entry = await _entry(connection, entry_id)
        values = {
            "window": window_id, "entry": entry_id, "state": "accepted" if accept else "declined",
            "answers": json.dumps(dict(answers or {})), "now": now_parameter(),
        }  # fmt: skip
        if (await connection.execute(text(_ANSWER), values)).scalar_one_or_none() is None:
            kind = (await rows(connection, "SELECT kind, area FROM windows WHERE id = :id", id=window_id)) or [{}]
            await gate.refuse(connection, entry["season_id"], kind[0].get("kind", ""), entry["area"], window_id)
        kind = await rows(connection, "SELECT kind FROM windows WHERE id = :id", id=window_id)
        if not accept and kind[0]["kind"] == "confirmation":
            season = entry["season_id"]
            up = await leave(
                connection, season, entry_id, Decision.DECLINED, "declined to take part", actor="applicant"
            )
            if up is not None:
                await invite(connection, season, window_id, [up])
                await campaigns.plan(
                    connection, f"{window_id}/invitation", season, "confirm_attendance", "invited_unanswered",
                    window=window_id,
                )  # fmt: skip


async def invite(connection: AsyncConnection, season: str, window_id: str, entries: Sequence[int]) -> None:
    """Invite entries to confirm in a window; who is invited already is left as it is."""
    found = await rows(
        connection,
        f"""INSERT INTO invitations (window_id, entry_id, state, invited_at, answers)
            SELECT :window, k.entry, 'invited', {CLOCK}, '{{}}' FROM unnest(CAST(:entries AS bigint[])) AS k(entry)
            ON CONFLICT DO NOTHING RETURNING entry_id""",
        window=window_id,
        entries=list(entries),
    )
    lines = [log.Line("invitation.sent", window_id=window_id, entry_id=r["entry_id"]) for r in found]
    await log.write(connection, season, lines)


async def lapse_invitations(connection: AsyncConnection, season: str, window_id: str) -> list[int]:
    """Invitations that nobody answered lapse with their window; the entries."""
    found = await rows(
        connection,
        "UPDATE invitations SET state = 'lapsed' WHERE window_id = :window AND state = 'invited' RETURNING entry_id",
        window=window_id,
    )
    entries = sorted(r["entry_id"] for r in found)
    lines = [log.Line("invitation.lapsed", window_id=window_id, entry_id=e, rule="window.closed") for e in entries]
    await log.write(connection, season, lines)
    return entries


async def _entry(connection: AsyncConnection, entry_id: int) -> dict[str, Any]:
    found = await rows(
        connection, "SELECT id, season_id, number, area, state, alive FROM entries WHERE id = :id", id=entry_id
    )
    if not found:
        raise NotFound("entry.unknown", f"There is no entry {entry_id}.")
    return found[0]
