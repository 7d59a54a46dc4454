"""Entries that came as rows of a spreadsheet: a batch of one area goes in, or is changed, in one transaction.

What a single registration does for one entry (`records.entries`) is done here for hundreds by a few statements; the
gate is asked once for each batch and holds its window until the batch is written.
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import Refused, SeasonkeeperError
from models.states import EntryState
from records import gate, log
from records.channels import USED
from records.database import Database, rows, run
from records.import_writing import PERSONS, EntryRow, Writing, team_of

MAY_CHANGE = (EntryState.DRAFT, EntryState.SUBMITTED)
_OVER = (EntryState.WITHDRAWN, EntryState.LAPSED)


@dataclass(frozen=True)
class Refusal:
    """Why a row did not go in: the field that it is about, a code, and the values of the code's sentence."""

    row: int
    field: str
    code: str
    values: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass
class Taken:
    """What became of a batch. Every row is counted once: new, changed, known, or refused."""

    new: int = 0
    changed: int = 0
    known: int = 0
    refused: list[Refusal] = dataclasses.field(default_factory=list)


@asynccontextmanager
async def alone(database: Database, season: str) -> AsyncIterator[None]:
    """While this block runs no other import into the season does. Raises Refused where one runs already."""
    key = {"key": f"{season}/import"}
    async with database.statement() as connection:
        got = await rows(connection, "SELECT pg_try_advisory_lock(hashtextextended(:key, 0)) AS got", **key)
        if not got[0]["got"]:
            raise Refused(
                "import.running", f"Another import into season '{season}' is running.", "Try again when it is done."
            )
        try:
            yield
        finally:
            await run(connection, "SELECT pg_advisory_unlock(hashtextextended(:key, 0))", **key)


async def told(database: Database, season: str, actor: str, counts: Mapping[str, Any]) -> None:
    """One line in the log for a whole import: who did it, of what, and how many rows."""
    async with database.transaction() as connection:
        await log.write(
            connection, season, [log.Line("sheet.imported", actor=actor, data={"added": counts["new"], **counts})]
        )


async def gate_of(connection: AsyncConnection, season: str, kind: str, area: str | None) -> dict[str, Any]:
    """The window that accepts now, held until the transaction ends: id, stage, at. Raises Refused, NotFound."""
    found = await rows(
        connection, f"WITH {gate.BY_KIND} SELECT id, stage, at FROM gate", season=season, kind=kind, area=area
    )
    if not found:
        await gate.refuse(connection, season, kind, area)
    return found[0]


async def take_entries(
    database: Database,
    season: str,
    prefix: str,
    area: str,
    batch: Sequence[EntryRow],
    *,
    actor: str,
    dry_run: bool = False,
    promised: dict[str, int] | None = None,
) -> Taken:
    """Register and submit the rows of one area that are new, and bring those up to date that have changed.

    An entry is known by its reference, else by its applicant's address, its title and its track. A draft that is known
    is submitted. `prefix` starts every public number (`2024-EU-`). With `dry_run` nothing is written, and what channels
    would have used of their quotas is added up in `promised`. `batch` names each key once.
    """
    taken = Taken()
    async with database.transaction() as connection:
        known = await _known(connection, season, batch)
        new, changed = _sort(batch, known, taken)
        if changed and not dry_run:
            # What is to be changed is looked at again once nobody else can change it; the rest needs no lock.
            fresh = {
                e["id"]: e
                for e in await rows(connection, f"{_LOAD} FOR UPDATE OF e", ids=[e["id"] for _, e in changed])
            }
            taken = Taken()
            new, changed = _sort(batch, {row: fresh.get(e["id"], e) for row, e in known.items()}, taken)
        if not (new or changed):
            return taken
        try:
            passed = await gate_of(connection, season, "registration", area)
        except SeasonkeeperError as error:
            values = {"said": error.sentence, "area": area}
            taken.refused += [Refusal(r.row, "area", error.code, values) for r in (*new, *(r for r, _ in changed))]
            return taken
        channels = await _channels(connection, season, new, changed, known, taken, promised)
        gone = {refusal.row for refusal in taken.refused}
        new, changed = [r for r in new if r.row not in gone], [(r, e) for r, e in changed if r.row not in gone]
        taken.new, taken.changed = len(new), len(changed)
        if not dry_run:
            write = Writing(connection, season, area, passed, actor, channels)
            await write.people([*new, *(r for r, _ in changed)])
            await write.new(prefix, new)
            await write.changed(changed)
    return taken


