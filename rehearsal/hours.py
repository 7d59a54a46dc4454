"""At what hours the season writes to people: counted mail by mail, by the clock and calendar of each recipient."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from records.database import rows
from rehearsal.world import World
from rules.civil import could_wait, is_civil, reader_of
from rules.urgency import Urgency, urgency_of


class Hours(NamedTuple):
    """Mails by the recipient's local hour (0 to 23) and how urgent they were; and what should not be.

    `night`: routine mails outside of civil hours. `day_off`: routine ones on a day off that could have waited.
    `useless`: mails after their use. Last calls that the season file sends at any hour are in none of the first two.
    """

    by_hour: dict[Urgency, tuple[int, ...]]
    mails: int
    night: int
    day_off: int
    useless: int
    night_templates: tuple[tuple[str, int], ...]


async def count(connection: AsyncConnection, world: World) -> Hours:
    """Look at every mail of a season that was rehearsed."""
    file, pace = world.file, world.pace
    hours = {urgency: [0] * 24 for urgency in Urgency}
    night: Counter[str] = Counter()
    day_off = useless = 0
    found = await rows(connection, _MAILS, season=world.season)
    for row in found:
        urgency = urgency_of(row["template"])
        reader = reader_of(file, row["zone"], row["country"], row["area"])
        at: datetime = pace.nominal(row["at"])
        hours[urgency][at.astimezone(ZoneInfo(reader.zone)).hour] += 1
        until = min(filter(None, (row["useful_until"], row["told_closes_at"])), default=None)
        useless += row["useful_until"] is not None and row["at"] >= row["useful_until"]
        if urgency is not Urgency.ROUTINE or row["any_hour"]:
            continue
        if not is_civil(at, reader, file.notices):
            night[row["template"]] += 1
        elif could_wait(at, reader, file.notices, pace.nominal(until) if until else None):
            day_off += 1
    by_hour = {urgency: tuple(counts) for urgency, counts in hours.items()}
    return Hours(by_hour, len(found), night.total(), day_off, useless, tuple(night.most_common(4)))


# Single notices go out with the next sweep, which comes every few seconds, and in a rehearsal every few days: their
# mail counts as sent when it was due.
_MAILS = """SELECT c.template, c.any_hour, c.useful_until, d.told_closes_at, p.zone, p.country,
    coalesce(e.area, w.area) AS area, CASE WHEN c.id = c.season_id || '/' || c.template
      THEN greatest(d.queued_at, coalesce(d.not_before, d.queued_at)) ELSE d.sent_at END AS at
  FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id JOIN people p ON p.id = d.person_id
  LEFT JOIN entries e ON e.id = d.entry_id LEFT JOIN windows w ON w.id = d.window_id
  WHERE d.season_id = :season AND d.state = 'sent' AND d.lead_campaign IS NULL"""
