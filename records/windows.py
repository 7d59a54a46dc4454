"""Windows: opening, closing, and every command that moves them.

The row is the only judge. The closer takes its lock for update, submissions take it for key share (`records.gate`):
so when the closer has it, whatever was accepted is committed, and its list is complete.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from models.commands import CloseNow, Extend, Outcome, PauseWindow, Reopen, ResumeWindow, WindowCommand
from models.errors import BadInput, NotFound, Refused
from models.results import Closing, ReminderAt, WindowFacts
from models.season import AwardsStage, MatchingStage, TrackingStage, WindowStage
from models.states import WindowState
from models.tables import Window
from models.timeline import Pace, PlannedReminder
from records import decisions, log, pauses, screening, sessions
from records.database import clock_of, rows
from records.locks import ASSIGNING, SELECTING, one_at_a_time
from records.seasons import LiveSeason, live
from rules import reminders

ROUNDS = ("review", "defence")
"""Kinds of stages with a result by which selections and awards are made."""
_ACTED_IN = ("endorsement", "review", "defence", "confirmation", "public_notice", "needs")
"""Kinds of stages that are nothing without what people do in their windows."""
SETTLE = timedelta(minutes=1)
"""Two changes of a window within this (nominal) time are told as one."""


async def row(connection: AsyncConnection, window: str, *, lock: bool = False) -> tuple[dict[str, Any], datetime]:
    """The window's row and the business clock, read after the lock was had. Raises NotFound."""
    sql = "SELECT * FROM windows WHERE id = :id" + (" FOR UPDATE" if lock else "")
    found = await rows(connection, sql, id=window)
    if not found:
        raise NotFound("window.unknown", f"There is no window '{window}'.", "`season windows` lists them.")
    return found[0], await clock_of(connection)


def facts_of(window: dict[str, Any], pace: Pace) -> WindowFacts:
    """What the workflow holds of a window."""
    plan = [PlannedReminder.model_validate(r) for r in window["reminders"]]
    return WindowFacts(
        id=window["id"],
        season=window["season_id"],
        area=window["area"],
        stage=window["stage"],
        kind=window["kind"],
        state=window["state"],
        opens_at=window["opens_at"],
        closes_at=window["closes_at"],
        revision=window["revision"],
        reminders=tuple(ReminderAt(at=r.at, key=r.key) for r in plan),
        announce_after=pace.span(SETTLE),
    )


async def facts(connection: AsyncConnection, window: str) -> WindowFacts:
    """The window as its workflow needs it. Raises NotFound."""
    found, now = await row(connection, window)
    season = await live(connection, found["season_id"])
    return facts_of(found, season.pace).model_copy(update={"missed": _missed(season, found, now)})


async def open_window(connection: AsyncConnection, window: str) -> WindowFacts:
    """Open a scheduled window whose time has come. A window already open, paused or over is left as it is."""
    found, now = await row(connection, window, lock=True)
    season = await live(connection, found["season_id"])
    if found["state"] == WindowState.SCHEDULED and found["opens_at"] <= now < found["closes_at"]:
        found = await _change(connection, found, state=WindowState.OPEN, opened_at=now)
        await _log(connection, found, "window.opened", now, {"closes_at": found["closes_at"].isoformat()})
    return facts_of(found, season.pace).model_copy(update={"told": await _is_told(connection, found)})


async def _is_told(connection: AsyncConnection, found: dict[str, Any]) -> bool:
    """Whether a window's last change was told (activities.changes) to those who knew it as it was before."""
    told = "SELECT 1 FROM campaigns WHERE id = :campaign"
    campaign = f"{found['id']}/change/{found['revision']}"
    return found["revision"] == 0 or bool(await rows(connection, told, campaign=campaign))


async def make_good(connection: AsyncConnection, window: str) -> None:
    """A window in which people must act, and that nobody was there to open, gets its full length from now on.

    Nobody loses by an outage of ours. One that was over when its season started stays over; so does one of another
    kind, and one that has some of its time left is opened with that.
    """
    found, now = await row(connection, window, lock=True)
    season = await live(connection, found["season_id"])
    if _missed(season, found, now):
        await _postpone(connection, season, found, now)