# Each looked up by the one index that finds few: a planner without fresh statistics, left to choose, reads the whole
# season for every batch. So the season is compared here.
_BY_REFERENCE = """SELECT id, reference FROM entries
  WHERE season_id = :season AND reference = ANY(CAST(:references AS text[]))"""

_OFPERSONS = """SELECT id, season_id, applicant_id, reference, state, title, track FROM entries
  WHERE applicant_id = ANY(CAST(:persons AS bigint[]))"""

_LOAD = """SELECT e.id, e.number, e.area, e.track, e.division, e.state, e.title, e.summary, e.organisation,
    e.leader_degree, e.fields, e.documents, e.details, e.reference, c.code AS channel, p.email AS applicant,
    (SELECT jsonb_agg(jsonb_build_object('email', t.email, 'name', coalesce(m.name, t.name), 'birth_year', m.birth_year)
        ORDER BY m.position)
      FROM members m JOIN people t ON t.id = m.person_id WHERE m.entry_id = e.id) AS team
  FROM entries e JOIN people p ON p.id = e.applicant_id LEFT JOIN channels c ON c.id = e.channel_id
  WHERE e.id = ANY(CAST(:ids AS bigint[])) ORDER BY e.id"""


async def _known(connection: AsyncConnection, season: str, batch: Sequence[EntryRow]) -> dict[int, dict[str, Any]]:
    """By row: the entry that it is about."""
    references = [r.reference for r in batch if r.reference]
    named = await rows(connection, _BY_REFERENCE, season=season, references=references)
    by_reference = {e["reference"]: e["id"] for e in named}
    emails = sorted({r.form.applicant.email for r in batch})
    persons = {p["id"]: p["email"] for p in await rows(connection, PERSONS, emails=emails)}
    by_key: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for e in await rows(connection, _OFPERSONS, persons=list(persons)):
        if e["season_id"] == season:
            by_key.setdefault((persons[e["applicant_id"]], e["title"], e["track"]), []).append(e)
    found: dict[int, int] = {}
    for r in batch:
        if r.reference in by_reference:
            found[r.row] = by_reference[r.reference]
            continue
        # Of several with one key, the one that is still in the season, then the oldest; another's reference is another.
        same = by_key.get((r.form.applicant.email, r.form.title, r.form.track), ())
        fits = [e for e in same if r.reference is None or e["reference"] is None]
        if fits:
            found[r.row] = min(fits, key=lambda e: (e["state"] in _OVER, e["id"]))["id"]
    if not found:
        return {}
    loaded = {e["id"]: e for e in await rows(connection, _LOAD, ids=sorted(set(found.values())))}
    return {row: loaded[entry] for row, entry in found.items()}


