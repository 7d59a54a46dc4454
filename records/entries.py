"""Entries: drafts, changes, submissions through the gate, withdrawal. Each act is one statement."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any, NamedTuple, NoReturn

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import BadInput, NotFound, Refused
from models.forms import EntryForm
from models.season import SeasonFile
from models.states import Decision, EntryState
from models.tables import Entry
from records import channels, corrections, decisions, gate, graces, log
from records.database import CLOCK, Database, rows
from records.seasons import file_of, known_file

_HAND_IN = """done AS (
  UPDATE entries e SET state = 'submitted', submitted_at = gate.at, changed_at = gate.at, window_id = gate.id,
    alive = true, stage = gate.stage, revision = e.revision + 1
  FROM gate WHERE e.id = :entry AND {may} AND e.title <> ''
    AND (CAST(:seen AS int) IS NULL OR e.revision = CAST(:seen AS int))
  RETURNING e.id, e.number, e.season_id, e.applicant_id, gate.id AS window_id, gate.at
), logged AS (
  INSERT INTO log (season_id, at, actor, event, window_id, entry_id, data)
  SELECT season_id, at, :actor, 'entry.submitted', window_id, id, jsonb_build_object('number', number) FROM done
), mailed AS (
  INSERT INTO deliveries (campaign_id, person_id, subject, season_id, entry_id, window_id, language, data, queued_at)
  SELECT season_id || '/receipt', applicant_id, 'entry/' || done.id, season_id, done.id, window_id, p.language,
    jsonb_build_object('at', at), at
  FROM done JOIN people p ON p.id = applicant_id ON CONFLICT DO NOTHING
)"""
_PASS = f"{gate.BY_ENTRY}, {_HAND_IN.format(may=gate.MAY_HAND_IN)}"
_PASS_ONLY = f"WITH {_PASS} SELECT number, at FROM done"
# Most come while the window is open, or after it closed and without leave: of these two each is a statement of its own
# that asks for no more than it needs. What neither settles (grace, correction, a window that just moved) goes on to
# `_SUBMIT`. Each is complete in itself, and whatever comes after one had no effect of it.
_IN_TIME = f"""WITH {gate.IN_TIME}, {_HAND_IN.format(may="e.state IN ('draft', 'submitted')")}
  SELECT number, at FROM done"""
_TOO_LATE = f"""WITH late AS (
  SELECT e.id AS entry_id, e.season_id, e.number, e.area, clock.at AS now
  FROM entries e CROSS JOIN (SELECT {CLOCK} AS at OFFSET 0) clock
  WHERE e.id = :entry AND e.state IN ('draft', 'submitted', 'lapsed')
    AND NOT EXISTS (SELECT FROM graces g WHERE g.entry_id = :entry)
    AND NOT EXISTS (SELECT FROM corrections c WHERE c.entry_id = :entry)
), held AS (
  SELECT w.id, w.state, w.opens_at, w.closes_at, late.now,
    bool_or(w.state IN ('open', 'scheduled') AND w.opens_at <= late.now AND late.now < w.closes_at) OVER () AS accepts
  FROM late JOIN windows w ON w.season_id = late.season_id AND w.kind = 'registration' AND w.area = late.area
), refused AS (
  INSERT INTO log (season_id, at, actor, event, entry_id, data)
  SELECT season_id, now, :actor, 'entry.refused_late', entry_id, jsonb_build_object('number', number)
  FROM late WHERE EXISTS (SELECT FROM held WHERE NOT accepts)
) SELECT id, state, opens_at, closes_at, now FROM held WHERE NOT accepts ORDER BY opens_at"""
# A refusal is written by the same statement, at the instant at which the gate had refused, with what its sentence says.
_SUBMIT = f"""WITH {_PASS}, late AS (
  SELECT e.id AS entry_id, e.season_id, e.number, e.area, e.state AS entry_state, {CLOCK} AS now,
    EXISTS (SELECT FROM gate) AND {gate.MAY_COME} AS in_time,
    EXISTS (SELECT FROM graces g WHERE g.entry_id = e.id) AS graced
  FROM entries e WHERE e.id = :entry AND NOT EXISTS (SELECT FROM done)
), refused AS (
  INSERT INTO log (season_id, at, actor, event, entry_id, data)
  SELECT season_id, now, :actor, 'entry.refused_late', entry_id, jsonb_build_object('number', number)
  FROM late WHERE NOT in_time
) SELECT done.number AS accepted, done.at, late.*, w.id, w.state, w.opens_at, w.closes_at
  FROM done FULL JOIN late ON true
    LEFT JOIN windows w ON w.season_id = late.season_id AND w.kind = 'registration' AND w.area = late.area
  ORDER BY w.opens_at"""

_PERSONS = """persons AS (
  INSERT INTO people (email, name, language, zone, country, birth_year, created_at)
  SELECT k.email, k.name, k.language, k.zone, k.country, k.birth_year, gate.at
  FROM gate, jsonb_to_recordset(CAST(:people AS jsonb))
    AS k(email text, name text, language text, zone text, country text, birth_year int) ORDER BY k.email
  ON CONFLICT (email) DO UPDATE SET email = excluded.email RETURNING id, email
)"""
# Whoever is known keeps name and language; an update that changes nothing makes RETURNING answer for them too.
_TEAM = """unnest(CAST(:emails AS text[]), CAST(:names AS text[]), CAST(:births AS int[]))
    WITH ORDINALITY AS k(email, name, birth_year, n)"""
MADE_BY = "made_by"
"""Among the details of an entry: the program that drafted it, such as `token/3`."""
QUIET_MINUTES = 10
"""A draft that saves itself is in the log once in so many minutes."""

_DRAFT = f"""WITH {gate.BY_KIND}, counted AS (
  INSERT INTO counters (season_id, area, track, last) SELECT :season, :area, :track, 1 FROM gate
  ON CONFLICT (season_id, area, track) DO UPDATE SET last = counters.last + 1 RETURNING last
), {_PERSONS}, entered AS (
  INSERT INTO entries (season_id, number, area, track, division, fields, title, summary, organisation, leader_degree,
    documents, details, applicant_id, state, alive, created_at, changed_at, window_id)
  SELECT :season, :prefix || lpad(last::text, greatest(4, length(last::text)), '0'), :area, :track, :division,
    CAST(:fields AS jsonb), :title, :summary, :organisation, :leader_degree, coalesce(CAST(:documents AS jsonb), '[]'),
    CAST(:details AS jsonb), (SELECT id FROM persons WHERE email = :applicant), 'draft', false, gate.at, gate.at,
    gate.id
  FROM gate, counted RETURNING id, number
), team AS (
  INSERT INTO members (entry_id, position, person_id, name, birth_year)
  SELECT entered.id, k.n - 1, persons.id, k.name, k.birth_year
  FROM entered, {_TEAM} JOIN persons ON persons.email = k.email
), logged AS (
  INSERT INTO log (season_id, at, actor, event, window_id, entry_id, data)
  SELECT :season, gate.at, :actor, 'entry.drafted', gate.id, entered.id,
    jsonb_build_object('number', entered.number) FROM gate, entered
) SELECT id FROM entered"""

_SAVE = f"""WITH {gate.BY_ENTRY}, {_PERSONS}, changed AS (
  UPDATE entries e SET division = :division, fields = CAST(:fields AS jsonb), title = :title, summary = :summary,
    organisation = :organisation, leader_degree = :leader_degree,
    documents = coalesce(CAST(:documents AS jsonb), e.documents), details = e.details || CAST(:details AS jsonb),
    revision = e.revision + 1, applicant_id = (SELECT id FROM persons WHERE email = :applicant),
    changed_at = gate.at
  FROM gate WHERE e.id = :entry AND {gate.MAY_COME} AND e.area = :area AND e.track = :track
    AND (CAST(:seen AS int) IS NULL OR e.revision = CAST(:seen AS int))
  RETURNING e.id, e.season_id, e.revision, gate.at, gate.id AS window_id
), team AS (
  INSERT INTO members (entry_id, position, person_id, name, birth_year)
  SELECT changed.id, k.n - 1, persons.id, k.name, k.birth_year
  FROM changed, {_TEAM} JOIN persons ON persons.email = k.email
  ON CONFLICT (entry_id, position) DO UPDATE
    SET person_id = excluded.person_id, name = excluded.name, birth_year = excluded.birth_year
), gone AS (
  DELETE FROM members m USING changed WHERE m.entry_id = changed.id AND m.position >= cardinality(CAST(:emails AS text[]))
), logged AS (
  INSERT INTO log (season_id, at, actor, event, window_id, entry_id)
  SELECT season_id, at, :actor, 'entry.changed', window_id, id FROM changed
  WHERE NOT CAST(:quiet AS boolean) OR NOT EXISTS (SELECT FROM log l WHERE l.entry_id = changed.id
    AND l.event = 'entry.changed' AND l.actor = :actor AND l.at > changed.at - interval '{QUIET_MINUTES} minutes')
) SELECT at, revision FROM changed"""


async def draft(
    database: Database, season_id: str, form: EntryForm, *, channel: str | None = None, act: str = "registered"
) -> int:
    """Write a new draft and answer its id. The public number is given now, so that submitting waits for no counter.

    `channel` recommends it by `act`: it registered the entry itself, or `invited` the applicant.

    Raises BadInput for an unknown area, track, group or field; Refused where no registration window is open;
    NotFound for an unknown season or channel.
    """
    if channel is not None:
        async with database.transaction() as connection:
            return await draft_on(connection, season_id, form, channel=channel, act=act)
    found = await database.at_once(_DRAFT, **_new(await known_file(database, season_id), season_id, form, "applicant"))
    if not found:
        async with database.statement() as connection:
            await gate.refuse(connection, season_id, "registration", form.area)
    return int(found[0]["id"])


async def draft_on(
    connection: AsyncConnection,
    season_id: str,
    form: EntryForm,
    *,
    channel: str | None = None,
    act: str = "registered",
    actor: str = "applicant",
) -> int:
    """As `draft`, on a connection in a transaction. A program that drafts (`actor` is `token/…`) is kept as its maker."""
    file = await file_of(connection, season_id)
    found = await rows(connection, _DRAFT, **_new(file, season_id, form, actor))
    if not found:
        await gate.refuse(connection, season_id, "registration", form.area)
    entry: int = found[0]["id"]
    if channel is not None:
        await channels.attribute(connection, season_id, entry, channel, act)
    return entry


def _new(file: SeasonFile, season_id: str, form: EntryForm, actor: str) -> dict[str, Any]:
    values = _values(form, _division(file, form))
    if actor.startswith("token/"):
        values["details"] = json.dumps({"readiness": form.readiness, MADE_BY: actor})
    prefix = f"{file.number_prefix}-{form.area}-{form.track}-"
    return {**values, "season": season_id, "kind": "registration", "prefix": prefix, "actor": actor}


class Saved(NamedTuple):
    """When an entry was saved, and which revision it is now."""

    at: datetime
    revision: int


async def save(database: Database, entry_id: int, form: EntryForm) -> None:
    """Change a draft or a submitted entry while its registration is open. Raises as `draft` does."""
    async with database.statement() as connection:
        await save_on(connection, entry_id, form)


async def save_on(
    connection: AsyncConnection,
    entry_id: int,
    form: EntryForm,
    *,
    seen: int | None = None,
    actor: str = "applicant",
    quiet: bool = False,
) -> Saved:
    """As `save`, on a connection. `seen` is the revision that was changed; a newer one is not overwritten.

    `quiet` leaves out the line of the log where one stands there already since a few minutes.
    """
    entry = await _entry(connection, entry_id)
    file = await file_of(connection, entry["season_id"])
    if form.area != entry["area"] or form.track != entry["track"]:
        raise Refused(
            "entry.moved", f"Entry {entry['number']} is in area {entry['area']} and track {entry['track']}.",
            "Withdraw it and register it anew in the other area or track.",
        )  # fmt: skip
    values = {
        **_values(form, _division(file, form)), "entry": entry_id, "seen": seen, "actor": actor, "quiet": quiet,
    }  # fmt: skip
    done = await rows(connection, _SAVE, **values)
    if not done:
        if await rows(connection, f"WITH {gate.BY_ENTRY} SELECT at FROM gate", entry=entry_id):
            entry = await _entry(connection, entry_id)
            if seen is not None and entry["revision"] != seen:
                raise _newer(entry["number"])
        await graces.refuse(connection, entry_id)
        await corrections.refuse(connection, entry_id)
        await refuse(connection, entry_id)
    return Saved(**done[0])


async def refuse(connection: AsyncConnection, entry_id: int) -> NoReturn:
    """Say why the gate of an entry's registration did not accept. Raises Refused, NotFound."""
    entry = await _entry(connection, entry_id)
    await gate.refuse(connection, entry["season_id"], "registration", entry["area"])


