"""The log's lines on campaigns: that one was planned, and that nothing of it waits any more, with figures."""

from __future__ import annotations

from records.database import CLOCK, Database

_OPEN = "c.finished_at IS NULL AND c.id <> c.season_id || '/' || c.template"
"""Campaigns to which single acts add, one notice each, are never finished, and each act has a line of its own."""
_NOBODY = f"""UPDATE campaigns c SET logged_at = planned_at, finished_at = planned_at
  WHERE {_OPEN} AND c.planned_at < {CLOCK} - interval '1 hour'
    AND NOT EXISTS (SELECT FROM deliveries d WHERE d.campaign_id = c.id)"""
_PLANNED = f"""WITH clock AS (SELECT {CLOCK} AS at), counts AS (
    SELECT c.id, count(*) AS n FROM campaigns c JOIN deliveries d ON d.campaign_id = c.id
    WHERE {_OPEN} AND c.logged_at IS NULL GROUP BY c.id
  ), new AS (
    UPDATE campaigns c SET logged_at = clock.at FROM counts k, clock WHERE c.id = k.id AND c.logged_at IS NULL
    RETURNING c.id, c.season_id, c.window_id, c.template, k.n
  )
  INSERT INTO log (season_id, at, actor, event, window_id, data)
  SELECT new.season_id, clock.at, 'system', 'campaign.planned', new.window_id,
    jsonb_build_object('campaign', new.id, 'notice', new.template, 'count', new.n) FROM new, clock"""
_FINISHED = f"""WITH clock AS (SELECT {CLOCK} AS at), counts AS (
    SELECT c.id, count(*) FILTER (WHERE d.state = 'sent') AS sent, count(*) FILTER (WHERE d.state = 'failed') AS failed,
      count(*) FILTER (WHERE d.state NOT IN ('sent', 'failed')) AS skipped
    FROM campaigns c JOIN deliveries d ON d.campaign_id = c.id WHERE {_OPEN} AND c.logged_at IS NOT NULL
    GROUP BY c.id HAVING bool_and(d.state IN ('sent', 'failed', 'skipped'))
  ), done AS (
    UPDATE campaigns c SET finished_at = clock.at FROM counts k, clock WHERE c.id = k.id AND c.finished_at IS NULL
    RETURNING c.id, c.season_id, c.window_id, c.template, k.sent, k.failed, k.skipped
  )
  INSERT INTO log (season_id, at, actor, event, window_id, data)
  SELECT done.season_id, clock.at, 'system', 'campaign.finished', done.window_id, jsonb_build_object('campaign', done.id,
    'notice', done.template, 'sent', done.sent, 'failed', done.failed, 'skipped', done.skipped) FROM done, clock"""


async def log_campaigns(database: Database) -> None:
    """Write the lines that are due, each once."""
    for sql in (_NOBODY, _PLANNED, _FINISHED):
        await database.at_once(sql)