def _sort(
    batch: Sequence[EntryRow], known: Mapping[int, dict[str, Any]], taken: Taken
) -> tuple[list[EntryRow], list[tuple[EntryRow, dict[str, Any]]]]:
    """The rows that are new, and those that change an entry, with the values that it is to have."""
    new: list[EntryRow] = []
    changed: list[tuple[EntryRow, dict[str, Any]]] = []
    about: dict[int, int] = {}
    for row in batch:
        entry = known.get(row.row)
        if entry is None:
            new.append(row)
            continue
        first = about.setdefault(entry["id"], row.row)
        wanted = _wanted(row, entry)
        differs = entry["state"] == EntryState.DRAFT or any(wanted[name] != entry[name] for name in wanted)
        about_it = {"number": entry["number"], "state": entry["state"], "channel": entry["channel"]}
        if first != row.row:
            taken.refused.append(Refusal(row.row, "title", "row.repeated", {"first": first}))
        elif row.form.area != entry["area"] or row.form.track != entry["track"]:
            where = "area" if row.form.area != entry["area"] else "track"
            taken.refused.append(Refusal(row.row, where, "entry.moved", {**about_it, "place": entry[where]}))
        elif not differs:
            taken.known += 1
        elif entry["state"] not in MAY_CHANGE:
            taken.refused.append(Refusal(row.row, "title", "entry.over", about_it))
        elif entry["channel"] and wanted["channel"] != entry["channel"]:
            taken.refused.append(Refusal(row.row, "channel", "entry.channel", about_it))
        else:
            changed.append((row, {**wanted, "id": entry["id"], "was": entry["state"], "had": entry["channel"]}))
    return new, changed


def _wanted(row: EntryRow, entry: Mapping[str, Any]) -> dict[str, Any]:
    """What the entry is to hold: the sheet's value where the sheet has that column, else what it holds now."""
    form = row.form

    def chosen(column: str, value: Any, present: Any) -> Any:
        return value if column in row.given else present

    details = dict(entry["details"])
    if "readiness" in row.given:
        details["readiness"] = form.readiness
    # A document that is there stays: a sheet can say that one came, not that one went.
    more = [name for name in form.documents or () if name not in entry["documents"]]
    return {
        "division": chosen("group", row.division, entry["division"]),
        "title": form.title,
        "summary": chosen("summary", form.summary, entry["summary"]),
        "organisation": chosen("organisation", form.organisation, entry["organisation"]),
        "leader_degree": chosen("leader_degree", form.leader_degree, entry["leader_degree"]),
        "fields": chosen("fields", list(form.fields), entry["fields"]),
        "documents": [*entry["documents"], *more],
        "details": details,
        "reference": row.reference or entry["reference"],
        "channel": row.channel or entry["channel"],
        "applicant": form.applicant.email,
        "team": team_of(row, entry["team"] or (), entry["applicant"]),
    }


_CHANNELS = """SELECT c.id FROM channels c WHERE c.season_id = :season AND c.code = ANY(CAST(:codes AS text[]))
  ORDER BY c.id FOR NO KEY UPDATE"""
# A statement of its own: it sees what was committed while the locks were waited for.
_QUOTAS = f"""SELECT c.id, c.code, c.quota, {USED} AS used FROM channels c WHERE c.id = ANY(CAST(:ids AS bigint[]))"""


async def _channels(
    connection: AsyncConnection,
    season: str,
    new: Sequence[EntryRow],
    changed: Sequence[tuple[EntryRow, dict[str, Any]]],
    known: Mapping[int, dict[str, Any]],
    taken: Taken,
    promised: dict[str, int] | None,
) -> dict[str, int]:
    """The ids of the channels that recommend, by code; who is unknown or past its quota is refused."""
    brought = [r for r in new if r.channel] + [r for r, e in changed if r.channel and not e["had"]]
    if not brought:
        return {}
    codes = sorted({r.channel for r in brought if r.channel})
    locked = [row["id"] for row in await rows(connection, _CHANNELS, season=season, codes=codes)]
    found = {c["code"]: c for c in await rows(connection, _QUOTAS, ids=locked)}
    counts = promised if promised is not None else {}
    for row in sorted(brought, key=lambda r: r.row):
        code = row.channel or ""
        channel = found.get(code)
        if channel is None:
            taken.refused.append(Refusal(row.row, "channel", "channel.unknown", {"channel": code}))
            continue
        if channel["quota"] is not None and channel["used"] + counts.get(code, 0) >= channel["quota"]:
            values = {"channel": code, "quota": channel["quota"]}
            taken.refused.append(Refusal(row.row, "channel", "channel.quota", values))
            continue
        counts[code] = counts.get(code, 0) + 1
    return {code: channel["id"] for code, channel in found.items()}
