"""Selections, wild cards, objections, invitations: people's acts and what they change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import BadInput, NotFound, Refused
from models.forms import PersonForm
from models.season import SelectionStage
from models.states import Decision
from records import calendar_entries, campaigns, decisions, gate, log, people
from records.campaigns import Recipient
from records.database import CLOCK, Database, clock_of, now_parameter, rows, run
from records.locks import SELECTING, one_at_a_time
from records.seasons import live


async def wild_cards(connection: AsyncConnection, season: str, stage: str) -> dict[int, str]:
    """Entries with a wild card for a selection, and the reason of each."""
    found = await rows(
        connection, "SELECT entry_id, reason FROM wild_cards WHERE season_id = :season AND stage = :stage",
        season=season, stage=stage,
    )  # fmt: skip
    return {r["entry_id"]: r["reason"] for r in found}


async def give_wild_card(
    database: Database,
    season_id: str,
    stage_id: str,
    entry_id: int,
    *,
    actor: str,
    reason: str,
    command_id: str | None = None,
) -> None:
    """Operations add an entry to a selection to come. A repeat of the same command changes nothing.

    Raises BadInput without a reason, NotFound for an unknown season, selection or entry, Refused for an entry that is
    out, a selection that is made, and beyond the number that the season file allows (in each area, for one by area).
    """
    if not reason.strip():
        raise BadInput("command.no_reason", "A reason is missing.", "A wild card needs a stated reason.")
    async with database.transaction() as connection:
        season = await live(connection, season_id)
        stage = next((s for s in season.file.stages if s.id == stage_id), None)
        if not isinstance(stage, SelectionStage):
            raise NotFound("stage.unknown", f"Season '{season_id}' has no selection '{stage_id}'.")
        # The lock makes two wild cards at once count each other, and none comes while the selection is made.
        await one_at_a_time(connection, season_id, SELECTING)
        if command_id and await log.command_line(connection, command_id):
            return
        entry = await _entry(connection, entry_id)
        if entry["season_id"] != season_id or not entry["alive"]:
            raise Refused("entry.not_alive", f"Entry {entry['number']} is {entry['state']}; it can have no wild card.")
        area = entry["area"] if stage.scope == "area" else None
        override = season.file.area(area).stages.get(stage_id) if area else None
        most = override.wild_cards if override and override.wild_cards is not None else stage.wild_cards
        await _may_have_wild_card(connection, season_id, stage_id, area, entry, most)
        await run(
            connection,
            f"""INSERT INTO wild_cards (stage, entry_id, season_id, actor, reason, at)
                VALUES (:stage, :entry, :season, :actor, :reason, {CLOCK})""",
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


async def _may_have_wild_card(
    connection: AsyncConnection, season: str, stage: str, area: str | None, entry: Mapping[str, Any], most: int
) -> None:
    found = await rows(
        connection,
        """SELECT (SELECT count(*) FROM wild_cards w JOIN entries e ON e.id = w.entry_id
             WHERE w.season_id = :season AND w.stage = :stage AND (CAST(:area AS text) IS NULL OR e.area = :area))
             AS used,
           EXISTS (SELECT 1 FROM wild_cards WHERE stage = :stage AND entry_id = :entry) AS has,
           EXISTS (SELECT 1 FROM selections WHERE season_id = :season AND stage = :stage
             AND area IS NOT DISTINCT FROM :area) AS made""",
        season=season,
        stage=stage,
        area=area,
        entry=entry["id"],
    )
    if found[0]["made"]:
        raise Refused("selection.made", f"Selection '{stage}' is made already; entry {entry['number']} is too late.")
    if found[0]["has"]:
        raise Refused("wild_card.given", f"Entry {entry['number']} has a wild card of selection '{stage}' already.")
    if found[0]["used"] >= most:
        raise Refused("wild_card.used_up", f"All {most} wild cards of selection '{stage}' are given.")


_OBJECT = f"""WITH {gate.BY_WINDOW}, filed AS (
  INSERT INTO objections (season_id, window_id, entry_id, by_id, text, state, filed_at)
  SELECT gate.season_id, gate.id, e.id, CAST(:by AS bigint), :text, 'open', gate.at
  FROM gate JOIN windows w ON w.id = gate.id AND w.kind = 'public_notice'
  JOIN entries e ON e.id = :entry AND e.season_id = gate.season_id AND (gate.area IS NULL OR e.area = gate.area)
  RETURNING id, season_id, window_id, entry_id, filed_at
), logged AS (
  INSERT INTO log (season_id, at, actor, event, window_id, entry_id, data)
  SELECT season_id, filed_at, 'public', 'objection.filed', window_id, entry_id, jsonb_build_object('objection', id)
  FROM filed
) SELECT id FROM filed"""


async def file_objection(
    database: Database, window_id: str, entry_id: int, objection: str, *, by: PersonForm | None = None
) -> int:
    """Object to an entry on a public notice, through the gate; the objection's id.

    Raises Refused for an entry that is not on this list and for a window that does not accept, NotFound for an
    unknown entry or window, BadInput without a text.
    """
    if not objection.strip():
        raise BadInput("objection.empty", "The objection has no text.", "Say what is wrong with the entry.")
    async with database.transaction() as connection:
        entry = await _entry(connection, entry_id)
        await _must_be_listed(connection, window_id, entry)
        person = None
        if by is not None:
            at = await clock_of(connection)
            person = (await people.keep(connection, [by], at))[0]
        values = {"window": window_id, "entry": entry_id, "by": person, "text": objection, "now": now_parameter()}
        found: int | None = (await connection.execute(text(_OBJECT), values)).scalar_one_or_none()
        if found is None:
            await gate.refuse(connection, entry["season_id"], "public_notice", entry["area"], window_id)
        return found


async def _must_be_listed(connection: AsyncConnection, window_id: str, entry: Mapping[str, Any]) -> None:
    """The list is that of the selection before the notice: the selected and those who wait to move up."""
    found = await rows(
        connection, "SELECT season_id, area, stage FROM windows WHERE id = :id AND kind = 'public_notice'", id=window_id
    )
    if not found:
        raise NotFound("window.unknown", f"There is no public notice '{window_id}'.")
    notice = found[0]
    file = (await live(connection, notice["season_id"])).file
    here = next(n for n, s in enumerate(file.stages) if s.id == notice["stage"])
    before = [s.id for s in file.stages[:here] if isinstance(s, SelectionStage)]
    listed = await rows(
        connection,
        """SELECT 1 FROM entries e LEFT JOIN selections s ON s.entry_id = e.id AND s.stage = :selection
           WHERE e.id = :entry AND e.season_id = :season AND (CAST(:area AS text) IS NULL OR e.area = :area)
             AND CASE WHEN CAST(:selection AS text) IS NULL THEN e.alive
               ELSE s.decision IN ('selected', 'wild_card', 'stepped_up', 'waiting') END""",
        entry=entry["id"],
        season=notice["season_id"],
        area=notice["area"],
        selection=before[-1] if before else None,
    )
    if not listed:
        raise Refused("objection.not_listed", f"Entry {entry['number']} is not on the list of '{window_id}'.")


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
        gone = await decisions.leave(connection, season, entry, Decision.REMOVED, reason, actor=actor)
        if gone.left:
            await decisions.tell(connection, season, "removed", [entry], {"reason": reason})
            await calendar_entries.name(connection, f"{season}/removed", season, later=1)
    if objection["by_id"] is not None:
        told = await rows(connection, "SELECT language FROM people WHERE id = :id", id=objection["by_id"])
        recipient = Recipient(
            objection["by_id"], told[0]["language"], f"objection/{objection['id']}", entry,
            {"decision": state, "reason": reason},
        )  # fmt: skip
        await campaigns.plan(connection, f"{season}/objection_decided", season, "objection_decided", [recipient])


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
    """Confirm or decline, through the gate. Declining to take part makes the next in rank move up, and invites it.

    Raises Refused where the window does not accept, the entry is not invited, or it has declined before.
    """
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
            why = "declined to take part"
            await decisions.leave(connection, entry["season_id"], entry_id, Decision.DECLINED, why, actor="applicant")


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
