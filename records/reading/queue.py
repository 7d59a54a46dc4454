"""The queue of screening: entries that a person must decide on, with what was found and what the applicant answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from models.text import Text
from records.database import CLOCK, Database
from records.seasons import known_file


class Undecided(BaseModel):
    """An entry that waits for a decision. `findings` are worded for staff: they may name entries of others."""

    model_config = ConfigDict(frozen=True)
    id: int
    number: str
    title: str
    summary: str = Field(description="The project plan as written.")
    area: str
    track: str
    since: datetime
    closes_at: datetime | None = Field(description="When its screening closes: then the season file's rule decides.")
    findings: tuple[Text, ...]
    correction: str | None = Field(description="State of the newest correction: open, answered or missed.")
    answer: str | None


_QUEUE = f"""SELECT e.id, e.number, e.title, e.summary, e.area, e.track, coalesce(l.at, e.changed_at) AS since, w.closes_at,
    coalesce(l.data->'findings', '[]'::jsonb) AS findings, c.answer,
    CASE WHEN c.state = 'open' AND c.until <= {CLOCK} THEN 'missed' ELSE c.state END AS correction
  FROM entries e
    LEFT JOIN LATERAL (SELECT at, data FROM log WHERE entry_id = e.id AND event = 'entry.undecided'
      ORDER BY id DESC LIMIT 1) l ON true
    LEFT JOIN LATERAL (SELECT state, until, answer FROM corrections WHERE entry_id = e.id ORDER BY id DESC LIMIT 1) c
      ON true
    LEFT JOIN LATERAL (SELECT closes_at FROM windows WHERE season_id = e.season_id AND kind = 'screening'
      AND subject IS NULL AND (area = e.area OR area IS NULL) ORDER BY ordinal LIMIT 1) w ON true
  WHERE e.season_id = :season AND e.state = 'undecided' AND (CAST(:area AS text) IS NULL OR e.area = :area)
    AND (CAST(:entry AS bigint) IS NULL OR e.id = :entry)
  ORDER BY since, e.id"""


async def undecided(
    database: Database, season: str, *, area: str | None = None, entry: int | None = None
) -> tuple[Undecided, ...]:
    """The queue of a season or of one area, oldest first; with `entry`, that one alone. Raises NotFound."""
    await known_file(database, season)
    found = await database.at_once(_QUEUE, season=season, area=area, entry=entry)
    return tuple(Undecided(**{**row, "findings": tuple(_worded(f) for f in row["findings"])}) for row in found)


def _worded(finding: dict[str, Any]) -> Text:
    told = finding.get("staff") or finding
    return Text(en=told["en"], zh=told["zh"])
