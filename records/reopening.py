"""Windows that were opened again: what followed from their close is done again, and until then what comes later waits.

Their log says where they stand: after `window.reopened` comes, once all that is done, `window.concluded_again`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from records import log
from records.database import rows

_PENDING = """w.revision > 0 AND (SELECT l.event FROM log l WHERE l.window_id = w.id
  AND l.event IN ('window.reopened', 'window.concluded_again') ORDER BY l.id DESC LIMIT 1) = 'window.reopened'"""


async def first_before(
    connection: AsyncConnection, season: str, area: str | None, ordinal: int
) -> dict[str, Any] | None:
    """The first stage window before this place that was opened again and is not concluded: stage, area, its close.

    What is held across all areas (`area` None) comes after the windows of each. Needs and events, upon which nothing
    builds, are not looked at.
    """
    found = await rows(
        connection,
        f"""SELECT w.stage, w.area, w.state, w.closes_at FROM windows w
            WHERE w.season_id = :season AND w.ordinal < :ordinal AND w.subject IS NULL
              AND w.kind NOT IN ('needs', 'event') AND w.state <> 'cancelled'
              AND (w.area = :area OR CAST(:area AS text) IS NULL) AND {_PENDING}
            ORDER BY w.ordinal, w.id LIMIT 1""",
        season=season,
        area=area,
        ordinal=ordinal,
    )
    return found[0] if found else None


async def is_pending(connection: AsyncConnection, season: str, stage: str, area: str | None) -> bool:
    """Whether a stage (in one area, or with None in any) was opened again, and what follows is not done again yet."""
    found = await rows(
        connection,
        f"""SELECT 1 FROM windows w WHERE w.season_id = :season AND w.stage = :stage AND w.subject IS NULL
              AND w.state <> 'cancelled' AND (w.area = :area OR CAST(:area AS text) IS NULL) AND {_PENDING} LIMIT 1""",
        season=season,
        stage=stage,
        area=area,
    )
    return bool(found)


async def is_over(connection: AsyncConnection, window: str) -> bool:
    """Whether a window is closed. Until this transaction ends nobody opens it again; who comes late is not held up."""
    found = await rows(connection, "SELECT state FROM windows WHERE id = :id FOR NO KEY UPDATE", id=window)
    return bool(found and found[0]["state"] == "closed")


async def concluded(connection: AsyncConnection, window: str) -> None:
    """All that follows from a window's close is done: one that had been opened again says so, once."""
    found = await rows(
        connection, f"SELECT w.season_id, w.stage FROM windows w WHERE w.id = :id AND {_PENDING}", id=window
    )
    for row in found:
        line = log.Line("window.concluded_again", window_id=window, data={"stage": row["stage"]})
        await log.write(connection, row["season_id"], [line])
