"""Follow-ups: questions about a match, each with a window for its answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import NotFound
from models.season import Reminder
from records import gate, log
from records.database import CLOCK, Database, rows, run
from records.matching import window_row, write_windows
from records.seasons import LiveSeason


def follow_up_window(season: str, match: int, kind: str, ordinal: int) -> str:
    """Id of the window of a follow-up."""
    return f"{season}/match/{match}/{kind}/{ordinal}"


class FollowUp(NamedTuple):
    """A follow-up to be opened: of which match, the how manieth of its kind, and how many before it were left out."""

    match: int
    ordinal: int
    skipped: int = 0


async def open_follow_ups(
    connection: AsyncConnection,
    season: LiveSeason,
    kind: str,
    wanted: Sequence[FollowUp],
    stage: str,
    owner: str,
    length: timedelta,
    lines: tuple[Reminder, ...],
    *,
    at: datetime,
) -> list[str]:
    """Write follow-ups and their windows, open from `at` for `length` (real); the windows' ids, in order.

    Harmless when repeated: a follow-up that is there already is left as it is.
    """
    ids = [follow_up_window(season.id, one.match, kind, one.ordinal) for one in wanted]
    made = [
        window_row(season, window, stage, "follow_up", f"match/{one.match}", owner, at, at + length, lines)
        for one, window in zip(wanted, ids, strict=True)
    ]
    await write_windows(connection, made)
    new = await rows(
        connection,
        """INSERT INTO follow_ups (season_id, match_id, kind, ordinal, window_id, state)
           SELECT :season, k.match, :kind, k.ordinal, k.window, 'due'
           FROM unnest(CAST(:matches AS bigint[]), CAST(:ordinals AS int[]), CAST(:windows AS text[]))
             AS k(match, ordinal, "window") ON CONFLICT DO NOTHING
           RETURNING match_id, ordinal, window_id,
             (SELECT entry_id FROM matches m WHERE m.id = follow_ups.match_id) AS entry_id""",
        season=season.id,
        kind=kind,
        matches=[one.match for one in wanted],
        ordinals=[one.ordinal for one in wanted],
        windows=ids,
    )
    await log.write(connection, season.id, _due_lines(new, {one.match: one.skipped for one in wanted}), at=at)
    return ids


def _due_lines(new: list[dict[str, Any]], skipped: dict[int, int]) -> list[log.Line]:
    written = []
    for row in new:
        about = {"match": row["match_id"], "count": row["ordinal"]}
        if skipped[row["match_id"]]:
            missed = {"match": row["match_id"], "count": skipped[row["match_id"]]}
            why = "several were due at once; only the newest is asked"
            line = log.Line(
                "follow_up.missed", entry_id=row["entry_id"], rule="tracking.merged", reason=why, data=missed
            )
            written.append(line)
        written.append(log.Line("follow_up.due", window_id=row["window_id"], entry_id=row["entry_id"], data=about))
    return written


_ANSWER = f"""WITH {gate.BY_WINDOW}, answered AS (
  UPDATE follow_ups f SET state = 'answered', answer = :answer, answered_at = gate.at
  FROM gate WHERE f.id = :id AND f.state IN ('due', 'answered')
  RETURNING f.match_id, gate.season_id, gate.id AS w, gate.at
), logged AS (
  INSERT INTO log (season_id, at, actor, event, window_id, entry_id, data)
  SELECT a.season_id, a.at, 'place', 'follow_up.answered', a.w, m.entry_id,
    jsonb_build_object('match', m.id, 'answer', CAST(:answer AS text))
  FROM answered a JOIN matches m ON m.id = a.match_id
) SELECT match_id FROM answered"""


async def answer_follow_up(database: Database, follow_up: int, answer: str) -> None:
    """Answer a follow-up through the gate; a newer answer counts until the close. Raises Refused, NotFound."""
    async with database.statement() as connection:
        found = await rows(
            connection, "SELECT season_id, window_id, state FROM follow_ups WHERE id = :id", id=follow_up
        )
        if not found:
            raise NotFound("follow_up.unknown", f"There is no follow-up {follow_up}.")
        window = found[0]["window_id"]
        if not await rows(connection, _ANSWER, window=window, id=follow_up, answer=answer):
            await gate.refuse(connection, found[0]["season_id"], "follow_up", None, window)


class Waiting(NamedTuple):
    """What an owner's windows wait for: whether `close_over` has anything to do, and whether a change is to be told."""

    over: bool
    moved: bool