async def submit_on(
    connection: AsyncConnection, entry_id: int, *, actor: str = "applicant", seen: int | None = None
) -> tuple[str, datetime] | None:
    """As `submit`, on a connection; None where it was not accepted, and nothing is written then."""
    found = await rows(connection, _PASS_ONLY, entry=entry_id, actor=actor, seen=seen)
    return (found[0]["number"], found[0]["at"]) if found else None


async def submit(
    database: Database, entry_id: int, *, actor: str = "applicant", seen: int | None = None
) -> tuple[str, datetime]:
    """Submit an entry through the gate. Answers its public number and the accepting instant.

    Submitting again while the window is open counts as the newer submission. `seen` is the revision that was looked
    at before. Raises Refused with the closing instant, where the entry has no title, and where there is a newer
    revision; a late attempt is kept in the log.
    """
    # Whoever comes after others that were late is most likely late.
    lately = time.monotonic() - _last_late < _LATELY
    for refuses in (True, False) if lately else (False, True):
        if refuses:
            if late := await database.at_once(_TOO_LATE, entry=entry_id, actor=actor):
                _note_late()
                gate.why(late)
        elif done := await database.at_once(_IN_TIME, entry=entry_id, actor=actor, seen=seen):
            return done[0]["number"], done[0]["at"]
    found = await database.at_once(_SUBMIT, entry=entry_id, actor=actor, seen=seen)
    if not found:
        raise _unknown(entry_id)
    entry = found[0]
    if entry["accepted"] is not None:
        return entry["accepted"], entry["at"]
    async with database.statement() as connection:
        if entry["in_time"]:
            await _refuse_as_it_is(connection, entry_id, seen)
        if entry["entry_state"] in (EntryState.DRAFT, EntryState.SUBMITTED, EntryState.LAPSED):
            if entry["graced"]:
                await graces.refuse(connection, entry_id)
            if any(gate.accepts(row) for row in found):
                # It waited for a closer or for operators, who have changed by then what it had read.
                await refuse(connection, entry_id)
            gate.why(found)
    raise Refused("entry.state", f"Entry {entry['number']} is {entry['entry_state']} and cannot be submitted.")


