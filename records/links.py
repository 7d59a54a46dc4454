"""Links in mails: each good for one person to do one thing, without signing in.

A link is not kept: it says whom it is for, what for and when it was made, with a proof by the key of this installation
(`SEASON_SECRET_KEY`). So a mail is written without asking the database, and every use asks it: whether the person's
links were made void since (`people.links_since`), and whether what it is for is still to be done; a link ends with its
window, and is extended with it. Without a key there are no links.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from models.errors import BadInput, NotFound
from records import log
from records.access import Who
from records.applying import of_entry
from records.database import CLOCK, Database, rows
from records.privacy.erasure import seasons_of
from records.sealing import Seal

Purpose = Literal["unsubscribe", "entry", "calendar", "task"]
PURPOSES: dict[str, Purpose] = {"u": "unsubscribe", "e": "entry", "c": "calendar", "t": "task"}
_LETTERS = {purpose: letter for letter, purpose in PURPOSES.items()}
_LONGEST = 400


class Link(NamedTuple):
    """What a link is good for. `thing` is a season (unsubscribe), an entry's id (entry, calendar), or what
    `records.doors.thing_of` names (task)."""

    purpose: Purpose
    person: int
    made: datetime
    thing: str


class Opened(NamedTuple):
    """An entry that a link leads to, and for whom."""

    who: Who
    season: str
    entry_id: int
    number: str
    until: datetime | None
    """Until when it may be changed; None when it no longer may."""


def make(seal: Seal, purpose: Purpose, person: int, thing: str | int, at: datetime) -> str:
    """The token of a link; empty where there is no key. The same values make the same token."""
    if not seal.has_key:
        return ""
    text = f"{_LETTERS[purpose]}.{person}.{int(at.timestamp())}.{thing}".encode()
    return base64.urlsafe_b64encode(seal.proof(text) + text).rstrip(b"=").decode()


def read(seal: Seal, token: str, purpose: Purpose) -> Link | None:
    """What a token says, where it is of our own making and for this purpose."""
    if len(token) > _LONGEST or not token.isascii():
        return None
    try:
        data = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        proof, text = data[:16], data[16:]
        if not seal.is_proof(text, proof):
            return None
        letter, person, second, thing = text.decode().split(".", 3)
    except (binascii.Error, ValueError):
        return None
    made = datetime.fromtimestamp(int(second), UTC)
    return Link(PURPOSES[letter], int(person), made, thing) if PURPOSES[letter] == purpose else None


_PERSON = """SELECT id, name, email, language, links_since FROM people WHERE id = :person AND erased_at IS NULL"""


async def who_holds(database: Database, link: Link) -> Who | None:
    """The person of a link; None for an erased one, and where the person's links were made void since.

    Unsubscribing is never made void: providers demand that it works for as long as a mail lies in a mailbox.
    """
    found = await database.at_once(_PERSON, person=link.person)
    if not found:
        return None
    row = found[0]
    void = row["links_since"] is not None and link.made < row["links_since"]
    if void and link.purpose != "unsubscribe":
        return None
    return Who(row["id"], row["name"], row["email"], row["language"], None, None)


async def open_entry(database: Database, token: str, purpose: Purpose = "entry") -> Opened | None:
    """The entry that a link leads to; None where it is no good: foreign, void, of somebody else, or over.

    A link to act on an entry is over when the entry can no more be changed; one to its calendar is not.
    """
    link = read(database.seal, token, purpose)
    who = await who_holds(database, link) if link else None
    if link is None or who is None:
        return None
    found = await database.at_once(
        "SELECT id, season_id, number FROM entries WHERE id = :entry AND applicant_id = :person",
        entry=int(link.thing),
        person=who.person_id,
    )
    if not found:
        return None
    entry = found[0]
    until = (await of_entry(database, entry["id"])).until
    if until is None and purpose == "entry":
        return None
    return Opened(who, entry["season_id"], entry["id"], entry["number"], until)


async def revoke(database: Database, person: int, *, actor: str, reason: str = "") -> datetime:
    """Make void all links in mails that a person has until now, but those that unsubscribe; since when.

    Raises NotFound; BadInput where another than the person acts and gives no reason.
    """
    if actor != f"person/{person}" and not reason.strip():
        raise BadInput("links.no_reason", "reason: it is empty.", "Say why with --reason; it is kept in the log.")
    async with database.transaction() as connection:
        found = await rows(
            connection,
            f"""UPDATE people SET links_since = {CLOCK} WHERE id = :person AND erased_at IS NULL
                RETURNING links_since""",
            person=person,
        )
        if not found:
            raise NotFound("links.person", f"There is no person {person}.", "`season privacy export` tells numbers.")
        told = await rows(connection, "SELECT DISTINCT season_id FROM deliveries WHERE person_id = :p", p=person)
        for season in sorted({*await seasons_of(connection, person), *(row["season_id"] for row in told)}):
            line = log.Line("person.links_revoked", actor=actor, person_id=person, reason=reason.strip() or None)
            await log.write(connection, season, [line])
    since: datetime = found[0]["links_since"]
    return since
