"""Entries: drafts, changes, submissions through the gate, withdrawal. Each act is one statement."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import BadInput, NotFound, Refused
from models.forms import EntryForm
from models.season import SeasonFile
from models.states import Decision, EntryState
from models.tables import Entry
from records import channels, decisions, gate, graces, log
from records.database import CLOCK, Database, rows
from records.seasons import file_of, known_file

_SUBMIT = f"""WITH {gate.BY_ENTRY}, done AS (
  UPDATE entries e SET state = 'submitted', submitted_at = gate.at, changed_at = gate.at, window_id = gate.id,
    alive = true, stage = gate.stage
  FROM gate WHERE e.id = :entry AND {gate.MAY_COME}
  RETURNING e.id, e.number, e.season_id, e.applicant_id, gate.id AS window_id, gate.at
), logged AS (
  INSERT INTO log (season_id, at, actor, event, window_id, entry_id, data)
  SELECT season_id, at, :actor, 'entry.submitted', window_id, id, jsonb_build_object('number', number) FROM done
), mailed AS (
  INSERT INTO deliveries (campaign_id, person_id, subject, season_id, entry_id, window_id, language, data, queued_at)
  SELECT season_id || '/receipt', applicant_id, 'entry/' || done.id, season_id, done.id, window_id, p.language,
    jsonb_build_object('at', at), at
  FROM done JOIN people p ON p.id = applicant_id ON CONFLICT DO NOTHING
) SELECT number, at FROM done"""


# After a deadline refusals come as thick as submissions did before it: they too are written by one statement.
_REFUSED = f"""WITH clock AS MATERIALIZED (SELECT {CLOCK} AS now), late AS (
  SELECT id AS entry_id, season_id, number, area, state AS entry_state,
    EXISTS (SELECT FROM graces g WHERE g.entry_id = :entry) AS graced
  FROM entries WHERE id = :entry
), logged AS (
  INSERT INTO log (season_id, at, actor, event, entry_id, data)
  SELECT season_id, now, :actor, 'entry.refused_late', entry_id, jsonb_build_object('number', number)
  FROM late CROSS JOIN clock
) SELECT late.*, clock.now, w.id, w.state, w.opens_at, w.closes_at FROM late CROSS JOIN clock
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

_DRAFT = f"""WITH {gate.BY_KIND}, counted AS (
  INSERT INTO counters (season_id, area, track, last) SELECT :season, :area, :track, 1 FROM gate
  ON CONFLICT (season_id, area, track) DO UPDATE SET last = counters.last + 1 RETURNING last
), {_PERSONS}, entered AS (
  INSERT INTO entries (season_id, number, area, track, division, fields, title, summary, organisation, leader_degree,
    documents, details, applicant_id, state, alive, created_at, changed_at, window_id)
  SELECT :season, :prefix || lpad(last::text, greatest(4, length(last::text)), '0'), :area, :track, :division,
    CAST(:fields AS jsonb), :title, :summary, :organisation, :leader_degree, CAST(:documents AS jsonb),
    CAST(:details AS jsonb), (SELECT id FROM persons WHERE email = :applicant), 'draft', false, gate.at, gate.at,
    gate.id
  FROM gate, counted RETURNING id, number
), team AS (
  INSERT INTO members (entry_id, position, person_id)
  SELECT entered.id, k.n - 1, persons.id
  FROM entered, unnest(CAST(:emails AS text[])) WITH ORDINALITY AS k(email, n) JOIN persons ON persons.email = k.email
), logged AS (
  INSERT INTO log (season_id, at, actor, event, window_id, entry_id, data)
  SELECT :season, gate.at, 'applicant', 'entry.drafted', gate.id, entered.id,
    jsonb_build_object('number', entered.number) FROM gate, entered
) SELECT id FROM entered"""

_SAVE = f"""WITH {gate.BY_ENTRY}, {_PERSONS}, changed AS (
  UPDATE entries e SET division = :division, fields = CAST(:fields AS jsonb), title = :title, summary = :summary,
    organisation = :organisation, leader_degree = :leader_degree, documents = CAST(:documents AS jsonb),
    details = CAST(:details AS jsonb), applicant_id = (SELECT id FROM persons WHERE email = :applicant),
    changed_at = gate.at
  FROM gate WHERE e.id = :entry AND {gate.MAY_COME} AND e.area = :area AND e.track = :track
  RETURNING e.id, e.season_id, gate.at, gate.id AS window_id
), team AS (
  INSERT INTO members (entry_id, position, person_id)
  SELECT changed.id, k.n - 1, persons.id
  FROM changed, unnest(CAST(:emails AS text[])) WITH ORDINALITY AS k(email, n) JOIN persons ON persons.email = k.email
  ON CONFLICT (entry_id, position) DO UPDATE SET person_id = excluded.person_id
), gone AS (
  DELETE FROM members m USING changed WHERE m.entry_id = changed.id AND m.position >= cardinality(CAST(:emails AS text[]))
), logged AS (
  INSERT INTO log (season_id, at, actor, event, window_id, entry_id)
  SELECT season_id, at, 'applicant', 'entry.changed', window_id, id FROM changed
) SELECT at FROM changed"""


