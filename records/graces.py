"""Grace: more time for one entry, though the registration window of its area has closed.

The gate (`records.gate.BY_ENTRY`) accepts by it until it ends, as long as the screening that decides upon the entry
is not over.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.commands import Grace, Outcome
from models.errors import BadInput, NotFound, Refused
from models.states import EntryState, SeasonState, WindowState
from records import campaigns, log
from records.database import clock_of, rows
from records.seasons import live

TEMPLATE = "grace_given"
_STILL = (EntryState.DRAFT, EntryState.LAPSED, EntryState.SUBMITTED)


async def give_grace(connection: AsyncConnection, command: Grace) -> Outcome:
    """Give an entry more time, once for each command id, and tell its applicant once.

    Raises Refused where the entry can no longer come in, or not for that long; BadInput without a reason, or where
    not exactly one of `until` and `by` is given; NotFound for an unknown entry.
    """
    window, screening = await _windows(connection, command.entry)
    entry = (await rows(connection, _ENTRY, entry=command.entry))[0]
    now = await clock_of(connection)
    before = await log.command_line(connection, command.id)
    if before is not None:
        return Outcome.model_validate({**before["data"]["outcome"], "repeated": True})
    if not command.reason:
        raise BadInput("command.no_reason", "A reason is missing.", "Say why with --reason; it is kept in the log.")
    season = await live(connection, entry["season_id"])
    if season.state != SeasonState.RUNNING:
        raise Refused("season.not_running", f"Season '{season.id}' is {season.state}; no grace can be given.")
    until = _until(command, max(window["closes_at"], now))
    _check(entry, window, screening, until, now)
    outcome = Outcome(
        command=command.id, done="entry.grace_given", at=now, window=window["id"], state=entry["state"], closes_at=until
    )
    grace = (
        await rows(
            connection, _GIVE, window=window["id"], entry=entry["id"], until=until, at=now, actor=command.actor,
            reason=command.reason, command=command.id,
        )
    )[0]["id"]  # fmt: skip
    data = {
        "number": entry["number"], "stage": window["stage"], "until": until.isoformat(),
        "outcome": outcome.model_dump(mode="json"),
    }  # fmt: skip
    line = log.Line(
        "entry.grace_given", actor=command.actor, window_id=window["id"], entry_id=entry["id"], command_id=command.id,
        reason=command.reason, data=data,
    )  # fmt: skip
    await log.write(connection, season.id, [line], at=now)
    told = {"until": until.isoformat(), "reason": command.reason}
    recipient = campaigns.Recipient(entry["applicant_id"], entry["language"], f"grace/{grace}", entry["id"], told)
    await campaigns.plan(connection, f"{season.id}/{TEMPLATE}", season.id, TEMPLATE, [recipient])
    return outcome


_GIVE = """INSERT INTO graces (window_id, entry_id, until, at, actor, reason, command_id)
  VALUES (:window, :entry, CAST(:until AS timestamptz), CAST(:at AS timestamptz), :actor, :reason, :command)
  RETURNING id"""
_ENTRY = """SELECT e.id, e.season_id, e.number, e.state, e.applicant_id, p.language
  FROM entries e JOIN people p ON p.id = e.applicant_id WHERE e.id = :entry FOR UPDATE OF e"""
# The windows are had before the entry, as by the gate: who waits for whom has one order.
_WINDOWS = """SELECT w.id, w.kind, w.stage, w.area, w.state, w.closes_at, w.paused_at FROM windows w JOIN entries e
    ON e.season_id = w.season_id AND (w.area = e.area OR (w.area IS NULL AND w.kind = 'screening'))
  WHERE e.id = :entry AND w.kind IN ('registration', 'screening') AND w.subject IS NULL
  ORDER BY w.ordinal, w.id FOR KEY SHARE OF w"""


async def _windows(connection: AsyncConnection, entry: int) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The registration window of an entry, the last where there are several, and its screening if there is one."""
    found = await rows(connection, _WINDOWS, entry=entry)
    if not await rows(connection, "SELECT 1 FROM entries WHERE id = :entry", entry=entry):
        raise NotFound("entry.unknown", f"There is no entry {entry}.", "`season entries` lists them.")
    registrations = [w for w in found if w["kind"] == "registration"]
    return registrations[-1], next((w for w in found if w["kind"] == "screening"), None)


def _until(command: Grace, base: datetime) -> datetime:
    if (command.until is None) == (command.by is None):
        raise BadInput("command.when", "Say either until when or by how long.", "Use one of --until and --by.")
    if command.until is not None:
        return command.until
    assert command.by is not None
    return base + command.by


def _check(
    entry: dict[str, Any], window: dict[str, Any], screening: dict[str, Any] | None, until: datetime, now: datetime
) -> None:
    number = entry["number"]
    if entry["state"] not in _STILL:
        raise Refused("grace.decided", f"Entry {number} is {entry['state']}; grace would change nothing for it.")
    if window["state"] == WindowState.CANCELLED:
        raise Refused("window.cancelled", f"Window '{window['id']}' was cancelled with its season.")
    if screening is None:
        raise Refused("grace.no_screening", f"No screening would look at entry {number} after '{window['id']}' closed.")
    if screening["state"] in (WindowState.CLOSED, WindowState.CANCELLED) or now >= screening["closes_at"]:
        raise Refused(
            "grace.screened",
            f"'{screening['id']}' closed at {_z(screening['closes_at'])}: entry {number} can come in no more.",
        )
    if until <= now:
        raise Refused("grace.past", f"{_z(until)} is not in the future.", "Name a later instant with --until.")
    if window["state"] != WindowState.CLOSED and until <= window["closes_at"]:
        raise Refused(
            "grace.not_needed", f"'{window['id']}' closes at {_z(window['closes_at'])}; {_z(until)} is not later."
        )
    if until > screening["closes_at"]:
        raise Refused(
            "grace.no_room",
            f"{_z(until)} is past the close of '{screening['id']}' at {_z(screening['closes_at'])}.",
            f"Name an earlier instant, or extend '{screening['id']}' first.",
        )


async def refuse(connection: AsyncConnection, entry: int) -> None:
    """Say why grace did not help, if the gate refused an entry that has been given it. Raises Refused."""
    now = await clock_of(connection)
    found = await rows(
        connection,
        """SELECT e.number, max(g.until) AS until, bool_or(w.state = 'paused') AS paused
           FROM graces g JOIN entries e ON e.id = g.entry_id JOIN windows w ON w.id = g.window_id
           WHERE e.id = :entry AND g.until > w.closes_at GROUP BY e.number""",
        entry=entry,
    )
    if not found or found[0]["paused"]:
        return
    until, number = found[0]["until"], found[0]["number"]
    _, screening = await _windows(connection, entry)
    if screening is not None and screening["state"] == WindowState.PAUSED and until > screening["paused_at"]:
        raise Refused(
            "window.paused", f"'{screening['id']}' is paused; nothing is accepted meanwhile.",
            "You will be told when it goes on; no time is lost.",
        )  # fmt: skip
    if until <= now:
        raise Refused("grace.over", f"The grace of entry {number} ended at {_z(until)}; it is {_z(now)} now.")
    if screening is not None and (screening["state"] == WindowState.CLOSED or screening["closes_at"] <= now):
        raise Refused(
            "grace.screened",
            f"'{screening['id']}' closed at {_z(screening['closes_at'])}: entry {number} can come in no more.",
        )


def _z(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M:%S.%fZ")