def _missed(season: LiveSeason, found: dict[str, Any], now: datetime) -> bool:
    to_open = found["state"] == WindowState.SCHEDULED and found["kind"] in _ACTED_IN
    return to_open and season.started_at <= found["opens_at"] and found["closes_at"] <= now


async def _postpone(
    connection: AsyncConnection, season: LiveSeason, found: dict[str, Any], now: datetime
) -> dict[str, Any]:
    old, until = found["closes_at"], now + (found["closes_at"] - found["opens_at"])
    found = await put(connection, season, found["id"], opens_at=now, closes_at=until, revision=found["revision"] + 1)
    data = {"stage": found["stage"], "old": old.isoformat(), "new": until.isoformat(), "closes_at": until.isoformat()}
    line = log.Line("window.postponed", window_id=found["id"], rule="window.outage", data=data)
    await log.write(connection, found["season_id"], [line], at=now)
    return found


async def close_window(connection: AsyncConnection, window: str) -> Closing:
    """Close a window whose time is up. Idempotent; where it was extended or paused meanwhile, says so instead.

    Needs wait for their opening from the season's start: those whose whole time was an outage are postponed here.
    """
    found, now = await row(connection, window, lock=True)
    season = await live(connection, found["season_id"])
    running = found["state"] in (WindowState.OPEN, WindowState.SCHEDULED)
    if not running or now < found["closes_at"]:
        over = found["state"] in (WindowState.CLOSED, WindowState.CANCELLED)
        return Closing(closed=over, silent=found["opened_at"] is None, facts=facts_of(found, season.pace))
    if found["kind"] == "needs" and _missed(season, found, now):
        found = await _postpone(connection, season, found, now)
        return Closing(closed=False, facts=facts_of(found, season.pace))
    # A window that nobody ever saw open (a season started late) closes without a word.
    silent = found["opened_at"] is None and season.started_at >= found["closes_at"]
    opened_at = found["opened_at"] or (None if silent else found["opens_at"])
    found = await _change(connection, found, state=WindowState.CLOSED, closed_at=now, opened_at=opened_at)
    event = "window.closed_silently" if silent else "window.closed"
    await _log(connection, found, event, now, {"closes_at": found["closes_at"].isoformat()})
    return Closing(closed=True, silent=silent, facts=facts_of(found, season.pace))


async def steer(connection: AsyncConnection, command: WindowCommand) -> Outcome:
    """Carry out a command on a window, once: a repeat of the same command id gets the first answer again.

    Raises Refused with the reason, BadInput for a command that is not well formed, NotFound for an unknown window.
    """
    if isinstance(command, ResumeWindow):
        # Had before the window's row, as by everyone who needs both: sessions and their panels may move.
        await one_at_a_time(connection, (await row(connection, command.window))[0]["season_id"], ASSIGNING)
    found, now = await row(connection, command.window, lock=True)
    before = await log.command_line(connection, command.id)
    if before is not None:
        return Outcome.model_validate({**before["data"]["outcome"], "repeated": True})
    if not command.reason:
        raise BadInput("command.no_reason", "A reason is missing.", "Say why with --reason; it is kept in the log.")
    season = await live(connection, found["season_id"])
    if season.state == "cancelled" or found["state"] == WindowState.CANCELLED:
        raise Refused("window.cancelled", f"Window '{found['id']}' was cancelled with its season.")
    event, values = await _decide(connection, season, found, command, now)
    old = found["closes_at"]
    if event == "window.resumed":
        await pauses.carry(connection, season.id, [found], now)
    found = await put(connection, season, found["id"], revision=found["revision"] + 1, **values)
    if event == "window.reopened" and found["kind"] == "registration":
        await screening.revive_drafts(connection, season.id, found["id"], found["area"], actor=command.actor)
    if event == "window.resumed" and found["kind"] == "defence":
        await sessions.leave_seats_taken_twice(connection, season.id, found["stage"], found["area"], found["id"])
    outcome = Outcome(
        command=command.id,
        done=event,
        at=now,
        window=found["id"],
        state=found["state"],
        revision=found["revision"],
        closes_at=found["closes_at"],
    )
    data = {
        "outcome": outcome.model_dump(mode="json"),
        "old": old.isoformat(),
        "new": found["closes_at"].isoformat(),
        "closes_at": found["closes_at"].isoformat(),
        "stage": found["stage"],
    }
    line = log.Line(
        event, actor=command.actor, window_id=found["id"], command_id=command.id, reason=command.reason, data=data
    )
    await log.write(connection, found["season_id"], [line], at=now)
    return outcome


