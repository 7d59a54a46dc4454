"""An entry as its own applicant works on it: read whole, saved bit by bit, changed after it was submitted."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import NotFound
from models.forms import EntryForm, PersonForm
from models.states import EntryState
from records import entries, graces
from records.database import CLOCK, Database, rows, run
from records.entries import Saved


@dataclass(frozen=True)
class Member:
    """One of a team beside the leader, as the entry gives them."""

    name: str
    email: str
    birth_year: int | None


@dataclass(frozen=True)
class OwnEntry:
    """An entry with everything that its applicant wrote. All instants are UTC.

    `until` is when it can be changed no longer, None where it cannot be changed now; `by_grace` tells that this is
    grace of its own, `corrects` that it is undecided and changed for its correction; `paused` that its registration stands still.
    """

    id: int
    season: str
    number: str
    state: str
    area: str
    track: str
    group: str | None
    fields: tuple[str, ...]
    title: str
    summary: str
    organisation: str | None
    leader_degree: str | None
    readiness: int | None
    documents: tuple[str, ...]
    channel: str | None
    created_at: datetime
    changed_at: datetime
    submitted_at: datetime | None
    revision: int
    applicant_id: int
    applicant: PersonForm
    team: tuple[Member, ...]
    now: datetime
    until: datetime | None
    by_grace: bool
    corrects: bool
    paused: bool


_ENTRY = f"""SELECT e.id, e.season_id AS season, e.number, e.state, e.area, e.track, e.division, e.fields, e.title,
    e.summary, e.organisation, e.leader_degree, CAST(e.details->>'readiness' AS int) AS readiness, e.documents,
    c.name AS channel, e.created_at, e.changed_at, e.submitted_at, e.revision, e.applicant_id,
    {CLOCK} AS now, p.email, p.name, p.language, p.zone, p.country, p.birth_year
  FROM entries e JOIN people p ON p.id = e.applicant_id LEFT JOIN channels c ON c.id = e.channel_id
  WHERE e.id = :entry"""
_TEAM = """SELECT coalesce(m.name, p.name) AS name, p.email, m.birth_year FROM members m
  JOIN people p ON p.id = m.person_id JOIN entries e ON e.id = m.entry_id
  WHERE m.entry_id = :entry AND m.person_id <> e.applicant_id ORDER BY m.position"""
# What the gate would say, without its lock: for the page alone.
_UNTIL = f"""SELECT
  (SELECT max(w.closes_at) FROM windows w WHERE w.season_id = e.season_id AND w.kind = 'registration'
     AND w.area = e.area AND w.state IN ('open', 'scheduled') AND w.opens_at <= {CLOCK} AND {CLOCK} < w.closes_at
  ) AS open_until,
  (SELECT max(least(g.until, s.closes_at)) FROM graces g JOIN windows w ON w.id = g.window_id
     JOIN windows s ON s.season_id = w.season_id AND s.kind = 'screening' AND (s.area = w.area OR s.area IS NULL)
     WHERE g.entry_id = e.id AND {CLOCK} < g.until AND w.state IN ('open', 'scheduled', 'closed')
       AND s.state IN ('open', 'scheduled') AND {CLOCK} < s.closes_at) AS grace_until,
  (SELECT max(least(c.until, s.closes_at)) FROM corrections c JOIN windows s ON s.season_id = e.season_id
       AND s.kind = 'screening' AND s.subject IS NULL AND (s.area = e.area OR s.area IS NULL)
     WHERE c.entry_id = e.id AND c.state = 'open' AND {CLOCK} < c.until
       AND s.state IN ('open', 'scheduled') AND {CLOCK} < s.closes_at AND EXISTS (SELECT FROM windows w
         WHERE w.season_id = e.season_id AND w.kind = 'registration' AND w.area = e.area AND w.opens_at <= {CLOCK}
           AND w.state IN ('open', 'scheduled', 'closed'))) AS correction_until,
  EXISTS (SELECT FROM windows w WHERE w.season_id = e.season_id AND w.kind = 'registration' AND w.area = e.area
     AND w.state = 'paused') AS paused
  FROM entries e WHERE e.id = :entry"""


async def of_entry(database: Database, entry_id: int) -> OwnEntry:
    """An entry as its applicant sees it. Raises NotFound."""
    async with database.statement() as connection:
        return await of_entry_on(connection, entry_id)


async def of_entry_on(connection: AsyncConnection, entry_id: int) -> OwnEntry:
    """As `of_entry`, on a connection."""
    found = await rows(connection, _ENTRY, entry=entry_id)
    if not found:
        raise NotFound("entry.unknown", f"There is no entry {entry_id}.")
    row = found[0]
    team = await rows(connection, _TEAM, entry=entry_id)
    gate = (await rows(connection, _UNTIL, entry=entry_id))[0]
    may = row["state"] in (EntryState.DRAFT, EntryState.SUBMITTED)
    until = gate["open_until"] if may else None
    by_grace = False
    if (
        gate["grace_until"]
        and (may or row["state"] == EntryState.LAPSED)
        and (until or row["now"]) < gate["grace_until"]
    ):
        until, by_grace = gate["grace_until"], True
    corrects = row["state"] == EntryState.UNDECIDED and gate["correction_until"] is not None
    if corrects or (row["state"] == EntryState.SUBMITTED and gate["correction_until"] and until is None):
        until = gate["correction_until"]
    person = PersonForm.model_construct(
        **{key: row.pop(key) for key in ("email", "name", "language", "zone", "country", "birth_year")}
    )
    division = row.pop("division")
    values: dict[str, Any] = {**row, "fields": tuple(row["fields"]), "documents": tuple(row["documents"])}
    return OwnEntry(
        **values, group=division.partition("/")[2] or None, applicant=person, team=tuple(Member(**m) for m in team),
        until=until, by_grace=by_grace, corrects=corrects, paused=gate["paused"],
    )  # fmt: skip


async def save(
    database: Database,
    entry_id: int,
    form: EntryForm,
    *,
    seen: int | None,
    actor: str = "applicant",
    own: PersonForm | None = None,
) -> Saved:
    """Save a draft. `seen` is the revision that was changed, None to write over a newer one.

    `own` is what the applicant says of themself; of nobody else any row of `people` is changed. Raises as
    `records.entries.save` does, and Refused `entry.newer`.
    """
    async with database.transaction() as connection:
        before = await _members(connection, entry_id)
        saved = await entries.save_on(connection, entry_id, form, seen=seen, actor=actor, quiet=True)
        await _keep_own(connection, entry_id, own)
        gone = before - await _members(connection, entry_id)
    await _forget(database, entry_id, gone)
    return saved


async def change(
    database: Database,
    entry_id: int,
    form: EntryForm,
    *,
    seen: int | None,
    actor: str = "applicant",
    own: PersonForm | None = None,
) -> tuple[str, datetime]:
    """Change an entry that was submitted and submit it again, both or neither: its number and the accepting instant."""
    async with database.transaction() as connection:
        before = await _members(connection, entry_id)
        saved = await entries.save_on(connection, entry_id, form, seen=seen, actor=actor)
        await _keep_own(connection, entry_id, own)
        gone = before - await _members(connection, entry_id)
        answer = await entries.submit_on(connection, entry_id, actor=actor, seen=saved.revision)
        if answer is None:  # the window closed between the two: what was saved is taken back
            await graces.refuse(connection, entry_id)
            await entries.refuse(connection, entry_id)
    await _forget(database, entry_id, gone)
    return answer


async def _members(connection: AsyncConnection, entry_id: int) -> set[int]:
    found = await rows(connection, "SELECT person_id FROM members WHERE entry_id = :entry", entry=entry_id)
    return {row["person_id"] for row in found}


async def _keep_own(connection: AsyncConnection, entry_id: int, own: PersonForm | None) -> None:
    if own is not None:
        await run(
            connection,
            """UPDATE people p SET name = :name, language = :language, zone = :zone, country = :country,
                 birth_year = :birth_year
               FROM entries e WHERE e.id = :entry AND p.id = e.applicant_id AND p.email = :email""",
            entry=entry_id,
            **own.model_dump(),
        )


# Who was only ever named here, by an address with a slip perhaps, and is named no more.
_FORGET = """DELETE FROM people p USING entries e
  WHERE e.id = :entry AND p.id = ANY(CAST(:gone AS bigint[])) AND p.verified_at IS NULL AND p.created_at >= e.created_at
    AND NOT EXISTS (SELECT FROM members x WHERE x.person_id = p.id)
    AND NOT EXISTS (SELECT FROM entries x WHERE x.applicant_id = p.id)
    AND NOT EXISTS (SELECT FROM channels x WHERE x.contact_id = p.id)
    AND NOT EXISTS (SELECT FROM places x WHERE x.contact_id = p.id)
    AND NOT EXISTS (SELECT FROM judges x WHERE x.person_id = p.id)
    AND NOT EXISTS (SELECT FROM objections x WHERE x.by_id = p.id)
    AND NOT EXISTS (SELECT FROM deliveries x WHERE x.person_id = p.id)
    AND NOT EXISTS (SELECT FROM staff x WHERE x.person_id = p.id)
    AND NOT EXISTS (SELECT FROM sign_in_links x WHERE x.person_id = p.id)
    AND NOT EXISTS (SELECT FROM web_sessions x WHERE x.person_id = p.id)"""


async def _forget(database: Database, entry_id: int, gone: set[int]) -> None:
    if gone:
        # Somebody else may name them at the very same moment: then they stay.
        with suppress(asyncpg.ForeignKeyViolationError):
            await database.at_once(_FORGET, entry=entry_id, gone=sorted(gone))


@dataclass(frozen=True)
class Listed:
    """One of a person's entries. `leads` is true where the person is its applicant."""

    id: int
    season: str
    number: str
    title: str
    area: str
    track: str
    state: str
    leads: bool
    changed_at: datetime
    submitted_at: datetime | None


