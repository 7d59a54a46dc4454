"""Whole lists of a season, row by row, for sheets: codes and figures; the words come later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Literal

from models.errors import BadInput
from records.database import Database, rows, stream
from records.seasons import live

ListName = Literal["entries", "windows", "judges", "channels", "needs", "notices", "log", "awards"]

_ENTRIES = """SELECT e.number, e.reference, e.area, e.track, split_part(e.division, '/', 2) AS group, e.fields, e.title,
    e.summary, coalesce(lead.name, p.name) AS applicant_name, p.email AS applicant_email, p.language, p.country, lead.birth_year,
    team.people AS team, e.organisation, e.leader_degree, e.documents, e.details ->> 'readiness' AS readiness,
    c.code AS channel, e.state, e.stage, e.created_at, e.submitted_at
  FROM entries e JOIN people p ON p.id = e.applicant_id LEFT JOIN channels c ON c.id = e.channel_id
  LEFT JOIN members lead ON lead.entry_id = e.id AND lead.position = 0
  LEFT JOIN LATERAL (SELECT jsonb_agg(jsonb_build_array(coalesce(m.name, t.name), t.email) ORDER BY m.position) AS people
    FROM members m JOIN people t ON t.id = m.person_id WHERE m.entry_id = e.id AND m.position > 0) team ON true
  WHERE e.season_id = :season ORDER BY e.number"""

_WINDOWS = """SELECT id, stage, area, kind, state, opens_at, closes_at, planned_closes_at, opened_at, closed_at, zone
  FROM windows WHERE season_id = :season ORDER BY ordinal, area, id"""

_JUDGES = """SELECT p.email, p.name, j.area, j.tracks, j.organisation, j.background, j.max_load, p.language, p.country,
    j.active, (SELECT count(*) FROM assignments a WHERE a.judge_id = j.id AND a.state IN ('active', 'done')) AS assigned,
    (SELECT count(*) FROM assignments a WHERE a.judge_id = j.id AND a.state = 'done') AS done
  FROM judges j JOIN people p ON p.id = j.person_id WHERE j.season_id = :season ORDER BY j.area, p.name, j.id"""

_CHANNELS = """SELECT c.code, c.name, c.area, c.quota, p.name AS contact_name, p.email AS contact_email, p.language,
    (SELECT count(*) FROM recommendations r WHERE r.channel_id = c.id) AS recommended,
    (SELECT count(*) FROM entries e WHERE e.channel_id = c.id AND e.submitted_at IS NOT NULL) AS submitted
  FROM channels c JOIN people p ON p.id = c.contact_id WHERE c.season_id = :season ORDER BY c.code"""

_NEEDS = """SELECT pl.name AS place, pl.kind AS place_kind, p.name AS contact_name, p.email AS contact_email, p.language,
    n.title, n.summary, n.tracks, n.fields, n.readiness, n.capacity, n.open, n.filed_at
  FROM needs n JOIN places pl ON pl.id = n.place_id JOIN people p ON p.id = pl.contact_id
  WHERE n.season_id = :season ORDER BY pl.name, n.id"""

_NOTICES = """SELECT c.template, CASE WHEN d.state IN ('sending', 'merged') THEN 'queued' ELSE d.state END AS state, p.email AS to,
    e.number, d.window_id AS window, d.queued_at, d.sent_at, d.answer, d.possibly_twice
  FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id JOIN people p ON p.id = d.person_id
  LEFT JOIN entries e ON e.id = d.entry_id
  WHERE d.season_id = :season ORDER BY d.queued_at, d.campaign_id, d.person_id, d.subject"""

_LOG = """SELECT l.id, l.at, l.actor, l.event, e.number AS entry, l.window_id AS window, l.reason, l.rule, l.data
  FROM log l LEFT JOIN entries e ON e.id = l.entry_id WHERE l.season_id = :season ORDER BY l.id"""

_AWARDS = """SELECT a.prize, a.division, a.rank, e.number, e.title, e.area, e.track, e.organisation,
    p.name AS applicant_name, c.code AS channel, c.name AS channel_name, a.at
  FROM awards a JOIN entries e ON e.id = a.entry_id JOIN people p ON p.id = e.applicant_id
  LEFT JOIN channels c ON c.id = e.channel_id WHERE a.season_id = :season ORDER BY a.division, a.rank, a.id"""

LISTS: dict[ListName, str] = {
    "entries": _ENTRIES,
    "windows": _WINDOWS,
    "judges": _JUDGES,
    "channels": _CHANNELS,
    "needs": _NEEDS,
    "notices": _NOTICES,
    "log": _LOG,
    "awards": _AWARDS,
}
_TABLES: dict[ListName, str] = {"notices": "deliveries"}


def list_name(name: str) -> ListName:
    """The list of that name. Raises BadInput."""
    for known in LISTS:
        if known == name:
            return known
    raise BadInput("list.unknown", f"'{name}' is no list.", f"Choose one of: {', '.join(LISTS)}.")


async def length(database: Database, season: str, name: ListName) -> int:
    """How many rows a list has. Raises NotFound for an unknown season."""
    async with database.statement() as connection:
        await live(connection, season)
        sql = f"SELECT count(*) AS n FROM {_TABLES.get(name, name)} WHERE season_id = :season"
        return int((await rows(connection, sql, season=season))[0]["n"])


async def whole_list(database: Database, season: str, name: ListName) -> AsyncIterator[list[dict[str, Any]]]:
    """All rows of a list as they are at one moment, a thousand at a time."""
    async with database.transaction() as connection:
        async for found in stream(connection, LISTS[name], season=season):
            yield found