async def draft(database: Database, season_id: str, form: EntryForm, *, channel: str | None = None) -> int:
    """Write a new draft and answer its id. The public number is given now, so that submitting waits for no counter.

    Raises BadInput for an unknown area, track, group or field; Refused where no registration window is open;
    NotFound for an unknown season or channel.
    """
    file = await known_file(database, season_id)
    values = {
        **_values(form, _division(file, form)),
        "season": season_id,
        "kind": "registration",
        "prefix": f"{file.number_prefix}-{form.area}-{form.track}-",
    }
    if channel is None:
        found = await database.at_once(_DRAFT, **values)
    else:
        async with database.transaction() as connection:
            found = await rows(connection, _DRAFT, **values)
            if found:
                await channels.attribute(connection, season_id, found[0]["id"], channel, "registered")
    if not found:
        async with database.statement() as connection:
            await gate.refuse(connection, season_id, "registration", form.area)
    return int(found[0]["id"])


async def save(database: Database, entry_id: int, form: EntryForm) -> None:
    """Change a draft or a submitted entry while its registration is open. Raises as `draft` does."""
    async with database.statement() as connection:
        entry = await _entry(connection, entry_id)
        file = await file_of(connection, entry["season_id"])
        if form.area != entry["area"] or form.track != entry["track"]:
            raise Refused(
                "entry.moved", f"Entry {entry['number']} is in area {entry['area']} and track {entry['track']}.",
                "Withdraw it and register it anew in the other area or track.",
            )  # fmt: skip
        values = {**_values(form, _division(file, form)), "entry": entry_id}
        if not await rows(connection, _SAVE, **values):
            await graces.refuse(connection, entry_id)
            await gate.refuse(connection, entry["season_id"], "registration", form.area)


async def submit(database: Database, entry_id: int, *, actor: str = "applicant") -> tuple[str, datetime]:
    """Submit an entry through the gate. Answers its public number and the accepting instant.

    Submitting again while the window is open counts as the newer submission. Raises Refused with the closing
    instant; a late attempt is kept in the log.
    """
    found = await database.at_once(_SUBMIT, entry=entry_id, actor=actor)
    if found:
        return found[0]["number"], found[0]["at"]
    late = await database.at_once(_REFUSED, entry=entry_id, actor=actor)
    if not late:
        raise _unknown(entry_id)
    entry = late[0]
    if entry["entry_state"] in (EntryState.DRAFT, EntryState.SUBMITTED, EntryState.LAPSED):
        if entry["graced"]:
            async with database.statement() as connection:
                await graces.refuse(connection, entry_id)
        gate.why(late)
    raise Refused("entry.state", f"Entry {entry['number']} is {entry['entry_state']} and cannot be submitted.")


async def withdraw(database: Database, entry_id: int, *, reason: str = "") -> None:
    """Take an entry out of the season, at any time before its results. Raises Refused if it is over.

    Where a selected entry withdraws, the next in rank moves up.
    """
    async with database.transaction() as connection:
        entry = await _entry(connection, entry_id)
        over = (EntryState.WITHDRAWN, EntryState.LAPSED, EntryState.AWARDED, EntryState.FINISHED, EntryState.INELIGIBLE)
        if entry["state"] in over:
            raise Refused("entry.over", f"Entry {entry['number']} is {entry['state']} and cannot be withdrawn.")
        if entry["state"] in (EntryState.SELECTED, EntryState.WAITING):
            why = reason or "withdrew"
            await decisions.leave(connection, entry["season_id"], entry_id, Decision.DECLINED, why, actor="applicant")
        await connection.execute(
            update(Entry).where(Entry.id == entry_id).values(state=EntryState.WITHDRAWN, alive=False)
        )
        line = log.Line("entry.withdrawn", actor="applicant", entry_id=entry_id, reason=reason or None)
        await log.write(connection, entry["season_id"], [line])


async def _entry(connection: AsyncConnection, entry_id: int) -> dict[str, Any]:
    found = await rows(
        connection, "SELECT id, season_id, number, area, track, state FROM entries WHERE id = :id", id=entry_id
    )
    if not found:
        raise _unknown(entry_id)
    return found[0]


def _unknown(entry_id: int) -> NotFound:
    return NotFound("entry.unknown", f"There is no entry {entry_id}.")


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
        "area": form.area, "track": form.track, "division": division, "fields": json.dumps(form.fields),
        "title": form.title, "summary": form.summary, "organisation": form.organisation,
        "leader_degree": form.leader_degree, "documents": json.dumps(form.documents),
        "details": json.dumps({"readiness": form.readiness}), "people": json.dumps(list(people.values())),
        "emails": list(people), "applicant": form.applicant.email,
    }  # fmt: skip