async def _decide(
    connection: AsyncConnection, season: LiveSeason, found: dict[str, Any], command: WindowCommand, now: datetime
) -> tuple[str, dict[str, Any]]:
    state, name = found["state"], f"Window '{found['id']}'"
    match command:
        case Extend():
            until = _until(command, found["closes_at"])
            if state not in (WindowState.OPEN, WindowState.SCHEDULED) or now >= found["closes_at"]:
                raise _not_running(found, now, "extended", "`season reopen` opens a closed window again.")
            if until <= found["closes_at"]:
                raise Refused(
                    "window.earlier",
                    f"{name} closes at {_z(found['closes_at'])}; {_z(until)} is not later.",
                    "Name a later instant, or close it now with `season close`.",
                )
            await _room(connection, found, until)
            return "window.extended", {"closes_at": until}
        case CloseNow():
            begun = state == WindowState.OPEN or (state == WindowState.SCHEDULED and found["opens_at"] <= now)
            if not begun or now >= found["closes_at"]:
                raise _not_running(found, now, "closed early", "Only an open window can be closed.")
            opened_at = found["opened_at"] or found["opens_at"]
            closed = {"state": WindowState.CLOSED, "closes_at": now, "closed_at": now, "opened_at": opened_at}
            return "window.closed_early", closed
        case Reopen():
            return "window.reopened", await _reopen(connection, season, found, command, now)
        case PauseWindow():
            if state not in (WindowState.OPEN, WindowState.SCHEDULED) or now >= found["closes_at"]:
                raise _not_running(found, now, "paused", "Only an open or scheduled window can be paused.")
            return "window.paused", {"state": WindowState.PAUSED, "paused_at": now}
        case ResumeWindow():
            if state != WindowState.PAUSED:
                raise Refused("window.not_paused", f"{name} is {state}, not paused.", "There is nothing to resume.")
            return "window.resumed", resumed(found, now)
        case _:
            raise BadInput("command.unknown", f"'{type(command).__name__}' is no command on a window.")


def resumed(found: dict[str, Any], now: datetime) -> dict[str, Any]:
    """What a paused window becomes: it closes (and, if it had not opened, opens) as much later as it was paused."""
    pause = now - found["paused_at"]
    waited = found["opened_at"] is None and found["opens_at"] > found["paused_at"]
    opens_at = found["opens_at"] + pause if waited else found["opens_at"]
    return {
        "state": WindowState.OPEN if found["opened_at"] else WindowState.SCHEDULED,
        "opens_at": opens_at,
        "closes_at": found["closes_at"] + pause,
        "paused_at": None,
    }


async def _reopen(
    connection: AsyncConnection, season: LiveSeason, found: dict[str, Any], command: Reopen, now: datetime
) -> dict[str, Any]:
    name = f"Window '{found['id']}'"
    if found["state"] != WindowState.CLOSED:
        raise Refused("window.not_closed", f"{name} is {found['state']}, not closed.", "Use `season extend` instead.")
    until = _until(command, now)
    if until <= now:
        raise Refused("window.past", f"{_z(until)} is not in the future.", "Name a later instant with --until.")
    for later in await _later(connection, found):
        begun = later["state"] in ("open", "closed") or (later["state"] == "scheduled" and later["opens_at"] <= now)
        # Screening decides what came in again at its own close; every other stage builds on what is settled.
        # Lists that are still open take in what is new.
        follows = later["kind"] in ("screening", "endorsement") and later["state"] != "closed"
        may_follow = found["kind"] == "registration" and follows
        if begun and not may_follow:
            raise Refused(
                "window.built_upon",
                f"{name} cannot be reopened: '{later['id']}' is {later['state']} and builds on it.",
                "Decide the single case by hand instead.",
            )
    await _result_may_change(connection, season, found)
    await _room(connection, found, until)
    return {"state": WindowState.OPEN, "closes_at": until, "closed_at": None, "opened_at": found["opened_at"] or now}