_LATELY = 1.0
"""Seconds for which a refusal lets expect more of them."""
_last_late = -_LATELY


def _note_late() -> None:
    global _last_late
    _last_late = time.monotonic()


async def _refuse_as_it_is(connection: AsyncConnection, entry_id: int, seen: int | None) -> NoReturn:
    """Say what kept an entry that came in time: read anew, as another submission may have changed it meanwhile."""
    entry = await _entry(connection, entry_id)
    if seen is not None and entry["revision"] != seen:
        raise _newer(entry["number"])
    if not entry["title"]:
        raise _untitled(entry["number"])
    raise Refused("entry.state", f"Entry {entry['number']} is {entry['state']} and cannot be submitted.")


async def withdraw(database: Database, entry_id: int, *, reason: str = "", actor: str = "applicant") -> None:
    """Take an entry out of the season, at any time before its results. Raises Refused if it is over.

    Where a selected entry withdraws, the next in rank moves up.
    """
    async with database.transaction() as connection:
        await withdraw_on(connection, entry_id, reason=reason, actor=actor)


async def withdraw_on(
    connection: AsyncConnection, entry_id: int, *, reason: str = "", actor: str = "applicant"
) -> None:
    """As `withdraw`, on a connection."""
    entry = await _entry(connection, entry_id)
    over = (EntryState.WITHDRAWN, EntryState.LAPSED, EntryState.AWARDED, EntryState.FINISHED, EntryState.INELIGIBLE)
    if entry["state"] in over:
        raise Refused("entry.over", f"Entry {entry['number']} is {entry['state']} and cannot be withdrawn.")
    if entry["state"] in (EntryState.SELECTED, EntryState.WAITING):
        why = reason or "withdrew"
        await decisions.leave(connection, entry["season_id"], entry_id, Decision.DECLINED, why, actor=actor)
    await connection.execute(update(Entry).where(Entry.id == entry_id).values(state=EntryState.WITHDRAWN, alive=False))
    line = log.Line("entry.withdrawn", actor=actor, entry_id=entry_id, reason=reason or None)
    await log.write(connection, entry["season_id"], [line])


