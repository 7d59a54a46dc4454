"""What a pause stops beside its windows: graces, corrections, turns at a defence. Nobody loses its time.

Called while the windows are still paused, in the transaction that lets them go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from records import campaigns, log, sessions
from records.database import rows

TEMPLATE = "time_kept"


async def carry(connection: AsyncConnection, season: str, paused: Sequence[dict[str, Any]], now: datetime) -> None:
    """Move on by their pause what these windows, which go on now, had stopped; tell whom it concerns.

    A pause of a season is one to what hangs on two of its windows: it is counted once.
    """
    for window in paused:
        if window["kind"] == "defence":
            by = now - window["paused_at"]
            await sessions.move(connection, season, window["stage"], window["area"], window["paused_at"], by)
    stopped = [window["id"] for window in paused if window["kind"] in ("registration", "screening")]
    if stopped:
        for lengthened, event in ((_GRACES, "entry.grace_moved"), (_CORRECTIONS, "entry.correction_moved")):
            values = {"season": season, "windows": stopped, "now": now}
            await _tell(connection, season, await rows(connection, lengthened, **values), event, now)


async def _tell(
    connection: AsyncConnection, season: str, found: Sequence[dict[str, Any]], event: str, now: datetime
) -> None:
    lines = [
        log.Line(
            event, window_id=r["window"], entry_id=r["entry_id"], rule="window.resumed",
            data={"id": str(r["id"]), "until": r["until"].isoformat(), "number": r["number"]},
        )
        for r in found
    ]  # fmt: skip
    await log.write(connection, season, lines, at=now)
    # Whoever was given more than one grace is told the last that counts.
    last = {r["entry_id"]: r for r in sorted(found, key=lambda r: (r["until"], r["id"]))}
    told = [
        campaigns.Recipient(
            r["applicant_id"], r["language"], f"{event}/{r['id']}/{now.isoformat()}", r["entry_id"],
            {"until": r["until"].isoformat()},
        )
        for _, r in sorted(last.items())
    ]  # fmt: skip
    if told:
        await campaigns.plan(connection, f"{season}/{TEMPLATE}", season, TEMPLATE, told)


# What hangs on a registration and its screening stands still while either is paused: since the earlier of the two,
# but not since before it was lengthened last, nor since before it was given.
_LENGTHENED = """WITH stopped AS (
    SELECT k.id, k.until, coalesce(s.id, r.id) AS "window", e.number, e.applicant_id, p.language,
      greatest(least(r.paused_at, s.paused_at), k.{given}, (SELECT max(l.at) FROM log l
        WHERE l.entry_id = k.entry_id AND l.event = '{event}' AND l.data->>'id' = CAST(k.id AS text))) AS since
    FROM {table} k JOIN entries e ON e.id = k.entry_id JOIN people p ON p.id = e.applicant_id
    LEFT JOIN windows r ON r.id = {registration}
    LEFT JOIN windows s ON s.season_id = e.season_id AND s.kind = 'screening' AND s.subject IS NULL
      AND (s.area = e.area OR s.area IS NULL)
    WHERE e.season_id = :season AND {still}
      AND (r.id = ANY(CAST(:windows AS text[])) OR s.id = ANY(CAST(:windows AS text[])))
  )
  UPDATE {table} k SET until = k.until + (CAST(:now AS timestamptz) - o.since) FROM stopped o
  WHERE k.id = o.id AND o.since < o.until AND o.since < CAST(:now AS timestamptz)
  RETURNING k.id, k.entry_id, k.until, o."window", o.number, o.applicant_id, o.language"""
_GRACES = _LENGTHENED.format(
    table="graces", given="at", event="entry.grace_moved", registration="k.window_id",
    still="e.state IN ('draft', 'lapsed', 'submitted')",
)  # fmt: skip
_CORRECTIONS = _LENGTHENED.format(
    table="corrections", given="asked_at", event="entry.correction_moved", registration="e.window_id",
    still="k.state = 'open'",
)  # fmt: skip
