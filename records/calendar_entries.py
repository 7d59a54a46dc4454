"""What people have in their calendars by our notices: so that it can be taken out, or marked, when a notice says so."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from records.campaigns import NO_CLOSE, TOLD_AT_ONCE, TOLD_SINGLY
from records.database import CLOCK, Database, rows, run

ACTED_IN = (
    "registration", "endorsement", "review", "defence", "confirmation", "event", "needs", "match_answer", "follow_up",
)  # fmt: skip
"""Kinds of windows in which people act, so that their close is a deadline. That a defence's window closes is the
panel's matter: applicants come at a time of their own."""

# What still waits in the outbox was told to nobody.
_THEIRS = "AND d.person_id = ANY(CAST(:people AS bigint[])) AND d.state <> 'outbox'"
_CLOSES = f"""SELECT t.person_id, t.entry_id, 'window/' || w.id AS thing, w.closes_at AS at, w.revision AS sequence,
    w.stage, w.state
  FROM ({TOLD_SINGLY} {_THEIRS} UNION ALL {TOLD_AT_ONCE} {_THEIRS}) t JOIN windows w ON w.id = t.window_id
  WHERE t.template <> ALL(CAST(:silent AS text[])) AND w.kind = ANY(CAST(:kinds AS text[]))
    AND (w.kind <> 'defence' OR t.entry_id IS NULL)"""
_TIMES = f"""SELECT d.person_id, d.entry_id, CASE WHEN d.entry_id IS NULL THEN d.subject
      ELSE 'turn/' || w.id || '/' || d.entry_id END, coalesce(s.at, CAST(d.data->>'starts_at' AS timestamptz)),
    w.revision, w.stage, w.state
  FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id JOIN windows w ON w.id = d.window_id
  LEFT JOIN LATERAL (SELECT coalesce(sl.starts_at, x.starts_at) AS at FROM sessions x
    LEFT JOIN slots sl ON sl.session_id = x.id AND sl.entry_id = d.entry_id
    WHERE x.season_id = w.season_id AND x.stage = w.stage AND x.area IS NOT DISTINCT FROM w.area
      AND (sl.entry_id IS NOT NULL OR d.subject = 'session/' || x.id) LIMIT 1) s ON true
  WHERE d.season_id = :season AND c.template IN ('defence_invitation', 'panel_invitation')
    AND d.data->>'starts_at' IS NOT NULL {_THEIRS}"""
# An event's own times are in the season file; what is told by is here.
_EVENTS = f"""SELECT d.person_id, d.entry_id, 'event/' || w.id, w.closes_at, w.revision, w.stage, w.state
  FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id JOIN windows w ON w.id = d.window_id
  WHERE d.season_id = :season AND c.template = 'event_confirm' {_THEIRS}"""
_EVERY = f"{_CLOSES} UNION ALL {_TIMES} UNION ALL {_EVENTS}"

_YET = "n.attempts = 0 AND n.sent_at IS NULL AND NOT n.data ? 'calendar'"
_NAME = f"""WITH every AS ({_EVERY}), kept AS (
    SELECT DISTINCT ON (n.person_id, n.subject, e.thing) n.subject, e.* FROM every e
    JOIN deliveries n ON n.campaign_id = :campaign AND n.person_id = e.person_id AND {_YET}
      AND (n.entry_id IS NULL OR n.entry_id = e.entry_id)
    WHERE e.at > {CLOCK} OR e.thing LIKE 'event/%' ORDER BY n.person_id, n.subject, e.thing, e.at DESC)
  UPDATE deliveries n SET data = n.data || jsonb_build_object('calendar', k.entries)
  FROM (SELECT person_id, subject, jsonb_agg(jsonb_build_object('thing', thing, 'at', at,
          'sequence', sequence + CAST(:later AS int), 'stage', stage) ORDER BY at, thing) AS entries
        FROM kept GROUP BY person_id, subject) k
  WHERE n.campaign_id = :campaign AND n.person_id = k.person_id AND n.subject = k.subject AND {_YET}"""


async def name(connection: AsyncConnection, campaign: str, season: str, *, later: int = 0) -> int:
    """Write into the notices of a campaign that are not sent yet which entries their recipients have; how many.

    They stand in `data.calendar`; of a notice about one entry of the competition, only what they have for its sake.
    Each is thing (`window/<id>`,
    `turn/<window>/<entry>`, `session/<id>`, `event/<window>`), at, sequence, stage. `later` is added to the sequence
    where nothing else has raised it.
    """
    told = await rows(
        connection,
        f"SELECT DISTINCT n.person_id FROM deliveries n WHERE n.campaign_id = :campaign AND {_YET}",
        campaign=campaign,
    )
    if not told:
        return 0
    return await run(
        connection,
        _NAME,
        campaign=campaign,
        season=season,
        people=[row["person_id"] for row in told],
        later=later,
        silent=list(NO_CLOSE),
        kinds=list(ACTED_IN),
    )


class Kept(NamedTuple):
    """One entry, at its present time. `state` is its window's."""

    thing: str
    at: datetime
    sequence: int
    stage: str
    state: str


_OF_ENTRY = f"""WITH every AS ({_EVERY} UNION ALL
    SELECT CAST(:person AS bigint), e.id, 'window/' || w.id, w.closes_at, w.revision, w.stage, w.state
    FROM entries e JOIN windows w ON w.season_id = e.season_id AND w.kind = 'registration' AND w.area = e.area
      AND w.subject IS NULL WHERE e.id = :entry)
  SELECT DISTINCT ON (thing) thing, at, sequence, stage, state FROM every
  WHERE person_id = :person AND entry_id = :entry ORDER BY thing, at DESC"""


async def of_entry(database: Database, season: str, person: int, entry: int) -> list[Kept]:
    """All that an applicant was told of for the sake of one entry, and its registration: nothing that is yet secret."""
    found = await database.at_once(
        _OF_ENTRY,
        season=season,
        person=person,
        people=[person],
        entry=entry,
        silent=list(NO_CLOSE),
        kinds=list(ACTED_IN),
    )
    return [Kept(**row) for row in found]