async def _result_may_change(connection: AsyncConnection, season: LiveSeason, found: dict[str, Any]) -> None:
    """What was made by a round's result is made anew when it closes again; where it cannot be, it stays closed."""
    if found["kind"] not in ROUNDS:
        return
    # Whoever moves up now does so before this looks, or finds the round open again and stays where they are.
    await one_at_a_time(connection, season.id, SELECTING)
    final = await decisions.final_by(connection, season, found["stage"], found["area"])
    if final is None:
        return
    why = (
        f"the prizes '{final}' were given by it."
        if isinstance(season.file.stage(final), AwardsStage)
        else f"the selection '{final}' was made by it, and since then entries moved up or what follows has begun."
    )
    raise Refused(
        "window.decided_upon",
        f"Window '{found['id']}' cannot be reopened: {why}",
        "Decide the single case by hand instead.",
    )


async def _later(connection: AsyncConnection, found: dict[str, Any]) -> list[dict[str, Any]]:
    return await rows(
        connection,
        """SELECT id, kind, state, opens_at, closes_at FROM windows
           WHERE season_id = :season AND ordinal > :ordinal AND subject IS NULL AND kind NOT IN ('needs', 'event')
             AND (area = :area OR area IS NULL OR CAST(:area AS text) IS NULL) ORDER BY ordinal, id""",
        season=found["season_id"],
        ordinal=found["ordinal"],
        area=found["area"],
    )


async def _room(connection: AsyncConnection, found: dict[str, Any], until: datetime) -> None:
    """A window must not run past the close of a stage that comes after it."""
    if found["subject"] is not None or found["kind"] in ("needs", "event"):
        return
    for later in await _later(connection, found):
        if later["state"] in ("scheduled", "open", "paused") and later["closes_at"] <= until:
            raise Refused(
                "window.no_room",
                f"'{found['id']}' would run until {_z(until)}, past the close of '{later['id']}' "
                f"at {_z(later['closes_at'])}.",
                f"Extend '{later['id']}' first.",
            )


def _until(command: Extend | Reopen, base: datetime) -> datetime:
    if (command.until is None) == (command.by is None):
        raise BadInput("command.when", "Say either until when or by how long.", "Use one of --until and --by.")
    if command.until is not None:
        return command.until
    assert command.by is not None
    return base + command.by


def _not_running(found: dict[str, Any], now: datetime, done: str, remedy: str) -> Refused:
    state = found["state"]
    if state in (WindowState.OPEN, WindowState.SCHEDULED):
        state = WindowState.CLOSED if now >= found["closes_at"] else state
    when = {
        WindowState.CLOSED: f" since {_z(found['closed_at'] or found['closes_at'])}",
        WindowState.SCHEDULED: f" and opens at {_z(found['opens_at'])}",
    }.get(state, "")
    return Refused(f"window.{state}", f"Window '{found['id']}' cannot be {done}: it is {state}{when}.", remedy)


def _plan(season: LiveSeason, found: dict[str, Any]) -> list[dict[str, Any]]:
    stage = season.file.stage(found["stage"])
    if isinstance(stage, WindowStage):
        lines = stage.lines()
    else:
        lines = stage.reminders if isinstance(stage, (MatchingStage, TrackingStage)) else ()
    planned = reminders.plan(
        found["opens_at"], found["closes_at"], lines, season.pace, reminders.hours_of(season.file, found["area"])
    )
    return [r.model_dump(mode="json") for r in planned]


async def put(connection: AsyncConnection, season: LiveSeason, window: str, **values: Any) -> dict[str, Any]:
    """Write these values to a window; where its instants move, its reminders move with them."""
    change = update(Window).where(Window.id == window).values(**values).returning(Window.__table__)
    found = dict((await connection.execute(change)).mappings().one())
    if {"opens_at", "closes_at"} & values.keys():
        found = await _change(connection, found, reminders=_plan(season, found))
    return found


async def _change(connection: AsyncConnection, found: dict[str, Any], **values: Any) -> dict[str, Any]:
    change = update(Window).where(Window.id == found["id"]).values(**values).returning(Window.__table__)
    return dict((await connection.execute(change)).mappings().one())


async def _log(
    connection: AsyncConnection, found: dict[str, Any], event: str, at: datetime, data: dict[str, Any]
) -> None:
    line = log.Line(event, window_id=found["id"], data={"stage": found["stage"], **data})
    await log.write(connection, found["season_id"], [line], at=at)


def _z(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M:%SZ")
