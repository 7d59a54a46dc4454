"""Commands on a whole season: pause, resume, cancel. Each once, with who and why, in one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from models.commands import Outcome, SeasonCommand
from models.errors import BadInput, NotFound, Refused
from models.states import SeasonState, WindowState
from models.tables import Season
from records import log, pauses, windows
from records.database import clock_of, rows, run
from records.locks import ASSIGNING, one_at_a_time
from records.seasons import live


async def pause_season(connection: AsyncConnection, command: SeasonCommand) -> Outcome:
    """Stop the season's time: nothing is accepted anywhere until it is resumed. Raises Refused, BadInput, NotFound."""
    season, now, before = await _begin(connection, command)
    if before:
        return before
    if season["state"] != SeasonState.RUNNING:
        raise Refused("season.not_running", f"Season '{season['id']}' is {season['state']}; it cannot be paused.")
    await run(
        connection,
        """UPDATE windows SET state = 'paused', paused_at = :at, revision = revision + 1
           WHERE season_id = :season AND state IN ('open', 'scheduled') AND closes_at > :at""",
        season=season["id"],
        at=now,
    )
    await _set(connection, season["id"], state=SeasonState.PAUSED, paused_at=now)
    return await _done(connection, command, "season.paused", SeasonState.PAUSED, now)


async def resume_season(connection: AsyncConnection, command: SeasonCommand) -> Outcome:
    """Let the season's time run on: everything that was still to come is later by as long as it was paused."""
    # Had before the season's row: whoever plans sessions now has done it before they are moved.
    await one_at_a_time(connection, command.season, ASSIGNING)
    season, now, before = await _begin(connection, command)
    if before:
        return before
    if season["state"] != SeasonState.PAUSED:
        raise Refused("season.not_paused", f"Season '{season['id']}' is {season['state']}, not paused.")
    facts = await live(connection, season["id"])
    paused = await rows(
        connection,
        "SELECT * FROM windows WHERE season_id = :season AND state = 'paused' FOR UPDATE",
        season=season["id"],
    )
    # A window paused by itself before the season was keeps its own pause, and is resumed by its own command.
    paused = [window for window in paused if window["paused_at"] >= season["paused_at"]]
    await pauses.carry(connection, season["id"], paused, now)
    for window in paused:
        await windows.put(
            connection, facts, window["id"], revision=window["revision"] + 1, **windows.resumed(window, now)
        )
    # What has no window yet (matching rounds, sessions to be planned) moves with the pace.
    moved = facts.pace.model_copy(update={"anchor_real": facts.pace.anchor_real + (now - season["paused_at"])})
    await _set(connection, season["id"], state=SeasonState.RUNNING, paused_at=None, pace=moved.model_dump(mode="json"))
    return await _done(connection, command, "season.resumed", SeasonState.RUNNING, now)


async def cancel_season(connection: AsyncConnection, command: SeasonCommand) -> Outcome:
    """Close every window for good. The record stays."""
    season, now, before = await _begin(connection, command)
    if before:
        return before
    if season["state"] not in (SeasonState.RUNNING, SeasonState.PAUSED):
        raise Refused("season.over", f"Season '{season['id']}' is {season['state']} already; nothing was changed.")
    cancelled = await rows(
        connection,
        """UPDATE windows SET state = :state, revision = revision + 1, closed_at = :at
           WHERE season_id = :season AND state IN ('open', 'scheduled', 'paused') RETURNING id, stage""",
        season=season["id"],
        state=WindowState.CANCELLED,
        at=now,
    )
    await _set(connection, season["id"], state=SeasonState.CANCELLED, ended_at=now)
    lines = [log.Line("window.cancelled", window_id=w["id"], data={"stage": w["stage"]}) for w in cancelled]
    await log.write(connection, season["id"], lines, at=now)
    return await _done(connection, command, "season.cancelled", SeasonState.CANCELLED, now)


async def _begin(connection: AsyncConnection, command: SeasonCommand) -> tuple[RowMapping, datetime, Outcome | None]:
    locked = select(Season.__table__).where(Season.id == command.season).with_for_update()
    found = (await connection.execute(locked)).mappings().one_or_none()
    if found is None:
        raise NotFound("season.unknown", f"There is no season '{command.season}'.", "`season list` shows the seasons.")
    now: datetime = await clock_of(connection)
    before = await log.command_line(connection, command.id)
    if before is not None:
        return found, now, Outcome.model_validate({**before["data"]["outcome"], "repeated": True})
    if not command.reason:
        raise BadInput("command.no_reason", "A reason is missing.", "Say why with --reason; it is kept in the log.")
    return found, now, None


async def _set(connection: AsyncConnection, season: str, **values: Any) -> None:
    await connection.execute(update(Season).where(Season.id == season).values(**values))


async def _done(connection: AsyncConnection, command: SeasonCommand, event: str, state: str, now: datetime) -> Outcome:
    outcome = Outcome(command=command.id, done=event, at=now, state=state)
    line = log.Line(
        event,
        actor=command.actor,
        command_id=command.id,
        reason=command.reason,
        data={"season": command.season, "outcome": outcome.model_dump(mode="json")},
    )
    await log.write(connection, command.season, [line], at=now)
    return outcome