async def of_person(database: Database, person_id: int) -> tuple[Listed, ...]:
    """Everything that somebody takes part in, the newest first."""
    found = await database.at_once(
        """SELECT e.id, e.season_id AS season, e.number, e.title, e.area, e.track, e.state, e.changed_at,
             e.submitted_at, e.applicant_id = :person AS leads
           FROM entries e WHERE e.applicant_id = :person
             OR EXISTS (SELECT FROM members m WHERE m.entry_id = e.id AND m.person_id = :person)
           ORDER BY e.created_at DESC, e.id DESC""",
        person=person_id,
    )
    return tuple(Listed(**row) for row in found)


async def open_seasons(database: Database) -> tuple[str, ...]:
    """Ids of the seasons in which some area accepts entries now, the one that closes first before the others."""
    found = await database.at_once(
        f"""SELECT w.season_id AS season FROM windows w JOIN seasons s ON s.id = w.season_id AND s.state = 'running'
            WHERE w.kind = 'registration' AND w.state IN ('open', 'scheduled') AND w.opens_at <= {CLOCK}
              AND {CLOCK} < w.closes_at GROUP BY w.season_id ORDER BY min(w.closes_at), w.season_id"""
    )
    return tuple(row["season"] for row in found)


async def person(database: Database, person_id: int) -> PersonForm:
    """Somebody as they are known here. Raises NotFound."""
    found = await database.at_once(
        "SELECT email, name, language, zone, country, birth_year FROM people WHERE id = :person", person=person_id
    )
    if not found:
        raise NotFound("person.unknown", "This person is not known here any more.")
    return PersonForm.model_construct(**found[0])
