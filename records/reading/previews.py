"""An entry as a notice would find it: for showing how a template reads with real values."""

from __future__ import annotations

from models.errors import NotFound
from records.campaigns import Claimed
from records.database import CLOCK, Database

_ENTRY = f"""SELECT e.season_id, e.id AS entry_id, e.number AS entry_number, e.title AS entry_title, e.area, e.track,
    e.applicant_id AS person_id, p.name, p.email, p.zone, p.language, w.id AS window_id, w.stage, w.opens_at, w.closes_at,
    w.kind AS window_kind, coalesce(w.revision, 0) AS revision, {CLOCK} AS at
  FROM entries e JOIN people p ON p.id = e.applicant_id
  LEFT JOIN LATERAL (SELECT w.* FROM windows w WHERE w.season_id = e.season_id AND w.subject IS NULL
    AND (w.area = e.area OR w.area IS NULL) AND w.kind <> 'needs'
    ORDER BY w.state = 'open' DESC, w.state = 'scheduled' DESC, w.opens_at LIMIT 1) w ON true
  WHERE e.season_id = :season AND (upper(e.number) = upper(:entry) OR CAST(e.id AS text) = :entry)"""


async def as_delivery(database: Database, season: str, template: str, entry: str) -> Claimed:
    """A delivery of this notice to the entry's applicant, as if it were due now, about the window that is open.

    Nothing is written. Raises NotFound for an unknown entry.
    """
    found = await database.at_once(_ENTRY, season=season, entry=entry)
    if not found:
        raise NotFound("entry.unknown", f"There is no entry '{entry}' in '{season}'.", "`season entries` lists them.")
    return Claimed(
        **found[0], campaign_id=f"{season}/preview", subject="", data={}, template=template, useful_until=None,
        attempts=0, again=False, own=True,
    )  # fmt: skip
