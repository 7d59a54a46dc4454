"""Notices that wait for their reader's morning, or for a working day."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from models.season import SeasonFile
from models.timeline import Pace
from notices.own_answers import NEXT_COMES_FIRST, NOT_IN_TIME
from records.database import Database, rows
from rules.civil import goes_out, reader_of
from rules.urgency import Urgency

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
    moved = _moved([(home, until) for home in homes], file, pace, urgency, at)
    if moved:
        values = {"campaign": campaign, "moved": json.dumps(moved), **_REASONS}
        await rows(connection, _PUT_OFF.format(which="q.queued_at = CAST(:queued AS timestamptz)"), queued=at, **values)


async def put_off_again(
    database: Database, campaign: str, file: SeasonFile, pace: Pace, urgency: Urgency, now: datetime
) -> None:
    """The same for what is long due, as after an outage or a hold: nobody is woken by what could not go out by day.

    Each is looked at by how long it is of use itself; what is over already is left to the sender, which says so.
    """
    found = await database.at_once(_HOMES, campaign=campaign, now=now)
    homes = [((row["zone"], row["country"], row["area"]), row["until"]) for row in found]
    moved = _moved(homes, file, pace, urgency, now)
    if moved:
        values = {"campaign": campaign, "moved": json.dumps(moved), **_REASONS}
        await database.at_once(_PUT_OFF.format(which=f"{_LONG_DUE} AND {_SAME_USE}"), now=now, **values)


def _moved(
    homes: Iterable[tuple[Home, datetime | None]], file: SeasonFile, pace: Pace, urgency: Urgency, at: datetime
) -> list[dict[str, str | None]]:
    due = pace.nominal(at)
    moved = []
    for (zone, country, area), until in homes:
        reader = reader_of(file, zone, country, area)
        out = goes_out(due, reader, file.notices, urgency, until=pace.nominal(until) if until else None)
        if out != due:
            real = pace.real(out).isoformat() if out else None
            use = until.isoformat() if until else None
            moved.append({"zone": zone, "country": country, "area": area, "until": use, "at": real})
    return moved


_REASONS = {"reason": NOT_IN_TIME.en, "superseded": NEXT_COMES_FIRST.en}
_USE = "least(c.useful_until, q.told_closes_at)"
_LONG_DUE = f"""(q.not_before IS NULL OR q.not_before <= CAST(:now AS timestamptz))
    AND ({_USE} IS NULL OR {_USE} > CAST(:now AS timestamptz))"""
_SAME_USE = f"{_USE} IS NOT DISTINCT FROM k.until"
_HOMES = f"""SELECT DISTINCT p.zone, p.country, coalesce(e.area, w.area) AS area, {_USE} AS until
  FROM deliveries q JOIN campaigns c ON c.id = q.campaign_id JOIN people p ON p.id = q.person_id
  LEFT JOIN entries e ON e.id = q.entry_id LEFT JOIN windows w ON w.id = q.window_id
  WHERE q.campaign_id = :campaign AND q.state = 'queued' AND {_LONG_DUE}"""

_PUT_OFF = """UPDATE deliveries d SET not_before = k.at, state = CASE WHEN k.at IS NULL THEN 'skipped' ELSE d.state END,
    answer = CASE WHEN k.at IS NOT NULL THEN d.answer
      WHEN c.useful_until < q.told_closes_at THEN :superseded ELSE :reason END
  FROM jsonb_to_recordset(CAST(:moved AS jsonb)) AS k(zone text, country text, area text, until timestamptz, at timestamptz), people p,
    campaigns c, deliveries q LEFT JOIN entries e ON e.id = q.entry_id LEFT JOIN windows w ON w.id = q.window_id
  WHERE q.campaign_id = :campaign AND q.state = 'queued' AND c.id = q.campaign_id AND {which}
    AND p.id = q.person_id AND p.zone IS NOT DISTINCT FROM k.zone AND p.country IS NOT DISTINCT FROM k.country
    AND coalesce(e.area, w.area) IS NOT DISTINCT FROM k.area
    AND d.campaign_id = q.campaign_id AND d.person_id = q.person_id AND d.subject = q.subject"""
