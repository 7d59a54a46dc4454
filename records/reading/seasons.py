"""Seasons in a list, and where one stands."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import BadInput, NotFound
from models.season import SeasonFile
from models.states import WindowState
from models.text import Text
from models.views import Cell, NoticeCounts, SeasonView, StatusView
from records.database import CLOCK, Database, rows
from records.reading.attention import concerns
from records.reading.windows import of_season
from records.seasons import LiveSeason, live

_SEASONS = f"""SELECT s.id, s.file->'name' AS name, s.file->>'zone' AS zone, s.state, s.started_at, s.paused_at,
    s.ended_at, jsonb_array_length(s.file->'areas') AS areas, jsonb_array_length(s.file->'tracks') AS tracks,
    e.entries, e.submitted, {CLOCK} AS now,
    (SELECT min(closes_at) FROM windows w WHERE w.season_id = s.id AND w.state IN ('open', 'scheduled')
       AND w.closes_at > {CLOCK}) AS next_close
  FROM seasons s CROSS JOIN LATERAL (
    SELECT count(*) AS entries, count(*) FILTER (WHERE submitted_at IS NOT NULL) AS submitted
    FROM entries WHERE season_id = s.id) e
  WHERE CAST(:season AS text) IS NULL OR s.id = :season
  ORDER BY s.state NOT IN ('running', 'paused'), s.started_at DESC, s.id"""

# Decided for an entry at any time: it was found eligible, it was on the list of the selected.
_TABLE = """SELECT e.area, e.track, count(*) AS started,
    count(*) FILTER (WHERE e.submitted_at IS NOT NULL) AS submitted,
    count(*) FILTER (WHERE e.submitted_at IS NOT NULL
      AND e.state NOT IN ('draft', 'lapsed', 'submitted', 'undecided', 'ineligible', 'withdrawn')) AS eligible,
    count(*) FILTER (WHERE EXISTS (SELECT 1 FROM selections s WHERE s.entry_id = e.id
      AND s.decision IN ('selected', 'wild_card', 'stepped_up'))) AS selected,
    count(*) FILTER (WHERE EXISTS (SELECT 1 FROM awards a WHERE a.entry_id = e.id)) AS awarded
  FROM entries e WHERE e.season_id = :season GROUP BY e.area, e.track"""

_NOTICES = """SELECT count(*) FILTER (WHERE state IN ('queued', 'sending', 'merged')) AS queued,
    count(*) FILTER (WHERE state = 'sent') AS sent, count(*) FILTER (WHERE state = 'failed') AS failed,
    count(*) FILTER (WHERE state = 'skipped') AS skipped, count(*) FILTER (WHERE possibly_twice) AS possibly_twice
  FROM deliveries WHERE season_id = :season"""


async def seasons(database: Database) -> tuple[SeasonView, ...]:
    """All seasons: those that run first, the newest first."""
    async with database.statement() as connection:
        return tuple(_season(row) for row in await rows(connection, _SEASONS, season=None))


async def only_running(database: Database) -> str:
    """Id of the one season that runs. Raises NotFound where none runs, BadInput where several do."""
    found = [s.id for s in await seasons(database) if s.state in ("running", "paused")]
    if not found:
        raise NotFound("season.none", "No season runs.", "`season start FILE` starts one; `season list` shows all.")
    if len(found) > 1:
        raise BadInput("season.which", f"{len(found)} seasons run: {', '.join(found)}.", "Name the one you mean.")
    return found[0]


async def status(database: Database, season: str) -> StatusView:
    """Where a season stands: figures, open windows, notices, and what needs attention. Raises NotFound."""
    async with database.statement() as connection:
        found = await live(connection, season)
        head = (await rows(connection, _SEASONS, season=season))[0]
        states = await rows(
            connection,
            "SELECT state, count(*) AS n FROM entries WHERE season_id = :season GROUP BY state ORDER BY state",
            season=season,
        )
        every = await of_season(connection, found)
        running = [w for w in every if w.state in (WindowState.OPEN, WindowState.PAUSED)]
        return StatusView(
            now=head["now"],
            season=_season(head),
            states={row["state"]: row["n"] for row in states},
            table=await _table(connection, found),
            open=tuple(sorted(running, key=lambda w: (w.closes_at, w.id))),
            notices=NoticeCounts(**(await rows(connection, _NOTICES, season=season))[0]),
            concerns=await concerns(connection, found),
        )


async def _table(connection: AsyncConnection, season: LiveSeason) -> tuple[Cell, ...]:
    found = {(row["area"], row["track"]): Cell(**row) for row in await rows(connection, _TABLE, season=season.id)}
    file: SeasonFile = season.file
    return tuple(
        found.get((area.code, track.code), Cell(area=area.code, track=track.code))
        for area in file.areas
        for track in file.tracks
    )


def _season(row: dict[str, Any]) -> SeasonView:
    values = {key: value for key, value in row.items() if key in SeasonView.model_fields and key != "name"}
    return SeasonView(**values, name=Text.model_validate(row["name"]))
