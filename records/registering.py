"""What programs and people see of the entries that they register: whose an entry is, a page of them, one whole.

A program with a channel's token sees what the channel recommends and acts on what it registered; one without a channel
has what it drafted itself. A person has what is theirs, as on the pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.errors import NotFound
from records.access import Who
from records.applying import Member, OwnEntry, of_entry_on
from records.database import Database, rows
from records.entries import MADE_BY
from records.reading.standing import shown, told_of
from records.reading.windows import of_season
from records.seasons import live
from rules.completeness import Written

_REGISTERED = """EXISTS (SELECT FROM recommendations r JOIN channels c ON c.id = r.channel_id WHERE r.entry_id = e.id
  AND r.act = 'registered' AND r.taken_back_at IS NULL AND {whose})"""
_OF_PERSON = _REGISTERED.format(whose="c.contact_id = :who")
_OF_CHANNEL = _REGISTERED.format(whose="c.id = :who")


@dataclass(frozen=True)
class Reach:
    """Which entries `e` somebody sees and acts on, as SQL that binds `:who`."""

    sees: str
    acts: str
    who: Any


def reach_of(who: Who) -> Reach:
    """What somebody has to do with entries."""
    if who.token is None:
        member = "EXISTS (SELECT FROM members m WHERE m.entry_id = e.id AND m.person_id = :who)"
        acts = f"(e.applicant_id = :who OR {_OF_PERSON})"
        return Reach(f"({acts} OR {member})", acts, who.person_id)
    if who.channel is None:
        made = f"e.details->>'{MADE_BY}' = :who"
        return Reach(made, made, who.actor)
    sees = """EXISTS (SELECT FROM recommendations r WHERE r.entry_id = e.id AND r.channel_id = :who
      AND r.taken_back_at IS NULL)"""
    return Reach(sees, _OF_CHANNEL, who.channel)


@dataclass(frozen=True)
class Own:
    """An entry of whoever asks: whether they act on it, whether they are its applicant, and what it says."""

    entry_id: int
    number: str
    state: str
    area: str
    track: str
    revision: int
    acts: bool
    leads: bool
    written: Written


_OWN = """SELECT e.id, e.number, e.state, e.area, e.track, e.revision, {acts} AS acts,
    CAST(:person AS bigint) = e.applicant_id AS leads, e.title, e.summary, e.fields, e.leader_degree,
    CAST(e.details->>'readiness' AS int) AS readiness, e.documents,
    (SELECT jsonb_agg(DISTINCT d.kind) FROM documents d WHERE d.entry_id = e.id AND d.removed_at IS NULL) AS stored,
    (SELECT count(*) FROM members m WHERE m.entry_id = e.id) AS team
  FROM entries e WHERE e.season_id = :season AND e.number = :number AND {sees}"""


async def own(database: Database, who: Who, season: str, number: str) -> Own:
    """The entry with this number, to look at. Raises NotFound for an entry of others too: nobody learns of theirs."""
    reach = reach_of(who)
    found = await database.at_once(
        _OWN.format(acts=reach.acts, sees=reach.sees), season=season, number=number, who=reach.who,
        person=who.person_id,
    )  # fmt: skip
    if not found:
        raise NotFound(
            "entry.unknown", f"You have no entry '{number}' in season '{season}'.",
            f"Yours are at /api/seasons/{season}/registrations.",
        )  # fmt: skip
    row = found[0]
    written = Written(
        row["title"], row["summary"], row["fields"], row["leader_degree"], row["readiness"], row["team"],
        {*row["documents"], *(row["stored"] or ())},
    )  # fmt: skip
    same = {key: row[key] for key in ("number", "state", "area", "track", "revision", "acts", "leads")}
    return Own(row["id"], **same, written=written)


@dataclass(frozen=True)
class Listed:
    """One line of somebody's list. `state` is what an applicant may know."""

    id: int
    number: str
    title: str
    area: str
    track: str
    state: str
    revision: int
    created_at: datetime
    changed_at: datetime
    submitted_at: datetime | None


_PAGE = """SELECT e.id, e.number, e.title, e.area, e.track, e.state, e.revision, e.created_at, e.changed_at,
    e.submitted_at
  FROM entries e WHERE e.season_id = :season AND (CAST(:after AS bigint) IS NULL OR e.id > :after) AND {sees}
    AND (CAST(:state AS text) IS NULL OR e.state = :state)
  ORDER BY e.id LIMIT :limit"""


async def page(
    database: Database, who: Who, season: str, *, state: str | None, after: int | None, limit: int
) -> tuple[Listed, ...]:
    """What somebody has in a season, the oldest first, from behind the entry with the id `after`. Raises NotFound.

    `state` is `draft`, `submitted`, `withdrawn` or `lapsed`: of those alone nothing is to be kept back.
    """
    reach = reach_of(who)
    async with database.statement() as connection:
        known = await live(connection, season)
        found = await rows(
            connection, _PAGE.format(sees=reach.sees), season=season, who=reach.who, after=after, limit=limit,
            state=state,
        )  # fmt: skip
        windows = await of_season(connection, known)
        told = await told_of(connection, known, windows, {row["id"]: row["area"] for row in found})
    return tuple(Listed(**{**row, "state": shown(row["state"], told[row["id"]])}) for row in found)


@dataclass(frozen=True)
class Whole:
    """An entry with all that it says, and its state as an applicant may know it.

    `leader` is the applicant as the entry names them: what else is known of a person is shown to nobody but them.
    """

    entry: OwnEntry
    state: str
    leader: Member
    documents: tuple[str, ...]


_LEADER = """SELECT coalesce(m.name, p.name) AS name, p.email, m.birth_year FROM entries e
  JOIN people p ON p.id = e.applicant_id LEFT JOIN members m ON m.entry_id = e.id AND m.person_id = e.applicant_id
  WHERE e.id = :entry"""
_STORED = "SELECT DISTINCT kind FROM documents WHERE entry_id = :entry AND removed_at IS NULL"


async def whole(database: Database, entry_id: int) -> Whole:
    """One entry. Raises NotFound."""
    async with database.statement() as connection:
        return await whole_on(connection, entry_id)


async def whole_on(connection: AsyncConnection, entry_id: int) -> Whole:
    """As `whole`, on a connection."""
    entry = await of_entry_on(connection, entry_id)
    known = await live(connection, entry.season)
    told = await told_of(connection, known, await of_season(connection, known), {entry.id: entry.area})
    leader = (await rows(connection, _LEADER, entry=entry_id))[0]
    stored = {row["kind"] for row in await rows(connection, _STORED, entry=entry_id)}
    documents = tuple(sorted({*entry.documents, *stored}))
    return Whole(entry, shown(entry.state, told[entry.id]), Member(**leader), documents)


async def channel_code(database: Database, channel: int, season: str) -> str:
    """The code of the channel that a token is bound to. Raises NotFound where it is of another season."""
    found = await database.at_once(
        "SELECT code FROM channels WHERE id = :channel AND season_id = :season", channel=channel, season=season
    )
    if not found:
        raise NotFound("channel.unknown", f"The channel of this token has no part in season '{season}'.")
    code: str = found[0]["code"]
    return code