async def _entry(connection: AsyncConnection, entry_id: int) -> dict[str, Any]:
    found = await rows(
        connection,
        "SELECT id, season_id, number, area, track, state, title, revision FROM entries WHERE id = :id",
        id=entry_id,
    )
    if not found:
        raise _unknown(entry_id)
    return found[0]


def _unknown(entry_id: int) -> NotFound:
    return NotFound("entry.unknown", f"There is no entry {entry_id}.")


def _newer(number: str) -> Refused:
    return Refused(
        "entry.newer", f"Entry {number} was changed elsewhere in the meantime.", "Load it anew, or save yours over it."
    )


def _untitled(number: str) -> Refused:
    return Refused("entry.incomplete", f"Entry {number} has no title.", "Write one, then submit.")


def _division(file: SeasonFile, form: EntryForm) -> str:
    if form.area not in {a.code for a in file.areas}:
        raise BadInput(
            "entry.area", f"area: '{form.area}' is no area of this season.", _one_of(a.code for a in file.areas)
        )
    if form.track not in {t.code for t in file.tracks}:
        raise BadInput(
            "entry.track", f"track: '{form.track}' is no track of this season.", _one_of(t.code for t in file.tracks)
        )
    track = file.track(form.track)
    unknown = set(form.fields) - {f.code for f in track.fields}
    if unknown:
        raise BadInput(
            "entry.field",
            f"fields: '{min(unknown)}' is no field of track '{track.code}'.",
            _one_of(f.code for f in track.fields),
        )
    if bool(track.groups) != bool(form.group) or (form.group and form.group not in {g.code for g in track.groups}):
        raise BadInput(
            "entry.group",
            f"group: '{form.group or ''}' is no group of track '{track.code}'.",
            _one_of(g.code for g in track.groups),
        )
    return f"{form.track}/{form.group}" if form.group else form.track


def _one_of(codes: Any) -> str:
    return f"Choose one of: {', '.join(codes) or 'none'}."


def _values(form: EntryForm, division: str) -> dict[str, Any]:
    people = {p.email: p.model_dump() for p in (form.applicant, *form.team)}
    return {
        "names": [p["name"] for p in people.values()], "births": [p["birth_year"] for p in people.values()],
        "area": form.area, "track": form.track, "division": division, "fields": json.dumps(form.fields),
        "title": form.title, "summary": form.summary, "organisation": form.organisation,
        "leader_degree": form.leader_degree, "documents": None if form.documents is None else json.dumps(form.documents),
        "details": json.dumps({"readiness": form.readiness}), "people": json.dumps(list(people.values())),
        "emails": list(people), "applicant": form.applicant.email,
    }  # fmt: skip
