"""Who was told which close of which window: so that a window that moves is told to them again, and once."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.season import SeasonFile
from records.campaigns import NO_CLOSE, TOLD_AT_ONCE, TOLD_SINGLY, Recipient
from records.database import rows

_EVERY = f"SELECT * FROM ({TOLD_SINGLY} UNION ALL {TOLD_AT_ONCE}) every"


async def of_paused(connection: AsyncConnection, season: str) -> list[Recipient]:
    """Everyone who was told a date of a window that is paused now: once each."""
    found = await rows(
        connection,
        f"""SELECT DISTINCT p.id, p.language FROM ({_EVERY}) t JOIN people p ON p.id = t.person_id
            JOIN windows w ON w.id = t.window_id AND w.state = 'paused' ORDER BY p.id""",
        season=season,
    )
    return [Recipient(r["id"], r["language"]) for r in found]


async def of_moved(connection: AsyncConnection, season: str, file: SeasonFile) -> list[Recipient]:
    """Everyone who was told a close that is no longer true, of windows still to close: once each, with the new ones.

    `data.dates`: window, revision, stage, [area], [number, entry_id], closes_at, old; the next close first. An invitation to a
    defence tells a time of its own, and no close.
    """
    found = await rows(
        connection,
        f"""WITH newest AS (
              SELECT DISTINCT ON (t.person_id, t.window_id) t.* FROM ({_EVERY}) t
              WHERE t.template <> ALL(CAST(:silent AS text[])) ORDER BY t.person_id, t.window_id, t.queued_at DESC)
            SELECT n.person_id, p.language, w.id, w.stage, w.area, w.closes_at, w.revision, n.closes_at AS old,
              n.entry_id, e.number
            FROM newest n JOIN windows w ON w.id = n.window_id AND w.state IN ('open', 'scheduled')
              AND w.closes_at <> n.closes_at
            JOIN people p ON p.id = n.person_id LEFT JOIN entries e ON e.id = n.entry_id
            ORDER BY n.person_id, w.closes_at, w.id""",
        season=season,
        silent=list(NO_CLOSE),
    )
    stages = {s.id: s.name.model_dump() for s in file.stages}
    areas = {a.code: a.name.model_dump() for a in file.areas}

    def date(row: dict[str, Any]) -> dict[str, Any]:
        return {
            "window": row["id"], "stage": stages[row["stage"]], "area": areas.get(row["area"]),
            "number": row["number"], "entry_id": row["entry_id"], "closes_at": row["closes_at"].isoformat(),
            "old": row["old"].isoformat(), "revision": row["revision"],
        }  # fmt: skip

    return [
        Recipient(person, language, data={"dates": [date(row) for row in moved]})
        for (person, language), moved in groupby(found, key=lambda r: (r["person_id"], r["language"]))
    ]
