"""The log: an append-only line for everything that happened, written in the transaction of its effect."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import LogLine
from records.database import clock_of, run


class Line(NamedTuple):
    """One line to be written. `data` holds the values that its sentence needs: ids and figures, no names."""

    event: str
    actor: str = "system"
    window_id: str | None = None
    entry_id: int | None = None
    person_id: int | None = None
    command_id: str | None = None
    reason: str | None = None
    rule: str | None = None
    data: dict[str, Any] = {}  # noqa: RUF012 - never changed


async def write(
    connection: AsyncConnection, season: str, lines: Sequence[Line], *, at: datetime | None = None
) -> datetime:
    """Append the lines, all at one instant: `at`, or the business clock. Returns that instant."""
    if at is None:
        at = await clock_of(connection)
    if lines:
        written = json.dumps([line._asdict() for line in lines])
        await run(connection, _WRITE, season=season, at=at, lines=written)
    return at


# One statement whatever their number: one to be sent, and one to be read.
_WRITE = """INSERT INTO log (season_id, at, actor, event, window_id, entry_id, person_id, command_id, reason, rule, data)
  SELECT :season, CAST(:at AS timestamptz), k.actor, k.event, k.window_id, k.entry_id, k.person_id, k.command_id,
    k.reason, k.rule, k.data
  FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS k(actor text, event text, window_id text, entry_id bigint,
    person_id bigint, command_id text, reason text, rule text, data jsonb)"""


async def command_line(connection: AsyncConnection, command_id: str) -> dict[str, Any] | None:
    """The line that a command left when it was carried out before, or None."""
    found = (await connection.execute(select(LogLine.__table__).where(LogLine.command_id == command_id))).mappings()
    row = found.one_or_none()
    return dict(row) if row else None
