"""Notices that wait for their reader's morning, or for a working day."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from models.season import SeasonFile
from models.timeline import Pace
from records.database import Database, rows
from rules.civil import goes_out, reader_of
from rules.urgency import Urgency

NOT_IN_TIME = "not sent: night at the reader's until it was of no use any more"

Home = tuple[str | None, str | None, str | None]
"""What decides a recipient's hours: own zone, own country, and the area that it is about."""


async def put_off(
    connection: AsyncConnection,
    campaign: str,
    homes: Iterable[Home],
    file: SeasonFile,
    pace: Pace,
    urgency: Urgency,
    at: datetime,
    until: datetime | None,
) -> None:
    """Let what was queued at `at` (real) wait for its readers' civil hours; what would be of no use then is skipped.

    `until`: the real instant from which it is of no use.
    """
    moved = _moved(homes, file, pace, urgency, at, until)
    if moved:
        await rows(connection, _PUT_OFF, campaign=campaign, queued=at, moved=json.dumps(moved), reason=NOT_IN_TIME)


async def put_off_again(
    database: Database, campaign: str, file: SeasonFile, pace: Pace, urgency: Urgency, now: datetime
) -> None:
    """The same for what is long due, as after an outage or a hold: nobody is woken by what could not go out by day."""
    found = await database.at_once(_HOMES, campaign=campaign, now=now)
    until = min((row["until"] for row in found if row["until"] and row["until"] > now), default=None)
    homes = [(row["zone"], row["country"], row["area"]) for row in found]
    moved = _moved(homes, file, pace, urgency, now, until)
    if moved:
        await database.at_once(_PUT_OFF, campaign=campaign, queued=None, moved=json.dumps(moved), reason=NOT_IN_TIME)


def _moved(
    homes: Iterable[Home], file: SeasonFile, pace: Pace, urgency: Urgency, at: datetime, until: datetime | None
) -> list[dict[str, str | None]]:
    due, useful = pace.nominal(at), pace.nominal(until) if until else None
    moved = []
    for zone, country, area in homes:
        reader = reader_of(file, zone, country, area)
        out = goes_out(due, reader, file.notices, urgency, until=useful)
        if out != due:
            real = pace.real(out).isoformat() if out else None
            moved.append({"zone": zone, "country": country, "area": area, "at": real})
    return moved


_HOMES = """SELECT DISTINCT p.zone, p.country, coalesce(e.area, w.area) AS area,
    least(c.useful_until, d.told_closes_at) AS until
  FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id JOIN people p ON p.id = d.person_id
  LEFT JOIN entries e ON e.id = d.entry_id LEFT JOIN windows w ON w.id = d.window_id
  WHERE d.campaign_id = :campaign AND d.state = 'queued'
    AND (d.not_before IS NULL OR d.not_before <= CAST(:now AS timestamptz))"""


_PUT_OFF = """UPDATE deliveries d SET not_before = k.at, state = CASE WHEN k.at IS NULL THEN 'skipped' ELSE d.state END,
    answer = CASE WHEN k.at IS NULL THEN :reason ELSE d.answer END
  FROM jsonb_to_recordset(CAST(:moved AS jsonb)) AS k(zone text, country text, area text, at timestamptz), people p,
    deliveries q LEFT JOIN entries e ON e.id = q.entry_id LEFT JOIN windows w ON w.id = q.window_id
  WHERE q.campaign_id = :campaign AND q.state = 'queued' AND (q.queued_at = CAST(:queued AS timestamptz) OR CAST(:queued AS timestamptz) IS NULL)
    AND p.id = q.person_id AND p.zone IS NOT DISTINCT FROM k.zone AND p.country IS NOT DISTINCT FROM k.country
    AND coalesce(e.area, w.area) IS NOT DISTINCT FROM k.area
    AND d.campaign_id = q.campaign_id AND d.person_id = q.person_id AND d.subject = q.subject"""
