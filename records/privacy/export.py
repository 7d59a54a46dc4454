"""A person's copy: everything that is kept about one person, machine-readable. Secrets and their digests are left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import NotFound
from records.database import Database, clock_of, rows

HIDDEN = frozenset(
    {
        "digest",
        "password_hash",
        "totp_secret",
        "totp_step",
        "owner",
        "lease_until",
        "stored_as",
        "secret",
        "old_secret",
        "cursor",
    }
)
"""Columns that no copy shows: secrets, what is derived from them, and where things lie."""

_THEIRS = """(SELECT id FROM entries WHERE applicant_id = :person
  UNION SELECT entry_id FROM members WHERE person_id = :person)"""
_CHANNELS = "(SELECT id FROM channels WHERE contact_id = :person)"
_PLACES = "(SELECT id FROM places WHERE contact_id = :person)"
_JUDGE = "(SELECT id FROM judges WHERE person_id = :person)"
_TASKS = f"(SELECT id FROM assignments WHERE judge_id IN {_JUDGE})"
_MATCHES = f"""(SELECT m.id FROM matches m JOIN needs n ON n.id = m.need_id
  WHERE m.entry_id IN {_THEIRS} OR n.place_id IN {_PLACES})"""
_OF_ENTRY = f"entry_id IN {_THEIRS}"
_CALLED = "IN ('person/' || CAST(:person AS bigint)::text, 'staff/' || CAST(:person AS bigint)::text)"

EXPORT: dict[str, str] = {
    "people": "id = :person",
    "members": "person_id = :person",
    "entries": f"id IN {_THEIRS}",
    "documents": _OF_ENTRY,
    "corrections": _OF_ENTRY,
    "graces": _OF_ENTRY,
    "nudges": f"{_OF_ENTRY} OR channel_id IN {_CHANNELS}",
    "recommendations": f"{_OF_ENTRY} OR channel_id IN {_CHANNELS}",
    "invitations": _OF_ENTRY,
    "selections": _OF_ENTRY,
    "wild_cards": _OF_ENTRY,
    "tallies": _OF_ENTRY,
    "slots": _OF_ENTRY,
    "awards": _OF_ENTRY,
    "channels": "contact_id = :person",
    "channel_lists": f"channel_id IN {_CHANNELS}",
    "api_tokens": f"channel_id IN {_CHANNELS}",
    "places": "contact_id = :person",
    "needs": f"place_id IN {_PLACES}",
    "matches": f"id IN {_MATCHES}",
    "follow_ups": f"match_id IN {_MATCHES}",
    "judges": "person_id = :person",
    "conflicts": f"judge_id IN {_JUDGE}",
    "assignments": f"judge_id IN {_JUDGE}",
    "ballots": f"assignment_id IN {_TASKS}",
    "sessions": f"""id IN (SELECT session_id FROM slots WHERE entry_id IN {_THEIRS})
      OR judges @> ANY (SELECT to_jsonb(id) FROM judges WHERE person_id = :person)""",
    "objections": "by_id = :person",
    "deliveries": "person_id = :person",
    "log": f"person_id = :person OR actor {_CALLED} OR {_OF_ENTRY}",
    "staff": "person_id = :person",
    "opt_outs": "person_id = :person",
    "bounce_reports": "person_id = :person",
    "hooks": f"created_by {_CALLED}",
    "mail_holds": f"held_by {_CALLED}",
    "sign_in_links": "person_id = :person",
    "web_sessions": "person_id = :person",
    "known_requests": f"caller {_CALLED}",
}
"""Which rows of a table are about a person, as a condition on `:person`. A test holds it against all tables.

Of the panels that scored a project a copy shows the result alone: who gave which score is the judges' own.
"""


@dataclass(frozen=True)
class Export:
    """A person's copy: rows by table, without what is hidden. `files` are documents: id, name, place in the store."""

    person: int
    at: datetime
    tables: dict[str, list[dict[str, Any]]]
    files: tuple[tuple[int, str, str], ...]


async def person_id(connection: AsyncConnection, who: str) -> int:
    """The id of a person by address or id. Raises NotFound."""
    who = who.strip()
    column, value = ("id", int(who)) if who.isascii() and who.isdigit() and len(who) < 19 else ("email", who.lower())
    found = await rows(connection, f"SELECT id FROM people WHERE {column} = :value", value=value)
    if not found:
        raise NotFound(
            "person.unknown", f"Nobody known here has the address or id '{who}'.", "Write the address as it was given."
        )
    return int(found[0]["id"])


async def export(database: Database, who: str) -> Export:
    """Everything that is kept about one person, as it is at one instant. Raises NotFound."""
    async with database.transaction() as connection:
        # One snapshot for all questions.
        await rows(connection, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        person = await person_id(connection, who)
        tables = {}
        files: tuple[tuple[int, str, str], ...] = ()
        for table, condition in EXPORT.items():
            found = await rows(connection, f"SELECT * FROM {table} WHERE {condition}", person=person)
            if table == "documents":
                files = tuple((row["id"], row["name"], row["stored_as"]) for row in found if row["removed_at"] is None)
            tables[table] = [_shown(row) for row in found]
        return Export(person, await clock_of(connection), tables, files)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row without what is hidden. What screening found is worded for whoever decides, too: that names others."""
    shown = {name: value for name, value in row.items() if name not in HIDDEN}
    data = shown.get("data")
    if isinstance(data, dict) and isinstance(data.get("findings"), list):
        plain = [{k: v for k, v in f.items() if k != "staff"} if isinstance(f, dict) else f for f in data["findings"]]
        shown["data"] = {**data, "findings": plain}
    return shown
