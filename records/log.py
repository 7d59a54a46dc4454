"""The log: an append-only line for everything that happened, written in the transaction of its effect."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.tables import LogLine
from records.database import now_sql


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
        at = (await connection.execute(select(now_sql()))).scalar_one()
    if lines:
        await connection.execute(insert(LogLine), [{"season_id": season, "at": at, **line._asdict()} for line in lines])
    return at


async def command_line(connection: AsyncConnection, command_id: str) -> dict[str, Any] | None:
    """The line that a command left when it was carried out before, or None."""
    found = (await connection.execute(select(LogLine.__table__).where(LogLine.command_id == command_id))).mappings()
    row = found.one_or_none()
    return dict(row) if row else None
