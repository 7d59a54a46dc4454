"""Seasons: starting one, reading its file and its pace."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Pool, insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import NotFound, Refused
from models.season import SeasonFile, WindowStage
from models.states import SeasonState, WindowState
from models.tables import Campaign, Season, Window
from models.timeline import Pace, PlannedWindow, Timeline
from records import log
from records.database import Database, rows
from rules import reminders


class LiveSeason(NamedTuple):
    """A season as it runs: its file, its pace, its state."""

    id: str
    file: SeasonFile
    pace: Pace
    state: str
    started_at: datetime


# The file of a running season never changes, and reading it costs milliseconds: once for each process is enough.
_Read = dict[str, tuple[datetime, SeasonFile]]
_known: WeakKeyDictionary[Pool, _Read] = WeakKeyDictionary()


async def file_of(connection: AsyncConnection, season: str) -> SeasonFile:
    """The file of a season; asks the database only once. Raises NotFound."""
    found = _read_by(connection.engine.pool).get(season)
    return found[1] if found else (await live(connection, season)).file


async def known_file(database: Database, season: str) -> SeasonFile:
    """The same without a connection in hand."""
    found = _read_by(database.engine.pool).get(season)
    if found:
        return found[1]
    async with database.statement() as connection:
        return (await live(connection, season)).file


def _read_by(pool: Pool) -> _Read:
    # The connections of a database share their pool; its address would have to be put together for each look.
    return _known.setdefault(pool, {})


async def live(connection: AsyncConnection, season: str) -> LiveSeason:
    """The season of that id. Raises NotFound."""
    found = await rows(connection, "SELECT state, started_at, pace FROM seasons WHERE id = :season", season=season)
    if not found:
        raise NotFound("season.unknown", f"There is no season '{season}'.", "`season list` shows the seasons.")
    head, read = found[0], _read_by(connection.engine.pool)
    if season not in read or read[season][0] != head["started_at"]:
        file = await rows(connection, "SELECT file FROM seasons WHERE id = :season", season=season)
        read[season] = head["started_at"], SeasonFile.model_validate(file[0]["file"])
    # The pace may move: a paused season goes on later by as long as it stood still.
    return LiveSeason(season, read[season][1], Pace.model_validate(head["pace"]), head["state"], head["started_at"])


def owner_of(season: str, planned: PlannedWindow) -> str:
    """Id of the workflow that keeps a planned window's deadline."""
    return window_workflow(season, planned.area, planned.stage)


def window_id(season: str, area: str | None, stage: str) -> str:
    """Id of a stage window: `<season>/<area>/<stage>`, or `<season>/<stage>` for a season-wide one."""
    return f"{season}/{area}/{stage}" if area else f"{season}/{stage}"


def window_workflow(season: str, area: str | None, stage: str) -> str:
    """Workflow id of a stage window: `season/<season>/area/<area>/window/<stage>`, or without the area."""
    return f"season/{season}/area/{area}/window/{stage}" if area else f"season/{season}/window/{stage}"


async def start(
    connection: AsyncConnection,
    season: str,
    file: SeasonFile,
    timeline: Timeline,
    pace: Pace,
    *,
    actor: str,
    at: datetime,
) -> bool:
    """Write a season and all its windows. False if it exists already with the same file; Refused if with another."""
    body = file.model_dump(mode="json")
    done = await connection.execute(
        upsert(Season)
        .values(id=season, state=SeasonState.RUNNING, file=body, pace=pace.model_dump(mode="json"), started_at=at)
        .on_conflict_do_nothing()
        .returning(Season.id)
    )
    if done.scalar_one_or_none() is None:
        existing = await live(connection, season)
        if existing.file.model_dump(mode="json") == body:
            return False
        raise Refused(
            "season.exists",
            f"A season '{season}' exists already, with another file.",
            "Start it under another id with --id, or cancel the first one.",
        )
    ordinals = {stage.id: n for n, stage in enumerate(file.stages)}
    await connection.execute(
        insert(Window), [_row(season, file, planned, pace, ordinals[planned.stage]) for planned in timeline.windows]
    )
    await connection.execute(
        insert(Campaign),
        [
            {"id": f"{season}/{template}", "season_id": season, "template": template, "planned_at": at}
            for template in STANDING
        ],
    )
    await log.write(connection, season, [log.Line("season.started", actor=actor, data={"season": season})], at=at)
    return True


STANDING = (
    "receipt", "ballot_replaced", "assignment", "objection_decided", "removed", "stepped_up", "grace_given", "time_kept",
    "returned_for_correction",
)  # fmt: skip
"""Notices that single acts cause: their campaigns stand for as long as the season, so that an act writes no more
than its delivery. In a season that is older than a notice the first act writes its campaign too."""


def _row(season: str, file: SeasonFile, planned: PlannedWindow, pace: Pace, ordinal: int) -> dict[str, object]:
    stage = file.stage(planned.stage)
    assert isinstance(stage, WindowStage)
    opens_at, closes_at = pace.real(planned.opens_at), pace.real(planned.closes_at)
    plan = reminders.plan(opens_at, closes_at, stage.lines(), pace, reminders.hours_of(file, planned.area))
    return {
        # The plan's ids start with the file's own id; a season may run under another.
        "id": window_id(season, planned.area, planned.stage),
        "season_id": season,
        "area": planned.area,
        "stage": planned.stage,
        "kind": planned.kind,
        "ordinal": ordinal,
        "owner": owner_of(season, planned),
        "zone": planned.zone,
        "state": WindowState.SCHEDULED,
        "opens_at": opens_at,
        "closes_at": closes_at,
        "planned_closes_at": closes_at,
        "reminders": [r.model_dump(mode="json") for r in plan],
    }
