"""Notices: which went where, and what the mail server answered."""

from __future__ import annotations

from models.views import NoticeView
from records.database import Database, rows
from records.seasons import live

_NOTICES = """SELECT c.template, CASE WHEN d.state IN ('sending', 'merged') THEN 'queued' ELSE d.state END AS state, p.email AS to, p.id AS person,
    e.number AS entry, d.window_id AS window, d.queued_at, d.sent_at, d.answer, d.possibly_twice, d.bounced_at
  FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id JOIN people p ON p.id = d.person_id
  LEFT JOIN entries e ON e.id = d.entry_id
  WHERE d.season_id = :season AND (CAST(:state AS text) IS NULL
    OR (:state = 'twice' AND d.possibly_twice) OR d.state = :state OR (:state = 'queued' AND d.state = 'sending'))
  ORDER BY coalesce(d.sent_at, d.queued_at) DESC, d.campaign_id, d.person_id LIMIT :limit OFFSET :offset"""


async def notices(
    database: Database, season: str, *, state: str | None = None, limit: int = 100, offset: int = 0
) -> tuple[NoticeView, ...]:
    """The newest notices of a season; `state` is a delivery's, or `twice` for those that may have come twice."""
    async with database.statement() as connection:
        await live(connection, season)
        found = await rows(connection, _NOTICES, season=season, state=state, limit=min(limit, 1000), offset=offset)
        return tuple(NoticeView(**row) for row in found)
