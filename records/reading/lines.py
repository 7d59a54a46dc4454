"""The log, newest first."""

from __future__ import annotations

from models.views import LineView
from records.database import Database, rows
from records.reading.entries import find
from records.seasons import live

_LINES = """SELECT l.id, l.at, l.actor, l.event, l.window_id AS window, e.number AS entry, l.reason, l.rule, l.data
  FROM log l LEFT JOIN entries e ON e.id = l.entry_id
  WHERE l.season_id = :season AND (CAST(:before AS bigint) IS NULL OR l.id < :before)
    AND (CAST(:entry AS bigint) IS NULL OR l.entry_id = :entry)
    AND (CAST(:window AS text) IS NULL OR l.window_id = :window)
  ORDER BY l.id DESC LIMIT :limit"""


async def log_lines(
    database: Database,
    season: str,
    *,
    entry: str | None = None,
    window: str | None = None,
    limit: int = 50,
    before: int | None = None,
) -> tuple[LineView, ...]:
    """Lines of a season's log, newest first; `before` is the id of the last line seen. Raises NotFound."""
    async with database.statement() as connection:
        await live(connection, season)
        entry_id = (await find(connection, entry, season)).id if entry else None
        found = await rows(
            connection, _LINES, season=season, before=before, entry=entry_id, window=window, limit=min(limit, 1000)
        )
        return tuple(LineView(**row) for row in found)
