"""What needs a person: each problem once, with how many it touches and where to look."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from models.season import DefenceStage, ReviewStage
from models.views import Concern
from notices.own_answers import GIVEN_BACK
from records.database import CLOCK, rows
from records.holding import holds_on
from records.seasons import LiveSeason

LATE = timedelta(minutes=1)
"""A window that is not closed this long (real time) after its close has nobody who keeps it."""

_LATE = f"""SELECT id AS window, closes_at AS at FROM windows
  WHERE season_id = :season AND state IN ('open', 'scheduled') AND closes_at < {CLOCK} - CAST(:late AS interval)
  ORDER BY closes_at, id"""
_PAUSED = """SELECT id AS window, paused_at AS at FROM windows
  WHERE season_id = :season AND state = 'paused' ORDER BY paused_at, id"""
_FAILED = """SELECT count(*) AS count, min(answer) AS answer, max(queued_at) AS at FROM deliveries
  WHERE season_id = :season AND state = 'failed' HAVING count(*) > 0"""
_TWICE = """SELECT count(*) AS count, max(queued_at) AS at FROM deliveries
  WHERE season_id = :season AND possibly_twice HAVING count(*) > 0"""
_BOUNCED = """SELECT count(*) AS count, max(bounced_at) AS at, min(id) AS person FROM people p
  WHERE bounced_at IS NOT NULL AND EXISTS (SELECT FROM deliveries d WHERE d.person_id = p.id AND d.season_id = :season)
  HAVING count(*) > 0"""
_DISABLED = """SELECT count(*) AS count, max(disabled_at) AS at, min(id) AS hook FROM hooks
  WHERE season_id = :season AND disabled_at IS NOT NULL HAVING count(*) > 0"""
_UNTOLD = """SELECT count(*) AS count, max(d.done_at) AS at, min(h.id) AS hook FROM hook_deliveries d
  JOIN hooks h ON h.id = d.hook_id WHERE h.season_id = :season AND d.state = 'failed' AND h.disabled_at IS NULL
  HAVING count(*) > 0"""
_STUCK = f"""SELECT count(*) AS count, min(queued_at) AS at FROM deliveries
  WHERE season_id = :season AND state IN ('queued', 'sending') AND queued_at < {CLOCK} - CAST(:late AS interval)
    AND (not_before IS NULL OR not_before < {CLOCK} - CAST(:late AS interval))
  HAVING count(*) > 0"""
_OUTBOX = """SELECT count(*) AS count, min(planned_at) AS at FROM campaigns
  WHERE season_id = :season AND state = 'waiting' HAVING count(*) > 0"""
SILENT = timedelta(minutes=5)
"""A mail server that puts mails off and takes none this long (real time) is taken to be down."""
_DOWN = f"""SELECT count(*) AS count, min(answer) AS answer, min(queued_at) AS at FROM deliveries
  WHERE season_id = :season AND state = 'queued' AND answer IS NOT NULL AND answer <> '{GIVEN_BACK.en}'
    AND queued_at < {CLOCK} - CAST(:silent AS interval) AND NOT EXISTS (SELECT FROM deliveries
      WHERE season_id = :season AND sent_at > {CLOCK} - CAST(:silent AS interval))
  HAVING count(*) > 0"""
_UNDECIDED = """SELECT count(*) AS count, min(e.number) AS entry, w.id AS window, w.closes_at AS at
  FROM entries e LEFT JOIN windows w ON w.season_id = e.season_id AND w.kind = 'screening' AND w.area = e.area
    AND w.subject IS NULL AND w.state <> 'closed'
  WHERE e.season_id = :season AND e.state = 'undecided' GROUP BY w.id, w.closes_at ORDER BY w.id"""
_OBJECTIONS = """SELECT count(*) AS count, min(e.number) AS entry, w.id AS window, w.closes_at AS at
  FROM objections o JOIN windows w ON w.id = o.window_id JOIN entries e ON e.id = o.entry_id
  WHERE o.season_id = :season AND o.state = 'open' GROUP BY w.id, w.closes_at ORDER BY w.id"""
_SHORT = """SELECT count(*) AS count, min(number) AS entry, window_id AS window, stage, closes_at AS at FROM (
    SELECT e.number, w.id AS window_id, w.stage, w.closes_at, count(*) FILTER (
      WHERE a.state IN ('active', 'done')) AS judges
    FROM windows w JOIN assignments a ON a.window_id = w.id JOIN entries e ON e.id = a.entry_id AND e.alive
    WHERE w.season_id = :season AND w.state IN ('open', 'scheduled', 'paused') AND w.stage = :stage
    GROUP BY e.number, w.id, w.stage, w.closes_at) x
  WHERE judges < :wanted GROUP BY window_id, stage, closes_at ORDER BY window_id"""


async def concerns(connection: AsyncConnection, season: LiveSeason) -> tuple[Concern, ...]:
    """Everything that needs attention now, the gravest first."""
    if season.state in ("finished", "cancelled"):
        return _of("mail.failed", await rows(connection, _FAILED, season=season.id))
    found: list[Concern] = []
    found += _of("window.late", await rows(connection, _LATE, season=season.id, late=LATE))
    found += _of("mail.failed", await rows(connection, _FAILED, season=season.id))
    holds = await holds_on(connection, season.id)
    if holds:
        found.append(Concern(code="mail.held", at=min(one.held_at for one in holds)))
    else:
        found += _of("mail.down", await rows(connection, _DOWN, season=season.id, silent=SILENT))
        found += _of("mail.stuck", await rows(connection, _STUCK, season=season.id, late=LATE))
    found += _of("mail.outbox", await rows(connection, _OUTBOX, season=season.id))
    found += _of("mail.bounced", await rows(connection, _BOUNCED, season=season.id))
    found += _of("hooks.disabled", await rows(connection, _DISABLED, season=season.id))
    found += _of("hooks.failed", await rows(connection, _UNTOLD, season=season.id))
    for stage in season.file.stages:
        if isinstance(stage, (ReviewStage, DefenceStage)):
            wanted = stage.judges_per_entry if isinstance(stage, ReviewStage) else stage.panel_size
            short = await rows(connection, _SHORT, season=season.id, stage=stage.id, wanted=wanted)
            found += _of("judges.short", [{**row, "wanted": wanted} for row in short])
    found += _of("objections.open", await rows(connection, _OBJECTIONS, season=season.id))
    found += _of("screening.undecided", await rows(connection, _UNDECIDED, season=season.id))
    if season.state == "paused":
        found.append(Concern(code="season.paused"))
    else:
        found += _of("window.paused", await rows(connection, _PAUSED, season=season.id))
    found += _of("mail.twice", await rows(connection, _TWICE, season=season.id))
    return tuple(found)


def _of(code: str, found: list[dict[str, Any]]) -> tuple[Concern, ...]:
    own = {"count", "window", "entry", "at"}
    return tuple(
        Concern(
            code=code,
            **{key: row[key] for key in own & row.keys() if row[key] is not None},
            data={key: value for key, value in row.items() if key not in own},
        )
        for row in found
    )
