"""Corrections: an entry is returned with what is wrong; its applicant changes it and answers, once, in time.

While a correction is open, the gate (`records.gate.BY_ENTRY`) lets the entry be saved and its documents be changed. An
undecided entry stays undecided by that: only the answer hands it in, and the entry rules look at it anew.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.commands import Outcome, Return
from models.errors import BadInput, NotFound, Refused
from models.season import ScreeningStage
from models.states import EntryState, SeasonState, WindowState
from records import campaigns, gate, log, screening
from records.database import CLOCK, Database, clock_of, rows
from records.seasons import LiveSeason, live

TEMPLATE = "returned_for_correction"
RETURNED = (EntryState.SUBMITTED, EntryState.UNDECIDED)
"""States in which an entry can be returned and its correction answered."""
MOST = 4000
"""Characters of a reason or an answer, at the most."""


@dataclass(frozen=True)
class CorrectionView:
    """A correction as people see it. `state` is `open`, `answered` or `missed`; all instants are UTC."""

    id: int
    reason: str
    asked_by: str
    asked_at: datetime
    until: datetime
    state: str
    answer: str | None
    answered_at: datetime | None


# The windows first, then corrections, then the entry, as by the gate: who waits for whom has one order.
_SCREENING = """SELECT w.id, w.stage, w.state, w.closes_at FROM windows w JOIN entries e
    ON e.season_id = w.season_id AND (w.area = e.area OR w.area IS NULL)
  WHERE e.id = :entry AND w.kind = 'screening' AND w.subject IS NULL ORDER BY w.ordinal, w.id FOR KEY SHARE OF w"""
_ENTRY = """SELECT e.id, e.season_id, e.number, e.state, e.applicant_id, p.language
  FROM entries e JOIN people p ON p.id = e.applicant_id WHERE e.id = :entry FOR UPDATE OF e"""
_RETURN = """INSERT INTO corrections (season_id, entry_id, reason, asked_by, asked_at, until, state)
  VALUES (:season, :entry, :reason, :actor, CAST(:at AS timestamptz), CAST(:until AS timestamptz), 'open')
  RETURNING id"""


async def return_for_correction(connection: AsyncConnection, command: Return) -> Outcome:
    """Return an entry to its applicant, once for each command id, and tell the applicant once.

    Without `until` and `by` it has the length that the season file gives, or what is left of the screening.

    Raises Refused where the entry is decided or not in, where its screening is over or ends before `until`, and where
    it has a correction that is open; BadInput without a reason; NotFound for an unknown entry.
    """
    windows = await rows(connection, _SCREENING, entry=command.entry)
    now = await clock_of(connection)
    await _miss(connection, "k.entry_id = :entry AND k.until <= CAST(:now AS timestamptz)", now, entry=command.entry)
    found = await rows(connection, _ENTRY, entry=command.entry)
    if not found:
        raise NotFound("entry.unknown", f"There is no entry {command.entry}.", "`season entries` lists them.")
    entry = found[0]
    before = await log.command_line(connection, command.id)
    if before is not None:
        return Outcome.model_validate({**before["data"]["outcome"], "repeated": True})
    reason = _text("reason", command.reason, "Say with --reason what is to be corrected; the applicant reads it.")
    season = await live(connection, entry["season_id"])
    if season.state != SeasonState.RUNNING:
        raise Refused("season.not_running", f"Season '{season.id}' is {season.state}; no entry can be returned.")
    window = windows[0] if windows else None
    _may_be_returned(entry, window, now)
    assert window is not None
    until = _until(command, season, window, now)
    _check_until(until, window, now)
    open_one = await rows(
        connection, "SELECT until FROM corrections WHERE entry_id = :entry AND state = 'open'", entry=entry["id"]
    )
    if open_one:
        raise Refused(
            "correction.open",
            f"Entry {entry['number']} is returned already, until {_z(open_one[0]['until'])}.",
            "Wait for the answer, or until then.",
        )
    made = await rows(
        connection,
        _RETURN,
        season=season.id,
        entry=entry["id"],
        reason=reason,
        actor=command.actor,
        at=now,
        until=until,
    )
    outcome = Outcome(
        command=command.id, done="entry.returned", at=now, window=window["id"], state=entry["state"], closes_at=until
    )
    data = {"number": entry["number"], "until": until.isoformat(), "outcome": outcome.model_dump(mode="json")}
    line = log.Line(
        "entry.returned", actor=command.actor, window_id=window["id"], entry_id=entry["id"], command_id=command.id,
        reason=reason, data=data,
    )  # fmt: skip
    await log.write(connection, season.id, [line], at=now)
    told = {"until": until.isoformat(), "reason": reason}
    to = campaigns.Recipient(entry["applicant_id"], entry["language"], f"correction/{made[0]['id']}", entry["id"], told)
    await campaigns.plan(connection, f"{season.id}/{TEMPLATE}", season.id, TEMPLATE, [to])
    return outcome


def _may_be_returned(entry: dict[str, Any], window: dict[str, Any] | None, now: datetime) -> None:
    number = entry["number"]
    if entry["state"] not in RETURNED:
        raise Refused("correction.state", f"Entry {number} is {entry['state']}; it cannot be returned for correction.")
    if window is None:
        raise Refused("correction.no_screening", f"No screening would look at entry {number} after a correction.")
    if window["state"] == WindowState.PAUSED:
        raise Refused(
            "window.paused", f"'{window['id']}' is paused; entry {number} cannot be returned meanwhile.",
            "Return it when the screening goes on.",
        )  # fmt: skip
    if window["state"] in (WindowState.CLOSED, WindowState.CANCELLED) or now >= window["closes_at"]:
        raise Refused(
            "correction.screened",
            f"'{window['id']}' closed at {_z(window['closes_at'])}: entry {number} can be corrected no more.",
        )


def _until(command: Return, season: LiveSeason, window: dict[str, Any], now: datetime) -> datetime:
    if command.until is not None and command.by is not None:
        raise BadInput("command.when", "Say either until when or by how long.", "Use one of --until and --by.")
    if command.until is not None:
        return command.until
    if command.by is not None:
        return now + command.by
    stage = season.file.stage(window["stage"])
    assert isinstance(stage, ScreeningStage)
    closes_at: datetime = window["closes_at"]
    return min(now + season.pace.span(stage.correction), closes_at)


def _check_until(until: datetime, window: dict[str, Any], now: datetime) -> None:
    if until <= now:
        raise Refused("correction.past", f"{_z(until)} is not in the future.", "Name a later instant with --until.")
    if until > window["closes_at"]:
        raise Refused(
            "correction.no_room",
            f"{_z(until)} is past the close of '{window['id']}' at {_z(window['closes_at'])}.",
            f"Name an earlier instant, or extend '{window['id']}' first.",
        )


_ANSWER = f"""WITH {gate.BY_ENTRY}, answered AS (
  UPDATE corrections c SET state = 'answered', answer = :text, answered_at = gate.at
  FROM gate, entries e WHERE EXISTS (SELECT FROM correction) AND c.entry_id = :entry AND c.state = 'open'
    AND gate.at < c.until AND e.id = c.entry_id AND e.state IN ('submitted', 'undecided')
  RETURNING c.id, c.season_id, e.state, e.number, gate.at
), logged AS (
  INSERT INTO log (season_id, at, actor, event, entry_id, data)
  SELECT season_id, at, :actor, 'entry.answered', :entry, jsonb_build_object('number', number, 'correction', id)
  FROM answered
) SELECT season_id, state, at FROM answered"""


async def answer(database: Database, entry_id: int, text: str, *, actor: str = "applicant") -> datetime:
    """Answer the open correction of an entry, once: the accepting instant. Then the entry rules look at it anew.

    Where they find nothing any more the entry is eligible; else it stays undecided, for a person who reads the answer.

    Raises BadInput without a text; Refused where nothing is asked, where it was answered before, and where it is late.
    """
    said = _text("answer", text, "Say what you have corrected, or why nothing is to be.")
    found = await database.at_once(_ANSWER, entry=entry_id, text=said, actor=actor)
    if not found:
        async with database.statement() as connection:
            await refuse(connection, entry_id)
            raise Refused("correction.none", "Nothing is asked of this entry.", "Look at the entry's page.")
    if found[0]["state"] == EntryState.UNDECIDED:
        await _screen_again(database, found[0]["season_id"], entry_id)
    at: datetime = found[0]["at"]
    return at


async def _screen_again(database: Database, season_id: str, entry_id: int) -> None:
    # In a transaction of its own: to compare texts takes long, and the answer is in, whatever they say.
    async with database.statement() as connection:
        season = await live(connection, season_id)
        facts = await screening.facts_of(connection, season_id, entry_id)
        crowd = await screening.crowd(connection, season_id)
    (found,) = await asyncio.to_thread(screening.screened, [facts], crowd, season.file.entry_rules)
    if found.decision != "eligible":
        found = replace(found, decision="undecided")
    async with database.transaction() as connection:
        await screening.keep_again(connection, season_id, found)


async def of_entry(database: Database, entry_id: int) -> tuple[CorrectionView, ...]:
    """The corrections of an entry, the newest first. An open one whose time is over reads as missed."""
    found = await database.at_once(
        f"""SELECT id, reason, asked_by, asked_at, until, answer, answered_at,
              CASE WHEN state = 'open' AND until <= {CLOCK} THEN 'missed' ELSE state END AS state
            FROM corrections WHERE entry_id = :entry ORDER BY id DESC""",
        entry=entry_id,
    )
    return tuple(CorrectionView(**row) for row in found)


async def conclude(connection: AsyncConnection, season: str, area: str | None) -> int:
    """The screening is over: what is still open was missed; how many."""
    now = await clock_of(connection)
    which = "k.season_id = :season AND (CAST(:area AS text) IS NULL OR e.area = :area)"
    return await _miss(connection, which, now, season=season, area=area)


async def _miss(connection: AsyncConnection, which: str, now: datetime, **values: Any) -> int:
    timed = {"now": now} if ":now" in which else {}
    missed = await rows(
        connection,
        f"""UPDATE corrections k SET state = 'missed' FROM entries e
            WHERE e.id = k.entry_id AND k.state = 'open' AND {which}
            RETURNING k.season_id, k.entry_id, e.number, e.state""",
        **timed,
        **values,
    )
    # Of an entry that was decided meanwhile nobody waited for an answer any more.
    waited = sorted((r for r in missed if r["state"] in RETURNED), key=lambda r: int(r["entry_id"]))
    for season in sorted({r["season_id"] for r in waited}):
        lines = [
            log.Line("entry.correction_missed", entry_id=r["entry_id"], data={"number": r["number"]})
            for r in waited
            if r["season_id"] == season
        ]
        await log.write(connection, season, lines, at=now)
    return len(missed)


_LAST = f"""SELECT e.number, e.state AS entry_state, c.state, c.until, c.answered_at, {CLOCK} AS now,
    s.id AS window, s.state AS window_state, s.closes_at
  FROM corrections c JOIN entries e ON e.id = c.entry_id
    LEFT JOIN windows s ON s.season_id = e.season_id AND s.kind = 'screening' AND s.subject IS NULL
      AND (s.area = e.area OR s.area IS NULL)
  WHERE c.entry_id = :entry ORDER BY c.id DESC, s.ordinal LIMIT 1"""


async def refuse(connection: AsyncConnection, entry_id: int) -> None:
    """Say why its correction did not help, if the gate refused an entry that was returned. Raises Refused."""
    found = await rows(connection, _LAST, entry=entry_id)
    if found and (found[0]["entry_state"] in RETURNED or found[0]["state"] == "answered"):
        _say(found[0])
    if found and found[0]["state"] == "open":
        row = found[0]
        raise Refused("correction.decided", f"Nothing is asked of entry {row['number']} any more.")


def _say(row: dict[str, Any]) -> None:
    number = row["number"]
    if row["state"] == "answered":
        raise Refused(
            "correction.answered",
            f"The correction of entry {number} was answered at {_z(row['answered_at'])}; it is answered once.",
        )
    if row["window_state"] == WindowState.PAUSED:
        raise Refused(
            "window.paused", f"'{row['window']}' is paused; nothing is accepted meanwhile.",
            "You will be told when it goes on; no time is lost.",
        )  # fmt: skip
    if row["state"] == "missed" or row["until"] <= row["now"]:
        raise Refused(
            "correction.over",
            f"The correction of entry {number} ended at {_z(row['until'])}; it is {_z(row['now'])} now.",
        )
    if row["window_state"] == WindowState.CLOSED or (row["closes_at"] and row["closes_at"] <= row["now"]):
        raise Refused(
            "correction.screened",
            f"'{row['window']}' closed at {_z(row['closes_at'])}: entry {number} can be corrected no more.",
        )


def _text(field: str, text: str, remedy: str) -> str:
    said = text.replace("\x00", "").strip()
    if not said:
        code = "command.no_reason" if field == "reason" else "correction.no_answer"
        what = "A reason" if field == "reason" else "An answer"
        raise BadInput(code, f"{what} is missing.", remedy)
    if len(said) > MOST:
        raise BadInput("correction.long", f"{field}: {len(said)} characters; at most {MOST} are taken.", "Shorten it.")
    return said


def _z(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M:%S.%fZ")
