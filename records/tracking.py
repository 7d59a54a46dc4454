"""Follow-ups: questions about a match, each with a window for its answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import NotFound, Refused
from models.season import Reminder
from models.tables import Window
from records import gate, log
from records.database import CLOCK, Database, now_parameter, rows
from records.matching import window_row
from records.seasons import LiveSeason


def follow_up_window(season: str, match: int, kind: str, ordinal: int) -> str:
    """Id of the window of a follow-up."""
    return f"{season}/match/{match}/{kind}/{ordinal}"


async def open_follow_up(
    connection: AsyncConnection,
    season: LiveSeason,
    match: int,
    kind: str,
    ordinal: int,
    stage: str,
    owner: str,
    length: timedelta,
    lines: tuple[Reminder, ...],
) -> str:
    """Write a follow-up and its window, open from now for `length` (real); the window's id. Harmless when repeated."""
    window = follow_up_window(season.id, match, kind, ordinal)
    at: datetime = (await rows(connection, f"SELECT {CLOCK} AS at"))[0]["at"]
    row = window_row(season, window, stage, "follow_up", f"match/{match}", owner, at, at + length, lines)
    await connection.execute(upsert(Window).values(row).on_conflict_do_nothing())
    new = await rows(
        connection,
        """INSERT INTO follow_ups (season_id, match_id, kind, ordinal, window_id, state)
           VALUES (:season, :match, :kind, :ordinal, :window, 'due') ON CONFLICT DO NOTHING
           RETURNING (SELECT entry_id FROM matches WHERE id = :match) AS entry_id""",
        season=season.id,
        match=match,
        kind=kind,
        ordinal=ordinal,
        window=window,
    )
    lines_ = [
        log.Line("follow_up.due", window_id=window, entry_id=r["entry_id"], data={"match": match, "count": ordinal})
        for r in new
    ]
    await log.write(connection, season.id, lines_, at=at)
    return window


_ANSWER = f"""WITH {gate.BY_WINDOW}, answered AS (
  UPDATE follow_ups f SET state = 'answered', answer = :answer, answered_at = gate.at
  FROM gate WHERE f.id = :id AND f.state IN ('due', 'answered') RETURNING f.match_id, gate.season_id, gate.id AS w, gate.at
), logged AS (
  INSERT INTO log (season_id, at, actor, event, window_id, entry_id, data)
  SELECT a.season_id, a.at, 'place', 'follow_up.answered', a.w, m.entry_id,
    jsonb_build_object('match', m.id, 'answer', CAST(:answer AS text))
  FROM answered a JOIN matches m ON m.id = a.match_id
) SELECT match_id FROM answered"""


async def answer_follow_up(database: Database, follow_up: int, answer: str) -> None:
    """Answer a follow-up through the gate. Raises Refused after its close."""
    async with database.statement() as connection:
        found = await rows(
            connection, "SELECT season_id, window_id, state FROM follow_ups WHERE id = :id", id=follow_up
        )
        if not found:
            raise NotFound("follow_up.unknown", f"There is no follow-up {follow_up}.")
        window = found[0]["window_id"]
        values = {"window": window, "id": follow_up, "answer": answer, "now": now_parameter()}
        if (await connection.execute(text(_ANSWER), values)).scalar_one_or_none() is None:
            if found[0]["state"] == "missed":
                raise Refused(
                    "follow_up.missed", "This follow-up was closed without an answer.", "Write to the office."
                )
            await gate.refuse(connection, found[0]["season_id"], "follow_up", None, window)


async def miss(connection: AsyncConnection, season: str, match: int, kind: str, ordinal: int) -> bool:
    """A follow-up still due after its close is missed."""
    found = await rows(
        connection,
        """UPDATE follow_ups SET state = 'missed' WHERE match_id = :match AND kind = :kind AND ordinal = :ordinal
             AND state = 'due' RETURNING window_id, (SELECT entry_id FROM matches WHERE id = :match) AS entry_id""",
        match=match,
        kind=kind,
        ordinal=ordinal,
    )
    lines = [
        log.Line("follow_up.missed", window_id=r["window_id"], entry_id=r["entry_id"], data={"match": match})
        for r in found
    ]
    await log.write(connection, season, lines)
    return bool(found)


async def tracked(connection: AsyncConnection, season: str) -> list[dict[str, Any]]:
    """Every match that is tracked, with its base instant and the ordinals of its follow-ups so far."""
    return await rows(
        connection,
        """SELECT m.id, m.entry_id, m.state, coalesce(m.answered_at, m.proposed_at) AS base,
             coalesce((SELECT max(f.ordinal) FROM follow_ups f WHERE f.match_id = m.id AND f.kind = 'tracking'), 0)
               AS last
           FROM matches m WHERE m.season_id = :season AND m.state IN ('negotiating', 'landed') ORDER BY m.id""",
        season=season,
    )


async def open_ones(connection: AsyncConnection, season: str, owner: str) -> list[dict[str, Any]]:
    """The windows of tracking that are still to close."""
    return await rows(
        connection,
        """SELECT w.*, f.match_id, f.ordinal, f.state AS answer_state FROM windows w
           JOIN follow_ups f ON f.window_id = w.id
           WHERE w.season_id = :season AND w.owner = :owner AND w.state IN ('open', 'scheduled', 'paused')
           ORDER BY w.closes_at, w.id""",
        season=season,
        owner=owner,
    )