async def waiting(database: Database, season: str, owner: str) -> Waiting:
    """What there is to do about the windows of an owner; locks nothing."""
    found = await database.at_once(
        f"""SELECT coalesce(bool_or(w.state IN ('open', 'scheduled') AND w.closes_at <= {CLOCK} OR w.state = 'closed'
                AND EXISTS (SELECT FROM follow_ups f WHERE f.window_id = w.id AND f.state = 'due')), false) AS over,
              coalesce(bool_or(w.revision > 0), false) AS moved
            FROM windows w WHERE w.season_id = :season AND w.owner = :owner""",
        season=season, owner=owner,
    )  # fmt: skip
    return Waiting(**found[0])


async def close_over(connection: AsyncConnection, season: str, owner: str, at: datetime) -> int:
    """Close every window of this owner whose time is up; what is still due in them is missed. How many were closed.

    Takes the rows' locks for update, as `records.windows.close_window` does: whatever was accepted is committed.
    """
    closed = await rows(
        connection,
        """WITH over AS (
             SELECT id FROM windows WHERE season_id = :season AND owner = :owner AND state IN ('open', 'scheduled')
               AND closes_at <= :at ORDER BY id FOR UPDATE)
           UPDATE windows w SET state = 'closed', closed_at = :at FROM over WHERE w.id = over.id
           RETURNING w.id, w.stage, w.closes_at""",
        season=season, owner=owner, at=at,
    )  # fmt: skip
    lines = [
        log.Line(
            "window.closed", window_id=w["id"], data={"stage": w["stage"], "closes_at": w["closes_at"].isoformat()}
        )
        for w in closed
    ]
    # A statement of its own: it sees what was accepted while the one above waited for the locks. Windows that
    # operators closed early are over as well.
    missed = await rows(
        connection,
        """UPDATE follow_ups f SET state = 'missed' FROM matches m, windows w
           WHERE w.season_id = :season AND w.owner = :owner AND w.state = 'closed' AND f.window_id = w.id
             AND f.state = 'due' AND m.id = f.match_id
           RETURNING f.window_id, f.match_id, m.entry_id""",
        season=season,
        owner=owner,
    )
    lines += [
        log.Line("follow_up.missed", window_id=f["window_id"], entry_id=f["entry_id"], data={"match": f["match_id"]})
        for f in missed
    ]
    await log.write(connection, season, lines, at=at)
    return len(closed)


async def asked_of(connection: AsyncConnection, match: int) -> list[dict[str, Any]]:
    """The follow-ups of a negotiation so far, in order: `state`, and the `window` of each."""
    found = await rows(
        connection,
        """SELECT f.state AS answer, w.id, w.state, w.opens_at, w.closes_at, w.reminders
           FROM follow_ups f JOIN windows w ON w.id = f.window_id
           WHERE f.match_id = :match AND f.kind = 'negotiation' ORDER BY f.ordinal""",
        match=match,
    )
    return [{"state": row["answer"], "window": row} for row in found]


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
    """The windows of tracking that are still to close; `asked` while an answer is wanted."""
    return await rows(
        connection,
        """SELECT w.id, w.state, w.closes_at, w.reminders, f.match_id, f.ordinal,
             f.state = 'due' AND m.state IN ('negotiating', 'landed') AS asked
           FROM windows w JOIN follow_ups f ON f.window_id = w.id JOIN matches m ON m.id = f.match_id
           WHERE w.season_id = :season AND w.owner = :owner AND w.state IN ('open', 'scheduled', 'paused')
           ORDER BY w.closes_at, w.id""",
        season=season,
        owner=owner,
    )


async def point_to_windows(connection: AsyncConnection, season: str, campaign: str, subjects: dict[str, str]) -> None:
    """Deliveries of a campaign, by subject, tell the close of the window given for each."""
    await run(
        connection,
        """UPDATE deliveries d SET window_id = w.id, told_closes_at = w.closes_at
           FROM unnest(CAST(:subjects AS text[]), CAST(:windows AS text[])) AS k(subject, "window")
           JOIN windows w ON w.id = k."window" AND w.season_id = :season
           WHERE d.campaign_id = :campaign AND d.subject = k.subject AND d.window_id IS NULL""",
        season=season,
        campaign=campaign,
        subjects=list(subjects),
        windows=list(subjects.values()),
    )
