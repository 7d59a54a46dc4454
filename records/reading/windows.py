"""Windows, and what may be done with each now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import NotFound
from models.season import SeasonFile
from models.states import SeasonState, WindowState
from models.text import Text
from models.views import WindowView
from records.database import CLOCK, Database, rows
from records.decisions import final_by
from records.seasons import LiveSeason, live
from records.windows import ROUNDS

COLUMNS = """w.id, w.season_id AS season, w.area, w.stage, w.kind, w.subject, w.ordinal, w.zone, w.state, w.opens_at,
  w.closes_at, w.planned_closes_at, w.opened_at, w.closed_at, w.paused_at, w.revision"""
BESIDE = ("needs", "event")
"""Kinds of windows that run beside the others, and that nothing builds upon."""


async def windows(
    database: Database, season: str, *, state: str | None = None, area: str | None = None, subjects: bool = False
) -> tuple[WindowView, ...]:
    """The windows of a season in the order of the season file, then by area.

    `subjects` adds those that are not for a whole stage, such as the answers of one match. Raises NotFound.
    """
    async with database.statement() as connection:
        found = await live(connection, season)
        every = await of_season(connection, found)
    return tuple(
        w
        for w in every
        if (subjects or w.subject is None) and (state is None or w.state == state) and (area is None or w.area == area)
    )


async def window(database: Database, window_id: str) -> WindowView:
    """One window by its id. Raises NotFound."""
    async with database.statement() as connection:
        found = await rows(connection, "SELECT season_id FROM windows WHERE id = :id", id=window_id)
        if not found:
            raise NotFound("window.unknown", f"There is no window '{window_id}'.", "`season windows` lists them.")
        every = await of_season(connection, await live(connection, found[0]["season_id"]))
    return next(w for w in every if w.id == window_id)


async def of_season(connection: AsyncConnection, season: LiveSeason) -> list[WindowView]:
    """All windows of a season, those for single subjects last."""
    found = await rows(
        connection,
        f"SELECT {COLUMNS}, {CLOCK} AS now FROM windows w WHERE w.season_id = :season"
        " ORDER BY w.subject IS NOT NULL, w.ordinal, w.opens_at, w.area, w.id",
        season=season.id,
    )
    stages = [row for row in found if row["subject"] is None]
    views = []
    for row in found:
        may = legal(row, stages, row["now"], season.state)
        if may == ("reopen",) and row["kind"] in ROUNDS:
            may = () if await final_by(connection, season, row["stage"], row["area"]) else may
        views.append(view(row, season.file, may))
    return views


def view(row: dict[str, Any], file: SeasonFile, may: Sequence[str] = ()) -> WindowView:
    """A row of COLUMNS as people see it."""
    area = next((a for a in file.areas if a.code == row["area"]), None)
    stage = next((s for s in file.stages if s.id == row["stage"]), None)
    values = {key: value for key, value in row.items() if key in WindowView.model_fields}
    return WindowView(
        **values,
        area_name=area.name if area else None,
        stage_name=stage.name if stage else Text(en=row["stage"], zh=row["stage"]),
        may=tuple(may),
    )


def legal(row: dict[str, Any], stages: Sequence[dict[str, Any]], now: datetime, season_state: str) -> tuple[str, ...]:
    """The commands that `records.windows.steer` would accept for a window now, given a fitting instant.

    Whether the result of a closed round is final is not looked at here.
    """
    if season_state not in (SeasonState.RUNNING, SeasonState.PAUSED):
        return ()
    state, in_time = row["state"], now < row["closes_at"]
    if state == WindowState.PAUSED:
        return ("resume",)
    begun = state == WindowState.OPEN or (state == WindowState.SCHEDULED and row["opens_at"] <= now)
    if begun and in_time:
        return ("extend", "close", "pause")
    if state == WindowState.SCHEDULED and in_time:
        return ("extend", "pause")
    if state == WindowState.CLOSED and not _built_upon(row, stages, now):
        return ("reopen",)
    return ()


def _built_upon(row: dict[str, Any], stages: Sequence[dict[str, Any]], now: datetime) -> bool:
    if row["subject"] is not None or row["kind"] in BESIDE:
        return False
    for later in stages:
        same = later["area"] == row["area"] or later["area"] is None or row["area"] is None
        if not same or later["ordinal"] <= row["ordinal"] or later["kind"] in BESIDE:
            continue
        waits = row["kind"] == "registration" and later["kind"] in ("screening", "endorsement")
        settled = ("closed",) if waits else ("open", "closed")
        if later["state"] in settled or (later["state"] == "scheduled" and later["opens_at"] <= now):
            return True
    return False
