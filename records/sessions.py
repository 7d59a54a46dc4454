"""Defence sessions and their slots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from models.facts import PlannedSession
from models.tables import Session, Slot
from records import assignments, campaigns, log
from records.database import CLOCK, rows, run
from records.seasons import LiveSeason

_OF_ROUND = "x.season_id = :season AND x.stage = :stage AND x.area IS NOT DISTINCT FROM :area"


async def planned(connection: AsyncConnection, season: str, stage: str, area: str | None) -> bool:
    """Whether the sessions of a round are planned already."""
    found = await rows(
        connection,
        f"SELECT count(*) AS n FROM sessions x WHERE {_OF_ROUND}",
        season=season,
        stage=stage,
        area=area,
    )
    return bool(found[0]["n"])


async def busy(
    connection: AsyncConnection, season: LiveSeason, stage: str, area: str | None
) -> dict[int, tuple[tuple[datetime, datetime], ...]]:
    """When each judge sits on panels of other rounds or areas than this one, in nominal instants."""
    found = await rows(
        connection,
        f"""SELECT CAST(k.judge AS bigint) AS judge, x.starts_at, x.ends_at
            FROM sessions x CROSS JOIN LATERAL jsonb_array_elements_text(x.judges) AS k(judge)
            WHERE x.season_id = :season AND NOT ({_OF_ROUND}) ORDER BY x.starts_at, x.id""",
        season=season.id,
        stage=stage,
        area=area,
    )
    spans: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in found:
        spans[row["judge"]].append((season.pace.nominal(row["starts_at"]), season.pace.nominal(row["ends_at"])))
    return {judge: tuple(those) for judge, those in spans.items()}


async def keep(
    connection: AsyncConnection, season: LiveSeason, stage: str, area: str | None, sessions: Sequence[PlannedSession]
) -> None:
    """Write planned sessions and slots: their nominal instants become real ones."""
    for one in sessions:
        values = {
            "season_id": season.id, "stage": stage, "area": area, "division": one.division, "format": one.format,
            "starts_at": season.pace.real(one.starts_at), "ends_at": season.pace.real(one.ends_at),
            "judges": list(one.judges), "lot_seed": one.lot_seed,
        }  # fmt: skip
        session = (await connection.execute(insert(Session).values(values).returning(Session.id))).scalar_one()
        slots = [
            {
                "session_id": session, "position": s.position, "entry_id": s.entry_id,
                "starts_at": season.pace.real(s.starts_at), "state": "scheduled",
            }
            for s in one.slots
        ]  # fmt: skip
        await connection.execute(insert(Slot), slots)


async def invitations(connection: AsyncConnection, season: str, stage: str, area: str | None) -> list[dict[str, Any]]:
    """The turn of each entry that is still in the competition, with whom to tell."""
    return await rows(
        connection,
        f"""SELECT s.entry_id, s.position, s.starts_at, x.format, x.id AS session, e.applicant_id, p.language
            FROM slots s JOIN sessions x ON x.id = s.session_id JOIN entries e ON e.id = s.entry_id
            JOIN people p ON p.id = e.applicant_id WHERE {_OF_ROUND} AND s.state = 'scheduled' AND e.alive
            ORDER BY s.session_id, s.position""",
        season=season,
        stage=stage,
        area=area,
    )


async def panels(connection: AsyncConnection, season: str, stage: str, area: str | None) -> list[dict[str, Any]]:
    """Each judge of each session, with whom to tell."""
    return await rows(
        connection,
        f"""SELECT x.id AS session, x.starts_at, x.ends_at, x.format, j.person_id, p.language,
              (SELECT count(*) FROM slots s WHERE s.session_id = x.id) AS count
            FROM sessions x CROSS JOIN LATERAL jsonb_array_elements_text(x.judges) AS k(judge)
            JOIN judges j ON j.id = CAST(k.judge AS bigint) JOIN people p ON p.id = j.person_id
            WHERE {_OF_ROUND} ORDER BY x.id, j.id""",
        season=season,
        stage=stage,
        area=area,
    )


async def told(connection: AsyncConnection, window: str) -> dict[tuple[int, str], datetime]:
    """The start that each person was told last, by person and subject of the notice: `entry/<id>`, `session/<id>`."""
    found = await rows(
        connection,
        """SELECT DISTINCT ON (d.person_id, d.subject) d.person_id, d.subject,
             CAST(d.data->>'starts_at' AS timestamptz) AS starts_at
           FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id
           WHERE d.window_id = :window AND c.template = ANY(CAST(:templates AS text[]))
           ORDER BY d.person_id, d.subject, d.queued_at DESC""",
        window=window,
        templates=list(campaigns.OWN_TIMES),
    )
    return {(r["person_id"], r["subject"]): r["starts_at"] for r in found}


async def move(
    connection: AsyncConnection, season: str, stage: str, area: str | None, since: datetime, by: timedelta
) -> int:
    """Turns of a round that lay ahead at `since` are later by `by`, panels and the order as they were; how many.

    A session in the midst of which it was stopped goes on with what was left of it.
    """
    of_round = {"season": season, "stage": stage, "area": area}
    moved = await rows(
        connection,
        f"""UPDATE slots s SET starts_at = s.starts_at + :by FROM sessions x
            WHERE x.id = s.session_id AND {_OF_ROUND} AND s.state = 'scheduled' AND s.starts_at >= :since
            RETURNING s.entry_id, s.position, s.starts_at""",
        **of_round,
        since=since,
        by=by,
    )
    await run(
        connection,
        f"""UPDATE sessions x SET ends_at = x.ends_at + :by,
              starts_at = CASE WHEN x.starts_at >= :since THEN x.starts_at + :by ELSE x.starts_at END
            WHERE {_OF_ROUND} AND x.ends_at > :since""",
        **of_round,
        since=since,
        by=by,
    )
    lines = [
        log.Line(
            "session.moved", entry_id=r["entry_id"], rule="window.resumed",
            data={"stage": stage, "position": r["position"], "starts_at": r["starts_at"].isoformat()},
        )
        for r in sorted(moved, key=lambda r: int(r["entry_id"]))
    ]  # fmt: skip
    await log.write(connection, season, lines)
    return len(moved)


async def leave_seats_taken_twice(
    connection: AsyncConnection, season: str, stage: str, area: str | None, window: str
) -> int:
    """A judge sits on one panel at a time: who now sits elsewhere leaves the sessions of this round; how many seats.

    The caller holds the season's `ASSIGNING`. The judges are told, and the office sees that the panels are short.
    """
    found = await rows(
        connection,
        f"""SELECT DISTINCT x.id AS session, CAST(k.judge AS bigint) AS judge
            FROM sessions x CROSS JOIN LATERAL jsonb_array_elements_text(x.judges) AS k(judge)
            JOIN sessions o ON o.season_id = x.season_id AND o.judges @> jsonb_build_array(CAST(k.judge AS bigint))
              AND (o.stage, coalesce(o.area, '')) <> (x.stage, coalesce(x.area, ''))
              AND o.starts_at < x.ends_at AND x.starts_at < o.ends_at
            WHERE {_OF_ROUND} AND x.ends_at > {CLOCK} ORDER BY session, judge""",
        season=season,
        stage=stage,
        area=area,
    )
    for seat in found:
        await _leave(connection, season, window, seat["session"], seat["judge"])
    return len(found)


async def _leave(connection: AsyncConnection, season: str, window: str, session: int, judge: int) -> None:
    await run(
        connection,
        """UPDATE sessions SET judges = (SELECT coalesce(jsonb_agg(k.one), '[]') FROM jsonb_array_elements(judges) k(one)
             WHERE k.one <> to_jsonb(CAST(:judge AS bigint))) WHERE id = :session""",
        session=session,
        judge=judge,
    )
    ended = await rows(
        connection,
        """UPDATE assignments a SET state = 'replaced', reason = 'sits on another panel at that time'
           FROM slots s WHERE s.session_id = :session AND s.state = 'scheduled' AND a.entry_id = s.entry_id
             AND a.window_id = :window AND a.judge_id = :judge AND a.state = 'active' RETURNING a.entry_id""",
        session=session,
        judge=judge,
        window=window,
    )
    lines = [
        log.Line(
            "assignment.short", window_id=window, entry_id=r["entry_id"], rule="assignment.load", reason="load",
            data={"count": 1, "judge": judge},
        )
        for r in ended
    ]  # fmt: skip
    await log.write(connection, season, lines)
    await assignments.tell(connection, season, window, [judge] * len(ended), f"session/{session}", "ballot_replaced")


async def settle(connection: AsyncConnection, season: str, stage: str, area: str | None) -> list[dict[str, Any]]:
    """Turns still scheduled at the close: held where there is a ballot, else the entry did not appear.

    One of which an earlier close said so, and that was scored after the round was opened again, is held; where a
    person said so, it stays. Answers entry_id, session and state of each that changed.
    """
    found = await rows(
        connection,
        f"""WITH turns AS (
              SELECT s.session_id, s.entry_id, s.state, EXISTS (
                SELECT 1 FROM assignments a JOIN ballots b ON b.assignment_id = a.id
                WHERE a.entry_id = s.entry_id AND a.stage = :stage AND a.season_id = :season AND a.state = 'done')
                AS scored
              FROM slots s JOIN sessions x ON x.id = s.session_id WHERE {_OF_ROUND} AND (s.state = 'scheduled'
                OR (s.state = 'no_show' AND (SELECT l.actor FROM log l
                  WHERE l.entry_id = s.entry_id AND l.event = 'slot.no_show'
                    AND l.data->>'session' = CAST(s.session_id AS text) ORDER BY l.id DESC LIMIT 1) = 'system')))
            UPDATE slots s SET state = CASE WHEN t.scored THEN 'held' ELSE 'no_show' END FROM turns t
            WHERE s.session_id = t.session_id AND s.entry_id = t.entry_id AND (t.scored OR t.state = 'scheduled')
            RETURNING s.entry_id, s.session_id AS session, s.state""",
        season=season,
        stage=stage,
        area=area,
    )
    return sorted(found, key=lambda r: int(r["entry_id"]))
