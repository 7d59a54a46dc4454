"""`--dry-run`: a command is carried out and undone in one transaction, so that its answer is the real one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from models.commands import Grace, Outcome, Return, SeasonCommand, WindowCommand
from models.season import SeasonFile
from models.timeline import Pace, Timeline
from records import channels, corrections, graces, screening, seasons, steering, windows
from records.database import Database
from rules import timeline as timelines

_SEASON_DEEDS = {
    "pause": steering.pause_season,
    "resume": steering.resume_season,
    "cancel": steering.cancel_season,
}


class _Undo(Exception):
    pass


@asynccontextmanager
async def _undone(database: Database) -> AsyncIterator[AsyncConnection]:
    try:
        async with database.transaction() as connection:
            yield connection
            raise _Undo
    except _Undo:
        return


async def try_window(database: Database, command: WindowCommand) -> Outcome:
    """What a command on a window would answer. Raises what it would raise."""
    async with _undone(database) as connection:
        outcome: Outcome = await windows.steer(connection, command)
    # Returned after the block: leaving it undoes what was done.
    return outcome


async def try_grace(database: Database, command: Grace) -> Outcome:
    """What a grace would answer. Raises what it would raise."""
    async with _undone(database) as connection:
        outcome: Outcome = await graces.give_grace(connection, command)
    return outcome


async def try_decision(database: Database, entry: int, *, eligible: bool, actor: str, reason: str) -> str:
    """What a decision at screening would make of an entry: its state. Raises what it would raise."""
    async with _undone(database) as connection:
        state = await screening.decide_on(connection, entry, eligible=eligible, actor=actor, reason=reason)
    return state


async def try_return(database: Database, command: Return) -> Outcome:
    """What a return for correction would answer. Raises what it would raise."""
    async with _undone(database) as connection:
        outcome: Outcome = await corrections.return_for_correction(connection, command)
    return outcome


async def try_quota(
    database: Database, season: str, channel: str, quota: int | None, *, reason: str, actor: str
) -> tuple[int | None, int]:
    """What a channel's new quota would answer: the quota that was, and how much is used. Raises what it would raise."""
    async with _undone(database) as connection:
        done: tuple[int | None, int] = await channels.set_quota(
            connection, season, channel, quota, reason=reason, actor=actor
        )
    # Returned after the block: leaving it undoes what was done.
    return done


async def try_season(database: Database, what: str, command: SeasonCommand) -> Outcome:
    """What `pause`, `resume` or `cancel` would answer. Raises what it would raise."""
    async with _undone(database) as connection:
        outcome: Outcome = await _SEASON_DEEDS[what](connection, command)
    # Returned after the block: leaving it undoes what was done.
    return outcome


async def try_start(
    database: Database, file: SeasonFile, season: str, *, open_now: bool, day: timedelta | None
) -> tuple[Timeline, Pace, bool]:
    """The timeline with which a season would start, its pace, and whether it would be a new one."""
    plan = timelines.resolve(file)
    now = await database.now()
    pace = timelines.pace_for(plan, now, open_now, day)
    async with _undone(database) as connection:
        new = await seasons.start(connection, season, file, plan, pace, actor="ops", at=now)
    return plan, pace, new
