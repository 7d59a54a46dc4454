"""Entries: a page of them, or one."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import BadInput, NotFound
from models.text import Text
from models.views import EntryPage, EntryView
from records.database import Database, rows
from records.seasons import LiveSeason, live

MOST = 500
"""Entries on one page at the most."""

_COLUMNS = """e.id, e.number, e.season_id AS season, e.area, e.track, e.division, e.title, e.organisation,
  c.code AS channel, e.state, e.stage, e.alive, e.created_at, e.submitted_at,
  (SELECT count(*) FROM members m WHERE m.entry_id = e.id) AS people"""
_WHERE = """WHERE e.season_id = :season AND (CAST(:area AS text) IS NULL OR e.area = :area)
  AND (CAST(:track AS text) IS NULL OR e.track = :track) AND (CAST(:state AS text) IS NULL OR e.state = :state)
  AND (CAST(:like AS text) IS NULL OR e.number ILIKE :like OR e.title ILIKE :like)"""


async def entries(
    database: Database,
    season: str,
    *,
    area: str | None = None,
    track: str | None = None,
    state: str | None = None,
    q: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> EntryPage:
    """A page of entries by number. `q` is looked for in number and title. Raises NotFound, BadInput."""
    if not 1 <= limit <= MOST or offset < 0:
        raise BadInput("page.size", f"limit: {limit} is not between 1 and {MOST}.", "Ask for a smaller page.")
    like = None if not q else "%" + q.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"
    values = {"season": season, "area": area, "track": track, "state": state, "like": like}
    async with database.statement() as connection:
        found = await live(connection, season)
        total = await rows(connection, f"SELECT count(*) AS n FROM entries e {_WHERE}", **values)
        page = await rows(
            connection,
            f"SELECT {_COLUMNS} FROM entries e LEFT JOIN channels c ON c.id = e.channel_id {_WHERE}"
            " ORDER BY e.number LIMIT :limit OFFSET :offset",
            **values,
            limit=limit,
            offset=offset,
        )
        return EntryPage(total=total[0]["n"], entries=tuple(_view(row, found) for row in page))


async def entry(database: Database, ref: str, season: str | None = None) -> EntryView:
    """One entry by its public number or its id. Raises NotFound; BadInput where two seasons know the number."""
    async with database.statement() as connection:
        return await find(connection, ref, season)


async def find(connection: AsyncConnection, ref: str, season: str | None = None) -> EntryView:
    """As `entry`, on a connection."""
    found = await rows(
        connection,
        f"""SELECT {_COLUMNS} FROM entries e LEFT JOIN channels c ON c.id = e.channel_id
            WHERE (upper(e.number) = upper(:ref) OR e.id = CAST(:id AS bigint))
              AND (CAST(:season AS text) IS NULL OR e.season_id = :season)""",
        ref=ref.strip(),
        id=int(ref) if ref.isdecimal() and len(ref) < 19 else None,
        season=season,
    )
    if not found:
        where = f" in season '{season}'" if season else ""
        raise NotFound("entry.unknown", f"There is no entry '{ref}'{where}.", "`season entries` lists them.")
    if len(found) > 1:
        known = ", ".join(row["season"] for row in found)
        raise BadInput("entry.which", f"'{ref}' is an entry of {known}.", "Name the season with --season.")
    return _view(found[0], await live(connection, found[0]["season"]))


def _view(row: dict[str, Any], season: LiveSeason) -> EntryView:
    area = next((a for a in season.file.areas if a.code == row["area"]), None)
    track = next((t for t in season.file.tracks if t.code == row["track"]), None)
    return EntryView(
        **row,
        area_name=area.name if area else Text(en=row["area"], zh=row["area"]),
        area_zone=area.zone if area else season.file.zone,
        track_name=track.name if track else Text(en=row["track"], zh=row["track"]),
    )
