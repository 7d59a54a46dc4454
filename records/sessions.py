"""Defence sessions and their slots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from models.facts import PlannedSession
from models.tables import Session, Slot
from records.database import rows
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
        f"""SELECT x.id AS session, x.starts_at, x.format, j.person_id, p.language,
              (SELECT count(*) FROM slots s WHERE s.session_id = x.id) AS count
            FROM sessions x CROSS JOIN LATERAL jsonb_array_elements_text(x.judges) AS k(judge)
            JOIN judges j ON j.id = CAST(k.judge AS bigint) JOIN people p ON p.id = j.person_id
            WHERE {_OF_ROUND} ORDER BY x.id, j.id""",
        season=season,
        stage=stage,
        area=area,
    )


async def settle(connection: AsyncConnection, season: str, stage: str, area: str | None) -> list[dict[str, Any]]:
    """Turns still scheduled at the close: held where there is a ballot, else the entry did not appear.

    Answers entry_id, session and state of each.
    """
    found = await rows(
        connection,
        f"""UPDATE slots s SET state = CASE WHEN EXISTS (
                SELECT 1 FROM assignments a JOIN ballots b ON b.assignment_id = a.id
                WHERE a.entry_id = s.entry_id AND a.stage = :stage AND a.season_id = :season AND a.state = 'done')
              THEN 'held' ELSE 'no_show' END
            FROM sessions x WHERE x.id = s.session_id AND {_OF_ROUND} AND s.state = 'scheduled'
            RETURNING s.entry_id, x.id AS session, s.state""",
        season=season,
        stage=stage,
        area=area,
    )
    return sorted(found, key=lambda r: int(r["entry_id"]))
