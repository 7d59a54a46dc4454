"""Whose an entry is: the pages of applicants and channels ask here before they show or change anything."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from desk.access import database_of, known, signed_in
from models.errors import Forbidden, NotFound, NotSignedIn
from records import links
from records.access import Who

BY_LINK = "season_link"
"""The cookie of who came by a link in a mail: it holds that link, and the browser shows it to the one entry alone."""

_WHOSE = """SELECT e.id, e.season_id, e.number, e.state, e.area, e.track, e.applicant_id,
    EXISTS (SELECT FROM members m WHERE m.entry_id = e.id AND m.person_id = :person) AS member,
    (SELECT c.code FROM recommendations r JOIN channels c ON c.id = r.channel_id
     WHERE r.entry_id = e.id AND r.act = 'registered' AND r.taken_back_at IS NULL AND c.contact_id = :person LIMIT 1) AS channel
  FROM entries e WHERE e.season_id = :season AND e.number = :number"""


@dataclass(frozen=True)
class Mine:
    """An entry of whoever is signed in. The applicant and the channel that registered it act; the team looks.

    `actor` is how the log calls them. `by_link`: nobody is signed in; a link in a mail opened this entry.
    """

    who: Who
    entry_id: int
    season: str
    number: str
    state: str
    area: str
    track: str
    actor: str
    acts: bool
    by_link: bool = False


async def mine(request: Request, season: str, entry: str) -> Mine:
    """A dependency: the entry with this number, to look at.

    Raises NotSignedIn; NotFound for an entry of others too: nobody learns which numbers there are.
    """
    who = await known(request)
    found = await _whose(request, season, entry, who) if who is not None and who.person_id else None
    if found is None:
        opened = await _by_link(request, season, entry)
        found = await _whose(request, season, entry, opened, by_link=True) if opened else None
    if found is None:
        await signed_in(request)
        raise NotFound(
            "entry.unknown", f"You have no entry '{entry}' in season '{season}'.", "Your entries are at /my."
        )
    return found


async def _whose(request: Request, season: str, entry: str, who: Who, *, by_link: bool = False) -> Mine | None:
    """The entry as it is this person's; None for an entry of others."""
    found = await database_of(request).at_once(_WHOSE, season=season, number=entry, person=who.person_id)
    row = found[0] if found else None
    if row is None or not (row["applicant_id"] == who.person_id or row["member"] or row["channel"]):
        return None
    acts = row["applicant_id"] == who.person_id or row["channel"] is not None
    actor = "applicant" if row["applicant_id"] == who.person_id else f"channel/{row['channel']}"
    return Mine(
        who, row["id"], row["season_id"], row["number"], row["state"], row["area"], row["track"], actor, acts, by_link
    )


async def _by_link(request: Request, season: str, entry: str) -> Who | None:
    """Whom a link in a mail lets in to this very entry."""
    token = request.cookies.get(BY_LINK)
    opened = await links.open_entry(database_of(request), token) if token else None
    return opened.who if opened and (opened.season, opened.number) == (season, entry) else None


async def mine_to_leave(request: Request, season: str, entry: str) -> Mine:
    """A dependency: the same, for what cannot be undone. Who came by a link must sign in. Raises NotSignedIn."""
    found = await mine_to_change(request, season, entry)
    if found.by_link:
        raise NotSignedIn("sign_in.needed", "A link does not do for this.", "Sign in at /sign-in.")
    return found


async def mine_to_change(request: Request, season: str, entry: str) -> Mine:
    """A dependency: the same, to act on. Raises Forbidden for members of the team who are not the applicant."""
    found = await mine(request, season, entry)
    if not found.acts:
        raise Forbidden("entry.not_applicant", "Only the applicant changes an entry.", "Ask the applicant.")
    return found
